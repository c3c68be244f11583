from dataclasses import replace

import numpy as np
import pytest

from race.errors import RaceFileError
from race.formats import SCHEMA_FILE, Race, Sound, Video, read_race, schema_json, write_race
from race.observations import Frames, read_observations, write_observations

VIDEO = Video(path="a.mp4", sha256="ab", duration_s=1.0, fps=25.0, width=64, height=36, frames=25)


def test_observations_come_back_as_they_were(race, tmp_path):
    observations, _ = race([30.0, 27.0], [12.0, 12.0], [0.0, 1.0], 1.0)
    write_observations(observations, tmp_path / "observations")
    for folder in (tmp_path, tmp_path / "observations"):  # the run's folder stands for what is in it
        back = read_observations(folder)
        assert back.video == observations.video
        assert back.shots == observations.shots
        np.testing.assert_array_equal(back.frames.motion, observations.frames.motion)
        np.testing.assert_allclose(back.detections.box, observations.detections.box, rtol=1e-6)
        assert np.isnan(back.detections.suit).all()
        np.testing.assert_array_equal(back.lines.frame, observations.lines.frame)


def test_what_was_heard_comes_back_and_older_folders_have_none(race, tmp_path):
    observations, _ = race([30.0], [12.0], [0.0], 0.5)
    heard = [Sound(kind="bell", time_s=0.2, end_s=0.4, time_sd_s=0.1, score=0.7)]
    for sounds in (heard, [], None):
        write_observations(replace(observations, sounds=sounds), tmp_path)
        assert read_observations(tmp_path).sounds == sounds
    text = (tmp_path / "observations.json").read_text()
    assert '"sounds":null' in text.replace(" ", "")
    (tmp_path / "observations.json").write_text(text.replace(',\n "sounds": null', ""))
    assert "sounds" not in (tmp_path / "observations.json").read_text()
    assert read_observations(tmp_path).sounds is None


def test_a_folder_without_observations(tmp_path):
    with pytest.raises(RaceFileError, match="not a folder of observations"):
        read_observations(tmp_path)


def test_damaged_observations(race, tmp_path):
    observations, _ = race([30.0], [12.0], [0.0], 0.5)
    write_observations(observations, tmp_path)
    (tmp_path / "detections.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(RaceFileError, match="analyze the video again"):
        read_observations(tmp_path)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"Frames\.motion: expected shape \(2, 3, 3\), got \(2, 3\)"):
        Frames(np.array([1, 2], np.int32), np.zeros(2), np.zeros((2, 3)), np.zeros(2))
    with pytest.raises(ValueError, match="number and time_s have to rise"):
        Frames(np.array([2, 1], np.int32), np.zeros(2), np.zeros((2, 3, 3)), np.zeros(2))


def test_race_json_round_trip_keeps_what_it_does_not_know(tmp_path):
    write_race(Race(video=VIDEO, warnings=["w"]), tmp_path / "race.json")
    text = (tmp_path / "race.json").read_text()
    (tmp_path / "race.json").write_text(text.replace('"warnings"', '"from_the_future": [1], "warnings"'))
    race = read_race(tmp_path)  # the folder stands for its race.json
    assert race.warnings == ["w"]
    assert race.model_extra == {"from_the_future": [1]}
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("content", "what"),
    [("{", "JSON"), ('{"video": {}}', "video.path"), ('{"schema_version": 3}', "video: Field required")],
)
def test_malformed_race_json_names_the_field(tmp_path, content, what):
    (tmp_path / "race.json").write_text(content)
    with pytest.raises(RaceFileError) as error:
        read_race(tmp_path / "race.json")
    assert "race.json" in str(error.value)
    assert what in str(error.value) or "schema_version" in str(error.value)


def test_published_schema_is_that_of_the_models():
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_json()
