"""Pictures and the people in them stay together though the detector works ahead."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from vision.detector import FrameDetections, Images
from vision.frames import Frame
from vision.observe import BATCH, observe, reduced, watched


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


class Blocks:
    """Finds nobody, and in every picture one block; has read its weights from nowhere."""

    weights = Path("made.pt")

    def __init__(self, box: Sequence[float]) -> None:
        self.box = np.array([box])

    def detect(self, images: Sequence[Images]) -> list[FrameDetections]:
        none = np.empty((0, 4))
        return [FrameDetections(none, np.empty(0), none, self.box, np.ones(1)) for _ in images]


@pytest.mark.parametrize("size", [(640, 360), (1280, 720)])
def test_places_are_in_pixels_of_the_video_whatever_its_size(tmp_path: Path, size: tuple[int, int]) -> None:
    """A hall with a line on its ice, panned over by a hundredth of the picture's width a picture."""
    width, height = size
    pan, line = width // 100, width // 2
    rng = np.random.default_rng(0)
    wall = cv2.resize(rng.integers(30, 200, (9, 40, 3), np.uint8), (2 * width, height // 3))
    hall = np.concatenate([wall, np.full((height - height // 3, 2 * width, 3), 225, np.uint8)])
    hall[height // 3 :, line + 20 * pan : line + 20 * pan + width // 160] = 120
    with av.open(str(tmp_path / "hall.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "10"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for n in range(40):
            seen = np.ascontiguousarray(hall[:, n * pan : n * pan + width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(seen, format="bgr24")))
        container.mux(stream.encode())
    box = [0.7 * width, 0.8 * height, 20.0, 12.0]
    seen = observe(tmp_path / "hall.mp4", Blocks(box))  # type: ignore[arg-type]
    middle = seen.frames.motion[10:] @ np.array([width / 2, height / 2, 1.0])
    moved = middle[:, :2] / middle[:, 2:] - np.array([width / 2, height / 2])
    assert np.nanmedian(moved, axis=0) == pytest.approx([-pan, 0.0], abs=0.1 * pan)
    assert seen.blocks.box == pytest.approx(np.tile(box, (40, 1)))
    at = {
        int(frame): (top + bottom) / 2
        for frame, top, bottom in zip(seen.lines.frame, seen.lines.top, seen.lines.bottom, strict=True)
    }
    assert len(at) > 20
    for frame, (x, _) in at.items():
        assert x == pytest.approx(line + (21 - frame) * pan + width / 320, abs=0.006 * width)


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (3840, 2160), (854, 480), (1081, 609)])
def test_large_pictures_are_reduced_and_everything_stays_in_its_place(size: tuple[int, int]) -> None:
    width, height = size
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    image = np.stack([255 * x, 255 * y, 0 * x], axis=-1).round().astype(np.uint8)
    small = reduced(image)
    assert small.shape == (round(640 * height / width), 640, 3)
    x, y = np.meshgrid((np.arange(640) + 0.5) / 640, (np.arange(small.shape[0]) + 0.5) / small.shape[0])
    assert np.abs(small[..., 0] - 255 * x).max() < 2
    assert np.abs(small[..., 1] - 255 * y).max() < 2


def test_small_pictures_stay_as_they_are() -> None:
    image = np.zeros((270, 480, 3), np.uint8)
    assert reduced(image) is image
