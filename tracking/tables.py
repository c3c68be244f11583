"""What goes into the tracker and what comes out, as structs of arrays over a whole sequence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DetectionTable:
    """One row per detected box, sorted by frame.

    frame    (N,)    int32, number of the frame
    box      (N, 4)  top-left x, y, width, height, pixels; width and height above 0
    score    (N,)    detector's confidence, 0 to 1
    feature  (N, K)  colour descriptor, a histogram that sums to 1; NaN rows where unknown
    helmet   (N, 2)  centre of the helmet, pixels; NaN where unknown
    foot     (N, 2)  where the person stands, pixels; NaN where unknown
    """

    frame: Ints
    box: Floats
    score: Floats
    feature: Floats | None = None
    helmet: Floats | None = None
    foot: Floats | None = None

    def __post_init__(self) -> None:
        n = len(self.frame)
        width = None if self.feature is None else (n, self.feature.shape[-1])
        expected = {"box": (n, 4), "score": (n,), "feature": width, "helmet": (n, 2), "foot": (n, 2)}
        for name, shape in expected.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise ValueError(f"DetectionTable.{name}: expected shape {shape}, got {value.shape}")
        if np.any(np.diff(self.frame) < 0):
            raise ValueError("DetectionTable: rows have to be sorted by frame")
        if not np.isfinite(self.box).all() or not (self.box[:, 2:] > 0).all():
            raise ValueError("DetectionTable.box: expected finite numbers with width and height above 0")
        if not ((self.score >= 0) & (self.score <= 1)).all():
            raise ValueError("DetectionTable.score: expected 0 to 1")

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, slots=True)
class Tracks:
    """One row per track and frame, sorted by frame, then id.

    frame            (M,)    int32, number of the frame
    id               (M,)    int32 from 1, the identity
    box              (M, 4)  top-left x, y, width, height, pixels
    score            (M,)    of the detection; of the track's last one where ``seen`` is False
    seen             (M,)    detection ``detection`` shows the track, and is its box unless it overlaps with another's;
                             where False it was filled in: predicted behind others, or interpolated
    detection        (M,)    row of the DetectionTable; of no meaning where ``seen`` is False
    link_confidence  (M,)    0 to 1, that the identity is still the one the track began with
    """

    frame: Ints
    id: Ints
    box: Floats
    score: Floats
    seen: Mask
    detection: Rows
    link_confidence: Floats

    def __post_init__(self) -> None:
        n = len(self.frame)
        for name in ("id", "score", "seen", "detection", "link_confidence"):
            got = getattr(self, name).shape
            if got != (n,):
                raise ValueError(f"Tracks.{name}: expected shape {(n,)}, got {got}")
        if self.box.shape != (n, 4):
            raise ValueError(f"Tracks.box: expected shape {(n, 4)}, got {self.box.shape}")

    def __len__(self) -> int:
        return len(self.frame)
