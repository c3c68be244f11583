"""Colours of suits: the palette in which vision describes them, and one colour per competitor for the report."""

import numpy as np
from numpy.typing import NDArray

from race.observations import Detections
from tracking import Tracks

Floats = NDArray[np.float64]


def _palette() -> Floats:
    greys = [(light, 0.0, 0.0) for light in (5, 22, 40, 58, 76, 95)]
    hues = 2 * np.pi * np.arange(9) / 9 + 0.3
    dark = [(30, 35 * np.cos(hue), 35 * np.sin(hue)) for hue in hues]
    light = [(58, 55 * np.cos(hue), 55 * np.sin(hue)) for hue in hues]
    return np.array(greys + dark + light, np.float64)


PALETTE = _palette()
"""(DESCRIPTOR, 3) CIE Lab: six greys, then nine hues dark and nine light; what the numbers of a descriptor count."""


def suit_colours(detections: Detections, tracks: Tracks) -> list[str | None]:
    """One colour ``#rrggbb`` for each identity of ``tracks``, by id, None where no suit was seen.

    It is what a suit has and the others have not; all are different, and the most distinctive suit chooses first.
    """
    ids = np.unique(tracks.id)
    suit = np.full((len(ids), len(PALETTE)), np.nan)
    for racer, id_ in enumerate(ids):
        rows = tracks.detection[(tracks.id == id_) & tracks.seen]
        described = detections.suit[rows][np.isfinite(detections.suit[rows]).all(axis=1)]
        if len(described):
            suit[racer] = described.mean(axis=0)
    return distinct_colours(suit)


def distinct_colours(descriptors: Floats) -> list[str | None]:
    """Colours for mean descriptors (k, DESCRIPTOR), None for a row of NaN; see ``suit_colours``."""
    share = np.nan_to_num(descriptors)
    merit = share**2 / (share.sum(axis=0) + 1e-9)  # (k, DESCRIPTOR)
    colours: list[str | None] = [None] * len(share)
    for k in np.argsort(-merit.max(axis=1, initial=0), kind="stable"):
        if not np.isnan(descriptors[k]).any():
            best = int(np.argmax(merit[k]))
            colours[k] = _hex(PALETTE[best])
            merit[:, best] = -1.0
    return colours


def _hex(lab: Floats) -> str:
    """``#rrggbb`` of a CIE Lab colour under D65 (IEC 61966-2-1)."""
    y = (lab[0] + 16) / 116
    root = np.array([y + lab[1] / 500, y, y - lab[2] / 200])
    xyz = np.where(root > 6 / 29, root**3, 3 * (6 / 29) ** 2 * (root - 4 / 29)) * [0.950456, 1.0, 1.088754]
    to_rgb = [[3.240479, -1.53715, -0.498535], [-0.969256, 1.875991, 0.041556], [0.055648, -0.204043, 1.057311]]
    linear = np.clip(np.array(to_rgb) @ xyz, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(255 * float(value)):02x}" for value in np.clip(srgb, 0, 1))
