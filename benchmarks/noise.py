"""Fit the noise of simulated observations to rendered clips, and say how like the two are.

    python -m benchmarks.noise CLIP... [--weights W.pt] [--out simulation/noise.json]

Each CLIP is a folder that ``shorttrack simulate`` wrote with a video. Vision watches every clip once (what it saw is
kept beside the video, in ``observations-WEIGHTS/``); the noise is fitted and then
judged: the same clip is observed again without its pictures, both ways are reconstructed and evaluated alike. Boxes'
scatter is told as a share of their height. Without --weights the project's own are used.
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
from simulation.fit_noise import fit_boxes, fit_noise, match
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
    parser.add_argument("--weights")
    parser.add_argument("--out", type=Path, default=NOISE_FILE)
    given = parser.parse_args()
    clips = [(folder, read_clip(folder), watch(folder, given.weights)) for folder in given.clips]
    noise = fit_noise([(clip, seen) for _, clip, seen in clips], default_noise())
    weights = clips[0][2].weights
    pictures = sum(len(clip.footage) for _, clip, _ in clips)
    write_noise(noise, f"How vision errs: fitted to {pictures} rendered pictures seen with {weights}.", given.out)
    print(f"{given.out}: fitted to {pictures} pictures of {len(clips)} clips, {weights}\n")
    compare(clips, noise)


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
    print(f"{'':34}" + "".join(f"{name:>13}" for name in [name for name, _ in COLUMNS] + ["box x sd", "box h sd"]))
    sums: dict[str, list[list[float]]] = {"rendered": [], "without pictures": []}
    for folder, clip, seen in clips:
        again = [
            observe_people(
                clip.people, seen.track_shift_m, clip.footage, clip.pictured, clip.truth.scorebug, seed, noise
            )
            for seed in SEEDS
        ]
        for name, ways in (("rendered", [seen]), ("without pictures", again)):
            rows = [figures(observations, folder) + box_noise(clip, observations) for observations in ways]
            mean = np.nanmean(np.array(rows, float), axis=0)
            sums[name].append(list(mean))
            print(f"{folder.name[:16]:17}{name:17}" + "".join(f"{value:13.3f}" for value in mean), flush=True)
    for name, rows in sums.items():
        mean = np.nanmean(np.array(rows), axis=0)
        print(f"{'mean':17}{name:17}" + "".join(f"{value:13.3f}" for value in mean))


def box_noise(clip: Clip, observations: Observations) -> list[float]:
    """Scatter of the left edge and of the height of boxes around one person each, as shares of the height."""
    x, _, _, height = fit_boxes([(clip, observations, match(clip, observations))])["jitter"]
    return [float(x), float(height)]


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
