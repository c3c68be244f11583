"""The feet of whoever moves at a racer's speed over the ice, and what they say about the camera.

Racers skate an oval that the rules fix, counter-clockwise, at a speed that differs little. A camera under which the
feet of a pack leave that oval, or stand still, or run the wrong way, is a wrong one. No paint is needed for that.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.matrices import times
from race.observations import Detections, Frames
from vision.turning import chain, turned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_SCORE = 0.25
SPEED = (5.0, 20.0)
"""Body heights a second over the ice, movement in depth counted DEPTH times; team-mates who circle do 2 to 5."""
DEPTH = 4.0
LINK = 0.5
"""Body heights that a foot may be off where the background took it, plus as much as it moved the frame before."""
APART = 5
"""Pictures between the two ends of a stride whose length is asked for."""

SPEED_MPS, SPEED_SD = 12.3, 1.8
OFF_APEX_M, OFF_STRAIGHT_M, OFF_SD_M = 0.6, 2.3, 0.9
"""How far outside the measured line racers skate at the apex and in the middle of a straight."""
STRANGE = 4.0
"""Standard deviations from which a foot counts as somebody else's."""


@dataclass(frozen=True, slots=True)
class Feet:
    """n feet of racers, and m strides: pairs of feet of one racer.

    frame   (n,)    row of ``Frames``
    xy      (n, 2)  px
    sd_px   (n,)
    stride  (m, 2)  indices of feet, earlier and later
    time_s  (m,)    between the two
    """

    frame: Ints
    xy: Floats
    sd_px: Floats
    stride: Ints
    time_s: Floats


def find_feet(frames: Frames, detections: Detections) -> Feet:
    """Link boxes from picture to picture over the background's motion and keep who is fast."""
    row = np.searchsorted(frames.number, detections.frame)
    box = detections.box
    good = detections.score >= MIN_SCORE
    foot = np.where(np.isfinite(detections.foot), detections.foot, box[:, :2] + box[:, 2:] * np.array([0.5, 1.0]))
    sd = np.where(np.isfinite(detections.foot_sd), detections.foot_sd, 0.05 * box[:, 3] + 1.0)
    before = np.full(len(row), -1, np.int64)  # the same person's detection in the picture before
    way = np.full((len(row), 2), np.nan)  # body heights moved over the background since then
    starts = np.searchsorted(row, np.arange(len(frames) + 1))
    for n in range(1, len(frames)):
        if not np.isfinite(frames.motion[n, 0, 0]):
            continue
        old = np.flatnonzero(good[starts[n - 1] : starts[n]]) + starts[n - 1]
        new = np.flatnonzero(good[starts[n] : starts[n + 1]]) + starts[n]
        if not len(old) or not len(new):
            continue
        carried = cv2.perspectiveTransform(foot[old][None], frames.motion[n])[0]
        tall = box[new, 3]
        went = np.nan_to_num(way[old])
        off = np.linalg.norm(
            (foot[new][:, None] - carried[None]) / tall[:, None, None] - went[None], axis=2
        )  # (new, old)
        for k in range(len(new)):
            best = int(off[k].argmin())
            similar = 0.75 < box[new[k], 3] / box[old[best], 3] < 1.33
            if off[k, best] < LINK and off[:, best].argmin() == k and similar:
                before[new[k]] = old[best]
                way[new[k]] = (foot[new[k]] - carried[best]) / tall[k]
    # from here on over APART pictures, which evens out the trembling of boxes
    ancestor, total = np.arange(len(row)), np.zeros((len(row), 2))
    for _ in range(APART):
        alive = ancestor >= 0
        total[alive] += np.nan_to_num(way[ancestor[alive]], nan=np.inf)
        ancestor[alive] = before[ancestor[alive]]
    linked = ancestor >= 0
    time_s = np.where(linked, frames.time_s[row] - frames.time_s[row[ancestor]], np.nan)
    with np.errstate(invalid="ignore"):
        speed = np.hypot(total[:, 0], DEPTH * total[:, 1]) / time_s
        fast = linked & (speed > SPEED[0]) & (speed < SPEED[1])
    used = np.unique(np.concatenate([np.flatnonzero(fast), ancestor[fast]]))
    return Feet(
        row[used],
        foot[used],
        sd[used],
        np.searchsorted(used, np.column_stack([ancestor[fast], np.flatnonzero(fast)])),
        time_s[fast],
    )


