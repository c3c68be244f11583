"""What a user may set, with a preset per kind of scene."""

from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits and weights of the tracker. Lengths are in heights of the box, times in seconds.

    The similarity of a track and a detection is their buffered IoU times the ratio of their heights, plus the weighted
    agreements of direction, score and colour; a pair below ``gate`` of buffered IoU is never made.
    """

    high_score: float = 0.55
    """Detections from here on may begin a track and are associated first."""
    low_score: float = 0.1
    """Detections below are not looked at."""
    new_score: float = 0.65
    """A track begins with a detection of this score that no track explains."""
    wander: float = 0.27
    """Random motion of the position, heights per root second."""
    acceleration: float = 1.0
    """Random change of the velocity, heights per second per root second."""
    noise: float = 0.05
    """Standard deviation of a detected edge, heights."""
    buffer: float = 0.15
    """Boxes grow by this share of their size on each side before their overlap is taken, ..."""
    buffer_growth: float = 0.5
    """... and by this share more per second that the track was not seen."""
    buffer_limit: float = 0.5
    gate: float = 0.1
    gate_low: float = 0.3
    """Least overlap for a detection with a low score."""
    height_power: float = 0.5
    direction: float = 0.2
    score_weight: float = 0.0
    colour: float = 0.5
    patience_s: float = 1.0
    """A track that was not seen for so long ends."""
    confirm: float = 2.0
    """Detections before a track is reported."""
    instant_score: float = 0.8
    """A first detection of this score is reported at once."""


SKATERS = Settings()
CROWD = Settings()
DANCE = Settings()

SETTINGS = np.dtype([(field.name, np.float64) for field in fields(Settings)])


def as_record(settings: Settings) -> NDArray[np.void]:
    """``settings`` as a structured array of length 1, the form in which kernels take them."""
    return np.array([astuple(settings)], dtype=SETTINGS)
