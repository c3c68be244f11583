"""Short shots of the main camera with truth, each of a race, a hall and a moment that its seed alone draws.

    python -m benchmarks.short_films OUT SEED... [--seconds 9] [--size 640x360] [--fps 25]
    python -m benchmarks.registration OUT/*

For measuring the registration on seeds nobody has looked at: nothing about a film is chosen but its seed.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simulation.camera import direct
from simulation.pictures.film import draw_look
from simulation.pictures.record import WEB_CRF, record
from simulation.race import simulate_race
from simulation.scenario import read_scenario

SCENARIOS = (
    "clean-500", "clean-1000", "clean-1500", "ladies-500-final", "ladies-1000", "mens-1500",
    "shanghai-2019-mens-500-final", "clean-relay-2000", "relay-3000", "mixed-relay-final",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Film:
    seconds: float
    size: tuple[int, int]
    fps: float

    def make(self, seed: int, out: Path) -> Path:
        """Write the film of ``seed`` into a folder of its own in ``out``."""
        rng = np.random.default_rng((seed, 27644437))
        scenario = SCENARIOS[int(rng.integers(len(SCENARIOS)))]
        motion = simulate_race(read_scenario(scenario), seed)
        finish_s = min(row.race_time_s for row in motion.finish if row.race_time_s is not None)
        from_s = float(rng.uniform(-1.0, finish_s - 0.5 * self.seconds))
        to_s = from_s + self.seconds
        footage = direct(motion, "broadcast", self.fps, self.size, seed, from_s=from_s, to_s=to_s)
        folder = out / f"{scenario}-{seed}"

        def tell(done: int, count: int) -> None:
            print(f"\r{folder.name}: {done} of {count} pictures", end="", file=sys.stderr)

        record(motion, footage, draw_look(seed), folder, WEB_CRF, tell)
        print(file=sys.stderr)
        return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("seeds", type=int, nargs="+", metavar="SEED")
    parser.add_argument("--seconds", type=float, default=9.0)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=float, default=25.0)
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    film = Film(given.seconds, (width, height), given.fps)
    for seed in given.seeds:
        print(film.make(seed, given.out))


if __name__ == "__main__":
    main()
