"""Laps at camera level B: metres counted from the start line, and every crossing of the finish line timed.

Where a racer was seen on the start line, or soon after the field got off from there, its metres count from it. Who was
first seen later is put on the lap of the pack. Where nobody was seen to start, the laps to go on the score bug, or the
moment at which the clock stopped, tell the number of the leader's crossings; else crossings stay without one.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from race.clock import ClockRun
from race.crossings import LineCrossing
from race.events import LAP_M, RaceEvent
from race.formats import ScorebugReading
from race.ice import THROWN_M, THROWN_SD_M, TIP_M, TIP_SD_M, IcePaths, Told
from race.laps import Passage
from race.leader import counted_crossings, leaders_way, not_ahead

Floats = NDArray[np.float64]

SEEN_S = 0.3
"""Seen crossing is who was seen so shortly before and after."""
UNSEEN_SD = 1.2
"""Who was not seen crossing went less evenly than the smoother takes it to be: by so much on twelve simulated races, of
which with 2.0 90 % lay in the 80 % interval."""
STARTING_MPS, BEHIND_M, AHEAD_M = 7.0, 8.0, 15.0
"""Who was first seen slower than this, and so far behind or ahead of the start line, was starting there."""
FIRST_FRAMES = 15
AFTER_GUN_S = 8.0
"""Who was seen first so soon after the gun has not skated a lap less BEHIND_M: 103 m take over 10 s from standing."""
SHOWN_AFTER_S, SHOWN_UNTIL_S = 1.5, 6.5
"""Laps to go come up after the leader's crossing and stay for most of a lap, 8.5 s and more."""
TOLD_OFF_S = 0.5
"""A way that crosses unseen, so far from when the score bug tells, is not the racer's there."""
START_VOTES = 40
CLOCK_OFF_S = 0.7
SLOWEST_MPS = 2.0


def count_from_start(
    ice: IcePaths,
    event: RaceEvent,
    readings: Sequence[ScorebugReading],
    final: ClockRun | None,
    warnings: list[str],
    told: Sequence[Told] = (),
    begun_s: float | None = None,
) -> IcePaths:
    """``ice`` with ``s_m`` counted from the start line; ``from_start`` stays False where nothing tells the lap.

    ``told``: ids, and the crossings that the score bug tells of them. ``begun_s``: when the field was seen to
    start, or seen first in a race that was seen whole."""
    ice = ice.moved(np.full(len(ice.ids), event.first_crossing_m - LAP_M), False)  # up to whole laps
    offset = np.array([_from_start_line(ice, r, begun_s) for r in range(len(ice.ids))])
    started = bool(np.isfinite(offset).any()) or bool(told)
    ice = ice.moved(_beside(ice, offset), started)
    ice = _as_told(ice, told, event)
    votes = _votes(ice, event, readings, final)
    if not votes:
        return ice
    shown, count = votes.most_common(1)[0]
    if started and shown and count > max(START_VOTES, 3 * votes[0]):
        more = "more" if shown > 0 else "fewer"
        warnings.append(f"the score bug counts {abs(shown)} laps {more} than were seen skated")
    if not started:
        ice = ice.moved(np.full(len(ice.ids), shown * LAP_M), True)
    elif shown:
        return ice
    return not_ahead(ice, leaders_way(counted_crossings(readings, event, final), event, ice.time_s), told)


def _from_start_line(ice: IcePaths, r: int, begun_s: float | None) -> float:
    """What to add to the racer's metres where it was first seen on the start line or just off it; else NaN."""
    seen = np.flatnonzero(ice.seen[r])[:FIRST_FRAMES]
    if not len(seen):
        return float("nan")
    since_s = np.inf if begun_s is None else float(ice.time_s[seen[0]]) - begun_s
    if 0 <= since_s < AFTER_GUN_S:  # further on by less than a lap, so that there is one answer
        return float(-LAP_M * np.floor((ice.s_m[r, seen[0]] + BEHIND_M) / LAP_M))
    if not np.nanmin(ice.speed_mps[r, seen]) < STARTING_MPS:
        return float("nan")
    lap = np.round(ice.s_m[r, seen[0]] / LAP_M)
    near = -BEHIND_M <= ice.s_m[r, seen[0]] - lap * LAP_M <= AHEAD_M
    return float(-lap * LAP_M) if near else float("nan")


def _beside(ice: IcePaths, offset: Floats) -> Floats:
    """(R,) offsets for all: who has none is put on the lap of those who have, at a time when both are known."""
    out = offset.copy()
    if not np.isfinite(out).any():
        longest = int(np.isfinite(ice.s_m).sum(axis=1).argmax())
        out[longest] = 0.0
    for _ in range(len(out)):
        for r in np.flatnonzero(np.isnan(out)):
            known = np.flatnonzero(np.isfinite(out))
            apart = ice.s_m[r] - (ice.s_m[known] + out[known, None])  # (k, F)
            with np.errstate(invalid="ignore"):
                early = apart[:, np.isfinite(apart).any(axis=0)][:, :50]
            if early.size:
                # behind the pack by as little as possible: nobody is a lap ahead
                out[r] = -LAP_M * np.round(float(np.nanmedian(early)) / LAP_M)
    out[np.isnan(out)] = 0.0
    return out


