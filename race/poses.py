"""Where the camera was over the rink, frame by frame, and the way between pixels and the ice.

The camera is that of ``simulation/camera.py``: a pinhole with one radial term. Ice coordinates are those of
``race/rink.py`` with z up; pixels x right, y down, origin in the top left corner.

           z up                    camera axes: x right, y down, z ahead
           |  y away               seen = rotation @ (point - position)
           | /                     flat = seen[:2] / seen[2],   r2 = |flat|^2
           |/                      pixel = middle of the picture + focal_px * flat * (1 + k1 * r2)
           +---- x right
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from race.rink import Rink

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEAREST_M = 0.05
"""What is less far ahead of the camera is not in the picture."""


@dataclass(frozen=True, slots=True)
class Poses:
    """One row per row of ``Frames``; all NaN in a frame that is not registered.

    size      width, height of the pictures, pixels; the principal point is their middle
    position  (F, 3)    the camera, m
    rotation  (F, 3, 3) rink axes -> camera axes (x right, y down, z ahead)
    focal_px  (F,)      focal length
    k1        (F,)      radial distortion
    sd_px     (F,)      standard deviation, each way, of where a point of the ice is projected; an error that all points
                        of a frame share, and neighbouring frames nearly
    quality   (F,)      0 to 1, how well the rink explains the picture
    """

    size: tuple[int, int]
    position: Floats
    rotation: Floats
    focal_px: Floats
    k1: Floats
    sd_px: Floats
    quality: Floats

    def __post_init__(self) -> None:
        n = len(self.focal_px)
        expected = {"position": (n, 3), "rotation": (n, 3, 3), "k1": (n,), "sd_px": (n,), "quality": (n,)}
        for name, shape in expected.items():
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"Poses.{name}: expected shape {shape}, got {got}")

    def __len__(self) -> int:
        return len(self.focal_px)

    @property
    def known(self) -> Mask:
        """(F,) frames that are registered."""
        return np.asarray(np.isfinite(self.focal_px))

    def take(self, rows: ArrayLike) -> Self:
        """The frames ``rows``, indices or a mask."""
        at = np.asarray(rows)
        return type(self)(
            self.size,
            self.position[at],
            self.rotation[at],
            self.focal_px[at],
            self.k1[at],
            self.sd_px[at],
            self.quality[at],
        )

    def to_pixels(self, row: ArrayLike, points: ArrayLike) -> Floats:
        """(N,) row of each point's frame (one number for all), (N, 2) on the ice or (N, 3), m -> (N, 2) px.

        NaN behind the camera, far beside the picture and where the frame is not registered.
        """
        given = np.asarray(points, dtype=np.float64)
        xyz = np.zeros((len(given), 3))
        xyz[:, : given.shape[1]] = given
        out = np.empty((len(xyz), 2))
        _to_pixels(self._rows(row, len(xyz)), xyz, *self._arrays, out)
        return out

    def to_ice(self, row: ArrayLike, pixels: ArrayLike, pixel_sd: ArrayLike = 0.0) -> tuple[Floats, Floats]:
        """(N,) row of each point's frame (one number for all), (N, 2) px -> (N, 2) m on the ice, (N, 2, 2) covariance.

        ``pixel_sd``, (N,) or one number, is the pixels' own standard deviation, to which the pose's is added. NaN above
        the horizon and where the frame is not registered. Covariances are to first order.
        """
        seen = np.ascontiguousarray(pixels, dtype=np.float64)
        sd = np.empty(len(seen))
        sd[:] = np.asarray(pixel_sd, dtype=np.float64)
        xy, covariance = np.empty((len(seen), 2)), np.empty((len(seen), 2, 2))
        _to_ice(self._rows(row, len(seen)), seen, sd, *self._arrays, self.sd_px, xy, covariance)
        return xy, covariance

    def to_track(
        self, row: ArrayLike, pixels: ArrayLike, rink: Rink, pixel_sd: ArrayLike = 0.0
    ) -> tuple[Floats, Floats]:
        """As ``to_ice``, but in track coordinates (u, d) of ``rink``: (N, 2) m, (N, 2, 2)."""
        xy, covariance = self.to_ice(row, pixels, pixel_sd)
        return rink.to_track(xy), rink.to_track_covariance(xy, covariance)

    def from_track(self, row: ArrayLike, ud: ArrayLike, rink: Rink) -> Floats:
        """(N,) row, (N, 2) track coordinates, m -> (N, 2) px."""
        return self.to_pixels(row, rink.to_ice(ud))

    @property
    def _arrays(self) -> tuple[Floats, Floats, Floats, Floats, float, float]:
        width, height = self.size
        return self.position, self.rotation, self.focal_px, self.k1, width / 2, height / 2

    def _rows(self, row: ArrayLike, n: int) -> NDArray[np.int64]:
        rows = np.broadcast_to(np.asarray(row, dtype=np.int64), (n,))
        if n and (rows.min() < 0 or rows.max() >= len(self)):
            raise ValueError(f"Poses: rows {rows.min()} to {rows.max()} asked for, there are {len(self)}")
        return np.ascontiguousarray(rows)


def no_poses(frames: int, size: tuple[int, int]) -> Poses:
    """Poses of ``frames`` frames none of which is registered."""
    unknown = np.full(frames, np.nan)
    return Poses(
        size, np.full((frames, 3), np.nan), np.full((frames, 3, 3), np.nan), *(unknown.copy() for _ in range(4))
    )


@njit(cache=True, error_model="numpy")
def _to_pixels(
    row: NDArray[np.int64], points: Floats, position: Floats, rotation: Floats, focal_px: Floats, k1: Floats,
    middle_x: float, middle_y: float, out: Floats,
) -> None:  # fmt: skip
    for n in range(len(points)):
        f = row[n]
        x, y, z = points[n, 0] - position[f, 0], points[n, 1] - position[f, 1], points[n, 2] - position[f, 2]
        right = rotation[f, 0, 0] * x + rotation[f, 0, 1] * y + rotation[f, 0, 2] * z
        down = rotation[f, 1, 0] * x + rotation[f, 1, 1] * y + rotation[f, 1, 2] * z
        ahead = rotation[f, 2, 0] * x + rotation[f, 2, 1] * y + rotation[f, 2, 2] * z
        if not ahead > NEAREST_M:
            out[n, 0] = out[n, 1] = np.nan
            continue
        a, b = right / ahead, down / ahead
        r2 = a * a + b * b
        if 1 + 3 * k1[f] * r2 <= 0:  # so far outside of the picture that the radial term would fold it back in
            out[n, 0] = out[n, 1] = np.nan
            continue
        scale = focal_px[f] * (1 + k1[f] * r2)
        out[n, 0], out[n, 1] = middle_x + scale * a, middle_y + scale * b


@njit(cache=True, error_model="numpy")
def _to_ice(
    row: NDArray[np.int64], pixels: Floats, sd: Floats, position: Floats, rotation: Floats, focal_px: Floats,
    k1: Floats, middle_x: float, middle_y: float, pose_sd: Floats, xy: Floats, covariance: Floats,
) -> None:  # fmt: skip
    jacobian = np.empty((2, 2))  # d(pixel) / d(x, y)
    for n in range(len(pixels)):
        f = row[n]
        turn = rotation[f]
        seen_a, seen_b = (pixels[n, 0] - middle_x) / focal_px[f], (pixels[n, 1] - middle_y) / focal_px[f]
        a, b = seen_a, seen_b
        for _ in range(20):  # a contraction: |3 k1 r^2| is far below 1 in every picture
            bent = 1 + k1[f] * (a * a + b * b)
            a, b = seen_a / bent, seen_b / bent
        ray_x = turn[0, 0] * a + turn[1, 0] * b + turn[2, 0]
        ray_y = turn[0, 1] * a + turn[1, 1] * b + turn[2, 1]
        ray_z = turn[0, 2] * a + turn[1, 2] * b + turn[2, 2]
        if not ray_z < 0:  # at or above the horizon, or NaN
            xy[n, 0] = xy[n, 1] = np.nan
            covariance[n, 0, 0] = covariance[n, 0, 1] = covariance[n, 1, 0] = covariance[n, 1, 1] = np.nan
            continue
        ahead = -position[f, 2] / ray_z  # the ray is 1 ahead of the camera
        xy[n, 0], xy[n, 1] = position[f, 0] + ahead * ray_x, position[f, 1] + ahead * ray_y
        r2 = a * a + b * b
        bent = focal_px[f] * (1 + k1[f] * r2)
        pull = 2 * k1[f] * focal_px[f]
        for k in range(2):
            da = (turn[0, k] - a * turn[2, k]) / ahead
            db = (turn[1, k] - b * turn[2, k]) / ahead
            dr2 = a * da + b * db
            jacobian[0, k] = bent * da + pull * a * dr2
            jacobian[1, k] = bent * db + pull * b * dr2
        determinant = jacobian[0, 0] * jacobian[1, 1] - jacobian[0, 1] * jacobian[1, 0]
        variance = (sd[n] ** 2 + pose_sd[f] ** 2) / determinant**2
        # covariance = variance * inv(J^T J)
        across = -variance * (jacobian[0, 0] * jacobian[0, 1] + jacobian[1, 0] * jacobian[1, 1])
        covariance[n, 0, 0] = variance * (jacobian[0, 1] ** 2 + jacobian[1, 1] ** 2)
        covariance[n, 1, 1] = variance * (jacobian[0, 0] ** 2 + jacobian[1, 0] ** 2)
        covariance[n, 0, 1] = covariance[n, 1, 0] = across
