"""Tracking a sequence that is known from its first frame to its last."""

from tracking.online import track_online
from tracking.settings import SKATERS, Settings
from tracking.tables import DetectionTable, Floats, Ints, Tracks


def track_whole(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    motion: Floats | None = None,
    shot: Ints | None = None,
    settings: Settings = SKATERS,
    max_identities: int | None = None,
) -> Tracks:
    return track_online(detections, frames, time_s, motion, settings)
