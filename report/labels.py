"""How the report names competitors, events, laps and times, the same in charts, tables and pictures."""

import math
import unicodedata
from pathlib import PurePath

from race.formats import Competitor, Event, Race

MINUS = "\u2212"

_EVENTS = {"500m": "500 m", "1000m": "1000 m", "1500m": "1500 m"}
_GENDERS = {"w": "women", "m": "men", "x": "mixed"}


def printable(text: str) -> str:
    """``text`` without control characters, which neither XML nor a line of a table can hold."""
    return " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in text).split())


def competitor_name(competitor: Competitor) -> str:
    """The name, else the team, else ``#id``."""
    return printable(competitor.name or "") or printable(competitor.team or "") or f"#{competitor.id}"


def competitor_names(race: Race) -> dict[int, str]:
    """Competitor's id -> name as shown; of two alike, each gets its id."""
    names = {competitor.id: competitor_name(competitor) for competitor in race.competitors}
    known = list(names.values())
    return {id_: f"{name} #{id_}" if known.count(name) > 1 else name for id_, name in names.items()}


def event_title(event: Event) -> str:
    """``500 m women``, ``5000 m relay men``; ``Race`` where the event is unknown."""
    if event.name is None:
        return "Race"
    name = printable(event.name)
    title = f"{name.removeprefix('relay-').removesuffix('m')} m relay" if name.startswith("relay-") else name
    return " ".join(filter(None, (_EVENTS.get(name, title), _GENDERS.get(event.gender or ""))))


def file_name(race: Race) -> str:
    """Name of the video without its folders, whichever system wrote it."""
    return printable(PurePath(race.video.path.replace("\\", "/")).name)


def laps_done(lap: int, event: Event) -> float:
    """Laps skated at the ``lap``-th crossing after the gun: half a lap less in races that start on the far straight."""
    return lap - 0.5 if event.laps is not None and event.laps % 1 else float(lap)


def lap_label(lap: int, event: Event) -> str:
    """Laps skated as people write them: ``½``, ``1½``, ``2``."""
    whole, half = divmod(laps_done(lap, event), 1)
    return f"{int(whole) or ''}½" if half else f"{int(whole)}"


def laps_to_go(lap: int, event: Event) -> str:
    """``4 to go``, ``Finish``; empty where the event's length is unknown."""
    if event.laps is None:
        return ""
    left = event.laps - laps_done(lap, event)
    return "Finish" if left <= 0 else f"{left:g} to go"


def decimals(sd_s: float | None) -> int:
    """Decimals of a second worth showing: down to the first digit of the uncertainty, 2 where that is unknown."""
    if sd_s is None:
        return 2
    return min(3, max(1, -math.floor(math.log10(max(sd_s, 1e-3)))))


def time_label(time_s: float, sd_s: float | None = None) -> str:
    """``41.12``, ``6:59.54``, ``−0.3``: as many decimals as the uncertainty allows."""
    digits = decimals(sd_s)
    minutes, seconds = divmod(round(abs(time_s), digits), 60)
    text = f"{int(minutes)}:{seconds:0{digits + 3}.{digits}f}" if minutes else f"{seconds:.{digits}f}"
    return (MINUS if time_s < 0 and float(seconds + minutes) > 0 else "") + text


def clock_label(clock_s: float) -> str:
    """What a score bug's clock showed, with no more digits than it showed: ``6:52.3``, ``6:59.54``."""
    digits = next(k for k in (1, 2, 3) if k == 3 or abs(clock_s - round(clock_s, k)) < 1e-6)
    return time_label(clock_s, 10.0**-digits)


def uncertainty_label(sd_s: float | None) -> str:
    """``±0.02``, one standard deviation; empty where unknown."""
    return "" if sd_s is None else f"±{sd_s:.{decimals(sd_s)}f}"


def ordinal(rank: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    suffix = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{suffix}"


def ascii_folded(text: str, otherwise: str) -> str:
    """``text`` without accents, for what can draw no other letters; ``otherwise`` where some have no plain form."""
    folded = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return folded if folded.isascii() else otherwise


def text_width(text: str, size: float) -> float:
    """Estimated width of ``text`` in a sans-serif of ``size``, in the unit of ``size``; wide scripts count double."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.58 for c in text)


def shortened(text: str, size: float, width: float) -> str:
    """``text`` cut with an ellipsis so that it fits ``width``."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"
