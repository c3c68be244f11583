"""Shots in the sound: sudden, louder than all before in nearly every band at once, and dying away.

A vowel has little above 4 kHz, a fricative little below 1 kHz, and a plosive's burst is followed by a louder vowel; a
shot is over in a few milliseconds, and what is heard after it is the hall, which rings on. Drums are shots, too, but
never come alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from vision.sound import Audio

Floats = NDArray[np.float64]

HOP_S = 0.005
LOWEST_HZ, HIGHEST_HZ, PER_OCTAVE = 250.0, 8000.0, 2
FLOOR_DB = -75.0
"""Of full scale: nothing is quieter, so that nothing is loud after digital silence that is not loud."""
PEAK = range(4)
BEFORE = range(-6, -1)
SOON = range(6, 11)
LATE = range(12, 40)
"""Steps of HOP_S from where a shot is: its peak, just before it, the hall soon after it and later."""
PAST_S, USUAL_LOUD, EVERY = 2.0, 90, 10
"""What it is louder than: the level reached for a tenth of the time in so long before it."""
LEAST_PAST_S = 0.4
MOST_BANDS = 0.25
"""A quarter of the bands may say less: somebody speaks in these."""
LOUDER_DB, SUDDEN_DB, FALLS_DB = 3.5, 4.0, 2.0
"""Over what was before; over what was just before, in half of the bands; from the peak to later."""
EVEN_DB, STEEP_DB = 6.5, 1.2
"""Louder by so much it is a shot as likely as not; so much more makes it 2.7 times as likely."""
APART_S, ECHO_S = 0.25, 0.1
"""Echoes of a shot come sooner, and those that may be louder sooner still."""
DRUMS, DRUMS_S, AS_LOUD_DB = 3, 2.5, 4.0
"""So many others as sudden, within so long of it and about as loud: it is music, or somebody hammers."""
ONSET = 0.3
"""Of the peak, where a shot begins."""


@dataclass(frozen=True, slots=True)
class Bang:
    """At ``time_s`` from the first picture; ``score``, 0 to 1, that it is a shot."""

    time_s: float
    score: float


def find_bangs(audio: Audio) -> list[Bang]:
    """By time. Needs PAST_S before and half a second after them."""
    level, hop = bands_of(audio)
    if len(level) <= max(LATE):
        return []
    louder, sudden, falls, rings = _told(level)
    is_hit = (sudden > SUDDEN_DB) & (falls > FALLS_DB)
    is_bang = is_hit & (louder > LOUDER_DB) & (rings > 0)
    is_bang[: round(LEAST_PAST_S / HOP_S)] = False
    peak = np.median(level, axis=1)
    hits = _apart(np.flatnonzero(is_hit), peak)
    found: list[Bang] = []
    for k in _apart(np.flatnonzero(is_bang), louder):
        as_loud = (peak[hits] > peak[k] - AS_LOUD_DB) & (np.abs(hits - k) * HOP_S <= DRUMS_S)
        if int(np.sum(as_loud & (np.abs(hits - k) * HOP_S > APART_S))) >= DRUMS:
            continue
        time_s = audio.start_s + _onset(audio, (k + 1) * hop) / audio.rate
        found.append(Bang(time_s, float(1 / (1 + np.exp((EVEN_DB - louder[k]) / STEEP_DB)))))
    return sorted(found, key=lambda bang: bang.time_s)


def _apart(rows: NDArray[np.intp], height: Floats) -> NDArray[np.intp]:
    """The highest of ``rows``, none within APART_S of another."""
    kept: list[int] = []
    for k in rows[np.argsort(-height[rows], kind="stable")]:
        if all(abs(int(k) - other) * HOP_S >= APART_S for other in kept):
            kept.append(int(k))
    return np.array(kept, np.intp)


def bands_of(audio: Audio) -> tuple[Floats, int]:
    """(T, B) level in bands of half an octave, dB of full scale, every ``hop`` samples; row k's middle is
    ``(k + 1) * hop`` samples in."""
    hop = max(1, round(HOP_S * audio.rate))
    size = 2 * hop
    top_hz = min(HIGHEST_HZ, 0.45 * audio.rate)
    if audio.samples.shape[1] < size or top_hz < 2 * LOWEST_HZ:
        return np.empty((0, 1)), hop
    edges_hz = LOWEST_HZ * 2 ** (np.arange(int(np.log2(top_hz / LOWEST_HZ) * PER_OCTAVE + 1e-6) + 1) / PER_OCTAVE)
    edges = np.unique(np.maximum(np.round(edges_hz * size / audio.rate).astype(int), 1))
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    power = np.zeros((1, len(edges) - 1))
    for channel in audio.samples:  # their power is added up, since sounds of opposite signs would cancel out
        sharper = np.diff(channel, prepend=channel[:1])  # without what does not sound
        lines = np.abs(np.fft.rfft(sliding_window_view(sharper, size)[::hop] * window, axis=1)) ** 2
        power = power + np.add.reduceat(lines[:, : edges[-1]], edges[:-1], axis=1)
    scale = 2 / (float(np.sum(window**2)) * size * len(audio.samples))
    return np.asarray(10 * np.log10(power * scale + 10 ** (FLOOR_DB / 10))), hop


def _told(level: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """For each row of ``level`` (T, B), dB: how much louder than before, than just before, than later; and how much
    louder than before it is soon after, for the hall rings. NaN where too little was before."""
    power = 10 ** (level / 10)
    peak = np.max([_later(level, k) for k in PEAK], axis=0)
    just_before = np.max([_later(level, k) for k in BEFORE], axis=0)
    soon = 10 * np.log10(np.mean([_later(power, k) for k in SOON], axis=0))
    late = 10 * np.log10(np.mean([_later(power, k) for k in LATE], axis=0))
    before = _usual_loud(level)
    return (
        np.quantile(peak - before, MOST_BANDS, axis=1),
        np.quantile(peak - just_before, 0.5, axis=1),
        np.quantile(peak - late, MOST_BANDS, axis=1),
        np.quantile(soon - before, MOST_BANDS, axis=1),
    )


def _usual_loud(level: Floats) -> Floats:
    """(T, B) the level that was reached for a tenth of the time before, worked out every EVERY steps."""
    count = round(PAST_S / HOP_S)
    rows = [level[max(0, k - count) : max(k, 1)] for k in range(0, len(level), EVERY)]
    loud = np.array([np.percentile(row, USUAL_LOUD, axis=0) for row in rows])
    return np.asarray(loud[np.maximum(np.arange(len(level)) - 3, 0) // EVERY])


def _later(rows: Floats, k: int) -> Floats:
    """Row t is row t + k, those at the ends again and again."""
    return rows[np.clip(np.arange(len(rows)) + k, 0, len(rows) - 1)]


def _onset(audio: Audio, middle: int) -> float:
    """The sample at which the bang around ``middle``, or what it echoes, first comes up to a part of its peak."""
    echo, after, before = (round(span_s * audio.rate) for span_s in (ECHO_S, 4 * HOP_S, 8 * HOP_S))
    first = max(0, middle - echo)
    wave = np.abs(np.diff(audio.samples[:, first : middle + after], axis=1)).max(axis=0)  # sharper than the sound
    usual = np.abs(np.diff(audio.samples[:, max(0, first - before) : first + 1], axis=1)).max(axis=0, initial=0.0)
    quiet = float(np.percentile(usual, 99)) if len(usual) else 0.0
    return first + float(np.argmax(wave >= quiet + ONSET * max(float(wave.max()) - quiet, 0.0)))
