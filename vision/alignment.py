"""Direct alignment of two pictures from a camera that stands still: how it turned and zoomed between them.

The background moves by ``H = K2 R K1^-1``: pan, tilt, roll, zoom and the focal length, which a pan shows by the way the
picture's edges move faster than its middle. ``refine`` finds all of them together from the brightness of a few thousand
pixels with texture (Lucas and Kanade 1981, with the weights of Geman and McClure for what moves by itself, and a gain
and an offset for fades). ``search`` finds where to begin when the camera does not go on as it did.

Lengths are in picture widths from the picture's centre, so that they hold at every resolution.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.matrices import put_all, solve
from tracking.rows import median, put

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]

PAN, TILT, ROLL, ZOOM, FOCAL, GAIN, OFFSET = range(7)
"""A pose: pan and tilt as shifts of the picture's centre (picture widths), roll in radians, log of the zoom factor, log
of the focal length before zooming (picture widths), gain and offset of the brightness. Shifts and not angles, since the
focal length is the least certain of them and shifts do not depend on it."""

LEVELS = ((80, 2), (160, 3), (320, 5))
"""Widths of the reduced pictures, and the side of the cell that gives its strongest pixel to the alignment."""

BOX_MARGIN = (0.12, 0.06, 0.3)
"""How far a person's shadow and reflection reach beside, above and below the box, in its widths and heights."""

SEARCH_X, SEARCH_Y = 0.15, 0.06
"""Largest shifts that are searched, picture widths."""
SEARCH_STEP, SEARCH_CELL = 2, 8  # pixels of the finest reduced picture

MIN_GRADIENT = 1.5  # grey levels a pixel
MIN_POINTS = 60
NOISE, FIRST_SCALE = 2.0, 10.0  # grey levels: least and first scale of the residuals
TRUNCATE = 8.0  # grey levels from which a difference counts as any other
CORRELATED = 8.0  # neighbouring pixels do not err independently: so many count as one
ITERATIONS, SMALL_STEP = 8, 5e-5  # picture widths, radians

SAMPLES = np.array([(0.0, 0.0), (-0.35, -0.15), (0.35, -0.15), (-0.35, 0.15), (0.35, 0.15)])
"""Where in the picture the error of a pose is looked at."""


