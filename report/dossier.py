"""The drawing on an incident's card: both paths from above, and beside them speeds, distance and overlap over time.

Reads ``tracks.parquet``, and the fallen's own way from the evidence: whoever slides away is often taken for another.
Without places in metres (camera level A) there is no drawing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.formats import Incident
from race.rink import Rink
from report import svg
from report.axes import tick_step
from report.labels import shortened

Floats = NDArray[np.float64]
_Place = Callable[[Floats], list[tuple[float, float]]]
_Curve = tuple[str, Floats, Floats]
"""Colour, times and values."""

BEFORE_S, AFTER_S = 2.0, 2.0
LONGEST_S = 4.0
"""Of an incident, drawn; the rest of a fall is lying on the ice."""
PLAN_WIDTH, PLAN_HEIGHT = 600.0, 330.0
PLOT_HEIGHT, PLOT_GAP = 96.0, 46.0
LEFT, TOP = 12.0, 36.0
PLOT_TOP = TOP + PLAN_HEIGHT + 34.0
MARGIN_M = 2.0
LEAST_M = 12.0
TICK_S = 0.2
TICK_LABEL_PX = 32.0
UNSURE_M = 1.0
"""A place less sure than this is not drawn."""
NOBODY = 0
"""In the place of an id, of whom it is not known who it is."""
BODY_M = 1.1
"""Racers whose blade midpoints are nearer than this along the track overlap."""


@dataclass(frozen=True, slots=True)
class _Path:
    """One racer around the incident: (N,) times, (N, 2) metres, (N,) s, d, speed and uncertainty; NaN where unknown."""

    id: int
    time_s: Floats
    xy: Floats
    s: Floats
    d: Floats
    speed: Floats
    sd: Floats


def incident_svg(
    incident: Incident, tracks: pl.DataFrame, rink: Rink, names: dict[int, str], colours: dict[int, str]
) -> str | None:
    """The drawing as SVG text; None where no path is known in metres."""
    at_s = incident.at_s if incident.at_s is not None else incident.start_s
    from_s = incident.start_s - BEFORE_S
    to_s = min(incident.end_s, incident.start_s + LONGEST_S) + AFTER_S
    paths = _paths(tracks, from_s, to_s)
    fallen = _fallen(incident, from_s, to_s)
    if fallen is not None:
        paths = [fallen, *(path for path in paths if path.id != fallen.id)]
    about = [path for id_ in _shown(incident) for path in paths if path.id == id_]
    about = [path for path in about if np.isfinite(path.xy[:, 0]).sum() >= 3]
    if not about:
        return None
    title = f"{incident.kind.replace('_', ' ')} seen from above, and measured over time"
    names, colours = names | {NOBODY: "not known who"}, colours | {NOBODY: svg.INK}
    root = svg.canvas(PLAN_WIDTH + 2 * LEFT, PLOT_TOP + PLOT_HEIGHT + 26, title, incident.question or title)
    _plan(root, incident, about, [path for path in paths if path not in about], at_s, rink, names, colours)
    _plots(root, about, (from_s, to_s), at_s, colours)
    return svg.to_text(root)


def _shown(incident: Incident) -> list[int]:
    """Whom it is about, and who was nearest to a fall."""
    nearest = incident.evidence.get("brought_down_by")
    nobodys = [NOBODY] if _whose_way(incident) == NOBODY else []
    return [*incident.competitors, *nobodys, *([nearest] if isinstance(nearest, int) else [])]


def _whose_way(incident: Incident) -> int | None:
    """Whose the way in the evidence is: the fallen's where that is known."""
    if not isinstance(incident.evidence.get("way"), dict):
        return None
    return incident.competitors[0] if incident.kind == "fall" and incident.competitors else NOBODY


