"""Which track takes which detection: the assignment with the greatest total gain.

The graph of allowed pairs falls into connected parts, mostly one track and one detection; only the others are solved.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

import numpy as np
from numba import njit

LARGEST_PART = 256
"""A part with more tracks than this is solved greedily: it is a flood of boxes, not a scene."""


@njit(cache=True, error_model="numpy")
def assign(edge_track, edge_det, edge_gain, n_tracks, n_dets, work):
    """Choose pairs among the candidate edges so that their gains add up to the most.

    Returns the detection of each track (n_tracks,), -1 for none.
    edge_track, edge_det  (E,) int64, edge_gain (E,) float64 above 0
    work                  (2 * n_tracks + n_dets,) int64 or longer, written; what is returned is its beginning
    """
    n_edges = len(edge_track)
    taken, degree = work[:n_tracks], work[n_tracks : 2 * n_tracks + n_dets]
    degree[:] = 0
    for e in range(n_edges):
        degree[edge_track[e]] += 1
        degree[n_tracks + edge_det[e]] += 1
    left = 0
    for t in range(n_tracks):
        taken[t] = -1
    for e in range(n_edges):
        if degree[edge_track[e]] == 1 and degree[n_tracks + edge_det[e]] == 1:
            taken[edge_track[e]] = edge_det[e]
        else:
            left += 1
    if left == 0 or _each_its_best(edge_track, edge_det, edge_gain, taken, degree, n_tracks):
        return taken
    parent = np.arange(n_tracks + n_dets)
    size = np.zeros(n_tracks + n_dets, np.int64)
    first = np.full(n_tracks + n_dets, -1, np.int64)  # edges of a part as a linked list
    follow = np.empty(n_edges, np.int64)
    for e in range(n_edges):
        _join(parent, edge_track[e], n_tracks + edge_det[e])
    for e in range(n_edges - 1, -1, -1):
        root = _root(parent, edge_track[e])
        size[root] += 1
        follow[e] = first[root]
        first[root] = e
    for root in range(n_tracks + n_dets):
        if size[root] > 1:
            edges = np.empty(size[root], np.int64)
            e = first[root]
            for k in range(size[root]):
                edges[k] = e
                e = follow[e]
            _solve_part(edge_track, edge_det, edge_gain, edges, taken)
    return taken


@njit(cache=True, error_model="numpy")
def _each_its_best(edge_track, edge_det, edge_gain, taken, degree, n_tracks):
    """Give each track that takes nothing so far the detection it gains most from, if no two want the same: no choice
    can be better then. Otherwise leave ``taken`` as it was and return False; ``degree`` is written."""
    for e in range(len(edge_track)):
        t = edge_track[e]
        if taken[t] == -1 or (taken[t] < -1 and edge_gain[e] > edge_gain[-2 - taken[t]]):
            taken[t] = -2 - e  # for now the edge
    apart = True
    for t in range(n_tracks):
        if taken[t] < -1:
            wanted = n_tracks + edge_det[-2 - taken[t]]
            apart = apart and degree[wanted] > 0
            degree[wanted] = 0
    for t in range(n_tracks):
        if taken[t] < -1:
            taken[t] = edge_det[-2 - taken[t]] if apart else -1
    return apart


@njit(cache=True, error_model="numpy")
def _root(parent, node):
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True, error_model="numpy")
def _join(parent, a, b):
    a, b = _root(parent, a), _root(parent, b)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b


@njit(cache=True, error_model="numpy")
def _solve_part(edge_track, edge_det, edge_gain, edges, taken):
    tracks = _distinct(edge_track, edges)
    if len(tracks) > LARGEST_PART:
        _solve_greedily(edge_track, edge_det, edge_gain, edges, taken)
        return
    dets = _distinct(edge_det, edges)
    gain = np.zeros((len(tracks), len(dets)))
    for e in edges:
        gain[np.searchsorted(tracks, edge_track[e]), np.searchsorted(dets, edge_det[e])] = edge_gain[e]
    column = best_assignment(gain)
    for k in range(len(tracks)):
        if column[k] >= 0:
            taken[tracks[k]] = dets[column[k]]


@njit(cache=True, error_model="numpy")
def _distinct(values, edges):
    """What ``values`` has at ``edges``, each once, in order; soon done where it is nearly in order there."""
    found = np.empty(len(edges), np.int64)
    n = 0
    for e in edges:
        k = n
        while k > 0 and found[k - 1] > values[e]:
            k -= 1
        if k > 0 and found[k - 1] == values[e]:
            continue
        for later in range(n, k, -1):
            found[later] = found[later - 1]
        found[k] = values[e]
        n += 1
    return found[:n]


@njit(cache=True, error_model="numpy")
def _solve_greedily(edge_track, edge_det, edge_gain, edges, taken):
    loss = np.empty(len(edges))
    most = 0
    for k in range(len(edges)):
        loss[k] = -edge_gain[edges[k]]
        most = max(most, edge_det[edges[k]])
    used = np.zeros(most + 1, np.bool_)
    for k in np.argsort(loss):
        e = edges[k]
        if taken[edge_track[e]] < 0 and not used[edge_det[e]]:
            taken[edge_track[e]] = edge_det[e]
            used[edge_det[e]] = True


@njit(cache=True, error_model="numpy")
def best_assignment(gain):
    """Column of each row, -1 for none, so that the gains (R, C) add up to the most; only gains above 0 are taken.

    Shortest augmenting paths with potentials (Jonker and Volgenant 1987), each row with a free column of gain 0.
    """
    n_rows, n_columns = gain.shape
    width = n_columns + n_rows
    row_price = np.zeros(n_rows + 1)
    column_price = np.zeros(width + 1)
    owner = np.zeros(width + 1, np.int64)  # row of each column, from 1; 0 for none
    before = np.zeros(width + 1, np.int64)
    for row in range(1, n_rows + 1):
        owner[0] = row
        column = 0
        least = np.full(width + 1, np.inf)
        used = np.zeros(width + 1, np.bool_)
        while True:
            used[column] = True
            r = owner[column]
            delta = np.inf
            nearest = 0
            for c in range(1, width + 1):
                if used[c]:
                    continue
                if c <= n_columns:
                    cost = -gain[r - 1, c - 1] if gain[r - 1, c - 1] > 0.0 else np.inf
                else:
                    cost = 0.0 if c == n_columns + r else np.inf
                cost -= row_price[r] + column_price[c]
                if cost < least[c]:
                    least[c] = cost
                    before[c] = column
                if least[c] < delta:
                    delta = least[c]
                    nearest = c
            for c in range(width + 1):
                if used[c]:
                    row_price[owner[c]] += delta
                    column_price[c] -= delta
                else:
                    least[c] -= delta
            column = nearest
            if owner[column] == 0:
                break
        while column != 0:
            owner[column] = owner[before[column]]
            column = before[column]
    chosen = np.full(n_rows, -1, np.int64)
    for c in range(1, n_columns + 1):
        if owner[c] > 0:
            chosen[owner[c] - 1] = c - 1
    return chosen
