"""What the result of a race is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.clock import ClockRun
from race.entries import match_entries
from race.events import RaceEvent
from race.field_size import count_named
from race.formats import Event, Exchange, ScorebugReading, ScorebugRow, Shot
from race.ice import IcePaths, Told
from race.laps import Passage
from race.leader import counted_crossings
from race.observations import Observations
from race.order import Order
from race.racers import Paths
from race.scene import Scene
from race.start_list import Entry
from tracking import Named, Tracks

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a result is made of; ``final`` is the run of the clock that ended with the race, ``in_metres`` tells
    whether order and passages were taken from ``ice``, ``told`` has ids and the crossings that the score
    bug tells of, ``agreed`` whether nearly all of these are so, ``gun_s`` is where the field was seen to start,
    ``racing_s`` when it was first seen to race if not at once, ``by_hand`` what a person says who is who."""

    observations: Observations
    scene: Scene
    shots: list[Shot]
    tracks: Tracks
    paths: Paths
    ice: IcePaths | None
    in_metres: bool
    order: Order
    clock: list[ClockRun]
    final: ClockRun | None
    event: Event
    model: RaceEvent | None
    passages: list[Passage]
    start_list: tuple[Entry, ...]
    told: tuple[Told, ...] = ()
    agreed: bool = False
    gun_s: float | None = None
    by_hand: tuple[Named, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    racing_s: float | None = None

    @property
    def counted(self) -> dict[int, float]:
        """Lap -> when the score bug counted the leader's crossing."""
        if self.model is None:
            return {}
        return counted_crossings(self.observations.scorebug, self.model, self.final)


def frame_at(facts: Facts, time_s: float) -> int:
    return int(np.clip(np.searchsorted(facts.scene.time_s, time_s), 0, len(facts.scene.time_s) - 1))


def readings_of(facts: Facts) -> list[ScorebugReading]:
    """What the score bug showed, with the names of the start list where it meant one of them."""
    shown = {row.name for reading in facts.observations.scorebug for row in reading.rows if row.name}
    meant = match_entries(shown, facts.start_list)

    def told(row: ScorebugRow) -> ScorebugRow:
        entry = meant.get(row.name or "")
        return row if entry is None else row.model_copy(update={"name": entry.name})

    return [
        reading.model_copy(update={"rows": [told(row) for row in reading.rows]})
        for reading in facts.observations.scorebug
    ]


def count_expected(facts: Facts) -> int:
    """How many compete, as far as the start list or the names on the score bug tell."""
    relay = facts.model is not None and facts.model.is_relay
    teams = {entry.team for entry in facts.start_list}
    listed = len(teams) if relay and None not in teams else len(facts.start_list)
    return listed or count_named(facts.observations.scorebug)


def sureness(facts: Facts) -> Floats:
    """(R, F) how sure it is whose box a competitor's is, NaN where it has none."""
    tracks = facts.tracks
    sure = np.full(facts.paths.seen.shape, np.nan)
    rows = np.searchsorted(facts.paths.ids, tracks.id), np.searchsorted(facts.scene.number, tracks.frame)
    sure[rows] = tracks.link_confidence
    return sure
