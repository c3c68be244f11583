"""Which event this is, from what the score bug and the field tell (``--event auto``)."""

from race.events import EVENTS, Gender, RaceEvent
from race.formats import ScorebugReading
from race.nations import is_team

TOTAL_S = {
    ("500m", "m"): (39.0, 48.0),
    ("500m", "w"): (41.0, 52.0),
    ("1000m", "m"): (80.0, 100.0),
    ("1000m", "w"): (84.0, 108.0),
    ("1500m", "m"): (126.0, 165.0),
    ("1500m", "w"): (134.0, 175.0),
    ("relay-2000m", "x"): (152.0, 180.0),
    ("relay-3000m", "w"): (240.0, 285.0),
    ("relay-5000m", "m"): (395.0, 450.0),
}
"""Finishing times from a little under the world record to a slow race, seconds. The mixed relay and a slow 1500 m
overlap; the laps to go tell them apart."""


MOST_OF_THEM = 0.8
"""Share of the clock readings, and of the names, that has to fit, since some are misread."""
LEAST_TEAMS = 3
"""So many names, nearly all of nations: a relay. Fewer may be those of people."""


def possible_events(readings: list[ScorebugReading], final_clock_s: float | None) -> list[RaceEvent]:
    """The events that agree with the final time, most clock readings that come with laps to go, and the names.

    ``final_clock_s`` is the time at which the clock stopped, None where it was not seen to.
    """
    shown = {
        (float(int(reading.clock_s)), reading.laps_to_go)
        for reading in readings
        if reading.clock_s is not None and reading.laps_to_go is not None
    }
    names = {row.name for reading in readings for row in reading.rows if row.name}
    teams = len(names) >= LEAST_TEAMS and sum(map(is_team, names)) >= MOST_OF_THEM * len(names)
    return [
        event
        for event in EVENTS
        if (event.is_relay or not teams)
        and (final_clock_s is None or _fits(event, final_clock_s, 0))
        and sum(_fits(event, clock_s, laps) for clock_s, laps in shown) >= MOST_OF_THEM * len(shown)
    ]


def _fits(event: RaceEvent, clock_s: float, laps_to_go: int) -> bool:
    """Whether a racer of ``event`` may have ``laps_to_go`` (or just less) at ``clock_s``."""
    shortest_s, longest_s = TOTAL_S[(event.name, event.gender)]
    done = event.laps - laps_to_go
    if done < 0:
        return False
    if laps_to_go == 0:
        return shortest_s <= clock_s <= longest_s
    # Early laps are the slow ones of a 1500 m and the fast ones of a relay, so that the share is a loose one; but what
    # is left of the race is skated in laps that are at most a little slower than its mean.
    least_s = shortest_s * max(done / event.laps * 0.9, 1 - laps_to_go / event.laps * 1.15)
    return least_s <= clock_s <= longest_s * (done + 1) / event.laps * 1.1


def one_name(events: list[RaceEvent]) -> tuple[str | None, Gender | None]:
    """Name and gender that all of ``events`` share; None for what they do not."""
    names, genders = {event.name for event in events}, {event.gender for event in events}
    if len(names) != 1:
        return None, None
    return names.pop(), genders.pop() if len(genders) == 1 else None
