"""The edges of a picture that the rink's lines may be: where mats, paint and ice meet.

Every picture is scanned along columns and rows that lie STEP apart in a picture WORKING_WIDTH wide. Along each, edges
are the places where colour changes most; of each it is kept on which side the rink's surface is, ice or painted, or the
more coloured part of it. That is little (some kB a picture), does not need the camera's pose, and is all that the
registration needs of the pixels. Edges come in pixels of a picture WORKING_WIDTH wide (``race/edges.py``).
"""

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH, Edges

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

STEP = 12
"""Working pixels between scanned columns, and between scanned rows."""
REACH = 3
"""Working pixels on either side of an edge that are compared."""
MIN_CONTRAST = 6.0
"""Grey levels, root mean square over the colours."""
MOST_ON_SURFACE, MOST_ELSEWHERE = 6, 4
"""Edges kept of a column or row, the strongest: those with the rink's surface on a side, and the others."""
SURFACE_BRIGHTNESS, SURFACE_SATURATION = 0.5, 0.42
"""The surface is at least so bright in its weakest colour, as a share of the picture's bright part, and no more
coloured. Ice far away takes on a tint of the mats; paint under the ice is pale as a rule."""
PERSON_MARGIN = 0.08
"""Of a box's height, left out around it."""

GROWN = np.ones((3, 3), np.uint8)

COLUMN, ROW = 0, 1
ELSEWHERE, ONTO_SURFACE, OFF_SURFACE, INTO_PAINT, OUT_OF_PAINT = range(5)
"""Kinds of edges, going down or to the right: the surface on neither side, after it, before it, or on both sides and
more coloured after or before."""


