"""How good a run is against the truth: what ``shorttrack evaluate RUN TRUTH`` prints, key by key.

Competitors are paired one to one, by boxes where both sides have them, else by crossings, else by name; one of the
truth left over counts wrong. Scored are events whose competitors could be seen: at least half visible within 0.5 s of
the event while the race was shown. What the truth does not hold is null, not right and not wrong.
"""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from race.errors import RaceFileError
from race.evaluate_incidents import counts, fall_scores, incident_scores
from race.evaluate_pace import pace_scores
from race.evaluate_relay import exchange_scores
from race.evaluate_tracks import (
    Boxes,
    detection_scores,
    identity_scores,
    match_boxes,
    read_boxes,
    registration_scores,
)
from race.formats import Race, read_race

Floats = NDArray[np.float64]

NEAR_S = 0.5
"""A competitor is asked for within this of an event; crossings as near as this pair competitors."""
VISIBLE = 0.5
PHOTO_FINISH_S = 0.020


def evaluate(run: Path, truth: Path) -> dict[str, Any]:
    """The figures of DESIGN's section 5 for a run and its truth, each a folder or the JSON file in it.

    ``falls``, ``passes`` and ``incidents`` are counts; ``incidents.calibration`` holds each incident of the run, its
    confidence and whether it is real, so that runs can be pooled. Raises RaceFileError where a file cannot be read.
    """
    run_file, truth_file = _file(run, "race.json"), _file(truth, "truth.json")
    got = read_race(run_file)
    true, held = _read_truth(truth_file, got)
    tracks = read_boxes(run_file.parent / "tracks.txt")
    true_boxes = read_boxes(truth_file.parent / "truth_mot.txt")
    if true_boxes is not None:
        true_boxes = true_boxes.only(_live_frames(true))
    racers = None if true_boxes is None else true_boxes.where(true_boxes.competes)
    matches = None
    if tracks is not None and racers is not None:
        tracks = tracks.only(_live_frames(true))
        matches = match_boxes(tracks, racers)
    pairs = pair_competitors(got, true, matches)
    seen = Visibility(true, racers)

    out: dict[str, Any] = _crossing_scores(got, true, pairs, seen) if "crossings" in held else {}
    if "finish" in held:
        out |= _finish_scores(got, true, pairs, seen)
    if tracks is not None and racers is not None:
        out["identity"] = identity_scores(tracks, racers)
    found = read_boxes(run_file.parent / "det.txt")
    if found is not None and true_boxes is not None:
        out["detection"] = detection_scores(found.only(_live_frames(true)), true_boxes)
    if matches is not None:
        out["registration_m"] = registration_scores(run_file.parent, truth_file.parent, true, matches)
    if "incidents" in held:
        out["falls"] = fall_scores(got, true, pairs, seen.of)
        out["incidents"] = incident_scores(got, true, pairs, seen.of)
    if "passes" in held:
        out["passes"] = _pass_scores(got, true, pairs, seen)
    if "pace" in held:
        out["pace"] = pace_scores(got, true, pairs)
    if true.exchanges:
        out["exchanges"] = exchange_scores(got, true, pairs)
    if "competitors" in held:
        out["naming"] = _naming(got, true, pairs)
    if got.computing is not None and got.video.duration_s > 0:
        out["seconds_per_second"] = got.computing.seconds / got.video.duration_s
        out["peak_memory_mb"] = got.computing.peak_memory_mb
    return {key: out.get(key) for key in KEYS}


KEYS = (
    *("rank_accuracy", "crossing_error_ms", "lap_time_error_ms", "finish_order_correct", "photo_finish_correct"),
    *(
        "identity",
        "detection",
        "registration_m",
        "falls",
        "passes",
        "incidents",
        "pace",
        "exchanges",
        "coverage",
        "naming",
    ),
    *("seconds_per_second", "peak_memory_mb"),
)


def _file(path: Path, name: str) -> Path:
    if not path.is_dir():
        return path
    for held in (name, "race.json", "truth.json"):
        if (path / held).exists():
            return path / held
    raise RaceFileError(f"{path}: no {name} in this folder")


def _read_truth(path: Path, run: Race) -> tuple[Race, set[str]]:
    """The truth and which parts of it the file holds; what it says nothing of, the video for one, is the run's."""
    try:
        held = json.loads(path.read_bytes())
        if not isinstance(held, dict):
            raise ValueError("expected an object")
        return Race.model_validate({"video": run.video.model_dump(), **held}), set(held)
    except OSError as error:
        raise RaceFileError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise RaceFileError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise RaceFileError(f"{path}: not a truth file ({error})") from error


