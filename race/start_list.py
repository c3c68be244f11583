"""The start list: names, teams and helmets by start position, as a CSV file.

Of a video of several races a column ``race`` (1, 2, ...) says which one each row is of.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from race.errors import RaceFileError

COLUMNS = ("start_position", "name", "team", "helmet")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a start list; ``extra`` holds the columns that are not ours."""

    start_position: int
    name: str
    team: str | None
    helmet: str | None
    extra: dict[str, str]


def read_start_list(path: Path) -> list[Entry]:
    """Read a CSV file with the columns ``start_position,name,team,helmet``; others pass through.

    Raises RaceFileError with line and column where it is malformed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RaceFileError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RaceFileError(f"{path}: not a text file in UTF-8; save the start list as CSV UTF-8") from error
    rows = csv.reader(text.splitlines(), strict=True)
    entries: list[Entry] = []
    try:
        header = [name.strip() for name in next(rows, [])]
        for name in COLUMNS[:2]:
            if name not in header:
                raise RaceFileError(f"{path}: line 1: no column {name}; the first line has to be {','.join(COLUMNS)}")
        entries.extend(
            _entry(path, rows.line_num, header, cells) for cells in rows if any(cell.strip() for cell in cells)
        )
    except csv.Error as error:
        raise RaceFileError(f"{path}: line {rows.line_num}: {error}") from error
    if not entries:
        raise RaceFileError(f"{path}: no starters below the header")
    seen: dict[tuple[str | None, int], str] = {}
    for entry in entries:
        place = entry.extra.get("race"), entry.start_position
        if place in seen:
            raise RaceFileError(
                f"{path}: column start_position: {entry.start_position} is both {seen[place]} and {entry.name}"
            )
        seen[place] = entry.name
    return sorted(entries, key=lambda entry: entry.start_position)


def starters_by_race(entries: Sequence[Entry], races: int) -> list[tuple[Entry, ...]]:
    """The rows of each of ``races`` races. Raises RaceFileError where they do not say which race they are of."""
    known = {str(k) for k in range(1, races + 1)}
    for entry in entries:
        if entry.extra.get("race") not in known:
            raise RaceFileError(
                f"the start list does not say in which of the video's {races} races {entry.name} starts; "
                f"add a column race with a number from 1 to {races}"
            )
    return [tuple(entry for entry in entries if entry.extra["race"] == str(k)) for k in range(1, races + 1)]


def _entry(path: Path, line: int, header: list[str], cells: list[str]) -> Entry:
    if len(cells) != len(header):
        raise RaceFileError(f"{path}: line {line}: {len(cells)} columns, but the first line has {len(header)}")
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    position = row["start_position"]
    if not position.isdecimal() or int(position) < 1:
        raise RaceFileError(f"{path}: line {line}, column start_position: expected a number from 1, got {position!r}")
    if not row["name"]:
        raise RaceFileError(f"{path}: line {line}, column name: empty")
    extra = {name: cell for name, cell in row.items() if name not in COLUMNS}
    return Entry(int(position), row["name"], row.get("team") or None, row.get("helmet") or None, extra)
