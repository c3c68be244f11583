"""``annotated.mp4``: the video with what the run found drawn on it, in H.264 that any browser plays."""

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from race.errors import OutputError
from race.formats import read_race
from report.drawing import Overlay, read_overlay
from vision.frames import Frame, FrameReader

COPIED_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
"""Codecs that MP4 can hold; sound in any other is left out."""

BT709 = 1
"""FFmpeg's number for the colour space, primaries and transfer of BT.709."""


def annotate(
    video: Path, folder: Path, out: Path, progress: Callable[[int], None] | None = None, draw_rink: bool = False
) -> None:
    """Write ``out``: ``video`` with boxes, ranks, names and trails of the run in ``folder``, whole or not at all.

    ``draw_rink``: also the rink's lines where the camera's pose is known.

    Every picture keeps its timestamp (to the tick of the video's time base); odd sizes grow by one pixel, as H.264 in
    4:2:0 wants; sound is copied where MP4 can hold it. ``progress`` is called with the number of each picture done.

    Raises VideoError, RaceFileError or OutputError where one of the three cannot be read or written.
    """
    overlay = read_overlay(read_race(folder), folder, draw_rink)
    partial = out.with_name(out.name + ".part")
    try:
        _encode(_drawn(video, overlay, progress), video, partial)
        partial.replace(out)
    except (OSError, av.FFmpegError) as error:
        raise OutputError(f"{out}: the annotated video cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)


def _drawn(video: Path, overlay: Overlay, progress: Callable[[int], None] | None) -> Iterator[Frame]:
    for frame in FrameReader(video):
        overlay.draw(frame.image, frame.number, frame.time_s)
        yield frame
        if progress is not None:
            progress(frame.number)


def _encode(frames: Iterator[Frame], source: Path, out: Path) -> None:
    """Write ``frames`` as H.264 and the sound of ``source`` beside them, interleaved as they come."""
    first = next(frames)
    with av.open(str(source)) as original, av.open(str(out), "w", "mp4", {"movflags": "+faststart"}) as container:
        film = original.streams.video[0]
        time_base = film.time_base or Fraction(1, 90000)
        stream = _video_stream(container, film, first.image.shape[1], first.image.shape[0], time_base)
        sound = _Sound(original, container, float((film.start_time or 0) * time_base))
        last = -1
        for frame in itertools.chain([first], frames):
            sound.copy_until(frame.time_s)
            picture = _in_colours_of(film, VideoFrame.from_ndarray(_even(frame.image), format="bgr24"))
            last = max(last + 1, round(frame.time_s / time_base))
            picture.pts, picture.time_base = last, time_base
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
        sound.copy_until(float(last * time_base) + 1.0)


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
