"""How the picture moved from one frame to the next: a fixed camera that pans, tilts, rolls and zooms.

``vision/alignment.py`` aligns two pictures. Here is what the frames before add: the motion goes on much as it did,
which carries through blur and bare ice; the focal length is learnt slowly; and what keeps its place in the picture
while the background moves is a graphic and is left out.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from vision.alignment import (
    FOCAL,
    PAN,
    TILT,
    ZOOM,
    Estimate,
    Floats,
    Grey,
    Image,
    Level,
    Mask,
    picture_homography,
    pyramid,
    refine,
    search,
)

FIRST_FOCAL, FIRST_FOCAL_SD = 1.9, 0.5
"""Focal length in picture widths (a horizontal field of 29 degrees) and log sd before anything was seen."""
FOCAL_DRIFT_SD = 0.002
FOCAL_DOUBT = 20.0  # so many pictures err alike about the focal length: lens distortion, blur

STEP_SD = np.array([0.025, 0.010, 0.003, 0.010])
"""How much pan, tilt, roll and zoom change from one frame to the next."""
START_SD = np.array([0.05, 0.02, 0.005, 0.02])
"""The same where the motion before is unknown, as the motion's own size."""
GAIN_SD, OFFSET_SD = 0.3, 20.0  # offset in grey levels
LONGEST_COASTING = 10  # pictures over which the motion before still says something
DISTORTION_SD = 0.025
COASTING_FOCAL_SD = 0.02  # what a picture of unknown zoom costs

BLACK = 12.0  # mean brightness of 255
LEAST_LIKENESS = 0.35  # correlation of gradients under which two pictures are of different places
SURE_ERROR, SURE_LIKENESS = 1.5 / 640, 0.7  # of a coarse alignment that makes a search needless
LARGEST_ERROR = 0.01  # picture widths: what is less certain is unknown

STILL_EXPECTED, STILL_CHANGE = (
    15.0,
    5.0,
)  # grey levels: what motion would change, and what may have changed all the same
STILL_STEP = 2.0  # pixels of the finest reduced picture over which a gradient says what motion changes
STILL_RATE, STILL_SHARE = 0.1, 0.6


