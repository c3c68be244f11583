"""Thin dark lines across the ice, upright in the picture: where the finish line may be.

The main camera of a broadcast stands in the plane of the finish line (SHORT_TRACK.md, "Broadcast reality"), so that
the line stands nearly upright in the picture while the pack crosses it. It is 2 cm wide: a pixel in a wide shot, and a
faint smear tens of pixels wide in a fast pan, which only a sum over many rows lifts out of the noise. The sums run
along sheared columns, a Radon transform over a few angles. Which of the lines found is the finish line is for ``race``
to say: it is the one that stays put on the ice and that the racers cross.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

WORKING_WIDTH = 640
SLOPES = np.linspace(-0.25, 0.25, 11)
"""Horizontal pixels per vertical pixel: 14 degrees to either side, for a camera a few metres off the line's plane."""
WIDTHS_PX = {2: 1.0, 5: 1.0, 10: 0.75, 18: 0.6}
"""Half widths that are looked for, in a picture of WORKING_WIDTH: sharp, in a pan, in ever faster pans. With each the
weight of its strength: where a narrow one sees the line, too, it is the more exact."""
MIN_LENGTH = 0.12
"""Of the picture's height that has to be ice along the line."""
MIN_STRENGTH = 14.0
MIN_SHARE = 0.6
"""Of the rows that have to be darker on the line than on both sides."""
CLIP = 20.0
"""Grey levels by which a pixel may count as darker."""
ICE_VALUE, ICE_SATURATION = 140, 60
"""HSV: ice is brighter than the one and paler than the other."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line from (x_top, y_top) to (x_bottom, y_bottom), pixels; ``strength`` grows with contrast and length."""

    x_top: float
    y_top: float
    x_bottom: float
    y_bottom: float
    strength: float


@njit(cache=True, error_model="numpy")
def sheared_sums(
    response: NDArray[np.float32],  # (H, W), zero where not valid
    valid: NDArray[np.int16],  # (H, W), 1 or 0
    darker: NDArray[np.int16],  # (H, W), 1 where response is above 0.5 grey levels, else 0
    slopes: NDArray[np.float64],  # (S,)
    total: NDArray[np.float32],  # (S, W), out: sum of the response along the line
    count: NDArray[np.int16],  # (S, W), out: valid pixels along it
    positive: NDArray[np.int16],  # (S, W), out: those among them that are darker than both sides
) -> None:
    """Sum ``response`` along lines x = x_mid + slope * (y - H / 2), for every slope and every x_mid."""
    height, width = response.shape
    for y in range(height):
        if not valid[y].any():
            continue
        for k in range(len(slopes)):
            shift = round(slopes[k] * (y - height / 2))
            first, last = max(0, -shift), min(width, width - shift)
            # Views of equal length and three plain loops: this the compiler turns into vector instructions.
            sums, values = total[k, first:last], response[y, first + shift : last + shift]
            for x in range(last - first):
                sums[x] += values[x]
            counts, ones = count[k, first:last], valid[y, first + shift : last + shift]
            for x in range(last - first):
                counts[x] += ones[x]
            positives, signs = positive[k, first:last], darker[y, first + shift : last + shift]
            for x in range(last - first):
                positives[x] += signs[x]


@njit(cache=True, error_model="numpy")
def darker_than_both_sides(
    grey: NDArray[np.uint8],  # (H, W)
    ice: NDArray[np.bool_],  # (H, W)
    around: int,
    reach: int,
    response: NDArray[np.float32],  # (H, W), out: grey levels, clipped, zero where not valid
    valid: NDArray[np.int16],  # (H, W), out: 1 where there is ice here and on both sides, else 0
    darker: NDArray[np.int16],  # (H, W), out: 1 where response is above 0.5 grey levels, else 0
) -> None:
    """By how much each pixel is darker than both pixels ``reach`` beside it, so that the edge of a paint or a shadow is
    no line; clipped, so that no blot counts. Grey levels are means over ``around`` pixels to either side, mirrored at
    the picture's sides."""
    height, width = grey.shape
    most, least, share = np.float32(CLIP), np.float32(0.5), np.float32(1 / (2 * around + 1))
    upto = np.zeros(width + 2 * around + 1, np.int32)  # sums
    first, last = upto[:width], upto[2 * around + 1 :]
    mean, inner = np.empty(width, np.float32), slice(reach, width - reach)
    left, middle, right = mean[: width - 2 * reach], mean[inner], mean[2 * reach :]
    response[:] = 0
    valid[:] = 0
    darker[:] = 0
    for y in range(height):
        if not ice[y].any():
            continue
        row, total = grey[y], 0
        for i in range(width + 2 * around):
            x = abs(i - around)
            total += row[min(x, 2 * (width - 1) - x)]
            upto[i + 1] = total
        for x in range(width):
            mean[x] = np.float32(last[x] - first[x]) * share
        on_left, on, on_right = ice[y, : width - 2 * reach], ice[y, inner], ice[y, 2 * reach :]
        steps, ones, signs = response[y, inner], valid[y, inner], darker[y, inner]
        for x in range(width - 2 * reach):  # loops this plain the compiler turns into vector instructions
            ones[x] = on_left[x] & on[x] & on_right[x]
        for x in range(width - 2 * reach):
            steps[x] = min(max(min(left[x], right[x]) - middle[x], -most), most) * np.float32(ones[x])
        for x in range(width - 2 * reach):
            signs[x] = steps[x] > least


