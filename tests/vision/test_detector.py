"""The detector's own part is tested with a network that is a function; the real one in the slow tests."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import models
from race.errors import WeightsError
from vision.detector import Detector, Infer, Letterbox, input_size, join_helmets, load_detector
from vision.frames import FrameReader
from vision.weights import cache_folder, find_weights, load_model

Floats = NDArray[np.float64]
COCO = {0: "person", 1: "bicycle"}
OURS = {0: "helmet", 1: "block", 2: "skater"}
GREY_PICTURE = np.zeros((360, 640, 3), np.uint8)


def network(*rows: tuple[float, float, float, float, int, float], classes: int = 2) -> Infer:
    """A network that sees the same (centre x, y, width, height, class, score) in every picture."""
    raw = np.zeros((4 + classes, max(len(rows), 1)), np.float32)
    for k, (*box, kind, score) in enumerate(rows):
        raw[:4, k], raw[4 + kind, k] = box, score
    return lambda images: [raw] * len(images)


def detect(*rows: tuple[float, float, float, float, int, float], names: dict[int, str] = COCO):  # type: ignore[no-untyped-def]
    detector = Detector(network(*rows, classes=len(names)), names, Path("weights.pt"), "test")
    return detector.detect([GREY_PICTURE])[0]


def overlap(a: Floats, b: Floats) -> Floats:
    """IoU (n, m) of boxes tlwh."""
    start = np.maximum(a[:, None, :2], b[None, :, :2])
    end = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    common = np.prod(np.clip(end - start, 0, None), axis=2)
    return np.asarray(common / (np.prod(a[:, None, 2:], axis=2) + np.prod(b[None, :, 2:], axis=2) - common))


def test_boxes_are_in_pixels_of_the_picture_from_the_top_left() -> None:
    found = detect((100, 12 + 80, 40, 60, 0, 0.9))  # the input is 640 x 384, 12 rows of margin above
    np.testing.assert_allclose(found.box, [[80, 50, 40, 60]])
    np.testing.assert_allclose(found.score, [0.9], rtol=1e-6)
    assert found.helmet.shape == (1, 4) and np.isnan(found.helmet).all()


def test_only_people_are_kept_and_low_scores_are_among_them() -> None:
    found = detect((100, 100, 40, 60, 0, 0.06), (300, 100, 40, 60, 1, 0.9), (500, 100, 40, 60, 0, 0.04))
    np.testing.assert_allclose(found.box[:, 0], [80])


def test_duplicates_go_and_neighbours_stay() -> None:
    found = detect((100, 100, 40, 80, 0, 0.5), (102, 101, 40, 80, 0, 0.8), (120, 100, 40, 80, 0, 0.3))
    np.testing.assert_allclose(found.score, [0.8, 0.3], rtol=1e-6)


def test_boxes_end_at_the_edge_of_the_picture() -> None:
    found = detect((0, 192, 40, 600, 0, 0.9), (630, 380, 60, 60, 0, 0.8), (320, 5, 20, 10, 0, 0.7))
    np.testing.assert_allclose(found.box, [[0, 0, 20, 360], [600, 338, 40, 22]])  # the third is in the margin


def test_nothing_found_and_no_pictures() -> None:
    found = detect()
    assert found.box.shape == (0, 4) and found.score.shape == (0,) and found.helmet.shape == (0, 4)
    assert Detector(network(), COCO, Path("weights.pt"), "test").detect([]) == []


@pytest.mark.parametrize(
    ("tall_px", "longer_side", "expected"),
    [
        (100, 1920, 960),  # 33 pixels of 640, 50 of 960
        (130, 1920, 640),
        (70, 1920, 1280),
        (20, 1920, 1280),  # nothing larger is worth the time
        (20, 640, 640),  # a larger input would show no more than the picture has
        (20, 1000, 960),
        (np.nan, 1920, 640),
    ],
)
def test_small_people_get_a_larger_input(tall_px: float, longer_side: int, expected: int) -> None:
    assert input_size(tall_px / longer_side, longer_side) == expected


def test_the_input_follows_the_people_in_the_shot() -> None:
    sizes: list[int] = []

    def infer(images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        side = images.shape[2]
        sizes.append(side)
        tall = (0.03 if len(sizes) < 40 else 0.2) * side  # far away, then a close-up
        raw = np.array([[side / 2, side / 4, tall / 2, tall, 0.9]], np.float32).T
        return [raw] * len(images)

    detector = Detector(infer, {0: "skater"}, Path("weights.pt"), "test")
    for _ in range(80):
        detector.detect([np.zeros((1080, 1920, 3), np.uint8)])
    assert sizes[0] == 640 and sizes[1] == 1280 and sizes[-1] == 640
    fixed = Detector(infer, {0: "skater"}, Path("weights.pt"), "test", 320)
    fixed.detect([np.zeros((1080, 1920, 3), np.uint8)] * 2)
    fixed.detect([np.zeros((1080, 1920, 3), np.uint8)] * 2)
    assert sizes[-2:] == [320, 320]


def test_our_own_classes_join_helmets_to_skaters() -> None:
    found = detect((100, 112, 40, 100, 2, 0.9), (105, 70, 16, 16, 0, 0.6), (300, 70, 16, 16, 0, 0.6), names=OURS)
    np.testing.assert_allclose(found.box, [[80, 50, 40, 100]])
    np.testing.assert_allclose(found.helmet, [[97, 50, 16, 16]])


def test_blocks_are_kept_apart_from_people() -> None:
    found = detect((100, 112, 40, 100, 2, 0.9), (300, 200, 10, 6, 1, 0.4), names=OURS)
    np.testing.assert_allclose(found.box, [[80, 50, 40, 100]])
    np.testing.assert_allclose(found.block, [[295, 185, 10, 6]])
    np.testing.assert_allclose(found.block_score, [0.4])
    assert len(detect((100, 112, 40, 100, 0, 0.9)).block) == 0  # of a network that knows none


def test_weights_without_people_are_refused() -> None:
    with pytest.raises(WeightsError, match=r"cats\.pt: knows no class 'skater' or 'person', only cat, dog"):
        Detector(network(), {0: "cat", 1: "dog"}, Path("cats.pt"), "test")


def test_helmets_go_to_one_body_each() -> None:
    bodies = np.array([[0, 0, 40, 100], [20, 10, 40, 100], [200, 0, 40, 100.0]])
    helmets = np.array([[30, 2, 10, 10], [32, 12, 10, 10], [210, 80, 10, 10.0]])  # the last at the feet
    joined = join_helmets(bodies, helmets, np.array([0.5, 0.9, 0.9]))
    np.testing.assert_allclose(joined[:2], helmets[:2])
    assert np.isnan(joined[2]).all()
    assert join_helmets(np.zeros((0, 4)), helmets, np.ones(3)).shape == (0, 4)


def test_letterbox_of_known_pictures() -> None:
    assert Letterbox.fit((640, 360), 640).size == (640, 384)
    assert Letterbox.fit((1920, 1080), 640).size == (640, 384)
    assert Letterbox.fit((360, 640), 640).size == (384, 640)
    assert Letterbox.fit((1920, 1080), 1280).size == (1280, 736)


@given(st.integers(2, 3000), st.integers(2, 3000), st.sampled_from([320, 500, 640, 1280]))
def test_letterbox_holds_the_whole_picture_and_gives_boxes_back(width: int, height: int, imgsz: int) -> None:
    letterbox = Letterbox.fit((width, height), imgsz)
    assert max(letterbox.inner) == imgsz and all(side % 32 == 0 for side in letterbox.size)
    assert all(whole - 32 < side <= whole for side, whole in zip(letterbox.inner, letterbox.size, strict=True))
    whole = np.array([[*letterbox.corner, *letterbox.inner]], float)
    np.testing.assert_allclose(letterbox.undo(whole), [[0, 0, width, height]], atol=1e-6)


def test_letterbox_puts_the_picture_where_it_says() -> None:
    image = np.random.default_rng(0).integers(0, 255, (90, 200, 3), np.uint8)
    letterbox = Letterbox.fit((200, 90), 200)
    canvas = letterbox.apply(image)
    (left, top), (width, height) = letterbox.corner, letterbox.inner
    np.testing.assert_array_equal(canvas[top : top + height, left : left + width], image)
    canvas[top : top + height, left : left + width] = 114
    assert (canvas == 114).all() and canvas.shape == (96, 224, 3)


@pytest.mark.parametrize("device", ["tpu", "CUDA", "cuda:", "cuda:x", "gpu 1", "0"])
def test_an_unknown_device_gives_one_line(device: str, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"--device {device}: unknown; use cpu, "):
        load_detector(tmp_path / "weights.pt", device)


@pytest.mark.parametrize("kind", ["text", "empty", "truncated", "flipped"])
def test_corrupt_weights_give_one_line_before_pytorch_is_loaded(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("weights/data.pkl", bytes(range(256)) * 40)
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(
        {
            "text": b"not weights",
            "empty": b"",
            "truncated": content[:half],
            "flipped": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
        }[kind]
    )
    with pytest.raises(WeightsError, match=r"weights\.pt: corrupt, or not a weights file; .*--weights$"):
        load_model(path)


def test_named_weights_have_to_exist(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    with pytest.raises(WeightsError, match=r"mine\.pt: no such weights file; .*--weights"):
        find_weights(path)
    path.write_bytes(b"x")
    assert find_weights(path) == find_weights(str(path)) == path


def test_own_weights_come_before_the_stock_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORTTRACK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(models, "__file__", str(tmp_path / "models" / "__init__.py"))
    stock = cache_folder() / "yolo26n.pt"
    stock.parent.mkdir()
    stock.write_bytes(b"x")
    assert find_weights() == stock
    own = tmp_path / "models" / "weights" / "skaters.pt"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"x")
    assert find_weights() == own


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["None", "'yolo26s.pt'"])
def test_offline_says_what_to_do(weights: str, tmp_path: Path) -> None:
    code = f"""
