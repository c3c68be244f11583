"""One stretch of pictures registered: from a few cameras that are known to all, and whether that may be believed.

The rink is followed (``following``) from pictures whose camera is known or guessed, all that is sure of is adjusted
together (``adjust``), in turns, and what comes of it is judged (``judging``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH
from race.observations import Observations
from race.rink import Rink
from vision.adjust import (
    ALL,
    BARE,
    COARSE,
    FINE,
    FINE_BARE,
    PAINTED,
    Fit,
    Links,
    Marks,
    Problem,
    Schedule,
    Spots,
    adjust,
    covariances,
    pack,
    take,
)
from vision.first_guess import K1, Guess, guess_cameras
from vision.following import follow
from vision.judging import (
    LOST,
    find_best,
    find_sd,
    find_support,
    has_its_blocks,
    is_painted,
    is_raced,
    loose_ends,
    torn_off,
)
from vision.racing_feet import Feet, looking
from vision.rink_curves import NAMES, PAINT
from vision.turning import chain

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

CLEARLY = 2.0
"""So many times the next guess has to be as dear, or the pictures have to be explained as well, else both count."""
MOST_GUESSES = 3
PLACES = np.array([[-14.0, -45.0, 2.5], [14.0, -16.0, 15.0]])
"""m: where a main camera stands, least and most. One in a corner or at the rail is not registered by itself: the scale
of what it sees hangs on the height of mats that may be others."""
ALIKE = 0.03
"""Radians: cameras that look the same way."""
HELD_SD = np.array([0.7, 0.7, 0.3, 0.004, 0.02, 0.02, 0.1, 0.1, 0.1, 0.05, 0.5])
"""What is shared may hardly move at first, when many edges are taken for others."""
NEAR = 14.0, 14.0, 10.0, 10.0, 7.0, 7.0
SURE = 0.01
"""Radians: what is followed with a smaller standard deviation is adjusted together."""
ROUNDS = 6
MORE_STARTS = 4
"""Pictures that the rink is followed from again, once all have been adjusted together."""
REACHES = 11.5, 14.5
"""Half a length of the paint from which it is looked for, m: how long it is differs most from hall to hall."""
DEAREST_GUESS = 700.0
BELIEVED = 0.5
"""Share of a stretch's pictures that have to hold before any of them does."""
SURE_PERSON = 0.1
"""People from this score on are masked where edges are looked for."""
STRANGE_SD = 8.0
"""Standard deviations that a measure of the hall may be off what is usual."""
LARGEST_SD_M = 0.4
"""On the ice: what is less certain has no pose."""


@dataclass(frozen=True, slots=True)
class Hall:
    """What is known of a camera's place, its lens, the hall and the track before a picture is looked at: ``shared`` and
    its standard deviations ``sd`` (SHARED,), as in ``rink_fit``."""

    shared: Floats
    sd: Floats


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen, with ``feet`` of racers in px; the camera's motion ``steps`` (F, 4) with its ``sd`` (F,) and which
    pictures chain, ``stretch`` (F,), are those of ``turning.bridge``; ``shot`` (F,) counts."""

    video: Observations
    feet: Feet
    steps: Floats
    sd: Floats
    stretch: Ints
    shot: Ints
    rink: Rink


@dataclass(frozen=True, slots=True)
class Registered:
    """A stretch: rows of ``Frames``, its fit, support (F,) NaN where nothing could be seen, which pictures hold the
    rink, the standard deviation (F,) of a point on the ice, pixels of a picture 640 wide, and those of what is shared
    (SHARED,); whether the infield is painted."""

    rows: Ints
    fit: Fit
    support: Floats
    holds: Mask
    sd_px: Floats
    shared_sd: Floats
    painted: bool


def guesses_of(problem: Problem, steps: Floats) -> list[Guess]:
    """Cameras that the racers' ways tell, the likeliest first."""
    middle = np.array([problem.width, problem.height]) / 2
    return guess_cameras(steps, problem.feet, problem.rink, middle, problem.prior, problem.prior_sd)


