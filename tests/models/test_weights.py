"""The weights that are shipped: small enough, the same in every form, and better than those they began from."""

from pathlib import Path

import numpy as np
import pytest

import models
from benchmarks.detector import Known, matches, overlap, pictures_with_truth
from vision.detector import Detector, load_detector
from vision.frames import FrameReader
from vision.weights import convert_for_openvino, find_weights

FOLDER = Path(models.__file__).with_name("weights")
SAMPLE = Path(__file__).parents[2] / "sample_videos" / "ladies-500-last-laps"


def share_found(detector: Detector, pictures: list[Known], least_score: float = 0.25) -> float:
    """Share of the racers that have a box of their own at IoU 0.5."""
    found = there = 0
    for known in pictures:
        people = detector.detect([known.image])[0]
        found += matches(known.racer, people.box[people.score >= least_score])[0]
        there += len(known.racer)
    return found / there


@pytest.fixture(scope="module")
def sample() -> list[Known]:
    """Every tenth picture of the sample, with the racers of which a third or more is seen."""
    rows = np.loadtxt(SAMPLE / "truth_mot.txt", delimiter=",")
    rows = rows[(rows[:, 6] == 1) & (rows[:, 8] >= 1 / 3) & (rows[:, 0] % 10 == 0)]
    return list(pictures_with_truth(FrameReader(SAMPLE / "video.mp4"), rows, np.empty((0, 6))))


def test_all_forms_are_there_and_small() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == ["skaters.bin", "skaters.md", "skaters.pt", "skaters.xml"]
    assert find_weights() == FOLDER / "skaters.pt"
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 12e6


@pytest.mark.slow
def test_openvino_in_single_precision_finds_what_pytorch_finds(sample: list[Known], tmp_path: Path) -> None:
    single = tmp_path / "skaters.pt"
    single.write_bytes(find_weights().read_bytes())
    convert_for_openvino(single, tmp_path / "skaters.xml", half=True)
    openvino, pytorch = load_detector(single, "openvino"), load_detector(find_weights(), "pytorch")
    for known in sample[:5]:
        a, b = openvino.detect([known.image])[0], pytorch.detect([known.image])[0]
        sure_a, sure_b = a.score >= 0.1, b.score >= 0.1
        assert len(a.box[sure_a]) == len(b.box[sure_b]) > 0
        np.testing.assert_allclose(a.box[sure_a], b.box[sure_b], atol=0.1)
        np.testing.assert_allclose(a.score[sure_a], b.score[sure_b], atol=0.005)
        np.testing.assert_allclose(a.helmet[sure_a], b.helmet[sure_b], atol=0.1)


@pytest.mark.slow
def test_what_is_shipped_for_openvino_in_int8_finds_the_same(sample: list[Known]) -> None:
    """Of the boxes from 0.5 on that either form finds 97 % have one of the other's at IoU 0.8 and within 0.15."""
    openvino, pytorch = (load_detector(find_weights(), device) for device in ("openvino", "pytorch"))
    paired: list[bool] = []
    for known in sample:
        a, b = (detector.detect([known.image])[0] for detector in (openvino, pytorch))
        common = overlap(a.box, b.box)
        iou = common / (np.prod(a.box[:, None, 2:], axis=2) + np.prod(b.box[None, :, 2:], axis=2) - common)
        same = (iou >= 0.8) & (np.abs(a.score[:, None] - b.score[None]) <= 0.15)
        paired += [*same.any(axis=1)[a.score >= 0.5], *same.any(axis=0)[b.score >= 0.5]]
    assert len(paired) > 100 and np.mean(paired) >= 0.97


@pytest.mark.slow
def test_it_finds_the_racers_of_the_sample(sample: list[Known]) -> None:
    assert share_found(load_detector(find_weights(), "cpu"), sample) >= 0.9


@pytest.mark.slow
def test_it_finds_more_real_racers_than_any_stock_model_of_its_kind(reference: Path) -> None:
    """On hand-drawn boxes of a broadcast; yolo26n finds 0.72 of them, yolo26s 0.83, yolo26m 0.86."""
    rows = np.loadtxt(reference / "footage" / "shanghai-truth" / "gt.txt", delimiter=",")
    clip = reference / "footage" / "shanghai-2019-m5000-relay-semifinal-final-lap.mp4"
    pictures = list(pictures_with_truth(FrameReader(clip), rows[rows[:, 0] % 4 == 0], np.empty((0, 6))))
    assert share_found(load_detector(find_weights(), "cpu"), pictures) >= 0.9
