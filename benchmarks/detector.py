"""How fast the detector is beside plain ``yolo predict``, and how many racers it finds where the truth is known.

    python -m benchmarks.detector VIDEO [--weights W.pt] [--against STOCK.pt] [--imgsz 640] [--frames 100]
                                [--truth gt.txt] [--ignore FILE]
    python -m benchmarks.detector data.yaml [--weights W.pt]

``--against`` names what `yolo predict` runs, the same weights if left out. Both look at the same pictures by turns, so
that a busy machine slows both; times are medians. ``--truth`` takes boxes
in MOTChallenge format (``frame,id,x,y,w,h,...``; id -1 or conf 0 stands for others) and looks at every frame it names;
``--ignore`` more such boxes of people who do not race. A box half of which lies on one of those is not counted false.
``--frames 0`` leaves the times out. A ``data.yaml`` of `shorttrack simulate --dataset` stands for its pictures kept for
validation; of those the helmets found are counted as well.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.labels import CLASSES, labelled
from vision.appearance import describe
from vision.detector import IMGSZ, MIN_SCORE, Detector, load_detector
from vision.frames import Frame, FrameReader, probe
from vision.observe import BATCH
from vision.weights import find_weights, import_ultralytics

Floats = NDArray[np.float64]
MIN_SCORES = (0.05, 0.1, 0.25, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--weights")
    parser.add_argument("--against", type=Path)
    parser.add_argument("--imgsz", type=int, default=IMGSZ)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--ignore", type=Path)
    given = parser.parse_args()
    weights = find_weights(given.weights)
    detector = load_detector(weights, "cpu", given.imgsz)
    if given.video.suffix == ".yaml":
        count_found(detector, pictures_for_validation(given.video))
        return
    if given.frames:
        compare_speed(detector, given.against or weights, given.imgsz, FrameReader(given.video), given.frames)
    if given.truth:
        rows = np.loadtxt(given.truth, delimiter=",", ndmin=2)
        others = rows[(rows[:, 1] < 1) | (rows[:, 6] == 0)]
        if given.ignore:
            others = np.concatenate([others[:, :6], np.loadtxt(given.ignore, delimiter=",", ndmin=2)[:, :6]])
        racers = rows[(rows[:, 1] >= 1) & (rows[:, 6] != 0)]
        count_found(detector, pictures_with_truth(FrameReader(given.video), racers, others))


def compare_speed(detector: Detector, against: Path, imgsz: int, reader: FrameReader, frames: int) -> None:
    """Print milliseconds a frame, from the picture to boxes, joined helmets and colours.

    Ours gets pictures as `analyze` hands them over, BATCH at a time, `yolo predict` takes them one by one, as it does.
    """
    stock = import_ultralytics("models").YOLO(against)

    def ours(batch: list[Frame]) -> None:
        for frame, found in zip(batch, detector.detect([frame.image for frame in batch]), strict=True):
            describe(frame.image, found.box, found.helmet)

    def predict(batch: list[Frame]) -> None:
        for frame in batch:
            stock.predict(frame.image, imgsz=imgsz, device="cpu", verbose=False)

    spent: dict[str, list[float]] = {f"shorttrack, {detector.device}": [], "yolo predict, PyTorch": []}
    wanted = every_nth(reader, frames)
    while batch := list(islice(wanted, BATCH)):
        for name, run in zip(spent, (ours, predict), strict=True):
            start = time.perf_counter()
            run(batch)
            spent[name].append(1000 * (time.perf_counter() - start) / len(batch))
    medians = {name: float(np.median(times[1:])) for name, times in spent.items()}  # the first one warms up
    for name, median in medians.items():
        print(f"{name:30} {median:6.1f} ms a frame")
    fast, slow = medians.values()
    print(f"{slow / fast:.1f} times as fast")


def every_nth(reader: FrameReader, wanted: int) -> Iterator[Frame]:
    """About ``wanted`` pictures from all over the video."""
    step = max(1, probe(reader.path).frames // wanted)
    return (frame for frame in reader if frame.number % step == 0)


@dataclass(frozen=True, slots=True)
class Known:
    """A picture and the boxes (n, 4) tlwh in it; ``ignored`` are people that are neither wanted nor wrong."""

    image: NDArray[np.uint8]
    racer: Floats
    ignored: Floats
    helmet: Floats


def pictures_with_truth(reader: FrameReader, racers: Floats, others: Floats) -> Iterator[Known]:
    """The frames of ``reader`` that the MOTChallenge rows ``racers`` name."""
    numbers = {int(number) for number in racers[:, 0]}
    for frame in reader:
        if frame.number in numbers:
            racer, ignored = (rows[rows[:, 0] == frame.number][:, 2:6] for rows in (racers, others))
            yield Known(frame.image, racer, ignored, np.empty((0, 4)))
        elif frame.number > max(numbers):
            break


def pictures_for_validation(data: Path) -> Iterator[Known]:
    """Those of a labelled set; a detector of people alone is not blamed for the helmets."""
    for row in labelled(data):
        if row.validation:
            image = np.asarray(cv2.imread(str(row.picture)), np.uint8)
            sides = np.tile(image.shape[1::-1], 2)
            kind, box = np.array([b[0] for b in row.boxes]), np.array([b[1:] for b in row.boxes]).reshape(-1, 4) * sides
            box[:, :2] -= box[:, 2:] / 2
            racer, helmet = (box[kind == CLASSES.index(name)] for name in ("skater", "helmet"))
            yield Known(image, racer, np.empty((0, 4)), helmet)


def count_found(detector: Detector, pictures: Iterator[Known]) -> None:
    """Print recall (IoU 0.5, best pairs first), pictures with all racers found and false boxes, per least score."""
    counts: dict[float, list[tuple[int, int, int]]] = {score: [] for score in MIN_SCORES}
    helmets = []
    with_helmet = []
    for known in pictures:
        people = detector.detect([known.image])[0]
        worn = people.helmet[np.isfinite(people.helmet[:, 0])]
        helmets.append((matches(known.helmet, worn)[0], len(known.helmet)))
        with_helmet.extend(np.isfinite(people.helmet[people.score >= 0.25, 0]))
        for score, rows in counts.items():
            box = people.box[people.score >= score]
            found, taken = matches(known.racer, box)
            shared = overlap(box, known.ignored) / np.prod(box[:, 2:], axis=1)[:, None]
            false = ~taken & ~(shared >= 0.5).any(axis=1)
            rows.append((found, len(known.racer), int(false.sum())))
    print("least score  recall  all found  false a picture")
    for score, rows in counts.items():
        hit, there, wrong = np.array(rows).T
        print(f"{score:11} {hit.sum() / there.sum():7.3f} {(hit == there).mean():10.2f} {wrong.mean():16.2f}")
    print(f"boxes from 0.25 on with a helmet: {np.mean(with_helmet):.2f}")
    hit, there = np.array(helmets).T
    if there.any():
        print(f"recall of helmets on bodies from {MIN_SCORE} on: {hit.sum() / there.sum():.3f}")


def matches(truth: Floats, box: Floats) -> tuple[int, NDArray[np.bool_]]:
    """How many of ``truth`` (n, 4) tlwh have a box of their own at IoU 0.5 or more, and which of ``box`` are taken."""
    common = overlap(truth, box)
    iou = common / (np.prod(truth[:, None, 2:], axis=2) + np.prod(box[None, :, 2:], axis=2) - common)
    count, taken = 0, np.zeros(len(box), bool)
    while iou.size and iou.max() >= 0.5:
        row, column = np.unravel_index(iou.argmax(), iou.shape)
        iou[row], iou[:, column] = 0, 0
        count, taken[column] = count + 1, True
    return count, taken


def overlap(a: Floats, b: Floats) -> Floats:
    """(n, m) square pixels that boxes (n, 4) and (m, 4) tlwh share."""
    start = np.maximum(a[:, None, :2], b[None, :, :2])
    end = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    return np.asarray(np.prod(np.clip(end - start, 0, None), axis=2))


if __name__ == "__main__":
    main()
