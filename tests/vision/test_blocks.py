"""Which block of the track a box is, against loops over all of them."""

import numpy as np
import pytest

from race.rink import Rink
from tests.vision.made_hall import SIZE, block_boxes, make_hall
from vision.blocks import MIDDLE, join_blocks, lie_elsewhere, match, see_blocks

SHIFT_M = 0.5
STILL = Rink().blocks


@pytest.fixture(scope="module")
def seen():
    """Poses of some pictures, and boxes of blocks in them with the number of each box's picture."""
    _, poses, _ = make_hall(count=120, edges=False)
    blocks = block_boxes(poses, STILL + np.array([SHIFT_M, 0.0]), np.random.default_rng(1))
    return poses, blocks.frame.astype(np.int64) - 1, blocks.box


def naive(poses, frame, box, reach_m):
    """(picture, block) of every box that is near enough to one."""
    out = []
    for n, (x, y, w, h) in zip(frame, box, strict=True):
        at = poses.to_ice(n, [[x + w / 2, y + MIDDLE * h]])[0][0]
        off = [np.hypot(*(at - block - np.array([SHIFT_M, 0.0]))) for block in STILL]
        if min(off) < reach_m:
            out.append((n, int(np.argmin(off))))
    return out


@pytest.mark.parametrize(("window", "reach_m"), [(14.0, 1.4), (10.0, 1.0), (4.0, 0.8)])
@pytest.mark.parametrize("off_px", [0.0, 12.0, 40.0])
def test_the_nearest_block_within_reach(seen, window, reach_m, off_px):
    poses, frame, box = seen
    moved = box + np.array([off_px, 0.0, 0.0, 0.0])
    got, pixel, place, moves, sd, reach = match(frame, moved, poses, STILL, SHIFT_M, window)
    block = [int(np.linalg.norm(STILL - xyz[:2], axis=1).argmin()) for xyz in place]
    assert list(zip(got.tolist(), block, strict=True)) == naive(poses, frame, moved, reach_m)
    assert len({len(got), len(pixel), len(moves), len(sd), len(reach)}) == 1
    assert (moves == 1).all() and (sd[:, 0] > sd[:, 1]).all() and (sd > 1).all() and (reach > sd[:, 0]).all()
    assert not place[:, 2].any()


def test_with_a_wide_window_no_block_is_told_from_the_next(seen):
    poses, frame, box = seen
    assert len(match(frame, box, poses, STILL, SHIFT_M, 20.0)[0]) == 0


def test_what_is_far_wider_than_a_block_is_none(seen):
    poses, frame, box = seen
    wide = box * np.array([1, 1, 12, 1]) - box[:, 2:3] * np.array([5.5, 0, 0, 0])
    assert len(match(frame, wide, poses, STILL, SHIFT_M, 5.0)[0]) == 0


def test_blocks_elsewhere_are_told_once_there_are_enough(seen):
    poses, frame, box = seen
    aside = box + np.array([0.0, 90.0, 0.0, 0.0])
    assert not lie_elsewhere(frame, box, poses, STILL, SHIFT_M)
    assert lie_elsewhere(frame, aside, poses, STILL, SHIFT_M)
    assert not lie_elsewhere(frame[:5], aside[:5], poses, STILL, SHIFT_M)
    above = box - np.array([0.0, 2 * SIZE[1], 0.0, 0.0])  # over the horizon
    assert lie_elsewhere(frame, above, poses, STILL, SHIFT_M)


def test_people_graphics_and_the_unsure_are_left_out():
    box = np.array([[100.0, 100, 10, 6], [200, 100, 10, 6], [300, 100, 10, 6], [400, 100, 10, 6]])
    people, graphics = np.array([[190.0, 50, 40, 100]]), np.zeros((360, 640), bool)
    graphics[95:110, 295:320] = True
    found = see_blocks(7, box, np.array([0.9, 0.9, 0.9, 0.1]), people, graphics)
    assert found.box.tolist() == box[:1].tolist()
    assert found.frame.tolist() == [7]
    assert len(see_blocks(7, box, np.full(4, 0.9), np.empty((0, 4)), None)) == 4
    assert len(see_blocks(7, np.empty((0, 4)), np.empty(0), people, graphics)) == 0
    assert join_blocks([found, found]).frame.tolist() == [7, 7]
    assert len(join_blocks([])) == 0
