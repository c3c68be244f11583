"""The frame that the gap charts share: scales, horizontal grid with the leader on top, names at the ends of lines."""

import math
from dataclasses import dataclass

from report import svg
from report.labels import shortened, text_width

LEFT, TOP, WIDTH, HEIGHT = 72.0, 96.0, 780.0, 300.0
LABELS = 190.0
"""Width kept for the names at the ends of the lines."""
EARLY = 0.04
"""A line that ends so far before the right end, of the width, ends early."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with scales: ``from_x`` to ``to_x`` across, ``from_y`` (top) to ``to_y`` (bottom) down."""

    root: svg.Element
    from_x: float
    to_x: float
    from_y: float
    to_y: float

    def x(self, value: float) -> float:
        return LEFT + WIDTH * (value - self.from_x) / (self.to_x - self.from_x)

    def y(self, value: float) -> float:
        return TOP + HEIGHT * (value - self.from_y) / (self.to_y - self.from_y)

    def vertical(self, value: float, label: str, note: str = "") -> None:
        """A grid line at ``value`` with its label below."""
        x, bottom = self.x(value), TOP + HEIGHT
        svg.add(self.root, "line", x1=x, x2=x, y1=TOP, y2=bottom, stroke=svg.GRID)
        svg.add(self.root, "text", label, x=x, y=bottom + 20, text_anchor="middle", font_weight=700)
        svg.add(self.root, "text", note, x=x, y=bottom + 36, text_anchor="middle", font_size=11, fill=svg.SOFT)


def gap_plot(title: str, subtitle: str, across: tuple[float, float], largest_s: float) -> Plot:
    """A plot of seconds behind the leader, with grid: 0 on top, at least ``largest_s`` at the bottom."""
    step = tick_step(max(largest_s, 0.1), 6)
    plot = _framed(title, subtitle, across, (0.0, step * math.ceil(max(largest_s, 0.1) / step + 0.2)))
    for k in range(round(plot.to_y / step) + 1):
        _horizontal(plot, k * step, "leader" if k == 0 else f"+{k * step:g} s")
    return plot


def rank_plot(title: str, subtitle: str, across: tuple[float, float], ranks: int) -> Plot:
    """A plot of ranks, with grid: the first on top."""
    plot = _framed(title, subtitle, across, (0.5, ranks + 0.5))
    for rank in range(1, ranks + 1):
        _horizontal(plot, rank, str(rank))
    return plot


def speed_plot(title: str, subtitle: str, across: tuple[float, float], slowest: float, fastest: float) -> Plot:
    """A plot of speeds in m/s, with grid: the fastest on top."""
    step = tick_step(max(fastest - slowest, 1.0), 6)
    low, high = math.floor(slowest / step), math.ceil(fastest / step)
    plot = _framed(title, subtitle, across, (step * max(high, low + 1), step * low))
    for k in range(low, max(high, low + 1) + 1):
        _horizontal(plot, k * step, f"{k * step:g}")
    return plot


def tick_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides ``span`` into no more than ``most`` parts."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(power * k for k in (1, 2, 5, 10) if span / (power * k) <= most)


def end_labels(
    plot: Plot, ends: dict[int, tuple[float, float]], names: dict[int, str], colours: dict[int, str]
) -> None:
    """Names right of where the lines end, moved apart where they would cover one another. Of a line that ends well
    before the others, of somebody who fell say, the name stands there, and not among those who came home."""
    edge, lowest = LEFT + WIDTH + 14, -math.inf
    early: list[tuple[float, float]] = []
    for id_, (x, y) in sorted(ends.items(), key=lambda item: item[1][1]):
        name = shortened(names[id_], 14, LABELS - 24)
        if x < LEFT + WIDTH * (1 - EARLY):
            at = y + 14  # below the end, not on the line of another
            while any(abs(x - other_x) < LABELS and abs(at - other) < 17.0 for other_x, other in early):
                at += 17.0
            early.append((x, at))
            svg.add(
                *(plot.root, "text", name), x=x + 4, y=at + 5, font_size=12, fill=colours[id_], class_="name early",
                stroke="#ffffff", stroke_width=3, paint_order="stroke",
                text_anchor="end" if x > LEFT + 0.8 * WIDTH else "start",
            )  # fmt: skip
            continue
        at = max(y, lowest + 17.0)
        lowest = at
        if abs(at - y) > 2 or edge - x > 20:
            d = svg.path([(x + 6, y), (edge - 6, at)])
            svg.add(plot.root, "path", d=d, stroke=colours[id_], stroke_width=1, fill="none", opacity=0.5)
        svg.add(
            plot.root, "text", name, x=edge, y=at + 5, font_size=14, font_weight=700, fill=colours[id_], class_="name"
        )


def _framed(title: str, subtitle: str, across: tuple[float, float], down: tuple[float, float]) -> Plot:
    width = max(LEFT + WIDTH + LABELS, 40 + text_width(title, 20))
    root = svg.canvas(width, TOP + HEIGHT + 56, title, subtitle)
    svg.add(root, "text", title, x=20, y=34, font_size=20, font_weight=700)
    svg.add(root, "text", subtitle, x=20, y=55, fill=svg.SOFT)
    from_x, to_x = across if across[1] > across[0] else (across[0] - 0.5, across[0] + 0.5)
    return Plot(root, from_x, to_x, *down)


def _horizontal(plot: Plot, value: float, label: str) -> None:
    y = plot.y(value)
    svg.add(plot.root, "line", x1=LEFT, x2=LEFT + WIDTH, y1=y, y2=y, stroke=svg.GRID)
    svg.add(plot.root, "text", label, x=LEFT - 10, y=y + 4, text_anchor="end", font_size=12, fill=svg.SOFT)
