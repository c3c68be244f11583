"""Text drawn here is found and read; the models come with the package, nothing is fetched."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from vision.ocr import TextLine, crop_box, find_text, read_lines, read_text


def drawn(*texts: tuple[str, int, int], width: int = 320, height: int = 160) -> np.ndarray:
    image = np.full((height, width, 3), 40, np.uint8)
    for text, x, y in texts:
        cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 1, cv2.LINE_AA)
    return image


def test_lines_come_from_top_to_bottom_with_their_boxes() -> None:
    lines = read_text(drawn(("HUNGARY", 150, 120), ("6:52.8", 20, 40)))
    assert [line.text for line in lines] == ["6:52.8", "HUNGARY"]
    for line, (x, y) in zip(lines, ((20, 40), (150, 120)), strict=True):
        assert line.score > 0.8
        left, top, width, height = line.box
        assert left - 6 < x < left + 8 and top < y - 8 < y < top + height + 2
        assert width > 2 * height


@pytest.mark.parametrize("text", ["6:52.8", "59.54", "0:41.0", "1:23.456", "Lap: 8.66", "NETHERLANDS"])
def test_a_crop_is_read_without_being_searched(text: str) -> None:
    width = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 1)[0][0] + 14
    image = drawn((text, 6, 26), width=width, height=36)
    ((read, score),) = read_lines([image])
    assert read.replace(" ", "") == text.replace(" ", "")
    assert score > 0.8


def test_crops_come_back_in_their_order() -> None:
    crops = [drawn((text, 10, 30), width=width, height=44) for text, width in (("NETHERLANDS", 220), ("8.66", 90))]
    assert [text for text, _ in read_lines(crops)] == ["NETHERLANDS", "8.66"]


def test_nothing_to_find() -> None:
    plain = np.full((120, 200, 3), 200, np.uint8)
    assert find_text(plain).shape == (0, 4)
    assert find_text(plain[:5]).shape == (0, 4)
    assert read_text(plain) == []
    assert read_lines([]) == []


def test_boxes_are_cut_at_the_edges() -> None:
    image = np.arange(10 * 20 * 3, dtype=np.uint8).reshape(10, 20, 3)
    assert np.array_equal(crop_box(image, (-3.0, -2.0, 8.0, 6.0)), image[:4, :5])
    assert np.array_equal(crop_box(image, (15.0, 8.0, 50.0, 50.0)), image[8:, 15:])
    assert crop_box(image, (25.0, 30.0, 4.0, 4.0)).size > 0


def test_a_line_is_a_value() -> None:
    assert TextLine("8.66", 0.9, (1.0, 2.0, 3.0, 4.0)) == TextLine("8.66", 0.9, (1.0, 2.0, 3.0, 4.0))


def test_the_models_are_loaded_only_when_text_is_read() -> None:
    code = "import sys, vision.ocr, vision.scorebug; sys.exit('rapidocr_onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
