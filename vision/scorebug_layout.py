"""What the lines of text on the screen mean: clock, laps to go, title, rows. For any layout, by form and place alone.

    Final Lap                         4 laps to go    a title above or beside the clock, laps in words
    6:52.8                            12.31
    1.KOREA  2.NETHERLANDS  3.JAPAN                   rows side by side ...
     Lap:8.66    Lap:8.40    Lap:8.80                 ... with what belongs to a row right of it or below it

    RESULT LIST                                       rows in a table: rank, flag, name, qualification, time
    1.  KOR  CHOI Min Jeong    QA  43.963
    2.  ITA  Martina VALCEPINA QA  44.427

A row has a rank. Ranks count up through the rows from the first, so that one that was misread is put right by its
neighbours, and a start list with helmet numbers is no ranking.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np

from race.formats import ScorebugRow
from vision.ocr import Box, TextLine

LONGEST_LAP_S = 20.0
"""A bare time in a row above this is the time of the race so far, below it that of the lap (rolling laps take 13 s)."""

TITLES = ("Final Lap", "Last Lap", "Unofficial Result", "Official Result", "Result", "False Start", "Photo Finish")
"""Put right where a letter or two was misread; any other words beside the clock are a title as they stand."""

_TITLE_LIKENESS = 0.75
_TITLE_WORDS = re.compile(r"result|start\s?list|final\s?lap|false start|photo finish|final|heat\b|ranking", re.I)
_FINAL_LAP = re.compile(r"^(final|last)\s*lap|^dernier tour|^letzte runde|^ultimo giro|^laatste ronde", re.I)
_LAP_WORD = r"(?:laps?|runden?|tours?|giri|giro|rondes?n?|vueltas?|varv|周|圈|바퀴)"
_LAPS_BEFORE = re.compile(rf"^(\d{{1,2}})\s*{_LAP_WORD}(?:\b|\s*to\s*go)", re.I)
_LAPS_AFTER = re.compile(rf"^{_LAP_WORD}(?:\s*to\s*go)?\s*[:.]?\s*(\d{{1,2}})$", re.I)
_LAPS_OF = re.compile(rf"^(?:{_LAP_WORD}\s*)?(\d{{1,2}})\s*/\s*(\d{{1,2}})(?:\s*{_LAP_WORD})?$", re.I)
_LAPS_ALONE = re.compile(rf"^{_LAP_WORD}(?:\s*to\s*go)?\s*:?$", re.I)
_LAP_TIME = re.compile(rf"^{_LAP_WORD}\s*[:.;]?\s*(\d{{1,2}}[.,]\d{{2,3}})$", re.I)
_MINUTES_CLOCK = re.compile(r"^(\d{1,2})[:;.-](\d{2})(?:[.,](?=\d)|:(?=\d$))(\d{1,3})$")
_SECONDS_CLOCK = re.compile(r"^(\d{1,3})[.,](\d{1,3})$")
_WHOLE_CLOCK = re.compile(r"^(\d{1,2}):(\d{2})$")
_NUMBER = re.compile(r"^(\d{1,2})[.)]?$")
_RANKED = re.compile(r"^(\d{1,2}|[lLI|](?=\.))[.,:;)\s]*([^\W\d_].*)$")
_PUNCTUATED = re.compile(r"^[.,)]\s*([^\W\d_].+)$")
_NAME = re.compile(r"^[^\W\d_][^\d:/]*$")
_TRAILING_TIME = re.compile(r"^(.*?[^\W\d_.])[\s.]+(\d{1,2}[.,]\d{2,3}|\d:\d{2}[.,]\d{2,3})$")


@dataclass(frozen=True, slots=True)
class Layout:
    """What one look at the screen says; ``clock`` is the index of the clock's line in what was given."""

    clock: int | None
    clock_s: float | None
    laps_to_go: int | None
    title: str | None
    rows: list[ScorebugRow]
    confidence: float | None


