"""Pictures as H.264 that any browser plays, with the sound of the video they come from."""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from vision.frames import Frame

COPIED_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
"""Codecs that MP4 can hold; sound in any other is left out."""

BT709 = 1
"""FFmpeg's number for the colour space, primaries and transfer of BT.709."""


class Encoder:
    """Writes pictures of ``source`` to the MP4 file ``out`` as they come, a context that ends the file.

    The file's time 0 is ``from_s`` of the source; every picture keeps its timestamp (to the tick of the source's time
    base), odd sizes grow by one pixel, as H.264 in 4:2:0 wants, and sound is copied where MP4 can hold it.

    Raises OSError or av.FFmpegError where ``out`` cannot be written.
    """

    def __init__(self, source: Path, out: Path, from_s: float = 0.0) -> None:
        self._from_s = from_s
        self._open = ExitStack()
        with ExitStack() as opening:
            self._original = opening.enter_context(av.open(str(source)))
            self._container = opening.enter_context(av.open(str(out), "w", "mp4", {"movflags": "+faststart"}))
            self._film = self._original.streams.video[0]
            self._time_base = self._film.time_base or Fraction(1, 90000)
            begins_s = float((self._film.start_time or 0) * self._time_base) + from_s
            self._stream: VideoStream | None = None
            self._begins_s = begins_s
            self._open = opening.pop_all()
        self._last = -1

    def __enter__(self) -> Self:
        return self

    def write(self, frame: Frame) -> None:
        """The next picture."""
        if self._stream is None:
            height, width = frame.image.shape[:2]
            self._stream = _video_stream(self._container, self._film, width, height, self._time_base)
            self._sound = _Sound(self._original, self._container, self._begins_s)
        time_s = frame.time_s - self._from_s
        self._sound.copy_until(time_s)
        picture = _in_colours_of(self._film, VideoFrame.from_ndarray(_even(frame.image), format="bgr24"))
        self._last = max(self._last + 1, round(time_s / self._time_base))
        picture.pts, picture.time_base = self._last, self._time_base
        self._container.mux(self._stream.encode(picture))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._open:
            if kind is None and self._stream is not None:
                self._container.mux(self._stream.encode(None))
                self._sound.copy_until(float(self._last * self._time_base) + self._goes_on_s)

    @property
    def _goes_on_s(self) -> float:
        """How much sound follows the last picture: what the whole video has, or as long as that picture is shown."""
        rate = self._film.average_rate
        return 1.0 if self._from_s == 0 else (float(1 / rate) if rate else 0.04)


def _video_stream(
    container: OutputContainer, film: VideoStream, width: int, height: int, time_base: Fraction
) -> VideoStream:
    options = {"preset": "veryfast", "crf": "21"}
    stream = container.add_stream("libx264", film.average_rate or 25, options)
    stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
    stream.codec_context.time_base = stream.time_base = time_base
    if film.codec_context.colorspace == BT709:
        stream.codec_context.colorspace = BT709
        stream.codec_context.color_primaries = stream.codec_context.color_trc = BT709
    shape = film.sample_aspect_ratio
    if shape and (film.width, film.height) == (width, height):  # pixels that are not square, in a picture not turned
        stream.codec_context.sample_aspect_ratio = shape
    return stream


def _in_colours_of(film: VideoStream, picture: VideoFrame) -> VideoFrame:
    """As YUV of BT.709 where the source says it is that (most HD), so that colours stay as they were."""
    if film.codec_context.colorspace != BT709:
        return picture
    picture = picture.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
    picture.colorspace = BT709
    return picture


def _even(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return image


class _Sound:
    """Copies the packets of the first sound stream, where there is one that MP4 can hold, as far as they are wanted."""

    def __init__(self, original: InputContainer, container: OutputContainer, start_s: float) -> None:
        streams = [stream for stream in original.streams.audio if stream.codec_context.name in COPIED_SOUND]
        self._packets = _timed(original.demux(streams[0]) if streams else iter(()))
        self._stream = container.add_stream_from_template(streams[0]) if streams else None
        self._container = container
        self._start_s = start_s
        self._waiting: tuple[float, Packet[AudioStream]] | None = None

    def copy_until(self, time_s: float) -> None:
        """Copy what is heard up to ``time_s`` after the first picture; what comes before that picture is dropped."""
        while (timed := self._waiting or next(self._packets, None)) is not None:
            heard_s, packet = timed
            if heard_s - self._start_s > time_s:
                self._waiting = timed
                return
            self._waiting = None
            if heard_s >= self._start_s and self._stream is not None and packet.pts is not None:
                shift = round(self._start_s / packet.time_base)
                packet.dts = packet.pts = packet.pts - shift
                packet.stream = self._stream
                self._container.mux(packet)


def _timed(packets: "Iterator[Packet[AudioStream]]") -> "Iterator[tuple[float, Packet[AudioStream]]]":
    """Packets of sound with the second they are heard at, up to where the file ends or is damaged."""
    try:
        for packet in packets:
            if packet.pts is not None:
                yield float(packet.pts * packet.time_base), packet
    except av.FFmpegError:
        return
