"""Which shots show the race: those in which several racers move together over the ice, and the clock runs."""

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


def label_shots(
    shots: list[Shot], scene: Scene, paths: Paths, racing: NDArray[np.bool_], clock: list[ClockRun]
) -> list[Shot]:
    """``shots`` with kind and confidence. ``paths`` of everybody, ``racing`` (R,) those who race."""
    fast = racing[:, None] & (paths.speed >= RACING_SPEED) & (paths.box[..., 3] <= CLOSE_UP * scene.height)
    at_once = fast.sum(axis=0)
    step_s = np.gradient(scene.time_s) if len(scene.time_s) > 1 else np.zeros(len(scene.time_s))
    runs = np.zeros(len(scene.time_s), bool)
    for run in clock:
        runs |= (scene.time_s >= run.start_s) & (scene.time_s <= run.end_s)
    labelled = []
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
    return labelled
