"""The start, crossings and finish, from what was seen and what the score bug says of the same laps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.crossings import LineCrossing
from race.facts import Facts, readings_of
from race.formats import Crossing, FinishRow, StartSource
from race.heard import hear_gun
from race.laps import Passage, ShownLap, ranks_at_finish, shown_laps
from race.placing import rank_at_line, spread_s
from race.starts import START_SD_S

PHOTO_FINISH_SD = 1.64
"""A gap below so many of its standard deviations is no order: 90 % of a normal distribution lie within."""
PHOTO_FINISH_S = 0.02
"""And so small a gap, half a picture at 25 a second, is for the finish camera, however sure it seems."""
LAG_S = 0.1
"""What a clock on the screen lags behind, as a standard deviation; more, by the official time, is worth a warning."""
UNDER_WAY_S, UNDER_WAY_SD_S = 2.8, 0.7
"""From the gun to when two are seen at racing speed: 1.9 to 3.8 s in ten simulated races, fixed and held by hand."""
SURE_SHOT = 0.5


@dataclass(frozen=True, slots=True)
class RaceStart:
    """When the gun went; None throughout where nothing tells."""

    time_s: float | None = None
    sd_s: float | None = None
    source: StartSource | None = None


def race_start(facts: Facts, finish: Passage | None, active: NDArray[np.bool_], warnings: list[str]) -> RaceStart:
    """The surest of what tells of it: the time at which the clock stopped, which is official, and who won crossing;
    the gun, as it is heard; the clock as it ran, which lags behind; and first movements.

    A bang counts where somebody starts: at first movements, when the clock was at zero, or, where neither is known and
    it is surely a shot, before they are seen to race.
    """
    runs = [facts.final] if facts.final is not None else facts.clock
    running = runs[-1] if runs else None
    told: list[RaceStart] = []
    official = _official(facts, finish, active)
    if official is not None:
        told.append(official)
    if running is not None:
        sd_s = float(np.hypot(running.race_start_sd_s, LAG_S))
        told.append(RaceStart(running.race_start_s, sd_s, "scorebug"))
    if facts.gun_s is not None:
        told.append(RaceStart(facts.gun_s, START_SD_S, "movement"))
    sounds, heard = facts.observations.sounds, None
    if told:
        heard = hear_gun(sounds, told[0].time_s or 0.0, max(told[0].sd_s or 0.0, LAG_S))
    elif facts.racing_s is not None:
        heard = hear_gun(sounds, facts.racing_s - UNDER_WAY_S, UNDER_WAY_SD_S, SURE_SHOT)
    if heard is not None:
        told.append(RaceStart(*heard, "gun"))
    if not told:
        return RaceStart()
    start = min(told, key=lambda one: one.sd_s or 0.0)
    if running is None:
        from_what = "the gun, as it is heard" if start.source == "gun" else "the racers' first movement"
        warnings.append(
            f"no clock was read: race times are counted from {from_what}, and all of them may be off by "
            f"the same {start.sd_s:.2g} s"
        )
    elif official is not None and start is official and abs(running.race_start_s - (start.time_s or 0.0)) > LAG_S:
        lag_s = running.race_start_s - (start.time_s or 0.0)
        behind = "behind" if lag_s > 0 else "ahead of"
        warnings.append(
            f"the clock on the screen ran {abs(lag_s):.2f} s {behind} the time it stopped at; "
            "race times are counted from the latter"
        )
    return start


def _official(facts: Facts, finish: Passage | None, active: NDArray[np.bool_]) -> RaceStart | None:
    """The winner's crossing less the time at which the clock stopped."""
    if finish is None or facts.final is None or facts.final.final_clock_s is None:
        return None
    winner = finish.crossings[0]
    if not winner.seen or rank_at_line(facts, finish, winner, active) != 1:
        return None
    return RaceStart(winner.time_s - facts.final.final_clock_s, winner.time_sd_s, "scorebug")


