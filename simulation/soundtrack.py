"""The sound of a simulated film: what is heard when, and the wave that it makes.

Sound goes on while a film shows a replay. Everything is drawn from a stream of its own, so that a race is the same with
sound and without, and the same seed sounds the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulation.camera import Footage
from simulation.draws import Draws
from simulation.motion import Motion
from simulation.noises import crowd, hall, ring, shot, speech, start_tone, swell, whistle

Floats = NDArray[np.float64]

RATE = 32_000
HAS_SOUND = {"broadcast": 0.95, "handheld": 0.9, "fixed": 0.75, "corner": 0.75}
"""Of films; cameras that stand and watch are often mute."""
SOUND_MPS = 337.0
"""At 10 degrees, in a hall with ice."""
PART_S = 30.0
"""The wave is made in parts so long."""

Kind = Literal["shot", "tone", "whistle", "bell"]


@dataclass(frozen=True, slots=True)
class Noise:
    """Heard at ``time_s`` after the first picture; ``decibels`` over the crowd; a bell is rung for ``lasts_s``."""

    kind: Kind
    time_s: float
    decibels: float
    lasts_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """What is heard of a race for ``lasts_s``; ``talks`` is by how many decibels a commentator is over the crowd, None
    where nobody comments. Before ``begins_s`` and around starts people are quiet."""

    seed: int
    lasts_s: float
    noises: tuple[Noise, ...]
    talks: float | None
    hushed: tuple[tuple[float, float], ...]
    level: float


def style_of(footage: Footage) -> str:
    """By the cameras: a broadcast has a main one."""
    cameras = {take.camera for take in footage.takes}
    if cameras & {"main", "close_up"}:
        return "broadcast"
    return next(iter(cameras & {"fixed", "handheld"}), "corner")


def plan_sound(motion: Motion, footage: Footage, seed: int) -> Soundtrack | None:
    """What the film of ``motion`` sounds like; None where it is mute."""
    style, draws = style_of(footage), Draws(seed, "sound")
    start_s, lasts_s = footage.race_start_s, len(footage) / footage.fps
    if not draws.chance(HAS_SOUND[style]):
        return None
    # broadcasters hang microphones over the ice, everybody else has one in the camera
    way_m = draws.uniform(2, 20) if style == "broadcast" else draws.uniform(10, 30)
    late_s = way_m / SOUND_MPS + draws.normal(0, 0.015)
    starter: Kind = "tone" if draws.chance(0.2) else "shot"
    loud = draws.uniform(14, 32)
    calls: Kind = "shot" if draws.chance(0.6) else "whistle"
    noises = [Noise(starter, start_s + gun_s + late_s, loud) for gun_s in motion.guns]
    called: Kind = starter if calls == "shot" else calls
    noises += [Noise(called, start_s + whistle_s + late_s, loud) for whistle_s in motion.whistle_s]
    noises += _bell(motion, start_s, draws)
    hushed = tuple((start_s + gun_s - draws.uniform(1.5, 4.0), start_s + gun_s) for gun_s in motion.guns)
    talks = draws.uniform(2, 12) if style == "broadcast" and draws.chance(0.85) else None
    heard = tuple(noise for noise in noises if -noise.lasts_s < noise.time_s < lasts_s)
    return Soundtrack(seed, lasts_s, heard, talks, hushed, 10 ** (draws.uniform(-38, -24) / 20))


def _bell(motion: Motion, start_s: float, draws: Draws) -> list[Noise]:
    """From when the leader comes to the last lap until the last of them has begun it, or nearly."""
    last = max((row.lap or 0 for row in motion.crossings), default=0) - 1
    times = [row.time_s for row in motion.crossings if row.lap == last and row.time_s is not None]
    before_s, after_s, most_s = draws.uniform(-0.3, 3.0), draws.uniform(-1.0, 2.0), draws.uniform(5, 10)
    loud = draws.uniform(-4, 10)
    if not times:
        return []
    lasts_s = float(np.clip(max(times) - min(times) + before_s + after_s, 2.5, most_s))
    return [Noise("bell", start_s + min(times) - before_s, loud, lasts_s)]


def wave_of(track: Soundtrack) -> Iterator[Floats]:
    """The wave in parts, (N,) each, -1 to 1, as long as the film in all."""
    draws = Draws(track.seed, "sound", "wave")
    room = hall(RATE, draws)
    events = [(round(noise.time_s * RATE), _sound(noise, draws, room)) for noise in track.noises]
    count = round(track.lasts_s * RATE)
    for first in range(0, count, round(PART_S * RATE)):
        part = min(round(PART_S * RATE), count - first)
        time_s = (first + np.arange(part)) / RATE
        loud = np.ones(part)
        for from_s, to_s in track.hushed:
            quiet = np.clip(np.minimum(time_s - from_s + 1.0, to_s + 1.0 - time_s), 0, 1)
            loud *= 1 - 0.75 * quiet
        wave = loud * crowd(RATE, part, draws)
        if track.talks is not None:
            says = speech(RATE, part, draws)
            wave += loud * 10 ** ((track.talks + swell(RATE, part, 3.0, 2.0, draws)) / 20) * says
        for at, sound in events:
            low, high = max(at, first), min(at + len(sound), first + part)
            if low < high:
                wave[low - first : high - first] += sound[low - at : high - at]
        yield np.tanh(track.level * wave)


def _sound(noise: Noise, draws: Draws, room: Floats) -> Floats:
    """``noise`` as loud as it is, over a crowd of mean square 1."""
    if noise.kind == "bell":
        wave, _ = ring(RATE, noise.lasts_s, draws, room)
        return wave * (10 ** (noise.decibels / 20) / float(np.sqrt(np.mean(wave[: 2 * RATE] ** 2))))
    make = {"shot": shot, "tone": start_tone, "whistle": whistle}[noise.kind]
    wave = make(RATE, draws, room)
    return wave * (10 ** (noise.decibels / 20) / float(np.sqrt(np.mean(wave[: RATE // 20] ** 2))))
