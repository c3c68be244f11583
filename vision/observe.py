"""One pass over the video, everything that pixels are needed for; and one over its sound."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH, Edges, join_edges
from race.formats import Shot
from race.observations import DESCRIPTOR, Blocks, Detections, Frames, Lines, Observations
from vision.appearance import describe
from vision.blocks import join_blocks, see_blocks
from vision.camera_motion import CameraMotion
from vision.detector import Detector, FrameDetections
from vision.edges import find_edges
from vision.finish_line import Line, find_lines
from vision.frames import Frame, FrameReader, probe
from vision.keyframes import Keyframes
from vision.listen import listen
from vision.registration import register
from vision.scorebug import ScorebugReader
from vision.shots import ShotDetector
from vision.stretches import SURE_PERSON

BATCH = 4
"""Pictures given to the detector at once; no more, so that memory stays flat at 1080p."""
JOIN_EVERY = 100
"""Pictures after which detections are joined: thousands of small arrays between the large ones that come and go with
every picture would keep the memory of those from being used again (0.3 MB a picture)."""

Progress = Callable[[Frame], None]


def observe(
    path: Path,
    detector: Detector,
    from_s: float | None = None,
    to_s: float | None = None,
    by_hand: Keyframes | None = None,
    progress: Progress = lambda frame: None,
) -> Observations:
    """Watch the video at ``path`` from ``from_s`` to ``to_s``, seconds, and say what was seen.

    The camera is registered from points set ``by_hand`` where they are given. ``progress`` is called with every
    picture. Raises VideoError where the video cannot be used, RaceFileError where those points fit no camera.
    """
    video = probe(path)
    scale = max(1.0, video.width / WORKING_WIDTH)
    reader = FrameReader(path, from_s, to_s)
    shots, camera, scorebug = ShotDetector(), CameraMotion(), ScorebugReader()
    numbers, times, motions, qualities = [], [], [], []
    rows: list[Detections] = []
    lines: list[tuple[int, Line]] = []
    edges: list[Edges] = []
    blocks: list[Blocks] = []
    for frame, found in watched(reader, detector):
        scorebug.update(frame.number, frame.time_s, frame.image)
        image = reduced(frame.image)
        bug = scorebug.graphics_mask((image.shape[1], image.shape[0]))
        people = found.box[found.score >= SURE_PERSON] / scale
        motion, quality = camera.update(image, people, bug)
        graphics = camera.graphics(bug, image.shape[:2])
        edges.append(find_edges(frame.number, image, people, graphics))
        edges = [join_edges(edges)] if len(edges) >= JOIN_EVERY else edges
        blocks.append(see_blocks(frame.number, found.block / scale, found.block_score, people, graphics))
        shots.update(frame.number, frame.time_s, image)
        lines += [(frame.number, line) for line in find_lines(image, people)]
        rows = _with(rows, _detections(frame, found))
        numbers.append(frame.number)
        times.append(frame.time_s)
        motions.append(motion)
        qualities.append(quality)
        progress(frame)
    found_shots = shots.finish()
    motion_px = np.array(motions).reshape(-1, 3, 3) * np.array([[1, 1, scale]] * 2 + [[1 / scale, 1 / scale, 1]])
    frames = Frames(np.array(numbers, np.int32), np.array(times), motion_px, np.array(qualities))
    spots = join_blocks(blocks)
    seen = Observations(
        video=video,
        weights=detector.weights.name,
        frames=_without_cuts(frames, found_shots),
        detections=_joined(rows),
        shots=found_shots,
        scorebug=scorebug.finish(),
        warnings=list(reader.warnings),
        lines=Lines(
            frame=np.array([number for number, _ in lines], np.int32),
            top=scale * np.array([(line.x_top, line.y_top) for _, line in lines]).reshape(-1, 2),
            bottom=scale * np.array([(line.x_bottom, line.y_bottom) for _, line in lines]).reshape(-1, 2),
            strength=np.array([line.strength for _, line in lines]),
        ),
        edges=join_edges(edges),
        blocks=replace(spots, box=scale * spots.box),
        sounds=listen(path, from_s, to_s),
    )
    return register(seen, by_hand)


def reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``image`` (H, W, 3) at WORKING_WIDTH if it is wider: once for all who look at it, since to reduce large pictures
    takes the time. First by halves, four pixels into one, which is quickest."""
    height, width = image.shape[:2]
    while width >= 2 * WORKING_WIDTH:
        width, height = width // 2, height // 2
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if width > WORKING_WIDTH:
        size = WORKING_WIDTH, max(1, round(height * WORKING_WIDTH / width))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return image


