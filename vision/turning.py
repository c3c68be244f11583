"""The camera's motion between two pictures told by four numbers that hold for any focal length, and chained.

How far the picture's middle moves, how the picture turns about it and how it grows there: these a homography says
exactly, while the angle behind the shift depends on a focal length that is not known yet. Lengths in pixels are those
of a picture 640 wide.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.matrices import put_all

Floats = NDArray[np.float64]

SHIFT_X, SHIFT_Y, TURN, ZOOM = range(4)
"""Pixels, pixels, radians, log."""

ARM = 200.0
"""Pixels from the middle at which an error of the turn or the zoom is like one of the shift."""
LEAST_SD = 0.15
"""Pixels; a motion is never surer, since the lens bends what the homography takes for straight."""
BRIDGE_SD = 3.0
"""Pixels that an unknown motion may be off the mean of its neighbours."""
SETTLING, SETTLED, JUMP, SURE_SD = 25, 3, 8.0, 0.6
"""At the start of a shot nobody knows yet which parts of the picture are graphics, and the motion may be theirs, or in
part. It counts after its last jump (px), once so many pictures in a row are sure (px)."""
LONGEST_GAP = 15
"""Pictures in a row of unknown motion over which a chain still holds."""


def read_motion(motion: Floats, quality: Floats, width: int, height: int) -> tuple[Floats, Floats]:
    """(F, 3, 3) homographies in pixels and (F,) their quality (``race.observations.Frames``) -> (F, 4) what they say
    and (F,) its standard deviation, pixels; NaN where unknown. ``width``, ``height`` are those of the video."""
    scale = 640.0 / width
    stretch = np.array([scale, scale, 1.0])
    small = motion * stretch[:, None] / stretch  # (F, 3, 3) in small pixels
    middle = np.array([320.0, 320.0 * height / width])
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = small @ np.append(middle, 1.0)
        place = seen[:, :2] / seen[:, 2:]
        # slopes of the mapping at the middle
        jacobian = (small[:, :2, :2] - place[:, :, None] * small[:, 2:, :2]) / seen[:, 2][:, None, None]
        turn = np.arctan2(jacobian[:, 1, 0] - jacobian[:, 0, 1], jacobian[:, 0, 0] + jacobian[:, 1, 1])
        zoom = 0.5 * np.log(np.maximum(np.linalg.det(jacobian), 1e-9))
        sd = np.sqrt(1.0 / np.clip(quality, 0.01, 1.0) - 1.0 + LEAST_SD**2)
    return np.column_stack([place - middle, turn, zoom]), sd


def bridge(steps: Floats, sd: Floats, shot: NDArray[np.int64]) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Fill in short runs of unknown ``steps`` (F, 4) within a ``shot`` (F,), and number the parts (F,) that chain.

    The step to the first picture of a part stays unknown. Pictures within a longer run are of no part, -1.
    """
    steps, sd = steps.copy(), sd.copy()
    part = np.full(len(steps), -1, np.int64)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(steps).all(axis=1))
    number = -1
    for first, end in runs(shot):
        steps[first], number = np.nan, number + 1
        part[first] = number
        start = slice(first, min(end, first + SETTLING))
        known[first : first + _unsettled(steps[start], sd[start])] = False
        n = first + 1
        while n < end:
            gap = n
            while gap < end and not known[gap]:
                gap += 1
            if gap == end and gap > n:
                break
            if gap - n > LONGEST_GAP or (gap > n and n == first + 1):
                part[first if n == first + 1 else n : gap - 1] = -1
                steps[gap - 1], number = np.nan, number + 1
                part[gap - 1] = number
            elif gap > n:
                for axis in range(4):
                    steps[n:gap, axis] = np.interp(
                        np.arange(n, gap), [n - 1, gap], [steps[n - 1, axis], steps[gap, axis]]
                    )
                sd[n:gap], part[n:gap] = BRIDGE_SD, number
            part[gap] = number
            n = gap + 1
    return steps, sd, part


def _unsettled(steps: Floats, sd: Floats) -> int:
    """How many of a shot's first ``steps`` (n, 4), ``sd`` (n,), of which the first is unknown, do not count."""
    jump = np.flatnonzero(np.abs(np.diff(steps[:, :2], axis=0)).max(axis=1) > JUMP) + 1
    for n in range(int(jump.max(initial=1)), len(steps) - SETTLED + 1):
        if (sd[n : n + SETTLED] < SURE_SD).all():
            return n
    return len(steps)


