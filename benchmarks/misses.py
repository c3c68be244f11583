"""Why incidents of simulated races are not told: for each that the truth has and the run has not, the first cause.

    python -m benchmarks.misses [--races 16] [--seed 62000] [--keep FOLDER]

The races are those of ``benchmarks/incidents.py check``. A cause comes before those below it; of an incident of two
competitors the earlier of theirs counts.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.incidents import run_of
from benchmarks.infractions import Sample, mixed, samples
from race.evaluate_incidents import MATCH_S, matched_incidents
from race.formats import Incident, Race
from race.incidents.find import KNOWN_SD_M

CAUSES = (
    "the camera has no pose for half of that second, or there is a cut",
    "out of the picture or hidden for half of that second",
    "in the picture, but not placed: undetected, or cut off by its edge",
    "followed as nobody",
    "followed as somebody else, or as this one and that one",
    "place not sure enough",
    "nothing asked about: no approach near enough, no threshold passed",
    "asked about, and said no",
    "told, as somebody else's or of another kind",
)
AROUND_S = 0.5
FRAMES = 0.5
"""Share of the pictures around the moment."""


def moment_s(row: Incident) -> float:
    """When it happened, of a window of the truth."""
    return row.start_s if row.kind in ("fall", "off_track", "slow") else (row.start_s + row.end_s) / 2


def missed(one: Sample, run: Race) -> Iterator[tuple[Incident, int]]:
    """Of what could be seen and was not told: the truth's incident, and the index of its cause in CAUSES."""
    found = {t for t, _ in matched_incidents(run, one.truth, one.pairs)}
    others = [row for row in one.truth.incidents if row.kind != "fall"]
    every = run_of(one, told_from=0.0)
    for n, row in enumerate(others):
        if n not in found and one.seen.of(row.competitors, (row.start_s + row.end_s) / 2):
            yield row, cause(one, run, every, row)
    for row in one.truth.incidents:
        if row.kind == "fall" and one.seen.of(row.competitors, row.start_s) and not _fall_told(one, run, row, True):
            yield row, 8 if _fall_told(one, run, row, False) else cause(one, run, every, row)


def _fall_told(one: Sample, run: Race, row: Incident, by_name: bool) -> bool:
    who = one.pairs.get(row.competitors[0])
    return any(
        other.kind == "fall"
        and abs(other.start_s - row.start_s) <= MATCH_S
        and (not by_name or who in other.competitors)
        for other in run.incidents
    )


def cause(one: Sample, run: Race, every: Race, row: Incident) -> int:
    """``every``: the run with everything asked about, however unlikely."""
    at = moment_s(row)
    seen = [_state(one, who, at) for who in row.competitors]
    if min(seen, default=5) < 5:
        return min(seen)
    if any(not _is_sure(one, who, at) for who in row.competitors):
        return 5
    asked = {one.pairs.get(who) for who in row.competitors}
    same = [other for other in every.incidents if set(other.competitors) == asked and _overlap(other, row)]
    return 7 if same else 6


def _overlap(a: Incident, b: Incident) -> bool:
    return a.start_s <= b.end_s and b.start_s <= a.end_s


def _state(one: Sample, who: int, at: float) -> int:
    """Index of the first of five causes that holds, 5 where none does."""
    least = FRAMES * 2 * AROUND_S * one.truth.video.fps
    near = [(body, np.abs(body.time_s - at) <= AROUND_S) for body in one.bodies]
    if len({float(time_s) for body, now in near for time_s in body.time_s[now]}) < least:
        return 0
    shown = one.seen.frames(who, at - AROUND_S, at + AROUND_S)
    if shown is not None and shown < least:
        return 1
    rows = [int(row) for body, now in near for row in body.rows[now]]
    mine = [one.followed.get(row) for row in rows if one.true_of.get(row) == who]
    if len(mine) < least:
        return 2
    right = sum(run_id is not None and run_id == one.pairs.get(who) for run_id in mine)
    if right >= FRAMES * len(mine):
        return 5
    return 3 if sum(run_id is None for run_id in mine) > FRAMES * len(mine) else 4


def _is_sure(one: Sample, who: int, at: float) -> bool:
    row = np.flatnonzero(one.ice.ids == one.pairs.get(who))
    if not len(row):
        return False
    near = np.abs(one.ice.time_s - at) <= AROUND_S
    sd: NDArray[np.float64] = one.ice.xy_sd[row[0], near]
    return bool(np.mean(np.isfinite(sd) & (np.nan_to_num(sd, nan=9.0) <= KNOWN_SD_M)) >= FRAMES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=16)
    parser.add_argument("--seed", type=int, default=62000)
    parser.add_argument("--keep", type=Path, help="keep the simulated races here, and use those that are")
    parser.add_argument("--each", action="store_true", help="print a line for each")
    given = parser.parse_args()
    total: Counter[tuple[int, str]] = Counter()
    unseen: Counter[str] = Counter()
    for one in samples(mixed, given.seed, given.races, given.keep):
        for row in one.truth.incidents:
            unseen[one.style] += not one.seen.of(row.competitors, moment_s(row))
        for row, why in missed(one, run_of(one)):
            total[why, f"{one.style} {'fall' if row.kind == 'fall' else 'other'}"] += 1
            if given.each:
                codes = " ".join(code.code for code in row.codes)
                print(f"{one.style:9} {one.truth.event.name} {row.kind} {codes} {moment_s(row):.1f} s: {CAUSES[why]}")
    columns = [f"{style} {what}" for style in ("fixed", "broadcast") for what in ("fall", "other")]
    print("| missed because | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for why, text in enumerate(CAUSES):
        print(f"| {text} | " + " | ".join(str(total[why, name]) for name in columns) + " |")
    print("not to be seen, and so not counted:", dict(unseen))


if __name__ == "__main__":
    main()
