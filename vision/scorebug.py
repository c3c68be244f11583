"""The score bug, read while the video runs by: found by itself, on any layout, and read again only where it changed.

Lines of text are looked for where graphics stand still under a moving camera, now and then in the whole picture.
A line is read only once it has stood still for a moment, until two readings agree, and again when its pixels change;
a line that reads as a clock is read several times a second. What the lines mean together is made out at the end.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading
from vision.ocr import Box, Image, TextLine, crop_box, find_text, read_lines
from vision.scorebug_layout import parse_clock, read_layout
from vision.scorebug_line import CLOCK_AGREES_S, CLOCK_EVERY_S, Line, Moment, letters, overlap
from vision.scorebug_overlay import WORK_WIDTH, StaticOverlay
from vision.scorebug_readings import Event, readings_of, to_reading

LOOK_EVERY_S = 0.09
REGIONS_EVERY_S = 0.4
REGIONS_WIDTH = 960
"""Graphics are searched for text at the scale at which the whole picture would be this wide, pixels."""

WHOLE_EVERY_S = 3.0
WHOLE_EVERY_WITHOUT_CLOCK_S = (0.3, 0.3, 0.6, 1.0, 1.5)
"""After the start and after the clock went: soon at first, then ever less often."""

LEAST_SCORE = 0.6
SAME_PLACE = 0.6
"""Two boxes are of one line when this share of one lies under the other."""

GROWN = 1.08
"""A box larger than a line's by this factor is tried: the line may have become longer, or was cut when it was found."""

BLACK = 16
"""A picture without a pixel brighter than this is not searched."""


STILL_WIDTH = 960


