"""Small sequences with truth, made here."""

import numpy as np

from tracking import DetectionTable


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
