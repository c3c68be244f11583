"""Where one shot ends and the next begins: hard cuts, fades through black and dissolves, in one streaming pass.

scenedetect's detectors propose cuts and find fades. A proposed cut counts only where the picture before is nowhere to
be found in the pictures after, since a flash or a passer-by in front of the camera comes and goes while a cut stays. A
dissolve, for which scenedetect has no detector, is a stretch whose every picture is a blend of its two ends.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, ThresholdDetector

from race.formats import Shot

Image = NDArray[np.uint8]
Thumb = NDArray[np.float32]
Boundary = Literal["start", "cut", "fade", "dissolve"]

BLACK = 12.0
"""Mean brightness of 255 under which a picture is black, as in scenedetect's ThresholdDetector."""

SAME_VIEW = 0.45
"""Correlation of fine structure from which two pictures show the same place (see ``_same_view``)."""

PROPOSE_RATIO = 1.5
"""How many times its neighbours' a picture's change has to be for scenedetect to propose a cut."""

BLEND_S = (0.4, 0.8, 1.6)
"""Lengths of the stretches that are tried as a dissolve, seconds."""

BLEND_RESIDUAL = 0.38
"""Largest part of a picture, as a share of the difference between the ends, that their blend may leave unexplained."""

BLEND_BRIGHTNESS = 0.5
"""Least ratio of the brightness of a dissolve's ends; where it is smaller the picture fades in or out."""

_ANY_RATE = 30.0  # scenedetect wants a rate; only frame numbers go in and come out
_WINDOW = 2  # pictures each side that scenedetect compares a change with


@dataclass(frozen=True, slots=True)
class _Look:
    """What is kept of a picture for a few seconds."""

    number: int
    time_s: float
    fine: Thumb  # (54, 96) brightness without what is coarser than a few pixels
    coarse: Thumb  # (18 * 32,) brightness
    black: bool


@dataclass(frozen=True, slots=True)
class _Change:
    number: int
    time_s: float
    boundary: Boundary


class ShotDetector:
    """Feed every picture to ``update`` in order, then ask ``finish`` for the shots.

    Keeps the last two seconds as thumbnails, so that memory does not grow with the video but by a few bytes a boundary.
    """

    def __init__(self) -> None:
        self._cuts: Any = AdaptiveDetector(adaptive_threshold=PROPOSE_RATIO, min_scene_len=0, window_width=_WINDOW)
        # fade_bias -1: the new shot begins with the first black picture
        self._fades: Any = ThresholdDetector(threshold=BLACK, fade_bias=-1.0, min_scene_len=0)
        self._looks: deque[_Look] = deque()
        self._changes: list[_Change] = []
        self._first: _Look | None = None
        self._black_since: _Look | None = None

    def update(self, number: int, time_s: float, image: Image) -> None:
        """Take the picture ``number``, shown at ``time_s``; ``image`` is (H, W, 3) BGR."""
        small = cv2.resize(image, (160, 90), interpolation=cv2.INTER_AREA)
        look = _look(number, time_s, small)
        self._looks.append(look)
        while time_s - self._looks[0].time_s > 1.5 * BLEND_S[-1]:
            self._looks.popleft()
        if self._first is None:
            self._first = look

        timecode = FrameTimecode(number, _ANY_RATE)
        if look.black and self._black_since is None:
            self._black_since = look
        if self._fades.process_frame(timecode, small) and self._black_since is not None:
            self._add(self._black_since, "fade")
        if not look.black:
            self._black_since = None
        for proposed in self._cuts.process_frame(timecode, small):
            self._confirm_cut(proposed.frame_num)
        self._find_dissolve()

    def finish(self) -> list[Shot]:
        """The shots in time order, without gaps: ``end_s`` is where the next one begins. Every ``kind`` is "other".

        A fade's shot begins with its first black picture, a dissolve's where the two pictures weigh the same.
        Empty where no picture was given.
        """
        if self._first is None:
            return []
        last = self._looks[-1]
        starts = sorted(self._changes, key=lambda change: change.number)
        numbers = [self._first.number, *(change.number for change in starts), last.number + 1]
        times = [self._first.time_s, *(change.time_s for change in starts), last.time_s]
        boundaries: list[Boundary] = ["start", *(change.boundary for change in starts)]
        return [
            Shot(
                start_s=times[k],
                end_s=times[k + 1],
                kind="other",
                start_frame=numbers[k],
                end_frame=numbers[k + 1] - 1,
                boundary=boundary,
            )
            for k, boundary in enumerate(boundaries)
        ]

    def _confirm_cut(self, number: int) -> None:
        looks = {look.number: look for look in self._looks}
        place = [look.number for look in self._looks].index(number)
        if place == 0:
            return
        before, after = self._looks[place - 1], looks[number]
        nearby = list(self._looks)[place : place + 1 + _WINDOW]
        if before.black or after.black or any(_same_view(before.fine, look.fine) for look in nearby):
            return
        self._add(after, "cut")

    def _find_dissolve(self) -> None:
        looks = list(self._looks)
        if any(look.black for look in looks):  # a fade
            return
        times = np.array([look.time_s for look in looks])
        for length_s in BLEND_S:
            start = int(np.searchsorted(times, times[-1] - length_s))
            stretch = looks[start:]
            if times[-1] - times[0] < length_s or len(stretch) < 6:
                continue
            weight = blend_weights(np.stack([look.coarse for look in stretch]))
            if weight is None or _same_view(stretch[0].fine, stretch[-1].fine):
                continue
            middle = stretch[int(np.argmax(weight >= 0.5))]
            if not self._changes or middle.time_s - self._changes[-1].time_s > length_s:
                self._add(middle, "dissolve")
            return

    def _add(self, look: _Look, boundary: Boundary) -> None:
        assert self._first is not None
        if look.number != self._first.number:
            self._changes.append(_Change(look.number, look.time_s, boundary))


