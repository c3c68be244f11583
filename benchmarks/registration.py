"""The camera over the rink against the truth, on films of the simulator.

    shorttrack simulate clean-500 --seed 201 --size 640x360 --fps 25 --out clips/a      # films with truth
    python -m benchmarks.registration clips/a clips/b [--weights W.pt] [--keyframes 2]

Each film is watched once with the detector (what was seen is kept in its folder as ``seen/``) and registered, by itself
and from keyframes whose points are true but for a hand's tremble of 1 pixel of 640. Printed per film: the share of
pictures and of racers' feet at level B, and the error in metres of where racers' true foot points are put on the ice.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH
from race.formats import read_race
from race.observations import Observations, read_observations, write_observations
from race.poses import Poses, no_poses
from race.rink import Rink
from vision.keyframes import marks_of, read_keyframes
from vision.registration import register

Floats = NDArray[np.float64]

LEAST_VISIBILITY = 0.3
TREMBLE_PX = 1.0
MOST_POINTS = 8
MATS = {"far-mats": [(x, 15.0) for x in range(-28, 29, 4)], "left-mats": [(-30.0, y) for y in range(-8, 9, 4)],
        "right-mats": [(30.0, y) for y in range(-8, 9, 4)]}  # fmt: skip


def watch(folder: Path, weights: str | None) -> Observations:
    """What vision sees of the film, without poses."""
    kept = folder / "seen"
    if not kept.is_dir():
        from vision.detector import load_detector
        from vision.observe import observe
        from vision.weights import find_weights

        write_observations(observe(folder / "video.mp4", load_detector(find_weights(weights), None)), kept)
    seen = read_observations(kept)
    return Observations(
        seen.video, seen.weights, seen.frames, seen.detections, seen.shots, seen.scorebug, seen.warnings, seen.lines,
        seen.edges, seen.blocks,
    )  # fmt: skip


def true_poses(folder: Path, size: tuple[int, int]) -> Poses:
    table = pl.read_parquet(folder / "truth_camera.parquet")
    rotation = table.select([f"r{i}{j}" for i in range(3) for j in range(3)]).to_numpy().reshape(-1, 3, 3)
    place, known = table.select("x_m", "y_m", "z_m").to_numpy(), np.ones(len(table))
    return Poses(size, place, rotation, table["focal_px"].to_numpy(), table["k1"].to_numpy(), 0 * known, known)


def errors(found: Poses, truth: Poses, folder: Path, frames: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Of racers' true foot points in the film's pictures: error, m, whether there was a pose, and the picture."""
    people = pl.read_parquet(folder / "truth_people.parquet").filter(
        pl.col("racing") & pl.col("foot_x").is_not_null() & (pl.col("visibility") > LEAST_VISIBILITY)
    )
    row = people["frame"].to_numpy().astype(np.int64) - 1
    inside = row < frames
    row, pixels = row[inside], people.select("foot_x", "foot_y").to_numpy().astype(np.float64)[inside]
    off = found.to_ice(row, pixels)[0] - truth.to_ice(row, pixels)[0]
    error = np.hypot(off[:, 0], off[:, 1])
    return error, np.isfinite(error).astype(float), row + 1


def keyframes(truth: Poses, shift_m: float, count: int, seed: int, path: Path) -> None:
    """Write a file of ``count`` keyframes: of equal parts of the film, the pictures that show most marks."""
    rng, marks, size = np.random.default_rng(seed), marks_of(Rink()), np.array(truth.size)
    named = [
        (name, (x + by * shift_m, y)) for name, ((x, y, _), by) in marks.items() if x is not None and y is not None
    ]
    named += [(name, xy) for name, points in MATS.items() for xy in points]
    content = []
    place = np.median(truth.position, axis=0)  # the camera that is there most
    own = np.flatnonzero(np.abs(truth.position - place).max(axis=1) < 0.5)
    for part in np.array_split(own, count):
        best: list[tuple[str, Floats]] = []
        frame = int(part[0])
        for row in part:
            seen = truth.to_pixels(int(row), [xy for _, xy in named])
            inside = ((seen > 3) & (seen < size - 3)).all(axis=1)
            points = [(name, pixel) for (name, _), pixel, ok in zip(named, seen, inside, strict=True) if ok]
            if sum(1 if name in MATS else 2 for name, _ in points) > sum(1 if name in MATS else 2 for name, _ in best):
                best, frame = points, int(row)
        chosen = sorted(rng.choice(len(best), min(MOST_POINTS, len(best)), replace=False))
        tremble = TREMBLE_PX * size[0] / WORKING_WIDTH
        points = [(best[k][0], best[k][1] + rng.normal(0, tremble, 2)) for k in chosen]
        content.append({"frame": frame + 1, "points": [{"mark": name, "pixel": xy.tolist()} for name, xy in points]})
    path.write_text(json.dumps({"size": truth.size, "keyframes": content}), encoding="utf-8")


def row_of(name: str, found: Observations, truth: Poses, folder: Path, seconds: float) -> tuple[str, Floats]:
    size, count = truth.size, len(found.frames)
    error, known, frame = errors(found.poses or no_poses(count, size), truth, folder, count)
    good = error[np.isfinite(error)]
    share = float((found.poses or no_poses(count, size)).known.mean())
    figures = "- | - | - | -"
    if len(good):
        worst = int(frame[np.nanargmax(error)])
        figures = f"{np.median(good):.2f} | {np.percentile(good, 95):.2f} | {good.max():.2f} | {worst}"
    shares = f"{100 * share:.0f} | {100 * known.mean():.0f}"
    line = f"| {folder.name} | {name} | {shares} | {figures} | {1000 * seconds / count:.0f} |"
    return line, good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path, nargs="+", help="folders that shorttrack simulate wrote")
    parser.add_argument("--weights")
    parser.add_argument("--keyframes", type=int, default=2)
    given = parser.parse_args()
    print("| film | how | pictures at B, % | feet at B, % | median m | 95 % m | largest m | picture | ms a picture |")
    print("|---|---|---|---|---|---|---|---|---|")
    pooled: dict[str, list[Floats]] = {}
    for folder in given.films:
        seen = watch(folder, given.weights)
        truth = true_poses(folder, (seen.video.width, seen.video.height))
        shift_m = read_race(folder / "truth.json").event.track_shift_m or 0.0
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / "registration.json"
            keyframes(truth, shift_m, given.keyframes, 0, path)
            by_hand = read_keyframes(path, truth.size, Rink())
        for name, points in (("itself", None), (f"{given.keyframes} keyframes", by_hand)):
            began = time.process_time()
            found = register(seen, points)
            line, good = row_of(name, found, truth, folder, time.process_time() - began)
            print(line, flush=True)
            pooled.setdefault(name, []).append(good)
    for name, parts in pooled.items():
        good = np.concatenate(parts)
        if len(good):
            print(
                f"| all | {name} | | | {np.median(good):.2f} | {np.percentile(good, 95):.2f} | {good.max():.2f} | | |"
            )


if __name__ == "__main__":
    main()
