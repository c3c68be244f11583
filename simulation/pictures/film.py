"""Film a simulated race: every picture as the broadcast would show it, and what is in it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading
from race.rink import Rink
from simulation.blocks import blocks_at
from simulation.camera import Camera, Footage, Take
from simulation.motion import Motion
from simulation.pictures import hall, scorebug
from simulation.pictures.body import HELMET, load_body
from simulation.pictures.captions import Caption, caption_at, draw_caption
from simulation.pictures.cast import Bodies, bodies_at, body_shapes, clothes, standing_people
from simulation.pictures.hall import Venue, draw_venue
from simulation.pictures.lens import SHUTTER, blur, camera_step, comb, sensor
from simulation.pictures.scene import Scene
from simulation.pictures.visible import Seen, look_at

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Picture = NDArray[np.uint8]

MOST_PARTING = 0.05
"""Of the picture's width that people and ground may part during an exposure; else it is made of two, half as long."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a broadcast looks.

    ``channel`` is the broadcaster's mark, empty for none; ``softness`` is what lens and copies blur, as a standard
    deviation in 1/360 of the picture's height; ``noise`` in grey levels.
    """

    seed: int
    venue: Venue
    layout: scorebug.Layout
    channel: str
    channel_corner: Literal["left", "right"]
    softness: float
    noise: float
    exposure: float
    interlaced: bool = False


def draw_look(seed: int) -> Look:
    """A broadcast of its own for every seed."""
    rng = np.random.default_rng((seed, 15485863))
    venue = draw_venue(seed)
    return Look(
        seed=seed,
        venue=venue,
        layout=scorebug.LAYOUTS[int(rng.integers(len(scorebug.LAYOUTS)))],
        channel=("Sport 1", "NORD TV", "ice live", "")[int(rng.integers(4))],
        channel_corner="right" if rng.random() < 0.7 else "left",
        softness=float(rng.uniform(0.3, 0.9)),
        noise=float(rng.uniform(1.0, 4.0)),
        exposure=float(rng.uniform(0.94, 1.08)),
    )


@dataclass(frozen=True, slots=True)
class Filmed:
    """One picture and what is in it. ``index`` counts from 0; ``seen`` has a row for each of ``Motion.people``."""

    index: int
    picture: Picture
    seen: Seen
    reading: ScorebugReading


def film(motion: Motion, footage: Footage, look: Look) -> Iterator[Filmed]:
    """Every picture of ``footage``, (H, W, 3) BGR, in order."""
    readings = scorebug.readings(motion, footage, look.layout)
    set_up = SetUp(motion, look, footage.size)
    try:
        before = np.zeros((footage.size[1], footage.size[0], 3), np.uint8)
        at, shown, cover = 0, None, None
        for take in footage.takes:
            last_picture = before
            for index in range(take.first - 1, take.last):
                clean, seen = set_up.shoot(footage, take, index)
                picture = _transition(clean, last_picture, take, (index - take.first + 1) / footage.fps)
                if look.interlaced:
                    picture = comb(picture, before)
                before = clean
                if at + 1 < len(readings) and readings[at + 1].frame == index + 1:
                    at += 1
                wanted = at, take.kind, caption_at(footage, take, index)
                if cover is None or wanted != shown:
                    shown, cover = wanted, _graphics(motion, look, readings[at], take, wanted[2])
                yield Filmed(index, scorebug.lay_over(picture, cover), seen, readings[at])
    finally:
        set_up.close()


def _graphics(
    motion: Motion, look: Look, reading: ScorebugReading, take: Take, caption: Caption | None
) -> scorebug.Canvas:
    """All that is laid over a picture of ``take``."""
    canvas = scorebug.draw(reading, look.layout)
    if look.channel:
        scorebug.logo(canvas, look.channel, look.channel_corner)
    if take.kind == "replay":
        scorebug.slab(canvas, 60, 640, 110, 30, (150, 84, 24))
        scorebug.words(canvas, "REPLAY", 115, 662, 0.66, align="middle")
    if caption is not None:
        draw_caption(canvas, caption, motion)
    return canvas


class SetUp:
    """Hall, people and camera, ready to shoot one picture after the other."""

    def __init__(self, motion: Motion, look: Look, size: tuple[int, int]) -> None:
        rink = Rink(track_shift_m=motion.track_shift_m)
        self._motion, self._rink, self._look = motion, rink, look
        self._shapes = body_shapes(motion)
        standing = standing_people(rink, look.venue)
        self._scene = Scene(look.venue, rink, clothes(motion, look.venue), standing, size)
        self._in_front = _near_side(rink, standing[0])
        self._rng = np.random.default_rng((look.seed, 32452843))
        body = load_body()
        self._helmet_faces = (body.part[body.faces] == HELMET).all(axis=1)
        self._posed: dict[float, Bodies] = {}

    def close(self) -> None:
        self._scene.close()

    def shoot(self, footage: Footage, take: Take, index: int) -> tuple[Picture, Seen]:
        """The picture without graphics, and what it shows in the middle of the time that the shutter is open."""
        moving = self._moving(footage, take, index)
        seen = self._see(moving, 0.0, SHUTTER)
        if _parting(seen, moving.step(0.0, SHUTTER)) <= MOST_PARTING * footage.size[0]:
            picture = self._expose(moving, seen, 0.0, SHUTTER)
        else:
            halves = [(side * SHUTTER / 4, SHUTTER / 2) for side in (-1, 1)]
            first, last = (self._expose(moving, self._see(moving, *half), *half) for half in halves)
            picture = np.asarray(cv2.addWeighted(first, 0.5, last, 0.5, 0), np.uint8)
        look, time_s = self._look, float(footage.time_s[index])
        drift = look.exposure * (1.0 + 0.02 * np.sin(0.7 * time_s + look.seed))
        cv2.GaussianBlur(picture, (0, 0), look.softness * footage.size[1] / 360, dst=picture)
        return sensor(picture, float(drift), look.venue.warmth, look.noise, self._rng), seen

    def _moving(self, footage: Footage, take: Take, index: int) -> "_Moving":
        before, after = max(index - 1, take.first - 1), min(index + 1, take.last - 1)
        near, cameras = (before, index, after), {k: footage[k] for k in (before, index, after)}
        return _Moving(
            tuple(cameras[k] for k in near),
            tuple(self._bodies(float(footage.race_time_s[k])) for k in near),
            self.blocks(float(footage.race_time_s[index])),
        )

    def _see(self, moving: "_Moving", share: float, width: float) -> Seen:
        """What is seen around ``share`` and moves in ``width``, both in times from picture to picture."""
        first, last = share - width / 2, share + width / 2
        went = moving.camera(last).project(moving.at(last, "vertices"))
        came = moving.camera(first).project(moving.at(first, "vertices"))
        bodies = replace(moving.bodies[1], vertices=moving.at(share, "vertices"), feet=moving.at(share, "feet"))
        return self.look(moving.camera(share), bodies, went - came)

    def _expose(self, moving: "_Moving", seen: Seen, share: float, width: float) -> Picture:
        """What the shutter lets in that is open around ``share`` for ``width``."""
        bodies, vertices = moving.bodies[1], moving.at(share, "vertices")
        sharp = self._scene.draw(
            moving.camera(share), vertices, bodies.normals, moving.at(share, "middle"), moving.blocks
        )
        return blur(sharp, seen.people, seen.velocity, moving.step(share, width))

    def look(self, camera: Camera, bodies: Bodies, step: Floats) -> Seen:
        points, faces = self._in_front
        feet = np.column_stack([bodies.feet, np.zeros(len(bodies.feet))])
        return look_at(
            project(camera, bodies.vertices),
            camera.depth(bodies.vertices),
            step,
            load_body().faces,
            self._helmet_faces,
            (project(camera, points), camera.depth(points), faces),
            (camera.project(feet), camera.depth(feet)),
            camera.size,
        )

    def _bodies(self, race_time_s: float) -> Bodies:
        if race_time_s not in self._posed:
            latest = list(self._posed.items())[-2:]  # needed twice more in the pictures after
            self._posed = dict(latest) | {race_time_s: bodies_at(self._motion, race_time_s, self._shapes)}
        return self._posed[race_time_s]

    def blocks(self, race_time_s: float) -> Floats:
        return blocks_at(self._motion.blocks, self._rink, race_time_s)


@dataclass(frozen=True, slots=True)
class _Moving:
    """Camera and bodies a picture before, now, and a picture after; at a take's ends now takes the missing one's place.

    In between all move as the parabola through the three does, at the ends straight on.
    """

    cameras: tuple[Camera, ...]
    bodies: tuple[Bodies, ...]
    blocks: Floats

    def camera(self, share: float) -> Camera:
        now = self.cameras[1]
        rotation, focal, k1 = (
            self._between([getattr(camera, name) for camera in self.cameras], share)
            for name in ("rotation", "focal_px", "k1")
        )
        left, _, right = np.linalg.svd(rotation)
        return replace(now, rotation=left @ right, focal_px=float(focal), k1=float(k1))

    def at(self, share: float, what: Literal["vertices", "feet", "middle"]) -> Floats:
        return self._between([getattr(bodies, what) for bodies in self.bodies], share)

    def step(self, share: float, width: float) -> Floats:
        """How what stands still moves while the shutter is open around ``share`` for ``width``."""
        step = camera_step(self.camera(share - width / 2), self.camera(share + width / 2))
        return np.asarray(step / step[2, 2])

    def _between(self, values: list[Floats], share: float) -> Floats:
        before, now, after = (np.asarray(value) for value in values)
        if self.cameras[0] is self.cameras[1]:
            before = 2 * now - after
        elif self.cameras[2] is self.cameras[1]:
            after = 2 * now - before
        return np.asarray(now + share * (after - before) / 2 + share * share * (after + before - 2 * now) / 2)


def _parting(seen: Seen, step: Floats) -> float:
    """How many pixels the people go another way than the ground while the shutter is open; of all but the fastest."""
    rows, columns = np.nonzero(seen.people[::4, ::4] >= 0)
    if not len(rows):
        return 0.0
    here = np.column_stack([4.0 * columns, 4.0 * rows])
    ground = cv2.perspectiveTransform(here[None], step)[0] - here
    away = np.linalg.norm(seen.velocity[::4, ::4][rows, columns] - ground, axis=1)
    return float(np.quantile(away, 0.95))


def project(camera: Camera, points: Floats) -> Floats:
    """As ``camera.project``, NaN as well for what is so far aside that the lens' polynomial would fold it back in."""
    seen = (points - camera.position) @ camera.rotation.T
    aside = np.hypot(seen[..., 0], seen[..., 1]) > 1.5 * seen[..., 2]
    return np.where(aside[..., None], np.nan, camera.project(points))


