"""From a box to the point midway between the blades.

Where the detector gives no foot point, it is taken from the box: how far it is off the middle of the lower edge depends
on which way the racer heads, as seen from the camera, on the lean, which in a corner is towards its centre, and on how
steeply the camera looks down. The coefficients were fitted to 22,000 boxes of simulated racers in eight races on main
and fixed cameras; half a stroke's swing is what remains.
"""

import numpy as np
from numpy.typing import NDArray

from race.guide import Guide
from race.observations import Detections
from race.poses import Poses

Floats = NDArray[np.float64]

# Of the box's height. ``er`` and ``ea`` are the heading's parts to the right of the picture and away from the camera,
# ``k`` how sharply the guide line turns (1 at the measured line's radius), ``down`` the sine of the camera's look down.
ACROSS = (0.070, 0.559, -0.142, -0.068, -0.857, 0.088)  # er, ea k, er k, each alone and times down
UP = (0.110, 0.108, -0.052, -0.476)  # 1, down, ea down, er k down
BOX_SD = (0.085, 0.06)
"""Of a foot point from a box, across and up, heights: the pose's swing and the box's own tremble."""
BOX_LASTS_S = 0.15
"""That error stays about the same for so long, ..."""
FOOT_LASTS_S = 0.04
"""... and that of a detected foot point for so long."""
CUT_SD = 0.3
"""Across, where the box is cut off by the picture's side."""
EDGE = 0.06
"""A box that ends as near to the picture's edge, in heights, is cut off there."""


def foot_points(
    found: Detections, rows: NDArray[np.intp], frame: NDArray[np.intp], poses: Poses, guide: Guide
) -> tuple[Floats, Floats, Floats]:
    """Foot points (N, 2) of the detections ``rows`` in frames (indices) ``frame``, their standard deviations (N, 2)
    across and down, pixels, and for how long their errors last (N,), seconds. NaN where it cannot be told."""
    box = found.box[rows]
    x, y, w, h = box.T
    width, height = poses.size
    pixel = np.column_stack([x + w / 2, y + h])
    place, _ = poses.to_ice(frame, pixel)
    view = place - poses.position[frame, :2]
    reach = np.hypot(view[:, 0], view[:, 1])
    down = poses.position[frame, 2] / np.hypot(reach, poses.position[frame, 2])
    ge, _ = guide.from_ice(place)
    _, heading = guide.to_ice(ge)
    turn = (guide.stretch(np.column_stack([ge[:, 0], np.ones(len(ge))])) - 1) * guide.rink.measured_radius_m
    with np.errstate(invalid="ignore"):
        cos, sin = view[:, 0] / reach, view[:, 1] / reach
    ea, er = np.cos(heading) * cos + np.sin(heading) * sin, np.cos(heading) * sin - np.sin(heading) * cos
    across = np.column_stack([er, ea * turn, er * turn, er * down, ea * turn * down, er * turn * down]) @ ACROSS
    up = np.column_stack([np.ones(len(h)), down, ea * down, er * turn * down]) @ UP
    foot = pixel + np.column_stack([across, -up]) * h[:, None]
    sd = np.column_stack([np.full(len(h), BOX_SD[0]), np.full(len(h), BOX_SD[1])]) * h[:, None]
    cut = (x <= EDGE * h) | (x + w >= width - EDGE * h)
    sd[cut, 0] = CUT_SD * h[cut]
    foot[y + h >= height - EDGE * h] = np.nan
    lasts_s = np.full(len(h), BOX_LASTS_S)

    given = np.isfinite(found.foot[rows]).all(axis=1) & np.isfinite(found.foot_sd[rows])
    foot[given] = found.foot[rows[given]]
    sd[given] = found.foot_sd[rows[given]][:, None]
    lasts_s[given] = FOOT_LASTS_S
    sd[np.isnan(foot).any(axis=1)] = np.nan
    return foot, sd, lasts_s
