"""How many race at the least, where no start list says so: as many as stood on the start line, as the score bug names,
as the event has, and in a relay as were seen racing at once.

Each is a lower bound: those at the side of the start may be hidden, a score bug names the first few, and the last of
the field may be out of the picture for most of the race.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from race.events import RaceEvent
from race.formats import ScorebugReading
from race.guide import Guide

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

COUNTED_PIECE_S, COUNTED_S = 0.5, 0.6
"""That many have to be seen at once for so long, in pieces no shorter, to count: what is no person is taken for a racer
for moments."""
TEAM_SHARE = 0.25
"""And for such a share of the time in which one fewer is seen: for seconds two of a team race."""
STEADY_SHARE = 0.6
"""Of the time in which a full field of a relay is seen, during which one more races: then there is one more. From a
fixed camera that is 0.79 to 0.86 in five races of five teams, 0.27 and 0.31, around exchanges, in two of four."""
MATES_SHARE = 0.35
"""Of the time in which one fewer than a field is seen, during which it has to be seen for there to be one more: around
exchanges so many race for 0.22 to 0.31 of it."""
NAMED_OFTEN = 10
MOST_RACERS, MOST_TEAMS = 10, 5
STOOD_S = 1.0
STANDING_MPS, BEFORE_S = 2.0, 2.0
"""Who moves no faster, in a piece of STOOD_S and more, so long before anybody races, ..."""
ON_LINE_M, OFF_TRACK_M = (-3.0, 1.0), (-3.5, 7.0)
"""... on the start line or in the row behind it: along the track, and outside the guide line."""
APART_M = 0.9
"""Start dots are 1.3 m apart; a foot taken from a box is good to 0.2 m each way."""


def count_named(readings: Sequence[ScorebugReading]) -> int:
    """How many names the score bug has shown, each often enough to be none misread."""
    shown = Counter(row.name for reading in readings for row in reading.rows if row.name)
    return sum(times >= NAMED_OFTEN for times in shown.values())


def count_starting(at: Floats, racing: Mask, seconds: Floats, event: RaceEvent | None, guide: Guide) -> int:
    """How many stood on the start line. Of pieces of ways: ``at`` (K, 4) time first seen, place and speed along the
    guide, and place across; ``racing`` (K,), and ``seconds`` (K,) for how long each was seen."""
    if event is None or not racing.any():
        return 0
    racing_long = racing & (seconds >= COUNTED_PIECE_S)
    begin_s = float(at[racing_long, 0].min(initial=np.inf))
    line_g = 0.0 if event.start == "near" else guide.length_m / 2 + 2 * guide.rink.track_shift_m
    along = np.mod(at[:, 1] - line_g + guide.length_m / 2, guide.length_m) - guide.length_m / 2
    stands = (at[:, 0] < begin_s - BEFORE_S) & (np.abs(at[:, 2]) < STANDING_MPS)
    stands &= (
        (along > ON_LINE_M[0]) & (along < ON_LINE_M[1]) & (at[:, 3] > OFF_TRACK_M[0]) & (at[:, 3] < OFF_TRACK_M[1])
    )
    places: list[Floats] = []
    for k in sorted(np.flatnonzero(stands & (seconds >= STOOD_S)), key=lambda k: -seconds[k]):
        here = np.array([along[k], at[k, 3]])
        if all(float(np.hypot(*(here - place))) > APART_M for place in places):
            places.append(here)
    return min(len(places), MOST_TEAMS if event.is_relay else MOST_RACERS)


def count_teams(at_once: Ints, per_second: float, least: int, event: RaceEvent) -> int:
    """How many teams race, by how many members were seen racing at once in each picture, but no fewer than ``least``.

    Members of one team race beside each other around an exchange, so that what was named or stood on the start line
    tells more, where it is a full field."""
    if least >= event.field[0]:
        while least < MOST_TEAMS and np.sum(at_once > least) > STEADY_SHARE * np.sum(at_once >= least) > 0:
            least += 1
        return min(least, MOST_TEAMS)
    size = max(least, event.field[0])
    if np.sum(at_once >= size) < MATES_SHARE * np.sum(at_once >= size - 1):
        return size
    shown = np.sum(at_once >= size) > STEADY_SHARE * np.sum(at_once > 0)  # the whole field, most of the time
    share = STEADY_SHARE if shown else TEAM_SHARE
    while size < MOST_TEAMS:
        enough = max(COUNTED_S * per_second, share * float(np.sum(at_once >= size)))
        if np.sum(at_once > size) < enough:
            break
        size += 1
    return size
