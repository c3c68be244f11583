"""Names for racers: the score bug's rows say who is where in the order, and the order of the racers is known."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading

MAX_WAIT_S = 4.0
"""A row is matched to the order seen at most so long after it came up: later it may be out of date."""
SHOWN_FOR_S = 6.0
"""Rows that are shown until so long after a passage of the finish line are its result; the next is a lap away."""
SAME_NAME = 0.87
"""Share of letters in common from which two readings are one name: one letter of eight may be misread."""
PASSAGE_VOTES, ORDER_VOTES = 2, 1
"""What they were at the line is what the rows mean; where they are when the row comes up may have changed since."""


def with_usual_spelling(readings: Sequence[ScorebugReading]) -> list[ScorebugReading]:
    """``readings`` with names that differ by a letter or two, spaces or capitals spelt as they were read most often."""
    count = Counter(row.name for reading in readings for row in reading.rows if row.name)
    usual: dict[str, str] = {}
    for name, _ in count.most_common():
        alike = [known for known in usual.values() if _alike(name, known)]
        usual[name] = alike[0] if alike else name
    return [
        reading.model_copy(
            update={"rows": [row.model_copy(update={"name": usual.get(row.name or "")}) for row in reading.rows]}
        )
        for reading in readings
    ]


def _alike(name: str, other: str) -> bool:
    bare, other_bare = ("".join(one.casefold().split()) for one in (name, other))
    return SequenceMatcher(None, bare, other_bare).ratio() >= SAME_NAME


def name_racers(
    readings: Sequence[ScorebugReading],
    time_s: NDArray[np.float64],
    rank: NDArray[np.float64],
    results: Sequence[tuple[float, dict[int, int]]],
) -> dict[int, tuple[str, float]]:
    """Racer (index) -> name and confidence, from rows of rank and name.

    rank (R, F) is the order seen at ``time_s`` (F,); ``results`` are the passages of the finish line, each with the
    time of its last crossing and rank -> racer, as far as that is certain. Every result and every appearance of a row
    votes. No name goes to two racers, nor two names to one: the name with more votes chooses first.
    """
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    for last_s, placed in results:
        names: dict[int, Counter[str]] = defaultdict(Counter)
        for reading in readings:
            if last_s <= reading.time_s < last_s + SHOWN_FOR_S:
                for row in reading.rows:
                    if row.rank is not None and row.name:
                        names[row.rank][row.name] += 1
        for place, racer in placed.items():
            if names[place]:
                votes[names[place].most_common(1)[0][0]][racer] += PASSAGE_VOTES
    ranked = np.isfinite(rank).any(axis=0)
    shown: set[tuple[int, str]] = set()
    for reading in readings:
        rows = {(row.rank, row.name) for row in reading.rows if row.rank is not None and row.name}
        for place, name in sorted(rows - shown):
            after = np.flatnonzero(ranked & (time_s >= reading.time_s) & (time_s <= reading.time_s + MAX_WAIT_S))
            for t in after:
                racers = np.flatnonzero(rank[:, t] == place)
                if len(racers) == 1:
                    votes[name][int(racers[0])] += ORDER_VOTES
                    break
        shown = rows
    named: dict[int, tuple[str, float]] = {}
    taken: set[str] = set()
    pairs = [
        (count, count / votes[name].total(), racer, name) for name in votes for racer, count in votes[name].items()
    ]
    for count, share, racer, name in sorted(pairs, reverse=True):
        if racer in named or name in taken or share <= 0.5:
            continue
        named[racer] = (name, share * count / (count + 0.25))
        taken.add(name)
    return named