import models; models.__file__ = "/nowhere/models/__init__.py"
from vision.weights import find_weights
from race.errors import WeightsError
try: find_weights({weights})
except WeightsError as error: print(error)
"""
    nowhere = "http://127.0.0.1:9"
    run = run_python(code, SHORTTRACK_CACHE=str(tmp_path), HTTPS_PROXY=nowhere, https_proxy=nowhere)
    assert "cannot be fetched" in run.stdout and "--weights FILE.pt" in run.stdout, run.stderr
    assert run.stdout.count("\n") == 1 and run.stderr == ""
    assert not list(tmp_path.glob("*.pt")) and not list(tmp_path.glob("*.part"))


@pytest.mark.slow
def test_loading_prints_nothing_and_keeps_to_the_cache_folder(reference: Path, tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
import numpy as np
from vision.detector import load_detector
detector = load_detector(Path({str(reference / "weights" / "yolo26n.pt")!r}), "cpu")
detector.detect([np.zeros((360, 640, 3), np.uint8)])
"""
    home = tmp_path / "home"
    home.mkdir()
    run = run_python(code, SHORTTRACK_CACHE=str(tmp_path / "cache"), HOME=str(home), XDG_CONFIG_HOME=str(home))
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert [path.name for path in home.rglob("*") if "ltralytics" in path.name] == []
    assert list((tmp_path / "cache").glob("yolo26n-*/model.xml"))


