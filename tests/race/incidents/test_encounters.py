"""Closest approaches of two, on paths drawn by hand: who is the passer, where they were before and after."""

from collections.abc import Callable

import numpy as np
import pytest

from race.ice import IcePaths
from race.incidents.encounters import FEATURES, between, entry_frame, find_encounters, minima
from race.incidents.kinematics import find_kinematics
from race.rink import Rink

FPS = 25
T = np.arange(16 * FPS) / FPS


def a_pass(closest_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Racer 1 leads at 12 m/s; racer 2 comes past outside at 13, ``closest_m`` beside it when level, at 8 s."""
    s = np.stack([12.0 * T + 2.0, 12.0 * T + 2.0 + 1.0 * (T - 8.0)])
    d = np.stack([np.full_like(T, 1.0), 1.0 + np.interp(np.abs(T - 8.0), [0, 3], [closest_m, 1.6])])
    return s, d


def feature(found_features: np.ndarray, name: str) -> float:
    return float(found_features[0, FEATURES.index(name)])


def test_the_passer_is_the_one_who_was_behind(paths: Callable[..., IcePaths]) -> None:
    k = find_kinematics(paths(*a_pass(0.4)), Rink())
    found = find_encounters(k, 500.0, False)
    assert len(found.time_s) >= 1
    n = int(np.argmin(np.abs(found.time_s - 8.0)))
    assert (found.a[n], found.b[n]) == (1, 0)
    assert found.time_s[n] == pytest.approx(8.0, abs=0.2)
    here = found.features[n : n + 1]
    assert feature(here, "side") == pytest.approx(0.4, abs=0.1)
    assert feature(here, "gap") == pytest.approx(0.0, abs=0.2)
    assert feature(here, "gap_before") == pytest.approx(-0.8, abs=0.2)
    assert feature(here, "gap_after") == pytest.approx(0.8, abs=0.2)


def test_who_stay_apart_are_no_encounter(paths: Callable[..., IcePaths]) -> None:
    assert len(find_encounters(find_kinematics(paths(*a_pass(1.5)), Rink()), 500.0, False).time_s) == 0


def test_a_lapped_racer_is_met_too(paths: Callable[..., IcePaths]) -> None:
    s, d = a_pass(0.4)
    s[1] += Rink().lap_m
    k = find_kinematics(paths(s, d), Rink())
    gap, side = between(k, 1, 0, Rink().lap_m)
    assert gap[200] == pytest.approx(0.0, abs=0.1)
    assert side[200] == pytest.approx(0.4, abs=0.05)
    assert len(find_encounters(k, None, False).time_s) >= 1


def test_nothing_is_asked_where_nothing_is_known(paths: Callable[..., IcePaths]) -> None:
    s, d = a_pass(0.4)
    s[1, 150:250] = np.nan
    found = find_encounters(find_kinematics(paths(s, d), Rink()), 500.0, False)
    assert not np.any(np.abs(found.time_s - 8.0) < 1.5)


def test_minima_keep_apart_and_the_least_wins() -> None:
    time_s = np.arange(10) * 0.1
    near = np.array([2.0, 1.0, 0.9, 1.1, 2.0, 0.5, np.nan, 0.6, 3.0, 1.5])
    assert minima(near, time_s, 1.8, 0.25) == [2, 5, 9]
    assert minima(near, time_s, 1.8, 0.35) == [1, 5, 9]
    assert minima(np.full(4, np.nan), time_s[:4], 1.8, 0.2) == []


def test_the_corner_entry_is_found_where_it_was_seen(paths: Callable[..., IcePaths]) -> None:
    k = find_kinematics(paths(12.0 * T[None], 1.0), Rink())
    n = entry_frame(k, 0, 1.5)
    assert n is not None
    assert k.s[0, n] == pytest.approx(Rink().straight_m / 2, abs=0.6)
    assert entry_frame(k, 0, 1.5, within_s=0.05) is None
