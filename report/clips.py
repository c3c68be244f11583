"""``clips/*.mp4``: each incident cut out of the video, with time before and after, and what the run found drawn on."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from race.errors import OutputError
from race.formats import Incident, Race, read_race
from report.drawing import Overlay, read_overlay
from report.encoding import Encoder
from vision.frames import Frame, FrameReader

FOLDER = "clips"
LEAD_S, LAG_S = 2.5, 2.0
LONGEST_S = 12.0
"""Of an incident; who lies on the ice for longer is not watched getting up."""
TRAILS_S = 1.5
"""Drawing begins so long before the clip, so that its first picture has trails."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Part of the video about one incident, times in seconds of the video."""

    incident: int
    competitors: tuple[int, ...]
    title: str
    name: str
    from_s: float
    to_s: float


def plan_clips(race: Race) -> list[Clip]:
    """One for each incident that lies in the video, in order of their beginnings."""
    clips = []
    for incident in sorted(race.incidents, key=lambda one: one.start_s):
        from_s = max(0.0, incident.start_s - LEAD_S)
        to_s = min(race.video.duration_s, min(incident.end_s, incident.start_s + LONGEST_S) + LAG_S)
        if to_s > from_s:
            name = f"{FOLDER}/{incident.id}-{incident.kind.replace('_', '-')}.mp4"
            clips.append(Clip(incident.id, tuple(incident.competitors), _title(incident), name, from_s, to_s))
    return clips


def _title(incident: Incident) -> str:
    codes = " ".join(code.code for code in incident.codes[:2])
    return " ".join(filter(None, (f"{incident.id}", incident.kind.replace("_", " "), codes)))


def write_clips(video: Path, folder: Path, progress: Callable[[float], None] | None = None) -> Race:
    """Write the clips of the run in ``folder``; returns its race with each incident's clip and that clip's times.

    ``clip_from_s`` and ``clip_to_s`` are those of its first and last picture. ``progress`` is called with the seconds
    of video gone through.

    Raises VideoError, RaceFileError or OutputError where the video, the run or the clips cannot be read or written.
    """
    race = read_race(folder)
    waiting = plan_clips(race)
    if not waiting:
        return race
    try:
        (folder / FOLDER).mkdir(exist_ok=True)
        spans = _cut(video, folder, read_overlay(race, folder), waiting, progress)
    except (OSError, av.FFmpegError) as error:
        raise OutputError(f"{folder / FOLDER}: clips cannot be written ({error.strerror or error})") from error
    names = {clip.incident: clip.name for clip in waiting}
    incidents = [
        one.model_copy(update={"clip": names[one.id], "clip_from_s": spans[one.id][0], "clip_to_s": spans[one.id][1]})
        if one.id in spans
        else one
        for one in race.incidents
    ]
    return race.model_copy(update={"incidents": incidents})


def _cut(
    video: Path, folder: Path, overlay: Overlay, clips: list[Clip], progress: Callable[[float], None] | None
) -> dict[int, tuple[float, float]]:
    """Go through the video once; first and last time of every clip that got a picture."""
    spans: dict[int, tuple[float, float]] = {}
    begin, end = min(clip.from_s for clip in clips), max(clip.to_s for clip in clips)
    with ExitStack() as stack:
        open_: dict[int, tuple[Clip, Encoder, ExitStack]] = {}
        for frame in FrameReader(video, max(0.0, begin - TRAILS_S), end + 1e-6):
            for key in [key for key, (clip, _, _) in open_.items() if frame.time_s > clip.to_s]:
                open_.pop(key)[2].close()
            if any(clip.from_s - TRAILS_S <= frame.time_s <= clip.to_s for clip in clips):
                overlay.draw(frame.image, frame.number, frame.time_s)
            for clip in clips:
                if not clip.from_s <= frame.time_s <= clip.to_s:
                    continue
                if clip.incident not in open_:
                    inner = stack.enter_context(ExitStack())
                    encoder = inner.enter_context(Encoder(video, folder / clip.name, frame.time_s))
                    open_[clip.incident] = (clip, encoder, inner)
                    spans[clip.incident] = (frame.time_s, frame.time_s)
                spans[clip.incident] = (spans[clip.incident][0], frame.time_s)
                open_[clip.incident][1].write(_marked(frame, overlay, clip))
            if progress is not None:
                progress(frame.time_s)
    return spans


def _marked(frame: Frame, overlay: Overlay, clip: Clip) -> Frame:
    """A copy with the racers it is about pointed at, the incident's number and kind, and the second of the video."""
    image = frame.image.copy()
    unit = min(image.shape[:2]) / 360
    for id_, (x, y, w, h) in overlay.boxes(frame.number).items():
        if id_ in clip.competitors:
            middle, feet = x + w / 2, y + h + 4 * unit
            tip = np.array(
                [[middle, feet], [middle - 7 * unit, feet + 10 * unit], [middle + 7 * unit, feet + 10 * unit]]
            )
            cv2.fillPoly(image, [np.round(tip).astype(np.int32)], (255, 255, 255), cv2.LINE_AA)
            cv2.polylines(image, [np.round(tip).astype(np.int32)], True, (0, 0, 0), max(1, round(unit)), cv2.LINE_AA)
    text = f"{clip.title}   {frame.time_s:.2f} s"
    scale, weight, margin = 0.45 * unit, max(1, round(unit)), round(6 * unit)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, weight)
    bottom = image.shape[0] - margin
    glass = image[bottom - height - 2 * margin : bottom, margin : width + 3 * margin]
    glass[:] = (glass * 0.3).astype(np.uint8)
    place = (2 * margin, bottom - margin)
    cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), weight, cv2.LINE_AA)
    return Frame(frame.number, frame.time_s, image)
