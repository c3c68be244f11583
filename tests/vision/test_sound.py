"""Sound decoded in a stream: when it is heard, whatever the container makes of it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.made_sound import RATE, write_film
from vision.sound import Audio, sound_of, stretches

BEEP_S = 2.0


def beep(rate: int, lasts_s: float = 3.0) -> np.ndarray:
    """Nothing, and from BEEP_S on a note."""
    time_s = np.arange(round(lasts_s * rate)) / rate
    return np.where(time_s >= BEEP_S, 0.5 * np.sin(2 * np.pi * 1000 * time_s), 0.0)


def begins_s(path: Path, **span: float) -> float:
    """When the note is first heard."""
    parts = list(sound_of(path, **span))
    loud = [(part, np.flatnonzero(np.abs(part.samples).max(axis=0) > 0.2)) for part in parts]
    part, rows = next((part, rows) for part, rows in loud if len(rows))
    return part.start_s + float(rows[0]) / part.rate


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize(("codec", "ending"), [("aac", "mp4"), ("pcm_s16le", "mkv"), ("pcm_s16le", "avi")])
def test_a_sound_is_heard_when_it_was_made(tmp_path: Path, rate: int, codec: str, ending: str) -> None:
    path = write_film(tmp_path / f"film.{ending}", beep(rate), rate, codec=codec)
    assert begins_s(path) == pytest.approx(BEEP_S, abs=0.003)
    assert {part.rate for part in sound_of(path)} == {rate}


@pytest.mark.parametrize("codec", ["libopus", "mp3", "flac", "ac3"])
def test_and_with_any_codec(tmp_path: Path, codec: str) -> None:
    path = write_film(tmp_path / "film.mkv", beep(48000), 48000, codec=codec)
    assert begins_s(path) == pytest.approx(BEEP_S, abs=0.012)


@pytest.mark.parametrize(("late_s", "first_s"), [(0.7, 0.0), (0.0, 5.0), (1.3, 2.5)])
def test_sound_that_begins_later_than_the_pictures_or_a_film_that_begins_late(
    tmp_path: Path, late_s: float, first_s: float
) -> None:
    path = write_film(tmp_path / "film.mkv", beep(RATE), RATE, codec="pcm_s16le", late_s=late_s, begins_s=first_s)
    assert begins_s(path) == pytest.approx(BEEP_S + late_s, abs=0.003)


def test_a_gap_in_the_sound_moves_nothing(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mkv", beep(RATE), RATE, codec="pcm_s16le", gap_s=(0.5, 1.5))
    assert begins_s(path) == pytest.approx(BEEP_S, abs=0.003)
    found = [(core_s, until_s, audio.end_s) for audio, core_s, until_s in stretches(sound_of(path), 100, 10)]
    assert len(found) == 2  # one before the gap, one after it


def test_a_part_of_the_sound(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", beep(RATE), RATE)
    parts = list(sound_of(path, from_s=1.0, to_s=2.5))
    assert parts[0].start_s == pytest.approx(1.0, abs=0.05) and parts[-1].end_s == pytest.approx(2.5, abs=0.05)
    assert begins_s(path, from_s=1.0) == pytest.approx(BEEP_S, abs=0.003)


def test_two_channels_stay_two(tmp_path: Path) -> None:
    wave = beep(RATE)
    path = write_film(tmp_path / "film.mkv", np.stack([wave, -wave]), RATE, codec="pcm_s16le")
    (audio, _, _) = next(stretches(sound_of(path), 100, 10))
    np.testing.assert_allclose(audio.samples, np.stack([wave, -wave])[:, : audio.samples.shape[1]], atol=1e-3)


def test_a_film_without_sound_has_none(tmp_path: Path) -> None:
    from tests.vision.test_frames import write_video

    assert list(sound_of(write_video(tmp_path / "video.mp4"))) == []


@settings(max_examples=50)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=60), st.integers(0, 59), st.floats(0.2, 5.0))
def test_every_moment_is_looked_at_once(sizes: list[int], gap: int, gap_s: float) -> None:
    rate, parts, at_s = 100, [], 1.0
    for n, size in enumerate(sizes):
        at_s += gap_s if n == gap else 0.0
        parts.append(Audio(np.full((1, size), n, np.float32), rate, at_s))
        at_s = parts[-1].end_s
    looked: dict[int, int] = {}
    for audio, core_s, until_s in stretches(iter(parts), 2.0, 1.0):
        time_s = audio.start_s + (np.arange(audio.samples.shape[1]) + 0.5) / rate
        for moment in time_s[(time_s >= core_s) & (time_s < until_s)]:
            looked[int(rate * moment)] = looked.get(int(rate * moment), 0) + 1
    wanted = {int(rate * (part.start_s + (k + 0.5) / rate)) for part in parts for k in range(part.samples.shape[1])}
    assert set(looked) == wanted and set(looked.values()) == {1}


def test_memory_is_flat_however_long_the_sound() -> None:
    part = np.zeros((1, RATE), np.float32)
    parts = (Audio(part, RATE, float(n)) for n in range(2000))
    longest = max(audio.samples.shape[1] for audio, _, _ in stretches(parts, 20, 8))
    assert longest <= (20 + 3 * 8 + 2) * RATE
