"""People on the ice, found by YOLO: boxes and scores per picture, with OpenVINO or PyTorch.

Low scores are kept, since the tracker uses them, and few boxes are taken for duplicates, since racers overlap.
"""

import ctypes
import importlib.util
import json
import platform
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from race.errors import WeightsError
from vision.weights import load_model, openvino_model

MIN_SCORE = 0.05
DUPLICATE_IOU = 0.6
"""Of two boxes that overlap more than this the one with the lower score goes."""
IMGSZ = 640
"""Longer side of the network's input, pixels, where people are seen well in it; else one of LARGER_IMGSZ."""
LARGER_IMGSZ = (960, 1280)
WELL_SEEN_PX = 40.0
"""How tall people have to be in the input; below that a larger input is taken, where the picture is larger, too."""
SURE = 0.25
SLOW_CHANGE = 0.1
"""Weight of a picture in the mean height of people: a shot has its size within half a second."""
STRIDE = 32
GREY = 114
"""What fills the margins, as in training."""

Floats = NDArray[np.float64]
Images = NDArray[np.uint8]
Infer = Callable[[Images], Sequence[NDArray[np.float32]]]
"""Letterboxed BGR pictures (B, H, W, 3) -> per picture (4 + classes, N): centre x, y, width, height; scores."""


@dataclass(frozen=True, slots=True)
class FrameDetections:
    """The people in one picture, best score first, and the track's blocks.

    box          (n, 4)  top-left x, y, width, height, pixels, inside the picture
    score        (n,)    0 to 1
    helmet       (n, 4)  box of the helmet, NaN where none was found
    block        (m, 4)  boxes of blocks, and block_score (m,)
    """

    box: Floats
    score: Floats
    helmet: Floats
    block: Floats = field(default_factory=lambda: np.empty((0, 4)))
    block_score: Floats = field(default_factory=lambda: np.empty(0))


