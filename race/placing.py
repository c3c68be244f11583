"""Who has which rank: over time by the order, and at the line, where not all may have been seen."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from race.crossings import LineCrossing
from race.facts import Facts, frame_at
from race.laps import Passage
from race.leader import NEAR_S, behind_unseen
from race.order import Order

Floats = NDArray[np.float64]

CLEARLY_SD = 2.0
"""Crossings of which one was not seen are in order of their times if they are so many standard deviations apart."""
SOON_S = 12.0
"""A lap of those behind: who is first seen so soon was there, on the side on which it is seen then."""


def order_of(facts: Facts) -> tuple[Passage | None, NDArray[np.bool_], Floats, Floats]:
    """The finish, who is in the race (R, F), ranks (R, F) and gaps to the leader (R, F)."""
    finish = next((passage for passage in facts.passages if passage.is_finish), None)
    active = _active(facts, finish)
    rank = facts.order.rank(active)
    return finish, active, rank, _gap_to_leader(facts.order, rank)


def _active(facts: Facts, finish: Passage | None) -> NDArray[np.bool_]:
    """(R, F) True from a competitor's first sight to the last, but not after the finish."""
    known = np.isfinite(facts.paths.position[..., 0])
    forward = np.logical_or.accumulate(known, axis=1)
    backward = np.logical_or.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    active = forward & backward
    if finish is not None:
        active &= facts.scene.time_s <= finish.crossings[-1].time_s + 0.1
    return np.asarray(active)


def _gap_to_leader(order: Order, rank: Floats) -> Floats:
    """(R, F) seconds behind the racer of rank 1, through the racers between where it was not measured directly."""
    gap_s = np.full(rank.shape, np.nan)
    for t in np.flatnonzero(np.isfinite(rank).any(axis=0)):
        in_order = np.argsort(rank[:, t], kind="stable")[: int(np.isfinite(rank[:, t]).sum())]
        leader = in_order[0]
        if rank[leader, t] != 1:
            continue
        gap_s[leader, t] = 0.0
        for ahead, racer in pairwise(in_order):
            direct = order.gap_s[leader, racer, t]
            gap_s[racer, t] = direct if np.isfinite(direct) else gap_s[ahead, t] + order.gap_s[ahead, racer, t]
    return gap_s


def rank_at_line(facts: Facts, passage: Passage, crossing: LineCrossing, active: NDArray[np.bool_]) -> int | None:
    """1 + those who crossed earlier; None where somebody who was not seen to cross may have.

    In metres, whose time at the line is too unsure to tell is where it was when last seen, or first seen soon after: a
    camera that shows the one would have shown the other go past.
    """
    if len(facts.start_list) > len(facts.paths.ids):
        return None
    crossed = {other.racer: other for other in passage.crossings}
    t = frame_at(facts, crossing.time_s)
    soon = frame_at(facts, crossing.time_s + SOON_S) if facts.in_metres else t
    behind = _behind_unseen(facts, passage, crossing)
    order, rank = facts.order, 1
    for racer in range(len(facts.paths.ids)):
        if racer == crossing.racer or behind[racer]:
            continue
        other = crossed.get(racer)
        if other is not None and _behind_unseen(facts, passage, other)[crossing.racer]:
            rank += 1
            continue
        known = order.known[crossing.racer, racer] and active[racer, : soon + 1].any()
        if other is not None and (facts.ice is None or not known or _told_apart(crossing, other)):
            rank += other.time_s < crossing.time_s
        elif not known or (facts.ice is None and not order.ahead[crossing.racer, racer, t]):
            return None
        else:  # both by the same moment, or two could be first
            at = t if other is None else frame_at(facts, min(crossing.time_s, other.time_s))
            rank += bool(order.ahead[racer, crossing.racer, at])
    return rank


def _behind_unseen(facts: Facts, passage: Passage, crossing: LineCrossing) -> NDArray[np.bool_]:
    """(R,) who was behind, out of the picture, when one crossed whom the picture showed with the leader."""
    seen = facts.paths.seen
    nobody = np.zeros(len(seen), bool)
    if facts.ice is None:
        return nobody
    first = min(passage.crossings, key=lambda one: (not seen[one.racer, frame_at(facts, one.time_s)], one.time_s))
    counted_s = facts.counted.get(passage.lap or 0)
    if counted_s is not None and abs(counted_s - first.time_s) > NEAR_S:
        return nobody  # the leader is another, out of the picture
    return behind_unseen(seen, facts.scene.time_s, first.racer, crossing.racer, crossing.time_s)


def _told_apart(first: LineCrossing, second: LineCrossing) -> bool:
    if first.seen and second.seen:
        return True
    return abs(first.time_s - second.time_s) > CLEARLY_SD * spread_s(first, second)


def spread_s(first: LineCrossing, second: LineCrossing) -> float:
    """Standard deviation of the time between two crossings, without what they share."""
    own_s = [one.time_sd_s if one.own_sd_s is None else one.own_sd_s for one in (first, second)]
    return float(np.hypot(own_s[0], own_s[1]))
