"""What happened, read off paths of a few steps drawn by hand."""

import numpy as np
import pytest

from race.events import find_event
from race.rink import Rink
from simulation.blocks import blocks_at, knocked_blocks
from simulation.draws import Draws
from simulation.falsestart import GUN_S, LASTS_S, false_start
from simulation.incidents import order_table, tell_contacts, where_on_track
from simulation.line import racing_lines
from simulation.motion import BlockMove, Pose
from simulation.officials import STEP_M, official_paths, place_officials
from simulation.scenario import OrderSpec
from simulation.state import Order
from simulation.truth import find_contacts, find_crossings, find_finish, find_passes

SPRINT = find_event("500m", "m")
TIME_S = np.arange(0, 60, 0.01)


def at_speed(speed: float, ahead_m: float = 0.0) -> np.ndarray:
    return ahead_m + speed * TIME_S


def test_crossings_lie_between_steps_and_rank_by_time() -> None:
    # 55.56 m at 12 and 11 m/s, and every 111.12 m from there; the second stops after two crossings.
    slow = at_speed(11.0)
    slow[slow > 200] = np.nan
    crossings = find_crossings(TIME_S, np.stack([slow, at_speed(12.0)]), SPRINT)
    first = [row for row in crossings if row.lap == 1]
    assert [(row.competitor, row.rank) for row in first] == [(2, 1), (1, 2)]
    assert first[0].time_s == pytest.approx(55.56 / 12, abs=1e-9)
    assert first[1].lap_time_s == pytest.approx(55.56 / 11, abs=1e-9)
    assert [row.lap for row in crossings if row.competitor == 1] == [1, 2]
    fast = [row for row in crossings if row.competitor == 2]
    assert [row.lap for row in fast] == [1, 2, 3, 4, 5]
    assert fast[4].lap_time_s == pytest.approx(111.12 / 12, abs=1e-9)
    finish = find_finish(crossings, 2, SPRINT)
    assert [(row.competitor, row.rank) for row in finish] == [(2, 1), (1, None)]
    assert finish[0].race_time_s == pytest.approx(4.5 * 111.12 / 12)


@pytest.mark.parametrize(("gap_m", "photo"), [(0.2, True), (0.3, False)])
def test_less_than_20_ms_is_a_photo_finish(gap_m: float, photo: bool) -> None:
    # At 12 m/s 0.2 m are 17 ms, 0.3 m are 25 ms.
    crossings = find_crossings(TIME_S, np.stack([at_speed(12.0), at_speed(12.0, -gap_m)]), SPRINT)
    assert [row.photo_finish for row in find_finish(crossings, 2, SPRINT)] == [photo, photo]


def test_a_pass_is_one_that_lasts_and_is_told_at_the_moment_of_being_level() -> None:
    # The second starts 6 m behind, is 0.3 m/s faster, and so level after 20 s, at 240 m.
    s = np.stack([at_speed(12.0), at_speed(12.3, -6.0)])
    d = np.stack([np.full(len(TIME_S), 1.0), np.full(len(TIME_S), 2.0)])
    skating = np.ones(s.shape, bool)
    (found,) = find_passes(TIME_S, s, d, skating, SPRINT, Rink())
    assert (found.by, found.on, found.side) == (2, 1, "outside")
    assert found.time_s == pytest.approx(20, abs=0.02)
    assert found.s_m == pytest.approx(240, abs=0.2)
    # 240 m after the start is 17.76 m past the finish line: in the right corner, which begins at 14.43 m.
    assert found.where == "corner"
    fell = skating.copy()
    fell[0, 1950:2050] = False  # one who is down is not passed
    assert find_passes(TIME_S, s, d, fell, SPRINT, Rink()) == []
    near = np.stack([at_speed(12.0), at_speed(12.0, -0.5) + 0.8 * np.sin(TIME_S)])  # side by side, never clear
    assert find_passes(TIME_S[:3000], near[:, :3000], d[:, :3000], skating[:, :3000], SPRINT, Rink()) == []


def test_bodies_touch_when_both_near_along_and_across() -> None:
    s = np.array([[0.0, 0.0, 0.0, 0.0], [2.0, 0.5, 0.5, 2.0]])
    d = np.array([[1.0, 1.0, 1.0, 1.0], [1.1, 1.1, 1.2, 1.1]])
    contacts = find_contacts(s, d, np.ones(s.shape, bool))
    assert contacts == [(1, 2, 0, 1)]
    assert find_contacts(s, d + np.array([[0.0], [0.6]]), np.ones(s.shape, bool)) == []
    home = np.array([[True, True, False, False], [True] * 4])
    assert find_contacts(s, d, home) == [(1, 1, 0, 1)]  # who is home, or down, touches nobody
    time_s = np.array([10.0, 10.01, 10.02, 10.03])
    (told,) = tell_contacts(contacts, time_s, [])
    assert (told.kind, told.competitors, told.codes) == ("contact", [1, 2], [])
    assert tell_contacts(contacts, time_s, [told]) == []  # known already


