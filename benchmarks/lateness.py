"""How late the score bug's texts are read: as rendered and watched, and without pictures.

    python -m benchmarks.lateness CLIP... [--weights W.pt]

Each CLIP is a folder that ``shorttrack simulate`` wrote with a video; what vision saw of it is kept beside, see
``benchmarks/noise.py``. Median and 90 % in seconds of the names, lap times and laps to go that come up in the clip, and
how many were never read; without pictures on ten seeds.
"""

import argparse
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.noise import watch
from race.observations import Observations
from simulation.clip import Clip, read_clip
from simulation.draws import Draws
from simulation.fit_scorebug import delays
from simulation.noise import default_noise
from simulation.reading import read

SEEDS = range(1, 11)
WHAT = {"name": "names", "lap time": "lap times", "laps": "laps to go"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", metavar="CLIP")
    parser.add_argument("--weights")
    given = parser.parse_args()
    print(f"{'':34}" + "".join(f"{name:>14}" for name in WHAT.values()) + f"{'never read':>14}")
    for folder in given.clips:
        clip, seen = read_clip(folder), watch(folder, given.weights)
        tell(f"{folder.name[:16]:17}{'rendered':17}", clip, [seen])
        tell(f"{folder.name[:16]:17}{'without pictures':17}", clip, (reread(clip, seen, seed) for seed in SEEDS))


def reread(clip: Clip, seen: Observations, seed: int) -> Observations:
    """``seen`` with the score bug as it would be read without pictures."""
    readings = read(clip.truth.scorebug, clip.footage, default_noise(), Draws(seed, "scorebug"))
    return replace(seen, scorebug=readings)


def tell(title: str, clip: Clip, ways: Iterable[Observations]) -> None:
    found = [one for seen in ways for one in delays(clip, seen)]
    cells = []
    for what in WHAT:
        late_s = [late for (kind, _, _), late, _ in found if kind == what and late is not None]
        cells.append(f"{np.median(late_s):.2f}, {np.quantile(late_s, 0.9):.2f}" if late_s else "-")
    never = sum(late is None for _, late, _ in found)
    print(title + "".join(f"{cell:>14}" for cell in cells) + f"{f'{never} of {len(found)}':>14}", flush=True)


if __name__ == "__main__":
    main()
