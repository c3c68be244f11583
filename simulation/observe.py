"""Observations of a race that was never drawn: what vision would deliver, errors and all.

The errors are those of ``noise.json``: people missed for some frames at a time, the more so the smaller and the more
hidden; two that overlap taken for one; boxes that tremble; boxes where nobody is; camera motion with drift and gaps;
the finish line seen now and then; a score bug that is read late, in parts never, and misread.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading, Video
from race.observations import Frames, Observations
from race.poses import Poses
from simulation.camera import Footage
from simulation.draws import Draws
from simulation.figure import Pictured
from simulation.lines import sight_lines
from simulation.motion import Motion, Person
from simulation.noise import Noise, default_noise
from simulation.reading import read
from simulation.sightings import camera_steps, detections, noise_like, registered, wandering

Mask = NDArray[np.bool_]


def observe(
    motion: Motion,
    footage: Footage,
    pictured: Pictured,
    readings: list[ScorebugReading],
    seed: int,
    noise: Noise | None = None,
) -> Observations:
    """What vision sees of ``pictured``; ``readings`` is what the score bug truly shows."""
    return observe_people(motion.people, motion.event.track_shift_m, footage, pictured, readings, seed, noise)


def observe_people(
    people: Sequence[Person],
    track_shift_m: float | None,
    footage: Footage,
    pictured: Pictured,
    readings: list[ScorebugReading],
    seed: int,
    noise: Noise | None = None,
) -> Observations:
    """As ``observe``, of a race of which only the pictures' truth is known."""
    noise = noise or default_noise()
    width, height = footage.size
    return Observations(
        video=Video(
            path="video.mp4",
            sha256="",
            duration_s=len(footage) / footage.fps,
            fps=footage.fps,
            width=width,
            height=height,
            frames=len(footage),
        ),
        weights=None,
        frames=_frames(footage, noise, Draws(seed, "motion")),
        detections=detections(people, footage, pictured, noise, Draws(seed, "detections")),
        shots=[shot.model_copy(update={"kind": "other"}) for shot in footage.shots()],
        scorebug=read(readings, footage, noise, Draws(seed, "scorebug")),
        warnings=[],
        lines=sight_lines(footage, noise, Draws(seed, "lines")),
        poses=_poses(footage, noise, Draws(seed, "poses")),
        track_shift_m=track_shift_m,
    )


def _poses(footage: Footage, noise: Noise, draws: Draws) -> Poses:
    """The main camera's pose, turned a little off; other cameras are not registered, nor are spells of the main one."""
    count, tolerance = len(footage), noise.pose_sd_px / footage.focal_px
    lasts = noise.pose_lasts_s * footage.fps
    right, down = (noise_like(draws, count, lasts) * tolerance for _ in range(2))
    off = np.tile(np.eye(3), (count, 1, 1))  # a small turn about the camera's axes
    off[:, 0, 2], off[:, 2, 0], off[:, 1, 2], off[:, 2, 1] = right, -right, down, -down
    seen = registered(footage) & ~_spells(draws, count, noise.pose_lost_chance, 2 * lasts)
    here = np.where(seen, 1.0, np.nan)
    left, _, right_turn = np.linalg.svd(off @ footage.rotation)  # their product is the nearest rotation
    return Poses(
        footage.size,
        footage.position * here[:, None],
        left @ right_turn * here[:, None, None],
        footage.focal_px * here,
        footage.k1 * here,
        noise.pose_sd_px * here,
        0.8 * here,
    )


def _frames(footage: Footage, noise: Noise, draws: Draws) -> Frames:
    """Camera motion between neighbouring pictures: the true homography of a turning camera, disturbed."""
    count, (width, height) = len(footage), footage.size
    motion = camera_steps(footage)
    middle = np.array([width / 2, height / 2, 1.0])
    shift = np.hypot(*((motion @ middle)[:, :2] - middle[:2]).T)
    spread = noise.motion_sd_px + noise.motion_sd_per_px * np.nan_to_num(shift)
    error = np.tile(np.eye(3), (count, 1, 1))
    error[:, 0, 2], error[:, 1, 2] = draws.normals(count) * spread, draws.normals(count) * spread * 0.6
    zoom = 1 + draws.normals(count) * noise.motion_zoom_sd
    error[:, 0, 0] = error[:, 1, 1] = zoom
    error[:, :2, 2] += ((1 - zoom) * middle[:2, None]).T
    motion = error @ motion
    lost = _spells(draws, count, noise.motion_lost_chance, 3.0)
    for take in footage.takes:
        lost[take.first - 1] = True  # a cut, or the first picture of all
    motion[lost] = np.nan
    quality = np.where(lost, np.nan, np.clip(0.95 - 0.02 * np.nan_to_num(shift) ** 0.7, 0.2, 1.0))
    return Frames(np.arange(1, count + 1, dtype=np.int32), footage.time_s.copy(), motion, quality)


def _spells(draws: Draws, count: int, chance: float, lasts: float) -> Mask:
    """(count,) true in a share ``chance``, for ``lasts`` at a time."""
    return wandering(draws, count, lasts) < chance
