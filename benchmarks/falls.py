"""What the network that finds falls learns from: moments of everybody seen, in races full of falls and in others.

Races full of falls need no reconstruction: people are tracked, and a truth's boxes say who they are.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning import mean_of, train
from race.competitors import track_everybody
from race.evaluate_tracks import Boxes, match_boxes, read_boxes
from race.events import EVENTS
from race.formats import Race, read_race
from race.incidents.bodies import Body, find_bodies
from race.incidents.falls import FEATURES, Moments, fall_moments, worth_asking
from race.incidents.model import Model
from race.observations import Observations, read_observations
from race.rink import Rink
from race.scene import make_scene
from simulation.camera import Style
from simulation.draws import Draws
from simulation.scenario import Do, OrderSpec, Scenario
from simulation.write import simulate_observations

Floats = NDArray[np.float64]

CLASSES = ("none", "fall")
HIDDEN, EPOCHS, DECAY, WEIGHTS, NETWORKS = 16, 60, 0.3, (1.0, 3.0), 4
ONSET_S, NEAR_ONSET_S = 0.3, 0.6
"""Moments this near a fall's beginning are the fall; up to the second they are neither."""
KEPT_SHARE = 0.5
"""Of the moments in which nobody falls; what that does to the chances is calibrated away."""
AROUND_S = 0.8, 1.5
"""A body is the faller's if most of its pictures are, from so long before the fall to so long after."""
ORDERS = 5


@dataclass(frozen=True, slots=True)
class FallLesson:
    """Features (N, K) and classes (N,) of moments worth asking about."""

    x: Floats
    y: NDArray[np.int64]


def true_detections(observations: Observations, racers: Boxes) -> dict[int, int]:
    """Detection -> the truth's competitor whose box it is most like; others are missing."""
    found = observations.detections
    sure = np.ones(len(found))
    mine = Boxes(found.frame.astype(np.int64), np.arange(len(found)), found.box, sure, sure)
    return {int(row): int(who) for _, row, who in match_boxes(mine, racers)}


def fall_lesson(
    bodies: list[Body], true_of: dict[int, int], truth: Race, rink: Rink, relay: bool, rng: np.random.Generator
) -> FallLesson:
    found = fall_moments(bodies, rink, relay)
    label = _labels(bodies, found, true_of, truth)
    use = worth_asking(found.features) & (label >= 0)
    use &= (label > 0) | (rng.random(len(label)) < KEPT_SHARE)
    return FallLesson(found.features[use], label[use])


def _labels(bodies: list[Body], found: Moments, true_of: dict[int, int], truth: Race) -> NDArray[np.int64]:
    """(N,) 1 where a fall begins, 0 where none does, -1 in between."""
    out = np.zeros(len(found.time_s), np.int64)
    for row in truth.incidents:
        if row.kind != "fall":
            continue
        for n, body in enumerate(bodies):
            at = body.time_s - row.start_s
            part = body.rows[(at > -AROUND_S[0]) & (at < AROUND_S[1])]
            same = [true_of.get(int(detection)) == row.competitors[0] for detection in part]
            if len(part) < 4 or np.mean(same) <= 0.5:
                continue
            off = np.where(found.body == n, np.abs(found.time_s - row.start_s), np.inf)
            out[off <= NEAR_ONSET_S] = -1
            out[off <= ONSET_S] = 1
    return out


def fall_model(lessons: list[FallLesson]) -> Model:
    x, y = np.concatenate([one.x for one in lessons]), np.concatenate([one.y for one in lessons])
    return mean_of([train(x, y, FEATURES, CLASSES, HIDDEN, EPOCHS, DECAY, WEIGHTS, seed) for seed in range(NETWORKS)])


@dataclass(frozen=True, slots=True)
class Falling:
    """A simulated race full of falls: everybody's ways, whose they truly are, and the truth."""

    bodies: list[Body]
    true_of: dict[int, int]
    truth: Race
    rink: Rink


def style_of(seed: int) -> Style:
    return "broadcast" if seed // 3 % 2 else "fixed"


def falling_sample(seed: int) -> Falling | None:
    """None where no race obeys the order."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        simulate_observations(falling(seed), seed, style_of(seed), 25.0, (1280, 720), folder)
        observations, truth = read_observations(folder), read_race(folder / "truth.json")
        boxes = read_boxes(folder / "truth_mot.txt")
    if boxes is None:
        return None
    scene, rink = make_scene(observations), Rink(track_shift_m=observations.track_shift_m or 0.0)
    everybody, _ = track_everybody(observations, scene)
    bodies = find_bodies(everybody, observations, scene, rink)
    return Falling(bodies, true_detections(observations, boxes.where(boxes.competes)), truth, rink)


def falling_lesson(one: Falling, rng: np.random.Generator) -> FallLesson:
    relay = str(one.truth.event.name).startswith("relay")
    return fall_lesson(one.bodies, one.true_of, one.truth, one.rink, relay, rng)


def falling(seed: int) -> Scenario:
    """A race in which many fall, alone, in pairs and after being cut off."""
    draws = Draws(seed, "falls")
    short = [event for event in EVENTS if event.name in ("500m", "1000m", "1500m", "relay-2000m")]
    event = draws.pick(short)
    least = event.field[0]
    what: list[Do] = ["slip", "slip", "slip", "cut_in", "drift_out", "late_pass", "shove"]
    orders = []
    for _ in range(ORDERS):
        do, racer = draws.pick(what), draws.integer(1, least)
        takes = [1 + racer % least] if do == "slip" and draws.chance(0.4) else []
        falls: list[Any] = ["other"] if do in ("cut_in", "drift_out", "late_pass") and draws.chance(0.5) else []
        lap = draws.uniform(0.4, event.laps - 0.4)
        orders.append(OrderSpec(do=do, racer=racer, lap=lap, takes=takes, falls=falls))
    return Scenario(event=event.name, gender=event.gender, order=orders)  # type: ignore[arg-type]