def from_guesses(
    problem: Problem, guesses: Sequence[Guess], rows: Ints, steps: Floats, painted: bool = False
) -> Registered | None:
    """From nothing but ``guesses``, the likeliest first; None where no camera can be believed, or two can."""
    lone = len(guesses) < 2 or guesses[1].cost > CLEARLY * guesses[0].cost
    found: list[Registered] = []
    for guess in guesses[:MOST_GUESSES]:
        if guess.cost > DEAREST_GUESS:
            break
        one = _from_guess(problem, guess, rows, steps, painted)
        if one is not None:
            found.append(one)
        if one is not None and lone and one.holds.sum() >= BELIEVED * len(rows):
            break
    if not found:
        return None
    found.sort(key=_weight, reverse=True)
    best = found[0]
    rivals = [one for one in found[1:] if not _alike(best, one)]
    if rivals and _weight(best) < CLEARLY * _weight(rivals[0]):
        return None
    return best if best.holds.sum() >= BELIEVED * len(rows) else None


def _from_guess(problem: Problem, guess: Guess, rows: Ints, steps: Floats, painted: bool) -> Registered | None:
    rotation, focal = np.empty((len(rows), 3, 3)), np.empty(len(rows))
    first = guess.values
    chain(looking(*first[:3]), np.exp(first[3]), steps, _bend(problem), rotation, focal, guess.keeps_level)
    shared = problem.prior.copy()
    shared[:3], shared[-1] = first[4:7], first[7]
    held = replace(problem, prior=shared, prior_sd=np.minimum(problem.prior_sd, HELD_SD))
    fit = adjust(held, rotation, focal, shared, COARSE)
    start = np.array([find_best(fit)])
    fit, sure, painted = grow(problem, fit.rotation, fit.focal, fit.shared, start, steps, painted)
    if ((fit.shared[:3] < PLACES[0]) | (fit.shared[:3] > PLACES[1])).any():
        return None
    return judge(problem, fit, sure, painted, rows)


def _weight(one: Registered) -> float:
    """How much of the pictures it explains."""
    return float(np.nansum(one.support[one.holds]))


def _alike(one: Registered, other: Registered) -> bool:
    """Whether two cameras look the same way in most of the pictures that both have."""
    _, here, there = np.intersect1d(one.rows, other.rows, return_indices=True)
    along = (one.fit.rotation[here, 2] * other.fit.rotation[there, 2]).sum(axis=1)
    return bool(len(along) and np.median(along) > np.cos(ALIKE))


def grow(
    problem: Problem,
    rotation: Floats,
    focal: Floats,
    shared: Floats,
    starts: Ints,
    steps: Floats,
    painted: bool = False,
) -> tuple[Fit, Mask, bool]:
    """From the cameras of the pictures ``starts`` to those of all, as far as they are sure, (F,) which those are, and
    whether there is paint, which is looked for where it is not known to be there.

    In turns the rink is followed from picture to picture, and all of which that is sure are adjusted together, which
    tells the hall's measures better and lets it be followed farther.
    """
    rotation, focal, shared = rotation.copy(), focal.copy(), shared.copy()
    sure, given = np.zeros(len(focal), bool), starts
    for _ in range(ROUNDS):
        trust = ALL if painted else BARE
        turned, length, sd = follow(problem, steps, rotation, focal, shared, starts, trust)
        before, sure = sure, np.nan_to_num(sd, nan=np.inf) < SURE
        part = take(problem, sure)
        fit = adjust(part, turned[sure], length[sure], shared, [(w, trust) for w in NEAR])
        had = painted
        if not painted:
            trials = [adjust(part, fit.rotation, fit.focal, _reaching(fit.shared, reach), PAINTED) for reach in REACHES]
            trial = max(trials, key=lambda trial: trial.tally[:, PAINT, 1].sum())
            painted = is_painted(part, trial)
            fit = trial if painted else fit
        rotation[sure], focal[sure], shared = fit.rotation, fit.focal, fit.shared
        surest = [run[sd[run].argmin()] for run in np.array_split(np.flatnonzero(sure), MORE_STARTS) if len(run)]
        starts = np.unique(np.concatenate([given, surest]))
        if (sure == before).all() and painted == had:
            break
    return adjust(part, fit.rotation, fit.focal, fit.shared, schedule_of(painted)), sure, painted


