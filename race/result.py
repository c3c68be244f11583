"""``race.json`` put together from what is known of a race, each value with its source and its uncertainty."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from race.clock import ClockRun
from race.crossings import LineCrossing
from race.entries import match_entries
from race.events import RaceEvent
from race.exchanges import being_relieved
from race.field_size import count_named
from race.formats import (
    CameraLevel,
    Competitor,
    Crossing,
    Event,
    Exchange,
    FinishRow,
    IdentityDoubt,
    Pass,
    Race,
    ScorebugReading,
    ScorebugRow,
    Shot,
)
from race.ice import IcePaths, Told
from race.laps import Passage, ShownLap, ranks_at_finish, shown_laps
from race.leader import NEAR_S, NOT_AHEAD_S, counted_crossings, told_by_leader
from race.naming import Line, rows_told
from race.observations import Observations
from race.order import KNOWN_AS_S, Order, find_changes
from race.passes import find_ice_passes
from race.racers import Paths
from race.scene import Scene
from race.start_list import Entry
from race.starts import START_SD_S
from race.suits import suit_colours
from race.who import Settled, exchange_costs, settle
from tracking import Named, Tracks

Floats = NDArray[np.float64]

PHOTO_FINISH_SD = 1.64
"""A gap below so many of its standard deviations is no order: 90 % of a normal distribution lie within."""
CLEARLY_SD = 2.0
"""Crossings of which one was not seen are in order of their times if they are so many standard deviations apart."""
SOON_S = 12.0
"""A lap of those behind: who is first seen so soon was there, on the side on which it is seen then."""
DOUBT = 0.8
"""Identities below this confidence are listed as doubtful."""
ONE_DOUBT_S = 1.0
"""Doubts of one identity no further apart than this are one."""
START_S = 4.0
"""So long from the gun the field sorts itself, and that is no passing: 15 m (START_M) from standing take 3 to 4 s."""
SURE_PASS = 0.6
"""Changes of order below this confidence are not claimed as passes."""
LIKE_SUITS, CONFUSABLE_S, NEAR_PASS_S = 0.05, 0.7, 2.0
"""No pass is claimed between two whose mean colours are so near (squared Hellinger distance) where one was unseen for
so long within so many seconds of it."""
SLOWEST_STEP_S = 0.105
"""From picture to picture; with longer steps racers are lost (measured: at 8 pictures a second one of four)."""
LAG_S = 0.1
"""A running clock further than this from the official time is worth a warning."""


LEAST_NAMED = 0.5
"""Share of the start list that has to be found among the racers for the level to be C."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a result is made of; ``final`` is the run of the clock that ended with the race, ``in_metres`` tells
    whether order and passages were taken from ``ice``, ``told`` has ids and the crossings that the score
    bug tells of, ``gun_s`` is where the field was seen to start, ``by_hand`` what a person says who is who."""

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
    gun_s: float | None = None
    by_hand: tuple[Named, ...] = ()
    exchanges: tuple[Exchange, ...] = ()

    @property
    def counted(self) -> dict[int, float]:
        """Lap -> when the score bug counted the leader's crossing."""
        if self.model is None:
            return {}
        return counted_crossings(self.observations.scorebug, self.model, self.final)


def assemble(facts: Facts) -> tuple[Race, Floats, Floats]:
    """The race, the competitors' ranks over time (R, F) and their gaps to the leader (R, F), NaN where unknown."""
    warnings = list(facts.observations.warnings)
    finish, active, rank, gap_s = _order_of(facts)
    settled = who_is_who(facts)
    names = settled.names
    competitors = _competitors(facts, settled, finish, warnings)
    _warn_of_missing(facts, competitors, warnings)
    race_start_s = _race_start(facts, finish, active, warnings)
    crossings = _crossings(facts, names, active, race_start_s, warnings)
    if not len(facts.paths.ids):
        warnings.append("nobody was seen racing")
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
        competitors=competitors,
        crossings=crossings,
        finish=_finish(facts, finish, active, race_start_s, crossings),
        passes=_passes(facts, finish),
        identity_doubts=_doubts(facts),
        shots=facts.shots,
        scorebug=facts.observations.scorebug,
        warnings=warnings,
    )
    return race, rank, gap_s


