import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracking.rows import median, put

numbers = st.lists(st.floats(-1e6, 1e6), max_size=40)


@given(numbers)
def test_median_is_numpys(values: list[float]) -> None:
    given_ = np.array(values, np.float64)
    mine = median(given_.copy())
    if values:
        assert mine == np.median(given_)
    else:
        assert np.isnan(mine)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_median_of_many_that_are_alike_keeps_all_values(values: list[int]) -> None:
    some = np.array(values, np.float64)
    assert median(some) == np.median(values)
    assert sorted(some) == sorted(values)


def test_put_copies() -> None:
    to, values = np.zeros(3), np.array([1.0, 2.0, 3.0])
    put(to, values)
    values[0] = 9.0
    assert to.tolist() == [1.0, 2.0, 3.0]
