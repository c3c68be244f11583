"""Random numbers that are the same on every machine and with every version of numpy."""

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")


class Draws:
    """Draws from the raw stream of PCG64, which numpy keeps for good; distributions are worked out here.

    ``seed`` and ``topics`` name the stream, so that a draw more in one topic does not change another.
    """

    def __init__(self, seed: int, *topics: str) -> None:
        digest = hashlib.sha256(repr((seed, topics)).encode()).digest()
        self._stream = np.random.PCG64(int.from_bytes(digest[:16], "little"))

    def uniforms(self, count: int) -> NDArray[np.float64]:
        """(count,) in [0, 1)."""
        return np.asarray((self._stream.random_raw(count) >> np.uint64(11)) * 2.0**-53)

    def normals(self, count: int) -> NDArray[np.float64]:
        """(count,) of mean 0 and standard deviation 1 (Box and Muller)."""
        radius = np.sqrt(-2 * np.log1p(-self.uniforms(count)))
        return np.asarray(radius * np.cos(2 * np.pi * self.uniforms(count)))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        return low + (high - low) * float(self.uniforms(1)[0])

    def normal(self, mean: float = 0.0, sd: float = 1.0) -> float:
        return mean + sd * float(self.normals(1)[0])

    def chance(self, probability: float) -> bool:
        return self.uniform() < probability

    def integer(self, low: int, high: int) -> int:
        """low <= integer <= high."""
        return low + math.floor(self.uniform() * (high - low + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        return items[self.integer(0, len(items) - 1)]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        order = np.argsort(self.uniforms(len(items)), kind="stable")
        return [items[k] for k in order]

    def quantile(self, levels: Sequence[float], values: Sequence[float], at: float | None = None) -> float:
        """A draw from that distribution, linear between the quantiles, none beyond; ``at`` fixes its level."""
        return float(np.interp(self.uniform() if at is None else at, levels, values))
