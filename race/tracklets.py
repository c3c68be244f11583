"""Pieces of ways over the ice that are beyond doubt: who is one from picture to picture, and no further than that.

On the ice racers are a metre and more apart, and a foot point is good to some decimetres, so that from one picture to
the next it is nearly always plain who is who, however much boxes overlap in the picture. Where it is not, both pieces
end.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tracking.rows import put

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PATIENCE_S = 0.2
"""A piece ends when nobody was seen for so long: by then the next racer may be taken for the one who is hidden."""
GATE = 10.0
"""Squared distance, of its variance, beyond which a foot point is somebody else's."""
DOUBT = 3.0
"""Nats by which the pairing chosen has to beat the one with the two exchanged."""
ACCELERATION = (2.5, 3.0)
"""Along and across, m/s^2 root second: what may happen between two pictures."""
FIRST_SPEED = (7.0, 7.0, 1.5)
"""Along: mean and standard deviation; across."""
FLOOR_SD_M = 0.12
COLOUR = 15.0
"""Nats for a squared Hellinger distance of 1 beyond the usual."""
KEEP_COLOUR = 0.9


@njit(cache=True, error_model="numpy")
def chain_tracklets(
    place: Floats,  # (N, 2) along and across the guide, NaN: not on the ice
    spread: Floats,  # (N, 2, 2)
    root: Floats,  # (N, K) roots of the colour descriptors, NaN unknown
    start: Ints,  # (F,) first row of each frame ...
    end: Ints,  # (F,) ... and the one after its last
    time_s: Floats,  # (F,)
    scene: Ints,  # (F,) where it changes, everybody is somebody new
    lap_m: float,
    piece: Ints,  # (N,) out: number of the piece, -1 for what is not on the ice
) -> int:
    """Number the pieces; returns how many there are."""
    most = 64
    count = 0
    state, cov = np.zeros((most, 4)), np.zeros((most, 4, 4))
    look = np.zeros((most, root.shape[1]))
    last_s, name = np.zeros(most), np.full(most, -1)
    active = 0
    piece[:] = -1
    for t in range(len(time_s)):
        if t > 0:
            dt = time_s[t] - time_s[t - 1]
            kept = 0
            for k in range(active):
                if scene[t] != scene[t - 1] or time_s[t] - last_s[k] > PATIENCE_S:
                    continue
                if kept != k:
                    _move(state, cov, look, k, kept)
                    last_s[kept], name[kept] = last_s[k], name[k]
                _predict(state[kept], cov[kept], dt)
                kept += 1
            active = kept
        rows = np.empty(end[t] - start[t], np.int64)
        many = 0
        for n in range(start[t], end[t]):
            if not np.isnan(place[n, 0]):
                rows[many] = n
                many += 1
        cost = np.full((active, many), np.inf)
        for k in range(active):
            for j in range(many):
                cost[k, j] = _cost(state[k], cov[k], look[k], place[rows[j]], spread[rows[j]], root[rows[j]], lap_m)
        to_row, to_piece = np.full(active, -1), np.full(many, -1)
        while True:
            best, bk, bj = np.inf, -1, -1
            for k in range(active):
                if to_row[k] < 0:
                    for j in range(many):
                        if to_piece[j] < 0 and cost[k, j] < best:
                            best, bk, bj = cost[k, j], k, j
            if bk < 0:
                break
            to_row[bk], to_piece[bj] = bj, bk
        doubtful = np.zeros(active, np.bool_)
        for k in range(active):
            if to_row[k] < 0:
                continue
            for other in range(active):
                if other == k:
                    continue
                there = cost[other, to_row[k]]
                if to_row[other] >= 0:
                    if other < k:
                        continue
                    change = cost[k, to_row[other]] + there - cost[k, to_row[k]] - cost[other, to_row[other]]
                else:
                    change = there - cost[k, to_row[k]]
                if change < DOUBT:
                    doubtful[k] = doubtful[other] = True
        for k in range(active):
            if to_row[k] >= 0 and not doubtful[k]:
                n = rows[to_row[k]]
                _update(state[k], cov[k], place[n], spread[n], lap_m)
                _recolour(look[k], root[n])
                last_s[k] = time_s[t]
                piece[n] = name[k]
        kept = 0
        for k in range(active):  # pieces in doubt end here
            if doubtful[k]:
                continue
            if kept != k:
                _move(state, cov, look, k, kept)
                last_s[kept], name[kept] = last_s[k], name[k]
            kept += 1
        active = kept
        for j in range(many):
            n = rows[j]
            if piece[n] >= 0 or active == most:
                continue
            state[active, 0], state[active, 1] = place[n, 0], FIRST_SPEED[0]
            state[active, 2], state[active, 3] = place[n, 1], 0.0
            for k in range(4):
                cov[active, k, :] = 0.0
            cov[active, 0, 0], cov[active, 2, 2] = spread[n, 0, 0] + FLOOR_SD_M**2, spread[n, 1, 1] + FLOOR_SD_M**2
            cov[active, 0, 2] = cov[active, 2, 0] = spread[n, 0, 1]
            cov[active, 1, 1], cov[active, 3, 3] = FIRST_SPEED[1] ** 2, FIRST_SPEED[2] ** 2
            put(look[active], root[n])
            last_s[active], name[active] = time_s[t], count
            piece[n] = count
            count += 1
            active += 1
    return count


