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
    """``from_s`` is the time of the race, from the gun, at which the video begins.

    ``crf`` is the constant rate factor of H.264; ``softness`` that of ``Look``, None as drawn.
    """

    scenario: str
    seed: int
    camera: Style
    layout: Layout
    from_s: float
    duration_s: float
    size: tuple[int, int] = (640, 360)
    fps: float = 25.0
    crf: int = WEB_CRF
    softness: float | None = None


SAMPLES = {
    "ladies-500-last-laps": Sample("ladies-500-final", 1, "broadcast", "boxes", 26.35, 24.0),
    "mens-500-final": Sample("shanghai-2019-mens-500-final", 1, "broadcast", "bar", -2.0, 46.0),
    "relay-exchange": Sample("relay-3000", 29, "broadcast", "column", 245.0, 12.0),
    "ladies-1000-fixed": Sample("ladies-1000", 1, "fixed", "boxes", 68.5, 16.0, size=(1280, 720)),
    "hard-1500-handheld": Sample("mens-1500", 1, "handheld", "clock", 129.5, 10.0, crf=36, softness=1.3),
}


def make(name: str, folder: Path) -> None:
    sample = SAMPLES[name]
    motion = simulate_race(read_scenario(sample.scenario), sample.seed)
    footage = direct(motion, sample.camera, sample.fps, sample.size, sample.seed, from_s=sample.from_s)
    footage = _first(footage, round(sample.duration_s * sample.fps))
    look = replace(draw_look(sample.seed), layout=sample.layout)
    if sample.softness is not None:
        look = replace(look, softness=sample.softness)

    def tell(done: int, count: int) -> None:
        print(f"\r{name}: {done} of {count} pictures", end="", file=sys.stderr)

    record(motion, footage, look, folder / name, sample.crf, tell)
    print(file=sys.stderr)


def _first(footage: Footage, count: int) -> Footage:
    """The first ``count`` pictures."""
    takes = tuple(replace(take, last=min(take.last, count)) for take in footage.takes if take.first <= count)
    arrays = ("time_s", "race_time_s", "position", "rotation", "focal_px", "k1")
    return replace(footage, takes=takes, **{name: getattr(footage, name)[:count] for name in arrays})


if __name__ == "__main__":
    for chosen in sys.argv[1:] or SAMPLES:
        make(chosen, Path(__file__).parent)
