"""Observations of a race that was never drawn: what vision would deliver, errors and all.

The errors are those of ``noise.json``: people missed for some frames at a time, the more so the smaller and the more
hidden; two that overlap taken for one; boxes that tremble; boxes where nobody is; camera motion with drift and gaps;
a score bug that is misread now and then.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading, Video
from race.observations import DESCRIPTOR, Detections, Frames, Observations
from race.poses import Poses
from simulation.camera import Footage
from simulation.draws import Draws
from simulation.figure import Pictured
from simulation.motion import Motion

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NOISE_FILE = Path(__file__).with_name("noise.json")
_LEAST_PX = 8.0
REGISTERED = ("main", "fixed")
"""The cameras whose pose over the rink vision is to find."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How vision errs; lengths of boxes as shares of their height.

    A person ``h`` pixels high of which a share ``v`` is seen is found with probability p, where
    logit p = logit recall_at_60px + recall_slope * ln(h / 60) + recall_visibility_slope * min(0, v - 0.8), and never
    more than half as likely below half_recall_visibility.
    """

    recall_at_60px: float
    recall_slope: float
    recall_visibility_slope: float
    half_recall_visibility: float
    miss_lasts_s: float
    merge_iou: float
    merge_chance: float
    jitter: tuple[float, float, float, float]
    jitter_lasts_s: float
    score_mean: float
    score_sd: float
    false_boxes_per_frame: float
    helmet_chance: float
    foot_chance: float
    foot_sd: float
    descriptor_sd: float
    motion_sd_px: float
    motion_sd_per_px: float
    motion_zoom_sd: float
    motion_lost_chance: float
    scorebug_missed: float
    scorebug_misread: float
    scorebug_every_s: float
    pose_sd_px: float
    pose_lasts_s: float
    pose_lost_chance: float


@cache
def default_noise() -> Noise:
    """The parameters in ``noise.json``."""
    values = json.loads(NOISE_FILE.read_text(encoding="utf-8"))
    del values["about"]
    return Noise(**values)


def observe(
    motion: Motion,
    footage: Footage,
    pictured: Pictured,
    readings: list[ScorebugReading],
    seed: int,
    noise: Noise | None = None,
) -> Observations:
    """What vision sees of ``pictured``; ``readings`` is what the score bug truly shows."""
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
        detections=_detections(motion, footage, pictured, noise, Draws(seed, "detections")),
        shots=[shot.model_copy(update={"kind": "other"}) for shot in footage.shots()],
        scorebug=_read(readings, footage, noise, Draws(seed, "scorebug")),
        warnings=[],
        poses=_poses(footage, noise, Draws(seed, "poses")),
        track_shift_m=motion.event.track_shift_m,
    )


def _poses(footage: Footage, noise: Noise, draws: Draws) -> Poses:
    """The main camera's pose, turned a little off; other cameras are not registered, nor are spells of the main one."""
    count, tolerance = len(footage), noise.pose_sd_px / footage.focal_px
    lasts = noise.pose_lasts_s * footage.fps
    right, down = (_noise_like(draws, count, lasts) * tolerance for _ in range(2))
    off = np.tile(np.eye(3), (count, 1, 1))  # a small turn about the camera's axes
    off[:, 0, 2], off[:, 2, 0], off[:, 1, 2], off[:, 2, 1] = right, -right, down, -down
    seen = np.zeros(count, bool)
    for take in footage.takes:
        seen[take.first - 1 : take.last] = take.camera in REGISTERED
    seen &= ~_spells(draws, count, noise.pose_lost_chance, 2 * lasts)
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
    count = len(footage)
    width, height = footage.size
    intrinsics = np.zeros((count, 3, 3))
    intrinsics[:, 0, 0] = intrinsics[:, 1, 1] = footage.focal_px
    intrinsics[:, 0, 2], intrinsics[:, 1, 2], intrinsics[:, 2, 2] = width / 2, height / 2, 1.0
    to_pixels = intrinsics @ footage.rotation
    motion = np.full((count, 3, 3), np.nan)
    motion[1:] = to_pixels[1:] @ np.linalg.inv(to_pixels[:-1])
    motion[1:] /= motion[1:, 2:, 2:]
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


