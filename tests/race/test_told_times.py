import numpy as np
import pytest
from scipy.special import log_ndtr

from race.told_times import (
    GAP_S,
    LATE_S,
    MOST_EARLY,
    MOST_LATE,
    ORDER_SD_S,
    ROUNDS,
    TOO_EARLY_PER_S,
    USUAL_LATE_S,
    WRONG_ORDER,
    Chain,
    settle_moments,
)

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


def single(rank, row_s):
    return Chain(np.array([1]), np.array([rank]), np.zeros(1), np.array([row_s]), np.ones(1, bool))


def test_rows_without_lap_times_are_settled_together():
    # the first was seen; the camera then looked elsewhere, and the fourth row came up before those of two ahead of it
    crossed_s, watched_s = np.array([10.0]), np.arange(0.0, 10.1, 0.04)
    rows = [single(rank, row_s) for rank, row_s in ((1, 10.2), (2, 11.3), (3, 12.0), (4, 10.8))]
    begun_s, sd_s, _, _ = settle_moments(rows, crossed_s, watched_s)
    assert begun_s[0] == pytest.approx(10.0, abs=0.05)
    assert (np.diff(begun_s) > 0).all()
    assert begun_s[3] < 10.8
    assert sd_s[1] > 0.1  # nobody saw it


def test_what_two_tell_each_other_is_what_all_pairs_of_moments_tell():
    ahead, behind = single(1, 10.6), single(2, 10.3)
    begun_s, _, _, _ = settle_moments([ahead, behind], np.empty(0), np.empty(0))
    at = np.arange(6.0, 14.0, 0.02)

    def nats(row_s, late_s):
        waited = row_s - at
        late = -np.minimum(waited / late_s, MOST_LATE + waited / LATE_S[1])
        return np.where(waited >= 0, late, np.maximum(TOO_EARLY_PER_S * waited, -MOST_EARLY))

    gap_s = at[None, :] - at[:, None]
    behind_it = np.maximum(log_ndtr(gap_s / ORDER_SD_S), -WRONG_ORDER) - np.maximum(gap_s, 0) / GAP_S
    late_s = USUAL_LATE_S
    for _ in range(ROUNDS):
        joint = nats(10.6, late_s)[:, None] + nats(10.3, late_s)[None, :] + behind_it
        share = np.exp(joint - joint.max())
        share /= share.sum()
        expected_s = share.sum(axis=1) @ at, share.sum(axis=0) @ at
        late_s = np.clip((10.6 - expected_s[0] + 10.3 - expected_s[1]) / 2, *LATE_S)
    assert begun_s == pytest.approx(expected_s, abs=0.03)
