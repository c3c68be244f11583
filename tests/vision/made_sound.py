"""Sounds made up, and videos that have them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from simulation.draws import Draws
from simulation.noises import crowd, hall, shot
from vision.sound import Audio

RATE = 32_000
Floats = NDArray[np.float64]


def in_crowd(rate: int, lasts_s: float, seed: int, level: float = 0.03) -> Floats:
    """(N,) nothing but a crowd."""
    return level * crowd(rate, round(lasts_s * rate), Draws(seed, "crowd"))


def add(wave: Floats, rate: int, at_s: float, sound: Floats, level: float) -> Floats:
    """``wave`` with ``sound`` from ``at_s`` on, its mean square over its first 50 ms being ``level`` squared."""
    out, at = wave.copy(), round(at_s * rate)
    out[at : at + len(sound)] += (sound * level / np.sqrt(np.mean(sound[: round(0.05 * rate)] ** 2)))[: len(out) - at]
    return out


def a_shot(rate: int, seed: int) -> Floats:
    draws = Draws(seed, "shot")
    return shot(rate, draws, hall(rate, draws))


def heard(wave: Floats, rate: int = RATE, start_s: float = 0.0) -> Audio:
    return Audio(np.atleast_2d(np.clip(wave, -1, 1)).astype(np.float32), rate, start_s)


def write_film(
    path: Path,
    wave: Floats,
    rate: int,
    *,
    codec: str = "aac",
    late_s: float = 0.0,
    begins_s: float = 0.0,
    gap_s: tuple[float, float] | None = None,
) -> Path:
    """Grey pictures for as long as ``wave`` (N,) or (2, N) lasts, the first of them at ``begins_s``; the sound begins
    ``late_s`` after it, and what is within ``gap_s`` (of the sound) is not there."""
    wave = np.atleast_2d(wave)
    layout = "mono" if len(wave) == 1 else "stereo"
    with av.open(str(path), "w") as container:
        film = container.add_stream("libx264", rate=25)
        film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream(codec, rate=rate, layout=layout)
        film.codec_context.time_base = Fraction(1, 1000)
        for n in range(round((late_s + wave.shape[1] / rate) * 25)):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), n % 250, np.uint8), format="bgr24")
            picture.pts, picture.time_base = round(1000 * begins_s) + 40 * n, Fraction(1, 1000)
            container.mux(film.encode(picture))
        container.mux(film.encode(None))
        kind = sound.codec_context.format.name
        size = sound.codec_context.frame_size or 1024
        to_kind = av.AudioResampler(format=kind, layout=layout, rate=rate)
        for n in range(0, wave.shape[1], size):
            if gap_s is not None and gap_s[0] <= n / rate < gap_s[1]:
                continue
            part = np.ascontiguousarray(wave[:, n : n + size], np.float32)
            frame = av.AudioFrame.from_ndarray(part, "fltp", layout)
            frame.rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = round((begins_s + late_s) * rate) + n
            for converted in to_kind.resample(frame):
                converted.pts, converted.time_base = frame.pts, frame.time_base
                container.mux(sound.encode(converted))
        container.mux(sound.encode(None))
    return path
