"""A small race seen by a panning pinhole camera, with all that is true about it known.

The camera stands where a broadcast's does, 20.6 m from the rink's centre and 4 m above the ice, and turns after the
pack. Racers go round the oval at even speeds; boxes are those of upright cylinders 1.2 m high and 0.8 m wide.
"""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from race.formats import ScorebugReading, Shot, Video
from race.observations import DESCRIPTOR, Detections, Frames, Lines, Observations
from race.poses import Poses

STRAIGHT_M, RADIUS_M = 28.8565, 8.5
LAP_M = 2 * STRAIGHT_M + 2 * np.pi * RADIUS_M
CAMERA = np.array([0.0, -20.6, 4.05])
WIDTH, HEIGHT, FOCAL_PX = 640, 360, 700.0
FPS = 25.0


def on_oval(s_m: NDArray[np.float64], lane_m: float) -> NDArray[np.float64]:
    """(F, 2) metres on the ice, ``s_m`` after the finish line, ``lane_m`` outside the measured line."""
    s = np.asarray(s_m) % LAP_M
    out = np.empty((len(s), 2))
    half, bend, r = STRAIGHT_M / 2, np.pi * RADIUS_M, RADIUS_M + lane_m
    for k, at in enumerate(s):
        if at < half:
            out[k] = at, -r
        elif at < half + bend:
            a = (at - half) / RADIUS_M - np.pi / 2
            out[k] = half + r * np.cos(a), r * np.sin(a)
        elif at < half + bend + STRAIGHT_M:
            out[k] = half - (at - half - bend), r
        elif at < half + 2 * bend + STRAIGHT_M:
            a = (at - half - bend - STRAIGHT_M) / RADIUS_M + np.pi / 2
            out[k] = -half + r * np.cos(a), r * np.sin(a)
        else:
            out[k] = at - LAP_M, -r
    return out


