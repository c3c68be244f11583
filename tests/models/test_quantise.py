"""Weights in int8: made from a few pictures, they find what single precision finds."""

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import models
from models.quantise import quantise
from race.errors import ShorttrackError, WeightsError
from vision.detector import load_detector
from vision.frames import FrameReader

WEIGHTS = Path(models.__file__).with_name("weights") / "skaters.pt"
SAMPLE = Path(__file__).parents[2] / "sample_videos" / "ladies-500-last-laps" / "video.mp4"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight pictures of the sample, without labels, which are not asked for."""
    (tmp_path / "images" / "train").mkdir(parents=True)
    for frame in FrameReader(SAMPLE):
        if frame.number % 10 == 0:
            cv2.imwrite(str(tmp_path / "images" / "train" / f"{frame.number}.jpg"), frame.image)
        if frame.number == 80:
            break
    data = tmp_path / "data.yaml"
    data.write_text("train: images/train\nnames: {0: skater, 1: helmet, 2: block}\n")
    return data


def test_without_the_package_it_says_what_to_install(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(WeightsError, match="pip install 'nncf"):
        quantise(WEIGHTS, tmp_path / "out.xml", [data])


@pytest.mark.slow
def test_int8_finds_what_single_precision_finds(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("nncf", reason="needs the extra 'export'")
    (tmp_path / "skaters.pt").write_bytes(WEIGHTS.read_bytes())
    quantise(WEIGHTS, tmp_path / "skaters.xml", [data])
    assert (tmp_path / "skaters.bin").stat().st_size < 0.6 * WEIGHTS.stat().st_size
    whole, single = load_detector(tmp_path / "skaters.pt", "openvino"), load_detector(WEIGHTS, "pytorch")
    counts = []
    for path in sorted((data.parent / "images" / "train").iterdir()):
        image = np.asarray(cv2.imread(str(path)), np.uint8)
        counts.append([int((d.detect([image])[0].score >= 0.25).sum()) for d in (whole, single)])
    found, wanted = np.array(counts).T
    assert wanted.sum() > 0 and np.abs(found - wanted).sum() <= 0.15 * wanted.sum()


def test_a_set_without_pictures_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("nncf", reason="needs the extra 'export'")
    (tmp_path / "images").mkdir()
    (tmp_path / "data.yaml").write_text("train: images\nnames: [skater, helmet, block]\n")
    with pytest.raises(ShorttrackError, match="no pictures to train on"):
        quantise(WEIGHTS, tmp_path / "out.xml", [tmp_path / "data.yaml"])
