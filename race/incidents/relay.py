"""What only relays have: a change in the last two laps (R2), from the exchanges and the laps the score bug counts; and
who is inside the blocks, or meets others, because it takes over or is relieved."""

import math
from collections.abc import Sequence

from race.events import LAP_M, RaceEvent
from race.formats import Code, Exchange, Incident, Race

MEETINGS = ("contact", "lane_change", "late_pass", "push")
LAST_LAPS = 2
LATE_M, PLACE_SD_M = 15.0, 6.0
"""The last change is at the beginning of the straight that ends the leg; from so far beyond its end it is late. And the
error of a place whose moment is sure, by which the chance is worked out."""
SPEED_MPS = 11.0
COMES_ON_S = -0.5, 3.0
"""Seconds from when somebody is inside the blocks to the exchange for which it comes on. In two relays from a fixed
camera all eight questions about racers off the track, none of them real, were 0.7 to 2.8 s before their own."""
CHANGES_S = 2.0
"""From an exchange, for which a team's way goes from one racer to another: of nine false questions about two who met in
two relays of 45 laps six were within this."""
SURE_S = 0.55
"""What rests on one of the two alone, who comes out or goes in, is too little for a question."""
FALL_S = 40.0
"""After a fall of the team so long before, a change is allowed at any time."""
TOLD_FROM, MOST = 0.5, 0.9
"""Laps may be miscounted and a turn misread: nothing is surer than MOST."""


def comes_on(incident: Incident, exchanges: Sequence[Exchange]) -> bool:
    """Whether it may be of who is about to take over, and comes from the infield, inside the blocks."""
    return any(
        one.competitor in (None, *incident.competitors)
        and COMES_ON_S[0] < one.time_s - incident.start_s < COMES_ON_S[1]
        for one in exchanges
    )


def changes(incident: Incident, exchanges: Sequence[Exchange]) -> bool:
    """Whether it is about two who met while one of their teams changed."""
    if incident.kind not in MEETINGS or incident.at_s is None:
        return False
    teams, at_s = (None, *incident.competitors), incident.at_s
    return any(one.competitor in teams and abs(one.time_s - at_s) < CHANGES_S for one in exchanges)


def late_exchanges(race: Race, event: RaceEvent, names: dict[int, str]) -> list[Incident]:
    """Questions about exchanges in the last two laps, without ids; what is more likely unreal than real is not told."""
    chances = [(one, _late(one, race, event)) for one in race.exchanges]
    return [_incident(one, chance, names) for one, chance in chances if chance >= TOLD_FROM]


def _late(one: Exchange, race: Race, event: RaceEvent) -> float:
    if one.s_m is None or (one.time_sd_s or 0.0) > SURE_S:
        return 0.0
    fell = any(
        row.kind == "fall"
        and one.time_s - FALL_S <= row.start_s <= one.time_s
        and (one.competitor is None or one.competitor in row.competitors)
        for row in race.incidents
    )
    limit_m = event.distance_m - LAST_LAPS * LAP_M + LATE_M
    sd_m = math.hypot(PLACE_SD_M, SPEED_MPS * (one.time_sd_s or 0.0))
    return 0.0 if fell else 0.5 * (1 + math.erf((one.s_m - limit_m) / sd_m / math.sqrt(2)))


def _incident(one: Exchange, chance: float, names: dict[int, str]) -> Incident:
    """``competitors`` is empty where it is not known which team it was."""
    team = "a team" if one.competitor is None else names.get(one.competitor, f"competitor {one.competitor}")
    evidence = {"where": one.where, "s_m": one.s_m, "nearest_m": one.nearest_m, "team_confidence": one.confidence}
    return Incident(
        id=0,
        kind="relay_exchange_fault",
        start_s=one.time_s - 1.0,
        end_s=one.time_s + 1.5,
        at_s=one.time_s,
        competitors=[] if one.competitor is None else [one.competitor],
        roles={} if one.competitor is None else {str(one.competitor): "late exchange"},
        codes=[Code(code="R2", weight=1.0)],
        confidence=round(min(chance, MOST), 3),
        evidence={name: value for name, value in evidence.items() if value is not None},
        question=f"Did {team} change within the last two laps?",
    )
