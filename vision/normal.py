"""The normal equations of many pictures' own numbers and of what they share, and their solution.

Pictures are tied to few others, so that their part is sparse; what is shared is eliminated last (Schur complement).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from vision.rink_fit import OWN, SHARED

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAMPING = 1e-3
CHUNK = 256
"""Pictures whose covariance is asked for at once."""


@dataclass(frozen=True, slots=True)
class Normal:
    """``own_own`` @ step + ``own_shared`` @ shared step = ``own_down`` and so on, of F pictures.

    blocks: (n,) and (n,) pictures that are tied, (n, 4, 4) between the two. tally (F, KINDS, 2): see ``Fit``.
    """

    own_own: Floats  # (F, 4, 4)
    own_shared: Floats  # (F, 4, SHARED)
    shared_shared: Floats
    own_down: Floats  # (F, 4)
    shared_down: Floats
    blocks: tuple[tuple[Ints, Ints, Floats], ...]
    tally: Floats


class Solver:
    """The equations' own part factored, and what is shared eliminated from it."""

    def __init__(self, normal: Normal) -> None:
        self._normal, self._frames = normal, len(normal.own_down)
        size = self._frames * OWN
        own = np.arange(size).reshape(self._frames, OWN)
        everything = np.arange(self._frames)
        rows, columns, values = [], [], []
        ties = [(everything, everything, normal.own_own + DAMPING * np.eye(OWN))]
        for before, now, block in normal.blocks:
            ties += [(before, now, block), (now, before, block.transpose(0, 2, 1))]
        for first, second, part in ties:
            rows.append(np.broadcast_to(own[first][:, :, None], part.shape).ravel())
            columns.append(np.broadcast_to(own[second][:, None, :], part.shape).ravel())
            values.append(part.ravel())
        places = np.concatenate(rows), np.concatenate(columns)
        self._factor = splu(coo_matrix((np.concatenate(values), places), shape=(size, size)).tocsc())
        across = normal.own_shared.reshape(size, SHARED)
        solved = self._factor.solve(np.column_stack([normal.own_down.ravel(), across]))
        self._down, self._across = solved[:, 0], solved[:, 1:]
        self._schur = normal.shared_shared - across.T @ self._across

    def steps(self) -> tuple[Floats, Floats]:
        """(F, 4) of every picture and (SHARED,) of what is shared."""
        normal = self._normal
        shared = np.linalg.solve(self._schur, normal.shared_down - self._across.T @ normal.own_down.ravel())
        return (self._down - self._across @ shared).reshape(self._frames, OWN), shared

    def covariances(self) -> Floats:
        """(F, 4 + SHARED, 4 + SHARED) of each picture's own four numbers and the shared ones together."""
        frames, size = self._frames, self._frames * OWN
        shared = np.linalg.inv(self._schur)
        across = self._across.reshape(frames, OWN, SHARED)
        out = np.empty((frames, OWN + SHARED, OWN + SHARED))
        out[:, OWN:, OWN:] = shared
        out[:, :OWN, OWN:] = -across @ shared
        out[:, OWN:, :OWN] = out[:, :OWN, OWN:].transpose(0, 2, 1)
        out[:, :OWN, :OWN] = across @ shared @ across.transpose(0, 2, 1)
        for first in range(0, frames, CHUNK):  # diagonal blocks of the inverse, some columns at a time
            count = min(CHUNK, frames - first)
            columns = slice(first * OWN, (first + count) * OWN)
            unit = np.zeros((size, count * OWN))
            unit[columns] = np.eye(count * OWN)
            inverse = self._factor.solve(unit)[columns].reshape(count, OWN, count, OWN)
            each = np.arange(count)
            out[first : first + count, :OWN, :OWN] += inverse[each, :, each]
        return out
