"""The score-bug reader on score bugs drawn here, whose text is the truth, and on the real clip where it is at hand."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from race.clock import fit_clock
from race.formats import ScorebugReading
from vision.ocr import Image, TextLine
from vision.scorebug import ScorebugReader, read_still
from vision.scorebug_layout import parse_clock, parse_laps, read_layout, tidy_name, tidy_title
from vision.scorebug_overlay import StaticOverlay
from vision.scorebug_readings import Event, readings_of

WIDTH, HEIGHT = 640, 360


@dataclass
class Shown:
    """What a drawn score bug says in one picture; None where it says nothing."""

    clock: str | None
    laps: str | None = None
    rows: list[tuple[int, str, str]] = field(default_factory=list)


def scenery(seed: int) -> NDArray[np.uint8]:
    """A wide picture of soft blotches and hard-edged boards for the camera to pan over."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(90, 250, (HEIGHT // 20, 3 * WIDTH // 20, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (3 * WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for x in range(0, 3 * WIDTH, 90):
        colour = tuple(int(c) for c in rng.integers(0, 255, 3))
        cv2.rectangle(picture, (x, 60 + int(rng.integers(0, 40))), (x + 70, 130), colour, -1)
        cv2.rectangle(picture, (x + 20, 200), (x + 35, 260 + int(rng.integers(0, 90))), colour, -1)
    return picture


def put(image: Image, text: str, x: int, y: int, font: int, size: float, ink: int, paper: int, width: int) -> None:
    height = round(24 * size)
    cv2.rectangle(image, (x - 5, y - height - 3), (x + width, y + 6), (paper, paper, paper), -1)
    cv2.putText(image, text, (x, y), font, size, (ink, ink, ink), 1, cv2.LINE_AA)


def draw_side_by_side(image: Image, shown: Shown) -> None:
    """Clock at the lower left, laps above it, rows along the bottom with the lap time below."""
    font = cv2.FONT_HERSHEY_SIMPLEX
    if shown.clock:
        put(image, shown.clock, 90, 300, font, 0.6, 255, 40, 140)
    if shown.laps:
        put(image, shown.laps, 90, 276, font, 0.55, 255, 70, 140)
    for rank, name, lap in shown.rows:
        x = 30 + 195 * (rank - 1)
        put(image, f"{rank}. {name}", x, 326, font, 0.5, 255, 40, 180)
        put(image, f"Lap: {lap}", x + 80, 347, font, 0.5, 255, 70, 100)


def draw_tower(image: Image, shown: Shown) -> None:
    """A tower at the upper left, white on dark: clock, laps, then a line for each row with the lap time at its end."""
    font = cv2.FONT_HERSHEY_DUPLEX
    if shown.clock:
        put(image, shown.clock, 40, 50, font, 0.7, 255, 30, 200)
    if shown.laps:
        put(image, shown.laps, 40, 78, font, 0.6, 240, 60, 200)
    for rank, name, lap in shown.rows:
        y = 82 + 26 * rank
        put(image, f"{rank}", 40, y, font, 0.55, 255, 50, 25)
        put(image, name, 72, y, font, 0.55, 255, 30, 120)
        put(image, lap, 195, y, font, 0.55, 255, 30, 60)


def draw_apart(image: Image, shown: Shown) -> None:
    """Dark on light with serifs: the clock at the upper right, laps below it, rows far away at the lower left."""
    font = cv2.FONT_HERSHEY_COMPLEX
    if shown.clock:
        put(image, shown.clock, 510, 40, font, 0.7, 10, 230, 115)
    if shown.laps:
        put(image, shown.laps, 510, 68, font, 0.6, 10, 210, 115)
    for rank, name, lap in shown.rows:
        put(image, f"{rank} {name} {lap}", 40, 240 + 28 * rank, font, 0.6, 10, 230, 240)


Draw = Callable[[Image, Shown], None]

