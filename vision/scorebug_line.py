"""One line of text on the screen and how it is followed: still or moving, changed or the same, said or in doubt."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.ocr import Box, Image, crop_box
from vision.scorebug_layout import parse_clock

Look = NDArray[np.float32]

CHANGED = 0.5
"""Change of a line's pixels (see ``change``) above which it is read again; compression alone stays below 0.65, other
words reach 0.9."""

MOVED = 0.6
"""Share of a line's blocks that change where text moves; in a running clock most stay."""

TICKED = 0.22
"""Change from one picture to the next that says a clock may have ticked; one that stands still stays below."""

STILL_FOR_S = 0.14
RESTLESS_FOR_S = 0.6
GONE_AFTER_S = 0.6
CLOCK_AGREES_S = 0.15
"""Two readings of a running clock bear each other out if it gained what passed between them to within this."""

JUMPED = 0.75
"""Change from one picture to the next that is more than a tick: a clock is read at once, it may be gone."""

READ_AGAIN_S = 0.2
"""Until a line is read again, and this much more after every reading that brought nothing new, up to:"""

READ_AGAIN_AT_MOST_S = 1.0
CHECK_EVERY_S = 1.2
"""What is known is read again this often: "3 laps to go" and "2 laps to go" in small letters differ by less than what
compression does to one of them."""

CLOCK_EVERY_S = 0.34
"""No multiple of a tenth: readings at different moments between two ticks say more than at the same."""

MOST_READINGS = 4
HOPELESS_FOR_S = 2.0
"""Where there was nothing to read it is not tried again for this long, whatever changes, longer every time, up to:"""

HOPELESS_FOR_AT_MOST_S = 10.0

LOOKS = 4
SURE_SCORE = 0.97
_LEAST_CONTRAST = 4.0  # grey levels; fainter is noise


class Moment(NamedTuple):
    time_s: float
    number: int
    """Of the picture, from 1."""


class Known(NamedTuple):
    """What a look is known to say."""

    look: Look
    text: str
    score: float


