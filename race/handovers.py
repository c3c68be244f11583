"""Relays: who takes over from whom on the way of one team, as pieces of ways are joined (``race/identify.py``).

The two of a team race beside each other for seconds before and after the touch. Their pieces are cut where they come
nearest, so that a team's way can lead from the one to the other there.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from race.links import OVERLAP_S
from race.pieces import Pieces

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALIKE = 0.35
"""Squared Hellinger distance between the colours of two of a team, at most: 0.3 to 0.4 and more between teams."""
REACH_M = 1.6
"""Who is nearer than this may touch; foot points are off by 0.2 m and more."""
LEAST_PICTURES = 3
AGAIN_S = 3.0
"""Who comes near again so much later touches again."""
ACROSS_M = -2.0
"""Further inside the guide nobody hands over."""
HANDOVER_COST = 2.0
"""Nats that a team's way leads from the one to the other where they touch."""


Handovers = dict[int, set[int]]
"""By the number of a piece, those of the pieces that may take over where it ends."""


def cut_at_touches(
    number: Ints, place: Floats, colour: Floats, clear: Floats, column: Ints, time_s: Floats, lap_m: float
) -> Handovers:
    """Cut pieces where two in like colours touch: ``number`` (N,), -1 for none, is changed in place.

    ``place`` (N, 2) along and across the guide, ``colour`` (N, C) shares and how far ``clear`` (N,) each was seen,
    ``column`` (N,) the frame, in order, ``time_s`` (F,).
    """
    touches: dict[tuple[int, int], list[tuple[int, float]]] = {}
    use = np.flatnonzero((number >= 0) & (place[:, 1] > ACROSS_M))  # NaN is not
    for rows in np.split(use, np.flatnonzero(np.diff(column[use])) + 1):
        if len(rows) < 2:
            continue
        apart = place[rows][:, None] - place[rows][None]
        apart[..., 0] -= lap_m * np.round(apart[..., 0] / lap_m)
        distance = np.hypot(apart[..., 0], apart[..., 1])
        for i, j in zip(*np.nonzero(np.triu(distance < REACH_M, 1)), strict=True):
            pair = sorted((int(number[rows[i]]), int(number[rows[j]])))
            touches.setdefault((pair[0], pair[1]), []).append((int(column[rows[i]]), float(distance[i, j])))
    looks = _looks(number, colour, clear)
    cuts: dict[int, list[int]] = {}
    met: list[tuple[int, int, int]] = []
    for (one, other), seen in touches.items():
        apart_by = 0.5 * float(np.sum((looks[one] - looks[other]) ** 2))
        if not apart_by < ALIKE:  # NaN: of unknown colours
            continue
        at = np.array([column_ for column_, _ in seen])
        for part in np.split(np.arange(len(at)), np.flatnonzero(np.diff(time_s[at]) > AGAIN_S) + 1):
            if len(part) >= LEAST_PICTURES:
                nearest = min((seen[n][1], seen[n][0]) for n in part)[1]
                met.append((one, other, nearest))
                cuts.setdefault(one, []).append(nearest)
                cuts.setdefault(other, []).append(nearest)
    return _cut(number, column, cuts, met)


def _looks(number: Ints, colour: Floats, clear: Floats) -> dict[int, Floats]:
    """Roots of each piece's mean colour shares (C,), NaN where unknown."""
    out = {}
    order = np.argsort(number, kind="stable")
    order = order[number[order] >= 0]
    for rows in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        many = float(clear[rows].sum())
        total = clear[rows] @ np.nan_to_num(colour[rows])
        out[int(number[rows[0]])] = np.sqrt(total / many) if many > 0 else np.full(colour.shape[1], np.nan)
    return out


def _cut(number: Ints, column: Ints, cuts: dict[int, list[int]], met: list[tuple[int, int, int]]) -> Handovers:
    """Number the parts of pieces anew, each cut behind the frames ``cuts``, and tell which take over from which."""
    last = int(number.max(initial=-1))
    parts: dict[int, tuple[list[int], list[int]]] = {}  # by the old number: the frames behind which, and the new ones
    for piece, at in cuts.items():
        ends, names = sorted(set(at)), [piece]
        rows = np.flatnonzero(number == piece)
        for end in ends:
            last += 1
            names.append(last)
            number[rows[column[rows] > end]] = last
        parts[piece] = ends, names
    after: Handovers = {}
    for one, other, frame in met:
        for giver, taker in ((one, other), (other, one)):
            before = parts[giver][1][parts[giver][0].index(frame)]
            after.setdefault(before, set()).add(parts[taker][1][parts[taker][0].index(frame) + 1])
    return after


def handover_costs(handovers: Handovers, pieces: Pieces, number: Ints, cost: Floats) -> None:
    """Lower cost (K, K) where piece b may take over from a; ``number`` (N,) as it was cut."""
    begun: dict[int, list[int]] = {}
    for k in np.flatnonzero(pieces.told < 0).tolist():
        begun.setdefault(int(number[pieces.rows[k][0]]), []).append(k)
    for a in np.flatnonzero(pieces.told < 0).tolist():
        for taker in handovers.get(int(number[pieces.rows[a][-1]]), ()):
            for b in begun.get(taker, ()):
                if b > a and abs(pieces.first_s[b] - pieces.last_s[a]) <= 2 * OVERLAP_S:
                    cost[a, b] = min(cost[a, b], HANDOVER_COST)


def chosen_handovers(handovers: Handovers, pieces: Pieces, number: Ints, owner: Ints) -> tuple[tuple[int, int], ...]:
    """Detections of who hands over and of who takes over, where a racer of ``owner`` (K,), -1 nobody, leads so."""
    found = []
    for racer in range(int(owner.max(initial=-1)) + 1):
        mine = [k for k in np.flatnonzero(owner == racer) if pieces.told[k] < 0]
        for a, b in pairwise(mine):
            giver, taker = int(pieces.rows[a][-1]), int(pieces.rows[b][0])
            if int(number[taker]) in handovers.get(int(number[giver]), ()):
                found.append((giver, taker))
    return tuple(found)
