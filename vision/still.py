"""A camera that does not move, a coach's on a tripod: a few of its pictures tell where it is in all of them.

It stands anywhere in the stands, and looks wide. In return racers are seen going all the way round in one and the same
picture, which tells place, direction and focal length together; the edges then need no following.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH
from vision.adjust import Fit, Links, Problem, shared_prior
from vision.first_guess import guess_still_cameras
from vision.racing_feet import Feet
from vision.stretches import Hall, Registered, Seen, from_guesses, problem_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOVED_PX, ZOOMED = 2.0, 0.004
"""Pixels of a picture 640 wide, and the share, by which motions may add up to more or less: a tripod, and noise."""
CREEPS_PX, CREEPS = 0.01, 0.00002
"""As much a picture where it is more: people who go by pull at the motion a little, always the same way for a while."""
PICTURES, STRIDES = 24, 2000
"""So many of each are looked at."""
STANDS_M = np.array([0.0, -30.0, 9.0])
STANDS_SD = np.array([10.0, 8.0, 4.0])
"""Where such a camera is, m."""
WIDE_K1, WIDE_K1_SD = -0.1, 0.08
"""Of a lens that has the whole rink in the picture."""
STEADY_SD = 0.05
"""Pixels by which it may differ from picture to picture."""


def is_still(seen: Seen, rows: Ints) -> bool:
    """Whether the camera looks the same way in all pictures ``rows`` of one stretch."""
    way = np.cumsum(np.nan_to_num(seen.steps[rows]), axis=0)
    most = np.ptp(way, axis=0)
    count = len(rows)
    return bool(most[:2].max() <= max(MOVED_PX, CREEPS_PX * count) and most[2:].max() <= max(ZOOMED, CREEPS * count))


def register_still(seen: Seen, rows: Ints) -> Registered | None:
    """The camera of a stretch that ``is_still``, by itself; None where none can be believed."""
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, PICTURES).astype(np.int64))]
    shared, sd = shared_prior(STANDS_M, STANDS_SD, seen.rink)
    shared[3], sd[3] = WIDE_K1, WIDE_K1_SD
    problem = still_problem(seen, rows, chosen, Hall(shared, sd))
    guesses = guess_still_cameras(problem.feet, problem.rink, np.array([problem.width, problem.height]) / 2, shared, sd)
    one = from_guesses(problem, guesses, chosen, np.zeros((len(chosen), 4)))
    return None if one is None else spread_out(one, rows)


def still_problem(seen: Seen, rows: Ints, chosen: Ints, hall: Hall) -> Problem:
    """What is known of the pictures ``chosen``, with the racers' ways in all ``rows``."""
    problem = problem_of(seen, chosen, hall)
    scale = WORKING_WIDTH / seen.video.video.width
    here = np.flatnonzero(np.isin(seen.feet.frame[seen.feet.stride], rows).all(axis=1))
    here = here[np.unique(np.linspace(0, len(here) - 1, min(len(here), STRIDES)).astype(np.int64))]
    used, stride = np.unique(seen.feet.stride[here], return_inverse=True)
    feet = Feet(
        _nearest(chosen, seen.feet.frame[used]),
        seen.feet.xy[used] * scale,
        seen.feet.sd_px[used] * scale,
        np.ascontiguousarray(stride.reshape(-1, 2)),
        seen.feet.time_s[here],
    )
    count = len(chosen) - 1
    links = Links(np.arange(count), np.arange(1, count + 1), np.zeros((count, 4)), np.full(count, STEADY_SD))
    return replace(problem, feet=feet, links=links)


def spread_out(one: Registered, rows: Ints) -> Registered:
    """``one``, of some pictures, for all ``rows`` of the stretch."""
    near = _nearest(one.rows, rows)
    fit = one.fit
    return replace(
        one,
        rows=rows,
        fit=Fit(fit.rotation[near], fit.focal[near], fit.shared, fit.tally[near], fit.bend),
        support=one.support[near],
        holds=one.holds[near],
        sd_px=one.sd_px[near],
    )


def _nearest(chosen: Ints, rows: Ints) -> Ints:
    """(n,) which of ``chosen`` (K,) each of ``rows`` (n,) is nearest to."""
    return np.asarray(np.searchsorted((chosen[1:] + chosen[:-1]) / 2, rows), np.int64)