def _paths(tracks: pl.DataFrame, from_s: float, to_s: float) -> list[_Path]:
    needed = ["x_m", "y_m", "s_m", "d_m", "speed_mps", "x_m_sd"]
    if not set(needed) <= set(tracks.columns):
        return []
    part = tracks.filter(pl.col("time_s").is_between(from_s, to_s)).sort("time_s")
    out = []
    for (id_,), rows in part.group_by("id", maintain_order=True):
        time_s = rows["time_s"].to_numpy()
        x, y, s, d, speed, sd = (rows[name].cast(pl.Float64).to_numpy().copy() for name in needed)
        unsure = ~(np.nan_to_num(sd, nan=np.inf) <= UNSURE_M)
        for values in (x, y, s, d, speed):
            values[unsure] = np.nan
        out.append(_Path(int(str(id_)), time_s, np.column_stack([x, y]), s, d, speed, sd))
    return out


def _fallen(incident: Incident, from_s: float, to_s: float) -> _Path | None:
    """The way of the body that fell or was in the way; None where there is none."""
    way, who = incident.evidence.get("way"), _whose_way(incident)
    if who is None or not isinstance(way, dict):
        return None
    time_s, x, y, d, speed = (np.asarray(way[name], float) for name in ("time_s", "x_m", "y_m", "d_m", "speed_mps"))
    shown = (time_s >= from_s) & (time_s <= to_s)
    unknown = np.full(int(shown.sum()), np.nan)
    xy = np.column_stack([x, y])[shown]
    return _Path(who, time_s[shown], xy, unknown, d[shown], speed[shown], unknown)


# From above ------------------------------------------------------------------


def _plan(
    root: svg.Element,
    incident: Incident,
    about: list[_Path],
    others: list[_Path],
    at_s: float,
    rink: Rink,
    names: dict[int, str],
    colours: dict[int, str],
) -> None:
    points = np.concatenate([path.xy for path in about])
    points = points[np.isfinite(points[:, 0])]
    low, high = points.min(axis=0) - MARGIN_M, points.max(axis=0) + MARGIN_M
    middle = (low + high) / 2
    span = np.maximum(high - low, [LEAST_M, LEAST_M * PLAN_HEIGHT / PLAN_WIDTH])
    scale = float(min(PLAN_WIDTH / span[0], PLAN_HEIGHT / span[1]))
    half = np.array([PLAN_WIDTH, PLAN_HEIGHT]) / 2

    def place(xy: Floats) -> list[tuple[float, float]]:
        """The far side on top, as the main camera sees it."""
        at = (xy - middle) * [scale, -scale] + half + [LEFT, TOP]
        return [(float(x), float(y)) for x, y in at]

    svg.add(root, "text", "From above, dots every 0.2 s", x=LEFT, y=24, fill=svg.SOFT)
    clip = f"plan-{incident.id}"
    svg.add(
        svg.add(svg.add(root, "defs"), "clipPath", id=clip),
        "rect", x=LEFT, y=TOP, width=PLAN_WIDTH, height=PLAN_HEIGHT,
    )  # fmt: skip
    svg.add(root, "rect", x=LEFT, y=TOP, width=PLAN_WIDTH, height=PLAN_HEIGHT, fill="#f7fafc", stroke=svg.GRID)
    plan = svg.add(root, "g", clip_path=f"url(#{clip})")
    _rink_lines(plan, rink, place, scale)
    for path in others:
        _line(plan, path, place, "#9aa5af", 1.2)
    for path in about:
        _line(plan, path, place, colours[path.id], 2.2)
        _dots(plan, path, place, colours[path.id])
    for k, path in enumerate(about):
        below = k % 2 == 1  # two who are near each other would have their names in one place
        _body(plan, path, at_s, place, scale, colours[path.id], names[path.id], below)
    bar = 5.0 if scale * 5 < PLAN_WIDTH / 2 else 2.0
    y = TOP + PLAN_HEIGHT - 14
    d = svg.path([(LEFT + 12, y), (LEFT + 12 + bar * scale, y)])
    svg.add(root, "path", d=d, stroke=svg.INK, stroke_width=2, fill="none")
    svg.add(root, "text", f"{bar:g} m", x=LEFT + 12, y=y - 6, font_size=11)


