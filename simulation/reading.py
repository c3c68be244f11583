"""The score bug as it is read from the screen: every text some time after it came up, some never, some misspelt."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import numpy as np

from race.formats import ScorebugReading, ScorebugRow
from simulation.camera import Footage
from simulation.draws import Draws
from simulation.noise import Noise

Text = tuple[str, int, str]
"""What it is (``laps``, ``name`` or ``lap time``), of which rank (0: of none), and what it says."""
_CONFIRMED_EVERY_S = 1.0
"""A clock that stands still is read again so often."""
_ALIKE = 0.6


def texts(reading: ScorebugReading) -> Iterator[Text]:
    """The texts on the screen that come and go, clock and title apart; the title goes with the laps."""
    if reading.laps_to_go is not None:
        yield "laps", 0, str(reading.laps_to_go)
    for row in reading.rows:
        if row.name:
            yield "name", row.rank or 0, row.name
        if row.lap_time_s is not None:
            yield "lap time", row.rank or 0, f"{row.name} {row.lap_time_s:.2f}"


def same(text: Text, other: Text) -> bool:
    """Whether the one may be the other, misread by some letters; numbers are to be the same."""
    (what, rank, says), (other_what, other_rank, other_says) = text, other
    if (what, rank) != (other_what, other_rank):
        return False
    if what == "laps":
        return says == other_says
    (name, _, number), (other_name, _, other_number) = says.rpartition(" "), other_says.rpartition(" ")
    if what == "lap time" and number != other_number:
        return False
    short, long = (name, other_name) if what == "lap time" else (says, other_says)
    return SequenceMatcher(None, short.casefold(), long.casefold()).ratio() >= _ALIKE


def stands_still(footage: Footage) -> bool:
    """Whether the camera never turns: nothing then tells graphics from the scene, and they are found later."""
    return bool(np.allclose(footage.rotation, footage.rotation[0]))


def read(shown: Sequence[ScorebugReading], footage: Footage, noise: Noise, draws: Draws) -> list[ScorebugReading]:
    """What is read of ``shown``, which has a reading for every change: one several times a second where it differs."""
    if not shown:
        return []
    late_s = noise.scorebug_late_still_s if stands_still(footage) else noise.scorebug_late_s
    began_s = [reading.time_s for reading in shown]
    out: list[ScorebugReading] = []
    known: dict[Text, tuple[float, str]] = {}  # from when on it is read, and how
    latest, at = -np.inf, -1
    for index, time_s in enumerate(footage.time_s.tolist()):
        while at + 1 < len(shown) and began_s[at + 1] <= time_s:
            at += 1
            now = list(texts(shown[at]))
            for text in now:
                if text not in known:
                    known[text] = _when(text, began_s[at], late_s, noise, draws)
            known = {text: known[text] for text in now}
        if at < 0 or time_s - latest < noise.scorebug_every_s - 1e-6 or draws.chance(noise.scorebug_missed):
            continue
        latest = time_s
        reading = _misread(_readable(shown[at], known, time_s, index + 1), noise, draws)
        if not out or _differs(reading, out[-1]):
            out.append(reading)
    return out


def _when(text: Text, from_s: float, late_s: float, noise: Noise, draws: Draws) -> tuple[float, str]:
    """From when on ``text`` is read, and as what."""
    what, _, says = text
    if draws.chance(noise.scorebug_text_missed):
        return np.inf, says
    read_s = from_s - late_s * float(np.log1p(-draws.uniform()))
    if what == "name" and len(says) > 1 and draws.chance(noise.scorebug_misspelt):
        gone = draws.integer(0, len(says) - 1)
        says = says[:gone] + says[gone + 1 :]
    return read_s, says


def _readable(
    reading: ScorebugReading, known: dict[Text, tuple[float, str]], time_s: float, frame: int
) -> ScorebugReading:
    """``reading`` with what of it is read by ``time_s``."""
    read = {text: says for text, (from_s, says) in known.items() if from_s <= time_s}
    rows = [
        ScorebugRow(
            rank=row.rank,
            name=read["name", row.rank or 0, row.name],
            lap_time_s=row.lap_time_s
            if ("lap time", row.rank or 0, f"{row.name} {row.lap_time_s or 0:.2f}") in read
            else None,
        )
        for row in reading.rows
        if row.name and ("name", row.rank or 0, row.name) in read
    ]
    unread = reading.laps_to_go is not None and ("laps", 0, str(reading.laps_to_go)) not in read
    gone = {"laps_to_go": None, "title": None} if unread else {}
    return reading.model_copy(update={"time_s": time_s, "frame": frame, "rows": rows, **gone})


def _misread(reading: ScorebugReading, noise: Noise, draws: Draws) -> ScorebugReading:
    """``reading`` with a wrong digit now and then."""
    changes: dict[str, object] = {"confidence": round(draws.uniform(0.8, 1.0), 3)}
    if reading.clock_s is not None and draws.chance(noise.scorebug_misread):
        changes["clock_s"] = round(reading.clock_s + draws.pick([-3.0, 3.0, 0.5, -0.5, 10.0, -10.0]), 2)
    if reading.laps_to_go is not None and draws.chance(noise.scorebug_misread):
        changes["laps_to_go"] = max(0, reading.laps_to_go + draws.pick([-1, 1, 5]))
    return reading.model_copy(update=changes)


def _differs(reading: ScorebugReading, before: ScorebugReading) -> bool:
    if reading.clock_s is not None and reading.time_s - before.time_s >= _CONFIRMED_EVERY_S:
        return True
    fields = ("clock_s", "laps_to_go", "title", "rows")
    return any(getattr(reading, name) != getattr(before, name) for name in fields)
