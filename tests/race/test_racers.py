"""Who races: speed in body heights, judged beside that of the others."""

import numpy as np
import pytest

from race.racers import (
    Paths,
    count_racers,
    find_pace,
    find_paths,
    find_racers,
    find_steady,
    shows_racing,
    usual_heights,
)
from race.scene import Scene
from tracking import Tracks

FPS = 25.0


def scene(frames: int) -> Scene:
    still = np.tile(np.eye(3), (frames, 1, 1))
    one = np.zeros(frames, np.int32)
    return Scene(np.arange(1, frames + 1, dtype=np.int32), np.arange(frames) / FPS, still, still, one, one, 1280, 720)


def paths(speed: np.ndarray) -> Paths:
    """Paths (R, F) of people 80 pixels tall at ``speed``, seen where that is known."""
    box = np.full((*speed.shape, 4), 80.0)
    place = np.zeros((*speed.shape, 2))
    ids = np.arange(1, len(speed) + 1, dtype=np.int32)
    return Paths(ids, box, np.isfinite(speed), place, place, speed)


def test_heights_follow_zoom_and_not_a_single_box():
    time_s = np.arange(100) / FPS
    height = np.where(time_s < 2.0, 50.0, 100.0)[None].copy()
    height[0, 10] = 20.0  # cut
    height[0, 60:63] = np.nan
    usual = usual_heights(height, time_s)
    for k in range(100):
        near = height[0, np.abs(time_s - time_s[k]) <= 0.5 + 1e-9]
        if np.isnan(height[0, k]):
            assert np.isnan(usual[0, k])
        else:
            assert usual[0, k] == pytest.approx(np.nanmedian(near), abs=25.0 if abs(time_s[k] - 2.0) < 0.6 else 1e-9)
    assert usual[0, 10] == 50.0
    assert usual[0, -1] == 100.0


@pytest.mark.parametrize(("share", "races"), [(0.6, False), (0.9, True)])
def test_who_is_much_slower_than_the_others_does_not_race_however_fast(share, races):
    speed = np.full((4, 100), 14.0)
    speed[3] = share * 14.0  # above RACING_SPEED all the same: the scale of speeds is rough
    assert find_racers(paths(speed), scene(100)).tolist() == [True, True, True, races]


def test_the_idle_do_not_make_each_other_racers():
    speed = np.full((5, 100), 7.0)
    speed[:3] = 14.0
    assert find_racers(paths(speed), scene(100)).tolist() == [True, True, True, False, False]


def test_a_relay_is_racing_though_each_stands_about_for_most_of_it():
    speed = np.full((8, 400), 2.5)
    for leg in range(4):
        speed[2 * leg : 2 * leg + 2, 100 * leg : 100 * (leg + 1)] = 12.0
    assert shows_racing(paths(speed), scene(400)).mean() > 0.85  # all but the moments of taking over
    speed[:, 200:300] = 2.5
    speed[0, 200:300] = 12.0  # one alone
    speed[1:, 210:300:12] = 12.0  # noise
    racing = shows_racing(paths(speed), scene(400))
    assert racing[:190].mean() > 0.85
    assert not racing[210:290].any()


def test_nobodys_pace_is_judged_by_people_seen_at_another_time():
    speed = np.full((2, 100), np.nan)
    speed[0, :50], speed[1, 50:] = 14.0, 7.0  # the second on a part of the rink where speeds come out lower
    assert find_racers(paths(speed), scene(100)).tolist() == [True, True]


def test_an_idle_fifth_is_not_counted():
    speed = np.full((5, 100), 14.0)
    speed[4] = 8.0
    who = paths(speed)
    assert count_racers(who, find_racers(who, scene(100))[:, None] & who.seen, np.ones(100, bool)) == 4


def test_who_hands_over_is_as_fast_as_the_racers_for_a_while_and_not_steady():
    """The last came off the race and glides: fast enough in the median to be taken for one who races."""
    speed = np.full((4, 100), 14.0)
    speed[3, 60:] = 8.0
    who = paths(speed)
    racing = find_racers(who, scene(100))
    assert racing.tolist() == [True] * 4
    steady = find_steady(who, racing, scene(100))
    assert steady.all(axis=1).tolist() == [True, True, True, False]
    assert not steady[3].any()


def test_a_track_is_judged_anew_after_nobody_was_seen_for_a_moment():
    """The last is lost while racing, and who is found then is a team-mate who glides: racer before, none after."""
    speed = np.full((4, 150), 14.0)
    speed[3, 80:90] = np.nan
    speed[3, 90:] = 8.0
    who = paths(speed)
    steady = find_steady(who, find_racers(who, scene(150)), scene(150))
    assert steady[:3].all()
    assert steady[3, :80].all()
    assert not steady[3, 90:].any()
    assert count_racers(who, steady, np.arange(150) >= 90) == 3


def test_pace_is_that_of_the_other_racers_at_the_time():
    speed = np.array([np.full(100, 14.0), np.full(100, 12.0), np.full(100, 7.0)])
    speed[0, 50:] = np.nan
    pace = find_pace(paths(speed), np.array([True, True, False]), scene(100))
    assert pace[2, 10] == pytest.approx(13.0)
    assert pace[1, 10] == pytest.approx(14.0)
    assert pace[2, 90] == pytest.approx(12.0)
    assert np.isnan(pace[1, 90])  # no other racer is there
    assert np.isnan(pace[0, 90])  # not there itself


def test_no_speed_is_read_from_a_box_that_jumps_to_another_body():
    """It jumps back as it goes on, which an honest fit would call slow."""
    frames, jump = 100, 50
    box = np.full((frames, 4), 80.0)
    box[:, 0] = 100 + 1200 * np.arange(frames) / FPS  # 15 heights a second
    box[jump:, 0] -= 160
    one = np.ones(frames)
    number, ids = np.arange(1, frames + 1, dtype=np.int32), one.astype(np.int32)
    tracks = Tracks(number, ids, box, one, one.astype(bool), np.arange(frames), one)
    speed = find_paths(tracks, scene(frames)).speed[0]
    assert np.isnan(speed[jump - 2 : jump + 2]).all()
    away = np.r_[5 : jump - 6, jump + 6 : frames - 5]
    np.testing.assert_allclose(speed[away], 15.0, atol=0.01)
