"""What lens, shutter and sensor make of a sharp picture: motion blur, exposure, noise, combing."""

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulation.camera import Camera

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]

SHUTTER = 0.5
"""Share of the time from picture to picture that the shutter is open."""
_SURE_COVER = 0.25
"""So much of a pixel has to be somebody's for its own colour to be taken, not that of the pixels around."""


def camera_step(camera: Camera, ahead: Camera) -> Floats:
    """(3, 3) homography of what stands still, pixels of ``camera`` to pixels of ``ahead``; both stand in one place."""
    return np.asarray(ahead.intrinsics @ ahead.rotation @ camera.rotation.T @ np.linalg.inv(camera.intrinsics))


def blur(sharp: Picture, people: NDArray[np.int16], velocity: NDArray[np.float32], step: Floats) -> Picture:
    """``sharp`` as an open shutter sees it.

    ``step`` is the homography by which all that stands still moves while the shutter is open, ``velocity`` (H, W, 2)
    by how many pixels the people do, where ``people`` (H, W) is 0 or more. Ground and people are blurred apart, each
    along its own way, and laid over each other, so that neither smears into the other.
    """
    height, width = people.shape
    people, velocity = people.copy(), velocity.copy()
    _edge_kernel(people, velocity)
    ground = (people < 0).astype(np.uint8)
    masked = sharp * ground[..., None]
    swept = _sweep(np.dstack([masked, 255 * ground]), step)
    around = cv2.blur(masked, (25, 25))
    share = cv2.blur(ground.astype(np.float32), (25, 25))
    paint = np.zeros((height, width, 3), np.float32)
    cover = np.zeros((height, width), np.float32)
    _smear_kernel(sharp, people, velocity, paint, cover)
    out = np.empty_like(sharp)
    # where a limb's pixels part, because they do not move alike, the ground is not seen between them
    filled = np.maximum(cover, cv2.medianBlur(cover, 3))
    _lay_kernel(swept, around, share, paint, cover, filled, out)
    return out


@njit(cache=True, error_model="numpy")
def _edge_kernel(people: NDArray[np.int16], velocity: NDArray[np.float32]) -> None:
    # pixels around people are of both colours, and go with the people: the ground would smear them out
    height, width = people.shape
    was = people.copy()
    for y in range(height):
        for x in range(width):
            if was[y, x] != -1:
                continue
            near, vx, vy = 0, np.float32(0.0), np.float32(0.0)
            for row in range(max(0, y - 1), min(height, y + 2)):
                for column in range(max(0, x - 1), min(width, x + 2)):
                    if was[row, column] >= 0:
                        near += 1
                        vx += velocity[row, column, 0]
                        vy += velocity[row, column, 1]
                        people[y, x] = max(people[y, x], was[row, column])
            if near:
                velocity[y, x, 0], velocity[y, x, 1] = vx / near, vy / near


def _sweep(layers: Picture, step: Floats) -> NDArray[np.float32]:
    """Sum (H, W, 4) over some moments of the camera's way of a picture without people and, as its fourth colour, of
    where there are none: picture and mask move in one go."""
    height, width = layers.shape[:2]
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height], [width / 2, height / 2]], np.float64)
    moved = cv2.perspectiveTransform(corners[None], step)[0]
    far = float(np.max(np.linalg.norm(moved - corners, axis=1)))
    taps = int(np.clip(np.ceil(far / 1.5), 1, 24))
    total = np.zeros((height, width, 4), np.float32)
    for share in (np.arange(taps) + 0.5) / taps - 0.5:
        part = np.eye(3) * (1 - share) + step / step[2, 2] * share
        if abs(share) * far < 0.2:
            shown = layers
        else:
            shown = cv2.warpPerspective(layers, part, (width, height), borderMode=cv2.BORDER_REPLICATE)
        cv2.accumulate(shown, total)
    return total


