"""Crossings of the finish line that the score bug tells of: who, as which, in which lap, and when.

Rows are refreshed at the line: each as its racer crosses, or all with the leader; they are read some time after. Lap
times are then the times between the crossings of one name; `race/told_times.py` settles when these were.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.clock import ClockRun
from race.events import RaceEvent
from race.formats import ScorebugReading
from race.laps import SHORTEST_LAP_S, not_misread
from race.told_times import Chain, settle_moments

Floats = NDArray[np.float64]

NAMED_OFTEN = 10
"""A name shown in so many readings is none misread."""
MOST_LATE_S = 5.0
"""Lap times that are further off the time between two rows of a name are misread, or of another lap."""
LEADING_S = 5.0
"""Rows are read so long before the laps to go of their lap, at most."""
LEAST_SD_S = 0.05
"""Of the moment at which a row came up: it is read a few times a second."""
AHEAD_S = (0.0, 0.25, 0.5)
"""By so much may what is on the screen be ahead of the picture."""
LEAST_SEEN, LEAST_LAPS = 3.0, 3
"""So many of the crossings told of have to be among those seen, and of so many laps: else the score bug's lag is not
known."""


@dataclass(frozen=True, slots=True)
class ToldCrossing:
    """``name`` crossed as the ``rank``-th in ``lap``, at ``time_s`` by the score bug; None: unknown."""

    lap: int
    rank: int
    name: str
    lap_time_s: float | None
    time_s: float | None
    time_sd_s: float


def often_named(readings: Sequence[ScorebugReading]) -> list[str]:
    """The names that the score bug has shown often enough to be none misread, the most frequent first."""
    shown = Counter(row.name for reading in readings for row in reading.rows if row.name)
    return [name for name, times in shown.most_common() if times >= NAMED_OFTEN]


def told_crossings(readings: Sequence[ScorebugReading], event: RaceEvent, final: ClockRun | None) -> list[ToldCrossing]:
    """What the rows tell, by lap and rank; one per rank, and per name, of each lap."""
    names = set(often_named(readings))
    found: list[ToldCrossing] = []
    for showing in _showings(readings, event, final):
        found += _rows(showing, names)
    return found


@dataclass(frozen=True, slots=True)
class _Showing:
    """What the score bug shows of a lap: ``before``, the last reading of an earlier one; ``leading``, those after it,
    shortly before the laps to go were read; ``counted``, those up to the next lap."""

    lap: int
    before: ScorebugReading | None
    leading: list[ScorebugReading]
    counted: list[ScorebugReading]


def _showings(readings: Sequence[ScorebugReading], event: RaceEvent, final: ClockRun | None) -> list[_Showing]:
    counted = not_misread(readings)
    out: list[_Showing] = []
    for k, reading in enumerate(counted):
        lap = event.crossings - (reading.laps_to_go or 0)
        if out and out[-1].lap == lap:
            out[-1].counted.append(reading)
        elif lap >= 1 and (not out or lap > out[-1].lap):
            before = counted[k - 1] if k else None
            from_s = max(before.time_s if before is not None else -np.inf, reading.time_s - LEADING_S)
            leading = [one for one in readings if from_s < one.time_s < reading.time_s and one.laps_to_go is None]
            out.append(_Showing(lap, before, leading, [reading]))
    if final is not None and final.stopped_at_s is not None:
        begin_s = final.race_start_s + (final.final_clock_s or 0.0) - 0.5
        after = [one for one in readings if begin_s <= one.time_s < begin_s + SHORTEST_LAP_S and not one.laps_to_go]
        earlier = [one for one in readings if one.time_s < begin_s]
        if after:
            out.append(_Showing(event.crossings, earlier[-1] if earlier else None, [], after))
    return out


def _rows(showing: _Showing, names: set[str]) -> list[ToldCrossing]:
    stale = _shown(showing.before) if showing.before is not None else set()
    up: dict[tuple[int, str], tuple[float, float | None]] = {}  # from when on a row was shown, and its lap time
    for reading in showing.leading:
        shown = _shown(reading)
        stale &= shown  # what was gone and comes again is new
        before, up = up, {}
        for rank, name, lap_time_s in shown - stale:
            since_s, earlier_s = before.get((rank, name), (reading.time_s, None))
            up[rank, name] = (since_s if earlier_s in (None, lap_time_s) else reading.time_s, lap_time_s)
    votes: Counter[tuple[int, str]] = Counter()
    lap_times: dict[tuple[int, str], Counter[float]] = {}
    for reading in showing.counted:
        shown = _shown(reading)
        stale &= shown
        for rank, name, lap_time_s in shown - stale:
            if name in names:
                votes[rank, name] += 1
                up.setdefault((rank, name), (reading.time_s, lap_time_s))
                if lap_time_s is not None:
                    lap_times.setdefault((rank, name), Counter())[lap_time_s] += 1
    out: list[ToldCrossing] = []
    for key, _ in votes.most_common():
        if all(key[0] != other.rank and key[1] != other.name for other in out):
            lap_time_s = lap_times[key].most_common(1)[0][0] if key in lap_times else None
            out.append(ToldCrossing(showing.lap, *key, lap_time_s, up[key][0], LEAST_SD_S))
    return sorted(out, key=lambda one: one.rank)


def _shown(reading: ScorebugReading) -> set[tuple[int, str, float | None]]:
    return {(row.rank, row.name, row.lap_time_s) for row in reading.rows if row.rank is not None and row.name}


def _chains(found: Sequence[ToldCrossing]) -> list[list[tuple[int, float]]]:
    """Numbers of crossings of a name that lap times tie together, each with the seconds since the first of them."""
    chains: list[list[tuple[int, float]]] = []
    latest: dict[str, list[tuple[int, float]]] = {}
    for n, one in enumerate(found):
        chain = latest.get(one.name)
        if chain is not None and one.lap_time_s is not None and found[chain[-1][0]].lap == one.lap - 1:
            before = found[chain[-1][0]]
            assert before.time_s is not None
            assert one.time_s is not None  # rows as they come
            if abs(one.time_s - before.time_s - one.lap_time_s) <= MOST_LATE_S:
                chain.append((n, chain[-1][1] + one.lap_time_s))
                continue
        latest[one.name] = [(n, 0.0)]
        chains.append(latest[one.name])
    return chains


def in_time(told: Sequence[ToldCrossing], crossed_s: Floats, watched_s: Floats) -> list[ToldCrossing]:
    """``told`` with the times that agree best with their rows, their lap times and the moments ``crossed_s`` (N,), in
    order, at which somebody was seen to cross in the registered pictures, of times ``watched_s`` (F,). None are left
    where hardly any of them were seen, or they are of a lap or two.

    Rows may come up as their racers cross, or all with the leader's, and what is on the screen may be ahead of the
    picture: whichever agrees best."""
    if len({one.lap for one in told}) < LEAST_LAPS:
        return []
    ties = _chains(told)
    fits = [
        settle_moments([_as_chain(told, tie, one_by_one, ahead_s) for tie in ties], crossed_s, watched_s)
        for one_by_one in (True, False)
        for ahead_s in AHEAD_S
    ]
    begun_s, sd_s, seen, _ = max(fits, key=lambda fit: fit[3])
    if seen.sum() < LEAST_SEEN:
        return []
    out = list(told)
    for tie, from_s, off_s in zip(ties, begun_s.tolist(), sd_s.tolist(), strict=True):
        for n, since_s in tie:
            out[n] = replace(told[n], time_s=from_s + since_s, time_sd_s=off_s)
    return out


def _as_chain(
    told: Sequence[ToldCrossing], tie: Sequence[tuple[int, float]], one_by_one: bool, ahead_s: float
) -> Chain:
    rows = [told[n] for n, _ in tie]
    return Chain(
        lap=np.array([one.lap for one in rows]),
        rank=np.array([one.rank for one in rows]),
        since_s=np.array([since_s for _, since_s in tie]),
        row_s=np.array([one.time_s for one in rows], np.float64) + ahead_s,
        waits=np.array([one_by_one or one.rank == 1 for one in rows]),
    )
