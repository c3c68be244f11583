"""The filters against the textbook's matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking.kalman import NOISE_SHAPE, TRACK, UNSURE, begin, correct, place, predict, slopes, warp
from tracking.settings import Settings, as_record

BOX = np.array([100.0, 200.0, 40.0, 100.0])
RECORD = as_record(Settings())
S = Settings()


def fresh() -> np.void:
    track = np.zeros(1, TRACK)
    begin(track[0], BOX, 0.9, 0.0, RECORD[0])
    return track[0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.5, 1.0)), min_size=1, max_size=8), st.floats(0.01, 0.1))
def test_four_small_filters_are_the_matrix_filter(moves: list[tuple[float, float]], dt: float) -> None:
    track = fresh()
    mean = np.array([120.0, 0.0])
    covariance = np.diag([(S.noise * 100) ** 2, (S.first_speed * 100) ** 2])
    x, last, time = 100.0, 120.0, 0.0
    for move, score in moves:
        x, time = x + move, time + dt
        push, wander = S.acceleration * track["mean"][3], S.wander * track["mean"][3]
        transition = np.array([[1.0, dt], [0.0, 1.0]])
        noise = push**2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]]) + np.diag([wander**2 * dt, 0.0])
        mean, covariance = transition @ mean, transition @ covariance @ transition.T + noise
        predict(track, dt, RECORD[0])
        assert track["mean"][0] == pytest.approx(mean[0])
        r = (NOISE_SHAPE[0] * S.noise * 100) ** 2 * (1 + UNSURE * (1 - score))
        gain = covariance[:, 0] / (covariance[0, 0] + r)
        mean = mean + gain * (x + 20 - mean[0])
        covariance = covariance - np.outer(gain, covariance[0])
        correct(track, np.array([x, 200.0, 40.0, 100.0]), score, time, dt, RECORD[0])
        last = x + 20
        np.testing.assert_allclose([track["mean"][0], track["rate"][0]], mean, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(
            [track["var"][0], track["cov"][0], track["rate_var"][0]],
            covariance[[0, 0, 1], [0, 1, 1]],
            rtol=1e-6,
            atol=1e-9,
        )
    assert track["last"][0] == last


def test_the_velocity_after_a_gap_is_that_between_the_detections() -> None:
    track = fresh()
    for _ in range(5):
        predict(track, 0.1, RECORD[0])
    correct(track, BOX + np.array([30.0, 0.0, 0.0, 0.0]), 0.9, 0.5, 0.1, RECORD[0])
    assert track["rate"][0] == pytest.approx(60.0)
    assert track["mean"][0] == pytest.approx(150.0)


def test_a_box_neither_vanishes_nor_explodes() -> None:
    for rate in (-1e4, 1e4):
        track = fresh()
        track["rate"][2:] = rate
        predict(track, 1.0, RECORD[0])
        assert (track["mean"][2:] >= 0.3 * BOX[2:]).all()
        assert (track["mean"][2:] <= 3 * BOX[2:]).all()


def test_the_camera_moves_means_and_variances() -> None:
    track = fresh()
    track["rate"][:2] = [10.0, 0.0]
    turn = np.array([[0.0, -2.0, 5.0], [2.0, 0.0, 7.0], [0.0, 0.0, 1.0]])  # a quarter turn, twice as large
    var = track["var"].copy()
    warp(track, turn)
    np.testing.assert_allclose(track["mean"], [-2 * 250 + 5, 2 * 120 + 7, 80, 200])
    np.testing.assert_allclose(track["last"], track["mean"])
    np.testing.assert_allclose(track["rate"][:2], [0.0, 20.0], atol=1e-12)
    np.testing.assert_allclose(track["var"], 4 * var[[1, 0, 2, 3]])


@settings(max_examples=50, deadline=None)
@given(st.floats(-50, 50), st.floats(-50, 50))
def test_slopes_are_the_derivatives_of_the_homography(x: float, y: float) -> None:
    m = np.array([[1.1, 0.2, 3.0], [-0.1, 0.9, 4.0], [1e-3, -5e-4, 1.0]])
    step = 1e-5
    along = [
        (np.array(place(m, x + dx, y + dy)) - place(m, x - dx, y - dy)) / (2 * step)
        for dx, dy in ((step, 0), (0, step))
    ]
    np.testing.assert_allclose(
        slopes(m, x, y), [along[0][0], along[1][0], along[0][1], along[1][1]], rtol=1e-4, atol=1e-6
    )
