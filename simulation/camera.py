"""Cameras in the hall and the operator's hand: from a simulated race to a camera for every picture.

A camera is a pinhole with one radial distortion term, standing still while it pans, tilts, rolls and zooms. Ice
coordinates with z up; picture coordinates in pixels, x right, y down, origin in the top left corner.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from race.formats import Shot, ShotKind
from simulation.draws import Draws
from simulation.motion import RATE_HZ, Motion, Pose

Floats = NDArray[np.float64]

Style = Literal["broadcast", "fixed", "handheld", "corner"]
Boundary = Literal["start", "cut", "fade", "dissolve", "wipe"]
STYLES: tuple[Style, ...] = ("broadcast", "fixed", "handheld", "corner")


@dataclass(frozen=True, slots=True)
class Camera:
    """One picture's camera.

    position  (3,)    m
    rotation  (3, 3)  ice -> camera (x right, y down, z ahead)
    focal_px  one focal length; the principal point is the middle of the picture
    k1        radial distortion: a point at r (focal lengths from the axis) is seen at r * (1 + k1 * r**2)
    size      width, height in pixels
    """

    position: Floats
    rotation: Floats
    focal_px: float
    k1: float
    size: tuple[int, int]

    @property
    def intrinsics(self) -> Floats:
        """(3, 3) matrix K of the undistorted camera."""
        width, height = self.size
        return np.array([[self.focal_px, 0, width / 2], [0, self.focal_px, height / 2], [0, 0, 1]])

    def project(self, points: ArrayLike) -> Floats:
        """(..., 3) m -> (..., 2) px, NaN for what is not in front of the camera."""
        return project(self.position, self.rotation, self.focal_px, self.k1, self.size, np.asarray(points, float))

    def depth(self, points: ArrayLike) -> Floats:
        """(..., 3) m -> (...) m ahead of the camera."""
        return np.asarray((np.asarray(points, float) - self.position) @ self.rotation[2])

    def ice_points(self, pixels: ArrayLike) -> Floats:
        """(..., 2) px -> (..., 2) m on the ice, NaN above the horizon. The inverse of ``project`` at z = 0."""
        seen = (np.asarray(pixels, float) - np.array(self.size) / 2) / self.focal_px
        undistorted = seen.copy()
        for _ in range(20):  # a contraction: |3 k1 r^2| is far below 1 in every picture
            undistorted = seen / (1 + self.k1 * np.sum(undistorted**2, axis=-1, keepdims=True))
        rays = np.concatenate([undistorted, np.ones_like(undistorted[..., :1])], axis=-1) @ self.rotation
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(rays[..., 2] < 0, -self.position[2] / rays[..., 2], np.nan)
        return np.asarray(self.position[:2] + reach[..., None] * rays[..., :2])


def project(
    position: Floats, rotation: Floats, focal_px: ArrayLike, k1: ArrayLike, size: tuple[int, int], points: Floats
) -> Floats:
    """(..., 3) m -> (..., 2) px; cameras may be many: (..., 3), (..., 3, 3), (...), (...), broadcast over points."""
    seen = np.einsum("...ij,...j->...i", rotation, points - position)
    ahead = np.where(seen[..., 2:] > 0.05, seen[..., 2:], np.nan)
    flat = seen[..., :2] / ahead
    bent = 1 + np.asarray(k1)[..., None] * np.sum(flat**2, axis=-1, keepdims=True)
    return np.asarray(flat * bent * np.asarray(focal_px)[..., None] + np.array(size) / 2)


def look(pan: ArrayLike, tilt: ArrayLike, roll: ArrayLike = 0.0) -> Floats:
    """(...) radians -> (..., 3, 3) rotation. Pan 0 looks along +y and grows to the right, tilt grows downwards."""
    pan, tilt, roll = np.broadcast_arrays(*(np.asarray(a, float) for a in (pan, tilt, roll)))
    zero = np.zeros_like(pan)
    right = np.stack([np.cos(pan), -np.sin(pan), zero], axis=-1)
    ahead = np.stack([np.sin(pan) * np.cos(tilt), np.cos(pan) * np.cos(tilt), -np.sin(tilt)], axis=-1)
    down = np.cross(ahead, right)
    c, s = np.cos(roll)[..., None], np.sin(roll)[..., None]
    return np.stack([c * right + s * down, c * down - s * right, ahead], axis=-2)


@dataclass(frozen=True, slots=True)
class Take:
    """One uninterrupted piece of the video: pictures ``first`` to ``last`` (from 1), from one camera.

    ``rate`` is race seconds per video second: 1 live, less in slow motion. ``boundary`` is how it begins and
    ``boundary_s`` how long that transition takes, in which the picture of the take before is still seen.
    """

    camera: str
    kind: ShotKind
    first: int
    last: int
    rate: float
    boundary: Boundary
    boundary_s: float


@dataclass(frozen=True, slots=True)
class Footage:
    """A camera for each of F pictures.

    time_s       (F,)       seconds from the first picture
    race_time_s  (F,)       the moment of ``Motion`` that it shows; goes back in replays
    position     (F, 3), rotation (F, 3, 3), focal_px (F,), k1 (F,)   as in ``Camera``
    """

    size: tuple[int, int]
    fps: float
    time_s: Floats
    race_time_s: Floats
    position: Floats
    rotation: Floats
    focal_px: Floats
    k1: Floats
    takes: tuple[Take, ...]

    def __len__(self) -> int:
        return len(self.time_s)

    def __getitem__(self, index: int) -> Camera:
        """The camera of picture ``index``, from 0."""
        return Camera(
            self.position[index], self.rotation[index], float(self.focal_px[index]), float(self.k1[index]), self.size
        )

    @property
    def race_start_s(self) -> float:
        """When the (last) gun goes, in seconds from the first picture; negative where the footage begins later."""
        return float(self.time_s[0] - self.race_time_s[0])

    @property
    def live(self) -> NDArray[np.bool_]:
        """(F,) pictures of takes that show the race as it happens."""
        out = np.zeros(len(self), bool)
        for take in self.takes:
            out[take.first - 1 : take.last] = take.kind == "race"
        return out

    def shots(self) -> list[Shot]:
        """The takes in the words of ``race.json``; a wipe counts as a dissolve."""
        return [
            Shot(
                start_s=(take.first - 1) / self.fps,
                end_s=take.last / self.fps,
                kind=take.kind,
                start_frame=take.first,
                end_frame=take.last,
                boundary="dissolve" if take.boundary == "wipe" else take.boundary,
            )
            for take in self.takes
        ]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a camera stands and how its operator works; angles of view are horizontal, radians.

    ``lag_s`` is the time constant of hand and eye, ``sway_rad`` the unrest of the hand, ``margin`` how much wider than
    the followed group, from the first body to the last, the picture is kept. ``tall`` is how tall, at the least
    and at the most, a crouched racer is kept, as a share of the picture's height, however wide the group is.
    """

    position: tuple[float, float, float]
    narrowest: float
    widest: float
    lag_s: float = 0.07
    sway_rad: float = 0.0006
    margin: float = 1.4
    k1: float = -0.04
    roll_rad: float = 0.004
    tall: tuple[float, float] = (0.0, 1.0)


