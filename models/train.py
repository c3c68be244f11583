"""Training of the skater detector: ultralytics' trainer, begun from a COCO model whose head is kept.

A head for other classes would begin from nothing. Here the classes' last layers begin as those of the COCO classes that
look most alike (``ALIKE``), so that the first step already finds people. The backbone (``FROZEN``) and all statistics
of batch normalisation stay those of real pictures, since simulated ones would move them away.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.labels import CLASSES, gather
from race.errors import ShorttrackError
from vision.weights import STOCK, find_weights, import_ultralytics

ALIKE = {"skater": "person", "helmet": "sports ball", "block": "mouse"}
FROZEN = 11
"""Layers that are not trained: the whole backbone, so that what was learned on real pictures stays."""
IMGSZ = 640

AUGMENTATION = {
    "hsv_h": 0.015,
    "hsv_s": 0.5,
    "hsv_v": 0.4,
    "degrees": 3.0,
    "translate": 0.1,
    "scale": 0.4,
    "fliplr": 0.5,
    "mosaic": 0.0,
    "mixup": 0.0,
}


@dataclass(frozen=True, slots=True)
class Step:
    """How far a training is: ``batch`` of ``batches`` of ``epoch`` of ``epochs``, from 1; losses as means so far."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    losses: dict[str, float]


def train(
    data: list[Path],
    out: Path,
    *,
    start: str | Path | None = None,
    epochs: int = 8,
    batch: int = 16,
    imgsz: int = IMGSZ,
    frozen: int = FROZEN,
    learning_rate: float = 5e-4,
    keep: float = 0.0,
    seed: int = 0,
    device: str | None = None,
    resume: bool = False,
    progress: Callable[[Step], None] = lambda step: None,
) -> Path:
    """Train on the labelled pictures ``data`` (see ``models/labels.py``) in the folder ``out``; returns the weights.

    The result is the mean of what was trained and, with the share ``keep``, of what it began from: that forgets less
    (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022). ``resume`` goes on from the last epoch that
    was finished in ``out``. Raises ShorttrackError where there is nothing to go on with, WeightsError where ``start``,
    by default the stock model, cannot be used.
    """
    begun = find_weights(start or STOCK) if keep or not resume else None
    last = out / "run" / "weights" / "last.pt"
    if resume and not last.is_file():
        raise ShorttrackError(f"{out}: no training to go on with ({last} is missing); leave --resume out")
    overrides = {
        "model": str(last if resume else begun),
        "resume": str(last) if resume else False,
        "data": str(gather(data, out)),
        "project": str(out.resolve()),
        "name": "run",
        "exist_ok": True,
        "epochs": epochs,
        "batch": batch,
        "nbs": batch,
        "imgsz": imgsz,
        "rect": True,
        "freeze": frozen,
        "optimizer": "AdamW",
        "lr0": learning_rate,
        "lrf": 0.05,
        "cos_lr": True,
        "warmup_epochs": 0.3,
        "warmup_bias_lr": learning_rate,
        "weight_decay": 5e-4,
        "seed": seed,
        "device": device or "cpu",
        "workers": 0 if (device or "cpu") == "cpu" else 8,
        "amp": (device or "cpu") != "cpu",
        "plots": False,
        "val": True,
        "patience": 0,
        "verbose": False,
        **AUGMENTATION,
    }
    trainer = _trainer()(overrides=overrides)
    done = 0

    def count(trainer: Any) -> None:
        nonlocal done
        batches = len(trainer.train_loader)
        done += 1
        losses = {name: float(loss) for name, loss in trainer.tloss.items()}
        progress(Step(trainer.epoch + 1, trainer.epochs, (done - 1) % batches + 1, batches, losses))

    trainer.add_callback("on_train_batch_end", count)
    try:
        trainer.train()
    except AssertionError as error:
        if resume and "finished" in str(error):
            raise ShorttrackError(f"{out}: this training is finished; train for more epochs in a new folder") from error
        raise
    weights = out / "skaters.pt"
    write_weights(last, weights, begun, keep)
    return weights


def _trainer() -> Any:
    """The trainer's class, made here since ultralytics is imported only where it is used."""
    import torch

    detect = import_ultralytics("models.yolo.detect")

    class SkaterTrainer(detect.DetectionTrainer):  # type: ignore[misc,name-defined]
        def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
            model = weights.float()
            if tuple(model.names.values()) != CLASSES:
                keep_head(model)
            return model

        def _model_train(self) -> None:
            super()._model_train()
            for module in self.model.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()

    return SkaterTrainer


def keep_head(model: Any) -> None:
    """Give a COCO detection model our classes in place; the head for one box a person, which is not used, goes."""
    import torch

    number = {name: k for k, name in model.names.items()}
    rows = [number[ALIKE[name]] for name in CLASSES]
    head = model.model[-1]
    for branch in head.cv3:
        old = branch[-1]
        new = torch.nn.Conv2d(old.in_channels, len(CLASSES), 1)
        with torch.no_grad():
            new.weight.copy_(old.weight[rows])
            new.bias.copy_(old.bias[rows])
        branch[-1] = new
    for name in [name for name in head._modules if name.startswith("one2one_")]:
        setattr(head, name, None)
    head.nc = len(CLASSES)
    head.no = head.nc + 4 * head.reg_max
    model.nc = len(CLASSES)
    model.names = dict(enumerate(CLASSES))
    model.yaml["nc"] = len(CLASSES)
    model.yaml["end2end"] = False


def write_weights(checkpoint: Path, out: Path, start: Path | None = None, keep: float = 0.0) -> None:
    """The averaged model of a training checkpoint as a weights file, half precision, without anything else in it.

    ``keep`` is the share of ``start`` in every number. Raises ShorttrackError where that is a network of another size.
    """
    import torch

    load = import_ultralytics("nn.tasks").load_checkpoint
    model = load(checkpoint)[0].float()
    if keep and start is not None:
        former = load(start)[0].float()
        if tuple(former.names.values()) != CLASSES:
            keep_head(former)
        numbers, formers = model.state_dict(), former.state_dict()
        if {name: n.shape for name, n in numbers.items()} != {name: n.shape for name, n in formers.items()}:
            raise ShorttrackError(f"{start}: another network than the one that was trained, {checkpoint}")
        model.load_state_dict(
            {name: torch.lerp(n, formers[name], keep) if n.is_floating_point() else n for name, n in numbers.items()}
        )
    model = model.half()
    model.args = {"imgsz": IMGSZ, "task": "detect"}
    model.criterion = None
    model.pt_path = None
    partial = out.with_name(out.name + ".part")
    torch.save({"model": model, "license": "AGPL-3.0-or-later"}, partial)
    partial.replace(out)