def find_people(
    path: Path,
    detector: Detector,
    from_s: float | None = None,
    to_s: float | None = None,
    progress: Progress = lambda frame: None,
) -> tuple[Detections, list[str]]:
    """Only the people in the video at ``path``, and warnings. Raises VideoError where the video cannot be used."""
    reader = FrameReader(path, from_s, to_s)
    rows: list[Detections] = []
    for frame, found in watched(reader, detector):
        rows = _with(rows, _detections(frame, found))
        progress(frame)
    return _joined(rows), list(reader.warnings)


def _with(rows: list[Detections], row: Detections) -> list[Detections]:
    """``rows`` and ``row``, joined into one now and then (JOIN_EVERY)."""
    rows = [*rows, row]
    return [_joined(rows)] if len(rows) >= JOIN_EVERY else rows


def watched(frames: Iterable[Frame], detector: Detector) -> Iterator[tuple[Frame, FrameDetections]]:
    """Each picture with the people in it; those of the next pictures are looked for while the caller is at these."""
    with ThreadPoolExecutor(1) as beside:
        started: deque[tuple[list[Frame], Future[list[FrameDetections]]]] = deque()
        for batch in _batches(frames, BATCH):
            started.append((batch, beside.submit(detector.detect, [frame.image for frame in batch])))
            if len(started) > 1:
                yield from _done(*started.popleft())
        for batch, found in started:
            yield from _done(batch, found)


def _done(batch: list[Frame], found: Future[list[FrameDetections]]) -> Iterator[tuple[Frame, FrameDetections]]:
    return zip(batch, found.result(), strict=True)


def _batches(frames: Iterable[Frame], size: int) -> Iterator[list[Frame]]:
    iterator = iter(frames)
    while batch := list(islice(iterator, size)):
        yield batch


def _detections(frame: Frame, found: FrameDetections) -> Detections:
    n = len(found.box)
    suit, helmet_colour = describe(frame.image, found.box, found.helmet)
    return Detections(
        frame=np.full(n, frame.number, np.int32),
        box=found.box,
        score=found.score,
        helmet=found.helmet,
        foot=np.full((n, 2), np.nan),
        foot_sd=np.full(n, np.nan),
        suit=suit,
        helmet_colour=helmet_colour,
    )


def _joined(rows: list[Detections]) -> Detections:
    def column(name: str, width: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.concatenate([np.empty((0, *width)), *(getattr(row, name) for row in rows)])

    return Detections(
        frame=np.concatenate([np.empty(0, np.int32), *(row.frame for row in rows)]),
        box=column("box", (4,)),
        score=column("score", ()),
        helmet=column("helmet", (4,)),
        foot=column("foot", (2,)),
        foot_sd=column("foot_sd", ()),
        suit=column("suit", (DESCRIPTOR,)),
        helmet_colour=column("helmet_colour", (DESCRIPTOR,)),
    )


def _without_cuts(frames: Frames, shots: list[Shot]) -> Frames:
    """``frames`` with the camera's motion unknown where a shot begins: there is none over a cut."""
    begins = np.isin(frames.number, [shot.start_frame for shot in shots if shot.start_frame is not None])
    motion, quality = frames.motion.copy(), frames.motion_quality.copy()
    motion[begins], quality[begins] = np.nan, np.nan
    return Frames(frames.number, frames.time_s, motion, quality)
