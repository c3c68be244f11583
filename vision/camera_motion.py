"""How the picture moved from one frame to the next: a fixed camera that pans, tilts, rolls and zooms.

A broadcast camera stands still, so that the background moves by ``H = K2 R K1^-1``: four numbers a frame (pan, tilt,
roll, zoom) and the focal length, which a pan shows by the way the picture's edges move faster than its middle. All are
found together by direct alignment (Lucas and Kanade 1981; inverse depth set to zero in Engel et al., Direct Sparse
Odometry, 2018): the brightness of a few thousand pixels with texture, coarse to fine, with weights that let moving
things go, a gain and an offset for fades, and the motion before as a prior, which carries through blur and bare ice.

Lengths inside this module are in picture widths from the picture's centre, so that they hold at every resolution.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

PAN, TILT, ROLL, ZOOM, FOCAL, GAIN, OFFSET = range(7)
"""What is estimated: angles in radians, log of the zoom factor, log of the focal length, brightness gain and offset."""

LEVELS = ((80, 1), (160, 2), (320, 4))
"""Widths of the reduced pictures, and the side of the cell that gives its strongest pixel to the alignment."""

FIRST_FOCAL, FIRST_FOCAL_SD = 1.9, 0.5
"""Focal length in picture widths (a horizontal field of 29 degrees) and log sd before anything was seen."""

STEP_SD = np.array([0.008, 0.004, 0.002, 0.006])
"""How much pan, tilt (picture widths at the focal length), roll and zoom change from one frame to the next."""

START_SD = np.array([0.05, 0.02, 0.005, 0.02])
"""The same where the motion before is unknown, as the motion's own size."""

FOCAL_DRIFT_SD = 0.01
MIN_GRADIENT = 3.0  # grey levels a pixel
MIN_POINTS = 150
NOISE = 2.0  # grey levels, least scale of the residuals
CORRELATED = 8.0  # neighbouring pixels do not err independently: so many count as one
LEAST_LIKENESS = 0.3  # correlation under which the pictures are of different places
LARGEST_ERROR = 0.01  # picture widths
SAMPLES = ((0.0, 0.0), (-0.35, -0.15), (0.35, -0.15), (-0.35, 0.15), (0.35, 0.15))
BLACK = 12.0
ITERATIONS = 8


@dataclass(frozen=True, slots=True)
class _Level:
    """A reduced picture with its gradients in grey levels a pixel, and where it must not be used."""

    grey: NDArray[np.float32]
    dx: NDArray[np.float32]
    dy: NDArray[np.float32]
    masked: Mask


class CameraMotion:
    """Feed every picture to ``update`` in order; a new shot is noticed by itself, or begun by ``forget``."""

    def __init__(self) -> None:
        self._before: list[_Level] | None = None
        self.forget()

    def forget(self) -> None:
        """Begin a new shot: the next motion is unknown, and nothing is assumed about the one after."""
        self._before = None
        self._velocity: Floats | None = None  # pan, tilt, roll, zoom of the frame before
        self._log_focal, self._log_focal_sd = float(np.log(FIRST_FOCAL)), FIRST_FOCAL_SD

    def update(self, image: Image, person_boxes: Floats, graphics_mask: Mask | None = None) -> tuple[Floats, float]:
        """The motion of the background from the picture before to this one.

        image          (H, W, 3) BGR
        person_boxes   (n, 4) top-left x, y, width, height of everyone in the picture, pixels
        graphics_mask  (H, W) True where the score bug and other graphics are, or None

        Returns the homography (3, 3) from pixels of the picture before to pixels of this one, and its quality from 0
        (a guess) to 1 (sure). Both are NaN where the motion is unknown: in the first picture, over a cut, in the dark,
        and where there is nothing to hold on to.
        """
        height, width = image.shape[:2]
        levels = _pyramid(image, person_boxes, graphics_mask)
        before, self._before = self._before, levels
        unknown = np.full((3, 3), np.nan), float("nan")
        if float(levels[0].grey.mean()) < BLACK:
            self.forget()
            return unknown
        if before is None:
            return unknown
        estimate = self._align(before, levels)
        if estimate.likeness < LEAST_LIKENESS or estimate.error > LARGEST_ERROR:
            self.forget()
            self._before = levels
            return unknown
        self._velocity = estimate.pose[:4]
        self._log_focal = float(estimate.pose[FOCAL] + estimate.pose[ZOOM])
        self._log_focal_sd = float(np.sqrt(estimate.covariance[FOCAL, FOCAL]))
        return picture_homography(estimate.pose, width, height), estimate.quality

    def _align(self, before: Sequence[_Level], now: Sequence[_Level]) -> "_Estimate":
        prior, spread = np.zeros(7), np.empty(7)
        prior[FOCAL], prior[GAIN] = self._log_focal, 1.0
        focal = np.exp(self._log_focal)
        if self._velocity is None:
            spread[:4] = START_SD
        else:
            prior[:4] = self._velocity
            spread[:4] = STEP_SD
        spread[[PAN, TILT]] /= focal
        spread[[FOCAL, GAIN, OFFSET]] = np.hypot(self._log_focal_sd, FOCAL_DRIFT_SD), 0.3, 20.0
        information = 1.0 / spread**2

        pose = prior.copy()
        if self._velocity is None:
            pose[:2] = _shift(before[0], now[0]) / focal
        for (_, cell), old, new in zip(LEVELS, before, now, strict=True):
            points, values = _texture(old, cell)
            for _ in range(ITERATIONS):
                residual, jacobian, inside = residuals(points, values, new.grey, new.dx, new.dy, new.masked, pose)
                weight = _weights(residual, inside)
                weighted = jacobian * weight[:, None]
                normal = weighted.T @ jacobian + np.diag(information)
                step = np.linalg.solve(normal, -(weighted.T @ residual) - information * (pose - prior))
                pose += step
                if np.abs(step[:4]).max() < 1e-5:
                    break
        if inside.sum() < MIN_POINTS:
            likeness = 0.0
        else:
            likeness = float(np.corrcoef(values[inside], (residual + pose[GAIN] * values)[inside])[0, 1])
        return _Estimate(pose, np.asarray(np.linalg.inv(normal), dtype=np.float64), likeness)


