"""What it costs, in nats, that one piece of a way follows another of the same racer."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.pieces import Pieces, counted_on

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PACE_SD, PACE_LASTS_S = 0.8, 5.0
"""How racers' speeds differ from the pack's usual one, m/s, and for how long, s."""
SIDE_SD, SIDE_LASTS_S = 1.2, 1.5
DOWN_MPS = 7.0
"""Who ended a piece as slow as this may have fallen, and begins again from about there."""
DOWN_COST = 3.0
FELL_S, FELL_COST = 2.0, 8.0
"""Who was out of sight for so long and is behind where it should be may have been down meanwhile."""
OVERLAP_S = 0.12
HANDOVER_S, HANDOVER_M = 3.0, 1.5
"""In a relay the one who takes over is seen beside the one who hands over for at most so long, and as near (sd)."""
WATCHED_S, LOST_S = 2.5, 0.3
"""So long after it was last seen, and before it was seen again, it is known where a racer was, ..."""
PLACE_SD = 0.3
"""Of a foot point along the guide, m."""
EMPTY_PER_S = 8.0
"""... and so many nats it costs when the camera saw nobody there: those in the open are found in 95 of 100 pictures."""


@njit(cache=True, error_model="numpy")
def link_costs(
    first_s: Floats, last_s: Floats, first: Floats, last: Floats, first_cov: Floats, last_cov: Floats,
    pace_first: Floats, pace_last: Floats, way_first: Floats, way_last: Floats, lap_m: float, relay: bool, cost: Floats,
) -> None:  # fmt: skip
    """cost (K, K) out: nats that piece b follows piece a, one racer's; infinite where it cannot.

    ``pace_...`` and ``way_...`` (K,): the pack's speed, and the metres it has gone, at those moments.
    """
    count = len(first_s)
    for a in range(count):
        for b in range(a + 1, count):
            gap = first_s[b] - last_s[a]
            if gap < -OVERLAP_S:
                if not relay or gap < -HANDOVER_S:
                    continue
                # Where the one who hands over was when the other was first seen: back along its own way.
                along = first[b, 0] - (last[a, 0] + last[a, 1] * gap)
                along -= lap_m * np.round(along / lap_m)
                across = first[b, 3] - last[a, 3]
                spread = HANDOVER_M + 1.0 * abs(gap)
                cost[a, b] = 0.5 * ((along - 1.0) / spread) ** 2 + 0.5 * (across / spread) ** 2 + 2 * np.log(spread)
                continue
            t = max(gap, 0.02)
            lasts = PACE_LASTS_S
            fade = lasts * (1 - np.exp(-t / lasts))
            along = first[b, 0] - (last[a, 0] + way_first[b] - way_last[a] + (last[a, 1] - pace_last[a]) * fade)
            along -= lap_m * np.round(along / lap_m)
            va = last_cov[a, 0, 0] + 2 * fade * last_cov[a, 0, 1] + fade * fade * last_cov[a, 1, 1]
            va += first_cov[b, 0, 0] + 2 * PACE_SD**2 * lasts**2 * (t / lasts - 1 + np.exp(-t / lasts)) + 0.05
            va = min(va, lap_m * lap_m / 12)  # anywhere on the oval
            side = np.exp(-t / SIDE_LASTS_S)
            reach = SIDE_LASTS_S * (1 - side)
            across = first[b, 3] - last[a, 3] * side - last[a, 4] * reach * side
            vc = last_cov[a, 3, 3] + reach * reach * last_cov[a, 4, 4] * side + first_cov[b, 3, 3]
            vc += SIDE_SD**2 * (1 - side * side) + 0.05
            # that it goes on as fast as it ended, where both were seen long enough to tell
            faster = first[b, 1] - (pace_first[b] + (last[a, 1] - pace_last[a]) * np.exp(-t / lasts))
            vs = last_cov[a, 1, 1] + first_cov[b, 1, 1] + 4 * PACE_SD**2 * (1 - np.exp(-2 * t / lasts)) + 0.1
            step = 0.5 * (along * along / va + np.log(va) + across * across / vc + np.log(vc) + faster * faster / vs)
            if not relay and gap > FELL_S and np.mod(-along, lap_m) < way_first[b] - way_last[a]:
                step = min(step, FELL_COST)
            if last[a, 1] < DOWN_MPS:
                from_there = first[b, 0] - last[a, 0]
                from_there -= lap_m * np.round(from_there / lap_m)
                sd = 2.0 + 3.0 * t
                fallen = DOWN_COST + 0.5 * (from_there / sd) ** 2 + np.log(sd) + 1.0
                step = min(step, fallen)
            cost[a, b] = step


@njit(cache=True, error_model="numpy")
def unseen_costs(
    first_s: Floats, last_s: Floats, first: Floats, last: Floats, first_frame: Ints, last_frame: Ints, until: Ints,
    since: Ints, way: Floats, lap_m: float, empty: Floats, cost: Floats,
) -> None:  # fmt: skip
    """Add to cost (K, K) what it takes that piece b follows piece a though the camera saw nobody where a's racer went
    on, or where b's came from.

    ``until`` (K,) and ``since`` (K,) are the frames WATCHED_S after a and before b, ``empty`` (F, C) and ``way`` (F,)
    as in ``race/empty.py``.
    """
    count, cells = len(first_s), empty.shape[1]
    for a in range(count):
        ca = int((last[a, 0] - way[last_frame[a]]) % lap_m / lap_m * cells) % cells
        for b in range(a + 1, count):
            if not np.isfinite(cost[a, b]) or first_s[b] - last_s[a] < LOST_S:
                continue
            middle = (last_frame[a] + first_frame[b]) // 2
            if last[a, 1] > DOWN_MPS:
                cost[a, b] += EMPTY_PER_S * (empty[min(until[a], middle), ca] - empty[last_frame[a], ca])
            if first[b, 1] > DOWN_MPS:
                cb = int((first[b, 0] - way[first_frame[b]]) % lap_m / lap_m * cells) % cells
                cost[a, b] += EMPTY_PER_S * (empty[first_frame[b], cb] - empty[max(since[b], middle), cb])


def told_costs(pieces: Pieces, place: Floats, at_s: Floats, lap_m: float, cost: Floats) -> None:
    """Fill in cost (K, K) what it takes that who was seen on the way of a piece crossed when the score bug tells so.

    ``place`` (N, 2) along and across the guide of all that was found, ``at_s`` (N,) when.
    """
    for b in np.flatnonzero(pieces.told >= 0):
        time_s = pieces.first_s[b]
        for a in np.flatnonzero((pieces.first_s <= time_s) & (pieces.last_s >= time_s) & (pieces.told < 0)):
            rows = pieces.rows[a]
            there = float(np.interp(time_s, at_s[rows], counted_on(place[rows, 0], lap_m)))
            off = there - pieces.first[b, 0]
            off -= lap_m * round(off / lap_m)
            spread = pieces.first_cov[b, 0, 0] + PLACE_SD**2
            cost[a, b] = 0.5 * (off * off / spread + np.log(spread))
