"""What else than edges says where the camera was, as terms of the normal equations of ``vision/adjust.py``.

Points whose place on the rink is known; the camera's level; its motion from picture to picture; where racers skate.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.matrices import times
from vision.racing_feet import OFF_SD_M, SPEED_MPS, SPEED_SD, STRANGE, ice_point, on_track
from vision.rink_fit import SHARED, TRACK_SHIFT, add_residual, slopes
from vision.turning import ARM, step_between, turned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOOT_WEIGHT = 1 / 30
"""Racers in a pack and pictures in a row do not err independently."""
GRID = 40
"""Places along a line that are tried for the one nearest to a pixel."""


@njit(cache=True, error_model="numpy")
def add_points(
    frame: Ints,  # (n,)
    pixel: Floats,  # (n, 2)
    place: Floats,  # (n, 3) m; NaN in one coordinate where the point is anywhere on a line
    moves: Floats,  # (n,) 1 where the place moves along x with the track, else 0
    low: float,
    high: float,  # between which the open coordinate lies
    sd: Floats,  # (n, 2) pixels, across and down; of a point on a line only the first counts
    window: Floats,  # (n,) farther off, pixels, it is another point; weight is lost from half of it. Infinite: sure
    width: float,
    height: float,
    rotation: Floats,
    focal: Floats,
    shared: Floats,
    own_own: Floats,
    own_shared: Floats,
    shared_shared: Floats,
    own_down: Floats,
    shared_down: Floats,
) -> None:
    seen, own, by_place, by_point = np.empty(2), np.empty((2, 4)), np.empty((2, 4)), np.empty((2, 3))
    at, total, normals = np.empty(3), np.zeros(4 + SHARED), np.eye(2)
    for n in range(len(frame)):
        f = frame[n]
        axis = -1
        for c in range(3):
            at[c] = place[n, c]
            if np.isnan(at[c]):
                axis = c
        at[0] += moves[n] * shared[TRACK_SHIFT]
        if axis >= 0 and not _nearest(
            pixel[n], at, axis, low, high, shared[:3], rotation[f], focal[f], shared[3], width / 2, height / 2
        ):
            continue
        if not slopes(
            at, shared[:3], rotation[f], focal[f], shared[3], width / 2, height / 2, seen, own, by_place, by_point
        ):
            continue
        ways = 2
        normals[0, 0], normals[0, 1], normals[1, 0], normals[1, 1] = 1.0, 0.0, 0.0, 1.0
        if axis >= 0:  # only what is at right angles to the line counts
            ways, length = 1, np.hypot(by_point[0, axis], by_point[1, axis])
            normals[0, 0], normals[0, 1] = -by_point[1, axis] / length, by_point[0, axis] / length
        if np.hypot(pixel[n, 0] - seen[0], pixel[n, 1] - seen[1]) > window[n]:
            continue
        for way in range(ways):
            x, y = normals[way]
            off = x * (pixel[n, 0] - seen[0]) + y * (pixel[n, 1] - seen[1])
            for k in range(4):
                total[k] = x * own[0, k] + y * own[1, k]
                total[4 + k] = x * by_place[0, k] + y * by_place[1, k]
            total[4 + TRACK_SHIFT] = moves[n] * (x * by_point[0, 0] + y * by_point[1, 0])
            weight = 1 / sd[n, way] ** 2 / (1 + (2 * off / window[n]) ** 2) ** 2
            add_residual(total, off, weight, own_own[f], own_shared[f], shared_shared, own_down[f], shared_down)


@njit(cache=True, error_model="numpy")
def _nearest(
    pixel: Floats, at: Floats, axis: int, low: float, high: float, position: Floats, rotation: Floats, focal: float,
    k1: float, middle_x: float, middle_y: float,
) -> bool:  # fmt: skip
    """Put into ``at[axis]`` what is seen nearest to ``pixel``; False where nothing of the line is ahead."""
    seen, own, by_place, by_point = np.empty(2), np.empty((2, 4)), np.empty((2, 4)), np.empty((2, 3))
    nearest, best = np.inf, np.nan
    for k in range(GRID + 1):
        at[axis] = low + (high - low) * k / GRID
        if slopes(at, position, rotation, focal, k1, middle_x, middle_y, seen, own, by_place, by_point):
            off = np.hypot(pixel[0] - seen[0], pixel[1] - seen[1])
            if off < nearest:
                nearest, best = off, at[axis]
    if np.isnan(best):
        return False
    at[axis] = best
    for _ in range(4):
        if not slopes(at, position, rotation, focal, k1, middle_x, middle_y, seen, own, by_place, by_point):
            return False
        x, y = by_point[0, axis], by_point[1, axis]
        at[axis] += ((pixel[0] - seen[0]) * x + (pixel[1] - seen[1]) * y) / (x * x + y * y)
        at[axis] = min(max(at[axis], low), high)
    return True


@njit(cache=True, error_model="numpy")
def add_rolls(rotation: Floats, sd: float, own_own: Floats, own_down: Floats) -> None:
    """The camera's right axis is level: rotation[0, 2] = 0, with d(rotation) = turn x rotation."""
    for f in range(len(rotation)):
        slope = np.array([0.0, rotation[f, 2, 2], -rotation[f, 1, 2]])
        for i in range(3):
            own_down[f, i] -= slope[i] * rotation[f, 0, 2] / sd**2
            for j in range(3):
                own_own[f, i, j] += slope[i] * slope[j] / sd**2


