"""The rink's edges as curves in space, with what of a hall is not in the rules left open.

Open are the heights of the mats and the paint inside the track (an oval of two straights and two half circles). A curve
is a row of points; how a point moves with an open measure is kept beside it, so that the measures can be fitted.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink

Floats = NDArray[np.float64]

MAT_FOOT, NEAR_TOP, PAINT = range(3)
"""Where mats that face the camera meet the ice; the top of those that turn their backs to it, the edge of the ice in
the picture; the rim of the infield's paint."""
KINDS = 3
STEP_M = 0.75


@dataclass(frozen=True, slots=True)
class Venue:
    """Measures in metres: height of the mats; edges of the paint at x = 0, half its length between the arcs."""

    mat_height_m: float
    paint_near_m: float = -6.5
    paint_far_m: float = 6.5
    paint_reach_m: float = 14.4

    def values(self) -> Floats:
        """(MEASURES,) in the order of the fields."""
        return np.array([getattr(self, name) for name in NAMES])


NAMES = ("mat_height_m", "paint_near_m", "paint_far_m", "paint_reach_m")
MEASURES = len(NAMES)
MEASURE_SD = np.array([0.2, 0.2, 0.3, 1.0])


@dataclass(frozen=True, slots=True)
class Curves:
    """M points; neighbours of one kind are joined.

    point   (M, 3)            m
    slope   (M, 3, MEASURES)  how the point moves with each measure of the venue
    inward  (M, 2)            unit vector on the ice towards the side where bare ice is
    kind    (M,)              MAT_FOOT, NEAR_TOP or PAINT: one curve each
    """

    point: Floats
    slope: Floats
    inward: Floats
    kind: NDArray[np.int64]


def make_curves(rink: Rink, venue: Venue) -> Curves:
    """The curves of ``rink`` in ``venue``, each closed."""
    base = _points(rink, venue)
    small = 1e-4
    moved = [_points(rink, replace(venue, **{name: getattr(venue, name) + small})) for name in NAMES]
    slope = np.stack([(other - base) / small for other in moved], axis=-1)
    mats = _closed(rink.mats(STEP_M))
    paint = _closed(_stadium(venue))
    kinds = np.repeat([MAT_FOOT, NEAR_TOP, PAINT], [len(mats), len(mats), len(paint)])
    return Curves(base, slope, np.concatenate([_left(mats)] * 2 + [-_left(paint)]), kinds)


def _points(rink: Rink, venue: Venue) -> Floats:
    mats, paint = _closed(rink.mats(STEP_M)), _closed(_stadium(venue))
    lines = [(mats, 0.0), (mats, venue.mat_height_m), (paint, 0.0)]
    return np.concatenate([np.column_stack([line, np.full(len(line), z_m)]) for line, z_m in lines])


def _stadium(venue: Venue) -> Floats:
    """Counter-clockwise from (-reach, near); always the same number of points."""
    radius, middle = (venue.paint_far_m - venue.paint_near_m) / 2, (venue.paint_far_m + venue.paint_near_m) / 2
    turn = np.linspace(-np.pi / 2, np.pi / 2, 28)
    right = np.column_stack([venue.paint_reach_m + radius * np.cos(turn), middle + radius * np.sin(turn)])
    along = np.linspace(-1, 1, 40)[1:-1] * venue.paint_reach_m
    near = np.column_stack([along, np.full(38, venue.paint_near_m)])
    left = np.array([0.0, 2 * middle]) - right
    far = np.column_stack([-along, np.full(38, venue.paint_far_m)])
    return np.concatenate([near, right, far, left])


def _closed(points: Floats) -> Floats:
    return np.concatenate([points, points[:1]])


def _left(points: Floats) -> Floats:
    """Unit vectors to the left of a closed line's direction."""
    ring = points[:-1]
    ahead = np.roll(ring, -1, axis=0) - np.roll(ring, 1, axis=0)
    ahead = np.concatenate([ahead, ahead[:1]])
    left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    return np.asarray(left / np.linalg.norm(left, axis=1, keepdims=True))
