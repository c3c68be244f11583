"""Falls and possible infractions, read from paths: questions for review with evidence, never verdicts."""

from race.events import RaceEvent
from race.formats import Race
from race.ice import IcePaths
from race.incidents.bodies import Body
from race.incidents.consequences import laps_of
from race.incidents.find import find_incidents
from race.incidents.relay import changes, comes_on, late_exchanges
from race.passes import without_fallen

__all__ = ["find_incidents", "with_incidents"]


def with_incidents(
    race: Race,
    followed: dict[int, int],
    ice: IcePaths | None,
    bodies: list[Body],
    event: RaceEvent | None,
    told_from: float | None = None,
) -> Race:
    """``race`` with its incidents, none where the camera is not known: what only the picture shows is too little. To
    come past who has fallen is no pass.

    ``followed`` says which detections are which competitor's; ``bodies`` are everybody's ways. ``told_from`` is the
    least confidence, where the usual one is not wanted.
    """
    if ice is None or not ice.seen.any():
        return race
    names = {row.id: row.name or row.team or f"competitor {row.id}" for row in race.competitors}
    laps = laps_of(race, ice.ids)
    found = find_incidents(ice, bodies, followed, ice.rink, event, ice.from_start, names, laps, told_from)
    race = race.model_copy(update={"incidents": found, "passes": without_fallen(race.passes, found)})
    if event is None or not race.exchanges:
        return race
    found = [one for one in found if one.kind != "off_track" or not comes_on(one, race.exchanges)]
    found = [one for one in found if not changes(one, race.exchanges)]
    found = sorted([*found, *late_exchanges(race, event, names)], key=lambda one: one.start_s)
    numbered = [one.model_copy(update={"id": number}) for number, one in enumerate(found, start=1)]
    return race.model_copy(update={"incidents": numbered})
