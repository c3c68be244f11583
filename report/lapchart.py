"""The lap chart as motor sport knows it: rank at every crossing of the finish line, the first on top.

    Start   ½    1½    2½    3½   Finish
            4     3     2     1    to go
    1  o----o     o-----o-----o-----o  Kim      40.123
             \\   /
    2  o----o-\\-/-o-----o     o-----o  Schulz   +0.021

A line breaks where a crossing was not seen and is dashed where it was interpolated.
"""

from collections.abc import Mapping
from itertools import pairwise

from race.formats import FinishRow, Race
from report import svg
from report.colours import competitor_colours
from report.columns import Column, has_laps, race_columns
from report.labels import (
    competitor_names,
    event_title,
    shortened,
    text_width,
    time_label,
)
from report.lapline import ROW, TOP, Node, draw_end, draw_line, line_nodes

NAME_SIZE, LEGEND_SIZE = 14.0, 12.0
LONGEST_NAME = 190.0


def lap_chart_svg(race: Race) -> str:
    """The lap chart of ``race`` as a standalone SVG, dark on white.

    With unknown laps the columns are sightings, with nothing but a finish the finish; without any crossing it says so.
    """
    columns = race_columns(race)
    title = f"{event_title(race.event)} – lap chart"
    if not race.competitors:
        return svg.message(title, "No competitor was found in this video.")
    starts = {c.id: c.start_position for c in race.competitors if c.start_position is not None}
    if not columns and not starts:
        return svg.message(title, "No crossing of the finish line was seen, and no start order is known.")

    names = competitor_names(race)
    slots, breaks = _slots([*([0] if starts else []), *(column.position for column in columns)])
    step = max(22.0, min(112.0, 720.0 / max(1.0, max(slots.values()))))
    label_width = min(LONGEST_NAME, max(text_width(name, NAME_SIZE) for name in names.values())) + 12
    left = 44.0 + (label_width if len(slots) > 1 else 0.0)
    x_of = {position: left + 24.0 + step * slot for position, slot in slots.items()}
    nodes = {id_: line_nodes(id_, name, starts.get(id_), columns, x_of) for id_, name in names.items()}
    rows = max([len(names), *(node.rank for line in nodes.values() for node in line)])
    right = max(x_of.values()) + 40.0
    legend = _legend(race, columns, nodes)
    width = max(
        right + label_width + 120.0, 480.0, 40.0 + text_width(title, 21), 40.0 + text_width(legend, LEGEND_SIZE)
    )
    root = svg.canvas(width, TOP + ROW * rows + 52.0, title, _description(race, names, nodes))

    _header(root, race, title)
    _grid(root, columns, starts, x_of, breaks, step, rows)
    colours = competitor_colours(race)
    for shape, (id_, line) in enumerate(nodes.items()):
        group = svg.add(root, "g", class_="competitor", data_competitor=id_)
        svg.add(group, "title", names[id_])
        draw_line(group, line, colours[id_])
        draw_end(group, race, id_, line, colours[id_], step, columns)
        for node in line:
            svg.marker(group, shape, node.x, node.y, colours[id_], node.interpolated, node.title)
    if len(slots) > 1:
        _names_left(root, nodes, names, colours, min(x_of), x_of[min(x_of)] - 20.0)
    _names_right(root, race, nodes, names, colours, columns, right)
    _photo_finish(root, race, nodes, columns, right - 16.0)
    at = TOP + ROW * rows + 32.0
    svg.add(root, "text", legend, x=20, y=at, font_size=LEGEND_SIZE, fill=svg.SOFT, class_="legend")
    return svg.to_text(root)


def _slots(positions: list[int]) -> tuple[dict[int, float], list[float]]:
    """Position -> place on the axis, one per lap; more than three laps without a crossing shrink to a break."""
    slots = {positions[0]: 0.0}
    breaks = []
    for before, after in pairwise(positions):
        laps = after - before
        if laps > 3:
            breaks.append(slots[before] + 0.75)
        slots[after] = slots[before] + (laps if laps <= 3 else 1.5)
    return slots, breaks


def _description(race: Race, names: dict[int, str], nodes: dict[int, list[Node]]) -> str:
    """The chart in words: each competitor's ranks in order."""
    lines = []
    for competitor in race.competitors:
        ranks = ", ".join(str(node.rank) for node in nodes[competitor.id] if not node.start)
        status = f" ({competitor.status})" if competitor.status != "UNKNOWN" else ""
        lines.append(f"{names[competitor.id]}{status}: {ranks or 'no rank known'}")
    return "Rank at each crossing, first to last. " + "; ".join(lines) + "."


def _header(root: svg.Element, race: Race, title: str) -> None:
    svg.add(root, "text", title, x=20, y=34, font_size=20, font_weight=700)
    by = "rank at each crossing of the finish line, leader on top"
    if not has_laps(race):
        by = "order at each sighting on the finish line; which lap it was is not known"
    svg.add(root, "text", by, x=20, y=55, fill=svg.SOFT)


