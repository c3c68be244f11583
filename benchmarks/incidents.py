"""Incidents found in simulated races: train the models, or check them on seeds they have not seen.

    python -m benchmarks.incidents fit [--races 120] [--seed 20000]      writes race/incidents/weights.json
    python -m benchmarks.incidents check [--races 40] [--seed 60000]    prints the tables of docs/incidents.md

The races are those of ``benchmarks/infractions.py``; ``check`` tells their kinds apart. Every race goes the whole way:
observed with the errors of ``simulation/noise.json``, by a broadcast's cameras in every other race and a fixed one in
the rest, followed and identified by ``race/reconstruct.py``, scored by ``race/evaluate_incidents.py``. A race takes 1
to 25 s of CPU.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.falls import FallLesson, fall_model, falling_lesson, falling_sample
from benchmarks.infractions import (
    ENCOUNTER_CLASSES,
    Examples,
    Lesson,
    Sample,
    crowded,
    event,
    kept,
    lesson,
    mixed,
    samples,
)
from benchmarks.learning import mean_of, platt, train, untrained
from race.evaluate_incidents import MATCH_S, fall_scores, incident_scores
from race.formats import Race
from race.incidents import with_incidents
from race.incidents.alone import OFF_TRACK_FEATURES, SLOW_FEATURES
from race.incidents.encounters import FEATURES as ENCOUNTER_FEATURES
from race.incidents.falls import FEATURES as FALL_FEATURES
from race.incidents.model import WEIGHTS_FILE, Model, forget_weights, model_values

ENCOUNTER, OFF_TRACK, SLOW = (16, 60, 0.3), (4, 100, 0.5), (2, 100, 0.5)
"""Hidden units, epochs, weight decay."""
NETWORKS = 4
FALLING_FROM, FALLING_SHARE = 1000, 2
"""Races full of falls, for the falls' network alone: so many seeds later, and as many for each mixed one."""
CROWDED_FROM, CROWDED_SHARE = 12000, 3


# Training --------------------------------------------------------------------


def models_of(lessons: list[Lesson], falls: list[FallLesson]) -> dict[str, Model]:
    met, off, slow = ([getattr(one, name) for one in lessons] for name in ("encounter", "off_track", "slow"))
    return {
        "fall": fall_model([*(one.falls for one in lessons), *falls]),
        "encounter": model_of(met, ENCOUNTER_FEATURES, ENCOUNTER_CLASSES, *ENCOUNTER),
        "off_track": model_of(off, OFF_TRACK_FEATURES, ("none", "off_track"), *OFF_TRACK),
        "slow": model_of(slow, SLOW_FEATURES, ("none", "slow"), *SLOW),
    }


def model_of(
    examples: list[Examples],
    features: tuple[str, ...],
    classes: tuple[str, ...],
    hidden: int,
    epochs: int,
    decay: float,
) -> Model:
    x, y = np.concatenate([one.x for one in examples]), np.concatenate([one.y for one in examples])
    return mean_of([train(x, y, features, classes, hidden, epochs, decay, seed=seed) for seed in range(NETWORKS)])


def fit(first: int, races: int, keep: Path | None) -> None:
    """Each quarter of the races calibrates networks trained on the other three; those shipped are trained on all."""
    # Races are reconstructed with incidents, and features may have changed since the file was written.
    calibration = dict.fromkeys(CALIBRATED, (1.0, 0.0))
    write_weights(untaught(), calibration)
    rng = np.random.default_rng(0)
    fallen = [
        kept(keep, f"falling-{seed}", partial(falling_sample, seed))
        for seed in range(first + FALLING_FROM, first + FALLING_FROM + FALLING_SHARE * races)
    ]
    falls = [falling_lesson(one, rng) for one in fallen if one is not None]
    held = list(samples(mixed, first, races, keep))
    held += samples(crowded, first + CROWDED_FROM, CROWDED_SHARE * races, keep)
    lessons = [lesson(one, rng) for one in held]
    raw: dict[str, list[tuple[float, bool, float]]] = defaultdict(list)
    quarters = []
    for fold in range(FOLDS):
        others = [one for n, one in enumerate(lessons) if n % FOLDS != fold]
        quarters.append(models_of(others, [one for n, one in enumerate(falls) if n % FOLDS != fold]))
        write_weights(quarters[-1], calibration)
        for one in held[fold::FOLDS]:
            weight = CROWDED_WEIGHT if one.kind == "crowded" else 1.0
            for name, chance, real in told(one, run_of(one, told_from=0.01)):
                raw[name].append((chance, real, weight))
    for name in CALIBRATED:
        rows = np.array(raw[name]).reshape(-1, 3)
        calibration[name] = platt(rows[:, 0], rows[:, 1], rows[:, 2])
        print(f"{name}: {len(rows)} asked, {rows[:, 1].sum():.0f} real, {calibration[name]}")
    print("each quarter of the races with networks trained on the others:")
    tally = Tally()
    for fold, models in enumerate(quarters):
        write_weights(models, calibration)
        for one in held[fold::FOLDS]:
            tally.add(one, run_of(one))
    tally.print()
    write_weights(models_of(lessons, falls), calibration)


