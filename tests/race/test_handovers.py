"""Pieces of ways cut where two in like suits touch, of ways drawn by hand."""

import numpy as np
import pytest

from race.handovers import chosen_handovers, cut_at_touches, handover_costs
from race.pieces import Pieces

FPS, LAP_M = 25, 111.12
RED, BLUE = np.eye(24)[0], np.eye(24)[5]
TOUCH = 50


def two(looks: tuple[np.ndarray, np.ndarray], nearest_m: float = 0.8) -> tuple[np.ndarray, ...]:
    """A racer at 12 m/s comes up to one at 11 m/s within ``nearest_m`` at frame TOUCH, and falls behind at 8 m/s:
    numbers, places, colours, how clear, frames and times of 100 pictures."""
    since_s = (np.arange(100) - TOUCH) / FPS
    racer = 100 + 11 * since_s + np.where(since_s < 0, since_s, -3 * since_s)
    taker = 100 + nearest_m + 11 * since_s
    along = np.column_stack([racer, taker]).ravel() % LAP_M
    number = np.tile([0, 1], 100)
    place = np.column_stack([along, np.zeros(200)])
    colour = np.array([looks[n] for n in number])
    return number, place, colour, np.ones(200), np.repeat(np.arange(100), 2), np.arange(100) / FPS


def test_two_in_one_suit_are_cut_where_they_are_nearest() -> None:
    number, place, colour, clear, column, time_s = two((RED, RED))
    handovers = cut_at_touches(number, place, colour, clear, column, time_s, LAP_M)
    assert sorted(set(number)) == [0, 1, 2, 3]
    for piece in (0, 1):  # each goes on under a new number, behind the frame of the touch
        assert np.array_equal(number[piece::2] == piece, column[piece::2] <= TOUCH)
    racer, taker = number[-2:].tolist()
    assert handovers == {0: {taker}, 1: {racer}}


@pytest.mark.parametrize(
    ("looks", "nearest_m"), [((RED, BLUE), 0.8), ((RED, RED), 3.0), ((RED, np.full(24, np.nan)), 0.8)]
)
def test_other_suits_unknown_ones_and_who_stays_away_are_not_cut(
    looks: tuple[np.ndarray, np.ndarray], nearest_m: float
) -> None:
    number, place, colour, clear, column, time_s = two(looks, nearest_m)
    clear[np.isnan(colour[:, 0])] = 0.0
    before = number.copy()
    assert cut_at_touches(number, place, colour, clear, column, time_s, LAP_M) == {}
    assert np.array_equal(number, before)


def test_who_is_inside_the_track_hands_nothing_over() -> None:
    number, place, *rest = two((RED, RED))
    place[:, 1] = -4.0
    assert cut_at_touches(number, place, *rest, LAP_M) == {}


def test_a_teams_way_may_lead_over_the_touch_and_is_told_where_it_does() -> None:
    number, place, colour, clear, column, time_s = two((RED, RED))
    handovers = cut_at_touches(number, place, colour, clear, column, time_s, LAP_M)
    rows = [np.flatnonzero(number == k) for k in (0, 1, int(number[198]), int(number[199]))]
    zero = np.zeros((4, 6, 6))
    pieces = Pieces(
        rows=rows,
        first_s=np.array([time_s[column[one[0]]] for one in rows]),
        last_s=np.array([time_s[column[one[-1]]] for one in rows]),
        first=np.zeros((4, 6)), last=np.zeros((4, 6)), first_cov=zero, last_cov=zero,
        look=np.zeros((4, 24)), many=np.ones(4), racing=np.ones(4, bool), told=np.full(4, -1),
        frames=[], rates=[],
    )  # fmt: skip
    cost = np.full((4, 4), np.inf)
    handover_costs(handovers, pieces, number, cost)
    assert np.isfinite(cost[0, 3])
    assert np.isfinite(cost[1, 2])
    assert np.isfinite(cost).sum() == 2
    led = chosen_handovers(handovers, pieces, number, np.array([0, -1, -1, 0]))
    assert led == ((int(rows[0][-1]), int(rows[3][0])),)
    assert chosen_handovers(handovers, pieces, number, np.array([0, 1, 0, 1])) == ()