# The main camera as measured in Shanghai in 2019: in the plane of the finish line, 5.6 m behind the mats, 4 m up.
# In seventeen pictures of corner cameras and replays (Seoul 2017, four other World Cups) the foremost racer is 0.25 to
# 0.78 of the picture tall, half of them 0.45 to 0.65.
_CROUCHED_M, _LONG_M = 1.15, 1.6
_FOLLOWED_M, _ALONE_M, _LOST_M = 6.0, 12.0, 1.0
"""Who is further behind the leader is let go, not all at once; of a leader alone so far ahead all others are."""
_PLACES = {
    "main": _Place((0.0, -20.6, 4.05), math.radians(8), math.radians(40), margin=1.3, tall=(0.0, 0.42)),
    "left": _Place((-31.0, -9.0, 2.6), math.radians(4), math.radians(50), tall=(0.38, 0.6)),
    "right": _Place((31.5, -6.0, 2.4), math.radians(4), math.radians(52), tall=(0.38, 0.6)),
    "close_up": _Place((-6.0, -18.5, 2.1), math.radians(2), math.radians(20), sway_rad=0.0008, tall=(0.34, 0.5)),
    "fixed": _Place((0.0, -33.0, 13.0), math.radians(80), math.radians(80), sway_rad=0.0, k1=-0.12, roll_rad=0.002),
    "handheld": _Place((9.0, -21.5, 5.0), math.radians(30), math.radians(52), 0.18, 0.005, 1.6, roll_rad=0.02),
}


