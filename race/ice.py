"""Racers' ways over the ice in metres: from boxes and the camera's pose, smoothed (camera level B).

A foot point (``race/foot.py``) is projected onto the ice, brought into coordinates along a guide line
(``race/guide.py``) and smoothed there over the whole race (``race/smooth.py``). The pose's own error, which all racers
of a frame share and which lasts, is not smoothed away: it is added to the uncertainty afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from race.foot import foot_points
from race.guide import NEAREST_TO_CENTRE, Guide, make_guide
from race.observations import Observations
from race.rink import Rink
from race.scene import Scene
from race.smooth import ACCELERATION, LASTS_S, smooth
from race.told import ToldCrossing
from race.unwrap import FASTEST_MPS, HOLE_S, lone_sights, pack_pace, rates, unwrap, way_of_pack
from tracking import Tracks

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Told = tuple[int, ToldCrossing]

KNOWN_SD_M = 3.0
"""A place on the ice that is less sure than this is not known, ..."""
ROUGH_SD_M = 12.0
"""... nor is a way skated that is less sure than this: from there on even the lap may be wrong."""
OFF_ICE_M = 2.0
"""A foot point further than this outside the mats is none."""
LEAST_SEEN = 5
LEAP_M, LEAP_SIGHTINGS = 2.0, 4
"""More than the fastest skate and so far besides, from the median of so many places to that of the next: a leap."""
TIP_M, TIP_SD_M = 0.42, 0.03
"""From the point midway between the blades to the tip of the foremost, which is what crosses."""
THROWN_M, THROWN_SD_M = 0.87, 0.07
"""The same at the finish, where the blade is thrown forward."""
TOLD_BETWEEN_S, TOLD_ACROSS_M = 0.5, 1.5
"""Who was seen so shortly before or after a crossing is known better than the score bug tells; who was not is so far
from the guide."""
FASTEST_ASIDE_MPS = 6.0
"""Across the track, as who slides out of a corner."""


@dataclass(frozen=True, slots=True)
class IcePaths:
    """Where R racers were in F frames; NaN where that is not known, before the first and after the last sight too.

    ids           (R,)      the competitors'
    time_s        (F,)      of the frames
    xy            (R, F, 2) m on the ice, of the point midway between the blades
    xy_sd         (R, F)    its standard deviation, each way
    velocity      (R, F, 2) m/s
    s_m           (R, F)    m since the start line, unwrapped, also where the place is known only roughly. Where the
                            start was not seen: since some crossing of the finish line, right only up to whole laps,
                            which ``from_start`` tells
    s_sd          (R, F)
    s_own_sd      (R, F)    without the part of the camera's pose, which all racers share: for gaps between them
    d_m, d_sd     (R, F)    m outside the measured line
    speed_mps, speed_sd  (R, F)  over the ice
    seen          (R, F)    was detected and registered in that frame
    sure          (R, F)    0 to 1, that whoever is followed is who it was at first; between sights as at the last
    from_start    whether s_m counts from the start line
    rink          with the track's shift
    """

    ids: NDArray[np.int32]
    time_s: Floats
    xy: Floats
    xy_sd: Floats
    velocity: Floats
    s_m: Floats
    s_sd: Floats
    s_own_sd: Floats
    d_m: Floats
    d_sd: Floats
    speed_mps: Floats
    speed_sd: Floats
    seen: Mask
    sure: Floats
    from_start: bool
    rink: Rink

    def moved(self, by_m: Floats, from_start: bool) -> Self:
        """The same with ``by_m`` (R,) added to ``s_m``."""
        return replace(self, s_m=self.s_m + by_m[:, None], from_start=from_start)

    def with_way(self, s_m: Floats) -> Self:
        """The same with other metres skated, ``s_m`` (R, F)."""
        return replace(self, s_m=s_m)


def find_ice_paths(
    tracks: Tracks, observations: Observations, scene: Scene, rink: Rink, told: Sequence[Told] = (), last_lap: int = 0
) -> IcePaths | None:
    """The ways of ``tracks``, ``s_m`` since each racer's first crossing of the finish line; None without poses.

    ``told``: ids, and the crossings that the score bug tells of them, through which their ways lead."""
    if observations.poses is None or not len(tracks):
        return None
    guide = make_guide(rink)
    ids, row = np.unique(tracks.id, return_inverse=True)
    column = np.searchsorted(scene.number, tracks.frame)
    shape = len(ids), len(scene.number)
    place, spread = np.full((*shape, 2), np.nan), np.full((*shape, 2, 2), np.nan)
    shared = np.full((*shape, 2, 2), np.nan)
    use = np.flatnonzero(tracks.seen & observations.poses.known[column])
    at = row[use], column[use]
    place[at], spread[at], shared[at] = measure(
        observations, tracks.detection[use], column[use], guide, _per_second(scene.time_s)
    )
    for racer in range(len(ids)):
        place[racer, lone_sights(place[racer, :, 0], scene.time_s)] = np.nan
    seen = np.isfinite(place[..., 0])
    state, covariance = np.full((*shape, 6), np.nan), np.full((*shape, 6, 6), np.nan)
    pace = pack_pace(*rates(place[..., 0], scene.time_s, guide.length_m), scene.time_s)
    way = way_of_pack(pace, scene.time_s)
    for k in np.flatnonzero(seen.sum(axis=1) >= LEAST_SEEN):
        own_told = [one for id_, one in told if id_ == ids[k]]
        told_m = _lead_through(place[k], spread[k], own_told, last_lap, pace, scene.time_s, guide.length_m)
        sd_m = np.sqrt(spread[k, :, 0, 0])
        place[k, :, 0] = unwrap(place[k, :, 0].copy(), scene.time_s, pace, way, guide.length_m, told_m, sd_m)
        for part in _without_leaps(place[k], spread[k], scene.time_s):
            own = np.full_like(place[k], np.nan)
            own[part] = place[k, part]
            smoothed, spread_of = np.full_like(state[k], np.nan), np.full_like(covariance[k], np.nan)
            smooth(*(scene.time_s, own, spread[k], np.array(ACCELERATION), np.array(LASTS_S)), *(smoothed, spread_of))
            state[k, part[0] : part[-1] + 1] = smoothed[part[0] : part[-1] + 1]
            covariance[k, part[0] : part[-1] + 1] = spread_of[part[0] : part[-1] + 1]
    sure = np.full(shape, np.nan)
    sure[at] = tracks.link_confidence[use]
    known = _carried(shared, seen), seen, _carried(sure, np.isfinite(sure))
    return _as_paths(ids.astype(np.int32), scene.time_s, state, covariance, *known, guide)


def _lead_through(
    place: Floats,
    spread: Floats,
    told: Sequence[ToldCrossing],
    last_lap: int,
    pace: Floats,
    time_s: Floats,
    lap_m: float,
) -> Floats:
    """Put a racer's ``place`` (F, 2) and its ``spread`` (F, 2, 2) on the line where it is told to have crossed, if it
    was not seen there. Returns (F,) where along the guide, laps counted, it is about then, NaN elsewhere."""
    seen = np.isfinite(place[:, 0])
    seen_s = time_s[seen]
    told_m = np.full(len(time_s), np.nan)
    for one in told:
        if one.time_s is None or not time_s[0] <= one.time_s <= time_s[-1]:
            continue
        near = int(np.argmin(np.abs(seen_s - one.time_s))) if len(seen_s) else -1
        if near >= 0 and abs(seen_s[near] - one.time_s) < TOLD_BETWEEN_S:
            t = int(np.flatnonzero(seen)[near])
        else:
            t = int(np.argmin(np.abs(time_s - one.time_s)))
            place[t] = pace[t] * (time_s[t] - one.time_s) - (THROWN_M if one.lap == last_lap else TIP_M), TOLD_ACROSS_M
            spread[t] = np.diag([(pace[t] * one.time_sd_s) ** 2, TOLD_ACROSS_M**2])
        told_m[t] = one.lap * lap_m + pace[t] * (time_s[t] - one.time_s)
    return told_m


def _without_leaps(place: Floats, spread: Floats, time_s: Floats) -> list[NDArray[np.intp]]:
    """The frames in which one racer was seen, cut where the way from one to the next is more than anybody can skate.

    There the racer was taken for another, and the way between is nobody's. A single place that is off is no leap.
    ``place`` (F, 2) along the guide, laps counted, and across, ``spread`` (F, 2, 2), NaN where not seen.
    """
    seen = np.flatnonzero(np.isfinite(place).all(axis=1))
    if len(seen) < 2:
        return []
    held = np.column_stack([time_s[seen], place[seen]])
    edge = np.full((LEAP_SIGHTINGS, 3), np.nan)
    around = np.lib.stride_tricks.sliding_window_view(np.concatenate([edge, held, edge]), LEAP_SIGHTINGS, axis=0)
    usual = np.nanmedian(around[1:-1], axis=2)  # (n + LEAP_SIGHTINGS - 1, 3), of those that end at n and begin after
    elapsed_s, moved, aside = (usual[LEAP_SIGHTINGS:] - usual[:-LEAP_SIGHTINGS]).T
    sd = np.sqrt(np.diagonal(spread[seen], axis1=1, axis2=2))
    allowed = LEAP_M + 3.0 * np.maximum(sd[1:], sd[:-1])
    # who was away for long may have fallen and come back
    back = np.where(elapsed_s <= HOLE_S, -allowed[:, 0], -np.inf)
    leaps = (moved < back) | (moved > FASTEST_MPS * elapsed_s + allowed[:, 0])
    leaps |= np.abs(aside) > FASTEST_ASIDE_MPS * elapsed_s + allowed[:, 1]
    step = np.abs(np.diff(place[seen, 0]))
    cuts = [(float(step[n - 1]), n) for n in (np.flatnonzero(leaps) + 1).tolist()]
    ends: list[int] = []
    for _, n in sorted(cuts, reverse=True):  # the largest step of a leap is where it was
        if all(abs(n - other) > LEAP_SIGHTINGS for other in ends):
            ends.append(n)
    return [part for part in np.split(seen, sorted(ends)) if len(part) >= LEAST_SEEN]


def measure(
    observations: Observations, rows: NDArray[np.intp], frame: NDArray[np.intp], guide: Guide, per_second: float
) -> tuple[Floats, Floats, Floats]:
    """Detections ``rows`` in frames (indices) ``frame`` -> their places along and across the guide (N, 2), the
    covariance of their own errors, made as large as it takes to treat them as independent from frame to frame
    (N, 2, 2), and that of the pose's (N, 2, 2). NaN for what is not on the ice.
    """
    poses, rink = observations.poses, guide.rink
    assert poses is not None
    foot, sd, lasts_s = foot_points(observations.detections, rows, frame, poses, guide)
    xy, pose_part = poses.to_ice(frame, foot)
    limit = np.array([rink.ice_length_m, rink.ice_width_m]) / 2 + OFF_ICE_M
    with np.errstate(invalid="ignore"):
        xy[~(np.abs(xy) <= limit).all(axis=1)] = np.nan
    step = 0.5  # pixels: how the ice moves under the foot point
    right, _ = poses.to_ice(frame, foot + np.array([step, 0.0]))
    below, _ = poses.to_ice(frame, foot + np.array([0.0, step]))
    slope = np.stack([(right - xy) / step, (below - xy) / step], axis=-1)  # (N, 2, 2) d(x, y) / d(pixel)
    many = 1.0 + 2.0 * lasts_s * per_second  # frames that share one error
    own = np.einsum("nij,nj,nkj->nik", slope, sd**2 * many[:, None], slope)
    place, jacobian = guide.from_ice(xy)
    turned = np.swapaxes(jacobian, 1, 2)
    return place, jacobian @ own @ turned, jacobian @ pose_part @ turned


def _per_second(time_s: Floats) -> float:
    return 1.0 / float(np.median(np.diff(time_s))) if len(time_s) > 1 else 1.0


def _carried(shared: Floats, seen: Mask) -> Floats:
    """(R, F, ...) with the value of the last frame that has one carried on through those without."""
    out = shared.copy()
    for row, known in zip(out, seen, strict=True):
        if known.any():
            last = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
            row[last >= 0] = row[last[last >= 0]]
    return out


def _as_paths(
    ids: NDArray[np.int32],
    time_s: Floats,
    state: Floats,
    covariance: Floats,
    shared: Floats,
    seen: Mask,
    sure: Floats,
    guide: Guide,
) -> IcePaths:
    rink = guide.rink
    ge, rate = state[..., [0, 3]], state[..., [1, 4]]
    lost = ~(np.sqrt(covariance[..., 3, 3] + shared[..., 1, 1]) <= KNOWN_SD_M)
    lost |= guide.stretch(ge) <= 1.0 - NEAREST_TO_CENTRE
    ge[lost, 1], rate[lost, 1] = 0.0, 0.0  # out of sight a way that led aside would leave the track
    xy, heading = guide.to_ice(ge)
    stretch = guide.stretch(ge)
    along, across = rate[..., 0] * stretch, rate[..., 1]
    cos, sin = np.cos(heading), np.sin(heading)
    velocity = np.stack([along * cos + across * sin, along * sin - across * cos], axis=-1)
    speed = np.hypot(along, across)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = (
            covariance[..., 1, 1] * (along * stretch / speed) ** 2 + covariance[..., 4, 4] * (across / speed) ** 2
        )
    total_g, total_e = covariance[..., 0, 0] + shared[..., 0, 0], covariance[..., 3, 3] + shared[..., 1, 1]
    xy_sd = np.sqrt((total_g * stretch**2 + total_e) / 2)
    track = rink.to_track(xy)
    laps = np.round(ge[..., 0] / guide.length_m - track[..., 0] / rink.lap_m)
    ahead = (speed > 3.0) & (rate[..., 0] > 1.0)
    scale = np.where(ahead, _rate_of(rink, xy, velocity) / np.where(ahead, rate[..., 0], 1.0), 1.0)  # of s over g
    known = np.isfinite(xy_sd) & (xy_sd <= KNOWN_SD_M)

    rough = known | (np.isfinite(total_g) & (np.sqrt(total_g) <= ROUGH_SD_M))

    def told(values: Floats, where: Mask = known) -> Floats:
        return np.where(where[..., None] if values.ndim == 3 else where, values, np.nan)

    return IcePaths(
        ids=ids,
        time_s=time_s,
        xy=told(xy),
        xy_sd=told(xy_sd),
        velocity=told(velocity),
        s_m=told(track[..., 0] + laps * rink.lap_m, rough),
        s_sd=told(np.sqrt(total_g) * scale, rough),
        s_own_sd=told(np.sqrt(covariance[..., 0, 0]) * scale, rough),
        d_m=told(track[..., 1]),
        d_sd=told(np.sqrt(total_e)),
        speed_mps=told(speed),
        speed_sd=told(np.sqrt(variance)),
        seen=seen & known,
        sure=told(sure),
        from_start=False,
        rink=rink,
    )


def _rate_of(rink: Rink, xy: Floats, velocity: Floats) -> Floats:
    """(R, F) ds/dt, m/s of the measured line."""
    later = rink.to_track(xy + 0.01 * velocity)[..., 0] - rink.to_track(xy)[..., 0]
    half = rink.lap_m / 2
    return np.asarray((np.mod(later + half, rink.lap_m) - half) / 0.01)
