"""Where racers' feet were in the last moments, as points of the present picture, so that a trail lies on the ice."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LAST_S = 1.5


class Trails:
    """Foot points of the last ``LAST_S`` seconds per competitor, carried along as the camera moves."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all: another shot begins."""
        self._ids = np.zeros(0, np.int64)  # (N,)
        self._times_s = np.zeros(0)  # (N,)
        self._points = np.zeros((0, 2))  # (N, 2) pixels of the present picture

    def move(self, motion: Floats | None) -> None:
        """Go to the next picture: ``motion`` (3, 3) maps pixels of the one before to it; unknown (None, NaN) cuts."""
        if motion is None or not np.isfinite(motion).all():
            self.clear()
            return
        moved = np.column_stack([self._points, np.ones(len(self._points))]) @ motion.T  # (N, 3)
        ahead = moved[:, 2] > 1e-6
        self._ids, self._times_s = self._ids[ahead], self._times_s[ahead]
        self._points = moved[ahead, :2] / moved[ahead, 2:]

    def add(self, ids: NDArray[np.int64], feet: Floats, time_s: float) -> None:
        """Add where the feet (N, 2) of ``ids`` (N,) are in the present picture, and forget what is too old."""
        fresh = self._times_s >= time_s - LAST_S
        self._ids = np.concatenate([self._ids[fresh], ids])
        self._times_s = np.concatenate([self._times_s[fresh], np.full(len(ids), time_s)])
        self._points = np.concatenate([self._points[fresh], feet])

    def line(self, id_: int) -> Floats:
        """The trail of one competitor, (N, 2) pixels, oldest first."""
        line: Floats = self._points[self._ids == id_]
        return line