def _live_frames(race: Race) -> list[tuple[float, float]] | None:
    """First and last frame of each shot that shows the race as it happens; None where shots are not known."""
    shots = [shot for shot in race.shots if shot.kind == "race"]
    if not shots:
        return None
    fps = race.video.fps
    return [
        (
            shot.start_frame if shot.start_frame is not None else round(shot.start_s * fps) + 1,
            shot.end_frame if shot.end_frame is not None else round(shot.end_s * fps),
        )
        for shot in shots
    ]


class Visibility:
    """Whether an event of the truth could be seen; without boxes all of them could."""

    def __init__(self, truth: Race, racers: Boxes | None) -> None:
        self._times: dict[int, Floats] | None = None
        if racers is not None:
            clear = racers.visibility >= VISIBLE
            time_s = (racers.frame - 1) / truth.video.fps
            self._times = {int(who): time_s[clear & (racers.id == who)] for who in np.unique(racers.id)}

    def of(self, competitors: Iterable[int], time_s: float | None) -> bool:
        """All of them at least half visible within NEAR_S of ``time_s``."""
        if self._times is None:
            return True
        if time_s is None:
            return False
        nothing = np.empty(0)
        return all(bool(np.any(np.abs(self._times.get(who, nothing) - time_s) <= NEAR_S)) for who in competitors)

    def frames(self, who: int, from_s: float, to_s: float) -> int | None:
        """How many pictures of that time show ``who`` at least half; None where there are no boxes to tell."""
        if self._times is None:
            return None
        times = self._times.get(who, np.empty(0))
        return int(np.sum((times >= from_s) & (times <= to_s)))


# Pairing ---------------------------------------------------------------------


def pair_competitors(run: Race, truth: Race, matches: NDArray[np.int64] | None) -> dict[int, int]:
    """Truth id -> run id. ``matches`` (M, 3) frame, run id, truth id of boxes with IoU 0.5 or more, or None."""
    true_ids = _ids(truth)
    if matches is not None:
        run_ids = sorted({int(row[1]) for row in matches})
        score = np.array([[np.sum((matches[:, 2] == t) & (matches[:, 1] == r)) for r in run_ids] for t in true_ids])
        return _paired(true_ids, run_ids, score)
    run_ids = _ids(run)
    if run.crossings and truth.crossings:
        score = np.array([[_near_crossings(run, r, truth, t) for r in run_ids] for t in true_ids])
        return _paired(true_ids, run_ids, score)
    score = np.array([[_same_name(run, r, truth, t) for r in run_ids] for t in true_ids])
    return _paired(true_ids, run_ids, score)


def _ids(race: Race) -> list[int]:
    rows: list[int] = [competitor.id for competitor in race.competitors]
    rows += [row.competitor for row in race.finish] + [row.competitor for row in race.crossings]
    return sorted(set(rows))


def _paired(true_ids: Sequence[int], run_ids: Sequence[int], score: NDArray[Any]) -> dict[int, int]:
    if not true_ids or not run_ids:
        return {}
    return {true_ids[t]: run_ids[r] for t, r in best_pairs(score.astype(np.float64))}


def best_pairs(score: Floats) -> list[tuple[int, int]]:
    """(T, R) -> the one-to-one pairs of the largest sum; pairs that score nothing are left out.

    Fields are small: exact dynamic programming over the sets of rows used, where the rows are the fewer.
    """
    if score.shape[0] > score.shape[1]:
        return [(t, r) for r, t in best_pairs(score.T)]
    rows, columns = score.shape
    best: dict[int, tuple[float, list[tuple[int, int]]]] = {0: (0.0, [])}
    for column in range(columns):
        after = dict(best)
        for used, (total, pairs) in best.items():
            for row in range(rows):
                if used >> row & 1 or score[row, column] <= 0:
                    continue
                taken = used | 1 << row
                if taken not in after or total + score[row, column] > after[taken][0]:
                    after[taken] = (total + float(score[row, column]), [*pairs, (row, column)])
        best = after
    return sorted(max(best.values(), key=lambda one: one[0])[1])


def _near_crossings(run: Race, r: int, truth: Race, t: int) -> float:
    """How many crossings of ``t`` have one of ``r`` within NEAR_S, the nearer the better among equal counts."""
    times = [row.time_s for row in run.crossings if row.competitor == r and row.time_s is not None]
    apart = [
        min((abs(row.time_s - time_s) for time_s in times), default=np.inf)
        for row in truth.crossings
        if row.competitor == t and row.time_s is not None
    ]
    near = [gap for gap in apart if gap <= NEAR_S]
    return len(near) + (1e-3 / (1 + sum(near)) if near else 0.0) - 1e-3 * sum(near)


