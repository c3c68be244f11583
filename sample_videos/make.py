"""Make the sample videos again: ``python -m sample_videos.make [NAME]`` from the top of the repository."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from simulation.camera import Footage, Style, direct
from simulation.pictures.film import draw_look
from simulation.pictures.record import WEB_CRF, record
from simulation.pictures.scorebug import Layout
from simulation.race import simulate_race
from simulation.scenario import read_scenario


@dataclass(frozen=True, slots=True)
class Sample:
    """``before_finish_s``: how long before the winner is home the video begins; None: with the whole race."""

    scenario: str
    seed: int
    camera: Style
    size: tuple[int, int]
    fps: float
    layout: Layout
    before_finish_s: float | None
    duration_s: float | None


SAMPLES = {
    "ladies-500-last-laps": Sample("ladies-500-final", 1, "broadcast", (640, 360), 25.0, "boxes", 18.5, 24.0),
}


def make(name: str, folder: Path) -> None:
    sample = SAMPLES[name]
    motion = simulate_race(read_scenario(sample.scenario), sample.seed)
    begin = None
    if sample.before_finish_s is not None:
        begin = min(row.time_s for row in motion.finish if row.time_s is not None) - sample.before_finish_s
    footage = direct(motion, sample.camera, sample.fps, sample.size, sample.seed, from_s=begin)
    if sample.duration_s is not None:
        footage = _first(footage, round(sample.duration_s * sample.fps))
    look = replace(draw_look(sample.seed), layout=sample.layout)

    def tell(done: int, count: int) -> None:
        print(f"\r{name}: {done} of {count} pictures", end="", file=sys.stderr)

    record(motion, footage, look, folder / name, WEB_CRF, tell)
    print(file=sys.stderr)


def _first(footage: Footage, count: int) -> Footage:
    """The first ``count`` pictures."""
    takes = tuple(replace(take, last=min(take.last, count)) for take in footage.takes if take.first <= count)
    arrays = ("time_s", "race_time_s", "position", "rotation", "focal_px", "k1")
    return replace(footage, takes=takes, **{name: getattr(footage, name)[:count] for name in arrays})


if __name__ == "__main__":
    for chosen in sys.argv[1:] or SAMPLES:
        make(chosen, Path(__file__).parent)
