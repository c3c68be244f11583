"""What would be heard of a race that was never drawn: shots and the bell with misses, mistakes and delays.

The figures are those of ``python -m benchmarks.sound`` and of films of seeds 500 on: what ``vision.listen`` hears of
the waves of ``simulation.soundtrack``, made a little worse, since real halls are.
"""

from dataclasses import dataclass

import numpy as np

from race.formats import Sound, SoundKind
from simulation.draws import Draws
from simulation.soundtrack import Soundtrack


@dataclass(frozen=True, slots=True)
class Ears:
    """``*_missed`` are shares, ``*_false`` how many a minute, ``*_sd_s`` of times; ``echo`` is the share of shots of
    which an echo is heard in place of the shot, up to ``echo_s`` later."""

    shot_missed: float = 0.2
    tone_missed: float = 0.4
    bell_missed: float = 0.2
    shot_false: float = 0.15
    bell_false: float = 0.05
    tone_false: float = 0.15
    shot_sd_s: float = 0.002
    tone_sd_s: float = 0.01
    bell_sd_s: float = 0.15
    echo: float = 0.05
    echo_s: float = 0.08


def hear(track: Soundtrack | None, seed: int, ears: Ears | None = None) -> list[Sound] | None:
    """By time; None where the film is mute."""
    if track is None:
        return None
    ears, draws = ears or Ears(), Draws(seed, "hearing")
    missed = {"shot": ears.shot_missed, "tone": ears.tone_missed, "bell": ears.bell_missed, "whistle": 0.9}
    out: list[Sound] = []
    for noise in track.noises:
        late_s = draws.normal(0, {"bell": ears.bell_sd_s, "tone": ears.tone_sd_s}.get(noise.kind, ears.shot_sd_s))
        late_s += draws.uniform(0.01, ears.echo_s) if draws.chance(ears.echo) and noise.kind != "bell" else 0.0
        score = float(np.clip(1 - 0.3 * abs(draws.normal()), 0.1, 1))
        end_s = noise.time_s + noise.lasts_s + abs(draws.normal(0.4, 0.2))
        if draws.chance(missed[noise.kind]) or noise.time_s < 0.5:
            continue
        kind: SoundKind = "shot" if noise.kind == "whistle" else noise.kind
        out.append(_sound(kind, noise.time_s + late_s, end_s if kind == "bell" else None, score))
    a_minute: dict[SoundKind, float] = {"shot": ears.shot_false, "tone": ears.tone_false, "bell": ears.bell_false}
    for false_kind, times in a_minute.items():
        for time_s in _now_and_then(times / 60, track.lasts_s, draws):
            score, lasts_s = draws.uniform(0.1, 0.9), draws.uniform(2.0, 8.0)
            out.append(_sound(false_kind, time_s, time_s + lasts_s if false_kind == "bell" else None, score))
    return sorted(out, key=lambda sound: sound.time_s)


def _sound(kind: SoundKind, time_s: float, end_s: float | None, score: float) -> Sound:
    return Sound(
        kind=kind,
        time_s=round(time_s, 4),
        end_s=None if end_s is None else round(end_s, 2),
        time_sd_s={"shot": 0.003, "tone": 0.01, "bell": 0.08}[kind],
        score=round(score, 3),
    )


def _now_and_then(a_second: float, lasts_s: float, draws: Draws) -> list[float]:
    """Moments as they come by chance."""
    out: list[float] = []
    at = 0.0
    while True:
        at -= float(np.log1p(-draws.uniform())) / a_second
        if at >= lasts_s:
            return out
        out.append(at)
