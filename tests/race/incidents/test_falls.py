"""Who falls, on ways drawn by hand: what is measured of a slide, one fall told once, and whose it was."""

import numpy as np
import pytest
from numpy.typing import NDArray

from race.ice import IcePaths
from race.incidents.bodies import Body
from race.incidents.consequences import Laps
from race.incidents.falls import (
    FEATURES,
    Fall,
    Moments,
    fall_moments,
    likeliest,
    named,
    taken_along,
    weighed,
    worth_asking,
)
from race.rink import Rink
from tests.race.incidents.conftest import make_paths
from tests.race.incidents.sighted import sighted
from tests.race.incidents.test_find import filmed

Floats = NDArray[np.float64]

RINK = Rink()
FPS = 25
V_MPS = 12.0


def body(xy: Floats, first_s: float = 0.0, first_row: int = 0, tall: float = 1.1, wide: float = 0.8) -> Body:
    """A way ``xy`` (n, 2) over the ice, 25 places a second."""
    time_s = first_s + np.arange(len(xy)) / FPS
    velocity = np.gradient(xy, 1 / FPS, axis=0)
    change = np.gradient(velocity, 1 / FPS, axis=0)
    v = np.hypot(*velocity.T)
    turn = (velocity[:, 0] * change[:, 1] - velocity[:, 1] * change[:, 0]) / np.maximum(v, 1.0) ** 2
    u, d = RINK.to_track(xy).T
    rows, full = first_row + np.arange(len(xy)), np.ones(len(xy))
    return Body(rows, time_s, xy, u, d, v, turn, np.gradient(d, 1 / FPS), tall * full, wide * full, full, 0.1 * full)


def lap(seconds: float, from_u: float = 0.0, d: float = 1.0) -> Floats:
    """(n, 2) along the track at V_MPS."""
    u = from_u + V_MPS * np.arange(round(seconds * FPS)) / FPS
    return np.asarray(RINK.to_ice(np.column_stack([u, np.full(len(u), d)])))


def sliding(seconds: float) -> Floats:
    """Into the corner after the finish line, and from the fourth second on straight on, to a halt in 1.5 s."""
    way = lap(4.0, from_u=RINK.lap_m - 24.0)
    t = np.arange(1, round(seconds * FPS) + 1) / FPS
    heading = (way[-1] - way[-2]) / np.hypot(*(way[-1] - way[-2]))
    gone = V_MPS * np.minimum(t, 1.5) - 4.0 * np.minimum(t, 1.5) ** 2
    return np.concatenate([way, way[-1] + gone[:, None] * heading])


def test_a_slide_goes_out_and_straight_on_and_stops_while_the_others_go_on() -> None:
    faller = body(sliding(4.0))
    others = [body(lap(8.0, from_u=u), first_row=1000 * k) for k, u in enumerate((0.0, 20.0, 60.0, 90.0), start=1)]
    found = fall_moments([faller, *others], RINK, False)
    mine = np.flatnonzero((found.body == 0) & (np.abs(found.time_s - 4.0) < 0.06))[0]

    def of(name: str, row: int = int(mine)) -> float:
        return float(found.features[row, FEATURES.index(name)])

    # From 12.0 to 22.2 m past the line; from 14.43 m on at a radius of 9.5 m, not 8.5.
    before = (2.43 * 12.0 + 7.77 * 12.0 * 9.5 / 8.5) / 10.2
    assert of("v_before") == pytest.approx(before, abs=0.1)
    assert of("rest") == pytest.approx(0.0, abs=0.01)
    # The window's middle is 0.95 s after 4.0 s, and the slide begins with the last step of the way, at 3.96 s.
    assert of("drop_1s") == pytest.approx(before - (12.0 - 8.0 * 0.99), abs=0.1)
    assert of("lag_later") > 11.0
    assert of("out_1s") > 2.0 and of("outward_soon") > 2.0
    assert of("straight_before") == pytest.approx(0.0, abs=0.15)
    assert of("straight_soon") > 0.6  # rad/s that the corner asks for and the slide does not turn
    assert of("flat_before") == pytest.approx(np.log(0.8 / 1.1))
    asked = worth_asking(found.features)
    assert asked[mine]
    assert not asked[found.body > 0].any()


