"""Relays: who relieves whom, when and where, from everybody's ways over the ice (camera level B).

A team-mate who waits circles inside the track, comes out over a few seconds while gaining racing speed, is caught up
with and pushed, and the one who raced goes in and slows down. Coming out and going in are seen even where the two are
one blob in the picture at the touch itself, and nobody else does either: an exchange is one of each, close together in
time, place and colours of the suit. Where the picture shows no more than the pack, it is two in the suit of one team
who are within reach of each other for a while, and of whom the one was ahead before and is ahead afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from race.formats import Exchange
from race.observations import Observations
from race.passes import where_on_track
from race.rink import Rink
from race.scene import Scene
from race.ways import WATCHED_S, Way, find_ways, is_watched, look_of, place_at, speed_at, unlike
from tracking import Tracks

Floats = NDArray[np.float64]

OUT_M, INSIDE_M, ON_TRACK_M = -1.5, -2.5, -0.9
"""d at which somebody comes out or goes in, having been inside and being on the track within WITHIN_S."""
WITHIN_S = 3.0
RACING_MPS = 7.0
LONGEST_GAP_S = 4.5
"""Between two sights of somebody who comes out or goes in meanwhile."""
LASTS_S, LASTS_SD_S = 3.9, 1.1
"""From coming out to the other's going in, as in simulated relays; at most BETWEEN_S."""
BETWEEN_S = (1.2, 6.5)
BEHIND_M = (-4.0, 16.0)
"""Who went in is so far behind who came out, when it goes in."""
BEHIND_USUAL_M, BEHIND_SD_M = 5.0, 4.0
COLOUR_SD = 0.25
"""Of a Hellinger distance between suits of one team."""
MOST_COST = 20.0
REACH_M, BESIDE_M = 1.4, 0.9
"""Hands reach so far from body to body; a push ends when more is between them."""
MIDDLE_SD_S, TOUCH_SD_S = 0.5, 0.2
OUT_TO_TOUCH_S, TOUCH_TO_IN_S, ALONE_SD_S = 2.2, 1.65, 0.6
"""Where only one of the two was seen to come or go."""
SAME_S, SAME_SUIT = 6.0, 0.2
"""One team does not change twice within so long; the suits of two teams are further apart."""
PUSH_S = 0.16
"""Two in one suit who are within reach for longer, ..."""
PUSHED_D_M = -1.0
"""... on the track, ..."""
LEVEL_M = 0.5
"""... of whom one was or will be out of reach ahead, and is never so far behind."""
TEAM_BEFORE_S, TEAM_AFTER_S = (-3.0, -0.3), (0.7, 3.0)
"""Of the touch: when the one who raced, and the one who races, is the team's competitor."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody comes out, or goes in, at ``time_s``; ``look`` are roots of the suit's colours around then."""

    way: Way
    time_s: float
    sd_s: float
    look: Floats


RELIEVED_S = 2.0
"""So long before and after the touch the place of a team may be that of either of the two."""

Touch = tuple[float, float, float | None, float | None, Turn | None, Turn | None]
"""When, its standard deviation, how far the push went, how near they came, who came out and who went in."""


