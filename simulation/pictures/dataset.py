"""Simulated pictures as a data set for a detector: many races, venues, broadcasts, cameras; boxes in YOLO's format."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.camera import STYLES, Camera, Footage, direct
from simulation.figure import picture as box_figures
from simulation.motion import Motion, Pose
from simulation.pictures import scorebug
from simulation.pictures.film import SetUp, draw_look, project
from simulation.pictures.scene import block_corners
from simulation.pictures.visible import NOBODY, Seen
from simulation.race import simulate_race
from simulation.scenario import Scenario

Floats = NDArray[np.float64]

CLASSES = ("skater", "helmet", "block")
SKATER, HELMET, BLOCK = range(3)
PICTURES_A_RACE = 24
LEAST_SEEN = {SKATER: 0.15, HELMET: 0.4}
"""Share of a person or helmet that has to be seen for it to have a box."""
LEAST_SIDE = {SKATER: 0.012, HELMET: 0.007, BLOCK: 0.007}
"""Of the picture's width that a box measures at least: 8 and 4.5 pixels where the detector sees 640."""
CLOSER_SHARE = 0.4
"""Of the pictures in which the camera goes in on one of the racers, so that his box is 0.25 to 0.65 of the height."""
_FPS = 25.0
_VALIDATION_RACES = 8
"""Every so many races one is for validation, so that no venue is in both parts."""