def _as_told(ice: IcePaths, told: Sequence[Told], event: RaceEvent) -> IcePaths:
    """``ice`` with each racer on the laps in which it is told to have crossed while its way is known; others as they
    are to most of these."""
    off = np.full(len(ice.ids), np.nan)
    for r, id_ in enumerate(ice.ids):
        known = np.flatnonzero(np.isfinite(ice.s_m[r]))
        if not len(known):
            continue
        way_s = ice.time_s[known]
        crossed = [
            (one.time_s, event.crossing_m(one.lap))
            for other, one in told
            if other == id_ and one.time_s is not None and way_s[0] <= one.time_s <= way_s[-1]
        ]
        if crossed:
            at_s, told_m = np.array(crossed).T
            off[r] = np.median(np.round((told_m - np.interp(at_s, way_s, ice.s_m[r, known])) / LAP_M))
    if not np.isfinite(off).any():
        return ice
    off[np.isnan(off)] = np.round(np.nanmedian(off))
    return ice.moved(np.round(off) * LAP_M, True)


def _votes(
    ice: IcePaths, event: RaceEvent, readings: Sequence[ScorebugReading], final: ClockRun | None
) -> Counter[int]:
    """By how many laps ``s_m`` falls short of what the score bug counts -> how many readings say so."""
    votes: Counter[int] = Counter()
    with np.errstate(invalid="ignore"):
        known = np.isfinite(ice.s_m).any(axis=0)
        lead = np.full(len(ice.time_s), np.nan)
        lead[known] = np.nanmax(ice.s_m[:, known], axis=0)
    done = np.floor((lead - event.first_crossing_m) / LAP_M) + 1  # crossings so far
    since = (lead - event.first_crossing_m) % LAP_M / 12.5  # seconds, about
    for reading in readings:
        if reading.laps_to_go is None:
            continue
        t = int(np.searchsorted(ice.time_s, reading.time_s))
        if t >= len(lead) or not np.isfinite(lead[t]) or not SHOWN_AFTER_S <= since[t] <= SHOWN_UNTIL_S:
            continue
        votes[int(event.crossings - reading.laps_to_go - done[t])] += 1
    if final is not None and final.final_clock_s is not None:
        t = int(np.searchsorted(ice.time_s, final.race_start_s + final.final_clock_s))
        if t < len(lead) and np.isfinite(lead[t]):
            votes[round((event.distance_m - lead[t]) / LAP_M)] += 20
    return votes


def find_passages(ice: IcePaths, event: RaceEvent | None, told: Sequence[Told] = ()) -> list[Passage]:
    """Every racer's crossings, one passage a lap, in order of time; laps are None where they are not known.

    ``told``: ids, and the crossings that the score bug tells of them, which hold where the way does not show them."""
    last_lap = event.crossings if event is not None and ice.from_start else None
    first_m = event.first_crossing_m if event is not None else 0.0
    by_lap: dict[int, list[LineCrossing]] = {}
    for r in range(len(ice.ids)):
        for lap, crossing in _crossings_of(ice, r, first_m, last_lap):
            by_lap.setdefault(lap, []).append(crossing)
    racer_of = {int(id_): r for r, id_ in enumerate(ice.ids)}
    for id_, one in told if last_lap is not None else ():
        if one.time_s is None:
            continue
        crossings_ = by_lap.setdefault(one.lap, [])
        own = next((crossing for crossing in crossings_ if crossing.racer == racer_of[id_]), None)
        if own is None or (not own.seen and abs(own.time_s - one.time_s) > TOLD_OFF_S):
            crossings_[:] = [crossing for crossing in crossings_ if crossing is not own]
            crossings_.append(LineCrossing(racer_of[id_], one.time_s, one.time_sd_s, False, one.time_sd_s))
    passages = []
    for lap in sorted(by_lap):
        crossings = tuple(sorted(by_lap[lap], key=lambda one: one.time_s))
        passages.append(Passage(crossings, lap if last_lap is not None else None, lap == last_lap))
    return sorted(passages, key=lambda one: one.time_s)


def _crossings_of(ice: IcePaths, r: int, first_m: float, last_lap: int | None) -> list[tuple[int, LineCrossing]]:
    """(lap, crossing) of one racer: where the tip of its blade, so far ahead of its place, meets the line."""
    s, time_s = ice.s_m[r], ice.time_s
    known = np.flatnonzero(np.isfinite(s))
    if len(known) < 2:
        return []
    way = np.maximum.accumulate(s[known])
    seen_s = time_s[ice.seen[r]]
    first = int(np.ceil((way[0] - first_m) / LAP_M)) + 1
    last = int(np.floor((way[-1] + THROWN_M - first_m) / LAP_M)) + 1
    if last_lap is not None:
        first, last = max(first, 1), min(last, last_lap)
    out = []
    for lap in range(first, last + 1):
        tip, tip_sd = (THROWN_M, THROWN_SD_M) if lap == last_lap else (TIP_M, TIP_SD_M)
        line = first_m + (lap - 1) * LAP_M - tip
        after = int(np.searchsorted(way, line, side="left"))
        if not 0 < after < len(way):
            continue
        a, b = known[after - 1], known[after]
        if time_s[b] - time_s[a] > SEEN_S:  # the way in between is not known
            continue
        moment = float(np.interp(line, way[after - 1 : after + 1], time_s[[a, b]]))
        around = known[[max(after - 3, 0), min(after + 2, len(known) - 1)]]
        speed = max(float(np.diff(s[around])[0] / np.diff(time_s[around])[0]), SLOWEST_MPS)
        near = seen_s[np.abs(seen_s - moment) <= SEEN_S]
        seen = bool(len(near) and near.min() <= moment <= near.max())
        rough = 1.0 if seen else UNSEEN_SD
        crossing = LineCrossing(
            racer=r,
            time_s=moment,
            time_sd_s=float(np.hypot(rough * ice.s_sd[r, b], tip_sd)) / speed,
            seen=seen,
            own_sd_s=float(np.hypot(rough * ice.s_own_sd[r, b], tip_sd)) / speed,
        )
        out.append((lap, crossing))
    return out
