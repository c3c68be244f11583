"""Which detections each track may be, how well they fit, and the choice among them.

Boxes are grown before their overlap is taken (Yang et al., C-BIoU, 2023), the more the longer a track was not seen; the
overlap of the vertical extents weighs twice, because people who cross differ in height and depth more than in place
(Yang et al., Hybrid-SORT, 2024); a person half hidden keeps a low score from frame to frame. The lower edge of a box is
the steadiest thing about it and tells who stands in front and who behind, as a ground plane would (Yi et al.,
UCMCTrack, 2024), but without knowing one.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

import numpy as np
from numba import njit

from tracking.assignment import assign
from tracking.ground import reachable
from tracking.rows import put

CANDIDATES = 16
"""Detections a track may choose among: those that fit it best."""

DEPTH_SD, DEPTH_GROWTH = 0.025, 0.08
"""A normal change of the lower edge, heights, and more of it per root second unseen."""

FEW = 16
"""Up to so many boxes each is looked at, and ``order`` is not needed."""

PREDICTED, LAST_SEEN = np.int64(0), np.int64(1)  # as Python's numbers they would each have match compiled anew


@njit(cache=True, error_model="numpy")
def sort_by_left(box, order):
    """Write the rows of ``box`` (N, 4) by left edge into ``order`` (N,)."""
    left = np.empty(len(box))
    for d in range(len(box)):
        left[d] = box[d, 0]
    put(order, np.argsort(left))


@njit(cache=True, error_model="numpy")
def match(
    track, count, track_feature, det_of, box, score, foot, feature, owner, order,
    work, edge_gain, low, high, gate, where, time_s, dt, to_plane, s,
):  # fmt: skip
    """Pair tracks and detections that are still free, those of a score from ``low`` to below ``high``; count the pairs.

    det_of (count,), owner (N,): detection of each track and track of each detection, -1 for none; read and written.
    With E = min(N, CANDIDATES) * count: work (2 E + 2 * count + N,) int64 and edge_gain (E,) are written.
    """
    n = len(box)
    free = 0
    widest = 0.0
    for d in range(n):
        if owner[d] < 0 and low <= score[d] < high:
            free += 1
            widest = max(widest, box[d, 2])
    waiting = 0
    for t in range(count):
        if det_of[t] < 0:
            waiting += 1
    if free == 0 or waiting == 0:
        return 0
    room = min(CANDIDATES, free)
    most = waiting * room
    edge_track, edge_det, work = work[:most], work[most : 2 * most], work[2 * most :]
    edges = 0
    for t in range(count):
        if det_of[t] >= 0:
            continue
        tr = track[t]
        unseen = max(time_s - dt - tr.seen_s, 0.0)
        if high <= 1.0 and unseen > s.patience_low_s:
            continue
        grow = min(s.buffer + s.buffer_growth * unseen, s.buffer_limit)
        at = tr.mean if where == PREDICTED else tr.last
        half_w, half_h = (0.5 + grow) * at[2], (0.5 + grow) * at[3]
        left, right, top, bottom = at[0] - half_w, at[0] + half_w, at[1] - half_h, at[1] + half_h
        area = 4.0 * half_w * half_h
        first = edges
        for k in range(_first_from(box, order, left - (1.0 + grow) * widest) if n > FEW else 0, n):
            d = order[k] if n > FEW else k
            if n > FEW and box[d, 0] - grow * widest >= right:
                break
            if owner[d] >= 0 or score[d] < low or score[d] >= high:
                continue
            grow_w, grow_h = grow * box[d, 2], grow * box[d, 3]
            common_w = min(right, box[d, 0] + box[d, 2] + grow_w) - max(left, box[d, 0] - grow_w)
            if common_w <= 0.0:
                continue
            d_top, d_bottom = box[d, 1] - grow_h, box[d, 1] + box[d, 3] + grow_h
            common_h = min(bottom, d_bottom) - max(top, d_top)
            if common_h <= 0.0:
                continue
            common = common_w * common_h
            overlap = common / (area + (1.0 + 2.0 * grow) ** 2 * box[d, 2] * box[d, 3] - common)
            if overlap < gate:
                continue
            if (
                tr.grounded == 1
                and not np.isnan(to_plane[0, 0])
                and not reachable(tr, foot[d, 0], foot[d, 1], box[d, 3], time_s - tr.seen_s, to_plane, s)
            ):
                continue
            upright = common_h / (max(bottom, d_bottom) - min(top, d_top))
            gain = overlap * upright * upright
            gain += s.pair if high > 1.0 else s.pair_low
            if s.depth > 0.0:
                lower = box[d, 1] + box[d, 3] - tr.last[1] - 0.5 * tr.last[3]
                normal = 0.5 * (box[d, 3] + tr.last[3]) * (DEPTH_SD + DEPTH_GROWTH * np.sqrt(unseen))
                gain -= s.depth * np.log(1.0 + (lower / normal) ** 2)
            gain -= s.score_change * abs(score[d] - tr.score) + s.unseen * min(unseen, 1.0)
            gain -= s.colour * _colour_distance(track_feature, t, feature, d)
            if gain <= 0.0:
                continue
            e = edges
            if edges - first == room:  # replace the worst
                e = first
                for other in range(first + 1, edges):
                    if edge_gain[other] < edge_gain[e]:
                        e = other
                if gain <= edge_gain[e]:
                    continue
            else:
                edges += 1
            edge_track[e] = t
            edge_det[e] = d
            edge_gain[e] = gain
    if edges == 0:
        return 0
    taken = assign(edge_track[:edges], edge_det[:edges], edge_gain[:edges], count, n, work)
    paired = 0
    for t in range(count):
        if taken[t] >= 0:
            det_of[t] = taken[t]
            owner[taken[t]] = t
            paired += 1
    return paired


@njit(cache=True, error_model="numpy")
def _first_from(box, order, left):
    """First place in ``order`` whose box begins at ``left`` or right of it."""
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        if box[order[middle], 0] < left:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, error_model="numpy")
def _colour_distance(track_feature, t, feature, d):
    """1 minus the Bhattacharyya coefficient of two histograms; 0 where one of them is unknown."""
    common = 0.0
    for k in range(feature.shape[1]):
        common += np.sqrt(track_feature[t, k] * feature[d, k])
    if feature.shape[1] == 0 or np.isnan(common):
        return 0.0
    return 1.0 - min(common, 1.0)
