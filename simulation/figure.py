"""Where people are in the picture without drawing them: a few points on the outline of each body, boxed.

The bodies are those that ``simulation.pictures`` draws, posed once for every pose, phase and lean. Of each only the
points are kept that lie furthest out as seen from any side and from up to some 25 degrees above, so that boxes are
those of the whole body (without the blending of one pose into the next) at a hundredth of the cost.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink
from simulation.camera import Footage, project
from simulation.motion import RATE_HZ, Motion, Pose
from simulation.pictures.body import BLADE, HELMET, Body, joint_transforms, load_body, pose_bodies
from simulation.pictures.cast import body_shapes
from simulation.pictures.postures import REFERENCE_HEIGHT_M, keyed

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HELMET_RADIUS_M = 0.12
PHASES = 16
LEANS = np.radians(np.arange(-20.0, 71.0, 10.0))
AROUND = 16
"""Directions all around in which a body's outermost points are taken; half as many obliquely up and down."""
OBLIQUE = np.radians(78.0)
_BLADES, _HEAD = slice(0, 4), 4


@cache
def figures() -> Floats:
    """(shapes, poses, phases, leans, points, 3) ahead, to the left, up, metres of a skater ``REFERENCE_HEIGHT_M`` tall,
    from the point midway between the blades: ends of the blades, the helmet's middle, points of the outline."""
    body = load_body()
    shapes, many = len(body.rest), PHASES * len(LEANS)
    phase, lean = (part.ravel() for part in np.meshgrid((np.arange(PHASES) + 0.5) / PHASES, LEANS, indexing="ij"))
    still, tall = np.zeros(many), np.full(many, REFERENCE_HEIGHT_M)
    out = []
    for shape in range(shapes):
        for pose in Pose:
            postures = keyed(np.full(many, int(pose), np.uint8), phase)
            which = np.full(many, shape, np.int32)
            turned = joint_transforms(body, postures, which, tall, np.zeros((many, 2)), still, lean)
            vertices, _ = pose_bodies(body, *turned, which, tall)
            out.append(np.array([_outline(one, body) for one in vertices]))
    return np.array(out).reshape(shapes, len(Pose), PHASES, len(LEANS), -1, 3)


def _outline(vertices: Floats, body: Body) -> Floats:
    """The points of one body (V, 3) that ``figures`` keeps."""
    blades = vertices[body.part == BLADE].reshape(2, -1, 3)
    ends = [blade[[blade[:, 0].argmax(), blade[:, 0].argmin()]] for blade in blades]
    around = 2 * np.pi * np.arange(AROUND) / AROUND
    flat = np.column_stack([np.cos(around), np.sin(around), np.zeros(AROUND)])
    steep = flat[::2] * np.cos(OBLIQUE)
    rise = np.array([0.0, 0.0, np.sin(OBLIQUE)])
    outermost = (vertices @ np.concatenate([flat, steep + rise, steep - rise]).T).argmax(axis=0)
    return np.concatenate([*ends, vertices[body.part == HELMET].mean(axis=0)[None], vertices[outermost]])


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
    shapes = body_shapes(motion)
    for k, person in enumerate(motion.people):
        points = _points(motion, k, column, figures()[shapes[k]] * (person.height_m / REFERENCE_HEIGHT_M))  # (F, J, 3)
        pixels = project(
            footage.position[:, None],
            footage.rotation[:, None],
            footage.focal_px[:, None],
            footage.k1[:, None],
            footage.size,
            points,
        )
        depth[k] = np.einsum("fi,fi->f", footage.rotation[:, 2], points.mean(axis=1) - footage.position)
        scale = footage.focal_px / np.maximum(depth[k], 0.5)
        hidden = _behind_mats(footage.position[:, None], points, *top)
        box[k], inside = _boxed(pixels, np.zeros(frames), footage.size)
        helmet[k], _ = _boxed(pixels[:, _HEAD : _HEAD + 1], HELMET_RADIUS_M * scale, footage.size)
        seen[k] = inside * (1 - hidden.mean(axis=1)) * motion.present[k, column]
        here = np.append(motion.xy[k, column], np.zeros((frames, 1)), axis=1)
        foot[k] = project(footage.position, footage.rotation, footage.focal_px, footage.k1, footage.size, here)
        covered = hidden[:, _BLADES].all(axis=1)
        off = np.any((foot[k] < 0) | (foot[k] > footage.size), axis=1)
        foot[k][covered | off] = np.nan
    gone = (seen <= 0) | np.isnan(box[..., 0])
    box[gone], helmet[gone], foot[gone], seen[gone] = np.nan, np.nan, np.nan, 0.0
    return Pictured(column, box, helmet, foot, seen * _not_covered(box, depth), depth)


def _points(motion: Motion, k: int, column: NDArray[np.int64], figure: Floats) -> Floats:
    """(F, J, 3) on the ice, of person ``k`` whose body is ``figure`` (poses, phases, leans, J, 3)."""
    phase = np.clip((motion.phase[k, column] * PHASES).astype(int), 0, PHASES - 1)
    lean = np.rint(np.interp(motion.lean[k, column], LEANS, np.arange(len(LEANS)))).astype(int)
    local = figure[motion.pose[k, column], phase, lean]
    facing = motion.facing[k, column][:, None]
    x = local[..., 0] * np.cos(facing) - local[..., 1] * np.sin(facing)
    y = local[..., 0] * np.sin(facing) + local[..., 1] * np.cos(facing)
    foot = np.append(motion.xy[k, column], np.zeros((len(column), 1)), axis=1)
    return np.asarray(np.stack([x, y, local[..., 2]], axis=-1) + foot[:, None])


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
    """(P, F): share of each body that no nearer one hides. Bodies fill the middle of their boxes, not the corners: how
    much of a body is hidden by how much of its box was read off the drawn bodies of three samples."""
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
            free[a] *= 1 - 0.75 * np.nan_to_num(np.where(nearer, part, 0.0)) ** 2
    return np.asarray(free)