def test_where_on_the_track() -> None:
    rink = Rink(track_shift_m=1.0)
    assert where_on_track(100, 0.0, 500.0, rink) == "straight"
    assert where_on_track(100, 15.3, 500.0, rink) == "straight"  # the corner begins 1 m later on a shifted track
    assert where_on_track(100, 15.5, 500.0, rink) == "corner"
    assert where_on_track(490, 101.0, 500.0, rink) == "finish"


def test_an_order_that_takes_others_along_is_a_row_for_each() -> None:
    table = order_table([OrderSpec(do="slip", racer=2, lap=1.5, takes=[4, 1])])
    assert table[:, 0].tolist() == [Order.SLIP, Order.TAKEN, Order.TAKEN]
    assert table[:, 1].tolist() == [1, 3, 0]
    assert table[1:, 2].tolist() == [1, 1]
    assert table[0, 3] == pytest.approx(166.68)
    both = order_table([OrderSpec(do="late_pass", racer=1, on=2, lap=2, falls=["racer", "other"], side="outside")])
    assert both[0].tolist() == [Order.LATE_PASS, 0, 1, pytest.approx(222.24), 3, 1, 0]


def test_the_lines_bend_once_a_corner_smoothly_and_keep_off_the_blocks() -> None:
    lines, stretch = racing_lines()
    rink = Rink()
    u = np.arange(lines.shape[1]) * rink.lap_m / 2 / lines.shape[1]
    for d, longer in zip(lines, stretch, strict=True):
        xy = rink.to_ice(np.column_stack([u, d]))
        steps = np.diff(xy, axis=0)
        heading = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
        curvature = np.diff(heading) / np.hypot(*steps[1:].T)
        assert np.abs(np.diff(curvature)).max() < 0.012  # a circle's jump would be 0.118 per metre
        apex = len(curvature) // 2
        assert np.diff(curvature[:apex]).min() > -0.005
        assert np.diff(curvature[apex:]).max() < 0.005
        assert np.hypot(*(xy[:, None] - rink.blocks[None, :7]).transpose(2, 0, 1)).min() > 0.4
        assert np.hypot(*steps.T).sum() == pytest.approx(longer[:-1].mean() * (rink.lap_m / 2 - u[1]), rel=1e-3)


def test_a_block_goes_where_it_is_knocked_and_comes_back_when_nobody_is_near() -> None:
    rink = Rink()
    steps = 2000
    time_s = np.arange(steps) * 0.01
    block = rink.blocks[3]
    xy = np.empty((1, steps, 2))
    xy[0] = block + np.array([-3.0, 0.0]) + np.outer(time_s, [6.0, 0.0])  # slides through it after half a second
    moves = knocked_blocks(time_s, xy, np.full((1, steps), 6.0), np.ones((1, steps), bool), rink, Draws(1))
    away, back = moves
    assert (away.block, back.block) == (3, 14)
    assert away.time_s == pytest.approx(0.5 - 0.45 / 6 + 0.35, abs=0.02)
    assert away.x_m > block[0] + 0.5
    assert (back.x_m, back.y_m) == pytest.approx(tuple(block), abs=1e-3)
    assert back.time_s > away.time_s + 5
    standing = knocked_blocks(time_s, xy, np.zeros((1, steps)), np.ones((1, steps), bool), rink, Draws(1))
    assert standing == ()


def test_a_false_start_ends_where_it_began_and_nobody_turns_on_the_spot() -> None:
    start_s, start_d = np.full(4, -0.45), 1.3 * np.arange(4)
    early = false_start(start_s, start_d, culprit=2, draws=Draws(3))
    assert early.s.shape == (4, round(LASTS_S * 100))
    assert early.moved_s < GUN_S
    assert early.s[:, 0] == pytest.approx(start_s)
    assert early.s[:, -1] == pytest.approx(start_s, abs=0.05)
    assert early.d[:, -1] == pytest.approx(start_d, abs=0.05)
    assert early.s.max() > 3
    steps = np.hypot(np.diff(early.s), np.diff(early.d))
    assert steps.max() < 0.08  # no jump: some 6 m/s when the whistle goes
    apart = np.abs(early.d[:, None] - early.d[None, :]) + 10 * np.eye(4)[..., None]
    together = np.abs(early.s[:, None] - early.s[None, :]) < 0.5
    assert apart[together & (apart < 9)].min() > 0.3


def gliding(time_s: np.ndarray, place: np.ndarray, at_s: float) -> np.ndarray:
    """(T, 2) along +y at 8 m/s, over ``place`` at ``at_s``."""
    return place + np.stack([np.zeros_like(time_s), 8.0 * (time_s - at_s)], axis=-1)