def runs(values: NDArray[np.int64] | NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches [first, end) of equal ``values``."""
    starts = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist()] if len(values) else []
    return list(zip(starts, [*starts[1:], len(values)], strict=True))


@njit(cache=True, error_model="numpy")
def step_between(before: Floats, focal_before: float, now: Floats, focal: float, bend: float, out: Floats) -> None:
    """What a motion from rotation ``before`` (3, 3) to ``now`` says, into ``out`` (4,).

    ``bend`` is k1 times the mean squared distance of a picture's points from its middle, pixels: by so much the lens
    shortens the shift of the whole picture.
    """
    m = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            m[i, j] = now[i, 0] * before[j, 0] + now[i, 1] * before[j, 1] + now[i, 2] * before[j, 2]
    a, b = m[0, 2] / m[2, 2], m[1, 2] / m[2, 2]
    shorter = 1 + 2 * bend / focal**2
    out[0], out[1] = focal * a * shorter, focal * b * shorter
    j00, j01 = m[0, 0] - a * m[2, 0], m[0, 1] - a * m[2, 1]
    j10, j11 = m[1, 0] - b * m[2, 0], m[1, 1] - b * m[2, 1]
    out[2] = np.arctan2(j10 - j01, j00 + j11)
    out[3] = np.log(focal / focal_before) + 0.5 * np.log(max(j00 * j11 - j01 * j10, 1e-9)) - np.log(m[2, 2])


@njit(cache=True, error_model="numpy")
def turned(vector: Floats) -> Floats:
    """Rotation matrix (3, 3) of a rotation vector (3,)."""
    angle = np.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)
    out = np.eye(3)
    if angle < 1e-12:
        return out
    x, y, z = vector[0] / angle, vector[1] / angle, vector[2] / angle
    c, s = np.cos(angle), np.sin(angle)
    t = 1 - c
    out[0, 0], out[0, 1], out[0, 2] = c + x * x * t, x * y * t - z * s, x * z * t + y * s
    out[1, 0], out[1, 1], out[1, 2] = y * x * t + z * s, c + y * y * t, y * z * t - x * s
    out[2, 0], out[2, 1], out[2, 2] = z * x * t - y * s, z * y * t + x * s, c + z * z * t
    return out


@njit(cache=True, error_model="numpy")
def turn_of(step: Floats, focal_before: float, bend: float, turn: Floats) -> float:
    """The rotation from camera to camera that ``step`` (4,) says, into ``turn`` (3, 3); returns the focal length."""
    f = focal_before * np.exp(step[3])
    a, b = 0.0, 0.0
    for _ in range(3):
        shorter = 1 + 2 * bend / f**2
        a, b = step[0] / (f * shorter), step[1] / (f * shorter)
        f = focal_before * np.exp(step[3]) / (1 + a * a + b * b) ** 0.75
    # the shortest turn that takes the axis to (a, b, 1), after one about the axis
    n = np.sqrt(1 + a * a + b * b)
    q = 1 / (n * (n + 1))
    c, s = np.cos(step[2]), np.sin(step[2])
    x0, x1, x2 = 1 / n + b * b * q, -a * b * q, -a / n
    y0, y1, y2 = -a * b * q, 1 / n + a * a * q, -b / n
    turn[0, 0], turn[1, 0], turn[2, 0] = c * x0 + s * y0, c * x1 + s * y1, c * x2 + s * y2
    turn[0, 1], turn[1, 1], turn[2, 1] = c * y0 - s * x0, c * y1 - s * x1, c * y2 - s * x2
    turn[0, 2], turn[1, 2], turn[2, 2] = a / n, b / n, 1 / n
    return float(f)


@njit(cache=True, error_model="numpy")
def turn_back_of(step: Floats, focal: float, bend: float, turn: Floats) -> float:
    """As ``turn_of``, but from the camera after ``step`` to the one before."""
    f = focal
    for _ in range(3):
        f *= focal / turn_of(step, f, bend, turn)
    for i in range(3):
        for j in range(i):
            turn[i, j], turn[j, i] = turn[j, i], turn[i, j]
    return f


@njit(cache=True, error_model="numpy")
def level(rotation: Floats, like: Floats) -> None:
    """Roll the camera ``rotation`` (3, 3), in place, until its right axis is as level as that of ``like``."""
    x, y, z = rotation[2]
    flat = np.hypot(x, y)
    # of the axes at right angles to the one ahead, (y, -x, 0) / flat is level and (-x z, -y z, flat^2) / flat points up
    rise = min(max(like[0, 2] / flat, -0.5), 0.5)
    even = np.sqrt(1 - rise * rise)
    rotation[0, 0] = (even * y - rise * x * z) / flat
    rotation[0, 1] = (-even * x - rise * y * z) / flat
    rotation[0, 2] = rise * flat
    right = rotation[0]
    rotation[1, 0] = y * right[2] - z * right[1]
    rotation[1, 1] = z * right[0] - x * right[2]
    rotation[1, 2] = x * right[1] - y * right[0]


@njit(cache=True, error_model="numpy")
def chain(
    first: Floats, first_focal: float, steps: Floats, bend: float, rotation: Floats, focal: Floats,
    keeps_level: bool = True,
) -> None:  # fmt: skip
    """From the camera at the first picture to that at every picture: rotation (F, 3, 3) and focal (F,) are written.

    ``steps`` (F, 4): the motion to each picture from the one before; the first is not read. A camera on its tripod
    keeps its roll, which errors of the turns would not: with ``keeps_level`` these are left out.
    """
    turn = np.empty((3, 3))
    put_all(rotation[0], first)
    focal[0] = first_focal
    for n in range(1, len(steps)):
        focal[n] = turn_of(steps[n], focal[n - 1], bend, turn)
        for i in range(3):
            for j in range(3):
                rotation[n, i, j] = (
                    turn[i, 0] * rotation[n - 1, 0, j]
                    + turn[i, 1] * rotation[n - 1, 1, j]
                    + turn[i, 2] * rotation[n - 1, 2, j]
                )
        if keeps_level:
            level(rotation[n], first)
