"""Where the detector's weights come from, and the form of them that runs fast on a processor.

ultralytics is held back: it installs nothing, asks no server, prints nothing, unpickles only the classes of its own
models, and keeps its settings in our cache folder.
"""

import hashlib
import importlib
import json
import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import warnings
import zipfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from pathlib import Path
from typing import Any

import models
from race.errors import WeightsError

STOCK = "yolo26n.pt"
"""What is fetched where neither the user nor the project has weights: a COCO model of 5 MB by ultralytics."""


def cache_folder() -> Path:
    """Where downloads and converted models are kept: ``SHORTTRACK_CACHE``, else the user's cache folder."""
    if folder := os.environ.get("SHORTTRACK_CACHE"):
        return Path(folder).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "shorttrack" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "shorttrack"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shorttrack"


def find_weights(weights: str | Path | None = None) -> Path:
    """The weights file to use: the one named, else the project's own, else ultralytics' stock model, fetched once.

    A bare name of a stock model that is not a file here (``yolo26s.pt``) is fetched, too; nothing else is.

    Raises WeightsError where there is no such file and it cannot be fetched.
    """
    if weights is None:
        own = sorted(Path(models.__file__).with_name("weights").glob("*.pt"))
        return own[0] if own else _stock(STOCK)
    path = Path(weights)
    if path.is_file():
        return path
    if path.name == str(weights) and path.name in import_ultralytics("utils.downloads").GITHUB_ASSETS_NAMES:
        return _stock(path.name)
    raise WeightsError(f"{path}: no such weights file; name one with --weights FILE.pt, or leave the option out")


def load_model(weights: Path) -> Any:
    """The PyTorch detection model in ``weights``, fused, on the CPU; ``model.names`` maps class numbers to names.

    Its output (B, 4 + classes, N) holds centre x, y, width, height in pixels of the input, then a score per class, from
    the head that is trained with many boxes a person. The end-to-end head of YOLO26, which needs no suppression of
    duplicates, finds fewer racers.

    Raises WeightsError where the file is corrupt or no detection model.
    """
    advice = "fetch or train it again, or name another file with --weights"
    try:
        with zipfile.ZipFile(weights) as archive:
            intact = archive.testzip() is None  # PyTorch itself does not look at the check sums
    except (zipfile.BadZipFile, EOFError):
        intact = False
    except OSError as error:
        raise WeightsError(f"{weights}: cannot be read ({error.strerror}); name another file with --weights") from error
    if not intact:
        raise WeightsError(f"{weights}: corrupt, or not a weights file; {advice}")
    try:
        model = import_ultralytics("nn.tasks").load_checkpoint(weights)[0]
    except Exception as error:  # unpickling runs into whatever the bytes say
        raise WeightsError(f"{weights}: holds no model of ultralytics ({type(error).__name__}); {advice}") from error
    if model.task != "detect":
        raise WeightsError(f"{weights}: a model for the task '{model.task}'; a detection model is needed")
    model.end2end = False
    model.model[-1].export = True  # the boxes alone, without what training wants
    return model.fuse().eval()


def openvino_model(weights: Path) -> Path:
    """``weights`` converted for OpenVINO, input sizes left open: the .xml beside them, else one in the cache folder.

    That in the cache folder is made once per file. Raises WeightsError where the weights are corrupt or the cache
    folder cannot be written.
    """
    if weights.with_suffix(".xml").is_file():
        return weights.with_suffix(".xml")
    try:
        digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise WeightsError(f"{weights}: cannot be read ({error.strerror}); name another file with --weights") from error
    folder = cache_folder() / f"{weights.stem}-{digest}-ultralytics-{version('ultralytics')}"
    if not (folder / "model.xml").is_file():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
                partial = Path(temporary) / "model"
                _convert_apart(weights, partial / "model.xml")
                if not folder.exists():  # another process may have been faster
                    partial.rename(folder)
        except OSError as error:
            raise WeightsError(
                f"{cache_folder()}: cannot keep the converted model there ({error.strerror}); "
                "name a folder that can be written in SHORTTRACK_CACHE"
            ) from error
    return folder / "model.xml"


