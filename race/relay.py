"""A relay's legs and straights, from its exchanges, its crossings and its teams' ways over the ice."""

from itertools import pairwise, takewhile

import numpy as np
from numpy.typing import NDArray

from race.events import LAP_M, RaceEvent
from race.formats import Exchange, Leg, Race, RelayTeam
from race.ice import IcePaths

Floats = NDArray[np.float64]

LONGEST_LAP_S = 16.0
"""Between two crossings of a team further apart than this, how far it has come is not known."""
USUAL_LAP_S, BEHIND_LAPS = 9.3, 0.25
"""A lap takes so long, and the field is up to twice so far behind the leaders."""
NEAR_LAPS = 0.4
"""An exchange so near to where the event's legs usually change is that change."""
AFTER_START_S, BEFORE_FINISH_S, HOME_M = 5.0, 1.0, 40.0
"""Who goes in just before the finish, or after it, has finished."""
MEMBERS = 4
ON_LINE_M = 3.0
SHORTEST_S, LONGEST_S = 1.5, 5.0
"""Of a straight of 28.9 m."""
NEAR_S = 0.5
"""An exchange so long before or after a straight still belongs to it."""


def with_relay(race: Race, exchanges: list[Exchange], ice: IcePaths | None, event: RaceEvent) -> Race:
    """``race`` with the exchanges of its teams before their finish, numbered where their laps are known."""
    end_s = {row.competitor: row.time_s for row in race.finish if row.time_s is not None}
    last_s = max(end_s.values(), default=np.inf)
    begin_s = -np.inf if race.race_start_s is None else race.race_start_s + AFTER_START_S
    told = [
        _numbered(one, _laps(race, one, event), event)
        for one in exchanges
        if begin_s <= one.time_s <= end_s.get(one.competitor or 0, last_s) - BEFORE_FINISH_S
    ]
    kept = [one for one in told if one.s_m is None or one.s_m < event.distance_m - HOME_M]
    teams = []
    for competitor in race.competitors:
        mine = [one for one in kept if one.competitor == competitor.id]
        plain, changed = ([], []) if ice is None else _straights(ice, competitor.id, mine)
        teams.append(
            RelayTeam(
                competitor=competitor.id,
                legs=_legs(race, competitor.id, mine),
                straight_s=_median(plain),
                straights=len(plain),
                exchange_straight_s=_median(changed),
                exchange_straights=len(changed),
            )
        )
    return race.model_copy(update={"exchanges": kept, "relay": teams})


def _laps(race: Race, one: Exchange, event: RaceEvent) -> float | None:
    """How many laps the team has done: about so many as the score bug, its crossings or all others' say, and its place
    tells the rest."""
    about = _shown(race, one.time_s, event)
    if about is None:
        about = laps_skated(race, one.competitor, one.time_s)
    if about is None:
        known = [laps_skated(race, other.id, one.time_s) for other in race.competitors]
        others = [laps for laps in known if laps is not None]
        about = float(np.median(others)) if others else None
    if about is None or one.place_m is None:
        return about
    part = one.place_m / LAP_M
    return part + round(about - part)


def _shown(race: Race, time_s: float, event: RaceEvent) -> float | None:
    """Laps done by the leaders as the score bug has it, which shows the laps to go when they cross the line."""
    shown = [row for row in race.scorebug if row.laps_to_go is not None and row.time_s <= time_s]
    # what was read once only, between others, was misread
    sure = [b for a, b in pairwise(shown) if a.laps_to_go == b.laps_to_go]
    if not sure or sure[-1].laps_to_go is None:
        return None
    run = list(takewhile(lambda row: row.laps_to_go == sure[-1].laps_to_go, reversed(sure)))
    since_s = time_s - run[-1].time_s
    if since_s > LONGEST_LAP_S:
        return None
    return event.laps - sure[-1].laps_to_go + since_s / USUAL_LAP_S - BEHIND_LAPS


