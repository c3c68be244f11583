"""How well the rink's curves lie on a picture's edges under a camera, and which way to move the camera.

Lengths in pixels are those of a picture 640 wide. A camera has four numbers of its own in every picture (a turn about
its three axes, and the log of its focal length) and shares with the others its place, its lens, the hall's measures and
where the track lies.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vision.edges import (
    COLUMN,
    ELSEWHERE,
    INTO_PAINT,
    OFF_SURFACE,
    ONTO_SURFACE,
    OUT_OF_PAINT,
    STEP,
)
from vision.rink_curves import FAR_TOP, MEASURES, NEAR_TOP, PAINT

Floats = NDArray[np.float64]

OWN = 4
"""Turn about x (right), y (down), z (ahead), log focal length."""
SHARED = 4 + MEASURES + 1
"""The camera's place x, y, z, k1, the measures of the venue, and the track's shift."""
TRACK_SHIFT = SHARED - 1
EDGE_SD = 2.0
"""Pixels; more than they tremble by, since the edges of a picture err alike where the hall is not as the model."""
COARSE_SD = 0.15
"""Of the window: in a wide one edges are often others than those looked for."""
MET_PX = 1.6
"""Pixels that an edge may lie beside the curve to count as half met."""
FARTHEST = 1.2
"""Squared focal lengths from the axis: beyond every picture, and where the radial term would fold space over."""
ASIDE_M = 0.05
LEAST_SLANT = 0.5
"""Cosine between a curve's normal and the scanned direction."""


@njit(cache=True, error_model="numpy")
def slopes(
    point: Floats, position: Floats, rotation: Floats, focal: float, k1: float, middle_x: float, middle_y: float,
    pixel: Floats, own: Floats, shared: Floats, by_point: Floats,
) -> bool:  # fmt: skip
    """Where ``point`` (3,) is seen: ``pixel`` (2,), and its slopes by ``own`` (2, 4), place and k1 ``shared`` (2, 4),
    and the point itself ``by_point`` (2, 3). False where it is not ahead."""
    x, y, z = point[0] - position[0], point[1] - position[1], point[2] - position[2]
    right = rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z
    down = rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z
    ahead = rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z
    if ahead < 1.0:
        return False
    a, b = right / ahead, down / ahead
    r2 = a * a + b * b
    if r2 > FARTHEST:
        return False
    bent = 1 + k1 * r2
    pixel[0], pixel[1] = middle_x + focal * a * bent, middle_y + focal * b * bent
    # d(pixel) = grad @ d(a, b)
    g00 = focal * (bent + 2 * k1 * a * a)
    g01 = focal * 2 * k1 * a * b
    g11 = focal * (bent + 2 * k1 * b * b)
    for k in range(3):
        da = (rotation[0, k] - a * rotation[2, k]) / ahead
        db = (rotation[1, k] - b * rotation[2, k]) / ahead
        by_point[0, k] = g00 * da + g01 * db
        by_point[1, k] = g01 * da + g11 * db
        shared[0, k], shared[1, k] = -by_point[0, k], -by_point[1, k]
    shared[0, 3], shared[1, 3] = focal * a * r2, focal * b * r2
    # seen' = seen + turn x seen
    da, db = -a * b, -(1 + b * b)  # about x: (0, -ahead, down)
    own[0, 0], own[1, 0] = g00 * da + g01 * db, g01 * da + g11 * db
    da, db = 1 + a * a, a * b  # about y: (ahead, 0, -right)
    own[0, 1], own[1, 1] = g00 * da + g01 * db, g01 * da + g11 * db
    da, db = -b, a  # about z: (-down, right, 0)
    own[0, 2], own[1, 2] = g00 * da + g01 * db, g01 * da + g11 * db
    own[0, 3], own[1, 3] = pixel[0] - middle_x, pixel[1] - middle_y
    return True


@njit(cache=True, error_model="numpy")
def see(
    x: float, y: float, z: float, position: Floats, rotation: Floats, focal: float, k1: float, middle_x: float,
    middle_y: float,
) -> tuple[float, float]:  # fmt: skip
    """Where a point is seen, as in ``slopes``; NaN where it is not ahead."""
    x, y, z = x - position[0], y - position[1], z - position[2]
    ahead = rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z
    if ahead < 1.0:
        return np.nan, np.nan
    a = (rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z) / ahead
    b = (rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z) / ahead
    r2 = a * a + b * b
    if r2 > FARTHEST:
        return np.nan, np.nan
    bent = focal * (1 + k1 * r2)
    return middle_x + a * bent, middle_y + b * bent


