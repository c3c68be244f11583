"""The people of a race as meshes: who wears what, where each body is at a moment, and who stands about outside."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink
from simulation.motion import Motion, Pose
from simulation.pictures import hall
from simulation.pictures.body import joint_transforms, load_body, pose_bodies
from simulation.pictures.hall import Venue
from simulation.pictures.postures import keyed, postures_at
from simulation.pictures.suits import Picture, plain_tile, racer_tile, team_suit

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Bodies:
    """N posed bodies of V vertices.

    vertices, normals (N, V, 3), feet (N, 2) the point midway between the blades, middle (N, 2) between that and the
    point below the pelvis: where the shadow is
    """

    vertices: Floats
    normals: Floats
    feet: Floats
    middle: Floats


def body_shapes(motion: Motion) -> Ints:
    """(P,) index of each person's body shape: women in women's races, both by turns in mixed ones, officials any."""
    shapes = {"m": (0, 0), "w": (1, 1)}.get(motion.event.gender or "x", (0, 1))
    return np.array(
        [shapes[k % 2] if person.role in ("racer", "teammate") else k % 2 for k, person in enumerate(motion.people)],
        np.int32,
    )


def clothes(motion: Motion, venue: Venue) -> list[Picture]:
    """A tile for each person of ``motion``."""
    tiles = []
    for person in motion.people:
        if person.role in ("racer", "teammate"):
            word = (person.team or person.name)[:3].upper()
            suit = team_suit(person.suit, venue.seed, word)
            tiles.append(racer_tile(suit, person.helmet or str(person.id), venue.seed * 101 + person.id))
        else:
            tiles.append(plain_tile(venue.seed * 101 + person.id, dark=True))
    return tiles


def bodies_at(motion: Motion, time_s: float, shapes: Ints) -> Bodies:
    """Everybody's body at race time ``time_s``; who is not in the hall is far below it."""
    body = load_body()
    moment = np.clip(time_s, motion.time_s[0], motion.time_s[-1])
    people = np.arange(len(motion.people))
    at = (moment - motion.time_s[0]) / (motion.time_s[1] - motion.time_s[0])
    left = min(int(at), len(motion.time_s) - 2)
    share = at - left

    def between(values: Floats) -> Floats:
        return np.asarray(values[:, left] * (1 - share) + values[:, left + 1] * share)

    turned = np.angle(np.exp(1j * (motion.facing[:, left + 1] - motion.facing[:, left])))
    rotations, places = joint_transforms(
        body,
        postures_at(motion, moment, people),
        shapes,
        np.array([person.height_m for person in motion.people]),
        between(motion.xy),
        motion.facing[:, left] + share * turned,
        between(motion.lean),
    )
    heights = np.array([person.height_m for person in motion.people])
    vertices, normals = pose_bodies(body, rotations, places, shapes, heights)
    vertices[~motion.present[:, left], :, 2] -= 500.0
    feet = between(motion.xy)
    return Bodies(vertices, normals, feet, 0.5 * (places[:, 0, :2] + feet))


def standing_people(rink: Rink, venue: Venue, photographers: int = 3) -> tuple[Floats, Floats, list[Picture]]:
    """Vertices, normals and tiles of coaches, stewards and photographers who stand behind the mats all along."""
    rng = np.random.default_rng((venue.seed, 5))
    line, along = hall.mat_line(rink, 1.5)
    spots, facing = [], []
    for start in np.arange(0.0, along[-1], 1.1):
        at = start + rng.uniform(0, 0.9)
        x, y = np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])
        near = y < -rink.ice_width_m / 2
        if near or rng.random() > 0.45:
            continue
        spots.append((x, y + abs(rng.normal(0, 0.3))))
        facing.append(np.arctan2(-y, -x) + rng.normal(0, 0.5))
    for _ in range(photographers):  # at the near mats, low, away from the finish line that the camera looks along
        x = rng.choice([-1, 1]) * rng.uniform(1.2, 9)
        spots.append((x, -rink.ice_width_m / 2 - rng.uniform(1.0, 1.6)))
        facing.append(np.pi / 2 + rng.normal(0, 0.4))
    count = len(spots)
    pose = np.full(count, int(Pose.STAND), np.uint8)
    pose[count - photographers :] = int(Pose.GLIDE)
    shapes = rng.integers(0, 2, count).astype(np.int32)
    heights = rng.uniform(1.6, 1.88, count)
    body = load_body()
    rotations, places = joint_transforms(
        body, keyed(pose, np.zeros(count)), shapes, heights, np.array(spots), np.array(facing), np.zeros(count)
    )
    vertices, normals = pose_bodies(body, rotations, places, shapes, heights)
    vertices[: count - photographers, :, 2] += 0.3  # on a step
    return vertices, normals, [plain_tile(venue.seed * 907 + k, dark=bool(rng.random() < 0.4)) for k in range(count)]
