"""Who is where in a picture: boxes, helmets and how much of each is seen, from meshes and a depth buffer.

It needs no graphics, so that the truth is the same on every machine and can be had without drawing.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

NOBODY, BEFORE = -1, -2
"""In the buffer of people: nobody there; something in front that is nobody (mats, photographers)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one picture shows of N people.

    box         (N, 4)  x, y, width, height in pixels, the whole person as far as inside the picture; NaN where outside
    helmet      (N, 4)  the same of the helmet
    visibility  (N,)    share of the whole person, parts outside the picture included, that is seen; 0 outside
    helmet_visibility (N,)
    foot        (N, 2)  the point midway between the blades, pixels; NaN where hidden or outside the picture
    depth       (N,)    m ahead of the camera, of that point
    people      (H, W)  index of who is seen at each pixel, or NOBODY or BEFORE
    velocity    (H, W, 2)  pixels that the surface moves while the shutter is open, where people are
    """

    box: Floats
    helmet: Floats
    visibility: Floats
    helmet_visibility: Floats
    foot: Floats
    depth: Floats
    people: NDArray[np.int16]
    velocity: NDArray[np.float32]


def look_at(
    pixels: Floats,
    depth: Floats,
    step: Floats,
    faces: Ints,
    is_helmet: NDArray[np.bool_],
    in_front: tuple[Floats, Floats, Ints],
    foot: tuple[Floats, Floats],
    size: tuple[int, int],
) -> Seen:
    """Draw everybody's mesh into a depth buffer.

    pixels (N, V, 2) and depth (N, V) of the vertices (NaN behind the camera), ``step`` (N, V, 2) how far they move
    while the shutter is open, ``is_helmet`` (F,) faces of the helmet, ``in_front`` pixels, depth and faces of what may
    hide people, ``foot`` pixels (N, 2) and depth (N,) of the points midway between the blades, size width and height.
    """
    width, height = size
    count = len(pixels)
    buffer = np.full((height, width), np.inf, np.float32)
    people = np.full((height, width), NOBODY, np.int16)
    helmet_mask = np.zeros((height, width), np.bool_)
    velocity = np.zeros((height, width, 2), np.float32)
    whole = np.zeros((count, 2))
    hidden_pixels, hidden_depth, hidden_faces = in_front
    if len(hidden_faces):
        _hide_kernel(hidden_pixels, hidden_depth, hidden_faces, buffer, people)
    scratch = np.zeros((height, width), np.int32)
    _draw_kernel(pixels, depth, step, faces, is_helmet, buffer, people, helmet_mask, velocity, whole, scratch)
    seen = np.zeros((count, 2))
    _count_kernel(people, helmet_mask, seen)
    inside = _inside_share(pixels, size)
    box = _boxes(pixels, size)
    helmet_vertices = np.unique(faces[is_helmet])
    helmet = _boxes(pixels[:, helmet_vertices], size)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole > 0, seen / whole, 0.0)
    return Seen(
        box=box,
        helmet=helmet,
        visibility=np.where(np.isfinite(box[:, 0]), np.minimum(share[:, 0], 1.0) * inside, 0.0),
        helmet_visibility=np.where(np.isfinite(helmet[:, 0]), np.minimum(share[:, 1], 1.0), 0.0),
        foot=_seen_feet(*foot, people, size),
        depth=foot[1],
        people=people,
        velocity=velocity,
    )


def _seen_feet(foot: Floats, depth: Floats, people: NDArray[np.int16], size: tuple[int, int]) -> Floats:
    """NaN for those outside the picture or hidden by what is nobody; behind another racer they count as seen."""
    with np.errstate(invalid="ignore"):
        inside = np.asarray(((foot >= 0) & (foot < np.array(size))).all(axis=1) & (depth > 0))
    pixel = np.where(inside[:, None], foot, 0).astype(int)
    shown = inside & (people[pixel[:, 1], pixel[:, 0]] != BEFORE)
    return np.where(shown[:, None], foot, np.nan)


def _inside_share(pixels: Floats, size: tuple[int, int]) -> Floats:
    with np.errstate(invalid="ignore"):
        inside = np.asarray(((pixels >= 0) & (pixels < np.array(size))).all(axis=2))
    return np.asarray(inside.mean(axis=1))


def _boxes(pixels: Floats, size: tuple[int, int]) -> Floats:
    """(N, 4) x, y, width, height around the vertices, cut at the picture's edge; NaN where nothing is left."""
    behind = np.asarray(~np.isfinite(pixels[..., 0]).all(axis=1))
    known = np.where(behind[:, None, None], 0.0, pixels)
    low = np.clip(known.min(axis=1), 0, size)
    high = np.clip(known.max(axis=1), 0, size)
    box = np.concatenate([low, high - low], axis=1)
    box[behind | (box[:, 2] <= 0) | (box[:, 3] <= 0)] = np.nan
    return np.asarray(box)


