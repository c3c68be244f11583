"""How fast the detector is beside plain ``yolo predict``, and how many racers it finds where the truth is known.

    python -m benchmarks.detector VIDEO [--weights W.pt] [--imgsz 640] [--frames 100] [--truth gt.txt]

Both look at the same pictures by turns, so that a busy machine slows both; times are medians. ``--truth`` takes boxes
in MOTChallenge format (``frame,id,x,y,w,h,...``) and looks at every frame it names.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.appearance import describe
from vision.detector import IMGSZ, Detector, load_detector
from vision.frames import Frame, FrameReader, probe
from vision.weights import find_weights, import_ultralytics

Floats = NDArray[np.float64]
MIN_SCORES = (0.05, 0.1, 0.25, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--weights")
    parser.add_argument("--imgsz", type=int, default=IMGSZ)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--truth", type=Path)
    given = parser.parse_args()
    weights = find_weights(given.weights)
    detector = load_detector(weights, "cpu", given.imgsz)
    compare_speed(detector, weights, given.imgsz, FrameReader(given.video), given.frames)
    if given.truth:
        count_found(detector, FrameReader(given.video), np.loadtxt(given.truth, delimiter=","))


def compare_speed(detector: Detector, weights: Path, imgsz: int, reader: FrameReader, frames: int) -> None:
    """Print milliseconds a frame, from the picture to boxes, joined helmets and colours."""
    stock = import_ultralytics("models").YOLO(weights)

    def ours(frame: Frame) -> None:
        found = detector.detect([frame.image])[0]
        describe(frame.image, found.box, found.helmet)

    def predict(frame: Frame) -> None:
        stock.predict(frame.image, imgsz=imgsz, device="cpu", verbose=False)

    spent: dict[str, list[float]] = {f"shorttrack, {detector.device}": [], "yolo predict, PyTorch": []}
    for frame in every_nth(reader, frames):
        for name, run in zip(spent, (ours, predict), strict=True):
            start = time.perf_counter()
            run(frame)
            spent[name].append(1000 * (time.perf_counter() - start))
    medians = {name: float(np.median(times[1:])) for name, times in spent.items()}  # the first one warms up
    for name, median in medians.items():
        print(f"{name:30} {median:6.1f} ms a frame")
    fast, slow = medians.values()
    print(f"{slow / fast:.1f} times as fast")


def every_nth(reader: FrameReader, wanted: int) -> Iterator[Frame]:
    """About ``wanted`` pictures from all over the video."""
    step = max(1, probe(reader.path).frames // wanted)
    return (frame for frame in reader if frame.number % step == 0)


def count_found(detector: Detector, reader: FrameReader, truth: Floats) -> None:
    """Print recall (IoU 0.5, greedy), frames with all racers found and boxes a frame, per least score."""
    frames = {int(number): truth[truth[:, 0] == number][:, 2:6] for number in np.unique(truth[:, 0])}
    found: dict[float, list[tuple[int, int, int]]] = {score: [] for score in MIN_SCORES}
    for frame in reader:
        if frame.number in frames:
            people = detector.detect([frame.image])[0]
            racers = frames[frame.number]
            for score, rows in found.items():
                box = people.box[people.score >= score]
                rows.append((matches(racers, box), len(racers), len(box)))
        elif frame.number > max(frames):
            break
    print("least score  recall  all found  boxes a frame")
    for score, rows in found.items():
        hit, racers, boxes = np.array(rows).T
        print(f"{score:11} {hit.sum() / racers.sum():7.3f} {(hit == racers).mean():10.2f} {boxes.mean():14.1f}")


def matches(truth: Floats, box: Floats) -> int:
    """How many of ``truth`` (n, 4) tlwh have a box of their own at IoU 0.5 or more."""
    start = np.maximum(truth[:, None, :2], box[None, :, :2])
    end = np.minimum(truth[:, None, :2] + truth[:, None, 2:], box[None, :, :2] + box[None, :, 2:])
    common: Any = np.prod(np.clip(end - start, 0, None), axis=2)
    iou = common / (np.prod(truth[:, None, 2:], axis=2) + np.prod(box[None, :, 2:], axis=2) - common)
    count = 0
    while iou.size and iou.max() >= 0.5:
        row, column = np.unravel_index(iou.argmax(), iou.shape)
        iou[row], iou[:, column] = 0, 0
        count += 1
    return count


if __name__ == "__main__":
    main()
