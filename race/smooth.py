"""One racer's way along the guide line, smoothed over the whole race: a Kalman filter forward, smoothed backward.

State along (g) and across (e) the guide: place, velocity, and an acceleration that fades (Singer 1970). What was
measured is weighted by how well it fits (Student's t), and where the way as a whole does not fit, in a fall say, the
acceleration may be as large as it takes.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.matrices import put_all, solve, times, times_turned
from tracking.rows import put

Floats = NDArray[np.float64]

ACCELERATION = (0.9, 2.5)
"""Of racers along and across the guide, m/s^2, standard deviation, ..."""
LASTS_S = (0.8, 0.5)
"""... and for how long one lasts."""
AT_FIRST = (6.0, 2.0, 2.0)
"""Standard deviations at first sight: velocity along and across, m/s, acceleration, m/s^2."""
USUAL_SPEED = 9.0
HARD = 8.0
"""How much larger accelerations are where the way does not fit."""
MISFIT = 3.0
"""Mean squared residual, of its variance, over WINDOW_S, from which the way does not fit."""
WINDOW_S = 0.4
DEGREES = 4.0
"""Of freedom, of Student's t: outliers are boxes of two, or of somebody else."""
ROUNDS = 3


@njit(cache=True, error_model="numpy")
def transition(dt: float, a_sd: float, tau: float, f: Floats, q: Floats) -> None:
    """(3, 3) transition and noise of place, velocity and fading acceleration over ``dt`` seconds."""
    r = np.exp(-dt / tau)
    f[0, 0] = f[1, 1] = 1.0
    f[1, 0] = f[2, 0] = f[2, 1] = 0.0
    f[0, 1] = dt
    f[0, 2] = tau * tau * (dt / tau - 1 + r)
    f[1, 2] = tau * (1 - r)
    f[2, 2] = r
    b, p = 1 / tau, 2 * a_sd * a_sd / tau  # spectral density of the noise that drives the acceleration
    if dt * b < 0.3:  # the exact terms cancel to rounding errors: leading terms instead
        q[0, 0], q[0, 1], q[0, 2] = p * dt**5 / 20, p * dt**4 / 8, p * dt**3 / 6
        q[1, 1], q[1, 2], q[2, 2] = p * dt**3 / 3, p * dt**2 / 2, p * dt
    else:
        x = b * dt
        e1, e2 = np.exp(-x), np.exp(-2 * x)
        q[0, 0] = p / (2 * b**5) * (1 - e2 + 2 * x + 2 * x**3 / 3 - 2 * x * x - 4 * x * e1)
        q[0, 1] = p / (2 * b**4) * (e2 + 1 - 2 * e1 + 2 * x * e1 - 2 * x + x * x)
        q[0, 2] = p / (2 * b**3) * (1 - e2 - 2 * x * e1)
        q[1, 1] = p / (2 * b**3) * (4 * e1 - 3 - e2 + 2 * x)
        q[1, 2] = p / (2 * b**2) * (e2 + 1 - 2 * e1)
        q[2, 2] = p / (2 * b) * (1 - e2)
    q[1, 0], q[2, 0], q[2, 1] = q[0, 1], q[0, 2], q[1, 2]


