"""Motions told by four numbers: against homographies, and there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vision.made_hall import look, make_hall
from vision.turning import bridge, chain, read_motion, step_between, turn_back_of, turn_of

angles = st.floats(-0.08, 0.08)


@given(
    pan=st.floats(-0.8, 0.8), turns=st.lists(st.tuples(angles, angles, st.floats(-0.05, 0.05)), min_size=1, max_size=5)
)
def test_a_chain_of_steps_leads_to_where_they_were_taken(pan, turns):
    rotation, focal = [look(pan, 0.2)], [900.0]
    steps = [np.zeros(4)]
    tilt = 0.2
    for right, down, zoom in turns:
        pan, tilt = pan + right, tilt + down
        rotation.append(look(pan, tilt))
        focal.append(focal[-1] * np.exp(zoom))
        step = np.empty(4)
        step_between(rotation[-2], focal[-2], rotation[-1], focal[-1], -3000.0, step)
        steps.append(step)
    rotation, focal, steps = np.array(rotation), np.array(focal), np.array(steps)
    turned, zoomed = np.empty_like(rotation), np.empty_like(focal)
    chain(rotation[0], focal[0], steps, -3000.0, turned, zoomed)
    assert turned == pytest.approx(rotation, abs=1e-4)
    assert zoomed == pytest.approx(focal, rel=1e-3)
    turn, back = np.empty((3, 3)), np.empty((3, 3))
    for n in range(1, len(steps)):
        length = turn_of(steps[n], focal[n - 1], -3000.0, turn)
        assert turn_back_of(steps[n], length, -3000.0, back) == pytest.approx(focal[n - 1], rel=1e-6)
        assert back == pytest.approx(turn.T, abs=1e-6)


def test_homographies_say_what_the_cameras_did():
    seen, poses, _ = make_hall(count=20)
    steps, sd = read_motion(seen.frames.motion, seen.frames.motion_quality, 640, 360)
    step = np.empty(4)
    for n in range(1, 20):
        step_between(poses.rotation[n - 1], poses.focal_px[n - 1], poses.rotation[n], poses.focal_px[n], 0.0, step)
        assert steps[n] == pytest.approx(step, abs=1e-6)
    assert np.isnan(steps[0]).all()
    assert (sd[1:] > 0).all()


def stretches(known, shots):
    steps = np.where(np.asarray(known, bool)[:, None], np.array([3.0, 0.0, 0.0, 0.0]), np.nan)
    filled, _, stretch = bridge(steps, np.full(len(steps), 0.3), np.asarray(shots))
    return filled, stretch


def test_short_gaps_are_bridged_and_long_ones_part():
    known = np.ones(80, bool)
    known[[0, 10, 11]] = False
    known[30:50] = False
    filled, stretch = stretches(known, np.zeros(80, int))
    assert (stretch[:30] == 0).all()
    assert filled[10:12] == pytest.approx(np.tile([3.0, 0, 0, 0], (2, 1)))
    assert set(stretch[50:]) == {1}
    assert (stretch[30:49] == -1).all()


def test_shots_part():
    known = np.ones(40, bool)
    known[[0, 20]] = False
    _, stretch = stretches(known, np.repeat([4, 5], 20))
    assert list(np.unique(stretch[:20])) == [0]
    assert list(np.unique(stretch[20:])) == [1]


def test_a_graphic_followed_at_the_start_of_a_shot_is_left_out():
    steps = np.tile([20.0, 0, 0, 0], (60, 1))
    steps[0], steps[1:5, 0] = np.nan, 0.2
    _, _, stretch = bridge(steps, np.full(60, 0.3), np.zeros(60, int))
    assert (stretch[5:] == stretch[5]).all()
    assert stretch[5] != -1
    assert not (stretch[:4] == stretch[5]).any()