def _rink_lines(plan: svg.Element, rink: Rink, place: _Place, scale: float) -> None:
    mats = rink.mats()
    svg.add(plan, "path", d=svg.path(place(np.vstack([mats, mats[:1]]))), stroke="#8a97a3", stroke_width=3, fill="none")
    u = np.linspace(0, rink.lap_m, 200)
    line = rink.to_ice(np.column_stack([u, np.zeros_like(u)]))
    svg.add(
        plan, "path", d=svg.path(place(line)), stroke="#c3ccd4", stroke_width=1, fill="none", stroke_dasharray="5 5"
    )
    svg.add(plan, "path", d=svg.path(place(rink.finish_line)), stroke="#b00020", stroke_width=1.5, fill="none")
    for x, y in place(rink.blocks):
        svg.add(plan, "circle", cx=x, cy=y, r=max(2.5, 0.12 * scale), fill="#20262c")


def _line(plan: svg.Element, path: _Path, place: _Place, colour: str, width: float) -> None:
    known = np.isfinite(path.xy[:, 0])
    for part in np.split(np.arange(len(known)), np.flatnonzero(np.diff(known)) + 1):
        if len(part) > 1 and known[part[0]]:
            d = svg.path(place(path.xy[part]))
            svg.add(plan, "path", d=d, stroke=colour, stroke_width=width, fill="none", opacity=0.8)


def _dots(plan: svg.Element, path: _Path, place: _Place, colour: str) -> None:
    """Where the racer was at each tick: their spacing shows the speed."""
    known = np.flatnonzero(np.isfinite(path.xy[:, 0]))
    ticks = np.arange(math.ceil(path.time_s[known[0]] / TICK_S), path.time_s[known[-1]] / TICK_S) * TICK_S
    xy = np.column_stack([np.interp(ticks, path.time_s[known], path.xy[known, k]) for k in range(2)])
    nearest = np.abs(path.time_s[known][None] - ticks[:, None]).min(axis=1) if len(ticks) else np.empty(0)
    for x, y in place(xy[nearest < 0.1]):
        svg.add(plan, "circle", cx=x, cy=y, r=2.2, fill=colour)


def _body(
    plan: svg.Element, path: _Path, at_s: float, place: _Place, scale: float, colour: str, name: str, below: bool
) -> None:
    """The racer at the moment itself: an ellipse as large as a body, along the way, and the name."""
    known = np.flatnonzero(np.isfinite(path.xy[:, 0]))
    n = known[np.argmin(np.abs(path.time_s[known] - at_s))]
    if abs(path.time_s[n] - at_s) > 0.5:
        return
    around = known[np.abs(path.time_s[known] - path.time_s[n]) <= 0.2]
    way = path.xy[around[-1]] - path.xy[around[0]]
    angle = -math.degrees(math.atan2(way[1], way[0]))
    (x, y), *_ = place(path.xy[n][None])
    svg.add(
        plan, "ellipse", cx=x, cy=y, rx=0.55 * scale, ry=0.28 * scale, fill=colour, fill_opacity=0.35, stroke=colour,
        stroke_width=1.5, transform=f"rotate({angle:.1f} {x:.1f} {y:.1f})",
    )  # fmt: skip
    text = shortened(name, 12, 150)
    at_x = min(max(x + 12, LEFT + 4), LEFT + PLAN_WIDTH - 110)
    svg.add(
        plan, "text", text, x=at_x, y=y + (22 if below else -12), font_size=12, font_weight=700, fill=colour,
        stroke="#ffffff", stroke_width=3, paint_order="stroke",
    )  # fmt: skip


# Over time -------------------------------------------------------------------


def _plots(
    root: svg.Element, about: list[_Path], span: tuple[float, float], at_s: float, colours: dict[int, str]
) -> None:
    lines = [(colours[path.id], path.time_s - at_s, path.speed) for path in about]
    plots: list[tuple[str, list[_Curve], float | None]] = [("speed, m/s", lines, None)]
    overlap = np.empty(0)
    if len(about) > 1:
        time_s, distance, gap = _between(*about[:2])
        plots.append(("distance between them, m", [(svg.INK, time_s - at_s, distance)], 0.0))
        overlap = BODY_M - np.abs(gap)
    if np.isfinite(overlap).any():
        plots.append(("overlap along the track, m", [(svg.INK, time_s - at_s, overlap)], None))
    else:
        lines = [(colours[path.id], path.time_s - at_s, path.d) for path in about]
        plots.append(("outside the line, m", lines, None))
    width = (PLAN_WIDTH - PLOT_GAP * len(plots) + 10) / len(plots)
    for column, (label, curves, floor) in enumerate(plots):
        left = LEFT + PLOT_GAP - 10 + column * (width + PLOT_GAP)
        _plot(root, label, curves, (span[0] - at_s, span[1] - at_s), (left, width), floor)


