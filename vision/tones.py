"""An electronic starter's tone in the sound: a note with overtones that is there at once, steady, and soon over."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from vision.ringing import AROUND, HOP_S, LOWEST_HZ, spectrum
from vision.sound import Audio

Floats = NDArray[np.float64]

STEADY = range(3, 10)
BEFORE = range(-12, -3)
AFTER = range(45, 62)
"""Steps of HOP_S from where a tone begins: while it lasts, before it, and when it is over."""
NOTE_DB, RISES_DB, FALLS_DB = 8.0, 8.0, 5.0
"""A note stands out from those around it, and is louder than before and after, by so much."""
SWAYS_DB = 1.8
"""A steady note's level has a standard deviation below this; a stroke's dies away."""
LEAST_NOTES, HIGH_HZ = 2, 1000.0
"""So many above that: voices have little there that is steady."""
EVEN_DB, STEEP_DB = 17.0, 2.0
"""Notes that stand out by so much (the root of the sum of squares) are a tone as likely as not; so much more makes it
2.7 times as likely."""
APART_S = 0.4
SMOOTH_S = 0.004
"""The strongest note's loudness is taken over so long, to tell when it begins."""


@dataclass(frozen=True, slots=True)
class Tone:
    """Begins at ``time_s`` from the first picture; ``score``, 0 to 1, that it is one."""

    time_s: float
    score: float


def find_tones(audio: Audio) -> list[Tone]:
    """By time. Needs a quarter of a second before and one second after them."""
    level = spectrum(audio)
    count = len(level) - max(AFTER)
    if count <= -min(BEFORE):
        return []
    outs = level - uniform_filter1d(level, AROUND, axis=1)
    outs = np.where(outs == maximum_filter1d(outs, 5, axis=1), outs, 0.0)
    rows = np.arange(-min(BEFORE), count)
    steady = np.stack([level[rows + k] for k in STEADY])
    is_note = (
        (np.stack([outs[rows + k] for k in STEADY]).min(axis=0) > NOTE_DB)
        & (steady.std(axis=0) < SWAYS_DB)
        & (steady.mean(axis=0) - np.max([level[rows + k] for k in BEFORE], axis=0) > RISES_DB)
        & (steady.mean(axis=0) - np.mean([level[rows + k] for k in AFTER], axis=0) > FALLS_DB)
    )
    high = round((HIGH_HZ - LOWEST_HZ) * 4 * HOP_S)
    strength = np.where(is_note, np.mean([outs[rows + k] for k in STEADY], axis=0), 0.0)
    best = np.sqrt(np.sum(np.sort(strength, axis=1)[:, -4:] ** 2, axis=1))
    best[is_note[:, high:].sum(axis=1) < LEAST_NOTES] = 0.0
    found: list[Tone] = []
    while best.max(initial=0.0) > EVEN_DB - 3 * STEEP_DB:
        n = int(best.argmax())
        hz = LOWEST_HZ + float(strength[n].argmax()) / (4 * HOP_S)
        time_s = _onset_s(audio, (int(rows[n]) + 2) * HOP_S, hz)
        found.append(Tone(audio.start_s + time_s, float(1 / (1 + np.exp((EVEN_DB - best[n]) / STEEP_DB)))))
        best[np.abs(rows - rows[n]) * HOP_S < APART_S] = 0.0
    return sorted(found, key=lambda tone: tone.time_s)


def _onset_s(audio: Audio, about_s: float, hz: float) -> float:
    """When the note at ``hz`` comes up to half of what it has afterwards, seconds from the first sample."""
    first = max(0, round((about_s - 0.12) * audio.rate))
    part = audio.samples[:, first : first + round(0.3 * audio.rate)]
    turned = part * np.exp(-2j * np.pi * hz * np.arange(part.shape[1]) / audio.rate)
    size = max(1, round(SMOOTH_S * audio.rate))
    loud = np.abs(uniform_filter1d(turned.real, size, axis=1) + 1j * uniform_filter1d(turned.imag, size, axis=1))
    loud = loud.max(axis=0)
    steady = float(np.median(loud[round(0.6 * len(loud)) :]))
    return (first + float(np.argmax(loud > steady / 2))) / audio.rate
