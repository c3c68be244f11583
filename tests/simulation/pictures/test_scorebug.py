import numpy as np
import pytest

from race.formats import ScorebugReading, ScorebugRow
from simulation.camera import direct
from simulation.pictures.scorebug import LAYOUTS, clock_text, draw, lay_over, readings, short_name
from simulation.race import simulate_race
from simulation.scenario import Scenario


@pytest.fixture(scope="module")
def filmed():
    motion = simulate_race(Scenario(event="500m", gender="w", starters=4, require={"falls": 0}), 5)
    return motion, direct(motion, "fixed", 25.0, (640, 360), 5)


def at(shown, time_s):
    return [reading for reading in shown if reading.time_s <= time_s][-1]


def test_the_clock_runs_in_tenths_and_stops_at_the_winners_time(filmed):
    motion, footage = filmed
    shown = readings(motion, footage, "table")
    start = footage.race_start_s
    assert at(shown, start + 12.36).clock_s == pytest.approx(12.3)
    winner = min(row.race_time_s for row in motion.finish)
    assert at(shown, start + winner + 1.0).clock_s == pytest.approx(winner, abs=0.0051)


def test_laps_to_go_change_when_the_leader_crosses(filmed):
    motion, footage = filmed
    shown = readings(motion, footage, "table")
    for row in motion.crossings:
        if row.rank == 1 and row.lap < 5:
            assert at(shown, footage.race_start_s + row.time_s + 0.05).laps_to_go == 5 - row.lap
    titles = [reading.title for reading in shown]
    assert "Final Lap" in titles and titles[-1] == "Unofficial Result"


def test_rows_come_in_as_racers_cross(filmed):
    motion, footage = filmed
    shown = readings(motion, footage, "column")
    second = sorted((row for row in motion.crossings if row.lap == 2), key=lambda row: row.time_s)
    for k, row in enumerate(second):
        now = at(shown, footage.race_start_s + row.time_s + 0.05)
        near = [other for other in second if abs(other.time_s - row.time_s - 0.05) < 0.045]
        if not near:
            assert len(now.rows) == k + 1
            assert now.rows[k].lap_time_s == pytest.approx(row.lap_time_s, abs=0.0051)


def test_frames_rise_and_neighbours_differ(filmed):
    shown = readings(*filmed, "boxes")
    assert np.all(np.diff([reading.frame for reading in shown]) > 0)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_draws_something_inside_the_picture(layout):
    rows = [ScorebugRow(rank=k, name=f"N. NAME{k}", lap_time_s=9.1 + k) for k in (1, 2, 3)]
    reading = ScorebugReading(time_s=0, clock_s=31.4, laps_to_go=2, title="2 laps to go", rows=rows)
    canvas = draw(reading, layout)
    assert (canvas.cover > 0).sum() > 2000
    assert not canvas.cover[-3:].any() and not canvas.cover[:, -3:].any()
    picture = np.full((360, 640, 3), 128, np.uint8)
    assert (lay_over(picture, canvas) != picture).any()


def test_no_clock_nothing_drawn():
    assert not draw(ScorebugReading(time_s=0), "boxes").cover.any()


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [(7.0, 1, "7.0"), (59.96, 1, "1:00.0"), (72.31, 2, "1:12.31"), (61.0, 1, "1:01.0"), (0.0, 1, "0.0")],
)
def test_clock_text(seconds, decimals, text):
    assert clock_text(seconds, decimals) == text


def test_short_names():
    assert short_name("Aron HALE") == "A. HALE"
    assert short_name("Sofia DE WIT") == "S. DE WIT"
    assert short_name("KOREA") == "KOREA"
