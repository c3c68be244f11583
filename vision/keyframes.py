"""Registration by hand: points of some pictures whose place on the rink somebody knows, and the cameras they tell.

A file, JSON, of ``analyze --registration`` and as ``calibrate`` saves it:

    {"size": [1280, 720],
     "keyframes": [{"frame": 57, "points": [{"pixel": [612.5, 401], "ice": [0, -15]},
                                            {"pixel": [215, 166.5], "mark": "block-left-4"},
                                            {"pixel": [90, 150], "ice": [null, 15]}, ...]}]}

``size`` is that of the pictures in which the pixels were read (origin in the top left corner, x right, y down);
``frame`` counts from 1; ``ice`` is in metres as in ``race/rink.py``, with z up as a third number if it is not 0. One
``null`` says that the point is anywhere on a line: [null, 15] on the foot of the far mats. A ``mark`` names a point of
the rink (``marks_of``). Optional: ``camera_m``, about where the camera stands, if not where a broadcast's does;
``track_shift_m``, where the track lies; ``video_sha256``, of which video the pictures are.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.optimize import least_squares

from race.edges import WORKING_WIDTH
from race.errors import RaceFileError
from race.formats import Model
from race.rink import Rink
from vision.first_guess import K1, PLACE
from vision.racing_feet import looking
from vision.terms import GRID

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_EQUATIONS = 5
"""Of a keyframe, which has pan, tilt, roll and focal length: a point gives two, a line one."""
CLICK_SD = 1.0  # all pixels here are those of a picture 640 wide
LARGEST_MISS = 8.0
"""Pixels that a point may be off the camera that fits best."""
ALIKE = 4.0
"""Two cameras that differ by less in what they cost are not told apart."""
APART_RAD = 0.1
"""In pan or tilt: two cameras that are not the same one."""
FAR_PX = 2000.0
"""No miss counts more."""
FIELD_SD = 12.0, 8.0, 2.5
NEAR_SD = 1.5, 1.5, 0.7
"""m: of the camera's place where nothing is said of it, and where ``camera_m`` is given."""
K1_SD, ROLL_SD, SHIFT_SD = 0.03, 0.04, 2.0
PANS, TILTS = np.radians(np.arange(-75, 76, 15.0)), np.radians([5.0, 12.0, 22.0])
FOCALS = (400.0, 650.0, 1000.0, 1700.0, 3000.0)
TRIED = 8


class Point(Model):
    pixel: tuple[float, float]
    ice: list[float | None] | None = None
    mark: str | None = None


class Keyframe(Model):
    frame: int
    points: list[Point]


class RegistrationFile(Model):
    size: tuple[int, int]
    keyframes: list[Keyframe]
    camera_m: tuple[float, float, float] | None = None
    track_shift_m: float | None = None
    video_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Keyframes:
    """K pictures with n points together.

    frame     (K,)    number of the picture, rising
    keyframe  (n,)    which of the K
    pixel     (n, 2)  px of a picture 640 wide
    place     (n, 3)  m, NaN in the coordinate that is open
    moves     (n,)    by how much the place moves along x with the track's shift
    middle    (2,)    of the picture
    camera_m  about where the camera stands, None where that is not said; likewise the track's shift, and of which video
    """

    frame: Ints
    keyframe: Ints
    pixel: Floats
    place: Floats
    moves: Floats
    middle: Floats
    camera_m: Floats | None
    track_shift_m: float | None
    video_sha256: str | None
    path: Path


@dataclass(frozen=True, slots=True)
class KeyCameras:
    """The cameras of K keyframes: ``own`` (K, 4) pan, tilt, roll and log focal length in px of a picture 640 wide, and
    what they share: the place (3,), k1 and the track's shift."""

    own: Floats
    place: Floats
    k1: float
    track_shift_m: float

    @property
    def rotation(self) -> Floats:
        """(K, 3, 3) rink -> camera."""
        return np.array([looking(*values[:3]) for values in self.own])

    @property
    def focal(self) -> Floats:
        """(K,)"""
        return np.asarray(np.exp(self.own[:, 3]))


def marks_of(rink: Rink) -> dict[str, tuple[tuple[float | None, float | None, float], float]]:
    """Name of each mark -> its place with the track in the middle (None: open), and how it moves with the track."""
    marks: dict[str, tuple[tuple[float | None, float | None, float], float]] = {}
    for end, (x, y) in zip(("outer", "inner"), rink.finish_line, strict=True):
        marks[f"finish-{end}"] = (float(x), float(y), 0.0), 0.0
    still = Rink(ice_length_m=rink.ice_length_m, ice_width_m=rink.ice_width_m, block_angles=rink.block_angles)
    for end, (x, y) in zip(("outer", "inner"), still.start_line("far"), strict=True):
        marks[f"start-{end}"] = (float(x), float(y), 0.0), 2.0
    count = len(rink.block_angles)
    for k, (x, y) in enumerate(still.blocks):
        marks[f"block-{'right' if k < count else 'left'}-{k % count + 1}"] = (float(x), float(y), 0.0), 1.0
    half_length, half_width = rink.ice_length_m / 2, rink.ice_width_m / 2
    marks["far-mats"] = (None, half_width, 0.0), 0.0
    marks["left-mats"], marks["right-mats"] = ((-half_length, None, 0.0), 0.0), ((half_length, None, 0.0), 0.0)
    return marks


