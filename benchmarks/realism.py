"""Whether simulated pictures are as hard as real ones: what a stock detector finds in them, by situation.

    python -m benchmarks.realism DIR [--seed 1] [--weights yolo26s.pt] [--size 640] [--every 2]

DIR is a folder that ``shorttrack simulate`` wrote with a video; where there is none, the last lap of a 3000 m relay
as close as the real one is filmed into it first, 640 x 360 at 29.97 pictures a second as in copies on the web. Prints,
by where the racers are as seen by the main camera, how many of their boxes are found (IoU 0.5, score 0.25), and how
often two that overlap in a corner are found as one. DIR may also be a folder with ``video.mp4``, ``gt.txt``
(MOTChallenge: frame, id, box) and ``parts.csv`` (part, first, last): real pictures whose parts are told by frame. A
second table tells both by how much boxes overlap, since no two packs are as close together all the way.
"""

import argparse
import csv
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink
from simulation.clip import Clip, read_clip
from simulation.motion import Motion
from simulation.sightings import overlap, union

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PARTS = (
    "fade-in", "first corner", "corner exit", "far straight", "corner entry", "apex", "exit and run-in", "finish",
)  # fmt: skip
"""In the order of a lap; ``fade-in`` is wherever it is still dark."""
CORNERS = ("fade-in", "first corner", "corner exit", "corner entry", "apex", "exit and run-in")
FOUND_IOU, SCORE = 0.5, 0.25
OVERLAP, MERGED_IOU = 0.15, 0.6
SHARED = (OVERLAP, 0.2, 0.3, 0.45, 1.0)
"""Limits between which racers and pairs are counted by how much boxes overlap (IoU); up to the first they are apart."""
FADE_S, FINISH_M, DARK = 1.0, 5.0, 0.7
"""A picture is dark with so much of the usual light."""
BEFORE_FINISH_S, AFTER_FINISH_S = 7.4, 0.6
"""What the real clip shows: from the first corner of the last lap on."""
WIDE, WIDE_S, NEAR_S = 0.45, 1.0, 2.5
"""There the real camera is wide at first (racers are 46 pixels tall, 60 where they leave the corner, 107 after it)."""
TIGHT_S = (0.6, 0.4)
"""All four teams of the real lap are so close when it begins (0.32 s), and when it ends (0.19 s)."""


@dataclass(frozen=True, slots=True)
class Told:
    """One picture: boxes (N, 4) of racers, and the part of the lap each is in."""

    frame: int
    box: Floats
    part: list[str]


def simulated(folder: Path) -> list[Told]:
    """The racers of a simulated clip in pictures of the main camera."""
    clip = read_clip(folder)
    rink = Rink(track_shift_m=clip.truth.event.track_shift_m or 0.0)
    out = []
    for take in clip.footage.takes:
        if take.kind != "race" or take.camera != "main":
            continue
        for frame in range(take.first, take.last + 1):
            shown = clip.racing[:, frame - 1] & (clip.pictured.visibility[:, frame - 1] > 0)
            who = np.flatnonzero(shown & np.isfinite(clip.pictured.box[:, frame - 1, 0]))
            parts = [_part(*_place(clip, k, frame - 1), rink) for k in who]
            out.append(Told(frame, clip.pictured.box[who, frame - 1], parts))
    return out


def _place(clip: Clip, person: int, index: int) -> tuple[float, float]:
    """Where somebody is on the ice, by the middle of the box's lower edge, which hidden feet do not move by much."""
    x, y, w, h = clip.pictured.box[person, index]
    at = clip.footage[index].ice_points(np.array([x + w / 2, y + h]))
    return float(at[0]), float(at[1])


def _part(x: float, y: float, rink: Rink) -> str:
    half = rink.straight_m / 2
    along = x - rink.track_shift_m
    if abs(along) <= half:
        if y > 0:
            return "far straight"
        return "finish" if abs(x) < FINISH_M else "exit and run-in" if x < 0 else "first corner"
    angle = np.degrees(np.arctan2(abs(along) - half, y if along < 0 else -y))  # 0 at the entry, 180 at the exit
    if along > 0:
        return "first corner" if angle < 120 else "corner exit"
    return "corner entry" if angle < 60 else "apex" if angle < 120 else "exit and run-in"


