"""The line skated when nobody is in the way: wide into the corner, tight at the apex block, wide out of it.

A quarter of the lap, from the middle of the straight to the apex, is a curve whose curvature rises once and smoothly,

    kappa(l) = A * (1 + tanh((l - c) / w)) / 2,

with A from the quarter turn and its length and c from where it has to begin and end. So speed and lean have no jumps,
as they would where a straight meets a circle.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink

Floats = NDArray[np.float64]

STEP_M = 0.25
# How far outside the measured line at mid straight and at the apex, and how gently the curve begins, metres.
INNER = (1.3, -0.05, 4.5)
OUTER = (3.6, 0.45, 6.0)


@cache
def racing_lines() -> tuple[Floats, Floats]:
    """(2, K) d and (2, K) path metres per metre of measured line, of the innermost and the outermost usual line.

    Sampled every half lap / K from the middle of a straight on; both repeat every half lap.
    """
    count = round(Rink().lap_m / 2 / STEP_M)
    lines = np.stack([_line(*shape, count) for shape in (INNER, OUTER)])
    rink, step = Rink(), Rink().lap_m / 2 / count
    u = np.arange(count + 1) * step
    stretch = []
    for d in lines:
        xy = rink.to_ice(np.column_stack([u, np.append(d, d[0])]))
        stretch.append(np.hypot(*np.diff(xy, axis=0).T) / step)
    return lines, np.stack(stretch)


def _line(straight_d: float, apex_d: float, width: float, count: int) -> Floats:
    """(count,) d over half a lap from mid straight to mid straight."""
    rink = Rink()
    target = np.array([rink.straight_m / 2 + rink.measured_radius_m + apex_d, rink.measured_radius_m + straight_d])
    length, centre = 29.0, 14.0
    for _ in range(40):  # Newton's method on (length, centre)
        miss = _quarter(length, centre, width)[-1] - target
        slope = np.column_stack(
            [
                (_quarter(length + 1e-4, centre, width)[-1] - target - miss) / 1e-4,
                (_quarter(length, centre + 1e-4, width)[-1] - target - miss) / 1e-4,
            ]
        )
        length, centre = np.array([length, centre]) - np.linalg.solve(slope, miss)
    quarter = _quarter(length, centre, width) - np.array([0.0, target[1]])
    mirrored = quarter[::-1] * np.array([1.0, -1.0])
    track = rink.to_track(np.concatenate([quarter, mirrored[1:]]))
    track[track[:, 0] > rink.lap_m - 1, 0] = 0.0
    track[-1, 0] = rink.lap_m / 2
    u = np.arange(count) * rink.lap_m / 2 / count
    return np.interp(u, track[:, 0], track[:, 1])


def _quarter(length: float, centre: float, width: float) -> Floats:
    """(N, 2) points from (0, 0), heading +x, over a quarter turn to the left."""
    along = np.linspace(0, length, 1001)
    middle = (along[1:] + along[:-1]) / 2
    curvature = 1 + np.tanh((middle - centre) / width)
    turn = curvature / curvature.sum() * np.pi / 2
    heading = np.cumsum(turn) - turn / 2
    steps = np.column_stack([np.cos(heading), np.sin(heading)]) * (length / 1000)
    return np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
