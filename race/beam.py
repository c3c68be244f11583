"""Pieces of ways shared out to a field of known size: a beam of hypotheses, for the whole race at once.

Each hypothesis is a complete assignment of the pieces so far to racers; it weighs how well a piece follows a racer's
last one, its colours, and what is left unexplained. Costs are nats.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracking.rows import put

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

BEAM = 400
SCATTER = 0x9E3779B97F4A7C1
"""By which last pieces are mixed into one number, overflowing, to tell hypotheses apart."""
COLOUR, COLOUR_FLOOR, COLOUR_SAMPLE, COLOUR_MOST = 2.5, 0.08, 0.5, 15.0
"""Of a squared Hellinger distance, in units of what it is between one person's: a floor and a part for few pictures."""
COLOUR_SHARP = 2.0
"""Half of so many colours as are told apart: who is hardly known fits everything, and so nothing well."""
HARDLY = 0.5
"""Pictures in which somebody of unknown colours counts as seen."""
LATER_S = 12.0
"""What was seen and told so long after a piece began tells how sure it is whose it is: a lap and more."""
GOES_ON_S = 1.0
"""Seen so shortly before, a racer's place and speed are better known than from the score bug."""
FIRST = 6.0
"""For somebody who was not seen before."""
ALIKE, ALIKE_SAMPLE, UNLIKE, OTHER_TEAM = 0.1, 0.5, 0.1, 12.0
"""Squared Hellinger distances between the colours of one team, and over the root of as many pictures as both were seen
in; so much more is another team's; and nats for another team in the same colours."""

PASS_PER_S, PASS_AT_ONCE = 0.03, 0.05
"""How likely two next to each other change places: in a second (measured on 25 simulated races of single skaters), and
however soon."""
BESIDE_M = 1.0
"""Who is less than this ahead of another may be behind it."""
ONLY: Any = np.int64(0)  # as Python's number it would have what it is handed to compiled anew
STILL_S = 0.5
"""A place is known for so long after its piece ended."""


class Weighed(NamedTuple):
    """What an assignment of K pieces, in order of their beginnings, is weighed by.

    link     (K, K) nats for one to follow another
    left_out (K,) nats for leaving a piece out
    colour   (K, C) mean colour shares, all zero where unknown
    many     (K,) pictures of each piece
    size     how many racers there are
    racing   (K,) bool
    first_s, last_s  (K,) when each begins and ends
    in_pack  (K, 2) along the track where each begins and ends, less what the pack has gone, m
    name     (K,) that the score bug gives a piece, which is then a moment only; -1: none
    """

    link: Floats
    left_out: Floats
    colour: Floats
    many: Floats
    size: int
    racing: Mask
    relay: bool
    first_s: Floats
    last_s: Floats
    in_pack: Floats
    lap_m: float
    name: Ints


