"""What those who skate together have in common."""

import numpy as np
import pytest

from tests.tracking.naive import smooth_common
from tracking.pack import SHARED, pack_motion, smooth_in_time, usual
from tracking.person import HypothesisSettings, costs_of, predict

FPS, HEIGHT = 25.0, 50.0


def people(velocity, offsets, frames, noise=0.0, seed=0):
    """Boxes of people at ``offsets`` who all move with ``velocity(time_s)``, pixels per second; rows by frame."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(frames) / FPS
    middle = np.cumsum(np.stack([velocity(t) for t in time_s]) / FPS, axis=0)
    place = middle[:, None] + offsets + rng.normal(0, noise, (frames, len(offsets), 2))
    box = np.concatenate([place, np.broadcast_to([0.4 * HEIGHT, HEIGHT], place.shape)], axis=2).reshape(-1, 4)
    rows = [np.arange(k, len(box), len(offsets)) for k in range(len(offsets))]
    return rows, box, np.repeat(np.arange(frames), len(offsets)), time_s


def circle(t):
    return 400.0 * np.array([np.cos(0.8 * t), np.sin(0.8 * t)])


def still(frames):
    return np.tile(np.eye(3), (frames, 1, 1)), np.zeros(frames, np.int32)


def test_those_who_turn_together_have_the_velocity_and_its_change_in_common():
    rows, box, frame, time_s = people(circle, np.array([[0, 0], [80, 10], [-90, 5], [30, 40]]), 100, noise=0.5)
    pack = pack_motion(rows, box, frame, time_s, *still(100))
    true = np.stack([circle(t) for t in time_s]) / HEIGHT
    inner = slice(20, 80)
    np.testing.assert_allclose(pack[inner, :2], true[inner], atol=0.3)
    np.testing.assert_allclose(pack[inner, 2:], SHARED * np.gradient(true, axis=0)[inner], atol=0.05)


def test_who_stands_beside_them_and_who_falls_out_of_line_do_not_count():
    rows, box, frame, time_s = people(circle, np.array([[0, 0], [80, 10], [-90, 5], [30, 40]]), 60)
    alone = pack_motion(rows, box, frame, time_s, *still(60))
    standing = np.tile([500.0, 200.0, 20.0, HEIGHT], (60, 1))
    odd = np.column_stack([900.0 - 300.0 * time_s, np.full(60, 50.0), np.full(60, 20.0), np.full(60, HEIGHT)])
    n = len(box)
    box = np.concatenate([box, standing, odd])
    frame = np.concatenate([frame, np.arange(60), np.arange(60)])
    rows = [*rows, np.arange(n, n + 60), np.arange(n + 60, n + 120)]
    np.testing.assert_allclose(pack_motion(rows, box, frame, time_s, *still(60))[:, :2], alone[:, :2], atol=1e-9)


def test_the_camera_is_taken_out():
    rows, box, frame, time_s = people(circle, np.array([[0, 0], [80, 10], [-90, 5]]), 60)
    alone = pack_motion(rows, box, frame, time_s, *still(60))
    warp, shot = still(60)
    warp[1:, 0, 2] = -11.0
    moved = box.copy()
    moved[:, 0] -= 11.0 * frame
    np.testing.assert_allclose(pack_motion(rows, moved, frame, time_s, warp, shot), alone, atol=1e-9)


@pytest.mark.parametrize("present", [0, 2])
def test_of_too_few_nothing_is_told(present):
    rows, box, frame, time_s = people(circle, np.array([[0, 0], [80, 10]]), 30)
    assert not pack_motion(rows[:present], box, frame, time_s, *still(30)).any()


def test_nothing_is_carried_over_a_cut():
    rows, box, frame, time_s = people(circle, np.array([[0, 0], [80, 10], [-90, 5]]), 60)
    warp, shot = still(60)
    shot[30:] = 1
    pack = pack_motion(rows, box, frame, time_s, warp, shot)
    assert not pack[30, 2:].any()
    half = [r[frame[r] < 30] for r in rows]
    np.testing.assert_allclose(pack[:30], pack_motion(half, box, frame, time_s, warp, shot)[:30])


def test_smoothing_is_as_the_formula_says():
    rng = np.random.default_rng(3)
    time_s = np.cumsum(rng.uniform(0.01, 0.3, 80))
    shot = np.repeat(np.array([0, 1, 2], np.int32), [30, 20, 30])
    common = rng.normal(0, 5, (80, 2))
    common[rng.random(80) < 0.4] = np.nan
    common[35:45] = np.nan
    pack = np.zeros((80, 4))
    smooth_in_time(common, time_s, shot, pack)
    np.testing.assert_allclose(pack, smooth_common(common, time_s, shot), atol=1e-12)


def test_one_who_is_far_off_hardly_moves_what_is_usual():
    values = np.array([[1.0, 0.0], [1.1, 0.1], [0.9, -0.1], [1.0, 0.0], [40.0, -40.0]])
    np.testing.assert_allclose(usual(values), [1.0, 0.0], atol=0.1)


def test_who_moves_with_them_turns_with_them_and_who_stands_does_not():
    cost = costs_of(HypothesisSettings())
    pack = np.array([8.0, 0.0, 0.0, 0.5])
    with_them = np.array([100.0, 100.0, 20.0, HEIGHT, 7 * HEIGHT, 0.0, 0.01, 0.0, 0.1, 0.0, 0.9])
    standing = with_them.copy()
    standing[4] = 0.0
    for one in (with_them, standing):
        predict(one, np.eye(3), 0.04, pack, cost)
    assert with_them[5] == pytest.approx(0.5 * HEIGHT)
    assert with_them[1] == pytest.approx(100 + 0.04 * 0.5 * HEIGHT)
    assert standing[4] == standing[5] == 0.0
