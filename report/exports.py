"""Tables for spreadsheets and scripts: ``laps.csv`` and ``incidents.csv``. Unknown is an empty cell."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from race.formats import Race

LAPS = ("competitor", "lap", "time_s", "time_sd_s", "lap_time_s", "rank", "source")
INCIDENTS = ("time_s", "kind", "competitors", "codes", "confidence", "clip")


def write_laps_csv(race: Race, path: Path) -> None:
    """One row per competitor and crossing, by competitor and time."""
    crossings = sorted(race.crossings, key=lambda c: (c.competitor, c.lap or 0, c.sighting or 0))
    _write(path, LAPS, ([getattr(crossing, name) for name in LAPS] for crossing in crossings))


def write_incidents_csv(race: Race, path: Path) -> None:
    """One row per incident in order of time; several competitors or codes stand in one cell, apart by spaces.

    ``time_s`` is when it begins; each code carries its weight: ``C1:0.62 C5:0.2``.
    """
    rows = (
        (
            incident.start_s,
            incident.kind,
            " ".join(str(id_) for id_ in incident.competitors),
            " ".join(f"{code.code}:{code.weight:g}" for code in incident.codes),
            incident.confidence,
            incident.clip,
        )
        for incident in sorted(race.incidents, key=lambda i: i.start_s)
    )
    _write(path, INCIDENTS, rows)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    partial = path.with_name(path.name + ".part")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    partial.replace(path)
