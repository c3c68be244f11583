"""The sound of a video in a stream, with the time at which each part of it is heard.

Times come from the stream's timestamps and count from the first picture, as those of pictures do.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from vision.frames import decoded, open_video

JOINED_S = 0.05
"""Timestamps this far from where the sound before ended go on from there: containers round them to milliseconds."""
BACK_S = 1.0
"""A timestamp further back than this begins another timeline: recordings joined end to end."""


@dataclass(frozen=True, slots=True)
class Audio:
    """``samples`` (C, N) float32, one channel or two, about -1 to 1; the first is heard ``start_s`` after picture 1."""

    samples: NDArray[np.float32]
    rate: int
    start_s: float

    @property
    def end_s(self) -> float:
        return float(self.start_s + self.samples.shape[1] / self.rate)


def sound_of(path: str | Path, from_s: float | None = None, to_s: float | None = None) -> Iterator[Audio]:
    """The sound heard from ``from_s`` to ``to_s``, as it comes, in parts of a packet each; none where there is none.

    What does not decode is left out. Of more than two channels there are two, mixed.

    Raises VideoError where the file cannot be read as a video.
    """
    path = Path(path)
    with open_video(path) as (container, stream):
        times_s = (picture.time for picture in decoded(container, stream) if picture is not None)
        # AVI has no presentation times, and both its streams begin at once
        first_s = 0.0 if container.format.name == "avi" else next(times_s, None) or 0.0
    with open_video(path) as (container, _):
        if not container.streams.audio:
            return
        shift_s, end_s = -first_s, None
        to_float = _ToFloat()
        for sound in decoded(container, container.streams.audio[0]):
            if sound is None or not sound.sample_rate:
                continue
            start_s = (end_s or 0.0) if sound.time is None else sound.time + shift_s
            if end_s is not None and start_s < end_s - BACK_S:
                shift_s += end_s - start_s
                start_s = end_s
            end_s = start_s + sound.samples / sound.sample_rate
            if from_s is not None and end_s <= from_s:
                continue
            if to_s is not None and start_s >= to_s:
                return
            samples = to_float(sound)
            if samples is not None and samples.shape[1]:
                yield Audio(samples, sound.sample_rate, start_s)


class _ToFloat:
    """Turns what decoders give, whole numbers or not, channels apart or in turns, into float32 (C, N)."""

    def __init__(self) -> None:
        self._kind: tuple[object, ...] = ()
        self._resampler = av.AudioResampler()

    def __call__(self, sound: AudioFrame) -> NDArray[np.float32] | None:
        kind = sound.format.name, sound.layout.name, sound.sample_rate
        if kind != self._kind:  # it may change within a file
            layout = "mono" if sound.layout.nb_channels == 1 else "stereo"
            self._kind, self._resampler = kind, av.AudioResampler(format="fltp", layout=layout)
        parts: list[NDArray[np.float32]] = []
        with suppress(av.FFmpegError, ValueError):
            parts = [np.asarray(part.to_ndarray(), np.float32) for part in self._resampler.resample(sound)]
        return np.nan_to_num(np.concatenate(parts, axis=1)) if parts else None


def stretches(parts: Iterator[Audio], least_s: float, around_s: float) -> Iterator[tuple[Audio, float, float]]:
    """``parts`` without a gap joined to stretches of ``least_s`` and more, each with ``around_s`` before and after it.

    With each stretch: from when to when it is the one to look at, so that no moment is looked at twice.
    """
    held: list[Audio] = []
    core_s = -np.inf

    def joined() -> Audio:
        lengths = np.cumsum([0, *(part.samples.shape[1] for part in held)])
        # where each of them says that the stretch begins
        begins_s = [part.start_s - n / part.rate for part, n in zip(held, lengths, strict=False)]
        return Audio(np.concatenate([part.samples for part in held], axis=1), held[0].rate, float(np.median(begins_s)))

    for part in parts:
        if held:
            before = held[-1]
            alike = before.rate == part.rate and len(before.samples) == len(part.samples)
            if not alike or abs(part.start_s - before.end_s) > JOINED_S:
                yield joined(), core_s, np.inf
                held, core_s = [], -np.inf
        held.append(part)
        if part.end_s - held[0].start_s >= least_s + 2 * around_s:
            until_s = part.end_s - around_s
            yield joined(), core_s, until_s
            core_s = until_s
            while held[0].end_s < until_s - around_s:
                held.pop(0)
    if held:
        yield joined(), core_s, np.inf
