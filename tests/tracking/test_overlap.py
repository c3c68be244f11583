"""Boxes of people who overlap: the smoothing against all equations solved at once, and scenes with known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking.scenes import FPS, crossing, scene
from tracking.field import track_field
from tracking.overlap import (
    EDGE_SD,
    GROWING,
    LEAP_SD,
    OVERLAP,
    TURNING,
    find_apart,
    lay_out,
    settle,
    settle_boxes,
    smooth,
)

REST = np.eye(3)


def naive_smooth(place, spread, time_s, unknown):
    """Middle, velocity and length at all times as one least-squares problem."""
    n = len(time_s)
    precision, right = np.zeros((3 * n, 3 * n)), np.zeros(3 * n)
    first = np.diag([1e-4, 1e-2, 1.0])
    precision[:3, :3] += first
    right[:3] += first @ [0.0, 0.0, 1.0]
    for t in range(1, n):
        dt = time_s[t] - time_s[t - 1]
        noise = np.diag([LEAP_SD**2 * unknown[t], 0.0, GROWING**2 * dt])
        noise[:2, :2] += TURNING**2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        step = np.hstack([-np.array([[1.0, dt, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), np.eye(3)])
        precision[3 * t - 3 : 3 * t + 3, 3 * t - 3 : 3 * t + 3] += step.T @ np.linalg.solve(noise, step)
    for t in range(n):
        for side in range(2):
            if np.isfinite(spread[t, side]):
                look = np.array([1.0, 0.0, side - 0.5])
                precision[3 * t : 3 * t + 3, 3 * t : 3 * t + 3] += np.outer(look, look) / spread[t, side]
                right[3 * t : 3 * t + 3] += look * place[t, side] / spread[t, side]
    state = np.linalg.solve(precision, right).reshape(n, 3)
    return np.column_stack([state[:, 0] - state[:, 2] / 2, state[:, 0] + state[:, 2] / 2])


@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_smoothing_is_the_least_squares_solution(n, seed):
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.uniform(0.02, 0.1, n))
    place = np.sort(rng.normal(0.0, 1.0, (n, 2)), axis=1)
    spread = rng.uniform(0.01, 0.5, (n, 2))
    spread[rng.random((n, 2)) < 0.3] = np.inf
    spread[0] = 0.1
    unknown = rng.random(n) < 0.2
    found = np.empty((n, 2))
    smooth(place, spread, time_s, unknown, found)
    np.testing.assert_allclose(found, naive_smooth(place, spread, time_s, unknown), atol=1e-5)


def naive_apart(box, seen):
    steps, people = seen.shape
    apart = seen.copy()
    for t in range(steps):
        for i in range(people):
            for j in range(people):
                low = np.maximum(box[t, i, :2], box[t, j, :2])
                high = np.minimum(box[t, i, :2] + box[t, i, 2:], box[t, j, :2] + box[t, j, 2:])
                area = np.minimum(box[t, i, 2:].prod(), box[t, j, 2:].prod())
                if i != j and np.clip(high - low, 0, None).prod() > OVERLAP * area:  # False with NaN
                    apart[t, i] = False
    return apart


def test_who_is_apart():
    rng = np.random.default_rng(4)
    box = np.concatenate([rng.uniform(0, 60, (200, 3, 2)), rng.uniform(1, 40, (200, 3, 2))], axis=2)
    seen = rng.random((200, 3)) < 0.7
    box[rng.random((200, 3)) < 0.2] = np.nan
    seen &= ~np.isnan(box[..., 0])
    expected = naive_apart(box, seen)
    assert 50 < expected.sum() < seen.sum()
    np.testing.assert_array_equal(find_apart(box, seen), expected)


def test_a_still_background_has_places_that_do_not_move():
    """Something painted on the ice, seen by a camera that pans and zooms."""
    frames, painted = 20, np.array([40.0, 20.0])
    step = np.array([[1.02, 0.0, -9.0], [0.0, 1.02, 4.0], [0.0, 0.0, 1.0]])
    warp = np.tile(step, (frames, 1, 1))
    box = np.empty((frames, 4))
    place, size = painted, 30.0
    for t in range(frames):
        if t:
            place, size = (step @ [*place, 1.0])[:2], 1.02 * size
        box[t] = [*(place - size / 2), size, size]
    unit, origin = np.ones(frames), np.zeros((frames, 2))
    lay_out(box, warp, 0, frames, unit, origin)
    centre = box[:, :2] + box[:, 2:] / 2
    there = (centre - origin) / unit[:, None]
    np.testing.assert_allclose(there, np.tile(there[0], (frames, 1)), atol=1e-9)
    np.testing.assert_allclose(box[:, 3] / unit, 1.0)


def true_boxes(paths, width=60.0, height=100.0):
    """(F, R, 4) of people who walk along ``paths`` (R, F, 2)."""
    middle = paths.swapaxes(0, 1)
    size = np.broadcast_to([width, height], middle.shape)
    return np.concatenate([middle - size / 2, size], axis=2)


def overlap_of(a, b):
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    return shared / (a[..., 2:].prod(axis=-1) + b[..., 2:].prod(axis=-1) - shared)


def follow(table, frames, motion=None):
    numbers = np.arange(1, frames + 1, dtype=np.int32)
    seed = np.flatnonzero(table.frame == 1)
    time_s, shot, picture = (numbers - 1) / FPS, np.zeros(frames, np.int32), (1280, 720)
    return settle(
        track_field(table, numbers, time_s, motion, shot, seed, picture), numbers, time_s, motion, shot, picture
    )


def boxes_of(tracks, frames, people):
    box = np.full((frames, people, 4), np.nan)
    box[tracks.frame - 1, tracks.id - 1] = tracks.box
    return box


def test_one_box_around_two_is_shared_out():
    """For ten pictures and more the detector draws one box around both: each is where he is nevertheless."""
    paths = crossing()
    table, who = scene(paths, merge_px=40.0)
    merged = np.unique(table.frame[who == -1]) - 1
    assert len(merged) >= 10
    table_boxes = table.box[who == -1]
    truth = true_boxes(paths)
    as_detected = overlap_of(np.repeat(table_boxes[:, None], 2, axis=1), truth[merged])
    assert as_detected.min() < 0.6
    found = boxes_of(follow(table, 60), 60, 2)
    assert overlap_of(found, truth)[merged].min() > 0.8


def test_who_is_half_hidden_is_whole():
    """Of the one behind only the upper part is seen while the other is before him."""
    paths = crossing(speeds=(200.0, 200.0), start=(300.0, 320.0), y=(300.0, 340.0))
    truth = true_boxes(paths)
    box, seen = truth.copy(), np.ones((60, 2), bool)
    box[:, 1, 0] += np.where((np.arange(60) < 20) | (np.arange(60) >= 40), 200.0, 0.0)  # apart before and after
    truth[:, 1] = box[:, 1]
    short = slice(26, 34)
    box[short, 0, 3] = 45.0
    time_s = np.arange(60) / FPS
    score = np.full((60, 2), 0.9)
    score[short, 0] = 0.3
    warp, never = np.tile(REST, (60, 1, 1)), np.zeros(60, bool)
    found = settle_boxes(box, score, seen, time_s, warp, never, never, (1280, 720))
    assert overlap_of(box, truth)[short, 0].max() < 0.5
    assert overlap_of(found, truth)[short, 0].min() > 0.85


def test_boxes_that_nobody_touches_stay_as_they_were_detected():
    paths = crossing(y=(100.0, 400.0))
    table, _ = scene(paths, noise=4.0)
    tracks = follow(table, 60)
    assert tracks.seen.all()
    np.testing.assert_array_equal(tracks.box, table.box[tracks.detection])


def test_the_camera_makes_no_difference():
    paths = crossing(start=(600.0, 520.0))
    table, _ = scene(paths, merge_px=40.0)
    shift = -8.0 * (table.frame - 1.0)
    moved = type(table)(table.frame, table.box + np.outer(shift, [1, 0, 0, 0]), table.score)
    motion = np.tile(REST, (60, 1, 1))
    motion[1:, 0, 2] = -8.0
    at_rest, panned = follow(table, 60), follow(moved, 60, motion)
    np.testing.assert_array_equal(at_rest.id, panned.id)
    back = panned.box + np.outer(8.0 * (panned.frame - 1.0), [1, 0, 0, 0])
    np.testing.assert_allclose(back, at_rest.box, atol=0.5)


def test_a_body_cut_by_the_picture_s_edge_does_not_shrink():
    """Two overlap while one of them goes out over the edge: his inner edge stays where it is seen."""
    frames = 30
    x = 1150.0 + 4.0 * np.arange(frames)
    whole = np.empty((frames, 2, 4))
    whole[:, 0] = np.column_stack([x, np.full(frames, 300.0), np.full(frames, 60.0), np.full(frames, 100.0)])
    whole[:, 1] = whole[:, 0] + [-30.0, 10.0, 0.0, 0.0]
    box = whole.copy()
    box[..., 2] = np.minimum(whole[..., 0] + whole[..., 2], 1280.0) - whole[..., 0]
    every, never = np.ones((frames, 2), bool), np.zeros(frames, bool)
    score, warp = np.full((frames, 2), 0.9), np.tile(REST, (frames, 1, 1))
    found = settle_boxes(box, score, every, np.arange(frames) / FPS, warp, never, never, (1280, 720))
    assert (found[..., 0] + found[..., 2]).max() <= 1280.0
    np.testing.assert_allclose(found[..., 0], box[..., 0], atol=100 * EDGE_SD)


@pytest.mark.parametrize("known", [True, False])
def test_a_leap_of_the_camera_that_nobody_measured(known):
    """The picture jumps by a third of a body: with the motion said to be unknown boxes follow at once."""
    frames, leap = 30, 33.0
    box = true_boxes(np.array([[[300.0 + 4.0 * t, 300.0] for t in range(frames)]] * 2))
    box[:, 1] += [25.0, 5.0, 0.0, 0.0]
    box[15:, :, 0] += leap
    every, never = np.ones((frames, 2), bool), np.zeros(frames, bool)
    unknown = never.copy()
    unknown[15] = not known
    score, warp = np.full((frames, 2), 0.9), np.tile(REST, (frames, 1, 1))
    found = settle_boxes(box, score, every, np.arange(frames) / FPS, warp, unknown, never, (1280, 720))
    off = np.abs(found[14:16, :, 0] - box[14:16, :, 0]).max()
    assert (off > 5.0) if known else (off < 5.0)
