"""What the score bug and the camera say of who leads, and of those out of the picture.

The laps to go change when the leader crosses the line, so that it is known about where the leader was in between:
nobody is ahead of that. And who was nowhere to be seen while the line was watched has not crossed it.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from race.clock import ClockRun
from race.events import LAP_M, RaceEvent
from race.formats import ScorebugReading
from race.ice import IcePaths, Told
from race.laps import LONGEST_LAP_S, SHORTEST_LAP_S
from race.unwrap import BACK_M, HOLE_S

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STAYS_S = 2.0
"""Laps to go that are gone sooner were misread."""
CHANGES_S = 0.6
"""A change is seen where the number before was read so shortly before."""
AHEAD_M = 10.0
"""Leaders do not skate evenly within a lap, and the score bug is late by up to 0.3 s."""
UNSEEN_AHEAD_M = 5.0
"""Who is not seen is on a way made up, and less is allowed: the score bug's 0.3 s."""
LONG_UNSEEN_S, PASSES_S, WATCHED = 5.0, 5.0, 0.5
"""Who was out of sight for longer cannot have passed another meanwhile who was seen for most of that time and never
lost for so long: from out of the picture behind to out of the picture ahead is 20 m."""
BEHIND_M = 1.0
TOGETHER_S, TOGETHER = 1.0, 0.25
"""Who is in one picture with the leader in such a share of the pictures so shortly before and after, ..."""
NEAR_S, UNSEEN_S = 0.5, 1.0
"""... is ahead of who is not seen for so long before it, nor so shortly after: but for 15 of 2078 such at the line in
24 simulated broadcasts. The score bug counts the leader's crossing within NEAR_S of it."""
AWAY_S, UNSEEN_AWAY_S = 5.0, 4.0
"""Where the camera was elsewhere at the line, so long before or after counts, for who was not seen for longer."""


def counted_crossings(
    readings: Sequence[ScorebugReading], event: RaceEvent, final: ClockRun | None
) -> dict[int, float]:
    """Lap -> when the leader crossed, by changes of the laps to go and the time at which the clock stopped."""
    runs: list[tuple[int, float, float]] = []  # laps to go, first and last time
    for reading in readings:
        if reading.laps_to_go is None:
            continue
        if runs and runs[-1][0] == reading.laps_to_go:
            runs[-1] = *runs[-1][:2], reading.time_s
        else:
            runs.append((reading.laps_to_go, reading.time_s, reading.time_s))
    joined: list[tuple[int, float, float]] = []
    for run in runs:
        if (
            len(joined) > 1
            and joined[-2][0] == run[0]
            and joined[-1][2] - joined[-1][1] < min(STAYS_S, run[2] - run[1])
        ):
            joined.pop()  # misread in between
        if joined and joined[-1][0] == run[0]:
            joined[-1] = *joined[-1][:2], run[2]
        else:
            joined.append(run)
    joined = [run for run in joined if run[2] - run[1] >= STAYS_S]
    crossed = {
        event.crossings - after[0]: after[1]
        for before, after in pairwise(joined)
        if after[0] == before[0] - 1 and after[1] - before[2] <= CHANGES_S
    }
    if final is not None and final.final_clock_s is not None:
        crossed[event.crossings] = final.race_start_s + final.final_clock_s
    return crossed


def leaders_way(crossed: dict[int, float], event: RaceEvent, time_s: Floats) -> Floats:
    """(F,) metres of the leader since the start, between crossings ``crossed`` a lap apart; NaN elsewhere."""
    way = np.full(len(time_s), np.nan)
    for lap, next_ in pairwise(sorted(crossed)):
        from_s, to_s = crossed[lap], crossed[next_]
        if next_ == lap + 1 and SHORTEST_LAP_S <= to_s - from_s <= LONGEST_LAP_S:
            within = (time_s >= from_s) & (time_s <= to_s)
            way[within] = event.crossing_m(lap) + LAP_M * (time_s[within] - from_s) / (to_s - from_s)
    return way


