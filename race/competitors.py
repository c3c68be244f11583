"""One track per competitor: everybody is tracked first, those who do not race are taken out, the rest tracked again."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from race.observations import Observations
from race.racers import Paths, count_racers, find_paths, find_racers
from race.scene import Scene
from tracking import DetectionTable, Tracks, track_whole

Mask = NDArray[np.bool_]

MIN_BOX_PX = 1.0
SLOW_S = 0.5
"""Somebody whose speed was measured for so long and who never raced is no racer; less says nothing."""


def track_everybody(observations: Observations, scene: Scene) -> tuple[Tracks, Paths]:
    """Tracks of all people and their paths over the ice."""
    tracks = _track(observations, scene, np.ones(len(observations.detections), bool), None)
    return tracks, find_paths(tracks, scene)


def track_competitors(
    observations: Observations,
    scene: Scene,
    everybody: Tracks,
    paths: Paths,
    racing: Mask,
    in_race: Mask,
    starters: int | None,
) -> Tracks:
    """Tracks of the competitors only, ids from 1.

    ``everybody`` and ``paths`` from ``track_everybody``, ``racing`` (R,) which of the paths are racers', ``in_race``
    (F,) the frames of shots that show the race, ``starters`` how many race where that is known.
    """
    at_most = starters or count_racers(paths, racing, in_race)
    if at_most == 0:
        return _subset(everybody, np.zeros(len(everybody), bool))
    step_s = float(np.median(np.diff(scene.time_s))) if len(scene.time_s) > 1 else 1.0
    slow = ~racing & (np.isfinite(paths.speed).sum(axis=1) * step_s >= SLOW_S)
    idle = everybody.seen & slow[np.searchsorted(paths.ids, everybody.id)]
    keep = np.ones(len(observations.detections), bool)
    keep[everybody.detection[idle]] = False
    keep &= np.isin(observations.detections.frame, scene.number[in_race])
    tracks = _track(observations, scene, keep, at_most)
    paths = find_paths(tracks, scene)
    racers = find_racers(paths, scene)
    longest = np.argsort(-(paths.seen.sum(axis=1) * racers), kind="stable")[:at_most]
    chosen = paths.ids[np.sort(longest[racers[longest]])]
    tracks = _subset(tracks, np.isin(tracks.id, chosen))
    return replace(tracks, id=(np.searchsorted(chosen, tracks.id) + 1).astype(np.int32))


def _track(observations: Observations, scene: Scene, keep: Mask, at_most: int | None) -> Tracks:
    """Track the detections ``keep`` (N,) bool; ``Tracks.detection`` are rows of all detections."""
    found = observations.detections
    rows = np.flatnonzero(keep & (found.box[:, 2:] >= MIN_BOX_PX).all(axis=1))
    coloured = np.isfinite(found.suit[rows]).all(axis=1).any()
    table = DetectionTable(
        frame=found.frame[rows],
        box=found.box[rows],
        score=found.score[rows],
        feature=found.suit[rows] if coloured else None,
    )
    motion = observations.frames.motion
    tracks = track_whole(table, scene.number, scene.time_s, motion, scene.shot, max_identities=at_most)
    detection = tracks.detection.copy()
    detection[tracks.seen] = rows[tracks.detection[tracks.seen]]
    return replace(tracks, detection=detection)


def _subset(tracks: Tracks, rows: Mask) -> Tracks:
    return Tracks(
        tracks.frame[rows],
        tracks.id[rows],
        tracks.box[rows],
        tracks.score[rows],
        tracks.seen[rows],
        tracks.detection[rows],
        tracks.link_confidence[rows],
    )