def _near_side(rink: Rink, standing: Floats) -> tuple[Floats, Ints]:
    """Points (M, 3) and faces of what may hide a racer: the mats, and those who stand behind the near ones."""
    line, along = hall.mat_line(rink)
    back, _ = hall.mat_line(rink, hall.MAT_DEPTH_M)
    points: list[Floats] = []
    faces: list[Ints] = []

    def add(corners: Floats, triangles: Ints) -> None:
        faces.append(triangles + sum(len(part) for part in points))
        points.append(corners)

    for low, high in (
        (hall.raised(line, 0.0), hall.raised(line, rink.mat_height_m)),
        (hall.raised(line, rink.mat_height_m), hall.raised(back, rink.mat_height_m)),
    ):
        strip = hall.strip(low, high, along)
        add(strip.points, np.concatenate([strip.quads[:, [0, 1, 2]], strip.quads[:, [0, 2, 3]]]).astype(np.int32))
    for person in standing[standing[:, :, 1].mean(axis=1) < -rink.ice_width_m / 2]:
        add(person, load_body().faces)
    return np.concatenate(points), np.concatenate(faces).astype(np.int32)


def _transition(picture: Picture, before: Picture, take: Take, since_s: float) -> Picture:
    """How the first moments of a take come out of the one before."""
    if take.boundary == "cut" or since_s >= take.boundary_s:
        return picture
    share = since_s / take.boundary_s
    if take.boundary == "start":  # out of the dark
        return (picture * share).astype(np.uint8)
    if take.boundary == "dissolve":
        return np.asarray(cv2.addWeighted(picture, share, before, 1 - share, 0))
    if take.boundary == "fade":
        shown, light = (before, 1 - 2 * share) if share < 0.5 else (picture, 2 * share - 1)
        return (shown * light).astype(np.uint8)
    height, width = picture.shape[:2]  # a wipe: a slanted band passes, the new picture behind it
    edge = (share * 1.6 - 0.3) * width + 0.25 * (np.arange(height)[:, None] - height / 2)
    x = np.arange(width)[None]
    out = np.where((x < edge)[..., None], picture, before)
    band = np.abs(x - edge) < 0.12 * width
    out[band] = (170, 80, 30)
    out[np.abs(x - edge) < 0.03 * width] = (235, 235, 235)
    return np.asarray(out)
