"""Graphics over the picture: what keeps its edges in place while the camera moves."""

from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.ocr import Image

WORK_WIDTH = 640
"""Overlays are looked for in a picture no wider than this, pixels."""

_EDGE = 24  # grey levels across 3 pixels
_STILL = 14  # grey levels; compression flickers by less, the picture behind by more
_GRID = (10, 6)  # cells across and down, in which is seen what moves
_LEAST_EDGES = 0.004  # share of a cell's pixels that have to be edges for the cell to say anything
_MOVING = 0.5  # a cell moves when this share of its edges changed, the camera when this share of the cells moves
_LAG = 3  # looks between the two pictures compared: a slow pan has to show
_SURE = 3  # looks in which an edge stood still under a moving camera
_MOST = 12
_DENSE = 6  # sure edge pixels in 5x5: graphics are drawn in lines, chance is in points


class StaticOverlay:
    """Learns which edges stand still while most others move. Feed it a picture about every 0.1 s.

    While the camera stands still nothing can be told apart, so that nothing is learnt; an edge that vanishes is
    forgotten at any time.
    """

    def __init__(self) -> None:
        self._before: deque[tuple[Image, Image]] = deque(maxlen=_LAG)
        self._hits: NDArray[np.int16] | None = None
        self._mask: Image | None = None
        self.camera_moves = False

    def update(self, grey: Image) -> None:
        """Look at ``grey`` (h, w), the next picture."""
        edges = cv2.threshold(
            cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), _EDGE, 1, cv2.THRESH_BINARY
        )[1]
        if self._hits is None or self._hits.shape != grey.shape:
            self._hits = np.zeros(grey.shape, np.int16)
            self._before.clear()
        if len(self._before) == _LAG:
            grey_before, edges_before = self._before[0]
            still = (cv2.absdiff(grey, grey_before) < _STILL).view(np.uint8) & edges & edges_before
            elsewhere = (self._hits < _SURE).view(np.uint8)
            self.camera_moves = _mostly_moves(edges & elsewhere, still & elsewhere)
            self._hits[(edges == 0) & (self._hits > 0)] -= 1
            if self.camera_moves:
                self._hits += np.where(still, 1, -1).astype(np.int16)
            np.clip(self._hits, 0, _MOST, out=self._hits)
        self._before.append((grey, edges))
        self._mask = None

    @property
    def mask(self) -> Image:
        """(h, w) uint8, 1 where graphics are known to lie: edges that stood still, closed to panels."""
        if self._hits is None:
            raise ValueError("StaticOverlay.mask: no picture has been looked at yet")
        if self._mask is None:
            height = self._hits.shape[0]
            sure = (self._hits >= _SURE).astype(np.uint8)
            sure &= (cv2.boxFilter(sure, -1, (5, 5), normalize=False) >= _DENSE).view(np.uint8)
            across, down = max(3, height // 20), max(3, height // 14)
            closed = cv2.morphologyEx(sure, cv2.MORPH_CLOSE, np.ones((down, across), np.uint8))
            opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
            self._mask = cv2.dilate(opened, np.ones((5, 5), np.uint8))
        return self._mask

    def regions(self) -> list[tuple[int, int, int, int]]:
        """Boxes (x, y, width, height) of the graphics, in the pixels of the pictures it was fed."""
        count, _, stats, _ = cv2.connectedComponentsWithStats(self.mask)
        return [(int(x), int(y), int(w), int(h)) for x, y, w, h, _ in stats[1:count] if w > 12 and h > 7]


def _mostly_moves(edges: Image, still: Image) -> bool:
    """Whether most parts of the picture with ``edges`` move: one large panel, rich in edges, must not decide it."""
    seen, stood = (cv2.resize(mask * np.float32(1), _GRID, interpolation=cv2.INTER_AREA) for mask in (edges, still))
    telling = seen > _LEAST_EDGES
    return bool(telling.any() and np.mean(stood[telling] < (1 - _MOVING) * seen[telling]) > _MOVING)