ROWS = [(1, "KOREA", "8.66"), (2, "HUNGARY", "8.71"), (3, "ITALY", "8.92")]
FPS = 25
GONE_S = 7.0
STOP_S = 5.0
START_S = -52.31  # video time at which the clock would have shown 0: no multiple of a tenth


def race_of_layout(decimals: int, final: str, laps: str) -> Callable[[float], Shown]:
    """Clock all the time, laps and rows from 1 to 4 s, the clock frozen at ``final`` from 5 s, all gone at 7 s."""

    def shown_at(time_s: float) -> Shown:
        if time_s >= GONE_S:
            return Shown(None)
        if time_s >= STOP_S:
            return Shown(final)
        cut = np.floor((time_s - START_S) * 10**decimals + 1e-6) / 10**decimals
        minutes, seconds = divmod(cut, 60)
        clock = f"{minutes:.0f}:{seconds:0{3 + decimals}.{decimals}f}" if minutes else f"{seconds:.{decimals}f}"
        return Shown(clock, laps, ROWS) if 1.0 <= time_s < 4.0 else Shown(clock)

    return shown_at


def pictures(
    draw: Draw, shown_at: Callable[[float], Shown], until_s: float = 8.0
) -> Iterator[tuple[int, float, Image]]:
    scene, rng = scenery(1), np.random.default_rng(2)
    grain = rng.normal(0, 3, (5, HEIGHT, WIDTH, 3)).astype(np.int16)
    for index in range(round(until_s * FPS)):
        time_s = index / FPS
        x = int(WIDTH + 0.9 * WIDTH * np.sin(0.9 * time_s))
        image = scene[:, x : x + WIDTH].copy()
        draw(image, shown_at(time_s))
        yield index + 1, time_s, np.clip(image + grain[index % 5], 0, 255).astype(np.uint8)


def read_all(draw: Draw, shown_at: Callable[[float], Shown]) -> tuple[list[ScorebugReading], ScorebugReader]:
    reader = ScorebugReader()
    for number, time_s, image in pictures(draw, shown_at):
        reader.update(number, time_s, image)
    return reader.finish(), reader


def shown_then(readings: list[ScorebugReading], time_s: float) -> ScorebugReading:
    return [reading for reading in readings if reading.time_s <= time_s][-1]


LAYOUTS = [
    pytest.param(draw_side_by_side, 1, "57.28", "4 laps to go", 4, id="side by side"),
    pytest.param(draw_tower, 1, "57.19", "LAPS 5", 5, id="tower"),
    pytest.param(draw_apart, 2, "57.28", "Final Lap", 1, id="apart"),
]


@pytest.mark.parametrize(("draw", "decimals", "final", "laps", "laps_to_go"), LAYOUTS)
def test_reads_a_drawn_score_bug(draw: Draw, decimals: int, final: str, laps: str, laps_to_go: int) -> None:
    shown_at = race_of_layout(decimals, final, laps)
    readings, _ = read_all(draw, shown_at)

    assert readings == sorted(readings, key=lambda reading: reading.time_s)
    for reading in readings:  # never a clock that was not on the screen at that moment
        if reading.clock_s is not None:
            shown = shown_at(reading.time_s).clock
            assert shown is not None and reading.clock_s == pytest.approx(float(shown), abs=1e-6), reading
    middle = shown_then(readings, 3.5)
    assert middle.laps_to_go == laps_to_go
    assert [(row.rank, row.name, row.lap_time_s) for row in middle.rows] == [(r, n, float(t)) for r, n, t in ROWS]
    after = shown_then(readings, 6.5)
    assert (after.clock_s, after.laps_to_go, after.rows) == (float(final), None, [])
    gone = readings[-1]
    assert (gone.clock_s, gone.laps_to_go, gone.title, gone.rows) == (None, None, None, [])
    assert gone.time_s == pytest.approx(GONE_S, abs=0.5)

    (run,) = fit_clock(readings)
    assert run.race_start_s == pytest.approx(START_S, abs=0.03)
    assert run.final_clock_s == float(final)
    assert run.stopped_at_s == pytest.approx(STOP_S, abs=0.4)


