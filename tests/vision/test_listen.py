"""From a film to what is heard in it."""

from pathlib import Path

import numpy as np
import pytest

from simulation.draws import Draws
from simulation.noises import hall, ring
from tests.vision.made_sound import RATE, a_shot, add, in_crowd, write_film
from tests.vision.test_frames import write_video
from vision.listen import listen

SHOT_S, BELL_S = 6.0, 30.0


def race(lasts_s: float = 60.0) -> np.ndarray:
    draws = Draws(3, "bell")
    wave = add(in_crowd(RATE, lasts_s, 3), RATE, SHOT_S, a_shot(RATE, 3), 0.4)
    return add(wave, RATE, BELL_S, ring(RATE, 6.0, draws, hall(RATE, draws))[0], 0.12)


@pytest.mark.parametrize("late_s", [0.0, 0.45])
def test_the_shot_and_the_bell_of_a_film(tmp_path: Path, late_s: float) -> None:
    path = write_film(tmp_path / "film.mp4", race(), RATE, late_s=late_s)
    heard = [sound for sound in listen(path) or () if sound.score > 0.5]
    assert [sound.kind for sound in heard] == ["shot", "bell"]
    assert heard[0].time_s == pytest.approx(SHOT_S + late_s, abs=0.005)
    assert heard[1].time_s == pytest.approx(BELL_S + late_s, abs=0.3)
    assert heard[1].end_s == pytest.approx(BELL_S + late_s + 6.0, abs=1.5)


def test_a_part_of_a_film(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", race(), RATE)
    heard = [sound for sound in listen(path, 20.0, 55.0) or () if sound.score > 0.5]
    assert [sound.kind for sound in heard] == ["bell"]
    assert heard[0].time_s == pytest.approx(BELL_S, abs=0.3)


def test_a_gap_in_the_sound_is_no_shot(tmp_path: Path) -> None:
    wave = 0.3 * np.random.default_rng(1).normal(size=10 * RATE)
    path = write_film(tmp_path / "film.mkv", wave, RATE, codec="pcm_s16le", gap_s=(4.0, 5.0))
    assert listen(path) == []


def test_nothing_heard_is_not_nothing_to_hear(tmp_path: Path) -> None:
    assert listen(write_film(tmp_path / "film.mp4", in_crowd(RATE, 10.0, 1), RATE)) == []
    assert listen(write_video(tmp_path / "video.mp4")) is None
