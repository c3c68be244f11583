"""Whether a camera may be believed: how well the rink's edges are met, whether racers skate, how sure it is."""

import numpy as np
from numpy.typing import NDArray

from vision.adjust import Fit, Links, Problem, poses_of, tally_of
from vision.blocks import lie_elsewhere
from vision.racing_feet import ice_point
from vision.rink_curves import MAT_FOOT, NEAR_TOP, PAINT
from vision.rink_fit import SHARED, slopes
from vision.turning import ARM, runs, step_between

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LOST = 0.25
"""Support below which the rink is lost. People and graphics hide more than half of it at worst; of a camera that is 8
pixels of 640 off 3 % was met in real pictures."""
SMOOTHED = 9
"""Pictures over which support is averaged."""
LEAST_SEEN = 12
"""Places where an edge should be that a smoothed picture needs to be judged."""
PAINT_SUPPORT = 0.3
"""Share of the paint's rim that has to be met before it is believed to be there."""
SPEEDS, OFFS = (7.5, 18.0), (-2.5, 6.5)
"""m/s and m outside the measured line: where the median of the racers of some pictures has to lie."""
LOOKED_AT = [(x, y) for x in (-0.3, 0.0, 0.3) for y in (0.0, 0.25)]
"""Places in the picture, from its middle in widths and heights, at which the error of a pose is looked at."""
FARTHEST_M = 60.0
TORN_SD, TORN_PX = 4.0, 6.0
"""Standard deviations and pixels that cameras jump by against a known motion where one of the two is wrong."""
AT_ENDS = 0.8
"""Of what is met in the middle of a stretch, the share that has to be met at its ends."""
MOST_LOOSE = 8
SURELY_MET = 0.65
"""Share of the edges that is met on both sides of a jump where it was the motion that was wrong."""


def is_painted(problem: Problem, fit: Fit) -> bool:
    """Whether the infield's rim is met where the mats are."""
    tally = tally_of(problem, fit.rotation, fit.focal, fit.shared, 10.0)
    held = _smooth(tally[:, [MAT_FOOT, NEAR_TOP]].sum(axis=1))
    good = held[:, 1] > LOST * np.maximum(held[:, 0], LEAST_SEEN)
    paint = tally[good, PAINT].sum(axis=0)
    return bool(paint[1] > PAINT_SUPPORT * max(paint[0], 200.0))


def find_support(fit: Fit, painted: bool) -> Floats:
    """(F,) how well the edges are met, 0 to 1, over some pictures; NaN where there are next to none to meet."""
    held = _smooth(_judged(fit, painted))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(held[:, 0] >= LEAST_SEEN, held[:, 1] / held[:, 0], np.nan)


def find_best(fit: Fit) -> int:
    """The picture whose mats are met best and most, with those around it."""
    seen, met = _smooth(_judged(fit, False)).T
    return int(np.argmax(met**2 / np.maximum(seen, 1.0)))


def _judged(fit: Fit, painted: bool) -> Floats:
    """(F, 2) places where an edge should be, and how well they are met."""
    return np.asarray(fit.tally[:, [MAT_FOOT, NEAR_TOP, PAINT] if painted else [MAT_FOOT, NEAR_TOP]].sum(axis=1))


def _smooth(values: Floats) -> Floats:
    """(F, n) mean over SMOOTHED pictures."""
    kernel = np.ones(min(SMOOTHED, len(values)))
    weight = np.convolve(np.ones(len(values)), kernel, mode="same")
    return np.stack([np.convolve(column, kernel, mode="same") / weight for column in values.T], axis=1)


def is_raced(problem: Problem, fit: Fit, holds: Mask) -> bool:
    """Whether most of the strides in the pictures that hold (F,) are on the track and of a racer's pace."""
    feet, rink = problem.feet, problem.rink
    xy = np.full((len(feet.frame), 2), np.nan)
    place = np.empty(2)
    middle = np.array([problem.width, problem.height]) / 2
    for n, (frame, seen) in enumerate(zip(feet.frame, feet.xy - middle, strict=True)):
        if ice_point(seen[0], seen[1], fit.shared[:3], fit.rotation[frame], fit.focal[frame], fit.shared[3], place):
            xy[n] = place
    track = rink.to_track(xy - np.array([fit.shared[-1], 0.0]))
    went = track[feet.stride[:, 1], 0] - track[feet.stride[:, 0], 0]
    speed = (went - rink.lap_m * np.rint(went / rink.lap_m)) / feet.time_s
    off = track[feet.stride[:, 1], 1]
    good = (speed > SPEEDS[0]) & (speed < SPEEDS[1]) & (off > OFFS[0]) & (off < OFFS[1])  # NaN is not good
    counted = holds[feet.frame[feet.stride]].all(axis=1)
    return bool(good[counted].sum() >= 0.5 * counted.sum())


