"""From a box to the point midway between the blades.

Where the detector gives no foot point, it is taken from the box: how far it is off the middle of the lower edge depends
on which way the racer heads, as seen from the camera, on the lean, which in a corner is towards its centre, on how
steeply the camera looks down, and on how wide the box is, which tells a stroke's swing. The coefficients were fitted to
27,000 boxes of simulated racers, as their bodies are drawn, in eight races on main, fixed and handheld cameras.
"""

from dataclasses import replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.guide import Guide
from race.observations import Detections
from race.poses import Poses

Floats = NDArray[np.float64]

# Of the box's height, for each of ``_terms``: first alone, then times down, the sine of the camera's look down.
ACROSS, UP = np.array(
    [
        [
            -0.193,
            -0.132,
            -0.274,
            0.275,
            0.148,
            0.686,
            0.151,
            0.023,
            0.652,
            -0.190,
            -0.145,
            -0.633,
            0.103,
            -0.102,
            0.181,
            0.059,
            0.077,
            0.794,
            0.473,
            0.079,
            -0.636,
            -1.663,
            -0.136,
            -0.547,
            -1.632,
            -0.052,
            0.804,
            2.560,
            -0.027,
            -0.105,
            -0.324,
            -0.462,
        ],
        [
            -0.032,
            0.366,
            0.036,
            0.222,
            -0.401,
            0.054,
            -0.005,
            -0.002,
            0.088,
            0.143,
            -0.030,
            -0.282,
            0.015,
            -0.568,
            -0.088,
            -0.386,
            -0.427,
            0.013,
            -0.534,
            0.287,
            -0.079,
            0.096,
            0.201,
            -0.046,
            -0.223,
            -0.500,
            0.410,
            0.893,
            0.488,
            0.972,
            0.614,
            0.100,
        ],
    ]
)
BOX_SD, BOX_SD_PX = (0.06, 0.05), 1.0
"""Of a foot point from a box, across and up, heights and besides pixels: the pose's swing and the box's own tremble."""
HIDDEN_SD = 2.5
"""That is 1 + HIDDEN_SD * p times as large where a nearer box covers a share p of it."""
SURE = 0.25
"""A box with a score below is taken to cover nobody."""
BOX_LASTS_S = 0.15
"""That error stays about the same for so long, ..."""
FOOT_LASTS_S = 0.04
"""... and that of a detected foot point for so long."""
CUT_SD = 0.3
"""Across, where the box is cut off by the picture's side."""
EDGE = 0.06
"""A box that ends as near to the picture's edge, in heights, is cut off there."""
CROUCHED_M = 1.1
"""Boxes of simulated racers are so high over the ice, two of three 0.95 to 1.25 m: where the lower edge of the picture
cuts one off, its upper edge tells about where the blades are."""
BELOW_SD, BELOW_LASTS_S = (0.12, 0.15), 0.5
LEAST_SHOWN = 0.5
"""Of such a height."""


def foot_points(
    found: Detections, rows: NDArray[np.intp], frame: NDArray[np.intp], poses: Poses, guide: Guide
) -> tuple[Floats, Floats, Floats]:
    """Foot points (N, 2) of the detections ``rows`` in frames (indices) ``frame``, their standard deviations (N, 2)
    across and down, pixels, and for how long their errors last (N,), seconds. NaN where it cannot be told."""
    box = found.box[rows]
    x, y, w, h = box.T
    width, height = poses.size
    below = y + h >= height - EDGE * h
    shown = h
    h = np.where(below, _whole_height(box, frame, poses), h)
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
    terms = _terms(er, ea, turn, w / h)
    terms = np.concatenate([terms, terms * down[:, None]], axis=1)
    foot = pixel + np.column_stack([terms @ ACROSS, -(terms @ UP)]) * h[:, None]
    nearest_first = np.lexsort((-(found.box[:, 1] + found.box[:, 3]), found.frame))
    covered = np.zeros(len(found))
    cover(found.box, found.score, found.frame, nearest_first, covered)
    rough = 1 + HIDDEN_SD * covered[rows]
    sd = np.hypot(np.array(BOX_SD) * h[:, None], BOX_SD_PX) * rough[:, None]
    cut = (x <= EDGE * h) | (x + w >= width - EDGE * h)
    sd[cut, 0] = CUT_SD * h[cut]
    sd[below] = np.maximum(sd[below], np.array(BELOW_SD) * h[below, None])
    foot[below & ((shown < LEAST_SHOWN * h) | (y <= EDGE * h))] = np.nan
    lasts_s = np.where(below, BELOW_LASTS_S, BOX_LASTS_S)

    given = np.isfinite(found.foot[rows]).all(axis=1) & np.isfinite(found.foot_sd[rows])
    foot[given] = found.foot[rows[given]]
    sd[given] = found.foot_sd[rows[given]][:, None]
    lasts_s[given] = FOOT_LASTS_S
    sd[np.isnan(foot).any(axis=1)] = np.nan
    return foot, sd, lasts_s


def _whole_height(box: Floats, frame: NDArray[np.intp], poses: Poses) -> Floats:
    """(N,) pixels from the upper edges of boxes to the ice below whoever is CROUCHED_M high there, or to their lower
    edges where these are further down."""
    lowered = replace(poses, position=poses.position - np.array([0.0, 0.0, CROUCHED_M]))
    top = np.column_stack([box[:, 0] + box[:, 2] / 2, box[:, 1]])
    below, _ = lowered.to_ice(frame, top)
    return np.asarray(np.fmax(poses.to_pixels(frame, below)[:, 1] - box[:, 1], box[:, 3]))


def _terms(er: Floats, ea: Floats, turn: Floats, shape: Floats) -> Floats:
    """(N, 16) of the heading's parts to the right of the picture and away from the camera, of how sharply the guide
    line turns (1 at the measured line's radius), and of the box's width over its height."""
    sideways, away = er * turn, ea * turn
    body = [shape, shape * er, shape * ea, shape * turn, shape * sideways, shape * away]
    return np.column_stack(
        [np.ones(len(er)), er, ea, turn, sideways, away, *body, er * er, er * sideways, er * ea, er**3]
    )


@njit(cache=True, error_model="numpy")
def cover(box: Floats, score: Floats, frame: NDArray[np.int32], order: NDArray[np.intp], covered: Floats) -> None:
    """covered (N,) out: the largest share of each box that a nearer one, lower in the picture, covers.

    ``order`` (N,) rows by frame and, in it, from the lowest lower edge up.
    """
    for n in range(len(order)):
        i = order[n]
        x, y, w, h = box[i]
        k = n - 1
        while k >= 0 and frame[order[k]] == frame[i]:
            j = order[k]
            k -= 1
            if score[j] < SURE:
                continue
            across = min(x + w, box[j, 0] + box[j, 2]) - max(x, box[j, 0])
            along = min(y + h, box[j, 1] + box[j, 3]) - max(y, box[j, 1])
            if across > 0 and along > 0:
                covered[i] = max(covered[i], across * along / (w * h))
