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
    assert find_changes(order, time_s) == []


def test_a_pass_is_found_where_the_gap_goes_through_zero():
    time_s = np.arange(0, 8, 0.04)
    order = find_order(gaps(0.2 * (4.0 - time_s)), time_s)
    (change,) = find_changes(order, time_s)
    assert (change.by, change.on) == (1, 0)
    assert abs(change.time_s - 4.0) < 0.05
    assert change.confidence == 1.0


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
