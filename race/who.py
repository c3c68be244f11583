"""Who is who: the names that the score bug shows, shared out to the racers followed, as a whole.

Every row, "third is W. MIN", speaks for the racer who is third at that moment and against the others, the less the
nearer they are. What racers are followed as is not always one person: where who is who was in doubt, or somebody was
lost for a while, two may have been exchanged, and then the rows before and after contradict each other. So names and
exchanges are found together, along a beam of hypotheses: a name goes to one racer and a racer has one name, and an
exchange costs the more the surer the tracker was. Costs are nats. What stays open gets no name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Costs = Callable[[int, int, float, float], tuple[float, float]]

WRONG = 4.5
"""A row that names somebody clearly elsewhere: misread, out of date, or the racer was taken for another."""
LEVEL_S = 0.05
"""Who is so near to the place that the row tells may have it, at a nat: gaps are measured to 0.03 s, and change."""
UNSEEN = 2.5
"""Somebody whose place was not known may have had it."""
SKIPPED = 4.0
"""A name that is none of those followed, or none at all."""
AWAY = 0.5
"""For each who is not followed and may be between; cameras follow the leaders, so that most of these are behind."""
EXCHANGED, EXCHANGED_MOST = 0.7, 5.0
"""An exchange where nothing is known of who is who, and one where nothing was in doubt."""
LOST_S, EXCHANGED_LOST = 2.0, 2.0
"""Not seen for so long, somebody may come back as another, ..."""
BACK_S = 1.0
"""... the less the surer it is in the first second who is back."""
ONE_DOUBT_S = 0.5
"""Doubts no further apart are one."""
SHOWING_S = 3.0
"""Rows no further apart are of one showing, between which nobody is exchanged."""
BEAM, KEEP_WITHIN = 200, 12.0
SURE = 0.6
"""Under this confidence nobody is named."""


@dataclass(frozen=True, slots=True)
class Told:
    """At ``time_s`` the score bug tells that ``name`` has a place: what that costs each racer, (R,), nats, and whose
    place was known, (R,) bool."""

    time_s: float
    name: str
    cost: Floats
    known: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Exchange:
    """From ``time_s`` on two racers (indices) are each other."""

    time_s: float
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Settled:
    """``names``: racer -> name and confidence, of racers as they are followed. ``exchanges`` would make the rows agree;
    ``against``: racers -> the names the rows have for them, where no one name stands out."""

    names: dict[int, tuple[str, float]]
    exchanges: tuple[Exchange, ...]
    against: dict[int, tuple[str, ...]]


def costs(place: int, rank: Floats, lag_s: Floats, away: int) -> Floats:
    """(R,) nats that each racer has ``place``, by rank (R,) and seconds behind the leader (R,), NaN where unknown;
    ``away`` competitors are not followed, so that racers may be further back than they seem."""
    known = np.isfinite(rank)
    holder = np.flatnonzero(rank == place)
    apart_s = np.abs(lag_s - lag_s[holder[0]]) if len(holder) == 1 else np.full(len(rank), np.nan)
    value = np.where(np.isfinite(apart_s), np.minimum(apart_s / LEVEL_S, WRONG), WRONG)
    short = place - rank
    value = np.where((short >= 0) & (short <= away), np.minimum(AWAY * short, value), value)
    return np.where(known, value, UNSEEN)


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    """``person`` of each racer followed, ``name`` of each person; ``exchanges`` as (number of the row by
    which they were, racers, time since which)."""

    cost: float
    person: tuple[int, ...]
    name: tuple[str | None, ...]
    exchanges: tuple[tuple[int, int, int, float], ...] = ()

    def named(self, racer: int) -> str | None:
        return self.name[self.person[racer]]


def exchange_costs(sure: Floats, seen: NDArray[np.bool_], gap_s: Floats, time_s: Floats) -> Costs:
    """What an exchange costs, and when it most likely was: where the two were in doubt for longest, and nearest then.

    sure (R, F) how sure it is whose box a racer's is, NaN where it has none; seen (R, F); gap_s (R, R, F) between two
    """

    def exchange(a: int, b: int, from_s: float, to_s: float) -> tuple[float, float]:
        frames = np.flatnonzero((time_s >= from_s) & (time_s <= to_s))
        both = frames[np.isfinite(sure[a, frames]) & np.isfinite(sure[b, frames])]
        cost, moment = EXCHANGED_MOST, float(to_s)
        if len(both):
            surer = np.maximum(sure[a, both], sure[b, both]).clip(0.5, 0.99)
            apart = np.nan_to_num(np.abs(gap_s[a, b, both]), nan=1.0)
            least = float(surer.min())
            doubtful = np.flatnonzero(surer <= least + 0.1)
            parted = np.flatnonzero(np.diff(time_s[both[doubtful]]) > ONE_DOUBT_S) + 1
            longest = max(np.split(doubtful, parted), key=lambda part: time_s[both[part[-1]]] - time_s[both[part[0]]])
            cost = min(EXCHANGED_MOST, EXCHANGED + float(np.log(least / (1 - least))))
            moment = float(time_s[both[longest[np.argmin(apart[longest])]]])
        for racer in (a, b):
            seen_s = np.concatenate([[from_s], time_s[frames[seen[racer, frames]]], [to_s]])
            lost = int(np.argmax(np.diff(seen_s)))
            if seen_s[lost + 1] - seen_s[lost] >= LOST_S:
                again = (time_s >= seen_s[lost + 1]) & (time_s <= seen_s[lost + 1] + BACK_S)
                surest = float(np.nanmin(sure[racer, again], initial=0.99).clip(0.5))
                unseen = EXCHANGED_LOST + float(np.log(surest / (1 - surest)))
                if unseen < cost:
                    cost, moment = unseen, float(seen_s[lost + 1])
        return cost, moment

    return exchange


def settle(told: Sequence[Told], racers: int, exchange: Costs) -> Settled:
    """Names for ``racers``, from rows in order of time.

    ``exchange(a, b, from_s, to_s)`` gives the cost of two having been exchanged in that time, and when most likely.
    """
    first = _first_of_showing(told)
    beam = [_Hypothesis(0.0, tuple(range(racers)), (None,) * racers)]
    for k, row in enumerate(told):
        grown: dict[tuple[tuple[int, ...], tuple[str | None, ...]], _Hypothesis] = {}
        for hypothesis in beam:
            for changed in _exchanged(hypothesis, k, told, first[k], exchange):
                for child in _explained(changed, row):
                    state = child.person, child.name
                    if state not in grown or child.cost < grown[state].cost:
                        grown[state] = child
        ordered = sorted(grown.values(), key=lambda one: one.cost)
        beam = [one for one in ordered[:BEAM] if one.cost <= ordered[0].cost + KEEP_WITHIN]
    return _told_apart(told, beam, racers, exchange)


def _first_of_showing(told: Sequence[Told]) -> list[int]:
    """For each row the first of its showing."""
    out: list[int] = []
    for k, row in enumerate(told):
        out.append(out[-1] if k and row.time_s - told[k - 1].time_s <= SHOWING_S else k)
    return out


def _exchanged(hypothesis: _Hypothesis, k: int, told: Sequence[Told], first: int, exchange: Costs) -> list[_Hypothesis]:
    """``hypothesis`` as it is, and with who has the name of row ``k`` exchanged for who has its place: since one of the
    two was last told of, in an earlier showing than that which begins with row ``first``."""
    out = [hypothesis]
    if first == 0:
        return out
    racers = range(len(hypothesis.person))
    bearers = [r for r in racers if hypothesis.named(r) == told[k].name]
    bearers = bearers or [r for r in racers if hypothesis.named(r) is None]
    for a, b in product(bearers, map(int, np.flatnonzero(told[k].cost < 1.0))):
        if a != b:
            theirs = {hypothesis.named(a), hypothesis.named(b)}
            from_s = max((row.time_s for row in told[:first] if row.name in theirs), default=told[0].time_s)
            cost, _ = exchange(min(a, b), max(a, b), from_s, told[k].time_s)
            person = list(hypothesis.person)
            person[a], person[b] = person[b], person[a]
            steps = (*hypothesis.exchanges, (k, min(a, b), max(a, b), from_s))
            out.append(_Hypothesis(hypothesis.cost + cost, tuple(person), hypothesis.name, steps))
    return out


def _explained(hypothesis: _Hypothesis, row: Told) -> list[_Hypothesis]:
    """What the row may mean: whoever has the name; if nobody has, somebody without one, or nobody at all."""
    if row.name in hypothesis.name:
        racer = hypothesis.person.index(hypothesis.name.index(row.name))
        return [replace(hypothesis, cost=hypothesis.cost + float(row.cost[racer]))]
    out = [replace(hypothesis, cost=hypothesis.cost + SKIPPED)]
    for racer, person in enumerate(hypothesis.person):
        if hypothesis.name[person] is None:
            name = (*hypothesis.name[:person], row.name, *hypothesis.name[person + 1 :])
            out.append(replace(hypothesis, cost=hypothesis.cost + float(row.cost[racer]), name=name))
    return out


def _told_apart(told: Sequence[Told], beam: Sequence[_Hypothesis], racers: int, exchange: Costs) -> Settled:
    """What most of the ``beam``, best first, agree on."""
    weight = np.exp([beam[0].cost - one.cost for one in beam])
    weight /= weight.sum()
    as_named = [_names_by_row(one, len(told), racers) for one in beam]
    names: dict[int, tuple[str, float]] = {}
    against: dict[int, tuple[str, ...]] = {}
    for racer in range(racers):
        rows = [k for k, row in enumerate(told) if row.known[racer]]
        chance: dict[str, list[float]] = {}  # name -> at each of the rows, that it is the racer's
        for n, k in enumerate(rows):
            for one, share in zip(as_named, weight, strict=True):
                if name := one[k][racer]:
                    chance.setdefault(name, [0.0] * len(rows))[n] += float(share)
        best = max(chance, key=lambda name: min(chance[name]), default=None)
        if best is not None and min(chance[best]) >= SURE:
            names[racer] = best, min(chance[best])
        elif chance:
            against[racer] = tuple(name for name, values in chance.items() if max(values) > 1 - SURE)
    likely = [
        step
        for step in beam[0].exchanges
        if sum(share for one, share in zip(beam, weight, strict=True) if step[1:3] in [s[1:3] for s in one.exchanges])
        >= SURE
    ]
    found = [(*exchange(a, b, from_s, told[k].time_s), a, b) for k, a, b, from_s in likely]
    # Where nothing was in doubt the order was mistaken as likely as the racers: no name, but no exchange either.
    exchanges = tuple(Exchange(time_s, a, b) for cost, time_s, a, b in found if cost < EXCHANGED_MOST)
    return Settled(names, exchanges, against)


def _names_by_row(hypothesis: _Hypothesis, rows: int, racers: int) -> list[list[str | None]]:
    """For each row the name of every racer as followed at that time."""
    person = list(range(racers))
    steps = list(hypothesis.exchanges)
    out = []
    for k in range(rows):
        while steps and steps[0][0] == k:
            _, a, b, _ = steps.pop(0)
            person[a], person[b] = person[b], person[a]
        out.append([hypothesis.name[one] for one in person])
    return out
