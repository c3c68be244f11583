"""``report.html``: everything a run found on one page that needs no network, with ``lapchart.svg`` beside it."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from race.errors import OutputError, RaceFileError
from race.events import penalty_codes
from race.formats import Competitor, FinishRow, Race, Session, read_race, read_session
from race.rink import Rink
from report import svg
from report.colours import competitor_colours
from report.columns import Cell, Column, has_laps, race_columns
from report.dossier import incident_svg
from report.evidence import evidence_rows
from report.gapchart import gap_chart_svg
from report.labels import (
    clock_label,
    competitor_names,
    event_title,
    file_name,
    ordinal,
    printable,
    time_label,
    uncertainty_label,
)
from report.lapchart import lap_chart_svg
from report.orderchart import order_chart_svg
from report.pacetable import pace_rows
from report.showings import showings
from report.speedchart import speed_chart_svg
from report.timeline import timeline_svg

CAMERA_LEVELS = {
    "A": "Level A, order only: where the camera looks on the rink is not known, so racers are ordered along their "
    "direction of travel with the camera's own motion taken out; there are no metres and no speeds.",
    "B": "Level B, rink: the camera's pose over the rink is known for at least part of the race, so places and speeds "
    "are in metres there.",
    "C": "Level C, rink and start list: the camera's pose over the rink is known for at least part of the race, and "
    "names and start lanes come from the start list.",
}

NO_FINISH = {
    "FIN": "the finish of this competitor was not seen",
    "DNF": "did not finish",
    "DNS": "did not start",
    "PEN": "penalised; the place on the ice was not seen",
    "UNKNOWN": "the finish of this competitor was not seen",
}


@dataclass(frozen=True, slots=True)
class Result:
    """A row of the result table; None where unknown."""

    competitor: Competitor
    rank: int | None
    race_time_s: float | None
    video_time_s: float | None
    time_sd_s: float | None
    gap_s: float | None
    photo_finish: bool


def write_report(folder: Path) -> Path:
    """Write ``report.html`` and ``lapchart.svg`` from the run in ``folder``, whole or not at all; returns the page.

    Reads ``race.json`` and, where they are there, ``tracks.parquet``, ``annotated.mp4`` and the incidents' clips: make
    those before. In a folder of several races each one's, and a page that leads to them. Raises RaceFileError where
    race.json or tracks.parquet cannot be read, OutputError where the folder cannot be written.
    """
    if (session := read_session(folder)) is not None:
        return _write_index(session, folder)
    race = read_race(folder)
    page = _page(race, folder)
    try:
        for name, text in (("lapchart.svg", lap_chart_svg(race)), ("report.html", page)):
            partial = folder / f"{name}.part"
            partial.write_text(text, encoding="utf-8")
            partial.replace(folder / name)
    except OSError as error:
        raise OutputError(f"{folder}: the report cannot be written there ({error.strerror})") from error
    return folder / "report.html"


def _write_index(session: Session, folder: Path) -> Path:
    """The pages of all races and, in ``folder``, one with their results."""
    for name in session.races:
        write_report(folder / name)
    races = [(name, read_race(folder / name)) for name in session.races]
    page = (
        _environment()
        .get_template("session.html")
        .render(
            video_name=file_name(races[0][1]),
            duration_s=session.video.duration_s,
            races=[
                (name, race, event_title(race.event), competitor_names(race), results(race)) for name, race in races
            ],
        )
    )
    partial = folder / "report.html.part"
    try:
        partial.write_text(page, encoding="utf-8")
        partial.replace(folder / "report.html")
    except OSError as error:
        raise OutputError(f"{folder}: the report cannot be written there ({error.strerror})") from error
    return folder / "report.html"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "time": time_label,
        "uncertainty": uncertainty_label,
        "ordinal": ordinal,
        "clean": printable,
    }
    environment.filters |= {"clock": clock_label, "words": lambda name: name.replace("_", " ")}
    return environment


def _page(race: Race, folder: Path) -> str:
    tracks = _read_tracks(folder / "tracks.parquet")
    colours, columns, names = competitor_colours(race), race_columns(race), competitor_names(race)
    timed = sum(column.leader_s is not None for column in columns)
    return (
        _environment()
        .get_template("report.html")
        .render(
            race=race,
            title=event_title(race.event),
            video_name=file_name(race),
            names=names,
            colours=colours,
            swatches={c.id: _swatch(k, colours[c.id]) for k, c in enumerate(race.competitors)},
            results=results(race),
            columns=columns,
            counted=has_laps(race),
            camera_level=CAMERA_LEVELS.get(race.camera_level or "", "No level of camera knowledge was recorded."),
            lap_chart=lap_chart_svg(race),
            gap_chart=gap_chart_svg(race) if timed > 1 else None,  # a single crossing's gaps stand in the lap chart
            order_chart=None if tracks is None else order_chart_svg(race, tracks),
            speed_chart=speed_chart_svg(race),
            pace=pace_rows(race),
            timeline=timeline_svg(race),
            showings=showings(race),
            annotated="annotated.mp4" if (folder / "annotated.mp4").is_file() else None,
            drawings=_drawings(race, tracks, names, colours),
            evidence={i.id: evidence_rows(i, names) for i in race.incidents},
            code_words=penalty_codes(),
            clips={i.id: quote(i.clip) for i in race.incidents if i.clip is not None and _holds(folder, i.clip)},
            why_no_rank=why_no_rank,
            no_finish=NO_FINISH,
        )
    )


def _drawings(
    race: Race, tracks: pl.DataFrame | None, names: dict[int, str], colours: dict[int, str]
) -> dict[int, str]:
    """Each incident's drawing, where there are paths in metres."""
    if tracks is None:
        return {}
    rink = Rink(track_shift_m=race.event.track_shift_m or 0.0)
    drawn = {i.id: incident_svg(i, tracks, rink, names, colours) for i in race.incidents}
    return {id_: text for id_, text in drawn.items() if text is not None}


