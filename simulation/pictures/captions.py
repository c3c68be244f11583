"""What a broadcaster lays over a race besides the score bug: lower thirds, and the table of results at the end."""

from textwrap import shorten
from typing import Literal

from race.formats import Competitor
from simulation.camera import Footage, Take
from simulation.motion import Motion
from simulation.pictures.scorebug import Canvas, Colour, clock_text, short_name, slab, words

Caption = Literal["title", "winner", "results"]

TITLE_S = (-5.0, -1.5)
"""Race time from which to which the race is announced: the score bug follows."""
_AFTER_S = 0.6
"""A caption comes in so long after a cut."""
_WIDEST = 76
"""Letters of the lower line."""
_BLUE, _INK, _PALE, _GOLD = (130, 70, 24), (30, 26, 22), (240, 240, 240), (60, 190, 235)


def caption_at(footage: Footage, take: Take, index: int) -> Caption | None:
    """What is announced on picture ``index`` (from 0) of ``take``: the race before its gun, the winner, the results."""
    if take.kind == "race":
        return "title" if TITLE_S[0] <= footage.race_time_s[index] < TITLE_S[1] else None
    if take.kind != "other" or (index - take.first + 1) / footage.fps < _AFTER_S:
        return None
    return "results" if take is footage.takes[-1] else "winner"


def draw_caption(canvas: Canvas, caption: Caption, motion: Motion) -> None:
    """Lay ``caption`` on ``canvas``; nobody won where nobody came home."""
    rows = result_rows(motion)
    if caption == "title":
        names = [short_name(one.name or one.team or "") for one in motion.competitors]
        if len("  ".join(names)) > _WIDEST:
            names = [name.split()[-1] for name in names]
        _lower_third(canvas, motion.title, "  ".join(names))
    elif caption == "winner" and rows and rows[0][0]:
        _, name, team, time = rows[0]
        _lower_third(canvas, name, time if name == team else f"{team}   {time}")
    elif caption == "results":
        _table(canvas, motion.title, rows)


def result_rows(motion: Motion) -> list[tuple[str, str, str, str]]:
    """Rank, name, team and time of each competitor, by rank; who did not come home stands last, without a rank."""
    place = {row.competitor: row for row in motion.finish}

    def order(one: Competitor) -> tuple[bool, int]:
        rank = place[one.id].rank
        return rank is None, rank or one.id

    found = []
    for one in sorted(motion.competitors, key=order):
        row = place[one.id]
        time = "DNF" if row.rank is None or row.race_time_s is None else clock_text(row.race_time_s, 3)
        found.append(("" if row.rank is None else str(row.rank), one.name or "", one.team or "", time))
    return found


def _lower_third(canvas: Canvas, above: str, below: str) -> None:
    slab(canvas, 120, 560, 760, 46, _BLUE, 235, slant=14)
    words(canvas, above, 150, 593, 1.0)
    slab(canvas, 120, 608, 760, 32, _INK, 215, slant=10)
    fits = below if len(below) <= _WIDEST else shorten(below, _WIDEST, placeholder="")
    words(canvas, fits, 150, 631, 0.62, _PALE)


def _table(canvas: Canvas, title: str, rows: list[tuple[str, str, str, str]]) -> None:
    left, top, width, high = 260, 120, 760, 42
    slab(canvas, left, top, width, 54, _BLUE, 240)
    words(canvas, title, left + 20, top + 37, 0.95)
    for k, (rank, name, team, time) in enumerate(rows):
        y = top + 58 + (high + 3) * k
        shade: Colour = _INK if k % 2 == 0 else (52, 46, 40)
        slab(canvas, left, y, width, high, shade, 220)
        words(canvas, rank, left + 34, y + 30, 0.85, _GOLD, "middle")
        words(canvas, name[:22], left + 70, y + 30, 0.8)
        words(canvas, team[:3].upper(), left + 540, y + 30, 0.8, _PALE)
        words(canvas, time, left + width - 20, y + 30, 0.8, align="right")
