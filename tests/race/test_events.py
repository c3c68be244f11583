"""The events against the rule book, and the lap times against common sense."""

import numpy as np
import pytest

from race.events import EVENTS, find_event, lap_time_quantiles, penalty_codes


def test_a_world_cup_has_nine_races() -> None:
    assert len({(event.name, event.gender) for event in EVENTS}) == len(EVENTS) == 9


@pytest.mark.parametrize(
    ("name", "laps", "crossings", "start", "first", "distance"),
    [
        ("500m", 4.5, 5, "far", 55.56, 500),
        ("1000m", 9, 9, "near", 111.12, 1000),
        ("1500m", 13.5, 14, "far", 55.56, 1500),
        ("relay-2000m", 18, 18, "near", 111.12, 2000),
        ("relay-3000m", 27, 27, "near", 111.12, 3000),
        ("relay-5000m", 45, 45, "near", 111.12, 5000),
    ],
)
def test_laps_start_and_distance(
    name: str, laps: float, crossings: int, start: str, first: float, distance: float
) -> None:
    event = find_event(name)
    assert (event.laps, event.crossings, event.start, event.first_crossing_m) == (laps, crossings, start, first)
    assert event.distance_m == pytest.approx(distance, rel=0.001)
    assert event.crossing_m(event.crossings) == pytest.approx(event.distance_m)
    assert event.laps_to_go(event.crossings) == 0
    assert event.laps_to_go(1) == event.crossings - 1


def test_relay_legs_make_up_the_race_and_leave_the_last_two_laps_to_one() -> None:
    for event in EVENTS:
        if event.is_relay:
            assert sum(event.legs) == event.laps
            assert event.legs[-1] == 2
    assert find_event("relay-2000m").legs == (2.5, 2.5, 2.5, 2.5, 2, 2, 2, 2)
    assert find_event("relay-5000m").legs[:3] == (1.5, 1.5, 1.5)


def test_unknown_event_names_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no event '800m'.*1500m \(w\)"):
        find_event("800m")


def test_lap_times_are_quantiles_of_each_crossing() -> None:
    for event in EVENTS:
        if event.is_relay:
            with pytest.raises(ValueError, match="no lap times"):
                lap_time_quantiles(event.name, event.gender)
            continue
        quantiles = lap_time_quantiles(event.name, event.gender)
        assert quantiles.shape == (event.crossings, 5)
        assert np.all(np.diff(quantiles, axis=1) > 0)
        # Elite racers do 500 m in 40 to 45 s, 1000 m in 80 to 95 s, 1500 m in 2 minutes 10 to 2 minutes 40.
        bounds = {"500m": (40, 45), "1000m": (80, 95), "1500m": (130, 160)}[event.name]
        assert bounds[0] < quantiles[:, 2].sum() < bounds[1]


def test_codes_are_those_of_the_protocols() -> None:
    codes = penalty_codes()
    assert {"C1", "S6", "F6", "OF2", "R4", "ASS"} <= set(codes)
    assert not any("*" in code for code in codes)
