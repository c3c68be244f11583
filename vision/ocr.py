"""Text in pictures, by PP-OCRv4 (rapidocr-onnxruntime, whose wheel holds the models): the only module that imports it.

Detection finds lines of text in a picture, recognition reads a picture that is one line. Recognition alone, of crops
whose place is known, costs a tenth of detection in a whole 640x360 picture.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]

THREADS = 1
"""Lines are small: a second thread gains little, and the detector wants the other cores."""

LINE_HEIGHT = 48
"""Height of a line as the recognition network wants it, pixels."""

SHORTEST_LINE = 160
"""A line is padded to this width at ``LINE_HEIGHT``; the library's own 320 doubles the time of a clock."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text: what it says, how sure that is (0 to 1), and its box (x, y, width, height), pixels."""

    text: str
    score: float
    box: Box


@cache
def _engine() -> Any:
    from rapidocr_onnxruntime import RapidOCR

    return RapidOCR(
        intra_op_num_threads=THREADS,
        inter_op_num_threads=1,
        det_limit_type="max",  # never enlarge: the caller chooses the scale
        rec_img_shape=[3, LINE_HEIGHT, SHORTEST_LINE],
    )


def find_text(image: Image) -> NDArray[np.float64]:
    """Boxes (N, 4) x, y, width, height of the lines of text in ``image`` (H, W, 3) BGR; text 7 to 60 pixels high."""
    if min(image.shape[:2]) < 8:
        return np.empty((0, 4))
    corners, _ = _engine().text_det(image)
    if corners is None or len(corners) == 0:
        return np.empty((0, 4))
    low, high = corners.min(axis=1), corners.max(axis=1)
    return np.concatenate([low, high - low + 1], axis=1).astype(np.float64)


def read_lines(crops: list[Image]) -> list[tuple[str, float]]:
    """What each crop (h, w, 3) BGR, one line of text each, says, and its score, the mean over its characters."""
    if not crops:
        return []
    lines = [
        cv2.resize(
            crop,
            (max(1, round(crop.shape[1] * LINE_HEIGHT / crop.shape[0])), LINE_HEIGHT),
            interpolation=cv2.INTER_CUBIC if crop.shape[0] < LINE_HEIGHT else cv2.INTER_AREA,
        )
        for crop in crops
    ]
    found, _ = _engine().text_rec(lines)
    return [(str(text).strip(), float(score)) for text, score in found]


def crop_box(image: Image, box: Box | NDArray[np.float64]) -> Image:
    """The part of ``image`` under ``box``, cut at the picture's edges."""
    x, y, w, h = box
    height, width = image.shape[:2]
    left, top = min(max(int(x), 0), width - 1), min(max(int(y), 0), height - 1)
    return image[
        top : max(top + 1, min(int(np.ceil(y + h)), height)), left : max(left + 1, min(int(np.ceil(x + w)), width))
    ]


def read_text(image: Image) -> list[TextLine]:
    """Find and read all lines of text in ``image`` (H, W, 3) BGR, at the scale it comes in, from top to bottom."""
    boxes = find_text(image)
    texts = read_lines([crop_box(image, box) for box in boxes])
    lines = [
        TextLine(text, score, (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
        for box, (text, score) in zip(boxes, texts, strict=True)
        if text
    ]
    return sorted(lines, key=lambda line: (line.box[1], line.box[0]))
