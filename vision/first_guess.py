"""From nothing to a camera: where the racers' ways put it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from race.rink import Rink
from vision.racing_feet import Feet, feet_cost

Floats = NDArray[np.float64]

PLACE = np.array([0.0, -20.6, 4.05])
"""Of a broadcast's main camera, m; how much it may differ."""
PLACE_SD = np.array([2.0, 2.0, 0.7])
USUAL = np.array([0.0, 0.2, 0.0, np.log(1300.0)])
"""Pan, tilt, roll, log focal length in pixels of a picture 640 wide, of the first picture."""
USUAL_SD = np.array([0.9, 0.12, 0.015, 0.5])
SHIFT_SD = 0.8
K1 = -0.04

PANS = np.radians(np.arange(-66, 67, 6.0))
TILTS = np.radians([6.0, 9.0, 12.0, 16.0, 21.0])
FOCALS = (750.0, 1100.0, 1600.0, 2300.0)
WIDE = np.array([0.0, 0.35, 0.0, np.log(600.0)])
WIDE_SD = np.array([0.9, 0.25, 0.05, 0.6])
"""The same of a camera that does not move and has most of the rink in its picture."""
WIDE_FOCALS = (320.0, 450.0, 640.0, 900.0, 1300.0)
AIMS = ((-12.0, 0.0), (0.0, 0.0), (12.0, 0.0), (0.0, 8.0))
"""Places on the ice, m, that it may look at."""
SAME_PLACE_M = 6.0
TRIED = 10
DEAR = 100.0
APART = np.radians(2.0)


@dataclass(frozen=True, slots=True)
class Guess:
    """``values`` (8,): pan, tilt, roll, log focal of the first picture, place x, y, z, track shift; what it costs, and
    whether the camera keeps level on its way."""

    values: Floats
    cost: float
    keeps_level: bool


def guess_cameras(
    steps: Floats, feet: Feet, rink: Rink, middle: Floats, shared: Floats, shared_sd: Floats
) -> list[Guess]:
    """As ``_guess``, with ``shared`` (``rink_fit``) known to its standard deviations.

    Where what a level camera explains is dear, one that turns about its axis is tried as well.
    """
    prior = np.concatenate([USUAL, shared[:3], shared[-1:]])
    prior_sd = np.concatenate([USUAL_SD, shared_sd[:3], np.minimum(shared_sd[-1:], SHIFT_SD)])
    level = _guess(steps, feet, rink, middle, prior, prior_sd, True)
    if level and level[0].cost < DEAR:
        return level
    return min(
        level,
        _guess(steps, feet, rink, middle, prior, prior_sd, False),
        key=lambda found: found[0].cost if found else np.inf,
    )


def guess_still_cameras(feet: Feet, rink: Rink, middle: Floats, shared: Floats, shared_sd: Floats) -> list[Guess]:
    """As ``_guess``, of a camera that does not move and may stand anywhere ``shared`` and its deviations say."""
    prior = np.concatenate([WIDE, shared[:3], shared[-1:]])
    prior_sd = np.concatenate([WIDE_SD, shared_sd[:3], np.minimum(shared_sd[-1:], SHIFT_SD)])
    starts = []
    for place in (shared[:3] + np.array(off) * shared_sd[:3] for off in product((-0.9, 0.0, 0.9), repeat=3)):
        for aim in AIMS:
            ahead = np.array(aim) - place[:2]
            pan, tilt = np.arctan2(ahead[0], ahead[1]), np.arctan2(place[2], np.hypot(*ahead))
            starts += [np.array([pan, tilt, 0.0, np.log(length), *place, shared[-1]]) for length in WIDE_FOCALS]
    still = replace(feet, frame=np.zeros_like(feet.frame))
    return _best(starts, np.zeros((1, 4)), still, rink, middle, prior, prior_sd, float(shared[3]), True)


def _guess(
    steps: Floats, feet: Feet, rink: Rink, middle: Floats, prior: Floats, prior_sd: Floats, keeps_level: bool
) -> list[Guess]:
    """The cameras under which ``feet`` skate most like racers, the likeliest first, no two of them alike."""
    starts = [
        np.array([pan, tilt, 0.0, np.log(length), *prior[4:]]) for pan, tilt, length in product(PANS, TILTS, FOCALS)
    ]
    return _best(starts, steps, feet, rink, middle, prior, prior_sd, K1, keeps_level)


def _best(
    cameras: Sequence[Floats], steps: Floats, feet: Feet, rink: Rink, middle: Floats, prior: Floats, prior_sd: Floats,
    k1: float, keeps_level: bool,
) -> list[Guess]:  # fmt: skip
    """The likeliest of ``cameras``, fitted, the best first, no two of them alike.

    steps (F, 4) of one part that chains; ``feet.frame`` counts from its first picture, pixels of a picture 640 wide
    with its ``middle`` (2,).
    """
    chosen = np.unique(np.linspace(0, len(feet.stride) - 1, min(len(feet.stride), 150)).astype(np.int64))
    used, stride = np.unique(feet.stride[chosen], return_inverse=True)
    stride = np.ascontiguousarray(stride.reshape(-1, 2))
    frame, xy = feet.frame[used], feet.xy[used] - middle
    time_s = feet.time_s[chosen]
    rotation, focal = np.empty((len(steps), 3, 3)), np.empty(len(steps))
    bend = k1 * float((middle**2).sum()) / 3
    half, radius = rink.straight_m / 2, rink.measured_radius_m

    def residuals(guess: Floats) -> Floats:
        out = np.empty(len(frame) + len(stride) + 8)
        feet_cost(
            guess,
            prior,
            prior_sd,
            steps,
            frame,
            xy,
            stride,
            time_s,
            half,
            radius,
            k1,
            bend,
            keeps_level,
            rotation,
            focal,
            out,
        )
        return out

    starts = [(float(np.square(residuals(camera)).sum()), camera) for camera in cameras]
    starts.sort(key=lambda pair: pair[0])
    found: list[Guess] = []
    kept: list[Floats] = []
    for _, start in starts:
        if len(kept) == TRIED:
            break
        if any(_near(start, other) for other in kept):
            continue
        kept.append(start)
        fit = least_squares(residuals, start, x_scale=prior_sd, max_nfev=60)
        found.append(Guess(fit.x, 2 * float(fit.cost), keeps_level))
    found.sort(key=lambda guess: guess.cost)
    distinct: list[Guess] = []
    for guess in found:
        if all(np.abs(guess.values[:2] - other.values[:2]).max() > APART for other in distinct):
            distinct.append(guess)
    return distinct


def _near(one: Floats, other: Floats) -> bool:
    """Whether two starts lead to the same camera."""
    turned, zoomed = np.abs(one[:2] - other[:2]).max(), abs(one[3] - other[3])
    return bool(turned < 0.12 and zoomed < 0.3 and np.abs(one[4:7] - other[4:7]).max() < SAME_PLACE_M)
