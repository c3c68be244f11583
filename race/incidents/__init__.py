"""Falls and possible infractions, read from paths: questions for review with evidence, never verdicts."""

import numpy as np

from race.events import RaceEvent
from race.formats import Race
from race.ice import IcePaths
from race.incidents.find import find_incidents
from race.racers import Paths

__all__ = ["find_incidents", "with_incidents"]


def with_incidents(race: Race, paths: Paths, ice: IcePaths | None, event: RaceEvent | None) -> Race:
    """``race`` with its incidents, none where the camera is not known: what only the picture shows is too little.

    ``paths`` and ``ice`` have the same rows, those of the race's competitors.
    """
    if ice is None or not ice.seen.any():
        return race
    names = {row.id: row.name or row.team or f"competitor {row.id}" for row in race.competitors}
    box = np.where(paths.seen[..., None], paths.box, np.nan)
    finish_s = {row.competitor: row.time_s for row in race.finish if row.time_s is not None}
    found = find_incidents(ice, box, ice.rink, event, ice.from_start, names, finish_s)
    return race.model_copy(update={"incidents": found})
