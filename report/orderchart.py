"""The race moment by moment, from the tracks: gap to the leader (else rank) over time."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.formats import Race
from report import svg
from report.axes import HEIGHT, LEFT, TOP, WIDTH, Plot, end_labels, gap_plot, rank_plot, tick_step
from report.colours import competitor_colours
from report.columns import race_columns
from report.labels import competitor_names, event_title, time_label

LARGEST_GAP_S = 8.0
"""A larger gap (a faller half a lap down) would press the others together: its line leaves the chart."""

POINTS = 800
"""Most points a line is drawn with, about one a pixel."""


def order_chart_svg(race: Race, tracks: pl.DataFrame) -> str:
    """Gap to the leader over time as a standalone SVG, from ``tracks`` with ``id, time_s, gap_s, rank, seen``.

    Where no gap is known in seconds it shows ranks. Lines break where a racer has no row and are pale where the tracker
    only predicted (``seen`` false); shots that are not racing are shaded.
    """
    title = f"{event_title(race.event)} – moment by moment"
    names = competitor_names(race)
    rows = tracks.filter(pl.col("id").is_in(list(names))).sort("id", "time_s")
    value = next((name for name in ("gap_s", "rank") if name in rows.columns and rows[name].count()), None)
    if value is None:
        return svg.message(title, "The tracks hold no order of the racers.")

    rows = _until_home(rows.filter(pl.col(value).is_not_null()), race, value)
    if rows.is_empty():
        return svg.message(title, "The tracks hold no order of the racers before the finish.")
    times = rows["time_s"].to_numpy()
    across = (float(times.min()), float(times.max()))
    largest = float(rows[value].to_numpy().max())
    if value == "gap_s":
        subtitle = "seconds behind the leader; pale: hidden, only predicted"
        plot = gap_plot(title, subtitle, across, min(largest, LARGEST_GAP_S))
    else:
        plot = rank_plot(title, "order on the ice; pale: hidden, only predicted", across, max(int(largest), 1))
    _shade_shots(plot, race)
    _time_axis(plot, race)
    clip = svg.add(plot.root, "clipPath", id="moment-by-moment")
    svg.add(clip, "rect", x=LEFT, y=TOP - 8, width=WIDTH, height=HEIGHT + 8)

    colours = competitor_colours(race)
    interval_s = float(np.median(np.diff(np.unique(times)))) if len(np.unique(times)) > 1 else 1.0
    ends = {}
    for id_ in names:
        own = rows.filter(pl.col("id") == id_)
        if own.is_empty():
            continue
        group = svg.add(plot.root, "g", class_="competitor", data_competitor=id_, clip_path="url(#moment-by-moment)")
        svg.add(group, "title", names[id_])
        at, values = own["time_s"].to_numpy(), own[value].to_numpy().astype(np.float64)
        seen = own["seen"].to_numpy() if "seen" in own.columns else np.ones(len(at), np.bool_)
        for run in _runs(at, seen, interval_s):
            d = svg.path([(plot.x(float(at[k])), plot.y(float(values[k]))) for k in run])
            line = svg.add(group, "path", d=d, stroke=colours[id_], stroke_width=2.5, fill="none", class_="line")
            line.set("stroke-linejoin", "round")
            if not seen[run[-1]]:
                line.set("opacity", "0.35")
        ends[id_] = (plot.x(float(at[-1])), float(np.clip(plot.y(float(values[-1])), TOP, TOP + HEIGHT)))
    end_labels(plot, ends, names, colours)
    return svg.to_text(plot.root)


def _until_home(rows: pl.DataFrame, race: Race, value: str) -> pl.DataFrame:
    """``rows`` up to when the first is home, and then each where its finish says that it was.

    Who is home coasts, so that gaps measured later come out too small. A gap is at least 0: who seems ahead of the
    leader for a moment is level with it.
    """
    home = {row.competitor: row.time_s for row in race.finish if row.time_s is not None}
    first = [row.time_s for row in race.finish if row.rank == 1 and row.time_s is not None]
    if value == "gap_s":
        rows = rows.with_columns(pl.col("gap_s").clip(lower_bound=0.0))
    if not first:
        return rows
    rows = rows.filter(pl.col("time_s") <= first[0])
    if value != "gap_s":
        return rows
    known = [id_ for id_ in home if id_ in rows["id"]]
    last = pl.DataFrame(
        {
            "id": known,
            "time_s": [home[id_] for id_ in known],
            "gap_s": [max(0.0, home[id_] - first[0]) for id_ in known],
        },
        schema={name: rows.schema[name] for name in ("id", "time_s", "gap_s")},
    )
    return pl.concat([rows, last], how="diagonal").with_columns(pl.col("seen").fill_null(True)).sort("id", "time_s")


def _runs(time_s: NDArray[np.float64], seen: NDArray[np.bool_], interval_s: float) -> Iterator[NDArray[np.int64]]:
    """Indices of the stretches drawn as one line: without a gap in time, seen throughout or predicted throughout.

    A stretch begins at the last point of the one before where only ``seen`` changed, so that the line goes on. Long
    stretches are thinned evenly, all of them by the same step.
    """
    gaps = np.diff(time_s) > 3.5 * interval_s
    changes = np.diff(seen.astype(np.int8)) != 0
    starts = [0, *(np.flatnonzero(gaps | changes) + 1).tolist()]
    step = max(1, len(time_s) // POINTS)
    for start, end in zip(starts, [*starts[1:], len(time_s)], strict=True):
        joined = start - 1 if start and not gaps[start - 1] else start
        yield np.unique(np.r_[joined, np.arange(start, end, step), end - 1])


def _shade_shots(plot: Plot, race: Race) -> None:
    for shot in race.shots:
        start_s, end_s = max(shot.start_s, plot.from_x), min(shot.end_s, plot.to_x)
        if shot.kind == "race" or end_s <= start_s:
            continue
        x, width = plot.x(start_s), plot.x(end_s) - plot.x(start_s)
        band = svg.add(plot.root, "rect", x=x, y=TOP, width=width, height=HEIGHT, fill="#eceff2", class_="shot")
        svg.add(band, "title", f"{shot.kind}, {time_label(shot.start_s, 0.1)} to {time_label(shot.end_s, 0.1)} s")
        if width > 40:
            svg.add(plot.root, "text", shot.kind, x=x + 5, y=TOP + HEIGHT - 7, font_size=11, fill=svg.SOFT)


def _time_axis(plot: Plot, race: Race) -> None:
    """Ticks in race time where the start is known, else in time of the video; the leader's crossings on top."""
    origin = race.race_start_s or 0.0
    step = tick_step(max(plot.to_x - plot.from_x, 0.1), 10)
    tick = np.ceil((plot.from_x - origin) / step - 1e-9) * step
    while tick + origin <= plot.to_x + 1e-9:
        plot.vertical(float(tick + origin), time_label(float(tick), 0.1 if step < 1 else 1.0).removesuffix(".0"))
        tick += step
    axis = "video time, s" if race.race_start_s is None else "race time, s"
    svg.add(
        plot.root, "text", axis, x=LEFT + WIDTH, y=TOP + HEIGHT + 40, text_anchor="end", font_size=12, fill=svg.SOFT
    )
    for column in race_columns(race):
        if column.leader_s is not None and plot.from_x <= column.leader_s <= plot.to_x:
            x = plot.x(column.leader_s)
            svg.add(plot.root, "line", x1=x, x2=x, y1=TOP - 6, y2=TOP + HEIGHT, stroke=svg.SOFT, stroke_dasharray="3 4")
            label = column.note if column.finish else column.label
            svg.add(plot.root, "text", label, x=x, y=TOP - 12, text_anchor="middle", font_size=12, font_weight=700)
