"""Time of one online update, microseconds a frame, one thread; other trackers that are installed join in.

    OMP_NUM_THREADS=1 RAYON_NUM_THREADS=1 python benchmarks/tracker.py [--boxes 6,15,100,500] [--rounds 3]

Rounds alternate between the trackers, so that a busy machine slows all of them alike; the best median counts. Below
the table: one call over a race of 45 s at 50 pictures a second, with 6 boxes in each.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracking import DetectionTable, new_state, step, track_online, track_whole

Floats = NDArray[np.float64]
Frame = tuple[Floats, Floats]  # boxes (N, 4) x, y, w, h and scores (N,)
FPS = 50.0


def scene(boxes: int, frames: int, seed: int = 1) -> list[Frame]:
    """Boxes that walk through a picture with room for them, bounce off its edges, jitter, and are missed at times."""
    rng = np.random.default_rng(seed)
    size = np.array([16.0, 9.0]) * 24 * np.sqrt(boxes + 20)
    place, speed = rng.uniform(0, size, (boxes, 2)), rng.normal(0, 3, (boxes, 2))
    height = rng.uniform(50, 110, boxes)
    out = []
    for _ in range(frames):
        place += speed
        speed = np.where((place < 0) & (speed < 0) | (place > size) & (speed > 0), -speed, speed)
        box = np.column_stack([place, 0.45 * height, height]) + rng.normal(0, 1, (boxes, 4))
        kept = rng.random(boxes) > 0.03
        out.append((np.ascontiguousarray(box[kept]), np.clip(rng.normal(0.85, 0.1, kept.sum()), 0.1, 0.99)))
    return out


def shorttrack() -> Callable[[Any], Any]:
    state = new_state()
    return lambda given: step(state, *given)


def trackforge(name: str) -> Callable[[Any], Any]:
    import trackforge

    options = {"BYTETRACK": {"track_thresh": 0.6, "det_thresh": 0.7, "match_thresh": 0.9, "track_buffer": 30}}
    tracker = getattr(trackforge, name)(**options.get(name, {}))
    return lambda given: tracker.update(given)


def ultralytics_bytetrack() -> Callable[[Any], Any]:
    from ultralytics.trackers import BYTETracker
    from ultralytics.utils import YAML, IterableSimpleNamespace
    from ultralytics.utils.checks import check_yaml

    tracker = BYTETracker(IterableSimpleNamespace(**YAML.load(check_yaml("bytetrack.yaml"))))
    return lambda given: tracker.update(given, None)


def as_lists(box: Floats, score: Floats, time_s: float) -> Any:
    return [(b, s, 0) for b, s in zip(box.tolist(), score.tolist(), strict=True)]


def as_ultralytics(box: Floats, score: Floats, time_s: float) -> Any:
    from ultralytics.engine.results import Boxes

    corners = np.column_stack([box[:, :2], box[:, :2] + box[:, 2:], score, np.zeros(len(box))])
    return Boxes(corners.astype(np.float32), (2160, 3840))


TRACKERS: dict[str, tuple[Callable[[], Callable[[Any], Any]], Callable[[Floats, Floats, float], Any]]] = {
    "shorttrack": (shorttrack, lambda box, score, time_s: (box, score, time_s)),
    "trackforge SORT": (lambda: trackforge("SORT"), as_lists),
    "trackforge ByteTrack": (lambda: trackforge("BYTETRACK"), as_lists),
    "trackforge TrackTrack": (lambda: trackforge("TRACKTRACK"), as_lists),
    "ultralytics ByteTrack": (ultralytics_bytetrack, as_ultralytics),
}


def median_us(name: str, frames: list[Frame]) -> float:
    """Median time of an update after the first tenth; input is converted before the clock starts."""
    make, convert = TRACKERS[name]
    update = make()
    given = [convert(box, score, frame / FPS) for frame, (box, score) in enumerate(frames)]
    spent = []
    for one in given:
        begin = time.perf_counter_ns()
        update(one)
        spent.append(time.perf_counter_ns() - begin)
    return float(np.median(spent[len(spent) // 10 :])) / 1e3


def installed() -> Iterator[str]:
    for name, (make, convert) in TRACKERS.items():
        try:
            make()(convert(np.array([[0.0, 0.0, 10.0, 20.0]]), np.array([0.9]), 0.0))
        except ImportError:
            continue
        yield name


def whole_race_ms() -> dict[str, float]:
    """Best of several calls over 45 s at 50 pictures a second."""
    frames = scene(6, 2250)
    numbers = np.arange(1, 2251, dtype=np.int32)
    table = DetectionTable(
        np.repeat(numbers, [len(score) for _, score in frames]),
        np.concatenate([box for box, _ in frames]),
        np.concatenate([score for _, score in frames]),
    )
    spent = {}
    for track in (track_online, track_whole):
        best = np.inf
        for _ in range(7):
            begin = time.perf_counter()
            track(table, numbers, numbers / FPS)
            best = min(best, time.perf_counter() - begin)
        spent[track.__name__] = 1e3 * best
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boxes", default="6,15,100,500")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    loads = [int(boxes) for boxes in options.boxes.split(",")]
    names = list(installed())
    print(f"{'boxes a frame':24s}" + "".join(f"{boxes:>12d}" for boxes in loads))
    best = {(name, boxes): np.inf for name in names for boxes in loads}
    for boxes in loads:
        frames = scene(boxes, max(60, min(1500, 30000 // boxes)))
        for _ in range(options.rounds):
            for name in names:
                best[name, boxes] = min(best[name, boxes], median_us(name, frames))
    for name in names:
        print(f"{name:24s}" + "".join(f"{best[name, boxes]:12.1f}" for boxes in loads))
    for name, spent in whole_race_ms().items():
        print(f"{name}, 45 s at 50 a second: {spent:.1f} ms")


if __name__ == "__main__":
    main()