def _order_of(facts: Facts) -> tuple[Passage | None, NDArray[np.bool_], Floats, Floats]:
    """The finish, who is in the race (R, F), ranks (R, F) and gaps to the leader (R, F)."""
    finish = next((passage for passage in facts.passages if passage.is_finish), None)
    active = _active(facts, finish)
    rank = facts.order.rank(active)
    return finish, active, rank, _gap_to_leader(facts.order, rank)


def who_is_who(facts: Facts) -> Settled:
    """Names for the racers as they are followed, and exchanges between them that the score bug tells of."""
    _, active, rank, gap_s = _order_of(facts)
    lines = []
    for passage in facts.passages:
        last = passage.crossings[-1]
        places, lag_s = np.full(len(rank), np.nan), np.full(len(rank), np.nan)
        for crossing in passage.crossings:
            place = _rank_in(facts, passage, crossing, active)
            places[crossing.racer] = np.nan if place is None else place
            lag_s[crossing.racer] = crossing.time_s - passage.time_s
        if not np.isfinite(places).any():  # somebody may have crossed unseen: then the order at that moment
            t = _frame_at(facts, last.time_s)
            places, lag_s = rank[:, t], gap_s[:, t]
        if np.isfinite(places).any():
            lines.append(Line(last.time_s, places, lag_s))
    away = max(0, _expected(facts) - len(rank))
    told = rows_told(_readings(facts), facts.scene.time_s, rank, gap_s, lines, away)
    exchange = exchange_costs(_sure(facts), facts.paths.seen, facts.order.gap_s, facts.scene.time_s)
    return _as_said(settle(told, len(rank), exchange), facts)


def _as_said(settled: Settled, facts: Facts) -> Settled:
    """``settled`` with the names that a person gave, which are nobody else's then."""
    meant = match_entries({one.name for one in facts.by_hand}, facts.start_list)
    name_of = {one.id: meant[one.name].name if one.name in meant else one.name for one in facts.by_hand}
    said = {racer: name_of[int(id_)] for racer, id_ in enumerate(facts.paths.ids) if int(id_) in name_of}
    others = {racer: told for racer, told in settled.names.items() if told[0] not in said.values()}
    against = {racer: names for racer, names in settled.against.items() if racer not in said}
    return replace(settled, names={**others, **{racer: (name, 1.0) for racer, name in said.items()}}, against=against)


def _readings(facts: Facts) -> list[ScorebugReading]:
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


def _expected(facts: Facts) -> int:
    """How many compete, as far as the start list or the names on the score bug tell."""
    relay = facts.model is not None and facts.model.is_relay
    teams = {entry.team for entry in facts.start_list}
    listed = len(teams) if relay and None not in teams else len(facts.start_list)
    return listed or count_named(facts.observations.scorebug)


def _warn_of_missing(facts: Facts, competitors: list[Competitor], warnings: list[str]) -> None:
    """Say who should be among ``competitors`` and is not."""
    followed, expected = len(competitors), _expected(facts)
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


def _level(facts: Facts, competitors: list[Competitor]) -> CameraLevel | None:
    """The best level reached: B where racers' places in metres are known, C where it is known besides who of the start
    list most of them are."""
    if not any(shot.kind == "race" for shot in facts.shots):
        return None
    if facts.ice is None or not facts.ice.seen.any():
        return "A"
    known = sum(competitor.start_position is not None for competitor in competitors)
    return "C" if known and known > LEAST_NAMED * len(facts.start_list) else "B"


