"""The bell among a crowd and voices."""

import numpy as np
import pytest

from simulation.draws import Draws
from simulation.noises import hall, ring, speech
from tests.vision.made_sound import RATE, add, heard, in_crowd
from vision.ringing import Ringing, find_ringing

AT_S, LASTS_S = 8.0, 6.0


def bells(wave: np.ndarray, rate: int = RATE) -> list[Ringing]:
    return [one for one in find_ringing(heard(wave, rate, 10.0)) if one.score > 0.5]


def a_bell(rate: int, seed: int) -> np.ndarray:
    draws = Draws(seed, "bell")
    return ring(rate, LASTS_S, draws, hall(rate, draws))[0]


@pytest.mark.parametrize("seed", range(4))
def test_a_bell_is_heard_from_its_first_stroke_to_its_last(seed: int) -> None:
    talk = 0.05 * speech(RATE, 24 * RATE, Draws(seed, "talk"))
    (bell,) = bells(add(in_crowd(RATE, 24.0, seed) + talk, RATE, AT_S, a_bell(RATE, seed), 0.1))
    assert bell.start_s == pytest.approx(10.0 + AT_S, abs=0.2)
    assert bell.end_s == pytest.approx(10.0 + AT_S + LASTS_S, abs=1.2)


@pytest.mark.parametrize("rate", [11025, 48000])
def test_at_any_rate(rate: int) -> None:
    (bell,) = bells(add(in_crowd(rate, 24.0, 1), rate, AT_S, a_bell(rate, 1), 0.1), rate)
    assert bell.start_s == pytest.approx(10.0 + AT_S, abs=0.2)


@pytest.mark.parametrize("seed", range(4))
def test_voices_are_no_bell(seed: int) -> None:
    assert bells(in_crowd(RATE, 24.0, seed) + 0.1 * speech(RATE, 24 * RATE, Draws(seed, "talk"))) == []


def test_what_hums_all_the_time_is_no_bell() -> None:
    time_s = np.arange(24 * RATE) / RATE
    hum = sum(0.02 * np.sin(2 * np.pi * hz * time_s) for hz in (400, 1200, 2000, 3200))
    assert bells(in_crowd(RATE, 24.0, 1) + hum) == []


def test_silence_and_next_to_nothing_are_no_bell() -> None:
    assert bells(np.zeros(24 * RATE)) == []
    for count in (0, 1, 100, RATE):
        assert find_ringing(heard(np.ones(count))) == []