def find_edges(number: int, image: Image, person_boxes: Floats, graphics: Mask | None) -> Edges:
    """Edges of picture ``number``, ``image`` (H, W, 3 BGR). Left out are people's boxes (n, 4 tlwh px) and
    ``graphics``, of any size or None."""
    height, width = image.shape[:2]
    scale = WORKING_WIDTH / width
    size = (WORKING_WIDTH, max(1, round(height * scale)))
    small = image
    if size != (width, height):
        small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    hidden = np.zeros(small.shape[:2], np.uint8)
    if graphics is not None:
        hidden = cv2.dilate(cv2.resize(graphics.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), GROWN)
    for x, y, w, h in person_boxes * scale:
        margin = PERSON_MARGIN * h + 2
        corners = (int(x - margin), int(y - margin)), (int(x + w + margin), int(y + h + margin))
        cv2.rectangle(hidden, *corners, 1, thickness=cv2.FILLED)
    bright = _brightness(small, hidden)
    parts = []
    for along in (COLUMN, ROW):
        picture, covered = (small, hidden) if along == COLUMN else (small.swapaxes(0, 1), hidden.swapaxes(0, 1))
        middle = np.arange(STEP // 2, picture.shape[1] - 1, STEP)
        shape = len(middle), len(picture)
        lines, dark = np.empty((*shape, 3), np.int32), np.empty(shape, np.uint8)
        surface, saturation = np.empty(shape, np.uint8), np.empty(shape, np.float32)
        read_lines(picture, covered, middle, np.float32(SURFACE_BRIGHTNESS * bright), lines, dark, surface, saturation)
        found = np.empty((len(middle) * (MOST_ON_SURFACE + MOST_ELSEWHERE), 3), np.float32)
        n = scan_lines(lines, dark, surface, saturation, REACH, MIN_CONTRAST, (MOST_ELSEWHERE, MOST_ON_SURFACE), found)
        line, place = middle[found[:n, 0].astype(np.int64)], found[:n, 1]
        xy = np.column_stack([line, place] if along == COLUMN else [place, line]) + 0.5
        parts.append((xy, np.full(n, along, np.uint8), found[:n, 2].astype(np.uint8)))
    xy, along_all, kind_all = (np.concatenate(values) for values in zip(*parts, strict=True))
    return Edges(np.full(len(xy), number, np.int32), xy.astype(np.float32), along_all, kind_all)


def _brightness(small: Image, hidden: NDArray[np.uint8]) -> float:
    """Of the picture's bright part, in its weakest colour, looked up in every fourth row and column."""
    samples = _over_colours(np.minimum, small[::4, ::4])[hidden[::4, ::4] == 0]
    return float(np.percentile(samples, 90)) if len(samples) else 255.0


def _over_colours(pick: np.ufunc, pixels: Image) -> Image:
    """(..., 3) -> (...). Several times as fast as a reduction over so short an axis."""
    return np.asarray(pick(pick(pixels[..., 0], pixels[..., 1]), pixels[..., 2]))


@njit(cache=True, error_model="numpy")
def read_lines(
    picture: Image,  # (N, W, 3)
    covered: NDArray[np.uint8],  # (N, W)
    middle: NDArray[np.int64],  # (L,) columns
    bright: np.float32,
    lines: NDArray[np.int32],  # (L, N, 3) out: sum of three neighbouring columns
    hidden: NDArray[np.uint8],  # (L, N) out: of ``covered``
    surface: NDArray[np.uint8],  # (L, N) out: 1 where there may be ice or paint
    saturation: NDArray[np.float32],  # (L, N) out
) -> None:
    most = np.float32(SURFACE_SATURATION)
    for i in range(len(picture)):
        for k in range(len(middle)):
            x = middle[k]
            for c in range(3):
                lines[k, i, c] = np.int32(picture[i, x - 1, c]) + picture[i, x, c] + picture[i, x + 1, c]
            b, g, r = picture[i, x, 0], picture[i, x, 1], picture[i, x, 2]
            lowest, highest = np.float32(min(b, g, r)), np.float32(max(b, g, r, 1))
            saturation[k, i] = np.float32(1) - lowest / highest
            surface[k, i] = lowest > bright and saturation[k, i] < most
            hidden[k, i] = covered[i, x]


@njit(cache=True, error_model="numpy")
def scan_lines(
    lines: NDArray[np.int32],  # (L, N, 3) sums of three pixels
    hidden: NDArray[np.uint8],  # (L, N)
    surface: NDArray[np.uint8],  # (L, N)
    saturation: NDArray[np.float32],  # (L, N)
    reach: int,
    least: float,
    most: tuple[int, int],  # of the kind ELSEWHERE, of all others
    found: NDArray[np.float32],  # (L * sum(most), 3) out: line, place along it, kind
) -> int:
    """The strongest edges of every line; returns how many were found."""
    count, length, colours = lines.shape
    contrast = np.zeros(length, np.float32)
    ahead, covered = np.zeros((length, colours), np.int32), np.zeros(length, np.int32)
    chosen, kind = np.empty(length, np.int64), np.empty(length, np.int64)
    n = 0
    for k in range(count):
        contrast[:] = 0
        for i in range(length - reach):  # sums over i to i + reach - 1
            covered[i] = 0
            ahead[i] = 0
            for j in range(i, i + reach):
                covered[i] += hidden[k, j]
                for c in range(colours):
                    ahead[i, c] += lines[k, j, c]
        for i in range(reach, length - reach):
            if covered[i - reach] + covered[i] > 0:
                continue
            total = 0
            for c in range(colours):
                step = ahead[i, c] - ahead[i - reach, c]
                total += step * step
            contrast[i] = np.sqrt(total / colours) / (3 * reach)
        candidates = 0
        for i in range(2 * reach, length - 2 * reach):
            if contrast[i] < least:
                continue
            highest = True
            for j in range(i - reach, i + reach + 1):
                if contrast[j] > contrast[i] or (contrast[j] == contrast[i] and j < i):
                    highest = False
            if highest:
                before, after, paler = 0, 0, 0.0
                for j in range(1, reach + 1):
                    before += surface[k, i - 1 - j]
                    after += surface[k, i + j]
                    paler += saturation[k, i - 1 - j] - saturation[k, i + j]
                on_before, on_after = 2 * before > reach, 2 * after > reach
                if on_before and on_after:
                    kind[candidates] = 4 if paler > 0 else 3
                else:
                    kind[candidates] = 1 if on_after else 2 if on_before else 0
                chosen[candidates] = i
                candidates += 1
        for on_surface in range(2):
            for _ in range(most[on_surface]):
                best = -1
                for m in range(candidates):
                    wanted = chosen[m] >= 0 and (kind[m] > 0) == (on_surface == 1)
                    if wanted and (best < 0 or contrast[chosen[m]] > contrast[chosen[best]]):
                        best = m
                if best < 0:
                    break
                i = chosen[best]
                chosen[best] = -1
                left, right = contrast[i - 1], contrast[i + 1]
                bend = left - 2 * contrast[i] + right
                offset = 0.5 * (left - right) / bend if bend < 0 else 0.0
                found[n, 0] = k
                found[n, 1] = i - 0.5 + offset  # the edge lies between samples i - 1 and i
                found[n, 2] = kind[best]
                n += 1
    return n