def real(folder: Path) -> list[Told]:
    """The racers of a real clip."""
    rows = np.loadtxt(folder / "gt.txt", delimiter=",", ndmin=2)
    with (folder / "parts.csv").open(encoding="utf-8", newline="") as file:
        spans = [(row["part"], int(row["first"]), int(row["last"])) for row in csv.DictReader(file)]
    out = []
    for frame in np.unique(rows[:, 0]).astype(int):
        part = next((name for name, first, last in spans if first <= frame <= last), None)
        boxes = rows[rows[:, 0] == frame, 2:6]
        if part is not None:
            out.append(Told(int(frame), boxes, [part] * len(boxes)))
    return out


@dataclass(frozen=True, slots=True)
class Looked:
    """What a detector made of the racers of one picture, of N racers and P pairs of them that overlap.

    found (N,)  whether each has a box of its own
    most  (N,)  the most of it that it has in common with another (IoU)
    pairs (P, 2), shared (P,)  which two, and how much they overlap
    counts, merged (P,)        whether at least one of them is found; whether both are found as one
    """

    found: NDArray[np.bool_]
    most: Floats
    pairs: NDArray[np.int64]
    shared: Floats
    counts: NDArray[np.bool_]
    merged: NDArray[np.bool_]


def look(racers: Floats, boxes: Floats) -> Looked:
    """``racers`` (N, 4) as they are, ``boxes`` (M, 4) as detected."""
    fit = overlap(racers[:, None], boxes[None])
    found = _found(fit)
    between = overlap(racers[:, None], racers[None])
    np.fill_diagonal(between, 0.0)
    pairs = np.argwhere(np.triu(between) > OVERLAP)
    i, j = pairs.T
    both = overlap(union(racers[i], racers[j])[:, None], boxes[None])
    as_one = ((both >= MERGED_IOU) & (both > fit[i]) & (both > fit[j])).any(axis=1)
    merged = as_one & ~(found[i] & found[j])
    most = between.max(axis=1, initial=0.0)
    return Looked(found, most, pairs, between[i, j], merged | found[i] | found[j], merged)


def by_part(told: list[Told], looked: list[Looked]) -> dict[str, Ints]:
    """Part -> racers, of which found, overlapping pairs of which at least one is found, of which as one box."""
    out = {part: np.zeros(4, np.int64) for part in PARTS}
    for one, seen in zip(told, looked, strict=True):
        for part, hit in zip(one.part, seen.found, strict=True):
            out[part][:2] += 1, hit
        for i, counts, merged in zip(seen.pairs[:, 0], seen.counts, seen.merged, strict=True):
            out[one.part[i]][2:] += counts, merged
    return out


def by_overlap(looked: list[Looked]) -> Ints:
    """(len(SHARED), 4) the same, by how much racers and pairs overlap; the first row is of racers apart."""
    out = np.zeros((len(SHARED), 4), np.int64)
    for seen in looked:
        for row, hit in zip(np.searchsorted(SHARED, seen.most), seen.found, strict=True):
            out[row, :2] += 1, hit
        for row, counts, merged in zip(np.searchsorted(SHARED, seen.shared), seen.counts, seen.merged, strict=True):
            out[row, 2:] += counts, merged
    return out


def _found(shared: Floats) -> NDArray[np.bool_]:
    """(N,) whether each has a detection of its own, the best fitting given away first; shared (N, M) is the IoU."""
    free, found = shared.copy(), np.zeros(len(shared), bool)
    while free.size and free.max() >= FOUND_IOU:
        i, j = divmod(int(free.argmax()), free.shape[1])
        found[i] = True
        free[i], free[:, j] = 0.0, 0.0
    return found


def detect(video: Path, weights: str, size: int, frames: set[int]) -> tuple[dict[int, Floats], set[int]]:
    """Frame -> boxes (M, 4) of people, by the stock detector; and the frames that are darker than most."""
    from vision.frames import FrameReader
    from vision.weights import find_weights, import_ultralytics

    model = import_ultralytics("models").YOLO(find_weights(weights))
    out, light = {}, {}
    for frame in FrameReader(video):
        if frame.number in frames:
            (result,) = model.predict(frame.image, imgsz=size, conf=SCORE, classes=[0], verbose=False, device="cpu")
            corners = result.boxes.xyxy.cpu().numpy().astype(np.float64)
            out[frame.number] = np.column_stack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
            light[frame.number] = float(frame.image.mean())
    usual = float(np.median(list(light.values()))) if light else 0.0
    return out, {number for number, value in light.items() if value < DARK * usual}


