"""The Numba tracker: Kalman filter, association, lifecycle, identity across gaps; MOTChallenge in and out."""

from tracking.compiling import kernel_cache

with kernel_cache():
    from tracking.corrections import Corrections, Named, Swap, apply_corrections, read_corrections
    from tracking.field import track_field
    from tracking.files import TrackingFileError, read_det, read_motion, write_tracks
    from tracking.online import Matches, TrackerState, new_state, step
    from tracking.overlap import settle
    from tracking.person import HypothesisSettings
    from tracking.sequence import track_online
    from tracking.settings import CROWD, DANCE, SKATERS, Settings
    from tracking.tables import DetectionTable, Tracks
    from tracking.whole import track_whole

__all__ = [
    "CROWD",
    "DANCE",
    "SKATERS",
    "Corrections",
    "DetectionTable",
    "HypothesisSettings",
    "Matches",
    "Named",
    "Settings",
    "Swap",
    "TrackerState",
    "TrackingFileError",
    "Tracks",
    "apply_corrections",
    "new_state",
    "read_corrections",
    "read_det",
    "read_motion",
    "settle",
    "step",
    "track_field",
    "track_online",
    "track_whole",
    "write_tracks",
]