def find_exchanges(
    everybody: Tracks, competitors: Tracks, observations: Observations, scene: Scene, rink: Rink,
    handed: Sequence[tuple[int, int]] = (),
) -> list[Exchange]:  # fmt: skip
    """In order of time; ``competitor`` is None where nobody was followed there, ``leg`` is not counted yet.

    ``handed``: detections of who handed over and of who took over, where a team's way led from the one to the other.
    """
    ways = find_ways(everybody, observations, scene, rink)
    out = [turn for way in ways for turn in turns(way, outward=True)]
    inward = [turn for way in ways for turn in turns(way, outward=False)]
    pairs = pair_turns(out, inward, rink.lap_m)
    touches: list[Touch] = [(*_touch(comes, goes, rink.lap_m), comes, goes) for comes, goes in pairs]
    team_of = np.full(len(observations.detections), -1)
    team_of[competitors.detection[competitors.seen]] = competitors.id[competitors.seen]
    detection_s = scene.time_s[np.searchsorted(scene.number, observations.detections.frame)]

    def followed_as(way: Way, from_s: float, to_s: float) -> list[int]:
        rows = everybody.detection[everybody.seen & (everybody.id == way.id)]
        return [int(team) for team in team_of[rows[(detection_s[rows] >= from_s) & (detection_s[rows] <= to_s)]]]

    for touch_s, comes, goes in _touches_of(handed, everybody, detection_s, ways):
        if not _known(touch_s, comes, touches):
            touches.append((touch_s, TOUCH_SD_S, None, None, comes, goes))
    for comes, goes in pushes(ways, rink.lap_m):
        touch = _touch(comes, goes, rink.lap_m)
        raced = [_most(followed_as(turn.way, touch[0] + TEAM_BEFORE_S[0], touch[0]))[0] for turn in (goes, comes)]
        rivals = None not in raced and raced[0] != raced[1]
        if not rivals and not _known(touch[0], comes, touches):
            touches.append((*touch, comes, goes))
    for comes in out:
        touch_s = comes.time_s + OUT_TO_TOUCH_S
        if not _known(touch_s, comes, touches):
            touches.append((touch_s, ALONE_SD_S, None, None, comes, None))
    for goes in inward:
        touch_s = goes.time_s - TOUCH_TO_IN_S
        if not _known(touch_s, goes, touches):
            touches.append((touch_s, ALONE_SD_S, None, None, None, goes))
    found = []
    for touch_s, sd_s, push_m, nearest_m, comes_, goes_ in touches:
        teams: list[int] = []
        for turn, (from_s, to_s) in ((goes_, TEAM_BEFORE_S), (comes_, TEAM_AFTER_S)):
            if turn is not None:
                teams += followed_as(turn.way, touch_s + from_s, touch_s + to_s)
        team, share = _most(teams)
        one = comes_ or goes_
        assert one is not None
        u = place_at(one.way, touch_s)
        before, after = (None if comes_ is None else speed_at(comes_.way, touch_s + at) for at in (-0.2, 1.0))
        found.append(
            Exchange(
                competitor=team,
                time_s=round(touch_s, 3),
                time_sd_s=round(sd_s, 3),
                place_m=round(u % rink.lap_m, 1),
                where=where_on_track(u, None, rink),
                push_m=None if push_m is None else round(push_m, 1),
                nearest_m=None if nearest_m is None else round(nearest_m, 2),
                speed_before_mps=before,
                speed_after_mps=after,
                confidence=round(share, 2),
            )
        )
    return sorted(found, key=lambda one: one.time_s)


def _touches_of(
    handed: Sequence[tuple[int, int]], everybody: Tracks, detection_s: Floats, ways: Sequence[Way]
) -> list[tuple[float, Turn, Turn]]:
    """When they touched, who came and who went, of those whose ways are known."""
    person = dict(zip(everybody.detection[everybody.seen].tolist(), everybody.id[everybody.seen].tolist(), strict=True))
    by_id = {way.id: way for way in ways}
    found = []
    for giver, taker in handed:
        goes, comes = (by_id.get(person.get(row, -1)) for row in (giver, taker))
        touch_s = float(detection_s[giver])
        if goes is not None and comes is not None and goes is not comes:
            turns_ = [Turn(way, touch_s, TOUCH_SD_S, look_of(way, touch_s)) for way in (comes, goes)]
            found.append((touch_s, turns_[0], turns_[1]))
    return found


def _known(touch_s: float, turn: Turn, touches: list[Touch]) -> bool:
    """Whether the exchange that ``turn`` tells is told already, by the other half, a pair or a push."""
    for other_s, _, _, _, comes, goes in touches:
        for other in (comes, goes):
            if other is not None and abs(other_s - touch_s) < SAME_S and unlike(turn.look, other.look) < SAME_SUIT:
                return True
    return False


