import numpy as np
import pytest

from race.smooth import ACCELERATION, LASTS_S, smooth, transition

SETTINGS = np.array(ACCELERATION), np.array(LASTS_S)


def smoothed(time_s, place, sd):
    state, covariance = np.empty((len(time_s), 6)), np.empty((len(time_s), 6, 6))
    spread = np.tile(np.diag([sd**2, sd**2]), (len(time_s), 1, 1))
    smooth(time_s, place, spread, *SETTINGS, state, covariance)
    return state, covariance


@pytest.mark.parametrize("dt", [0.02, 0.1, 0.3, 2.0])
def test_the_noise_is_that_of_many_small_steps(dt):
    """What the closed form says of one step is what small steps, each with its own noise, add up to."""
    f, q, small, noise = (np.zeros((3, 3)) for _ in range(4))
    transition(dt, 1.3, 0.7, f, q)
    transition(dt / 512, 1.3, 0.7, small, noise)
    total, way = np.zeros((3, 3)), np.eye(3)
    for _ in range(512):
        total, way = small @ total @ small.T + noise, small @ way
    np.testing.assert_allclose(f, way, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(q, total, rtol=0.2, atol=1e-12)


def test_noise_is_smoothed_and_outliers_are_passed_over():
    rng = np.random.default_rng(3)
    time_s = np.arange(0, 30, 0.04)
    g = 20.0 + 12.5 * time_s + 2 * np.sin(time_s)
    e = 0.5 * np.sin(0.8 * time_s)
    place = np.column_stack([g, e]) + rng.normal(0, 0.2, (len(time_s), 2))
    place[::50] += [3.0, -2.0]  # boxes of somebody else
    place[300:340] = np.nan
    state, covariance = smoothed(time_s, place, 0.2)
    off = np.abs(state[:, [0, 3]] - np.column_stack([g, e]))
    assert off.max() < 0.6
    assert np.sqrt(np.mean(off**2)) < 0.1
    assert np.abs(state[20:-20, 1] - (12.5 + 2 * np.cos(time_s))[20:-20]).max() < 1.0
    assert covariance[320, 0, 0] > 4 * covariance[200, 0, 0]  # unseen is less sure


def test_the_uncertainty_holds_what_it_says():
    """Over many ways the true place lies within 1.28 standard deviations four times in five."""
    rng = np.random.default_rng(4)
    time_s = np.arange(0, 8, 0.04)
    inside = []
    for _ in range(60):
        acceleration = np.zeros(len(time_s))
        for t in range(1, len(time_s)):
            keep = np.exp(-0.04 / LASTS_S[0])
            acceleration[t] = keep * acceleration[t - 1] + rng.normal(0, ACCELERATION[0] * np.sqrt(1 - keep**2))
        speed = 12 + np.cumsum(acceleration) * 0.04
        g = 5 + np.cumsum(speed) * 0.04
        place = np.column_stack([g, np.zeros(len(g))]) + rng.normal(0, 0.2, (len(g), 2))
        place[100:150] = np.nan
        state, covariance = smoothed(time_s, place, 0.2)
        inside.append(np.abs(state[:, 0] - g) < 1.2816 * np.sqrt(covariance[:, 0, 0]))
    assert 0.72 < np.mean(inside) < 0.88


def test_a_sudden_stop_is_followed():
    time_s = np.arange(0, 10, 0.04)
    speed = np.where(time_s < 5, 12.0, np.maximum(12.0 - 9.0 * (time_s - 5), 0.0))
    g = 3 + np.cumsum(speed) * 0.04
    place = np.column_stack([g, np.zeros(len(g))]) + np.random.default_rng(5).normal(0, 0.15, (len(g), 2))
    state, _ = smoothed(time_s, place, 0.15)
    assert np.abs(state[:, 0] - g).max() < 0.5
    assert np.abs(state[time_s > 7.5, 1]).max() < 0.8


def test_unknown_stays_unknown():
    time_s = np.arange(0, 2, 0.04)
    place = np.full((len(time_s), 2), np.nan)
    assert np.isnan(smoothed(time_s, place, 0.2)[0]).all()
    place[10:30] = [[8.0 + 0.48 * k, 0.0] for k in range(20)]
    state, _ = smoothed(time_s, place, 0.2)
    assert np.isfinite(state[10:30]).all()
    assert np.isnan(state[:10]).all()
    assert np.isnan(state[30:]).all()
