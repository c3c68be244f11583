"""Who is ahead of whom at every moment, and when that changed, from the time gaps between pairs of racers.

A gap that flickers around zero is no pass: for each pair the sequence of "ahead" and "behind" is the one that explains
its gaps best when every change costs something (a two-state Viterbi path).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FULL_GAP_S = 0.2
"""A gap of this size, or larger, speaks with full weight; it is about the length of a skater at racing speed."""
WEIGHT_PER_S = 20.0
"""Cost of a second spent on the wrong side of a full gap."""
SWITCH_COST = 8.0
"""Cost of a change: 0.4 s of a full gap, 1.6 s of one of 0.05 s."""


@dataclass(frozen=True, slots=True)
class Order:
    """Order of the racers over time.

    ahead    (R, R, F) bool   ahead[i, j, t]: i is ahead of j at frame t, by the smoothed decision
    gap_s    (R, R, F)        seconds i is ahead of j (negative: behind), NaN where not measured
    known    (R, R) bool      the pair was seen together at some time
    """

    ahead: NDArray[np.bool_]
    gap_s: Floats
    known: NDArray[np.bool_]

    def rank(self, racers: NDArray[np.bool_]) -> Floats:
        """Rank (R, F) from 1 among ``racers`` (R, F) bool, those in the race at each frame; NaN elsewhere.

        Null also where a pair among them was never seen together and no third racer stands between.
        """
        r, f = racers.shape
        decided = np.zeros((r, r, f), dtype=bool)
        decided[self.known] = True
        before = self.ahead & decided
        for via in range(r):  # i before via before j: i before j
            through = before[:, via, None, :] & before[None, via, :, :] & racers[via]
            undecided = ~decided & ~decided.transpose(1, 0, 2)
            new = through & undecided
            before |= new
            decided |= new | new.transpose(1, 0, 2)
        pair = racers[:, None, :] & racers[None, :, :]
        np.einsum("iit->it", pair)[:] = False
        rank = 1.0 + (before.transpose(1, 0, 2) & pair).sum(axis=1)
        rank[~racers | (pair & ~decided & ~decided.transpose(1, 0, 2)).any(axis=1)] = np.nan
        return np.asarray(rank, np.float64)


@njit(cache=True)
def smooth_sign(
    gap: Floats,  # (F,) seconds, NaN where not measured
    time_s: Floats,  # (F,)
    switch_cost: float,
) -> NDArray[np.bool_]:
    """True (F,) where the pair's first racer is ahead, along the cheapest path through the two states."""
    frames = len(gap)
    from_other = np.zeros((frames, 2), np.bool_)
    cost = np.zeros(2)
    for t in range(frames):
        stay = cost.copy()
        for state in range(2):
            if stay[1 - state] + switch_cost < stay[state]:
                cost[state] = stay[1 - state] + switch_cost
                from_other[t, state] = True
        if not np.isnan(gap[t]):
            step = min(time_s[t] - time_s[t - 1], 0.2) if t > 0 else 0.04
            strength = min(abs(gap[t]), FULL_GAP_S) / FULL_GAP_S * WEIGHT_PER_S * step
            cost[0 if gap[t] < 0 else 1] += strength  # state 0: ahead
    ahead = np.empty(frames, np.bool_)
    state = 0 if cost[0] <= cost[1] else 1
    for t in range(frames - 1, -1, -1):
        ahead[t] = state == 0
        if from_other[t, state]:
            state = 1 - state
    return ahead


def find_order(gap: Floats, time_s: Floats) -> Order:
    """Order from ``time_gaps``' output ``gap`` (R, R, F) and the frames' times (F,), seconds."""
    racers, _, frames = gap.shape
    signed = np.where(np.isnan(gap), -gap.transpose(1, 0, 2), gap)
    ahead = np.zeros((racers, racers, frames), dtype=bool)
    for i in range(racers):
        for j in range(i + 1, racers):
            ahead[i, j] = smooth_sign(signed[i, j], time_s, SWITCH_COST)
            ahead[j, i] = ~ahead[i, j]
    known = np.asarray(np.isfinite(signed).any(axis=2), np.bool_)
    return Order(ahead, signed, known)


@dataclass(frozen=True, slots=True)
class OrderChange:
    """``by`` went past ``on``; both are indices of racers. ``confidence`` grows with the gap before and after."""

    time_s: float
    by: int
    on: int
    confidence: float


def find_changes(order: Order, time_s: Floats) -> list[OrderChange]:
    """Every change of order, at the moment the gap went through zero, in order of time."""
    changes = []
    racers = len(order.known)
    for i in range(racers):
        for j in range(racers):
            if i == j:
                continue
            # j ahead before, i ahead after
            for t in np.flatnonzero(order.ahead[j, i, :-1] & order.ahead[i, j, 1:]):
                measured = np.flatnonzero(np.isfinite(order.gap_s[i, j]))
                before, after = measured[measured <= t], measured[measured > t]
                if not len(before) or not len(after):
                    continue
                left, right = before[-1], after[0]
                a, b = order.gap_s[i, j, left], order.gap_s[i, j, right]
                share = a / (a - b) if a < 0 < b else 0.5
                around = (time_s > time_s[t] - 1.5) & (time_s < time_s[t] + 1.5)
                swing = np.nanmax(order.gap_s[i, j, around]) - np.nanmin(order.gap_s[i, j, around])
                changes.append(
                    OrderChange(
                        time_s=float(time_s[left] + share * (time_s[right] - time_s[left])),
                        by=i,
                        on=j,
                        confidence=float(min(1.0, swing / (2 * FULL_GAP_S))),
                    )
                )
    return sorted(changes, key=lambda change: change.time_s)
