"""One competitor's line in the lap chart: its points, where it breaks, falls, and where it ends."""

from dataclasses import dataclass
from itertools import pairwise

from race.formats import Incident, Race
from report import svg
from report.columns import Cell, Column
from report.labels import ordinal, time_label, uncertainty_label

ROW = 46.0
TOP = 116.0
"""Height of a rank, and the top of the first one."""


@dataclass(frozen=True, slots=True)
class Node:
    """Where a competitor's line has a point: ``rank`` is the row; ``start`` is the start lane, not a rank."""

    position: int
    x: float
    rank: int
    time_s: float | None
    interpolated: bool
    start: bool
    title: str

    @property
    def y(self) -> float:
        return TOP + ROW * (self.rank - 0.5)


def line_nodes(id_: int, name: str, start: int | None, columns: list[Column], x_of: dict[int, float]) -> list[Node]:
    """The points of one competitor: the start position where known, and each crossing of which the rank is known."""
    nodes = []
    if start is not None:
        nodes.append(Node(0, x_of[0], start, None, False, True, f"{name}: start position {start}"))
    for column in columns:
        cell = column.cells.get(id_)
        if cell is not None and cell.rank is not None:
            tip = f"{name}: {_cell_title(cell, cell.rank, column)}"
            x = x_of[column.position]
            nodes.append(Node(column.position, x, cell.rank, cell.time_s, cell.interpolated, False, tip))
    return nodes


def _cell_title(cell: Cell, rank: int, column: Column) -> str:
    parts = [f"{ordinal(rank)} at {' '.join(filter(None, (column.label, f'({column.note})' if column.note else '')))}"]
    if cell.time_s is not None:
        parts.append(
            f"{time_label(cell.time_s, cell.time_sd_s)} s of the video {uncertainty_label(cell.time_sd_s)}".strip()
        )
    if cell.lap_time_s is not None:
        parts.append(f"lap {time_label(cell.lap_time_s)} s")
    return ", ".join([*parts, f"from {cell.source}"])


def draw_line(group: svg.Element, line: list[Node], colour: str) -> None:
    """The line from each point to the next crossing; none over a crossing that was missed."""
    for a, b in pairwise(line):
        if b.position - a.position != 1:
            continue
        d = svg.path([(a.x, a.y), (b.x, b.y)])
        svg.add(group, "path", d=d, stroke="#ffffff", stroke_width=8, fill="none")
        stroke = svg.add(group, "path", d=d, stroke=colour, stroke_width=4, fill="none", class_="line")
        stroke.set("stroke-linecap", "round")
        if a.start:
            stroke.set("stroke-width", "2")
        if a.interpolated or b.interpolated:
            stroke.set("stroke-dasharray", "2 8")


def draw_end(
    group: svg.Element, race: Race, id_: int, line: list[Node], colour: str, step: float, columns: list[Column]
) -> None:
    """Falls before the last crossing of all, and where the line of one who did not finish ends."""
    last_position = columns[-1].position if columns else 0
    seen = [node for node in line if node.time_s is not None or node.start]
    end: tuple[float, float] | None = None
    for fall in (i for i in race.incidents if i.kind == "fall" and id_ in i.competitors):
        place = _fall_place(fall, seen, step)
        if place is None:
            continue
        x, y, out = place
        if out and seen[-1].position == last_position:
            continue
        if out:
            stub = svg.path([(seen[-1].x, seen[-1].y), (x, y)])
            svg.add(group, "path", d=stub, stroke=colour, stroke_width=4, fill="none", stroke_linecap="round")
            end = (x, y)
        _cross(group, x, y, f"fall at {time_label(fall.start_s)} s of the video, confidence {fall.confidence:.0%}")
    status = next(c.status for c in race.competitors if c.id == id_)
    if status == "DNF" and line:
        x, y = end or (line[-1].x, line[-1].y)
        svg.add(group, "text", "DNF", x=x + 13, y=y + 5, font_size=12, font_weight=700, fill=svg.WARN, class_="dnf")


def _fall_place(fall: Incident, seen: list[Node], step: float) -> tuple[float, float, bool] | None:
    """Point of the line at the time of the fall, and whether the line ends with it; None where it has no such point."""
    before = [node for node in seen if node.time_s is None or node.time_s <= fall.start_s]
    after = [node for node in seen if node.time_s is not None and node.time_s > fall.start_s]
    if not before:
        return None
    a = before[-1]
    if not after:
        return a.x + 0.5 * step, a.y, True
    b = after[0]
    share = 0.5 if a.time_s is None or b.time_s is None else (fall.start_s - a.time_s) / (b.time_s - a.time_s)
    return a.x + share * (b.x - a.x), a.y + share * (b.y - a.y), False


def _cross(group: svg.Element, x: float, y: float, title: str) -> None:
    mark = svg.add(group, "g", class_="fall")
    svg.add(mark, "title", title)
    svg.add(mark, "circle", cx=x, cy=y, r=9, fill="#ffffff", stroke=svg.WARN, stroke_width=2)
    d = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"
    svg.add(mark, "path", d=d, stroke=svg.WARN, stroke_width=2.5, stroke_linecap="round", fill="none")
