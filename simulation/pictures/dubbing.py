"""Sound beside the pictures of a film, as AAC."""

from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

from simulation.soundtrack import RATE

Floats = NDArray[np.float64]

BIT_RATE = 48_000
FRAME = 1024
"""Samples that AAC encodes at once."""


class Dubbing:
    """Writes a sound, ``parts`` (N,) of it one after the other, into ``container`` as far as its pictures have come."""

    def __init__(self, container: OutputContainer, parts: Iterator[Floats]) -> None:
        self._container = container
        self._stream = container.add_stream("aac", rate=RATE, layout="mono", bit_rate=BIT_RATE)
        self._parts = parts
        self._held = np.empty(0, np.float32)
        self._done = 0

    def up_to(self, time_s: float) -> None:
        """Write what is heard before ``time_s``, but for the last piece of a frame."""
        while (self._done + FRAME) / RATE <= time_s and self._take(FRAME):
            self._write(FRAME)

    def end(self) -> None:
        """Write what is left."""
        while self._take(1):
            self._write(min(FRAME, len(self._held)))
        self._container.mux(self._stream.encode(None))

    def _take(self, count: int) -> bool:
        """Whether so many samples are there."""
        while len(self._held) < count and (part := next(self._parts, None)) is not None:
            self._held = np.concatenate([self._held, part.astype(np.float32)])
        return len(self._held) >= count

    def _write(self, count: int) -> None:
        samples: NDArray[np.float32] = np.ascontiguousarray(self._held[None, :count])
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.rate, frame.pts, frame.time_base = RATE, self._done, Fraction(1, RATE)
        self._container.mux(self._stream.encode(frame))
        self._held, self._done = self._held[count:], self._done + count
