import numpy as np
import pytest

from race.events import LAP_M, find_event
from race.formats import ScorebugReading
from race.ice_laps import THROWN_M, TIP_M, count_from_start, find_passages
from race.told import ToldCrossing
from tests.race.made_ice import FPS, SD_M, made_ice


def started(seconds, delay_s=(0.0, 0.3), top=12.0):
    """(R, F) metres since the start line of racers who stand for a second, then speed up."""
    time_s = np.arange(0, seconds, 1 / FPS)
    return np.array([np.where(time_s < 1 + t0, 0.0, top * np.maximum(time_s - 1 - t0 - 1, 0) + 0.0) for t0 in delay_s])


@pytest.mark.parametrize(("name", "start_u"), [("1000m", 0.0), ("500m", LAP_M / 2)])
def test_metres_count_from_the_start_line_that_was_seen(name, start_u):
    event = find_event(name)
    s = started(20.0)
    ice = made_ice(s, [[0.5], [1.8]], start_u)
    lost = ice.moved(np.array([start_u, start_u + LAP_M]), False)  # as they come: since some passage of the finish line
    found = count_from_start(lost, event, [], None, [])
    assert found.from_start
    np.testing.assert_allclose(found.s_m, s, atol=1e-9)


def test_metres_count_from_the_start_line_of_who_is_seen_soon_after_the_gun():
    event = find_event("500m")
    true = np.array([40.0, 30.0])[:, None] + 11.0 * np.arange(0, 20, 1 / FPS)  # 5 s after the gun, at speed
    ice = made_ice(true, [[0.5], [1.8]], LAP_M / 2, from_start=False)
    lost = ice.moved(np.array([LAP_M / 2, LAP_M / 2]), False)
    assert not count_from_start(lost, event, [], None, []).from_start
    found = count_from_start(lost, event, [], None, [], begun_s=float(ice.time_s[0]) - 5.0)
    assert found.from_start
    np.testing.assert_allclose(found.s_m, true, atol=1e-9)


