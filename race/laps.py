"""Crossings of the finish line put in order and numbered, from what was seen and what the score bug says.

``lap`` k is a competitor's k-th crossing after the gun (DESIGN: there is no lap 0), so that the finish is the event's
last. Crossings that were seen are counted back from the finish, or from the laps to go that the score bug shows
after them; where neither is known they are only numbered as sightings.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.crossings import LineCrossing
from race.events import LAP_M, RaceEvent
from race.formats import ScorebugReading
from race.order import Order

Floats = NDArray[np.float64]

SHORTEST_LAP_S, LONGEST_LAP_S = 7.0, 16.0
"""A full lap with a flying start; the shortest ever skated is just under 8 s."""
CLOCK_OFF_S = 0.7
"""The winner's crossing is at most so far from when the clock on the screen shows the time it stops at."""
FASTEST_START_MPS = 9.5
"""Nobody is faster from standing to the first crossing; elite men reach 8.3 m/s over half a lap, 9.1 over a lap."""
GAP_OFF_S = 0.25
"""What a gap may change in the last half second before the line, and be mismeasured."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The racers' crossings in one lap, in order of time. ``lap`` is None where it is not known."""

    crossings: tuple[LineCrossing, ...]
    lap: int | None = None
    is_finish: bool = False

    @property
    def time_s(self) -> float:
        return self.crossings[0].time_s


def group_passages(crossings: Sequence[LineCrossing]) -> list[Passage]:
    """Crossings of one line, gathered into passages of the pack: one crossing a racer, all within less than a lap."""
    passages: list[list[LineCrossing]] = []
    for crossing in sorted(crossings, key=lambda c: c.time_s):
        if passages and crossing.time_s - passages[-1][0].time_s < SHORTEST_LAP_S:  # nobody can be a lap ahead yet
            if all(other.racer != crossing.racer for other in passages[-1]):
                passages[-1].append(crossing)
        else:
            passages.append([crossing])
    return [Passage(tuple(passage)) for passage in passages]


def consistent(passage: Passage, order: Order, time_s: Floats) -> Passage | None:
    """``passage`` without crossings that contradict the gaps seen on the way to the line; None where none is left.

    The gap between neighbours at the line is the one between them in the half second before, give or take GAP_OFF_S;
    where it is not, the later one was lost, or taken for somebody else.
    """
    kept: list[LineCrossing] = []
    for crossing in passage.crossings:
        if kept:
            before = (time_s >= kept[-1].time_s - 0.5) & (time_s <= kept[-1].time_s)
            gap = order.gap_s[kept[-1].racer, crossing.racer, before]
            gap = gap[np.isfinite(gap)]
            off_s = abs(crossing.time_s - kept[-1].time_s - float(np.median(gap))) if len(gap) else 0.0
            if off_s > GAP_OFF_S:
                continue
        kept.append(crossing)
    return replace(passage, crossings=tuple(kept)) if kept else None


def after_the_gun(passages: Sequence[Passage], starts_s: Sequence[float], event: RaceEvent | None) -> list[Passage]:
    """``passages`` without those for which a gun at one of ``starts_s`` leaves too little time: of some other line."""
    way_m = LAP_M / 2 if event is None else event.first_crossing_m
    return [
        passage
        for passage in passages
        if not any(0 <= passage.time_s - start_s < way_m / FASTEST_START_MPS for start_s in starts_s)
    ]


def number_passages(
    passages: Sequence[Passage],
    readings: Sequence[ScorebugReading],
    finish_s: float | None,
    event: RaceEvent | None,
) -> list[Passage]:
    """``passages`` with their lap numbers and the finish, in order of time; what comes after the finish is left out.

    ``finish_s`` is when the running clock showed the time at which it stopped for good. The passage at that time, or
    one that comes a lap after "one to go", is the finish; one followed by laps to go is counted from those. Of passages
    that are nearer to each other than a lap takes the finish stays, else the one with more crossings, else the first.
    """
    passages = _a_lap_apart(passages, finish_s)
    to_go = [_laps_to_go_after(passage, passages, readings) for passage in passages]
    finish = _find_finish(passages, to_go, finish_s, readings)
    if finish is not None:
        passages, to_go = passages[: finish + 1], [*to_go[:finish], 0]
    known = [k for k, laps in enumerate(to_go) if laps is not None]
    numbered = []
    for k, passage in enumerate(passages):
        laps = _counted_from(k, passages, to_go, known)
        if laps is not None and laps < 0:
            continue  # after the finish
        lap = None if laps is None or event is None or laps >= event.crossings else event.crossings - laps
        numbered.append(replace(passage, lap=lap, is_finish=k == finish))
    return numbered


def _a_lap_apart(passages: Sequence[Passage], finish_s: float | None) -> list[Passage]:
    """``passages`` without those that are too near to one that is surer."""

    def sureness(passage: Passage) -> tuple[bool, int]:
        at_finish = finish_s is not None and abs(passage.time_s - finish_s) <= CLOCK_OFF_S
        return at_finish, sum(crossing.seen for crossing in passage.crossings)

    kept: list[Passage] = []
    for passage in sorted(passages, key=sureness, reverse=True):
        if all(abs(passage.time_s - other.time_s) >= SHORTEST_LAP_S for other in kept):
            kept.append(passage)
    return sorted(kept, key=lambda passage: passage.time_s)