def place_of(position: Floats) -> str:
    """The name of the camera that stands nearest to ``position`` (3,)."""
    return min(_PLACES, key=lambda name: float(np.linalg.norm(np.array(_PLACES[name].position) - position)))


def direct(
    motion: Motion,
    style: Style,
    fps: float,
    size: tuple[int, int],
    seed: int,
    *,
    from_s: float | None = None,
    to_s: float | None = None,
) -> Footage:
    """Film ``motion`` from race time ``from_s`` to ``to_s``; without ``to_s`` ``broadcast`` ends with a replay."""
    draws = Draws(seed, "camera", style)
    begin = float(motion.time_s[0]) if from_s is None else max(from_s, float(motion.time_s[0]))
    end = float(motion.time_s[-1]) if to_s is None else min(to_s, float(motion.time_s[-1]))
    if end - begin < 1 / fps:
        raise ValueError(f"direct: nothing happens between {begin:.2f} s and {end:.2f} s of race time")
    plan = _edit(motion, draws, begin, end, whole=to_s is None) if style == "broadcast" else None
    if plan is None:
        camera = draws.pick(["left", "right"]) if style == "corner" else style
        plan = [_Cut(camera, "race", begin, end - begin, 1.0, "start", 0.0)]

    first, takes, race_time, pieces = 1, [], [], []
    for cut in plan:
        count = max(1, round(cut.duration_s * fps))
        # Live is live: the cut falls between two pictures, and the race goes on from the one to the other.
        from_s = begin + (first - 1) / fps if cut.kind == "race" else cut.from_race_s
        moments = from_s + np.arange(count) / fps * cut.rate
        takes.append(Take(cut.camera, cut.kind, first, first + count - 1, cut.rate, cut.boundary, cut.boundary_s))
        race_time.append(moments)
        pieces.append(_film(motion, cut.camera, moments, fps / cut.rate, size, seed, draws))
        first += count
    position, rotation, focal_px, k1 = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return Footage(
        size, fps, np.arange(first - 1) / fps, np.concatenate(race_time), position, rotation, focal_px, k1, tuple(takes)
    )


@dataclass(frozen=True, slots=True)
class _Cut:
    camera: str
    kind: ShotKind
    from_race_s: float
    duration_s: float
    rate: float
    boundary: Boundary
    boundary_s: float


