"""Decoded pictures with their true timestamps, one at a time in constant memory.

Picture n is the n-th decoded one in presentation order, from 1, whatever part of the video is looked at. Its time comes
from the stream's timestamps (seconds from the first picture), never from a number divided by a nominal rate.
"""

import hashlib
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from race.errors import VideoError
from race.formats import Video

AHEAD = 4
"""Pictures decoded ahead of the one in use, in a thread of their own."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: ``number`` from 1, ``time_s`` from the first picture, ``image`` (H, W, 3) uint8 BGR, contiguous."""

    number: int
    time_s: float
    image: NDArray[np.uint8]


class FrameReader:
    """The pictures of a video from ``from_s`` (with it) to ``to_s`` (without it), each time it is iterated over.

    What is damaged or missing is passed over and told in ``warnings``, complete when the iteration has ended. Pictures
    before ``from_s`` are decoded and dropped, since a number after a seek would be a guess. Interlaced pictures stay as
    they are; one of another size than the first is scaled to it.

    Raises VideoError, when iterated over, where the file cannot be read as a video or has no picture in that span.
    """

    def __init__(self, path: str | Path, from_s: float | None = None, to_s: float | None = None) -> None:
        self.path = Path(path)
        self.from_s = from_s
        self.to_s = to_s
        self.warnings: list[str] = []

    def __iter__(self) -> Generator[Frame, None, None]:
        return _ahead(self._decode())

    def _decode(self) -> Generator[Frame, None, None]:
        number, end_s = 0, 0.0  # pictures decoded, and the time the last one ends
        damaged_s: list[float] = []
        yielded = False
        size: tuple[int, int] | None = None
        with open_video(self.path) as (container, stream):
            clock = Clock(_interval_s(stream))
            in_order = container.format.name == "avi"  # no presentation times: what it gives are in order of decoding
            for picture in decoded(container, stream):
                if picture is None:
                    damaged_s.append(end_s)
                    continue
                time_s = clock.time_s(_seconds(picture.dts if in_order else picture.pts, picture.time_base))
                if self.to_s is not None and time_s >= self.to_s:
                    break
                number += 1
                end_s = time_s + (_seconds(picture.duration, picture.time_base) or clock.interval_s)
                if self.from_s is None or time_s >= self.from_s:
                    size = size or (picture.width, picture.height)
                    yielded = True
                    yield Frame(number, time_s, bgr_of(picture, size))
            else:
                promised_s = _promised_s(stream)
                if promised_s is not None and end_s < promised_s - max(0.25, 3 * clock.interval_s):
                    self.warnings.append(
                        f"{self.path}: cut short or damaged: its header promises {promised_s:.2f} s, "
                        f"its pictures end at {end_s:.2f} s"
                    )
        if not number:
            raise VideoError(f"{self.path}: no picture in it can be decoded; check that the file is complete")
        if not yielded:
            raise VideoError(
                f"{self.path}: no picture between {self.from_s} and {self.to_s} s; it ends at {end_s:.2f} s"
            )
        if damaged_s:
            where = f"{len(damaged_s)} places, the first at {damaged_s[0]:.2f} s"
            self.warnings.append(f"{self.path}: damaged in {where}; pictures may be missing")


class Clock:
    """Turns a stream's timestamps into seconds from its first picture that always rise.

    A picture without a timestamp comes one interval after the one before. A picture not later than the one before comes
    half an interval after it, so that the next good timestamp is met again. A jump back by more than a second starts a
    new timeline (recordings joined end to end), which goes on one interval after the picture before.
    """

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self._shift_s: float | None = None
        self._last_s: float | None = None

    def time_s(self, stamp_s: float | None) -> float:
        following_s = 0.0 if self._last_s is None else self._last_s + self.interval_s
        time_s = following_s
        if stamp_s is not None:
            if self._shift_s is None or (self._last_s is not None and stamp_s + self._shift_s < self._last_s - 1.0):
                self._shift_s = following_s - stamp_s
            time_s = stamp_s + self._shift_s
            if self._last_s is not None and time_s <= self._last_s:
                time_s = self._last_s + self.interval_s / 2
        self._last_s = time_s
        return time_s


