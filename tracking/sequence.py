"""Tracking a whole sequence frame by frame in one call, with no look ahead."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

import numpy as np
from numba import njit

from tracking.compiling import announce_compiling
from tracking.memory import grown, new_memory, parts
from tracking.online import step_frame
from tracking.settings import SKATERS, Settings
from tracking.tables import DetectionTable, Floats, Ints, Rows, Tracks


def track_online(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    motion: Floats | None = None,
    settings: Settings = SKATERS,
    to_plane: Floats | None = None,
) -> Tracks:
    """Track a whole sequence as ``step`` would, frame by frame, in one call.

    frames    (F,) numbers of the frames, rising; a frame without detections is one too
    time_s    (F,) seconds, rising
    motion    (F, 3, 3) homographies, pixels of the frame before to this one, NaN where unknown
    to_plane  (F, 3, 3) homographies, pixels to metres on the ground, NaN where unknown

    Raises ValueError where shapes disagree, time does not rise, or a detection lies in a frame not in ``frames``.
    """
    identity = online_identities(detections, frames, time_s, motion, settings, to_plane)
    rows = np.flatnonzero(identity)
    order = detections.frame[rows] * (identity.max(initial=0) + 1) + identity[rows]
    rows = rows[np.argsort(order, kind="stable")]  # nearly sorted already
    return Tracks(
        frame=detections.frame[rows],
        id=identity[rows].astype(np.int32),
        box=detections.box[rows],
        score=detections.score[rows],
        seen=np.ones(len(rows), np.bool_),
        detection=rows,
        link_confidence=np.ones(len(rows)),
    )


def online_identities(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    motion: Floats | None,
    settings: Settings,
    to_plane: Floats | None,
) -> Rows:
    """Identity of each detection (N,), 0 where it belongs to no track; arguments and errors as of ``track_online``."""
    n, f = len(detections), len(frames)
    unknown = np.full((f, 3, 3), np.nan)
    motion = unknown if motion is None else np.ascontiguousarray(motion, np.float64)
    to_plane = unknown if to_plane is None else np.ascontiguousarray(to_plane, np.float64)
    if time_s.shape != (f,) or motion.shape != (f, 3, 3) or to_plane.shape != (f, 3, 3):
        raise ValueError(f"expected time_s ({f},), motion and to_plane ({f}, 3, 3) for {f} frames")
    if np.any(np.diff(frames) <= 0) or np.any(np.diff(time_s) <= 0):
        raise ValueError("frames and time_s have to rise")
    if not np.isin(detections.frame, frames).all():
        raise ValueError("a detection lies in a frame that is not in frames")
    identity = np.zeros(n, np.int64)
    announce_compiling(_step_frames)
    _step_frames(
        np.append(np.searchsorted(detections.frame, frames), n),
        detections.box,
        detections.score,
        np.empty((n, 0)) if detections.feature is None else detections.feature,
        np.full((n, 2), np.nan) if detections.foot is None else detections.foot,
        np.ascontiguousarray(time_s, np.float64),
        motion,
        to_plane,
        new_memory(settings, 0 if detections.feature is None else detections.feature.shape[1]),
        identity,
    )
    return identity


@njit(cache=True, error_model="numpy")
def _step_frames(start, box, score, feature, foot, time_s, motion, to_plane, memory, identity):
    head, _, track, track_feature, work, gain = parts(memory)
    rows, identities = np.empty(len(box), np.int64), np.empty(len(box), np.int64)
    for f in range(len(time_s)):
        a, b = start[f], start[f + 1]
        needed = head[0].count + b - a
        if needed > head[0].capacity:
            memory = grown(memory, 2 * needed)
            head, _, track, track_feature, work, gain = parts(memory)
        matched = step_frame(
            head, track, track_feature, work, gain, box[a:b], score[a:b], feature[a:b], foot[a:b],
            time_s[f], motion[f], to_plane[f], rows, identities,
        )  # fmt: skip
        for k in range(matched):
            identity[a + rows[k]] = identities[k]