def _laps_to_go_after(passage: Passage, passages: Sequence[Passage], readings: Sequence[ScorebugReading]) -> int | None:
    """The laps to go that come up on the score bug after a passage and stay for most of the lap, or None."""
    later = [other.time_s for other in passages if other.time_s > passage.time_s]
    end_s = min([passage.time_s + SHORTEST_LAP_S, *later])
    shown: Counter[int] = Counter()
    for reading in readings:
        if passage.time_s + 1.0 <= reading.time_s < end_s and reading.laps_to_go is not None:
            shown[reading.laps_to_go] += 1
    if not shown:
        return None
    value, count = shown.most_common(1)[0]
    return value if count > shown.total() / 2 else None


def _find_finish(
    passages: Sequence[Passage],
    to_go: Sequence[int | None],
    finish_s: float | None,
    readings: Sequence[ScorebugReading],
) -> int | None:
    """Index of the passage that ends the race, or None."""
    if finish_s is not None:
        at_finish = [k for k, passage in enumerate(passages) if abs(passage.time_s - finish_s) <= CLOCK_OFF_S]
        if at_finish:
            return at_finish[0]
    last_lap_s = [reading.time_s for reading in readings if reading.laps_to_go == 1]
    for k, passage in enumerate(passages):
        follows = k > 0 and to_go[k - 1] == 1 and passage.time_s - passages[k - 1].time_s <= LONGEST_LAP_S
        shown = bool(last_lap_s) and 2.0 <= passage.time_s - last_lap_s[0] <= LONGEST_LAP_S
        if (follows or shown) and to_go[k] is None:
            return k
    return None


def _counted_from(k: int, passages: Sequence[Passage], to_go: Sequence[int | None], known: Sequence[int]) -> int | None:
    """Laps to go after passage ``k``, counted through laps of plausible length from the nearest that is known."""
    if not known:
        return None
    nearest = min(known, key=lambda other: abs(other - k))
    laps = to_go[nearest]
    assert laps is not None
    low, high = min(k, nearest), max(k, nearest)
    for before, after in zip(passages[low:high], passages[low + 1 : high + 1], strict=True):
        if not SHORTEST_LAP_S <= after.time_s - before.time_s <= LONGEST_LAP_S:
            return None
    return laps + (nearest - k)


@dataclass(frozen=True, slots=True)
class ShownLap:
    """A row of the score bug: with ``laps_to_go`` left ``name`` crossed as the ``rank``-th, after ``lap_time_s``."""

    laps_to_go: int
    rank: int
    name: str
    lap_time_s: float | None


def shown_laps(readings: Sequence[ScorebugReading]) -> list[ShownLap]:
    """What the rows said at each crossing, by majority over all readings with the same laps to go."""
    names: dict[tuple[int, int], Counter[str]] = {}
    times: dict[tuple[int, str], Counter[float]] = {}
    for reading in not_misread(readings):
        if reading.laps_to_go is None:
            continue
        for row in reading.rows:
            if row.rank is None or not row.name:
                continue
            names.setdefault((reading.laps_to_go, row.rank), Counter())[row.name] += 1
            if row.lap_time_s is not None:
                times.setdefault((reading.laps_to_go, row.name), Counter())[row.lap_time_s] += 1
    laps = []
    for (laps_to_go, rank), votes in sorted(names.items(), key=lambda item: (-item[0][0], item[0][1])):
        name = votes.most_common(1)[0][0]
        lap_times = times.get((laps_to_go, name))
        lap_time_s = lap_times.most_common(1)[0][0] if lap_times else None
        laps.append(ShownLap(laps_to_go, rank, name, lap_time_s))
    return laps


def not_misread(readings: Sequence[ScorebugReading]) -> list[ScorebugReading]:
    """Those with laps to go, without what was misread: the longest run of them that never counts up."""
    counted = [reading for reading in readings if reading.laps_to_go is not None]
    if not counted:
        return []
    down = [-(reading.laps_to_go or 0) for reading in counted]
    ends: list[int] = []  # of all runs of 1, 2, ... readings, the last of that which ends highest
    before: list[int] = []  # the reading before each in its run, -1: none
    for k, laps in enumerate(down):
        length = bisect_right(ends, laps, key=down.__getitem__)
        before.append(ends[length - 1] if length else -1)
        ends[length : length + 1] = [k]
    kept, k = [], ends[-1]
    while k >= 0:
        kept.append(counted[k])
        k = before[k]
    return kept[::-1]


def ranks_at_finish(readings: Sequence[ScorebugReading], stopped_at_s: float) -> dict[str, int]:
    """Name -> place in the result that the score bug shows once the clock has stopped, by majority."""
    names: dict[int, Counter[str]] = {}
    for reading in readings:
        if stopped_at_s <= reading.time_s < stopped_at_s + SHORTEST_LAP_S and not reading.laps_to_go:
            for row in reading.rows:
                if row.rank is not None and row.name:
                    names.setdefault(row.rank, Counter())[row.name] += 1
    return {shown.most_common(1)[0][0]: rank for rank, shown in sorted(names.items(), reverse=True)}
