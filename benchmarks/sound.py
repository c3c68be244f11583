"""Shots, start tones and bells heard in simulated sound, how late and how many that were none, by how loud they are.

    python -m benchmarks.sound --seeds 9001-9040

Every scene is twenty seconds of a crowd, with somebody who comments or without; a shot's or tone's loudness is that of
its first 50 ms, a bell's of its first two seconds, in decibels over the crowd's.
"""

import argparse
from functools import partial

import numpy as np
from numpy.typing import NDArray

from simulation.draws import Draws
from simulation.noises import crowd, hall, ring, shot, speech, start_tone
from vision.bangs import find_bangs
from vision.ringing import find_ringing
from vision.sound import Audio
from vision.tones import find_tones

RATE, LASTS_S = 32_000, 24.0
STARTS = {"shot": shot, "tone": start_tone}
TALKS = (None, 6.0, 12.0)
LEVELS = {"shot": (6, 10, 15, 20, 30), "tone": (10, 15, 20), "bell": (6, 0, -6, -10)}
Floats = NDArray[np.float64]


def scene(seed: int, kind: str, decibels: float, talks: float | None) -> tuple[Audio, float, float]:
    """The sound, and from when to when the shot or the bell is in it."""
    draws = Draws(seed, "scene", kind)
    count = round(LASTS_S * RATE)
    wave, room = crowd(RATE, count, draws), hall(RATE, draws)
    if talks is not None:
        wave += 10 ** (talks / 20) * speech(RATE, count, draws)
    if kind in STARTS:
        sound, lasts_s, measured = STARTS[kind](RATE, draws, room), 0.0, RATE // 20
    else:
        sound, strokes_s = ring(RATE, draws.uniform(3, 8), draws, room)
        lasts_s, measured = float(strokes_s[-1]), 2 * RATE
    at = round(draws.uniform(4, 12) * RATE)
    sound = sound * 10 ** (decibels / 20) / float(np.sqrt(np.mean(sound[:measured] ** 2)))
    wave[at : at + len(sound)] += sound[: count - at]
    return Audio(np.tanh(0.05 * wave)[None].astype(np.float32), RATE, 0.0), at / RATE, at / RATE + lasts_s


def hear_starts(kind: str, seeds: range, decibels: float, talks: float | None) -> tuple[float, Floats, float]:
    """The share found, errors in ms, and how many false ones a minute."""
    late: list[float] = []
    false = 0
    for seed in seeds:
        audio, at_s, _ = scene(seed, kind, decibels, talks)
        heard = find_bangs(audio) if kind == "shot" else find_tones(audio)
        found = [bang for bang in heard if bang.score >= 0.5]
        near = [bang for bang in found if abs(bang.time_s - at_s) < 0.12]
        late += [1000 * (bang.time_s - at_s) for bang in near[:1]]
        false += len(found) - len(near)
    return len(late) / len(seeds), np.array(late), 60 * false / (LASTS_S * len(seeds))


def hear_bells(seeds: range, decibels: float, talks: float | None) -> tuple[float, Floats, float]:
    """As ``hear_starts``, of a bell's first stroke."""
    late: list[float] = []
    false = 0
    for seed in seeds:
        audio, from_s, to_s = scene(seed, "bell", decibels, talks)
        found = [bell for bell in find_ringing(audio) if bell.score >= 0.5]
        near = [bell for bell in found if bell.start_s < to_s and bell.end_s > from_s]
        late += [1000 * (bell.start_s - from_s) for bell in near[:1]]
        false += len(found) - len(near)
    return len(late) / len(seeds), np.array(late), 60 * false / (LASTS_S * len(seeds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="9001-9020", help="first-last")
    first, last = map(int, parser.parse_args().seeds.split("-"))
    seeds = range(first, last + 1)
    print(f"{'':6}{'over the crowd':>15}{'who comments':>14}{'found':>8}{'median':>9}{'95 %':>9}{'false/min':>11}")
    for kind, levels in LEVELS.items():
        for decibels in levels:
            for talks in TALKS:
                listen = hear_bells if kind == "bell" else partial(hear_starts, kind)
                share, late, false = listen(seeds, decibels, talks)
                middle, most = (np.median(late), np.quantile(np.abs(late), 0.95)) if len(late) else (np.nan, np.nan)
                voice = "nobody" if talks is None else f"{talks:+.0f} dB"
                print(
                    f"{kind:6}{decibels:>+12} dB{voice:>14}{share:>8.0%}{middle:>6.0f} ms{most:>6.0f} ms{false:>11.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
