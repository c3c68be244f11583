"""Tracking frame by frame: predict, associate, correct, begin and end tracks, with no look ahead."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from tracking.association import FEW, LAST_SEEN, PREDICTED, match, sort_by_left
from tracking.compiling import announce_compiling
from tracking.ground import ground_correct, ground_predict
from tracking.kalman import begin, correct, predict, warp
from tracking.memory import HEAD, HEAD_WORDS, check_memory, grown, new_memory, parts
from tracking.rows import put
from tracking.settings import SKATERS, Settings
from tracking.tables import Floats, Rows

ROW = np.dtype(np.int64)
UNKNOWN = np.full((3, 3), np.nan)
COLOUR_MEMORY = 0.1
"""Share of the newest colour descriptor in a track's own."""


@dataclass(slots=True)
class TrackerState:
    """All that the tracker knows between two frames; ``step`` changes it in place, ``copy`` keeps it.

    memory  (M,)  one array, see ``tracking.memory``

    Raises ValueError where ``memory`` cannot be a tracker's.
    """

    memory: Floats

    def __post_init__(self) -> None:
        check_memory(self.memory)

    def copy(self) -> "TrackerState":
        return TrackerState(self.memory.copy())


class Matches(NamedTuple):
    """Detections of one frame that belong to a track."""

    detection: Rows  # (M,) row of the frame's boxes
    id: Rows  # (M,) identity, from 1


def new_state(settings: Settings = SKATERS, colours: int = 0, capacity: int = 64) -> TrackerState:
    """A tracker that has seen nothing yet; ``colours`` is the length of the colour descriptors, 0 for none."""
    announce_compiling(_step_boxes)
    return TrackerState(new_memory(settings, colours, capacity))


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
    rows, identities = np.empty(n, ROW), np.empty(n, ROW)
    if motion is None and feature is None and to_plane is None:
        matched = _step_boxes(state.memory, box, score, time_s, rows, identities)
        if matched < 0:
            _make_room(state, n)
            matched = _step_boxes(state.memory, box, score, time_s, rows, identities)
    else:
        head = state.memory[:HEAD_WORDS].view(HEAD)[0]
        if head["count"] + n > head["capacity"]:
            _make_room(state, n)
        matched = _step_all(
            state.memory,
            box,
            score,
            np.full((n, int(head["colours"])), np.nan) if feature is None else feature,
            np.full((n, 2), np.nan) if foot is None else foot,
            time_s,
            UNKNOWN if motion is None else motion,
            UNKNOWN if to_plane is None else to_plane,
            rows,
            identities,
        )
    if matched == n:
        return _new(Matches, (rows, identities))
    return _new(Matches, (rows[:matched], identities[:matched]))


_new = tuple.__new__
"""Half the time of ``Matches(...)``."""


def _make_room(state: TrackerState, n: int) -> None:
    """For ``n`` more tracks, and as many again as there are then."""
    head = state.memory[:HEAD_WORDS].view(HEAD)[0]
    state.memory = grown(state.memory, 2 * (int(head["count"]) + n))


@njit(cache=True, error_model="numpy")
def _step_boxes(memory, box, score, time_s, rows, identities):
    """``step_frame`` where nothing but boxes and scores is known; -1, and nothing done, where there is no room."""
    head, unknown, track, track_feature, work, gain = parts(memory)
    n = len(box)
    if head[0].count + n > head[0].capacity:
        return -1
    feature = track_feature[:n] if head[0].colours == 0 else np.full((n, head[0].colours), np.nan)
    return step_frame(
        head, track, track_feature, work, gain, box, score, feature, box, time_s, unknown, unknown, rows, identities,
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _step_all(memory, box, score, feature, foot, time_s, motion, to_plane, rows, identities):
    """``step_frame`` where there is room."""
    head, _, track, track_feature, work, gain = parts(memory)
    return step_frame(
        head, track, track_feature, work, gain, box, score, feature, foot, time_s, motion, to_plane, rows, identities,
    )  # fmt: skip


@njit(cache=True, error_model="numpy")
def step_frame(
    head, track, track_feature, work, edge_gain, box, score, feature, foot, time_s, motion, to_plane, rows, identities,
):  # fmt: skip
    """One frame; writes row and identity of each tracked detection into ``rows`` and ``identities`` (N,), returns their
    number."""
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

    det_of, owner, order = work[:count], work[count : count + n], work[count + n : count + 2 * n]
    work = work[count + 2 * n :]
    det_of[:] = -1
    owner[:] = -1
    if n > FEW:
        sort_by_left(box, order)
    stand = _foot_points(box, foot) if planar else foot
    sure, unsure = 0, 0  # detections of a high and of a low score
    for d in range(n):
        if score[d] >= s.high_score:
            sure += 1
        elif score[d] >= s.low_score:
            unsure += 1
    paired, paired_unsure = 0, 0
    if sure > 0 and count > 0:
        paired = match(
            track, count, track_feature, det_of, box, score, stand, feature, owner, order, work, edge_gain,
            s.high_score, 2.0, s.gate, PREDICTED, time_s, dt, to_plane, s,
        )  # fmt: skip
    if unsure > 0 and count > paired:
        paired_unsure = match(
            track, count, track_feature, det_of, box, score, stand, feature, owner, order, work, edge_gain,
            s.low_score, s.high_score, s.gate_low, PREDICTED, time_s, dt, to_plane, s,
        )  # fmt: skip
    if sure > paired and count > paired + paired_unsure:
        match(
            track, count, track_feature, det_of, box, score, stand, feature, owner, order, work, edge_gain,
            s.high_score, 2.0, s.gate_last, LAST_SEEN, time_s, dt, to_plane, s,
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
            put(track_feature[t], feature[d])
            if planar:
                ground_correct(track[t], stand[d, 0], stand[d, 1], box[d, 3], dt, to_plane, s)
        else:
            continue
        if track[t].id == 0 and (track[t].hits >= s.confirm or score[d] >= s.instant_score):
            track[t].id = head[0].next_id
            head[0].next_id += 1
        if track[t].id > 0:
            rows[reported] = d
            identities[reported] = track[t].id
            reported += 1

    kept = 0
    for t in range(head[0].count):
        unseen = time_s - track[t].seen_s
        if unseen == 0.0 or (track[t].id > 0 and unseen < s.patience_s):
            if kept != t:
                track[kept] = track[t]
                put(track_feature[kept], track_feature[t])
            kept += 1
    head[0].count = kept
    return reported


@njit(cache=True, error_model="numpy")
def _foot_points(box, foot):
    """Where people stand (N, 2): the foot point, or the middle of the lower edge where it is unknown."""
    stand = np.empty((len(box), 2))
    for d in range(len(box)):
        known = not np.isnan(foot[d, 0])
        stand[d, 0] = foot[d, 0] if known else box[d, 0] + 0.5 * box[d, 2]
        stand[d, 1] = foot[d, 1] if known else box[d, 1] + box[d, 3]
    return stand


@njit(cache=True, error_model="numpy")
def _learn_colour(own, seen):
    for k in range(len(own)):
        if np.isnan(own[k]):
            own[k] = seen[k]
        elif not np.isnan(seen[k]):
            own[k] += COLOUR_MEMORY * (seen[k] - own[k])


@njit(cache=True, error_model="numpy")
def _inverse(m):
    """Inverse of a homography (3, 3), up to scale."""
    inverse = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            a, b = (j + 1) % 3, (j + 2) % 3
            c, d = (i + 1) % 3, (i + 2) % 3
            inverse[i, j] = m[a, c] * m[b, d] - m[a, d] * m[b, c]
    return inverse
