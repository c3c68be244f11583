"""Incidents found in simulated races: train the models, or check them on seeds they have not seen.

    python -m benchmarks.incidents fit [--races 120] [--seed 20000]      writes race/incidents/weights.json
    python -m benchmarks.incidents check [--races 40] [--seed 60000]    prints the tables of docs/incidents.md

Two of three races are ``busy`` (orders in each, so that there is something to find), the others ``random`` (falls and
infractions at the rates of real races); ``check`` tells them apart. Every race goes the whole way: observed with the
errors of ``simulation/noise.json``, by a broadcast's cameras in every other race and a fixed one in the rest, followed
and identified by ``race/reconstruct.py``, scored by ``race/evaluate_incidents.py``. A race takes 1 to 25 s of CPU.
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.falls import FallLesson, fall_lesson, fall_model, falling_lessons, true_detections
from benchmarks.learning import platt, train
from race.evaluate import Visibility, pair_competitors
from race.evaluate_incidents import MATCH_S, fall_scores, incident_scores
from race.evaluate_tracks import Boxes, match_boxes, read_boxes
from race.events import EVENTS, RaceEvent, find_event
from race.formats import Incident, Race, read_race
from race.ice import IcePaths
from race.incidents.bodies import Body
from race.incidents.encounters import FEATURES as ENCOUNTER_FEATURES
from race.incidents.encounters import Encounters, find_encounters
from race.incidents.find import find_incidents, known_places
from race.incidents.kinematics import Kinematics, find_kinematics
from race.incidents.model import WEIGHTS_FILE, Model, forget_weights, model_values, read_models
from race.observations import read_observations
from race.reconstruct import Given, reconstruct
from simulation.camera import Style
from simulation.draws import Draws
from simulation.scenario import Do, OrderSpec, Scenario, read_scenario
from simulation.write import simulate_observations

Floats = NDArray[np.float64]

ENCOUNTER_CLASSES = ("none", "contact", "lane_in", "lane_out", "late_pass", "push")
HIDDEN = 8
CONTACT_S, NEAR_CONTACT_S = 0.7, 1.6
FALLING_FROM, FALLING_SHARE = 1000, 2
"""Races full of falls, for the falls' network alone: so many seeds later, and as many for each of the others."""


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


def samples(first: int, count: int, keep: Path | None) -> Iterator[Sample]:
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as temporary:
            one = sample(seed, keep / str(seed) if keep is not None else Path(temporary))
        if one is not None:
            yield one


def kind_and_style(seed: int) -> tuple[str, Style]:
    return "random" if seed % 3 == 2 else "busy", "broadcast" if seed // 3 % 2 else "fixed"


def simulate(seed: int, folder: Path) -> None:
    """The race's truth and its observations, unless ``folder`` holds them."""
    if not (folder / "observations").exists():
        kind, style = kind_and_style(seed)
        scenario = read_scenario("random", seed) if kind == "random" else busy(seed)
        simulate_observations(scenario, seed, style, 25.0, (1280, 720), folder)


def sample(seed: int, folder: Path) -> Sample | None:
    """None where the race was not followed on the ice."""
    simulate(seed, folder)
    kind, style = kind_and_style(seed)
    truth = read_race(folder / "truth.json")
    observations = read_observations(folder)
    result = reconstruct(observations, Given())
    boxes = read_boxes(folder / "truth_mot.txt")
    if result.ice is None or boxes is None:
        return None
    racers, tracks = boxes.where(boxes.competes), result.tracks
    sure = np.ones(len(tracks))
    mine = Boxes(tracks.frame.astype(np.int64), tracks.id.astype(np.int64), tracks.box, sure, sure)
    matches = match_boxes(mine, racers)
    followed = dict(zip(tracks.detection[tracks.seen].tolist(), tracks.id[tracks.seen].tolist(), strict=True))
    pairs = pair_competitors(result.race, truth, matches)
    known = result.race, result.ice, result.bodies, followed, true_detections(observations, racers)
    return Sample(kind, style, *known, truth, matches, pairs, Visibility(truth, racers))


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


def encounter_labels(one: Sample, found: Encounters) -> NDArray[np.int64]:
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


# Training --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a race teaches: features and classes of moments and of encounters."""

    falls: FallLesson
    meet_x: Floats
    meet_y: NDArray[np.int64]


def lesson(one: Sample, rng: np.random.Generator) -> Lesson:
    found = find_encounters(kinematics(one), finish_m(one), is_relay(one))
    kind = encounter_labels(one, found)
    falls = fall_lesson(one.bodies, one.true_of, one.truth, one.ice.rink, is_relay(one), rng)
    return Lesson(falls, found.features[kind >= 0], kind[kind >= 0])


def models_of(lessons: list[Lesson], falls: list[FallLesson]) -> dict[str, Model]:
    meet = np.concatenate([one.meet_x for one in lessons]), np.concatenate([one.meet_y for one in lessons])
    return {
        "fall": fall_model([*(one.falls for one in lessons), *falls]),
        "encounter": train(*meet, ENCOUNTER_FEATURES, ENCOUNTER_CLASSES, HIDDEN, 40),
    }


