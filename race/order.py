"""Who is ahead of whom at every moment, and when that changed, from the time gaps between pairs of racers.

A gap that flickers around zero is no pass: for each pair the sequence of "ahead" and "behind" is the one that explains
its gaps best when every change costs something (a two-state Viterbi path).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracking.rows import put

Floats = NDArray[np.float64]

FULL_GAP_S = 0.2
"""A gap of this size, or larger, speaks with full weight; it is about the length of a skater at racing speed."""
WEIGHT_PER_S = 20.0
"""Cost of a second spent on the wrong side of a full gap."""
SWITCH_COST = 8.0
"""Cost of a change: 0.4 s of a full gap, 1.6 s of one of 0.05 s."""

AROUND_S = 3.0
"""Seconds before and after a change in which the order before and after has to be seen."""
KNOWN_AS_S = (3.0, 0.5)
"""A pass is as sure as who is who so long before and after it: the pair that passes has to be the one seen before. Who
is taken for another only later has passed all the same."""
CLEAR_GAP_S = 0.05
"""From this gap, 0.6 m, an order is clear."""
OUT_OF_SIGHT_S = 0.5
"""For no longer may one of the two be unseen while they change."""
FASTEST_CHANGE, GAP_SD_S = 0.3, 0.03
"""Seconds of gap a second: a difference of 4 m/s at 13 m/s, more than any pass on skates. And the error of a gap."""
SEEN_WELL_S = 0.3
"""An order seen clearly for so long is right with a chance of 63 %, for three times as long with 95 %."""
LONGEST_STEP_S = 0.2


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


@njit(cache=True, error_model="numpy")
def smooth_sign(
    gap: Floats,  # (F,) seconds, NaN where not measured
    time_s: Floats,  # (F,)
    switch_cost: float,
) -> NDArray[np.bool_]:
    """True (F,) where the pair's first racer is ahead, along the cheapest path through the two states."""
    frames = len(gap)
    from_other = np.zeros((frames, 2), np.bool_)
    cost = np.zeros(2)
    stay = np.zeros(2)
    for t in range(frames):
        put(stay, cost)
        for state in range(2):
            if stay[1 - state] + switch_cost < stay[state]:
                cost[state] = stay[1 - state] + switch_cost
                from_other[t, state] = True
        if not np.isnan(gap[t]):
            step = min(time_s[t] - time_s[t - 1], LONGEST_STEP_S) if t > 0 else 0.04
            strength = min(abs(gap[t]), FULL_GAP_S) / FULL_GAP_S * WEIGHT_PER_S * step
            cost[0 if gap[t] < 0 else 1] += strength  # state 0: ahead
    ahead = np.empty(frames, np.bool_)
    state = 0 if cost[0] <= cost[1] else 1
    for t in range(frames - 1, -1, -1):
        ahead[t] = state == 0
        if from_other[t, state]:
            state = 1 - state
    return ahead


def find_order(gap: Floats, time_s: Floats, sure: NDArray[np.bool_] | None = None) -> Order:
    """Order from ``time_gaps``' output ``gap`` (R, R, F) and the frames' times (F,), seconds.

    ``sure`` (R, R, F): gaps that count; where none does the order stays as it was.
    """
    racers, _, frames = gap.shape
    signed = np.where(np.isnan(gap), -gap.transpose(1, 0, 2), gap)
    counted = signed if sure is None else np.where(sure, signed, np.nan)
    ahead = np.zeros((racers, racers, frames), dtype=bool)
    for i in range(racers):
        for j in range(i + 1, racers):
            ahead[i, j] = smooth_sign(counted[i, j], time_s, SWITCH_COST)
            ahead[j, i] = ~ahead[i, j]
    known = np.asarray(np.isfinite(counted).any(axis=2), np.bool_)
    return Order(ahead, signed, known)


@dataclass(frozen=True, slots=True)
class OrderChange:
    """``by`` went past ``on``; both are indices of racers. ``confidence`` that it was so, 0 to 1."""

    time_s: float
    by: int
    on: int
    confidence: float


def find_changes(order: Order, seen: NDArray[np.bool_], sure: Floats, time_s: Floats) -> list[OrderChange]:
    """Every change of order that was watched from one side of the other to the other, in order of time.

    ``seen`` (R, F) where a racer's box was detected, ``sure`` (R, F) how sure it is whose box it was, NaN unknown.
    The pair has to have been seen in the one order before and in the other after, clearly; never out of sight for
    long in between, where two can be taken for each other; and the gap may not leap, as it does when they are.
    """
    changes = []
    racers = len(order.known)
    step_s = np.minimum(np.gradient(time_s), LONGEST_STEP_S) if len(time_s) > 1 else np.zeros(len(time_s))
    for by in range(racers):
        for on in range(racers):
            if by == on:
                continue
            gap = np.where(seen[by] & seen[on], order.gap_s[by, on], np.nan)
            for t in np.flatnonzero(order.ahead[on, by, :-1] & order.ahead[by, on, 1:]):
                change = _watched(gap, step_s, time_s, int(t))
                if change is not None:
                    start, end, level_s, shown = change
                    # While the two overlap who is who is open; what counts is what was made of it around that time.
                    around = (time_s >= time_s[t] - KNOWN_AS_S[0]) & (time_s <= time_s[end] + KNOWN_AS_S[1])
                    around[start + 1 : end] = False
                    whose = np.nanmin(sure[[by, on]][:, around], initial=1.0)
                    changes.append(OrderChange(level_s, by, on, float(shown * whose)))
    return sorted(changes, key=lambda change: change.time_s)


def _watched(gap: Floats, step_s: Floats, time_s: Floats, t: int) -> tuple[int, int, float, float] | None:
    """Last frame clearly behind, first clearly ahead, the moment between at which the two were level, and how well
    both orders were seen; None where the change after frame ``t`` was not watched."""
    near = np.abs(time_s - time_s[t]) <= AROUND_S
    behind = np.flatnonzero(near & (np.arange(len(gap)) <= t) & (gap <= -CLEAR_GAP_S))
    ahead = np.flatnonzero(near & (np.arange(len(gap)) > t) & (gap >= CLEAR_GAP_S))
    if not len(behind) or not len(ahead):
        return None
    start, end = int(behind[-1]), int(ahead[0])
    measured = start + np.flatnonzero(np.isfinite(gap[start : end + 1]))
    if np.diff(time_s[measured]).max() > OUT_OF_SIGHT_S:
        return None
    before = near & (np.arange(len(gap)) <= start) & np.isfinite(gap)
    after = near & (np.arange(len(gap)) >= end) & np.isfinite(gap)
    # how long it was seen so, less how long the other way round
    clear_s = min(
        float((step_s * (side * gap >= CLEAR_GAP_S) - step_s * (side * gap <= -CLEAR_GAP_S))[rows].sum())
        for side, rows in ((-1.0, before), (1.0, after))
    )
    if clear_s <= 0 or gap[end] - gap[start] > FASTEST_CHANGE * (time_s[end] - time_s[start]) + 2 * GAP_SD_S:
        return None
    last = measured[gap[measured] <= 0][-1]
    following = measured[measured > last][0]
    share = -gap[last] / (gap[following] - gap[last])
    level_s = float(time_s[last] + share * (time_s[following] - time_s[last]))
    return start, end, level_s, 1.0 - float(np.exp(-clear_s / SEEN_WELL_S))
