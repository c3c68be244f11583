"""The video at a glance on one axis of time: shots, the score bug, the leader's crossings, passes and incidents."""

import math

from race.formats import Race
from report import svg
from report.axes import tick_step
from report.columns import race_columns
from report.labels import clock_label, competitor_names, printable, text_width, time_label
from report.showings import showings

LEFT, WIDTH, TOP, ROW = 110.0, 860.0, 20.0, 30.0
SHOT_COLOURS = {"race": "#2f6fb3", "replay": "#b9770e", "other": "#76828d"}


def timeline_svg(race: Race) -> str:
    """The timeline as a standalone SVG, in seconds of the video."""
    begin_s = race.video.from_s or 0.0
    end_s = max([race.video.to_s or race.video.duration_s, *(shot.end_s for shot in race.shots), begin_s + 0.1])
    rows = ("shots", "score bug", "crossings", "passes", "incidents")
    bottom = TOP + ROW * len(rows)
    root = svg.canvas(LEFT + WIDTH + 30, bottom + 30, "Timeline of the video", "what the video shows when, in seconds")
    scale = WIDTH / (end_s - begin_s)
    left = LEFT - scale * begin_s  # where second 0 would be
    step = tick_step(end_s - begin_s, 12)
    for k in range(math.ceil(begin_s / step), int(end_s / step) + 1):
        x = left + scale * k * step
        svg.add(root, "line", x1=x, x2=x, y1=TOP, y2=bottom, stroke=svg.GRID)
        label = time_label(k * step, 0.1).removesuffix(".0")
        svg.add(root, "text", label, x=x, y=bottom + 18, text_anchor="middle", font_size=12, fill=svg.SOFT)
    for k, name in enumerate(rows):
        svg.add(root, "text", name, x=LEFT - 12, y=TOP + ROW * (k + 0.5) + 4, text_anchor="end")

    for shot in race.shots:
        text = f"{shot.kind}, {time_label(shot.start_s, 0.1)} to {time_label(shot.end_s, 0.1)} s"
        confidence = "" if shot.confidence is None else f", confidence {shot.confidence:.0%}"
        x, width = left + scale * shot.start_s, scale * (shot.end_s - shot.start_s)
        _bar(root, x, width, 0, SHOT_COLOURS[shot.kind], text + confidence, shot.kind)
    for showing in showings(race):
        clock = [clock_label(r.clock_s) for r in (showing.first, showing.last) if r.clock_s is not None]
        title = " ".join(filter(None, (f"clock {' to '.join(clock)}" if clock else "no clock", showing.first.title)))
        x, width = left + scale * showing.from_s, scale * (showing.to_s - showing.from_s)
        _bar(root, x, width, 1, "#3c7d5b", printable(title), "")
    for column in race_columns(race):
        if column.leader_s is not None:
            label = column.note if column.finish else column.label
            _tick(root, left + scale * column.leader_s, 2, svg.INK, f"leader at {label}")
    names = competitor_names(race)
    for passing in race.passes:
        title = f"{names.get(passing.by, '?')} passes {names.get(passing.on, '?')}"
        _tick(root, left + scale * passing.time_s, 3, "#2f6fb3", title)
    for incident in race.incidents:
        width = max(3.0, scale * (incident.end_s - incident.start_s))
        title = f"{incident.kind.replace('_', ' ')}, confidence {incident.confidence:.0%}"
        _bar(root, left + scale * incident.start_s, width, 4, svg.WARN, title, "")
    return svg.to_text(root)


def _bar(root: svg.Element, x: float, width: float, row: int, colour: str, title: str, label: str) -> None:
    y = TOP + ROW * row + 6
    bar = svg.add(root, "rect", x=x, y=y, width=max(width, 1.0), height=ROW - 12, fill=colour, class_="bar")
    svg.add(bar, "title", title)
    if label and text_width(label, 12) < width - 8:
        svg.add(root, "text", label, x=x + 6, y=y + 13, font_size=12, fill="#ffffff", font_weight=700)


def _tick(root: svg.Element, x: float, row: int, colour: str, title: str) -> None:
    y = TOP + ROW * row + 4
    tick = svg.add(root, "rect", x=x - 2, y=y, width=4, height=ROW - 8, fill=colour, class_="tick")
    svg.add(tick, "title", title)
