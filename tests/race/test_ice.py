import numpy as np

from race.ice import find_ice_paths
from race.reconstruct import Given, reconstruct
from race.rink import Rink
from race.scene import make_scene


def test_ways_over_the_ice(race):
    """Two racers over a lap: place, speed and metres skated, also through half a second in which one is not seen."""
    observations, s_m = race([10.0, 6.0], [12.0, 12.0], [0.5, 1.5], 10.0, registered=True, bystanders=False)
    result = reconstruct(observations, Given())
    ice = result.ice
    assert result.race.camera_level == "B"
    assert list(ice.ids) == [1, 2]
    inner = int(np.argmin(np.nanmedian(ice.d_m, axis=1)))
    for racer, true, lane_m in ((inner, s_m[0], 0.5), (1 - inner, s_m[1], 1.5)):
        known = np.isfinite(ice.s_m[racer])
        assert known.mean() > 0.9
        off = (ice.s_m[racer] - true)[known]
        laps = np.round(off / ice.rink.lap_m)
        assert len(set(laps)) == 1  # unwrapped: never a lap gained or lost on the way
        assert np.abs(off - laps * ice.rink.lap_m).max() < 0.5
        assert np.abs(ice.d_m[racer, known] - lane_m).max() < 0.4
        assert (ice.s_own_sd[racer, known] <= ice.s_sd[racer, known]).all()


def test_no_metres_without_a_pose(race):
    observations, _ = race([10.0, 6.0], [12.0, 12.0], [0.5, 1.5], 3.0)
    result = reconstruct(observations, Given())
    assert result.ice is None
    assert result.race.camera_level == "A"
    assert find_ice_paths(result.tracks, observations, make_scene(observations), Rink()) is None
