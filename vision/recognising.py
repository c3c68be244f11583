"""The same camera recognised: where it was lost within a shot, and in other shots of the video.

What one stretch has taught (where the camera stands, the mats, the paint, where the track lies) leaves open only where
the camera looks and how far it is zoomed in. The racers' ways, far fewer than elsewhere, say about where, and the
edges of mats and paint have to agree: another camera, in a corner or at the rail, does not see them where this one
would, and is left without a pose.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vision.adjust import Problem, covariances, take
from vision.judging import find_sd
from vision.stretches import (
    LARGEST_SD_M,
    Hall,
    Registered,
    Seen,
    from_guesses,
    guesses_of,
    problem_of,
    schedule_of,
    steps_of,
)
from vision.turning import BRIDGE_SD, runs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LEAST_SD = np.array([0.05, 0.05, 0.03, 0.002, 0.02, 0.05, 0.02, 0.03, 0.1, 0.05, 0.1])
"""Of what is learnt: surer than this nothing is."""
LEAST_PICTURES, LEAST_STRIDES = 12, 10
CARRIED = 4
"""Pictures in a row of unknown motion that a beginning does not reach over."""
SAME_SD = 2.0
"""Standard deviations within which the hall has to be the same."""
LARGEST_SD_PX = 6.0
"""Of where the camera looks, by the edges alone, pixels of a picture 640 wide."""
AS_WELL = 0.8
"""The edges have to be met, of as many as where the hall was learnt, by this share."""


def learn(found: Sequence[Registered]) -> tuple[Hall, Registered]:
    """What the stretch with most pictures tells of the hall, and that stretch."""
    best = max(found, key=lambda one: int(one.holds.sum()))
    return Hall(best.fit.shared, np.maximum(best.shared_sd, LEAST_SD)), best


def recognise(seen: Seen, found: Sequence[Registered]) -> list[Registered]:
    """More of the camera that sees most of ``found``, for pictures that have no pose there."""
    if not found:
        return []
    hall, best = learn(found)
    known = np.zeros(len(seen.shot), bool)
    for one in found:
        known[one.rows[one.holds]] = True
    begun = [_begin(seen, rows, hall, best) for rows in _gaps(seen, known)]
    return [one for one in begun if one is not None]


def _gaps(seen: Seen, known: Mask) -> list[Ints]:
    """Rows of pictures in a row, of one part whose motion is known, without a pose."""
    unknown: Mask = np.asarray(np.nan_to_num(seen.sd, nan=np.inf) >= BRIDGE_SD)
    for first, end in runs(unknown):
        if end - first < CARRIED:
            unknown[first:end] = False
    part = np.where(known | unknown, -1, seen.stretch)
    return [np.arange(first, end) for first, end in runs(part) if part[first] >= 0 and end - first >= LEAST_PICTURES]


def _begin(seen: Seen, rows: Ints, hall: Hall, best: Registered) -> Registered | None:
    """From the racers' ways, as far as the edges say the same."""
    problem = problem_of(seen, rows, hall)
    if len(problem.feet.stride) < LEAST_STRIDES:
        return None
    steps = steps_of(seen, rows)
    one = from_guesses(problem, guesses_of(problem, steps), rows, steps, best.painted)
    if one is None or _met(one) < AS_WELL * _met(best):
        return None
    same = (np.abs(one.fit.shared - hall.shared) < SAME_SD * hall.sd).all()
    return one if same and _told_by_edges(take(problem, np.isin(rows, one.rows)), one) else None


def _met(one: Registered) -> float:
    """How well the edges are met, 0 where there are none."""
    support = one.support[one.holds & np.isfinite(one.support)]
    return float(np.median(support)) if len(support) else 0.0


def _told_by_edges(problem: Problem, one: Registered) -> bool:
    """Whether the camera would be known without racers and blocks: a straight row of mats looks alike all along."""
    feet, spots = problem.feet, problem.blocks
    alone = replace(
        problem,
        feet=replace(feet, stride=feet.stride[:0], time_s=feet.time_s[:0]),
        blocks=replace(spots, frame=spots.frame[:0], box=spots.box[:0]),
    )
    covariance = covariances(alone, one.fit, schedule_of(one.painted))
    sd_px, sd_m = find_sd(one.fit, covariance, problem.width, problem.height)
    return bool(np.nanmedian(sd_m[one.holds]) < LARGEST_SD_M and np.nanmedian(sd_px[one.holds]) < LARGEST_SD_PX)
