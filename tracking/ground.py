"""Motion on a ground plane in metres, where the plane is known: position, speed and heading, turning at a steady rate.

The foot point is filtered in metres with the noise that the projection implies there, its prediction is put back into
the picture. The limits are those of the settings: no faster than ``speed_limit_mps``, no tighter turn than
``turn_limit_mps2`` allows at that speed.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

import numpy as np
from numba import njit

from tracking.kalman import place, slopes

TURN_MEMORY = 0.3
"""Share of the newest turn in the turn rate."""


@njit(cache=True, error_model="numpy")
def ground_predict(track, dt, to_image, s):
    """Move ``track`` on by ``dt`` seconds on the plane and put its box there; ``to_image`` (3, 3) plane to pixels."""
    angle = track.turn * dt
    cos, sin = np.cos(angle), np.sin(angle)
    vx, vy = track.ground_rate[0], track.ground_rate[1]
    track.ground_rate[0] = cos * vx - sin * vy
    track.ground_rate[1] = sin * vx + cos * vy
    push = s.push_limit_mps2 * s.push_limit_mps2
    for k in range(2):
        mid = 0.5 * (track.ground_rate[k] + (vx if k == 0 else vy))
        track.ground[k] += dt * mid
        track.ground_var[k] += dt * (2.0 * track.ground_cov[k] + dt * track.ground_rate_var[k] + push * dt * dt / 3.0)
        track.ground_cov[k] += dt * (track.ground_rate_var[k] + 0.5 * push * dt)
        track.ground_rate_var[k] += dt * push
    foot_x, foot_y = place(to_image, track.ground[0], track.ground[1])
    track.mean[0] = foot_x
    track.mean[1] = foot_y - 0.5 * track.mean[3]


@njit(cache=True, error_model="numpy")
def ground_correct(track, foot_x, foot_y, height, gap_s, to_plane, s):
    """Take in a foot point in pixels, ``gap_s`` seconds after the one before; ``to_plane`` (3, 3) pixels to plane."""
    x, y = place(to_plane, foot_x, foot_y)
    a, b, c, d = slopes(to_plane, foot_x, foot_y)
    pixel = (s.noise * height) ** 2
    if track.grounded == 0:
        track.grounded = 1
        track.turn = 0.0
        for k in range(2):
            track.ground[k] = x if k == 0 else y
            track.ground_rate[k] = 0.0
            track.ground_var[k] = pixel * (a * a + b * b if k == 0 else c * c + d * d)
            track.ground_cov[k] = 0.0
            track.ground_rate_var[k] = s.speed_limit_mps * s.speed_limit_mps
        return
    before_x, before_y = track.ground_rate[0], track.ground_rate[1]
    for k in range(2):
        r = pixel * (a * a + b * b if k == 0 else c * c + d * d)
        error = (x if k == 0 else y) - track.ground[k]
        gain = track.ground_var[k] / (track.ground_var[k] + r)
        rate_gain = track.ground_cov[k] / (track.ground_var[k] + r)
        track.ground[k] += gain * error
        track.ground_rate[k] += rate_gain * error
        track.ground_rate_var[k] -= rate_gain * track.ground_cov[k]
        track.ground_var[k] *= 1.0 - gain
        track.ground_cov[k] *= 1.0 - gain
    speed = np.hypot(track.ground_rate[0], track.ground_rate[1])
    if speed > s.speed_limit_mps:
        track.ground_rate[0] *= s.speed_limit_mps / speed
        track.ground_rate[1] *= s.speed_limit_mps / speed
        speed = s.speed_limit_mps
    if track.hits > 5 and speed > 2.0:  # a heading is known
        cross = before_x * track.ground_rate[1] - before_y * track.ground_rate[0]
        dot = before_x * track.ground_rate[0] + before_y * track.ground_rate[1]
        turned = track.turn + np.arctan2(cross, dot) / gap_s
        limit = s.turn_limit_mps2 / speed
        track.turn = min(max(track.turn + TURN_MEMORY * (turned - track.turn), -limit), limit)


@njit(cache=True, error_model="numpy")
def reachable(track, foot_x, foot_y, height, gap_s, to_plane, s):
    """Whether ice, wheels or legs could have taken the track's person to this foot point by now."""
    x, y = place(to_plane, foot_x, foot_y)
    a, b, c, d = slopes(to_plane, foot_x, foot_y)
    blur = 3.0 * s.noise * height * np.sqrt(a * a + b * b + c * c + d * d)
    spread = 3.0 * np.sqrt(track.ground_var[0] + track.ground_var[1])
    far = np.hypot(x - track.ground[0], y - track.ground[1])
    return far <= blur + spread + 0.5 * s.turn_limit_mps2 * gap_s * gap_s and far <= blur + spread + (
        2.0 * s.speed_limit_mps * gap_s
    )