def has_its_blocks(problem: Problem, fit: Fit, holds: Mask) -> bool:
    """False where the blocks in the pictures that hold (F,) are not the track's."""
    spots, rink = problem.blocks, problem.rink
    poses, still = poses_of(problem, fit.rotation, fit.focal, fit.shared), rink.blocks - [rink.track_shift_m, 0.0]
    here = holds[spots.frame]
    return not lie_elsewhere(spots.frame[here], spots.box[here], poses, still, float(fit.shared[-1]))


def links_off(links: Links, fit: Fit) -> Floats:
    """(n, 4) pixels by which the cameras' motion differs from what ``links`` say, turn and zoom ARM pixels out."""
    here = np.empty((len(links.now), 4))
    for n, (a, b) in enumerate(zip(links.before, links.now, strict=True)):
        step_between(fit.rotation[a], fit.focal[a], fit.rotation[b], fit.focal[b], fit.bend, here[n])
    return np.asarray(np.nan_to_num(np.abs(links.step - here), nan=np.inf) * np.array([1.0, 1.0, ARM, ARM]))


def torn_off(links: Links, fit: Fit, painted: bool) -> Mask:
    """(F,) True where cameras jump against a motion that is known, on the side where edges are met the less.

    Edges of a wrong place can look right for a while, but not from one picture to the next. Pieces that no motion ties
    are not compared.
    """
    frames = len(fit.focal)
    jump, tied = np.zeros(frames, bool), np.zeros(frames, bool)
    jump[links.now] = (links_off(links, fit) > np.maximum(TORN_SD * links.sd, TORN_PX)[:, None]).any(axis=1)
    tied[links.now] = True
    begins = jump | ~tied
    begins[0] = False
    piece = np.cumsum(begins)
    tally = _judged(fit, painted)
    counts = np.stack([np.bincount(piece, column) for column in tally.T])
    met = counts[1] / np.maximum(counts[0], 1.0)
    torn = np.zeros(len(met), bool)
    for k in piece[jump & begins]:
        if min(met[k - 1], met[k]) < SURELY_MET:
            torn[k - 1 if met[k - 1] < met[k] else k] = True
    return np.asarray(torn[piece])


def loose_ends(holds: Mask, fit: Fit, painted: bool) -> Mask:
    """(F,) True at the ends of what ``holds`` (F,) where edges are met less than between: a motion that is wrong, as
    the first ones of a shot often are, is held by nothing from the other side there."""
    seen, met = _judged(fit, painted).T
    share = met / np.maximum(seen, 1.0)
    judged = holds & (seen >= LEAST_SEEN)
    loose = np.zeros(len(holds), bool)
    if not judged.any():
        return loose
    good = ~judged | (share >= AT_ENDS * np.median(share[judged]))
    for first, end in runs(holds):
        ends = good[first:end]
        if holds[first] and ends.any():  # where more of them are bad, it is what is to be seen there, not the motion
            before, after = int(ends.argmax()), int(ends[::-1].argmax())
            loose[first : first + before] |= before <= MOST_LOOSE
            loose[end - after : end] |= after <= MOST_LOOSE
    return loose


def find_sd(fit: Fit, covariance: Floats, width: float, height: float) -> tuple[Floats, Floats]:
    """(F,) and (F,): standard deviation, each way, of where points of the ice are projected, pixels, and of where on
    the ice those pixels are put, m: in the picture's middle and lower part; NaN where no ice is there."""
    out = np.full((2, len(fit.focal)), np.nan)
    pixel, own, by_place, by_point = np.empty(2), np.empty((2, 4)), np.empty((2, 4)), np.empty((2, 3))
    place, slope = np.zeros(3), np.zeros((2, 4 + SHARED))
    position, k1 = fit.shared[:3], float(fit.shared[3])
    for f in range(len(fit.focal)):
        turn, focal = fit.rotation[f], float(fit.focal[f])
        variances = []
        for x, y in LOOKED_AT:
            if not ice_point(x * width, y * height, position, turn, focal, k1, place):
                continue
            if np.hypot(*(place[:2] - position[:2])) > FARTHEST_M:
                continue
            slopes(place, position, turn, focal, k1, 0.0, 0.0, pixel, own, by_place, by_point)
            slope[:, :4], slope[:, 4:8] = own, by_place
            on_ice = np.linalg.solve(by_point[:, :2], slope)
            variances.append([np.trace(way @ covariance[f] @ way.T) / 2 for way in (slope, on_ice)])
        if variances:
            out[:, f] = np.sqrt(np.mean(variances, axis=0))
    return out[0], out[1]