@dataclass(frozen=True, slots=True)
class Level:
    """A picture reduced to one of the widths of ``LEVELS``.

    grey    (h, w) brightness, a little smoothed
    dx, dy  (h, w) its gradients, grey levels a pixel
    masked  (h, w) True where it is not background
    cell    side of the cells that give their strongest pixel to ``refine``
    """

    grey: Grey
    dx: Grey
    dy: Grey
    masked: Mask
    cell: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A pose (7,) with its covariance (7, 7), how alike the two pictures are under it, and what they differ by.

    likeness is the correlation of the gradients at the pixels used, NaN where they are too few: fine structure, since
    any two pictures of a rink agree in the coarse. cost is the pixels' mean truncated difference in grey levels.
    """

    pose: Floats
    covariance: Floats
    likeness: float
    cost: float

    @property
    def error(self) -> float:
        """Expected error of a background point, picture widths: root mean square over ``SAMPLES``."""
        return float(_error(self.pose, self.covariance))


def pyramid(image: Image, person_boxes: Floats, graphics: Mask | None) -> list[Level]:
    """Reduce ``image`` (H, W, 3) BGR to the ``LEVELS``, people (with a margin) and graphics (any size) masked."""
    height, width = image.shape[:2]
    finest = LEVELS[-1][0]
    size = _size(finest, width, height)
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    hidden = np.zeros(grey.shape, dtype=np.uint8)
    if graphics is not None:
        hidden[cv2.resize(graphics.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 0] = 255
    for x, y, w, h in person_boxes * (finest / width):
        beside, above, below = (margin * side + 2 for margin, side in zip(BOX_MARGIN, (w, h, h), strict=True))
        corners = (int(x - beside), int(y - above)), (int(x + w + beside), int(y + h + below))
        cv2.rectangle(hidden, *corners, 255, thickness=cv2.FILLED)
    levels = []
    for level_width, cell in LEVELS:
        shape = _size(level_width, width, height)
        small = cv2.resize(grey, shape, interpolation=cv2.INTER_AREA).astype(np.float32)
        small = cv2.GaussianBlur(small, (0, 0), 0.8)
        dx = cv2.Scharr(small, cv2.CV_32F, 1, 0, scale=1 / 32)
        dy = cv2.Scharr(small, cv2.CV_32F, 0, 1, scale=1 / 32)
        levels.append(Level(small, dx, dy, cv2.resize(hidden, shape, interpolation=cv2.INTER_AREA) > 20, cell))
    return levels


def refine(before: Level, now: Level, start: Floats, prior: Floats, information: Floats) -> Estimate:
    """Gauss-Newton from the pose ``start`` to the one that explains ``now`` and is likely.

    ``prior`` (7,) and ``information`` (7,), one over its variances, say what is likely.
    """
    points, values = texture(before, before.cell)
    residual, inside = np.zeros(len(points)), np.zeros(len(points), dtype=np.bool_)
    pose, normal = start.copy(), np.empty((7, 7))
    _descend(
        points, values, now.grey, now.dx, now.dy, now.masked, prior, information, pose, residual, inside, normal,
    )  # fmt: skip
    covariance = np.asarray(np.linalg.inv(normal), dtype=np.float64)
    if inside.sum() < MIN_POINTS:
        return Estimate(pose, covariance, np.nan, 0.0)
    likeness = _likeness(points[inside], before.dx, before.dy, now.dx, now.dy, pose, rotation(pose))
    return Estimate(pose, covariance, likeness, float(np.minimum(np.abs(residual[inside]), TRUNCATE).mean()))


def search(before: Level, now: Level, prior: Floats) -> Floats:
    """Pan and tilt (2,) of the shift, among all that a camera may do in a frame, that explains the picture best."""
    height, width = now.grey.shape
    points, values = texture(before, SEARCH_CELL)
    reach = int(SEARCH_X * width) // SEARCH_STEP, int(SEARCH_Y * width) // SEARCH_STEP
    centre = np.array([width - 1, height - 1]) / 2
    pixels = np.rint(points * width * np.exp(prior[ZOOM]) + centre).astype(np.int64)
    cost = np.empty((2 * reach[1] + 1, 2 * reach[0] + 1))
    _shift_costs(pixels, values, now.grey, now.masked, SEARCH_STEP, TRUNCATE, cost)
    row, column = np.unravel_index(int(cost.argmin()), cost.shape)
    shift = np.array([column - reach[0], row - reach[1]]) * SEARCH_STEP
    pan_tilt: Floats = shift * np.array([1.0, -1.0]) / width
    return pan_tilt


def picture_homography(pose: Floats, width: int, height: int) -> Floats:
    """Homography (3, 3) from pixels of the picture before to pixels of this one."""
    focal = np.exp(pose[FOCAL]) * width

    def camera(focal_px: float) -> Floats:
        return np.array([[focal_px, 0.0, (width - 1) / 2], [0.0, focal_px, (height - 1) / 2], [0.0, 0.0, 1.0]])

    h = camera(focal * np.exp(pose[ZOOM])) @ rotation(pose) @ np.linalg.inv(camera(focal))
    return np.asarray(h / h[2, 2])


def texture(level: Level, cell: int) -> tuple[Floats, Floats]:
    """The strongest pixel of every cell with texture: (n, 2) in picture widths from the centre, and brightness (n,)."""
    height, width = level.grey.shape
    most = (height // cell) * (width // cell)
    points, values = np.empty((most, 2)), np.empty(most)
    n = _texture(level.grey, level.dx, level.dy, level.masked, cell, MIN_GRADIENT, points, values)
    return points[:n], values[:n]


def accumulate(
    points: Floats,
    values: Floats,
    now: Level,
    pose: Floats,
    scale: float,
    residual: Floats,
    inside: Mask,
    normal: Floats,
    gradient: Floats,
) -> None:
    """Add what ``points`` (n, 2) with brightness ``values`` (n,) say about ``pose`` to the normal equations.

    ``normal`` (7, 7) and ``gradient`` (7,) are added to; ``residual`` (n,), grey levels, and ``inside`` (n,), whether
    a point falls on background of ``now``, are written. A residual beyond ``scale`` loses its weight.
    """
    _accumulate(
        points, values, now.grey, now.dx, now.dy, now.masked, pose, rotation(pose), scale, residual, inside, normal,
        gradient,
    )  # fmt: skip


def _size(level_width: int, width: int, height: int) -> tuple[int, int]:
    return level_width, max(1, round(level_width * height / width))


@njit(cache=True, error_model="numpy")
def rotation(pose: Floats) -> Floats:
    """Rotation matrix (3, 3) of a pose (Rodrigues); x right, y down, z ahead."""
    focal = np.exp(pose[FOCAL])
    x, y, z = pose[TILT] / focal, pose[PAN] / focal, pose[ROLL]
    angle2 = x * x + y * y + z * z
    angle = np.sqrt(angle2)
    # sin(a) / a and (1 - cos(a)) / a^2
    first = np.sin(angle) / angle if angle > 1e-6 else 1.0
    second = 2 * (np.sin(angle / 2) / angle) ** 2 if angle > 1e-6 else 0.5
    turn = np.empty((3, 3))
    turn[0, 0], turn[1, 1] = 1 - second * (angle2 - x * x), 1 - second * (angle2 - y * y)
    turn[2, 2] = 1 - second * (angle2 - z * z)
    turn[0, 1], turn[1, 0] = second * x * y - first * z, second * x * y + first * z
    turn[0, 2], turn[2, 0] = second * x * z + first * y, second * x * z - first * y
    turn[1, 2], turn[2, 1] = second * y * z - first * x, second * y * z + first * x
    return turn


@njit(cache=True, error_model="numpy")
def _moved(points: Floats, pose: Floats) -> Floats:
    """Where ``pose`` takes ``points`` (n, 2), both in picture widths from the centre."""
    focal, turn = np.exp(pose[FOCAL]), rotation(pose)
    moved = np.empty(points.shape)
    for k in range(len(points)):
        x, y = points[k, 0] / focal, points[k, 1] / focal
        ahead = (turn[2, 0] * x + turn[2, 1] * y + turn[2, 2]) / (focal * np.exp(pose[ZOOM]))
        for i in range(2):
            moved[k, i] = (turn[i, 0] * x + turn[i, 1] * y + turn[i, 2]) / ahead
    return moved


@njit(cache=True, error_model="numpy")
def _error(pose: Floats, covariance: Floats) -> float:
    """See ``Estimate.error``."""
    small = 1e-5
    moved, slopes, other = _moved(SAMPLES, pose), np.empty((5, *SAMPLES.shape)), pose.copy()
    for i in range(5):
        put(other, pose)
        other[i] += small
        moved_on = _moved(SAMPLES, other)
        for n in range(len(SAMPLES)):
            for axis in range(2):
                slopes[i, n, axis] = (moved_on[n, axis] - moved[n, axis]) / small
    variance = 0.0
    for i in range(5):
        for j in range(5):
            total = 0.0
            for n in range(len(SAMPLES)):
                for axis in range(2):
                    total += slopes[i, n, axis] * slopes[j, n, axis]
            variance += covariance[i, j] * total
    return float(np.sqrt(variance / len(SAMPLES)))


@njit(cache=True, error_model="numpy")
def _texture(
    grey: Grey, dx: Grey, dy: Grey, masked: Mask, cell: int, least: float, points: Floats, values: Floats
) -> int:
    height, width = grey.shape
    n = 0
    for top in range(0, height - cell + 1, cell):
        for left in range(0, width - cell + 1, cell):
            strongest, best_x, best_y = least * least, -1, -1
            for y in range(top, top + cell):
                for x in range(left, left + cell):
                    strength = dx[y, x] ** 2 + dy[y, x] ** 2
                    if strength > strongest and not masked[y, x]:
                        strongest, best_x, best_y = strength, x, y
            if best_x >= 0:
                points[n, 0] = (best_x - (width - 1) / 2) / width
                points[n, 1] = (best_y - (height - 1) / 2) / width
                values[n] = grey[best_y, best_x]
                n += 1
    return n


@njit(cache=True, error_model="numpy")
def _accumulate(
    points: Floats, values: Floats, grey: Grey, dx: Grey, dy: Grey, masked: Mask, pose: Floats, turn: Floats,
    scale: float, residual: Floats, inside: Mask, normal: Floats, gradient: Floats,
) -> None:  # fmt: skip
    height, width = grey.shape
    focal = np.exp(pose[4])
    focal_now = focal * np.exp(pose[3])
    gain, offset = pose[5], pose[6]
    slope = np.empty(7)
    for k in range(len(points)):
        inside[k] = False
        x, y = points[k, 0] / focal, points[k, 1] / focal
        ray_x = turn[0, 0] * x + turn[0, 1] * y + turn[0, 2]
        ray_y = turn[1, 0] * x + turn[1, 1] * y + turn[1, 2]
        ray_z = turn[2, 0] * x + turn[2, 1] * y + turn[2, 2]
        if ray_z < 0.1:
            continue
        a, b = ray_x / ray_z, ray_y / ray_z
        u, v = focal_now * a, focal_now * b
        column, row = u * width + (width - 1) / 2, v * width + (height - 1) / 2
        left, top = int(np.floor(column)), int(np.floor(row))
        if left < 1 or top < 1 or left >= width - 2 or top >= height - 2 or masked[top, left]:
            continue
        p, q = column - left, row - top
        w00, w01, w10, w11 = (1 - p) * (1 - q), p * (1 - q), (1 - p) * q, p * q
        right, below = left + 1, top + 1
        value = w00 * grey[top, left] + w01 * grey[top, right] + w10 * grey[below, left] + w11 * grey[below, right]
        gx = w00 * dx[top, left] + w01 * dx[top, right] + w10 * dx[below, left] + w11 * dx[below, right]
        gy = w00 * dy[top, left] + w01 * dy[top, right] + w10 * dy[below, left] + w11 * dy[below, right]
        gx, gy = gx * width, gy * width
        # turning by d: d(ray) = d x ray; d(ray) / d(log focal) = -R (x, y, 0)
        fx = -(turn[0, 0] * x + turn[0, 1] * y)
        fy = -(turn[1, 0] * x + turn[1, 1] * y)
        fz = -(turn[2, 0] * x + turn[2, 1] * y)
        slope[0] = focal_now / focal * (gx * (1 + a * a) + gy * a * b)
        slope[1] = -focal_now / focal * (gx * a * b + gy * (1 + b * b))
        slope[2] = focal_now * (gy * a - gx * b)
        slope[3] = gx * u + gy * v
        slope[4] = gx * (u + focal_now * (fx - a * fz) / ray_z) + gy * (v + focal_now * (fy - b * fz) / ray_z)
        slope[4] -= slope[0] * pose[0] + slope[1] * pose[1]  # pan and tilt are angles times the focal length
        slope[5] = -values[k]
        slope[6] = -1.0
        inside[k] = True
        residual[k] = value - gain * values[k] - offset
        weight = 1.0 / (1.0 + (residual[k] / scale) ** 2) ** 2 / (CORRELATED * scale**2)
        for i in range(7):
            gradient[i] += weight * slope[i] * residual[k]
            for j in range(7):
                normal[i, j] += weight * slope[i] * slope[j]


@njit(cache=True, error_model="numpy")
def _descend(
    points: Floats, values: Floats, grey: Grey, dx: Grey, dy: Grey, masked: Mask, prior: Floats, information: Floats,
    pose: Floats, residual: Floats, inside: Mask, normal: Floats,
) -> None:  # fmt: skip
    """Gauss-Newton: ``pose`` is improved in place; the others of the last line are written."""
    gradient, scale = np.empty(7), FIRST_SCALE
    left, step, near = np.empty((7, 7)), np.empty((7, 1)), np.empty(len(points))
    for _ in range(ITERATIONS):
        normal[:] = 0.0
        for i in range(7):
            normal[i, i] = information[i]
            gradient[i] = information[i] * (pose[i] - prior[i])
        _accumulate(
            points, values, grey, dx, dy, masked, pose, rotation(pose), scale, residual, inside, normal, gradient
        )
        put_all(left, normal)
        for i in range(7):
            step[i, 0] = -gradient[i]
        solve(left, step)
        largest = 0.0
        for i in range(7):
            pose[i] += step[i, 0]
            if i < 4:
                largest = max(largest, abs(step[i, 0]))
        n = 0
        for k in range(len(points)):
            if inside[k]:
                near[n] = abs(residual[k])
                n += 1
        if n:
            scale = max(NOISE, 1.4826 * median(near[:n]))
        if largest < SMALL_STEP:
            break


@njit(cache=True, error_model="numpy")
def _likeness(points: Floats, dx: Grey, dy: Grey, now_dx: Grey, now_dy: Grey, pose: Floats, turn: Floats) -> float:
    """Correlation of the gradients of two pictures at the nearest pixels to ``points``, all of which fall inside."""
    height, width = dx.shape
    focal = np.exp(pose[4])
    both, before, now = 0.0, 0.0, 0.0
    for k in range(len(points)):
        x, y = points[k, 0] / focal, points[k, 1] / focal
        ray_z = turn[2, 0] * x + turn[2, 1] * y + turn[2, 2]
        u = focal * np.exp(pose[3]) * (turn[0, 0] * x + turn[0, 1] * y + turn[0, 2]) / ray_z
        v = focal * np.exp(pose[3]) * (turn[1, 0] * x + turn[1, 1] * y + turn[1, 2]) / ray_z
        i = int(np.rint(points[k, 1] * width + (height - 1) / 2))
        j = int(np.rint(points[k, 0] * width + (width - 1) / 2))
        p = min(max(int(np.rint(v * width + (height - 1) / 2)), 0), height - 1)
        q = min(max(int(np.rint(u * width + (width - 1) / 2)), 0), width - 1)
        both += dx[i, j] * now_dx[p, q] + dy[i, j] * now_dy[p, q]
        before += dx[i, j] ** 2 + dy[i, j] ** 2
        now += now_dx[p, q] ** 2 + now_dy[p, q] ** 2
    return float(both / np.sqrt(before * now)) if before > 0 and now > 0 else 0.0


@njit(cache=True, error_model="numpy")
def _shift_costs(
    pixels: NDArray[np.int64], values: Floats, grey: Grey, masked: Mask, step: int, truncate: float, cost: Floats
) -> None:
    """Mean truncated difference of the pixels shifted by ``step`` times (row - middle, column - middle) of ``cost``."""
    height, width = grey.shape
    rows, columns = cost.shape
    for i in range(rows):
        for j in range(columns):
            total, count = 0.0, 0
            for k in range(len(pixels)):
                x, y = pixels[k, 0] + step * (j - columns // 2), pixels[k, 1] + step * (i - rows // 2)
                if 0 <= x < width and 0 <= y < height and not masked[y, x]:
                    total += min(abs(grey[y, x] - values[k]), truncate)
                    count += 1
            cost[i, j] = total / count if 2 * count > len(pixels) else truncate
