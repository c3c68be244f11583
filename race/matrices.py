"""Products and solutions of small matrices in loops: calls of BLAS and LAPACK take seconds to compile.

What is written is never what is read.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracking.rows import put

Floats = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def put_all(to: Floats, matrix: Floats) -> None:
    """``to[:] = matrix``"""
    for k in range(len(matrix)):
        put(to[k], matrix[k])


@njit(cache=True, error_model="numpy")
def times(a: Floats, b: Floats, out: Floats) -> None:
    """``out`` = a @ b"""
    for k in range(len(a)):
        for j in range(b.shape[1]):
            total = 0.0
            for i in range(len(b)):
                total += a[k, i] * b[i, j]
            out[k, j] = total


@njit(cache=True, error_model="numpy")
def times_turned(a: Floats, b: Floats, out: Floats) -> None:
    """``out`` = a @ b.T"""
    for k in range(len(a)):
        for j in range(len(b)):
            total = 0.0
            for i in range(a.shape[1]):
                total += a[k, i] * b[j, i]
            out[k, j] = total


@njit(cache=True, error_model="numpy")
def solve(a: Floats, b: Floats) -> None:
    """Leave in ``b`` (n, m) what ``a`` (n, n) times it is: Gauss's elimination; ``a`` is used up."""
    n, many = b.shape
    for c in range(n):
        best = c
        for k in range(c + 1, n):
            if abs(a[k, c]) > abs(a[best, c]):
                best = k
        if best != c:
            for j in range(n):
                a[c, j], a[best, j] = a[best, j], a[c, j]
            for j in range(many):
                b[c, j], b[best, j] = b[best, j], b[c, j]
        for k in range(c + 1, n):
            share = a[k, c] / a[c, c]
            for j in range(c + 1, n):
                a[k, j] -= share * a[c, j]
            for j in range(many):
                b[k, j] -= share * b[c, j]
    for c in range(n - 1, -1, -1):
        for j in range(many):
            for k in range(c + 1, n):
                b[c, j] -= a[c, k] * b[k, j]
            b[c, j] /= a[c, c]


@njit(cache=True, error_model="numpy")
def invert(a: Floats, out: Floats) -> None:
    """``out`` = the inverse of ``a``, which stays as it is."""
    left = np.empty(a.shape)
    put_all(left, a)
    for k in range(len(a)):
        for j in range(len(a)):
            out[k, j] = 1.0 if k == j else 0.0
    solve(left, out)
