"""A field of known size, followed as a whole: every box of a frame is explained by one of the field, or by none of it.

Racers overlap for seconds on end, a detector makes one box of two, and who came out on which side can only be said
later. So decisions wait: from a frame in which the whole field is seen apart, a beam of hypotheses, each a complete
assignment of boxes to the identities, is carried forward and backward, and the one that explains the sequence best is
followed back (multiple hypothesis tracking, Reid 1979, with the number of targets given). Costs are negative log
likelihoods.
"""

from itertools import pairwise

import numpy as np

from tracking.hypotheses import carry
from tracking.person import FIELD, HypothesisSettings, costs_of
from tracking.tables import DetectionTable, Floats, Ints, Mask, Rows, Tracks

FILL_S = 1.0
"""Rows are filled in between two sightings up to so far apart."""


def track_field(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    motion: Floats | None,
    shot: Ints,
    seed: Rows,
    picture: tuple[int, int],
    may_return: Mask | None = None,
    settings: HypothesisSettings = FIELD,
) -> Tracks:
    """Follow the field through all of ``frames`` (F,) at ``time_s`` (F,), from a frame in which all of it is seen.

    motion      (F, 3, 3) homographies, pixels of the frame before -> this one; NaN or None: unknown, taken as rest
    shot        (F,) number of the shot: over a cut places tell nothing, only colours do
    seed        (R,) rows of ``detections`` in one frame, one for each of the field: identities 1 to R
    picture     width and height, pixels: who is outside is not missed
    may_return  (N,) bool, boxes with which somebody may come back who was lost; None: all

    Rows between two sightings up to FILL_S apart are filled in, ``seen`` False.
    """
    feature = np.full((len(detections), 1), np.nan) if detections.feature is None else np.sqrt(detections.feature)
    back = np.ones(len(detections), np.bool_) if may_return is None else may_return
    start = np.searchsorted(detections.frame, frames, side="left")
    end = np.searchsorted(detections.frame, frames, side="right")
    warp = np.tile(np.eye(3), (len(frames), 1, 1)) if motion is None else motion.copy()
    warp[np.isnan(warp).any(axis=(1, 2))] = np.eye(3)
    at = int(np.searchsorted(frames, detections.frame[seed[0]]))
    track = np.full(len(detections), -1, np.int64)
    track[seed] = np.arange(len(seed))
    choice = np.full((len(frames), len(seed)), -1, np.int64)
    margin = np.ones(choice.shape)
    ways = (
        (np.arange(at, len(frames)), warp[at:]),
        (np.arange(at, -1, -1), np.concatenate([warp[:1], np.linalg.inv(warp[at:0:-1])])),
    )
    for steps, step_warp in ways:
        person, odds = np.full(len(detections), -1, np.int64), np.ones(len(detections))
        carry(
            *(detections.box, detections.score, feature, back, start[steps], end[steps]),
            *(np.abs(time_s[steps] - time_s[at]), step_warp, np.zeros((len(steps), 4))),
            *(np.diff(shot[steps], prepend=shot[at]) != 0, np.array([0.0, 0.0, *picture])),
            *(track, len(seed), len(seed), settings.beam, settings.children),
            *(costs_of(settings), person, odds),
        )
        rows = np.flatnonzero(person >= 0)
        frame, identity = np.searchsorted(frames, detections.frame[rows]), np.argsort(seed)[person[rows]]
        choice[frame, identity], margin[frame, identity] = rows, odds[rows]
    return _as_tracks(detections, frames, time_s, warp, choice, margin)


def _as_tracks(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    warp: Floats,
    choice: Rows,
    margin: Floats,
) -> Tracks:
    """Rows for every identity from its first box to its last, short gaps filled in."""
    column, identity = np.nonzero(choice >= 0)
    row = choice[column, identity]
    parts = [(column, identity, detections.box[row], np.ones(len(row), np.bool_), row)]
    for i in range(choice.shape[1]):
        seen = np.flatnonzero(choice[:, i] >= 0)
        for before, after in pairwise(seen):
            if after - before > 1 and time_s[after] - time_s[before] <= FILL_S:
                between = np.arange(before + 1, after)
                ends = detections.box[choice[[before, after], i]]
                middle = _between(ends, time_s[before : after + 1], warp[before + 1 : after + 1])
                filled = np.full(len(between), choice[before, i])
                parts.append((between, np.full(len(between), i), middle, np.zeros(len(between), np.bool_), filled))
    column, identity, boxes, is_seen, row = (np.concatenate(values) for values in zip(*parts, strict=True))
    order = np.lexsort((identity, column))
    column, identity, row = column[order], identity[order], row[order]
    return Tracks(
        frame=frames[column].astype(np.int32),
        id=(identity + 1).astype(np.int32),
        box=boxes[order],
        score=detections.score[row],
        seen=is_seen[order],
        detection=row,
        link_confidence=margin[column, identity],
    )


def _between(ends: Floats, time_s: Floats, warp: Floats) -> Floats:
    """Boxes (n - 1, 4) of the frames between two: both ``ends`` (2, 4) carried there with the camera, blended by time.

    time_s (n + 1,) of the frames from the one end to the other, warp (n, 3, 3) from each to the next.
    """
    boxes = np.empty((len(warp) - 1, 4))
    forward: Floats = np.eye(3)
    backward: Floats = np.eye(3)
    for step in warp:
        backward = step @ backward
    backward = np.asarray(np.linalg.inv(backward), np.float64)
    for k in range(len(warp) - 1):
        forward, backward = warp[k] @ forward, warp[k] @ backward
        share = (time_s[k + 1] - time_s[0]) / (time_s[-1] - time_s[0])
        boxes[k] = (1 - share) * _carried(ends[0], forward) + share * _carried(ends[1], backward)
    return boxes


def _carried(box: Floats, homography: Floats) -> Floats:
    """A box whose lower middle moves with ``homography`` and whose size changes with its scale there."""
    foot = homography @ np.array([box[0] + box[2] / 2, box[1] + box[3], 1.0])
    zoom = np.sqrt(abs(np.linalg.det(homography[:2, :2]))) / abs(foot[2])
    width, height = box[2] * zoom, box[3] * zoom
    return np.array([foot[0] / foot[2] - width / 2, foot[1] / foot[2] - height, width, height])
