"""Fit the noise of simulated observations to rendered clips, and say how like the two are.

    python -m benchmarks.noise CLIP... [--check CLIP...] [--weights W.pt] [--out simulation/noise.json]

Each CLIP is a folder that ``shorttrack simulate`` wrote with a video. Vision watches every clip once (what it saw is
kept beside the video, in ``observations-WEIGHTS/``); the noise is fitted and then
judged: the same clips, and those of --check that it was not fitted to, are observed again without their pictures, both
ways are reconstructed and evaluated alike. Scatter of boxes' left and lower edges is told as a share of their height,
``suits`` is how often a suit's colours in one picture are most like its own. Without --weights the project's own are
used.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from race.evaluate import evaluate
from race.formats import write_race
from race.observations import Observations, read_observations, write_observations
from race.reconstruct import Given, reconstruct
from race.tables import write_detections, write_track_tables
from simulation.clip import Clip, read_clip
from simulation.fit_noise import Matched, fit_noise, hellinger, match
from simulation.noise import NOISE_FILE, Noise, default_noise, write_noise
from simulation.observe import observe_people

SEEDS = (1, 2, 3)
Scores = dict[str, Any]
COLUMNS: tuple[tuple[str, Callable[[Scores], float | None]], ...] = (
    ("recall", lambda s: s["detection"]["recall50"]),
    ("precision", lambda s: s["detection"]["precision50"]),
    ("IDF1", lambda s: s["identity"]["idf1"]),
    ("AssA", lambda s: s["identity"]["assa"]),
    ("ranks", lambda s: s["rank_accuracy"]),
    ("crossing ms", lambda s: (s["crossing_error_ms"] or {}).get("median")),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", metavar="CLIP")
    parser.add_argument("--check", type=Path, nargs="+", default=[], metavar="CLIP")
    parser.add_argument("--weights")
    parser.add_argument("--out", type=Path, default=NOISE_FILE)
    given = parser.parse_args()
    clips = [(folder, read_clip(folder), watch(folder, given.weights)) for folder in given.clips]
    noise = fit_noise([(clip, seen) for _, clip, seen in clips], default_noise())
    weights = clips[0][2].weights
    pictures = sum(len(clip.footage) for _, clip, _ in clips)
    write_noise(noise, f"How vision errs: fitted to {pictures} rendered pictures seen with {weights}.", given.out)
    print(f"{given.out}: fitted to {pictures} pictures of {len(clips)} clips, {weights}\n")
    compare([*clips, *((folder, read_clip(folder), watch(folder, given.weights)) for folder in given.check)], noise)


def watch(folder: Path, weights: str | None) -> Observations:
    """What vision sees in the clip's video; kept, since that takes the time."""
    from vision.detector import load_detector
    from vision.observe import observe
    from vision.weights import find_weights

    found = find_weights(weights)
    kept = folder / f"observations-{found.stem}"
    if not kept.exists():
        write_observations(observe(folder / "video.mp4", load_detector(found, None)), kept)
    return read_observations(kept)


def compare(clips: list[tuple[Path, Clip, Observations]], noise: Noise) -> None:
    """Print the figures of every clip as rendered and watched, and as observed without pictures."""
    names = [name for name, _ in COLUMNS] + ["left sd", "lower sd", "suits"]
    print(f"{'':34}" + "".join(f"{name:>13}" for name in names))
    sums: dict[str, list[list[float]]] = {"rendered": [], "without pictures": []}
    for folder, clip, seen in clips:
        again = [
            observe_people(
                clip.people, seen.track_shift_m, clip.footage, clip.pictured, clip.truth.scorebug, seed, noise
            )
            for seed in SEEDS
        ]
        for name, ways in (("rendered", [seen]), ("without pictures", again)):
            rows = [figures(observations, folder) + scatter(clip, observations) for observations in ways]
            mean = np.nanmean(np.array(rows, float), axis=0)
            sums[name].append(list(mean))
            print(f"{folder.name[:16]:17}{name:17}" + "".join(f"{value:13.3f}" for value in mean), flush=True)
    for name, rows in sums.items():
        mean = np.nanmean(np.array(rows), axis=0)
        print(f"{'mean':17}{name:17}" + "".join(f"{value:13.3f}" for value in mean))


def scatter(clip: Clip, observations: Observations) -> list[float]:
    """Scatter of the left and lower edges of boxes around one person each, as shares of the height; and the share of
    racers' pictures whose colours are most like their own suit's."""
    found = match(clip, observations)
    box, true = observations.detections.box, clip.pictured.box
    clear = (found.found >= 0) & ~found.merged & (clip.pictured.visibility > 0.6)
    got, there = box[found.found[clear]], true[clear]
    off = np.column_stack([got[:, 0] - there[:, 0], (got - there)[:, 1] + (got - there)[:, 3]]) / there[:, 3:]
    spread = np.subtract(*np.quantile(off, [0.84, 0.16], axis=0)) / 2
    return [float(spread[0]), float(spread[1]), _told_apart(clip, observations, found)]


def _told_apart(clip: Clip, observations: Observations, found: Matched) -> float:
    suit = observations.detections.suit
    rows: dict[int, list[Any]] = {}
    for k, person in enumerate(clip.people):
        if person.competitor is not None:
            mine = found.found[k][(found.found[k] >= 0) & ~found.merged[k]]
            rows.setdefault(person.suit, []).append(mine[np.isfinite(suit[mine, 0])])
    seen = {key: suit[np.concatenate(parts)] for key, parts in rows.items() if sum(map(len, parts))}
    looks = np.stack([colours.mean(axis=0) for colours in seen.values()])
    right = [hellinger(colours[:, None], looks[None]).argmin(axis=1) == k for k, colours in enumerate(seen.values())]
    return float(np.concatenate(right).mean())


def figures(observations: Observations, truth: Path) -> list[float]:
    """The columns' figures of the race reconstructed from ``observations``; NaN where there is none."""
    with tempfile.TemporaryDirectory() as temporary:
        run = Path(temporary)
        result = reconstruct(observations, Given())
        write_race(result.race, run / "race.json")
        write_track_tables(result, run)
        write_detections(observations.detections, run / "det.txt")
        scores = evaluate(run, truth)
    values = [read(scores) for _, read in COLUMNS]
    return [float("nan") if value is None else float(value) for value in values]


if __name__ == "__main__":
    main()