@pytest.mark.parametrize("from_s", [7.0, 57.0])
def test_a_clock_that_grows_a_digit_is_read_on(from_s: float) -> None:
    def shown_at(time_s: float) -> Shown:
        minutes, seconds = divmod(np.floor((time_s + from_s) * 10 + 1e-6) / 10, 60)
        return Shown(f"{minutes:.0f}:{seconds:04.1f}" if minutes else f"{seconds:.1f}")

    reader = ScorebugReader()
    for number, time_s, image in pictures(draw_side_by_side, shown_at, 6.0):
        reader.update(number, time_s, image)
    readings = [reading for reading in reader.finish() if reading.clock_s is not None]
    assert len(readings) > 12 and readings[-1].time_s > 5.0
    for reading in readings:
        assert reading.clock_s == parse_clock(str(shown_at(reading.time_s).clock))


def test_nothing_is_read_where_nothing_is_shown() -> None:
    readings, reader = read_all(draw_tower, lambda time_s: Shown(None))
    assert readings == []
    mask = reader.graphics_mask((WIDTH, HEIGHT))
    assert mask is None or mask.mean() < 0.01


def test_graphics_mask_covers_the_panels_and_little_else() -> None:
    shown_at = race_of_layout(1, "57.28", "4 laps to go")
    reader = ScorebugReader()
    assert reader.graphics_mask((WIDTH, HEIGHT)) is None
    for number, time_s, image in pictures(draw_side_by_side, shown_at, 3.0):
        reader.update(number, time_s, image)
    mask = reader.graphics_mask((WIDTH, HEIGHT))
    assert mask is not None and mask.shape == (HEIGHT, WIDTH)
    panels = np.zeros((HEIGHT, WIDTH), dtype=bool)
    panels[255:310, 85:235] = panels[310:360, 20:605] = True
    assert mask[315:332, 30:160].mean() > 0.8
    assert mask[~cv2.dilate(panels.astype(np.uint8), np.ones((25, 25))).astype(bool)].mean() < 0.02


def test_a_camera_that_stands_still_teaches_nothing() -> None:
    overlay, scene = StaticOverlay(), cv2.cvtColor(scenery(3)[:, :WIDTH], cv2.COLOR_BGR2GRAY)
    for _ in range(20):
        overlay.update(scene)
    assert overlay.regions() == []


def test_noise_is_no_graphics() -> None:
    overlay, rng = StaticOverlay(), np.random.default_rng(7)
    for _ in range(20):
        overlay.update(rng.integers(0, 255, (HEIGHT, WIDTH), dtype=np.uint8))
    assert overlay.mask.mean() < 0.05


def test_a_still_camera_finds_the_score_bug_as_well() -> None:
    shown_at = race_of_layout(1, "57.28", "4 laps to go")
    reader, scene = ScorebugReader(), scenery(1)[:, :WIDTH]
    for index in range(3 * FPS):
        image = scene.copy()
        draw_tower(image, shown_at(index / FPS))
        reader.update(index + 1, index / FPS, image)
    clocks = [reading.clock_s for reading in reader.finish() if reading.clock_s is not None]
    assert len(clocks) >= 4 and clocks == sorted(clocks)


def test_the_scale_of_the_picture_does_not_matter() -> None:
    shown_at = race_of_layout(1, "57.28", "4 laps to go")
    reader = ScorebugReader()
    for number, time_s, image in pictures(draw_tower, shown_at, 3.6):
        if number % 3 == 1:  # 8.3 pictures a second
            large = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
            reader.update(number, time_s, large)
    last = reader.finish()[-1]
    assert last.laps_to_go == 4 and [row.name for row in last.rows] == ["KOREA", "HUNGARY", "ITALY"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6:52.3", 412.3),
        ("52.34", 52.34),
        ("1:23.456", 83.456),
        ("0:41.0", 41.0),
        ("0:41", 41.0),
        ("6-52.3", 412.3),
        ("6.52.3", 412.3),
        ("6 :52.3", 412.3),
        ("6:72.3", None),
        ("00:22:02", None),
        ("Lap 8.66", None),
        ("6523", None),
        ("", None),
        ("KOREA", None),
    ],
)
def test_parse_clock(text: str, seconds: float | None) -> None:
    assert parse_clock(text) == seconds