def write_dataset(
    scenario: Scenario,
    seed: int,
    size: tuple[int, int],
    count: int,
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    """Write ``count`` pictures with labels, and ``data.yaml`` that names them, as ultralytics reads it.

    Every ``PICTURES_A_RACE`` pictures the race is another (``seed`` grows by one), and with it venue, suits, graphics
    and camera. A third of the pictures of a race with falls show somebody down; most of the rest show several racers,
    the likelier the more they overlap. Every picture is worn in a way of its own (``_wear``).
    """
    for part in ("train", "val"):
        (folder / "images" / part).mkdir(parents=True, exist_ok=True)
        (folder / "labels" / part).mkdir(parents=True, exist_ok=True)
    done = 0
    while done < count:
        race = done // PICTURES_A_RACE
        part = "val" if race % _VALIDATION_RACES == _VALIDATION_RACES - 1 else "train"
        many = min(PICTURES_A_RACE, count - done)
        for picture, labels in _pictures(scenario, seed + race, size, many):
            name = f"{seed + race:06d}-{done % PICTURES_A_RACE:02d}"
            worn = _wear(picture, np.random.default_rng((seed + race, done % PICTURES_A_RACE)))
            cv2.imwrite(str(folder / "images" / part / f"{name}.jpg"), worn, [int(cv2.IMWRITE_JPEG_QUALITY), 92])
            lines = [f"{kind:.0f} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n" for kind, x, y, w, h in labels]
            (folder / "labels" / part / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
            done += 1
            progress(done, count)
    names = "".join(f"  {k}: {name}\n" for k, name in enumerate(CLASSES))
    val = "val" if any((folder / "images" / "val").iterdir()) else "train"
    (folder / "data.yaml").write_text(f"train: images/train\nval: images/{val}\nnames:\n{names}", encoding="utf-8")


def _pictures(
    scenario: Scenario, seed: int, size: tuple[int, int], many: int
) -> list[tuple[NDArray[np.uint8], Floats]]:
    """``many`` pictures (H, W, 3) of one race with their labels (N, 5)."""
    rng = np.random.default_rng((seed, 49979687))
    motion = simulate_race(scenario, seed)
    style = STYLES[int(rng.choice(len(STYLES), p=[0.64, 0.08, 0.1, 0.18]))]
    footage = direct(motion, style, _FPS, size, seed)
    look = replace(draw_look(seed), softness=float(rng.uniform(0.0, 1.0)))
    readings = scorebug.readings(motion, footage, look.layout)
    frames = np.array([reading.frame or 1 for reading in readings])
    out = []
    set_up = SetUp(motion, look, size)
    try:
        for index in _moments(motion, footage, many, rng):
            take = next(take for take in footage.takes if take.first - 1 <= index < take.last)
            shot = closer(motion, footage, index, rng) if rng.random() < CLOSER_SHARE else footage
            picture, seen = set_up.shoot(shot, take, index)
            reading = readings[int(np.searchsorted(frames, index + 1, side="right")) - 1]
            picture = scorebug.lay_over(picture, scorebug.draw(reading, look.layout))
            blocks = set_up.blocks(float(footage.race_time_s[index]))
            out.append((picture, _labels(motion, shot[index], seen, blocks)))
    finally:
        set_up.close()
    return out


def _moments(motion: Motion, footage: Footage, many: int, rng: np.random.Generator) -> list[int]:
    """Indices of pictures: a third while somebody is down, where anybody falls; the rest where racers are, and overlap.

    Empty ice and lone racers are in one picture of eight.
    """
    column = np.clip(np.searchsorted(motion.time_s, footage.race_time_s), 0, len(motion.time_s) - 1)
    down = np.isin(motion.pose[:, column], (Pose.FALL, Pose.SLIDE, Pose.LYING, Pose.KNEEL)).any(axis=0)
    fallen = np.flatnonzero(down)
    picked = list(rng.choice(fallen, min(many // 3, len(fallen)), replace=False))
    rest = np.setdiff1d(np.arange(len(footage)), picked)
    drawn = np.sort(rng.choice(rest, min(len(rest), 12 * many), replace=False))
    crowding = _crowding(motion, footage, drawn)
    alone = np.flatnonzero(crowding == 0)
    chance = np.where(crowding == 0, 1 / 8 / max(1, len(alone)), crowding / max(crowding.sum(), 1e-9))
    wanted = min(many - len(picked), len(drawn))
    if np.count_nonzero(chance) < wanted:
        chance = np.ones(len(drawn))
    picked += list(rng.choice(drawn, wanted, replace=False, p=chance / chance.sum()))
    return sorted(int(k) for k in picked)


def closer(motion: Motion, footage: Footage, index: int, rng: np.random.Generator) -> Footage:
    """``footage``, turned to one of the racers in picture ``index`` and zoomed in on him, near the picture's middle."""
    seen = box_figures(motion, _only(footage, np.array([index])))
    racer = np.array([person.role == "racer" for person in motion.people])
    there = np.flatnonzero(racer & (seen.visibility[:, 0] > LEAST_SEEN[SKATER]))
    height = rng.uniform(0.25, 0.65) * footage.size[1]
    if not len(there):
        return footage
    box = seen.box[rng.choice(there), 0]
    zoom = float(np.clip(height / box[3], 1.0, 4.0))
    focal_px, middle = footage.focal_px[index], np.array(footage.size) / 2
    was = np.append((box[:2] + box[2:] / 2 - middle) / focal_px, 1.0)
    wanted = np.append(rng.uniform(-0.2, 0.2, 2) * footage.size / (focal_px * zoom), 1.0)
    axis = np.cross(was, wanted)
    angle = np.arctan2(np.linalg.norm(axis), was @ wanted)
    turn = cv2.Rodrigues(axis / max(float(np.linalg.norm(axis)), 1e-12) * angle)[0]
    return replace(footage, rotation=turn @ footage.rotation, focal_px=zoom * footage.focal_px)


def _only(footage: Footage, indices: NDArray[np.int64]) -> Footage:
    """The pictures ``indices`` alone."""
    return replace(
        footage,
        time_s=footage.time_s[indices],
        race_time_s=footage.race_time_s[indices],
        position=footage.position[indices],
        rotation=footage.rotation[indices],
        focal_px=footage.focal_px[indices],
        k1=footage.k1[indices],
    )


def _crowding(motion: Motion, footage: Footage, indices: NDArray[np.int64]) -> Floats:
    """(n,) of the pictures ``indices``: 0 with fewer than two racers in sight, else 1 to 5, the more they overlap."""
    seen = box_figures(motion, _only(footage, indices))
    racers = [k for k, person in enumerate(motion.people) if person.role == "racer"]
    box = np.where((seen.visibility > LEAST_SEEN[SKATER])[racers, :, None], seen.box[racers], np.nan)
    several = np.isfinite(box[..., 0]).sum(axis=0) >= 2
    overlap = np.zeros(len(indices))
    with np.errstate(invalid="ignore"):
        for a in range(len(racers)):
            for b in range(a):
                low = np.maximum(box[a, :, :2], box[b, :, :2])
                high = np.minimum(box[a, :, :2] + box[a, :, 2:], box[b, :, :2] + box[b, :, 2:])
                shared = np.prod(np.clip(high - low, 0, None), axis=-1)
                overlap += np.nan_to_num(
                    shared / np.minimum(np.prod(box[a, :, 2:], axis=-1), np.prod(box[b, :, 2:], axis=-1))
                )
    return np.where(several, 1.0 + 2.0 * np.minimum(overlap, 2.0), 0.0)


def _wear(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture as it comes down to a viewer: now and then smeared or half faded out, smaller, coded at some rate."""
    if rng.random() < 0.2:
        picture = _smear(picture, rng.uniform(0.004, 0.022) * picture.shape[1], rng.normal(0, 0.25))
    if rng.random() < 0.15:
        picture = (picture * rng.uniform(0.08, 0.7)).astype(np.uint8)
    if rng.random() < 0.6:
        height = 2 * int(rng.integers(150, 271))
        width = 2 * round(height * picture.shape[1] / picture.shape[0] / 2)
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    return _coded(picture, crf=int(rng.integers(18, 37)))


def _smear(picture: NDArray[np.uint8], length: float, angle: float) -> NDArray[np.uint8]:
    """The picture as a slow shutter would show it in a pan of ``length`` pixels at ``angle``, radians."""
    size = 2 * int(np.ceil(length / 2)) + 1
    kernel = np.zeros((size, size), np.float32)
    middle, way = size // 2, 0.5 * length * np.array([np.cos(angle), np.sin(angle)])
    start, end = (tuple(int(v) for v in np.rint(16 * (middle + side * way))) for side in (-1, 1))
    cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA, shift=4)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def _coded(picture: NDArray[np.uint8], crf: int) -> NDArray[np.uint8]:
    """The picture after H.264 at constant quality ``crf``."""
    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as out:
        stream = out.add_stream("libx264", 25)
        stream.height, stream.width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast"}
        frame = av.VideoFrame.from_ndarray(picture[: stream.height, : stream.width], format="bgr24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    held.seek(0)
    with av.open(held, "r") as back:
        return np.asarray(next(back.decode(video=0)).to_ndarray(format="bgr24"), np.uint8)


def _labels(motion: Motion, camera: Camera, seen: Seen, blocks: Floats) -> Floats:
    """(N, 5) class and box: middle x, y, width, height as shares of the picture."""
    rows: list[tuple[int, Floats]] = []
    for k, person in enumerate(motion.people):
        if person.role not in ("racer", "teammate") or seen.visibility[k] < LEAST_SEEN[SKATER]:
            continue
        rows.append((SKATER, seen.box[k]))
        if seen.helmet_visibility[k] >= LEAST_SEEN[HELMET]:
            rows.append((HELMET, seen.helmet[k]))
    rows += [(BLOCK, box) for box in _block_boxes(camera, seen, blocks)]
    scale = np.array([*camera.size, *camera.size], float)
    labels = [
        (kind, *(np.array([box[0] + box[2] / 2, box[1] + box[3] / 2, box[2], box[3]]) / scale))
        for kind, box in rows
        if min(box[2], box[3]) >= LEAST_SIDE[kind] * camera.size[0]
    ]
    return np.array(labels, float).reshape(-1, 5)


def _block_boxes(camera: Camera, seen: Seen, blocks: Floats) -> list[Floats]:
    """Boxes of the blocks in the picture whose middle nobody and nothing hides."""
    width, height = camera.size
    boxes = []
    for corners in project(camera, block_corners(blocks)):
        if not np.isfinite(corners).all():
            continue
        low, high = np.clip(corners.min(axis=0), 0, camera.size), np.clip(corners.max(axis=0), 0, camera.size)
        x, y = (0.5 * (low + high)).astype(int)
        if 0 < x < width - 1 and 0 < y < height - 1 and seen.people[y, x] == NOBODY:
            boxes.append(np.concatenate([low, high - low]))
    return boxes