@pytest.mark.slow
def test_openvino_and_pytorch_find_the_same_people(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what either finds with 0.25 or more, at least 97 % have a box at IoU 0.9 and within 0.05 in the other.

    OpenVINO may compute in half precision, where the processor has it.
    """
    monkeypatch.setenv("SHORTTRACK_CACHE", str(tmp_path))
    weights = reference / "weights" / "yolo26n.pt"
    detectors = [load_detector(weights, device) for device in ("openvino", "pytorch")]
    clip = FrameReader(reference / "footage" / "shanghai-2019-m5000-relay-semifinal-final-lap.mp4", to_s=8)
    paired = []
    for frame in clip:
        if frame.number % 10:
            continue
        a, b = (detector.detect([frame.image])[0] for detector in detectors)
        same = (overlap(a.box, b.box) >= 0.9) & (np.abs(a.score[:, None] - b.score[None]) <= 0.05)
        paired += [*same.any(axis=1)[a.score >= 0.25], *same.any(axis=0)[b.score >= 0.25]]
    assert len(paired) > 100 and np.mean(paired) >= 0.97


@pytest.mark.slow
def test_stock_weights_find_the_racers_they_should(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ultralytics' own prediction finds 0.717 of the hand-drawn racers with a score of 0.25 (greedy, IoU 0.5)."""
    monkeypatch.setenv("SHORTTRACK_CACHE", str(tmp_path))
    detector = load_detector(reference / "weights" / "yolo26n.pt", "cpu")
    rows = np.loadtxt(reference / "footage" / "shanghai-truth" / "gt.txt", delimiter=",")
    found = 0
    for frame in FrameReader(
        reference / "footage" / "shanghai-2019-m5000-relay-semifinal-final-lap.mp4", from_s=0.09, to_s=8.1
    ):
        truth = rows[rows[:, 0] == frame.number, 2:6]
        people = detector.detect([frame.image])[0]
        iou = overlap(truth, people.box[people.score >= 0.25])
        while iou.size and iou.max() >= 0.5:
            row, column = np.unravel_index(iou.argmax(), iou.shape)
            iou[row], iou[:, column] = 0, 0
            found += 1
    assert found / len(rows) == pytest.approx(0.717, abs=0.015)