def _active(facts: Facts, finish: Passage | None) -> NDArray[np.bool_]:
    """(R, F) True from a competitor's first sight to the last, but not after the finish."""
    known = np.isfinite(facts.paths.position[..., 0])
    forward = np.logical_or.accumulate(known, axis=1)
    backward = np.logical_or.accumulate(known[:, ::-1], axis=1)[:, ::-1]
    active = forward & backward
    if finish is not None:
        active &= facts.scene.time_s <= finish.crossings[-1].time_s + 0.1
    return np.asarray(active)


def _gap_to_leader(order: Order, rank: Floats) -> Floats:
    """(R, F) seconds behind the racer of rank 1, through the racers between where it was not measured directly."""
    gap_s = np.full(rank.shape, np.nan)
    for t in np.flatnonzero(np.isfinite(rank).any(axis=0)):
        in_order = np.argsort(rank[:, t], kind="stable")[: int(np.isfinite(rank[:, t]).sum())]
        leader = in_order[0]
        if rank[leader, t] != 1:
            continue
        gap_s[leader, t] = 0.0
        for ahead, racer in pairwise(in_order):
            direct = order.gap_s[leader, racer, t]
            gap_s[racer, t] = direct if np.isfinite(direct) else gap_s[ahead, t] + order.gap_s[ahead, racer, t]
    return gap_s


def _competitors(facts: Facts, settled: Settled, finish: Passage | None, warnings: list[str]) -> list[Competitor]:
    finished = {crossing.racer for crossing in finish.crossings} if finish is not None else set()
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
                status="FIN" if racer in finished else "UNKNOWN",
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


def _race_start(facts: Facts, finish: Passage | None, active: NDArray[np.bool_], warnings: list[str]) -> float | None:
    """When the clock stood at zero. The time at which it stopped is official, its running digits may lag behind.

    Without a clock it is when the field got off, less the time that people need to react.
    """
    runs = [facts.final] if facts.final is not None else facts.clock
    running_s = runs[-1].race_start_s if runs else None
    if running_s is None and facts.gun_s is not None:
        warnings.append(
            f"no clock was read: race times are counted from the racers' first movement, and all of them may be off by "
            f"the same {START_SD_S:g} s"
        )
        return facts.gun_s
    if finish is None or facts.final is None or facts.final.final_clock_s is None:
        return running_s
    winner = finish.crossings[0]
    if not winner.seen or _rank_in(facts, finish, winner, active) != 1:
        return running_s
    official_s = winner.time_s - facts.final.final_clock_s
    if running_s is not None and abs(running_s - official_s) > LAG_S:
        behind = "behind" if running_s > official_s else "ahead of"
        warnings.append(
            f"the clock on the screen ran {abs(running_s - official_s):.2f} s {behind} the time it stopped at; "
            "race times are counted from the latter"
        )
    return official_s


def _frame_at(facts: Facts, time_s: float) -> int:
    return int(np.clip(np.searchsorted(facts.scene.time_s, time_s), 0, len(facts.scene.time_s) - 1))


def _rank_in(facts: Facts, passage: Passage, crossing: LineCrossing, active: NDArray[np.bool_]) -> int | None:
    """1 + those who crossed earlier; None where somebody who was not seen to cross may have.

    In metres, whose time at the line is too unsure to tell is where it was when last seen, or first seen soon after: a
    camera that shows the one would have shown the other go past.
    """
    if len(facts.start_list) > len(facts.paths.ids):
        return None
    crossed = {other.racer: other for other in passage.crossings}
    t = _frame_at(facts, crossing.time_s)
    soon = _frame_at(facts, crossing.time_s + SOON_S) if facts.in_metres else t
    behind = _behind_unseen(facts, passage, crossing)
    order, rank = facts.order, 1
    for racer in range(len(facts.paths.ids)):
        if racer == crossing.racer or behind[racer]:
            continue
        other = crossed.get(racer)
        known = order.known[crossing.racer, racer] and active[racer, : soon + 1].any()
        if other is not None and (facts.ice is None or not known or _told_apart(crossing, other)):
            rank += other.time_s < crossing.time_s
        elif not known or (facts.ice is None and not order.ahead[crossing.racer, racer, t]):
            return None
        else:
            rank += bool(order.ahead[racer, crossing.racer, t])
    return rank


