"""The nine races of a World Cup: laps, start, field, relay legs, and how fast they are skated."""

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Start = Literal["near", "far"]
Gender = Literal["w", "m", "x"]
SIDES: tuple[Start, Start] = ("near", "far")

LAP_M = 111.12
LAP_TIMES_FILE = Path(__file__).with_name("lap_times.json")
PENALTY_CODES_FILE = Path(__file__).with_name("penalty_codes.json")


@dataclass(frozen=True, slots=True)
class RaceEvent:
    """One of the races. ``field`` is the least and the most starters (teams in a relay).

    ``legs`` are the laps of a relay's legs in order, empty for an individual race; in the last two laps nobody
    may take over, except from a racer who fell.
    """

    name: str
    gender: Gender
    laps: float
    field: tuple[int, int]
    legs: tuple[float, ...] = ()

    @property
    def start(self) -> Start:
        """The start line: half laps start on the far straight."""
        return "near" if self.laps == int(self.laps) else "far"

    @property
    def is_relay(self) -> bool:
        return bool(self.legs)

    @property
    def crossings(self) -> int:
        """How often a racer crosses the finish line, the finish included: 5 in the 500 m."""
        return math.ceil(self.laps)

    @property
    def first_crossing_m(self) -> float:
        """From the start line to the first crossing of the finish line, on the measured line."""
        return LAP_M if self.start == "near" else LAP_M / 2

    @property
    def distance_m(self) -> float:
        return self.laps * LAP_M

    def crossing_m(self, lap: int) -> float:
        """From the start line to the ``lap``-th crossing; ``lap`` counts from 1."""
        return self.first_crossing_m + (lap - 1) * LAP_M

    def laps_to_go(self, lap: int) -> int:
        """Full laps left at the ``lap``-th crossing."""
        return self.crossings - lap


def _exchange_every(laps: float, total: float) -> tuple[float, ...]:
    """Legs of ``laps`` with the two last laps left to the last racer, as exchanges end two laps before the finish."""
    full = int((total - 2) // laps)
    rest = total - full * laps
    return (*(laps,) * full, rest) if rest <= 2 else (*(laps,) * full, rest - 2, 2.0)


EVENTS: tuple[RaceEvent, ...] = (
    RaceEvent("500m", "w", 4.5, (4, 5)),
    RaceEvent("500m", "m", 4.5, (4, 5)),
    RaceEvent("1000m", "w", 9, (4, 6)),
    RaceEvent("1000m", "m", 9, (4, 6)),
    RaceEvent("1500m", "w", 13.5, (6, 10)),
    RaceEvent("1500m", "m", 13.5, (6, 10)),
    RaceEvent("relay-2000m", "x", 18, (4, 5), (2.5, 2.5, 2.5, 2.5, 2.0, 2.0, 2.0, 2.0)),
    RaceEvent("relay-3000m", "w", 27, (4, 5), _exchange_every(1.5, 27)),
    RaceEvent("relay-5000m", "m", 45, (4, 5), _exchange_every(1.5, 45)),
)
EVENT_NAMES: tuple[str, ...] = tuple(dict.fromkeys(event.name for event in EVENTS))


def find_event(name: str, gender: str | None = None) -> RaceEvent:
    """The event of that name; the gender matters to lap times only. Raises ValueError where there is none."""
    for event in EVENTS:
        if event.name == name and gender in (event.gender, None):
            return event
    known = ", ".join(f"{event.name} ({event.gender})" for event in EVENTS)
    raise ValueError(f"no event {name!r}{f' ({gender})' if gender else ''}; there are {known}")


@cache
def lap_time_quantiles(name: str, gender: str) -> NDArray[np.float64]:
    """(crossings, 5): quantiles 5, 25, 50, 75, 95 % of the lap time before each crossing, s; individual races only.

    The first is a half lap (500 and 1500 m) or a full lap (1000 m), both from a standing start.
    """
    splits = json.loads(LAP_TIMES_FILE.read_text(encoding="utf-8"))["splits"]
    key = f"{name}-{gender}"
    if key not in splits:
        raise ValueError(f"no lap times of {key}; there are those of {', '.join(splits)}")
    return np.array(splits[key])


@cache
def penalty_codes() -> dict[str, str]:
    """Code -> what it stands for."""
    return dict(json.loads(PENALTY_CODES_FILE.read_text(encoding="utf-8"))["codes"])
