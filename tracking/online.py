"""Tracking frame by frame: predict, associate, correct, begin and end tracks, with no look ahead."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracking.association import LAST_SEEN, PREDICTED, match, sort_by_left
from tracking.compiling import announce_compiling
from tracking.ground import ground_correct, ground_predict
from tracking.kalman import TRACK, begin, correct, predict, warp
from tracking.settings import SETTINGS, SKATERS, Settings, as_record
from tracking.tables import Floats, Rows

HEAD = np.dtype(
    [
        ("time_s", np.float64),  # of the last frame
        ("count", np.int64),  # tracks in use
        ("next_id", np.int64),
        ("settings", SETTINGS),
    ],
    align=True,
)
COLOUR_MEMORY = 0.1
"""Share of the newest colour descriptor in a track's own."""


@dataclass(slots=True)
class TrackerState:
    """All that the tracker knows between two frames; ``step`` changes it in place, ``copy`` keeps it.

    track    (capacity,)  TRACK records, the first ``head[0].count`` in use
    feature  (capacity, K)  their colour descriptors, NaN where unknown
    head     (1,)  HEAD record
    """

    track: NDArray[np.void]
    feature: Floats
    head: NDArray[np.void]

    def copy(self) -> "TrackerState":
        return TrackerState(self.track.copy(), self.feature.copy(), self.head.copy())


class Matches(NamedTuple):
    """Detections of one frame that belong to a track."""

    detection: Rows  # (M,) row of the frame's boxes
    id: Rows  # (M,) identity, from 1


def new_state(settings: Settings = SKATERS, colours: int = 0, capacity: int = 64) -> TrackerState:
    """A tracker that has seen nothing yet; ``colours`` is the length of the colour descriptors, 0 for none."""
    announce_compiling(_step_boxes)
    return TrackerState(np.zeros(capacity, TRACK), np.full((capacity, colours), np.nan), new_head(settings))


def new_head(settings: Settings) -> NDArray[np.void]:
    """The head of a tracker that has seen nothing yet."""
    head = np.zeros(1, HEAD)
    head["next_id"] = 1
    head["settings"] = as_record(settings)
    return head


def step(
    state: TrackerState,
    box: Floats,
    score: Floats,
    time_s: float,
    motion: Floats | None = None,
    feature: Floats | None = None,
    foot: Floats | None = None,
    to_plane: Floats | None = None,
) -> Matches:
    """Take in the detections of one frame: box (N, 4) x, y, w, h, score (N,), at ``time_s``, seconds, which must rise.

    motion    (3, 3) homography, pixels of the frame before to this one; None or NaN where it is unknown
    feature   (N, K) colour descriptors, NaN rows where unknown
    foot      (N, 2) foot points, pixels; where None or NaN it is the middle of the lower edge
    to_plane  (3, 3) homography, pixels of this frame to metres on the ground; None or NaN where it is unknown
    """
    n = len(box)
    found = np.empty((2, n), np.int64)
    if motion is None and feature is None and to_plane is None:
        matched = _step_boxes(state.track, state.feature, state.head, box, score, time_s, found)
    else:
        matched = -1
    if matched < 0:
        count = int(state.head["count"][0])
        if count + n > len(state.track):
            _grow(state, 2 * (count + n))
        unknown = np.full((3, 3), np.nan)
        matched = step_frame(
            state.track,
            state.feature,
            state.head,
            box,
            score,
            np.full((n, state.feature.shape[1]), np.nan) if feature is None else feature,
            np.full((n, 2), np.nan) if foot is None else foot,
            time_s,
            unknown if motion is None else motion,
            unknown if to_plane is None else to_plane,
            found,
        )
    return Matches(found[0, :matched], found[1, :matched])


def _grow(state: TrackerState, capacity: int) -> None:
    """Make room for ``capacity`` tracks."""
    old = len(state.track)
    track, feature = np.zeros(capacity, TRACK), np.full((capacity, state.feature.shape[1]), np.nan)
    track[:old], feature[:old] = state.track, state.feature
    state.track, state.feature = track, feature


