"""The camera over the rink: from what was seen of a video to a pose for every picture that can have one.

Stretch by stretch: about where the camera is, from the racers' ways (``first_guess``) or from points set by hand
(``keyframes``); the rink followed from there to all pictures (``following``), which are adjusted together to the edges
of mats, paint and ice (``adjust``); and a judgement whether the result may be believed (``judging``). What may not is
left without a pose.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH
from race.observations import Observations
from race.poses import Poses, no_poses
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
    adjust,
    covariances,
    pack,
    shared_prior,
    take,
)
from vision.first_guess import K1, PLACE, PLACE_SD, Guess, guess_cameras
from vision.following import follow
from vision.judging import LOST, find_best, find_sd, find_support, is_painted, is_raced, torn_off
from vision.keyframes import LARGEST_MISS, KeyCameras, Keyframes, find_key_cameras
from vision.racing_feet import Feet, find_feet, looking
from vision.rink_curves import NAMES, PAINT
from vision.rink_fit import see
from vision.turning import bridge, chain, read_motion

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LEAST_PICTURES, LEAST_STRIDES = 50, 40
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
KEY_SD = np.array([0.5, 0.5, 0.3, 0.01])
"""How much the camera's place, m, and k1 may differ from what the keyframes alone say."""
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
EARLY_S = 1e-6
SURE_PERSON = 0.1
"""People from this score on are masked where edges are looked for."""
STRANGE_SD = 6.0
"""Standard deviations that a measure of the hall may be off what is usual."""
LARGEST_SD_M = 0.4
"""On the ice: what is less certain has no pose."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen, with ``feet`` of racers in px; the camera's motion ``steps`` (F, 4) with its ``sd`` (F,) and which
    pictures chain, ``stretch`` (F,), are those of ``turning.bridge``."""

    video: Observations
    feet: Feet
    steps: Floats
    sd: Floats
    stretch: Ints
    rink: Rink


@dataclass(frozen=True, slots=True)
class Registered:
    """A stretch: rows of ``Frames``, its fit, support (F,) NaN where nothing could be seen, which pictures hold the
    rink, the standard deviation (F,) of a point on the ice, pixels of a picture 640 wide, and that of the shift."""

    rows: Ints
    fit: Fit
    support: Floats
    holds: Mask
    sd_px: Floats
    shift_sd_m: float


def register(video: Observations, by_hand: Keyframes | None = None, rink: Rink | None = None) -> Observations:
    """``video`` with the camera's poses and the track's shift, as far as they can be had.

    With points set ``by_hand``, stretches that hold a keyframe begin from there, and no others are registered; what has
    poses already loses them. A keyframe that has no pose in the end is told in the warnings.

    Raises RaceFileError where the points set by hand fit no camera.
    """
    frames = video.frames
    begins = [shot.start_s for shot in video.shots]
    shot = np.searchsorted(begins, frames.time_s + EARLY_S, side="right").astype(np.int64)
    steps, sd = read_motion(frames.motion, frames.motion_quality, video.video.width, video.video.height)
    steps, sd, stretch = bridge(steps, sd, shot)
    seen = Seen(video, find_feet(frames, video.detections), steps, sd, stretch, rink or Rink())
    cameras = find_key_cameras(by_hand) if by_hand is not None else None
    found = []
    for number in np.unique(stretch[stretch >= 0]):
        rows = np.flatnonzero(stretch == number)
        if by_hand is None or cameras is None:
            one = _by_itself(seen, rows)
        else:
            one = _from_keyframes(seen, rows, by_hand, cameras)
        if one is not None:
            found.append(one)
    poses, shift_m = (_poses(found, video), _shift(found)) if found else (None, None)
    out = replace(video, poses=poses, track_shift_m=shift_m)
    return out if by_hand is None else replace(out, warnings=list(dict.fromkeys(out.warnings + _unused(out, by_hand))))


def _unused(video: Observations, by_hand: Keyframes) -> list[str]:
    posed = video.frames.number[video.poses.known] if video.poses is not None else np.empty(0)
    return [
        f"{by_hand.path}: frame {frame}: no pose came of these points: the picture is not in what was watched, "
        "the camera's motion around it is unknown, or what is seen there does not fit them"
        for frame in by_hand.frame
        if frame not in posed
    ]


