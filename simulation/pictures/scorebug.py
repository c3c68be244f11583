"""The score bug: what it says from moment to moment, and how five broadcasters draw it."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading, ScorebugRow
from simulation.camera import Footage
from simulation.motion import Motion

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Blue, green, red."""

Layout = Literal["boxes", "table", "bar", "clock", "column"]
LAYOUTS: tuple[Layout, ...] = ("boxes", "table", "bar", "clock", "column")
_ROWS = {"boxes": 3, "table": 3, "bar": 4, "clock": 0, "column": 10}
_ROOM = {"boxes": 15, "table": 13, "bar": 11, "clock": 0}
"""Letters of a name."""
_ROWS_STAY_S = {"boxes": 5.0, "table": 1e9, "bar": 6.0, "clock": 0.0, "column": 1e9}
"""How long names stay after the leader's crossing."""
_UNOFFICIAL_AFTER_S = 2.5


def readings(motion: Motion, footage: Footage, layout: Layout) -> list[ScorebugReading]:
    """What ``layout`` shows on each picture of ``footage``, a reading whenever that changes.

    The clock runs in tenths and stops at the winner's time in hundredths; rows come in as racers cross the line.
    """
    names = {competitor.id: short_name(competitor.name or competitor.team or "") for competitor in motion.competitors}
    whole = motion.event.laps
    winning = min((row.time_s for row in motion.finish if row.time_s is not None), default=None)
    live = footage.live
    found: list[ScorebugReading] = []
    for index, moment in enumerate(footage.race_time_s):
        frame, time_s = index + 1, float(footage.time_s[index])
        if not live[index] or moment < -1.0:
            reading = ScorebugReading(time_s=time_s, frame=frame)
        else:
            reading = _reading(motion, names, layout, float(moment), winning, whole, time_s, frame)
        if not found or _shown(found[-1]) != _shown(reading):
            found.append(reading)
    return found


def _shown(reading: ScorebugReading) -> object:
    return reading.clock_s, reading.laps_to_go, reading.title, reading.rows


def _reading(
    motion: Motion,
    names: dict[int, str],
    layout: Layout,
    moment: float,
    winning: float | None,
    whole: float | None,
    time_s: float,
    frame: int,
) -> ScorebugReading:
    past = [row for row in motion.crossings if row.time_s is not None and row.time_s <= moment]
    lap = max((row.lap or 0 for row in past), default=0)
    latest = [row for row in past if row.lap == lap]
    since = moment - min((row.time_s or 0.0 for row in latest), default=-1e9)
    stopped = winning is not None and moment >= winning
    # a race of 4.5 laps has 5 crossings: 4 laps to go after the first
    known = whole is not None and (lap > 0 or whole == int(whole))
    to_go = int(np.ceil(whole)) - lap if known and whole is not None else None
    title = None
    if to_go is not None and not stopped:
        title = "Final Lap" if to_go == 1 else f"{to_go} laps to go"
    if stopped and winning is not None and moment > winning + _UNOFFICIAL_AFTER_S:
        title = "Unofficial Result"
    rows = [
        ScorebugRow(
            rank=row.rank,
            name=written(names.get(row.competitor, ""), layout),
            lap_time_s=_hundredths(row.lap_time_s) if lap > 1 and layout != "bar" else None,
        )
        for row in latest[: _ROWS[layout]]
    ]
    if since > _ROWS_STAY_S[layout] and not stopped:
        rows = []
    clock = round(winning, 2) if stopped and winning is not None else float(np.floor(max(moment, 0.0) * 10) / 10)
    return ScorebugReading(
        time_s=time_s, frame=frame, clock_s=clock, laps_to_go=None if stopped else to_go, title=title, rows=rows
    )