@njit(cache=True, error_model="numpy")
def ice_point(x: float, y: float, position: Floats, rotation: Floats, focal: float, k1: float, out: Floats) -> bool:
    """Pixels from the picture's middle -> ``out`` (2,) on the ice; False above the horizon."""
    seen_a, seen_b = x / focal, y / focal
    a, b = seen_a, seen_b
    for _ in range(5):
        bent = 1 + k1 * (a * a + b * b)
        a, b = seen_a / bent, seen_b / bent
    down = rotation[0, 2] * a + rotation[1, 2] * b + rotation[2, 2]
    if down > -0.01:
        return False
    ahead = -position[2] / down
    out[0] = position[0] + ahead * (rotation[0, 0] * a + rotation[1, 0] * b + rotation[2, 0])
    out[1] = position[1] + ahead * (rotation[0, 1] * a + rotation[1, 1] * b + rotation[2, 1])
    return True


@njit(cache=True, error_model="numpy")
def on_track(x: float, y: float, half: float, radius: float) -> tuple[float, float, float]:
    """Along the track (m past the middle of the near straight), outside the measured line, and where racers skate."""
    if x > half:
        t, d = half + radius * (np.arctan2(y, x - half) + 0.5 * np.pi), np.hypot(x - half, y) - radius
    elif x < -half:
        t = 3 * half + radius * (np.pi + np.arctan2(-y, -half - x) + 0.5 * np.pi)
        d = np.hypot(x + half, y) - radius
    elif y < 0:
        t, d = x, -y - radius
    else:
        t, d = 2 * half + np.pi * radius - x, y - radius
    lap = 4 * half + 2 * np.pi * radius
    usual = 0.5 * (OFF_STRAIGHT_M + OFF_APEX_M) + 0.5 * (OFF_STRAIGHT_M - OFF_APEX_M) * np.cos(4 * np.pi * t / lap)
    return t % lap, d, usual


@njit(cache=True, error_model="numpy")
def feet_cost(
    guess: Floats,  # (8,) pan, tilt, roll, log focal of the first picture; place x, y, z; track shift
    prior: Floats,  # (8,)
    prior_sd: Floats,  # (8,)
    steps: Floats,  # (F, 4)
    frame: Ints,
    xy: Floats,  # (n, 2) from the picture's middle
    stride: Ints,
    time_s: Floats,
    half: float,
    radius: float,
    k1: float,
    bend: float,
    keeps_level: bool,
    rotation: Floats,  # (F, 3, 3), (F,): room to work in
    focal: Floats,
    residual: Floats,  # (n + m + 8,) out
) -> None:
    """How strange the racers' places and strides are under the camera ``guess``, in standard deviations."""
    chain(looking(guess[0], guess[1], guess[2]), np.exp(guess[3]), steps, bend, rotation, focal, keeps_level)
    n, m = len(frame), len(stride)
    along = np.empty(n)
    place = np.empty(2)
    lap = 4 * half + 2 * np.pi * radius
    for k in range(n):
        f = frame[k]
        if ice_point(xy[k, 0], xy[k, 1], guess[4:7], rotation[f], focal[f], k1, place):
            along[k], d, usual = on_track(place[0] - guess[7], place[1], half, radius)
            residual[k] = (d - usual) / OFF_SD_M
        else:
            along[k], residual[k] = np.nan, 3 * STRANGE
    for k in range(m):
        went = along[stride[k, 1]] - along[stride[k, 0]]
        went -= lap * np.round(went / lap)
        speed = went / time_s[k]
        residual[n + k] = (speed - SPEED_MPS) / SPEED_SD if np.isfinite(speed) else 3 * STRANGE
    for k in range(n + m):  # beyond STRANGE it hardly matters by how much: r^2 becomes ~ log
        r = residual[k] / STRANGE
        residual[k] = np.sign(r) * STRANGE * np.sqrt(np.log(1 + r * r)) * np.sqrt(60.0 / (n + m))
    for k in range(8):
        residual[n + m + k] = (guess[k] - prior[k]) / prior_sd[k]


@njit(cache=True, error_model="numpy")
def looking(pan: float, tilt: float, roll: float) -> Floats:
    """Rotation (3, 3), rink -> camera. Pan 0 looks along +y and grows to the right, tilt grows downwards."""
    vector, level, tilted, out = np.zeros(3), np.zeros((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    level[0, 0], level[1, 2], level[2, 1] = 1.0, -1.0, 1.0
    vector[0] = tilt
    times(turned(vector), level, tilted)
    vector[0], vector[2] = 0.0, -roll
    times(turned(vector), tilted, out)
    vector[2] = pan  # the world turns the other way
    times(out, turned(vector), tilted)
    return tilted
