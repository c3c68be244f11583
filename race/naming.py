"""Names for racers: the score bug's rows say who is where in the order, and the order of the racers is known."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading
from race.laps import not_misread
from race.nations import without_rank
from race.who import SHOWING_S, Told, costs

Floats = NDArray[np.float64]

MAX_WAIT_S = 4.0
"""A row is matched to the order seen at most so long after it came up: later it may be out of date."""
COMES_IN_S = 1.0
"""So much later at most, where more racers are in the picture then."""
SHOWN_FOR_S = 6.0
"""Rows that are shown until so long after a passage of the finish line are its result; the next is a lap away."""
STAYS_S = 0.3
"""Rows that are gone sooner were read while the picture of them changed."""
SAME_NAME = 0.87
"""Share of letters in common from which two readings are one name: one letter of eight may be misread."""
CUT_LETTERS, LEAST_LETTERS = 2, 3
"""A name read without its first or last letters, or with an edge of the graphic for one more."""
CODE_LETTERS = 3
"""Of a nation, any one of which may not have been read."""


def with_usual_spelling(readings: Sequence[ScorebugReading]) -> list[ScorebugReading]:
    """``readings`` with names that differ by a letter or two, spaces or capitals spelt as they were read most often.

    Two names that are shown at once are not one, and what may be either of two is neither, nor a letter or two that are
    part of another. A nation loses what is left of a rank before it.
    """
    count = Counter(row.name for reading in readings for row in reading.rows if row.name)
    at_once = {frozenset(pair) for reading in readings for pair in combinations({r.name for r in reading.rows}, 2)}
    usual: dict[str, str | None] = {}
    for name, _ in count.most_common():
        alike = {known for known in usual.values() if known and _alike(name, known) and {name, known} not in at_once}
        part = any(_is_part(name, other) and {name, other} not in at_once for other in count)
        own = None if part else without_rank(name)
        usual[name] = own if not alike else alike.pop() if len(alike) == 1 else None
    return [
        reading.model_copy(
            update={"rows": [row.model_copy(update={"name": usual.get(row.name or "")}) for row in reading.rows]}
        )
        for reading in readings
    ]


def _is_part(name: str, other: str) -> bool:
    short, long = ("".join(one.casefold().split()) for one in (name, other))
    return len(short) < LEAST_LETTERS <= len(long) and short in long


def _alike(name: str, other: str) -> bool:
    short, long = sorted(("".join(one.casefold().split()) for one in (name, other)), key=len)
    cut = short in long and len(long) - len(short) <= CUT_LETTERS and len(short) >= LEAST_LETTERS
    code = len(long) == CODE_LETTERS and any(short == long[:k] + long[k + 1 :] for k in range(CODE_LETTERS))
    return cut or code or SequenceMatcher(None, short, long).ratio() >= SAME_NAME


@dataclass(frozen=True, slots=True)
class Line:
    """A passage of the finish line: the time of its last crossing, and rank (R,) and seconds behind the first (R,),
    NaN where unknown."""

    last_s: float
    rank: Floats
    lag_s: Floats


def rows_told(
    readings: Sequence[ScorebugReading], time_s: Floats, rank: Floats, lag_s: Floats, lines: Sequence[Line], away: int
) -> list[Told]:
    """What the score bug's rows of rank and name mean, in order of time.

    rank (R, F) and lag_s (R, F), seconds behind the leader, are the order seen at ``time_s`` (F,). Rows shown after one
    of ``lines`` mean the order there, by majority; others that just after they came up. ``away``
    competitors are known to race and not followed.
    """
    told = []
    for line in lines:
        names: dict[int, Counter[str]] = defaultdict(Counter)
        for reading in readings:
            if line.last_s <= reading.time_s < line.last_s + SHOWN_FOR_S:
                for row in reading.rows:
                    if row.rank is not None and row.name:
                        names[row.rank][row.name] += 1
        for place, shown in sorted(names.items()):
            name = shown.most_common(1)[0][0]
            told.append(Told(line.last_s, name, costs(place, line.rank, line.lag_s, away), np.isfinite(line.rank)))
    ranked = np.isfinite(rank).any(axis=0)
    counted_s = [
        reading.time_s for before, reading in pairwise(not_misread(readings)) if reading.laps_to_go != before.laps_to_go
    ]
    for from_s, place, name in _coming_up(readings):
        after_line = any(line.last_s <= from_s < line.last_s + SHOWN_FOR_S for line in lines)
        # Rows may come up seconds after the crossing that they tell of: the laps to go change sooner.
        crossed_s = max((s for s in counted_s if from_s - MAX_WAIT_S <= s <= from_s), default=from_s)
        near = np.flatnonzero(ranked & (time_s >= crossed_s) & (time_s <= crossed_s + MAX_WAIT_S))
        if len(near) and not after_line:
            soon = near[time_s[near] <= time_s[near[0]] + COMES_IN_S]
            at = soon[np.isfinite(rank[:, soon]).sum(axis=0).argmax()]
            known = rank[:, at]
            told.append(Told(from_s, name, costs(place, known, lag_s[:, at], away), np.isfinite(known)))
    return sorted(told, key=lambda row: row.time_s)


def _coming_up(readings: Sequence[ScorebugReading]) -> list[tuple[float, int, str]]:
    """Time, rank and name of every row that comes up, or comes by another lap time, and stays."""
    out: list[tuple[float, int, str]] = []
    told_s: dict[tuple[int, str], float] = {}
    before: dict[tuple[int, str], float | None] = {}
    for k, reading in enumerate(readings):
        rows = {(row.rank, row.name): row.lap_time_s for row in reading.rows if row.rank is not None and row.name}
        for (place, name), lap_time_s in sorted(rows.items(), key=lambda row: row[0]):
            row = place, name
            other = row in before and None not in (lap_time_s, before[row]) and lap_time_s != before[row]
            again = other and reading.time_s - told_s[row] > SHOWING_S
            ends = (one.time_s for one in readings[k + 1 :] if all((r.rank, r.name) != row for r in one.rows))
            stays = next(ends, np.inf) - reading.time_s >= STAYS_S
            if (row not in before or again) and stays:
                out.append((reading.time_s, place, name))
            if row not in before or again:
                told_s[row] = reading.time_s
        before = rows
    return out
