"""Racers' paths over the ice as a moving camera sees them: foot points and velocities, the camera's motion taken out.

Everything is local: a path is brought into one frame only from a few seconds around it, through the chained camera
motion, so that neither drift nor a wide pan matters. ``to_reference`` maps pixels of each frame to the reference of
its shot (``race/stabilise.py``); only products of one frame's with the inverse of another's are used.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def map_point(homography: Floats, x: float, y: float) -> tuple[float, float]:
    """Image of the point (x, y) under a 3 x 3 homography."""
    w = homography[2, 0] * x + homography[2, 1] * y + homography[2, 2]
    return (
        (homography[0, 0] * x + homography[0, 1] * y + homography[0, 2]) / w,
        (homography[1, 0] * x + homography[1, 1] * y + homography[1, 2]) / w,
    )


@njit(cache=True, error_model="numpy")
def fit_paths(
    foot: Floats,  # (R, F, 2) pixels, NaN where not seen
    time_s: Floats,  # (F,)
    to_reference: Floats,  # (F, 3, 3)
    from_reference: Floats,  # (F, 3, 3) the inverses
    shot: NDArray[np.int32],  # (F,)
    half_window_s: float,
    position: Floats,  # (R, F, 2) out: smoothed foot point, pixels of the frame, NaN where it cannot be had
    velocity: Floats,  # (R, F, 2) out: its velocity over the ice, pixels of the frame per second
    misfit: Floats,  # (R, F) out: how far the foot points lie off that line, root mean square, pixels of the frame
) -> None:
    """Fit a straight line in time to each racer's foot points around every frame, in that frame's pixels.

    Frames of other shots are left out. A racer unseen in a frame gets values from frames on both sides of it.
    """
    racers, frames = foot.shape[0], foot.shape[1]
    for t in range(frames):
        first = t
        while first > 0 and time_s[t] - time_s[first - 1] <= half_window_s and shot[first - 1] == shot[t]:
            first -= 1
        last = t
        while last + 1 < frames and time_s[last + 1] - time_s[t] <= half_window_s and shot[last + 1] == shot[t]:
            last += 1
        for r in range(racers):
            n, s1, s2 = 0, 0.0, 0.0
            sx, sy, sxt, syt, squares = 0.0, 0.0, 0.0, 0.0, 0.0
            before, after = False, False
            for k in range(first, last + 1):
                if np.isnan(foot[r, k, 0]):
                    continue
                x, y = map_point(to_reference[k], foot[r, k, 0], foot[r, k, 1])
                x, y = map_point(from_reference[t], x, y)
                u = time_s[k] - time_s[t]
                n, s1, s2 = n + 1, s1 + u, s2 + u * u
                sx, sy, sxt, syt = sx + x, sy + y, sxt + x * u, syt + y * u
                squares += x * x + y * y
                before, after = before or k <= t, after or k >= t
            spread = n * s2 - s1 * s1
            if n < 3 or spread <= 0 or not (before and after):
                position[r, t, 0] = position[r, t, 1] = velocity[r, t, 0] = velocity[r, t, 1] = np.nan
                misfit[r, t] = np.nan
                continue
            vx, vy = (n * sxt - s1 * sx) / spread, (n * syt - s1 * sy) / spread
            x, y = (sx - vx * s1) / n, (sy - vy * s1) / n
            position[r, t, 0], position[r, t, 1] = x, y
            velocity[r, t, 0], velocity[r, t, 1] = vx, vy
            misfit[r, t] = np.sqrt(max(0.0, squares - x * sx - y * sy - vx * sxt - vy * syt) / n)


@njit(cache=True, error_model="numpy")
def time_gaps(
    position: Floats,  # (R, F, 2)
    velocity: Floats,  # (R, F, 2)
    height: Floats,  # (R, F) box heights, pixels
    time_s: Floats,  # (F,)
    to_reference: Floats,  # (F, 3, 3)
    from_reference: Floats,  # (F, 3, 3)
    shot: NDArray[np.int32],  # (F,)
    foreshortening: float,
    max_gap_s: float,
    max_side: float,
    gap: Floats,  # (R, R, F) out: gap[i, j, t] > 0: j passes at that many seconds after i; NaN where unknown
) -> None:
    """Seconds since racer i was where racer j is now, along i's own trail, for every pair and frame.

    ``j`` is level with the point of i's trail whose direction of travel is at right angles to the line from it to j.
    Right angles are taken on the ice: a step in y of the picture counts ``1 / foreshortening`` times one in x. Points
    more than ``max_side`` box heights to the side do not count: that is another part of the oval.
    """
    racers, frames = position.shape[0], position.shape[1]
    for t in range(frames):
        for i in range(racers):
            for j in range(racers):
                gap[i, j, t] = np.nan
                if i == j or np.isnan(position[i, t, 0]) or np.isnan(position[j, t, 0]):
                    continue
                scale = 0.5 * (height[i, t] + height[j, t])
                jx, jy = position[j, t, 0], position[j, t, 1]
                along_before, time_before, side_before = np.nan, np.nan, np.nan
                k = t
                while k >= 0 and shot[k] == shot[t] and time_s[t] - time_s[k] <= max_gap_s:
                    if np.isnan(position[i, k, 0]):
                        k -= 1
                        continue
                    x0, y0 = map_point(to_reference[k], position[i, k, 0], position[i, k, 1])
                    x0, y0 = map_point(from_reference[t], x0, y0)
                    step = 0.02
                    x1, y1 = map_point(
                        to_reference[k],
                        position[i, k, 0] + step * velocity[i, k, 0],
                        position[i, k, 1] + step * velocity[i, k, 1],
                    )
                    x1, y1 = map_point(from_reference[t], x1, y1)
                    ux, uy = x1 - x0, (y1 - y0) / foreshortening
                    length = np.hypot(ux, uy)
                    if length <= 0:
                        k -= 1
                        continue
                    dx, dy = jx - x0, (jy - y0) / foreshortening
                    along, side = (dx * ux + dy * uy) / length, abs(dx * uy - dy * ux) / length
                    if along >= 0:
                        if np.isnan(along_before):  # j is ahead of i now
                            break
                        share = along / (along - along_before)
                        if min(side, side_before) <= max_side * scale:
                            level = time_s[k] + share * (time_before - time_s[k])
                            gap[i, j, t] = time_s[t] - level
                        break
                    along_before, time_before, side_before = along, time_s[k], side
                    k -= 1
