import numpy as np
import pytest

from race.events import find_event
from race.field_size import count_named, count_starting, count_teams
from race.formats import ScorebugReading, ScorebugRow
from race.guide import make_guide
from race.rink import Rink


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
