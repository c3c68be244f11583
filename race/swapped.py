"""Racers exchanged for a time where that explains more: what a beam gave up before it could be told.

Who passed whom out of the picture is known only laps later, when the score bug has told it a few times, or colours were
seen well; by then no hypothesis of the beam may be left in which it was so.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.beam import Weighed, cost_of
from tracking.rows import put

Ints = NDArray[np.int64]

STEP_S, STEPS = 5.0, 6
"""Exchanges are tried from moments so far apart, for less than so many of these or to the end; then moved a little."""
LEAST_GAIN, MOST = 1.0, 30
"""Nats that each has to gain, and how many there may be."""


NOBODY: Any = np.int64(-1)
FIRST: Any = np.int64(0)  # as Python's numbers they would have ``_exchanged`` compiled anew


def exchange(weighed: Weighed, owner: Ints) -> float:
    """Exchange racers in ``owner`` (K,), in place, as long as that gains; returns what is left of the cost, nats.

    Two are exchanged as they were seen; the moments that the score bug tells of stay with the names."""
    steps = np.arange(weighed.first_s[0] + STEP_S, weighed.first_s[-1], STEP_S)
    return float(_exchange(weighed, owner, np.append(np.searchsorted(weighed.first_s, steps), len(owner))))


@njit(cache=True, error_model="numpy")
def _exchange(weighed: Weighed, owner: Ints, moments: Ints) -> float:
    """The same at ``moments``, pieces."""
    cost, count = cost_of(weighed, owner), len(owner)
    for _ in range(MOST):
        best, a, b, since, until = cost - LEAST_GAIN, NOBODY, NOBODY, FIRST, FIRST
        for m in range(len(moments) - 1):
            for n in range(m + 1, min(m + STEPS, len(moments))):
                end = moments[n] if n < m + STEPS - 1 else count
                for one in range(weighed.size):
                    for other in range(one + 1, weighed.size):
                        value = cost_of(weighed, _exchanged(weighed.name, owner, one, other, moments[m], end))
                        if value < best:
                            best, a, b, since, until = value, one, other, moments[m], end
        if a < 0:
            break
        begun, ended = weighed.first_s[since], weighed.first_s[min(until, count - 1)]
        for k in range(count):
            if abs(weighed.first_s[k] - begun) <= STEP_S and (owner[k] == a or owner[k] == b):
                value = cost_of(weighed, _exchanged(weighed.name, owner, a, b, k, until))
                if value < best:
                    best, since = value, k
        for k in range(since + 1, count if until < count else 0):
            if abs(weighed.first_s[k] - ended) <= STEP_S and (owner[k] == a or owner[k] == b):
                value = cost_of(weighed, _exchanged(weighed.name, owner, a, b, since, k))
                if value < best:
                    best, until = value, k
        put(owner, _exchanged(weighed.name, owner, a, b, since, until))
        cost = best
    return cost


@njit(cache=True, error_model="numpy")
def _exchanged(name: Ints, owner: Ints, a: int, b: int, since: int, until: int) -> Ints:
    out = owner.copy()
    for k in range(since, until):
        if name[k] < 0:
            if owner[k] == a:
                out[k] = b
            elif owner[k] == b:
                out[k] = a
    return out
