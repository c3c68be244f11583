"""A bell in the sound: high notes that keep their pitch for seconds.

Voices glide, and music moves on to other notes; a bell that is struck again and again has the same partials from its
first stroke to its last. What sounds all the time (fans, pumps, mains) is taken off first. Music that holds high notes
is taken for a bell.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from vision.sound import Audio

Floats = NDArray[np.float64]

HOP_S = 0.016
"""Rows of the spectrum are so far apart and four times as long: notes 31 Hz apart are two."""
LOWEST_HZ, HIGHEST_HZ = 350.0, 6000.0
AROUND = 31
"""Lines of the spectrum that a note is compared with."""
WINDOW_S, STEP_S = 3.0, 0.5
NOTE_DB, LEAST_NOTES, MOST_NOTES = 3.0, 2, 8
"""A note stands out by so much on the average of a window; a bell has two at the least."""
ALWAYS = 0.25
"""What stands out by so much for three quarters of the time is no bell."""
HIGH_HZ = 900.0
"""Held notes of music are mostly lower; a bell has partials above."""
EVEN_DB, STEEP_DB = 11.0, 1.5
"""High notes that stand out by so much (the root of the sum of squares) are a bell as likely as not; so much more makes
it 2.7 times as likely."""
FADES = 0.45
"""It rings where its notes stand out by this share of what they do at their best ..."""
PAUSE_S = 0.8
"""... but for moments."""
SHORTEST_S, LONGEST_S = 2.0, 25.0


@dataclass(frozen=True, slots=True)
class Ringing:
    """From the first stroke to the last, seconds from the first picture; ``score``, 0 to 1, that it is a bell."""

    start_s: float
    end_s: float
    score: float


def find_ringing(audio: Audio) -> list[Ringing]:
    """By time."""
    level = spectrum(audio)
    count, step = round(WINDOW_S / HOP_S), round(STEP_S / HOP_S)
    if len(level) < count:
        return []
    outs = np.clip(level - uniform_filter1d(level, AROUND, axis=1), 0, 20)
    total = np.concatenate([np.zeros((1, level.shape[1])), np.cumsum(outs, axis=0)])
    first = np.arange(0, len(level) - count + 1, step)
    stands_out = (total[first + count] - total[first]) / count  # (windows, lines)
    usual = np.quantile(stands_out, ALWAYS, axis=0)
    stands_out -= usual
    is_note = (stands_out == maximum_filter1d(stands_out, 7, axis=1)) & (stands_out >= NOTE_DB)
    high = np.where(is_note, stands_out, 0.0)[:, round((HIGH_HZ - LOWEST_HZ) * 4 * HOP_S) :]
    best = np.sqrt(np.sum(np.sort(high, axis=1)[:, -MOST_NOTES:] ** 2, axis=1))
    best[is_note.sum(axis=1) < LEAST_NOTES] = 0.0
    found: list[Ringing] = []
    free = np.ones(len(level), bool)
    while best.max(initial=0.0) > EVEN_DB - 3 * STEEP_DB:
        window = int(best.argmax())
        notes = np.flatnonzero(is_note[window])
        notes = notes[np.argsort(-stands_out[window, notes])[:MOST_NOTES]]
        middle = first[window] + count // 2
        begin, end = _span((outs[:, notes] - usual[notes]).mean(axis=1), middle, free)
        score = float(1 / (1 + np.exp((EVEN_DB - best[window]) / STEEP_DB)))
        lasts_s = (end - begin) * HOP_S
        if SHORTEST_S <= lasts_s <= LONGEST_S:
            rows_s = audio.start_s + 2 * HOP_S  # a row's middle
            found.append(Ringing(rows_s + begin * HOP_S, rows_s + end * HOP_S, score))
        free[begin:end] = False
        best[(first + count > begin) & (first < end)] = 0.0
        best[window] = 0.0
    return sorted(found, key=lambda one: one.start_s)


def spectrum(audio: Audio) -> Floats:
    """(T, K) level in lines from LOWEST_HZ to HIGHEST_HZ, dB, every HOP_S."""
    hop = max(1, round(HOP_S * audio.rate))
    size = 4 * hop
    low, high = (round(hz * size / audio.rate) for hz in (LOWEST_HZ, min(HIGHEST_HZ, 0.45 * audio.rate)))
    if audio.samples.shape[1] < size or high - low < AROUND:
        return np.empty((0, 1))
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    power = np.zeros((1, high - low))
    for channel in audio.samples:
        lines = np.fft.rfft(sliding_window_view(channel, size)[::hop] * window, axis=1)[:, low:high]
        power = power + lines.real**2 + lines.imag**2
    return np.asarray(10 * np.log10(power / size + 1e-10))


def _span(stands_out: Floats, middle: int, free: NDArray[np.bool_]) -> tuple[int, int]:
    """The rows around ``middle`` in which notes stand out (T,)."""
    smooth = uniform_filter1d(stands_out, round(0.2 / HOP_S))
    around = smooth[max(0, middle - 60) : middle + 60]
    rings = (smooth > FADES * float(np.quantile(around, 0.7))) & free
    rows = np.flatnonzero(rings)
    if not len(rows):
        return middle, middle + 1
    groups = np.split(rows, np.flatnonzero(np.diff(rows) > PAUSE_S / HOP_S) + 1)
    group = min(groups, key=lambda one: max(one[0] - middle, middle - one[-1]))
    return int(group[0]), int(group[-1]) + 1
