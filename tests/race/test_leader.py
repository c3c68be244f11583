import numpy as np
import pytest

from race.events import LAP_M, find_event
from race.formats import ScorebugReading
from race.leader import behind_unseen, counted_crossings, leaders_way, not_ahead
from race.told import ToldCrossing
from tests.race.made_ice import FPS, made_ice

EVENT = find_event("1000m")


def shown(crossed_s, until_s, misread=()):
    """Readings five times a second of laps to go that change at ``crossed_s``; ``misread``: (from, to, number)."""
    out = []
    for t in np.arange(0, until_s, 0.2):
        number = EVENT.crossings - sum(t >= at for at in crossed_s)
        for from_s, to_s, other in misread:
            number = other if from_s <= t < to_s else number
        out.append(ScorebugReading(time_s=float(t), laps_to_go=number))
    return out


def test_the_leaders_crossings_are_where_the_laps_to_go_change():
    readings = shown(
        [14.0, 24.0, 33.4], 40.0, misread=[(14.4, 14.9, 13), (22.0, 22.5, 12), (25.6, 25.9, 8), (30.0, 30.3, 2)]
    )
    crossed = counted_crossings(readings, EVENT, None)
    assert crossed == {
        1: pytest.approx(14.0, abs=0.21),
        2: pytest.approx(24.0, abs=0.21),
        3: pytest.approx(33.4, abs=0.21),
    }


def test_a_change_that_was_not_on_the_screen_is_no_crossing():
    readings = [one for one in shown([14.0, 24.0, 33.4], 40.0) if not 20 < one.time_s < 26]
    assert list(counted_crossings(readings, EVENT, None)) == [1, 3]
    assert counted_crossings([], EVENT, None) == {}


def test_the_leader_is_known_between_crossings_a_lap_apart():
    time_s = np.arange(0, 60, 1 / FPS)
    way = leaders_way({1: 14.0, 2: 24.0, 4: 44.0}, EVENT, time_s)
    known = (time_s >= 14) & (time_s <= 24)
    np.testing.assert_allclose(way[known], LAP_M + LAP_M * (time_s[known] - 14) / 10, atol=1e-9)
    assert np.isnan(way[~known]).all()


def ways(down):
    """Two racers of 12 m/s, the second out of sight from 10 to 25 s, afterwards a lap too far, or a lap ``down``."""
    time_s = np.arange(0, 40, 1 / FPS)
    true = np.array([12.0 * time_s + 120.0, 12.0 * time_s + 115.0])
    back = time_s >= 25
    if down:
        true[1, back] += 8.0 - LAP_M
    told = true.copy()
    told[1, back] += LAP_M
    ice = made_ice(told, [[0.5], [1.0]])
    ice.seen[1, (time_s > 10) & ~back] = False
    return ice, true, time_s


def test_nobody_is_ahead_of_the_leader_whom_the_score_bug_counts():
    ice, true, _ = ways(down=False)
    found = not_ahead(ice, true[0])
    np.testing.assert_allclose(found.s_m[:, ice.seen.all(axis=0)], true[:, ice.seen.all(axis=0)])
    assert np.isnan(found.s_m[1, ~ice.seen[1]]).all()
    np.testing.assert_array_equal(not_ahead(made_ice(true, [[0.5], [1.0]]), true[0]).s_m, true)


@pytest.mark.parametrize(("watched", "taken_off"), [(True, True), (False, False)])
def test_who_comes_back_ahead_of_those_who_were_watched_is_a_lap_down(watched, taken_off):
    ice, true, time_s = ways(down=True)
    if not watched:
        ice.seen[0, (time_s > 12) & (time_s < 20)] = False
    found = not_ahead(ice, np.full(len(time_s), np.nan))
    assert np.allclose(found.s_m[1, time_s >= 25], true[1, time_s >= 25]) == taken_off


def test_laps_in_which_crossings_are_told_stay():
    ice, _, time_s = ways(down=True)

    def found(at_s):
        told = [(2, ToldCrossing(3, 2, "HALE", None, at_s, 0.1))]
        return not_ahead(ice, np.full(len(time_s), np.nan), told).s_m

    np.testing.assert_array_equal(found(30.0), ice.s_m)
    assert not np.array_equal(found(9.0), ice.s_m)  # of before it was out of sight


def test_nobody_loses_a_lap_in_less_time_than_a_lap_takes():
    """Who comes back ahead after 6 s is another, maybe, but nobody goes backwards."""
    time_s = np.arange(0, 40, 1 / FPS)
    s = np.array([12.0 * time_s, 12.0 * time_s - 5.0])
    s[1, time_s >= 16] += 8.0
    ice = made_ice(s, [[0.5], [1.0]])
    ice.seen[1, (time_s > 10) & (time_s < 16)] = False
    found = not_ahead(ice, np.full(len(time_s), np.nan))
    np.testing.assert_array_equal(found.s_m[:, ice.seen[1]], s[:, ice.seen[1]])


def test_a_way_made_up_ahead_of_the_leader_is_unknown():
    time_s = np.arange(0, 40, 1 / FPS)
    s = np.array([12.0 * time_s, 12.0 * time_s - 4.0])
    s[1, 500:520] += 12.0
    ice = made_ice(s, [[0.5], [1.0]])
    ice.seen[1, 495:515] = False
    found = not_ahead(ice, s[0])
    np.testing.assert_array_equal(np.isnan(found.s_m[1]), (np.arange(len(time_s)) >= 500) & ~ice.seen[1])


def test_who_is_nowhere_while_the_leader_and_another_cross_in_one_picture_is_behind():
    time_s = np.arange(0, 10, 1 / FPS)
    seen = np.ones((5, len(time_s)), bool)
    seen[2] = time_s < 4.3
    seen[3] = time_s < 4.7  # shortly before
    seen[4] = time_s > 5.7  # shortly after
    np.testing.assert_array_equal(behind_unseen(seen, time_s, 0, 1, 5.4), [False, False, True, False, False])
    np.testing.assert_array_equal(behind_unseen(seen, time_s, 0, 0, 5.0), [False, False, False, False, True])
    away = seen.copy()
    away[:, (time_s > 5.1) & (time_s < 7.9)] = False  # the camera, as they cross
    away[2], away[4] = time_s < 3.7, time_s > 8.2
    np.testing.assert_array_equal(behind_unseen(away, time_s, 0, 1, 5.4), [False, False, True, False, True])
    np.testing.assert_array_equal(behind_unseen(away, time_s, 0, 1, 7.4), [False, False, True, False, False])
    seen[1, time_s < 5.6] = False  # never in one picture with the leader
    seen[0, time_s > 5.3] = False
    assert not behind_unseen(seen, time_s, 0, 1, 5.4).any()
