"""A guide line round the oval, as racers skate: coordinates in which a racer's way is nearly straight.

In track coordinates (``race/rink.py``) the measured line is a straight that meets a circle, so that whoever skates wide
of it changes speed in an instant where the two meet. The guide is wide on the straight and tight at the apex block, and
its curvature rises and falls smoothly. Along it a racer keeps speed for seconds, which is what bridges the time in
which the camera shows something else.

``g`` metres along the guide past the finish line, ``e`` metres outside it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from race.rink import Rink

Floats = NDArray[np.float64]

WIDE_M, TIGHT_M = 2.4, 0.2
"""Outside the measured line in the middle of the straight and at the apex: halfway between the usual lines."""
STEP_M = 0.1
NEAREST_TO_CENTRE = 0.7
"""Points nearer to the middle of a curve than so much of its radius inwards have no place along it: e stops there."""


@dataclass(frozen=True, slots=True)
class Guide:
    """The closed line as N points at even steps, the first on the finish line.

    xy (N, 2) m, heading (N,) radians counter-clockwise from +x, unwrapped, curvature (N,) 1/m, step_m, and ``at_u``
    (M,): the index of the point abreast of u = k * ``u_step_m`` on the measured line, from which a search begins.
    """

    xy: Floats
    heading: Floats
    curvature: Floats
    step_m: float
    at_u: Floats
    u_step_m: float
    rink: Rink

    @property
    def length_m(self) -> float:
        return len(self.xy) * self.step_m

    def from_ice(self, xy: ArrayLike) -> tuple[Floats, Floats]:
        """(N, 2) ice -> (N, 2) (g in [0, length_m), e), and (N, 2, 2) its Jacobian d(g, e) / d(x, y)."""
        points = np.ascontiguousarray(xy, dtype=np.float64)
        out, jacobian = np.empty((len(points), 2)), np.empty((len(points), 2, 2))
        u = self.rink.to_track(points)[:, 0]
        ice_to_guide(
            points, u, self.xy, self.heading, self.curvature, self.step_m, self.at_u, self.u_step_m, out, jacobian
        )
        return out, jacobian

    def to_ice(self, ge: ArrayLike) -> tuple[Floats, Floats]:
        """(..., 2) -> (..., 2) ice, any g, and the heading (...) of the guide there."""
        given = np.asarray(ge, dtype=np.float64)
        flat = np.ascontiguousarray(given.reshape(-1, 2))
        out, heading = np.empty_like(flat), np.empty(len(flat))
        guide_to_ice(flat, self.xy, self.heading, self.step_m, out, heading)
        return out.reshape(given.shape), heading.reshape(given.shape[:-1])

    def stretch(self, ge: ArrayLike) -> Floats:
        """(..., 2) -> (...) metres of way at e per metre of the guide."""
        given = np.asarray(ge, dtype=np.float64)
        at = np.nan_to_num(np.mod(given[..., 0], self.length_m) / self.step_m)
        kappa = np.interp(at, np.arange(len(self.xy) + 1), np.append(self.curvature, self.curvature[0]))
        return np.asarray(1.0 + np.maximum(kappa * given[..., 1], -NEAREST_TO_CENTRE))


@cache
def make_guide(rink: Rink) -> Guide:
    """The guide of ``rink``, with its oval where ``rink.track_shift_m`` has it."""
    power = _power(rink)
    x, y, turned, kappa, step = _quarter(rink, power)
    # The quarter from mid straight to the apex, its mirror image, and both again turned half round.
    half_xy = np.concatenate([np.column_stack([x, y]), np.column_stack([x, -y])[::-1][1:-1]])
    half_heading = np.concatenate([turned, (np.pi - turned)[::-1][1:-1]])
    half_kappa = np.concatenate([kappa, kappa[::-1][1:-1]])
    xy = np.concatenate([half_xy, [[x[0], -y[0]]], -half_xy[1:]])
    heading = np.concatenate([half_heading, [np.pi], half_heading[1:] + np.pi])
    curvature = np.concatenate([half_kappa, [kappa[0]], half_kappa[1:]])
    xy[:, 0] += rink.track_shift_m
    # Begin on the finish line, x = 0 on the near straight.
    closed = np.arange(len(xy) + 1) * step
    near = np.append(xy[:, 0], xy[0, 0])
    k = int(np.flatnonzero((near[:-1] <= 0) & (near[1:] > 0) & (xy[:, 1] < 0))[0])
    begin = closed[k] + step * (0 - near[k]) / (near[k + 1] - near[k])
    at = np.mod(begin + np.arange(len(xy)) * step, closed[-1])

    def again(values: Floats, turn: float) -> Floats:
        return np.asarray(np.interp(at, closed, np.append(values, values[0] + turn)))

    xy = np.column_stack([again(xy[:, 0], 0), again(xy[:, 1], 0)])
    heading, curvature = np.unwrap(again(heading, 2 * np.pi)), again(curvature, 0)
    heading -= 2 * np.pi * np.round(heading[0] / (2 * np.pi))
    u = np.unwrap(rink.to_track(xy)[:, 0], period=rink.lap_m)
    u -= rink.lap_m * np.round(u[0] / rink.lap_m)
    index = np.arange(-len(xy), 2 * len(xy))
    ring = np.concatenate([u - rink.lap_m, u, u + rink.lap_m])
    count = round(rink.lap_m / STEP_M)
    at_u = np.interp(np.arange(count) * rink.lap_m / count, ring, index)
    return Guide(xy, heading, curvature, step, at_u, rink.lap_m / count, rink)


def _quarter(rink: Rink, power: float) -> tuple[Floats, Floats, Floats, Floats, float]:
    """Points, heading and curvature from mid straight (heading +x) to the apex, where it heads +y; centred on 0, 0.

    The curvature goes as (1 - cos)^power; the length follows from where the apex has to be.
    """
    target = rink.straight_m / 2 + rink.measured_radius_m + TIGHT_M
    count = round(rink.lap_m / 4 / STEP_M)
    share = np.linspace(0, 1, count + 1)
    bend = (0.5 - 0.5 * np.cos(np.pi * share)) ** power
    turned = np.concatenate([[0.0], np.cumsum((bend[1:] + bend[:-1]) / 2)])
    kappa = bend / turned[-1] * np.pi / 2
    turned = turned / turned[-1] * np.pi / 2
    middle = (turned[1:] + turned[:-1]) / 2
    x = np.concatenate([[0.0], np.cumsum(np.cos(middle))])
    y = np.concatenate([[0.0], np.cumsum(np.sin(middle))])
    step = target / x[-1]
    return x * step, (y - y[-1]) * step, turned, kappa / step, step


def _power(rink: Rink) -> float:
    """The power with which the line is WIDE_M outside the measured one in the middle of the straight."""
    low, high = 0.2, 20.0
    for _ in range(60):  # the longer the line stays straight, the tighter the curve and the less wide it begins
        power = (low + high) / 2
        wide = -_quarter(rink, power)[1][0] - rink.measured_radius_m
        low, high = (power, high) if wide > WIDE_M else (low, power)
    return (low + high) / 2


@njit(cache=True, error_model="numpy")
def ice_to_guide(
    points: Floats, u: Floats, xy: Floats, heading: Floats, curvature: Floats, step: float, at_u: Floats, u_step: float,
    out: Floats, jacobian: Floats,
) -> None:  # fmt: skip
    """Newton's method for the foot of the perpendicular, from the point abreast of ``u``."""
    count = len(xy)
    for n in range(len(points)):
        if np.isnan(points[n, 0]) or np.isnan(u[n]):
            out[n, 0] = out[n, 1] = np.nan
            jacobian[n, 0, 0] = jacobian[n, 0, 1] = jacobian[n, 1, 0] = jacobian[n, 1, 1] = np.nan
            continue
        at = at_u[int(u[n] / u_step) % len(at_u)]
        along, side, kappa, c, s = 0.0, 0.0, 0.0, 1.0, 0.0
        for _ in range(12):
            k = int(np.floor(at))
            part = at - k
            k = k % count
            after = (k + 1) % count
            turn = heading[after] - heading[k] + (2 * np.pi if after == 0 else 0.0)
            angle = heading[k] + part * turn
            px = xy[k, 0] * (1 - part) + xy[after, 0] * part
            py = xy[k, 1] * (1 - part) + xy[after, 1] * part
            c, s = np.cos(angle), np.sin(angle)
            dx, dy = points[n, 0] - px, points[n, 1] - py
            along, side = c * dx + s * dy, s * dx - c * dy  # outside is to the right of the heading
            kappa = curvature[k] * (1 - part) + curvature[after] * part
            move = along / max(1.0 + kappa * side, 1 - NEAREST_TO_CENTRE) / step
            move = min(max(move, -20.0), 20.0)
            at += move
            if abs(move) < 1e-6:
                break
        g = (at * step) % (count * step)
        out[n, 0], out[n, 1] = g, side
        widened = max(1.0 + kappa * side, 1 - NEAREST_TO_CENTRE)
        jacobian[n, 0, 0], jacobian[n, 0, 1] = c / widened, s / widened
        jacobian[n, 1, 0], jacobian[n, 1, 1] = s, -c


@njit(cache=True, error_model="numpy")
def guide_to_ice(ge: Floats, xy: Floats, heading: Floats, step: float, out: Floats, angle: Floats) -> None:
    count = len(xy)
    for n in range(len(ge)):
        if np.isnan(ge[n, 0]) or np.isnan(ge[n, 1]):
            out[n, 0] = out[n, 1] = np.nan
            angle[n] = np.nan
            continue
        at = (ge[n, 0] / step) % count
        k = int(at)
        part = at - k
        k = k % count
        after = (k + 1) % count
        turn = heading[after] - heading[k] + (2 * np.pi if after == 0 else 0.0)
        way = heading[k] + part * turn
        angle[n] = way
        out[n, 0] = xy[k, 0] * (1 - part) + xy[after, 0] * part + ge[n, 1] * np.sin(way)
        out[n, 1] = xy[k, 1] * (1 - part) + xy[after, 1] * part - ge[n, 1] * np.cos(way)
