"""Races joined to one video, without pictures."""

from pathlib import Path

import av
import numpy as np
import pytest

from race.errors import ScenarioError
from race.evaluate_tracks import read_boxes
from race.formats import Video, read_race, read_session
from race.observations import read_observations
from race.session import split_races
from simulation.scenario import Requirements, Scenario
from simulation.session import CARD_S, join_session, join_videos
from simulation.write import simulate_observations
from tests.vision.made_sound import write_film
from tests.vision.test_frames import write_video
from vision.sound import sound_of

FPS = 10.0
HEAT = Scenario(event="500m", starters=4, track_shift_m=0.5, require=Requirements(falls=0))


@pytest.fixture(scope="module")
def heats(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folders = [tmp_path_factory.mktemp(f"heat-{seed}") for seed in (1, 2)]
    for seed, folder in enumerate(folders, start=1):
        simulate_observations(HEAT, seed, "broadcast", FPS, (640, 360), folder)
    return folders


def test_two_heats_with_a_card_between_are_split_again(tmp_path: Path, heats: list[Path]) -> None:
    join_session(heats, tmp_path)
    alone = [read_race(folder) for folder in heats]
    by_s = alone[0].video.frames / FPS + CARD_S
    session = read_session(tmp_path)
    assert session is not None
    assert session.races == ["race-1", "race-2"]
    truth = read_race(tmp_path / "race-2")
    assert truth.race_start_s == pytest.approx((alone[1].race_start_s or 0) + by_s)
    assert [row.time_s for row in truth.finish] == pytest.approx([(row.time_s or 0) + by_s for row in alone[1].finish])

    seen = read_observations(tmp_path)
    assert len(seen.frames) == seen.video.frames == sum(race.video.frames for race in alone) + CARD_S * FPS
    assert np.allclose(seen.frames.time_s, (seen.frames.number - 1) / FPS)
    parts = split_races(seen)
    assert len(parts) == 2
    for part, true in zip(parts, (read_race(tmp_path / name) for name in session.races), strict=True):
        assert part.video.from_s is not None
        assert part.video.to_s is not None
        assert part.video.from_s < (true.race_start_s or 0)
        assert part.video.to_s > max(row.time_s or 0 for row in true.finish)
    boxes = read_boxes(tmp_path / "race-2" / "truth_mot.txt")
    assert boxes is not None
    assert boxes.frame.min() > by_s * FPS


def test_races_of_unlike_pictures_are_not_joined(tmp_path: Path, heats: list[Path]) -> None:
    simulate_observations(HEAT, 3, "fixed", FPS, (320, 180), tmp_path / "other")
    with pytest.raises(ScenarioError, match="differ"):
        join_session([heats[0], tmp_path / "other"], tmp_path / "out")


def test_films_are_joined_with_a_card_between(tmp_path: Path) -> None:
    for k, shade in enumerate((40, 200)):
        with av.open(str(tmp_path / f"{k}.mp4"), "w") as film:
            stream = film.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
            for _ in range(7):
                image = np.full((36, 64, 3), shade, np.uint8)
                film.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
            film.mux(stream.encode(None))
    video = Video(path="v.mp4", sha256="", duration_s=1.9, fps=10, width=64, height=36, frames=19)
    join_videos([tmp_path / "0.mp4", tmp_path / "1.mp4"], [0.7, 0.7], video, 5, tmp_path / "out.mp4")
    assert next(sound_of(tmp_path / "out.mp4"), None) is None
    with av.open(str(tmp_path / "out.mp4")) as film:
        pictures = [(float(one.time), one.to_ndarray(format="bgr24").mean(axis=(0, 1))) for one in film.decode(video=0)]
    assert [time for time, _ in pictures] == pytest.approx([k / 10 for k in range(19)])
    grey = [float(colour[1]) for _, colour in pictures]
    assert grey[:7] == pytest.approx([40] * 7, abs=6)
    assert grey[12:] == pytest.approx([200] * 7, abs=6)
    assert all(colour[0] > colour[2] + 10 for _, colour in pictures[7:12])  # the card is blue


def test_sounds_are_joined_in_step_with_their_pictures(tmp_path: Path) -> None:
    """A mute film, then one with a note from its half second on."""
    rate, lasts_s = 32_000, 1.6
    note = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(round(lasts_s * rate)) / rate)
    note[: rate // 2] = 0.0
    with av.open(str(write_film(tmp_path / "1.mp4", note, rate))) as film:
        assert film.streams.video[0].frames == 40
    write_video(tmp_path / "0.mp4", [40 * n for n in range(40)], size=(64, 48))
    video = Video(path="v.mp4", sha256="", duration_s=3.6, fps=25, width=64, height=48, frames=90)
    join_videos([tmp_path / "0.mp4", tmp_path / "1.mp4"], [lasts_s, lasts_s], video, 10, tmp_path / "out.mp4")
    parts = list(sound_of(tmp_path / "out.mp4"))
    assert parts[-1].end_s == pytest.approx(3.6, abs=0.07)
    wave = np.concatenate([part.samples[0] for part in parts])
    assert parts[0].start_s + np.flatnonzero(np.abs(wave) > 0.2)[0] / rate == pytest.approx(2.5, abs=0.005)