@njit(cache=True, error_model="numpy")
def add_links(
    before: Ints, now: Ints, step: Floats, sd: Floats, strange: float, rotation: Floats, focal: Floats, bend: float,
    own_own: Floats, own_down: Floats, block: Floats,
) -> None:  # fmt: skip
    """Motions that are off by more than ``strange`` standard deviations lose their weight."""
    here, there, slope = np.empty(4), np.empty(4), np.empty((4, 8))
    vector, moved = np.empty(3), np.empty((3, 3))
    small = 1e-6
    for n in range(len(now)):
        a, b = before[n], now[n]
        step_between(rotation[a], focal[a], rotation[b], focal[b], bend, here)
        if not np.isfinite(here[0] + here[1] + here[2] + here[3]):  # so far apart that it is of no use
            continue
        for k in range(8):
            vector[:] = 0.0
            if k % 4 < 3:
                vector[k % 4] = small
            grown = np.exp(small) if k % 4 == 3 else 1.0
            if k < 4:
                times(turned(vector), rotation[a], moved)
                step_between(moved, focal[a] * grown, rotation[b], focal[b], bend, there)
            else:
                times(turned(vector), rotation[b], moved)
                step_between(rotation[a], focal[a], moved, focal[b] * grown, bend, there)
            for i in range(4):
                slope[i, k] = (there[i] - here[i]) / small
        for i in range(4):
            unit = sd[n] if i < 2 else sd[n] / ARM
            off = (step[n, i] - here[i]) / unit
            weight = 1 / (1 + (off / strange) ** 2) ** 2 / unit**2
            for j in range(4):
                own_down[a, j] += weight * slope[i, j] * (step[n, i] - here[i])
                own_down[b, j] += weight * slope[i, 4 + j] * (step[n, i] - here[i])
                for k in range(4):
                    own_own[a, j, k] += weight * slope[i, j] * slope[i, k]
                    own_own[b, j, k] += weight * slope[i, 4 + j] * slope[i, 4 + k]
                    block[n, j, k] += weight * slope[i, j] * slope[i, 4 + k]


