"""How vision errs, as numbers: ``noise.json``, which ``python -m benchmarks.noise`` fits to rendered clips."""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

NOISE_FILE = Path(__file__).with_name("noise.json")
USUAL_PX = 60.0
"""Heights are told as multiples of this."""
INPUT_PX = 640.0, 1280.0
"""Longer side of the detector's input, the least and the most, ..."""
WELL_SEEN_PX = 40.0
"""... chosen so that people are as tall in it."""
CLEAR = 0.8
"""Who is seen as much is found as if seen whole."""

Pair = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Noise:
    """Lengths of boxes are shares of their height; pairs are the least and the most.

    A person ``h`` pixels high of which a share ``v`` is seen is found with probability recall_most * p, where
    logit p = recall_logit + recall_slope * ln(h / 60) + recall_visibility_slope * min(0, v - 0.8), officials
    ``official_chance`` times as often; misses last. Of two whose boxes overlap more than merge_iou, one box is made
    with probability merge_chance. The left, top, right and lower edge of a box each have a bias and a jitter of their
    own, which is hypot(jitter, jitter_px / h) * (1 + jitter_hidden * (1 - v)) and at times much larger. A second box is
    on somebody with probability double_chance + double_hidden * (1 - v). A score is score_mean + score_slope *
    ln(h / 60) - score_visibility_slope * (1 - v), and scatters. For all this ``h`` is in pixels of the detector's input
    (``input_scale``).
    """

    recall_logit: float
    recall_slope: float
    recall_visibility_slope: float
    recall_most: float
    official_chance: float
    miss_lasts_s: float
    merge_iou: float
    merge_chance: float
    merge_lasts_s: float
    bias: Box
    jitter: Box
    jitter_px: float
    jitter_hidden: float
    jitter_tail: float
    """Standard deviation of the logarithm of the jitter's size."""
    jitter_lasts_s: float
    score_mean: float
    score_slope: float
    score_visibility_slope: float
    score_sd: float
    false_boxes_per_frame: float
    false_lasts_s: float
    false_height: Pair
    """As multiples of the people's usual height."""
    false_top: Pair
    """As shares of the picture's height."""
    false_score: Pair
    double_chance: float
    """Of a second box on somebody who is found, a worse one, ..."""
    double_hidden: float
    """... and how much likelier it is on somebody hidden."""
    double_bias: Box
    double_jitter: Box
    double_score: Pair
    helmet_chance: float
    helmet_sd: float
    foot_chance: float
    foot_sd: float
    descriptor_power: float
    """How pure the colours are: shares are those of uniform numbers to this power."""
    descriptor_sd: float
    """Of the logarithm of each colour's share; it stays for ``descriptor_lasts_s``, as light and posture do, ..."""
    descriptor_hidden: float
    """... and is 1 + descriptor_hidden * (1 - v) times as large of somebody hidden."""
    descriptor_lasts_s: float
    descriptor_mixed: float
    """How much of what is hidden of somebody counts in the colours: those of who hides it."""
    line_chance: float
    """Of the finish line to be seen where it stands upright in the picture and passes it by less than ``line_pan``
    picture widths in a picture."""
    line_pan: float
    line_sd: float
    """Of its place, shares of the picture's width."""
    line_false_per_frame: float
    """Some other line, seen for ``line_false_lasts_s``."""
    line_false_lasts_s: float
    motion_sd_px: float
    motion_sd_per_px: float
    motion_zoom_sd: float
    motion_lost_chance: float
    scorebug_missed: float
    scorebug_misread: float
    scorebug_every_s: float
    scorebug_late_s: float
    """Mean of the time from when a text comes up until it could be read, exponentially distributed, ..."""
    scorebug_late_still_s: float
    """... and where the camera stands still."""
    scorebug_text_missed: float
    """Of a text never to be read while it is shown."""
    scorebug_misspelt: float
    """Of a name to be read with a letter missing."""
    pose_sd_px: float
    pose_lasts_s: float
    pose_lost_chance: float


def input_scale(height_px: float, size: tuple[int, int]) -> float:
    """Pixels of the detector's input to one of the picture, in which people are usually ``height_px`` tall: it makes
    pictures smaller as long as people stay well seen (``vision.detector.input_size``)."""
    longer = max(size)
    return float(
        np.clip(WELL_SEEN_PX / max(height_px, 1.0), min(1.0, INPUT_PX[0] / longer), min(1.0, INPUT_PX[1] / longer))
    )


@cache
def default_noise() -> Noise:
    """The parameters in ``noise.json``."""
    stored: dict[str, Any] = json.loads(NOISE_FILE.read_text(encoding="utf-8"))
    del stored["about"]
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
    }
    return Noise(**values)


def write_noise(noise: Noise, about: str, path: Path) -> None:
    """Write ``noise`` as ``default_noise`` reads it; ``about`` says what it was fitted to."""
    rounded = {
        name: [round(part, 4) for part in value] if isinstance(value, tuple) else round(value, 5)
        for name, value in asdict(noise).items()
    }
    path.write_text(json.dumps({"about": about, **rounded}, indent=1) + "\n", encoding="utf-8")