def fit(first: int, races: int, keep: Path | None) -> None:
    """Each quarter of the races calibrates networks trained on the other three; those shipped are trained on all."""
    rng = np.random.default_rng(0)
    falls = falling_lessons(first + FALLING_FROM, FALLING_SHARE * races, keep, rng)
    calibration = dict.fromkeys(CALIBRATED, (1.0, 0.0))
    # Races are reconstructed with incidents, and features may have changed since the file was written.
    write_weights({**read_models(), "fall": fall_model(falls)}, calibration)
    kept = list(samples(first, races, keep))
    lessons = [lesson(one, rng) for one in kept]
    raw: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for fold in range(FOLDS):
        others = [one for n, one in enumerate(lessons) if n % FOLDS != fold]
        write_weights(models_of(others, [one for n, one in enumerate(falls) if n % FOLDS != fold]), calibration)
        for one in kept[fold::FOLDS]:
            for name, chance, real in told(one, run_of(one, told_from=0.01)):
                raw[name].append((chance, real))
    for name, rows in raw.items():
        calibration[name] = platt(np.array([row[0] for row in rows]), np.array([row[1] for row in rows]))
        print(f"{name}: {len(rows)} asked, {sum(row[1] for row in rows)} real, {calibration[name]}")
    write_weights(models_of(lessons, falls), calibration)


FOLDS = 4
CALIBRATED = ("fall", "encounter", "off_track", "slow", "false_start")


def write_weights(models: dict[str, Model], calibration: dict[str, tuple[float, float]]) -> None:
    held = {
        "about": "Written by `python -m benchmarks.incidents fit`; see docs/incidents.md.",
        "models": {name: model_values(model) for name, model in models.items()},
        "calibration": {name: [round(value, 4) for value in pair] for name, pair in calibration.items()},
    }
    WEIGHTS_FILE.write_text(json.dumps(held) + "\n", encoding="utf-8")
    forget_weights()


# Scoring ---------------------------------------------------------------------


def run_of(one: Sample, told_from: float | None = None) -> Race:
    finish_s = {row.competitor: row.time_s for row in one.race.finish if row.time_s is not None}
    known = one.ice, one.bodies, one.followed, one.ice.rink, event(one), one.ice.from_start
    incidents = find_incidents(*known, {}, finish_s, told_from)
    return one.race.model_copy(update={"incidents": incidents})


def told(one: Sample, run: Race) -> Iterator[tuple[str, float, bool]]:
    """Every incident of ``run``: what calibrates it, its confidence, and whether it is real."""
    for row, judged in zip(
        [row for row in run.incidents if row.kind != "fall"],
        incident_scores(run, one.truth, one.pairs, one.seen.of)["calibration"],
        strict=True,
    ):
        name = row.kind if row.kind in CALIBRATED else "encounter"
        yield name, judged["confidence"], judged["real"]
    for row in run.incidents:
        if row.kind == "fall":
            alone = run.model_copy(update={"incidents": [row]})
            yield "fall", row.confidence, fall_scores(alone, one.truth, one.pairs, one.seen.of)["false"] == 0


def check(first: int, races: int, keep: Path | None) -> None:
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    kinds: Counter[str] = Counter()
    sure: list[tuple[float, bool]] = []
    fall_sure: list[tuple[float, bool]] = []
    timely = 0
    for one in samples(first, races, keep):
        run = run_of(one)
        falls = fall_scores(run, one.truth, one.pairs, one.seen.of)
        rest = incident_scores(run, one.truth, one.pairs, one.seen.of)
        for name in (one.kind, one.style, str(one.truth.event.name), "all"):
            totals[name]["races"] += 1
            totals[name].update({f"fall {key}": value for key, value in falls.items()})
            totals[name].update({key: value for key, value in rest.items() if key != "calibration"})
        for name, confidence, real in told(one, run):
            (fall_sure if name == "fall" else sure).append((confidence, real))
        kinds.update(by_kind(one, run))
        told_s = [row.start_s for row in run.incidents if row.kind == "fall"]
        for row in one.truth.incidents:
            if row.kind == "fall" and one.seen.of(row.competitors, row.start_s):
                timely += any(abs(row.start_s - at) <= MATCH_S for at in told_s)
    print("races | falls: true found false | others: true found false | with code, right family, right competitors")
    for name, row in totals.items():
        print(
            f"{name:12} {row['races']:4} | {row['fall truth']:4} {row['fall found']:4} {row['fall false']:4} | "
            f"{row['truth']:4} {row['found']:4} {row['false']:4} | "
            f"{row['coded']:4} {row['right_family']:4} {row['right_competitors']:4}"
        )
    print(f"falls with one told at that time, of whomever: {timely}")
    print("kind: true, raised as that kind with those competitors")
    for kind in sorted({key.split(":")[0] for key in kinds}):
        print(f"{kind:22} {kinds[kind + ':true']:4} {kinds[kind + ':same']:4}")
    for name, rows in (("falls", fall_sure), ("others", sure)):
        print(f"calibration, {name}: confidence from, to, told, share real")
        for low, high in ((0.35, 0.5), (0.5, 0.65), (0.65, 0.8), (0.8, 0.9), (0.9, 1.01)):
            part = [real for confidence, real in rows if low <= confidence < high]
            if part:
                print(f"  {low:.2f} {min(high, 1):.2f} {len(part):4} {sum(part) / len(part):.2f}")


def by_kind(one: Sample, run: Race) -> Iterator[str]:
    for row in one.truth.incidents:
        middle = row.start_s if row.kind == "fall" else (row.start_s + row.end_s) / 2
        if not one.seen.of(row.competitors, middle):
            continue
        name = row.kind + "".join(f" {code.code[1:]}" for code in row.codes)
        yield f"{name}:true"
        if any(
            other.kind == row.kind
            and set(other.competitors) == {one.pairs.get(who) for who in row.competitors}
            and other.start_s <= row.end_s
            and row.start_s <= other.end_s
            for other in run.incidents
        ):
            yield f"{name}:same"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("fit", "check"))
    parser.add_argument("--races", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep", type=Path, help="keep the simulated races here, and use those that are")
    given = parser.parse_args()
    if given.what == "fit":
        fit(given.seed if given.seed is not None else 20000, given.races or 120, given.keep)
    else:
        check(given.seed if given.seed is not None else 60000, given.races or 40, given.keep)


if __name__ == "__main__":
    main()