@njit(cache=True, error_model="numpy")
def behind_near_mats(point: Floats, position: Floats, mat_y: float, mat_height: float) -> bool:
    """Whether the mats between the camera and the ice hide ``point``."""
    if position[1] >= mat_y or point[1] <= mat_y + 1e-6:
        return False
    share = (mat_y - position[1]) / (point[1] - position[1])
    return bool(position[2] + share * (point[2] - position[2]) < mat_height)


@njit(cache=True, error_model="numpy")
def fit_edges(
    position: Floats,  # (3,)
    rotation: Floats,  # (3, 3)
    focal: float,
    k1: float,
    width: float,
    height: float,
    mat_y: float,
    mat_height: float,
    curve_point: Floats,  # (M, 3)
    curve_slope: Floats,  # (M, 3, MEASURES)
    inward: Floats,  # (M, 2)
    curve_kind: NDArray[np.int64],  # (M,)
    edge_xy: NDArray[np.float32],  # (n, 2)
    edge_along: NDArray[np.uint8],
    edge_kind: NDArray[np.uint8],
    line_start: NDArray[np.int64],  # (2, lines + 1): edges of each scanned column and row
    hidden: NDArray[np.float32],  # (b, 4) left, top, right, bottom of where people hide them
    window: float,
    scale: float,
    trust: Floats,  # (KINDS,) what an edge of each kind weighs
    own_own: Floats,  # (4, 4), added to, as all that follow
    own_shared: Floats,  # (4, SHARED)
    shared_shared: Floats,  # (SHARED, SHARED)
    own_down: Floats,  # (4,)
    shared_down: Floats,  # (SHARED,)
    tally: Floats,  # (KINDS, 2): of each kind of curve, places where an edge should be, and how well they are met
) -> None:
    """Add what the edges say. Residuals beyond ``scale`` lose weight; beyond ``window`` there is no edge."""
    pixels, pixel = np.empty((2, 2)), np.empty(2)
    own, by_place, by_point = np.empty((2, 4)), np.empty((2, 4)), np.empty((2, 3))
    mean, total = np.empty(3), np.zeros(4 + len(shared_down))
    middle_x, middle_y = width / 2, height / 2
    joined = -1  # the point that pixels[1] is of
    for m in range(len(curve_point) - 1):
        kind = curve_kind[m]
        if curve_kind[m + 1] != kind:
            continue
        facing = (position[0] - curve_point[m, 0]) * inward[m, 0] + (position[1] - curve_point[m, 1]) * inward[m, 1] > 0
        if trust[kind] == 0.0 or (kind != PAINT and facing == (kind == NEAR_TOP)):
            continue
        if behind_near_mats(curve_point[m], position, mat_y, mat_height):
            continue
        if joined != m:
            x, y, z = curve_point[m]
            pixels[1] = see(x, y, z, position, rotation, focal, k1, middle_x, middle_y)
        pixels[0] = pixels[1]
        x, y, z = curve_point[m + 1]
        pixels[1] = see(x, y, z, position, rotation, focal, k1, middle_x, middle_y)
        joined = m + 1
        if np.isnan(pixels[0, 0] + pixels[1, 0]):
            continue
        if max(pixels[0, 0], pixels[1, 0]) < 0 or min(pixels[0, 0], pixels[1, 0]) > width:
            continue
        if max(pixels[0, 1], pixels[1, 1]) < 0 or min(pixels[0, 1], pixels[1, 1]) > height:
            continue
        way_x, way_y = pixels[1, 0] - pixels[0, 0], pixels[1, 1] - pixels[0, 1]
        length = np.hypot(way_x, way_y)
        if length < 1e-6:
            continue
        normal_x, normal_y = -way_y / length, way_x / length
        # towards bare ice, in the picture
        x, y = curve_point[m + 1, 0] + ASIDE_M * inward[m, 0], curve_point[m + 1, 1] + ASIDE_M * inward[m, 1]
        ice_x, ice_y = see(x, y, z, position, rotation, focal, k1, middle_x, middle_y)
        ice_x, ice_y = ice_x - pixels[1, 0], ice_y - pixels[1, 1]
        for along in range(2):
            slant = abs(normal_y) if along == COLUMN else abs(normal_x)
            if slant < LEAST_SLANT:
                continue
            axis, other = (0, 1) if along == COLUMN else (1, 0)
            low, high = min(pixels[0, axis], pixels[1, axis]), max(pixels[0, axis], pixels[1, axis])
            first = int(np.ceil((low - 0.5 - STEP // 2) / STEP))
            last = int(np.floor((high - 0.5 - STEP // 2) / STEP - 1e-9))
            ice_after = (ice_y if along == COLUMN else ice_x) > 0
            for line in range(max(first, 0), min(last, line_start.shape[1] - 2) + 1):
                at = line * STEP + STEP // 2 + 0.5
                share = (at - pixels[0, axis]) / (pixels[1, axis] - pixels[0, axis])
                place = pixels[0, other] + share * (pixels[1, other] - pixels[0, other])
                if place < 4 or place > (height if along == COLUMN else width) - 4:
                    continue
                if line_start[along, line] == line_start[along, line + 1]:
                    continue  # hidden all along
                if _is_in(hidden, at if along == COLUMN else place, place if along == COLUMN else at):
                    continue
                tally[kind, 0] += 1
                best, miss = -1, window
                for e in range(line_start[along, line], line_start[along, line + 1]):
                    off = abs(edge_xy[e, other] - place) * slant
                    if off < miss and _fits(kind, ice_after, edge_kind[e]):
                        best, miss = e, off
                if best < 0:
                    continue
                tally[kind, 1] += 1 / (1 + (miss / MET_PX) ** 2)
                for c in range(3):
                    mean[c] = curve_point[m, c] + share * (curve_point[m + 1, c] - curve_point[m, c])
                slopes(mean, position, rotation, focal, k1, middle_x, middle_y, pixel, own, by_place, by_point)
                residual = normal_x * (edge_xy[best, 0] - pixel[0]) + normal_y * (edge_xy[best, 1] - pixel[1])
                weight = trust[kind] / max(EDGE_SD, COARSE_SD * window) ** 2 / (1 + (residual / scale) ** 2) ** 2
                for k in range(4):
                    total[k] = normal_x * own[0, k] + normal_y * own[1, k]
                    total[4 + k] = normal_x * by_place[0, k] + normal_y * by_place[1, k]
                for k in range(curve_slope.shape[2]):
                    total[8 + k] = 0.0
                    for c in range(3):
                        total[8 + k] += (normal_x * by_point[0, c] + normal_y * by_point[1, c]) * curve_slope[m, c, k]
                add_residual(total, residual, weight, own_own, own_shared, shared_shared, own_down, shared_down)


@njit(cache=True, error_model="numpy")
def _is_in(boxes: NDArray[np.float32], x: float, y: float) -> bool:
    inside = False
    for b in range(len(boxes)):
        inside = inside or (boxes[b, 0] <= x <= boxes[b, 2] and boxes[b, 1] <= y <= boxes[b, 3])
    return inside


@njit(cache=True, error_model="numpy")
def _fits(curve: int, ice_after: bool, edge: int) -> bool:
    """Whether an edge of kind ``edge`` may be that of a curve whose bare ice is on the side ``ice_after``."""
    if curve == FAR_TOP:  # a white panel looks like ice
        return edge == ELSEWHERE or edge == (ONTO_SURFACE if ice_after else OFF_SURFACE)
    if curve == PAINT:
        return edge == (OUT_OF_PAINT if ice_after else INTO_PAINT) or edge == (
            ONTO_SURFACE if ice_after else OFF_SURFACE
        )
    return edge == (ONTO_SURFACE if ice_after else OFF_SURFACE)


@njit(cache=True, error_model="numpy")
def add_residual(
    slope: Floats, residual: float, weight: float, own_own: Floats, own_shared: Floats, shared_shared: Floats,
    own_down: Floats, shared_down: Floats,
) -> None:  # fmt: skip
    """Add a residual that shrinks along ``slope`` (4 + SHARED,) to the normal equations."""
    shared = len(shared_down)
    for i in range(4):
        own_down[i] += weight * slope[i] * residual
        for j in range(4):
            own_own[i, j] += weight * slope[i] * slope[j]
        for j in range(shared):
            own_shared[i, j] += weight * slope[i] * slope[4 + j]
    for i in range(shared):
        shared_down[i] += weight * slope[4 + i] * residual
        for j in range(shared):
            shared_shared[i, j] += weight * slope[4 + i] * slope[4 + j]