def not_ahead(ice: IcePaths, leader_m: Floats, told: Sequence[Told] = ()) -> IcePaths:
    """``ice`` without laps that would put a racer ahead of the leader (F,), or of those whom it cannot have passed out
    of sight: taken off from the time out of sight before on. The way made up through such a time is not known.

    ``told``: ids, and the crossings that the score bug tells of them; laps until the last of these are known."""
    s_m = ice.s_m.copy()
    for r, id_ in enumerate(ice.ids):
        known_s = max((one.time_s for other, one in told if other == id_ and one.time_s is not None), default=-np.inf)
        seen = np.flatnonzero(ice.seen[r])
        for a in np.flatnonzero(np.diff(ice.time_s[seen]) > HOLE_S):
            before, after = int(seen[a]), int(seen[a + 1])
            if ice.time_s[before] < known_s:
                continue
            later = seen[a + 1 :]
            ends = np.flatnonzero(np.diff(ice.time_s[later]) > HOLE_S)
            ahead = (s_m[r] - leader_m)[later[: ends[0] + 1] if len(ends) else later]
            ahead = ahead[np.isfinite(ahead)]
            laps = np.ceil((float(np.median(ahead)) - AHEAD_M) / LAP_M) if len(ahead) else 0.0
            went = s_m[r, after] - s_m[r, before]  # a lap less must leave it no further back than after a fall
            if laps <= 0 and went > LAP_M - BACK_M and _past_unseen(ice, s_m, r, before, after):
                laps = 1.0
            if laps > 0:
                s_m[r, before + 1 : after] = np.nan
                s_m[r, after:] -= laps * LAP_M
    with np.errstate(invalid="ignore"):
        s_m[~ice.seen & (s_m > leader_m + UNSEEN_AHEAD_M)] = np.nan
    return ice.with_way(s_m)


def _past_unseen(ice: IcePaths, s_m: Floats, r: int, before: int, after: int) -> bool:
    """Whether racer ``r``, out of sight between two frames, would have passed all of those who were ahead of it and
    were watched meanwhile."""
    time_s = ice.time_s
    if time_s[after] - time_s[before] < LONG_UNSEEN_S:
        return False
    passed = []
    for other in range(len(ice.ids)):
        seen = before + np.flatnonzero(ice.seen[other, before : after + 1])
        seen_s = np.concatenate([[time_s[before]], time_s[seen], [time_s[after]]])
        if other == r or float(np.diff(seen_s).max()) > PASSES_S or len(seen) < WATCHED * (after - before):
            continue
        if s_m[r, before] < s_m[other, before] - BEHIND_M:
            passed.append(bool(s_m[r, after] > s_m[other, after] + BEHIND_M))
    return bool(passed) and all(passed)


def behind_unseen(seen: Mask, time_s: Floats, leader: int, racer: int, at_s: float) -> Mask:
    """(R,) who is behind a racer that crossed at ``at_s``: nowhere to be seen around the nearest moment at which one
    picture showed that racer and the leader, which may be the same, nor from there to the line. ``seen`` (R, F)."""
    both = seen[leader] & seen[racer]
    if not both.any():
        return np.zeros(len(seen), bool)
    shown_s = time_s[both][np.argmin(np.abs(time_s[both] - at_s))]
    around = np.abs(time_s - shown_s) <= TOGETHER_S
    if abs(shown_s - at_s) > AWAY_S or both[around].mean() < TOGETHER:
        return np.zeros(len(seen), bool)
    unseen_s = UNSEEN_S if abs(shown_s - at_s) <= NEAR_S else UNSEEN_AWAY_S
    unseen = (time_s >= min(shown_s - unseen_s, at_s - NEAR_S)) & (time_s <= max(shown_s, at_s) + NEAR_S)
    return np.asarray(~seen[:, unseen].any(axis=1))