def being_relieved(exchanges: Sequence[Exchange], ids: NDArray[np.int32], time_s: Floats) -> NDArray[np.bool_]:
    """(R, F) where a team, by its id of ``ids`` (R,), changes racers; of an exchange of an unknown team all may."""
    out = np.zeros((len(ids), len(time_s)), bool)
    for one in exchanges:
        near = np.abs(time_s - one.time_s) <= RELIEVED_S
        whose = np.ones(len(ids), bool) if one.competitor is None else ids == one.competitor
        out |= whose[:, None] & near
    return out


def turns(way: Way, outward: bool) -> list[Turn]:
    """Every time somebody comes out from inside and races (``outward``), or goes in."""
    d, time_s = (way.d, way.time_s) if outward else (way.d[::-1], -way.time_s[::-1])
    speed = way.speed if outward else way.speed[::-1]
    out: list[Turn] = []
    for n in np.flatnonzero((d[:-1] < OUT_M) & (d[1:] >= OUT_M)):
        gap = time_s[n + 1] - time_s[n]
        before = (time_s <= time_s[n]) & (time_s >= time_s[n] - WITHIN_S)
        after = (time_s > time_s[n]) & (time_s <= time_s[n + 1] + WITHIN_S)
        if gap > LONGEST_GAP_S or d[before].min() > INSIDE_M or d[after].max() < ON_TRACK_M:
            continue
        if not np.any(speed[after] >= RACING_MPS):
            continue
        moment = float(np.interp(OUT_M, d[n : n + 2], time_s[n : n + 2]))
        moment = moment if outward else -moment
        one = Turn(way, moment, max(0.15, float(gap) / np.sqrt(12)), look_of(way, moment))
        if not out or abs(out[-1].time_s - one.time_s) > WITHIN_S:  # one that trembles on the edge
            out.append(one)
    return out


def pushes(ways: Sequence[Way], lap_m: float) -> list[tuple[Turn, Turn]]:
    """Who is pushed and who pushes, with the moments from and until which both are watched around it."""
    found = []
    for k, one in enumerate(ways):
        for other in ways[k + 1 :]:
            if one.time_s[0] > other.time_s[-1] or other.time_s[0] > one.time_s[-1]:
                continue
            time_s, ahead, beside = _between(one, other, -np.inf, np.inf, lap_m)
            within = np.flatnonzero((np.abs(ahead) <= REACH_M) & (np.abs(beside) <= BESIDE_M))
            for touched in np.split(within, np.flatnonzero(np.diff(time_s[within]) > WITHIN_S) + 1):
                if not len(touched) or time_s[touched[-1]] - time_s[touched[0]] < PUSH_S:
                    continue
                first_s, last_s = float(time_s[touched[0]]), float(time_s[touched[-1]])
                looks = [look_of(way, first_s) for way in (one, other)]
                if unlike(*looks) >= SAME_SUIT or not all(_races(way, time_s[touched]) for way in (one, other)):
                    continue
                around = np.flatnonzero((time_s >= first_s - WITHIN_S) & (time_s <= last_s + WITHIN_S))
                ends = ahead[around[[0, -1]]]
                if np.abs(ends).max() < REACH_M or (ends.min() < -LEVEL_M and ends.max() > LEVEL_M):
                    continue
                goes, comes = ((one, looks[0]), (other, looks[1]))[:: 1 if ends.sum() > 0 else -1]
                until_s, since_s = float(time_s[around[-1]]), float(time_s[around[0]])
                found.append(
                    (Turn(comes[0], since_s, TOUCH_SD_S, comes[1]), Turn(goes[0], until_s, TOUCH_SD_S, goes[1]))
                )
    return found


def _races(way: Way, time_s: Floats) -> bool:
    """Whether it is on the track and at racing speed for most of the moments ``time_s``."""
    d, speed = (np.interp(time_s, way.time_s, values) for values in (way.d, way.speed))
    return bool(np.median(d) >= PUSHED_D_M and np.median(speed) >= RACING_MPS)