def _by_itself(seen: Seen, rows: Ints) -> Registered | None:
    """One stretch; None where no camera can be believed."""
    if len(rows) < LEAST_PICTURES:
        return None
    problem = _problem(seen, rows)
    if len(problem.feet.stride) < LEAST_STRIDES:
        return None
    steps = _steps(seen, rows)
    guesses = guess_cameras(steps, problem.feet, seen.rink, np.array([problem.width, problem.height]) / 2)
    lone = len(guesses) < 2 or guesses[1].cost > CLEARLY * guesses[0].cost
    found: list[Registered] = []
    for guess in guesses[:MOST_GUESSES]:
        if guess.cost > DEAREST_GUESS:
            break
        one = _from_guess(problem, guess, rows, steps)
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


def _from_guess(problem: Problem, guess: Guess, rows: Ints, steps: Floats) -> Registered | None:
    rotation, focal = np.empty((len(rows), 3, 3)), np.empty(len(rows))
    first = guess.values
    chain(looking(*first[:3]), np.exp(first[3]), steps, _bend(problem), rotation, focal, guess.keeps_level)
    shared = problem.prior.copy()
    shared[:3], shared[-1] = first[4:7], first[7]
    held = replace(problem, prior=shared, prior_sd=np.minimum(problem.prior_sd, HELD_SD))
    fit = adjust(held, rotation, focal, shared, COARSE)
    start = np.array([find_best(fit)])
    fit, sure, painted = _grow(problem, fit.rotation, fit.focal, fit.shared, start, steps)
    if ((fit.shared[:3] < PLACES[0]) | (fit.shared[:3] > PLACES[1])).any():
        return None
    return _judge(problem, fit, sure, painted, rows)


def _weight(one: Registered) -> float:
    """How much of the pictures it explains."""
    return float(np.nansum(one.support[one.holds]))


def _alike(one: Registered, other: Registered) -> bool:
    """Whether two cameras look the same way in most of the pictures that both have."""
    _, here, there = np.intersect1d(one.rows, other.rows, return_indices=True)
    along = (one.fit.rotation[here, 2] * other.fit.rotation[there, 2]).sum(axis=1)
    return bool(len(along) and np.median(along) > np.cos(ALIKE))


def _from_keyframes(seen: Seen, rows: Ints, given: Keyframes, cameras: KeyCameras) -> Registered | None:
    """One stretch, carried from its keyframes by the camera's motion; None where it has none."""
    at = np.searchsorted(seen.video.frames.number[rows], given.frame)
    here = np.flatnonzero(
        (at < len(rows)) & (seen.video.frames.number[rows[np.minimum(at, len(rows) - 1)]] == given.frame)
    )
    if not len(here):
        return None
    problem = _problem(seen, rows)
    points = np.isin(given.keyframe, here)
    marks = Marks(at[given.keyframe[points]], given.pixel[points], given.place[points], given.moves[points])
    prior, prior_sd = problem.prior.copy(), problem.prior_sd.copy()
    prior[:3], prior[3], prior[-1] = cameras.place, cameras.k1, cameras.track_shift_m
    prior_sd[:4] = KEY_SD
    problem = replace(problem, marks=marks, prior=prior, prior_sd=prior_sd)
    steps = _steps(seen, rows)
    rotation, focal = np.tile(np.eye(3), (len(rows), 1, 1)), np.ones(len(rows))
    rotation[at[here]], focal[at[here]] = cameras.rotation[here], cameras.focal[here]
    fit, sure, painted = _grow(problem, rotation, focal, prior, at[here], steps)
    found = _judge(problem, fit, sure, painted, rows)
    if found is None or not np.isin(rows[at[here]], found.rows[found.holds]).any():
        return None
    return found if _keeps(take(problem, sure), found.fit) else None


def _keeps(problem: Problem, fit: Fit) -> bool:
    """Whether the points set by hand are still where they were said to be."""
    marks, worst = problem.marks, 0.0
    for f, pixel, (x, y, z), moves in zip(marks.frame, marks.pixel, marks.place, marks.moves, strict=True):
        seen = see(
            x + moves * fit.shared[-1], y, z, fit.shared[:3], fit.rotation[f], fit.focal[f], fit.shared[3],
            problem.width / 2, problem.height / 2,
        )  # fmt: skip
        if np.isfinite([x, y]).all():  # else it is anywhere on a line
            worst = max(worst, float(np.abs(np.subtract(seen, pixel)).max()))
    return worst <= LARGEST_MISS


