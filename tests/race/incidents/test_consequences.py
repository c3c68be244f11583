"""What became of who may have fallen, on crossings written by hand: five racers, laps of nine seconds."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from race.formats import Crossing, Event, FinishRow, Race, Video
from race.ice import IcePaths
from race.incidents.consequences import Became, Laps, became, laps_of, no_laps

Floats = NDArray[np.float64]
LAP_S = 9.0


def crossed() -> Floats:
    """(5, 7): the start at 2 s, then a lap every 9 s, racers 0.4 s behind each other."""
    laps = 2.0 + LAP_S * np.arange(7)[None] + np.arange(5)[:, None] * 0.4
    laps[:, 0] = 2.0
    return np.asarray(laps)


def laps(time_s: Floats, guessed: bool = False) -> Laps:
    return Laps(time_s, np.full(time_s.shape, guessed), np.full(len(time_s), np.nan))


@pytest.fixture
def ice(paths: Callable[..., IcePaths]) -> IcePaths:
    """Of five racers who are always seen, for a minute."""
    t = np.arange(60 * 25) / 25
    return paths(12.0 * t[None] - 4.0 * np.arange(5)[:, None], np.full((5, len(t)), 0.4))


@pytest.mark.parametrize(("late_s", "expected"), [(0.0, "kept"), (2.5, "unknown"), (6.0, "lost")])
def test_the_lap_of_who_fell_is_longer_than_the_others(ice: IcePaths, late_s: float, expected: Became) -> None:
    time_s = crossed()
    time_s[1, 3:] += late_s
    fate, lost_s = became(laps(time_s), ice, 1, 24.0)  # crossed at 20.4 s, then at 29.4 s
    assert fate == expected
    assert lost_s == pytest.approx(late_s)
    assert became(laps(time_s), ice, 0, 24.0)[0] == "kept"


def test_two_of_five_who_fall_together_are_both_late(ice: IcePaths) -> None:
    time_s = crossed()
    time_s[1:3, 3:] += 6.0
    assert [became(laps(time_s), ice, row, 24.0)[0] for row in range(5)] == ["kept", "lost", "lost", "kept", "kept"]


def test_who_slides_over_the_line_is_late_on_the_next_lap(ice: IcePaths) -> None:
    time_s = crossed()
    time_s[1, 4:] += 6.0
    assert became(laps(time_s), ice, 1, 29.3)[0] == "lost"  # 0.1 s before the line
    assert became(laps(time_s), ice, 1, 27.2)[0] == "lost"  # 2.2 s
    assert became(laps(time_s), ice, 1, 24.0)[0] == "kept"


def test_who_is_passed_and_does_not_cross_again_is_gone(ice: IcePaths) -> None:
    time_s = crossed()
    time_s[0, 6:] = np.nan  # the leader, in the last lap: those behind come home from 56.4 to 57.6 s
    assert became(laps(time_s), ice, 0, 50.0)[0] == "gone"
    time_s = crossed()
    time_s[4, 6:] = np.nan  # the last one: nobody behind tells
    assert became(laps(time_s), ice, 4, 50.0)[0] == "unknown"
    time_s[4, 4:] = np.nan  # ... but two laps more do
    assert became(laps(time_s), ice, 4, 32.0)[0] == "gone"


def test_a_lap_that_was_lost_by_a_crossing_not_seen_may_be_miscounted(ice: IcePaths) -> None:
    time_s = crossed()
    time_s[1, 3:] += LAP_S
    assert became(laps(time_s), ice, 1, 24.0)[0] == "lost"
    assert became(laps(time_s, guessed=True), ice, 1, 24.0)[0] == "unknown"


def test_seconds_lost_over_many_laps_tell_of_no_fall(ice: IcePaths) -> None:
    time_s = crossed()
    time_s[1, 5:] += 6.0
    time_s[1, 2:5] = np.nan
    assert became(laps(time_s), ice, 1, 24.0)[0] == "unknown"
    time_s[1, 2] = crossed()[1, 2]
    assert became(laps(time_s), ice, 1, 24.0)[0] == "lost"


def test_who_is_home_has_not_fallen(ice: IcePaths) -> None:
    home = crossed()[:, 6]
    assert became(Laps(crossed(), np.zeros((5, 7), bool), home), ice, 1, home[1] + 1.0) == ("kept", None)


def test_a_crossing_that_was_only_led_to_says_nothing_of_who_was_not_seen(ice: IcePaths) -> None:
    assert became(laps(crossed(), guessed=True), ice, 1, 24.0)[0] == "kept"  # seen on the way there
    ice.seen[1, ice.time_s > 24.5] = False
    assert became(laps(crossed(), guessed=True), ice, 1, 24.0)[0] == "unseen"
    assert became(laps(crossed()), ice, 1, 24.0)[0] == "kept"  # seen at the line


def test_nothing_is_known_of_nothing(ice: IcePaths) -> None:
    assert [became(no_laps(5), ice, row, 24.0) for row in range(5)] == [("unknown", None)] * 5


def test_laps_are_read_from_a_race_by_competitor() -> None:
    video = Video(path="a.mp4", sha256="", duration_s=60.0, fps=25.0, width=1280, height=720, frames=1500)
    race = Race(
        video=video,
        event=Event(),
        camera_level="B",
        race_start_s=2.0,
        crossings=[
            Crossing(competitor=7, lap=1, time_s=11.0, source="vision"),
            Crossing(competitor=4, lap=1, time_s=11.5, source="interpolated"),
            Crossing(competitor=4, lap=2, time_s=None, source="vision"),
            Crossing(competitor=7, lap=None, time_s=30.0, source="vision"),
            Crossing(competitor=9, lap=1, time_s=12.0, source="vision"),
        ],
        finish=[FinishRow(competitor=7, rank=1, time_s=20.0), FinishRow(competitor=4, rank=2)],
    )
    known = laps_of(race, np.array([4, 7], np.int32))
    np.testing.assert_array_equal(known.time_s, [[2.0, 11.5], [2.0, 11.0]])
    np.testing.assert_array_equal(known.guessed, [[False, True], [False, False]])
    np.testing.assert_array_equal(known.home_s, [np.nan, 20.0])
