"""When the crossings that the score bug tells of were: from its rows, its lap times, and who was seen to cross.

Lap times tie the crossings of a name together: one moment, at which the first of them was, tells all. What speaks for
a moment: rows are read some time after their racers crossed and never before; whoever is the r-th over the line has
no more than r - 1 seen to cross before it; it is likely one of those who were seen to cross; and it crosses after
those of better rank, before those of worse. Chains of crossings are weighed together, each on a grid of moments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

Floats = NDArray[np.float64]

STEP_S, EARLIEST_S, STEPS = 0.01, 4.0, 801
"""Moments tried: from so long before what the rows that came up soonest tell, to as long after."""
USUAL_LATE_S, LATE_S = 0.7, (0.2, 3.0)
"""By how much rows are late, in the mean: at first, and at the least and at the most."""
MOST_LATE = 2.0
"""Nats, but for a little: for seconds nothing may be read."""
TOO_EARLY_PER_S, MOST_EARLY = 200.0, 8.0
"""Nats a second for a row that came up before the crossing, and at the most: it was read wrongly then."""
SEEN_SD_S, AT_ONCE_S = 0.03, 0.04
"""Of a crossing seen in the picture; and who is seen to cross so shortly before another may be a second box on it."""
UNSEEN, BEYOND, MORE_AHEAD, FEWER_AHEAD = 5.0, 1.0, 2.0, 1.5
"""Nats: nobody was seen to cross then though the camera showed the line, before the last who was seen, or after; for
each more who was seen to cross before than the rank leaves room for; and for each fewer. Of 2260 seen crossings in
sixty simulated broadcasts 87 in 100 had as many ahead as their rank says, 7 more and 7 fewer, which is 2.6 nats; less,
as lap times carry one that was missed over to the laps tied to it."""
SEEN_TELLS = 4.0
"""So many times as likely is a crossing at the very moment of one seen, as one of somebody else beside it."""
WATCHED_S = 0.1
"""The camera shows the line, with the race's head, where a picture as near is registered."""
MOST_AHEAD = 4.0
PASSAGE_S = 4.0
"""Of the field over the line, about: a lap is twice as long."""
WRONG_ORDER = 6.0
ORDER_SD_S = 0.01
GAP_S = 0.35
"""Between two who follow each other over the line, in the mean."""
TOGETHER_S = 5.0
"""Rows that do not wait for their racers come up within so long of their crossing, in all."""
LEAST_SD_S = 0.02
ROUNDS, PASSES, HEED, LEAST = 4, 3, 0.7, 1e-30
"""How often the usual delay is found anew; how often chains hear of each other, each time; how much that counts beside
what they heard before; and the least that a moment is given."""


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
    Belief propagation between chains that follow each other over the line, exact where no lap times tie crossings
    together (Yedidia, Freeman and Weiss, "Constructing free-energy approximations", IEEE Trans. Inf. Theory 2005).
    """
    begin = [round((_soonest_s(chain) - EARLIEST_S) / STEP_S) for chain in chains]
    moments = [STEP_S * np.arange(step, step + STEPS, dtype=np.float64) for step in begin]
    seen = [
        _seen(chain, at[:, None] + chain.since_s, crossed_s, watched_s)
        for chain, at in zip(chains, moments, strict=True)
    ]
    order = _order(chains, begin)
    heard: list[dict[int, Floats]] = [{} for _ in chains]  # from whom: what speaks for each moment, 1 in the mean
    for a, b in order:
        heard[a][b], heard[b][a] = np.ones(STEPS), np.ones(STEPS)
    late_s, begun_s, sd_s, found = USUAL_LATE_S, np.zeros(len(chains)), np.zeros(len(chains)), np.zeros(len(chains))
    evidence = 0.0
    for _ in range(ROUNDS):
        score = [_late(chain, at, late_s) + nats for chain, at, (nats, _) in zip(chains, moments, seen, strict=True)]
        own = [np.exp(nats - nats.max()) / STEPS for nats in score]
        for _ in range(PASSES):
            for (a, b), gap in order.items():
                heard[b][a] = _heeded(heard[b][a], _after(_belief(own, heard, a, but=b), gap))
                heard[a][b] = _heeded(heard[a][b], _after(_belief(own, heard, b, but=a), gap[::-1]))
        for k, at in enumerate(moments):
            share = _belief(own, heard, k)
            share /= share.sum()
            begun_s[k] = share @ at
            sd_s[k] = max(float(np.sqrt(share @ (at - begun_s[k]) ** 2)), LEAST_SD_S)
            found[k] = share @ seen[k][1]
        evidence = sum(float(nats.max()) for nats in score) + _agreement(own, heard, order)
        waited = np.concatenate(
            [(chain.row_s - begun_s[k] - chain.since_s)[chain.waits] for k, chain in enumerate(chains)] or [np.empty(0)]
        )
        if len(waited):
            late_s = float(np.clip(waited.mean(), *LATE_S))
    return begun_s, sd_s, found, evidence


def _soonest_s(chain: Chain) -> float:
    """When the chain began at the latest, by its rows; a quarter of them may have been misread."""
    latest_s = np.sort(chain.row_s - chain.since_s)
    return float(latest_s[len(latest_s) // 4])


def _belief(own: Sequence[Floats], heard: Sequence[dict[int, Floats]], of: int, but: int | None = None) -> Floats:
    """(STEPS,) what speaks for the moments of a chain: its own evidence and what it heard from others."""
    out = own[of].copy()
    for other, message in heard[of].items():
        if other != but:
            out *= message
    return out


def _after(belief: Floats, gap: Floats) -> Floats:
    return np.convolve(gap, belief, mode="valid")


def _heeded(before: Floats, message: Floats) -> Floats:
    return np.asarray((1 - HEED) * before + HEED * np.maximum(message / max(message.mean(), LEAST), LEAST))


def _agreement(
    own: Sequence[Floats], heard: Sequence[dict[int, Floats]], order: dict[tuple[int, int], Floats]
) -> float:
    """Nats of Bethe's approximation."""
    pairs = [
        _after(_belief(own, heard, a, but=b), gap) @ _belief(own, heard, b, but=a) for (a, b), gap in order.items()
    ]
    alone = [(1 - len(heard[k])) * np.log(max(_belief(own, heard, k).sum(), LEAST)) for k in range(len(own))]
    return float(np.log(np.maximum(pairs, LEAST)).sum() + np.sum(alone))