class ScorebugReader:
    """Reads the score bug of one video. Feed it every picture in order; ``finish`` gives what was read.

    ``find`` finds lines of text in a picture, ``read`` reads crops of one line each, as those of ``vision.ocr`` do.
    """

    def __init__(
        self,
        *,
        find: Callable[[Image], NDArray[np.float64]] = find_text,
        read: Callable[[list[Image]], list[tuple[str, float]]] = read_lines,
    ) -> None:
        self._find, self._read = find, read
        self._overlay = StaticOverlay()
        self._lines: list[Line] = []
        self._events: list[Event] = []
        self._found = 0
        self._looked_s = self._regions_s = self._whole_s = -np.inf
        self._searches_without_clock = 0
        self._size: tuple[int, int] | None = None

    def graphics_mask(self, size: tuple[int, int]) -> NDArray[np.bool_] | None:
        """(H, W) for ``size`` (W, H): True where graphics lie over the picture, reduced to that size, as far as known
        by now; None while nothing is known."""
        if self._size is None:
            return None
        mask = cv2.resize(self._overlay.mask, size, interpolation=cv2.INTER_NEAREST).astype(bool)
        scale = size[0] / self._size[0]
        for line in self._lines:
            if line.said is not None:
                x, y, w, h = (round(scale * value) for value in line.box)
                mask[max(0, y - h // 4) : y + h + h // 4, max(0, x - h // 4) : x + w + h // 4] = True
        return mask if mask.any() else None

    def update(self, number: int, time_s: float, image: Image) -> None:
        """Look at picture ``number`` (from 1), (H, W, 3) BGR uint8, shown at ``time_s``."""
        if time_s - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = time_s
            self._size = (image.shape[1], image.shape[0])
            self._overlay.update(cv2.cvtColor(_to_width(image, WORK_WIDTH), cv2.COLOR_BGR2GRAY))
        now = Moment(time_s, number)
        self._follow(now, image)
        for x, y, w, h in self._search(time_s, image).tolist():
            self._note(now, image, (x, y, w, h))
        self._read_due(now, image)

    def finish(self) -> list[ScorebugReading]:
        """All that was read, in time order: every change, and readings of the clock enough to fit a clock to."""
        return readings_of(self._events)

    def _follow(self, now: Moment, image: Image) -> None:
        """See which lines changed; leave out those that are gone or belong to the scene."""
        kept = []
        for line in self._lines:
            if known := line.follow(image, now):
                self._say(line, known.text, known.score, now)
            if gone_since := line.gone_since(now.time_s):
                self._say(line, None, 0.0, gone_since)
            elif not line.is_restless(now.time_s):
                kept.append(line)
        self._lines = kept

    def _search(self, time_s: float, image: Image) -> NDArray[np.float64]:
        """Boxes (N, 4) of lines of text, where it is time to look for them."""
        if any(line.is_clock for line in self._lines):
            whole_every_s, self._searches_without_clock = WHOLE_EVERY_S, 0
        else:
            waits = WHOLE_EVERY_WITHOUT_CLOCK_S
            whole_every_s = waits[min(self._searches_without_clock, len(waits) - 1)]
        if time_s - self._whole_s >= whole_every_s:
            self._whole_s = self._regions_s = time_s
            self._searches_without_clock += 1
            scale = min(1.0, WORK_WIDTH / image.shape[1])
            return self._find(_brightened(_to_width(image, WORK_WIDTH))) / scale if image.max() > BLACK else _NO_BOXES
        if time_s - self._regions_s >= REGIONS_EVERY_S:
            self._regions_s = time_s
            return self._find_in_regions(image)
        return _NO_BOXES

    def _find_in_regions(self, image: Image) -> NDArray[np.float64]:
        """Lines of text in and around the graphics and the lines known already, (N, 4)."""
        height, width = image.shape[:2]
        scale, overlay_scale = min(1.0, REGIONS_WIDTH / width), min(1.0, WORK_WIDTH / width)
        boxes = [line.box for line in self._lines if line.said is not None]
        boxes += [
            (x / overlay_scale, y / overlay_scale, w / overlay_scale, h / overlay_scale)
            for x, y, w, h in self._overlay.regions()
        ]
        found = [_NO_BOXES]
        for x, y, w, h in _around(boxes, width, height, _CELL / scale):
            boxes_here = self._find(_brightened(_scaled(crop_box(image, (x, y, w, h)), scale))) / scale
            boxes_here[:, :2] += (int(x), int(y))
            found.append(boxes_here)
        return np.concatenate(found)

    def _note(self, now: Moment, image: Image, box: Box) -> None:
        """Keep ``box`` as a line unless it is known; a line that has grown gets its new box."""
        if any(overlap(line.box, box) > SAME_PLACE for line in self._lines):
            return
        inside = [line for line in self._lines if overlap(box, line.box) > SAME_PLACE]
        grown = next((line for line in inside if line.said is not None), None)
        if grown is None:
            self._lines = [line for line in self._lines if line not in inside]
            self._lines.append(Line.found(self._found, box, image, now))
            self._found += 1
        elif box[2] * box[3] > GROWN * max(grown.refused, grown.box[2] * grown.box[3]):
            self._grow(grown, now, image, box)

    def _grow(self, line: Line, now: Moment, image: Image, box: Box) -> None:
        """Give ``line`` the larger ``box`` if more can be read in it."""
        ((text, score),) = self._read([_crop_to_read(image, box)])
        longer = score >= LEAST_SCORE and len(letters(text)) > len(letters(line.said or ""))
        if not longer or (line.is_clock and parse_clock(text) is None):
            line.refused = box[2] * box[3]
            return
        line.move_to(box, image, now)
        line.learn(text, score)
        self._say(line, text, score, now)

    def _read_due(self, now: Moment, image: Image) -> None:
        due = [line for line in self._lines if line.is_due(now.time_s)]
        crops = [_crop_to_read(image, line.box, wide=line.is_clock) for line in due]
        for line, (text, score) in zip(due, self._read(crops) if due else [], strict=True):
            if score < LEAST_SCORE:
                text = ""
            if line.is_clock or line.ticks(text):
                self._hear_clock(line, text, score, now)
            else:
                self._hear(line, text, score, now)

    def _hear_clock(self, line: Line, text: str, score: float, now: Moment) -> None:
        """Take ``text`` as read from a line that showed different times."""
        if line.said is not None and letters(text) == letters(line.said):
            text = line.said  # blurred stops
        clock_s = parse_clock(text)
        if clock_s is None:
            line.doubt(now)
            line.not_before_s = now.time_s + CLOCK_EVERY_S / 3
            return
        line.is_clock, line.doubted = True, None
        if line.first is not None:
            before, first_text, first_score = line.first
            line.first, line.clock_read_s = None, before.time_s
            self._say(line, first_text, first_score, before)
        if text == line.said:  # it stands still, and has since its pixels last changed
            self._say(line, text, score, line.same)
            if not line.ran:
                line.is_clock = False
                line.learn(text, score)
        elif line.said is not None and (before_s := parse_clock(line.said)) is not None:
            line.ran |= abs(clock_s - before_s - now.time_s + line.clock_read_s) < CLOCK_AGREES_S
        line.not_before_s, line.clock_read_s = now.time_s + CLOCK_EVERY_S, now.time_s
        self._say(line, text, score, now)

    def _hear(self, line: Line, text: str, score: float, now: Moment) -> None:
        """Take ``text`` as read from a line that stands still."""
        line.rest(now.time_s)
        line.checked_s = now.time_s
        if line.said is not None and line.doubted is None and text and letters(text) != letters(line.said):
            line.contradict(now)
        if line.readings == 0 and line.said is None and parse_clock(text) is not None:
            line.first = (now, text, score)
        agreed = line.vote(text, score)
        if line.said is not None and letters(text) == letters(line.said):
            line.learn(line.said, score)
        elif agreed is not None and agreed[0]:
            may_tick = parse_clock(agreed[0]) is not None
            self._say(line, *agreed, now if may_tick else line.doubted or line.since)
            line.learn(*agreed)
        elif agreed is not None and line.said is None:
            line.give_up(now.time_s)

    def _say(self, line: Line, text: str | None, score: float, when: Moment) -> None:
        line.said, line.idle = text, 0
        self._events.append(Event(when.time_s, when.number, line.id, text, score, line.box, line.is_clock))


def read_still(image: Image) -> ScorebugReading:
    """What the score bug in a single picture (H, W, 3) BGR shows; that it stands still cannot be seen there."""
    scale = min(1.0, STILL_WIDTH / image.shape[1])
    boxes = [(float(x), float(y), float(w), float(h)) for x, y, w, h in find_text(_scaled(image, scale)) / scale]
    texts = read_lines([_crop_to_read(image, box) for box in boxes])
    lines = [
        TextLine(text, score, box)
        for box, (text, score) in zip(boxes, texts, strict=True)
        if text and score >= LEAST_SCORE
    ]
    return to_reading(0.0, None, read_layout(lines))


_NO_BOXES: NDArray[np.float64] = np.empty((0, 4))
_CELL = 16  # pixels, at the scale of the search: half of what the detector's sizes are multiples of
_TOO_MUCH = 0.4  # of the picture: then the whole of it is searched, less often


def _around(boxes: list[Box], width: int, height: int, cell: float) -> list[Box]:
    """Where to look for text around ``boxes``: together where they are near, in multiples of two cells; none if that
    is most of the picture."""
    near = np.zeros((int(np.ceil(height / cell)), int(np.ceil(width / cell))), np.uint8)
    for x, y, w, h in boxes:
        down = min(h, height / 18)
        across = 3 * down
        rows = slice(max(0, int((y - down) // cell)), int((y + h + down) // cell) + 1)
        near[rows, max(0, int((x - across) // cell)) : int((x + w + across) // cell) + 1] = 1
    if near.mean() > _TOO_MUCH:
        return []
    count, _, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=4)
    return [
        (x * cell, y * cell, (across + across % 2) * cell, (down + down % 2) * cell)
        for x, y, across, down, _ in stats[1:count].tolist()
    ]


def _scaled(image: Image, scale: float) -> Image:
    return (
        image if scale == 1.0 else np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    )


def _to_width(image: Image, width: int) -> Image:
    return _scaled(image, min(1.0, width / image.shape[1]))


def _brightened(image: Image) -> Image:
    """``image`` with its brightest pixel at 255: a picture that fades in is read in the dark."""
    bright: Image = cv2.convertScaleAbs(image, alpha=255 / max(1, int(image.max())))
    return bright


def _crop_to_read(image: Image, box: Box, wide: bool = False) -> Image:
    """The pixels of a line; ``wide`` leaves room for a digit more on both sides, which a clock may grow."""
    x, y, w, h = box
    pad = (0.6 if wide else 0.2) * h
    return _brightened(crop_box(image, (x - pad, y, w + 2 * pad, h)))