def look_at(target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation (3, 3) from the hall to a level camera that looks at ``target`` (3,); x right, y down, z ahead."""
    ahead = (target - CAMERA) / np.linalg.norm(target - CAMERA)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return np.array([right, np.cross(ahead, right), ahead])


INTRINSICS = np.array([[FOCAL_PX, 0, WIDTH / 2], [0, FOCAL_PX, HEIGHT / 2], [0, 0, 1]])


def project(rotation: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) pixels of ``points`` (n, 3) metres."""
    seen = INTRINSICS @ rotation @ (points - CAMERA).T
    return (seen[:2] / seen[2]).T


def make_race(
    start_m: list[float],
    speed_mps: list[NDArray[np.float64]],
    lane_m: list[float],
    seconds: float,
    jitter_px: float = 0.0,
    scorebug: list[ScorebugReading] | None = None,
    bystanders: bool = True,
    seed: int = 0,
    registered: bool = False,
) -> tuple[Observations, NDArray[np.float64]]:
    """Observations of a race and the truth ``s_m`` (R, F): metres each racer has gone past the finish line.

    ``speed_mps`` has one speed, or one per frame, for every racer. ``registered``: the camera's pose is known, and the
    foot points in the picture.
    """
    rng = np.random.default_rng(seed)
    frames = int(seconds * FPS)
    time_s = np.arange(frames) / FPS
    s_m = np.array(
        [
            s0 + np.concatenate([[0.0], np.cumsum(np.broadcast_to(v, frames)[1:]) / FPS])
            for s0, v in zip(start_m, speed_mps, strict=True)
        ]
    )
    xy = np.array([on_oval(s, lane) for s, lane in zip(s_m, lane_m, strict=True)])
    pack = xy.mean(axis=0)
    rotation = [look_at(np.array([x, y, 0.5])) for x, y in pack]
    people = [(path, 1.2) for path in xy]
    if bystanders:  # a referee, and a team-mate who circles the infield at 4 m/s
        people.append((np.tile([2.0, 1.0], (frames, 1)), 1.8))
        people.append((4.0 * np.column_stack([np.cos(time_s), np.sin(time_s)]), 1.7))
    rows = []
    for t in range(frames):
        for path, height_m in people:
            x, y = path[t]
            foot, head = project(rotation[t], np.array([[x, y, 0.0], [x, y, height_m]]))
            depth = (rotation[t] @ (np.array([x, y, 0.6]) - CAMERA))[2]
            width = FOCAL_PX * 0.8 / depth
            left, top = foot[0] - width / 2, head[1]
            box = np.array([left, top, width, foot[1] - head[1]]) + rng.normal(0, jitter_px, 4)
            if 0 <= foot[0] < WIDTH and box[2] > 2 and box[3] > 2:
                rows.append((t + 1, *box, *foot))
    found = np.array(rows)
    motion = np.full((frames, 3, 3), np.nan)
    for t in range(1, frames):
        motion[t] = INTRINSICS @ rotation[t] @ rotation[t - 1].T @ np.linalg.inv(INTRINSICS)
        motion[t] /= motion[t, 2, 2]
    lines = []
    for t in range(frames):
        ends = project(rotation[t], np.array([[0.0, -6.5, 0.0], [0.0, -12.0, 0.0]]))
        depth = (rotation[t] @ (np.array([0.0, -6.5, 0.0]) - CAMERA))[2]
        if depth > 0 and ((ends >= 0) & (ends < [WIDTH, HEIGHT])).all():
            lines.append((t + 1, *ends[0], *ends[1], 50.0))
    line = np.array(lines).reshape(-1, 6)
    n = len(found)
    poses = Poses(
        size=(WIDTH, HEIGHT),
        position=np.tile(CAMERA, (frames, 1)),
        rotation=np.array(rotation),
        focal_px=np.full(frames, FOCAL_PX),
        k1=np.zeros(frames),
        sd_px=np.full(frames, 0.5),
        quality=np.ones(frames),
    )
    observations = Observations(
        video=Video(
            path="made.mp4", sha256="0" * 64, duration_s=seconds, fps=FPS, width=WIDTH, height=HEIGHT, frames=frames
        ),
        weights=None,
        frames=Frames(
            np.arange(1, frames + 1, dtype=np.int32), time_s, motion, np.where(np.isnan(motion[:, 0, 0]), np.nan, 1.0)
        ),
        detections=Detections(
            found[:, 0].astype(np.int32),
            found[:, 1:5],
            np.full(n, 0.9),
            np.full((n, 4), np.nan),
            found[:, 5:] if registered else np.full((n, 2), np.nan),
            np.full(n, 1.0 if registered else np.nan),
            np.full((n, DESCRIPTOR), np.nan),
            np.full((n, DESCRIPTOR), np.nan),
        ),
        shots=[Shot(start_s=0.0, end_s=seconds, kind="other", start_frame=1, end_frame=frames, boundary="start")],
        scorebug=scorebug or [],
        warnings=[],
        lines=Lines(line[:, 0].astype(np.int32), line[:, 1:3], line[:, 3:5], line[:, 5]),
        poses=poses if registered else None,
        track_shift_m=0.0 if registered else None,
    )
    return observations, s_m


@pytest.fixture
def race() -> Callable[..., tuple[Observations, NDArray[np.float64]]]:
    return make_race


@pytest.fixture
def crossing_times() -> Callable[[NDArray[np.float64], float], NDArray[np.float64]]:
    """(R,) seconds at which each racer's leading edge, 0.4 m ahead of the centre, has gone so far past the line."""

    def times(s_m: NDArray[np.float64], line_m: float) -> NDArray[np.float64]:
        time_s = np.arange(s_m.shape[1]) / FPS
        lead_m = s_m + 0.4
        return np.array([np.interp(line_m, s, time_s) if s[0] <= line_m <= s[-1] else np.nan for s in lead_m])

    return times
