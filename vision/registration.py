"""The camera over the rink: from what was seen of a video to a pose for every picture that can have one.

Stretch by stretch: about where the camera is, from the racers' ways (``first_guess``) or from points set by hand
(``keyframes``), and from there the rink in all pictures (``stretches``). What one stretch has taught of the camera and
the hall finds the same camera where it was lost and in other shots (``recognising``). What may not be believed is left
without a pose.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH
from race.observations import Observations
from race.poses import Poses, no_poses
from race.rink import Rink
from vision.adjust import Fit, Marks, Problem, shared_prior, take
from vision.first_guess import PLACE, PLACE_SD
from vision.judging import LOST
from vision.keyframes import LARGEST_MISS, KeyCameras, Keyframes, find_key_cameras
from vision.racing_feet import find_feet
from vision.recognising import recognise
from vision.rink_fit import see
from vision.still import is_still, register_still
from vision.stretches import Hall, Registered, Seen, from_guesses, grow, guesses_of, judge, problem_of, steps_of
from vision.turning import bridge, read_motion

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_PICTURES, LEAST_STRIDES = 50, 40
KEY_SD = np.array([0.5, 0.5, 0.3, 0.01])
"""How much the camera's place, m, and k1 may differ from what the keyframes alone say."""
ELSEWHERE = "its points are of another video; of the camera they tell only where it stands, and its lens"
EARLY_S = 1e-6


def register(video: Observations, by_hand: Keyframes | None = None, rink: Rink | None = None) -> Observations:
    """``video`` with the camera's poses and the track's shift, as far as they can be had.

    With points set ``by_hand``, what is registered begins from them, and what has poses already loses them. A keyframe
    that has no pose in the end is told in the warnings. Points of another video tell where the camera stands and its
    lens; where it looks is found as without them.

    Raises RaceFileError where the points set by hand fit no camera.
    """
    frames = video.frames
    rink = rink or Rink()
    begins = [shot.start_s for shot in video.shots]
    shot = np.searchsorted(begins, frames.time_s + EARLY_S, side="right").astype(np.int64)
    steps, sd = read_motion(frames.motion, frames.motion_quality, video.video.width, video.video.height)
    steps, sd, stretch = bridge(steps, sd, shot)
    seen = Seen(video, find_feet(frames, video.detections), steps, sd, stretch, shot, rink)
    cameras = find_key_cameras(by_hand) if by_hand is not None else None
    elsewhere = by_hand is not None and by_hand.video_sha256 not in (None, video.video.sha256)
    hall = Hall(*shared_prior(PLACE, PLACE_SD, rink))
    if cameras is not None:
        hall.shared[:3], hall.shared[3], hall.sd[:4] = cameras.place, cameras.k1, KEY_SD
    found = []
    for number in np.unique(stretch[stretch >= 0]):
        rows = np.flatnonzero(stretch == number)
        if by_hand is None or cameras is None or elsewhere:
            one = _by_itself(seen, rows, hall)
        else:
            one = _from_keyframes(seen, rows, hall, by_hand, cameras)
        if one is not None:
            found.append(one)
    found += recognise(seen, found)
    poses, shift_m = (_poses(found, video), _shift(found)) if found else (None, None)
    out = replace(video, poses=poses, track_shift_m=shift_m)
    if by_hand is None:
        return out
    told = [f"{by_hand.path}: {ELSEWHERE}"] if elsewhere else _unused(out, by_hand)
    return replace(out, warnings=list(dict.fromkeys(out.warnings + told)))


def _unused(video: Observations, by_hand: Keyframes) -> list[str]:
    posed = video.frames.number[video.poses.known] if video.poses is not None else np.empty(0)
    return [
        f"{by_hand.path}: frame {frame}: no pose came of these points: the picture is not in what was watched, "
        "the camera's motion around it is unknown, or what is seen there does not fit them"
        for frame in by_hand.frame
        if frame not in posed
    ]


def _by_itself(seen: Seen, rows: Ints, hall: Hall) -> Registered | None:
    """One stretch; None where no camera can be believed."""
    if len(rows) < LEAST_PICTURES:
        return None
    problem, steps = problem_of(seen, rows, hall), steps_of(seen, rows)
    if len(problem.feet.stride) < LEAST_STRIDES:
        return None
    still = register_still(seen, rows) if is_still(seen, rows) else None
    return still or from_guesses(problem, guesses_of(problem, steps), rows, steps)


def _from_keyframes(seen: Seen, rows: Ints, hall: Hall, given: Keyframes, cameras: KeyCameras) -> Registered | None:
    """One stretch, carried from its keyframes by the camera's motion; None where it has none."""
    at = np.searchsorted(seen.video.frames.number[rows], given.frame)
    here = np.flatnonzero(
        (at < len(rows)) & (seen.video.frames.number[rows[np.minimum(at, len(rows) - 1)]] == given.frame)
    )
    if not len(here):
        return None
    problem = problem_of(seen, rows, hall)
    points = np.isin(given.keyframe, here)
    marks = Marks(at[given.keyframe[points]], given.pixel[points], given.place[points], given.moves[points])
    prior = problem.prior.copy()
    prior[-1] = cameras.track_shift_m
    problem = replace(problem, marks=marks, prior=prior)
    steps = steps_of(seen, rows)
    rotation, focal = np.tile(np.eye(3), (len(rows), 1, 1)), np.ones(len(rows))
    rotation[at[here]], focal[at[here]] = cameras.rotation[here], cameras.focal[here]
    fit, sure, painted = grow(problem, rotation, focal, prior, at[here], steps)
    found = judge(problem, fit, sure, painted, rows)
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
    weight = np.array([1 / one.shared_sd[-1] ** 2 for one in found])
    return float((shift * weight).sum() / weight.sum())