@dataclass(slots=True)
class Line:
    """A line of text at one place, from when it was found until it is gone.

    said        what it says, once readings agree; None before, and after it went
    is_clock    it showed different times: it is read on a schedule, whatever its pixels do
    ran         and these went on as a clock does; ``clock_read_s`` is when it was last read
    known       the last looks that could be read: compression has several for one text
    look        its pixels when it last began to look as it does, while nothing is said
    since       when that was
    still_s     when it was last seen to stand still
    same        since when its pixels have not changed at all
    doubted     since when it does not look like (a clock: read as) what is said; None: no doubt
    first       its first reading as a time, with the score, from before it was known as a clock
    votes       every text read, with its score, since the last that was agreed on, by the letters and digits in it
    not_before_s  not to be read before this time
    checked_s   when it was last read
    idle        readings in a row that brought nothing new
    refused     area of a larger box that was tried for this line and read no better, pixels
    """

    id: int
    box: Box
    look: Look
    before: Look
    since: Moment
    still_s: float
    same: Moment
    said: str | None = None
    is_clock: bool = False
    ran: bool = False
    clock_read_s: float = np.nan
    known: list[Known] = field(default_factory=list)
    doubted: Moment | None = None
    first: tuple[Moment, str, float] | None = None
    votes: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    not_before_s: float = -np.inf
    checked_s: float = -np.inf
    idle: int = 0
    refused: float = 0.0

    @classmethod
    def found(cls, line_id: int, box: Box, image: Image, now: Moment) -> "Line":
        look = look_at(image, box)
        return cls(line_id, box, look, look, now, now.time_s, now)

    def follow(self, image: Image, now: Moment) -> Known | None:
        """See whether it still looks the same in the next picture; what it says if it looks like another known text."""
        look = look_at(image, self.box)
        moved = change(look, self.before)
        if moved > TICKED:
            self.same = now
        self.before = look
        if self.is_clock:
            if moved > JUMPED:
                self.not_before_s = min(self.not_before_s, self.clock_read_s + CLOCK_EVERY_S / 3)
            return None
        if self.said is None:
            if np.mean(changes(look, self.look) > CHANGED) > MOVED:
                self.begin_look(now)
            elif now.time_s - self.since.time_s >= STILL_FOR_S:
                self.still_s = now.time_s
            return None
        alike = next((known for known in reversed(self.known) if change(look, known.look) <= CHANGED), None)
        if alike is None:
            self.doubt(now)
            return None
        self.doubted = None
        return alike if alike.text != self.said else None

    def begin_look(self, now: Moment) -> None:
        """It looks like nothing that was read before."""
        self.look, self.since = self.before, now
        self.known.clear()
        self.doubted = None

    def doubt(self, now: Moment) -> None:
        if self.doubted is None:
            self.doubted = now
            self.votes.clear()

    def contradict(self, now: Moment) -> None:
        """It looks as it did, but does not say what is said of it."""
        self.known.clear()
        self.doubt(now)

    def learn(self, text: str, score: float) -> None:
        """What it looks like now says ``text``."""
        self.known = [*self.known[1 - LOOKS :], Known(self.before, text, score)]
        self.votes.clear()
        self.doubted = None

    def move_to(self, box: Box, image: Image, now: Moment) -> None:
        self.box = box
        self.before = look_at(image, box)
        self.begin_look(now)

    def vote(self, text: str, score: float) -> tuple[str, float] | None:
        """Count a reading; the text that readings agree on by now, empty if on nothing, with its score."""
        self.votes.setdefault(letters(text), []).append((score, text))
        best = max(self.votes.values(), key=lambda readings: sum(score for score, _ in readings))
        if len(best) < 2 and best[0][0] < SURE_SCORE and self.readings < MOST_READINGS:
            return None
        score, text = max(best)
        return text, score

    def rest(self, time_s: float) -> None:
        """Do not read it again at once, the less often the less its readings bring."""
        self.not_before_s = time_s + min(READ_AGAIN_S * (1 + self.idle), READ_AGAIN_AT_MOST_S)
        self.idle += 1

    def give_up(self, time_s: float) -> None:
        """There is nothing to read here, for now."""
        self.votes.clear()
        self.not_before_s = time_s + min(HOPELESS_FOR_S * self.idle / 2, HOPELESS_FOR_AT_MOST_S)

    def ticks(self, text: str) -> bool:
        """Whether ``text`` is a time and the line showed another time before, since it was found or last went."""
        now = parse_clock(text)
        before = [said for readings in self.votes.values() for _, said in readings] + [self.said or ""]
        return now is not None and any(parse_clock(said) not in (None, now) for said in before)

    @property
    def readings(self) -> int:
        return sum(map(len, self.votes.values()))

    def is_due(self, time_s: float) -> bool:
        """Whether it is time to read it."""
        if time_s < self.not_before_s:
            return False
        if self.is_clock:
            return True
        if self.said is not None:
            return self.doubted is not None or time_s - self.checked_s >= CHECK_EVERY_S
        return self.readings < MOST_READINGS and time_s - self.since.time_s >= STILL_FOR_S

    def gone_since(self, time_s: float) -> Moment | None:
        """Since when what was said is no longer there, once it has been in doubt for long; else None."""
        if self.said is None or self.doubted is None or not (self.is_clock or self.readings):
            return None
        return self.doubted if time_s - self.doubted.time_s >= GONE_AFTER_S else None

    def is_restless(self, time_s: float) -> bool:
        """Whether it says nothing and never stands still: text in the scene, not on the screen."""
        return self.said is None and time_s - self.still_s > RESTLESS_FOR_S


def letters(text: str) -> str:
    """The letters and digits of ``text``: readings that differ in spaces and stops agree."""
    return re.sub(r"[\W_]", "", text).lower()


def look_at(image: Image, box: Box) -> Look:
    """Pixels of ``box`` without its rim, where the scene shines through; grey, mean 0, contrast 1, so that a fade of
    the picture changes nothing."""
    x, y, w, h = box
    grey = cv2.cvtColor(crop_box(image, (x + 0.03 * w, y + 0.2 * h, 0.94 * w, 0.6 * h)), cv2.COLOR_BGR2GRAY)
    mean, contrast = cv2.meanStdDev(grey)
    look: Look = ((grey - np.float32(mean[0, 0])) / np.float32(max(contrast[0, 0], _LEAST_CONTRAST))).astype(np.float32)
    return look


def changes(now: Look, before: Look) -> Look:
    """Mean difference of two looks in blocks from left to right, each about a letter wide."""
    if now.shape != before.shape:
        return np.full(1, np.inf, np.float32)
    blocks = max(1, round(now.shape[1] / now.shape[0]))
    means: Look = cv2.resize(cv2.absdiff(now, before), (blocks, 1), interpolation=cv2.INTER_AREA)[0]
    return means


def change(now: Look, before: Look) -> float:
    """The largest of the ``changes``: one letter of many tells."""
    return float(changes(now, before).max())


def overlap(a: Box, b: Box) -> float:
    """Share of ``b`` under ``a``."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0.0, across) * max(0.0, down) / (b[2] * b[3])
