"""Speed over the ice along the race, a point for every twelfth of a lap; camera level B."""

import math
from itertools import groupby

from race.formats import Pace, Race
from report import svg
from report.axes import Plot, end_labels, speed_plot
from report.colours import competitor_colours
from report.labels import competitor_names, event_title, lap_label, laps_to_go

SLOWEST_SHOWN_MPS = 6.0
"""The start from standing would press the race together: slower stretches leave the chart."""


def speed_chart_svg(race: Race) -> str | None:
    """The speeds as a standalone SVG, against the laps skated; None where there are none, or laps are not known.

    Lines break where a racer was not seen on the ice.
    """
    lines = {row.competitor: _points(row) for row in race.pace}
    shown = [mps for line in lines.values() for _, mps in line if mps is not None]
    if not shown:
        return None
    names, colours = competitor_names(race), competitor_colours(race)
    first = min(at for line in lines.values() for at, mps in line if mps is not None)
    last = max(at for line in lines.values() for at, mps in line if mps is not None)
    last = round(last) if abs(round(last) - last) < 0.1 else last  # the finish
    title = f"{event_title(race.event)} – speed over the ice"
    subtitle = "metres per second, mean over twelfths of a lap; straights and corners alternate"
    plot = speed_plot(title, subtitle, (first, last), min(shown), max(shown))
    _laps(plot, race, first, last)
    ends = {}
    for id_, line in lines.items():
        group = svg.add(plot.root, "g", class_="competitor", data_competitor=id_)
        svg.add(group, "title", names.get(id_, f"#{id_}"))
        for known, points in groupby(line, lambda point: point[1] is not None):
            if not known:
                continue
            places = [(plot.x(at), plot.y(mps)) for at, mps in points if mps is not None]
            d = svg.path(places if len(places) > 1 else [places[0], (places[0][0] + 2, places[0][1])])
            svg.add(group, "path", d=d, stroke=colours[id_], stroke_width=2.5, fill="none", class_="line")
            ends[id_] = places[-1]
    end_labels(plot, ends, names, colours)
    return svg.to_text(plot.root)


def _points(row: Pace) -> list[tuple[float, float | None]]:
    """(crossings passed, m/s) in the middle of every part of a lap, from the first to the last lap known."""
    laps = {lap.lap: lap.profile_mps for lap in row.laps if lap.lap is not None}
    if not laps:
        return []
    parts = max(len(profile) for profile in laps.values())
    out: list[tuple[float, float | None]] = []
    for lap in range(min(laps), max(laps) + 1):
        profile = laps.get(lap, [None] * parts)
        for k, mps in enumerate(profile):
            out.append((lap - 1 + (k + 0.5) / parts, mps if mps is not None and mps >= SLOWEST_SHOWN_MPS else None))
    return out


def _laps(plot: Plot, race: Race, first: float, last: float) -> None:
    """A line at each crossing of the finish line."""
    crossings = range(max(math.ceil(first), 1), math.floor(last) + 1)
    every = -(-len(crossings) // 16) if crossings else 1
    for lap in list(crossings)[::-1][::every]:
        plot.vertical(float(lap), lap_label(lap, race.event), laps_to_go(lap, race.event))
