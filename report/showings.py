"""What the score bug showed, from one change of its text to the next."""

from dataclasses import dataclass

from race.formats import Race, ScorebugReading


@dataclass(frozen=True, slots=True)
class Showing:
    """The score bug while only its clock ran: its ``first`` and its ``last`` reading, on screen until ``to_s``."""

    from_s: float
    to_s: float
    first: ScorebugReading
    last: ScorebugReading


def showings(race: Race) -> list[Showing]:
    """The readings in order of time, run together where only the clock went on; blank ones left out."""
    readings = sorted(race.scorebug, key=lambda reading: reading.time_s)
    merged: list[Showing] = []
    ends_s = race.video.to_s or race.video.duration_s
    for k, reading in enumerate(readings):
        to_s = readings[k + 1].time_s if k + 1 < len(readings) else max(ends_s, reading.time_s)
        if reading.clock_s is None and reading.title is None and reading.laps_to_go is None and not reading.rows:
            continue
        before = merged[-1] if merged else None
        if before is not None and before.to_s == reading.time_s and _clock_went_on(before.last, reading):
            merged[-1] = Showing(before.from_s, to_s, before.first, reading)
        else:
            merged.append(Showing(reading.time_s, to_s, reading, reading))
    return merged


def _clock_went_on(a: ScorebugReading, b: ScorebugReading) -> bool:
    """Whether only the clock changed, and forward; one that jumped back, came or went is a change of its own."""
    if (a.title, a.laps_to_go, a.rows) != (b.title, b.laps_to_go, b.rows):
        return False
    return (a.clock_s is None) == (b.clock_s is None) and (b.clock_s or 0.0) >= (a.clock_s or 0.0)
