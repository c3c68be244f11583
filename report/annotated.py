"""``annotated.mp4``: the video with what the run found drawn on it, in H.264 that any browser plays."""

import itertools
from collections.abc import Callable
from pathlib import Path

import av

from race.errors import OutputError
from race.formats import read_race
from report.drawing import read_overlay
from report.encoding import Encoder
from vision.frames import FrameReader


def annotate(
    video: Path, folder: Path, out: Path, progress: Callable[[int], None] | None = None, draw_rink: bool = False
) -> None:
    """Write ``out``: ``video`` with boxes, ranks, names and trails of the run in ``folder``, whole or not at all; of a
    video of several races only that race's part.

    ``draw_rink``: also the rink's lines where the camera's pose is known.

    Every picture keeps its timestamp, sound is kept where MP4 can hold it. ``progress`` is called with the number of
    each picture done.

    Raises VideoError, RaceFileError or OutputError where one of the three cannot be read or written.
    """
    race = read_race(folder)
    overlay = read_overlay(race, folder, draw_rink)
    partial = out.with_name(out.name + ".part")
    try:
        frames = iter(FrameReader(video, race.video.from_s, race.video.to_s))
        first = next(frames)
        with Encoder(video, partial, first.time_s if race.video.from_s else 0.0) as encoder:
            for frame in itertools.chain([first], frames):
                overlay.draw(frame.image, frame.number, frame.time_s)
                encoder.write(frame)
                if progress is not None:
                    progress(frame.number)
        partial.replace(out)
    except (OSError, av.FFmpegError) as error:
        raise OutputError(f"{out}: the annotated video cannot be written ({error.strerror or error})") from error
    finally:
        partial.unlink(missing_ok=True)