def _reaching(shared: Floats, reach_m: float) -> Floats:
    """``shared`` with half the length of the paint between its arcs set."""
    out = shared.copy()
    out[4 + NAMES.index("paint_reach_m")] = reach_m
    return out


def judge(problem: Problem, fit: Fit, sure: Mask, painted: bool, rows: Ints) -> Registered | None:
    """Which pictures of those that are ``sure`` hold the rink; None where none does."""
    part, schedule = take(problem, sure), schedule_of(painted)
    support = find_support(fit, painted)
    covariance = covariances(part, fit, schedule)
    sd_px, sd_m = find_sd(fit, covariance, problem.width, problem.height)
    holds = np.asarray((sd_m < LARGEST_SD_M) & (np.nan_to_num(support, nan=1.0) > LOST))
    holds &= ~torn_off(part.links, fit, painted)
    holds &= ~loose_ends(holds, fit, painted)
    strange = np.abs(fit.shared - problem.prior)[4:-1] > STRANGE_SD * problem.prior_sd[4:-1]
    if strange.any() or not holds.any() or not is_raced(part, fit, holds) or not has_its_blocks(part, fit, holds):
        return None
    return Registered(rows[sure], fit, support, holds, sd_px, np.sqrt(np.diagonal(covariance[0])[4:]), painted)


def _bend(problem: Problem) -> float:
    return K1 * (problem.width**2 + problem.height**2) / 12


def schedule_of(painted: bool) -> Schedule:
    """The last steps of an adjustment."""
    return FINE if painted else FINE_BARE


def steps_of(seen: Seen, rows: Ints) -> Floats:
    """(n, 4) motion to each of the pictures ``rows``, 0 where unknown."""
    return np.ascontiguousarray(np.nan_to_num(seen.steps[rows]))


def problem_of(seen: Seen, rows: Ints, hall: Hall) -> Problem:
    """What is known of the pictures ``rows``."""
    video_seen, feet = seen.video, seen.feet
    video, found, lines = video_seen.video, video_seen.detections, video_seen.lines
    sure = found.score >= SURE_PERSON
    scale, number = WORKING_WIDTH / video.width, seen.video.frames.number[rows]
    here = np.isin(feet.frame, rows)
    index = np.cumsum(here) - 1
    both = here[feet.stride].all(axis=1)
    own_feet = Feet(
        np.searchsorted(rows, feet.frame[here]),
        feet.xy[here] * scale,
        feet.sd_px[here] * scale,
        index[feet.stride[both]],
        feet.time_s[both],
    )
    count = np.arange(len(rows))
    steps, sd = seen.steps[rows], seen.sd[rows]
    among, blocks = np.isin(lines.frame, number), video_seen.blocks
    spots = np.isin(blocks.frame, number)
    frame, ends = np.searchsorted(number, lines.frame[among]), np.concatenate([lines.top[among], lines.bottom[among]])
    return Problem(
        float(WORKING_WIDTH),
        video.height * scale,
        pack(video_seen.edges, number, video.height * scale, found.frame[sure], found.box[sure] * scale),
        Links(count[:-1], count[1:], np.ascontiguousarray(steps[1:]), np.ascontiguousarray(sd[1:])),
        own_feet,
        seen.rink,
        hall.shared,
        hall.sd,
        finish=Marks(np.tile(frame, 2), ends * scale, np.tile([0.0, np.nan, 0.0], (len(ends), 1)), np.zeros(len(ends))),
        marks=Marks(np.empty(0, np.int64), np.empty((0, 2)), np.empty((0, 3)), np.empty(0)),
        blocks=Spots(np.searchsorted(number, blocks.frame[spots]), blocks.box[spots] * scale),
    )
