from dataclasses import replace

import numpy as np
import pytest

from race.events import LAP_M, find_event
from race.formats import Incident, Pass
from race.passes import BODY_M, find_ice_passes, where_on_track, without_fallen
from race.rink import Rink
from tests.race.made_ice import FPS, made_ice

EVENT = find_event("1000m")


def approach(seconds, level_s, closing=1.0, base=60.0):
    """Racer 2 comes past racer 1 at ``level_s`` at ``closing`` m/s; racer 1 is ``base`` m on at time 0."""
    time_s = np.arange(0, seconds, 1 / FPS)
    first = base + 12.0 * time_s
    return np.array([first, first + closing * (time_s - level_s)])


@pytest.mark.parametrize(("lane", "side"), [([1.0, 0.0], "inside"), ([0.5, 1.6], "outside")])
def test_a_pass_has_its_moment_place_and_side(lane, side):
    passes = find_ice_passes(made_ice(approach(10.0, 5.0), np.array(lane)[:, None]), EVENT)
    assert [(one.by, one.on, one.side) for one in passes] == [(2, 1, side)]
    assert passes[0].time_s == pytest.approx(5.0, abs=0.03)
    assert passes[0].s_m == pytest.approx(120.0, abs=0.6)
    assert passes[0].where == "straight"
    assert passes[0].confidence > 0.99


def test_metres_are_told_only_from_the_start_line():
    """Where the start was not seen metres count from wherever the film begins: no place in the race."""
    ice = made_ice(approach(10.0, 5.0), [[1.0], [0.0]], from_start=False)
    (one,) = find_ice_passes(ice, EVENT)
    assert (one.s_m, one.where) == (None, "straight")


def test_level_for_a_while_or_past_somebody_who_lies_is_no_pass():
    time_s = np.arange(0, 10, 1 / FPS)
    first = 60.0 + 12.0 * time_s
    wobbling = np.array([first, first + 0.6 * np.sin(2 * time_s)])
    assert find_ice_passes(made_ice(wobbling, [[0.0], [1.0]]), EVENT) == []
    lying = np.array([np.full(len(time_s), 100.0), first])
    assert find_ice_passes(made_ice(lying, [[0.0], [1.0]]), EVENT) == []


def test_what_a_referee_asks():
    """The entry of the corner is 14.43 m after the finish line; level 0.5 s later, 0.5 m were missing there."""
    entry_m = LAP_M + Rink().straight_m / 2
    s = approach(8.0, 4.0, closing=1.0, base=entry_m + 6.0 - 48.0)
    d = np.array([np.full(200, 1.0), np.full(200, 0.0)])
    time_s = np.arange(200) / FPS
    d[1] = np.clip(time_s - 4.0, 0, 1) * 0.8  # is carried outwards after it was level
    one = find_ice_passes(made_ice(s, d), EVENT)[0]
    assert one.where == "corner"
    assert one.overlap_m == pytest.approx(BODY_M - 0.5, abs=0.05)
    assert one.lateral_move_by_m == pytest.approx(0.8, abs=0.06)
    assert one.lateral_move_on_m == pytest.approx(0.0, abs=0.01)


def test_the_line_decides_by_less_than_a_metre():
    time_s = np.arange(0, 10, 1 / FPS)
    first = EVENT.distance_m - 96.0 + 12.0 * time_s
    s = np.array([first, first + 0.2 * (time_s - 6.0)])
    passes = find_ice_passes(made_ice(s, [[0.0], [1.0]]), EVENT)
    assert [(one.by, one.where) for one in passes] == [(2, "corner")]  # 24 m before the line
    assert passes[0].time_s == pytest.approx(6.0, abs=0.05)


def test_where_on_track():
    assert where_on_track(5.0, EVENT, Rink()) == "straight"
    assert where_on_track(30.0, EVENT, Rink()) == "corner"
    assert where_on_track(EVENT.distance_m - 10, EVENT, Rink()) == "finish"
    assert where_on_track(EVENT.distance_m - 10, None, Rink()) == "straight"
    assert where_on_track(LAP_M / 2 + 5.0, find_event("500m"), Rink()) == "straight"


def test_two_who_come_out_of_sight_exchanged_have_not_passed():
    ice = made_ice(approach(10.0, 5.0), [[1.0], [0.0]])
    for unseen_s, passes in ((1.0, 1), (3.0, 0)):
        seen = ice.seen.copy()
        seen[0, np.abs(ice.time_s - 5.0) < unseen_s / 2] = False
        assert len(find_ice_passes(replace(ice, seen=seen), EVENT)) == passes


def test_past_who_has_fallen_is_no_pass():
    fall = Incident(id=1, kind="fall", start_s=12.3, end_s=18.0, competitors=[2], confidence=0.6)
    slow = fall.model_copy(update={"kind": "slow", "competitors": [3]})
    passes = [Pass(time_s=at, by=1, on=on) for at, on in ((11.0, 2), (13.2, 2), (13.2, 3), (19.0, 2))]
    assert without_fallen(passes, [fall, slow]) == [passes[0], passes[2], passes[3]]


def test_a_team_between_two_racers_passes_nobody():
    """While one relieves the other the place of a team leaps ahead; what counts is the order before and after."""
    time_s = np.arange(0, 12, 1 / FPS)
    first = 60.0 + 12.0 * time_s
    changing = np.zeros((2, len(time_s)), bool)
    changing[1] = np.abs(time_s - 6.0) <= 2.0
    leaps = first - 2.0 + np.where(np.abs(time_s - 6.0) < 1.0, 4.0, 0.0)
    ice = made_ice([first, leaps], [[0.0], [1.0]])
    assert find_ice_passes(ice, EVENT)
    assert find_ice_passes(ice, EVENT, changing) == []
    (one,) = find_ice_passes(
        made_ice([first, leaps + np.where(time_s > 6.0, 4.0, 0.0)], [[0.0], [1.0]]), EVENT, changing
    )
    assert (one.by, one.on, one.side) == (2, 1, None)
    assert one.time_s == pytest.approx(6.0, abs=0.1)