def _behind_unseen(facts: Facts, passage: Passage, crossing: LineCrossing) -> NDArray[np.bool_]:
    """(R,) who was behind, out of the picture, when one crossed whom the picture showed with the leader."""
    seen = facts.paths.seen
    first = min(passage.crossings, key=lambda one: (not seen[one.racer, _frame_at(facts, one.time_s)], one.time_s))
    if facts.ice is None:
        return np.zeros(len(seen), bool)
    counted_s = facts.counted.get(passage.lap or 0)
    if counted_s is not None and abs(counted_s - first.time_s) > NEAR_S:
        return np.zeros(len(seen), bool)
    unseen_s = NOT_AHEAD_S if counted_s is None else NEAR_S
    return told_by_leader(
        seen, facts.scene.time_s, first.racer, crossing.racer, first.time_s, crossing.time_s, unseen_s
    )


def _told_apart(first: LineCrossing, second: LineCrossing) -> bool:
    if first.seen and second.seen:
        return True
    return abs(first.time_s - second.time_s) > CLEARLY_SD * _spread_s(first, second)


def _crossings(
    facts: Facts,
    names: dict[int, tuple[str, float]],
    active: NDArray[np.bool_],
    race_start_s: float | None,
    warnings: list[str],
) -> list[Crossing]:
    """Crossings that were seen, with what the score bug says of the same lap, and those only it knows of."""
    shown = _shown(facts, names)
    last: dict[int, tuple[int, LineCrossing]] = {}  # racer -> lap and crossing before
    sightings: dict[int, int] = {}
    rows = []
    for passage in facts.passages:
        for crossing in passage.crossings:
            racer = crossing.racer
            sightings[racer] = sightings.get(racer, 0) + 1
            row = shown.pop((racer, passage.lap), None)
            lap_time_s = row.lap_time_s if row is not None else None
            before = last.get(racer)
            if passage.lap is not None and before is not None and before[0] == passage.lap - 1:
                seen_s = crossing.time_s - before[1].time_s
                if lap_time_s is not None and abs(seen_s - lap_time_s) > 0.3:
                    warnings.append(
                        f"lap {passage.lap} of competitor {facts.paths.ids[racer]}: {seen_s:.2f} s seen, "
                        f"{lap_time_s:.2f} s on the score bug"
                    )
                lap_time_s = lap_time_s if lap_time_s is not None else seen_s
            elif passage.lap == 1 and race_start_s is not None and lap_time_s is None:
                lap_time_s = crossing.time_s - race_start_s
            if passage.lap is not None:
                last[racer] = passage.lap, crossing
            rows.append(
                Crossing(
                    competitor=int(facts.paths.ids[racer]),
                    lap=passage.lap,
                    sighting=sightings[racer],
                    time_s=crossing.time_s,
                    time_sd_s=crossing.time_sd_s,
                    lap_time_s=lap_time_s,
                    rank=row.rank if row is not None else _rank_in(facts, passage, crossing, active),
                    source=("vision" if row is None else "fused") if crossing.seen else "interpolated",
                )
            )
    rows += [
        Crossing(
            competitor=int(facts.paths.ids[racer]),
            lap=lap,
            time_s=None,
            lap_time_s=row.lap_time_s,
            rank=row.rank,
            source="scorebug",
        )
        for (racer, lap), row in shown.items()
    ]
    rows = _without_doubles(rows)
    return sorted(rows, key=lambda row: (row.lap or 0, row.rank or len(facts.paths.ids) + 1, row.time_s or 0))