def _same_name(run: Race, r: int, truth: Race, t: int) -> float:
    return float(bool(_names(run, r) & _names(truth, t)))


def _names(race: Race, who: int) -> set[str]:
    rows = [competitor for competitor in race.competitors if competitor.id == who]
    return {_plain(name) for row in rows for name in (row.name, row.team) if name}


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name)
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).casefold().split())


# Laps and finish ---------------------------------------------------------------


def _crossing_scores(run: Race, truth: Race, pairs: dict[int, int], seen: Visibility) -> dict[str, Any]:
    given = {(row.competitor, row.lap): row for row in run.crossings}
    rows = [row for row in truth.crossings if row.lap is not None]
    visible = [row for row in rows if seen.of([row.competitor], row.time_s)]
    right, ranked = 0, 0
    times, laps = [], []
    for row in visible:
        mine = given.get((pairs.get(row.competitor, -1), row.lap))
        if row.rank is not None:
            ranked += 1
            right += mine is not None and mine.rank == row.rank
        if mine is None:
            continue
        if mine.time_s is not None and row.time_s is not None:
            times.append(abs(mine.time_s - row.time_s) * 1000)
        if mine.lap_time_s is not None and row.lap_time_s is not None:
            laps.append(abs(mine.lap_time_s - row.lap_time_s) * 1000)
    return {
        "rank_accuracy": right / ranked if ranked else None,
        "crossing_error_ms": _spread(times),
        "lap_time_error_ms": _spread(laps),
        "coverage": len(visible) / len(rows) if rows else None,
    }


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {"median": float(np.median(values)), "p95": float(np.percentile(values, 95))}


def _finish_scores(run: Race, truth: Race, pairs: dict[int, int], seen: Visibility) -> dict[str, Any]:
    """Order: every two whose true gap is 20 ms or more. Photo finish: whether all who were in one are flagged."""
    home = [row for row in truth.finish if row.rank is not None]
    home = [row for row in home if row.time_s is None or seen.of([row.competitor], row.time_s)]
    given = {row.competitor: row for row in run.finish}
    order: list[bool] = []
    in_photo: set[int] = set()
    for n, first in enumerate(home):
        for second in home[n + 1 :]:
            gap = _gap(first.race_time_s, second.race_time_s)
            if gap is None:
                gap = _gap(first.time_s, second.time_s)
            if gap is not None and abs(gap) < PHOTO_FINISH_S:
                in_photo |= {first.competitor, second.competitor}
                continue
            ahead, behind = (first, second) if (first.rank or 0) < (second.rank or 0) else (second, first)
            mine, other = (given.get(pairs.get(row.competitor, -1)) for row in (ahead, behind))
            placed = mine is not None and other is not None and mine.rank is not None and other.rank is not None
            order.append(placed and mine.rank < other.rank)  # type: ignore[union-attr,operator]
    flagged = {who for who in in_photo if pairs.get(who) in given and given[pairs[who]].photo_finish}
    return {
        "finish_order_correct": all(order) if order else None,
        "photo_finish_correct": flagged == in_photo if in_photo else None,
    }


def _gap(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


# Falls, passes, incidents -------------------------------------------------------


def _pass_scores(run: Race, truth: Race, pairs: dict[int, int], seen: Visibility) -> dict[str, int]:
    back = {r: t for t, r in pairs.items()}
    true = [(row.time_s, (row.by, row.on)) for row in truth.passes]
    mine = [(row.time_s, (back.get(row.by, -row.by), back.get(row.on, -row.on))) for row in run.passes]
    visible = [seen.of(who, time_s) for time_s, who in true]
    return counts(true, mine, visible)


def _naming(run: Race, truth: Race, pairs: dict[int, int]) -> float | None:
    """Right is the same name, or what a score bug shows of it (``KOWAL``, ``E. KOWAL``) if it fits nobody else."""
    named = {row.id: row.name or row.team or "" for row in truth.competitors if row.name or row.team}
    if not named:
        return None
    told = {row.id: row.name or row.team or "" for row in run.competitors}
    right = 0
    for who in named:
        given = told.get(pairs.get(who, -1), "")
        right += [other for other, name in named.items() if given and _fits(given, name)] == [who]
    return right / len(named)


CUT_FROM = 4
"""Letters of a name cut short that still tell it."""


def _fits(given: str, name: str) -> bool:
    """Each word of ``given`` is one of the name's, the initial of one, or one that the graphic has cut short."""
    words = _plain(name).split()
    short = [word.rstrip(".") for word in _plain(given).split()]
    return all(
        word in words or ((len(word) == 1 or len(word) >= CUT_FROM) and any(one.startswith(word) for one in words))
        for word in short
    )
