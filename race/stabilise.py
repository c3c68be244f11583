"""The camera's motion taken out: frame-to-frame homographies chained within a shot to one frame of reference.

The error of a chain grows with the number of links, so that it is for comparing frames some seconds apart; products of
one frame's ``to_reference`` with the inverse of another's hold nothing of what happened before either.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

QUALITY_WIDTH = 640.0
"""``motion_quality`` is 1 / (1 + e^2), e pixels being the expected error of a background point in a picture so wide."""

MAX_BRIDGE = 15
"""Longest run of unknown motions, frames, that is bridged by the motions around it."""

BRIDGE_SD_PX = 3.0
"""How much the motion may change from frame to frame, pixels of a picture 640 wide: what bridging one frame costs."""


def chain(
    motion: Floats, quality: Floats, shot: NDArray[np.int32], width: int = int(QUALITY_WIDTH)
) -> tuple[Floats, Floats]:
    """Chain the motions of each shot.

    motion   (F, 3, 3) homographies, pixels of the picture before -> this one; NaN where unknown
    quality  (F,)      as in ``race.observations.Frames``; only read where the motion is known
    shot     (F,)      number of the shot, the same for neighbours of one shot
    width              of the picture, pixels

    Returns ``to_reference`` (F, 3, 3), determinant 1, pixels of each picture -> pixels of the first picture of its
    shot, and ``sd_px`` (F,), the standard deviation that a background point has gathered on the way. Of two frames
    j < k of one shot, the error between them is ``sqrt(sd_px[k]**2 - sd_px[j]**2)``.

    Up to ``MAX_BRIDGE`` unknown motions in a row are bridged by passing evenly from the motion before them to the one
    after. From a longer run on, or one without a motion on both sides, ``to_reference`` and ``sd_px`` are NaN up to the
    end of the shot; ``split_at_gaps`` makes two shots of such a one.
    """
    frames = len(motion)
    to_reference, sd_px = np.full((frames, 3, 3), np.nan), np.full(frames, np.nan)
    for start, end in _runs(shot):
        steps, variance = _bridged(motion[start + 1 : end], quality[start + 1 : end])
        to_reference[start], sd_px[start] = np.eye(3), 0.0
        for k, (step, added) in enumerate(zip(steps, variance, strict=True), start + 1):
            if np.isnan(step[0, 0]):
                break
            to_reference[k] = _unit(to_reference[k - 1] @ np.linalg.inv(step))
            sd_px[k] = np.sqrt(sd_px[k - 1] ** 2 + added * (width / QUALITY_WIDTH) ** 2)
    return to_reference, sd_px


def split_at_gaps(motion: Floats, shot: NDArray[np.int32]) -> NDArray[np.int32]:
    """Number the shots (F,) anew, from 0, so that a run of unknown motions that cannot be bridged ends a shot.

    Such runs are longer than ``MAX_BRIDGE`` or stand at a shot's beginning. What follows counts as a shot of its own,
    which begins with the run's last picture.
    """
    unknown = ~_known(motion)
    begins = np.zeros(len(shot), dtype=np.bool_)
    for start, end in _runs(shot):
        begins[start] = True
        for first, last in _runs(unknown[start + 1 : end]):
            if unknown[start + 1 + first] and (first == 0 or last - first > MAX_BRIDGE):
                begins[start + last] = True
    return np.asarray(np.cumsum(begins) - 1, dtype=np.int32)


def resting(motion: Floats, width: int, height: int, limit: float = 0.3 / QUALITY_WIDTH) -> NDArray[np.bool_]:
    """(F,) True where the camera rests: no corner of the picture moves more than ``limit`` picture widths a frame."""
    corners = np.array([[0.0, width, 0.0, width], [0.0, 0.0, height, height], [1.0, 1.0, 1.0, 1.0]])
    moved = motion @ corners  # (F, 3, 4)
    moved = moved[:, :2] / moved[:, 2:]
    far = np.linalg.norm(moved - corners[:2], axis=1).max(axis=1)  # (F,)
    return np.asarray(far <= limit * width)  # NaN compares False


def _known(motion: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(motion).all(axis=(1, 2)))


def _runs(values: NDArray[np.generic]) -> list[tuple[int, int]]:
    """The stretches [start, end) of equal ``values``."""
    if len(values) == 0:
        return []
    starts = [0, *(np.flatnonzero(values[1:] != values[:-1]) + 1).tolist()]
    return list(zip(starts, [*starts[1:], len(values)], strict=True))


def _bridged(motion: Floats, quality: Floats) -> tuple[Floats, Floats]:
    """The motions (n, 3, 3) with short unknown runs filled in, and the variance each adds (n,), 640-wide pixels."""
    known = _known(motion)
    steps = np.full(motion.shape, np.nan)
    steps[known] = [_unit(step) for step in motion[known]] if known.any() else np.empty((0, 3, 3))
    variance = 1.0 / np.clip(np.where(known, quality, 1.0), 0.01, 1.0) - 1.0
    for first, last in _runs(known):
        if known[first] or first == 0 or last == len(motion) or last - first > MAX_BRIDGE:
            continue
        for k in range(first, last):
            share = (k - first + 1) / (last - first + 1)
            steps[k] = _unit((1.0 - share) * steps[first - 1] + share * steps[last])
            variance[k] = (BRIDGE_SD_PX * min(k - first + 1, last - k)) ** 2  # a random walk from the nearest known
    return steps, variance


def _unit(homography: Floats) -> Floats:
    """The same homography with determinant 1."""
    return np.asarray(homography / np.cbrt(np.linalg.det(homography)))
