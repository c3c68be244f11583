"""Paths over the ice as the race would have them if nobody's identity were mixed up.

What vision sees of a simulated race (``simulation/observe.py``), each box given to the competitor it is of, and placed
on the ice as ``race/ice.py`` does: with the errors of boxes and poses, misses and gaps, but without the tracker's. For
work on what is read from paths, races by the hundred. In a relay a team's path is that of the member who races.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.events import find_event
from race.ice import IcePaths, find_ice_paths
from race.incidents.bodies import Body, find_bodies
from race.observations import Detections, Observations
from race.rink import Rink
from race.scene import Scene
from simulation.camera import Footage
from simulation.figure import Pictured
from simulation.motion import Motion
from simulation.observe import observe
from tracking import Tracks

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SAME = 0.4
"""IoU from which a detected box is somebody's."""


@dataclass(frozen=True)
class Sighted:
    """The competitors' paths, everybody's ways (only competitors are any), and whose the detections are."""

    ice: IcePaths
    bodies: list[Body]
    followed: dict[int, int]


def sighted(motion: Motion, footage: Footage, pictured: Pictured, seed: int) -> Sighted | None:
    """None where no camera was registered."""
    observations = observe(motion, footage, pictured, [], seed)
    ids = np.array([row.id for row in motion.competitors], np.int32)
    true_box, true_s = _true_boxes(motion, footage, pictured, ids)
    row = _detection_of(observations.detections, true_box)
    tracks, scene, rink = _tracks(ids, row, observations), _scene(observations), _rink(motion)
    ice = find_ice_paths(tracks, observations, scene, rink)
    if ice is None:
        return None
    followed = dict(zip(tracks.detection.tolist(), tracks.id.tolist(), strict=True))
    return Sighted(_from_start(ice, true_s, motion), find_bodies(tracks, observations, scene, rink), followed)


def _true_boxes(motion: Motion, footage: Footage, pictured: Pictured, ids: NDArray[np.int32]) -> tuple[Floats, Floats]:
    """(R, F, 4) boxes of who races for each competitor in live pictures, and its s (R, F)."""
    box, s = np.full((len(ids), len(footage), 4), np.nan), np.full((len(ids), len(footage)), np.nan)
    for k, person in enumerate(motion.people):
        if person.competitor is None:
            continue
        r = int(np.flatnonzero(ids == person.competitor)[0])
        now = motion.racing[k, pictured.column] & footage.live
        box[r, now] = pictured.box[k, now]
        s[r, now] = motion.s_m[k, pictured.column[now]]
    return box, s


def _detection_of(found: Detections, true_box: Floats) -> NDArray[np.int64]:
    """(R, F) row of the detection that is most like each competitor's box, -1 where none is like it or is another's."""
    racers, frames = true_box.shape[:2]
    at = found.frame - 1
    alike = np.stack([_iou(found.box, true_box[r, at]) for r in range(racers)])  # (R, N)
    alike[alike < alike.max(axis=0, keepdims=True)] = 0.0  # a box is of one person
    out = np.full((racers, frames), -1, np.int64)
    for r in range(racers):
        rows = np.flatnonzero(alike[r] >= SAME)
        rows = rows[np.argsort(alike[r, rows], kind="stable")]
        out[r, at[rows]] = rows  # the last, most alike one stays
    return out


def _iou(a: Floats, b: Floats) -> Floats:
    """(N, 4), (N, 4) -> (N,), 0 where either is unknown."""
    with np.errstate(invalid="ignore"):
        shared = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
        inter = np.prod(np.clip(shared, 0, None), axis=1)
        return np.asarray(np.nan_to_num(inter / (np.prod(a[:, 2:], axis=1) + np.prod(b[:, 2:], axis=1) - inter)))


def _tracks(ids: NDArray[np.int32], row: NDArray[np.int64], observations: Observations) -> Tracks:
    frame, r = np.nonzero((row >= 0).T)
    rows = row[r, frame]
    found = observations.detections
    sure = np.ones(len(rows))
    number = observations.frames.number[frame]
    return Tracks(number, ids[r], found.box[rows], found.score[rows], sure > 0, rows, sure)


def _scene(observations: Observations) -> Scene:
    """The frames, without the camera's chained motion, which paths on the ice do not need."""
    frames, video = observations.frames, observations.video
    still = np.tile(np.eye(3), (len(frames), 1, 1))
    shot = np.zeros(len(frames), np.int32)
    return Scene(frames.number, frames.time_s, still, still, shot, shot, video.width, video.height)


def _rink(motion: Motion) -> Rink:
    return Rink(track_shift_m=motion.track_shift_m)


def _from_start(ice: IcePaths, true_s: Floats, motion: Motion) -> IcePaths:
    """The same with ``s_m`` counted from the start line, the laps being those that were skated."""
    event = find_event(str(motion.event.name), motion.event.gender)
    lap_m = ice.rink.lap_m
    by = np.zeros(len(ice.ids))
    for r in range(len(ice.ids)):
        off = true_s[r] - (ice.s_m[r] + event.first_crossing_m)
        known = np.isfinite(off)
        if known.any():
            by[r] = event.first_crossing_m + lap_m * np.round(np.median(off[known]) / lap_m)
    return ice.moved(by, True)
