"""Write a filmed race: ``video.mp4`` with its sound, and what is truly in it as the files of ``simulation.write``."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np

from race.formats import Race, Video
from simulation.camera import Footage, Style, direct
from simulation.figure import Pictured
from simulation.motion import RATE_HZ, Motion
from simulation.pictures import scorebug
from simulation.pictures.dubbing import Dubbing
from simulation.pictures.film import Look, draw_look, film
from simulation.pictures.visible import Seen
from simulation.race import simulate_race
from simulation.scenario import Scenario
from simulation.soundtrack import plan_sound, wave_of
from simulation.write import true_race, write_truth

Copy = Literal["broadcast", "web"]
BROADCAST_CRF, WEB_CRF = 20, 28
"""Constant rate factors of H.264: what a broadcaster and what a web site leaves of the pictures."""


def simulate_video(
    scenario: Scenario,
    seed: int,
    style: Style,
    fps: float,
    size: tuple[int, int],
    copy: Copy,
    interlaced: bool,
    folder: Path,
    progress: Callable[[int, int], None],
) -> Race:
    """Simulate and film a race into ``folder``: what ``shorttrack simulate`` does.

    ``progress`` hears how many pictures are done, and of how many. Raises ScenarioError if the scenario cannot be had.
    """
    motion = simulate_race(scenario, seed)
    footage = direct(motion, style, fps, size, seed)
    look = replace(draw_look(seed), interlaced=interlaced)
    return record(motion, footage, look, folder, {"broadcast": BROADCAST_CRF, "web": WEB_CRF}[copy], progress)


def record(
    motion: Motion,
    footage: Footage,
    look: Look,
    folder: Path,
    crf: int,
    progress: Callable[[int, int], None],
) -> Race:
    """Film ``motion`` and write video and truth into ``folder``, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "video.mp4"
    seen: list[Seen] = []
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        rate = Fraction(footage.fps).limit_denominator(1001)
        stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "fast"})
        stream.width, stream.height = footage.size
        stream.pix_fmt = "yuv420p"
        track = plan_sound(motion, footage, look.seed)
        sound = None if track is None else Dubbing(container, wave_of(track))
        for filmed in film(motion, footage, look):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(filmed.picture, format="bgr24")))
            if sound is not None:
                sound.up_to((filmed.index + 1) / footage.fps)
            seen.append(_without_pictures(filmed.seen))
            progress(filmed.index + 1, len(footage))
        container.mux(stream.encode())
        if sound is not None:
            sound.end()
    shown = scorebug.readings(motion, footage, look.layout)
    race = true_race(motion, footage, shown, _video(path, footage))
    write_truth(motion, footage, _pictured(motion, footage, seen), race, folder)
    return race


def _video(path: Path, footage: Footage) -> Video:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Video(
        path=path.name,
        sha256=sha256,
        duration_s=len(footage) / footage.fps,
        fps=footage.fps,
        width=footage.size[0],
        height=footage.size[1],
        frames=len(footage),
    )


def _without_pictures(seen: Seen) -> Seen:
    """The rows alone: what is known of every pixel takes two megabytes a picture, and nobody asks for it again."""
    return replace(seen, people=np.empty((0, 0), np.int16), velocity=np.empty((0, 0, 2), np.float32))


def _pictured(motion: Motion, footage: Footage, seen: list[Seen]) -> Pictured:
    column = np.rint((footage.race_time_s - motion.time_s[0]) * RATE_HZ).astype(np.int64)
    return Pictured(
        column=np.clip(column, 0, len(motion.time_s) - 1),
        box=np.stack([one.box for one in seen], axis=1),
        helmet=np.stack([one.helmet for one in seen], axis=1),
        foot=np.stack([one.foot for one in seen], axis=1),
        visibility=np.stack([one.visibility for one in seen], axis=1),
        depth=np.stack([one.depth for one in seen], axis=1),
    )
