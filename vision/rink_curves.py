"""The rink's edges as curves in space, with what of a hall is not in the rules left open.

Open are the heights of the mats and the paint inside the track (an oval of two straights and two half circles). A curve
is a row of points; how a point moves with an open measure is kept beside it, so that the measures can be fitted.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink

Floats = NDArray[np.float64]

MAT_FOOT, NEAR_TOP, PAINT, FAR_TOP = range(4)
"""Where mats that face the camera meet the ice; the top of those that turn their backs to it, the edge of the ice in
the picture; the rim of the infield's paint; the top of the mats that face the camera, which tells the focal length
where nothing but them is in the picture."""
KINDS = 4
STEP_M = 0.75
ARC_POINTS = 19


@dataclass(frozen=True, slots=True)
class Venue:
    """Measures in metres: height of the mats, near the camera and far; edges of the paint at x = 0, half its length
    between the arcs; radius of the mats' corners."""

    mat_height_m: float
    far_height_m: float
    paint_near_m: float = -6.5
    paint_far_m: float = 6.5
    paint_reach_m: float = 14.4
    corner_radius_m: float = 8.5

    def values(self) -> Floats:
        """(MEASURES,) in the order of the fields."""
        return np.array([getattr(self, name) for name in NAMES])


NAMES = ("mat_height_m", "far_height_m", "paint_near_m", "paint_far_m", "paint_reach_m", "corner_radius_m")
MEASURES = len(NAMES)
MEASURE_SD = np.array([0.05, 0.25, 0.02, 0.3, 1.0, 0.2])


@dataclass(frozen=True, slots=True)
class Curves:
    """M points; neighbours of one kind are joined.

    point   (M, 3)            m
    slope   (M, 3, MEASURES)  how the point moves with each measure of the venue
    inward  (M, 2)            unit vector on the ice towards the side where bare ice is
    kind    (M,)              MAT_FOOT, NEAR_TOP, PAINT or FAR_TOP: one curve each
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
    mats, paint = _mats(rink, venue), _closed(_stadium(venue))
    kinds = np.repeat([MAT_FOOT, NEAR_TOP, PAINT, FAR_TOP], [len(mats), len(mats), len(paint), len(mats)])
    return Curves(base, slope, np.concatenate([_left(mats)] * 2 + [-_left(paint), _left(mats)]), kinds)


def _points(rink: Rink, venue: Venue) -> Floats:
    mats, paint = _mats(rink, venue), _closed(_stadium(venue))
    lines = [(mats, 0.0), (mats, venue.mat_height_m), (paint, 0.0), (mats, venue.far_height_m)]
    return np.concatenate([np.column_stack([line, np.full(len(line), z_m)]) for line, z_m in lines])


def _mats(rink: Rink, venue: Venue) -> Floats:
    """Their foot, closed, counter-clockwise from the corner below on the right; always the same number of points."""
    radius = venue.corner_radius_m
    reach = np.array([rink.ice_length_m, rink.ice_width_m]) / 2 - radius
    turn = np.linspace(0, np.pi / 2, ARC_POINTS)
    points = []
    for k, corner in enumerate(([1, -1], [1, 1], [-1, 1], [-1, -1])):
        angle = turn + (k - 1) * np.pi / 2
        points.append(reach * corner + radius * np.column_stack([np.cos(angle), np.sin(angle)]))
        side = (rink.ice_width_m, rink.ice_length_m)[k % 2]
        share = np.linspace(0, 1, round(side / STEP_M))[1:-1, None]
        onward = reach * ([1, 1], [-1, 1], [-1, -1], [1, -1])[k] + radius * np.array(
            ([1, 0], [0, 1], [-1, 0], [0, -1])[k]
        )
        points.append(points[-1][-1] + share * (onward - points[-1][-1]))
    return _closed(np.concatenate(points))


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
