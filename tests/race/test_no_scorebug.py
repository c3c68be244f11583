"""A coach's own clip: a camera that sees the whole rink, and nothing written on the screen."""

from dataclasses import fields, replace

import numpy as np
import pytest

from race.formats import Race, Sound
from race.observations import read_observations
from race.reconstruct import Given, reconstruct
from race.starts import START_SD_S
from simulation.scenario import Requirements, Scenario
from simulation.write import simulate_observations

GUN_HEARD_S = 6.03
SOUNDS = {
    "500m": [Sound(kind="shot", time_s=time_s, time_sd_s=0.003, score=0.8) for time_s in (3.0, GUN_HEARD_S, 7.5, 31.0)],
    "relay-2000m": None,
}
"""A bang while they stand, the gun at 6 s, a door, another one; and a clip without sound."""


@pytest.fixture(scope="module", params=[("500m", None), ("relay-2000m", "x")], ids=lambda param: param[0])
def both(request, tmp_path_factory) -> tuple[Race, Race]:
    """The race as it is told, and the truth."""
    folder = tmp_path_factory.mktemp("clip")
    event, gender = request.param
    scenario = Scenario(event=event, gender=gender, starters=4, require=Requirements(falls=0))
    truth = simulate_observations(scenario, 12, "fixed", 12.5, (1280, 720), folder)
    observed = replace(read_observations(folder), scorebug=[], sounds=SOUNDS[event])
    return reconstruct(observed, Given()).race, truth


def test_the_event_is_told_by_start_line_and_time(both) -> None:
    race, truth = both
    assert (race.event.name, race.event.source) == (truth.event.name, "guessed")


def test_race_times_count_from_the_gun_or_else_from_first_movements(both) -> None:
    race, truth = both
    heard = race.event.name == "500m"
    assert race.race_start_source == ("gun" if heard else "movement")
    assert race.race_start_s == pytest.approx(truth.race_start_s, abs=0.05 if heard else 2 * START_SD_S)
    said = "the gun, as it is heard" if heard else "first movement"
    assert any(said in warning for warning in race.warnings)


def test_every_lap_has_its_order_and_its_times(both) -> None:
    race, truth = both
    told = sorted((row.lap, row.rank, row.time_s) for row in race.crossings if row.rank is not None)
    true = sorted((row.lap, row.rank, row.time_s) for row in truth.crossings)
    assert [row[:2] for row in told] == [row[:2] for row in true]
    moments = [sorted((lap, time_s) for lap, _, time_s in rows) for rows in (told, true)]
    late = np.abs([a[1] - b[1] for a, b in zip(*moments, strict=True)])
    # A picture is 0.08 s. With as many false boxes as are asked for, 8 of the 288 crossings of four relays (seeds 12 to
    # 15) were further off, by up to 0.38 s; with too few of them 2, by up to 0.35 s.
    # With the noise fitted to cameras that go further in 4 of the 72 of this relay are.
    assert np.mean(late > 0.08) <= 0.08
    assert late.max() < 0.5


def test_the_winner_is_right(both) -> None:
    race, truth = both
    assert [row.rank for row in race.finish] == [1, 2, 3, 4]
    assert [row.time_s for row in race.finish] == pytest.approx([row.time_s for row in truth.finish], abs=0.08)


def test_laps_are_counted_from_the_first_sight_where_nobody_was_seen_to_get_off(tmp_path, monkeypatch) -> None:
    scenario = Scenario(event="500m", starters=4, require=Requirements(falls=0))
    truth = simulate_observations(scenario, 12, "fixed", 12.5, (1280, 720), tmp_path)
    observed = replace(read_observations(tmp_path), scorebug=[])
    monkeypatch.setattr("race.reconstruct.find_field_starts", lambda bodies, rink: [])
    # and nobody before they race
    found = observed.detections
    later = found.frame > 12.5 * (truth.race_start_s + 2.5)
    found = replace(found, **{field.name: getattr(found, field.name)[later] for field in fields(found)})
    race = reconstruct(replace(observed, detections=found), Given()).race
    assert race.event.name == "500m"
    told = sorted((row.lap, row.rank) for row in race.crossings if row.rank is not None)
    assert told == sorted((row.lap, row.rank) for row in truth.crossings)
