"""Small videos, a detector without a model, and what a run of the command left, for the tests of the command."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from numpy.typing import NDArray

from vision.detector import FrameDetections

PAINT = (230, 20, 20)
"""BGR of the rectangles that ``PaintDetector`` takes for people."""


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    out: str
    err: str

    def said_in_one_line(self, *parts: str) -> bool:
        """Whether it failed with exit status 1 and a single line that holds ``parts``, and printed nothing else."""
        line = self.err.removesuffix("\n")
        one = line.startswith("shorttrack: ") and "\n" not in line and "Traceback" not in line
        return self.status == 1 and self.out == "" and one and all(part in line for part in parts)


class Command(Protocol):
    def __call__(self, *arguments: str | Path) -> Ended: ...


class PaintDetector:
    """Takes the columns that hold PAINT for one person each; calls ``every`` with how many it has seen."""

    device = "made up"
    weights = Path("paint.pt")

    def __init__(self, every: Callable[[int], None] = lambda seen: None) -> None:
        self._every = every
        self._seen = 0

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[FrameDetections]:
        self._seen += len(images)
        self._every(self._seen)
        return [self._find(image) for image in images]

    def _find(self, image: NDArray[np.uint8]) -> FrameDetections:
        paint = np.abs(image.astype(np.int16) - PAINT).max(axis=2) < 60
        columns = np.flatnonzero(np.diff(np.concatenate([[False], paint.any(axis=0), [False]]).astype(int)))
        boxes = []
        for left, right in columns.reshape(-1, 2):
            rows = np.flatnonzero(paint[:, left:right].any(axis=1))
            boxes.append((left, rows[0], right - left, rows[-1] + 1 - rows[0]))
        n = len(boxes)
        return FrameDetections(np.array(boxes, float).reshape(n, 4), np.full(n, 0.9), np.full((n, 4), np.nan))


def make_video(
    path: Path,
    times_ms: Sequence[int] = tuple(range(0, 1000, 40)),
    size: tuple[int, int] = (128, 96),
    pix_fmt: str = "yuv420p",
    painted: bool = False,
    seed: int = 1,
    faststart: bool = False,
) -> Path:
    """Grain, and where ``painted`` a rectangle of 12 x 30 at (8 + 2 n, 40) in the n-th picture, n from 0."""
    background = np.random.default_rng(seed).integers(140, 200, (size[1], size[0], 3), dtype=np.uint8)
    with av.open(str(path), "w", options={"movflags": "faststart"} if faststart else {}) as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "10"})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = Fraction(1, 1000)
        for n, time_ms in enumerate(times_ms):
            image = background.copy()
            if painted:
                image[40:70, 8 + 2 * n : 20 + 2 * n] = PAINT
            picture = av.VideoFrame.from_ndarray(image, format="bgr24")
            picture.pts, picture.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in ``folder`` by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
