"""When the crossings that the score bug tells of were: from its rows, its lap times, and who was seen to cross.

Lap times tie the crossings of a name together: one moment, at which the first of them was, tells all. What speaks for
a moment: rows are read some time after their racers crossed and never before; whoever is the r-th over the line has
no more than r - 1 seen to cross before it; it is likely one of those who were seen to cross; and it crosses after
those of better rank, before those of worse. Each chain of crossings is weighed on a grid of moments, given the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

Floats = NDArray[np.float64]

STEP_S, EARLIEST_S, LATEST_S = 0.01, 4.0, 0.5
"""Moments tried: so far before and after what the row that came up soonest tells."""
USUAL_LATE_S, LATE_S = 0.7, (0.2, 3.0)
"""By how much rows are late, in the mean: at first, and at the least and at the most."""
MOST_LATE = 2.0
"""Nats, but for a little: for seconds nothing may be read."""
TOO_EARLY_PER_S, MOST_EARLY = 20.0, 6.0
"""Nats a second for a row that came up before the crossing, and at the most: it was read wrongly then."""
SEEN_SD_S, AT_ONCE_S = 0.03, 0.06
"""Of a crossing seen in the picture; and who is seen to cross so shortly before another may be a second box on it."""
UNSEEN, BEYOND, MORE_AHEAD, FEWER_AHEAD = 5.0, 2.0, 3.0, 0.7
"""Nats: nobody was seen to cross then though the camera showed the line, before the last who was seen, or after; for
each more who was seen to cross before than the rank leaves room for; and for each fewer."""
SEEN_TELLS = 4.0
"""So many times as likely is a crossing at the very moment of one seen, as one of somebody else beside it."""
WATCHED_S = 0.1
"""The camera shows the line, with the race's head, where a picture as near is registered."""
MOST_AHEAD = 6.0
PASSAGE_S = 4.0
"""Of the field over the line, about: a lap is twice as long."""
WRONG_ORDER = 6.0
ORDER_SD_S = 0.02
GAP_S = 0.5
"""Between two who follow each other over the line, in the mean."""
TOGETHER_S = 5.0
"""Rows that do not wait for their racers come up within so long of their crossing, in all."""
LEAST_SD_S = 0.02
ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Chain:
    """Crossings of one name that lap times tie together, n of them.

    lap, rank (n,); since_s (n,) after the first of them; row_s (n,) when the row came up; waits (n,) bool, it does so
    when the racer has crossed, not before
    """

    lap: NDArray[np.int64]
    rank: NDArray[np.int64]
    since_s: Floats
    row_s: Floats
    waits: NDArray[np.bool_]


def settle_moments(
    chains: Sequence[Chain], crossed_s: Floats, watched_s: Floats
) -> tuple[Floats, Floats, Floats, float]:
    """When each chain began (C,), its standard deviation (C,), s, how many of its crossings were seen (C,), and what
    speaks for it all, nats.

    ``crossed_s`` (N,) when somebody was seen to cross, in order; ``watched_s`` (F,) the times of registered pictures.
    """
    moments = [_moments(chain) for chain in chains]
    seen = [
        _seen(chain, at[:, None] + chain.since_s, crossed_s, watched_s)
        for chain, at in zip(chains, moments, strict=True)
    ]
    begun_s, sd_s = np.full(len(chains), np.nan), np.full(len(chains), np.nan)
    late_s, found, evidence = USUAL_LATE_S, np.zeros(len(chains)), 0.0
    for _ in range(ROUNDS):
        others_s, others_sd_s = begun_s.copy(), sd_s.copy()
        evidence = 0.0
        for k, (chain, at) in enumerate(zip(chains, moments, strict=True)):
            score = _late(chain, at, late_s) + seen[k][0] + _ordered(chains, k, at, others_s, others_sd_s)
            weight = np.exp(score - score.max())
            evidence += float(score.max() + np.log(weight.mean()))
            weight /= weight.sum()
            begun_s[k] = weight @ at
            sd_s[k] = max(float(np.sqrt(weight @ (at - begun_s[k]) ** 2)), LEAST_SD_S)
            found[k] = weight @ seen[k][1]
        waited = np.concatenate(
            [(chain.row_s - begun_s[k] - chain.since_s)[chain.waits] for k, chain in enumerate(chains)] or [np.empty(0)]
        )
        if len(waited):
            late_s = float(np.clip(waited.mean(), *LATE_S))
    return begun_s, sd_s, found, evidence


