"""Crossings of the finish line that the score bug tells of: who, as which, in which lap, and when.

Rows are refreshed at the line. Where a broadcaster brings each up as its racer crosses, the moment is the crossing's,
but for a lag that all share; that it is so is seen by the lap times, which are then the times between the rows of one
name. Else only the leader's moment is known, and of others what their lap times add to a time known before.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from race.clock import ClockRun
from race.events import RaceEvent
from race.formats import ScorebugReading
from race.laps import SHORTEST_LAP_S, not_misread

Floats = NDArray[np.float64]

NAMED_OFTEN = 10
"""A name shown in so many readings is none misread."""
LEAST_PAIRS = 4
"""So many pairs of rows of a lap, of which most came up one after the other: rows come up at the crossing."""
MOST_LATE_S = 5.0
"""Lap times that are further off the time between two rows of a name are misread, or of another lap."""
LEAST_SD_S = 0.05
"""Of the moment at which a row came up: it is read a few times a second."""
LAG_S, LEAST_LAGS = (-0.2, 2.0), 3
"""Of what is on the screen, and read there, behind the race, at the least and at the most; taken over so many laps."""
LAG_SD_S = 1.0
"""A row whose moment is less sure tells no lag."""


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
    for lap, showing, before in _showings(readings, event, final):
        found += _rows(lap, showing, before, names)
    return _timed(found)


def _showings(
    readings: Sequence[ScorebugReading], event: RaceEvent, final: ClockRun | None
) -> list[tuple[int, list[ScorebugReading], ScorebugReading | None]]:
    """Lap, readings from its end to the next, and the one before them."""
    counted = not_misread(readings)
    out: list[tuple[int, list[ScorebugReading], ScorebugReading | None]] = []
    for k, reading in enumerate(counted):
        lap = event.crossings - (reading.laps_to_go or 0)
        if out and out[-1][0] == lap:
            out[-1][1].append(reading)
        elif lap >= 1 and (not out or lap > out[-1][0]):
            out.append((lap, [reading], counted[k - 1] if k else None))
    if final is not None and final.stopped_at_s is not None:
        begin_s = final.race_start_s + (final.final_clock_s or 0.0) - 0.5
        after = [r for r in readings if begin_s <= r.time_s < begin_s + SHORTEST_LAP_S and not r.laps_to_go]
        before = [r for r in readings if r.time_s < begin_s]
        if after:
            out.append((event.crossings, after, before[-1] if before else None))
    return out


def _rows(
    lap: int, showing: Sequence[ScorebugReading], before: ScorebugReading | None, names: set[str]
) -> list[ToldCrossing]:
    stale = {(row.rank, row.name, row.lap_time_s) for row in before.rows} if before is not None else set()
    first_s: dict[tuple[int, str], float] = {}
    votes: Counter[tuple[int, str]] = Counter()
    lap_times: dict[tuple[int, str], Counter[float]] = {}
    for reading in showing:
        shown = {(row.rank, row.name, row.lap_time_s) for row in reading.rows}
        stale &= shown  # what was gone and comes again is new
        for rank, name, lap_time_s in shown - stale:
            if rank is not None and name in names:
                key = rank, str(name)
                votes[key] += 1
                first_s.setdefault(key, reading.time_s)
                if lap_time_s is not None:
                    lap_times.setdefault(key, Counter())[lap_time_s] += 1
    out: list[ToldCrossing] = []
    for key, _ in votes.most_common():
        if all(key[0] != other.rank and key[1] != other.name for other in out):
            lap_time_s = lap_times[key].most_common(1)[0][0] if key in lap_times else None
            out.append(ToldCrossing(lap, *key, lap_time_s, first_s[key], LEAST_SD_S))
    return sorted(out, key=lambda one: one.rank)


def _timed(found: Sequence[ToldCrossing]) -> list[ToldCrossing]:
    """``found`` with the times that hold. Rows are read some time after the crossing and never before it, and lap times
    tie those of a name together: of such a chain that which was read soonest tells best when all of them were."""
    rows = [(one.lap, one.time_s) for one in found if one.time_s is not None]
    later = [second_s - first_s for (first, first_s), (second, second_s) in pairwise(rows) if first == second]
    one_by_one = len(later) >= LEAST_PAIRS and float(np.median(later)) > 0
    chains = []
    late_s: list[float] = []
    for chain in _chains(found):
        told = [(found[n].rank, found[n].time_s or 0.0, since_s) for n, since_s in chain]
        begun_s = sorted(time_s - since_s for rank, time_s, since_s in told if rank == 1 or one_by_one)
        late_s += [time_s - begun_s[0] for time_s in begun_s[1:]]
        chains.append((chain, begun_s))
    usual_s = float(np.median(late_s)) / np.log(2) if late_s else 0.0  # exponentially distributed, about
    out = [_at(one, one.time_s if one.rank == 1 else None, one.time_sd_s) for one in found]
    for chain, begun_s in chains:
        if begun_s and late_s:
            early_s = usual_s / len(begun_s)
            for n, since_s in chain:
                out[n] = _at(found[n], begun_s[0] - early_s + since_s, float(np.hypot(LEAST_SD_S, early_s)))
    return out


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


def in_time(told: Sequence[ToldCrossing], crossed_s: Floats) -> list[ToldCrossing]:
    """``told`` without the lag of the score bug: the usual time from the first racer seen to cross, at one of the
    ``crossed_s`` (N,) in order, to the row of the first. None are left where that is not known."""
    lags = []
    for one in told:
        if one.rank == 1 and one.time_s is not None and one.time_sd_s <= LAG_SD_S:
            latest_s = one.time_s - LAG_S[0] + 2 * one.time_sd_s
            near = crossed_s[(crossed_s >= one.time_s - LAG_S[1]) & (crossed_s <= latest_s)]
            lags += [one.time_s - near[0]] if len(near) else []
    if len(lags) < LEAST_LAGS:
        return []
    lag_s = float(np.median(lags))
    off_s = 1.48 * float(np.median(np.abs(np.array(lags) - lag_s)))
    return [
        _at(one, one.time_s - lag_s, float(np.hypot(one.time_sd_s, off_s))) for one in told if one.time_s is not None
    ]


def _at(one: ToldCrossing, time_s: float | None, sd_s: float) -> ToldCrossing:
    return ToldCrossing(one.lap, one.rank, one.name, one.lap_time_s, time_s, sd_s)