def untaught() -> dict[str, Model]:
    return {
        "fall": untrained(FALL_FEATURES, ("none", "fall")),
        "encounter": untrained(ENCOUNTER_FEATURES, ENCOUNTER_CLASSES),
        "off_track": untrained(OFF_TRACK_FEATURES, ("none", "off_track")),
        "slow": untrained(SLOW_FEATURES, ("none", "slow")),
    }


FOLDS = 4
CROWDED_WEIGHT = 0.3
"""Of crowded races in the calibration: more of what is asked about is real in them than in others."""
ALONE_KINDS = ("off_track", "slow", "false_start", "relay_exchange_fault")
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
    bare = one.race.model_copy(update={"incidents": []})
    return with_incidents(bare, one.followed, one.ice, one.bodies, event(one), told_from)


def told(one: Sample, run: Race) -> Iterator[tuple[str, float, bool]]:
    """Every incident of ``run``: what calibrates it, its confidence, and whether it is real."""
    for row, judged in zip(
        [row for row in run.incidents if row.kind != "fall"],
        incident_scores(run, one.truth, one.pairs, one.seen.of)["calibration"],
        strict=True,
    ):
        name = row.kind if row.kind in ALONE_KINDS else "encounter"
        yield name, judged["confidence"], judged["real"]
    for row in run.incidents:
        if row.kind == "fall":
            alone = run.model_copy(update={"incidents": [row]})
            yield "fall", row.confidence, fall_scores(alone, one.truth, one.pairs, one.seen.of)["false"] == 0


class Tally:
    """What was found of what there was, in races added one by one."""

    def __init__(self) -> None:
        self.totals: dict[str, Counter[str]] = defaultdict(Counter)
        self.kinds: Counter[str] = Counter()
        self.told: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        self.timely = 0

    def add(self, one: Sample, run: Race) -> None:
        falls = fall_scores(run, one.truth, one.pairs, one.seen.of)
        rest = incident_scores(run, one.truth, one.pairs, one.seen.of)
        for name in (one.kind, one.style, str(one.truth.event.name), "all"):
            self.totals[name]["races"] += 1
            self.totals[name].update({f"fall {key}": value for key, value in falls.items()})
            self.totals[name].update({key: value for key, value in rest.items() if key != "calibration"})
        for name, confidence, real in told(one, run):
            self.told["falls" if name == "fall" else f"others, {one.style}"].append((confidence, real))
        for row in run.incidents:
            if row.kind != "fall":
                self.kinds[f"{row.kind}:told"] += 1
        self.kinds.update(by_kind(one, run))
        told_s = [row.start_s for row in run.incidents if row.kind == "fall"]
        for row in one.truth.incidents:
            if row.kind == "fall" and one.seen.of(row.competitors, row.start_s):
                self.timely += any(abs(row.start_s - at) <= MATCH_S for at in told_s)

    def print(self) -> None:
        print("races | falls: true found false | others: true found false | with code, right family, right competitors")
        for name, row in self.totals.items():
            print(
                f"{name:12} {row['races']:4} | {row['fall truth']:4} {row['fall found']:4} {row['fall false']:4} | "
                f"{row['truth']:4} {row['found']:4} {row['false']:4} | "
                f"{row['coded']:4} {row['right_family']:4} {row['right_competitors']:4}"
            )
        print(f"falls with one told at that time, of whomever: {self.timely}")
        print("kind: true, raised as that kind with those competitors, told in all")
        for kind in sorted({key.split(":")[0] for key in self.kinds}):
            true, same, in_all = (self.kinds[f"{kind}:{what}"] for what in ("true", "same", "told"))
            print(f"{kind:22} {true:4} {same:4} {in_all:4}")
        for name, rows in self.told.items():
            print(f"calibration, {name}: confidence from, to, told, share real")
            for low, high in ((0.35, 0.5), (0.5, 0.65), (0.65, 0.8), (0.8, 0.9), (0.9, 1.01)):
                part = [real for confidence, real in rows if low <= confidence < high]
                if part:
                    print(f"  {low:.2f} {min(high, 1):.2f} {len(part):4} {sum(part) / len(part):.2f}")


def check(first: int, races: int, keep: Path | None) -> None:
    tally = Tally()
    for one in samples(mixed, first, races, keep):
        tally.add(one, run_of(one))
    tally.print()


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
