"""Which shots show the race: those in which several racers move together over the ice, and the clock runs.

A replay shows racers too, but not the clock: where the clock has been on the screen, a shot without it is none of the
race. Where no clock was seen, shots at the end in which all are much slower are slow motion. What was shown twice is
counted once.
"""

import numpy as np
from numpy.typing import NDArray

from race.clock import ClockRun
from race.formats import Shot
from race.racers import CLOSE_UP, RACING_SPEED, Paths
from race.scene import Scene

TOGETHER_S = 0.8
"""Two racers or more have to be at racing speed for so long, ..."""
ALONE_S = 2.0
"""... or one while the clock runs."""
CLOCKED_SHARE, UNCLOCKED_SHARE = 0.5, 0.05
"""Where the clock was read in so many pictures of some racing shot, one in which it was read in so few is a replay."""
AT_PACE, SLOW_MOTION = 0.8, 0.75
"""Without a clock: shots at the end in which racers have so little of the pace they had before show no race."""
READ_EVERY_S, LEAST_S = 0.5, 1.0


def label_shots(
    shots: list[Shot],
    scene: Scene,
    paths: Paths,
    racing: NDArray[np.bool_],
    clock: list[ClockRun],
    read_s: NDArray[np.float64],
) -> list[Shot]:
    """``shots`` with kind and confidence. ``paths`` of everybody, ``racing`` (R,) those who race, ``read_s`` (N,) the
    times at which the score bug's clock was read."""
    fast = racing[:, None] & (paths.speed >= RACING_SPEED) & (paths.box[..., 3] <= CLOSE_UP * scene.height)
    at_once = fast.sum(axis=0)
    step_s = np.gradient(scene.time_s) if len(scene.time_s) > 1 else np.zeros(len(scene.time_s))
    runs = np.zeros(len(scene.time_s), bool)
    for run in clock:
        runs |= (scene.time_s >= run.start_s) & (scene.time_s <= run.end_s)
    labelled: list[Shot] = []
    clocked = _clocked(shots, read_s)
    for k, shot in enumerate(shots):
        inside = scene.shot == k
        together_s = float(step_s[inside & (at_once >= 2)].sum())
        alone_s = float(step_s[inside & (at_once >= 1) & runs].sum())
        evidence = max(together_s / TOGETHER_S, alone_s / ALONE_S)
        # Even odds at the limit; three times the time that is asked for is as good as sure.
        chance = float(1 / (1 + np.exp(-2.0 * (evidence - 1))))
        kind = "race" if evidence >= 1 else "other"
        confidence = chance if kind == "race" else 1 - chance
        labelled.append(shot.model_copy(update={"kind": kind, "confidence": round(confidence, 3)}))
    race = [k for k, shot in enumerate(labelled) if shot.kind == "race"]
    if any(clocked[k] >= CLOCKED_SHARE for k in race):
        for k in race:
            if clocked[k] <= UNCLOCKED_SHARE and shots[k].end_s - shots[k].start_s >= LEAST_S:
                labelled[k] = labelled[k].model_copy(update={"kind": "replay"})
    elif len(race) > 1:
        for k in slow_at_the_end(race, [_pace(paths, racing, scene, k) for k in range(len(shots))]):
            labelled[k] = labelled[k].model_copy(update={"kind": "replay"})
    return labelled


def _pace(paths: Paths, racing: NDArray[np.bool_], scene: Scene, shot: int) -> float:
    """What a quarter of the racers' speeds in a shot are above; NaN where nobody's is known."""
    inside = scene.shot == shot
    speed = paths.speed[racing][:, inside][paths.seen[racing][:, inside]]
    known = speed[np.isfinite(speed)]
    return float(np.percentile(known, 75)) if len(known) else float("nan")


def slow_at_the_end(race: list[int], pace: list[float]) -> list[int]:
    """Of the shots ``race`` those after the last one at the race's pace, if they are much slower: slow motion, or the
    racers after the finish."""
    known = [pace[k] for k in race if np.isfinite(pace[k])]
    if not known:
        return []
    fastest = max(known)
    last = max(k for k in race if pace[k] >= AT_PACE * fastest)
    return [k for k in race if k > last and pace[k] < SLOW_MOTION * fastest]


def _clocked(shots: list[Shot], read_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K,) share of each shot's half seconds in which the clock was read."""
    shares = []
    for shot in shots:
        slots = max(1, int((shot.end_s - shot.start_s) / READ_EVERY_S))
        inside = read_s[(read_s >= shot.start_s) & (read_s < shot.start_s + slots * READ_EVERY_S)]
        shares.append(len(np.unique(np.floor((inside - shot.start_s) / READ_EVERY_S))) / slots)
    return np.array(shares)