@njit(cache=True)
def _step_boxes(track, track_feature, head, box, score, time_s, found):
    """``step_frame`` where nothing but boxes and scores is known; -1, and nothing done, where there is no room."""
    n = len(box)
    if head[0].count + n > len(track):
        return -1
    unknown = np.full((3, 3), np.nan)
    feature = np.full((n, track_feature.shape[1]), np.nan)
    return step_frame(track, track_feature, head, box, score, feature, box, time_s, unknown, unknown, found)


@njit(cache=True)
def step_frame(track, track_feature, head, box, score, feature, foot, time_s, motion, to_plane, found):
    """One frame; writes row and identity of each tracked detection into ``found`` (2, N), returns their number."""
    s = head[0].settings
    n = len(box)
    count = head[0].count
    dt = time_s - head[0].time_s if count else 0.0
    head[0].time_s = time_s
    moved = not np.isnan(motion[0, 0])
    planar = not np.isnan(to_plane[0, 0])
    to_image = _inverse(to_plane) if planar else to_plane
    for t in range(count):
        if moved:
            warp(track[t], motion)
        predict(track[t], dt, s)
        if not planar:
            track[t].grounded = 0
        elif track[t].grounded == 1:
            ground_predict(track[t], dt, to_image, s)

    work = np.empty(count + 2 * n, np.int64)
    det_of, owner, order = work[:count], work[count : count + n], work[count + n :]
    det_of[:] = -1
    owner[:] = -1
    sort_by_left(box, order)
    stand = _foot_points(box, foot) if planar else foot
    for low, high, gate, where in (
        (s.high_score, 2.0, s.gate, PREDICTED),
        (s.low_score, s.high_score, s.gate_low, PREDICTED),
        (s.high_score, 2.0, s.gate_last, LAST_SEEN),
    ):
        match(
            track, count, track_feature, det_of, box, score, stand, feature, owner, order,
            low, high, gate, where, time_s, dt, to_plane, s,
        )  # fmt: skip

    reported = 0
    for d in range(n):
        t = owner[d]
        if t >= 0:
            if planar:
                ground_correct(track[t], stand[d, 0], stand[d, 1], box[d, 3], time_s - track[t].seen_s, to_plane, s)
            correct(track[t], box[d], score[d], time_s, dt, s)
            _learn_colour(track_feature[t], feature[d])
        elif score[d] >= s.new_score:
            t = head[0].count
            head[0].count += 1
            begin(track[t], box[d], score[d], time_s, s)
            track_feature[t] = feature[d]
            if planar:
                ground_correct(track[t], stand[d, 0], stand[d, 1], box[d, 3], dt, to_plane, s)
        else:
            continue
        if track[t].id == 0 and (track[t].hits >= s.confirm or score[d] >= s.instant_score):
            track[t].id = head[0].next_id
            head[0].next_id += 1
        if track[t].id > 0:
            found[0, reported] = d
            found[1, reported] = track[t].id
            reported += 1

    kept = 0
    for t in range(head[0].count):
        unseen = time_s - track[t].seen_s
        if unseen == 0.0 or (track[t].id > 0 and unseen < s.patience_s):
            if kept != t:
                track[kept] = track[t]
                track_feature[kept] = track_feature[t]
            kept += 1
    head[0].count = kept
    return reported


@njit(cache=True)
def _foot_points(box, foot):
    """Where people stand (N, 2): the foot point, or the middle of the lower edge where it is unknown."""
    stand = np.empty((len(box), 2))
    for d in range(len(box)):
        known = not np.isnan(foot[d, 0])
        stand[d, 0] = foot[d, 0] if known else box[d, 0] + 0.5 * box[d, 2]
        stand[d, 1] = foot[d, 1] if known else box[d, 1] + box[d, 3]
    return stand


@njit(cache=True)
def _learn_colour(own, seen):
    for k in range(len(own)):
        if np.isnan(own[k]):
            own[k] = seen[k]
        elif not np.isnan(seen[k]):
            own[k] += COLOUR_MEMORY * (seen[k] - own[k])


@njit(cache=True)
def _inverse(m):
    """Inverse of a homography (3, 3), up to scale."""
    inverse = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            a, b = (j + 1) % 3, (j + 2) % 3
            c, d = (i + 1) % 3, (i + 2) % 3
            inverse[i, j] = m[a, c] * m[b, d] - m[a, d] * m[b, c]
    return inverse
