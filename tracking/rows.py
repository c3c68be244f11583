"""What NumPy does as well, in loops: Numba takes seconds to compile its own copying, sorting and medians.

An array assigned to a slice has Numba compile the message of an exception for shapes that differ.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def put(to, values):
    """``to[:] = values``, of one dimension and one length."""
    for k in range(len(to)):
        to[k] = values[k]


@njit(cache=True, error_model="numpy")
def median(values):
    """Median of ``values`` (N,), which are put into another order; NaN of none."""
    n = len(values)
    if n == 0:
        return np.nan
    low, high, middle = 0, n - 1, n // 2
    while low < high:  # Hoare's selection: what is left of ``middle`` is no larger
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            break
    if n % 2:
        return values[middle]
    below = values[0]
    for k in range(1, middle):
        below = max(below, values[k])
    return 0.5 * (below + values[middle])