@dataclass(slots=True)
class _Cell:
    """A row in the making: its rank and name, and what stands right of it or below it."""

    box: Box
    name_x: float
    rank: int | None
    name: str | None
    scores: list[float]
    named: bool
    lap_time_s: float | None = None
    time_s: float | None = None
    extra: list[str] = field(default_factory=list)


def parse_clock(text: str) -> float | None:
    """Seconds of ``6:52.3``, ``52.34``, ``1:23.456``, ``0:41``; None for anything else."""
    text = text.replace(" ", "")
    if match := _MINUTES_CLOCK.match(text):
        minutes, seconds, fraction = match.groups()
    elif match := _SECONDS_CLOCK.match(text):
        minutes, (seconds, fraction) = "0", match.groups()
    elif match := _WHOLE_CLOCK.match(text):
        minutes, seconds, fraction = match[1], match[2], "0"
    else:
        return None
    if int(seconds) >= 60:
        return None
    return float(round(int(minutes) * 60 + int(seconds) + int(fraction) / 10 ** len(fraction), 3))


def has_minutes(text: str) -> bool:
    """Whether ``text`` is a clock with minutes and a fraction, which nothing but a race's clock looks like."""
    return _MINUTES_CLOCK.match(text.replace(" ", "")) is not None


def parse_laps(text: str) -> int | None:
    """Laps to go of ``Final Lap``, ``3 laps``, ``Laps to go 5``, ``Lap 3``, ``5/9`` (the 5th of 9); None for others."""
    if _FINAL_LAP.match(text):
        return 1
    if match := _LAPS_OF.match(text):
        now, of = int(match[1]), int(match[2])
        return of - now + 1 if 1 <= now <= of else None
    match = _LAPS_BEFORE.match(text) or _LAPS_AFTER.match(text)
    return int(match[1]) if match else None


def tidy_name(text: str) -> str | None:
    """A name without what reading adds or loses: marks at its ends, spaces between words and before initials."""
    text = re.sub(r"(?<=[^\W\d_])0|0(?=[^\W\d_])", "O", text)  # K0REA
    text = re.sub(r"(?<=[^\W\d_])[1|](?=[^\W\d_])", "I", text)
    name = re.sub(r"[^\w.'’\- ]", " ", text, flags=re.ASCII if text.isascii() else 0)
    name = re.sub(r"^[\W_]+|[\s'’\-,]+$", "", name)
    name = re.sub(r"\.(?=[^\W\d_]{2})", ". ", name)  # Y.van
    name = re.sub(r"(?<=[A-Z]{2})([A-Z]\.(?:[A-Z]\.)*)$", r" \1", name)  # KIMG.W.
    name = re.sub(r"(?<=[A-Z]{2})(?=[A-Z][a-z]{2})", " ", name)  # CHOIMin
    name = re.sub(r"(?<=[a-z]{2})(?<!Mac)(?=[A-Z][a-z]|[A-Z]{2})", " ", name)  # MinJeong
    name = re.sub(r"\b(?!Mc|Mac)\w*[A-Z][a-z]{1,2}[A-Z]\w*", lambda word: word[0].upper(), name)  # FoNTANA
    name = " ".join(name.split())
    return name if sum(letter.isalpha() for letter in name) >= 2 else None


def tidy_title(text: str) -> str:
    """``text``, or the title of ``TITLES`` that it was meant to be."""
    close = max(TITLES, key=lambda title: _likeness(title, text))
    return close if _likeness(close, text) >= _TITLE_LIKENESS else text


def _likeness(title: str, text: str) -> float:
    return SequenceMatcher(None, title.lower().replace(" ", ""), text.lower().replace(" ", "")).ratio()


