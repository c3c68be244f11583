"""The rink: lines, dots, blocks and mats in metres, and the way between the ice (x, y) and the track (u, d).

Ice coordinates: origin in the rink's centre, +x to the right as seen from the main camera, +y away from it; racing is
counter-clockwise, so that the near straight (y < 0, with the finish line) is skated in +x.

                  far straight  <--  y = +8.5 on the measured line
              .-----------------------------.
            /                                 \\
    left   |   .  (centre: track_shift_m, 0)   |  right corner
            \\                                 /
              '--------------|--------------'
                 near straight -->  finish line x = 0

Track coordinates: ``u`` metres along the measured line past the finish line, 0 <= u < lap_m; ``d`` metres outside the
measured line. ``s = u + k * lap_m`` counted from the start line is what a racer has skated.
Measures: ISU Special Regulations Short Track, rule 280 ff.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from race.events import Start

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rink:
    """The defaults are the Olympic 60 x 30 m sheet; training halls differ. Points are (x, y) in metres.

    ``track_shift_m`` slides the oval along x (five tracks or more, so that the ice is not worn in one place); the
    finish line stays. ``block_angles`` are those of a corner's seven blocks from its entry (0) to its exit (pi).
    """

    track_shift_m: float = 0.0
    ice_length_m: float = 60.0
    ice_width_m: float = 30.0
    # 28.85 in the rules; this makes a lap 111.12 m exactly.
    straight_m: float = (111.12 - 2 * math.pi * 8.5) / 2
    block_radius_m: float = 8.0
    measured_radius_m: float = 8.5
    block_angles: tuple[float, ...] = tuple(k * math.pi / 6 for k in range(7))
    ice_corner_radius_m: float = 8.5
    # A camera 4 m up and 5.6 m behind the mats does not see the 3 m of ice in front of them.
    mat_height_m: float = 1.4

    def __post_init__(self) -> None:
        half_length = self.straight_m / 2 + self.measured_radius_m + abs(self.track_shift_m)
        if self.measured_radius_m > self.ice_width_m / 2 or half_length > self.ice_length_m / 2:
            raise ValueError(
                f"Rink: an oval of {2 * half_length:.2f} x {2 * self.measured_radius_m:.2f} m, its shift included, "
                f"does not fit on {self.ice_length_m} x {self.ice_width_m} m of ice"
            )

    @property
    def lap_m(self) -> float:
        return 2 * self.straight_m + 2 * math.pi * self.measured_radius_m

    @property
    def blocks(self) -> Floats:
        """(2 * blocks a corner, 2): the right corner's, then the left one's, each in the order they are skated past."""
        angles = np.asarray(self.block_angles)
        right = np.column_stack([np.sin(angles), -np.cos(angles)]) * self.block_radius_m
        right[:, 0] += self.straight_m / 2
        return np.asarray(np.concatenate([right, -right]) + np.array([self.track_shift_m, 0.0]))

    @property
    def finish_line(self) -> Floats:
        """(2, 2): its outer end at the near mats, its inner end."""
        return np.array([[0.0, -self.ice_width_m / 2], [0.0, -(self.block_radius_m - 1.5)]])

    def start_line(self, start: Start) -> Floats:
        """(2, 2): outer and inner end; ``near`` is 1000 m and relays, ``far`` 500 and 1500 m."""
        side = -1.0 if start == "near" else 1.0
        x = 0.0 if start == "near" else 2 * self.track_shift_m
        return np.array([[x, side * self.ice_width_m / 2], [x, side * self.block_radius_m]])

    def start_dots(self, start: Start) -> Floats:
        """(5, 2): where the racers of the first row stand, from the inside out."""
        line = self.start_line(start)
        y = self.block_radius_m + 0.5 + 1.3 * np.arange(5)
        return np.column_stack([np.full(5, line[0, 0]), np.sign(line[0, 1]) * y])

    def mats(self, step_m: float = 0.5) -> Floats:
        """(M, 2): foot of the mats, counter-clockwise, a rectangle with round corners, not closed."""
        radius = self.ice_corner_radius_m
        cx, cy = self.ice_length_m / 2 - radius, self.ice_width_m / 2 - radius
        points = []
        for k, (sx, sy) in enumerate(((1, -1), (1, 1), (-1, 1), (-1, -1))):
            turn = np.linspace(0, np.pi / 2, max(2, round(radius * np.pi / 2 / step_m) + 1)) + (k - 1) * np.pi / 2
            arc = np.column_stack([sx * cx + radius * np.cos(turn), sy * cy + radius * np.sin(turn)])
            length = 2 * (cy if k % 2 == 0 else cx)
            along = np.linspace(0, 1, max(2, round(length / step_m) + 1))[1:-1, None]
            direction = np.array([[0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [1.0, 0.0]][k])
            points += [arc, arc[-1] + along * length * direction]
        return np.concatenate(points)

    def to_track(self, xy: ArrayLike) -> Floats:
        """(..., 2) ice -> (..., 2) track: u in [0, lap_m) and d."""
        points = np.ascontiguousarray(xy, dtype=np.float64)
        return np.asarray(ice_to_track(points.reshape(-1, 2), *self._shape)).reshape(points.shape)

    def to_ice(self, ud: ArrayLike) -> Floats:
        """(..., 2) track -> (..., 2) ice; any u. The exact inverse of ``to_track`` where d > -measured_radius_m."""
        points = np.ascontiguousarray(ud, dtype=np.float64)
        return np.asarray(track_to_ice(points.reshape(-1, 2), *self._shape)).reshape(points.shape)

    def to_track_covariance(self, xy: ArrayLike, covariance: ArrayLike) -> Floats:
        """(..., 2), (..., 2, 2) on the ice -> (..., 2, 2) of (u, d), to first order (small against the corner)."""
        points = np.ascontiguousarray(xy, dtype=np.float64)
        spread = np.asarray(covariance, dtype=np.float64)
        jacobian = track_jacobian(points.reshape(-1, 2), *self._shape).reshape(spread.shape)
        return np.asarray(jacobian @ spread @ np.swapaxes(jacobian, -1, -2))

    def to_ice_covariance(self, ud: ArrayLike, covariance: ArrayLike) -> Floats:
        """(..., 2), (..., 2, 2) of (u, d) -> (..., 2, 2) on the ice, to first order."""
        jacobian = track_jacobian(self.to_ice(ud).reshape(-1, 2), *self._shape).reshape(np.shape(covariance))
        inverse = np.linalg.inv(jacobian)
        return np.asarray(inverse @ np.asarray(covariance) @ np.swapaxes(inverse, -1, -2))

    def heading(self, u: ArrayLike) -> Floats:
        """Direction of travel along the measured line, radians counter-clockwise from +x, in (-pi, pi]."""
        t = np.mod(np.asarray(u) + self.straight_m / 2 - self.track_shift_m, self.lap_m)
        half_lap = self.lap_m / 2
        turned = np.clip((np.mod(t, half_lap) - self.straight_m) / self.measured_radius_m, 0, np.pi)
        angle = turned + np.where(t >= half_lap, np.pi, 0.0)
        return np.asarray(np.pi - np.mod(np.pi - angle, 2 * np.pi))

    @property
    def _shape(self) -> tuple[float, float, float]:
        return self.straight_m / 2, self.measured_radius_m, self.track_shift_m


def unwrap(u: ArrayLike, lap_m: float) -> Floats:
    """(..., T) u in time order -> the same growing on across the finish line; NaN is passed over and kept."""
    values = np.array(u, dtype=np.float64)
    flat = values.reshape(-1, values.shape[-1])
    for row in flat:
        seen = np.isfinite(row)
        row[seen] = np.unwrap(row[seen], period=lap_m)
    return values


# The kernels take half the straight, the measured radius and the track's shift, all in metres.


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator,unused-ignore]
def ice_to_track(xy: Floats, half: float, radius: float, shift: float) -> Floats:
    """(N, 2) -> (N, 2). ``t`` runs from the beginning of the near straight."""
    lap = 4 * half + 2 * np.pi * radius
    out = np.empty_like(xy)
    for n in range(len(xy)):
        x, y = xy[n, 0] - shift, xy[n, 1]
        if x > half:
            t = 2 * half + radius * (np.arctan2(y, x - half) + 0.5 * np.pi)
            d = np.hypot(x - half, y) - radius
        elif x < -half:
            t = 4 * half + radius * (np.pi + np.arctan2(-y, -half - x) + 0.5 * np.pi)
            d = np.hypot(x + half, y) - radius
        elif y < 0:
            t, d = x + half, -y - radius
        else:
            t, d = 3 * half + np.pi * radius - x, y - radius
        u = (t - half + shift) % lap
        out[n, 0] = u if u < lap else 0.0  # the remainder of -1e-17 rounds up to lap
        out[n, 1] = d
    return out


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator,unused-ignore]
def track_to_ice(ud: Floats, half: float, radius: float, shift: float) -> Floats:
    """(N, 2) -> (N, 2)."""
    lap = 4 * half + 2 * np.pi * radius
    out = np.empty_like(ud)
    for n in range(len(ud)):
        t, r = (ud[n, 0] + half - shift) % lap, radius + ud[n, 1]
        side = 1.0
        if t >= 0.5 * lap:  # the far straight and the left corner are the other half turned about the centre
            t, side = t - 0.5 * lap, -1.0
        if t <= 2 * half:
            x, y = t - half, -r
        else:
            turned = (t - 2 * half) / radius
            x, y = half + r * np.sin(turned), -r * np.cos(turned)
        out[n, 0], out[n, 1] = shift + side * x, side * y
    return out


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator,unused-ignore]
def track_jacobian(xy: Floats, half: float, radius: float, shift: float) -> Floats:
    """(N, 2) -> (N, 2, 2): d(u, d) / d(x, y)."""
    out = np.empty((len(xy), 2, 2))
    for n in range(len(xy)):
        x, y = xy[n, 0] - shift, xy[n, 1]
        if abs(x) <= half:
            side = 1.0 if y < 0 else -1.0
            out[n, 0, 0], out[n, 0, 1] = side, 0.0
            out[n, 1, 0], out[n, 1, 1] = 0.0, -side
        else:
            cx = x - half if x > 0 else x + half
            r = np.hypot(cx, y)
            out[n, 0, 0], out[n, 0, 1] = -y / r * radius / r, cx / r * radius / r
            out[n, 1, 0], out[n, 1, 1] = cx / r, y / r
    return out