def _convert_apart(weights: Path, out: Path) -> None:
    """Convert in a process of its own, since PyTorch would keep a gigabyte of memory for the rest of this one."""
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
    ) as process:
        try:
            process.submit(convert_for_openvino, weights, out, False).result()
        except BrokenProcessPool as error:
            raise WeightsError(
                f"{weights}: converting it for OpenVINO was ended from outside, for want of memory perhaps; "
                "try again, or use --device pytorch"
            ) from error


def convert_for_openvino(weights: Path, out: Path, half: bool) -> None:
    """Write the model in ``weights`` to ``out``, an .xml, and the .bin beside it, in ``half`` precision or in single.

    The names of its classes stand in the runtime information as JSON.
    """
    import openvino
    import torch

    model = load_model(weights)
    model.model[-1].dynamic = True  # anchors are computed from the input, not kept from the example
    example = torch.zeros(1, 3, 384, 640)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing is deprecated, but it is what OpenVINO's converter takes
        model(example)
        traced = torch.jit.trace(model, example, strict=False, check_trace=False)
    converted = openvino.convert_model(traced, input=[-1, 3, -1, -1], example_input=example)
    converted.set_rt_info(json.dumps(model.names), ["shorttrack", "names"])
    openvino.save_model(converted, out, compress_to_fp16=half)


def convert_for_onnx(weights: Path, out: Path) -> None:
    """Write the model in ``weights`` to ``out``, an .onnx with open input sizes and the names of its classes.

    Raises WeightsError where the package ``onnx``, an extra of ours, is missing.
    """
    import torch

    try:
        import onnx
    except ModuleNotFoundError as error:
        raise WeightsError("writing .onnx needs the package onnx: pip install 'onnx>=1.17'") from error
    model = load_model(weights)
    model.model[-1].dynamic = True
    example = torch.zeros(1, 3, 384, 640)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter by tracing is deprecated, the other needs packages more
        model(example)
        torch.onnx.export(
            model,
            (example,),
            str(out),
            dynamo=False,
            opset_version=17,
            input_names=["pictures"],
            output_names=["boxes"],
            dynamic_axes={"pictures": {0: "n", 2: "height", 3: "width"}, "boxes": {0: "n", 2: "places"}},
        )
    written = onnx.load(str(out))
    onnx.helper.set_model_props(written, {"names": json.dumps(model.names)})
    onnx.save(written, str(out))


def _stock(name: str) -> Path:
    path = cache_folder() / name
    if path.is_file():
        return path
    try:
        import_ultralytics("utils.downloads").attempt_download_asset(str(path), progress=False)
    except Exception as error:  # its errors are those of several libraries
        raise WeightsError(
            f"{name}: not on this computer and cannot be fetched ({_first_line(error)}); "
            "connect to the network for the first run, or name a weights file with --weights FILE.pt"
        ) from error
    return path


def import_ultralytics(module: str) -> Any:
    """Import ``ultralytics.<module>``, silent and without the network."""
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["YOLO_OFFLINE"] = "true"  # no look-ups when it is imported, no usage reports, no repeated downloads
    os.environ.setdefault("ULTRALYTICS_SAFE_LOAD", "true")
    os.environ.setdefault("YOLO_CONFIG_DIR", str(cache_folder()))
    os.environ.setdefault("YOLO_VERBOSE", "false")
    loaded = importlib.import_module(f"ultralytics.{module}")
    logging.getLogger("ultralytics").setLevel(logging.CRITICAL)
    return loaded


def _first_line(error: Exception) -> str:
    lines = str(error).encode("ascii", "ignore").decode().split("\n")
    return lines[0].strip() or type(error).__name__