@njit(cache=True, error_model="numpy")
def share_out(
    weighed: Weighed,
    owner: Ints,  # (K,) out: racer from 0, -1 for nobody
    margin: Floats,  # (K,) out: chance, 0.5 to 1, that the piece follows what it does
) -> float:
    """The cheapest assignment of pieces to racers, along a beam; returns what it costs, nats."""
    spent = 0.0
    size, name, colour = weighed.size, weighed.name, weighed.colour
    count, colours = len(name), colour.shape[1]
    last = np.full((BEAM, size), -1, np.int32)
    old_last = np.empty_like(last)
    look, weight = np.zeros((BEAM, size, colours)), np.zeros((BEAM, size))
    root = np.zeros((BEAM, size, colours))  # of the mean of look
    sign = np.zeros(BEAM, np.int64)  # the same where all last pieces are
    by_racer, by_name = np.empty(size, np.int64), np.empty(size, np.int64)
    for r in range(size):
        mixed, other_mixed = (r + 1) * SCATTER, (r + 1) * (SCATTER + 2)
        by_racer[r], by_name[r] = mixed * mixed * mixed | 1, other_mixed * other_mixed * other_mixed | 1
    named = np.full((BEAM, size), -1, np.int32)
    seen = np.full((2, BEAM, size), -1, np.int32)  # the last pieces that are more than a moment, and those before
    old_look, old_weight, old_root = np.empty_like(look), np.empty_like(weight), np.empty_like(root)
    old_sign, old_named, old_seen = np.empty_like(sign), np.empty_like(named), np.empty_like(seen)
    total = np.zeros(BEAM)
    chosen = np.empty(BEAM, np.int64)
    colour_root = np.empty(colours)
    alive = 1
    parent = np.zeros((count, BEAM), np.int32)
    taken = np.full((count, BEAM), -1, np.int32)
    follows = np.full((count, BEAM), -2, np.int32)  # the piece before
    totals, left = np.zeros((count, BEAM)), np.zeros(count, np.int64)
    most = BEAM * (size + 1)
    new_total, new_parent, new_taken = np.empty(most), np.empty(most, np.int64), np.empty(most, np.int64)
    for k in range(count):
        born = 0
        for c in range(colours):
            colour_root[c] = np.sqrt(colour[k, c])
        for h in range(alive):
            new_total[born], new_parent[born], new_taken[born] = total[h] + weighed.left_out[k], h, -1
            born += 1
            begun = False
            bearer = -1
            if name[k] >= 0:
                for r in range(size):
                    if named[h, r] == name[k]:
                        bearer = r
            for r in range(size):
                if name[k] >= 0 and r != bearer and (bearer >= 0 or named[h, r] >= 0):
                    continue
                if last[h, r] < 0:
                    if begun or not weighed.racing[k]:
                        continue
                    begun = True  # those not seen yet are all alike
                value = total[h] + _follows(weighed, k, h, r, last, root, weight, seen, colour_root)
                if not np.isfinite(value):
                    continue
                new_total[born], new_parent[born], new_taken[born] = value, h, r
                born += 1
        order = np.argsort(new_total[:born])
        kept = 0
        last, old_last, look, old_look, weight, old_weight = old_last, last, old_look, look, old_weight, weight
        root, old_root, sign, old_sign = old_root, root, old_sign, sign
        named, old_named, seen, old_seen = old_named, named, old_seen, seen
        for n in order:
            if kept == BEAM:
                break
            h, r = new_parent[n], new_taken[n]
            mine = old_sign[h]
            moves = r >= 0 and _moves(weighed, k, old_last[h, r])
            if moves:
                mine += (k - old_last[h, r]) * by_racer[r]
            if r >= 0 and name[k] >= 0 and old_named[h, r] < 0:
                mine += (name[k] + 1) * by_name[r]
            same = False
            for other in range(kept):  # the same last pieces: what follows costs the same
                if sign[other] == mine:
                    same = True
                    break
            if same:
                continue
            sign[kept] = mine
            put(last[kept], old_last[h])
            put(weight[kept], old_weight[h])
            put(named[kept], old_named[h])
            put(seen[0, kept], old_seen[0, h])
            put(seen[1, kept], old_seen[1, h])
            for other in range(size):
                put(look[kept, other], old_look[h, other])
                put(root[kept, other], old_root[h, other])
            if r >= 0:
                _take(weighed, k, kept, r, moves, last, look, weight, root, named, seen)
            chosen[kept] = n
            kept += 1
        for n in range(kept):
            total[n] = new_total[chosen[n]]
            parent[k, n], taken[k, n] = new_parent[chosen[n]], new_taken[chosen[n]]
            follows[k, n] = _before(taken[k, n], old_last, parent[k, n])
        lowest = total[0]
        spent += lowest
        for n in range(kept):
            total[n] -= lowest
            totals[k, n] = total[n]
        alive = left[k] = kept
    h = 0
    for k in range(count - 1, -1, -1):
        owner[k] = taken[k, h]
        margin[k] = max(0.5, _share_with(k, int(follows[k, h]), weighed.first_s, parent, follows, totals, left))
        h = parent[k, h]
    return spent


