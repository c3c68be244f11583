"""What a picture costs the registration: processor time of everything that looks at pixels for it, decoding aside.

    python -m benchmarks.observing_cost FILM [--size 1920x1080] [--pictures 100]

FILM is a folder with ``video.mp4`` and ``truth_mot.txt`` (a sample, or what ``shorttrack simulate`` wrote). Its
pictures are scaled to ``--size`` and watched just as ``analyze`` watches them, with its true boxes in place of the
detector's, and the camera is registered. Printed are milliseconds of all cores together a picture: the median picture,
the quickest tenth, and the mean. Other work on the machine makes them larger.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import polars as pl
from numpy.typing import NDArray

from vision import observe as watching
from vision.camera_motion import CameraMotion
from vision.detector import FrameDetections
from vision.frames import FrameReader
from vision.scorebug import ScorebugReader
from vision.shots import ShotDetector

WARM_UP = 10
"""Pictures that do not count: kernels are compiled, tables are made."""
AFTER = "registering, afterwards"


class TrueBoxes:
    """Stands in for a detector: the boxes of the truth, picture by picture."""

    weights = Path("truth")

    def __init__(self, boxes: list[NDArray[np.float64]]) -> None:
        self._boxes = iter(boxes)

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[FrameDetections]:
        found = []
        for _, box in zip(images, self._boxes, strict=False):
            found.append(FrameDetections(box, np.ones(len(box)), np.full((len(box), 4), np.nan)))
        return found


class Clock:
    """Seconds that each part took at each of its calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        seconds = self.seconds.setdefault(part, [])

        def run(*args: Any, **kwargs: Any) -> Any:
            began = time.thread_time()
            done = work(*args, **kwargs)
            seconds.append(time.thread_time() - began)
            return done

        return run


def scaled(film: Path, size: tuple[int, int], count: int, out: Path) -> int:
    """Write the first ``count`` pictures of ``film`` at ``size`` into ``out``; returns the width they had."""
    width = 0
    with av.open(str(out), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "20", "preset": "ultrafast"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for frame in FrameReader(film / "video.mp4"):
            if frame.number > count:
                break
            width = frame.image.shape[1]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image, format="bgr24").reformat(*size)))
        container.mux(stream.encode())
    return width


def boxes_of(film: Path, count: int, scale: float) -> list[NDArray[np.float64]]:
    """Of everybody, in each of the first ``count`` pictures: (n, 4) tlwh pixels."""
    table = pl.read_csv(film / "truth_mot.txt", has_header=False).to_numpy().astype(float)
    return [scale * table[table[:, 0] == number, 2:6] for number in range(1, count + 1)]


def main() -> None:
    import cv2

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("film", type=Path)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--pictures", type=int, default=100)
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    cv2.setNumThreads(1)  # a thread's time is then all of it
    clock = Clock()
    parts = {"reduced": "reducing the picture", "find_edges": "edges", "find_lines": "upright lines", "register": AFTER}
    for name, part in parts.items():
        setattr(watching, name, clock.timed(part, getattr(watching, name)))
    for kind, method, part in (
        (CameraMotion, "update", "camera's motion"),
        (ScorebugReader, "graphics_mask", "mask of graphics"),
        (ShotDetector, "update", "shots"),
    ):
        setattr(kind, method, clock.timed(part, getattr(kind, method)))
    with tempfile.TemporaryDirectory() as temporary:
        video = Path(temporary) / "video.mp4"
        was = scaled(given.film, (width, height), given.pictures, video)
        watching.observe(video, TrueBoxes(boxes_of(given.film, given.pictures, width / was)))  # type: ignore[arg-type]
    total = np.zeros(given.pictures)
    print("| part | median ms | quickest tenth | mean |")
    print("|---|---|---|---|")
    (afterwards,) = clock.seconds.pop(AFTER)
    for part, seconds in clock.seconds.items():
        total += (each := 1000 * np.array(seconds).reshape(given.pictures, -1).sum(axis=1))
        print(row(part, each))
    print(row("all", total))
    print(f"| {AFTER} | | | {1000 * afterwards / given.pictures:.1f} |")


def row(part: str, each: NDArray[np.float64]) -> str:
    each = each[WARM_UP:]
    return f"| {part} | {np.median(each):.1f} | {np.quantile(each, 0.1):.1f} | {each.mean():.1f} |"


if __name__ == "__main__":
    main()