def test_a_block_that_was_knocked_away_stays_on_the_ice_when_another_one_is_put_down() -> None:
    rink = Rink(track_shift_m=0.4)
    time_s = np.arange(0.0, 40.0, 0.01)
    one = gliding(time_s, rink.blocks[3], 10.0)[None]
    speed = np.where(abs(time_s - 10.0) < 0.2, 8.0, 0.0)[None]  # does not strike it twice
    careless = np.ones((1, len(time_s)), bool)
    knocked, put = knocked_blocks(time_s, one, speed, careless, rink, Draws(1))
    assert (knocked.block, put.block) == (3, 14)
    assert 10.0 < knocked.time_s < 11.0 and put.time_s > 15.9
    assert (put.x_m, put.y_m) == pytest.approx(rink.blocks[3], abs=1e-3)
    strayed = (knocked.x_m, knocked.y_m)
    assert 1.0 < np.hypot(*(strayed - rink.blocks[3])) < 8.0

    before, without, after = (blocks_at((knocked, put), rink, t) for t in (9.0, 12.0, 30.0))
    assert np.array_equal(before, rink.blocks)
    assert np.array_equal(np.delete(without, 3, axis=0), np.delete(rink.blocks, 3, axis=0))
    assert without[3] == pytest.approx(strayed)
    assert (
        len(after) == 15 and after[3] == pytest.approx(strayed) and after[14] == pytest.approx(rink.blocks[3], abs=1e-3)
    )

    # Somebody who comes by later knocks the strayed one on, with no fault of theirs, and not the one in its place.
    other = gliding(time_s, np.array(strayed), 25.0)
    moves = knocked_blocks(
        time_s,
        np.stack([one[0], other]),
        np.stack([speed[0], np.where(abs(time_s - 25.0) < 0.2, 8.0, 0.0)]),
        np.stack([careless[0], ~careless[0]]),
        rink,
        Draws(1),
    )
    last = moves[-1]
    assert [move.block for move in moves] == [3, 14, 3]
    assert 24.9 < last.time_s < 25.5
    assert np.hypot(last.x_m - strayed[0], last.y_m - strayed[1]) > 0.5
    assert max(abs(last.x_m), abs(last.y_m)) < 29.6


def test_a_steward_walks_to_the_block_that_is_put_back_and_home_again() -> None:
    rink = Rink(track_shift_m=0.4)
    time_s = np.arange(0.0, 60.0, 0.01)
    block = 9
    x, y = rink.blocks[block]
    back = BlockMove(30.0, 14, round(float(x), 3), round(float(y), 3))
    gone = BlockMove(12.0, block, 3.0, 4.0)
    idle, walks = (official_paths(6, time_s, rink, moves, Draws(1)) for moves in ((), (gone, back)))
    away = np.hypot(*np.moveaxis(walks - [x, y], -1, 0))
    steward = int(away[:, 3000].argmin())
    assert steward >= 2
    assert away[steward, 3000] == pytest.approx(0.4, abs=0.05)
    assert np.array_equal(np.delete(walks, steward, axis=0), np.delete(idle, steward, axis=0))
    assert walks[steward, [0, -1]] == pytest.approx(idle[steward, [0, -1]])
    assert np.hypot(*(np.diff(walks[steward], axis=0) / 0.01).T).max() < 2.5


def test_a_steward_steps_to_the_block_faces_it_and_bends_down() -> None:
    rink = Rink(track_shift_m=0.4)
    time_s = np.arange(0.0, 60.0, 0.01)
    x, y = rink.blocks[9]
    moves = (BlockMove(12.0, 9, 3.0, 4.0), BlockMove(30.0, 14, round(float(x), 3), round(float(y), 3)))
    racer = np.broadcast_to([0.0, 12.0], (1, len(time_s), 2))
    seen = place_officials(time_s, rink, moves, racer, np.ones((1, len(time_s)), bool), Draws(1))
    (steward,) = np.flatnonzero((seen.pose != Pose.STAND).any(axis=1))
    pose, phase = seen.pose[steward], seen.phase[steward]
    assert pose[3000] == Pose.BEND and phase[3000] == pytest.approx(0.5, abs=0.01)
    to_block = np.array([x, y]) - seen.xy[steward, 3000]
    assert np.cos(seen.facing[steward, 3000] - np.arctan2(to_block[1], to_block[0])) > 0.95

    velocity = np.gradient(seen.xy[steward], 0.01, axis=0)
    speed = np.hypot(*velocity.T)
    walking = pose == Pose.WALK
    assert (speed[~walking] < 0.3).all()
    fast = walking & (speed > 0.8)
    assert (np.cos(seen.facing[steward] - np.arctan2(velocity[:, 1], velocity[:, 0]))[fast] > 0.9).mean() > 0.9
    for first, after in np.flatnonzero(np.diff(walking)).reshape(-1, 2):
        went = speed[first + 1 : after + 1].sum() * 0.01
        stood = np.minimum(phase % 0.5, 0.5 - phase % 0.5)
        assert max(stood[first + 1], stood[after]) < 0.02  # begins and ends with the feet together
        turned = np.abs(np.diff(phase[first + 1 : after + 1]))
        cycles = np.where(turned > 0.5, 1 - turned, turned).sum()
        assert went / (2 * cycles) == pytest.approx(STEP_M, rel=0.15)
    assert np.cos(seen.facing[steward, [0, -1]] - np.arctan2(*(racer[0, 0] - seen.xy[steward, 0])[::-1])).min() > 0.9