def _moments(chain: Chain) -> Floats:
    soonest_s = float((chain.row_s - chain.since_s).min())
    return np.arange(soonest_s - EARLIEST_S, soonest_s + (LATEST_S if chain.waits.any() else EARLIEST_S), STEP_S)


def _late(chain: Chain, at: Floats, late_s: float) -> Floats:
    """(M,) nats for rows being as late as they are: never before the crossing, exponentially distributed after."""
    waited = (chain.row_s - (at[:, None] + chain.since_s))[:, chain.waits]
    late = np.minimum(waited / late_s, MOST_LATE + waited / LATE_S[1])
    nats = np.where(waited >= 0, -late, np.maximum(TOO_EARLY_PER_S * waited, -MOST_EARLY)) - np.log(late_s)
    return np.asarray(nats.sum(axis=1) - np.log(TOGETHER_S) * float((~chain.waits).sum()))


def _seen(chain: Chain, time_s: Floats, crossed_s: Floats, watched_s: Floats) -> tuple[Floats, Floats]:
    """(M,) nats for who was seen to cross about the moments ``time_s`` (M, n), and (M,) how many of these were seen."""
    if not len(crossed_s) or not len(watched_s):
        return np.zeros(len(time_s)), np.zeros(len(time_s))
    after = np.searchsorted(crossed_s, time_s)
    below = crossed_s[np.maximum(after - 1, 0)]
    above = crossed_s[np.minimum(after, len(crossed_s) - 1)]
    off_s = np.minimum(np.abs(time_s - below), np.abs(time_s - above))
    match = np.exp(-0.5 * (off_s / SEEN_SD_S) ** 2)
    beyond = (after == len(crossed_s)) | (above - time_s > PASSAGE_S)
    unseen = np.where(beyond, BEYOND, UNSEEN)
    ahead = np.searchsorted(crossed_s, time_s - AT_ONCE_S) - np.searchsorted(crossed_s, time_s - PASSAGE_S)
    room = chain.rank - 1 - ahead
    misplaced = np.where(room < 0, np.minimum(-MORE_AHEAD * room, MOST_AHEAD), FEWER_AHEAD * np.maximum(room, 0))
    next_ = np.minimum(np.searchsorted(watched_s, time_s - WATCHED_S), len(watched_s) - 1)
    watched = np.abs(watched_s[next_] - time_s) <= WATCHED_S
    shown = watched & ((ahead > 0) | (above - time_s <= PASSAGE_S))  # else nobody was seen, and nothing is told
    nats = np.log(SEEN_TELLS * match + np.exp(-unseen)) - np.where((match > 0.1) | (room < 0), misplaced, 0.0)
    return np.where(shown, nats, 0.0).sum(axis=1), (match > 0.5).sum(axis=1).astype(np.float64)


def _ordered(chains: Sequence[Chain], k: int, at: Floats, begun_s: Floats, sd_s: Floats) -> Floats:
    """(M,) nats for crossing after who has the better rank and before who has the worse, where those are known."""
    total = np.zeros(len(at))
    mine = chains[k]
    for other, chain in enumerate(chains):
        if other == k or not np.isfinite(begun_s[other]):
            continue
        _, here, there = np.intersect1d(mine.lap, chain.lap, return_indices=True)
        gap, neighbours = np.zeros(len(at)), 0
        for a, b in zip(here, there, strict=True):
            behind_s = at + mine.since_s[a] - begun_s[other] - chain.since_s[b]
            side = 1.0 if mine.rank[a] > chain.rank[b] else -1.0
            total += np.maximum(log_ndtr(side * behind_s / np.hypot(sd_s[other], ORDER_SD_S)), -WRONG_ORDER)
            if abs(mine.rank[a] - chain.rank[b]) == 1:
                gap += np.maximum(side * behind_s, 0.0) / GAP_S
                neighbours += 1
        total -= gap / max(neighbours, 1)  # who is far behind is so lap after lap
    return total
