"""Where nobody was though the camera looked: who is thought to be there was taken for somebody else.

A place on the oval that moves with the pack is where a racer out of sight is to be expected. In the pictures that show
it with nobody near, the racer was not there.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.guide import Guide
from race.poses import Poses
from tracking.rows import put

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

CELL_M = 1.0
BODY = ((-1.0, 0.0), (1.5, 1.3), (4.0, 0.0))
"""Outside the guide and above the ice, metres: all of these are in the picture where a racer would be seen whole."""
EDGE = 0.03
"""Of the picture's width and height: nearer to the edge a racer may be outside."""
NEAR_M = 3.0
"""Along the guide: somebody as near may be the one, or hide the one."""
LOOK_EVERY_S = 0.12


def empty_seconds(
    place: Floats, column: NDArray[np.intp], poses: Poses, guide: Guide, way: Floats, time_s: Floats
) -> Floats:
    """(F, C) seconds until each frame in which a place was seen empty, by its phase: metres along the guide, less
    the ``way`` (F,) of the pack, in cells of CELL_M.

    ``place`` (N, 2) along and across the guide of everybody found, NaN unknown, ``column`` (N,) their frames.
    """
    cells = round(guide.length_m / CELL_M)
    step = max(1, round(LOOK_EVERY_S / float(np.median(np.diff(time_s)))))
    looked = np.arange(0, len(time_s), step)
    looked = looked[poses.known[looked]]
    along = (np.arange(cells) + 0.5) * guide.length_m / cells
    in_view = np.ones((len(looked), cells), bool)
    for outside_m, above_m in BODY:
        xy, _ = guide.to_ice(np.column_stack([along, np.full(cells, outside_m)]))
        point = np.column_stack([xy, np.full(cells, above_m)])
        pixel = poses.to_pixels(np.repeat(looked, cells), np.tile(point, (len(looked), 1))) / np.array(poses.size)
        with np.errstate(invalid="ignore"):
            in_view &= ((pixel > EDGE) & (pixel < 1 - EDGE)).all(axis=1).reshape(in_view.shape)
    near = np.zeros((len(time_s), cells), bool)
    known = np.isfinite(place[:, 0])
    reach = int(np.ceil(NEAR_M / CELL_M))
    for by in range(-reach, reach + 1):
        near[column[known], (place[known, 0] / guide.length_m * cells + by).astype(int) % cells] = True
    out = np.zeros((len(time_s), cells))
    add_up(looked, in_view & ~near[looked], way / guide.length_m * cells, time_s, step, out)
    return out


@njit(cache=True, error_model="numpy")
def add_up(looked: NDArray[np.intp], empty: Mask, way: Floats, time_s: Floats, step: int, out: Floats) -> None:
    """out (F, C): ``empty`` (L, C) in the frames ``looked`` (L,), each for the time until the next ``step``, in cells
    that move by ``way`` (F,), cells."""
    frames, cells = out.shape
    k = 0
    for t in range(1, frames):
        put(out[t], out[t - 1])
        while k < len(looked) and looked[k] < t:
            k += 1
        if k < len(looked) and looked[k] == t:
            shown_s = time_s[t] - time_s[max(t - step, 0)]
            for c in range(cells):
                if empty[k, int(c + way[t]) % cells]:
                    out[t, c] += shown_s
