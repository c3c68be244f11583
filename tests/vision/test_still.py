"""Cameras that do not move, told from those that do by what their motion adds up to."""

from dataclasses import replace

import numpy as np
import pytest

from race.rink import Rink
from tests.vision.made_hall import make_hall
from vision.racing_feet import find_feet
from vision.still import is_still
from vision.stretches import Seen


@pytest.mark.parametrize(
    ("pictures", "px", "zoom", "still"),
    [
        (100, 0.0, 0.0, True),
        (400, 0.008, 0.00001, True),  # people who go by all the time pull at it, in a sample by 1.9 px and 0.46 %
        (400, 0.03, 0.0, False),  # pans by 12 px
        (400, 0.0, 0.0001, False),
        (60, 0.1, 0.0, False),
    ],
)
def test_a_tripod_is_told_from_a_slow_pan(pictures: int, px: float, zoom: float, still: bool) -> None:
    video = make_hall(count=60)[0]
    steps = np.tile([px, 0.0, 0.0, zoom], (pictures, 1))
    rows = np.arange(pictures)
    seen = Seen(video, find_feet(video.frames, video.detections), steps, np.ones(pictures), rows * 0, rows * 0, Rink())
    assert is_still(seen, rows) is still
    assert is_still(replace(seen, steps=-steps), rows) is still
