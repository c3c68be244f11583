"""Inside the blocks, slow: on paths drawn by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from race.ice import IcePaths
from race.incidents.alone import OFF_TRACK_FEATURES, SLOW_FEATURES, find_off_track, find_slow
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
    off = find_off_track(k, np.isfinite(k.d), relay=False)
    assert len(off) == found
    if off:
        assert off[0].row == 0 and off[0].start_s < 8.0 < off[0].end_s
        assert off[0].deepest_m == pytest.approx(depth_m, abs=0.08)
        told = dict(zip(OFF_TRACK_FEATURES, off[0].features, strict=True))
        assert told["lasts"] == pytest.approx(off[0].end_s - off[0].start_s)
        assert told["inside_before"] == pytest.approx(told["inside_after"], abs=0.05)
        assert told["came_from"] > told["beyond"] < told["went_to"] and told["speed"] == pytest.approx(12.0, abs=0.8)


def test_who_comes_from_the_infield_is_no_racer(paths: Callable[..., IcePaths]) -> None:
    """An idle team-mate, say, that the track jumped to: from deep inside to the line."""
    d = np.linspace(-3.5, 0.5, SKATED.shape[1])[None]
    k = find_kinematics(paths(SKATED, d), Rink())
    assert find_off_track(k, np.isfinite(k.d), relay=False) == []


def test_slow_is_told_and_a_change_of_pace_is_not(paths: Callable[..., IcePaths]) -> None:
    t = np.arange(20 * FPS) / FPS
    pace = np.where((t > 8) & (t < 13), 7.2, 12.0)
    easier = np.interp(t, [0, 6, 14, 20], [12.0, 12.0, 10.0, 10.0])
    s = np.cumsum(np.stack([pace, easier]), axis=1) / FPS
    k = find_kinematics(paths(s, 1.0), Rink())
    slow = find_slow(k, np.isfinite(k.d), None, relay=False)
    assert [one.row for one in slow] == [0]
    assert 6.5 < slow[0].start_s < 9.0
    assert slow[0].share == pytest.approx(0.6, abs=0.07)
    told = dict(zip(SLOW_FEATURES, slow[0].features, strict=True))
    assert told["share"] == slow[0].share and 12.0 < told["before"] == slow[0].speed_before_mps
    # Outside the measured line in the corner the same pace is up to 12 % more over the ice.
    assert told["others"] == told["least_other"] == pytest.approx(0.92, abs=0.1)
    assert np.isnan(told["to_finish"]) and told["relay"] == 0.0