def _between(a: _Path, b: _Path) -> tuple[Floats, Floats, Floats]:
    """Common times, the distance of the blade midpoints, and how far ``a`` is ahead along the track."""
    time_s, at_a, at_b = np.intersect1d(a.time_s.round(3), b.time_s.round(3), return_indices=True)
    apart = a.xy[at_a] - b.xy[at_b]
    lap_m = Rink().lap_m
    gap = a.s[at_a] - b.s[at_b]
    return time_s, np.hypot(apart[:, 0], apart[:, 1]), gap - lap_m * np.round(gap / lap_m)


def _plot(
    root: svg.Element,
    label: str,
    curves: list[_Curve],
    span: tuple[float, float],
    place: tuple[float, float],
    floor: float | None,
) -> None:
    """One plot below the plan; ``place`` is its left edge and width."""
    (left, width), top = place, PLOT_TOP
    values = np.concatenate([curve[2] for curve in curves])
    values = values[np.isfinite(values)]
    svg.add(root, "text", label, x=left, y=top - 8, font_size=12, fill=svg.SOFT)
    svg.add(root, "rect", x=left, y=top, width=width, height=PLOT_HEIGHT, fill="#ffffff", stroke=svg.GRID)
    if len(values) < 2:
        svg.add(root, "text", "not measured", x=left + 10, y=top + PLOT_HEIGHT / 2, fill=svg.SOFT)
        return
    low, high = float(values.min()), float(values.max())
    if floor is not None:
        low = min(floor, low)
    step = tick_step(max(high - low, 0.5), 4)
    low, high = step * math.floor(low / step), step * max(math.ceil(high / step), math.floor(low / step) + 1)

    def x(time_s: float) -> float:
        return left + width * (time_s - span[0]) / (span[1] - span[0])

    def y(value: float) -> float:
        return top + PLOT_HEIGHT * (high - value) / (high - low)

    for k in range(round((high - low) / step) + 1):
        level = y(low + k * step)
        svg.add(root, "line", x1=left, x2=left + width, y1=level, y2=level, stroke=svg.GRID)
        number = f"{low + k * step:g}".replace("-", "\u2212")
        svg.add(root, "text", number, x=left - 6, y=level + 4, font_size=11, text_anchor="end", fill=svg.SOFT)
    every = math.ceil(TICK_LABEL_PX * (span[1] - span[0]) / width)
    for second in range(every * math.ceil(span[0] / every), math.floor(span[1]) + 1, every):
        number = f"{second:+d} s".replace("-", "\u2212") if second else "0"
        svg.add(
            root, "line", x1=x(second), x2=x(second), y1=top + PLOT_HEIGHT, y2=top + PLOT_HEIGHT + 4, stroke=svg.SOFT
        )
        svg.add(
            root, "text", number, x=x(second), y=top + PLOT_HEIGHT + 17, font_size=11, text_anchor="middle",
            fill=svg.SOFT,
        )  # fmt: skip
    svg.add(root, "line", x1=x(0), x2=x(0), y1=top, y2=top + PLOT_HEIGHT, stroke=svg.WARN, stroke_dasharray="3 3")
    for colour, time_s, curve in curves:
        known = np.isfinite(curve)
        for part in np.split(np.arange(len(known)), np.flatnonzero(np.diff(known)) + 1):
            if len(part) > 1 and known[part[0]]:
                d = svg.path([(x(float(time_s[n])), y(float(curve[n]))) for n in part])
                svg.add(root, "path", d=d, stroke=colour, stroke_width=2, fill="none")
