import numpy as np
import pytest

from simulation.camera import direct
from simulation.pictures.captions import caption_at, draw_caption, result_rows
from simulation.pictures.scorebug import Canvas
from simulation.race import simulate_race
from simulation.scenario import read_scenario


@pytest.fixture(scope="module")
def motion():
    """Three fall, one comes home."""
    return simulate_race(read_scenario("shanghai-2019-mens-500-final"), 1)


def test_the_race_is_announced_before_its_gun_the_winner_and_the_results_after_it(motion):
    footage = direct(motion, "broadcast", 10.0, (640, 360), 1)
    shown = {}
    for take in footage.takes:
        for index in range(take.first - 1, take.last):
            shown.setdefault(caption_at(footage, take, index), []).append((footage.race_time_s[index], take.kind))
    assert set(shown) == {None, "title", "winner", "results"}
    assert all(moment < 0 and kind == "race" for moment, kind in shown["title"])
    home = min(row.race_time_s for row in motion.finish if row.race_time_s is not None)
    for after in ("winner", "results"):
        assert all(moment > home and kind == "other" for moment, kind in shown[after])


def test_results_are_in_the_order_of_the_finish_and_who_fell_stands_last(motion):
    rows = result_rows(motion)
    home = next(row for row in motion.finish if row.rank == 1)
    winner = next(one for one in motion.competitors if one.id == home.competitor)
    assert rows[0] == ("1", winner.name, winner.team, f"{home.race_time_s:.3f}")
    assert [(rank, time) for rank, _, _, time in rows[1:]] == [("", "DNF")] * 3


def test_a_longer_field_has_a_longer_table(motion):
    def height(race):
        canvas = Canvas(np.zeros((720, 1280, 3), np.uint8), np.zeros((720, 1280), np.uint8))
        draw_caption(canvas, "results", race)
        return np.ptp(np.flatnonzero(canvas.cover.any(axis=1)))

    eight = simulate_race(read_scenario("mens-1500"), 1)
    assert height(eight) > 1.5 * height(motion)
