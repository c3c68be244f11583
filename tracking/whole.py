"""Tracking a sequence that is known from its first frame to its last.

Tracks are made frame by frame, short and weak ones are dropped, the others are linked over their gaps by one global
assignment, and short gaps are filled.
"""

import numpy as np

from tracking.linking import add_up, fit_ends, link
from tracking.sequence import online_identities
from tracking.settings import SKATERS, Settings
from tracking.tables import DetectionTable, Floats, Ints, Rows, Tracks

RELAXED = (1.0, 1.5, 2.5, 5.0)
"""Where more identities come out than there can be, links may cost so many times more."""


def track_whole(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    motion: Floats | None = None,
    shot: Ints | None = None,
    settings: Settings = SKATERS,
    max_identities: int | None = None,
    to_plane: Floats | None = None,
) -> Tracks:
    """Track a whole sequence with a look at all of it; arguments and errors as of ``track_online``, besides

    shot            (F,) the shot that each frame belongs to; positions say nothing from one shot to another
    max_identities  no more people than these were there: links are then made on weaker grounds, and of what is still
                    too many those with the fewest detections are left out
    """
    identity = online_identities(detections, frames, time_s, motion, settings, to_plane)
    frame = np.searchsorted(frames, detections.frame)
    pieces = [
        rows
        for rows in _split(identity)
        if time_s[frame[rows[-1]]] - time_s[frame[rows[0]]] >= settings.shortest_s
        and detections.score[rows].mean() >= settings.weakest_score
    ]
    camera = add_up(motion, np.zeros(len(frames), np.int32) if shot is None else shot)
    ends = fit_ends(pieces, detections.box, frame, time_s, camera, last=True)
    starts = fit_ends(pieces, detections.box, frame, time_s, camera, last=False)
    feature = _mean_features(pieces, detections.feature)
    for factor in RELAXED if max_identities is not None else RELAXED[:1]:
        follower, sure = link(
            ends, starts, camera, feature, settings.link_s, factor * settings.link_cost, settings.link_sure
        )
        if max_identities is None or np.sum(follower < 0) <= max_identities:
            break
    chains = _chains(follower)
    if max_identities is not None:
        chains.sort(key=lambda chain: -sum(len(pieces[k]) for k in chain))
        chains = chains[:max_identities]
    chains.sort(key=lambda chain: int(pieces[chain[0]][0]))
    return _assemble(chains, pieces, sure, detections, frames, time_s, settings.fill_s)


def _split(identity: Rows) -> list[Rows]:
    """Rows of each identity above 0, in order of time."""
    order = np.argsort(identity, kind="stable")
    order = order[np.searchsorted(identity[order], 1) :]
    cuts = np.flatnonzero(np.diff(identity[order])) + 1
    return [rows for rows in np.split(order, cuts) if len(rows)]


def _mean_features(pieces: list[Rows], feature: Floats | None) -> Floats:
    """Mean colour descriptor of each piece (T, K), NaN where none is known."""
    if feature is None:
        return np.empty((len(pieces), 0))
    mean = np.full((len(pieces), feature.shape[1]), np.nan)
    for k, rows in enumerate(pieces):
        known = rows[~np.isnan(feature[rows]).any(axis=1)]
        if len(known):
            mean[k] = feature[known].mean(axis=0)
    return mean


def _chains(follower: Rows) -> list[list[int]]:
    """Pieces that follow one another, as lists."""
    chains = []
    for k in np.setdiff1d(np.arange(len(follower)), follower):
        chain = [int(k)]
        while follower[chain[-1]] >= 0:
            chain.append(int(follower[chain[-1]]))
        chains.append(chain)
    return chains


def _assemble(
    chains: list[list[int]],
    pieces: list[Rows],
    sure: Floats,
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    fill_s: float,
) -> Tracks:
    """The chains as tracks, ids from 1 in order of their first frame, gaps of at most ``fill_s`` filled in a line."""
    frame_of = np.searchsorted(frames, detections.frame)
    columns: list[list[np.ndarray]] = [[] for _ in range(7)]
    for identity, chain in enumerate(chains, 1):
        rows = np.concatenate([pieces[k] for k in chain])
        confidence = np.ones(len(rows))
        at = 0
        for k in chain[:-1]:
            at += len(pieces[k])
            confidence[at:] *= sure[k]
        frame = frame_of[rows]
        steps = np.diff(frame)
        short = np.diff(time_s[frame]) <= fill_s
        count = np.append(np.where(short, steps, 1), 1)  # rows that each detection stands for
        from_row = np.repeat(np.arange(len(rows)), count)
        ahead = np.arange(len(from_row)) - np.repeat(np.cumsum(count) - count, count)
        to_row = np.minimum(from_row + 1, len(rows) - 1)
        index = frame[from_row] + ahead
        span = time_s[frame[to_row]] - time_s[frame[from_row]]
        share = np.where(ahead > 0, (time_s[index] - time_s[frame[from_row]]) / np.where(span > 0, span, 1.0), 0.0)
        box = detections.box[rows]
        columns[0].append(frames[index].astype(np.int32))
        columns[1].append(np.full(len(index), identity, np.int32))
        columns[2].append(box[from_row] + share[:, None] * (box[to_row] - box[from_row]))
        columns[3].append(detections.score[rows[from_row]])
        columns[4].append(ahead == 0)
        columns[5].append(rows[from_row])
        columns[6].append(confidence[from_row])
    if not chains:
        return Tracks(
            np.empty(0, np.int32),
            np.empty(0, np.int32),
            np.empty((0, 4)),
            np.empty(0),
            np.empty(0, np.bool_),
            np.empty(0, np.int64),
            np.empty(0),
        )
    whole = [np.concatenate(column) for column in columns]
    order = np.lexsort((whole[1], whole[0]))
    return Tracks(*(column[order] for column in whole))
