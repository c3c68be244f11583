"""Inside the blocks, slow, off before the gun: on paths drawn by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from race.ice import IcePaths
from race.incidents.alone import find_false_start, find_off_track, find_slow, runs
from race.incidents.kinematics import find_kinematics
from race.rink import Rink

FPS = 25
SKATED = 12.0 * np.arange(20 * FPS)[None] / FPS


def dip(depth_m: float, seconds: float, at_s: float = 8.0, usual: float = 0.4) -> np.ndarray:
    """(1, F) d that swings inside once, as a cosine."""
    t = np.arange(SKATED.shape[1]) / FPS
    swing = np.where(np.abs(t - at_s) < seconds, 0.5 * (1 + np.cos(np.pi * (t - at_s) / seconds)), 0.0)
    return (usual + (depth_m - usual) * swing)[None]


@pytest.mark.parametrize(("depth_m", "found"), [(-1.1, 1), (-0.75, 1), (-0.35, 0), (0.0, 0)])
def test_off_track_is_inside_the_block_arc(paths: Callable[..., IcePaths], depth_m: float, found: int) -> None:
    k = find_kinematics(paths(SKATED, dip(depth_m, 1.5)), Rink())
    off = find_off_track(k, np.isfinite(k.d))
    assert len(off) == found
    if off:
        assert off[0].row == 0 and off[0].start_s < 8.0 < off[0].end_s
        assert off[0].deepest_m == pytest.approx(depth_m, abs=0.08)


def test_who_comes_from_the_infield_is_no_racer(paths: Callable[..., IcePaths]) -> None:
    """An idle team-mate, say, that the track jumped to: from deep inside to the line."""
    d = np.linspace(-3.5, 0.5, SKATED.shape[1])[None]
    k = find_kinematics(paths(SKATED, d), Rink())
    assert find_off_track(k, np.isfinite(k.d)) == []


def test_slow_is_told_and_a_change_of_pace_is_not(paths: Callable[..., IcePaths]) -> None:
    t = np.arange(20 * FPS) / FPS
    pace = np.where((t > 8) & (t < 13), 7.2, 12.0)
    easier = np.interp(t, [0, 6, 14, 20], [12.0, 12.0, 10.0, 10.0])
    s = np.cumsum(np.stack([pace, easier]), axis=1) / FPS
    k = find_kinematics(paths(s, 1.0), Rink())
    slow = find_slow(k, np.isfinite(k.d))
    assert [one.row for one in slow] == [0]
    assert 6.5 < slow[0].start_s < 9.0
    assert slow[0].share == pytest.approx(0.6, abs=0.07)


def start(away_s: list[float], called_back: bool) -> np.ndarray:
    """(R, F) s of racers who stand, are off at ``away_s`` and, if they are called back, return to the line."""
    t = np.arange(30 * FPS) / FPS
    rows = []
    for away in away_s:
        run = 0.5 * 3.6 * np.clip(t - away, 0, 1.4) ** 2 + 3.6 * 1.4 * np.clip(t - away - 1.4, 0, None)
        if called_back:
            turn = away + 1.5
            out = np.interp(turn, t, run)
            run = np.where(t > turn, np.maximum(0.0, out - 1.2 * (t - turn)), run)
        rows.append(run)
    return np.array(rows)


def test_a_recalled_start_names_who_was_off_first(paths: Callable[..., IcePaths]) -> None:
    k = find_kinematics(paths(start([5.2, 4.8, 5.25, 5.3], True), np.arange(4.0)[:, None] * 1.3), Rink())
    (found,) = find_false_start(k)
    assert found.row == 1
    assert found.start_s == pytest.approx(4.8, abs=0.1)
    assert found.lead_s == pytest.approx(0.4, abs=0.06)


def test_a_start_that_stands_is_no_question(paths: Callable[..., IcePaths]) -> None:
    k = find_kinematics(paths(start([5.2, 4.8, 5.25, 5.3], False), np.arange(4.0)[:, None] * 1.3), Rink())
    assert find_false_start(k) == []


def test_runs_joins_what_is_near() -> None:
    mask = np.array([1, 1, 0, 1, 0, 0, 0, 1], bool)
    time_s = np.arange(8) * 0.1
    assert runs(mask, time_s, 0.25) == [(0, 3), (7, 7)]
    assert runs(mask, time_s, 0.0) == [(0, 1), (3, 3), (7, 7)]
    assert runs(np.zeros(3, bool), time_s, 1.0) == []