def results(race: Race) -> list[Result]:
    """All competitors, by rank; those without one last, in order of ids."""
    rows = {row.competitor: row for row in race.finish}
    winner = next((row for row in race.finish if row.rank == 1), None)
    known = [_result(competitor, rows.get(competitor.id), winner) for competitor in race.competitors]
    return sorted(known, key=lambda result: (result.rank is None, result.rank or 0, result.competitor.id))


def _result(competitor: Competitor, row: FinishRow | None, winner: FinishRow | None) -> Result:
    if row is None:
        return Result(competitor, None, None, None, None, None, False)
    gap_s = None
    if row.time_s is not None and winner is not None and winner.time_s is not None:
        gap_s = row.time_s - winner.time_s
    return Result(competitor, row.rank, row.race_time_s, row.time_s, row.time_sd_s, gap_s, row.photo_finish)


def why_no_rank(column: Column, cell: Cell | None) -> str:
    """Why a cell of the lap table has no rank, for the reader."""
    if cell is None:
        return "not seen at this crossing"
    if cell.time_s is None:
        return "was not seen crossing here"
    return "rank not certain: not all who may have crossed before were seen"


def _swatch(shape: int, colour: str) -> str:
    """The competitor's marker as in the charts."""
    root = svg.Element("svg", {"viewBox": "0 0 18 18", "width": "18", "height": "18", "aria-hidden": "true"})
    svg.marker(root, shape, 9, 9, colour, False, "")
    return svg.to_text(root)


def _holds(folder: Path, name: str) -> bool:
    """Whether ``name`` is a file inside ``folder``."""
    file = (folder / name).resolve()
    return file.is_file() and file.is_relative_to(folder.resolve())


def _read_tracks(file: Path) -> pl.DataFrame | None:
    if not file.is_file():
        return None
    try:
        return pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RaceFileError(
            f"{file}: not a table of tracks that can be read ({error}); analyze the video again"
        ) from error
