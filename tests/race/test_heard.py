"""The gun and the bell, as what was heard tells of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from race.crossings import LineCrossing
from race.events import find_event
from race.formats import Sound
from race.heard import WAY_S, check_bell, hear_gun
from race.laps import Passage

EVENT = find_event("500m", "m")  # five crossings, the fourth with one lap to go


def shot(time_s: float, score: float = 0.9, kind: str = "shot") -> Sound:
    return Sound(kind=kind, time_s=time_s, time_sd_s=0.003, score=score)


def bell(time_s: float, end_s: float, score: float = 0.9) -> Sound:
    return Sound(kind="bell", time_s=time_s, end_s=end_s, time_sd_s=0.1, score=score)


def laps(first: int = 1) -> list[Passage]:
    """The leader crosses at 17 s, and every 9 s from then on."""
    return [Passage((LineCrossing(0, 17.0 + 9.0 * n, 0.01),), first + n) for n in range(5)]


def warned(sounds: list[Sound] | None, passages: list[Passage] | None = None) -> list[str]:
    warnings: list[str] = []
    check_bell(sounds, laps() if passages is None else passages, EVENT, warnings)
    return warnings


def test_the_gun_is_what_was_heard_when_they_got_off_less_its_way_to_the_camera() -> None:
    gun = hear_gun([shot(3.0), shot(10.1), shot(31.0)], 10.0, 0.15)
    assert gun is not None
    assert gun[0] == pytest.approx(10.1 - WAY_S)
    assert 0.02 < gun[1] < 0.05


@pytest.mark.parametrize("kind", ["shot", "tone"])
def test_an_electronic_starter_is_a_gun(kind: str) -> None:
    assert hear_gun([shot(10.1, kind=kind)], 10.0, 0.15) is not None


def test_a_bang_while_nobody_starts_is_no_gun() -> None:
    assert hear_gun([shot(9.0), shot(12.0), bell(10.0, 15.0)], 10.0, 0.15) is None
    assert hear_gun([], 10.0, 0.15) is None
    assert hear_gun(None, 10.0, 0.15) is None


def test_the_shot_that_calls_them_back_is_not_the_gun() -> None:
    gun = hear_gun([shot(10.05), shot(11.2)], 10.0, 0.15)
    assert gun is not None and gun[0] == pytest.approx(10.05 - WAY_S)


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 1)), max_size=8), st.floats(0, 20), st.floats(0.05, 0.5))
def test_the_gun_is_one_of_the_shots_and_near(heard: list[tuple[float, float]], about_s: float, sd_s: float) -> None:
    gun = hear_gun([shot(time_s, score) for time_s, score in heard], about_s, sd_s)
    if gun is not None:
        assert any(gun[0] == pytest.approx(time_s - WAY_S) for time_s, _ in heard)
        assert abs(gun[0] - about_s) < 3 * (sd_s + gun[1])


def test_the_bell_of_the_last_lap_is_fine() -> None:
    assert warned([bell(42.5, 47.0)]) == []  # the leader crosses at 44 s with one lap to go
    assert warned(None) == warned([]) == []


def test_a_bell_a_lap_early_contradicts_the_laps_counted() -> None:
    (warning,) = warned([bell(33.5, 37.0)])
    assert "33.5 s" in warning and "2 were left" in warning


def test_with_a_lap_too_many_counted_the_bell_says_so() -> None:
    (warning,) = warned([bell(42.5, 47.0)], laps(first=2)[:4])
    assert "as laps were counted 0 were left" in warning


def test_music_before_the_bell_an_unsure_bell_and_one_outside_the_race_say_nothing() -> None:
    assert warned([bell(24.0, 29.0), bell(42.5, 47.0)]) == []
    assert warned([bell(33.5, 37.0, 0.3)]) == []
    assert warned([bell(2.0, 6.0), bell(75.0, 80.0)]) == []


def test_nothing_is_said_where_laps_have_no_numbers() -> None:
    unknown = [Passage(passage.crossings) for passage in laps()]
    assert warned([bell(33.5, 37.0)], unknown) == []
    warnings: list[str] = []
    check_bell([bell(33.5, 37.0)], laps(), None, warnings)
    assert warnings == []