def _edit(motion: Motion, draws: Draws, begin: float, end: float, whole: bool) -> list[_Cut]:
    """The main camera for the race, now and then a corner camera for seconds; afterwards a close-up and a replay.

    Finish and start are never left, and so is the second lap of a 500 m: laps on the main camera are what is broadcast.
    """
    times = [row.race_time_s for row in motion.finish if row.race_time_s is not None]
    winner = min(times, default=end)
    last = min(max((t for t in times if t < winner + 8), default=end), winner + 8)
    race_end = min(end, last + 2.0)
    cuts, now = [], begin
    boundary: Boundary = "start"
    while True:
        stay = draws.uniform(14, 40)
        away = draws.uniform(2.5, 5.0)
        leave = max(now + stay, 9.0)
        if leave + away > winner - 9 or leave + away > race_end:
            cuts.append(_Cut("main", "race", now, race_end - now, 1.0, boundary, 0.0))
            break
        cuts.append(_Cut("main", "race", now, leave - now, 1.0, boundary, 0.0))
        cuts.append(_Cut(_corner_at(motion, leave, leave + away), "race", leave, away, 1.0, "cut", 0.0))
        now, boundary = leave + away, "cut"
    if not whole or race_end + 4 > end:
        return cuts
    cuts.append(_Cut("close_up", "other", race_end, min(4.0, end - race_end), 1.0, "cut", 0.0))
    falls = [incident.start_s for incident in motion.incidents if incident.kind == "fall"]
    moment = falls[-1] - 1.5 if falls else winner - 2.5
    rate = draws.uniform(0.3, 0.5)
    replay_camera = _corner_at(motion, moment, moment + 3.5) if falls else "close_up"
    how: Boundary = draws.pick(["wipe", "dissolve"])
    cuts.append(_Cut(replay_camera, "replay", max(moment, begin), 3.5 / rate, rate, how, 0.6))
    cuts.append(_Cut("close_up", "other", max(end - 4.0, race_end), 3.0, 1.0, draws.pick(["fade", "dissolve"]), 0.5))
    return cuts


def _corner_at(motion: Motion, from_s: float, to_s: float) -> str:
    """The corner camera on whose side of the rink the leaders are, by and large, in that time."""
    aim, _ = _action(motion, np.linspace(from_s, to_s, 9), np.array([0.0, -30.0, 0.0]), close=False)
    return "left" if np.nanmean(aim[:, 0]) < 0 else "right"


def _film(
    motion: Motion, camera: str, moments: Floats, rate: float, size: tuple[int, int], seed: int, draws: Draws
) -> tuple[Floats, Floats, Floats, Floats]:
    """One take: position (F, 3), rotation (F, 3, 3), focal_px (F,), k1 (F,). ``rate`` is pictures per race second."""
    place = _PLACES[camera]
    rig = Draws(seed, "rig", camera)  # the same whenever this camera is cut to
    scatter = 4.0 * np.array([1.0, 0.4, 0.1]) if camera == "fixed" else np.array([0.5, 0.3, 0.15])
    position = np.array(place.position) + rig.normals(3) * scatter
    roll_rad, k1 = rig.normal(0, place.roll_rad), place.k1 * rig.uniform(0.6, 1.4)
    count, (width, _) = len(moments), size
    if camera == "fixed":
        pan = np.full(count, math.atan2(-position[0], -position[1]))
        tilt = np.full(count, math.atan2(position[2], 1.0 - position[1]) + 0.06)
        field = np.full(count, place.widest)
    else:
        # The eye has watched for a second before the take begins, so that it begins on the racers.
        early = np.arange(-round(rate), 0) / rate + moments[0]
        watched = np.concatenate([early, moments])
        aim, spread = _action(motion, watched, position, close=camera == "close_up")
        # The angles of view in which a racer so far away is as tall as may be, and as small.
        away, shape = np.hypot(*(aim - position[:2]).T), size[0] / size[1]
        tightest, loosest = (
            2 * np.arctan(shape * _CROUCHED_M / 2 / (away * max(tall, 1e-3))) for tall in place.tall[::-1]
        )
        wanted_field = np.clip((spread + _LONG_M / away) * place.margin, tightest, loosest)
        wanted_field = np.clip(wanted_field, place.narrowest, place.widest)
        wanted_pan = np.arctan2(aim[:, 0] - position[0], aim[:, 1] - position[1])
        wanted_tilt = np.arctan2(position[2] - 0.7, np.hypot(*(aim - position[:2]).T))
        keep = slice(len(early), None)
        step = 1 / rate
        pan = _hand(np.unwrap(wanted_pan), step, place.lag_s)[keep]
        tilt = _hand(wanted_tilt, step, place.lag_s * 1.2)[keep]
        field = np.exp(_hand(np.log(wanted_field), step, place.lag_s * 4))[keep]
        pan = pan + _unrest(draws, count, rate, place.sway_rad)
        tilt = tilt + _unrest(draws, count, rate, place.sway_rad)
    roll = roll_rad + _unrest(draws, count, rate, 0.5 * place.sway_rad)
    focal_px = width / 2 / np.tan(field / 2)
    return np.tile(position, (count, 1)), look(pan, tilt, roll), focal_px, np.full(count, k1)