@njit(cache=True, error_model="numpy")
def add_strides(
    frame: Ints, xy: Floats, sd_px: Floats, stride: Ints, time_s: Floats, half: float, radius: float, rotation: Floats,
    focal: Floats, shared: Floats, own_own: Floats, own_shared: Floats, shared_shared: Floats, own_down: Floats,
    shared_down: Floats, block: Floats,
) -> None:  # fmt: skip
    """Racers keep near the line that racers skate, and their pace. ``xy`` (n, 2) from the picture's middle."""
    lap = 4 * half + 2 * np.pi * radius
    place, pixel = np.empty(2), np.empty(2)
    own, by_place, by_point = np.empty((2, 4)), np.empty((2, 4)), np.empty((2, 3))
    along = np.empty(2)
    along_own, along_shared = np.zeros((2, 4)), np.zeros((2, SHARED))
    total = np.zeros(4 + SHARED)
    for n in range(len(stride)):
        whole = True
        for end in range(2):
            k = stride[n, end]
            f = frame[k]
            if not ice_point(xy[k, 0], xy[k, 1], shared[:3], rotation[f], focal[f], shared[3], place):
                whole = False
                break
            if not slopes(
                np.array([place[0], place[1], 0.0]),
                shared[:3],
                rotation[f],
                focal[f],
                shared[3],
                0.0,
                0.0,
                pixel,
                own,
                by_place,
                by_point,
            ):
                whole = False
                break
            x, y = place[0] - shared[TRACK_SHIFT], place[1]
            along[end], d, usual = on_track(x, y, half, radius)
            corner = x - half if x > half else x + half if x < -half else 0.0
            if corner == 0.0:
                out_x, out_y, stretch = 0.0, 1.0 if y > 0 else -1.0, 1.0
            else:
                reach = np.hypot(corner, y)
                out_x, out_y, stretch = corner / reach, y / reach, radius / reach
            # the pixel stays, so the point on the ice moves against the camera
            determinant = by_point[0, 0] * by_point[1, 1] - by_point[0, 1] * by_point[1, 0]
            for k4 in range(8):
                px = own[0, k4] if k4 < 4 else by_place[0, k4 - 4]
                py = own[1, k4] if k4 < 4 else by_place[1, k4 - 4]
                move_x = -(by_point[1, 1] * px - by_point[0, 1] * py) / determinant
                move_y = -(by_point[0, 0] * py - by_point[1, 0] * px) / determinant
                total[k4] = out_x * move_x + out_y * move_y
                on_way = (-out_y * move_x + out_x * move_y) * stretch  # left of outward is the way racers go
                if k4 < 4:
                    along_own[end, k4] = on_way
                else:
                    along_shared[end, k4 - 4] = on_way
            total[4 + TRACK_SHIFT] = -out_x
            along_shared[end, TRACK_SHIFT] = out_y * stretch
            if end == 1:
                depth = np.hypot(
                    (by_point[1, 1] * out_x - by_point[1, 0] * out_y) / determinant,
                    (by_point[0, 0] * out_y - by_point[0, 1] * out_x) / determinant,
                )
                sd = np.hypot(OFF_SD_M, depth * sd_px[k])
                off = (usual - d) / sd
                weight = FOOT_WEIGHT / sd**2 / (1 + (off / STRANGE) ** 2) ** 2
                add_residual(
                    total, usual - d, weight, own_own[f], own_shared[f], shared_shared, own_down[f], shared_down
                )
        if not whole:
            continue
        a, b = frame[stride[n, 0]], frame[stride[n, 1]]
        went = along[1] - along[0]
        went -= lap * np.round(went / lap)
        sd = SPEED_SD * time_s[n]
        residual = SPEED_MPS * time_s[n] - went
        weight = FOOT_WEIGHT / sd**2 / (1 + (residual / sd / STRANGE) ** 2) ** 2
        for i in range(4):
            own_down[a, i] -= weight * along_own[0, i] * residual
            own_down[b, i] += weight * along_own[1, i] * residual
            for j in range(4):
                own_own[a, i, j] += weight * along_own[0, i] * along_own[0, j]
                own_own[b, i, j] += weight * along_own[1, i] * along_own[1, j]
                block[n, i, j] -= weight * along_own[0, i] * along_own[1, j]
            for j in range(SHARED):
                change = along_shared[1, j] - along_shared[0, j]
                own_shared[a, i, j] -= weight * along_own[0, i] * change
                own_shared[b, i, j] += weight * along_own[1, i] * change
        for i in range(SHARED):
            change = along_shared[1, i] - along_shared[0, i]
            shared_down[i] += weight * change * residual
            for j in range(SHARED):
                shared_shared[i, j] += weight * change * (along_shared[1, j] - along_shared[0, j])
