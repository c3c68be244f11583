"""What is heard in a rink, made of numbers: shots, start tones, a bell, a whistle, a crowd, somebody who comments.

Waves are float, (N,) at a rate in Hz, of about unit size; who mixes them says how loud they are.

A blank's shot is a pulse of about a millisecond (Friedlander's wave of a blast); what a hall adds to it is louder than
the pulse a few metres on: an ice rink rings for 1 to 3 s, and longer where it is bare. A bell's partials are named hum,
prime, tierce, quint and nominal, at 0.5, 1, 1.2, 1.5 and 2 times the prime, and above; the higher the sooner they die
away. Of bells that are swung by hand the second is about three times the first.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from simulation.draws import Draws

Floats = NDArray[np.float64]

BELL = (0.5, 1.0, 1.2, 1.5, 2.0, 2.6, 3.0, 4.0)
BELL_LEVEL = (0.25, 0.5, 0.6, 0.3, 1.0, 0.4, 0.5, 0.4)
HAND_BELL = (1.0, 3.0, 4.1, 5.6)
HAND_BELL_LEVEL = (1.0, 0.7, 0.2, 0.3)
VOWELS = ((730.0, 1090.0, 2440.0), (270.0, 2290.0, 3010.0), (300.0, 870.0, 2240.0), (530.0, 1840.0, 2480.0),
          (570.0, 840.0, 2410.0), (490.0, 1350.0, 1690.0))  # fmt: skip
"""Formants of English vowels, Hz (Peterson and Barney 1952, men)."""


def hall(rate: int, draws: Draws) -> Floats:
    """An impulse response: the direct sound, a few echoes, and a tail that dies away by 60 dB in 1 to 3 s."""
    ring_s = draws.uniform(1.0, 3.0)
    count = round(min(1.2, ring_s / 2) * rate)
    time_s = np.arange(count) / rate
    tail = draws.normals(count) * np.exp(-6.9 * time_s / ring_s)
    dull = sosfilt(butter(1, 2500, fs=rate, output="sos"), tail)  # high notes die sooner
    fade = np.exp(-time_s / 0.25)
    tail = fade * tail + (1 - fade) * dull * 1.5
    tail[: round(0.004 * rate)] = 0
    out: Floats = tail * (10 ** (draws.uniform(-8, 6) / 20) / np.sqrt(np.sum(tail**2)))
    out[0] = 1.0
    for _ in range(draws.integer(2, 6)):
        out[round(draws.uniform(0.004, 0.07) * rate)] += draws.uniform(0.15, 0.6) * draws.pick([-1.0, 1.0])
    return out


def shot(rate: int, draws: Draws, room: Floats) -> Floats:
    """A starting pistol in ``room``; the first sample is the first that is heard."""
    lasts_s = draws.uniform(0.0004, 0.0012)
    time_s = np.arange(round(0.012 * rate)) / rate
    blast = (1 - time_s / lasts_s) * np.exp(-1.2 * time_s / lasts_s)
    rumble = 0.15 * draws.normals(len(time_s)) * np.exp(-time_s / 0.003)  # of gas
    return _loudest_one(fftconvolve(blast + rumble, room))


def start_tone(rate: int, draws: Draws, room: Floats) -> Floats:
    """An electronic starter's: a note rich in overtones, steady for a third of a second or so."""
    lasts_s, pitch = draws.uniform(0.2, 0.5), draws.uniform(500, 1400)
    time_s = np.arange(round((lasts_s + 0.02) * rate)) / rate
    swing = np.clip(np.minimum(time_s / 0.002, (lasts_s + 0.02 - time_s) / 0.01), 0, 1)
    note = sum(np.sin(2 * np.pi * k * pitch * time_s) / k for k in range(1, 10, 2) if k * pitch < 0.45 * rate)
    return _loudest_one(fftconvolve(note * swing, room))


def whistle(rate: int, draws: Draws, room: Floats) -> Floats:
    """A referee's, with its pea."""
    lasts_s, pitch = draws.uniform(0.4, 1.0), draws.uniform(2300, 3800)
    time_s = np.arange(round(lasts_s * rate)) / rate
    flutter = np.sin(2 * np.pi * draws.uniform(20, 35) * time_s)
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.02 * flutter)) / rate
    swing = np.clip(np.minimum(time_s / 0.03, (lasts_s - time_s) / 0.05), 0, 1) * (0.7 + 0.3 * flutter)
    return _loudest_one(fftconvolve(np.sin(phase) * swing, room))


def bell_strike(rate: int, draws: Draws) -> Floats:
    """One stroke, without a hall, of the bell that ``draws`` stands for."""
    swung = draws.chance(0.35)
    ratios, levels = (HAND_BELL, HAND_BELL_LEVEL) if swung else (BELL, BELL_LEVEL)
    prime = draws.uniform(600, 1500) if swung else draws.uniform(450, 1200)
    rings_s = draws.uniform(0.8, 3.0)  # the prime, by 60 dB
    time_s = np.arange(round(min(2.5, 1.6 * rings_s) * rate)) / rate
    out = np.zeros(len(time_s))
    for ratio, level in zip(ratios, levels, strict=True):
        hz = prime * ratio * (1 + 0.01 * draws.normal())
        size = level * 10 ** (draws.normal(0, 3) / 20)
        if hz < 0.45 * rate:
            dies = np.exp(-6.9 * time_s / (rings_s * ratio**-0.7))
            out += size * dies * np.sin(2 * np.pi * (hz * time_s + draws.uniform()))
    click = draws.normals(len(time_s)) * np.exp(-time_s / 0.0015)
    out += 0.5 * click
    out *= np.clip(time_s / 0.0005, 0, 1)
    return _loudest_one(out)


