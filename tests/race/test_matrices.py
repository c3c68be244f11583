import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from race.matrices import invert, put_all, solve, times, times_turned

seeds = st.integers(0, 10_000)
sizes = st.integers(1, 8)


@given(seeds, sizes, sizes, sizes)
def test_products_are_numpys(seed: int, n: int, k: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, out = rng.normal(size=(n, k)), rng.normal(size=(k, m)), np.full((n, m), np.nan)
    times(a, b, out)
    assert out == pytest.approx(a @ b)
    times_turned(a, np.ascontiguousarray(b.T), out)
    assert out == pytest.approx(a @ b)


@given(seeds, sizes, sizes)
def test_what_is_solved_gives_back_the_right_side(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    a, x = rng.normal(size=(n, n)) + 3.0 * np.eye(n), rng.normal(size=(n, m))
    a = a[rng.permutation(n)]  # so that rows have to be exchanged
    right, used = a @ x, a.copy()
    solve(used, right)
    assert right == pytest.approx(x, rel=1e-6, abs=1e-6 * np.linalg.cond(a))


def test_a_first_row_that_begins_with_nothing_is_exchanged() -> None:
    right = np.array([[2.0], [3.0]])
    solve(np.array([[0.0, 1.0], [1.0, 0.0]]), right)
    assert right.ravel().tolist() == [3.0, 2.0]


@given(seeds, sizes)
def test_inverse_leaves_what_it_is_of(seed: int, n: int) -> None:
    a = np.random.default_rng(seed).normal(size=(n, n)) + 4.0 * np.eye(n)
    kept, out = a.copy(), np.empty_like(a)
    invert(a, out)
    assert np.array_equal(a, kept)
    assert out @ a == pytest.approx(np.eye(n), abs=1e-9 * np.linalg.cond(a))


def test_put_all_copies() -> None:
    to, values = np.zeros((2, 2)), np.arange(4.0).reshape(2, 2)
    put_all(to, values)
    values[0, 0] = 9.0
    assert to.tolist() == [[0.0, 1.0], [2.0, 3.0]]
