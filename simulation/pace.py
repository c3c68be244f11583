"""The truth of how each skated: what ``race/pace.py`` and ``race/relay.py`` say of paths without an error."""

import numpy as np
from numpy.typing import NDArray

from race.events import find_event
from race.formats import Exchange, Race
from race.ice import IcePaths
from race.ice_order import gaps_in_time
from race.pace import with_pace
from race.relay import with_relay
from race.rink import Rink
from simulation.motion import RATE_HZ, Motion

Floats = NDArray[np.float64]

EVERY = round(RATE_HZ / 25)
"""Of the steps of a motion."""


def with_true_pace(race: Race, motion: Motion) -> Race:
    """``race``, whose times are those of the video, with its ``pace`` while the video runs."""
    start_s = race.race_start_s or 0.0
    every = np.arange(0, len(motion.time_s), EVERY)
    video_s = motion.time_s[every] + start_s
    steps = every[(video_s >= 0) & (video_s <= race.video.duration_s)]
    ice = true_paths(motion, steps, start_s)
    event = None if race.event.name is None else find_event(race.event.name, race.event.gender)
    known = np.isfinite(ice.s_m)
    order = np.where(known, -ice.s_m, np.inf)
    rank = np.where(known, 1.0 + np.argsort(np.argsort(order, axis=0), axis=0), np.nan)
    race = with_pace(race, ice.ids, rank, gaps_in_time(ice), ice.time_s, ice, event)
    if event is None or not event.is_relay:
        return race
    return with_relay(race, true_exchanges(motion, start_s, race.video.duration_s), ice, event)


def true_exchanges(motion: Motion, start_s: float, until_s: float) -> list[Exchange]:
    """Every time another member of a team races, while the video runs; the speeds are those of who takes over."""
    out = []
    for competitor in motion.competitors:
        team = np.array([k for k, one in enumerate(motion.people) if one.competitor == competitor.id])
        racer = team[np.argmax(motion.racing[team], axis=0)]
        racing = motion.racing[team].any(axis=0)
        for n in np.flatnonzero((racer[1:] != racer[:-1]) & racing[1:] & racing[:-1]) + 1:
            time_s = float(motion.time_s[n]) + start_s
            if 0 <= time_s <= until_s:
                later = min(int(n) + round(RATE_HZ), len(motion.time_s) - 1)
                out.append(
                    Exchange(
                        competitor=competitor.id,
                        time_s=time_s,
                        speed_before_mps=round(float(motion.speed[racer[n], n]), 2),
                        speed_after_mps=round(float(motion.speed[racer[n], later]), 2),
                        confidence=1.0,
                    )
                )
    return sorted(out, key=lambda one: one.time_s)


def true_paths(motion: Motion, steps: NDArray[np.intp], start_s: float) -> IcePaths:
    """Where the competitors were at ``steps``, (T,) of ``motion``: a team is where its racer is."""
    time_s = motion.time_s[steps]
    shape = len(motion.competitors), len(steps)
    xy, velocity = np.full((*shape, 2), np.nan), np.full((*shape, 2), np.nan)
    s, d, speed = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    for k, person in enumerate(motion.people):
        if person.competitor is None:
            continue
        now = np.flatnonzero(motion.racing[k, steps])
        row, at = person.competitor - 1, steps[now]
        xy[row, now], speed[row, now] = motion.xy[k, at], motion.speed[k, at]
        s[row, now], d[row, now] = motion.s_m[k, at], motion.d_m[k, at]
        heading = motion.heading[k, at]
        velocity[row, now] = motion.speed[k, at, None] * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    exact = np.where(np.isfinite(s), 0.0, np.nan)
    return IcePaths(
        ids=np.arange(1, shape[0] + 1, dtype=np.int32),
        time_s=time_s + start_s,
        xy=xy,
        xy_sd=exact,
        velocity=velocity,
        s_m=s,
        s_sd=exact,
        s_own_sd=exact,
        d_m=d,
        d_sd=exact,
        speed_mps=speed,
        speed_sd=exact,
        seen=np.isfinite(s),
        sure=np.where(np.isfinite(s), 1.0, np.nan),
        from_start=True,
        rink=Rink(track_shift_m=motion.track_shift_m),
    )
