"""Shots among a crowd, voices and drums."""

import numpy as np
import pytest

from simulation.draws import Draws
from simulation.noises import crowd, speech
from tests.vision.made_sound import RATE, a_shot, add, heard, in_crowd
from vision.bangs import Bang, find_bangs

AT_S = 5.0


def shots(wave: np.ndarray, rate: int = RATE, start_s: float = 0.0) -> list[Bang]:
    return [bang for bang in find_bangs(heard(wave, rate, start_s)) if bang.score > 0.5]


@pytest.mark.parametrize("seed", range(4))
def test_a_shot_is_found_to_the_millisecond(seed: int) -> None:
    wave = add(in_crowd(RATE, 8.0, seed), RATE, AT_S, a_shot(RATE, seed), 0.3)
    (bang,) = shots(wave, start_s=100.0)
    assert bang.time_s == pytest.approx(100.0 + AT_S, abs=0.002)
    assert bang.score > 0.9


@pytest.mark.parametrize("rate", [8000, 11025, 44100, 96000])
def test_at_any_rate(rate: int) -> None:
    wave = add(in_crowd(rate, 8.0, 7), rate, AT_S, a_shot(rate, 7), 0.4)
    (bang,) = shots(wave, rate)
    assert bang.time_s == pytest.approx(AT_S, abs=0.003)


def test_a_shot_so_loud_that_it_is_cut_off() -> None:
    (bang,) = shots(add(in_crowd(RATE, 8.0, 3), RATE, AT_S, a_shot(RATE, 3), 2.0))
    assert bang.time_s == pytest.approx(AT_S, abs=0.002)


def test_channels_of_opposite_signs_do_not_cancel_out() -> None:
    wave = add(in_crowd(RATE, 8.0, 3), RATE, AT_S, a_shot(RATE, 3), 0.3)
    (bang,) = shots(np.stack([wave, -wave]))
    assert bang.time_s == pytest.approx(AT_S, abs=0.002)


def test_a_second_shot_that_calls_them_back_is_another() -> None:
    wave = add(in_crowd(RATE, 9.0, 5), RATE, AT_S, a_shot(RATE, 5), 0.3)
    found = shots(add(wave, RATE, AT_S + 1.2, a_shot(RATE, 5), 0.3))
    assert [bang.time_s for bang in found] == pytest.approx([AT_S, AT_S + 1.2], abs=0.003)


@pytest.mark.parametrize("seed", range(6))
def test_voices_are_no_shots(seed: int) -> None:
    draws = Draws(seed, "talk")
    wave = 0.1 * speech(RATE, 20 * RATE, draws) + 0.03 * crowd(RATE, 20 * RATE, draws)
    assert shots(wave) == []


def test_drums_are_no_shots() -> None:
    wave = in_crowd(RATE, 12.0, 2)
    for n in range(20):
        wave = add(wave, RATE, 1.0 + 0.5 * n, a_shot(RATE, 2), 0.3)
    assert shots(wave) == []


def test_silence_noise_steps_and_next_to_nothing_are_no_shots() -> None:
    quiet = np.zeros(6 * RATE)
    noise = np.random.default_rng(1).normal(size=6 * RATE)
    later = np.arange(6 * RATE) > 3 * RATE
    for wave in (quiet, 0.1 * noise, 0.1 * noise * later, quiet + 0.5 * later, 1e-4 * noise * later):
        assert shots(wave) == []
    click = quiet + 1e-4 * noise
    click[3 * RATE] = 1.0  # of a damaged recording: no hall rings after it
    assert shots(click) == []
    for count in (0, 1, 100, 5000):
        assert find_bangs(heard(noise[:count])) == []
