"""The columns of the lap chart, the gap chart and the lap table: one per crossing of the finish line."""

import math
from dataclasses import dataclass, replace

from race.formats import Crossing, Event, FinishRow, Race
from report.labels import lap_label, laps_to_go


@dataclass(frozen=True, slots=True)
class Cell:
    """One competitor at one crossing; None where unknown. ``time_s`` counts from the first picture of the video."""

    rank: int | None
    time_s: float | None
    time_sd_s: float | None
    lap_time_s: float | None
    source: str

    @property
    def interpolated(self) -> bool:
        return self.source == "interpolated"


@dataclass(frozen=True, slots=True)
class Column:
    """One crossing. ``position`` is its place on the axis, one per lap; ``finish`` where the race ends here; ``to_go``
    the laps left, None where that is not known."""

    position: int
    label: str
    note: str
    finish: bool
    cells: dict[int, Cell]
    to_go: int | None = None

    @property
    def leader_s(self) -> float | None:
        """When the first in rank crossed, None where unknown."""
        times = [cell.time_s for cell in self.cells.values() if cell.rank == 1 and cell.time_s is not None]
        return min(times) if times else None


def race_columns(race: Race) -> list[Column]:
    """Crossings by lap, else (laps unknown) by sighting, then the finish where no crossing already is it.

    Laps that nobody was seen at have no column, only a step in ``position``.
    """
    by_lap: dict[int, dict[int, Cell]] = {}
    counted = has_laps(race)
    for crossing in race.crossings:
        number = crossing.lap if counted else crossing.sighting
        if number is not None:
            by_lap.setdefault(number, {})[crossing.competitor] = _cell(crossing)
    if not counted:
        by_lap = {number: _ranked(cells, len(race.competitors)) for number, cells in by_lap.items()}
    columns = [_column(number, by_lap[number], race.event, counted) for number in sorted(by_lap)]
    return _with_finish(columns, race, counted)


def has_laps(race: Race) -> bool:
    """Whether crossings have lap numbers; else there are only sightings, in the order they came."""
    return not race.crossings or any(crossing.lap is not None for crossing in race.crossings)


def _cell(crossing: Crossing) -> Cell:
    return Cell(crossing.rank, crossing.time_s, crossing.time_sd_s, crossing.lap_time_s, crossing.source)


def _column(number: int, cells: dict[int, Cell], event: Event, counted: bool) -> Column:
    if not counted:
        return Column(number, f"sighting {number}", "lap unknown", False, cells)
    crossings = math.ceil(event.laps) if event.laps is not None else None
    finish = crossings is not None and number >= crossings
    to_go = crossings - number if crossings is not None else None
    return Column(number, lap_label(number, event), laps_to_go(number, event), finish, cells, to_go)


def _ranked(cells: dict[int, Cell], competitors: int) -> dict[int, Cell]:
    """Sightings have no rank of their own: the order in which all came by, where all did."""
    times = sorted(cell.time_s for cell in cells.values() if cell.time_s is not None)
    if len(times) < competitors or any(cell.rank is not None for cell in cells.values()):
        return cells
    return {id_: replace(cell, rank=1 + times.index(cell.time_s or 0.0)) for id_, cell in cells.items()}


def _with_finish(columns: list[Column], race: Race, counted: bool) -> list[Column]:
    rows = [row for row in race.finish if row.rank is not None or row.time_s is not None]
    if not rows:
        return columns
    last = columns[-1] if columns else None
    if last is not None and (last.finish or ((race.event.laps is None or not counted) and _same(last, rows))):
        cells = last.cells | {row.competitor: _finish_cell(row, last.cells.get(row.competitor)) for row in rows}
        return [*columns[:-1], replace(last, finish=True, note="Finish", cells=cells)]
    before = last.position if last is not None else 0
    position = math.ceil(race.event.laps) if race.event.laps is not None and counted else before + 1
    label = lap_label(position, race.event) if race.event.laps is not None and counted else ""
    return [
        *columns,
        Column(position, label, "Finish", True, {row.competitor: _finish_cell(row, None) for row in rows}),
    ]


def _same(column: Column, rows: list[FinishRow]) -> bool:
    """Whether a column's times are those of the finish."""
    pairs = [(column.cells[row.competitor].time_s, row.time_s) for row in rows if row.competitor in column.cells]
    gaps = [abs(crossed - finished) for crossed, finished in pairs if crossed is not None and finished is not None]
    return bool(gaps) and max(gaps) < 1.0


def _finish_cell(row: FinishRow, crossing: Cell | None) -> Cell:
    """The finish row, and from the crossing what only that knows."""
    if crossing is None:
        return Cell(row.rank, row.time_s, row.time_sd_s, None, "finish")
    return replace(
        crossing,
        rank=crossing.rank if row.rank is None else row.rank,
        time_s=crossing.time_s if row.time_s is None else row.time_s,
        time_sd_s=crossing.time_sd_s if row.time_s is None else row.time_sd_s,
    )
