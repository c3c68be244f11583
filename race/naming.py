"""Names for racers: the score bug's rows say who is where in the order, and the order of the racers is known."""

from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading

MAX_WAIT_S = 4.0
"""A row is matched to the order seen at most so long after it came up: later it may be out of date."""


def name_racers(
    readings: list[ScorebugReading], time_s: NDArray[np.float64], rank: NDArray[np.float64]
) -> dict[int, tuple[str, float]]:
    """Racer (index) -> name and confidence, from rows of rank and name and the ``rank`` (R, F) seen at ``time_s`` (F,).

    Every appearance of a row gives one vote, to the racer who had its rank at the first moment after it at which the
    ranks of all were known. No name goes to two racers, nor two names to one: the clearer one wins.
    """
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    complete = np.isfinite(rank).any(axis=0)
    shown: set[tuple[int, str]] = set()
    for reading in readings:
        rows = {(row.rank, row.name) for row in reading.rows if row.rank is not None and row.name}
        for place, name in sorted(rows - shown):
            after = np.flatnonzero(complete & (time_s >= reading.time_s) & (time_s <= reading.time_s + MAX_WAIT_S))
            for t in after:
                racers = np.flatnonzero(rank[:, t] == place)
                if len(racers) == 1:
                    votes[name][int(racers[0])] += 1
                    break
        shown = rows
    named: dict[int, tuple[str, float]] = {}
    taken: set[str] = set()
    # The name that came most often first: a misread one comes once.
    pairs = [
        (count, count / votes[name].total(), racer, name) for name in votes for racer, count in votes[name].items()
    ]
    for count, share, racer, name in sorted(pairs, reverse=True):
        if racer in named or name in taken or share <= 0.5:
            continue
        named[racer] = (name, share * count / (count + 0.25))
        taken.add(name)
    return named