def read_layout(lines: Sequence[TextLine], running: set[int] | None = None) -> Layout:
    """Tell clock, laps, title and rows among ``lines``.

    ``running`` are the lines, by index, that were seen to run as a clock does. Where there are none, a time that
    belongs to no row is the clock if it has minutes; if ``running`` is None, since nobody looked, without them as well.
    """
    laps_to_go: int | None = None
    scores: list[float] = []
    used: set[int] = set(running or ())
    for index, line in enumerate(lines):
        laps = parse_laps(tidy_title(line.text))
        if laps is not None and not _LAP_TIME.match(line.text):
            laps_to_go = laps
            scores.append(line.score)
            used.add(index)
    if laps_to_go is None and (beside := _number_beside_lap_word(lines)) is not None:
        word, number = beside
        laps_to_go = int(lines[number].text)
        used |= {word, number}
    cells, in_cells = _ranked(_cells(lines, used))
    clock = _find_clock(lines, running or set(range(len(lines))) - used - in_cells, bare=running != set())
    title = _find_title(lines, clock, in_cells)
    scores += [score for cell in cells for score in cell.scores]
    if clock is not None:
        scores.append(lines[clock].score)
    rows = [
        ScorebugRow.model_validate(
            {"rank": cell.rank, "name": cell.name, "lap_time_s": cell.lap_time_s}
            | ({"time_s": cell.time_s} if cell.time_s is not None else {})
        )
        for cell in cells
    ]
    return Layout(
        clock=clock,
        clock_s=None if clock is None else parse_clock(lines[clock].text),
        laps_to_go=laps_to_go,
        title=title,
        rows=rows,
        confidence=round(sum(scores) / len(scores), 3) if scores else None,
    )


def _number_beside_lap_word(lines: Sequence[TextLine]) -> tuple[int, int] | None:
    words = [k for k, line in enumerate(lines) if _LAPS_ALONE.match(line.text)]
    numbers = [k for k, line in enumerate(lines) if line.text.isdigit() and len(line.text) <= 2]
    pairs = [(_gap(lines[w].box, lines[n].box), w, n) for w in words for n in numbers]
    pairs = [pair for pair in pairs if pair[0] < 1.5 * max(lines[pair[1]].box[3], lines[pair[2]].box[3])]
    return min(pairs)[1:] if pairs else None


def _find_clock(lines: Sequence[TextLine], candidates: set[int], bare: bool) -> int | None:
    def rank(index: int) -> tuple[int, float]:
        text = lines[index].text.replace(" ", "")
        form = 2 if _MINUTES_CLOCK.match(text) else 1 if _SECONDS_CLOCK.match(text) else 0
        return form, lines[index].box[3]

    times = [k for k in sorted(candidates) if parse_clock(lines[k].text) is not None]
    if not bare:
        times = [k for k in times if has_minutes(lines[k].text)]
    return max(times, key=rank, default=None)


def _find_title(lines: Sequence[TextLine], clock: int | None, in_cells: set[int]) -> str | None:
    anchors = [lines[k].box for k in in_cells | ({clock} if clock is not None else set())]
    best: tuple[int, float, str] | None = None
    for index, line in enumerate(lines):
        if index == clock or index in in_cells or sum(c.isalpha() for c in line.text) < 3 or _LAP_TIME.match(line.text):
            continue
        text, height = tidy_title(line.text), line.box[3]
        distance = min((_gap(line.box, box) for box in anchors), default=0.0) / height
        if text in TITLES or parse_laps(text) is not None:
            form = 2
        elif _TITLE_WORDS.search(text) and distance < 3:
            form = 1
        elif clock is not None and _stacked(line.box, lines[clock].box):
            form = 0
        else:
            continue
        if best is None or (form, -distance) > best[:2]:
            best = (form, -distance, text)
    return best[2] if best else None


