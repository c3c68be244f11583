"""``shorttrack train`` and ``shorttrack export``: a detector of one's own."""

from pathlib import Path

from cli.progress import stage, stderr
from race.errors import ShorttrackError


def train(
    data: list[Path],
    out: Path,
    start: str | None,
    epochs: int,
    batch: int,
    imgsz: int,
    frozen: int,
    learning_rate: float,
    keep: float,
    seed: int,
    device: str | None,
    resume: bool,
) -> None:
    """Train on ``data`` and write ``out/skaters.pt``. Raises ShorttrackError."""
    from models.train import train as run

    stderr.print("Every finished round is kept: after a stop, --resume goes on from there", highlight=False)
    with stage("Training", unit="steps") as advance:
        weights = run(
            data,
            out,
            start=start,
            epochs=epochs,
            batch=batch,
            imgsz=imgsz,
            frozen=frozen,
            learning_rate=learning_rate,
            keep=keep,
            seed=seed,
            device=device,
            resume=resume,
            progress=lambda step: advance(step.epochs * step.batches),
        )
    stderr.print(f"{weights}", highlight=False, markup=False, soft_wrap=True)


def export(weights: Path, out: Path, int8: list[Path]) -> None:
    """Write ``weights`` as .xml or .onnx; with data sets for ``int8`` in whole numbers. Raises ShorttrackError."""
    from vision.weights import convert_for_onnx, convert_for_openvino

    if not weights.is_file():
        raise ShorttrackError(f"{weights}: no such weights file")
    if int8 and out.suffix != ".xml":
        raise ShorttrackError(f"{out}: --int8 is for OpenVINO; name a file that ends in .xml")
    try:
        if int8:
            from models.quantise import quantise

            quantise(weights, out, int8)
        elif out.suffix == ".xml":
            convert_for_openvino(weights, out, half=True)
        elif out.suffix == ".onnx":
            convert_for_onnx(weights, out)
        else:
            raise ShorttrackError(
                f"{out}: unknown format; .xml is for OpenVINO (a .bin comes beside it), .onnx for ONNX"
            )
    except OSError as error:
        raise ShorttrackError(f"{out}: cannot be written ({error.strerror})") from error
    stderr.print(f"{out}", highlight=False, markup=False, soft_wrap=True)
