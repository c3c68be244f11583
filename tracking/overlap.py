"""Boxes of people who overlap, as their motion and their own sizes say they are.

Where two overlap a detector draws one box around both, or one around what is seen of him who is behind, or jumps from
the one to the other. Who is who is decided before. Here each person's box is smoothed by all that was seen of him
before and after. Of a box that several are in each edge is measured for him who is expected to reach furthest there,
and every edge counts the less the further it is from where it is expected (Cauchy noise, by weights renewed in each
round). A box that nobody else's touches stays as it was detected.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from dataclasses import replace

import numpy as np
from numba import njit

from tracking.person import CUT
from tracking.rows import median, put
from tracking.tables import Floats, Ints, Mask, Tracks

OVERLAP = 0.05
"""Share of the smaller of two boxes that they have in common, from which on neither is taken as it is."""
WITHIN = 0.6
"""Who was not seen is in somebody's box where so much of him is expected there."""
ROUNDS = 4
"""Each looks again at how far every edge is from where the round before had it."""
# Lengths in heights of the person's box, times in seconds.
TURNING = 6.0
"""Random change of the velocity, heights per second per root second, ..."""
GROWING = 0.4
"""... and of the size, per root second."""
LEAP_SD = 0.15
"""Of the place besides, where the camera's motion is not known."""
EDGE_SD = 0.05
"""Of an edge of a box that is a person's own, the score being 1; ..."""
FIRST_SD = 0.3
"""... of one of overlapping boxes as long as nothing is expected."""
LEAST_SCORE = 0.05
"""A lower score counts less in proportion to it, down to this."""
HIDDEN = 5.0
"""An edge behind somebody else's box, short of where it is expected, tells so many times less, ..."""
BEHIND = 0.3
"""... where that box covers so much of its length."""


def settle(
    tracks: Tracks, frames: Ints, time_s: Floats, motion: Floats | None, shot: Ints, picture: tuple[float, float]
) -> Tracks:
    """``tracks`` with the boxes of people who overlap settled; the others as they are.

    frames   (F,) numbers of all frames, at ``time_s`` (F,) seconds
    motion   (F, 3, 3) homographies, pixels of the frame before -> this one; NaN or None: unknown, taken as rest
    shot     (F,) number of the shot: over a cut places tell nothing
    picture  width and height, pixels
    """
    who, person = np.unique(tracks.id, return_inverse=True)
    at = np.searchsorted(frames, tracks.frame), person
    shape = len(frames), len(who)
    box, score, seen = np.full((*shape, 4), np.nan), np.zeros(shape), np.zeros(shape, np.bool_)
    box[at], score[at], seen[at] = tracks.box, tracks.score, tracks.seen
    warp = np.tile(np.eye(3), (len(frames), 1, 1)) if motion is None else np.array(motion, np.float64)
    unknown = np.asarray(np.isnan(warp).any(axis=(1, 2)))
    warp[unknown] = np.eye(3)
    cut = np.asarray(np.diff(shot, prepend=shot[:1]) != 0)
    return replace(tracks, box=settle_boxes(box, score, seen, time_s, warp, unknown, cut, picture)[at])


def settle_boxes(
    box: Floats,
    score: Floats,
    seen: Mask,
    time_s: Floats,
    warp: Floats,
    unknown: Mask,
    cut: Mask,
    picture: tuple[float, float],
) -> Floats:
    """Boxes (F, P, 4), those of people who overlap settled.

    box      (F, P, 4) x, y, width, height of each person, filled in where he was not seen, NaN where nothing is known
    score    (F, P) of the box
    seen     (F, P) bool, the box is one that was detected
    time_s   (F,) rising
    warp     (F, 3, 3) pixels of the frame before -> this one
    unknown  (F,) bool, ``warp`` is not known but a guess
    cut      (F,) bool, places in the frame before say nothing
    picture  width and height, pixels
    """
    out = box.copy()
    edge = np.array([0.0, 0.0, *picture])
    found = np.concatenate([box[..., :2], box[..., :2] + box[..., 2:]], axis=2)  # left, top, right, bottom
    _settle(
        *(box, score, seen, np.ascontiguousarray(time_s, np.float64), warp, unknown, cut, edge),
        *(found, found.copy(), found.copy(), out),
    )
    return out