def blend_weights(pictures: Thumb) -> NDArray[np.float64] | None:
    """Weights of the last of ``pictures`` (n, pixels) where each is a blend of the first and the last, else None.

    With ends A and B, picture t is a blend where the residual of ``A + w_t (B - A)``, w_t by least squares, is small
    against the difference of the ends, w_t rises from 0 to 1, and it rises slowly: a jump is a cut.
    """
    first, last = pictures[0], pictures[-1]
    change = last - first
    energy = float(change @ change)
    darker, brighter = sorted((float(first.mean()), float(last.mean())))
    if energy < pictures.shape[1] * 20.0**2 or darker < BLEND_BRIGHTNESS * brighter:
        return None
    weight: NDArray[np.float64] = ((pictures - first) @ change / energy).astype(np.float64)  # (n,)
    residual = pictures - first - weight[:, None].astype(np.float32) * change
    unexplained = np.sqrt(np.einsum("np,np->n", residual, residual) / energy)
    blended = (weight > 0.15) & (weight < 0.85)
    step = np.diff(weight)
    if unexplained.max() > BLEND_RESIDUAL or blended.sum() < 3 or step.max() > 0.4 or step.min() < -0.05:
        return None
    return weight


def _look(number: int, time_s: float, small: Image) -> _Look:
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    fine = cv2.resize(grey, (96, 54), interpolation=cv2.INTER_AREA).astype(np.float32)
    fine -= cv2.GaussianBlur(fine, (0, 0), 4)
    coarse = cv2.resize(grey, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    return _Look(number, time_s, fine, coarse, black=float(small.mean()) < BLACK)


def _same_view(before: Thumb, after: Thumb) -> bool:
    """Whether the middle of ``before`` is found in ``after``, up to a fifth of the picture away.

    Fine structure only: any two pictures of a rink agree in their coarse structure, dark above and white below.
    """
    height, width = before.shape
    middle = before[height // 6 : -(height // 6), width // 5 : -(width // 5)]
    return float(cv2.matchTemplate(after, middle, cv2.TM_CCOEFF_NORMED).max()) > SAME_VIEW
