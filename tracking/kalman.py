"""Constant-velocity Kalman filters over a box: centre x, centre y, width and height, each of its own.

With diagonal noise a filter over the box is exactly four filters of two states (position, velocity), so that no matrix
is ever multiplied. Noise grows with real time, not with frames. After a gap the velocity is that from the last
detection to the new one (Cao et al., OC-SORT, 2023, where the filter is run again over the gap).
"""

# The kernels carry no annotations: Numba infers their types.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

import numpy as np
from numba import njit

TRACK = np.dtype(
    [
        ("id", np.int64),  # identity from 1; 0 until the track is reported
        ("hits", np.int64),  # detections so far
        ("seen_s", np.float64),  # time of the last detection
        ("score", np.float64),  # its usual score
        ("mean", np.float64, (4,)),  # cx, cy, w, h, pixels of this frame
        ("rate", np.float64, (4,)),  # their change per second
        ("var", np.float64, (4,)),  # variance of mean
        ("cov", np.float64, (4,)),  # covariance of mean and rate
        ("rate_var", np.float64, (4,)),
        ("last", np.float64, (4,)),  # last detected cx, cy, w, h, carried along with the camera
        ("grounded", np.int64),  # 1 where the fields below are known, see ground.py
        ("ground", np.float64, (2,)),  # x, y, metres
        ("ground_rate", np.float64, (2,)),
        ("ground_var", np.float64, (2,)),
        ("ground_cov", np.float64, (2,)),
        ("ground_rate_var", np.float64, (2,)),
        ("turn", np.float64),  # radians per second
    ],
    align=True,
)

UNSURE = 10.0
"""Variance of a detection of score 0 over that of score 1, less 1 (Du et al., StrongSORT, 2023)."""
# Edges of a box are about equally noisy, so sizes are twice as noisy as centres; heights are steadier than widths.
NOISE_SHAPE = (1.0, 0.6, 2.0, 1.2)


@njit(cache=True, error_model="numpy")
def begin(track, box, score, time_s, s):
    """Set ``track`` (a TRACK record) to a box (x, y, w, h) detected just now; ``s`` is the settings record."""
    h = box[3]
    track.id = 0
    track.hits = 1
    track.seen_s = time_s
    track.score = score
    track.grounded = 0
    for k in range(4):
        z = box[k] + 0.5 * box[k + 2] if k < 2 else box[k]
        track.mean[k] = z
        track.last[k] = z
        track.rate[k] = 0.0
        track.var[k] = (NOISE_SHAPE[k] * s.noise * h) ** 2
        track.cov[k] = 0.0
        track.rate_var[k] = (s.first_speed * h) ** 2 if k < 2 else (0.25 * s.first_speed * h) ** 2


@njit(cache=True, error_model="numpy")
def predict(track, dt, s):
    """Move ``track`` on by ``dt`` seconds."""
    h = track.mean[3]
    for k in range(4):
        push = ((s.acceleration if k < 2 else s.acceleration_size) * h) ** 2
        wander = ((s.wander if k < 2 else s.wander_size) * h) ** 2
        track.mean[k] += dt * track.rate[k]
        track.var[k] += dt * (2.0 * track.cov[k] + dt * track.rate_var[k] + wander + push * dt * dt / 3.0)
        track.cov[k] += dt * (track.rate_var[k] + 0.5 * push * dt)
        track.rate_var[k] += dt * push
    for k in range(2, 4):  # a box neither vanishes nor explodes
        size = min(max(track.mean[k], 0.3 * track.last[k]), 3.0 * track.last[k])
        if size != track.mean[k]:
            track.mean[k] = size
            track.rate[k] = 0.0


@njit(cache=True, error_model="numpy")
def correct(track, box, score, time_s, dt, s):
    """Take in a detected box (x, y, w, h), after ``predict``."""
    gap = time_s - track.seen_s
    for k in range(4):
        z = box[k] + 0.5 * box[k + 2] if k < 2 else box[k]
        r = (NOISE_SHAPE[k] * s.noise * box[3]) ** 2 * (1.0 + UNSURE * (1.0 - score))
        if gap > 1.5 * dt:
            push = ((s.acceleration if k < 2 else s.acceleration_size) * box[3]) ** 2
            track.mean[k] = z
            track.rate[k] = (z - track.last[k]) / gap
            track.var[k] = r
            track.cov[k] = r / gap
            track.rate_var[k] = 2.0 * r / (gap * gap) + push * gap / 3.0
        else:
            gain = track.var[k] / (track.var[k] + r)
            rate_gain = track.cov[k] / (track.var[k] + r)
            error = z - track.mean[k]
            track.mean[k] += gain * error
            track.rate[k] += rate_gain * error
            track.rate_var[k] -= rate_gain * track.cov[k]
            track.var[k] *= 1.0 - gain
            track.cov[k] *= 1.0 - gain
        track.last[k] = z
    track.score += s.score_memory * (score - track.score)
    track.seen_s = time_s
    track.hits += 1


@njit(cache=True, error_model="numpy")
def place(m, x, y):
    """Where the homography ``m`` (3, 3) takes a point."""
    s = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    return (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / s, (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / s


@njit(cache=True, error_model="numpy")
def slopes(m, x, y):
    """Derivatives of the homography ``m`` at a point: du/dx, du/dy, dv/dx, dv/dy."""
    u, v = place(m, x, y)
    s = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    return (
        (m[0, 0] - u * m[2, 0]) / s,
        (m[0, 1] - u * m[2, 1]) / s,
        (m[1, 0] - v * m[2, 0]) / s,
        (m[1, 1] - v * m[2, 1]) / s,
    )


@njit(cache=True, error_model="numpy")
def warp(track, m):
    """Carry ``track`` over into the next frame by the camera's motion ``m`` (3, 3).

    The homography is taken as the affine map that touches it at the centre of the box. Sizes scale by the root of its
    determinant; what it turns from x into y goes into the variances, not into covariances between them.
    """
    a, b, c, d = slopes(m, track.mean[0], track.mean[1])
    scale = np.sqrt(abs(a * d - b * c))
    track.mean[0], track.mean[1] = place(m, track.mean[0], track.mean[1])
    track.last[0], track.last[1] = place(m, track.last[0], track.last[1])
    vx, vy = track.rate[0], track.rate[1]
    track.rate[0] = a * vx + b * vy
    track.rate[1] = c * vx + d * vy
    for k in range(2, 4):
        track.mean[k] *= scale
        track.last[k] *= scale
        track.rate[k] *= scale
    for field in (track.var, track.cov, track.rate_var):
        px, py = field[0], field[1]
        field[0] = a * a * px + b * b * py
        field[1] = c * c * px + d * d * py
        field[2] *= scale * scale
        field[3] *= scale * scale