def film_last_lap(folder: Path, seed: int) -> None:
    """The last lap of a 3000 m relay as the real clip shows one: four teams close together, with a fade from black in
    its first corner, until after the finish."""
    from simulation.camera import direct
    from simulation.pictures.film import draw_look
    from simulation.pictures.record import WEB_CRF, record
    from simulation.race import simulate_race
    from simulation.scenario import Requirements, Scenario

    relay = Scenario(event="relay-3000m", gender="w", starters=4, require=Requirements(three_within_s=0.2, falls=0))
    motion = next(race for race in (simulate_race(relay, k) for k in itertools.count(seed)) if _is_tight(race))
    won_s = min(row.race_time_s for row in motion.finish if row.race_time_s is not None)
    begin_s, end_s = won_s - BEFORE_FINISH_S, won_s + AFTER_FINISH_S
    footage = direct(motion, "broadcast", 29.97, (640, 360), seed, from_s=begin_s, to_s=end_s)
    first, *rest = footage.takes
    zoom = np.interp(footage.time_s, [WIDE_S, NEAR_S], [WIDE, 1.0])
    takes = (replace(first, boundary_s=FADE_S), *rest)
    footage = replace(footage, takes=takes, focal_px=footage.focal_px * zoom)

    def tell(done: int, count: int) -> None:
        print(f"\r{done} of {count} pictures", end="\n" if done == count else "", flush=True)

    record(motion, footage, draw_look(seed), folder, WEB_CRF, tell)


def _is_tight(motion: Motion) -> bool:
    last = max(row.lap for row in motion.crossings)
    for lap, most_s in zip((last - 1, last), TIGHT_S, strict=True):
        times = [row.time_s for row in motion.crossings if row.lap == lap]
        if len(times) < len(motion.competitors) or max(times) - min(times) >= most_s:
            return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weights", default="yolo26s.pt")
    parser.add_argument("--size", type=int, default=640, help="longer side of the detector's input, pixels")
    parser.add_argument("--every", type=int, default=2, help="look at every so many pictures")
    given = parser.parse_args()
    parts = {part: np.zeros(4, np.int64) for part in PARTS}
    overlaps = {where: np.zeros((len(SHARED), 4), np.int64) for where in ("in the light", "in the dark")}
    for folder in given.folders:
        if not (folder / "video.mp4").exists():
            film_last_lap(folder, given.seed)
        told = (real if (folder / "gt.txt").exists() else simulated)(folder)
        told = [one for one in told if one.frame % given.every == 0]
        detected, dark = detect(folder / "video.mp4", given.weights, given.size, {one.frame for one in told})
        told = [one for one in told if one.frame in detected]
        told = [replace(one, part=["fade-in"] * len(one.part)) if one.frame in dark else one for one in told]
        looked = [look(one.box, detected[one.frame]) for one in told]
        for part, counts in by_part(told, looked).items():
            parts[part] += counts
        in_dark = np.array([one.frame in dark for one in told], bool)
        for where, rows in overlaps.items():
            rows += by_overlap(list(itertools.compress(looked, in_dark == (where == "in the dark"))))
    print("| situation | racers | found | overlapping pairs | as one |\n|---|---|---|---|---|")
    for part, counts in parts.items():
        print(_line(part, *counts))
    racers, in_corners = np.sum(list(parts.values()), axis=0), np.sum([parts[part] for part in CORNERS], axis=0)
    print(_line("all; pairs in corners", *racers[:2], *in_corners[2:]))
    print("\n| overlap | racers | found | pairs | as one |\n|---|---|---|---|---|")
    for where, rows in overlaps.items():
        for low, high, counts in zip((0.0, *SHARED), SHARED, rows, strict=False):
            print(_line(f"{where}, {low} to {high}", *counts))


def _line(name: str, racers: int, found: int, pairs: int, merged: int) -> str:
    share = f"{found / racers:.2f}" if racers else "-"
    as_one = f"{merged / pairs:.2f}" if pairs else "-"
    return f"| {name} | {racers} | {share} | {pairs} | {as_one} |"


if __name__ == "__main__":
    main()