def _grid(
    root: svg.Element,
    columns: list[Column],
    starts: dict[int, int],
    x_of: dict[int, float],
    breaks: list[float],
    step: float,
    rows: int,
) -> None:
    first, last, bottom = min(x_of.values()), max(x_of.values()), TOP + ROW * rows
    for rank in range(1, rows + 1):
        y = TOP + ROW * (rank - 0.5)
        svg.add(root, "line", x1=first - 14, x2=last + 14, y1=y, y2=y, stroke=svg.GRID)
        svg.add(root, "text", str(rank), x=24, y=y + 5, font_size=15, font_weight=700, fill=svg.SOFT, class_="rank")
    heads = [(0, "Start", "order")] if starts else []
    heads += [(c.position, c.label or c.note, c.note if c.label else "") for c in columns]
    apart = max(max(text_width(label, 13), text_width(note, 11)) for _, label, note in heads) + 4
    labelled: list[float] = []
    for position, label, note in [*heads[:1], *reversed(heads[1:])]:
        x = x_of[position]
        svg.add(root, "line", x1=x, x2=x, y1=TOP, y2=bottom, stroke=svg.GRID)
        if any(abs(x - other) < apart for other in labelled):
            continue
        labelled.append(x)
        svg.add(root, "text", label, x=x, y=TOP - 26, text_anchor="middle", font_weight=700, class_="lap")
        svg.add(root, "text", note, x=x, y=TOP - 10, text_anchor="middle", font_size=11, fill=svg.SOFT)
    for slot in breaks:
        x = first + step * slot
        svg.add(root, "rect", x=x - 9, y=TOP, width=18, height=bottom - TOP, fill="#ffffff")
        svg.add(root, "text", "⋯", x=x, y=TOP - 24, text_anchor="middle", font_size=16, fill=svg.SOFT)


def _rows(wanted: Mapping[int, int | None]) -> dict[int, int]:
    """A row for each competitor: the wanted one, the next free one where that is taken, any where none is wanted."""
    given: dict[int, int] = {}
    for id_, rank in sorted(wanted.items(), key=lambda item: (item[1] is None, item[1] or 0)):
        row = rank or 1
        while row in given.values():
            row += 1
        given[id_] = row
    return given


def _names_left(
    root: svg.Element,
    nodes: dict[int, list[Node]],
    names: dict[int, str],
    colours: dict[int, str],
    first: int,
    x: float,
) -> None:
    """Names where lines begin; who has no rank there stands only at the other end."""
    begun = {id_: line[0].rank for id_, line in nodes.items() if line and line[0].position == first}
    for id_, row in _rows(begun).items():
        text, y = shortened(names[id_], NAME_SIZE, LONGEST_NAME), TOP + ROW * (row - 0.5) + 5
        label = svg.add(root, "text", text, x=x, y=y, text_anchor="end", fill=colours[id_], class_="name")
        label.set("font-size", f"{NAME_SIZE:g}")


def _names_right(
    root: svg.Element,
    race: Race,
    nodes: dict[int, list[Node]],
    names: dict[int, str],
    colours: dict[int, str],
    columns: list[Column],
    x: float,
) -> None:
    last = columns[-1] if columns else None
    end = last.position if last is not None else 0
    wanted = {id_: line[-1].rank if line and line[-1].position == end else None for id_, line in nodes.items()}
    status = {competitor.id: competitor.status for competitor in race.competitors}
    finish = {row.competitor: row for row in race.finish}
    for id_, row in _rows(wanted).items():
        y = TOP + ROW * (row - 0.5)
        known = wanted[id_] is not None
        result = _result(finish.get(id_), last, id_) if known else "not seen here"
        if status[id_] in ("DNF", "DNS", "PEN"):
            result = " ".join(filter(None, (status[id_], result if known else "")))
        text = shortened(names[id_], NAME_SIZE, LONGEST_NAME)
        label = svg.add(root, "text", text, x=x, y=y - 1 if result else y + 5, font_weight=700, class_="name")
        label.set("font-size", f"{NAME_SIZE:g}")
        label.set("fill", colours[id_] if known else svg.SOFT)
        if result:
            svg.add(root, "text", result, x=x, y=y + 15, font_size=12, fill=svg.SOFT, class_="result")


def _result(row: FinishRow | None, last: Column | None, id_: int) -> str:
    """Race time of the winner, gap of the others; the gap at the last crossing where the race has not ended."""
    cell = last.cells.get(id_) if last is not None else None
    if last is None or cell is None or cell.time_s is None or last.leader_s is None:
        return ""
    photo = "  photo finish" if row is not None and row.photo_finish else ""
    if cell.rank == 1 and row is not None and row.race_time_s is not None:
        return time_label(row.race_time_s, row.time_sd_s) + photo
    if cell.rank == 1:
        return "leader" + photo
    return f"+{time_label(cell.time_s - last.leader_s, cell.time_sd_s)}{photo}"


def _photo_finish(root: svg.Element, race: Race, nodes: dict[int, list[Node]], columns: list[Column], x: float) -> None:
    close = [row.competitor for row in race.finish if row.photo_finish]
    ends = [nodes[id_][-1] for id_ in close if nodes.get(id_)]
    heights = sorted(node.y for node in ends if columns and node.position == columns[-1].position)
    for a, b in pairwise(heights):
        if b - a < 1.5 * ROW:
            bracket = svg.add(root, "path", d=f"M{x - 6:.1f} {a:.1f}h6V{b:.1f}h-6", fill="none", class_="photo-finish")
            bracket.set("stroke", svg.INK)
            bracket.set("stroke-width", "2")
            svg.add(bracket, "title", "photo finish: too close to order with certainty")


def _legend(race: Race, columns: list[Column], nodes: dict[int, list[Node]]) -> str:
    """Only what this chart shows."""
    entries = []
    cells = [column.cells.get(id_) for column in columns for id_ in nodes]
    if any(cell is None or cell.rank is None for cell in cells):
        entries.append("line broken: crossing not seen, or rank not certain")
    if any(cell is not None and cell.rank is not None and cell.interpolated for cell in cells):
        entries.append("dashed, hollow: interpolated")
    if any(incident.kind == "fall" for incident in race.incidents):
        entries.append("✕ fall")
    if any(row.photo_finish for row in race.finish):
        entries.append("] photo finish")
    if any(c.start_position is not None for c in race.competitors):
        entries.append("thin: start order")
    return "   ·   ".join(entries)
