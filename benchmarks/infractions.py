"""Races that teach what infractions look like, followed the whole way from observations with a detector's errors.

Two of three ``mixed`` races are ``busy`` (orders in each, so that there is something to find), the others ``random``
(falls and infractions at the rates of real races). In ``crowded`` ones somebody is ordered to do
something all the time.
"""

import pickle
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.falls import FallLesson, fall_lesson, style_of, true_detections
from race.evaluate import Visibility, pair_competitors
from race.evaluate_tracks import Boxes, match_boxes, read_boxes
from race.events import EVENTS, RaceEvent, find_event
from race.formats import Incident, Race, read_race
from race.ice import IcePaths
from race.incidents.alone import OFF_TRACK_FEATURES, SLOW_FEATURES, find_off_track, find_slow
from race.incidents.bodies import Body
from race.incidents.encounters import Encounters, find_encounters
from race.incidents.find import known_places
from race.incidents.kinematics import Kinematics, find_kinematics
from race.observations import read_observations
from race.reconstruct import Given, reconstruct
from simulation.draws import Draws
from simulation.scenario import Do, OrderSpec, Scenario, read_scenario
from simulation.write import simulate_observations

T = TypeVar("T")
Floats = NDArray[np.float64]
Kinds = NDArray[np.int64]

ENCOUNTER_CLASSES = ("none", "contact", "lane_in", "lane_out", "late_pass", "push")
CONTACT_S, NEAR_CONTACT_S = 0.7, 1.6
OUTLASTS_S = 0.5
"""What somebody does alone counts as found up to so long outside the truth's window."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A simulated race, and what was made of its observations.

    ``race``, ``ice``, ``bodies`` and ``followed`` (detection -> competitor) are the run's, with its mistakes of who is
    who; ``true_of`` says whose detections truly are; ``matches`` (M, 3) frame, run id, truth id of boxes that are
    alike; ``pairs`` truth id -> run id; ``seen`` what could be seen.
    """

    kind: str
    style: str
    race: Race
    ice: IcePaths
    bodies: list[Body]
    followed: dict[int, int]
    true_of: dict[int, int]
    truth: Race
    matches: NDArray[np.int64]
    pairs: dict[int, int]
    seen: Visibility


Race_of = Callable[[int], tuple[str, Scenario]]
"""Seed -> kind of race, scenario."""


def samples(races: Race_of, first: int, count: int, keep: Path | None) -> Iterator[Sample]:
    for seed in range(first, first + count):
        one = kept(keep, f"{races.__name__}-{seed}", partial(sample, races, seed))
        if one is not None:
            yield one


def kept(folder: Path | None, name: str, make: Callable[[], T]) -> T:
    """What ``make`` returns, or did when it was last asked for by that name: a fit that was stopped goes on."""
    if folder is None:
        return make()
    file = folder / f"{name}.pickle"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = file.with_suffix(".part")
        made.write_bytes(pickle.dumps(make()))
        made.rename(file)
    return pickle.loads(file.read_bytes())  # type: ignore[no-any-return]


def sample(races: Race_of, seed: int) -> Sample | None:
    """None where the race was not followed on the ice."""
    (kind, scenario), style = races(seed), style_of(seed)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        simulate_observations(scenario, seed, style, 25.0, (1280, 720), folder)
        truth, observations = read_race(folder / "truth.json"), read_observations(folder)
        boxes = read_boxes(folder / "truth_mot.txt")
    result = reconstruct(observations, Given())
    if result.ice is None or boxes is None:
        return None
    racers, tracks = boxes.where(boxes.competes), result.tracks
    sure = np.ones(len(tracks))
    mine = Boxes(tracks.frame.astype(np.int64), tracks.id.astype(np.int64), tracks.box, sure, sure)
    matches = match_boxes(mine, racers)
    pairs = pair_competitors(result.race, truth, matches)
    followed = dict(zip(tracks.detection[tracks.seen].tolist(), tracks.id[tracks.seen].tolist(), strict=True))
    known = result.race, result.ice, result.bodies, followed, true_detections(observations, racers)
    return Sample(kind, style, *known, truth, matches, pairs, Visibility(truth, racers))


def mixed(seed: int) -> tuple[str, Scenario]:
    return ("random", read_scenario("random", seed)) if seed % 3 == 2 else ("busy", busy(seed))


def busy(seed: int) -> Scenario:
    """A race with falls and infractions ordered, of which about every other one comes about."""
    draws = Draws(seed, "busy")
    individual = [event for event in EVENTS if not event.is_relay]
    event = draws.pick([*EVENTS, *individual])
    least = event.field[0]
    what: list[Do] = ["cut_in", "drift_out", "late_pass", "shove"] * 2 + ["off_track", "slip", "slow"]
    orders = []
    for _ in range(4 if event.name == "500m" else 6):
        do, racer = draws.pick(what), draws.integer(1, least)
        takes = [1 + racer % least] if do == "slip" and draws.chance(0.5) else []
        falls: list[Any] = ["other"] if do in ("cut_in", "drift_out", "late_pass") and draws.chance(0.25) else []
        lap = draws.uniform(0.4, event.laps - 0.6)
        orders.append(OrderSpec(do=do, racer=racer, lap=lap, takes=takes, falls=falls))
    early = draws.integer(1, least) if not event.is_relay and draws.chance(0.12) else None
    return Scenario(event=event.name, gender=event.gender, order=orders, false_start=early)  # type: ignore[arg-type]