def _without_doubles(rows: list[Crossing]) -> list[Crossing]:
    """A rank that the score bug gives to one is no other's."""
    shown = [row for row in rows if row.source in ("fused", "scorebug")]
    given = {(row.lap, row.rank): row.competitor for row in shown}
    return [
        row.model_copy(update={"rank": None})
        if None not in (row.lap, row.rank) and given.get((row.lap, row.rank), row.competitor) != row.competitor
        else row
        for row in rows
    ]


def _shown(facts: Facts, names: dict[int, tuple[str, float]]) -> dict[tuple[int, int | None], ShownLap]:
    """(racer, lap) -> the score bug's row, where the event's laps and the row's racer are known."""
    if facts.model is None:
        return {}
    racer_of = {name: racer for racer, (name, _) in names.items()}
    readings = _readings(facts)
    shown: dict[tuple[int, int | None], ShownLap] = {
        (racer_of[row.name], facts.model.crossings - row.laps_to_go): row
        for row in shown_laps(readings)
        if row.name in racer_of and facts.model.crossings - row.laps_to_go >= 1
    }
    if facts.final is not None and facts.final.stopped_at_s is not None:
        for name, rank in ranks_at_finish(readings, facts.final.stopped_at_s).items():
            key = racer_of.get(name, -1), facts.model.crossings
            if key[0] >= 0 and key not in shown:
                shown[key] = ShownLap(0, rank, name, None)
    racer_of_id = {int(id_): racer for racer, id_ in enumerate(facts.paths.ids)}
    for id_, one in facts.told:
        shown.setdefault((racer_of_id[id_], one.lap), ShownLap(0, one.rank, one.name, one.lap_time_s))
    return shown


def _finish(
    facts: Facts,
    finish: Passage | None,
    active: NDArray[np.bool_],
    race_start_s: float | None,
    crossings: list[Crossing],
) -> list[FinishRow]:
    if finish is None:
        return []
    shown = {row.competitor: row.rank for row in crossings if finish.lap is not None and row.lap == finish.lap}
    rows = []
    for k, crossing in enumerate(finish.crossings):
        neighbours = [other for other in (*finish.crossings[k - 1 : k], *finish.crossings[k + 1 : k + 2])]
        rows.append(
            FinishRow(
                competitor=int(facts.paths.ids[crossing.racer]),
                rank=shown.get(int(facts.paths.ids[crossing.racer]), _rank_in(facts, finish, crossing, active)),
                time_s=crossing.time_s,
                time_sd_s=crossing.time_sd_s,
                race_time_s=None if race_start_s is None else crossing.time_s - race_start_s,
                photo_finish=any(_too_close(crossing, other) for other in neighbours),
            )
        )
    return rows


def _too_close(first: LineCrossing, second: LineCrossing) -> bool:
    return abs(first.time_s - second.time_s) < PHOTO_FINISH_SD * _spread_s(first, second)


def _spread_s(first: LineCrossing, second: LineCrossing) -> float:
    """Standard deviation of the time between two crossings, without what they share."""
    own_s = [one.time_sd_s if one.own_sd_s is None else one.own_sd_s for one in (first, second)]
    return float(np.hypot(own_s[0], own_s[1]))


def _passes(facts: Facts, finish: Passage | None) -> list[Pass]:
    """Changes of order between racers, before either has finished."""
    crossed = finish.crossings if finish is not None else ()
    finished_s = {int(facts.paths.ids[crossing.racer]): crossing.time_s for crossing in crossed}
    last_s = max(finished_s.values(), default=float("inf"))
    if facts.ice is not None and facts.in_metres:
        changing = being_relieved(facts.exchanges, facts.ice.ids, facts.scene.time_s)
        found = find_ice_passes(facts.ice, facts.model if facts.ice.from_start else None, changing)
        sure = [(one.confidence or 0.0) * _known_as(facts, one) for one in found]
        passes = [
            one.model_copy(update={"confidence": round(confidence, 3)})
            for one, confidence in zip(found, sure, strict=True)
            if confidence >= SURE_PASS and not _confusable(facts, one)
        ]
    else:
        starts_s = [run.race_start_s for run in facts.clock]
        passes = [
            Pass(
                time_s=change.time_s,
                by=int(facts.paths.ids[change.by]),
                on=int(facts.paths.ids[change.on]),
                confidence=round(change.confidence, 3),
            )
            for change in find_changes(facts.order, facts.paths.seen, _sure(facts), facts.scene.time_s)
            if change.confidence >= SURE_PASS
            and not any(0 <= change.time_s - start_s < START_S for start_s in starts_s)
        ]
    return [one for one in passes if one.time_s < min(finished_s.get(one.by, last_s), finished_s.get(one.on, last_s))]


