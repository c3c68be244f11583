"""The score bug, read while the video runs by: found by itself, on any layout, and read again only where it changed.

Lines of text are looked for where graphics stand still under a moving camera, now and then in the whole picture.
A line is read only once it has stood still for a moment, twice or until two readings agree, and again when its pixels
change; a line that reads as a clock is read several times a second. What was read is put together at the end, when
all readings of a line are known.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading
from vision.ocr import Box, Image, TextLine, crop_box, find_text, read_lines, read_text
from vision.scorebug_layout import Layout, parse_clock, read_layout
from vision.scorebug_overlay import WORK_WIDTH, StaticOverlay

LOOK_EVERY_S = 0.09
REGIONS_EVERY_S = 0.4
WHOLE_EVERY_S = 3.0
WHOLE_EVERY_WITHOUT_CLOCK_S = 1.0
CLOCK_EVERY_S = 0.35
STILL_FOR_S = 0.14
READ_AGAIN_S = 0.2
READINGS = 4
SAME_LOOK = 0.85
SAME_PIXELS = 0.99
LEAST_SCORE = 0.6
SURE_SCORE = 0.97
GONE_AFTER_S = 0.6
STILL_WIDTH = 960


@dataclass(frozen=True, slots=True, order=True)
class _Event:
    """From ``time_s`` on, line ``line`` says ``text``; None: it is gone."""

    time_s: float
    number: int
    line: int
    text: str | None = field(compare=False)
    score: float = field(compare=False)
    box: Box = field(compare=False)


@dataclass(slots=True)
class _Line:
    """A line of text on the screen, while it is there."""

    id: int
    box: Box
    look: Image  # grey pixels as they were when this look began
    before: Image  # grey pixels of the picture before
    look_time_s: float
    look_number: int
    unchanged_time_s: float  # since when the pixels are the very same
    unchanged_number: int
    seen_s: float  # when text was last read here, or the line found
    votes: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    read_s: float = -1.0
    reported: str | None = None
    is_clock: bool = False

    @property
    def readings(self) -> int:
        return sum(map(len, self.votes.values()))

    def settled(self) -> bool:
        return self.readings >= READINGS or any(
            len(scores) >= 2 or scores[0] >= SURE_SCORE for text, scores in self.votes.items() if text
        )


class ScorebugReader:
    """Reads the score bug of one video. Feed it every picture in order; ``finish`` gives what was read.

    ``find`` finds lines of text in a picture, ``read`` reads crops of one line each (as ``vision.ocr`` does).
    """

    def __init__(
        self,
        *,
        find: Callable[[Image], NDArray[np.float64]] = find_text,
        read: Callable[[list[Image]], list[tuple[str, float]]] = read_lines,
    ) -> None:
        self._find, self._read = find, read
        self._overlay = StaticOverlay()
        self._lines: list[_Line] = []
        self._events: list[_Event] = []
        self._next_id = 0
        self._looked_s = self._regions_s = -1e9
        self._whole_s: float | None = None
        self._size: tuple[int, int] | None = None
        self._last: tuple[int, float] = (0, 0.0)

    @property
    def graphics_mask(self) -> NDArray[np.bool_] | None:
        """(H, W), True where graphics lie over the picture as far as known by now; None while nothing is known."""
        if self._size is None:
            return None
        width, height = self._size
        mask = cv2.resize(self._overlay.mask, (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
        for line in self._lines:
            if line.reported is not None:
                x, y, w, h = (round(value) for value in line.box)
                mask[max(0, y - h // 4) : y + h + h // 4, max(0, x - h // 4) : x + w + h // 4] = True
        return mask if mask.any() else None

    def update(self, number: int, time_s: float, image: Image) -> None:
        """Look at picture ``number`` (from 1), (H, W, 3) BGR, shown at ``time_s``."""
        self._last = (number, time_s)
        height, width = image.shape[:2]
        scale = min(1.0, WORK_WIDTH / width)
        if time_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = time_s
            self._size = (width, height)
            grey = cv2.cvtColor(image if scale == 1.0 else _resized(image, scale), cv2.COLOR_BGR2GRAY)
            self._overlay.update(grey)
        self._follow(number, time_s, image)
        self._search(number, time_s, image, scale)
        self._read_due(number, time_s, image)

    def finish(self) -> list[ScorebugReading]:
        """All that was read, in time order: a reading for every change and for every reading of the clock."""
        number, time_s = self._last
        for line in list(self._lines):
            self._report(line)
        return _readings(self._events)

    def _follow(self, number: int, time_s: float, image: Image) -> None:
        """See which lines changed, and drop those that are gone or never stood still."""
        kept = []
        for line in self._lines:
            now = _grey_inside(image, line.box)
            if _likeness(now, line.before) < SAME_PIXELS:
                line.unchanged_time_s, line.unchanged_number = time_s, number
            line.before = now
            if not line.is_clock and _likeness(now, line.look) < SAME_LOOK:
                self._report(line)
                if line.reported is not None:
                    self._events.append(_Event(time_s, number, line.id, None, 0.0, line.box))
                    line.reported = None
                line.look, line.look_time_s, line.look_number = now, time_s, number
                line.votes.clear()
                line.read_s = -1.0
            gone = time_s - line.seen_s > GONE_AFTER_S
            if gone and line.is_clock:
                if line.reported is not None:
                    self._events.append(_Event(line.look_time_s, line.look_number, line.id, None, 0.0, line.box))
            elif not gone or line.reported is not None:
                kept.append(line)
        self._lines = kept

    def _search(self, number: int, time_s: float, image: Image, scale: float) -> None:
        """Look for lines of text that are not known yet."""
        if self._whole_s is None:
            self._whole_s = time_s + STILL_FOR_S - WHOLE_EVERY_WITHOUT_CLOCK_S
        has_clock = any(line.is_clock for line in self._lines)
        if time_s - self._whole_s >= (WHOLE_EVERY_S if has_clock else WHOLE_EVERY_WITHOUT_CLOCK_S):
            self._whole_s = self._regions_s = time_s
            found = self._find(_resized(image, scale)) / scale
        elif time_s - self._regions_s >= REGIONS_EVERY_S:
            self._regions_s = time_s
            found = self._find_in_regions(image, scale)
        else:
            return
        for box in found:
            self._note(number, time_s, image, (float(box[0]), float(box[1]), float(box[2]), float(box[3])))

    def _find_in_regions(self, image: Image, scale: float) -> NDArray[np.float64]:
        """Lines of text around the graphics and the lines known already, (N, 4)."""
        height, width = image.shape[:2]
        near = np.zeros((round(height * scale), round(width * scale)), np.uint8)
        boxes = [tuple(value / scale for value in region) for region in self._overlay.regions()]
        boxes += [line.box for line in self._lines if line.reported is not None]
        for x, y, w, h in boxes:
            pad = max(8.0, 1.5 * min(h, height / 20) * scale)
            top, bottom = max(0, round(y * scale - pad)), round((y + h) * scale + pad)
            near[top:bottom, max(0, round(x * scale - pad)) : round((x + w) * scale + pad)] = 1
        if near.mean() > 0.5:
            return np.empty((0, 4))
        found = []
        count, _, stats, _ = cv2.connectedComponentsWithStats(near)
        for x, y, w, h, _ in stats[1:count]:
            part = crop_box(image, (x / scale, y / scale, w / scale, h / scale))
            boxes_here = self._find(_resized(part, scale)) / scale
            boxes_here[:, 0] += int(x / scale)
            boxes_here[:, 1] += int(y / scale)
            found.append(boxes_here)
        return np.concatenate(found) if found else np.empty((0, 4))

    def _note(self, number: int, time_s: float, image: Image, box: Box) -> None:
        """Keep ``box`` as a line unless there is one; a clock that has grown a digit gets its new box."""
        for line in self._lines:
            if _overlap(line.box, box) > 0.5:
                if line.is_clock and box[2] > 1.2 * line.box[2] and _overlap(box, line.box) > 0.3:
                    line.box = box
                    line.look = line.before = _grey_inside(image, box)
                return
        look = _grey_inside(image, box)
        self._lines.append(_Line(self._next_id, box, look, look, time_s, number, time_s, number, time_s))
        self._next_id += 1

    def _read_due(self, number: int, time_s: float, image: Image) -> None:
        due = [line for line in self._lines if self._is_due(line, time_s)]
        if not due:
            return
        for line, (text, score) in zip(due, self._read([_crop_to_read(image, line.box) for line in due]), strict=True):
            line.read_s = time_s
            text = text if score >= LEAST_SCORE else ""
            if text:
                line.seen_s = time_s
            clock_s = parse_clock(text)
            if line.is_clock:
                if clock_s is not None:
                    line.look_time_s, line.look_number = time_s, number
                    self._events.append(
                        _Event(line.unchanged_time_s, line.unchanged_number, line.id, text, score, line.box)
                    )
                    line.reported = text
                continue
            line.votes[text].append(score)
            if clock_s is not None and not text.lower().startswith("lap"):
                line.is_clock = True
                self._events.append(_Event(time_s, number, line.id, text, score, line.box))
                line.reported = text
            elif line.settled():
                self._report(line)

    def _is_due(self, line: _Line, time_s: float) -> bool:
        if line.is_clock:
            return time_s - line.read_s >= CLOCK_EVERY_S
        return not line.settled() and time_s - line.look_time_s >= STILL_FOR_S and time_s - line.read_s >= READ_AGAIN_S

    def _report(self, line: _Line) -> None:
        """Say what ``line`` says, where its readings agree."""
        if line.is_clock or line.reported is not None or not line.settled():
            return
        text, scores = max(line.votes.items(), key=lambda vote: sum(vote[1]))
        if text:
            line.reported = text
            self._events.append(
                _Event(line.look_time_s, line.look_number, line.id, text, sum(scores) / len(scores), line.box)
            )


def read_still(image: Image) -> ScorebugReading:
    """What the score bug in a single picture (H, W, 3) BGR shows; that it stands still cannot be seen there."""
    scale = min(1.0, STILL_WIDTH / image.shape[1])
    boxes = find_text(_resized(image, scale)) / scale
    texts = read_lines([_crop_to_read(image, (box[0], box[1], box[2], box[3])) for box in boxes])
    lines = [
        TextLine(text, score, (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
        for box, (text, score) in zip(boxes, texts, strict=True)
        if text and score >= LEAST_SCORE
    ]
    return _reading(0.0, None, read_layout(lines))


def _readings(events: list[_Event]) -> list[ScorebugReading]:
    """Play ``events`` in time order and write down every change of what the screen says."""
    shown: dict[int, TextLine] = {}
    readings: list[ScorebugReading] = []
    events = sorted(events)
    clock_line = None
    for index, event in enumerate(events):
        if event.text is None:
            shown.pop(event.line, None)
        else:
            shown[event.line] = TextLine(event.text, event.score, event.box)
        if index + 1 < len(events) and events[index + 1].time_s == event.time_s:
            continue
        lines = list(shown.values())
        reading = _reading(event.time_s, event.number, read_layout(lines))
        if not readings and _empty(reading):
            continue
        if not readings or _content(reading) != _content(readings[-1]):
            readings.append(reading)
    return readings


def _reading(time_s: float, number: int | None, layout: Layout) -> ScorebugReading:
    return ScorebugReading(
        time_s=time_s,
        frame=number,
        clock_s=layout.clock_s,
        laps_to_go=layout.laps_to_go,
        title=layout.title,
        rows=layout.rows,
        confidence=layout.confidence,
    )


def _content(reading: ScorebugReading) -> tuple[object, ...]:
    return reading.clock_s, reading.laps_to_go, reading.title, reading.rows


def _empty(reading: ScorebugReading) -> bool:
    return _content(reading) == (None, None, None, [])


def _resized(image: Image, scale: float) -> Image:
    return image if scale == 1.0 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _grey_inside(image: Image, box: Box) -> Image:
    """Grey pixels of ``box`` without its rim, where the picture behind shines through."""
    x, y, w, h = box
    return cv2.cvtColor(crop_box(image, (x + 0.03 * w, y + 0.2 * h, 0.94 * w, 0.6 * h)), cv2.COLOR_BGR2GRAY)


def _crop_to_read(image: Image, box: Box) -> Image:
    x, y, w, h = box
    return crop_box(image, (x - 1, y, w + 2, h))


def _likeness(a: Image, b: Image) -> float:
    """Correlation of two pictures of one size, -1 to 1; two plain ones are alike."""
    if a.shape != b.shape:
        return -1.0
    return float(cv2.matchTemplate(a, b, cv2.TM_CCOEFF_NORMED)[0, 0])


def _overlap(a: Box, b: Box) -> float:
    """Share of ``b`` under ``a``."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0.0, across) * max(0.0, down) / (b[2] * b[3])
