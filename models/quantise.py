"""The detector in whole numbers of 8 bits, for processors: half the time of single precision, at a loss to be measured.

Post-training quantisation by NNCF: pictures of a data set run through the network, and every layer's range is read off.
"""

import logging
import random
import re
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.labels import labelled
from race.errors import ShorttrackError, WeightsError
from vision.detector import IMGSZ, Letterbox
from vision.weights import convert_for_openvino

PICTURES = 100
"""Pictures for the ranges; 300 were no better."""


def quantise(weights: Path, out: Path, data: list[Path]) -> None:
    """Write ``weights`` (.pt) to ``out``, an .xml with its .bin, with most layers in int8; pictures come from ``data``.

    Raises WeightsError where the package ``nncf``, an extra of ours, is missing, ShorttrackError where ``data`` cannot
    be read or holds nothing to train on.
    """
    try:
        import nncf
    except ModuleNotFoundError as error:
        raise WeightsError("writing int8 needs the package nncf: pip install 'nncf>=3.0'") from error
    import openvino

    nncf.set_log_level(logging.ERROR)
    pictures = sorted(row.picture for source in data for row in labelled(source) if not row.validation)
    if not pictures:
        raise ShorttrackError(f"{', '.join(map(str, data))}: no pictures to train on in there")
    random.Random(0).shuffle(pictures)
    chosen = pictures[:PICTURES]
    with tempfile.TemporaryDirectory() as folder:
        convert_for_openvino(weights, Path(folder) / "model.xml", half=True)
        model = openvino.Core().read_model(Path(folder) / "model.xml")
        quantised = nncf.quantize(
            model,
            nncf.Dataset(chosen, _planes),
            subset_size=len(chosen),
            preset=nncf.QuantizationPreset.MIXED,
            fast_bias_correction=False,
            ignored_scope=nncf.IgnoredScope(patterns=_kept_in_single_precision(model)),
        )
        openvino.save_model(quantised, out)


def _kept_in_single_precision(model: Any) -> list[str]:
    """Patterns for names of operations that lose most, and are cheap in single precision: both ends of the network.

    Those are the first two layers, and of the head, which is the last, all that makes scores, the last step to sides
    of boxes and the boxes themselves, since pixels up to 1280 do not fit into 8 bits.
    """
    names = [re.match(r"__module\.model\.(\d+)[./]", op.get_friendly_name()) for op in model.get_ops()]
    last = max(int(name[1]) for name in names if name)
    head = rf"__module\.model\.{last}"
    return [r"__module\.model\.[01]\..*", rf"{head}/.*", rf"{head}\.cv3\..*", rf"{head}\.cv2\.\d\.2/.*"]


def _planes(picture: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The picture in ``picture`` as the network sees it: (1, 3, H, W) red, green, blue, 0 to 1."""
    image = cv2.imread(str(picture))
    if image is None:
        raise ShorttrackError(f"{picture}: no picture that can be read")
    letterbox = Letterbox.fit((image.shape[1], image.shape[0]), IMGSZ)
    laid = letterbox.apply(np.asarray(image, np.uint8))
    return np.ascontiguousarray(laid[None, ..., ::-1].transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)
