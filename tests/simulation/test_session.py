"""Races joined to one video, without pictures."""

from pathlib import Path

import numpy as np
import pytest

from race.errors import ScenarioError
from race.evaluate_tracks import read_boxes
from race.formats import read_race, read_session
from race.observations import read_observations
from race.session import split_races
from simulation.scenario import Requirements, Scenario
from simulation.session import CARD_S, join_session
from simulation.write import simulate_observations

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