def laps_skated(race: Race, competitor: int | None, time_s: float) -> float | None:
    """How many laps the team had done, between its crossings; None where they are not known."""
    known = {
        row.time_s: float(row.lap) for row in race.crossings if row.competitor == competitor and row.lap and row.time_s
    }
    if race.race_start_s is not None:
        known[race.race_start_s] = 0.0
    times = np.array(sorted(known))
    n = int(np.searchsorted(times, time_s))
    if not 0 < n < len(times) or times[n] - times[n - 1] > LONGEST_LAP_S * max(
        1.0, known[times[n]] - known[times[n - 1]]
    ):
        return None
    return float(np.interp(time_s, times[n - 1 : n + 1], [known[times[n - 1]], known[times[n]]]))


def _numbered(one: Exchange, laps: float | None, event: RaceEvent) -> Exchange:
    if laps is None:
        return one
    ends = np.cumsum(event.legs)
    n = int(np.abs(ends - laps).argmin())
    changes: dict[str, object] = {"s_m": round(laps * LAP_M, 1)}
    if abs(ends[n] - laps) <= NEAR_LAPS and n + 1 < len(ends):
        changes |= {"leg": n + 2, "from_skater": n % MEMBERS + 1, "to_skater": (n + 1) % MEMBERS + 1}
    return one.model_copy(update=changes)


def _legs(race: Race, competitor: int, exchanges: list[Exchange]) -> list[Leg]:
    """Those whose beginning and end are both known: the first from the gun, the last to the finish."""
    changes = {one.leg: one.time_s for one in exchanges if one.leg is not None}
    if race.race_start_s is not None:
        changes[1] = race.race_start_s
    home_s = next((row.time_s for row in race.finish if row.competitor == competitor), None)
    if changes and home_s is not None and max(changes) > 1:
        changes[max(changes) + 1] = home_s
    legs = []
    for leg in sorted(changes):
        if leg + 1 not in changes:
            continue
        from_s, to_s = changes[leg], changes[leg + 1]
        laps = [laps_skated(race, competitor, moment) for moment in (from_s, to_s)]
        done = None if laps[1] is None else laps[1] - (0.0 if leg == 1 else laps[0] or np.nan)
        legs.append(
            Leg(
                leg=leg,
                skater=(leg - 1) % MEMBERS + 1,
                from_s=round(from_s, 3),
                to_s=round(to_s, 3),
                laps=None if done is None or not np.isfinite(done) else round(float(done), 2),
            )
        )
    return legs


def _straights(ice: IcePaths, competitor: int, exchanges: list[Exchange]) -> tuple[list[float], list[float]]:
    """Seconds that the team took for each straight it was seen on: without an exchange, and with one."""
    row = int(np.searchsorted(ice.ids, competitor))
    known = np.flatnonzero(np.isfinite(ice.s_m[row]))
    if len(known) < 2:
        return [], []
    way, time_s = np.maximum.accumulate(ice.s_m[row, known]), ice.time_s[known]
    half, edge, shift = ice.rink.lap_m / 2, ice.rink.straight_m / 2, ice.rink.track_shift_m
    plain: list[float] = []
    changed: list[float] = []
    for n in range(int(np.floor(way[0] / half)), int(np.ceil(way[-1] / half)) + 1):
        # In a relay s and u differ by whole laps, so that a straight lies around every half lap.
        begin, end = (_when(n * half + shift + off, way, time_s) for off in (-edge, edge))
        if begin is None or end is None or not SHORTEST_S <= end - begin <= LONGEST_S:
            continue
        here = any(begin - NEAR_S <= one.time_s <= end + NEAR_S for one in exchanges)
        (changed if here else plain).append(end - begin)
    return plain, changed


def _when(line: float, way: Floats, time_s: Floats) -> float | None:
    after = int(np.searchsorted(way, line))
    if not 0 < after < len(way) or way[after] - way[after - 1] > ON_LINE_M:
        return None
    return float(np.interp(line, way[after - 1 : after + 1], time_s[after - 1 : after + 1]))


def _median(values: list[float]) -> float | None:
    return round(float(np.median(values)), 3) if values else None