@njit(cache=True, error_model="numpy")
def smooth(
    time_s: Floats,  # (F,)
    place: Floats,  # (F, 2) g, laps counted, and e, NaN where not measured
    spread: Floats,  # (F, 2, 2) covariance of it
    acceleration: Floats,  # (2,)
    lasts_s: Floats,  # (2,)
    state: Floats,  # (F, 6) out: g, its rate and acceleration, e, its rate and acceleration; NaN outside
    covariance: Floats,  # (F, 6, 6) out
) -> None:
    """Smooth from the first to the last measured frame."""
    frames = len(time_s)
    state[:] = np.nan
    covariance[:] = np.nan
    first, last = 0, frames - 1
    while first < frames and np.isnan(place[first, 0]):
        first += 1
    while last > first and np.isnan(place[last, 0]):
        last -= 1
    if first == frames:
        return
    weight, hard = np.ones(frames), np.ones(frames)
    ahead, ahead_cov = np.empty((frames, 6)), np.empty((frames, 6, 6))  # predicted
    here, here_cov = np.empty((frames, 6)), np.empty((frames, 6, 6))  # filtered
    f, q = np.zeros((6, 6)), np.zeros((6, 6))
    f3, q3 = np.zeros((3, 3)), np.zeros((3, 3))
    x, p = np.empty(6), np.empty((6, 6))
    gain = np.empty((6, 2))
    carried, upright, back, change = np.empty((6, 6)), np.empty((6, 6)), np.empty((6, 6)), np.empty((6, 6))
    residual = np.full(frames, np.nan)
    for turn in range(ROUNDS):
        x[:] = 0.0
        p[:] = 0.0
        x[0], x[1], x[3] = place[first, 0], USUAL_SPEED, place[first, 1]
        p[0, 0], p[3, 3] = 1e4, 1e4
        p[1, 1], p[4, 4], p[2, 2], p[5, 5] = AT_FIRST[0] ** 2, AT_FIRST[1] ** 2, AT_FIRST[2] ** 2, AT_FIRST[2] ** 2
        for t in range(first, last + 1):
            if t > first:
                _fill(f, q, time_s[t] - time_s[t - 1], hard[t], acceleration, lasts_s, f3, q3)
                for k in range(6):
                    ahead[t, k] = 0.0
                    for j in range(6):
                        ahead[t, k] += f[k, j] * x[j]
                put(x, ahead[t])
                times(f, p, carried)
                times_turned(carried, f, p)
                for k in range(6):
                    for j in range(6):
                        p[k, j] += q[k, j]
            put(ahead[t], x)
            put_all(ahead_cov[t], p)
            if not np.isnan(place[t, 0]):
                s00 = p[0, 0] + spread[t, 0, 0] / weight[t]
                s01 = p[0, 3] + spread[t, 0, 1] / weight[t]
                s11 = p[3, 3] + spread[t, 1, 1] / weight[t]
                det = s00 * s11 - s01 * s01
                i0, i1 = place[t, 0] - x[0], place[t, 1] - x[3]
                for k in range(6):
                    gain[k, 0] = (p[k, 0] * s11 - p[k, 3] * s01) / det
                    gain[k, 1] = (p[k, 3] * s00 - p[k, 0] * s01) / det
                    x[k] = x[k] + gain[k, 0] * i0 + gain[k, 1] * i1
                for k in range(6):
                    for j in range(6):
                        change[k, j] = p[k, j] - (gain[k, 0] * p[0, j] + gain[k, 1] * p[3, j])
                for k in range(6):
                    for j in range(6):
                        p[k, j] = 0.5 * (change[k, j] + change[j, k])
            put(here[t], x)
            put_all(here_cov[t], p)
        put(state[last], here[last])
        put_all(covariance[last], here_cov[last])
        for t in range(last - 1, first - 1, -1):
            _fill(f, q, time_s[t + 1] - time_s[t], hard[t + 1], acceleration, lasts_s, f3, q3)
            times(f, here_cov[t], upright)
            put_all(carried, ahead_cov[t + 1])
            solve(carried, upright)
            for k in range(6):
                state[t, k] = here[t, k]
                for j in range(6):
                    back[k, j] = upright[j, k]
                    state[t, k] += back[k, j] * (state[t + 1, j] - ahead[t + 1, j])
                    change[k, j] = covariance[t + 1, k, j] - ahead_cov[t + 1, k, j]
            times(back, change, carried)
            times_turned(carried, back, change)
            for k in range(6):
                for j in range(6):
                    covariance[t, k, j] = here_cov[t, k, j] + change[k, j]
        if turn == ROUNDS - 1:
            break
        for t in range(first, last + 1):
            if np.isnan(place[t, 0]):
                continue
            i0, i1 = place[t, 0] - state[t, 0], place[t, 1] - state[t, 3]
            det = spread[t, 0, 0] * spread[t, 1, 1] - spread[t, 0, 1] ** 2
            squared = (i0 * i0 * spread[t, 1, 1] - 2 * i0 * i1 * spread[t, 0, 1] + i1 * i1 * spread[t, 0, 0]) / det
            residual[t] = squared / 2
            weight[t] = (DEGREES + 2) / (DEGREES + squared)
        if turn == 0:
            _find_hard(time_s, residual, hard)
            for t in range(first, last + 1):
                if hard[t] > 1:
                    weight[t] = 1.0


@njit(cache=True, error_model="numpy")
def _fill(
    f: Floats, q: Floats, dt: float, hard: float, acceleration: Floats, lasts_s: Floats, f3: Floats, q3: Floats
) -> None:
    for axis in range(2):
        transition(dt, acceleration[axis] * hard, lasts_s[axis], f3, q3)
        for k in range(3):
            for j in range(3):
                f[3 * axis + k, 3 * axis + j], q[3 * axis + k, 3 * axis + j] = f3[k, j], q3[k, j]


@njit(cache=True, error_model="numpy")
def _find_hard(time_s: Floats, residual: Floats, hard: Floats) -> None:
    """Set ``hard`` to HARD within WINDOW_S of where most residuals are too large."""
    begin, end = 0, 0
    for t in range(len(time_s)):
        while time_s[t] - time_s[begin] > WINDOW_S / 2:
            begin += 1
        while end < len(time_s) and time_s[end] - time_s[t] <= WINDOW_S / 2:
            end += 1
        known, large, total = 0, 0, 0.0
        for k in range(begin, end):
            if not np.isnan(residual[k]):
                known += 1
                large += residual[k] > MISFIT
                total += min(residual[k], 3 * MISFIT)
        if known >= 3 and total > MISFIT * known and 2 * large >= known:
            for k in range(len(time_s)):
                if abs(time_s[k] - time_s[t]) <= WINDOW_S:
                    hard[k] = HARD