def ring(rate: int, lasts_s: float, draws: Draws, room: Floats) -> tuple[Floats, Floats]:
    """A bell struck again and again for ``lasts_s``, and when: 2 to 4.5 strokes a second, none quite like another."""
    stroke = bell_strike(rate, draws)
    every_s = 1 / draws.uniform(2.0, 4.5)
    count = max(2, round(lasts_s / every_s))
    times_s = np.cumsum(np.concatenate([[0.0], every_s * (1 + 0.1 * np.clip(draws.normals(count - 1), -2, 2))]))
    out = np.zeros(round(times_s[-1] * rate) + len(stroke) + 1)
    for time_s in times_s:
        at = round(time_s * rate)
        out[at : at + len(stroke)] += stroke * 10 ** (draws.normal(0, 2) / 20)
    return _loudest_one(fftconvolve(out, room)), times_s


def crowd(rate: int, count: int, draws: Draws) -> Floats:
    """(count,) many voices, none to be told from another, swelling and ebbing; mean square 1."""
    noise = draws.normals(count)
    low, high = draws.uniform(180, 350), draws.uniform(1800, 3500)
    voices = sosfilt(butter(1, [low, high], btype="band", fs=rate, output="sos"), noise)
    hiss = sosfilt(butter(1, 3000, btype="high", fs=rate, output="sos"), noise)
    out = voices / np.std(voices) + draws.uniform(0.03, 0.15) * hiss / np.std(hiss)
    out *= 10 ** (swell(rate, count, 2.0, 2.5, draws) / 20)
    return np.asarray(out / max(float(np.sqrt(np.mean(out**2))), 1e-9))


def swell(rate: int, count: int, every_s: float, sd: float, draws: Draws) -> Floats:
    """(count,) a slow wandering about 0, of standard deviation ``sd``."""
    knots = sd * draws.normals(round(count / rate / every_s) + 3)
    return np.interp(np.arange(count) / (every_s * rate), np.arange(len(knots)), knots)


def speech(rate: int, count: int, draws: Draws) -> Floats:
    """(count,) somebody who comments: phrases of syllables with pauses in between; mean square 1 while it speaks."""
    out, at = np.zeros(count), round(draws.uniform(0, 1.5) * rate)
    pitch = draws.uniform(95, 210)
    while at < count:
        for _ in range(draws.integer(4, 18)):
            part = _syllable(rate, pitch * (1 + 0.18 * np.clip(draws.normal(), -2, 2)), draws)
            fits = out[at : at + len(part)]
            fits += part[: len(fits)]
            at += len(part)
        at += round(draws.uniform(0.2, 2.0) * rate)
    loud = out[np.abs(out) > 1e-4]
    return out / float(np.sqrt(np.mean(loud**2))) if len(loud) else out


def _syllable(rate: int, pitch: float, draws: Draws) -> Floats:
    """A consonant, or none, and a vowel."""
    vowel = _vowel(rate, pitch, draws.uniform(0.08, 0.24), draws)
    kind = draws.uniform()
    if kind < 0.35:  # a plosive: silence, a burst
        silence = np.zeros(round(draws.uniform(0.03, 0.08) * rate))
        count = round(draws.uniform(0.006, 0.02) * rate)
        burst = draws.normals(count) * np.exp(-np.arange(count) / (0.006 * rate)) * draws.uniform(0.3, 1.2)
        return np.concatenate([silence, burst, vowel])
    if kind < 0.6:  # a fricative
        count = round(draws.uniform(0.05, 0.13) * rate)
        top = min(draws.uniform(6000, 9000), 0.45 * rate)
        band = butter(2, [min(draws.uniform(2000, 4500), 0.6 * top), top], btype="band", fs=rate, output="sos")
        hiss = sosfilt(band, draws.normals(count)) * np.hanning(count) * draws.uniform(0.3, 1.0)
        return np.concatenate([hiss, vowel])
    return vowel


def _vowel(rate: int, pitch: float, lasts_s: float, draws: Draws) -> Floats:
    count = round(lasts_s * rate)
    glide = pitch * (1 + draws.uniform(-0.15, 0.15) * np.arange(count) / count)
    phase = np.cumsum(glide / rate)
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.02 * draws.normals(count)
    wave = sosfilt(butter(1, 700, fs=rate, output="sos"), pulses)
    out = np.zeros(count)
    for hz, level in zip(draws.pick(VOWELS), (1.0, 0.7, 0.35), strict=True):
        radius = np.exp(-np.pi * 90 / rate)
        out += level * lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * hz / rate), radius**2], wave)
    time_s = np.arange(count) / rate
    rises_s = draws.uniform(0.008, 0.04)
    out *= np.clip(np.minimum(time_s / rises_s, (lasts_s - time_s) / 0.04), 0, 1)
    return np.asarray(out / max(float(np.std(out)), 1e-9) * 10 ** (draws.normal(0, 3) / 20))


def _loudest_one(wave: Floats) -> Floats:
    return np.asarray(wave / np.abs(wave).max())
