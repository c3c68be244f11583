"""The assignment against trying everything."""

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tracking.assignment import LARGEST_PART, assign, best_assignment

Floats = NDArray[np.float64]


def best_total(gain: Floats) -> float:
    """Greatest sum of gains over all ways to pair rows with columns, by trying them."""
    if gain.shape[0] > gain.shape[1]:
        return best_total(gain.T)
    rows, columns = gain.shape
    return max(sum(gain[r, c] for r, c in enumerate(order)) for order in permutations(range(columns), rows))


def gains(largest: int) -> st.SearchStrategy[Floats]:
    """Matrices of gains, about a third of them 0: pairs that are not allowed."""
    size = st.tuples(st.integers(1, largest), st.integers(1, largest))
    value = st.one_of(st.just(0.0), st.floats(0.01, 2.0), st.floats(0.01, 2.0))
    return size.flatmap(
        lambda s: st.lists(value, min_size=s[0] * s[1], max_size=s[0] * s[1]).map(lambda v: np.array(v).reshape(s))
    )


def assign_dense(gain: Floats) -> NDArray[np.int64]:
    row, column = np.nonzero(gain)
    taken: NDArray[np.int64] = assign(
        row, column, gain[row, column], *gain.shape, np.empty(2 * sum(gain.shape), np.int64)
    )
    return taken


@settings(max_examples=200, deadline=None)
@given(gains(5))
def test_no_assignment_is_better(gain: Floats) -> None:
    for chosen in (best_assignment(gain), assign_dense(gain)):
        pairs = [(r, c) for r, c in enumerate(chosen) if c >= 0]
        assert len({c for _, c in pairs}) == len(pairs)
        assert all(gain[pair] > 0 for pair in pairs)
        np.testing.assert_allclose(sum(gain[pair] for pair in pairs), best_total(gain), atol=1e-9)


def test_one_strong_pair_beats_two_weak_ones_only_if_stronger_than_both() -> None:
    assert best_assignment(np.array([[0.9, 0.5], [0.5, 0.0]])).tolist() == [1, 0]
    assert best_assignment(np.array([[1.1, 0.5], [0.5, 0.0]])).tolist() == [0, -1]


def test_a_flood_is_solved_greedily_and_nobody_twice() -> None:
    size = LARGEST_PART + 20
    gain = np.random.default_rng(0).uniform(0.1, 1.0, (size, size))
    taken = assign_dense(gain)
    assert sorted(taken) == list(range(size))
    assert gain[taken.tolist().index(int(gain.argmax() % size)), gain.argmax() % size] == gain.max()


def test_nothing_to_assign() -> None:
    assert assign_dense(np.zeros((3, 2))).tolist() == [-1, -1, -1]