def _detections(motion: Motion, footage: Footage, pictured: Pictured, noise: Noise, draws: Draws) -> Detections:
    people, count = pictured.visibility.shape
    tall = np.nan_to_num(pictured.box[..., 3])
    with np.errstate(divide="ignore"):
        logit = (
            np.log(noise.recall_at_60px / (1 - noise.recall_at_60px))
            + noise.recall_slope * np.log(np.maximum(tall, 1.0) / 60)
            + noise.recall_visibility_slope * np.minimum(0.0, pictured.visibility - 0.8)
        )
    chance = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
    chance = np.where(pictured.visibility < noise.half_recall_visibility, 0.5 * chance, chance)
    chance[tall < _LEAST_PX] = 0.0
    lasts = max(1.0, noise.miss_lasts_s * footage.fps)
    level = np.stack([_wandering(draws, count, lasts) for _ in range(people)])
    found = level < chance
    box = pictured.box.copy()
    _merge(box, found, pictured.depth, noise, draws, lasts)
    lasts = max(1.0, noise.jitter_lasts_s * footage.fps)
    for axis, size in enumerate(noise.jitter):
        for k in range(people):
            box[k, :, axis] += _noise_like(draws, count, lasts) * size * tall[k]
    box[..., 2:] = np.maximum(box[..., 2:], 2.0)

    person, frame = np.nonzero(found & np.isfinite(box[..., 0]))
    many = len(person)
    score = noise.score_mean + noise.score_sd * draws.normals(many) - 0.35 * (1 - pictured.visibility[person, frame])
    blur = noise.foot_sd * tall[person, frame][:, None]
    foot = pictured.foot[person, frame] + draws.normals(2 * many).reshape(many, 2) * blur
    hidden = (draws.uniforms(many) > noise.foot_chance) | (pictured.visibility[person, frame] < 0.5)
    foot[hidden] = np.nan
    helmet = pictured.helmet[person, frame]
    helmet[draws.uniforms(many) > noise.helmet_chance] = np.nan
    suits, helmets = _descriptors(motion, draws)
    false = _false_boxes(pictured, footage, noise, draws)
    nobody = np.full((len(false), 4), np.nan)
    drab = np.full((len(false), DESCRIPTOR), 1 / DESCRIPTOR)
    foot_sd = np.where(np.isnan(foot[:, 0]), np.nan, noise.foot_sd * tall[person, frame])
    rows = {
        "frame": np.concatenate([frame + 1, false[:, 0]]).astype(np.int32),
        "box": np.concatenate([box[person, frame], false[:, 1:5]]),
        "score": np.concatenate([np.clip(score, 0.05, 0.98), false[:, 5]]),
        "helmet": np.concatenate([helmet, nobody]),
        "foot": np.concatenate([foot, nobody[:, :2]]),
        "foot_sd": np.concatenate([foot_sd, nobody[:, 0]]),
        "suit": _disturbed(np.concatenate([suits[person], drab]), noise, draws),
        "helmet_colour": _disturbed(np.concatenate([helmets[person], drab]), noise, draws),
    }
    order = np.argsort(rows["frame"], kind="stable")
    return Detections(**{name: values[order] for name, values in rows.items()})


def _merge(box: Floats, found: Mask, depth: Floats, noise: Noise, draws: Draws, lasts: float) -> None:
    """Where two boxes overlap much, now and then the one behind is lost and the one in front grows over both."""
    people, count = found.shape
    for a in range(people):
        for b in range(a + 1, people):
            close = found[a] & found[b] & (_iou(box[a], box[b]) > noise.merge_iou)
            if not close.any():
                continue
            taken = close & (_wandering(draws, count, 2 * lasts) < noise.merge_chance)
            front = np.where(depth[a] < depth[b], a, b)
            for n in np.flatnonzero(taken):
                keep, drop = (a, b) if front[n] == a else (b, a)
                low = np.minimum(box[a, n, :2], box[b, n, :2])
                high = np.maximum(box[a, n, :2] + box[a, n, 2:], box[b, n, :2] + box[b, n, 2:])
                box[keep, n] = *low, *(high - low)
                found[drop, n] = False


def _iou(a: Floats, b: Floats) -> Floats:
    """(F, 4), (F, 4) -> (F,); 0 where one is NaN."""
    with np.errstate(invalid="ignore"):
        shared = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
        inter = np.prod(np.clip(shared, 0, None), axis=1)
        return np.asarray(np.nan_to_num(inter / (np.prod(a[:, 2:], axis=1) + np.prod(b[:, 2:], axis=1) - inter)))