def probe(path: str | Path) -> Video:
    """What the video is: its hash, its size after rotation, its duration and the mean rate of its pictures.

    Pictures are counted in the container without decoding them, which takes about as long as reading the file: a
    truncated file shows what is there, not what its header promises. A damaged picture counts though it may not decode.

    Raises VideoError where it cannot be read as a video.
    """
    path = Path(path)
    with closing(iter(FrameReader(path))) as frames:
        height, width = next(frames).image.shape[:2]
    count = 0
    starts_s: list[float] = []
    end_s = 0.0
    with open_video(path) as (container, stream):
        interval_s = _interval_s(stream)
        for packet in packets_of(container, stream):
            if packet.size and not packet.is_discard:
                count += 1
                start_s = _seconds(packet.pts, packet.time_base)
                if start_s is not None:
                    starts_s.append(start_s)
                    end_s = max(end_s, start_s + (_seconds(packet.duration, packet.time_base) or interval_s))
    span_s = max(starts_s) - min(starts_s) if len(starts_s) == count else 0.0
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Video(
        path=str(path),
        sha256=sha256,
        duration_s=end_s - min(starts_s) if span_s else count * interval_s,
        fps=(count - 1) / span_s if span_s else 1 / interval_s,
        width=width,
        height=height,
        frames=count,
    )


def check_span(video: Video, from_s: float | None, to_s: float | None) -> None:
    """Raise VideoError unless ``from_s`` to ``to_s`` is a part of the video; None stands for its start and its end."""
    start_s, end_s = from_s or 0.0, video.duration_s if to_s is None else to_s
    if not 0 <= start_s < video.duration_s or not 0 <= end_s <= video.duration_s + 0.1:
        given = " ".join(f"--{name} {value:g}" for name, value in (("from", from_s), ("to", to_s)) if value is not None)
        raise VideoError(f"{video.path}: {given} lies outside the video, which goes from 0 to {video.duration_s:.2f} s")
    if end_s <= start_s:
        raise VideoError(f"{video.path}: --from {start_s:g} has to be less than --to {end_s:g}")


def _ahead(frames: Generator[Frame, None, None]) -> Generator[Frame, None, None]:
    """``frames``, decoded a few ahead in a thread, which is over when this generator is."""
    with ThreadPoolExecutor(1, thread_name_prefix="decode") as thread:
        pending: deque[Future[Frame | None]] = deque()
        thread.submit(int).result()  # starts the thread: if a signal broke into that later on, there would be two
        try:
            pending.extend(thread.submit(next, frames, None) for _ in range(AHEAD))
            while (frame := pending.popleft().result()) is not None:
                pending.append(thread.submit(next, frames, None))
                yield frame
        finally:
            for future in pending:
                future.cancel()
            thread.submit(frames.close).result()


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container and its video stream, decoding with threads. Raises VideoError where there is none."""
    if path.is_dir():
        raise VideoError(f"{path}: is a folder; name a video file in it")
    if not path.is_file():
        raise VideoError(f"{path}: no such file; check the path")
    unreadable = f"{path}: not a video that can be read; perhaps a recording or download that was never finished"
    try:
        # Playlists (HLS, concat) must not make it open anything but files.
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except PermissionError as error:
        raise VideoError(f"{path}: may not be read; check the file's permissions") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VideoError(unreadable) from error
    with container:
        kinds = sorted({stream.type for stream in container.streams})
        if not kinds:
            raise VideoError(unreadable)
        # A song's cover picture is a video stream to its container.
        streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        if not streams:
            raise VideoError(f"{path}: holds no video, only {' and '.join(kinds)}; name a file with pictures")
        stream = streams[0]
        stream.thread_type = "AUTO"
        yield container, stream


def packets_of(container: InputContainer, stream: Any) -> Iterator[Any]:
    """The stream's packets, up to where the file ends or cannot be read on."""
    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.FFmpegError):
            return


def decoded(container: InputContainer, stream: Any) -> Iterator[Any]:
    """The stream's pictures (or sounds), and None for every packet that does not decode."""
    for packet in packets_of(container, stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            yield None


def bgr_of(picture: VideoFrame, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture as BGR, scaled to ``size`` (width, height as coded) and turned as its metadata says."""
    image = picture.to_ndarray(format="bgr24", width=size[0], height=size[1])
    return np.ascontiguousarray(np.rot90(image, round(picture.rotation / 90)), dtype=np.uint8)


def _interval_s(stream: VideoStream) -> float:
    """Seconds from one picture to the next at the stream's mean rate; 1/25 where the container does not say."""
    rate = stream.average_rate or stream.guessed_rate
    return float(1 / rate) if rate else 1 / 25


def _promised_s(stream: VideoStream) -> float | None:
    """How long the header says that the video stream is."""
    seconds = _seconds(stream.duration, stream.time_base)
    if seconds is None and (text := stream.metadata.get("DURATION")):  # Matroska: 00:00:19.019000000
        hours, minutes, rest = text.split(":")
        seconds = int(hours) * 3600 + int(minutes) * 60 + float(rest)
    return seconds


def _seconds(count: int | None, time_base: Any) -> float | None:
    return None if count is None or time_base is None else float(count * time_base)