def _grow(
    problem: Problem, rotation: Floats, focal: Floats, shared: Floats, starts: Ints, steps: Floats
) -> tuple[Fit, Mask, bool]:
    """From the cameras of the pictures ``starts`` to those of all, as far as they are sure, (F,) which those are, and
    whether there is paint.

    In turns the rink is followed from picture to picture, and all of which that is sure are adjusted together, which
    tells the hall's measures better and lets it be followed farther.
    """
    rotation, focal, shared = rotation.copy(), focal.copy(), shared.copy()
    painted, sure, given = False, np.zeros(len(focal), bool), starts
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
    return adjust(part, fit.rotation, fit.focal, fit.shared, FINE if painted else FINE_BARE), sure, painted


def _reaching(shared: Floats, reach_m: float) -> Floats:
    """``shared`` with half the length of the paint between its arcs set."""
    out = shared.copy()
    out[4 + NAMES.index("paint_reach_m")] = reach_m
    return out


def _judge(problem: Problem, fit: Fit, sure: Mask, painted: bool, rows: Ints) -> Registered | None:
    """Which pictures of those that are ``sure`` hold the rink; None where none does."""
    part, schedule = take(problem, sure), FINE if painted else FINE_BARE
    support = find_support(fit, painted)
    covariance = covariances(part, fit, schedule)
    sd_px, sd_m = find_sd(fit, covariance, problem.width, problem.height)
    holds = np.asarray((sd_m < LARGEST_SD_M) & (np.nan_to_num(support, nan=1.0) > LOST))
    holds &= ~torn_off(part.links, fit, painted)
    strange = np.abs(fit.shared - problem.prior)[4:-1] > STRANGE_SD * problem.prior_sd[4:-1]
    if strange.any() or not holds.any() or not is_raced(part, fit, holds):
        return None
    return Registered(rows[sure], fit, support, holds, sd_px, float(np.sqrt(covariance[0, -1, -1])))


def _steps(seen: Seen, rows: Ints) -> Floats:
    return np.ascontiguousarray(np.nan_to_num(seen.steps[rows]))


def _bend(problem: Problem) -> float:
    return K1 * (problem.width**2 + problem.height**2) / 12


def _problem(seen: Seen, rows: Ints) -> Problem:
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
    among = np.isin(lines.frame, number)
    frame, ends = np.searchsorted(number, lines.frame[among]), np.concatenate([lines.top[among], lines.bottom[among]])
    prior, prior_sd = shared_prior(PLACE, PLACE_SD, seen.rink)
    return Problem(
        float(WORKING_WIDTH),
        video.height * scale,
        pack(video_seen.edges, number, video.height * scale, found.frame[sure], found.box[sure] * scale),
        Links(count[:-1], count[1:], np.ascontiguousarray(steps[1:]), np.ascontiguousarray(sd[1:])),
        own_feet,
        seen.rink,
        prior,
        prior_sd,
        finish=Marks(np.tile(frame, 2), ends * scale, np.tile([0.0, np.nan, 0.0], (len(ends), 1)), np.zeros(len(ends))),
        marks=Marks(np.empty(0, np.int64), np.empty((0, 2)), np.empty((0, 3)), np.empty(0)),
    )


def _poses(found: Sequence[Registered], seen: Observations) -> Poses:
    video = seen.video
    poses, scale = no_poses(len(seen.frames), (video.width, video.height)), video.width / WORKING_WIDTH
    for one in found:
        rows, fit = one.rows[one.holds], one.fit
        poses.position[rows], poses.k1[rows] = fit.shared[:3], fit.shared[3]
        poses.rotation[rows] = fit.rotation[one.holds]
        poses.focal_px[rows] = fit.focal[one.holds] * scale
        poses.sd_px[rows] = one.sd_px[one.holds] * scale
        poses.quality[rows] = np.clip(np.nan_to_num(one.support[one.holds], nan=LOST), 0, 1)
    return poses


def _shift(found: Sequence[Registered]) -> float:
    """The track's shift as the stretches see it together."""
    shift = np.array([one.fit.shared[-1] for one in found])
    weight = np.array([1 / one.shift_sd_m**2 for one in found])
    return float((shift * weight).sum() / weight.sum())