def test_nobody_on_the_ice_gives_no_moments() -> None:
    found = fall_moments([], RINK, False)
    assert len(found.time_s) == 0 and found.features.shape == (0, len(FEATURES))


def test_one_person_in_two_pieces_falls_once_and_two_beside_each_other_twice() -> None:
    way = sliding(3.0)
    pieces = [body(way[:110]), body(way[110:], first_s=110 / FPS, first_row=500)]
    beside = body(way + np.array([0.0, 2.0]), first_row=1000)
    moments = Moments(np.array([0, 1, 2]), np.array([4.0, 4.6, 4.2]), np.zeros((3, len(FEATURES))))
    told = likeliest([*pieces, beside], moments, np.array([0.7, 0.9, 0.8]), 0.1)
    assert [(fall.body, fall.time_s) for fall in told] == [(2, 4.2), (1, 4.6)]
    assert likeliest([*pieces, beside], moments, np.array([0.7, 0.9, 0.8]), 0.95) == []


def test_a_second_box_on_somebody_does_not_fall_as_well() -> None:
    way = sliding(3.0)
    twice = [body(way), body(way + 0.3, first_row=500)]
    moments = Moments(np.array([0, 1]), np.array([4.0, 4.1]), np.zeros((2, len(FEATURES))))
    assert len(likeliest(twice, moments, np.array([0.7, 0.9]), 0.1)) == 1


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([3] * 50, [5] * 50, 3),  # as somebody else only afterwards
        ([None] * 60, [5] * 50, 5),
        ([None] * 60, [None] * 50, None),
        ([3] * 30 + [4] * 30, [4] * 50, None),  # this one and that one
    ],
)
def test_who_fell_is_as_whom_it_was_followed(
    before: list[int | None], after: list[int | None], expected: int | None
) -> None:
    held = [None] * (100 - len(before)) + before + after
    rows = {n: racer for n, racer in enumerate(held) if racer is not None}
    fall = Fall(0, None, (100 - 1) / FPS, 0.9)
    (told,) = named([fall], [body(sliding(3.0))], rows)
    assert told.row == expected


def test_one_racer_falls_once_in_four_seconds_the_likelier_time() -> None:
    bodies = [body(sliding(3.0)), body(sliding(3.0), first_s=2.0, first_row=500)]
    rows = dict.fromkeys(range(1000), 2)
    told = named([Fall(0, None, 4.0, 0.6), Fall(1, None, 6.0, 0.9)], bodies, rows)
    assert [(fall.row, fall.time_s) for fall in told] == [(2, 6.0)]


def together(*ways: Floats) -> tuple[list[Body], dict[int, int], IcePaths]:
    """Bodies on the same seven seconds, followed as the racers of rows 0, 1, ..., and where those are."""
    bodies = [body(way, first_row=1000 * k) for k, way in enumerate(ways)]
    rows = {1000 * k + n: k for k in range(len(ways)) for n in range(len(ways[k]))}
    track = np.array([RINK.to_track(way) for way in ways])
    return bodies, rows, make_paths(track[..., 0], track[..., 1], xy=np.array(ways))


def after(*late_s: float) -> Laps:
    """A start at 0 s, and the first crossing at 9 s but for what each racer is late."""
    crossed = np.array([[0.0, 9.0 + late] for late in late_s])
    return Laps(crossed, np.zeros(crossed.shape, bool), np.full(len(late_s), np.nan))


