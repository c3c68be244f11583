from dataclasses import fields, replace

import numpy as np
import pytest

from race.guide import make_guide
from race.ice import TIP_M, _as_paths, _lead_through, find_ice_paths
from race.identify import Identified
from race.observations import no_lines
from race.reconstruct import Given, reconstruct
from race.rink import Rink
from race.scene import make_scene
from race.told import ToldCrossing
from tracking import Tracks


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


def test_a_way_that_leaps_to_another_body_is_cut(race):
    """At 4 s and out of nothing racer 1 is 25 m further on, as who is taken for the one ahead there."""
    observations, _ = race([40.0, 15.0], [12.0, 12.0], [0.5, 0.5], 8.0, registered=True, bystanders=False)
    scene = make_scene(observations)
    tracks = reconstruct(observations, Given()).tracks
    honest = find_ice_paths(tracks, observations, scene, Rink())
    ahead, behind = (int(id_) for id_ in honest.ids[np.argsort(-np.nanmin(honest.s_m % honest.rink.lap_m, axis=1))])
    late = tracks.frame > scene.number[100]
    keep = ~((tracks.id == behind) & late) & ~((tracks.id == ahead) & ~late)
    leaping = Tracks(*(getattr(tracks, field.name)[keep] for field in fields(tracks)))
    leaping.id[:] = 1
    (speed,) = find_ice_paths(leaping, observations, scene, Rink()).speed_mps
    assert np.nanmax(honest.speed_mps) < 15 > np.nanmax(speed)
    assert np.isfinite(speed[scene.number <= scene.number[95]]).mean() > 0.8
    assert np.isfinite(speed[105:150]).mean() > 0.8


def test_laps_come_from_metres_where_racers_are_followed_in_the_picture(race, crossing_times):
    """No foot points, so that the field is followed in the picture; and no line in any picture."""
    observations, s_m = race([80.0, 76.0], [12.0, 12.0], [0.5, 1.0], 7.0, registered=True, bystanders=False)
    found = observations.detections
    feetless = replace(found, foot=np.full_like(found.foot, np.nan), foot_sd=np.full(len(found), np.nan))
    race_ = reconstruct(replace(observations, detections=feetless, lines=no_lines()), Given()).race
    times = sorted(crossing.time_s for crossing in race_.crossings)
    assert np.abs(np.array(times) - np.sort(crossing_times(s_m, 111.12))).max() < 0.05


def test_rough_poses_tell_places_but_not_the_order(race):
    """What happened is then told as without poses, and a warning says so."""
    observations, _ = race([80.0, 76.0], [12.0, 12.0], [0.5, 1.5], 7.0, registered=True)
    rough = replace(observations.poses, sd_px=np.full(len(observations.poses.sd_px), 4.0))
    result = reconstruct(replace(observations, poses=rough), Given())
    assert result.race.camera_level == "B"
    assert np.isfinite(result.ice.speed_mps).any()
    assert any("too roughly for order" in line for line in result.race.warnings)
    without = reconstruct(replace(observations, poses=None), Given()).race
    assert result.race.crossings == without.crossings
    assert len(without.crossings) == 2
    sure = reconstruct(observations, Given()).race
    assert not any("too roughly" in line for line in sure.warnings)
    assert sure.crossings != without.crossings


def test_a_relay_is_followed_on_the_ice_though_poses_are_rough_unless_the_picture_is_surer(race, monkeypatch):
    observations, _ = race([80.0, 76.0], [12.0, 12.0], [0.5, 1.5], 7.0, registered=True)
    rough = replace(observations.poses, sd_px=np.full(len(observations.poses.sd_px), 4.0))
    relay = replace(observations, poses=rough), Given(event="relay-5000m")
    assert not any("too roughly" in line for line in reconstruct(*relay).race.warnings)
    monkeypatch.setattr("race.reconstruct.identify", lambda *known: None)
    in_picture = reconstruct(*relay).tracks
    unsure = replace(in_picture, link_confidence=np.full(len(in_picture), 0.5))
    monkeypatch.setattr("race.reconstruct.identify", lambda *known: Identified(unsure, ()))
    assert any("too roughly" in line for line in reconstruct(*relay).race.warnings)


@pytest.mark.parametrize("sure", [1.0, 0.5])
def test_racers_are_followed_where_it_is_surer_who_is_who(race, monkeypatch, sure):
    """On the ice as a rule; in the picture where the ice leaves in doubt who is who."""
    observations, _ = race([80.0, 76.0], [12.0, 12.0], [0.5, 1.5], 4.0, registered=True, bystanders=False)
    monkeypatch.setattr("race.reconstruct.identify", lambda *known: None)
    in_picture = reconstruct(observations, Given()).tracks
    on_ice = replace(in_picture, id=in_picture.id + 5, link_confidence=np.full(len(in_picture), sure))
    monkeypatch.setattr("race.reconstruct.identify", lambda *known: Identified(on_ice, ()))
    result = reconstruct(observations, Given())
    assert set(result.tracks.id) == ({6, 7} if sure == 1.0 else {1, 2})
    assert result.race.camera_level == "B"


def test_no_metres_without_a_pose(race):
    observations, _ = race([10.0, 6.0], [12.0, 12.0], [0.5, 1.5], 3.0)
    result = reconstruct(observations, Given())
    assert result.ice is None
    assert result.race.camera_level == "A"
    assert find_ice_paths(result.tracks, observations, make_scene(observations), Rink()) is None


def test_ways_lead_through_crossings_that_nobody_saw():
    time_s, pace = np.arange(0, 20, 0.1), np.full(200, 11.0)
    place, spread = np.full((200, 2), np.nan), np.full((200, 2, 2), np.nan)
    place[:50, 0] = 11.0 * time_s[:50]
    told = [ToldCrossing(lap, 1, "HALE", None, at_s, 0.05) for lap, at_s in ((3, 4.8), (4, 14.33), (5, 99.0))]
    told_m = _lead_through(place, spread, told, 9, pace, time_s, 110.0)
    assert np.flatnonzero(np.isfinite(told_m)).tolist() == [48, 143]
    assert np.isclose(told_m[143], 4 * 110.0 - 11.0 * 0.03)
    assert np.flatnonzero(np.isfinite(place[50:, 0])).tolist() == [93]  # not where it was seen, nor after the end
    assert np.isclose(place[143, 0], -TIP_M - 11.0 * 0.03)  # the tip is on the line 0.03 s after that picture
    assert np.isclose(np.sqrt(spread[143, 0, 0]), 11.0 * 0.05)


@pytest.mark.parametrize(("across_m", "across_sd_m"), [(-9.0, 0.1), (-5.0, 30.0), (40.0, 30.0)])
def test_a_way_that_leads_off_the_track_out_of_sight_keeps_its_metres(across_m, across_sd_m):
    guide = make_guide(Rink())
    state, covariance = np.zeros((1, 2, 6)), np.zeros((1, 2, 6, 6))
    state[..., 0] = guide.length_m / 4 + np.array([0.0, 1.0])  # at an apex
    state[..., 1], state[..., 3] = 10.0, [0.0, across_m]
    covariance[..., 0, 0], covariance[..., 3, 3] = 4.0, [0.01, across_sd_m**2]
    shared, sure = np.zeros((1, 2, 2, 2)), np.ones((1, 2))
    ids, seen = np.array([1], np.int32), np.ones((1, 2), bool)
    paths = _as_paths(ids, np.array([0.0, 0.1]), state, covariance, shared, seen, sure, guide)
    assert 0.5 < paths.s_m[0, 1] - paths.s_m[0, 0] < 1.5
    assert (paths.s_sd > 1.0).all()