class CameraMotion:
    """Feed every picture to ``update`` in order; a new shot is noticed by itself, or begun by ``forget``."""

    def __init__(self) -> None:
        self._still: Grey | None = None
        self.forget()

    def forget(self) -> None:
        """Begin a new shot: the next motion is unknown, and nothing but the graphics' place is kept."""
        self._before: list[Level] | None = None
        self._velocity: Floats | None = None  # pan, tilt, roll, zoom when last known
        self._coasting = 0  # pictures since then
        self._log_focal, self._log_focal_sd = float(np.log(FIRST_FOCAL)), FIRST_FOCAL_SD

    @property
    def focal_length(self) -> float:
        """The focal length at the last picture, in picture widths."""
        return float(np.exp(self._log_focal))

    def update(self, image: Image, person_boxes: Floats, graphics_mask: Mask | None = None) -> tuple[Floats, float]:
        """The motion of the background from the picture before to this one.

        image          (H, W, 3) BGR
        person_boxes   (n, 4) top-left x, y, width, height of everyone in the picture, pixels
        graphics_mask  (H, W) True where the score bug and other graphics are, or None

        Returns the homography (3, 3) from pixels of the picture before to pixels of this one, and its quality, at most
        1 / (1 + e^2) with e the expected error of a background point in pixels of a picture 640 wide. Both are NaN
        where the motion is unknown: in the first picture, over a cut, in the dark, and where there is nothing to hold
        on to.
        """
        unknown = np.full((3, 3), np.nan), float("nan")
        height, width = image.shape[:2]
        graphics = self.graphics(graphics_mask, (height, width))
        now = pyramid(image, np.asarray(person_boxes, dtype=np.float64).reshape(-1, 4), graphics)
        before = self._before
        if float(now[0].grey.mean()) < BLACK:
            self.forget()
            return unknown
        self._before = now
        if before is None:
            return unknown
        estimate = self._align(before, now)
        if estimate.likeness < LEAST_LIKENESS:  # a cut
            self.forget()
            self._before = now
            return unknown
        if np.isnan(estimate.likeness) or estimate.error > LARGEST_ERROR:  # nothing to hold on to
            self._coast()
            return unknown
        self._learn(estimate)
        self._watch_still(before[-1], now[-1], picture_homography(estimate.pose, *now[-1].grey.shape[::-1]))
        quality = min(estimate.likeness, 1.0) / (1.0 + (640.0 * estimate.error) ** 2)
        return picture_homography(estimate.pose, width, height), quality

    def _align(self, before: Sequence[Level], now: Sequence[Level]) -> Estimate:
        """Align from where the motion before leads and, unless that is sure, from where a search over shifts does."""
        prior = np.array([0.0, 0.0, 0.0, 0.0, self._log_focal, 1.0, 0.0])
        sd = np.array([*START_SD, self._focal_prior_sd, GAIN_SD, OFFSET_SD])
        if self._velocity is not None:
            prior[:4], sd[:4] = self._velocity, STEP_SD * np.sqrt(1.0 + self._coasting)
        information = 1.0 / sd**2

        coarse = refine(before[0], now[0], prior, prior, information)
        best = refine(before[1], now[1], coarse.pose, prior, information)
        if not (best.error < SURE_ERROR and best.likeness > SURE_LIKENESS):
            searched = prior.copy()
            searched[[PAN, TILT]] = search(before[-1], now[-1], prior)
            other = refine(before[1], now[1], searched, prior, information)
            best = min(best, other, key=lambda estimate: estimate.cost)
        return refine(before[2], now[2], best.pose, prior, information)

    def _learn(self, estimate: Estimate) -> None:
        """Take over motion and focal length; of the latter a picture says less than its pixels' number suggests."""
        self._velocity, self._coasting = estimate.pose[:4], 0
        before, after = self._log_focal_sd**2, float(estimate.covariance[FOCAL, FOCAL])
        said = max(0.0, 1.0 / after - 1.0 / self._focal_prior_sd**2) / FOCAL_DOUBT
        if self._log_focal_sd > self._distortion_sd:
            variance = max(1.0 / (1.0 / before + said), self._distortion_sd**2)
            self._log_focal += (1.0 - variance / before) * float(estimate.pose[FOCAL] - self._log_focal)
        else:
            variance = before
        self._log_focal += float(estimate.pose[ZOOM])
        self._log_focal_sd = float(np.sqrt(variance + estimate.covariance[ZOOM, ZOOM] + FOCAL_DRIFT_SD**2))

    @property
    def _distortion_sd(self) -> float:
        """Log sd of the focal length that a pan shows: a lens's distortion moves the edges of a long shot likewise."""
        return DISTORTION_SD * self.focal_length**2

    @property
    def _focal_prior_sd(self) -> float:
        return min(FIRST_FOCAL_SD, float(np.hypot(self._log_focal_sd, self._distortion_sd)))

    def _coast(self) -> None:
        self._coasting += 1
        if self._coasting > LONGEST_COASTING:
            self._velocity = None
        self._log_focal_sd = min(FIRST_FOCAL_SD, float(np.hypot(self._log_focal_sd, COASTING_FOCAL_SD)))

    def _watch_still(self, before: Level, now: Level, motion: Floats) -> None:
        if self._still is None:
            self._still = np.zeros(now.grey.shape, dtype=np.float32)
        watch_still(before.grey, now.grey, now.dx, now.dy, now.masked, motion, self._still)

    def graphics(self, given: Mask | None, shape: tuple[int, int]) -> Mask | None:
        """What is ``given``, and what was seen to keep its place, of ``shape`` (height, width), which ``given`` has."""
        if self._still is None:
            return given
        seen = cv2.dilate((self._still > STILL_SHARE).astype(np.uint8), np.ones((5, 5), dtype=np.uint8))
        still = cv2.resize(seen, shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
        return np.asarray(still if given is None else given | still)


@njit(cache=True, error_model="numpy")
def watch_still(
    before: Grey, now: Grey, dx: Grey, dy: Grey, masked: Mask, motion: Floats, still: NDArray[np.float32]
) -> None:
    """Update ``still`` (h, w): how often of late a pixel kept its look though ``motion`` would have changed it.

    Only pixels with enough gradient along the motion tell. A gradient reaches no farther than ``STILL_STEP``.
    """
    height, width = now.shape
    for y in range(height):
        for x in range(width):
            if masked[y, x]:
                continue
            w = motion[2, 0] * x + motion[2, 1] * y + motion[2, 2]
            step_x = (motion[0, 0] * x + motion[0, 1] * y + motion[0, 2]) / w - x
            step_y = (motion[1, 0] * x + motion[1, 1] * y + motion[1, 2]) / w - y
            length = np.sqrt(step_x * step_x + step_y * step_y)
            near = STILL_STEP / length if length > STILL_STEP else 1.0
            if abs(dx[y, x] * step_x + dy[y, x] * step_y) * near > STILL_EXPECTED:
                stayed = 1.0 if abs(now[y, x] - before[y, x]) < STILL_CHANGE else 0.0
                still[y, x] += STILL_RATE * (stayed - still[y, x])
