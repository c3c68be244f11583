"""Means and extremes of what is known within windows of time: how "before" and "after" a moment are measured."""

from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

How = Literal["mean", "min", "max"]
_HOW = {"mean": 0, "min": -1, "max": 1}


def over(time_s: Floats, values: Floats, moments_s: Floats, from_s: float, to_s: float, how: How = "mean") -> Floats:
    """(F,), (N, F), (T,) -> (N, T) over ``moment + from_s`` to ``moment + to_s``; NaN where nothing is known."""
    out = np.full((len(values), len(moments_s)), np.nan)
    first = np.searchsorted(time_s, moments_s + from_s - 1e-9)
    after = np.searchsorted(time_s, moments_s + to_s + 1e-9)
    over_kernel(values, first, after, _HOW[how], out)
    return out


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def over_kernel(values: Floats, first: NDArray[np.int64], after: NDArray[np.int64], how: int, out: Floats) -> None:
    """Fill ``out`` (N, T) from the columns ``first[t]`` to ``after[t] - 1`` of ``values`` (N, F)."""
    for r in range(len(values)):
        for t in range(len(first)):
            count, total, low, high = 0, 0.0, np.inf, -np.inf
            for n in range(first[t], after[t]):
                value = values[r, n]
                if not np.isnan(value):
                    count += 1
                    total += value
                    low, high = min(low, value), max(high, value)
            if count:
                out[r, t] = total / count if how == 0 else (low if how < 0 else high)