def crowded(seed: int) -> tuple[str, Scenario]:
    """A race of few laps in which every half lap to lap somebody breaks a rule."""
    draws = Draws(seed, "infractions")
    event = draws.pick([event for event in EVENTS if event.name in ("500m", "1000m", "1500m")])
    what: list[Do] = ["shove", "shove", "cut_in", "drift_out", "late_pass", "off_track", "slow"]
    orders, lap = [], draws.uniform(0.5, 1.0)
    while lap < event.laps - 0.6:
        orders.append(OrderSpec(do=draws.pick(what), racer=draws.integer(1, event.field[0]), lap=lap))
        lap += draws.uniform(0.4, 1.0)
    early = draws.integer(1, event.field[0]) if draws.chance(0.15) else None
    return "crowded", Scenario(event=event.name, gender=event.gender, order=orders, false_start=early)  # type: ignore[arg-type]


def kinematics(one: Sample) -> Kinematics:
    return find_kinematics(known_places(one.ice), one.ice.rink)


def event(one: Sample) -> RaceEvent | None:
    """As the run has it, guessed from what was seen."""
    name = one.race.event.name
    return None if name is None else find_event(name, one.race.event.gender)


def finish_m(one: Sample) -> float | None:
    found = event(one)
    return found.distance_m if found is not None and one.ice.from_start else None


def is_relay(one: Sample) -> bool:
    found = event(one)
    return found is not None and found.is_relay


def followed_as(one: Sample, who: int, time_s: float) -> int | None:
    """The row that follows the truth's competitor ``who`` at that time, None where none does."""
    rows = one.matches[one.matches[:, 2] == who]
    near = rows[np.abs((rows[:, 0] - 1) / one.truth.video.fps - time_s) <= 0.6, 1]
    if len(near) < 3:
        return None
    ids, counts = np.unique(near, return_counts=True)
    held = np.flatnonzero(one.ice.ids == ids[counts.argmax()])
    return int(held[0]) if len(held) else None


# What is true of a moment, of an encounter -----------------------------------


def encounter_labels(one: Sample, found: Encounters) -> Kinds:
    """(N,) index into ENCOUNTER_CLASSES, -1 for those that may or may not be part of a true one."""
    out = np.zeros(len(found.time_s), np.int64)
    for row in one.truth.incidents:
        name = encounter_class(row)
        if name is None or len(row.competitors) < 2:
            continue
        at = (row.start_s + 0.8) if name != "contact" else (row.start_s + row.end_s) / 2
        pair = {followed_as(one, who, at) for who in row.competitors[:2]}
        same = np.array([{int(a), int(b)} == pair for a, b in zip(found.a, found.b, strict=True)], bool)
        off = np.abs(found.time_s - at)
        out[same & (off <= NEAR_CONTACT_S) & (out == 0)] = -1
        near = np.flatnonzero(same & (off <= CONTACT_S))
        if len(near):
            out[near[np.argmin(off[near])]] = ENCOUNTER_CLASSES.index(name)
    return out


def encounter_class(row: Incident) -> str | None:
    if row.kind == "lane_change":
        return "lane_in" if row.codes[0].code[1] == "1" else "lane_out"
    return row.kind if row.kind in ENCOUNTER_CLASSES else None


def alone_label(one: Sample, kind: str, row: int, start_s: float, end_s: float) -> int:
    """1 where the truth has such an incident of the competitor whom ``row`` follows, at about that time, else 0."""
    for true in one.truth.incidents:
        if true.kind != kind or min(end_s, true.end_s) - max(start_s, true.start_s) < -OUTLASTS_S:
            continue
        moments = (true.start_s + true.end_s) / 2, true.start_s + 1.0
        if any(followed_as(one, true.competitors[0], moment) == row for moment in moments):
            return 1
    return 0


@dataclass(frozen=True, slots=True)
class Examples:
    """Features (N, K) and classes (N,)."""

    x: Floats
    y: Kinds


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a race teaches, by network; falls apart."""

    falls: FallLesson
    encounter: Examples
    off_track: Examples
    slow: Examples


def lesson(one: Sample, rng: np.random.Generator) -> Lesson:
    k, finish, relay = kinematics(one), finish_m(one), is_relay(one)
    found = find_encounters(k, finish, relay)
    kind = encounter_labels(one, found)
    racing = np.isfinite(k.d) if finish is None else k.s <= finish
    off = find_off_track(k, racing, relay)
    slow = find_slow(k, racing, finish, relay)
    return Lesson(
        fall_lesson(one.bodies, one.true_of, one.truth, one.ice.rink, relay, rng),
        Examples(found.features[kind >= 0], kind[kind >= 0]),
        _alone(one, "off_track", [(row.row, row.start_s, row.end_s, row.features) for row in off]),
        _alone(one, "slow", [(row.row, row.start_s, row.end_s, row.features) for row in slow]),
    )


def _alone(one: Sample, kind: str, found: list[tuple[int, float, float, Floats]]) -> Examples:
    width = len(OFF_TRACK_FEATURES if kind == "off_track" else SLOW_FEATURES)
    x = np.array([features for *_, features in found]).reshape(len(found), width)
    return Examples(x, np.array([alone_label(one, kind, *where) for *where, _ in found], np.int64))
