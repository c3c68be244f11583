"""What the annotated video shows on a picture: boxes, ranks, names, trails, and a banner with time and lap."""

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.errors import RaceFileError
from race.formats import Race, Shot
from race.rink import Rink
from report.colours import competitor_colours, rgb, text_on
from report.columns import race_columns
from report.labels import ascii_folded, competitor_names, time_label
from report.rinklines import RinkLines
from report.trails import Trails

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

LONGEST_NAME = 16
UNICODE_TEXT = int(cv2.__version__.split(".")[0]) >= 5
"""OpenCV 4 draws nothing but ASCII."""

_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class _Racer:
    """One racer in one picture; ``box`` (x, y, w, h) in pixels, ``seen`` false where the tracker only predicted."""

    id: int
    box: tuple[float, float, float, float]
    rank: int | None
    seen: bool


class Overlay:
    """Draws a run on its pictures, given in order; trails begin anew where pictures are left out."""

    def __init__(
        self, race: Race, tracks: pl.DataFrame, camera: pl.DataFrame | None, rink: RinkLines | None = None
    ) -> None:
        self._race, self._rink = race, rink
        names = competitor_names(race)
        self._names = {id_: name if UNICODE_TEXT else ascii_folded(name, f"#{id_}") for id_, name in names.items()}
        self._colours = competitor_colours(race)
        self._racers = _racers_by_frame(tracks, set(names))
        self._motions = {} if camera is None else _motions_by_frame(camera)
        self._readings = sorted(race.scorebug, key=lambda reading: reading.time_s)
        self._leader_crossings = [c for c in race_columns(race) if c.leader_s is not None]
        self._trails = Trails()
        self._shot: Shot | None = None
        self._number = -1

    def draw(self, image: Image, number: int, time_s: float) -> None:
        """Draw on ``image`` (H, W, 3) BGR, which is picture ``number`` at ``time_s``."""
        shot = _shot_at(self._race, time_s)
        if shot != self._shot or number != self._number + 1:
            self._trails.clear()
            self._shot = shot
        else:
            self._trails.move(self._motions.get(number))
        self._number = number
        racers = self._racers.get(number, [])
        self._trails.add(*_feet(racers, image.shape[0]), time_s)

        unit = min(image.shape[:2]) / 360
        if self._rink is not None:
            self._rink.draw(image, number)
        for racer in racers:
            _draw_trail(image, self._trails.line(racer.id), self._bgr(racer.id), unit)
        for racer in racers:
            _draw_box(image, racer, self._bgr(racer.id), unit)
        taken: list[Box] = []
        for racer in sorted(racers, key=lambda r: (r.rank is None, r.rank or 0, r.box[0])):
            name = self._names[racer.id]
            text = " ".join(filter(None, (f"{racer.rank}." if racer.rank else "", name[:LONGEST_NAME].rstrip())))
            _draw_label(image, text, racer.box, self._colours[racer.id], unit, taken)
        if shot is None or shot.kind == "race":
            _draw_banner(image, self.banner(time_s), unit)

    def boxes(self, number: int) -> dict[int, tuple[float, float, float, float]]:
        """Racers' boxes (x, y, w, h) in picture ``number``, by competitor."""
        return {racer.id: racer.box for racer in self._racers.get(number, [])}

    def _bgr(self, id_: int) -> Colour:
        return _bgr(self._colours[id_])

    def banner(self, time_s: float) -> str:
        """Race time (else the score bug's clock) and laps to go; empty where unknown.

        Laps to go only get fewer: of the last crossing seen and the score bug, which may be late or read from before
        a crossing that was missed, the one that says fewer.
        """
        passed = [column for column in self._leader_crossings if (column.leader_s or 0.0) <= time_s]
        told = bisect_right(self._readings, time_s, key=lambda reading: reading.time_s)
        reading = self._readings[told - 1] if told else None
        clock_s = None if reading is None else reading.clock_s
        if self._race.race_start_s is not None:
            end_s = passed[-1].leader_s if passed and passed[-1].finish else None
            clock_s = (time_s if end_s is None else end_s) - self._race.race_start_s
        last = passed[-1] if passed else None
        words = "" if last is None else last.note or f"lap {last.label}"
        shown = None if reading is None else reading.laps_to_go
        if shown and (last is None or (not last.finish and (last.to_go is None or shown < last.to_go))):
            words = f"{shown} to go"
        words = words if UNICODE_TEXT else ascii_folded(words, "")
        clock = "" if clock_s is None or clock_s < 0 else time_label(clock_s, 0.1)
        return "   ".join(filter(None, (clock, words)))


def read_overlay(race: Race, folder: Path, draw_rink: bool = False) -> Overlay:
    """The overlay of the run in ``folder``; without ``camera.parquet`` there are no trails, and no rink.

    Raises RaceFileError where tracks.parquet is missing or either file cannot be read.
    """
    tracks, camera = folder / "tracks.parquet", folder / "camera.parquet"
    if not tracks.is_file():
        raise RaceFileError(f"{tracks}: not found; analyze the video again to have something to draw")
    try:
        seen = pl.read_parquet(camera) if camera.is_file() else None
        rink = None
        if draw_rink and seen is not None:
            shift_m = race.event.track_shift_m or 0.0
            rink = RinkLines(seen, (race.video.width, race.video.height), Rink(track_shift_m=shift_m))
        return Overlay(race, pl.read_parquet(tracks), seen, rink)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RaceFileError(f"{folder}: tracks.parquet or camera.parquet cannot be read ({error})") from error


