import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from race.order import SWITCH_COST, Order, find_changes, find_order, smooth_sign


def naive_smooth_sign(gap, time_s, switch_cost):
    """Every sequence of the two states, tried out."""
    frames = len(gap)
    best, best_cost = None, np.inf
    for code in range(2**frames):
        ahead = [(code >> t) & 1 == 1 for t in range(frames)]
        cost = sum(switch_cost for t in range(1, frames) if ahead[t] != ahead[t - 1])
        for t in range(frames):
            if not np.isnan(gap[t]) and (gap[t] < 0) == ahead[t]:
                step = min(time_s[t] - time_s[t - 1], 0.2) if t else 0.04
                cost += min(abs(gap[t]), 0.2) / 0.2 * 20.0 * step
        if cost < best_cost - 1e-12:
            best, best_cost = ahead, cost
    return best, best_cost


def path_cost(ahead, gap, time_s, switch_cost):
    cost = switch_cost * np.count_nonzero(np.diff(np.asarray(ahead).astype(int)))
    for t in range(len(gap)):
        if not np.isnan(gap[t]) and (gap[t] < 0) == bool(ahead[t]):
            step = min(time_s[t] - time_s[t - 1], 0.2) if t else 0.04
            cost += min(abs(gap[t]), 0.2) / 0.2 * 20.0 * step
    return cost


@given(arrays(np.float64, 9, elements=st.one_of(st.floats(-0.5, 0.5), st.just(np.nan))), st.sampled_from([0.5, 2.0]))
@settings(max_examples=40, deadline=None)
def test_smooth_sign_is_the_cheapest_path(gap, switch_cost):
    time_s = np.cumsum(np.full(9, 0.15))
    ahead = smooth_sign(gap, time_s, switch_cost)
    _, cheapest = naive_smooth_sign(gap, time_s, switch_cost)
    assert path_cost(ahead, gap, time_s, switch_cost) <= cheapest + 1e-9


def gaps(signed):
    """(2, 2, F) as ``time_gaps`` gives them: each pair measured along the trail of the one ahead."""
    gap = np.full((2, 2, len(signed)), np.nan)
    gap[0, 1] = np.where(signed > 0, signed, np.nan)
    gap[1, 0] = np.where(signed < 0, -signed, np.nan)
    return gap


def test_flicker_is_no_pass():
    time_s = np.arange(0, 8, 0.04)
    signed = 0.2 + 0.02 * np.sin(time_s)
    signed[100:103] = -0.05  # an eighth of a second beside each other
    order = find_order(gaps(signed), time_s)
    assert order.ahead[0, 1].all()
    assert watched_changes(order, time_s) == []


def watched_changes(order, time_s, seen=None, sure=None):
    everywhere = np.ones((2, len(time_s)), bool)
    return find_changes(order, everywhere if seen is None else seen, everywhere * 1.0 if sure is None else sure, time_s)


TIME_S = np.arange(0, 8, 0.04)


def test_a_pass_is_found_where_the_gap_goes_through_zero():
    (change,) = watched_changes(find_order(gaps(0.1 * (4.0 - TIME_S)), TIME_S), TIME_S)
    assert (change.by, change.on) == (1, 0)
    assert abs(change.time_s - 4.0) < 0.05
    assert change.confidence > 0.95


def test_a_change_out_of_sight_is_no_pass():
    """While one of them is not seen, or only filled in, the two can be taken for each other."""
    signed = 0.1 * (4.0 - TIME_S)
    for hidden_s, passes in ((0.3, 1), (1.0, 0)):
        hidden = np.abs(TIME_S - 4.0) < hidden_s / 2
        seen = np.array([~hidden, np.ones_like(hidden)])
        order = find_order(gaps(signed), TIME_S)
        assert len(watched_changes(order, TIME_S, seen)) == passes
        order = find_order(gaps(np.where(hidden, np.nan, signed)), TIME_S)
        assert len(watched_changes(order, TIME_S)) == passes


def test_a_leap_of_the_gap_is_no_pass():
    """Nobody makes up 0.3 s in a fifth of a second: that is another racer, taken for the one before."""
    for seconds, passes in ((3.0, 1), (0.2, 0)):
        signed = np.interp(TIME_S, [4.0 - seconds / 2, 4.0 + seconds / 2], [0.15, -0.15])
        assert len(watched_changes(find_order(gaps(signed), TIME_S), TIME_S)) == passes


def test_an_order_hardly_seen_before_makes_no_sure_pass():
    seen = np.array([TIME_S >= 3.2, TIME_S >= 0])  # one of the two filled in until then
    (hardly,) = watched_changes(find_order(gaps(0.1 * (4.0 - TIME_S)), TIME_S), TIME_S, seen)
    assert hardly.confidence < 0.7  # clear for 0.3 s only: 63 %


def test_doubt_who_is_who_is_doubt_in_the_pass():
    sure = np.ones((2, len(TIME_S)))
    sure[0, 100:] = 0.6  # since they were level
    (change,) = watched_changes(find_order(gaps(0.1 * (4.0 - TIME_S)), TIME_S), TIME_S, sure=sure)
    assert 0.5 < change.confidence <= 0.6


def test_doubt_seconds_before_is_doubt_in_the_pass():
    """While they overlap it is open who is who; and who is taken for another seconds later has passed all the same."""
    for at_s, least in ((1.9, 0.6), (4.0, 1.0), (4.8, 0.6), (6.2, 1.0)):
        sure = np.ones((2, len(TIME_S)))
        sure[1, np.abs(TIME_S - at_s) < 0.1] = 0.6
        (change,) = watched_changes(find_order(gaps(0.1 * (4.0 - TIME_S)), TIME_S), TIME_S, sure=sure)
        assert 0.9 * least < change.confidence <= least


def test_rank_counts_those_ahead_and_needs_to_know_them():
    ahead = np.zeros((3, 3, 2), bool)
    ahead[0, 1] = ahead[1, 2] = ahead[0, 2] = True
    known = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], bool)  # the first and the last were never seen together
    order = Order(ahead, np.full((3, 3, 2), np.nan), known)
    everybody = np.ones((3, 2), bool)
    assert order.rank(everybody).tolist() == [[1, 1], [2, 2], [3, 3]]  # the one between settles it
    without_middle = np.array([[True] * 2, [False] * 2, [True] * 2])
    assert np.isnan(order.rank(without_middle)).all()


def test_switch_cost_is_what_its_docstring_says():
    """A change pays off after 0.4 s of a full gap on the other side, not before."""
    time_s = np.arange(0, 10, 0.02)
    for seconds, changes in ((0.3, 0), (0.5, 1)):
        signed = np.where(time_s < 10 - seconds, 0.3, -0.3)
        ahead = smooth_sign(signed, time_s, SWITCH_COST)
        assert np.count_nonzero(np.diff(ahead)) == changes


def test_gaps_that_are_not_sure_leave_the_order_as_it_was():
    signed = np.where(TIME_S < 4.0, 0.5, -0.5)
    sure = np.broadcast_to(TIME_S < 3.0, (2, 2, len(TIME_S)))
    order = find_order(gaps(signed), TIME_S, sure)
    assert order.ahead[0, 1].all()
    np.testing.assert_array_equal(order.gap_s[0, 1], signed)  # still told, though not counted
    assert not find_order(gaps(signed), TIME_S).ahead[0, 1].all()
