"""A hall seen by a camera that pans and zooms, or stands still, as observations: boxes, motion and edges, with its
cameras known."""

import numpy as np

from race.edges import Edges, no_edges
from race.formats import Shot, Video
from race.observations import DESCRIPTOR, Blocks, Detections, Frames, Observations, no_blocks
from race.poses import Poses
from race.rink import Rink
from vision.blocks import MIDDLE
from vision.edges import COLUMN, ELSEWHERE, OFF_SURFACE, ONTO_SURFACE, STEP

SIZE, FPS = (640, 360), 25.0
PLACE = np.array([0.4, -20.3, 4.1])
LANES, GAPS, TALL_M = (0.8, 1.6, 0.9, 2.2), (0.0, 2.5, 5.0, 7.5), 1.3


def look(pan, tilt):
    """Rotation (3, 3) of a level camera: x right, y down, z ahead."""
    right = np.array([np.cos(pan), -np.sin(pan), 0.0])
    ahead = np.array([np.sin(pan) * np.cos(tilt), np.cos(pan) * np.cos(tilt), -np.sin(tilt)])
    return np.array([right, np.cross(ahead, right), ahead])


def make_hall(
    count=150,
    speed_mps=12.0,
    k1=0.0,
    seed=0,
    edges=True,
    first_u=30.0,
    shift_m=0.5,
    place=PLACE,
    tops=False,
    still_px=None,
    blocks_m=None,
):
    """Observations of ``count`` pictures without poses, the true poses, and (F, R, 2) where the racers are.

    ``edges`` are those of the foot of the mats, and with ``tops`` of their top. With a focal length ``still_px`` the
    camera looks at the rink's middle all the time. ``blocks_m`` says by how much the blocks that are seen, None for
    none, lie off their places along x.
    """
    rng = np.random.default_rng(seed)
    rink = Rink(track_shift_m=shift_m)
    time_s = np.arange(count) / FPS
    u = first_u + speed_mps * time_s[:, None] - np.array(GAPS)
    feet = rink.to_ice(np.stack([u, np.broadcast_to(LANES, u.shape)], axis=-1))
    place = np.asarray(place)
    target = (feet.mean(axis=1) if still_px is None else np.zeros((count, 2))) - place[:2]
    pan, reach = np.arctan2(target[:, 0], target[:, 1]), np.hypot(*target.T)
    rotation = np.array([look(p, np.arctan2(place[2] - 0.5, r)) for p, r in zip(pan, reach, strict=True)])
    focal = 30.0 * reach if still_px is None else np.full(count, still_px)
    known = np.ones(count)
    poses = Poses(SIZE, np.tile(place, (count, 1)), rotation, focal, k1 * known, 0 * known, known)
    camera = np.zeros((count, 3, 3))
    camera[:, 0, 0] = camera[:, 1, 1] = focal
    camera[:, :2, 2], camera[:, 2, 2] = np.array(SIZE) / 2, 1.0
    motion = np.full((count, 3, 3), np.nan)
    for n in range(1, count):
        motion[n] = camera[n] @ rotation[n] @ rotation[n - 1].T @ np.linalg.inv(camera[n - 1])
    quality = np.where(np.arange(count) > 0, 0.95, np.nan)
    boxes, frames = [], []
    for n in range(count):
        low = poses.to_pixels(n, feet[n])
        high = poses.to_pixels(n, np.column_stack([feet[n], np.full(len(feet[n]), TALL_M)]))
        for (x, y), (_, top) in zip(low, high, strict=True):
            tall = y - top
            box = np.array([x - 0.3 * tall, top, 0.6 * tall, tall]) + rng.normal(0, 0.02 * tall, 4)
            if 0 < x < SIZE[0] and 0 < y < SIZE[1]:
                boxes.append(box)
                frames.append(n + 1)
    number = np.arange(1, count + 1, dtype=np.int32)
    m = len(boxes)
    detections = Detections(
        np.array(frames, np.int32), np.array(boxes).reshape(m, 4), np.full(m, 0.9), np.full((m, 4), np.nan),
        np.full((m, 2), np.nan), np.full(m, np.nan), np.full((m, DESCRIPTOR), np.nan), np.full((m, DESCRIPTOR), np.nan),
    )  # fmt: skip
    video = Video(
        path="hall.mp4", sha256="0" * 64, duration_s=count / FPS, fps=FPS, width=640, height=360, frames=count
    )
    shots = [Shot(start_s=0.0, end_s=count / FPS, kind="other")]
    found = mat_edges(poses, rink, tops) if edges else no_edges()
    blocks = no_blocks() if blocks_m is None else block_boxes(poses, rink.blocks + np.array([blocks_m, 0.0]), rng)
    frames = Frames(number, time_s, motion, quality)
    seen = Observations(video, None, frames, detections, shots, [], [], edges=found, blocks=blocks)
    return seen, poses, feet


def block_boxes(poses, blocks, rng):
    """Boxes of blocks 12 cm wide and 9 cm high, with a tremble of a pixel."""
    frames, boxes = [], []
    for n in range(len(poses)):
        low, high = (poses.to_pixels(n, np.column_stack([blocks, np.full(len(blocks), z)])) for z in (0.0, 0.09))
        wide = 0.12 * poses.focal_px[n] / np.linalg.norm(blocks - poses.position[n, :2], axis=1)
        for (x, y), (_, top), w in zip(low, high, wide, strict=True):
            if 10 < x < SIZE[0] - 10 and 10 < y < SIZE[1] - 10:
                tall = (y - top) / MIDDLE
                boxes.append(np.array([x - w / 2, y - MIDDLE * tall, w, tall]) + rng.normal(0, 0.5, 4))
                frames.append(n + 1)
    return Blocks(np.array(frames, np.int32), np.array(boxes).reshape(-1, 4), np.full(len(frames), 0.5))


def mat_edges(poses, rink, tops):
    """Where the scanned columns cross the foot of the mats that face the camera, and with ``tops`` the top of all."""
    foot = rink.mats(1.0)
    foot = np.concatenate([foot, foot[:1]])
    frames, places, kinds = [], [], []
    for n in range(len(poses)):
        seen = poses.to_pixels(n, foot)
        seen_top = poses.to_pixels(n, np.column_stack([foot, np.full(len(foot), rink.mat_height_m)]))
        for k in range(len(foot) - 1):
            outward = np.array([foot[k + 1, 1] - foot[k, 1], foot[k, 0] - foot[k + 1, 0]])
            facing = (foot[k] - poses.position[n, :2]) @ outward > 0
            lines = [(seen, ONTO_SURFACE)] if facing else []
            if tops:
                lines.append((seen_top, ELSEWHERE if facing else OFF_SURFACE))
            for line, kind in lines:
                if not np.isfinite(line[k : k + 2]).all():
                    continue
                (x0, y0), (x1, y1) = sorted(line[k : k + 2].tolist())
                for x in np.arange(STEP // 2, SIZE[0] - 1, STEP) + 0.5:
                    if x0 <= x < x1 and 0 < (y := y0 + (x - x0) / (x1 - x0) * (y1 - y0)) < SIZE[1]:
                        frames.append(n + 1)
                        places.append((x, y))
                        kinds.append(kind)
    m = len(frames)
    return Edges(
        np.array(frames, np.int32), np.array(places, np.float32), np.full(m, COLUMN, np.uint8),
        np.array(kinds, np.uint8),
    )  # fmt: skip