def _racers_by_frame(tracks: pl.DataFrame, known: set[int]) -> dict[int, list[_Racer]]:
    optional = [name for name in ("rank", "seen") if name in tracks.columns]
    rows = tracks.filter(pl.col("id").is_in(list(known))).select("frame", "id", "x", "y", "w", "h", *optional)
    racers: dict[int, list[_Racer]] = {}
    for row in rows.iter_rows(named=True):
        box = (row["x"], row["y"], row["w"], row["h"])
        racer = _Racer(row["id"], box, row.get("rank"), row.get("seen") is not False)
        racers.setdefault(row["frame"], []).append(racer)
    return racers


def _motions_by_frame(camera: pl.DataFrame) -> dict[int, NDArray[np.float64]]:
    names = [f"h{row}{column}" for row in range(3) for column in range(3)]
    known = camera.drop_nulls(names)
    motions = known.select(names).to_numpy().astype(np.float64).reshape(-1, 3, 3)
    return dict(zip(known["frame"].to_list(), motions, strict=True))


def _feet(racers: list[_Racer], height: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ids (N,) and foot points (N, 2) of those whose feet were seen: not predicted, not below the picture."""
    seen = [racer for racer in racers if racer.seen and racer.box[1] + racer.box[3] < height - 1]
    feet = [(x + w / 2, y + h) for x, y, w, h in (racer.box for racer in seen)]
    return np.array([racer.id for racer in seen], np.int64), np.array(feet, np.float64).reshape(-1, 2)


def _shot_at(race: Race, time_s: float) -> Shot | None:
    """The shot a picture belongs to; a millisecond forgives the rounding of its start."""
    return next((shot for shot in reversed(race.shots) if shot.start_s <= time_s + 1e-3), None)


def _bgr(colour: str) -> Colour:
    red, green, blue = rgb(colour)
    return blue, green, red


def _draw_trail(image: Image, points: NDArray[np.float64], colour: Colour, unit: float) -> None:
    """A line that thins out into the past."""
    if len(points) < 2:
        return
    near = np.clip(points, -4096, 16384)
    fixed = np.round(near * 16).astype(np.int32)
    for k in range(len(fixed) - 1):
        age = (k + 1) / len(fixed)  # 1 is now
        width = max(1, round(3 * unit * age))
        a, b = fixed[k].tolist(), fixed[k + 1].tolist()
        cv2.line(image, a, b, colour, width, cv2.LINE_AA, 4)


def _draw_box(image: Image, racer: _Racer, colour: Colour, unit: float) -> None:
    """The whole rectangle where the racer was seen, its corners where it was only predicted."""
    x, y, w, h = racer.box
    left, top, right, bottom = round(x), round(y), round(x + w), round(y + h)
    width = max(1, round(1.5 * unit))
    if racer.seen:
        cv2.rectangle(image, (left, top), (right, bottom), (255, 255, 255), width + 2 * round(unit), cv2.LINE_AA)
        cv2.rectangle(image, (left, top), (right, bottom), colour, width, cv2.LINE_AA)
        return
    arm = max(3, round(min(w, h) / 4))
    for corner_x, step_x in ((left, arm), (right, -arm)):
        for corner_y, step_y in ((top, arm), (bottom, -arm)):
            cv2.line(image, (corner_x, corner_y), (corner_x + step_x, corner_y), colour, width, cv2.LINE_AA)
            cv2.line(image, (corner_x, corner_y), (corner_x, corner_y + step_y), colour, width, cv2.LINE_AA)


def _draw_label(
    image: Image, text: str, box: tuple[float, float, float, float], colour: str, unit: float, taken: list[Box]
) -> None:
    """Rank and name on the competitor's colour, above the box or as near above it as others leave free."""
    scale, weight, margin = 0.4 * unit, max(1, round(unit)), round(3 * unit)
    (width, height), _ = cv2.getTextSize(text, _FONT, scale, weight)
    w, h = width + 2 * margin, height + 2 * margin
    x = int(np.clip(box[0] + box[2] / 2 - w / 2, 0, max(0, image.shape[1] - w)))
    y = round(box[1]) - h - round(3 * unit)
    wanted = y
    while any(x < tx + tw and tx < x + w and y < ty + th and ty < y + h for tx, ty, tw, th in taken):
        y -= 1
    if y < 0:
        y = min(round(box[1] + box[3]) + margin, image.shape[0] - h)
        while any(x < tx + tw and tx < x + w and y < ty + th and ty < y + h for tx, ty, tw, th in taken):
            y += 1
    elif y < wanted - 2:
        middle = round(box[0] + box[2] / 2)
        cv2.line(image, (middle, y + h), (middle, round(box[1])), _bgr(colour), max(1, round(unit)), cv2.LINE_AA)
    taken.append((x, y, w, h))
    cv2.rectangle(image, (x, y), (x + w, y + h), _bgr(colour), -1)
    place = (x + margin, y + h - margin)
    cv2.putText(image, text, place, _FONT, scale, _bgr(text_on(colour)), weight, cv2.LINE_AA)


def _draw_banner(image: Image, text: str, unit: float) -> None:
    """Time and lap on dark glass in the top right corner."""
    if not text:
        return
    scale, weight, margin = 0.5 * unit, max(1, round(unit)), round(7 * unit)
    (width, height), _ = cv2.getTextSize(text, _FONT, scale, weight)
    right, top = image.shape[1] - margin, margin
    left, bottom = max(0, right - width - 2 * margin), top + height + 2 * margin
    glass = image[top:bottom, left:right]
    glass[:] = (glass * 0.3).astype(np.uint8)
    place = (left + margin, bottom - margin)
    cv2.putText(image, text, place, _FONT, scale, (255, 255, 255), weight, cv2.LINE_AA)
