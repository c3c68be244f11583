"""Which tracks are one: a global assignment of ends to beginnings.

The cost of a link, in units of what is normal, adds up: how far the end extrapolated forward and the beginning
extrapolated backward miss each other, how much speeds differ, how much heights and colours differ, and the time
between. Two tracks that overlap in time are never linked: nobody is in two places.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from dataclasses import dataclass

import numpy as np
from numba import njit

from tracking.assignment import assign
from tracking.kalman import place
from tracking.tables import Floats, Ints, Rows

FIT_S = 0.4
"""Ends are fitted by a straight motion over so many seconds."""
DAMPING = 2.0
"""Extrapolated speed fades at this rate, per second."""
FAR = 2.0
"""Distance alone says no more than this: who leaves the picture may come back anywhere."""
HEIGHT = 0.2
"""A normal difference of log heights."""
COLOUR = 0.15
"""A normal distance of colours, 1 minus the Bhattacharyya coefficient."""


LONG_S = 1.0
"""Over a longer gap a link that has rivals as good is a guess, and not made."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The beginnings or the ends of T tracks.

    frame (T,) index of the frame, time_s (T,), place (T, 2) centre, pixels, speed (T, 2) pixels per second, height (T,)
    """

    frame: Rows
    time_s: Floats
    place: Floats
    speed: Floats
    height: Floats


@dataclass(frozen=True, slots=True)
class Camera:
    """Motion of the camera, added up: ``from_first[f]`` takes pixels of the first frame of the shot to frame f."""

    from_first: Floats  # (F, 3, 3)
    to_first: Floats  # (F, 3, 3)
    shot: Ints  # (F,)


def add_up(motion: Floats | None, shot: Ints) -> Camera:
    """The camera over the sequence; where its motion is unknown it is taken to stand, across shots it starts anew."""
    f = len(shot)
    from_first = np.tile(np.eye(3), (f, 1, 1))
    if motion is not None:
        for k in range(1, f):
            if shot[k] == shot[k - 1] and np.isfinite(motion[k]).all():
                from_first[k] = motion[k] @ from_first[k - 1]
                from_first[k] /= from_first[k][2, 2]
            else:
                from_first[k] = from_first[k - 1] if shot[k] == shot[k - 1] else np.eye(3)
    return Camera(from_first, np.linalg.inv(from_first).astype(np.float64), shot)


def fit_ends(pieces: list[Rows], box: Floats, frame: Rows, time_s: Floats, camera: Camera, last: bool) -> Ends:
    """Fit a straight motion to the last (else the first) ``FIT_S`` seconds of each piece, rows of ``box`` (N, 4)."""
    n = len(pieces)
    ends = Ends(np.empty(n, np.int64), np.empty(n), np.empty((n, 2)), np.zeros((n, 2)), np.empty(n))
    for k, rows in enumerate(pieces):
        at = frame[rows[-1 if last else 0]]
        near = rows[(np.abs(time_s[frame[rows]] - time_s[at]) <= FIT_S) & (camera.shot[frame[rows]] == camera.shot[at])]
        centre = box[near, :2] + 0.5 * box[near, 2:]
        points = np.column_stack([centre, np.ones(len(near))])
        maps = camera.from_first[at] @ camera.to_first[frame[near]]
        points = np.einsum("nij,nj->ni", maps, points)
        points = points[:, :2] / points[:, 2:]
        dt = time_s[frame[near]] - time_s[at]
        ends.frame[k], ends.time_s[k] = at, time_s[at]
        ends.height[k] = np.median(box[near, 3])
        if len(near) >= 3:
            spread = np.sum((dt - dt.mean()) ** 2)
            ends.speed[k] = ((dt - dt.mean()) @ points) / spread
            ends.place[k] = points.mean(axis=0) - ends.speed[k] * dt.mean()
        else:
            ends.place[k] = points[-1 if last else 0]
    return ends


def link(
    ends: Ends, starts: Ends, camera: Camera, feature: Floats, longest_s: float, limit: float, least_sure: float
) -> tuple[Rows, Floats]:
    """The track that follows each track (T,), -1 for none, and how sure that is (T,), 0 to 1, NaN for none.

    feature    (T, K) mean colour descriptor of each track, NaN where unknown
    longest_s  no link over a longer gap
    limit      no link of a higher cost
    least_sure  no link over more than ``LONG_S`` that is less sure
    """
    cost = link_costs(
        ends.frame, ends.time_s, ends.place, ends.speed, ends.height,
        starts.frame, starts.time_s, starts.place, starts.speed, starts.height,
        camera.from_first, camera.to_first, camera.shot, feature, longest_s,
    )  # fmt: skip
    before, after = np.ascontiguousarray(np.nonzero(cost < limit))
    follower = assign(
        before, after, limit - cost[before, after], len(cost), len(cost), np.empty(3 * len(cost), np.int64)
    )
    sure = np.full(len(cost), np.nan)
    for k in np.flatnonzero(follower >= 0):
        rivals = np.concatenate([np.delete(cost[k], follower[k]), np.delete(cost[:, follower[k]], k), [limit]])
        sure[k] = 1.0 / (1.0 + np.exp(cost[k, follower[k]] - rivals.min()))
        if sure[k] < least_sure and starts.time_s[follower[k]] - ends.time_s[k] > LONG_S:
            follower[k], sure[k] = -1, np.nan
    return follower, sure


@njit(cache=True, error_model="numpy")
def link_costs(
    end_frame, end_s, end_place, end_speed, end_height,
    start_frame, start_s, start_place, start_speed, start_height,
    from_first, to_first, shot, feature, longest_s,
):  # fmt: skip
    """Cost (T, T) of the link from the end of one track to the beginning of another, inf where it cannot be."""
    n = len(end_frame)
    cost = np.full((n, n), np.inf)
    for a in range(n):
        for b in range(n):
            gap = start_s[b] - end_s[a]
            if a == b or gap <= 0.0 or gap > longest_s:
                continue
            fa, fb = end_frame[a], start_frame[b]
            height = 0.5 * (end_height[a] + start_height[b])
            speed_a = np.hypot(end_speed[a, 0], end_speed[a, 1]) / end_height[a]
            speed_b = np.hypot(start_speed[b, 0], start_speed[b, 1]) / start_height[b]
            total = abs(np.log(end_height[a] / start_height[b])) / HEIGHT + 0.01 * gap
            if shot[fa] == shot[fb]:
                fade = (1.0 - np.exp(-DAMPING * gap)) / DAMPING
                x, y = place(
                    to_first[fa], end_place[a, 0] + fade * end_speed[a, 0], end_place[a, 1] + fade * end_speed[a, 1]
                )
                x, y = place(from_first[fb], x, y)
                forward = np.hypot(x - start_place[b, 0], y - start_place[b, 1])
                x, y = place(
                    to_first[fb],
                    start_place[b, 0] - fade * start_speed[b, 0],
                    start_place[b, 1] - fade * start_speed[b, 1],
                )
                x, y = place(from_first[fa], x, y)
                backward = np.hypot(x - end_place[a, 0], y - end_place[a, 1])
                normal = 0.15 + 0.3 * gap * (1.0 + speed_a + speed_b)
                total += min(0.5 * (forward + backward) / height / normal, FAR)
                total += abs(speed_a - speed_b) / (0.5 + 0.3 * (speed_a + speed_b))
            else:
                total += FAR
            common = 0.0
            for k in range(feature.shape[1]):
                common += np.sqrt(feature[a, k] * feature[b, k])
            if feature.shape[1] > 0 and not np.isnan(common):
                total += (1.0 - min(common, 1.0)) / COLOUR
            cost[a, b] = total
    return cost