def _action(motion: Motion, moments: Floats, position: Floats, close: bool) -> tuple[Floats, Floats]:
    """What the operator follows: the leaders' middle (F, 2) and their angular spread (F,) as seen from the camera.

    That middle is halfway between the first and the last of them in the picture. Who falls or drops back is let go.
    ``close`` follows the leader alone.
    """
    index = np.clip(np.rint((moments - motion.time_s[0]) * RATE_HZ), 0, len(motion.time_s) - 1).astype(int)
    skating = (motion.racing & (motion.pose != Pose.SLIDE) & (motion.pose != Pose.LYING))[:, index]
    skating &= (motion.pose != Pose.KNEEL)[:, index]
    s = np.where(skating, motion.s_m[:, index], np.nan)
    everybody = ~skating.any(axis=0)
    s[:, everybody] = np.where(motion.racing[:, index][:, everybody], 0.0, np.nan)
    behind = np.nanmax(s, axis=0) - s
    second = np.sort(behind, axis=0)[1] if len(behind) > 1 else np.full(len(moments), np.nan)  # NaN comes last
    second = np.where(np.isfinite(second), second, np.inf)
    within = 1 / (1 + np.exp(np.clip((second - _ALONE_M) / (2 * _LOST_M), -50, 50)))
    reach = _FOLLOWED_M + within * np.clip(second + 1.5 - _FOLLOWED_M, 0.0, _ALONE_M)
    followed = np.exp(-behind / 1.5) if close else 1 / (1 + np.exp((behind - reach) / _LOST_M))
    followed = np.where(np.isfinite(behind), followed, 0.0)
    xy = motion.xy[:, index]
    aim = np.einsum("pf,pfk->fk", followed, xy) / followed.sum(axis=0)[:, None]
    angle = np.arctan2(xy[..., 0] - position[0], xy[..., 1] - position[1])
    middle = np.arctan2(aim[:, 0] - position[0], aim[:, 1] - position[1])
    off = np.angle(np.exp(1j * (angle - middle))) * followed
    first, last = off.min(axis=0), off.max(axis=0)
    middle += (first + last) / 2
    away = np.hypot(*(aim - position[:2]).T)
    return position[:2] + away[:, None] * np.column_stack([np.sin(middle), np.cos(middle)]), last - first


def _unrest(draws: Draws, count: int, rate: float, size: float) -> Floats:
    """(F,) the hand's slow drift about 0: noise through a low pass of about 1 Hz, standard deviation ``size``."""
    every = max(1, round(rate / 4))
    knots = draws.normals(count // every + 3) * size
    return np.interp(np.arange(count) / every, np.arange(len(knots)), knots)


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator,unused-ignore]
def _hand(wanted: Floats, step_s: float, lag_s: float) -> Floats:
    """(F,) a hand after an eye: a critically damped spring with most of the target's rate fed forward.

    The follower knows how fast its target goes but not that it turns, so that it lags in corners and overshoots behind.
    Between pictures far apart it moves in smaller steps.
    """
    out = np.empty_like(wanted)
    value, rate = wanted[0], 0.0
    stiffness = 1.0 / lag_s
    parts = max(1, int(np.ceil(2.0 * step_s * stiffness - 1e-9)))
    step = step_s / parts
    seen_rate = 0.0
    out[0] = value
    for n in range(1, len(wanted)):
        way = wanted[n] - wanted[n - 1]
        for part in range(1, parts + 1):
            target = wanted[n - 1] + way * part / parts
            seen_rate += (way / step_s - seen_rate) * min(1.0, step * stiffness)
            pull = stiffness * stiffness * (target - value) + 2 * stiffness * (0.93 * seen_rate - rate)
            rate += pull * step
            value += rate * step
        out[n] = value
    return out
