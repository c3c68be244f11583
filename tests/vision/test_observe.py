"""Pictures and the people in them stay together though the detector works ahead."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from vision.detector import FrameDetections, Images
from vision.frames import Frame
from vision.observe import BATCH, watched


class Marks:
    """Finds one person a picture, at the x it is filled with; cannot bear pictures filled with ``bad``."""

    def __init__(self, bad: int | None = None) -> None:
        self.bad = bad

    def detect(self, images: Sequence[Images]) -> list[FrameDetections]:
        marks = [float(image[0, 0, 0]) for image in images]
        if self.bad in marks:
            raise RuntimeError("bad picture")
        nothing = np.full((1, 4), np.nan)
        return [FrameDetections(np.array([[mark, 0, 1, 1]]), np.ones(1), nothing) for mark in marks]


def pictures(count: int) -> Iterator[Frame]:
    return (Frame(k, k / 25, np.full((2, 2, 3), k, np.uint8)) for k in range(1, count + 1))


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH, 3 * BATCH + 2])
def test_every_picture_comes_once_with_its_people(count: int) -> None:
    detector: Any = Marks()
    pairs = [(frame.number, found.box[0, 0]) for frame, found in watched(pictures(count), detector)]
    assert pairs == [(k, k) for k in range(1, count + 1)]


def test_what_the_detector_cannot_do_comes_to_the_caller() -> None:
    detector: Any = Marks(bad=BATCH + 1)
    with pytest.raises(RuntimeError, match="bad picture"):
        list(watched(pictures(3 * BATCH), detector))
