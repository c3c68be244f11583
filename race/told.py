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
LEAST_SD_S = 0.05
"""Of the moment at which a row came up: it is read a few times a second."""
LEAST_SEEN = 3.0
"""So many of the crossings told of have to be among those seen: else the score bug's lag is not known."""


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
    return found


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
    where hardly any of them were seen.

    Rows may come up as their racers cross, or all with the leader's: whichever agrees better."""
    ties = _chains(told)
    fits = [
        settle_moments([_as_chain(told, tie, one_by_one) for tie in ties], crossed_s, watched_s)
        for one_by_one in (True, False)
    ]
    begun_s, sd_s, seen, _ = max(fits, key=lambda fit: fit[3])
    if seen.sum() < LEAST_SEEN:
        return []
    out = list(told)
    for tie, from_s, off_s in zip(ties, begun_s.tolist(), sd_s.tolist(), strict=True):
        for n, since_s in tie:
            out[n] = replace(told[n], time_s=from_s + since_s, time_sd_s=off_s)
    return out


def _as_chain(told: Sequence[ToldCrossing], tie: Sequence[tuple[int, float]], one_by_one: bool) -> Chain:
    rows = [told[n] for n, _ in tie]
    return Chain(
        lap=np.array([one.lap for one in rows]),
        rank=np.array([one.rank for one in rows]),
        since_s=np.array([since_s for _, since_s in tie]),
        row_s=np.array([one.time_s for one in rows], np.float64),
        waits=np.array([one_by_one or one.rank == 1 for one in rows]),
    )
