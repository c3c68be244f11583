"""Means and extremes of what is known within windows of time: how "before" and "after" a moment are measured."""

from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

How = Literal["mean", "min", "max"]
_HOW = {"mean": 0, "min": -1, "max": 1}


def over(time_s: Floats, values: Floats, moments_s: Floats, from_s: float, to_s: float, how: How = "mean") -> Floats:
    """(F,), (N, F), (T,) -> (N, T) over ``moment + from_s`` to ``moment + to_s``; NaN where nothing is known."""
    out = np.full((len(values), len(moments_s)), np.nan)
    first = np.searchsorted(time_s, moments_s + from_s - 1e-9)
    after = np.searchsorted(time_s, moments_s + to_s + 1e-9)
    over_kernel(values, first, after, _HOW[how], out)
    return out


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator,unused-ignore]
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


def runs(mask: Mask, time_s: Floats, join_s: float) -> list[tuple[int, int]]:
    """First and last index of each stretch of true; stretches nearer than ``join_s`` are one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    out: list[tuple[int, int]] = []
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        if out and time_s[first] - time_s[out[-1][1]] <= join_s:
            out[-1] = (out[-1][0], int(after) - 1)
        else:
            out.append((int(first), int(after) - 1))
    return out
