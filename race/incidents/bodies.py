"""Everybody seen on the ice, whoever it is: short ways over it, with how large a body is in metres.

Falls are sought here and not along competitors' ways: who slides away from the others is easily followed from picture
to picture, and easily taken for somebody else afterwards.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.foot import EDGE
from race.guide import make_guide
from race.ice import measure
from race.incidents.kinematics import fit_lines
from race.observations import Observations
from race.rink import Rink
from race.scene import Scene
from tracking import Tracks

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

LEAST_SEEN = 8
"""Who was seen in fewer pictures is nobody's way."""
HALF_WINDOW_S = 0.2
STILL_MPS = 2.0
"""Slower than this the direction of a way is noise."""
LEAST_SCORE = 0.2
"""A less sure box is a second one on somebody, or nobody."""


@dataclass(frozen=True, slots=True)
class Body:
    """One person on n pictures, by time; places smoothed over 0.4 s.

    rows    (n,)    of the detections
    time_s  (n,)
    xy      (n, 2)  m on the ice
    u, d    (n,)    m along and outside the measured line
    v       (n,)    m/s over the ice
    turn    (n,)    rad/s, how fast its way turns to the left
    outward (n,)    m/s, of d
    tall, wide (n,) m, of the box where it stands
    free    (n,)    heights of the box between it and the nearest side edge of the picture; who is cut off is left out
    sd      (n,)    m, of a place as it was seen, each way, without the pose's
    """

    rows: Ints
    time_s: Floats
    xy: Floats
    u: Floats
    d: Floats
    v: Floats
    turn: Floats
    outward: Floats
    tall: Floats
    wide: Floats
    free: Floats
    sd: Floats


def find_bodies(tracks: Tracks, observations: Observations, scene: Scene, rink: Rink) -> list[Body]:
    """The ways of all ``tracks`` over the ice, where the camera is known; empty without poses."""
    poses, found = observations.poses, observations.detections
    if poses is None:
        return []
    column = np.searchsorted(scene.number, tracks.frame)
    use = np.flatnonzero(tracks.seen & poses.known[column] & (found.score[tracks.detection] >= LEAST_SCORE))
    rows, frame = tracks.detection[use].astype(np.intp), column[use]
    guide = make_guide(rink)
    place, own, _ = measure(observations, rows, frame, guide, 0.0)
    box, (width, _) = found.box[rows], poses.size
    free = np.minimum(box[:, 0], width - box[:, 0] - box[:, 2]) / box[:, 3]
    keep = np.isfinite(place).all(axis=1) & (free > EDGE)
    use, rows, frame, place, box, free = use[keep], rows[keep], frame[keep], place[keep], box[keep], free[keep]
    sd = np.sqrt(np.trace(own[keep], axis1=1, axis2=2) / 2)
    xy, _ = guide.to_ice(place)
    per_m = _pixels_per_metre(observations, xy, frame)
    out = []
    order = np.lexsort((frame, scene.shot[frame], tracks.id[use]))
    key = np.column_stack([tracks.id[use], scene.shot[frame]])[order]
    for part in np.split(order, np.flatnonzero((np.diff(key, axis=0) != 0).any(axis=1)) + 1):
        if len(part) < LEAST_SEEN:
            continue
        time_s = scene.time_s[frame[part]]
        smooth, rate = fit_lines(time_s, np.ascontiguousarray(xy[part].T), HALF_WINDOW_S)
        track = rink.to_track(smooth.T)
        v = np.hypot(*rate)
        _, more = fit_lines(time_s, np.stack([*rate, track[:, 1]]), HALF_WINDOW_S)
        turn = (rate[0] * more[1] - rate[1] * more[0]) / np.maximum(v, STILL_MPS) ** 2
        out.append(
            Body(
                *(rows[part], time_s, smooth.T, track[:, 0], track[:, 1], v, turn, more[2]),
                *(box[part, 3] / per_m[part], box[part, 2] / per_m[part], free[part], sd[part]),
            )
        )
    return out


def _pixels_per_metre(observations: Observations, xy: Floats, frame: Ints) -> Floats:
    """(N,) height in pixels of a metre that stands on the ice."""
    assert observations.poses is not None
    low = observations.poses.to_pixels(frame, xy)
    high = observations.poses.to_pixels(frame, np.column_stack([xy, np.ones(len(xy))]))
    return np.asarray(np.hypot(*(high - low).T))