def read_keyframes(path: Path, size: tuple[int, int], rink: Rink) -> Keyframes:
    """The points in the file ``path``, for pictures of ``size``. Raises RaceFileError where it is malformed."""
    try:
        content = RegistrationFile.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise RaceFileError(f"{path}: {where}: {first['msg']}; docs/registration.md shows the format") from error
    except (OSError, json.JSONDecodeError) as error:
        raise RaceFileError(f"{path}: cannot be read ({error})") from error
    width, height = content.size
    if width <= 0 or abs(height / width - size[1] / size[0]) > 0.01:
        raise RaceFileError(f"{path}: size {width} x {height} is not the shape of the video, {size[0]} x {size[1]}")
    if not content.keyframes:
        raise RaceFileError(f"{path}: no keyframes; one with four points or more is needed")
    given = gather(content, size, rink, path)
    if len(set(given.frame.tolist())) != len(given.frame):
        raise RaceFileError(f"{path}: the same frame is there twice; put its points together")
    for k, frame in enumerate(given.frame):
        open_ = np.isnan(given.place[given.keyframe == k]).any(axis=1)
        if 2 * len(open_) - open_.sum() < LEAST_EQUATIONS:
            raise RaceFileError(f"{path}: frame {frame} has too few points; give it four or more")
    if 2 * len(given.keyframe) - int(np.isnan(given.place).sum()) < 4 * len(given.frame) + 3:
        raise RaceFileError(f"{path}: too few points; give a keyframe four or more whose both numbers are known")
    return given


def gather(content: RegistrationFile, size: tuple[int, int], rink: Rink, path: Path) -> Keyframes:
    """The points in ``content``, however few. Raises RaceFileError where one is nowhere on the rink."""
    scale, marks = WORKING_WIDTH / content.size[0], marks_of(rink)
    frames = sorted(content.keyframes, key=lambda one: one.frame)
    keyframe, pixel, place, moves = [], [], [], []
    for k, one in enumerate(frames):
        for n, point in enumerate(one.points, start=1):
            at, by = _place(point, marks, f"{path}: frame {one.frame}, point {n}")
            keyframe.append(k)
            pixel.append(point.pixel)
            place.append(at)
            moves.append(by)
    return Keyframes(
        np.array([one.frame for one in frames], np.int64), np.array(keyframe, np.int64),
        np.array(pixel).reshape(-1, 2) * scale, np.array(place).reshape(-1, 3), np.array(moves),
        np.array([WORKING_WIDTH / 2, WORKING_WIDTH * size[1] / size[0] / 2]),
        None if content.camera_m is None else np.array(content.camera_m), content.track_shift_m,
        content.video_sha256, path,
    )  # fmt: skip


def _place(
    point: Point, marks: dict[str, tuple[tuple[float | None, float | None, float], float]], where: str
) -> tuple[Floats, float]:
    """(3,) m, NaN where open, and how it moves with the track."""
    if (point.ice is None) == (point.mark is None):
        raise RaceFileError(f"{where}: needs either ice or mark")
    if point.mark is not None:
        if point.mark not in marks:
            raise RaceFileError(f"{where}: no mark {point.mark!r}; one of {', '.join(marks)}")
        coordinates, moves = marks[point.mark]
        return np.array([np.nan if value is None else value for value in coordinates]), moves
    assert point.ice is not None
    values = [np.nan if value is None else value for value in point.ice]
    if len(values) not in (2, 3) or np.isnan(values).sum() > 1 or (len(values) == 3 and np.isnan(values[2])):
        raise RaceFileError(f"{where}: ice has to be [x, y] or [x, y, z] in metres, one of x and y may be null")
    return np.array([*values, 0.0][:3]), 0.0


