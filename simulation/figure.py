"""Where people are in the picture without drawing them: a stick figure per person, boxed.

A dozen joints per posture, in the body's frame (ahead, to the left, up; metres of a skater 1.75 m tall), tilted by the
lean about the line of travel. Coarser than the meshes of ``simulation.pictures`` and hundreds of times faster, which is
what races without pictures are for.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink
from simulation.camera import Footage, project
from simulation.motion import RATE_HZ, Motion, Pose

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FIGURES_FILE = Path(__file__).with_name("figures.json")
REFERENCE_HEIGHT_M = 1.75
HELMET_RADIUS_M = 0.15
BODY_RADIUS_M = 0.10
"""What flesh and suit add around the joints."""


@cache
def figures() -> Floats:
    """(poses, joints, 3) from ``figures.json``; the blades' four ends come first, the head last."""
    held = json.loads(FIGURES_FILE.read_text(encoding="utf-8"))
    return np.asarray([held["figures"][held["poses"][pose.name]] for pose in Pose])


@dataclass(frozen=True, slots=True)
class Pictured:
    """P people on F pictures.

    column      (F,)       of ``Motion`` that the picture shows
    box         (P, F, 4)  x, y, width, height, as far as inside the picture; NaN where outside or behind
    helmet      (P, F, 4)
    foot        (P, F, 2)  NaN where outside the picture or hidden by the near mats
    visibility  (P, F)     share of the person that is seen
    depth       (P, F)     m ahead of the camera
    """

    column: NDArray[np.int64]
    box: Floats
    helmet: Floats
    foot: Floats
    visibility: Floats
    depth: Floats


def picture(motion: Motion, footage: Footage) -> Pictured:
    """Box everybody on every picture of ``footage``."""
    column = np.clip(np.rint((footage.race_time_s - motion.time_s[0]) * RATE_HZ), 0, len(motion.time_s) - 1)
    column = column.astype(np.int64)
    people, frames = len(motion.people), len(column)
    box, helmet = np.full((people, frames, 4), np.nan), np.full((people, frames, 4), np.nan)
    foot, seen = np.full((people, frames, 2), np.nan), np.zeros((people, frames))
    depth = np.full((people, frames), np.nan)
    top = Rink().mat_height_m, -Rink().ice_width_m / 2
    for k, person in enumerate(motion.people):
        joints = _joints(motion, k, column, person.height_m)  # (F, J, 3)
        pixels = project(
            footage.position[:, None],
            footage.rotation[:, None],
            footage.focal_px[:, None],
            footage.k1[:, None],
            footage.size,
            joints,
        )
        depth[k] = np.einsum("fi,fi->f", footage.rotation[:, 2], joints.mean(axis=1) - footage.position)
        scale = footage.focal_px / np.maximum(depth[k], 0.5)
        hidden = _behind_mats(footage.position[:, None], joints, *top)
        box[k], inside = _boxed(pixels, BODY_RADIUS_M * scale, footage.size)
        helmet[k], _ = _boxed(pixels[:, -1:], HELMET_RADIUS_M * scale, footage.size)
        seen[k] = inside * (1 - hidden.mean(axis=1)) * motion.present[k, column]
        here = np.append(motion.xy[k, column], np.zeros((frames, 1)), axis=1)
        foot[k] = project(footage.position, footage.rotation, footage.focal_px, footage.k1, footage.size, here)
        covered = hidden[:, :4].all(axis=1)
        off = np.any((foot[k] < 0) | (foot[k] > footage.size), axis=1)
        foot[k][covered | off] = np.nan
    gone = (seen <= 0) | np.isnan(box[..., 0])
    box[gone], helmet[gone], foot[gone], seen[gone] = np.nan, np.nan, np.nan, 0.0
    return Pictured(column, box, helmet, foot, seen * _not_covered(box, depth), depth)


def _joints(motion: Motion, k: int, column: NDArray[np.int64], height_m: float) -> Floats:
    """(F, J, 3) on the ice."""
    pose = motion.pose[k, column]
    local = figures()[pose] * (height_m / REFERENCE_HEIGHT_M)
    # Every other half of a cycle is the mirror image of the one before.
    local[..., 1] *= np.where((motion.phase[k, column] < 0.5) | (pose == Pose.CORNER), 1.0, -1.0)[:, None]
    lean, facing = motion.lean[k, column][:, None], motion.facing[k, column][:, None]
    # The body turns about the blades: what is up comes to the left.
    left = local[..., 1] * np.cos(lean) + local[..., 2] * np.sin(lean)
    up = np.maximum(0.0, local[..., 2] * np.cos(lean) - local[..., 1] * np.sin(lean))
    x = local[..., 0] * np.cos(facing) - left * np.sin(facing)
    y = local[..., 0] * np.sin(facing) + left * np.cos(facing)
    foot = np.append(motion.xy[k, column], np.zeros((len(column), 1)), axis=1)
    return np.asarray(np.stack([x, y, up], axis=-1) + foot[:, None])


def _boxed(pixels: Floats, margin: Floats, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """(F, J, 2), (F,) -> (F, 4) boxes cut off at the picture's edges and the share of their area inside."""
    with np.errstate(invalid="ignore"):
        low = pixels.min(axis=1) - margin[:, None]
        high = pixels.max(axis=1) + margin[:, None]
        inner_low, inner_high = np.clip(low, 0, size), np.clip(high, 0, size)
        whole = np.prod(high - low, axis=1)
        share = np.prod(inner_high - inner_low, axis=1) / whole
    box = np.asarray(np.concatenate([inner_low, inner_high - inner_low], axis=1))
    box[~(share > 0)] = np.nan
    return box, np.asarray(np.nan_to_num(share))


def _behind_mats(camera: Floats, points: Floats, height_m: float, mats_y: float) -> Mask:
    """(F, J): the near mats stand between a camera behind them and a point."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (mats_y - camera[..., 1]) / (points[..., 1] - camera[..., 1])
        crossing = camera[..., 2] + share * (points[..., 2] - camera[..., 2])
    return np.asarray((camera[..., 1] < mats_y) & (points[..., 1] > mats_y) & (crossing < height_m))


def _not_covered(box: Floats, depth: Floats) -> Floats:
    """(P, F): share of each box that no nearer person's box covers, as if bodies filled 0.7 of their boxes."""
    people = len(box)
    free = np.ones(box.shape[:2])
    corner = box[..., :2] + box[..., 2:]
    area = np.prod(box[..., 2:], axis=-1)
    for a in range(people):
        for b in range(people):
            if a == b:
                continue
            with np.errstate(invalid="ignore", divide="ignore"):
                shared = np.minimum(corner[a], corner[b]) - np.maximum(box[a, :, :2], box[b, :, :2])
                part = np.prod(np.clip(shared, 0, None), axis=-1) / area[a]
                nearer = depth[b] < depth[a]
            free[a] *= 1 - 0.7 * np.nan_to_num(np.where(nearer, part, 0.0))
    return np.asarray(free)