def _false_boxes(pictured: Pictured, footage: Footage, noise: Noise, draws: Draws) -> Floats:
    """(M, 6) frame, box, score: spectators, photographers and logos, the same place for some frames."""
    width, height = footage.size
    spells = round(len(footage) * noise.false_boxes_per_frame / 8)
    usual = float(np.nanmedian(pictured.box[..., 3])) if np.isfinite(pictured.box).any() else height / 6
    rows = []
    for _ in range(spells):
        first, lasts = draws.integer(1, len(footage)), draws.integer(3, 13)
        tall = usual * draws.uniform(0.5, 1.3)
        x, y = draws.uniform(0, width - tall / 2), draws.uniform(0.05, 0.55) * height
        score = draws.uniform(0.1, 0.5)
        rows += [
            (frame, x + draws.normal(0, 1), y + draws.normal(0, 1), tall * 0.5, tall, score)
            for frame in range(first, min(first + lasts, len(footage) + 1))
        ]
    return np.array(rows, np.float64).reshape(-1, 6)


def _descriptors(motion: Motion, draws: Draws) -> tuple[Floats, Floats]:
    """(P, DESCRIPTOR) of suits and of helmets, alike within a team."""
    designs = max(person.suit for person in motion.people) + 1

    def few_colours() -> Floats:
        shares = draws.uniforms(DESCRIPTOR) ** 8
        return np.asarray(shares / shares.sum())

    suits, helmets = (
        np.stack([few_colours() for _ in range(designs)]),
        np.stack([few_colours() for _ in range(designs)]),
    )
    which = np.array([person.suit for person in motion.people])
    return suits[which], helmets[which]


def _disturbed(shares: Floats, noise: Noise, draws: Draws) -> Floats:
    """(N, DESCRIPTOR) with noise, summing to 1 again."""
    loud = np.maximum(shares + noise.descriptor_sd * draws.normals(shares.size).reshape(shares.shape), 0.0) + 1e-6
    return np.asarray(loud / loud.sum(axis=1, keepdims=True))


def _read(readings: list[ScorebugReading], footage: Footage, noise: Noise, draws: Draws) -> list[ScorebugReading]:
    """The readings as OCR has them: not every change is caught, a digit is wrong now and then."""
    out: list[ScorebugReading] = []
    latest = -np.inf
    for reading in readings:
        if reading.time_s - latest < noise.scorebug_every_s and reading.rows == (out[-1].rows if out else []):
            continue
        if draws.chance(noise.scorebug_missed):
            continue
        latest = reading.time_s
        changes: dict[str, object] = {"confidence": round(draws.uniform(0.8, 1.0), 3)}
        if reading.clock_s is not None and draws.chance(noise.scorebug_misread):
            changes["clock_s"] = round(reading.clock_s + draws.pick([-3.0, 3.0, 0.5, -0.5, 10.0, -10.0]), 2)
        if reading.laps_to_go is not None and draws.chance(noise.scorebug_misread):
            changes["laps_to_go"] = max(0, reading.laps_to_go + draws.pick([-1, 1, 5]))
        out.append(reading.model_copy(update=changes))
    return out


def _spells(draws: Draws, count: int, chance: float, lasts: float) -> Mask:
    """(count,) true in a share ``chance``, for ``lasts`` at a time."""
    return _wandering(draws, count, lasts) < chance


def _wandering(draws: Draws, count: int, lasts: float) -> Floats:
    """(count,) uniform in [0, 1) that stays for about ``lasts`` steps."""
    fresh = draws.uniforms(count)
    jumps = draws.uniforms(count) < 1 / lasts
    jumps[0] = True
    return np.asarray(fresh[np.maximum.accumulate(np.where(jumps, np.arange(count), 0))])


def _noise_like(draws: Draws, count: int, lasts: float) -> Floats:
    """(count,) of mean 0 and standard deviation 1, correlated over about ``lasts`` steps."""
    keep = np.exp(-1 / lasts)
    fresh = draws.normals(count) * np.sqrt(1 - keep * keep)
    out = np.empty(count)
    value = draws.normal()
    for n in range(count):
        value = keep * value + fresh[n]
        out[n] = value
    return out