def test_who_kept_up_has_hardly_fallen_and_who_lost_seconds_has() -> None:
    bodies, rows, ice = together(sliding(3.0), lap(7.0), lap(7.0, from_u=40.0), lap(7.0, from_u=70.0))
    asked = [Fall(0, 0, 4.0, 0.5)]
    (kept,) = weighed(asked, bodies, rows, after(0.0, 0.0, 0.0, 0.0), ice)
    (lost,) = weighed(asked, bodies, rows, after(6.0, 0.0, 0.0, 0.0), ice)
    (unknown,) = weighed(asked, bodies, rows, after(np.nan, 0.0, 0.0, 0.0), ice)
    assert kept.probability < 0.05 and lost.probability > 0.85
    assert unknown.probability == pytest.approx(0.5)
    assert lost.lost_s == pytest.approx(6.0)
    assert [fall.row for fall in (kept, lost, unknown)] == [0, 0, 0]


def test_a_fall_is_his_who_lost_time_beside_the_one_it_was_said_to_be() -> None:
    way = sliding(3.0)
    bodies, rows, ice = together(way, way + np.array([0.0, 1.5]), lap(7.0, from_u=40.0), lap(7.0, from_u=70.0))
    asked = [Fall(0, 0, 4.0, 0.5)]
    assert [fall.row for fall in weighed(asked, bodies, rows, after(0.0, 6.0, 0.0, 0.0), ice)] == [1]
    assert [fall.row for fall in weighed(asked, bodies, rows, after(0.0, 0.0, 6.0, 0.0), ice)] == [0]  # far away


def test_a_fall_of_nobody_known_is_his_who_is_missing() -> None:
    bodies, rows, ice = together(sliding(3.0), lap(7.0), lap(7.0, from_u=40.0), lap(7.0, from_u=70.0))
    asked = [Fall(0, None, 4.0, 0.5)]
    ice.seen[1, ice.time_s > 2.0] = False
    (told,) = weighed(asked, bodies, rows, after(0.0, 6.0, 0.0, 0.0), ice)
    assert (told.row, told.probability > 0.85) == (1, True)
    (told,) = weighed(asked, bodies, rows, after(0.0, 0.0, 6.0, 0.0), ice)  # but he is in sight
    assert (told.row, told.probability) == (None, pytest.approx(0.5))
    (told,) = weighed(asked, bodies, rows, after(0.0, 0.0, 0.0, 0.0), ice)
    assert told.row is None and told.probability < 0.05


def test_who_was_beside_one_who_fell_and_lost_as_much_was_taken_along() -> None:
    way = sliding(3.0)
    beside, far = way + np.array([0.0, 1.5]), way + np.array([0.0, 8.0])
    bodies, rows, ice = together(way, beside, far, *(lap(7.0, from_u=u) for u in (40.0, 55.0, 70.0)))
    (fall,) = fell = [Fall(0, 0, 4.0, 0.9)]
    along = taken_along(fell, bodies, rows, after(6.0, 5.5, 6.0, 0.0, 0.0, 0.0), ice)
    assert [(other.body, other.row, other.time_s, other.lost_s) for other in along] == [(1, 1, 4.0, pytest.approx(5.5))]
    assert taken_along(fell, bodies, rows, after(6.0, 0.0, 0.0, 0.0, 0.0, 0.0), ice) == []
    already = [fall, Fall(1, 1, 5.0, 0.9)]
    assert taken_along(already, bodies, rows, after(6.0, 5.5, 0.0, 0.0, 0.0, 0.0), ice) == []


def test_bodies_are_where_people_truly_are_and_as_large() -> None:
    motion, footage, pictured = filmed(11)
    seen = sighted(motion, footage, pictured, 11)
    assert seen is not None
    people = {person.competitor: k for k, person in enumerate(motion.people) if person.competitor is not None}
    assert len(seen.bodies) == len(people)
    for one in seen.bodies:
        k = people[seen.followed[int(one.rows[0])]]
        column = pictured.column[np.searchsorted(footage.time_s, one.time_s)]
        off = np.hypot(*(one.xy - motion.xy[k, column]).T)
        assert np.median(off) < 0.5
        # A racer crouches to about 1.2 m; on the start line and after the race it stands.
        assert 0.7 < np.median(one.tall) < 1.5 and 0.5 < np.median(one.wide) < 1.5