def _cells(lines: Sequence[TextLine], excluded: set[int]) -> list[tuple[_Cell, set[int]]]:
    """The cells of rows, from top to bottom and left to right, each with the lines it was made of."""
    cells: list[tuple[_Cell, set[int]]] = []
    for row in _visual_rows([k for k in range(len(lines)) if k not in excluded], lines):
        above, current = list(cells), None
        for index in row:
            line = lines[index]
            text, (x, _, w, height) = line.text.strip(), line.box
            right = current is not None and x - (current[0].box[0] + current[0].box[2]) < 15 * height
            time_s, of_lap = _time_in_row(text)
            if time_s is not None:
                owner = current if right else _owner_above(line.box, above)
                if owner is not None:
                    if of_lap:
                        owner[0].lap_time_s = time_s
                    else:
                        owner[0].time_s = time_s
                    owner[0].scores.append(line.score)
                    owner[1].add(index)
                continue
            if match := _RANKED.match(text):
                current = (_ranked_cell(match, line), {index})
                cells.append(current)
            elif match := _NUMBER.match(text):
                current = (_Cell(line.box, x, int(match[1]), None, [line.score], named=False), {index})
                cells.append(current)
            elif match := _PUNCTUATED.match(text):
                current = (_Cell(line.box, x, None, tidy_name(match[1]), [line.score], named=True), {index})
                cells.append(current)
            elif _NAME.match(text) and (name := tidy_name(text)):
                if current is not None and right and not current[0].named:
                    cell, members = current
                    cell.extra.append(name)
                    if len(name) == max(map(len, cell.extra)):
                        cell.name, cell.name_x = name, x
                    cell.box = (cell.box[0], cell.box[1], x + w - cell.box[0], cell.box[3])
                    cell.scores.append(line.score)
                    members.add(index)
                else:
                    current = (_Cell(line.box, x, None, name, [line.score], named=False, extra=[name]), {index})
                    cells.append(current)
    return [(cell, members) for cell, members in cells if cell.name]


def _ranked_cell(match: re.Match[str], line: TextLine) -> _Cell:
    name, lap_time_s, time_s = match[2], None, None
    if timed := _TRAILING_TIME.match(name):
        name, shown = timed[1], parse_clock(timed[2].replace(",", "."))
        if shown is not None and shown < LONGEST_LAP_S:
            lap_time_s = shown
        else:
            time_s = shown
    rank = int(match[1]) if match[1].isdigit() else 1
    return _Cell(
        line.box, line.box[0], rank, tidy_name(name), [line.score], named=True, lap_time_s=lap_time_s, time_s=time_s
    )


def _time_in_row(text: str) -> tuple[float | None, bool]:
    """Seconds of a time that belongs to a row, which has hundredths, and whether it is that of a lap."""
    if match := _LAP_TIME.match(text):
        return float(match[1].replace(",", ".")), True
    if not re.search(r"[.,]\d{2,3}$", text.replace(" ", "")):
        return None, False
    time_s = parse_clock(text)
    return time_s, time_s is not None and time_s < LONGEST_LAP_S


def _owner_above(box: Box, cells: list[tuple[_Cell, set[int]]]) -> tuple[_Cell, set[int]] | None:
    """The cell just above ``box`` that begins last of those that begin left of the middle of ``box``.

    Where cells stand side by side, none reaches farther than the distance between them.
    """
    x, y, w, h = box
    near = [entry for entry in cells if 0 < y - entry[0].box[1] < 2.5 * h and entry[0].box[0] - h <= x + w / 2]
    if not near:
        return None
    lowest = max(entry[0].box[1] for entry in near)
    owner = max((entry for entry in near if lowest - entry[0].box[1] < h / 2), key=lambda entry: entry[0].box[0])
    left, top = owner[0].box[:2]
    beside = [abs(left - cell.box[0]) for cell, _ in cells if abs(cell.box[1] - top) < h / 2 and cell.box[0] != left]
    return None if beside and x + w / 2 - left > min(beside) + h else owner


