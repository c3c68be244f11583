"""Seconds behind the leader at each crossing of the finish line, the leader on top."""

from dataclasses import dataclass
from itertools import pairwise

from race.formats import Race
from report import svg
from report.axes import TOP, end_labels, gap_plot
from report.colours import competitor_colours
from report.columns import Column, race_columns
from report.labels import competitor_names, event_title, time_label, uncertainty_label


@dataclass(frozen=True, slots=True)
class _Point:
    position: int
    gap_s: float
    sd_s: float | None
    interpolated: bool


def gap_chart_svg(race: Race) -> str:
    """The gaps as a standalone SVG, each with a bar of one standard deviation either way.

    Lines break where a crossing was not seen and are dashed where it was interpolated. Crossings of which the leader is
    not known are left out.
    """
    title = f"{event_title(race.event)} – gap to the leader at the line"
    columns = [column for column in race_columns(race) if column.leader_s is not None]
    lines = {competitor.id: _points(competitor.id, columns) for competitor in race.competitors}
    if not any(lines.values()):
        return svg.message(title, "No crossing of the finish line with a known leader was seen.")

    names, colours = competitor_names(race), competitor_colours(race)
    largest_s = max(point.gap_s for line in lines.values() for point in line)
    across = (columns[0].position, columns[-1].position)
    subtitle = "seconds behind the leader; a bar is ± one standard deviation"
    plot = gap_plot(title, subtitle, across, largest_s)
    every = -(-len(columns) // 16)
    for column in columns[::-1][::every]:
        plot.vertical(column.position, column.label or column.note, column.note if column.label else "")
    ends = {}
    for shape, (id_, line) in enumerate(lines.items()):
        group = svg.add(plot.root, "g", class_="competitor", data_competitor=id_)
        places = [(plot.x(point.position), plot.y(point.gap_s)) for point in line]
        for (a, b), (from_, to) in zip(pairwise(line), pairwise(places), strict=True):
            if b.position - a.position == 1:
                d = svg.path([from_, to])
                stroke = svg.add(group, "path", d=d, stroke=colours[id_], stroke_width=3, fill="none", class_="line")
                if a.interpolated or b.interpolated:
                    stroke.set("stroke-dasharray", "2 7")
        for point, (x, y) in zip(line, places, strict=True):
            if point.sd_s is not None:
                top, bottom = point.gap_s - point.sd_s, min(point.gap_s + point.sd_s, plot.to_y)
                bar = svg.path([(x, max(plot.y(top), TOP - 12)), (x, plot.y(bottom))])
                svg.add(group, "path", d=bar, stroke=colours[id_], stroke_width=1.5, fill="none", class_="sd")
            behind = f"+{time_label(point.gap_s, point.sd_s)} s {uncertainty_label(point.sd_s)}".strip()
            tip = f"{names[id_]}: {behind if point.gap_s else 'leader'}"
            svg.marker(group, shape, x, y, colours[id_], point.interpolated, tip)
        if places:
            ends[id_] = places[-1]
    end_labels(plot, ends, names, colours)
    return svg.to_text(plot.root)


def _points(id_: int, columns: list[Column]) -> list[_Point]:
    points = []
    for column in columns:
        cell = column.cells.get(id_)
        if cell is not None and cell.time_s is not None and column.leader_s is not None:
            gap_s = cell.time_s - column.leader_s
            points.append(_Point(column.position, gap_s, cell.time_sd_s, cell.interpolated))
    return points