@njit(cache=True)
def _lay_kernel(
    swept: NDArray[np.float32],
    around: Picture,
    share: NDArray[np.float32],
    paint: NDArray[np.float32],
    cover: NDArray[np.float32],
    filled: NDArray[np.float32],
    out: Picture,
) -> None:
    # the ground's mean over the moments in which it was seen; never seen, what is around; people are laid over that
    one = np.float32(1.0)
    height, width = share.shape
    for y in range(height):
        for x in range(width):
            weight = swept[y, x, 3] / np.float32(255.0)
            known, over = min(weight, one), min(filled[y, x], one)
            seen = known / max(weight, np.float32(1e-3)) * (one - over)
            guessed = (one - known) / max(share[y, x], np.float32(0.02)) * (one - over)
            sure = cover[y, x] > _SURE_COVER or over == 0.0
            reach = 0 if sure else 1  # too little of its own colour: that of the pixels around
            top, bottom, left, right = max(0, y - reach), min(height, y + reach + 1), x - reach, x + reach + 1
            covered = cover[top:bottom, max(0, left) : right].sum() if reach else cover[y, x]
            painted = over / max(covered, np.float32(1e-3))
            for c in range(3):
                colour = paint[top:bottom, max(0, left) : right, c].sum() if reach else paint[y, x, c]
                value = swept[y, x, c] * seen + around[y, x, c] * guessed + colour * painted
                out[y, x, c] = np.uint8(min(max(value + np.float32(0.5), np.float32(0.0)), np.float32(255.0)))


@njit(cache=True, error_model="numpy")
def _smear_kernel(
    sharp: Picture,
    people: NDArray[np.int16],
    velocity: NDArray[np.float32],
    paint: NDArray[np.float32],
    cover: NDArray[np.float32],
) -> None:
    # every pixel of a person is spread evenly along its way, from half of it before to half of it after
    height, width = people.shape
    for y in range(height):
        for x in range(width):
            if people[y, x] < 0:
                continue
            vx, vy = velocity[y, x, 0], velocity[y, x, 1]
            taps = min(40, 1 + int(np.ceil(np.sqrt(vx * vx + vy * vy))))
            part = np.float32(1.0 / taps)
            for k in range(taps):
                share = (k + 0.5) / taps - 0.5
                column = int(np.floor(x + 0.5 + vx * share))
                row = int(np.floor(y + 0.5 + vy * share))
                if 0 <= column < width and 0 <= row < height:
                    cover[row, column] += part
                    for c in range(3):
                        paint[row, column, c] += part * sharp[y, x, c]


def sensor(picture: Picture, exposure: float, warmth: float, noise: float, rng: np.random.Generator) -> Picture:
    """``picture`` (BGR) a little brighter or darker, tinted, softly clipped and grainy; ``noise`` in grey levels."""
    height, width = picture.shape[:2]
    gain = np.array([1.0 - warmth, 1.0, 1.0 + warmth], np.float32) * np.float32(exposure)
    # chroma is coarser than luma, as after any video coding
    grain = rng.standard_normal((height, width), np.float32)
    tint = cv2.resize(rng.standard_normal((height // 2, width // 2, 3), np.float32), (width, height))
    out = np.empty_like(picture)
    _expose_kernel(picture, gain, grain, tint, np.float32(noise), out)
    return out


@njit(cache=True)
def _expose_kernel(
    picture: Picture,
    gain: NDArray[np.float32],
    grain: NDArray[np.float32],
    tint: NDArray[np.float32],
    noise: np.float32,
    out: Picture,
) -> None:
    # light above 225 is bent down, x - o^2 / (o + 60) with o = x - 225
    height, width = grain.shape
    for y in range(height):
        for x in range(width):
            for c in range(3):
                value = np.float32(picture[y, x, c]) * gain[c]
                over = max(value - np.float32(225.0), np.float32(0.0))
                value -= over * over / (over + np.float32(60.0))
                value += noise * (grain[y, x] + np.float32(0.5) * tint[y, x, c])
                out[y, x, c] = np.uint8(min(max(value, np.float32(0.0)), np.float32(255.0)))


def comb(picture: Picture, before: Picture) -> Picture:
    """Every other line from the picture before: interlaced video shown as it came."""
    combed = picture.copy()
    combed[1::2] = before[1::2]
    return combed
