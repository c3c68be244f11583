from itertools import pairwise, product

import numpy as np
import pytest

from race.unwrap import TOLD_COST, _costs_unseen, lone_sights, pack_pace, rates, speed_at, unwrap, way_of_pack

LAP_M = 114.0
TIME_S = np.arange(0, 60, 0.04)
SD_M = np.full(len(TIME_S), 0.3)
UNKNOWN = (np.nan, 0.0)


def counted(g, pace, told_m=None):
    told_m = np.full(len(g), np.nan) if told_m is None else told_m
    return unwrap(g % LAP_M, TIME_S, pace, way_of_pack(pace, TIME_S), LAP_M, told_m, SD_M)


@pytest.mark.parametrize("unseen_s", [1.0, 9.0, 25.0])
def test_laps_are_counted_through_time_unseen(unseen_s):
    pace = 10 + 2 * np.sin(TIME_S / 10)
    g = way_of_pack(pace, TIME_S) + 5 * np.sin(TIME_S / 7)
    hidden = np.where((TIME_S > 20) & (20 + unseen_s > TIME_S), np.nan, g)
    out = counted(hidden, pace)
    seen = np.isfinite(hidden)
    np.testing.assert_allclose(out[seen], g[seen], atol=1e-9)
    assert np.isnan(out[~seen]).all()


def test_who_was_down_unseen_has_gained_no_lap():
    speed = np.where(TIME_S < 20, 12.0, np.where(TIME_S < 21.5, 8.0, np.where(TIME_S < 29, 0.2, 3.0)))
    g = np.cumsum(speed) * 0.04
    hidden = np.where((TIME_S > 20.1) & (TIME_S < 29.5), np.nan, g)
    out = counted(hidden, np.full(len(TIME_S), 12.0))
    seen = np.isfinite(hidden)
    np.testing.assert_allclose(out[seen], g[seen], atol=1e-9)


def test_a_team_mate_who_takes_over_from_behind_gains_no_lap():
    """Who fell slid on, out of sight; 3.5 s later a team-mate sets off 10 m further back."""
    g = np.where(TIME_S < 20, 12.0 * TIME_S, 230.0 + 6.0 * (TIME_S - 23.5))
    hidden = np.where((TIME_S >= 20) & (TIME_S < 23.5), np.nan, g)
    seen = np.isfinite(hidden)
    np.testing.assert_allclose(counted(hidden, np.full(len(TIME_S), 12.0))[seen], g[seen], atol=1e-9)


def test_a_speed_that_nobody_has_when_seen_again_makes_no_fall():
    pace = np.full(len(TIME_S), 11.0)
    g = way_of_pack(pace, TIME_S)
    hidden = np.where((TIME_S > 20) & (TIME_S < 48), np.nan, g)
    back = np.flatnonzero(TIME_S >= 48)[:14]
    hidden[back] += np.linspace(0.5, 5.0, len(back))  # boxes of somebody else: 20 m/s
    seen = np.isfinite(hidden)
    np.testing.assert_allclose(counted(hidden, pace)[seen], hidden[seen], atol=1e-9)


def test_few_slow_sights_where_the_lap_before_ended_are_no_fall():
    pace = np.full(len(TIME_S), 11.4)
    g = way_of_pack(pace, TIME_S)
    hidden = np.where((TIME_S > 20) & (TIME_S < 30), np.nan, g)  # a lap
    back = np.flatnonzero(TIME_S >= 30)[:14]
    hidden[back] -= np.linspace(0.0, 4.0, len(back))  # as if at 4 m/s
    seen = np.isfinite(hidden)
    np.testing.assert_allclose(counted(hidden, pace)[seen], hidden[seen], atol=1e-9)


@pytest.mark.parametrize(("variance", "fell"), [(0.1, True), (8.0, False)])
def test_who_stands_before_and_after_a_lap_has_fallen_if_that_is_sure(variance, fell):
    """Seen for half a second, 8 s later at the same place, where the pack has gone 100 m of a lap of 114."""
    slow, slower = (1.7, variance), (0.6, variance)
    first, spent = _costs_unseen(-0.2, 8.0, slower, slow, 12.9, 10.2, 100.3, LAP_M)
    assert first + int(np.argmin(spent)) == (0 if fell else 1)


@pytest.mark.parametrize("step", [1, -1])
def test_a_speed_is_that_of_a_line_through_half_a_second(step):
    draw = np.random.default_rng(3)
    sd_m = draw.uniform(0.1, 1.0, len(TIME_S))
    g = 11.0 * TIME_S + sd_m * draw.standard_normal(len(TIME_S))
    g[draw.random(len(TIME_S)) < 0.3] = np.nan
    t = 700
    g[t] = 11.0 * TIME_S[t]
    near = np.flatnonzero((np.abs(TIME_S - TIME_S[t]) <= 0.5) & (step * (TIME_S - TIME_S[t]) >= 0) & np.isfinite(g))
    (slope, _), covariance = np.polyfit(TIME_S[near] - TIME_S[t], g[near], 1, w=1 / sd_m[near], cov="unscaled")
    speed, variance = speed_at(g % LAP_M, sd_m, TIME_S, t, step, LAP_M)
    assert speed == pytest.approx(slope)
    assert variance == pytest.approx(covariance[0, 0])