@dataclass(frozen=True, slots=True)
class _Estimate:
    """A pose (7,) with its covariance (7, 7), and the correlation of the two pictures under it."""

    pose: Floats
    covariance: Floats
    likeness: float

    @property
    def error(self) -> float:
        """Expected error of a background point, picture widths: root mean square over ``SAMPLES``."""
        focal = np.exp(self.pose[FOCAL])
        total = 0.0
        for u, v in SAMPLES:
            move = np.array(
                [[focal + u * u / focal, -u * v / focal, -v, u], [u * v / focal, -focal - v * v / focal, u, v]]
            )
            total += float(np.trace(move @ self.covariance[:4, :4] @ move.T))
        return float(np.sqrt(total / len(SAMPLES)))

    @property
    def quality(self) -> float:
        """From 0 to 1; half where a point is expected to be 1/640 of the picture's width off."""
        return float(np.clip(self.likeness, 0.0, 1.0) / (1.0 + (self.error * 640) ** 2))


def _weights(residual: Floats, inside: Mask) -> Floats:
    """Weights (n,) of the residuals: least squares near zero, nothing for what moves by itself (Geman and McClure)."""
    if not inside.any():
        return np.zeros(len(residual))
    scale = max(NOISE, 1.4826 * float(np.median(np.abs(residual[inside]))))
    return np.where(inside, 1.0 / (1.0 + (residual / scale) ** 2) ** 2, 0.0) / (CORRELATED * scale**2)


def rotation(pan: float, tilt: float, roll: float) -> Floats:
    """Rotation matrix (3, 3) of the small rotation vector (tilt, pan, roll), radians; x right, y down, z ahead."""
    return np.asarray(cv2.Rodrigues(np.array([tilt, pan, roll]))[0], dtype=np.float64)


def picture_homography(pose: Floats, width: int, height: int) -> Floats:
    """Homography (3, 3) in pixels of ``pose`` (pan, tilt, roll, log zoom, log focal length in picture widths)."""
    focal = np.exp(pose[FOCAL]) * width
    centre = np.array([(width - 1) / 2, (height - 1) / 2])

    def camera(focal_px: float) -> Floats:
        return np.array([[focal_px, 0.0, centre[0]], [0.0, focal_px, centre[1]], [0.0, 0.0, 1.0]])

    h = camera(focal * np.exp(pose[ZOOM])) @ rotation(*pose[:3]) @ np.linalg.inv(camera(focal))
    return np.asarray(h / h[2, 2])


def residuals(
    points: Floats,
    values: Floats,
    grey: NDArray[np.float32],
    dx: NDArray[np.float32],
    dy: NDArray[np.float32],
    masked: Mask,
    pose: Floats,
) -> tuple[Floats, Floats, Mask]:
    """Brightness differences (n,), their derivatives (n, 7) by ``pose``, and which of them count (n,).

    points  (n, 2) of the picture before, picture widths from the centre; values (n,) their brightness
    grey, dx, dy, masked  (h, w) this picture, its gradients in grey levels a pixel, and what is not background
    """
    n = len(points)
    residual, jacobian, inside = np.zeros(n), np.zeros((n, 7)), np.zeros(n, dtype=np.bool_)
    _residuals(points, values, grey, dx, dy, masked, pose, rotation(*pose[:3]), residual, jacobian, inside)
    return residual, jacobian, inside


