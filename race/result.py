"""``race.json`` put together from what is known of a race, each value with its source and its uncertainty."""

import numpy as np
from numpy.typing import NDArray

from race.claims import doubts_of, passes_of
from race.facts import Facts
from race.formats import CameraLevel, Competitor, Race
from race.heard import check_bell
from race.placing import order_of
from race.roster import competitors_of, warn_of_missing, who_is_who
from race.timing import crossings_of, finish_of, race_start

Floats = NDArray[np.float64]

SLOWEST_STEP_S = 0.105
"""From picture to picture; with longer steps racers are lost (measured: at 8 pictures a second one of four)."""
LEAST_NAMED = 0.5
"""Share of the start list that has to be found among the racers for the level to be C."""


def assemble(facts: Facts) -> tuple[Race, Floats, Floats]:
    """The race, the competitors' ranks over time (R, F) and their gaps to the leader (R, F), NaN where unknown."""
    warnings = list(facts.observations.warnings)
    finish, active, rank, gap_s = order_of(facts)
    settled = who_is_who(facts)
    start = race_start(facts, finish, active, warnings)
    race_start_s = start.time_s
    crossings = crossings_of(facts, settled.names, active, race_start_s, warnings)
    home = finish_of(facts, finish, active, race_start_s, crossings)
    competitors = competitors_of(facts, settled, {row.competitor for row in home}, warnings)
    warn_of_missing(facts, competitors, warnings)
    if not len(facts.paths.ids):
        warnings.append("nobody was seen racing")
    check_bell(facts.observations.sounds, facts.passages, facts.model, warnings)
    step_s = np.diff(facts.scene.time_s)
    if len(step_s) and float(np.median(step_s)) > SLOWEST_STEP_S:
        warnings.append("under 10 pictures a second: racers cannot be followed well, the result is incomplete")
    if len(facts.paths.ids) and not facts.passages:
        warnings.append("no crossing of the finish line was seen: no lap has a time of its own")
    race = Race(
        video=facts.observations.video,
        event=facts.event,
        camera_level=_level(facts, competitors),
        race_start_s=race_start_s,
        race_start_sd_s=None if start.sd_s is None else round(start.sd_s, 3),
        race_start_source=start.source,
        competitors=competitors,
        crossings=crossings,
        finish=home,
        passes=passes_of(facts, finish),
        identity_doubts=doubts_of(facts),
        shots=facts.shots,
        scorebug=facts.observations.scorebug,
        sounds=facts.observations.sounds,
        warnings=warnings,
    )
    return race, rank, gap_s


def _level(facts: Facts, competitors: list[Competitor]) -> CameraLevel | None:
    """The best level reached: B where racers' places in metres are known, C where it is known besides who of the start
    list most of them are."""
    if not any(shot.kind == "race" for shot in facts.shots):
        return None
    if facts.ice is None or not facts.ice.seen.any():
        return "A"
    known = sum(competitor.start_position is not None for competitor in competitors)
    return "C" if known and known > LEAST_NAMED * len(facts.start_list) else "B"
