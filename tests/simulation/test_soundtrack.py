"""What a simulated film sounds like, and what is heard of one that was never drawn."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from simulation.camera import Footage, direct
from simulation.hearing import Ears, hear
from simulation.motion import Motion
from simulation.race import simulate_race
from simulation.scenario import Requirements, Scenario
from simulation.soundtrack import PART_S, RATE, Noise, Soundtrack, plan_sound, wave_of
from vision.bangs import find_bangs
from vision.sound import Audio


@cache
def filmed(false_start: int | None = None, from_s: float | None = None) -> tuple[Motion, Footage]:
    """A 500 m from a broadcaster's cameras."""
    scenario = Scenario(event="500m", gender="m", starters=4, false_start=false_start, require=Requirements(falls=0))
    motion = simulate_race(scenario, 4)
    return motion, direct(motion, "broadcast", 25.0, (320, 180), 4, from_s=from_s)


def heard_seeds(count: int, motion: Motion, footage: Footage) -> list[tuple[int, Soundtrack]]:
    plans = [(seed, plan_sound(motion, footage, seed)) for seed in range(count)]
    return [(seed, plan) for seed, plan in plans if plan is not None]


def test_the_gun_is_heard_when_it_goes_later_by_its_way_to_the_microphone() -> None:
    motion, footage = filmed()
    late = [plan.noises[0].time_s - footage.race_start_s for _, plan in heard_seeds(100, motion, footage)]
    assert all(plan.noises[0].kind in ("shot", "tone") for _, plan in heard_seeds(100, motion, footage))
    assert min(late) > -0.05 and max(late) < 0.12
    assert 0.01 < np.median(late) < 0.06


def test_the_bell_rings_as_the_leader_comes_to_the_last_lap() -> None:
    motion, footage = filmed()
    last = footage.race_start_s + min(row.time_s or 0.0 for row in motion.crossings if row.lap == 4)
    for _, plan in heard_seeds(50, motion, footage):
        (bell,) = [noise for noise in plan.noises if noise.kind == "bell"]
        assert bell.time_s - 0.4 <= last <= bell.time_s + bell.lasts_s + 0.5
        assert 2.5 <= bell.lasts_s <= 10


def test_a_false_start_has_a_gun_a_call_back_and_the_gun_again() -> None:
    motion, footage = filmed(false_start=2)
    for _, plan in heard_seeds(20, motion, footage):
        noises = sorted((noise for noise in plan.noises if noise.kind != "bell"), key=lambda noise: noise.time_s)
        assert len(noises) == 3
        assert noises[1].time_s - noises[0].time_s == pytest.approx(1.0, abs=0.01)
        assert noises[2].time_s == pytest.approx(footage.race_start_s, abs=0.12)


def test_who_films_from_the_last_laps_on_hears_no_gun() -> None:
    motion, footage = filmed(from_s=20.0)
    assert footage.race_start_s < 0
    for _, plan in heard_seeds(20, motion, footage):
        assert [noise.kind for noise in plan.noises] == ["bell"]


def test_the_same_seed_sounds_the_same_and_another_one_else() -> None:
    motion, footage = filmed()
    plans = dict(heard_seeds(6, motion, footage))
    assert plan_sound(motion, footage, 1) == plans[1] != plans[2]
    short = replace(plans[1], lasts_s=5.0)
    waves = [np.concatenate(list(wave_of(plan))) for plan in (short, short, replace(short, seed=77))]
    np.testing.assert_array_equal(waves[0], waves[1])
    assert len(waves[0]) == 5 * RATE and np.abs(waves[0]).max() <= 1
    assert np.std(waves[0] - waves[2]) > 0.01


def test_a_shot_that_goes_on_from_one_part_to_the_next() -> None:
    track = Soundtrack(3, PART_S + 5, (Noise("shot", PART_S - 0.001, 25.0),), None, (), 0.02)
    wave = np.concatenate(list(wave_of(track)))[None].astype(np.float32)
    (bang,) = [bang for bang in find_bangs(Audio(wave, RATE, 0.0)) if bang.score > 0.5]
    assert bang.time_s == pytest.approx(PART_S - 0.001, abs=0.002)


def test_what_is_heard_without_a_film_is_missed_and_mistaken_as_often_as_it_says() -> None:
    motion, footage = filmed()
    ears = Ears(shot_missed=0.3, bell_missed=0.5, shot_false=2.0, echo=0.0)
    plans = [(seed, plan) for seed, plan in heard_seeds(1000, motion, footage) if plan.noises[0].kind == "shot"]
    guns, bells, false, minutes = 0, 0, 0, 0.0
    for seed, plan in plans:
        sounds = hear(plan, seed, ears) or []
        near = [s for s in sounds if s.kind == "shot" and abs(s.time_s - plan.noises[0].time_s) < 0.015]
        guns += bool(near)
        bells += any(s.kind == "bell" and abs(s.time_s - plan.noises[-1].time_s) < 0.6 for s in sounds)
        false += sum(s.kind == "shot" for s in sounds) - len(near)
        minutes += plan.lasts_s / 60
    assert guns / len(plans) == pytest.approx(0.7, abs=0.06)
    assert bells / len(plans) == pytest.approx(0.5, abs=0.06)
    assert false / minutes == pytest.approx(2.0, abs=0.2)


def test_a_mute_film_is_not_one_in_which_nothing_is_heard() -> None:
    motion, footage = filmed()
    plans = [plan_sound(motion, footage, seed) for seed in range(200)]
    assert 0.01 < np.mean([plan is None for plan in plans]) < 0.12
    assert hear(None, 1) is None
    assert hear(Soundtrack(1, 5.0, (), None, (), 0.1), 1, Ears(shot_false=1e-9, tone_false=1e-9, bell_false=1e-9)) == []
