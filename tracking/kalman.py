"""Constant-velocity Kalman filters over a box: centre x, centre y, width and height, each of its own.

With diagonal noise a filter over the box is exactly four filters of two states (position, velocity), so that no matrix
is ever multiplied. Noise grows with real time, not with frames.
"""

import numpy as np
from numba import njit

TRACK = np.dtype(
    [
        ("id", np.int64),
        ("hits", np.int64),
        ("reported", np.int64),
        ("seen_s", np.float64),  # time of the last detection
        ("born_s", np.float64),
        ("score", np.float64),
        ("mean", np.float64, (4,)),  # cx, cy, w, h, pixels of this frame
        ("rate", np.float64, (4,)),  # their change per second
        ("var", np.float64, (4,)),
        ("cov", np.float64, (4,)),
        ("rate_var", np.float64, (4,)),
        ("last", np.float64, (4,)),  # last detected cx, cy, w, h, carried along with the camera
        ("older", np.float64, (2, 2)),  # detected centres before it, the same
        ("older_s", np.float64, (2,)),
    ],
    align=True,
)


@njit(cache=True)
def begin(track, box, score, time_s, settings):
    """Set ``track`` (one TRACK record) to a box (x, y, w, h) detected just now."""
    h = box[3]
    track.seen_s = time_s
    track.born_s = time_s
    track.score = score
    track.hits = 1
    track.reported = 0
    track.mean[0] = box[0] + 0.5 * box[2]
    track.mean[1] = box[1] + 0.5 * box[3]
    track.mean[2] = box[2]
    track.mean[3] = box[3]
    for k in range(4):
        track.rate[k] = 0.0
        track.var[k] = (2.0 * settings.noise * h) ** 2
        track.cov[k] = 0.0
        track.rate_var[k] = (2.0 * h) ** 2 if k < 2 else (0.5 * h) ** 2
        track.last[k] = track.mean[k]
    for k in range(2):
        track.older_s[k] = np.nan


@njit(cache=True)
def predict(track, dt, settings):
    h = track.mean[3]
    wander = (settings.wander * h) ** 2 * dt
    push = (settings.acceleration * h) ** 2
    for k in range(4):
        q = push if k < 2 else 0.1 * push
        track.mean[k] += dt * track.rate[k]
        track.var[k] += dt * (2.0 * track.cov[k] + dt * track.rate_var[k]) + wander + q * dt * dt * dt / 3.0
        track.cov[k] += dt * track.rate_var[k] + 0.5 * q * dt * dt
        track.rate_var[k] += q * dt
    for k in range(2, 4):  # a box never shrinks to nothing
        if track.mean[k] < 0.3 * track.last[k]:
            track.mean[k] = 0.3 * track.last[k]
            track.rate[k] = 0.0
        elif track.mean[k] > 3.0 * track.last[k]:
            track.mean[k] = 3.0 * track.last[k]
            track.rate[k] = 0.0


@njit(cache=True)
def correct(track, box, score, time_s, settings):
    """Take in a detected box (x, y, w, h), after ``predict``."""
    gap = time_s - track.seen_s
    r = (settings.noise * box[3]) ** 2
    centre_x = box[0] + 0.5 * box[2]
    centre_y = box[1] + 0.5 * box[3]
    for k in range(4):
        z = centre_x if k == 0 else centre_y if k == 1 else box[k]
        gain = track.var[k] / (track.var[k] + r)
        rate_gain = track.cov[k] / (track.var[k] + r)
        error = z - track.mean[k]
        track.mean[k] += gain * error
        track.rate[k] += rate_gain * error
        track.rate_var[k] -= rate_gain * track.cov[k]
        track.var[k] *= 1.0 - gain
        track.cov[k] *= 1.0 - gain
    track.older[1, 0] = track.older[0, 0]
    track.older[1, 1] = track.older[0, 1]
    track.older_s[1] = track.older_s[0]
    track.older[0, 0] = track.last[0]
    track.older[0, 1] = track.last[1]
    track.older_s[0] = track.seen_s
    track.last[0] = centre_x
    track.last[1] = centre_y
    track.last[2] = box[2]
    track.last[3] = box[3]
    track.seen_s = time_s
    track.score = score
    track.hits += 1


@njit(cache=True)
def warp(track, m):
    """Carry ``track`` over into the next frame by the camera's motion ``m`` (3, 3).

    The homography is taken as the affine map that touches it at the centre of the box. Widths and heights scale with
    the map's rows; what it turns from x into y goes into the variances, not into covariances between them.
    """
    x, y = track.mean[0], track.mean[1]
    s = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    u = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / s
    v = (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / s
    a = (m[0, 0] - u * m[2, 0]) / s
    b = (m[0, 1] - u * m[2, 1]) / s
    c = (m[1, 0] - v * m[2, 0]) / s
    d = (m[1, 1] - v * m[2, 1]) / s
    scale = np.sqrt(abs(a * d - b * c))
    track.mean[0] = u
    track.mean[1] = v
    track.mean[2] *= scale
    track.mean[3] *= scale
    vx, vy = track.rate[0], track.rate[1]
    track.rate[0] = a * vx + b * vy
    track.rate[1] = c * vx + d * vy
    track.rate[2] *= scale
    track.rate[3] *= scale
    for field in (track.var, track.cov, track.rate_var):
        px, py = field[0], field[1]
        field[0] = a * a * px + b * b * py
        field[1] = c * c * px + d * d * py
        field[2] *= scale * scale
        field[3] *= scale * scale
    x, y = track.last[0], track.last[1]
    s = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    track.last[0] = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / s
    track.last[1] = (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / s
    track.last[2] *= scale
    track.last[3] *= scale
    for k in range(2):
        x, y = track.older[k, 0], track.older[k, 1]
        s = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        track.older[k, 0] = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / s
        track.older[k, 1] = (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / s
