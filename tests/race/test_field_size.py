from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from race.events import RaceEvent, find_event
from race.field_size import (
    HELMET_M,
    Waiting,
    count_helmets,
    count_named,
    count_starting,
    count_teams,
    nearest_place,
)
from race.formats import ScorebugReading, ScorebugRow
from race.guide import make_guide
from race.observations import Observations
from race.rink import Rink
from simulation.camera import Style, direct
from simulation.figure import picture
from simulation.observe import observe
from simulation.race import simulate_race
from simulation.scenario import Requirements, Scenario

Floats = NDArray[np.float64]


def test_teams_are_as_many_as_are_seen_racing_at_once_for_long():
    relay = find_event("relay-5000m")
    # two of a team race for seconds at an exchange
    assert count_teams(np.array([4] * 400 + [5] * 60), 25.0, 0, relay) == 4
    assert count_teams(np.array([4] * 400 + [5] * 160), 25.0, 0, relay) == 4
    assert count_teams(np.array([4] * 400 + [5] * 160), 25.0, 4, relay) == 4  # named, or started
    # the camera hardly ever shows all: then who is seen for less counts, too
    some = [1] * 600 + [2] * 600
    assert count_teams(np.array(some + [4] * 400 + [5] * 160), 25.0, 0, relay) == 5
    # where one team left, its place is taken by others' team-mates for seconds, which makes no team
    assert count_teams(np.array([3] * 1600 + [4] * 230 + [5] * 170), 25.0, 0, relay) == 4
    # but who races nearly all the time is no team-mate
    assert count_teams(np.array([4] * 100 + [5] * 400), 25.0, 4, relay) == 5


def test_names_count_that_are_none_misread():
    rows = [ScorebugRow(rank=1, name="HALE"), ScorebugRow(rank=2, name="KOWAL")]
    readings = [ScorebugReading(time_s=float(k), rows=rows) for k in range(12)]
    readings.append(ScorebugReading(time_s=12.0, rows=[ScorebugRow(rank=1, name="HA1E")]))
    assert count_named(readings) == 2


@pytest.mark.parametrize(("name", "shift_m"), [("1000m", 0.0), ("500m", 1.0)])
def test_those_on_the_start_line_count_once(name, shift_m):
    rink = Rink(track_shift_m=shift_m)
    guide = make_guide(rink)
    y = np.array([8.5, 9.8, 11.1, 12.4]) * (-1 if name == "1000m" else 1)
    ge, _ = guide.from_ice(np.column_stack([np.full(4, 0.0 if name == "1000m" else 2 * shift_m), y]))
    where = [(0.0, g, 0.0, e) for g, e in ge]
    where.append((1.0, ge[1, 0] + 0.2, 0.0, ge[1, 1] + 0.1))  # the second of them again, after a while unseen
    where.append((0.0, ge[0, 0] + 30.0, 0.0, -8.0))  # a referee
    where.append((7.0, ge[0, 0] + 5.0, 9.0, 1.0))  # and they are off
    at = np.array(where)
    racing = np.array([False] * 6 + [True])
    assert count_starting(at, racing, np.full(7, 2.0), find_event(name), guide) == 4
    assert count_starting(at, racing, np.full(7, 2.0), None, guide) == 0


def waits(name: str, starters: int, style: Style, seed: int) -> tuple[Observations, Floats, RaceEvent, Rink]:
    """A simulated field on the line, from 7 s before the gun to 2 s after it; the gun is at 7 s."""
    motion = simulate_race(Scenario(event=name, starters=starters, require=Requirements(falls=0)), seed)
    footage = direct(motion, style, 12.5, (1280, 720), seed, from_s=-7.0, to_s=2.0)
    seen = observe(motion, footage, picture(motion, footage), [], seed)
    return seen, seen.frames.time_s, find_event(name), Rink(track_shift_m=motion.event.track_shift_m or 0.0)


@pytest.mark.parametrize(
    ("name", "starters", "style"),
    [
        ("relay-2000m", 4, "broadcast"),
        ("relay-2000m", 5, "broadcast"),  # the feet of the fifth are below the picture
        ("1000m", 6, "broadcast"),  # the sixth stands in the row behind
        ("1500m", 9, "fixed"),
    ],
)
def test_helmets_over_the_dots_are_the_whole_field(name: str, starters: int, style: Style) -> None:
    seen, time_s, event, rink = waits(name, starters, style, 7)
    assert count_helmets(seen, time_s, 8.5, event, rink) == Waiting(starters, True)
    assert count_helmets(seen, time_s, np.inf, event, rink) == Waiting(0, False)  # nobody races
    assert count_helmets(seen, time_s, 1.0, event, rink).whole is False  # too short a look
    assert count_helmets(replace(seen, poses=None), time_s, 8.5, event, rink) == Waiting(0, False)


def test_helmets_of_a_far_start_seen_flat_are_a_part_of_the_field() -> None:
    seen, time_s, event, rink = waits("500m", 5, "broadcast", 8)
    waiting = count_helmets(seen, time_s, 8.5, event, rink)
    assert 0 < waiting.count <= 5 and not waiting.whole


def test_a_picture_or_two_show_no_field() -> None:
    seen, time_s, event, rink = waits("relay-2000m", 5, "fixed", 9)
    few = (np.arange(len(time_s)) % 20 == 0) | (time_s > 8.0)
    poses = replace(seen.poses, focal_px=np.where(few, seen.poses.focal_px, np.nan))
    assert count_helmets(seen, time_s, 8.5, event, rink) == Waiting(5, True)
    assert count_helmets(replace(seen, poses=poses), time_s, 8.5, event, rink) == Waiting(0, False)


def test_a_gap_on_the_line_leaves_the_field_open() -> None:
    seen, time_s, event, rink = waits("relay-2000m", 5, "fixed", 9)
    helmet = seen.detections.helmet.copy()
    middle = helmet[:, :2] + helmet[:, 2:] / 2
    second = np.append(rink.start_dots("near")[1], HELMET_M)
    at = seen.poses.to_pixels(
        np.searchsorted(seen.frames.number, seen.detections.frame), np.tile(second, (len(helmet), 1))
    )
    helmet[np.hypot(*(middle - at).T) < 12] = np.nan
    fewer = replace(seen, detections=replace(seen.detections, helmet=helmet))
    assert count_helmets(fewer, time_s, 8.5, event, rink) == Waiting(4, False)


@given(lap_m=st.floats(90.0, 120.0), u=st.floats(-200.0, 200.0), d=st.floats(-3.0, 9.0))
def test_a_helmet_is_over_one_place_at_most_and_near_it(lap_m: float, u: float, d: float) -> None:
    places = np.column_stack([np.full(5, 55.0), 1.3 * np.arange(5)])
    (n,) = nearest_place(np.array([[u, d]]), places, lap_m)
    off = (u - 55.0 + lap_m / 2) % lap_m - lap_m / 2
    if n >= 0:
        assert abs(off) < 0.8 and -1.0 <= d - 1.3 * n <= 0.65 + 1e-9
        assert n == 0 or d - 1.3 * n >= -0.65 - 1e-9
    else:
        assert abs(off) >= 0.8 or d <= -1.0 or d > 1.3 * 4.5