@pytest.mark.parametrize(
    ("text", "laps"),
    [
        ("Final Lap", 1),
        ("FinalLap", 1),
        ("last lap", 1),
        ("3 laps", 3),
        ("4 laps to go", 4),
        ("2lapsto go", 2),
        ("2lapstogo", 2),
        ("Laps to go 5", 5),
        ("LAPS TO GO: 12", 12),
        ("Lap 3", 3),
        ("5/9", 5),
        ("Lap 9/9", 1),
        ("9/5", None),
        ("3 Runden", 3),
        ("Lap:8.66", None),
        ("2019/20", None),
        ("KOREA", None),
    ],
)
def test_parse_laps(text: str, laps: int | None) -> None:
    assert parse_laps(text) == laps


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("KOREA", "KOREA"),
        (".KOREA", "KOREA"),
        ("K0REA", "KOREA"),
        ("CHOIMin Jeong", "CHOI Min Jeong"),
        ("Arianna FoNTANA", "Arianna FONTANA"),
        ("Y. van KERKHOF", "Y. van KERKHOF"),
        ("Y.vanKERKHOF", "Y. van KERKHOF"),
        ("KIMG.W.", "KIM G.W."),
        ("O'BRIEN-SMITH", "O'BRIEN-SMITH"),
        ("McDONALD", "McDONALD"),
        ("--", None),
        ("A", None),
    ],
)
def test_tidy_name(text: str, name: str | None) -> None:
    assert tidy_name(text) == name


def test_tidy_title() -> None:
    assert tidy_title("Unofficlal Resuit") == "Unofficial Result"
    assert tidy_title("VnotficialResull") == "Unofficial Result"
    assert tidy_title("Men 500 m Heat 3") == "Men 500 m Heat 3"


def line(text: str, x: float, y: float, w: float = 60, h: float = 16) -> TextLine:
    return TextLine(text, 0.95, (x, y, w, h))


def ranking(lines: list[TextLine]) -> list[tuple[int | None, str | None, float | None]]:
    return [(row.rank, row.name, row.lap_time_s) for row in read_layout(lines).rows]


def test_a_rank_lost_is_counted_from_its_neighbours() -> None:
    side_by_side = [line("KOREA", 100, 320), line("2.NETHERLANDS", 240, 320, 95), line("8.JAPAN", 380, 320)]
    side_by_side += [line("3 JAPAN", 380, 320)]
    assert ranking([*side_by_side[:2], side_by_side[3]])[0] == (1, "KOREA", None)
    assert [rank for rank, _, _ in ranking(side_by_side[:3])] == []  # 2 and 8: nobody knows


def test_a_lap_time_stays_with_its_row_when_a_neighbour_is_lost() -> None:
    lines = [line("1.KOREA", 100, 320), line("2.NETHERLANDS", 240, 320, 95), line("Lap:8.80", 460, 336)]
    assert ranking(lines) == [(1, "KOREA", None), (2, "NETHERLANDS", None)]


def test_a_lap_time_makes_a_row_though_its_rank_was_lost() -> None:
    names = [line("KOREA", 100, 320), line("2.NETHERLANDS", 240, 320, 95), line("JAPAN", 380, 320)]
    assert ranking(names) == []  # one rank of three
    timed = [line(f"Lap:{time}", x, 336) for time, x in (("8.66", 180), ("8.80", 460))]
    assert ranking(names + timed) == [(1, "KOREA", 8.66), (2, "NETHERLANDS", None), (3, "JAPAN", 8.8)]


