import numpy as np
import pytest

from race.told_times import Chain, settle_moments

CROSSED_S = np.array([[10.0, 10.4], [19.5, 19.8], [28.8, 29.3]])
"""(laps, racers) of two who cross one behind the other."""
WATCHED_S = np.arange(0.0, 40.0, 0.04)


def chains(late_s):
    """Both racers' rows, read ``late_s`` (laps, racers) after their crossings."""
    lap = np.arange(1, 4)
    return [
        Chain(lap, np.full(3, k + 1), CROSSED_S[:, k] - CROSSED_S[0, k], (CROSSED_S + late_s)[:, k], np.ones(3, bool))
        for k in range(2)
    ]


def test_chains_begin_where_racers_were_seen_to_cross_whatever_their_rows_are_late():
    late_s = np.array([[0.5, 1.5], [0.9, 0.7], [0.4, 2.2]])
    begun_s, sd_s, seen, _ = settle_moments(chains(late_s), np.sort(CROSSED_S.ravel()), WATCHED_S)
    np.testing.assert_allclose(begun_s, CROSSED_S[0], atol=0.05)
    assert (sd_s < 0.2).all()
    assert seen == pytest.approx([3, 3], abs=0.5)


def test_who_is_seen_by_nobody_crossed_before_its_row_came_up():
    late_s = np.array([[0.3, 0.2], [0.1, 0.4], [0.2, 0.3]])
    begun_s, sd_s, seen, _ = settle_moments(chains(late_s), np.empty(0), WATCHED_S)
    assert (begun_s < CROSSED_S[0] + late_s.min(axis=0) + 0.05).all()  # rows are hardly ever read early
    assert (np.abs(begun_s - CROSSED_S[0]) < 3 * sd_s + 0.2).all()
    assert not seen.any()
