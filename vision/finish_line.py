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


@njit(cache=True)
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
    for k in range(len(slopes)):
        for y in range(height):
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


def _shifted(image: NDArray[np.generic], by: int) -> NDArray[np.generic]:
    """``image`` moved ``by`` columns to the right; what comes in from outside is zero."""
    moved = np.zeros_like(image)
    if by > 0:
        moved[:, by:] = image[:, :-by]
    else:
        moved[:, :by] = image[:, -by:]
    return moved


def find_lines(image: NDArray[np.uint8], boxes: NDArray[np.float64]) -> list[Line]:
    """The clearest upright line on the ice of ``image`` (H, W, 3 BGR), people's ``boxes`` (n, 4 tlwh px) left out.

    A list of one, or empty where there is none.
    """
    scale = WORKING_WIDTH / image.shape[1]
    small = cv2.resize(image, (WORKING_WIDTH, max(1, round(image.shape[0] * scale))), interpolation=cv2.INTER_AREA)
    height = small.shape[0]
    hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
    ice = (hsv[..., 2] > ICE_VALUE) & (hsv[..., 1] < ICE_SATURATION)
    for x, y, w, h in boxes * scale:
        ice[max(0, int(y - 6)) : max(0, int(y + h + 6)), max(0, int(x - 6)) : max(0, int(x + w + 6))] = False
    rows = slice(0, height, 2)  # neighbouring rows say the same
    grey = cv2.blur(small[..., 1], (1, 3)).astype(np.float32)[rows]
    ice = ice[rows]
    best: tuple[float, float, float, int] | None = None  # strength, slope, x at mid height, reach
    for half, weight in WIDTHS_PX.items():
        reach = half + 1
        smooth = cv2.blur(grey, (half | 1, 1)) if half > 2 else grey
        valid = ice & _shifted(ice, reach) & _shifted(ice, -reach)
        # Darker than both sides, so that the edge of a paint or a shadow is no line; clipped, so that no blot counts.
        response = np.minimum(_shifted(smooth, reach), _shifted(smooth, -reach)) - smooth
        response = np.clip(response, -20, 20).astype(np.float32) * valid
        shape = (len(SLOPES), WORKING_WIDTH)
        total, count, positive = np.zeros(shape, np.float32), np.zeros(shape, np.int16), np.zeros(shape, np.int16)
        darker = (response > 0.5).astype(np.int16)
        sheared_sums(response, valid.astype(np.int16), darker, SLOPES * 2, total, count, positive)
        share = positive / np.maximum(count, 1)
        strength = weight * total / np.sqrt(np.maximum(count, 1)) * np.clip(2 * share - 1, 0, 1) * np.sqrt(2)
        strength[(count * 2 < MIN_LENGTH * height) | (share < MIN_SHARE)] = 0
        strength[:, :reach] = strength[:, -reach:] = 0
        k, x = np.unravel_index(int(strength.argmax()), shape)
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
