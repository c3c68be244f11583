"""The competitors: whose names they have, and who of those expected is missing."""

from collections import Counter
from dataclasses import replace

import numpy as np

from race.claims import DOUBT
from race.entries import match_entries
from race.facts import Facts, count_expected, frame_at, readings_of, sureness
from race.formats import Competitor
from race.naming import Line, rows_told
from race.placing import order_of, rank_at_line
from race.suits import suit_colours
from race.who import Settled, exchange_costs, settle

LEAST_TOLD = 3
"""So many crossings that the score bug tells of give a racer its name."""


def who_is_who(facts: Facts) -> Settled:
    """Names for the racers as they are followed, and exchanges between them that the score bug tells of."""
    _, active, rank, gap_s = order_of(facts)
    lines = []
    for passage in facts.passages:
        last = passage.crossings[-1]
        places, lag_s = np.full(len(rank), np.nan), np.full(len(rank), np.nan)
        for crossing in passage.crossings:
            place = rank_at_line(facts, passage, crossing, active)
            places[crossing.racer] = np.nan if place is None else place
            lag_s[crossing.racer] = crossing.time_s - passage.time_s
        if not np.isfinite(places).any():  # somebody may have crossed unseen: then the order at that moment
            t = frame_at(facts, last.time_s)
            places, lag_s = rank[:, t], gap_s[:, t]
        if np.isfinite(places).any():
            lines.append(Line(last.time_s, places, lag_s))
    away = max(0, count_expected(facts) - len(rank))
    told = rows_told(readings_of(facts), facts.scene.time_s, rank, gap_s, lines, away)
    exchange = exchange_costs(sureness(facts), facts.paths.seen, facts.order.gap_s, facts.scene.time_s)
    return _as_said(_as_crossed(settle(told, len(rank), exchange), facts), facts)


def _as_crossed(settled: Settled, facts: Facts) -> Settled:
    """``settled`` with the names under which the score bug tells of racers' crossings, where nearly all are so."""
    if not facts.agreed:
        return settled
    meant = match_entries({one.name for _, one in facts.told}, facts.start_list)
    count = Counter((id_, one.name) for id_, one in facts.told)
    racer_of = {int(id_): racer for racer, id_ in enumerate(facts.paths.ids)}
    told = {
        racer_of[id_]: meant[name].name if name in meant else name
        for (id_, name), times in count.items()
        if times >= LEAST_TOLD
    }
    names = {racer: known for racer, known in settled.names.items() if known[0] not in told.values()}
    for racer, name in told.items():
        known = settled.names.get(racer)
        names[racer] = (name, max(DOUBT, known[1]) if known is not None and known[0] == name else DOUBT)
    against = {racer: others for racer, others in settled.against.items() if racer not in told}
    return replace(settled, names=names, against=against)


def _as_said(settled: Settled, facts: Facts) -> Settled:
    """``settled`` with the names that a person gave, which are nobody else's then."""
    meant = match_entries({one.name for one in facts.by_hand}, facts.start_list)
    name_of = {one.id: meant[one.name].name if one.name in meant else one.name for one in facts.by_hand}
    said = {racer: name_of[int(id_)] for racer, id_ in enumerate(facts.paths.ids) if int(id_) in name_of}
    others = {racer: told for racer, told in settled.names.items() if told[0] not in said.values()}
    against = {racer: names for racer, names in settled.against.items() if racer not in said}
    return replace(settled, names={**others, **{racer: (name, 1.0) for racer, name in said.items()}}, against=against)


def competitors_of(facts: Facts, settled: Settled, home: set[int], warnings: list[str]) -> list[Competitor]:
    """``home``: ids of those who finished."""
    relay = facts.model is not None and facts.model.is_relay
    entries = {entry.name: entry for entry in facts.start_list}
    colours = suit_colours(facts.observations.detections, facts.tracks)
    competitors = []
    for racer, id_ in enumerate(facts.paths.ids):
        name, confidence = settled.names.get(racer, (None, None))
        entry = entries.get(name or "")
        competitors.append(
            Competitor(
                id=int(id_),
                name=name,
                team=entry.team if entry else (name if relay else None),
                helmet=entry.helmet if entry else None,
                start_position=entry.start_position if entry else None,
                colour=colours[racer],
                status="FIN" if int(id_) in home else "UNKNOWN",
                confidence=None if confidence is None else round(confidence, 3),
            )
        )
    for racer, names in settled.against.items():
        if len(names) > 1:
            warnings.append(
                f"competitor {facts.paths.ids[racer]} may be {' or '.join(names)} by the score bug, and has no name"
            )
    open_ = sum(len(names) > 1 for names in settled.against.values())
    unnamed = sum(competitor.name is None for competitor in competitors) - open_
    if unnamed:
        shown = any(row.name for reading in facts.observations.scorebug for row in reading.rows)
        why = "the score bug did not give it" if shown else "nothing on the screen gave one; --corrections can"
        warnings.append(f"{unnamed} of {len(competitors)} competitors have no name: {why}")
    return competitors


def warn_of_missing(facts: Facts, competitors: list[Competitor], warnings: list[str]) -> None:
    """Say who should be among ``competitors`` and is not."""
    followed, expected = len(competitors), count_expected(facts)
    if not followed:
        return
    if facts.start_list:
        if expected != followed:
            warnings.append(f"{followed} racers were seen, the start list has {expected}")
        named = {competitor.start_position for competitor in competitors}
        missing = [entry.name for entry in facts.start_list if entry.start_position not in named]
        if missing:
            warnings.append(f"of the start list nobody was named as {', '.join(missing)}")
    elif expected > followed:
        warnings.append(f"the score bug names {expected} competitors, {followed} were followed")
    elif facts.model is not None and followed < facts.model.field[0]:
        warnings.append(f"{followed} racers were followed, in this event {facts.model.field[0]} or more start")