@njit(cache=True, error_model="numpy")
def read_ice(picture: NDArray[np.uint8], grey: NDArray[np.uint8], ice: NDArray[np.bool_]) -> None:
    """Of every second row of ``picture`` (2 H or 2 H - 1, W, 3 BGR): green, mean of three rows, and where there is ice.

    Ice is bright and pale: above ICE_VALUE, and below ICE_SATURATION, in HSV of 8 bits. (H, W) both.
    """
    height, width = picture.shape[:2]
    for row in range(len(grey)):
        y = 2 * row
        above, below = min(abs(y - 1), height - 1), y + 1 if y + 1 < height else y - 1
        for x in range(width):
            b, g, r = np.int32(picture[y, x, 0]), np.int32(picture[y, x, 1]), np.int32(picture[y, x, 2])
            grey[row, x] = (picture[above, x, 1] + g + picture[below, x, 1] + 1) // 3
            value, lowest = max(b, g, r), min(b, g, r)
            ice[row, x] = value > ICE_VALUE and 510 * (value - lowest) < (2 * ICE_SATURATION - 1) * value


def find_lines(image: NDArray[np.uint8], boxes: NDArray[np.float64]) -> list[Line]:
    """The clearest upright line on the ice of ``image`` (H, W, 3 BGR), people's ``boxes`` (n, 4 tlwh px) left out.

    A list of one, or empty where there is none.
    """
    scale = WORKING_WIDTH / image.shape[1]
    small = image
    if image.shape[1] != WORKING_WIDTH:
        size = WORKING_WIDTH, max(1, round(image.shape[0] * scale))
        small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    height = small.shape[0]
    rows = slice(0, height, 2)  # neighbouring rows say the same
    shape = len(range(height)[rows]), WORKING_WIDTH
    grey, ice = np.empty(shape, np.uint8), np.empty(shape, np.bool_)
    read_ice(small, grey, ice)
    for x, y, w, h in boxes * scale:
        first, last = (max(0, int(value) + 1) // 2 for value in (y - 6, y + h + 6))
        ice[first:last, max(0, int(x - 6)) : max(0, int(x + w + 6))] = False
    response, valid, darker = np.empty(shape, np.float32), np.empty(shape, np.int16), np.empty(shape, np.int16)
    best: tuple[float, float, float, int] | None = None  # strength, slope, x at mid height, reach
    for half, weight in WIDTHS_PX.items():
        reach = half + 1
        around = (half | 1) // 2 if half > 2 else 0
        darker_than_both_sides(grey, ice, around, reach, response, valid, darker)
        sums = len(SLOPES), WORKING_WIDTH
        total, count, positive = np.zeros(sums, np.float32), np.zeros(sums, np.int16), np.zeros(sums, np.int16)
        sheared_sums(response, valid, darker, SLOPES * 2, total, count, positive)
        share = positive / np.maximum(count, 1)
        strength = weight * total / np.sqrt(np.maximum(count, 1)) * np.clip(2 * share - 1, 0, 1) * np.sqrt(2)
        strength[(count * 2 < MIN_LENGTH * height) | (share < MIN_SHARE)] = 0
        strength[:, :reach] = strength[:, -reach:] = 0
        k, x = np.unravel_index(int(strength.argmax()), sums)
        if strength[k, x] >= MIN_STRENGTH and (best is None or strength[k, x] > best[0]):
            best = (float(strength[k, x]), float(SLOPES[k]), float(x), reach)
    if best is None:
        return []
    strength_, slope, x_mid, reach = best
    ys = np.arange(height)[rows]
    xs = np.rint(x_mid + slope * (ys - height / 2)).astype(int)
    inside = (xs >= 0) & (xs < WORKING_WIDTH)
    on_ice = ys[inside][ice[np.flatnonzero(inside), xs[inside]]]
    top, bottom = float(on_ice.min()), float(on_ice.max())

    def x_at(y: float) -> float:
        return float((x_mid + slope * (y - height / 2)) / scale)

    return [Line(x_at(top), top / scale, x_at(bottom), bottom / scale, strength_)]
