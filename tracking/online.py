"""Tracking frame by frame: predict, associate, correct, begin and end tracks, with no look ahead."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracking.assignment import assign
from tracking.kalman import TRACK, begin, correct, predict, warp
from tracking.settings import SKATERS, Settings, as_record
from tracking.tables import DetectionTable, Floats, Ints, Rows, Tracks

CANDIDATES = 16
"""Detections a track may choose among: those it overlaps most."""

CLOCK = np.dtype([("time_s", np.float64), ("count", np.int64), ("next_id", np.int64)], align=True)
UNKNOWN_MOTION = np.full((3, 3), np.nan)


@dataclass(slots=True)
class TrackerState:
    """All that the tracker knows between two frames; ``step`` changes it in place.

    track     (capacity,)  TRACK records, the first ``clock[0].count`` in use
    clock     (1,)         CLOCK record: time of the last frame, tracks in use, next identity
    settings  (1,)         the settings as a record
    """

    track: NDArray[np.void]
    clock: NDArray[np.void]
    settings: NDArray[np.void]

    def copy(self) -> "TrackerState":
        return replace(self, track=self.track.copy(), clock=self.clock.copy())


class Matches(NamedTuple):
    """Detections of one frame that belong to a track."""

    detection: Rows  # (M,) row of the frame's boxes
    id: Ints  # (M,) identity, from 1


def new_state(settings: Settings = SKATERS, capacity: int = 64) -> TrackerState:
    """A tracker that has seen nothing yet; ``capacity`` grows by itself."""
    clock = np.zeros(1, CLOCK)
    clock["time_s"] = np.nan
    clock["next_id"] = 1
    return TrackerState(np.zeros(capacity, TRACK), clock, as_record(settings))


def step(state: TrackerState, box: Floats, score: Floats, time_s: float, motion: Floats | None = None) -> Matches:
    """Take in the detections of one frame: box (N, 4) x, y, w, h, score (N,), at ``time_s``, seconds, which must rise.

    motion: (3, 3) homography, pixels of the frame before to this one; None or NaN where it is unknown.
    """
    n = len(box)
    count = int(state.clock["count"][0])
    if count + n > len(state.track):
        grown = np.zeros(2 * (count + n), TRACK)
        grown[: len(state.track)] = state.track
        state.track = grown
    identity = np.zeros(n, np.int64)
    _step(
        state.track,
        state.clock,
        state.settings,
        box,
        score,
        time_s,
        UNKNOWN_MOTION if motion is None else motion,
        identity,
    )
    rows = np.flatnonzero(identity)
    return Matches(rows, identity[rows].astype(np.int32))


def track_online(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    motion: Floats | None = None,
    settings: Settings = SKATERS,
) -> Tracks:
    """Track a whole sequence as ``step`` would, frame by frame, in one call.

    frames (F,) numbers of the frames, rising; time_s (F,) seconds, rising; motion (F, 3, 3) homographies, pixels of the
    frame before to this one, NaN where unknown. Raises ValueError where shapes disagree, time does not rise, or a
    detection lies in a frame that is not in ``frames``.
    """
    start = frame_starts(detections, frames, time_s, motion)
    if motion is None:
        motion = np.full((len(frames), 3, 3), np.nan)
    identity = _track_frames(start, detections.box, detections.score, time_s, motion, as_record(settings))
    rows = np.flatnonzero(identity)
    order = np.lexsort((identity[rows], detections.frame[rows]))
    rows = rows[order]
    return Tracks(
        frame=detections.frame[rows],
        id=identity[rows].astype(np.int32),
        box=detections.box[rows],
        score=detections.score[rows],
        seen=np.ones(len(rows), np.bool_),
        detection=rows,
        link_confidence=np.ones(len(rows)),
    )


def frame_starts(detections: DetectionTable, frames: Ints, time_s: Floats, motion: Floats | None) -> Rows:
    """First detection of each frame, and their number at the end (F + 1,), after the inputs were checked."""
    n = len(frames)
    if time_s.shape != (n,) or (motion is not None and motion.shape != (n, 3, 3)):
        raise ValueError(f"expected time_s ({n},) and motion ({n}, 3, 3) for {n} frames")
    if np.any(np.diff(frames) <= 0) or np.any(np.diff(time_s) <= 0):
        raise ValueError("frames and time_s have to rise")
    if not np.isin(detections.frame, frames).all():
        raise ValueError("a detection lies in a frame that is not in frames")
    return np.append(np.searchsorted(detections.frame, frames), len(detections))


@njit(cache=True)
def _track_frames(start, box, score, time_s, motion, settings):
    """Identity of each detection, 0 for none."""
    track = np.zeros(64, TRACK)
    clock = np.zeros(1, CLOCK)
    clock[0].time_s = np.nan
    clock[0].next_id = 1
    identity = np.zeros(len(box), np.int64)
    for f in range(len(time_s)):
        a, b = start[f], start[f + 1]
        if clock[0].count + b - a > len(track):
            grown = np.zeros(2 * (clock[0].count + b - a), TRACK)
            grown[: len(track)] = track
            track = grown
        _step(track, clock, settings, box[a:b], score[a:b], time_s[f], motion[f], identity[a:b])
    return identity


@njit(cache=True)
def _step(track, clock, settings, box, score, time_s, motion, identity):
    """One frame; writes the identity of each reported detection into ``identity`` (N,), 0 for none."""
    s = settings[0]
    n = len(box)
    count = clock[0].count
    dt = time_s - clock[0].time_s if count else 0.0
    clock[0].time_s = time_s
    moved = not np.isnan(motion[0, 0])
    for t in range(count):
        if moved:
            warp(track[t], motion)
        predict(track[t], dt, s)

    owner = np.full(n, -1, np.int64)
    matched = np.zeros(count, np.bool_)
    _match(track, count, matched, box, score, owner, s.high_score, 2.0, s.gate, time_s, s)
    _match(track, count, matched, box, score, owner, s.low_score, s.high_score, s.gate_low, time_s, s)
    for d in range(n):
        if owner[d] >= 0:
            t = owner[d]
            correct(track[t], box[d], score[d], time_s, s)
            if track[t].reported == 0 and track[t].hits >= s.confirm:
                track[t].reported = 1
        elif score[d] >= s.new_score:
            t = clock[0].count
            clock[0].count += 1
            begin(track[t], box[d], score[d], time_s, s)
            track[t].id = clock[0].next_id
            clock[0].next_id += 1
            track[t].reported = 1 if score[d] >= s.instant_score else 0
            owner[d] = t
        if owner[d] >= 0 and track[owner[d]].reported == 1:
            identity[d] = track[owner[d]].id

    kept = 0
    for t in range(clock[0].count):
        if time_s - track[t].seen_s < s.patience_s and (track[t].reported == 1 or track[t].seen_s == time_s):
            if kept != t:
                track[kept] = track[t]
            kept += 1
    clock[0].count = kept


@njit(cache=True)
def _match(track, count, matched, box, score, owner, low, high, gate, time_s, s):
    """Associate tracks that have none yet with detections of a score from ``low`` to below ``high``."""
    n = len(box)
    edge_track = np.empty(count * CANDIDATES, np.int64)
    edge_det = np.empty(count * CANDIDATES, np.int64)
    edge_gain = np.empty(count * CANDIDATES)
    n_edges = 0
    for t in range(count):
        if matched[t]:
            continue
        tr = track[t]
        unseen = time_s - tr.seen_s
        grow = min(s.buffer + s.buffer_growth * unseen, s.buffer_limit)
        w, h = tr.mean[2], tr.mean[3]
        left = tr.mean[0] - (0.5 + grow) * w
        right = tr.mean[0] + (0.5 + grow) * w
        top = tr.mean[1] - (0.5 + grow) * h
        bottom = tr.mean[1] + (0.5 + grow) * h
        area = (right - left) * (bottom - top)
        old = 1 if not np.isnan(tr.older_s[1]) else 0
        dir_x = tr.last[0] - tr.older[old, 0]
        dir_y = tr.last[1] - tr.older[old, 1]
        length = np.sqrt(dir_x * dir_x + dir_y * dir_y)
        has_dir = not np.isnan(tr.older_s[0]) and length > 0.0
        first = n_edges
        for d in range(n):
            if owner[d] >= 0 or score[d] < low or score[d] >= high:
                continue
            gw, gh = grow * box[d, 2], grow * box[d, 3]
            l2, r2 = box[d, 0] - gw, box[d, 0] + box[d, 2] + gw
            if l2 >= right or r2 <= left:
                continue
            t2, b2 = box[d, 1] - gh, box[d, 1] + box[d, 3] + gh
            if t2 >= bottom or b2 <= top:
                continue
            common = (min(right, r2) - max(left, l2)) * (min(bottom, b2) - max(top, t2))
            overlap = common / (area + (r2 - l2) * (b2 - t2) - common)
            if overlap < gate:
                continue
            gain = overlap
            if s.height_power > 0.0:
                common_h = min(bottom, b2) - max(top, t2)
                gain *= (common_h / (max(bottom, b2) - min(top, t2))) ** s.height_power
            if has_dir:
                go_x = box[d, 0] + 0.5 * box[d, 2] - tr.last[0]
                go_y = box[d, 1] + 0.5 * box[d, 3] - tr.last[1]
                go = np.sqrt(go_x * go_x + go_y * go_y)
                if go > 0.0:
                    gain += s.direction * (go_x * dir_x + go_y * dir_y) / (go * length) * score[d]
            gain -= s.score_weight * abs(score[d] - tr.score)
            gain += 1.0
            if n_edges - first == CANDIDATES:
                worst = first
                for e in range(first + 1, n_edges):
                    if edge_gain[e] < edge_gain[worst]:
                        worst = e
                if gain > edge_gain[worst]:
                    edge_det[worst] = d
                    edge_gain[worst] = gain
            else:
                edge_track[n_edges] = t
                edge_det[n_edges] = d
                edge_gain[n_edges] = gain
                n_edges += 1
    if n_edges == 0:
        return
    taken = np.empty(count, np.int64)
    assign(edge_track, edge_det, edge_gain, n_edges, count, n, taken)
    for t in range(count):
        if taken[t] >= 0:
            owner[taken[t]] = t
            matched[t] = True
