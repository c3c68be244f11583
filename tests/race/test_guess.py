from dataclasses import replace

import numpy as np
import pytest

from race.competitors import track_everybody
from race.formats import ScorebugReading, ScorebugRow, read_race
from race.guess import one_name, possible_events
from race.guess_racing import events_by_racing, pace_kept_until, possible_by
from race.observations import read_observations
from race.racers import find_racers
from race.scene import make_scene
from race.session import cut_out
from simulation.scenario import Requirements, Scenario
from simulation.write import simulate_observations


def reading(clock_s, laps_to_go):
    return ScorebugReading(time_s=0.0, clock_s=clock_s, laps_to_go=laps_to_go)


@pytest.mark.parametrize(
    ("final_s", "name", "gender"),
    [
        (40.5, "500m", "m"),
        (43.2, "500m", None),  # men and women skate such times
        (86.0, "1000m", None),
        (130.0, "1500m", "m"),
        (247.3, "relay-3000m", "w"),
        (419.5, "relay-5000m", "m"),
    ],
)
def test_the_final_time_tells_the_distance(final_s, name, gender):
    assert one_name(possible_events([], final_s)) == (name, gender)


def test_laps_to_go_part_the_mixed_relay_from_a_slow_1500():
    """157 s is either; with 9 laps to go at 79 s it has to be 18 laps, not 13.5."""
    assert one_name(possible_events([], 157.0)) == (None, None)
    assert one_name(possible_events([reading(79.0, 9)], 157.0)) == ("relay-2000m", "x")
    assert one_name(possible_events([reading(85.0, 6)], 157.0))[0] == "1500m"


def test_the_last_laps_part_a_1500_from_the_mixed_relay():
    """Nobody skates the last two laps of a relay in 24 s, which 152 s in all would ask for after 129 s."""
    assert one_name(possible_events([reading(129.6, 2), reading(134.3, 1)], None))[0] == "1500m"
    assert "relay-2000m" in {event.name for event in possible_events([reading(139.0, 2)], None)}


def test_last_lap_of_a_long_relay():
    """Shanghai 2019: the final lap begins at 6:51."""
    assert one_name(possible_events([reading(412.5, 1)], None)) == ("relay-5000m", "m")


def test_nothing_known_or_nothing_fits():
    assert one_name(possible_events([], None)) == (None, None)
    assert possible_events([], 600.0) == []


def test_names_of_nations_make_it_a_relay():
    """Three laps to go at 148 s: a slow 1500 m, or the mixed relay; KOR alone may be somebody's club."""

    def named(*names):
        rows = [ScorebugRow(rank=rank, name=name) for rank, name in enumerate(names, 1)]
        return [reading(148.1, 3), reading(148.1, 3).model_copy(update={"rows": rows})]

    assert one_name(possible_events(named("A. KIM", "B. MIN", "C. LEE", "D. ITA"), None)) == (None, None)
    assert one_name(possible_events(named("KOR", "A. KIM"), None)) == (None, None)
    assert one_name(possible_events(named("KOREA", "NED", "LAT", "China", "F RA", "FTA"), None)) == ("relay-2000m", "x")


@pytest.mark.parametrize(
    ("racing_s", "side", "names"),
    [
        (46.0, None, {"500m"}),
        (46.0, "far", {"500m"}),
        (46.0, "near", set()),
        (95.0, "near", {"1000m"}),
        (160.0, None, {"1500m", "relay-2000m"}),
        (160.0, "far", {"1500m"}),
        (170.0, "near", {"relay-2000m"}),
        (20.0, None, set()),  # not a whole race
    ],
)
def test_how_long_and_from_which_side_they_raced(racing_s, side, names):
    assert {event.name for event in possible_by(racing_s, side)} == names


def test_a_whole_race_without_a_score_bug_is_guessed_and_a_part_is_not(tmp_path):
    scenario = Scenario(event="1000m", starters=4, require=Requirements(falls=0))
    simulate_observations(scenario, 1, "fixed", 12.5, (640, 360), tmp_path)
    whole = replace(read_observations(tmp_path), scorebug=[])
    assert whole.poses is not None
    assert named(whole) == {"1000m"}
    gun_s = read_race(tmp_path).race_start_s
    assert named(cut_out(whole, gun_s + 6.0, 1000.0)) == set()  # begins when all race
    assert named(cut_out(whole, 0.0, gun_s + 70.0)) == set()  # ends while all race


def named(observations):
    scene = make_scene(observations)
    _, paths = track_everybody(observations, scene)
    in_race = np.ones(len(scene.time_s), bool)
    return {event.name for event in events_by_racing(observations, scene, paths, find_racers(paths, scene), in_race)}


def test_the_race_is_over_though_a_box_still_leaps():
    time_s = np.arange(0.0, 70.0, 0.04)
    speed = np.full((3, len(time_s)), np.nan)
    speed[:, time_s < 60.0] = 12.0
    speed[0, (time_s > 65.5) & (time_s < 65.7)] = 14.0
    speed[1, (time_s > 68.0) & (time_s < 68.1)] = 60.0
    assert pace_kept_until(speed, time_s) == pytest.approx(60.0, abs=1.0)