class Detector:
    """A loaded model. ``weights`` is its file, ``device`` says in words where it runs.

    ``imgsz`` fixes the longer side of the input; without it the side follows how tall people are in the pictures.
    """

    def __init__(
        self, infer: Infer, names: dict[int, str], weights: Path, device: str, imgsz: int | None = None
    ) -> None:
        self._infer = infer
        self._bodies = [k for k, name in names.items() if name == "skater"] or [
            k for k, name in names.items() if name == "person"
        ]
        self._helmets = [k for k, name in names.items() if name == "helmet"]
        self._blocks = [k for k, name in names.items() if name == "block"]
        self._imgsz = imgsz
        self._height = np.nan
        """Mean height of people as a share of the picture's longer side, the last pictures counting most."""
        self.weights = weights
        self.device = device
        if not self._bodies:
            raise WeightsError(f"{weights}: knows no class 'skater' or 'person', only {', '.join(names.values())}")

    def detect(self, images: Sequence[Images]) -> list[FrameDetections]:
        """Find people in pictures (H, W, 3) uint8 BGR of one size, in the order of the video."""
        if not images:
            return []
        height, width = images[0].shape[:2]
        imgsz = self._imgsz or input_size(self._height, max(width, height))
        letterbox = Letterbox.fit((width, height), imgsz)
        raw = self._infer(np.stack([letterbox.apply(image) for image in images]))
        found = [self._read(rows, letterbox) for rows in raw]
        for people in found:
            tall = people.box[people.score >= SURE, 3]
            if len(tall):
                seen = float(np.median(tall)) / max(width, height)
                self._height = seen if np.isnan(self._height) else (1 - SLOW_CHANGE) * self._height + SLOW_CHANGE * seen
        return found

    def _read(self, raw: NDArray[np.float32], letterbox: "Letterbox") -> FrameDetections:
        body, score = _boxes(raw, self._bodies, letterbox)
        helmet = np.full((len(body), 4), np.nan)
        if self._helmets:
            helmet = join_helmets(body, *_boxes(raw, self._helmets, letterbox))
        blocks = _boxes(raw, self._blocks, letterbox) if self._blocks else ()
        return FrameDetections(body, score, helmet, *blocks)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture is laid into the network's input, whose sides are multiples of 32; sizes are (width, height).

    ::

        +--------------------+ (0, 0) of the input
        |    grey margin     |
        | +----------------+ | corner
        | |     picture    | |
        | | scaled to inner| |
        | +----------------+ |
        +--------------------+ size
    """

    picture: tuple[int, int]
    inner: tuple[int, int]
    corner: tuple[int, int]
    size: tuple[int, int]

    @staticmethod
    def fit(picture: tuple[int, int], imgsz: int) -> "Letterbox":
        """The smallest input in which the picture's longer side has ``imgsz`` pixels."""
        inner = tuple(max(1, round(side * imgsz / max(picture))) for side in picture)
        size = tuple(-(-side // STRIDE) * STRIDE for side in inner)
        corner = tuple((whole - side) // 2 for whole, side in zip(size, inner, strict=True))
        return Letterbox(picture, inner, corner, size)  # type: ignore[arg-type]

    def apply(self, image: Images) -> Images:
        """The picture (H, W, 3) as input (size[1], size[0], 3)."""
        (left, top), (width, height) = self.corner, self.inner
        canvas = np.full((self.size[1], self.size[0], 3), GREY, np.uint8)
        if self.inner != self.picture:
            image = np.asarray(cv2.resize(image, self.inner, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
        canvas[top : top + height, left : left + width] = image
        return canvas

    def undo(self, box: Floats) -> Floats:
        """Boxes (n, 4) tlwh of the input -> of the picture, cut at its edges; width or height 0 where outside."""
        scale = np.array(self.picture) / self.inner
        start = (box[:, :2] - self.corner) * scale
        end = start + box[:, 2:] * scale
        start, end = np.clip(start, 0, self.picture), np.clip(end, 0, self.picture)
        return np.concatenate([start, end - start], axis=1)


def input_size(height: float, longer_side: int) -> int:
    """The input's longer side in which people ``height`` of the picture's ``longer_side`` tall are seen well.

    The smallest that will do, or the largest; never one larger than the picture, which would show no more. NaN: IMGSZ.
    """
    for imgsz in (IMGSZ, *LARGER_IMGSZ):
        larger = [size for size in LARGER_IMGSZ if imgsz < size <= longer_side]
        if not larger or not height * imgsz < WELL_SEEN_PX:
            return imgsz
    return IMGSZ


def join_helmets(body: Floats, helmet: Floats, score: Floats) -> Floats:
    """The helmet of each body (n, 4), NaN for none: (m, 4) boxes, the surest first, each given to one body at most.

    A helmet belongs to the body whose upper half holds its centre; of several, to the one with its top nearest.
    """
    joined = np.full((len(body), 4), np.nan)
    for k in np.argsort(-score, kind="stable"):
        centre = helmet[k, :2] + helmet[k, 2:] / 2
        place = (centre - body[:, :2]) / body[:, 2:]
        free = (
            np.isnan(joined[:, 0]) & (place[:, 0] >= 0) & (place[:, 0] <= 1) & (place[:, 1] >= 0) & (place[:, 1] <= 0.5)
        )
        if free.any():
            joined[np.argmin(np.where(free, np.abs(body[:, 1] - helmet[k, 1]), np.inf))] = helmet[k]
    return joined


def load_detector(weights: Path, device: str | None = None, imgsz: int | None = None) -> Detector:
    """Load ``weights`` for ``device``: ``cpu``, ``cuda``, ``cuda:1``, ``mps``, ``openvino``, ``pytorch``; None chooses.

    ``cpu`` is OpenVINO where it is installed on an x86 processor, else PyTorch. Weights that end in .onnx run on ONNX
    Runtime, whatever the device.

    Raises WeightsError where the weights cannot be used or there is no such device.
    """
    if imgsz is not None and imgsz < STRIDE:
        raise WeightsError(f"imgsz {imgsz}: the input has to be {STRIDE} pixels or more, {IMGSZ} is usual")
    if weights.suffix == ".onnx":
        infer, names = _onnx(weights)
        return Detector(infer, names, weights, "ONNX Runtime, CPU", imgsz)
    device = device or _best_device()
    if not re.fullmatch(r"cpu|openvino|pytorch|mps|cuda(:\d+)?", device):
        raise WeightsError(f"--device {device}: unknown; use cpu, openvino, pytorch, cuda, cuda:1 or mps")
    if device == "cpu":
        fast = importlib.util.find_spec("openvino") is not None and platform.machine() in ("x86_64", "AMD64")
        device = "openvino" if fast else "pytorch"
    if device == "openvino":
        infer, names = _openvino(weights)
        return Detector(infer, names, weights, "OpenVINO, CPU", imgsz)
    device = "cpu" if device == "pytorch" else device
    infer, names = _pytorch(weights, device)
    return Detector(infer, names, weights, f"PyTorch, {device.upper()}", imgsz)


def _best_device() -> str:
    """``cuda`` or ``mps`` where PyTorch can use it, else ``cpu``; PyTorch is loaded only where there may be one."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        if sys.platform != "darwin":
            return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _openvino(weights: Path) -> tuple[Infer, dict[int, str]]:
    import openvino
    from openvino import preprocess

    core = openvino.Core()
    model = core.read_model(openvino_model(weights))
    names = {int(k): name for k, name in json.loads(model.get_rt_info(["shorttrack", "names"]).astype(str)).items()}
    # Taking bytes as they come: the conversion to RGB planes of 0 to 1 becomes a part of the network.
    steps = preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    steps.input().tensor().set_color_format(preprocess.ColorFormat.BGR)
    steps.input().preprocess().convert_element_type(openvino.Type.f32)
    steps.input().preprocess().convert_color(preprocess.ColorFormat.RGB).scale(255.0)
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    model = steps.build()
    compiled: dict[tuple[int, ...], tuple[Any, list[Any]]] = {}
    # Pictures side by side, each on one core, gain more than several cores for one picture, most of all on a busy
    # machine. Some processors would compute in bfloat16, which moves boxes by pixels and saves no time.
    settings = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}

    def infer(images: Images) -> list[NDArray[np.float32]]:
        shape = (1, *images.shape[1:])
        if shape not in compiled:
            sized = model.clone()
            sized.reshape(list(shape))
            compiled[shape] = core.compile_model(sized, "CPU", settings), []
        network, requests = compiled[shape]
        requests += [network.create_infer_request() for _ in range(len(images) - len(requests))]
        working = requests[: len(images)]
        for request, image in zip(working, images, strict=True):
            request.start_async({0: image[None]}, share_inputs=True)
        for request in working:
            request.wait()
        return [request.get_output_tensor(0).data[0].copy() for request in working]

    return infer, names


def _onnx(weights: Path) -> tuple[Infer, dict[int, str]]:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
        names = json.loads(session.get_modelmeta().custom_metadata_map["names"])
    except Exception as error:  # its errors have no class of their own to be told by
        raise WeightsError(f"{weights}: no model that `shorttrack export` wrote; export it again") from error
    (given,) = session.get_inputs()

    def infer(images: Images) -> list[NDArray[np.float32]]:
        planes = images[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
        return list(session.run(None, {given.name: planes})[0])

    return infer, {int(k): name for k, name in names.items()}


def _pytorch(weights: Path, device: str) -> tuple[Infer, dict[int, str]]:
    import torch

    model = load_model(weights)
    try:
        model = model.to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise WeightsError(f"--device {device}: PyTorch finds no such device here; leave the option out") from error
    half = device.startswith("cuda")
    if half:
        model = model.half()

    def infer(images: Images) -> list[NDArray[np.float32]]:
        batch = torch.from_numpy(images).to(device).flip(-1).permute(0, 3, 1, 2)
        batch = (batch.half() if half else batch.float()) / 255
        with torch.inference_mode():
            return list(model(batch).float().cpu().numpy())

    return infer, dict(model.names)


def _boxes(raw: NDArray[np.float32], classes: list[int], letterbox: Letterbox) -> tuple[Floats, Floats]:
    """Boxes (n, 4) tlwh, pixels of the picture, and scores (n,) of any of ``classes``; no duplicates, best first."""
    score = raw[[4 + k for k in classes]].max(axis=0)
    sure = score >= MIN_SCORE
    score, box = score[sure].astype(np.float64), raw[:4, sure].T.astype(np.float64)
    box[:, :2] -= box[:, 2:] / 2
    best = np.array(cv2.dnn.NMSBoxes(box.tolist(), score.tolist(), MIN_SCORE, DUPLICATE_IOU), dtype=np.intp).reshape(-1)
    box, score = letterbox.undo(box[best]), score[best]
    inside = np.all(box[:, 2:] >= 1, axis=1)
    return box[inside], score[inside]