def told_at(g, *moments_s):
    """Where somebody is told to have been at those moments, give or take some metres."""
    out = np.full(len(TIME_S), np.nan)
    for n, at_s in enumerate(moments_s):
        t = np.searchsorted(TIME_S, at_s)
        out[t] = g[t] + (-1) ** n * 3.0
    return out


def test_laps_are_those_in_which_a_crossing_is_told():
    """Out of sight it fell and got up again: as fast as the pack before and after, a lap behind."""
    pace = np.full(len(TIME_S), 12.0)
    g = 12.0 * TIME_S + 2 * LAP_M
    hidden = np.where((TIME_S > 20) & (TIME_S < 45), np.nan, np.where(TIME_S < 30, g, g - LAP_M))
    seen = np.isfinite(hidden)
    untold = counted(hidden, pace)[seen]
    assert untold[-1] - untold[0] == pytest.approx(g[-1] - g[0])  # nothing tells
    for moments in ((5.0, 18.0, 48.0, 58.0), (5.0, 18.0, 47.0, 53.0, 58.0)):
        told_m = told_at(hidden, *moments)
        np.testing.assert_allclose(counted(hidden, pace, told_m)[seen], hidden[seen], atol=1e-9)
    one = told_at(hidden, 50.0)  # counted back from the only one
    np.testing.assert_allclose(counted(hidden, pace, one)[seen][-1], hidden[seen][-1], atol=1e-9)


def test_one_crossing_told_a_lap_off_moves_nobody():
    pace = np.full(len(TIME_S), 12.0)
    g = 12.0 * TIME_S + LAP_M
    hidden = np.where(TIME_S % 10 < 5, g, np.nan)
    told_m = told_at(g, 2.0, 12.0, 22.0, 42.0)
    told_m[np.searchsorted(TIME_S, 22.0)] += LAP_M
    seen = np.isfinite(hidden)
    np.testing.assert_allclose(counted(hidden, pace, told_m)[seen], g[seen], atol=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_laps_cost_least_of_all_that_are_possible(seed):
    """Against every choice of laps for four sights far apart, two of them told, on laps that may be wrong."""
    draw = np.random.default_rng(seed)
    at = np.array([0, 300, 620, 900])
    g, told_m = np.full(len(TIME_S), np.nan), np.full(len(TIME_S), np.nan)
    g[at] = draw.uniform(0, LAP_M, 4)
    told_m[at[1:3]] = g[at[1:3]] + LAP_M * draw.integers(0, 6, 2)
    pace = np.full(len(TIME_S), 11.0)
    way = way_of_pack(pace, TIME_S)
    out = unwrap(g, TIME_S, pace, way, LAP_M, told_m, SD_M)

    def cost(place):
        total = TOLD_COST * float(np.sum(np.abs(place - told_m)[at[1:3]] > 1.0))
        for a, b in pairwise(at):
            gone = place[b] - place[a]
            first, spent = _costs_unseen(
                g[b] - g[a], TIME_S[b] - TIME_S[a], UNKNOWN, UNKNOWN, 11.0, 11.0, way[b] - way[a], LAP_M
            )
            k = round((gone - (g[b] - g[a])) / LAP_M) - first
            total += spent[k] if 0 <= k < len(spent) else np.inf
        return total

    every = []
    for laps in product(range(9), repeat=4):
        place = g.copy()
        place[at] += LAP_M * np.array(laps)
        every.append(cost(place))
    assert cost(out) == pytest.approx(min(every))


def test_the_packs_pace_is_the_median_of_those_seen():
    place = np.array([(12.0 * TIME_S) % LAP_M, (12.2 * TIME_S + 30) % LAP_M, np.full(len(TIME_S), 40.0)])
    place[:2, 500:700] = np.nan
    place[1, 100] += 3.0  # somebody else's foot
    pace = pack_pace(*rates(place, TIME_S, LAP_M), TIME_S)
    np.testing.assert_allclose(pace, 12.1, atol=0.11)
    assert np.isnan(pack_pace(np.empty(0, np.intp), np.empty(0), TIME_S)).all()


def test_a_few_sights_with_nothing_around_them_are_lone():
    time_s = np.arange(0, 12, 0.04)
    g = np.where((time_s < 4) | (time_s > 8), 12 * time_s, np.nan)
    few = (time_s > 5.99) & (time_s < 6.1)
    g[few] = 10.0
    np.testing.assert_array_equal(lone_sights(g, time_s), few)
    assert not lone_sights(np.where(few, g, np.nan), time_s).any()  # nothing else is known


def test_over_a_long_time_unseen_the_pack_keeps_its_usual_pace():
    """Not that of the last moment in sight, in which racers were slow."""
    speed = np.where((TIME_S > 19.0) & (TIME_S < 20.0), 7.0, 12.0)
    way = np.concatenate([[0.0], np.cumsum(speed[1:] * np.diff(TIME_S))])
    place = np.tile(way, (3, 1))
    place[:, (TIME_S >= 20.0) & (TIME_S < 35.0)] = np.nan
    pace = pack_pace(*rates(place, TIME_S, LAP_M), TIME_S)
    went = way_of_pack(pace, TIME_S)
    a, b = np.searchsorted(TIME_S, [20.0, 35.0])
    assert went[b] - went[a] == pytest.approx(15.0 * 12.0, rel=0.03)