def _known_as(facts: Facts, one: Pass) -> float:
    """How sure it is around a pass who the two are, until both were seen again: racers taken for each other seem to
    pass."""
    tracks = facts.tracks
    time_s = facts.scene.time_s[np.searchsorted(facts.scene.number, tracks.frame)]
    before_s, after_s = KNOWN_AS_S
    sure = 1.0
    for racer in (one.by, one.on):
        own = tracks.id == racer
        again_s = time_s[own & tracks.seen & (time_s >= one.time_s)].min(initial=np.inf)
        near = own & (time_s >= one.time_s - before_s) & (time_s <= again_s + after_s)
        sure = min(sure, float(tracks.link_confidence[near].min(initial=1.0)))
    return sure


def _confusable(facts: Facts, one: Pass) -> bool:
    """Whether the two of a pass wear like suits and one was out of sight near it, so that each may be the other.

    Suits that are not known are alike."""
    tracks, suits = facts.tracks, facts.observations.detections.suit
    time_s = facts.scene.time_s[np.searchsorted(facts.scene.number, tracks.frame)]
    looks, unseen_s = [], 0.0
    for racer in (one.by, one.on):
        own = (tracks.id == racer) & tracks.seen
        suit = suits[tracks.detection[own]]
        suit = suit[np.isfinite(suit).all(axis=1)]
        looks.append(np.sqrt(suit.mean(axis=0)) if len(suit) else np.full(suit.shape[1], np.nan))
        near_s = time_s[own & (np.abs(time_s - one.time_s) <= NEAR_PASS_S)]
        unseen_s = max(unseen_s, float(np.diff(near_s).max(initial=0.0)))
    unlike = 0.5 * float(np.sum((looks[0] - looks[1]) ** 2)) >= LIKE_SUITS
    return unseen_s >= CONFUSABLE_S and not unlike


def _sure(facts: Facts) -> Floats:
    """(R, F) how sure it is whose box a competitor's is, NaN where it has none."""
    tracks = facts.tracks
    sure = np.full(facts.paths.seen.shape, np.nan)
    rows = np.searchsorted(facts.paths.ids, tracks.id), np.searchsorted(facts.scene.number, tracks.frame)
    sure[rows] = tracks.link_confidence
    return sure


def _doubts(facts: Facts) -> list[IdentityDoubt]:
    """Stretches in which a competitor's identity hangs on an uncertain link."""
    tracks = facts.tracks
    time_s = facts.scene.time_s[np.searchsorted(facts.scene.number, tracks.frame)]
    doubts = []
    for id_ in facts.paths.ids:
        rows = np.flatnonzero(tracks.id == id_)
        doubtful = rows[tracks.link_confidence[rows] < DOUBT]
        apart = np.flatnonzero(np.diff(time_s[doubtful]) > ONE_DOUBT_S) + 1
        doubts += [
            IdentityDoubt(
                competitor=int(id_),
                from_s=float(time_s[stretch[0]]),
                to_s=float(time_s[stretch[-1]]),
                confidence=float(tracks.link_confidence[stretch].min()),
            )
            for stretch in np.split(doubtful, apart)
            if len(stretch)
        ]
    return sorted(doubts, key=lambda doubt: doubt.from_s)