@njit(cache=True, error_model="numpy")
def cost_of(weighed: Weighed, owner: Ints) -> float:
    """Nats of the assignment ``owner`` (K,); infinite where it cannot be."""
    size, colours, name = weighed.size, weighed.colour.shape[1], weighed.name
    last, named = np.full((1, size), -1, np.int32), np.full((1, size), -1, np.int32)
    seen = np.full((2, 1, size), -1, np.int32)
    look, root, weight = np.zeros((1, size, colours)), np.zeros((1, size, colours)), np.zeros((1, size))
    colour_root = np.empty(colours)
    total = 0.0
    for k in range(len(owner)):
        r = owner[k]
        if r < 0:
            total += weighed.left_out[k]
            continue
        if name[k] >= 0:
            for other in range(size):
                if (other == r and named[0, r] >= 0) != (named[0, other] == name[k]):
                    return np.inf  # a name of two, or two names of one
        if last[0, r] < 0 and not weighed.racing[k]:
            return np.inf
        for c in range(colours):
            colour_root[c] = np.sqrt(weighed.colour[k, c])
        total += _follows(weighed, k, ONLY, r, last, root, weight, seen, colour_root)
        _take(weighed, k, ONLY, r, _moves(weighed, k, last[0, r]), last, look, weight, root, named, seen)
    return total


@njit(cache=True, error_model="numpy")
def _follows(
    weighed: Weighed, k: int, h: int, r: int, last: NDArray[np.int32], root: Floats, weight: Floats,
    seen: NDArray[np.int32], colour_root: Floats,
) -> float:  # fmt: skip
    """Nats for piece k to be racer r's next in hypothesis h."""
    many = weighed.many[k]
    if last[h, r] < 0:
        return FIRST + (_alike(colour_root, many, root[h], weight[h]) if weighed.relay else 0.0)
    value = float(weighed.link[last[h, r], k])
    if not np.isfinite(value):
        return value
    if many > 0:
        apart = 0.0
        if weight[h, r] > 0:
            for c in range(len(colour_root)):
                apart += 0.5 * (root[h, r, c] - colour_root[c]) ** 2
        least = COLOUR_FLOOR + COLOUR_SAMPLE / many
        usual = least + COLOUR_SAMPLE / max(weight[h, r], HARDLY)
        value += min(COLOUR * apart / usual, COLOUR_MOST) + COLOUR_SHARP * np.log(usual / least)
    if weighed.name[k] < 0 and not weighed.relay:
        value += _reordered(k, r, seen[:, h], weighed.first_s, weighed.last_s, weighed.in_pack, weighed.lap_m)
    return value


@njit(cache=True, error_model="numpy")
def _moves(weighed: Weighed, k: int, before: int) -> bool:
    """Whether what comes next is weighed from piece k, no longer from the one ``before``: a moment within a piece, or
    just after it, tells whose it is, but no better where that racer goes on."""
    return weighed.name[k] < 0 or before < 0 or bool(weighed.last_s[before] < weighed.first_s[k] - GOES_ON_S)


@njit(cache=True, error_model="numpy")
def _take(
    weighed: Weighed, k: int, h: int, r: int, moves: bool, last: NDArray[np.int32], look: Floats, weight: Floats,
    root: Floats, named: NDArray[np.int32], seen: NDArray[np.int32],
) -> None:  # fmt: skip
    """Make piece k racer r's in hypothesis h, in place."""
    if moves:
        last[h, r] = k
    if weighed.name[k] >= 0:
        named[h, r] = weighed.name[k]
        return
    seen[1, h, r], seen[0, h, r] = seen[0, h, r], k
    weight[h, r] += weighed.many[k]
    for c in range(weighed.colour.shape[1]):
        look[h, r, c] += weighed.colour[k, c] * weighed.many[k]
        if weight[h, r] > 0:
            root[h, r, c] = np.sqrt(look[h, r, c] / weight[h, r])