def _hundredths(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def short_name(name: str) -> str:
    """``Aron HALE`` as ``A. HALE``; one word stays."""
    words = name.split()
    return f"{words[0][0]}. {' '.join(words[1:])}" if len(words) > 1 else name


def written(name: str, layout: Layout) -> str:
    """What ``layout`` has room for of a short name; the column has surnames only, in capitals."""
    return name.split(". ")[-1][:9].upper() if layout == "column" else name[: _ROOM[layout]]


def clock_text(clock_s: float, decimals: int) -> str:
    """``72.31`` as ``1:12.31``."""
    minutes, seconds = divmod(round(clock_s * 10**decimals), 60 * 10**decimals)
    width = 3 + decimals if minutes else 0
    text = f"{seconds / 10**decimals:0{width}.{decimals}f}"
    return f"{minutes}:{text}" if minutes else text


# ---------------------------------------------------------------------------------------------------------------------
# drawing, on a canvas of 1280 x 720 laid over the picture


@dataclass(frozen=True, slots=True)
class Canvas:
    """colour (720, 1280, 3) BGR and cover (720, 1280), 0 to 255."""

    colour: Picture
    cover: Picture


_WHITE, _INK, _BLUE, _STEEL, _RED, _GOLD = (
    *((245, 245, 245), (24, 22, 20), (150, 84, 24), (92, 88, 84)),
    *((40, 34, 190), (60, 190, 235)),
)


def draw(reading: ScorebugReading, layout: Layout) -> Canvas:
    """The graphics of ``reading``; nothing where its clock is null."""
    canvas = Canvas(np.zeros((720, 1280, 3), np.uint8), np.zeros((720, 1280), np.uint8))
    if reading.clock_s is not None:
        text = clock_text(reading.clock_s, 1 if reading.laps_to_go is not None else 2)
        {"boxes": _boxes, "table": _table, "bar": _bar, "clock": _clock, "column": _column}[layout](
            canvas, reading, text
        )
    return canvas


def lay_over(picture: Picture, canvas: Canvas) -> Picture:
    """``picture`` with the canvas, scaled to its size, on top."""
    size = picture.shape[1], picture.shape[0]
    shrink = cv2.INTER_AREA if size[0] <= 1280 else cv2.INTER_LINEAR
    used = np.flatnonzero(canvas.cover.any(axis=1))
    if not len(used):
        return picture
    cover = cv2.resize(canvas.cover, size, interpolation=shrink).astype(np.float32)[..., None] / 255
    colour = cv2.resize(canvas.colour * (canvas.cover > 0)[..., None], size, interpolation=shrink)
    low = used[0] * size[1] // 720
    high = min(size[1], used[-1] * size[1] // 720 + 2)
    out = picture.copy()
    out[low:high] = np.clip(picture[low:high] * (1 - cover[low:high]) + colour[low:high], 0, 255).astype(np.uint8)
    return out


def slab(
    canvas: Canvas, x: int, y: int, width: int, height: int, colour: Colour, cover: int = 225, slant: int = 0
) -> None:
    """A filled bar, its upper edge moved ``slant`` to the right; ``colour`` is laid on premultiplied."""
    corners = np.array([[x + slant, y], [x + width + slant, y], [x + width, y + height], [x, y + height]], np.int32)
    shade = tuple(int(v * cover / 255) for v in colour)
    cv2.fillConvexPoly(canvas.colour, corners, shade, cv2.LINE_AA)
    cv2.fillConvexPoly(canvas.cover, corners, cover, cv2.LINE_AA)


def words(canvas: Canvas, text: str, x: int, y: int, size: float, colour: Colour = _WHITE, align: str = "left") -> None:
    """``text`` with its baseline at ``y``; x is its left end, its middle or its right end."""
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, size, 2)
    x -= {"left": 0, "middle": width // 2, "right": width}[align]
    cv2.putText(canvas.colour, text, (x, y), cv2.FONT_HERSHEY_DUPLEX, size, colour, 2, cv2.LINE_AA)
    cv2.putText(canvas.cover, text, (x, y), cv2.FONT_HERSHEY_DUPLEX, size, 255, 2, cv2.LINE_AA)


def _lap(row: ScorebugRow) -> str:
    return "" if row.lap_time_s is None else f"{row.lap_time_s:.2f}"


def _boxes(canvas: Canvas, reading: ScorebugReading, clock: str) -> None:
    if reading.title:
        slab(canvas, 112, 608, 180, 24, _STEEL, slant=10)
        words(canvas, reading.title, 208, 627, 0.62, align="middle")
    slab(canvas, 108, 634, 180, 28, _INK, slant=6)
    words(canvas, clock, 276, 657, 0.8, align="right")
    for k, row in enumerate(reading.rows):
        x = 112 + 276 * k
        slab(canvas, x, 666, 26, 24, _BLUE, 245)
        words(canvas, str(row.rank), x + 13, 685, 0.66, align="middle")
        slab(canvas, x + 28, 666, 236, 24, _INK, 215)
        words(canvas, row.name or "", x + 36, 685, 0.66)
        if row.lap_time_s is not None:
            slab(canvas, x + 116, 691, 148, 19, _INK, 180)
            words(canvas, f"Lap:{_lap(row)}", x + 256, 706, 0.54, align="right")


def _table(canvas: Canvas, reading: ScorebugReading, clock: str) -> None:
    slab(canvas, 70, 48, 300, 38, _RED, 240)
    words(canvas, clock, 82, 77, 1.0)
    if reading.title:
        words(canvas, reading.title, 360, 74, 0.62, align="right")
    for k, row in enumerate(reading.rows):
        y = 88 + 34 * k
        slab(canvas, 70, y, 300, 32, _WHITE, 235)
        slab(canvas, 70, y, 32, 32, _INK, 240)
        words(canvas, str(row.rank), 86, y + 24, 0.72, align="middle")
        words(canvas, row.name or "", 110, y + 24, 0.7, _INK)
        words(canvas, _lap(row), 362, y + 24, 0.7, _INK, "right")


def _bar(canvas: Canvas, reading: ScorebugReading, clock: str) -> None:
    slab(canvas, 40, 664, 1200, 36, (60, 40, 20), 215)
    slab(canvas, 40, 664, 130, 36, _GOLD, 245)
    words(canvas, clock, 105, 692, 0.92, _INK, "middle")
    if reading.title:
        words(canvas, reading.title.upper(), 184, 690, 0.66, _GOLD)
    for k, row in enumerate(reading.rows):
        x = 390 + 212 * k
        words(canvas, str(row.rank), x, 690, 0.72, _GOLD)
        words(canvas, row.name or "", x + 24, 690, 0.66)


def _clock(canvas: Canvas, reading: ScorebugReading, clock: str) -> None:
    slab(canvas, 1040, 640, 190, 46, _INK, 200)
    words(canvas, clock, 1220, 674, 1.1, align="right")
    if reading.title:
        slab(canvas, 1040, 612, 190, 26, _BLUE, 220)
        words(canvas, reading.title, 1135, 632, 0.62, align="middle")


def _column(canvas: Canvas, reading: ScorebugReading, clock: str) -> None:
    slab(canvas, 60, 92, 220, 40, (90, 60, 24), 235)
    words(canvas, clock, 270, 122, 1.0, align="right")
    if reading.title:
        slab(canvas, 60, 64, 220, 26, _WHITE, 235)
        words(canvas, reading.title, 70, 84, 0.62, _INK)
    leader = reading.rows[0].lap_time_s if reading.rows else None
    for k, row in enumerate(reading.rows):
        y = 134 + 32 * k
        slab(canvas, 60, y, 220, 30, (56, 44, 36), 215)
        words(canvas, str(row.rank), 78, y + 22, 0.66, _GOLD, "middle")
        words(canvas, row.name or "", 96, y + 22, 0.62)
        if leader is not None and row.lap_time_s is not None:
            words(canvas, _lap(row), 272, y + 22, 0.58, align="right")


def logo(canvas: Canvas, name: str, corner: Literal["left", "right"]) -> None:
    """The broadcaster's mark at the top."""
    x = 40 if corner == "left" else 1100
    cv2.circle(canvas.colour, (x + 14, 36), 13, _WHITE, -1, cv2.LINE_AA)
    cv2.circle(canvas.cover, (x + 14, 36), 13, 255, -1, cv2.LINE_AA)
    words(canvas, name, x + 34, 44, 0.66)
