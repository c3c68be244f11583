"""What a user may set, with a preset per kind of scene."""

from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits and weights of the tracker. Lengths are in heights of the box, times in seconds.

    A track and a detection may be one where their buffered IoU reaches a gate; how well they fit is that IoU times the
    squared IoU of their vertical extents, less weighted differences in depth, score, colour and time unseen.
    """

    # which detections count
    high_score: float = 0.63
    """Detections from here on are associated first, and with lost tracks too."""
    low_score: float = 0.12
    """Detections below are not looked at."""
    new_score: float = 0.63
    """A track begins with a detection of at least this score that no track explains."""
    confirm: float = 2.0
    """Detections before a track is reported, ..."""
    instant_score: float = 0.93
    """... but a first detection of this score is reported at once."""
    patience_s: float = 5.0
    """A track that was not seen for so long ends."""

    # motion in the picture
    wander: float = 0.23
    """Random walk of the centre, heights per root second."""
    wander_size: float = 0.21
    """Random walk of width and height."""
    acceleration: float = 1.0
    """Random change of the velocity, heights per second per root second."""
    acceleration_size: float = 0.28
    noise: float = 0.033
    """Standard deviation of the detected centre where the score is 1."""
    first_speed: float = 2.0
    """Standard deviation of the speed of a new track, heights per second."""

    # association
    buffer: float = 0.03
    """Boxes grow by this share of their size on each side before their overlap is taken, ..."""
    buffer_growth: float = 0.57
    """... by this share more for each second that the track was not seen ..."""
    buffer_limit: float = 1.0
    """... up to this share."""
    gate: float = 0.2
    """Least buffered IoU for detections with a high score, ..."""
    gate_low: float = 0.7
    """... with a low score, ..."""
    gate_last: float = 0.07
    """... and between what is left and where the track was last seen."""
    patience_low_s: float = 0.75
    """Tracks unseen for longer do not take detections of a low score."""
    score_change: float = 0.5
    """Weight of the difference between the score and the track's usual one."""
    score_memory: float = 0.7
    """Share of the newest score in the track's usual one."""
    depth: float = 0.0
    """Weight of how far the lower edge is from where it was last seen. It tells dancers apart
    best of all; racers under a panning camera come out worse with it."""
    unseen: float = 0.47
    """Weight of the seconds that the track was not seen."""
    colour: float = 1.0
    """Weight of 1 minus the Bhattacharyya coefficient of the colour descriptors."""
    pair: float = 0.34
    """What making a pair is worth in itself: the higher, the more pairs, the lower, the better ones; ..."""
    pair_low: float = 0.2
    """... with a detection of a low score."""

    # on a ground plane, where one is given
    speed_limit_mps: float = 18.0
    turn_limit_mps2: float = 25.0
    """Acceleration across the direction of motion."""
    push_limit_mps2: float = 8.0
    """Acceleration along it, braking too."""

    # the whole sequence at once
    shortest_s: float = 0.3
    """Shorter tracks are dropped, ..."""
    weakest_score: float = 0.5
    """... and those whose mean score is below this."""
    link_s: float = 60.0
    """Two tracks may be one over a gap of so many seconds."""
    link_cost: float = 3.5
    """Two tracks are linked below this cost, see ``linking``."""
    link_sure: float = 0.6
    """A link over more than a second has to be this sure, 0 to 1, against its rivals."""
    fill_s: float = 0.3
    """Gaps of at most so many seconds are filled."""
    hypotheses: float = 1.0
    """Whether it is decided again who is who where people overlap; 0: no."""


SKATERS = Settings()
"""Few people, always the same, filmed by a camera that follows them."""
CROWD = Settings(
    high_score=0.7,
    low_score=0.2,
    new_score=0.7,
    instant_score=0.7,
    patience_s=1.0,
    acceleration=0.4,
    gate_last=0.3,
    depth=0.09,
    score_change=0.3,
    link_s=1.0,
    link_cost=2.0,
    fill_s=1.0,
    hypotheses=0.0,
)
"""Many people who walk, come and go."""
DANCE = Settings(
    patience_s=10.0,
    acceleration=1.3,
    buffer_growth=0.45,
    depth=0.09,
    score_change=0.44,
    unseen=0.4,
    pair=0.4,
    link_s=1.0,
    hypotheses=0.0,
)
"""A fixed group that crosses all the time and changes speed at will."""

SETTINGS = np.dtype([(field.name, np.float64) for field in fields(Settings)])


def as_record(settings: Settings) -> NDArray[np.void]:
    """``settings`` as a structured array of length 1, the form in which kernels take them."""
    return np.array([astuple(settings)], dtype=SETTINGS)