@njit(cache=True, error_model="numpy")
def _reordered(
    k: int, racer: int, seen: NDArray[np.int32], first_s: Floats, last_s: Floats, in_pack: Floats, lap_m: float
) -> float:
    """Nats for the places that ``racer``, if piece k is its next, has changed with others since it was last seen."""
    a = seen[0, racer]
    if a < 0:
        return 0.0
    total = 0.0
    for other in range(seen.shape[1]):
        b = seen[0, other]
        if other == racer or b < 0 or last_s[b] < first_s[k] - STILL_S:
            continue
        before = b if first_s[b] <= last_s[a] else seen[1, other]
        if before < 0:
            continue
        ahead = in_pack[a, 1] - _at(before, last_s[a], first_s, last_s, in_pack)
        ahead -= lap_m * np.round(ahead / lap_m)
        now = in_pack[k, 0] - _at(b, first_s[k], first_s, last_s, in_pack)
        now -= lap_m * np.round(now / lap_m)
        if max(abs(ahead), abs(now)) > 0.25 * lap_m:
            continue
        led = min(max(0.5 + 0.5 * ahead / BESIDE_M, 0.0), 1.0)  # the chance that it did
        leads = min(max(0.5 + 0.5 * now / BESIDE_M, 0.0), 1.0)
        changed = led * (1 - leads) + (1 - led) * leads
        apart_s = first_s[k] - min(last_s[a], last_s[before])
        total -= np.log(1 - changed + changed * min(1.0, PASS_AT_ONCE + PASS_PER_S * apart_s))
    return total


@njit(cache=True, error_model="numpy")
def _at(piece: int, time_s: float, first_s: Floats, last_s: Floats, in_pack: Floats) -> float:
    """Where in the pack the racer of ``piece`` was, m; before and after it, where it began and ended."""
    whole_s = last_s[piece] - first_s[piece]
    share = min(max((time_s - first_s[piece]) / whole_s, 0.0), 1.0) if whole_s > 0 else 0.0
    return float(in_pack[piece, 0] + share * (in_pack[piece, 1] - in_pack[piece, 0]))


@njit(cache=True, error_model="numpy")
def _share_with(
    k: int, before: int, first_s: Floats, parent: NDArray[np.int32], follows: NDArray[np.int32], totals: Floats,
    left: Ints,
) -> float:  # fmt: skip
    """Of the hypotheses LATER_S after piece k, by their weights, those in which it follows the piece ``before``."""
    later = k
    while later + 1 < len(first_s) and first_s[later + 1] <= first_s[k] + LATER_S:
        later += 1
    same, whole = 0.0, 0.0
    for n in range(left[later]):
        h = n
        for j in range(later, k, -1):
            h = parent[j, h]
        weight = np.exp(-totals[later, n])
        whole += weight
        if follows[k, h] == before:
            same += weight
    return float(same / whole)


@njit(cache=True, error_model="numpy")
def _alike(colour_root: Floats, many: float, root: Floats, weight: Floats) -> float:
    """Nats that somebody in these colours, as roots (C,), is of a team other than those in ``root`` (R, C), seen in
    ``weight`` (R,) pictures."""
    same = 0.0
    for r in range(len(weight)):
        if weight[r] > 0 and many > 0:
            apart = 0.0
            for c in range(len(colour_root)):
                apart += 0.5 * (root[r, c] - colour_root[c]) ** 2
            usual = ALIKE + ALIKE_SAMPLE / np.sqrt(min(many, weight[r]))
            same = max(same, min(1.0, (usual + UNLIKE - apart) / UNLIKE))
    return float(OTHER_TEAM * same)


@njit(cache=True, error_model="numpy")
def _before(racer: int, last: NDArray[np.int32], hypothesis: int) -> int:
    """The piece that the racer's new one follows, -1: its first, -2: nobody's."""
    return -2 if racer < 0 else int(last[hypothesis, racer])