def pair_turns(out: list[Turn], inward: list[Turn], lap_m: float) -> list[tuple[Turn, Turn]]:
    """Who comes out with who goes in, so that they fit best in time, place and colours."""
    if not out or not inward:
        return []
    cost = np.full((len(out), len(inward)), MOST_COST)
    for k, comes in enumerate(out):
        for n, goes in enumerate(inward):
            lasts = goes.time_s - comes.time_s
            if not BETWEEN_S[0] <= lasts <= BETWEEN_S[1] or comes.way.id == goes.way.id:
                continue
            ahead = place_at(comes.way, goes.time_s) - place_at(goes.way, goes.time_s)
            ahead -= lap_m * np.round(ahead / lap_m)
            if not BEHIND_M[0] <= ahead <= BEHIND_M[1]:
                continue
            cost[k, n] = (
                ((lasts - LASTS_S) / np.hypot(LASTS_SD_S, np.hypot(comes.sd_s, goes.sd_s))) ** 2
                + ((ahead - BEHIND_USUAL_M) / BEHIND_SD_M) ** 2
                + (unlike(comes.look, goes.look) / COLOUR_SD) ** 2
            )
    rows, columns = linear_sum_assignment(cost)
    return [(out[k], inward[n]) for k, n in zip(rows, columns, strict=True) if cost[k, n] < MOST_COST]


def _touch(comes: Turn, goes: Turn, lap_m: float) -> tuple[float, float, float | None, float | None]:
    """When they touched, its standard deviation, how far the push went, and how near to one another they came.

    The last two are None where not both were seen throughout.
    """
    middle = (comes.time_s + goes.time_s) / 2
    b = comes.way
    time_s, behind, beside = _between(goes.way, b, comes.time_s, goes.time_s, lap_m)
    if not len(time_s):
        return middle, MIDDLE_SD_S, None, None
    ends = np.concatenate([[comes.time_s], time_s, [goes.time_s]])
    nearest_m = float(np.hypot(behind, beside).min()) if np.diff(ends).max() < WATCHED_S else None
    within = (np.abs(behind) <= REACH_M) & (np.abs(beside) <= BESIDE_M)
    if not within.any():
        return middle, MIDDLE_SD_S, None, nearest_m
    first, last = np.flatnonzero(within)[[0, -1]]
    step_s = time_s[first] - time_s[first - 1] if first else LONGEST_GAP_S
    sd_s = float(np.hypot(TOUCH_SD_S, step_s / np.sqrt(12)))
    watched = bool(np.all(np.diff(time_s[max(first - 1, 0) : last + 2]) < 0.2)) and first > 0 and last + 1 < len(time_s)
    length = float(np.interp(time_s[last], b.time_s, b.u) - np.interp(time_s[first], b.time_s, b.u))
    return float(time_s[first]), sd_s, length if watched else None, nearest_m


def _between(a: Way, b: Way, from_s: float, to_s: float, lap_m: float) -> tuple[Floats, Floats, Floats]:
    """Moments (n,) at which both are watched, how far b is ahead of a then (n,), m, and how far outside (n,)."""
    time_s = np.union1d(a.time_s, b.time_s)
    time_s = time_s[(time_s >= from_s) & (time_s <= to_s) & is_watched(a, time_s) & is_watched(b, time_s)]
    ahead = np.interp(time_s, b.time_s, b.u) - np.interp(time_s, a.time_s, a.u)
    ahead -= lap_m * np.round(ahead / lap_m)
    return time_s, ahead, np.interp(time_s, b.time_s, b.d) - np.interp(time_s, a.time_s, a.d)


def _most(teams: list[int]) -> tuple[int | None, float]:
    known, counts = np.unique([team for team in teams if team > 0], return_counts=True)
    if not len(known):
        return None, 0.0
    best = int(counts.argmax())
    return int(known[best]), float(counts[best] / len(teams))