def test_a_start_list_is_no_ranking() -> None:
    helmets = [(6, "WU"), (13, "CELSKI"), (10, "LIU"), (188, "KWAK"), (12, "ELISTRATOV")]
    lines = [line(f"{n}", 100, 100 + 20 * k, 20) for k, (n, _) in enumerate(helmets)]
    lines += [line(name, 150, 100 + 20 * k) for k, (_, name) in enumerate(helmets)]
    assert ranking(lines) == []


def test_a_result_table() -> None:
    names = ["CHOI Min Jeong", "Martina VALCEPINA", "Arianna FONTANA", "Kasandra BRADETTE"]
    times = ["43.963", "44.427", "44.710", "1:05.031"]
    lines = [line("Audi ISU WORLD CUP", 130, 60, 230), line("500 M LADIES - RESULT LIST", 150, 80, 260)]
    for k, (name, time) in enumerate(zip(names, times, strict=True)):
        lines += [line(name, 150, 100 + 17 * k, 120), line("QA", 290, 100 + 17 * k, 20), line(time, 330, 100 + 17 * k)]
    lines += [line("2.", 100, 117, 15), line("3.", 100, 134, 15)]
    layout = read_layout(lines)
    assert (layout.clock_s, layout.title) == (None, "500 M LADIES - RESULT LIST")
    assert [(row.rank, row.name, row.time_s) for row in layout.rows] == [
        (1, "CHOI Min Jeong", 43.963),
        (2, "Martina VALCEPINA", 44.427),
        (3, "Arianna FONTANA", 44.71),
        (4, "Kasandra BRADETTE", 65.031),
    ]


def test_a_number_beside_a_lap_word() -> None:
    assert read_layout([line("LAPS", 100, 50, 40), line("7", 145, 50, 10), line("1:02.3", 100, 70)]).laps_to_go == 7
    assert read_layout([line("LAPS", 100, 50, 40), line("7", 400, 50, 10), line("1:02.3", 100, 70)]).laps_to_go is None


def test_a_picture_without_a_score_bug() -> None:
    still = read_still(scenery(4)[:, :WIDTH])
    assert (still.clock_s, still.laps_to_go, still.rows) == (None, None, [])


def test_a_still() -> None:
    image = scenery(5)[:, :WIDTH].copy()
    draw_side_by_side(image, Shown("6:52.8", "Final Lap", ROWS))
    still = read_still(image)
    assert (still.clock_s, still.laps_to_go, still.title) == (412.8, 1, "Final Lap")
    assert [(row.rank, row.name, row.lap_time_s) for row in still.rows] == [(r, n, float(t)) for r, n, t in ROWS]


CLOCK, LAPS, NAME = 0, 1, 2
PLACES = {CLOCK: (100.0, 70.0, 60.0, 16.0), LAPS: (100.0, 50.0, 60.0, 16.0), NAME: (100.0, 100.0, 90.0, 16.0)}


def said(time_s: float, place: int, text: str | None) -> Event:
    return Event(time_s, round(25 * time_s) + 1, place, text, 0.95, PLACES[place], is_clock=place == CLOCK)


def ticking(from_s: float, to_s: float) -> list[Event]:
    """A clock that showed 0 at 0 s."""
    return [said(t, CLOCK, f"0:{np.floor(10 * t + 1e-6) / 10:04.1f}") for t in np.arange(from_s, to_s, 0.36).tolist()]


def test_a_change_while_the_clock_runs_comes_with_a_reading_of_the_clock() -> None:
    readings = readings_of([*ticking(10.0, 14.0), said(12.0, NAME, "1.KOREA"), said(13.0, NAME, None)])
    assert all(r.clock_s == pytest.approx(np.floor(10 * r.time_s + 1e-6) / 10) for r in readings)
    shown = [r.time_s for r in readings if r.rows]
    assert shown[0] == pytest.approx(12.0, abs=0.36) and shown[-1] < 13.0


def test_a_misread_clock_is_left_out() -> None:
    readings = readings_of([*ticking(10.0, 14.0), said(12.0, CLOCK, "0:72.0"), said(12.1, CLOCK, "6:12.1")])
    assert max(r.clock_s or 0.0 for r in readings) < 14.0