def test_laps_to_go_number_the_leaders_crossings_where_no_start_was_seen():
    event = find_event("1000m")
    time_s = np.arange(0, 40, 1 / FPS)
    true = np.array([300.0 + 12 * time_s, 295.0 + 12 * time_s])  # m since the start
    ice = made_ice(true, [[0.5], [1.0]], 0.0, from_start=False).moved(np.array([-222.24, -222.24]), False)
    readings = []
    for t in np.arange(0, 40, 0.5):
        done = int((300.0 + 12 * (t - 0.6)) // LAP_M)  # comes up a little after the crossing
        readings.append(ScorebugReading(time_s=float(t), laps_to_go=event.crossings - done))
    readings[3] = readings[3].model_copy(update={"laps_to_go": 1})  # misread
    found = count_from_start(ice, event, readings, None, [])
    assert found.from_start
    np.testing.assert_allclose(found.s_m, true, atol=1e-6)
    assert not count_from_start(ice, event, [], None, []).from_start


def test_crossings_are_those_of_the_blades_tip():
    event = find_event("500m")
    time_s = np.arange(0, 60, 1 / FPS)
    s = np.array([12.0 * time_s, 12.0 * time_s - 4.0])
    passages = find_passages(made_ice(s, [[0.5], [1.0]], LAP_M / 2), event)
    assert [passage.lap for passage in passages] == [1, 2, 3, 4, 5]
    assert [passage.is_finish for passage in passages] == [False] * 4 + [True]
    for passage in passages:
        tip = THROWN_M if passage.is_finish else TIP_M
        at = (event.crossing_m(passage.lap) - tip) / 12.0
        assert [crossing.racer for crossing in passage.crossings] == [0, 1]
        assert passage.crossings[0].time_s == pytest.approx(at, abs=1e-6)
        assert passage.crossings[1].time_s == pytest.approx(at + 4.0 / 12, abs=1e-6)
        assert passage.crossings[0].seen
        assert SD_M / 12 < passage.crossings[0].time_sd_s < 2 * SD_M / 12
        assert passage.crossings[0].own_sd_s < passage.crossings[0].time_sd_s


def test_bridged_crossings_are_told_from_seen_ones_and_gaps_have_none():
    event = find_event("1000m")
    time_s = np.arange(0, 30, 1 / FPS)
    s = np.tile(12.0 * time_s, (2, 1))
    ice = made_ice(s, [[0.5], [1.0]])
    around = np.abs(time_s - LAP_M / 12) < 1.0
    ice.seen[0, around] = False
    ice.s_m[1, around] = np.nan
    passages = find_passages(ice, event)
    assert [(crossing.racer, crossing.seen) for crossing in passages[0].crossings] == [(0, False)]
    assert {(crossing.racer, crossing.seen) for crossing in passages[1].crossings} == {(0, True), (1, True)}


def test_who_is_a_lap_down_crosses_in_its_own_lap():
    event = find_event("1000m")
    time_s = np.arange(0, 30, 1 / FPS)
    s = np.array([12.0 * time_s + 115.0, 12.0 * time_s + 112.0 - LAP_M])
    passages = find_passages(made_ice(s, [[0.5], [1.0]]), event)
    laps = {passage.lap: [crossing.racer for crossing in passage.crossings] for passage in passages}
    assert laps[1] == [1]
    assert laps[2] == [0, 1]


def told(lap, time_s):
    return ToldCrossing(lap, 1, "HALE", None, time_s, 0.05)


def test_what_the_score_bug_tells_holds_where_the_way_shows_no_crossing():
    event = find_event("500m")
    time_s = np.arange(0, 30, 1 / FPS)
    s = np.array([12.0 * time_s, 12.0 * time_s - 4.0])
    ice = made_ice(s, [[0.5], [1.0]], LAP_M / 2)
    at_s = [(event.crossing_m(lap) - TIP_M) / 12.0 for lap in (1, 2, 3, 4)]
    ice.seen[0, np.abs(time_s - at_s[2]) < 1.0] = False
    known = [(1, told(2, at_s[1] + 2.0)), (1, told(3, at_s[2] + 2.0)), (2, told(4, at_s[3] + 0.3))]
    passages = {passage.lap: passage.crossings for passage in find_passages(ice, event, known)}
    assert passages[2][0].time_s == pytest.approx(at_s[1])  # seen: the row was read late
    moved = next(crossing for crossing in passages[3] if crossing.racer == 0)
    assert (moved.time_s, moved.seen) == (at_s[2] + 2.0, False)  # bridged, and not as it was
    assert [(crossing.racer, crossing.time_s) for crossing in passages[4]] == [(1, at_s[3] + 0.3)]  # beyond the way


def test_laps_are_those_that_the_score_bug_tells():
    event = find_event("1000m")
    s = np.tile(300.0 + 12.0 * np.arange(0, 20, 1 / FPS), (2, 1)) - np.array([[0.0], [5.0]])
    ice = made_ice(s, [[0.5], [1.0]], 0.0, from_start=False).moved(np.array([-LAP_M, -3 * LAP_M]), False)
    known = [(n + 1, told(4, (event.crossing_m(4) - 300.0 + 5.0 * n) / 12.0)) for n in range(2)]
    found = count_from_start(ice, event, [], None, [], known)
    assert found.from_start
    np.testing.assert_allclose(found.s_m, s, atol=1e-6)


def test_a_crossing_told_long_after_the_last_sight_numbers_no_lap_before():
    event = find_event("1000m")
    s = np.tile(12.0 * np.arange(0, 20, 1 / FPS), (2, 1)) - np.array([[0.0], [5.0]])
    known = [(n, told(8, (event.crossing_m(8) + 5.0 * (n - 1)) / 12.0)) for n in (1, 2)]
    known.append((2, told(2, (event.crossing_m(2) + 5.0) / 12.0)))
    found = count_from_start(made_ice(s, [[0.5], [1.0]], 0.0), event, [], None, [], known[:1])
    np.testing.assert_allclose(found.s_m, s, atol=1e-6)
    found = count_from_start(made_ice(s, [[0.5], [1.0]], 0.0), event, [], None, [], known)
    np.testing.assert_allclose(found.s_m, s, atol=1e-6)
