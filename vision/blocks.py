"""The track's blocks: what the detector takes for them, and which of them each may be.

Seven blocks mark each corner. Nothing else that is seen from picture to picture lies with the track itself, and nothing
else tells where along a row of mats the camera looks. A black spot on the ice may as well be a skate or a hand: only
what lies near to where a block should be counts, and that it does so in many pictures.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from race.observations import Blocks, no_blocks
from race.poses import Poses

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LEAST_SCORE = 0.15
WIDE_M = 0.06, 0.5
MIDDLE = 0.86
"""Of a block's box, downwards, where the middle of its foot is seen."""
SD_PX, SD_M = 1.0, 0.15
"""Of where it is seen, and of where it lies, which is the same error in many pictures."""
REACH, LEAST_M, MOST_M = 0.1, 0.8, 1.5
"""m for every pixel of the window in which edges are looked for, at least and at most, that a block may be off."""
ENOUGH, MOST = 10, 0.5
"""So many are needed to tell a camera by, and such a share of them has to lie where blocks are."""
WIDEST = 14.0
"""Pixels: with a wider window cameras are not known well enough yet to tell one block from the next."""


def see_blocks(number: int, box: Floats, score: Floats, people: Floats, graphics: Mask | None) -> Blocks:
    """Those found in picture ``number``, boxes (m, 4 tlwh) and scores (m,), that are sure enough and not within
    ``people`` (n, 4) or ``graphics``, of the picture's size."""
    middle = box[:, :2] + box[:, 2:] / 2
    ahead, behind = middle[:, None] - people[:, :2], people[:, :2] + people[:, 2:] - middle[:, None]  # (m, n, 2)
    free = (score >= LEAST_SCORE) & ~np.any(np.minimum(ahead, behind).min(axis=2) >= 0, axis=1)
    if graphics is not None:
        x, y = middle.astype(int).T
        free &= ~graphics[np.clip(y, 0, graphics.shape[0] - 1), np.clip(x, 0, graphics.shape[1] - 1)]
    return Blocks(np.full(int(free.sum()), number, np.int32), box[free], score[free])


def join_blocks(parts: Sequence[Blocks]) -> Blocks:
    columns = ([getattr(part, name) for part in [no_blocks(), *parts]] for name in ("frame", "box", "score"))
    return Blocks(*(np.concatenate(column) for column in columns))


def match(
    frame: Ints, box: Floats, poses: Poses, blocks: Floats, shift_m: float, window: float
) -> tuple[Ints, Floats, Floats, Floats, Floats, Floats]:
    """The blocks of the track that boxes (n, 4) in pictures ``frame`` (n,) are, as points for ``terms.add_points``.

    Of m of them: frame, pixel (m, 2), place (m, 3) where the track is not shifted, 1 since it moves with the shift,
    standard deviation (m, 2) across and down, and window, pixels. ``blocks`` (B, 2) are where they lie without a shift.
    """
    reach_m = min(max(REACH * window, LEAST_M), MOST_M) if window <= WIDEST else 0.0
    nearest, off, per_m = _nearest(frame, box, poses, blocks, shift_m)
    good = off < reach_m
    place = np.column_stack([blocks[nearest[good]], np.zeros(int(good.sum()))])
    sd, reach = np.hypot(SD_PX, SD_M * per_m[good]), 2 * reach_m * per_m[good, 0]
    return frame[good], _feet(box)[good], place, np.ones(len(sd)), sd, reach


def lie_elsewhere(frame: Ints, box: Floats, poses: Poses, blocks: Floats, shift_m: float) -> bool:
    """Whether there are blocks enough to tell, and most lie where the track has none: another camera sees those."""
    _, off, _ = _nearest(frame, box, poses, blocks, shift_m)
    return bool(len(off) >= ENOUGH and (off < LEAST_M).mean() < MOST)


def _nearest(frame: Ints, box: Floats, poses: Poses, blocks: Floats, shift_m: float) -> tuple[Ints, Floats, Floats]:
    """Of boxes (n, 4): the nearest block (n,), how far off it is (n,), m, infinite where the box is not on the ice or
    not as wide as a block, and what a metre across and one away from the camera are there (n, 2), pixels."""
    away = max(poses.size)
    on_ice, _ = poses.to_ice(frame, np.clip(_feet(box), -away, 2 * away))
    ahead = on_ice - poses.position[frame, :2]
    high_m = poses.position[frame, 2]
    away_m = np.hypot(np.linalg.norm(ahead, axis=1), high_m)
    across = poses.focal_px[frame] / away_m
    off = np.linalg.norm(on_ice[:, None] - blocks - np.array([shift_m, 0.0]), axis=2)
    with np.errstate(invalid="ignore"):
        wide_m = box[:, 2] / across
        off[~((wide_m > WIDE_M[0]) & (wide_m < WIDE_M[1]))] = np.inf  # NaN is not
    return off.argmin(axis=1), off.min(axis=1), np.column_stack([across, across * high_m / away_m])


def _feet(box: Floats) -> Floats:
    return np.asarray(box[:, :2] + box[:, 2:] * np.array([0.5, MIDDLE]))
