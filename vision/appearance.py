"""Colours of suit and helmet as short histograms, for telling racers apart and for drawing them in their own colours.

A descriptor holds the shares of the ``DESCRIPTOR`` colours of ``PALETTE`` (they sum to 1), coloured pixels counting for
more than grey ones. Compare two by the distance of their square roots (Hellinger). A picture is first scaled so that
its ice is white. What lies around a box (ice, mats) counts less in it; what a nearer racer hides is left out.
"""

from functools import cache

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.observations import DESCRIPTOR
from race.suits import PALETTE

Floats = NDArray[np.float64]
Images = NDArray[np.uint8]

SUIT = np.array([0.5, 0.3, 0.25, 0.2])
"""Where in the body's box the suit shows: centre x, y and standard deviations of a Gaussian, in box widths, heights."""
TOP = np.array([0.5, 0.1, 0.25, 0.1])
"""Where the helmet is in the body's box."""
WHOLE = np.array([0.5, 0.5, 0.35, 0.35])
"""Where the helmet is in its own box."""
MIN_SIZE = 6.0
"""Boxes narrower or lower than this many pixels have no colour."""


def describe(image: Images, box: Floats, helmet: Floats) -> tuple[Floats, Floats]:
    """Descriptors (n, DESCRIPTOR) of the suits and of the helmets in one BGR picture; NaN where they are not seen.

    ``box`` (n, 4) tlwh are the bodies, ``helmet`` (n, 4) their helmets; where that is NaN the body's top part is taken.
    """
    box, helmet = np.ascontiguousarray(box, np.float64), np.ascontiguousarray(helmet, np.float64)
    suits, tops, helmets = np.full((3, len(box), DESCRIPTOR), np.nan)
    if len(box):
        gain, shares = _gain(image), _shares()
        _describe_kernel(image, box, SUIT, True, gain, shares, suits)
        _describe_kernel(image, box, TOP, True, gain, shares, tops)
        _describe_kernel(image, helmet, WHOLE, False, gain, shares, helmets)
    return suits, np.where(np.isnan(helmet[:, :1]), tops, helmets)


def _gain(image: Images) -> NDArray[np.float32]:
    """Factors (3,) that make the brightest 15 % of the picture, on average, a white of 235: that is the ice."""
    step = max(1, image.shape[0] // 40)
    sample = image[::step, ::step].reshape(-1, 3)
    darkest = sample.min(axis=1)
    white = sample[darkest >= np.percentile(darkest, 85)].mean(axis=0)
    return np.asarray(235.0 / np.maximum(white, 40.0), dtype=np.float32)


@cache
def _shares() -> NDArray[np.float32]:
    """(32 * 32 * 32, DESCRIPTOR): how a BGR colour, 5 bits a channel, counts for the colours of the palette."""
    levels = np.arange(32, dtype=np.float32) / 32 + 1 / 64
    bgr = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(1, -1, 3)
    lab = cv2.cvtColor(bgr, cv2.COLOR_BGR2LAB)[0]
    distance2 = ((lab[:, None] - PALETTE) ** 2 * np.array([0.5, 1, 1], np.float32)).sum(axis=2)
    share = np.exp(-0.5 * (distance2 - distance2.min(axis=1, keepdims=True)) / 8.0**2)
    share /= share.sum(axis=1, keepdims=True)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    return np.asarray(share * (8.0 + chroma)[:, None], dtype=np.float32)


@njit(cache=True, error_model="numpy")
def _describe_kernel(image, box, place, hide, gain, shares, out):  # type: ignore[no-untyped-def]
    """Write the descriptor of each box (n, 4) into ``out`` (n, bins); rows that cannot be taken stay as they are.

    A grid of points covers the box and a margin of 0.35 widths beside it and 0.2 heights above it. With H_in the
    histogram of the points inside, weighted by the Gaussian ``place``, and H_out that of the margin::

        descriptor ~ H_in * H_in / (H_in + 3 H_out)
    """
    side, above, columns, rows = 0.35, 0.2, 26, 27
    height, width = image.shape[:2]
    bins = out.shape[1]
    inner, outer = np.empty(bins, np.float32), np.empty(bins, np.float32)
    across = (np.arange(columns) + 0.5) / columns * (1 + 2 * side) - side  # in box widths
    down = (np.arange(rows) + 0.5) / rows * (1 + above) - above  # in box heights
    across_weight = np.exp(-0.5 * ((across - place[0]) / place[2]) ** 2)
    down_weight = np.exp(-0.5 * ((down - place[1]) / place[3]) ** 2)
    for i in range(len(box)):
        x, y, w, h = box[i]
        if not (w >= MIN_SIZE and h >= MIN_SIZE):  # NaN too
            continue
        inner[:], outer[:] = 0.0, 0.0
        wanted = got = margin = 0.0
        for row in range(rows):
            for column in range(columns):
                px, py = x + across[column] * w, y + down[row] * h
                inside = 0.0 <= across[column] <= 1.0 and down[row] >= 0.0
                weight = down_weight[row] * across_weight[column]
                if inside:
                    wanted += weight
                if not (0 <= px < width and 0 <= py < height) or (hide and _behind(px, py, i, box)):
                    continue
                code = 0
                for channel in range(3):
                    level = int(image[int(py), int(px), channel] * gain[channel]) >> 3
                    code = code * 32 + min(level, 31)
                if inside:
                    got += weight
                    for k in range(bins):
                        inner[k] += weight * shares[code, k]
                else:
                    margin += 1.0
                    for k in range(bins):
                        outer[k] += shares[code, k]
        if got < 0.1 * wanted:
            continue
        total = 0.0
        for k in range(bins):
            around = outer[k] / margin if margin > 0 else 0.0
            mine = inner[k] / got
            out[i, k] = mine * mine / (mine + 3.0 * around) if mine > 0 else 0.0
            total += out[i, k]
        for k in range(bins):
            out[i, k] /= total


@njit(cache=True, error_model="numpy")
def _behind(x, y, i, box):  # type: ignore[no-untyped-def]
    """Whether the point is also in a box whose lower edge is lower in the picture: that person is nearer."""
    bottom = box[i, 1] + box[i, 3]
    for j in range(len(box)):
        nearer = box[j, 1] + box[j, 3] > bottom
        if nearer and box[j, 0] <= x <= box[j, 0] + box[j, 2] and box[j, 1] <= y <= box[j, 1] + box[j, 3]:
            return True
    return False