@njit(cache=True, error_model="numpy")
def _move(state: Floats, cov: Floats, look: Floats, a: int, b: int) -> None:
    """Piece ``a`` to the place ``b``."""
    put(state[b], state[a])
    put(look[b], look[a])
    for k in range(4):
        put(cov[b, k], cov[a, k])


@njit(cache=True, error_model="numpy")
def _predict(state: Floats, cov: Floats, dt: float) -> None:
    state[0] += dt * state[1]
    state[2] += dt * state[3]
    for axis in range(2):  # cov = f cov f', f the transition
        for k in range(4):
            cov[2 * axis, k] += dt * cov[2 * axis + 1, k]
    for axis in range(2):
        for k in range(4):
            cov[k, 2 * axis] += dt * cov[k, 2 * axis + 1]
    for axis in range(2):
        q = ACCELERATION[axis] ** 2
        a, b = 2 * axis, 2 * axis + 1
        cov[a, a] += q * dt**3 / 3
        cov[a, b] += q * dt**2 / 2
        cov[b, a] += q * dt**2 / 2
        cov[b, b] += q * dt


@njit(cache=True, error_model="numpy")
def _innovation(state: Floats, place: Floats, lap_m: float) -> tuple[float, float]:
    along = place[0] - state[0]
    along -= lap_m * np.round(along / lap_m)
    return along, place[1] - state[2]


@njit(cache=True, error_model="numpy")
def _cost(state: Floats, cov: Floats, look: Floats, place: Floats, spread: Floats, root: Floats, lap_m: float) -> float:
    i0, i1 = _innovation(state, place, lap_m)
    s00 = cov[0, 0] + spread[0, 0] + FLOOR_SD_M**2
    s11 = cov[2, 2] + spread[1, 1] + FLOOR_SD_M**2
    s01 = cov[0, 2] + spread[0, 1]
    det = s00 * s11 - s01 * s01
    squared = (i0 * i0 * s11 - 2 * i0 * i1 * s01 + i1 * i1 * s00) / det
    if squared > GATE:
        return np.inf
    total = 0.5 * squared + 0.5 * np.log(det)
    if not np.isnan(look[0]) and not np.isnan(root[0]):
        apart = 0.0
        for k in range(len(root)):
            apart += 0.5 * (look[k] - root[k]) ** 2
        total += COLOUR * apart
    return float(total)


@njit(cache=True, error_model="numpy")
def _update(state: Floats, cov: Floats, place: Floats, spread: Floats, lap_m: float) -> None:
    i0, i1 = _innovation(state, place, lap_m)
    s00 = cov[0, 0] + spread[0, 0] + FLOOR_SD_M**2
    s11 = cov[2, 2] + spread[1, 1] + FLOOR_SD_M**2
    s01 = cov[0, 2] + spread[0, 1]
    det = s00 * s11 - s01 * s01
    lower = np.empty((2, 4))
    for k in range(4):
        lower[0, k], lower[1, k] = cov[0, k], cov[2, k]
    for k in range(4):
        gain_0 = (cov[k, 0] * s11 - cov[k, 2] * s01) / det
        gain_1 = (cov[k, 2] * s00 - cov[k, 0] * s01) / det
        state[k] += gain_0 * i0 + gain_1 * i1
        for j in range(4):
            cov[k, j] -= gain_0 * lower[0, j] + gain_1 * lower[1, j]


@njit(cache=True, error_model="numpy")
def _recolour(look: Floats, root: Floats) -> None:
    for k in range(len(root)):
        if np.isnan(look[k]):
            look[k] = root[k]
        elif not np.isnan(root[k]):
            look[k] = KEEP_COLOUR * look[k] + (1 - KEEP_COLOUR) * root[k]
