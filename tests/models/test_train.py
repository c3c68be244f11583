"""Training on a few small pictures: what comes out can be used, and a stopped training goes on."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.train import Step, keep_head, train, write_weights
from race.errors import ShorttrackError
from vision.detector import load_detector
from vision.weights import import_ultralytics


def coco_model() -> Any:
    """A network like the stock one, with random weights."""
    model = import_ultralytics("nn.tasks").DetectionModel("yolo26n.yaml", verbose=False)
    model.names = dict(enumerate(f"thing {k}" for k in range(80))) | {0: "person", 32: "sports ball", 64: "mouse"}
    return model


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    import torch

    path = tmp_path / "stock.pt"
    torch.save({"model": coco_model()}, path)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for k in range(4):
        image = rng.integers(0, 255, (72, 128, 3)).astype(np.uint8)
        for part in ("images", "labels"):
            (tmp_path / part / "train").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "images" / "train" / f"{k}.png"), image)
        (tmp_path / "labels" / "train" / f"{k}.txt").write_text("0 0.5 0.5 0.3 0.5\n1 0.5 0.3 0.1 0.1\n")
    data = tmp_path / "data.yaml"
    data.write_text("train: images/train\nval: images/train\nnames: {0: skater, 1: helmet, 2: block}\n")
    return data


@pytest.mark.slow
def test_our_classes_begin_as_those_they_look_like() -> None:
    import torch

    model = coco_model().eval()
    picture = torch.rand(1, 3, 64, 96)
    model.end2end = False
    with torch.inference_mode():
        before = model(picture)[0]
    keep_head(model)
    with torch.inference_mode():
        after = model(picture)[0]
    assert list(model.names.values()) == ["skater", "helmet", "block"]
    torch.testing.assert_close(after[:, :4], before[:, :4])
    torch.testing.assert_close(after[:, 4:], before[:, [4 + 0, 4 + 32, 4 + 64]])


@pytest.mark.slow
def test_trained_weights_can_be_used_and_a_stopped_training_goes_on(
    stock: Path, pictures: Path, tmp_path: Path
) -> None:
    steps: list[Step] = []

    def stop_in_the_second_epoch(step: Step) -> None:
        steps.append(step)
        if step.epoch == 2:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(ShorttrackError, match="no training to go on with"):
        train([pictures], out, start=stock, resume=True)
    with pytest.raises(KeyboardInterrupt):
        train([pictures], out, start=stock, epochs=2, batch=2, imgsz=128, progress=stop_in_the_second_epoch)
    weights = train([pictures], out, epochs=2, batch=2, imgsz=128, resume=True, progress=steps.append)
    assert [(step.epoch, step.batch) for step in steps] == [(1, 1), (1, 2), (2, 1), (2, 1), (2, 2)]
    assert all(step.batches == 2 and np.isfinite(list(step.losses.values())).all() for step in steps)
    load_detector(weights, "pytorch").detect([np.zeros((72, 128, 3), np.uint8)])
    with pytest.raises(ShorttrackError, match="finished"):
        train([pictures], out, resume=True)


@pytest.mark.slow
def test_a_share_of_what_it_began_from_is_kept(stock: Path, tmp_path: Path) -> None:
    import torch

    trained, mixed = tmp_path / "trained.pt", tmp_path / "mixed.pt"
    other = coco_model()
    keep_head(other)
    torch.save({"model": other}, trained)
    write_weights(trained, mixed, stock, keep=0.25)
    load = import_ultralytics("nn.tasks").load_checkpoint
    start = load(stock)[0].float()
    keep_head(start)
    for name, number in load(mixed)[0].float().state_dict().items():
        if number.is_floating_point():
            wanted = 0.75 * other.state_dict()[name] + 0.25 * start.state_dict()[name]
            torch.testing.assert_close(number, wanted.half().float(), rtol=2e-3, atol=1e-4)


@pytest.mark.slow
def test_weights_hold_nothing_of_the_machine(stock: Path, tmp_path: Path) -> None:
    write_weights(stock, tmp_path / "out.pt")
    import zipfile

    with zipfile.ZipFile(tmp_path / "out.pt") as archive:
        (pickled,) = [archive.read(name) for name in archive.namelist() if name.endswith("data.pkl")]
    assert str(tmp_path).encode() not in pickled and str(Path.home()).encode() not in pickled
