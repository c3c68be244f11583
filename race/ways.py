"""Everybody's ways over the ice, whoever it is: what exchanges of relays are told by (camera level B)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.guide import make_guide
from race.ice import measure
from race.incidents.kinematics import fit_lines
from race.observations import Observations
from race.rink import Rink
from race.scene import Scene
from tracking import Tracks

Floats = NDArray[np.float64]

LEAST_SEEN = 5
WINDOW_S = 0.25
LOOK_S = 3.0
"""Colours of a suit are a mean over so long before and after."""
WATCHED_S = 0.4
"""Nobody is out of sight for longer where it is told how near two came."""


@dataclass(frozen=True, slots=True)
class Way:
    """One person's way, n moments at which it was seen and the camera known.

    u (n,) m past the finish line, unwrapped, and d (n,), smoothed; speed (n,) m/s; root (n, 24) of the suit's colours
    """

    id: int
    time_s: Floats
    u: Floats
    d: Floats
    speed: Floats
    root: Floats


def find_ways(everybody: Tracks, observations: Observations, scene: Scene, rink: Rink) -> list[Way]:
    """Of everybody whom the tracker follows in pictures whose pose is known, for LEAST_SEEN of them and more."""
    guide, poses = make_guide(rink), observations.poses
    assert poses is not None
    rows = np.flatnonzero(everybody.seen)
    column = np.searchsorted(scene.number, everybody.frame[rows])
    rows, column = rows[poses.known[column]], column[poses.known[column]]
    if not len(rows):
        return []
    place, _, _ = measure(observations, everybody.detection[rows], column, guide, 0.0)
    track = rink.to_track(guide.to_ice(place)[0])
    root = np.sqrt(observations.detections.suit[everybody.detection[rows]])
    ways: list[Way] = []
    for id_ in np.unique(everybody.id[rows]):
        mine = np.flatnonzero((everybody.id[rows] == id_) & np.isfinite(track[:, 0]))
        if len(mine) < LEAST_SEEN:
            continue
        time_s = scene.time_s[column[mine]]
        u = np.unwrap(track[mine, 0], period=rink.lap_m)
        smooth, rate = fit_lines(time_s, np.stack([u, track[mine, 1]]), WINDOW_S)
        radius = np.where(_in_corner(smooth[0], rink), 1 + smooth[1] / rink.measured_radius_m, 1.0)
        speed = np.hypot(rate[0] * np.maximum(radius, 0.1), rate[1])
        told = np.isfinite(smooth).all(axis=0) & np.isfinite(speed)  # alone for a moment nobody has a direction
        if told.sum() >= LEAST_SEEN:
            ways.append(Way(int(id_), time_s[told], smooth[0, told], smooth[1, told], speed[told], root[mine][told]))
    return ways


def _in_corner(u: Floats, rink: Rink) -> NDArray[np.bool_]:
    local = np.mod(u - rink.track_shift_m, rink.lap_m / 2)
    return np.asarray((local > rink.straight_m / 2) & (local < rink.lap_m / 2 - rink.straight_m / 2))


def look_of(way: Way, time_s: float) -> Floats:
    """Mean root (24,) of the suit's colours around then, NaN where they were not seen."""
    near = way.root[np.abs(way.time_s - time_s) <= LOOK_S]
    known = near[np.isfinite(near).all(axis=1)]
    return np.asarray(known.mean(axis=0) if len(known) else np.full(way.root.shape[1], np.nan))


def unlike(first: Floats, second: Floats) -> float:
    """Hellinger distance between the roots of two suits' colours; what is not known is like everything."""
    return float(np.nan_to_num(np.sqrt(np.sum((first - second) ** 2) / 2)))


def place_at(way: Way, time_s: float) -> float:
    """u at ``time_s``, carried on at the last speed for a moment after the way was lost sight of."""
    n = int(np.clip(np.searchsorted(way.time_s, time_s), 1, len(way.time_s) - 1))
    if way.time_s[0] <= time_s <= way.time_s[-1]:
        return float(np.interp(time_s, way.time_s[n - 1 : n + 1], way.u[n - 1 : n + 1]))
    edge = 0 if time_s < way.time_s[0] else -1
    return float(way.u[edge] + way.speed[edge] * (time_s - way.time_s[edge]))


def speed_at(way: Way, time_s: float) -> float | None:
    """Mean over a moment; None where it was not seen."""
    near = way.speed[np.abs(way.time_s - time_s) <= 0.2]
    return round(float(near.mean()), 2) if len(near) else None


def is_watched(way: Way, time_s: Floats) -> NDArray[np.bool_]:
    """(n,) moments at which the next sights before and after are no further apart than WATCHED_S."""
    after = np.clip(np.searchsorted(way.time_s, time_s), 0, len(way.time_s) - 1)
    before = np.clip(np.searchsorted(way.time_s, time_s, side="right") - 1, 0, None)
    inside = (time_s >= way.time_s[0]) & (time_s <= way.time_s[-1])
    return np.asarray(inside & (way.time_s[after] - way.time_s[before] <= WATCHED_S))
