"""A camera moved by hand: where it looks after some points of the rink have been dragged to where they are seen.

Fewer points than a camera needs are enough, since what they leave open stays near where it was: one point turns the
camera, a second one zooms it.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.optimize import least_squares

from race.errors import RaceFileError
from race.formats import Model
from race.rink import Rink
from vision.keyframes import CLICK_SD, Keyframe, Keyframes, Point, RegistrationFile, gather, misses

Floats = NDArray[np.float64]

OWN_SD = np.array([0.6, 0.25, 0.01, 0.2])
"""Radians and log: how willingly pan, tilt, roll and focal length follow."""
LEAST, MOST = np.array([-3.0, -0.2, -0.3, np.log(150.0)]), np.array([3.0, 1.5, 0.3, np.log(20000.0)])


class View(Model):
    """A camera over the rink, ``own`` pan, tilt, roll and log focal length in px of a picture 640 wide, ``shared`` x,
    y, z, k1 and the track's shift; and points of the rink where they are seen instead."""

    own: tuple[float, float, float, float]
    shared: tuple[float, float, float, float, float]
    points: list[Point]


def read_view(body: bytes) -> View:
    """Raises RaceFileError where it is malformed."""
    try:
        return View.model_validate_json(body)
    except ValidationError as error:
        raise RaceFileError(f"expected a camera and points: {error.errors()[0]['msg']}") from error


def drag(view: View, size: tuple[int, int], rink: Rink) -> tuple[Floats, Keyframes]:
    """(4,) ``view.own`` moved to where the points say, and these, in a picture of ``size``.

    Raises RaceFileError where one of them is nowhere on the rink.
    """
    content = RegistrationFile(size=size, keyframes=[Keyframe(frame=1, points=view.points)])
    given = gather(content, size, rink, Path("points"))
    before, shared = np.clip(view.own, LEAST, MOST), np.array(view.shared)
    if not view.points:
        return before, given

    def residuals(own: Floats) -> Floats:
        return np.concatenate([misses(given, 0, own, shared) / CLICK_SD, (own - before) / OWN_SD])

    fit = least_squares(residuals, before, bounds=(LEAST - 1e-6, MOST + 1e-6), x_scale=OWN_SD, max_nfev=40)
    return np.asarray(fit.x), given
