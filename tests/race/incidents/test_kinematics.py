"""Rates and the usual line, on paths whose derivatives are known."""

from collections.abc import Callable

import numpy as np
import pytest

from race.ice import IcePaths
from race.incidents.kinematics import find_kinematics, fit_lines
from race.incidents.windows import over, runs
from race.rink import Rink


def naive_lines(time_s: np.ndarray, values: np.ndarray, half_window_s: float) -> tuple[np.ndarray, np.ndarray]:
    """The twin of ``fit_lines``: NumPy's polynomial fit, frame by frame."""
    value, rate = np.full_like(values, np.nan), np.full_like(values, np.nan)
    for r, row in enumerate(values):
        for n, now in enumerate(time_s):
            use = np.isfinite(row) & (np.abs(time_s - now) <= half_window_s + 1e-9)
            if np.isnan(row[n]):
                continue
            if use.sum() < 2:
                value[r, n] = row[n]
                continue
            slope, level = np.polyfit(time_s[use] - now, row[use], 1)
            value[r, n] = level
            if np.ptp(time_s[use]) >= half_window_s - 1e-9:
                rate[r, n] = slope
    return value, rate


@pytest.mark.parametrize("gaps", [0.0, 0.3, 0.9], ids=["whole", "gaps", "mostly gaps"])
def test_lines_are_those_of_least_squares(gaps: float) -> None:
    rng = np.random.default_rng(3)
    time_s = np.cumsum(rng.uniform(0.02, 0.06, 60))
    values = np.cumsum(rng.normal(0, 1, (3, 60)), axis=1)
    values[rng.random(values.shape) < gaps] = np.nan
    got, want = fit_lines(time_s, values, 0.13), naive_lines(time_s, values, 0.13)
    np.testing.assert_allclose(got[0], want[0], atol=1e-8)
    np.testing.assert_allclose(got[1], want[1], atol=1e-6)


def test_nothing_known_stays_unknown() -> None:
    value, rate = fit_lines(np.arange(5.0), np.full((2, 5), np.nan), 1.0)
    assert np.isnan(value).all() and np.isnan(rate).all()


@pytest.mark.parametrize(("how", "by"), [("mean", np.mean), ("min", np.min), ("max", np.max)])
def test_windows_against_a_walk_through_them(how: str, by: Callable[..., float]) -> None:
    rng = np.random.default_rng(5)
    time_s = np.cumsum(rng.uniform(0.02, 0.06, 80))
    values = rng.normal(0, 1, (2, 80))
    values[rng.random(values.shape) < 0.5] = np.nan
    moments = np.arange(-1.0, 5.0, 0.1)
    got = over(time_s, values, moments, -0.2, 0.1, how)  # type: ignore[arg-type]
    for r, row in enumerate(values):
        for t, moment in enumerate(moments):
            part = row[(time_s >= moment - 0.2 - 1e-9) & (time_s <= moment + 0.1 + 1e-9)]
            part = part[np.isfinite(part)]
            assert got[r, t] == pytest.approx(by(part)) if len(part) else np.isnan(got[r, t])


def test_speed_is_that_of_the_path_over_the_ice(paths: Callable[..., IcePaths]) -> None:
    """On a corner's circle somebody half a metre outside the measured line goes the longer way."""
    s = 10.0 * np.arange(400)[None] / 25
    k = find_kinematics(paths(s, 0.5), Rink())
    corner = k.corner[0] & (np.mod(k.s[0] - 14.43, 55.56) > 5) & (np.mod(k.s[0] - 14.43, 55.56) < 21)
    assert corner.sum() > 50
    assert k.v[0, corner] == pytest.approx(10 * 9.0 / 8.5, abs=0.02)
    straight = ~k.corner[0] & (np.mod(k.s[0] + 10, 55.56) < 20)
    assert np.nanmedian(k.v[0, straight]) == pytest.approx(10.0, abs=0.01)


def test_beyond_is_measured_from_the_line_that_most_skate(paths: Callable[..., IcePaths]) -> None:
    count = 1200
    s = 11.0 * np.arange(count)[None] / 25 - np.array([[0.0], [4.0], [8.0]])
    d = 1.0 + np.cos(2 * np.pi * s / 55.56)  # wide on the straights, tight in the corners
    d[1, 600:625] += 1.0
    k = find_kinematics(paths(s, d), Rink())
    assert np.nanmax(np.abs(k.beyond[0])) < 0.25
    assert k.beyond[1, 604:620] == pytest.approx(1.0, abs=0.25)
    assert np.nanmax(np.abs(k.d_rate[0, 20:-20])) < 0.35


def test_runs_joins_what_is_near() -> None:
    mask = np.array([1, 1, 0, 1, 0, 0, 0, 1], bool)
    time_s = np.arange(8) * 0.1
    assert runs(mask, time_s, 0.25) == [(0, 3), (7, 7)]
    assert runs(mask, time_s, 0.0) == [(0, 1), (3, 3), (7, 7)]
    assert runs(np.zeros(3, bool), time_s, 1.0) == []


def test_speed_over_the_pace_is_against_the_middle_of_those_who_skate(paths: Callable[..., IcePaths]) -> None:
    time_s = np.arange(100) / 25
    speeds = np.array([10.0, 11.0, 12.0, 3.0])
    k = find_kinematics(paths(speeds[:, None] * time_s, 0.0), Rink())
    assert np.allclose(k.over_pace[:, 20:80], (speeds - 11.0)[:, None], atol=0.05)


def test_where_nobody_skates_there_is_no_pace(paths: Callable[..., IcePaths]) -> None:
    k = find_kinematics(paths(2.0 * np.arange(50)[None] / 25, 0.0), Rink())
    assert np.isnan(k.over_pace).all()