def _ranked(cells: list[tuple[_Cell, set[int]]]) -> tuple[list[_Cell], set[int]]:
    """The largest group of cells that stand in a row or a column and whose ranks count up, with its lines.

    Half of them have to have been read with a rank, or with a time, which makes a row of them too.
    """
    best: tuple[int, list[_Cell], set[int]] = (0, [], set())
    for group in _aligned(cells):
        starts = Counter(cell.rank - index for index, (cell, _) in enumerate(group) if cell.rank is not None)
        if not starts:
            continue
        start, support = starts.most_common(1)[0]
        read = starts.total()
        if start < 1:  # a headline above the first row is none
            if support < 2 or any(cell.rank is not None for cell, _ in group[: 1 - start]):
                continue
            start, group = 1, group[1 - start :]
        group = _evenly_spaced(group)
        timed = sum(cell.rank is None and (cell.lap_time_s or cell.time_s) is not None for cell, _ in group)
        if 2 * support <= read or (start > 1 and support < 2) or 2 * (support + timed) < len(group):
            continue
        if support > best[0]:
            for index, (cell, _) in enumerate(group):
                cell.rank = start + index
            best = (support, [cell for cell, _ in group], set().union(*(members for _, members in group)))
    return best[1], best[2]


def _evenly_spaced(group: list[tuple[_Cell, set[int]]]) -> list[tuple[_Cell, set[int]]]:
    """``group`` without cells at its end that have no rank and do not keep the distance of the others."""
    while len(group) > 2 and group[-1][0].rank is None:
        corners = np.array([[cell.name_x, cell.box[1]] for cell, _ in group])
        steps = np.abs(np.diff(corners, axis=0)).max(axis=1)
        if abs(steps[-1] - np.median(steps[:-1])) < 0.3 * np.median(steps[:-1]):
            break
        group = group[:-1]
    return group


def _aligned(cells: list[tuple[_Cell, set[int]]]) -> list[list[tuple[_Cell, set[int]]]]:
    """Groups of cells of one height that stand side by side on one line or below one another."""
    groups: list[list[tuple[_Cell, set[int]]]] = []
    for entry in cells:
        x, y, _, h = entry[0].box
        name_x = entry[0].name_x
        joined = [
            group
            for group in groups
            if any(
                0.6 < h / other.box[3] < 1.6
                and (
                    abs(y - other.box[1]) < 0.5 * h
                    or (min(abs(x - other.box[0]), abs(name_x - other.name_x)) < 1.5 * h and y - other.box[1] < 4 * h)
                )
                for other, _ in group
            )
        ]
        merged = [member for group in joined for member in group] + [entry]
        groups = [group for group in groups if group not in joined] + [merged]
    return groups


def _visual_rows(indices: list[int], lines: Sequence[TextLine]) -> list[list[int]]:
    rows: list[list[int]] = []
    for index in sorted(indices, key=lambda k: lines[k].box[1] + lines[k].box[3] / 2):
        middle, height = lines[index].box[1] + lines[index].box[3] / 2, lines[index].box[3]
        if rows:
            last = lines[rows[-1][0]].box
            if middle - (last[1] + last[3] / 2) < 0.45 * min(height, last[3]):
                rows[-1].append(index)
                continue
        rows.append([index])
    return [sorted(row, key=lambda k: lines[k].box[0]) for row in rows]


def _gap(a: Box, b: Box) -> float:
    """Distance between two boxes, pixels; 0 where they touch."""
    across = max(a[0] - (b[0] + b[2]), b[0] - (a[0] + a[2]), 0.0)
    down = max(a[1] - (b[1] + b[3]), b[1] - (a[1] + a[3]), 0.0)
    return float((across**2 + down**2) ** 0.5)


def _stacked(a: Box, b: Box) -> bool:
    """Whether ``a`` stands directly above or below ``b``."""
    overlap = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    return overlap > 0.3 * min(a[2], b[2]) and _gap(a, b) < 0.8 * min(a[3], b[3])