@njit(cache=True)
def _residuals(points, values, grey, dx, dy, masked, pose, turn, residual, jacobian, inside):  # type: ignore[no-untyped-def]
    height, width = grey.shape
    focal = np.exp(pose[4])
    focal_now = focal * np.exp(pose[3])
    gain, offset = pose[5], pose[6]
    for k in range(len(points)):
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
        value = (
            w00 * grey[top, left]
            + w01 * grey[top, left + 1]
            + w10 * grey[top + 1, left]
            + w11 * grey[top + 1, left + 1]
        )
        gx = w00 * dx[top, left] + w01 * dx[top, left + 1] + w10 * dx[top + 1, left] + w11 * dx[top + 1, left + 1]
        gy = w00 * dy[top, left] + w01 * dy[top, left + 1] + w10 * dy[top + 1, left] + w11 * dy[top + 1, left + 1]
        gx *= width
        gy *= width
        # d(ray)/d(log focal) = -R (x, y, 0)
        fx = -(turn[0, 0] * x + turn[0, 1] * y)
        fy = -(turn[1, 0] * x + turn[1, 1] * y)
        fz = -(turn[2, 0] * x + turn[2, 1] * y)
        residual[k] = value - gain * values[k] - offset
        jacobian[k, 0] = focal_now * (gx * (1 + a * a) + gy * a * b)
        jacobian[k, 1] = -focal_now * (gx * a * b + gy * (1 + b * b))
        jacobian[k, 2] = focal_now * (gy * a - gx * b)
        jacobian[k, 3] = gx * u + gy * v
        jacobian[k, 4] = gx * (u + focal_now * (fx - a * fz) / ray_z) + gy * (v + focal_now * (fy - b * fz) / ray_z)
        jacobian[k, 5] = -values[k]
        jacobian[k, 6] = -1.0
        inside[k] = True


def _pyramid(image: Image, person_boxes: Floats, graphics_mask: Mask | None) -> list[_Level]:
    """The reduced pictures of ``LEVELS``; people (with a margin) and graphics are masked."""
    height, width = image.shape[:2]
    finest = LEVELS[-1][0]
    size = (finest, max(1, round(finest * height / width)))
    grey = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    masked = np.zeros(grey.shape, dtype=np.uint8)
    if graphics_mask is not None:
        masked = (cv2.resize(graphics_mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 0).astype(
            np.uint8
        )
    for x, y, w, h in np.asarray(person_boxes, dtype=np.float64) * (finest / width):
        margin = 2.0 + 0.12 * min(w, h)
        corner, opposite = (int(x - margin), int(y - margin)), (int(x + w + margin), int(y + h + margin))
        cv2.rectangle(masked, corner, opposite, 1, thickness=cv2.FILLED)
    levels = []
    for level_width, _ in LEVELS:
        shape = (level_width, max(1, round(level_width * height / width)))
        small = cv2.resize(grey, shape, interpolation=cv2.INTER_AREA).astype(np.float32)
        small = cv2.GaussianBlur(small, (0, 0), 0.8)
        hidden = cv2.resize(masked * 255, shape, interpolation=cv2.INTER_AREA) > 20
        levels.append(
            _Level(
                grey=small,
                dx=cv2.Scharr(small, cv2.CV_32F, 1, 0, scale=1 / 32),
                dy=cv2.Scharr(small, cv2.CV_32F, 0, 1, scale=1 / 32),
                masked=hidden,
            )
        )
    return levels


def _texture(level: _Level, cell: int) -> tuple[Floats, Floats]:
    """The strongest pixel of every cell with texture: (n, 2) in picture widths from the centre, and brightness (n,)."""
    height, width = level.grey.shape
    rows, columns = height // cell, width // cell
    strength = np.where(level.masked, 0.0, np.hypot(level.dx, level.dy))[: rows * cell, : columns * cell]
    cells = strength.reshape(rows, cell, columns, cell).transpose(0, 2, 1, 3).reshape(rows, columns, cell * cell)
    best = cells.argmax(axis=2)
    row, column = np.nonzero(cells.max(axis=2) > MIN_GRADIENT)
    y = row * cell + best[row, column] // cell
    x = column * cell + best[row, column] % cell
    points: Floats = np.column_stack([x - (width - 1) / 2, y - (height - 1) / 2]) / width
    return points, level.grey[y, x].astype(np.float64)


def _shift(before: _Level, now: _Level) -> Floats:
    """Rough (pan, -tilt) shift in picture widths by phase correlation."""
    window = cv2.createHanningWindow(before.grey.shape[::-1], cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(before.grey, now.grey, window)
    return np.asarray(np.array([dx, -dy]) / before.grey.shape[1], dtype=np.float64)
