"""Electronic starters among a crowd and voices."""

import numpy as np
import pytest

from simulation.draws import Draws
from simulation.noises import hall, speech, start_tone
from tests.vision.made_sound import RATE, add, heard, in_crowd
from vision.tones import find_tones

AT_S = 5.0


def tones(wave: np.ndarray, rate: int = RATE) -> list[float]:
    return [tone.time_s for tone in find_tones(heard(wave, rate, 10.0)) if tone.score > 0.5]


def a_tone(rate: int, seed: int) -> np.ndarray:
    draws = Draws(seed, "tone")
    return start_tone(rate, draws, hall(rate, draws))


def test_most_start_tones_are_found() -> None:
    late_s = []
    for seed in range(12):  # in some halls a note sways too much, or lingers
        found = tones(add(in_crowd(RATE, 10.0, seed), RATE, AT_S, a_tone(RATE, seed), 0.3))
        assert len(found) <= 1
        late_s += [time_s - 10.0 - AT_S for time_s in found]
    assert len(late_s) >= 8
    assert np.abs(late_s).max() < 0.05 and abs(np.median(late_s)) < 0.005


@pytest.mark.parametrize("rate", [11025, 48000])
def test_at_any_rate(rate: int) -> None:
    (time_s,) = tones(add(in_crowd(rate, 10.0, 1), rate, AT_S, a_tone(rate, 1), 0.3), rate)
    assert time_s == pytest.approx(10.0 + AT_S, abs=0.015)


def test_a_note_that_goes_on_is_no_start() -> None:
    time_s = np.arange(10 * RATE) / RATE
    note = sum(0.1 * np.sign(np.sin(2 * np.pi * hz * time_s)) for hz in (900, 1300))
    assert tones(in_crowd(RATE, 10.0, 1) + note * (time_s > AT_S)) == []
    assert tones(in_crowd(RATE, 10.0, 1) + note) == []


def test_voices_are_seldom_a_start() -> None:
    talks = [0.1 * speech(RATE, 24 * RATE, Draws(seed, "talk")) + in_crowd(RATE, 24.0, seed) for seed in range(8)]
    assert sum(len(tones(talk)) for talk in talks) <= 4  # 75 a minute are as many as there are syllables


def test_silence_and_next_to_nothing_are_no_start() -> None:
    assert tones(np.zeros(10 * RATE)) == []
    for count in (0, 1, 100, RATE):
        assert find_tones(heard(np.ones(count))) == []