def find_key_cameras(given: Keyframes) -> KeyCameras:
    """The cameras that the points tell. Raises RaceFileError where none fits, or more than one."""
    near = given.camera_m is not None
    prior = np.array([*(given.camera_m if given.camera_m is not None else PLACE), K1, given.track_shift_m or 0.0])
    sd = np.array([*(NEAR_SD if near else FIELD_SD), K1_SD, SHIFT_SD if given.track_shift_m is None else 0.02])

    def residuals(values: Floats, wanted: Ints) -> Floats:
        shared = values[-5:]
        parts = [(shared - prior) / sd]
        for k, own in zip(wanted, values[:-5].reshape(-1, 4), strict=True):
            parts += [misses(given, int(k), own, shared) / CLICK_SD, own[2:3] / ROLL_SD]
        return np.concatenate(parts)

    best: list[Floats] = []
    for k in range(len(given.frame)):
        fits = _fits(lambda values, k=k: residuals(values, np.array([k])), prior)
        if len(given.frame) == 1:
            _check_told_apart(given, fits)
        best.append(fits[0][1][:4])
    start = np.concatenate([*best, prior])
    everything = np.arange(len(given.frame))
    scale = np.concatenate([np.tile([0.1, 0.1, 0.02, 0.1], len(best)), sd])
    fit = least_squares(lambda values: residuals(values, everything), start, x_scale=scale, loss="soft_l1", f_scale=5.0)
    own, shared = fit.x[:-5].reshape(-1, 4), fit.x[-5:]
    for k, frame in enumerate(given.frame):
        miss = np.abs(misses(given, k, own[k], shared))
        if miss.max() > LARGEST_MISS:
            worst = _point_of(given, k, int(miss.argmax()))
            share = 100 * miss.max() / WORKING_WIDTH
            raise RaceFileError(
                f"{given.path}: frame {frame}: no camera sees all points where they are said to be; point {worst + 1} "
                f"is off by {share:.1f} % of the picture's width: check it and the others"
            )
    return KeyCameras(own, shared[:3], float(shared[3]), float(shared[4]))


def _fits(residuals, prior: Floats) -> list[tuple[float, Floats]]:  # type: ignore[no-untyped-def]
    """Cost and values of the cameras that a search over directions and focal lengths ends at, the cheapest first."""
    starts = []
    for pan in PANS:
        for tilt in TILTS:
            for focal in FOCALS:
                values = np.array([pan, tilt, 0.0, np.log(focal), *prior])
                starts.append((float(np.log1p(residuals(values) ** 2).sum()), values))
    starts.sort(key=lambda pair: pair[0])
    fits = []
    for _, values in starts[:TRIED]:
        fit = least_squares(residuals, values, x_scale="jac", loss="soft_l1", f_scale=5.0, max_nfev=200)
        fits.append((2 * float(fit.cost), fit.x))
    return sorted(fits, key=lambda pair: pair[0])


def _check_told_apart(given: Keyframes, fits: list[tuple[float, Floats]]) -> None:
    first, best = fits[0]
    place = best[:2]
    for cost, other in fits[1:]:
        if cost - first < ALIKE and np.abs(other[:2] - place).max() > APART_RAD:
            raise RaceFileError(
                f"{given.path}: frame {given.frame[0]}: more than one camera fits these points; add one or two"
                ", far from the others"
            )


def misses(given: Keyframes, keyframe: int, own: Floats, shared: Floats) -> Floats:
    """(m,) pixels by which the points of a keyframe are off: two numbers of a point, one of a line.

    ``own`` (4,) pan, tilt, roll and log focal length, ``shared`` (5,) the place, k1 and the track's shift."""
    turn, focal = looking(*own[:3]), np.exp(min(own[3], 12.0))
    parts = []
    for n in np.flatnonzero(given.keyframe == keyframe):
        place = given.place[n] + np.array([given.moves[n] * shared[4], 0.0, 0.0])
        seen_at = given.pixel[n] - given.middle
        if np.isnan(place).any():
            line = np.repeat(place[None], GRID + 1, axis=0)
            line[np.isnan(line)] = np.linspace(-GRID, GRID, GRID + 1)
            parts.append([_off_line(_seen(line, turn, focal, shared) - seen_at)])
        else:
            parts.append((_seen(place[None], turn, focal, shared)[0] - seen_at).tolist())
    return np.asarray(np.clip(np.nan_to_num(np.concatenate(parts), nan=FAR_PX), -FAR_PX, FAR_PX))


def _seen(points: Floats, turn: Floats, focal: float, shared: Floats) -> Floats:
    """(m, 3) m -> (m, 2) px from the picture's middle, NaN behind the camera."""
    x, y, ahead = turn @ (points - shared[:3]).T
    ahead = np.where(ahead > 0.5, ahead, np.nan)
    flat = np.column_stack([x / ahead, y / ahead])
    r2 = (flat**2).sum(axis=1, keepdims=True)
    return np.asarray(focal * flat * (1 + np.where(r2 < 1.5, shared[3] * r2, np.nan)))


def _off_line(way: Floats) -> float:
    """Signed distance of the origin from a chain of points (m, 2), NaN where none of it is there."""
    start, end = way[:-1], way[1:]
    step = end - start
    length2 = (step**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip(-(start * step).sum(axis=1) / length2, 0, 1)
        off = np.hypot(*(start + share[:, None] * step).T)
        if not np.isfinite(off).any():
            return float("nan")
        k = int(np.nanargmin(off))
    side = np.sign(step[k, 0] * start[k, 1] - step[k, 1] * start[k, 0])
    return float(side * off[k])


def _point_of(given: Keyframes, keyframe: int, miss: int) -> int:
    """Which of a keyframe's points the number ``miss`` of ``_misses`` is of."""
    open_ = np.isnan(given.place[given.keyframe == keyframe]).any(axis=1)
    return int(np.repeat(np.arange(len(open_)), np.where(open_, 1, 2))[miss])