def _order(chains: Sequence[Chain], begin: Sequence[int]) -> dict[tuple[int, int], Floats]:
    """How likely each difference of the moments of two chains is, (2 * STEPS - 1,) by pair: who follows another over
    the line crosses after it, and about as far behind lap after lap."""
    rows = sorted(
        (lap, rank, k, since_s)
        for k, chain in enumerate(chains)
        for lap, rank, since_s in zip(chain.lap.tolist(), chain.rank.tolist(), chain.since_s.tolist(), strict=True)
    )
    behind_s: dict[tuple[int, int], list[Floats]] = {}
    for (lap, _, ahead, ahead_s), (same, _, behind, since_s) in pairwise(rows):
        if lap == same and ahead != behind:
            a, b, side = (ahead, behind, 1) if ahead < behind else (behind, ahead, -1)
            steps = np.arange(1 - STEPS, STEPS) + begin[b] - begin[a]
            behind_s.setdefault((a, b), []).append(side * steps * STEP_S + since_s - ahead_s)
    return {
        pair: np.exp(
            np.sum([np.maximum(log_ndtr(by_s / ORDER_SD_S), -WRONG_ORDER) for by_s in gaps], axis=0)
            - np.mean([np.maximum(by_s, 0.0) / GAP_S for by_s in gaps], axis=0)
        )
        for pair, gaps in behind_s.items()
    }


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
    next_ = np.minimum(np.searchsorted(watched_s, time_s - WATCHED_S), len(watched_s) - 1)
    watched = np.abs(watched_s[next_] - time_s) <= WATCHED_S
    shown = watched & ((ahead > 0) | (above - time_s <= PASSAGE_S))  # else nobody was seen, and nothing is told
    nats = np.where(shown, np.log(SEEN_TELLS * match + np.exp(-unseen)), 0.0)
    nats -= np.where(shown & (match > 0.1), FEWER_AHEAD * np.maximum(room, 0), 0.0)
    nats -= np.clip(-MORE_AHEAD * room, 0.0, MOST_AHEAD)
    return nats.sum(axis=1), (match > 0.5).sum(axis=1).astype(np.float64)
