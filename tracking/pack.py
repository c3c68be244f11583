"""How those who skate together move: what one of them does in a corner the others do as well.

Racers turn, speed up and are jolted by a shaking camera together, so that what is foretold of one of them errs less
when the common part is known. It is taken from tracks made in some other way.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

import numpy as np
from numba import njit

from tracking.tables import Floats, Ints, Rows

FAST = 1.5
"""Only those count who are faster than so many heights per second over the background ..."""
STEADY_S = 0.2
"""... in the mean of so many seconds before and after."""
SMOOTH_S = 0.2
"""Standard deviation of the Gaussian over which the common velocity is a mean."""
SHARED = 0.7
"""How much of the common change of velocity each is expected to share: who is ahead turns before the others."""
LEAST = 3
"""People who have to be seen in a frame for its common velocity to count."""


def pack_motion(people: list[Rows], box: Floats, frame: Rows, time_s: Floats, warp: Floats, shot: Ints) -> Floats:
    """Common velocity over the background (F, 2), heights per second, 0 where it is unknown, and the change of the own
    velocity that it lets expect in each frame (F, 2): together (F, 4).

    people  rows of ``box`` (N, 4) of each person, in order of time; frame (N,) index of the frame of each box
    warp    (F, 3, 3) camera motion, pixels of the frame before to this one
    shot    (F,) the shot of each frame
    """
    steps = len(time_s)
    velocities: list[list[Floats]] = [[] for _ in range(steps)]
    for rows in people:
        after = np.flatnonzero(np.diff(frame[rows]) == 1) + 1
        after = after[shot[frame[rows[after]]] == shot[frame[rows[after - 1]]]]
        if not len(after):
            continue
        a, b = rows[after - 1], rows[after]
        points = np.column_stack([box[a, :2] + 0.5 * box[a, 2:], np.ones(len(a))])
        carried = np.einsum("nij,nj->ni", warp[frame[b]], points)
        gone = box[b, :2] + 0.5 * box[b, 2:] - carried[:, :2] / carried[:, 2:]
        at = time_s[frame[b]]
        velocity = gone / (box[b, 3] * (at - time_s[frame[a]]))[:, None]
        added = np.vstack([np.zeros(2), velocity.cumsum(axis=0)])
        first, end = np.searchsorted(at, at - STEADY_S), np.searchsorted(at, at + STEADY_S, side="right")
        steady = (added[end] - added[first]) / (end - first)[:, None]
        for t, one in zip(frame[b[fast := np.hypot(*steady.T) > FAST]], velocity[fast], strict=True):
            velocities[t].append(one)
    common = np.full((steps, 2), np.nan)
    for t, seen in enumerate(velocities):
        if len(seen) >= LEAST:
            common[t] = usual(np.array(seen))
    pack = np.zeros((steps, 4))
    smooth_in_time(common, np.ascontiguousarray(time_s, np.float64), shot, pack)
    return pack


def usual(values: Floats) -> Floats:
    """Mean of ``values`` (N, 2) along each axis, those that are far from the median drawn in."""
    middle = np.median(values, axis=0)
    limit = 2.0 * np.median(np.abs(values - middle), axis=0)
    drawn: Floats = np.clip(values, middle - limit, middle + limit)
    return np.asarray(drawn.mean(axis=0), np.float64)


@njit(cache=True, error_model="numpy")
def smooth_in_time(common, time_s, shot, pack):
    """Write the smoothed ``common`` (F, 2), NaN where unknown, and ``SHARED`` of its change, into ``pack`` (F, 4)."""
    before = False
    for t in range(len(time_s)):
        total, x, y = 0.0, 0.0, 0.0
        for way in (-1, 1):
            k = t if way < 0 else t + 1
            while 0 <= k < len(time_s) and shot[k] == shot[t] and abs(time_s[k] - time_s[t]) <= 3.0 * SMOOTH_S:
                if not np.isnan(common[k, 0]):
                    weight = np.exp(-0.5 * ((time_s[k] - time_s[t]) / SMOOTH_S) ** 2)
                    total, x, y = total + weight, x + weight * common[k, 0], y + weight * common[k, 1]
                k += way
        known = total > 0.0
        if known:
            pack[t, 0], pack[t, 1] = x / total, y / total
            if before and shot[t] == shot[t - 1]:
                pack[t, 2] = SHARED * (pack[t, 0] - pack[t - 1, 0])
                pack[t, 3] = SHARED * (pack[t, 1] - pack[t - 1, 1])
        before = known