@njit(cache=True, error_model="numpy")
def _hide_kernel(
    pixels: Floats, depth: Floats, faces: Ints, buffer: NDArray[np.float32], people: NDArray[np.int16]
) -> None:
    height, width = buffer.shape
    for f in range(faces.shape[0]):
        i, j, k = faces[f]
        ax, ay, bx, by, cx, cy = pixels[i, 0], pixels[i, 1], pixels[j, 0], pixels[j, 1], pixels[k, 0], pixels[k, 1]
        if not np.isfinite(ax + bx + cx):
            continue
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0:
            continue
        left, right = max(0, int(np.floor(min(ax, bx, cx)))), min(width - 1, int(np.ceil(max(ax, bx, cx))))
        top, bottom = max(0, int(np.floor(min(ay, by, cy)))), min(height - 1, int(np.ceil(max(ay, by, cy))))
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5, y + 0.5
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                w = 1.0 - u - v
                if u < 0.0 or v < 0.0 or w < 0.0:
                    continue
                z = 1.0 / (u / depth[i] + v / depth[j] + w / depth[k])
                if z < buffer[y, x]:
                    buffer[y, x] = z
                    people[y, x] = BEFORE


@njit(cache=True, error_model="numpy")
def _draw_kernel(
    pixels: Floats,
    depth: Floats,
    step: Floats,
    faces: Ints,
    is_helmet: NDArray[np.bool_],
    buffer: NDArray[np.float32],
    people: NDArray[np.int16],
    helmet_mask: NDArray[np.bool_],
    velocity: NDArray[np.float32],
    whole: Floats,
    scratch: Ints,
) -> None:
    # ``whole`` counts a person's (0) and a helmet's (1) pixels as if nobody else were there; ``scratch`` remembers
    # which pixels were counted: 2 * n + 1 for the person, 2 * n + 2 for its helmet as well
    height, width = buffer.shape
    for n in range(pixels.shape[0]):
        for f in range(faces.shape[0]):
            i, j, k = faces[f]
            ax, ay = pixels[n, i, 0], pixels[n, i, 1]
            bx, by = pixels[n, j, 0], pixels[n, j, 1]
            cx, cy = pixels[n, k, 0], pixels[n, k, 1]
            if not np.isfinite(ax + bx + cx):
                continue
            area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
            if area == 0.0:
                continue
            left, right = max(0, int(np.floor(min(ax, bx, cx)))), min(width - 1, int(np.ceil(max(ax, bx, cx))))
            top, bottom = max(0, int(np.floor(min(ay, by, cy)))), min(height - 1, int(np.ceil(max(ay, by, cy))))
            for y in range(top, bottom + 1):
                for x in range(left, right + 1):
                    px, py = x + 0.5, y + 0.5
                    u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                    v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                    w = 1.0 - u - v
                    if u < 0.0 or v < 0.0 or w < 0.0:
                        continue
                    if scratch[y, x] <= 2 * n:
                        whole[n, 0] += 1
                        scratch[y, x] = 2 * n + 1
                    if is_helmet[f] and scratch[y, x] < 2 * n + 2:
                        whole[n, 1] += 1
                        scratch[y, x] = 2 * n + 2
                    z = 1.0 / (u / depth[n, i] + v / depth[n, j] + w / depth[n, k])
                    if z < buffer[y, x]:
                        buffer[y, x] = z
                        people[y, x] = n
                        helmet_mask[y, x] = is_helmet[f]
                        velocity[y, x, 0] = u * step[n, i, 0] + v * step[n, j, 0] + w * step[n, k, 0]
                        velocity[y, x, 1] = u * step[n, i, 1] + v * step[n, j, 1] + w * step[n, k, 1]


@njit(cache=True, error_model="numpy")
def _count_kernel(people: NDArray[np.int16], helmet_mask: NDArray[np.bool_], seen: Floats) -> None:
    for y in range(people.shape[0]):
        for x in range(people.shape[1]):
            n = people[y, x]
            if n >= 0:
                seen[n, 0] += 1
                if helmet_mask[y, x]:
                    seen[n, 1] += 1
