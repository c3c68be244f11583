"""Slow, obvious twins of the tracker's kernels."""

from itertools import permutations

import numpy as np

from tracking.pack import SHARED, SMOOTH_S


def best_total(gain: np.ndarray) -> float:
    """Greatest sum of gains over all ways to pair rows with columns, none twice, leaving out what gains nothing."""
    rows, columns = gain.shape
    if rows > columns:
        return best_total(gain.T)
    useful = np.maximum(gain, 0.0)
    return max(
        (sum(useful[r, c] for r, c in enumerate(order)) for order in permutations(range(columns), rows)), default=0.0
    )


def kalman_matrices(dt: float, push: float, wander: float) -> tuple[np.ndarray, np.ndarray]:
    """Transition and process noise of a filter of position and velocity."""
    transition = np.array([[1.0, dt], [0.0, 1.0]])
    noise = push**2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]]) + np.diag([wander**2 * dt, 0.0])
    return transition, noise


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Of two boxes x, y, w, h."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(w, 0.0) * max(h, 0.0)
    return common / (a[2] * a[3] + b[2] * b[3] - common)


def smooth_common(common, time_s, shot):
    """Gaussian mean in time of what is known within each shot, and the shared part of its change."""
    velocity = np.full(common.shape, np.nan)
    for t in range(len(time_s)):
        near = (shot == shot[t]) & (np.abs(time_s - time_s[t]) <= 3 * SMOOTH_S) & ~np.isnan(common[:, 0])
        if near.any():
            weight = np.exp(-0.5 * ((time_s[near] - time_s[t]) / SMOOTH_S) ** 2)
            velocity[t] = np.average(common[near], axis=0, weights=weight)
    change = np.diff(velocity, axis=0, prepend=velocity[:1])
    change[np.diff(shot, prepend=shot[0]) != 0] = 0.0
    return np.nan_to_num(np.column_stack([velocity, SHARED * change]))
