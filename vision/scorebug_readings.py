"""From what single lines said, and when, to what the score bug showed: the readings that go into a run."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import pairwise

from race.formats import ScorebugReading
from vision.ocr import Box, TextLine
from vision.scorebug_layout import Layout, parse_clock, read_layout
from vision.scorebug_line import CLOCK_AGREES_S, letters

CLOCK_CONFIRMED_EVERY_S = 1.0
"""A clock that stands still is written down again this often."""

MOMENT_S = 1.0
SAME_CHANGE_S = 1.0
"""What changes while the clock runs is written down with the next reading of the clock if that comes within this."""


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """From ``time_s`` on, line ``line`` says ``text``; None: it is gone."""

    time_s: float
    number: int
    line: int
    text: str | None = field(compare=False)
    score: float = field(compare=False)
    box: Box = field(compare=False)
    is_clock: bool = field(compare=False)


def readings_of(events: list[Event]) -> list[ScorebugReading]:
    """Play ``events`` in time order and write down every change of what the screen says."""
    events = _with_clock(_steady(_plausible(sorted(events))))
    ran = _running(events)
    shown: dict[int, TextLine] = {}
    readings: list[ScorebugReading] = []
    for index, event in enumerate(events):
        if event.text is None:
            shown.pop(event.line, None)
        else:
            shown[event.line] = TextLine(event.text, event.score, event.box)
        if index + 1 < len(events) and events[index + 1].time_s == event.time_s:
            continue
        running = {k for k, line in enumerate(shown) if line in ran}
        reading = to_reading(event.time_s, event.number, read_layout(list(shown.values()), running))
        if readings:
            same = _content(reading) == _content(readings[-1])
            confirms = event.is_clock and reading.time_s - readings[-1].time_s >= CLOCK_CONFIRMED_EVERY_S
            if same and not (confirms and reading.clock_s is not None):
                continue
        elif _content(reading) == _NOTHING:
            continue
        readings.append(reading)
    return _laps_that_fall(readings)


def _laps_that_fall(readings: list[ScorebugReading]) -> list[ScorebugReading]:
    """``readings`` without laps to go where they rise while the clock runs: that was a count of laps done."""
    known = [reading for reading in readings if reading.laps_to_go is not None and reading.clock_s is not None]
    steps = [
        (after.laps_to_go or 0) - (before.laps_to_go or 0)
        for before, after in pairwise(known)
        if (after.clock_s or 0.0) > (before.clock_s or 0.0)
    ]
    if sum(step > 0 for step in steps) <= sum(step < 0 for step in steps):
        return readings
    return [reading.model_copy(update={"laps_to_go": None}) for reading in readings]


def _plausible(events: list[Event]) -> list[Event]:
    """``events`` without readings of a clock that fewer than half of the two before and after bear out.

    Two readings bear each other out if the clock ran or stood still from one to the other.
    """
    clock: dict[int, list[Event]] = {}
    for event in events:
        if event.is_clock and event.text is not None:
            clock.setdefault(event.line, []).append(event)
    kept = set()
    for said in clock.values():
        times = [(event.time_s, parse_clock(event.text or "") or 0.0) for event in said]
        for index, event in enumerate(said):
            near = [k for k in range(max(0, index - 2), min(len(said), index + 3)) if k != index]
            ran = [times[k][1] - times[index][1] - times[k][0] + times[index][0] for k in near]
            agree = sum(
                times[k][1] == times[index][1] or abs(off) < CLOCK_AGREES_S for k, off in zip(near, ran, strict=True)
            )
            if 2 * agree >= len(near):
                kept.add(id(event))
    return [event for event in events if not event.is_clock or event.text is None or id(event) in kept]


def _steady(events: list[Event]) -> list[Event]:
    """``events`` without what a line said for a moment only: between twice the same, or on its way to saying more."""
    by_line: defaultdict[int, list[Event]] = defaultdict(list)
    for event in events:
        said = by_line[event.line]
        if said and event.text is not None and not event.is_clock and event.time_s - said[-1].time_s < MOMENT_S:
            before = said[-1]
            if before.text is not None and letters(before.text) in letters(event.text):
                said[-1] = replace(before, text=event.text, score=event.score, box=event.box)
                continue
            if len(said) > 1 and letters(said[-2].text or "") == letters(event.text):
                said.pop()
                continue
        said.append(event)
    return sorted(event for said in by_line.values() for event in said)


def _with_clock(events: list[Event]) -> list[Event]:
    """``events``, those of other lines moved to the next reading of a running clock, so that both were seen at once."""
    moved, clock = [], None
    for event in reversed(events):
        if event.is_clock:
            clock = event if event.text is not None else None
        elif clock is not None and clock.time_s - event.time_s < SAME_CHANGE_S:
            event = replace(event, time_s=clock.time_s, number=clock.number)
        moved.append(event)
    return sorted(reversed(moved), key=lambda event: event.time_s)


def _running(events: list[Event]) -> set[int]:
    """Lines that ran as a clock does from one reading to the next, twice or more."""
    before: dict[int, tuple[float, float]] = {}
    steps: Counter[int] = Counter()
    for event in events:
        clock_s = parse_clock(event.text or "")
        if clock_s is None:
            continue
        if event.line in before:
            time_s, earlier_s = before[event.line]
            step_s = clock_s - earlier_s
            steps[event.line] += step_s > 0 and abs(step_s - event.time_s + time_s) < CLOCK_AGREES_S
        before[event.line] = (event.time_s, clock_s)
    return {line for line, count in steps.items() if count >= 2}


def to_reading(time_s: float, number: int | None, layout: Layout) -> ScorebugReading:
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


_NOTHING: tuple[object, ...] = (None, None, None, [])
