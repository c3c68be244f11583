import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from race.paths import fit_paths, map_point, time_gaps

FRAMES = 40
TIME_S = np.arange(FRAMES) / 25.0
STILL = np.tile(np.eye(3), (FRAMES, 1, 1))
ONE_SHOT = np.zeros(FRAMES, np.int32)


def pan(px_per_frame):
    """Camera that pans: the background moves left by so much a frame; to the reference, and back."""
    to_reference = np.tile(np.eye(3), (FRAMES, 1, 1))
    to_reference[:, 0, 2] = px_per_frame * np.arange(FRAMES)
    return to_reference, np.linalg.inv(to_reference)


def fitted(foot, to_reference=STILL, from_reference=STILL, shot=ONE_SHOT, half_window_s=0.2):
    position, velocity, misfit = np.empty_like(foot), np.empty_like(foot), np.empty(foot.shape[:2])
    fit_paths(foot, TIME_S, to_reference, from_reference, shot, half_window_s, position, velocity, misfit)
    return position, velocity, misfit


@given(st.floats(-400, 400), st.floats(-50, 50), st.floats(-30, 30))
@settings(max_examples=25, deadline=None)
def test_even_motion_is_found_whatever_the_camera_does(speed_x, speed_y, camera_px):
    """On the ice x = 100 + speed * t; a panning camera sees it shifted."""
    on_ice = np.stack([100 + speed_x * TIME_S, 200 + speed_y * TIME_S], axis=-1)
    to_reference, from_reference = pan(camera_px)
    seen = on_ice - np.stack([camera_px * np.arange(FRAMES), np.zeros(FRAMES)], axis=-1)
    position, velocity, misfit = fitted(seen[None], to_reference, from_reference)
    np.testing.assert_allclose(position[0], seen, atol=1e-6)
    np.testing.assert_allclose(velocity[0], np.tile([speed_x, speed_y], (FRAMES, 1)), atol=1e-6)
    np.testing.assert_allclose(misfit[0], 0, atol=1e-3)


def naive_fit(foot, half_window_s):
    position, velocity, misfit = np.full_like(foot, np.nan), np.full_like(foot, np.nan), np.full(foot.shape[:2], np.nan)
    for r in range(len(foot)):
        for t in range(FRAMES):
            near = np.flatnonzero((np.abs(TIME_S - TIME_S[t]) <= half_window_s) & np.isfinite(foot[r, :, 0]))
            if len(near) >= 3 and near[0] <= t <= near[-1]:
                fit = np.polyfit(TIME_S[near] - TIME_S[t], foot[r, near], 1)
                velocity[r, t], position[r, t] = fit
                off = foot[r, near] - position[r, t] - np.outer(TIME_S[near] - TIME_S[t], velocity[r, t])
                misfit[r, t] = np.sqrt((off**2).sum(axis=1).mean())
    return position, velocity, misfit


def test_fit_agrees_with_polyfit_through_gaps():
    rng = np.random.default_rng(1)
    foot = rng.normal(0, 20, (2, FRAMES, 2)).cumsum(axis=1)
    foot[0, rng.random(FRAMES) < 0.4] = np.nan
    foot[1, 10:25] = np.nan
    position, velocity, misfit = fitted(foot, half_window_s=0.21)
    expected = naive_fit(foot, 0.21)
    np.testing.assert_allclose(position, expected[0], atol=1e-6)
    np.testing.assert_allclose(velocity, expected[1], atol=1e-6)
    np.testing.assert_allclose(misfit, expected[2], atol=1e-3)
    assert np.isnan(position[1, 15:20]).all()  # nothing is made up in the middle of a long gap


def test_another_shot_does_not_count():
    foot = np.stack([TIME_S * 100, TIME_S * 0], axis=-1)[None].copy()
    foot[0, 20:] += 500
    shot = np.repeat(np.array([0, 1], np.int32), 20)
    _, velocity, _ = fitted(foot, shot=shot)
    np.testing.assert_allclose(velocity[0, :, 0], 100, atol=1e-6)


def gaps_of(foot, **kwargs):
    position, velocity, _ = fitted(foot)
    height = np.full(foot.shape[:2], 50.0)
    gap = np.empty((len(foot), len(foot), FRAMES))
    settings_ = {"foreshortening": 0.2, "max_gap_s": 3.0, "max_side": 4.0} | kwargs
    time_gaps(position, velocity, height, TIME_S, STILL, STILL, ONE_SHOT, *settings_.values(), gap)
    return gap


def test_gap_of_two_on_a_line_is_distance_over_speed():
    first = np.stack([100 + 200 * TIME_S, np.full(FRAMES, 200.0)], axis=-1)
    second = first - [60.0, 2.0]  # 0.3 s behind, in a lane of its own
    gap = gaps_of(np.stack([first, second]))
    np.testing.assert_allclose(gap[0, 1, 10:], 0.3, atol=1e-6)
    assert np.isnan(gap[1, 0]).all()  # the one behind has not been where the other is
    assert np.isnan(gap[0, 1, :7]).all()  # and the trail begins only with the first picture


def test_the_other_straight_is_not_behind():
    first = np.stack([100 + 200 * TIME_S, np.full(FRAMES, 200.0)], axis=-1)
    opposite = np.stack([160 - 200 * TIME_S, np.full(FRAMES, 100.0)], axis=-1)  # 10 box heights away on the ice
    assert np.isnan(gaps_of(np.stack([first, opposite]))).all()


def test_gaps_round_a_bend_follow_the_trail():
    """On a circle the gap is the angle over the angular speed, not the distance along a straight."""
    angle = 1.2 * TIME_S
    circle = np.stack([100 * np.cos(angle), -100 * np.sin(angle)], axis=-1)
    behind = np.stack([100 * np.cos(angle - 0.6), -100 * np.sin(angle - 0.6)], axis=-1)
    gap = gaps_of(np.stack([circle, behind]), foreshortening=1.0, max_side=1.0)
    np.testing.assert_allclose(gap[0, 1, 18:-4], 0.5, atol=0.01)


def test_map_point_divides_by_the_third_coordinate():
    homography = np.array([[2.0, 0, 4], [0, 2, 6], [0, 0, 2]])
    assert map_point(homography, 1.0, 2.0) == pytest.approx((3.0, 5.0))