@njit(cache=True, error_model="numpy")
def _settle(box, score, seen, time_s, warp, unknown, cut, edge, found, thought, before, out):
    steps, people = seen.shape
    apart = find_apart(box, seen)
    unit, origin = np.ones((steps, people)), np.zeros((steps, people, 2))
    end = np.zeros((steps, people), np.int64)  # of the stretch of known boxes that begins there, 0 where none does
    for i in range(people):
        start = 0
        for t in range(steps):
            if np.isnan(box[t, i, 0]):
                continue
            if t == 0 or np.isnan(box[t - 1, i, 0]) or cut[t]:
                start = t
            end[start, i] = t + 1
        for t in range(steps):
            if end[t, i]:
                lay_out(box[:, i], warp, t, end[t, i], unit[:, i], origin[:, i])
    holder = np.empty((steps, people), np.int64)  # whose detected box each is in, -1 for nobody's
    place, spread, ends = np.empty((steps, 2)), np.empty((steps, 2)), np.empty((steps, 2))
    for step in range(ROUNDS):
        for t in range(steps):
            for i in range(people):
                put(before[t, i], thought[t, i])
            for i in range(people):
                holder[t, i] = i if seen[t, i] else _inside(i, before[t], found[t], seen[t])
        for i in range(people):
            for first in range(steps):
                if not end[first, i]:
                    continue
                last = end[first, i]
                these = slice(first, last)
                for axis in range(2):
                    for t in range(first, last):
                        box_of = holder[t, i]
                        for side in range(2):
                            e = axis + 2 * side
                            spread[t, side] = np.inf
                            if box_of < 0 or abs(found[t, box_of, e] - edge[e]) <= CUT * edge[axis + 2]:
                                continue
                            if not _reaches_furthest(i, e, holder[t], before[t]):
                                continue
                            place[t, side] = (found[t, box_of, e] - origin[t, i, axis]) / unit[t, i]
                            miss = 0.0
                            if not apart[t, i]:
                                miss = (found[t, box_of, e] - before[t, i, e]) / unit[t, i] if step else FIRST_SD
                            spread[t, side] = (EDGE_SD**2 + miss**2) / max(score[t, box_of], LEAST_SCORE)
                            if step and _ends_behind(i, e, before[t], found[t], seen[t]):
                                spread[t, side] *= HIDDEN
                    smooth(place[these], spread[these], time_s[these], unknown[these], ends[these])
                    for t in range(first, last):
                        for side in range(2):
                            thought[t, i, axis + 2 * side] = ends[t, side] * unit[t, i] + origin[t, i, axis]
    for t in range(steps):
        for i in range(people):
            x, y = max(thought[t, i, 0], edge[0]), max(thought[t, i, 1], edge[1])
            width, height = min(thought[t, i, 2], edge[2]) - x, min(thought[t, i, 3], edge[3]) - y
            if not apart[t, i] and width > 1.0 and height > 1.0:
                out[t, i, 0], out[t, i, 1], out[t, i, 2], out[t, i, 3] = x, y, width, height


@njit(cache=True, error_model="numpy")
def find_apart(box, seen):
    """(F, P) whether a person was seen and nobody else's box has a share in his."""
    steps, people = seen.shape
    apart = seen.copy()
    for t in range(steps):
        for i in range(people):
            for j in range(people):
                if i == j or np.isnan(box[t, i, 0]) or np.isnan(box[t, j, 0]):
                    continue
                a, b = box[t, i], box[t, j]
                across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
                down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
                if across > 0 and down > 0 and across * down > OVERLAP * min(a[2] * a[3], b[2] * b[3]):
                    apart[t, i] = False
    return apart


@njit(cache=True, error_model="numpy")
def _inside(i, thought, found, seen):
    """The person of a frame in whose detected box ``i`` is expected most, -1 for none."""
    best, most = -1, WITHIN
    a = thought[i]
    for j in range(len(seen)):
        if j == i or not seen[j]:
            continue
        b = found[j]
        across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        share = max(across, 0.0) * max(down, 0.0) / ((a[2] - a[0]) * (a[3] - a[1]))
        if share > most:
            best, most = j, share
    return best


@njit(cache=True, error_model="numpy")
def _reaches_furthest(i, e, holder, thought):
    """Whether of all who are in a box the edge ``e`` of ``i`` is expected furthest out, so that the box's is his."""
    for j in range(len(holder)):
        out = thought[j, e] < thought[i, e] if e < 2 else thought[j, e] > thought[i, e]
        if out and j != i and holder[j] == holder[i]:
            return False
    return True


