"""One track per competitor: everybody is tracked, those who do not race are left out, the field is followed whole."""

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from race.observations import Detections, Observations
from race.racers import RACING_SPEED, Paths, count_racers, find_pace, find_paths, find_steady
from race.scene import Scene
from race.standing import find_standing
from tracking import SKATERS, DetectionTable, Tracks, track_field, track_whole

Mask = NDArray[np.bool_]

MIN_BOX_PX = 1.0
MOST_RACERS = 10
SLOW_SPEED = 4.5
"""Box heights per second over the ice, below which a box is not that of somebody who races at that moment."""
SLOW_PACE = 0.6
"""The same as a share of the others' speed at that moment."""
SLOW_S = 0.5
"""Somebody whose speed was measured for so long and who never raced is no racer; less says nothing."""


def track_everybody(observations: Observations, scene: Scene) -> tuple[Tracks, Paths]:
    """Tracks of all people and their paths over the ice."""
    found = observations.detections
    rows = np.flatnonzero((found.box[:, 2:] >= MIN_BOX_PX).all(axis=1))
    table = _table(found, rows)
    # Who is who among the racers is decided by track_field; short and weak tracks tell who is slow for a moment.
    plain = replace(SKATERS, hypotheses=0.0, shortest_s=0.15, weakest_score=0.3)
    tracks = track_whole(table, scene.number, scene.time_s, observations.frames.motion, scene.shot, plain)
    detection = tracks.detection.copy()
    detection[tracks.seen] = rows[tracks.detection[tracks.seen]]
    tracks = replace(tracks, detection=detection)
    return tracks, find_paths(tracks, scene)


def track_competitors(
    observations: Observations,
    scene: Scene,
    everybody: Tracks,
    paths: Paths,
    racing: Mask,
    in_race: Mask,
    relay: bool,
) -> Tracks:
    """Tracks of the competitors only, ids from 1.

    ``everybody`` and ``paths`` from ``track_everybody``, ``racing`` (R,) which of the paths are racers', ``in_race``
    (F,) the frames of shots that show the race.
    """
    found = observations.detections
    who, column = np.searchsorted(paths.ids, everybody.id), np.searchsorted(scene.number, everybody.frame)
    step_s = float(np.median(np.diff(scene.time_s))) if len(scene.time_s) > 1 else 1.0
    idle = ~racing & (np.isfinite(paths.speed).sum(axis=1) * step_s >= SLOW_S)
    pace = find_pace(paths, racing, scene)
    slow = (paths.speed < SLOW_SPEED) | (paths.speed < SLOW_PACE * pace)
    idle_row = idle[who] | slow[who, column]
    keep = np.isin(found.frame, scene.number[in_race]) & (found.box[:, 2:] >= MIN_BOX_PX).all(axis=1)
    keep[everybody.detection[everybody.seen & idle_row]] = False
    fast_row = (racing[:, None] & (paths.speed >= RACING_SPEED) & ~slow)[who, column]
    fast = np.zeros(len(found), bool)
    fast[everybody.detection[everybody.seen & fast_row]] = True
    keep &= ~find_standing(found, scene, fast)
    racer = np.zeros(len(found), bool)
    counted = find_steady(paths, racing, scene) if relay else np.broadcast_to(racing[:, None], paths.seen.shape)
    racer[everybody.detection[everybody.seen & counted[who, column] & ~idle_row]] = True
    rows = np.flatnonzero(keep)
    size = min(MOST_RACERS, count_racers(paths, counted, in_race))
    seed = _find_seed(found, np.flatnonzero(keep & racer), size)
    if not len(seed):
        return Tracks(*(getattr(everybody, field.name)[:0] for field in fields(everybody)))
    tracks = track_field(
        _table(found, rows),
        scene.number,
        scene.time_s,
        observations.frames.motion,
        scene.shot,
        np.searchsorted(rows, seed),
        (scene.width, scene.height),
        racer[rows],
    )
    return replace(tracks, detection=rows[tracks.detection])


def _find_seed(found: Detections, racers: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """The rows of the frame in which ``size`` of the rows ``racers`` are seen most clearly and apart; else of fewer."""
    best, best_value = np.empty(0, np.intp), -np.inf
    for rows in np.split(racers, np.flatnonzero(np.diff(found.frame[racers])) + 1):
        if not 0 < len(rows) <= size or len(rows) < len(best):
            continue
        value = float(found.score[rows].min()) - _largest_overlap(found.box[rows])
        if len(rows) > len(best) or value > best_value:
            best, best_value = rows, value
    return best


def _largest_overlap(box: NDArray[np.float64]) -> float:
    """The largest share of the smaller box that two of ``box`` (n, 4) have in common, 0 to 1."""
    low, high = box[:, None, :2], box[:, None, :2] + box[:, None, 2:]
    shared = np.clip(np.minimum(high, high.swapaxes(0, 1)) - np.maximum(low, low.swapaxes(0, 1)), 0, None).prod(axis=2)
    area = box[:, 2] * box[:, 3]
    share = shared / np.minimum(area, area[:, None])
    np.fill_diagonal(share, 0.0)
    return float(share.max())


def _table(found: Detections, rows: NDArray[np.intp]) -> DetectionTable:
    """The detections ``rows`` for the tracker, with the suits' colours where any were described."""
    suit = found.suit[rows]
    coloured = bool(np.isfinite(suit).all(axis=1).any())
    return DetectionTable(found.frame[rows], found.box[rows], found.score[rows], suit if coloured else None)