def crossings_of(
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
            rank = rank_at_line(facts, passage, crossing, active)
            if row is not None and rank is not None and row.rank != rank:
                if _is_elsewhere(facts, passage, crossing, row.rank, active):
                    warnings.append(
                        f"lap {passage.lap} of competitor {facts.paths.ids[racer]}: number {rank} at the line, number "
                        f"{row.rank} on the score bug"
                    )
                    row = None
                else:
                    rank = row.rank
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
                    rank=rank if rank is not None or row is None else row.rank,
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
    rows = _with_last_rank(_without_doubles(rows), len(facts.paths.ids))
    return sorted(rows, key=lambda row: (row.lap or 0, row.rank or len(facts.paths.ids) + 1, row.time_s or 0))


def _is_elsewhere(facts: Facts, passage: Passage, crossing: LineCrossing, rank: int, active: NDArray[np.bool_]) -> bool:
    """Whether somebody else was clearly seen to cross as number ``rank``."""
    return any(
        other.racer != crossing.racer
        and other.seen
        and crossing.seen
        and not _too_close(crossing, other)
        and rank_at_line(facts, passage, other, active) == rank
        for other in passage.crossings
    )


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


def _with_last_rank(rows: list[Crossing], field: int) -> list[Crossing]:
    """Of two in a photo finish the score bug may tell the rank of one: the other has the one that is left of its lap,
    where all ``field`` racers crossed in this order, but for such as are too close to tell."""
    out = []
    for row in rows:
        others = [other for other in rows if other.lap == row.lap and other is not row]
        left = set(range(1, field + 1)) - {other.rank for other in others}
        if row.lap is not None and row.rank is None and len(others) == field - 1 and len(left) == 1:
            rank = left.pop()
            apart = [_apart(row, other) for other in others]
            if 0 in apart and all(
                way in (None, 0, np.sign((other.rank or 0) - rank)) for way, other in zip(apart, others, strict=True)
            ):
                row = row.model_copy(update={"rank": rank})
        out.append(row)
    return out


def _apart(first: Crossing, second: Crossing) -> int | None:
    """1: the first crossed before the second, -1: after it, 0: too close to tell, None: not both were timed."""
    if first.time_s is None or second.time_s is None:
        return None
    spread = float(np.hypot(first.time_sd_s or 0.0, second.time_sd_s or 0.0))
    if _photo_finish(second.time_s - first.time_s, spread):
        return 0
    return 1 if first.time_s < second.time_s else -1


def _shown(facts: Facts, names: dict[int, tuple[str, float]]) -> dict[tuple[int, int | None], ShownLap]:
    """(racer, lap) -> the score bug's row, where the event's laps and the row's racer are known."""
    if facts.model is None:
        return {}
    racer_of = {name: racer for racer, (name, _) in names.items()}
    readings = readings_of(facts)
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
        racer = racer_of_id[id_]
        if racer_of.get(one.name, racer) == racer:  # else the row is of whom it names
            shown.setdefault((racer, one.lap), ShownLap(0, one.rank, one.name, one.lap_time_s))
    return shown


def finish_of(
    facts: Facts,
    finish: Passage | None,
    active: NDArray[np.bool_],
    race_start_s: float | None,
    crossings: list[Crossing],
) -> list[FinishRow]:
    """Those who were followed over the line at the end, and those of whom the score bug alone tells it."""
    if finish is None:
        return []
    at_the_end = [row for row in crossings if finish.lap is not None and row.lap == finish.lap]
    shown = {row.competitor: row.rank for row in at_the_end}
    rows = [
        FinishRow(competitor=row.competitor, rank=row.rank)
        for row in at_the_end
        if row.source == "scorebug" and row.rank is not None
    ]
    for k, crossing in enumerate(finish.crossings):
        neighbours = [other for other in (*finish.crossings[k - 1 : k], *finish.crossings[k + 1 : k + 2])]
        rows.append(
            FinishRow(
                competitor=int(facts.paths.ids[crossing.racer]),
                rank=shown.get(int(facts.paths.ids[crossing.racer]), rank_at_line(facts, finish, crossing, active)),
                time_s=crossing.time_s,
                time_sd_s=crossing.time_sd_s,
                race_time_s=None if race_start_s is None else crossing.time_s - race_start_s,
                photo_finish=any(_too_close(crossing, other) for other in neighbours),
            )
        )
    return sorted(rows, key=lambda row: (row.rank or len(shown) + 1, row.time_s or 0.0))


def _too_close(first: LineCrossing, second: LineCrossing) -> bool:
    return _photo_finish(first.time_s - second.time_s, spread_s(first, second))


def _photo_finish(gap_s: float, spread_s: float) -> bool:
    return abs(gap_s) < max(PHOTO_FINISH_S, PHOTO_FINISH_SD * spread_s)