@njit(cache=True, error_model="numpy")
def _ends_behind(i, e, thought, found, seen):
    """Whether ``i``'s own box ends at edge ``e``, short of where it is expected, in the box of somebody before him."""
    here = found[i, e]
    if not seen[i] or (here <= thought[i, e] if e < 2 else here >= thought[i, e]):
        return False
    axis, across = e % 2, 1 - e % 2
    for j in range(len(seen)):
        if j == i or not seen[j] or found[j, 3] < found[i, 3]:
            continue
        shared = min(found[i, across + 2], found[j, across + 2]) - max(found[i, across], found[j, across])
        wide = found[i, across + 2] - found[i, across]
        if found[j, axis] < here < found[j, axis + 2] and shared > BEHIND * wide:
            return True
    return False


@njit(cache=True, error_model="numpy")
def lay_out(box, warp, first, end, unit, origin):
    """Coordinates in which the background near a person stands still: pixels are ``origin`` + ``unit`` * those.

    box (F, 4), unit (F,) and origin (F, 2) out. The unit is the person's usual height.
    """
    zoom = np.ones(end - first)
    for t in range(first + 1, end):
        x, y = box[t - 1, 0] + box[t - 1, 2] / 2, box[t - 1, 1] + box[t - 1, 3] / 2
        m = warp[t]
        w = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        z = np.sqrt(abs(m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0])) / abs(w)
        zoom[t - first] = zoom[t - first - 1] * z
        origin[t, 0] = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / w - z * (x - origin[t - 1, 0])
        origin[t, 1] = (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / w - z * (y - origin[t - 1, 1])
    height = np.empty(end - first)
    for t in range(first, end):
        height[t - first] = box[t, 3] / zoom[t - first]
    usual = median(height)
    for t in range(first, end):
        unit[t] = zoom[t - first] * usual


@njit(cache=True, error_model="numpy")
def smooth(place, spread, time_s, unknown, out):
    """Both ends of a body on a line, by all of its measurements: it moves with a velocity that changes at random.

    place    (n, 2) measured low and high end, in heights of the person
    spread   (n, 2) variances, inf where nothing was measured
    time_s   (n,)
    unknown  (n,) bool, the camera's motion from the one before is not known
    out      (n, 2) the ends

    A Kalman filter for middle, velocity and length, and back with the adjoint (modified Bryson-Frazier form).
    """
    n = len(time_s)
    mean, cov = np.zeros((n, 3)), np.zeros((n, 3, 3))
    gain, miss, whole = np.zeros((n, 2, 3)), np.zeros((n, 2)), np.zeros((n, 2))
    m, p, ph = np.zeros(3), np.zeros((3, 3)), np.zeros(3)
    m[2] = 1.0
    p[0, 0], p[1, 1], p[2, 2] = 1e4, 1e2, 1.0
    turning, growing = TURNING**2, GROWING**2
    for t in range(n):
        if t:
            dt = time_s[t] - time_s[t - 1]
            m[0] += dt * m[1]
            p[0, 0] += 2 * dt * p[0, 1] + dt**2 * p[1, 1] + turning * dt**3 / 3
            if unknown[t]:
                p[0, 0] += LEAP_SD**2
            p[0, 1] += dt * p[1, 1] + turning * dt**2 / 2
            p[0, 2] += dt * p[1, 2]
            p[1, 1] += turning * dt
            p[2, 2] += growing * dt
            p[1, 0], p[2, 0] = p[0, 1], p[0, 2]
        for side in range(2):
            if spread[t, side] == np.inf:
                continue
            half = side - 0.5
            for k in range(3):
                ph[k] = p[k, 0] + half * p[k, 2]
            whole[t, side] = ph[0] + half * ph[2] + spread[t, side]
            miss[t, side] = place[t, side] - m[0] - half * m[2]
            for k in range(3):
                gain[t, side, k] = ph[k] / whole[t, side]
                m[k] += gain[t, side, k] * miss[t, side]
            for k in range(3):
                for j in range(3):
                    p[k, j] -= gain[t, side, k] * ph[j]
        put(mean[t], m)
        for k in range(3):
            put(cov[t, k], p[k])
    back = np.zeros(3)
    for t in range(n - 1, -1, -1):
        for k in range(3):
            m[k] = mean[t, k]
            for j in range(3):
                m[k] -= cov[t, k, j] * back[j]
        out[t, 0], out[t, 1] = m[0] - m[2] / 2, m[0] + m[2] / 2
        for side in range(1, -1, -1):
            if whole[t, side] == 0.0:
                continue
            half = side - 0.5
            change = miss[t, side] / whole[t, side]
            for k in range(3):
                change += gain[t, side, k] * back[k]
            back[0] -= change
            back[2] -= half * change
        if t:
            back[1] += (time_s[t] - time_s[t - 1]) * back[0]
