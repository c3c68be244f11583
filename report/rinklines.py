"""The rink's lines drawn into the picture where the camera's pose puts them: whether it is right, every eye can see."""

from itertools import pairwise

import cv2
import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.observations import poses_of
from race.poses import Poses
from race.rink import Rink

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

MATS, TRACK, LINE, BLOCK = (60, 60, 255), (0, 190, 0), (0, 255, 255), (0, 140, 255)
"""BGR of the mats' foot, the measured line, the finish line and the blocks."""
STEP_M = 0.5
FARTHEST = 4.0
"""Picture widths from its middle beyond which nothing is drawn."""


class RinkLines:
    """Lines of ``rink`` in pictures of ``size``, by the poses in ``camera`` (``camera.parquet``)."""

    def __init__(self, camera: pl.DataFrame, size: tuple[int, int], rink: Rink) -> None:
        self._poses: Poses = poses_of(camera, size)
        self._row = {number: row for row, number in enumerate(camera["frame"].to_list()) if self._poses.known[row]}
        mats = rink.mats(STEP_M)
        oval = np.column_stack([np.arange(0.0, rink.lap_m + STEP_M, STEP_M), np.zeros(int(rink.lap_m / STEP_M) + 2)])
        self._lines = [
            (np.concatenate([mats, mats[:1]]), MATS),
            (rink.to_ice(oval), TRACK),
            (np.linspace(rink.finish_line[0], rink.finish_line[1], 20), LINE),
        ]
        self._blocks = rink.blocks

    def draw(self, image: Image, number: int) -> None:
        """Draw on ``image`` (H, W, 3) BGR, picture ``number``, if the camera's pose is known there."""
        row = self._row.get(number)
        if row is None:
            return
        thickness = max(1, round(min(image.shape[:2]) / 360))
        for points, colour in self._lines:
            seen = self._near(self._poses.to_pixels(row, points), image)
            for start, end in pairwise(seen):
                if np.isfinite(start).all() and np.isfinite(end).all():
                    cv2.line(image, _pixel(start), _pixel(end), colour, thickness, cv2.LINE_AA)
        for point in self._near(self._poses.to_pixels(row, self._blocks), image):
            if np.isfinite(point).all():
                cv2.circle(image, _pixel(point), 3 * thickness, BLOCK, thickness, cv2.LINE_AA)

    def _near(self, points: Floats, image: Image) -> Floats:
        width, height = image.shape[1], image.shape[0]
        far = np.abs(points - np.array([width, height]) / 2).max(axis=1) > FARTHEST * width
        points[far] = np.nan
        return points


def _pixel(point: Floats) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
