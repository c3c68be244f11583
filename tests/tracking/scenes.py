"""Small sequences with truth, made here."""

import numpy as np

from tracking import DetectionTable

FPS = 25.0


def table(frames: list[int], boxes: list[list[float]], score: float = 0.9) -> DetectionTable:
    n = len(frames)
    return DetectionTable(np.array(frames, np.int32), np.array(boxes, float).reshape(n, 4), np.full(n, score))


def walkers(count: int, frames: int, fps: float = 25.0, seed: int = 0) -> tuple[DetectionTable, np.ndarray]:
    """People on lanes of their own at steady speeds, with jitter; and who each detection is, from 0."""
    rng = np.random.default_rng(seed)
    speed = rng.uniform(-60, 60, count)
    f, who = np.divmod(np.arange(frames * count), count)
    x = 400 + 50 * who + speed[who] * f / fps + rng.normal(0, 0.5, len(f))
    box = np.column_stack([x, 100.0 + 130 * who, np.full(len(f), 40.0), np.full(len(f), 100.0)])
    return DetectionTable((f + 1).astype(np.int32), box, np.full(len(f), 0.9)), who


def times(frames: int, fps: float = 25.0) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.arange(1, frames + 1, dtype=np.int32)
    return numbers, (numbers - 1) / fps


def scene(paths, hidden=(), width=60.0, height=100.0, noise=1.0, seed=0, merge_px=0.0):
    """Detections of people walking along ``paths`` (R, F, 2), centres; (person, frame) of ``hidden`` are not seen.

    With ``merge_px`` two whose centres are nearer than that are seen as one box, the union of both.
    """
    rng = np.random.default_rng(seed)
    rows, truth = [], []
    for t in range(paths.shape[1]):
        boxes = []
        for r in range(len(paths)):
            if (r, t) not in hidden:
                x, y = paths[r, t] + rng.normal(0, noise, 2)
                boxes.append(([x - width / 2, y - height / 2, x + width / 2, y + height / 2], r))
        if merge_px and len(boxes) == 2 and abs(boxes[0][0][0] - boxes[1][0][0]) < merge_px:
            (a, _), (b, _) = boxes
            boxes = [([min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])], -1)]
        for (left, top, right, bottom), r in boxes:
            rows.append((t + 1, left, top, right - left, bottom - top))
            truth.append(r)
    found = np.array(rows)
    table = DetectionTable(found[:, 0].astype(np.int32), found[:, 1:5], np.full(len(found), 0.9))
    return table, np.array(truth)


def crossing(frames=60, speeds=(200.0, 320.0), start=(100.0, 20.0), y=(300.0, 312.0)):
    """Two to the right, the one behind faster: it goes by in the middle."""
    t = np.arange(frames) / FPS
    return np.array(
        [np.stack([x + v * t, np.full(frames, h)], axis=-1) for x, v, h in zip(start, speeds, y, strict=True)]
    )