def test_a_moment_of_misreading_is_bridged() -> None:
    events = [said(10.0, NAME, "1.KOREA"), said(11.0, NAME, "1.KORFA"), said(11.4, NAME, "1. KOREA")]
    assert [[row.name for row in r.rows] for r in readings_of(events)] == [["KOREA"]]
    long = [said(10.0, NAME, "1.KOREA"), said(11.0, NAME, "1.ITALY"), said(15.0, NAME, "1.KOREA")]
    assert [[row.name for row in r.rows] for r in readings_of(long)] == [["KOREA"], ["ITALY"], ["KOREA"]]


def test_a_name_that_slides_in_is_given_whole() -> None:
    events = [said(10.0, NAME, "2.NETH"), said(10.4, NAME, "2.NETHERLANDS"), said(10.4, LAPS, "1.KOREA")]
    assert [row.name for row in readings_of(events)[0].rows][-1] == "NETHERLANDS"


def test_a_line_that_grows_stands_where_it_has_grown_to() -> None:
    cut = replace(said(10.0, NAME, "2.NE"), box=(100.0, 95.0, 27.0, 30.0))  # too tall to be a row beside the other
    events = [cut, said(10.4, NAME, "2.NETHERLANDS"), said(10.4, LAPS, "1.KOREA")]
    assert [row.name for row in readings_of(events)[-1].rows] == ["KOREA", "NETHERLANDS"]


def test_laps_that_rise_are_not_laps_to_go() -> None:
    falling = [*ticking(10.0, 40.0), *(said(12.0 + 9 * k, LAPS, f"Lap {3 - k}") for k in range(3))]
    assert {r.laps_to_go for r in readings_of(falling)} == {None, 3, 2, 1}
    rising = [*ticking(10.0, 40.0), *(said(12.0 + 9 * k, LAPS, f"Lap {3 + k}") for k in range(3))]
    assert {r.laps_to_go for r in readings_of(rising)} == {None}


def test_a_bare_time_that_never_ran_is_no_clock() -> None:
    assert readings_of([said(10.0, LAPS, "43.963")]) == []


@pytest.mark.slow
def test_the_real_clip(reference: Path) -> None:
    footage = reference / "footage"
    video = cv2.VideoCapture(str(footage / "shanghai-2019-m5000-relay-semifinal-final-lap.mp4"))
    reader, number = ScorebugReader(), 0
    while True:
        more, image = video.read()
        if not more:
            break
        number += 1
        reader.update(number, (number - 1) / 29.97, image)
    readings = reader.finish()
    (run,) = fit_clock(readings)
    assert (run.final_clock_s, run.readings_rejected) == (419.54, 0)

    with (footage / "shanghai-truth" / "scorebug.csv").open() as lines:
        truth = list(csv.DictReader(lines))
    right = shown = 0
    for row in truth:
        time_s, clock_s = (int(row["frame"]) - 1) / 29.97, parse_clock(row["clock"])
        if clock_s is None:
            continue
        stopped = run.stopped_at_s is not None and time_s >= run.stopped_at_s - 1e-6
        ran_s = np.floor((time_s - run.race_start_s) * 10 + 1e-6) / 10
        right += (run.final_clock_s if stopped else pytest.approx(ran_s)) == clock_s
        shown += 1
    assert right >= 0.98 * shown

    settled = shown_then(readings, 4.2)
    assert (settled.laps_to_go, settled.title) == (1, "Final Lap")
    assert [(row.rank, row.name, row.lap_time_s) for row in settled.rows] == [
        (1, "KOREA", 8.66),
        (2, "NETHERLANDS", 8.40),
        (3, "JAPAN", 8.80),
    ]
    assert shown_then(readings, 9.5).title == "Unofficial Result"
    after = [reading for reading in readings if reading.time_s > 10.5]  # a caption in Korean is no score bug
    assert all((r.clock_s, r.laps_to_go, r.rows) == (None, None, []) for r in [*after, readings[-1]])
