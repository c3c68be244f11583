"""Cameras as geometry, and as the work of an operator."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.camera import STYLES, Camera, direct, look
from simulation.draws import Draws
from simulation.figure import picture
from simulation.motion import Motion
from simulation.race import simulate_race
from simulation.scenario import Requirements, Scenario

SIZE = (640, 360)


@pytest.fixture(scope="module")
def race() -> Motion:
    return simulate_race(Scenario(event="500m", starters=4, require=Requirements(falls=0)), 1)


def camera(pan: float = 0.0, tilt: float = 0.3, roll: float = 0.0, k1: float = 0.0) -> Camera:
    return Camera(np.array([0.0, -20.0, 4.0]), look(pan, tilt, roll), 800.0, k1, SIZE)


def test_what_it_looks_at_is_in_the_middle_and_right_is_right() -> None:
    level = camera(tilt=0.0)
    assert level.project([0.0, 10.0, 4.0]) == pytest.approx([320, 180])
    # One metre to the right and one up at 20 m: 800 / 20 = 40 px.
    assert level.project([1.0, 0.0, 5.0]) == pytest.approx([360, 140])
    assert level.depth([1.0, 0.0, 5.0]) == pytest.approx(20)
    assert np.all(np.isnan(level.project([0.0, -30.0, 4.0])))
    turned = camera(pan=np.pi / 2, tilt=0.0)
    assert turned.project([10.0, -20.0, 4.0]) == pytest.approx([320, 180])
    # A camera rolled clockwise, as seen from behind it, sees the world rolled the other way.
    assert camera(tilt=0.0, roll=0.1).project([1.0, 0.0, 4.0])[1] < 180


@given(
    x=st.floats(-25, 25),
    y=st.floats(-10, 14),
    tilt=st.floats(0.1, 0.5),
    roll=st.floats(-0.05, 0.05),
    k1=st.floats(-0.15, 0.05),
)
def test_to_the_picture_and_back_to_the_ice_is_the_identity(
    x: float, y: float, tilt: float, roll: float, k1: float
) -> None:
    pan = np.arctan2(x, y + 20.0)
    one = camera(pan, tilt, roll, k1)
    pixel = one.project([x, y, 0.0])
    if np.all((pixel > -100) & (pixel < [740, 460])):
        assert one.ice_points(pixel) == pytest.approx([x, y], abs=1e-5)


def test_above_the_horizon_there_is_no_ice() -> None:
    assert np.all(np.isnan(camera(tilt=0.1).ice_points([320.0, 0.0])))


@pytest.mark.parametrize("style", STYLES)
def test_every_style_films_the_whole_race_in_turning_cameras(race: Motion, style: str) -> None:
    footage = direct(race, style, 25.0, SIZE, seed=2)  # type: ignore[arg-type]
    assert np.all(np.diff(footage.time_s) > 0)
    assert footage.takes[0].first == 1
    assert footage.takes[-1].last == len(footage)
    assert all(a.last + 1 == b.first for a, b in zip(footage.takes, footage.takes[1:], strict=False))
    identity = footage.rotation @ np.swapaxes(footage.rotation, -1, -2)
    assert identity == pytest.approx(np.tile(np.eye(3), (len(footage), 1, 1)), abs=1e-9)
    assert np.all(np.linalg.det(footage.rotation) > 0.99)
    start = footage.race_start_s
    at_gun = int(np.argmin(np.abs(footage.time_s - start)))
    assert footage.race_time_s[at_gun] == pytest.approx(0, abs=0.03)
    for take in footage.takes:  # nobody carries the tripod about
        held = footage.position[take.first - 1 : take.last]
        assert np.all(held == held[0])


def test_the_main_camera_keeps_the_leader_and_is_always_the_same(race: Motion) -> None:
    footage = direct(race, "broadcast", 25.0, SIZE, seed=3)
    main = [take for take in footage.takes if take.camera == "main" and take.kind == "race"]
    places = {tuple(footage.position[take.first - 1]) for take in main}
    assert len(places) == 1
    winner = race.finish[0].race_time_s
    assert winner is not None
    seen = []
    for take in main:
        for index in range(take.first - 1, take.last, 5):
            now = footage.race_time_s[index]
            if 3 < now < winner:
                column = round((now - race.time_s[0]) * 100)
                leader = int(np.nanargmax(np.where(race.racing[:, column], race.s_m[:, column], -1)))
                x, y = footage[index].project([*race.xy[leader, column], 0.7])
                seen.append(0 < x < SIZE[0] and 0 < y < SIZE[1])
    assert np.mean(seen) > 0.95


def test_cameras_go_in_on_racers_as_real_ones_do(race: Motion) -> None:
    """The foremost in real broadcasts: 0.25 to 0.78 of the picture tall, on the main camera 0.11 to 0.51."""
    tallest: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(6):
        footage = direct(race, "broadcast", 5.0, SIZE, seed)
        seen = picture(race, footage)
        height = np.where(race.racing[:, seen.column] & (seen.visibility > 0), seen.box[..., 3], np.nan) / SIZE[1]
        for take in footage.takes:
            during = np.arange(take.first - 1, take.last)
            during = during[(footage.race_time_s[during] > 3) & np.isfinite(height[:, during]).any(axis=0)]
            tallest[take.camera == "main"].extend(np.nanmax(height[:, during], axis=0))
    assert len(tallest[False]) > 200
    low, high = np.quantile(tallest[False], [0.1, 0.9])
    assert 0.25 < low < high < 0.78
    low, high = np.quantile(tallest[True], [0.1, 0.9])
    assert 0.11 < low < high < 0.51


def test_a_corner_camera_is_cut_to_when_the_leaders_are_in_its_corner(race: Motion) -> None:
    nearer = []
    for seed in range(12):
        footage = direct(race, "broadcast", 5.0, SIZE, seed)
        for take in footage.takes:
            if take.camera not in ("left", "right") or take.kind != "race":
                continue
            columns = np.rint((footage.race_time_s[take.first - 1 : take.last] - race.time_s[0]) * 100).astype(int)
            ahead = np.nanargmax(np.where(race.racing[:, columns], race.s_m[:, columns], np.nan), axis=0)
            x = race.xy[ahead, columns, 0]
            nearer.append(np.mean(x < 0 if take.camera == "left" else x > 0))
    assert len(nearer) >= 5
    assert np.mean(nearer) > 0.6  # drawn blindly it would be a half
    assert min(nearer) > 0.3  # leaders are those around the first, and they go on round the rink


def test_a_whole_broadcast_ends_with_a_replay_and_an_excerpt_does_not(race: Motion) -> None:
    whole = direct(race, "broadcast", 25.0, SIZE, seed=1)
    assert [take.kind for take in whole.takes if take.kind != "race"] == ["other", "replay", "other"]
    replay = next(take for take in whole.takes if take.kind == "replay")
    moments = whole.race_time_s[replay.first - 1 : replay.last]
    assert np.diff(moments) == pytest.approx(replay.rate / 25.0)
    assert not whole.live[replay.first - 1]
    assert [shot.kind for shot in whole.shots()] == [take.kind for take in whole.takes]
    part = direct(race, "broadcast", 25.0, SIZE, seed=1, from_s=10.0, to_s=20.0)
    assert len(part) == 250
    assert part.race_start_s == pytest.approx(-10)
    with pytest.raises(ValueError, match="nothing happens between 500"):
        direct(race, "fixed", 25.0, SIZE, seed=1, from_s=500.0)


def test_draws_are_those_of_pcg64_and_keep_to_their_topic() -> None:
    one, same, other = Draws(7, "a"), Draws(7, "a"), Draws(7, "b")
    first = one.uniforms(1000)
    assert np.array_equal(first, same.uniforms(1000))
    assert not np.array_equal(first, other.uniforms(1000))
    assert np.all((first >= 0) & (first < 1))
    assert first.mean() == pytest.approx(0.5, abs=0.05)
    normal = one.normals(20_000)
    assert (normal.mean(), normal.std()) == pytest.approx((0, 1), abs=0.03)
    assert {one.integer(1, 3) for _ in range(100)} == {1, 2, 3}
    assert sorted(one.shuffled([3, 1, 2])) == [1, 2, 3]
    assert one.quantile([0.0, 0.5, 1.0], [1.0, 2.0, 4.0], at=0.75) == 3


def test_the_race_goes_on_from_take_to_take(race: Motion) -> None:
    """However the cuts fall, a moment of the race has one time in the video."""
    footage = direct(race, "broadcast", 25.0, SIZE, seed=5)
    assert sum(take.kind == "race" for take in footage.takes) > 1
    late = (footage.time_s - footage.race_time_s)[footage.live]
    np.testing.assert_allclose(late, footage.race_start_s, atol=1e-9)


@pytest.mark.parametrize("fps", [1.0, 2.0, 3.0])
def test_at_few_pictures_a_second_the_operator_still_follows(race: Motion, fps: float) -> None:
    footage = direct(race, "broadcast", fps, SIZE, seed=3, from_s=5.0, to_s=30.0)
    often = direct(race, "broadcast", 50.0, SIZE, seed=3, from_s=5.0, to_s=30.0)
    for index in range(2, len(footage)):
        same = int(np.argmin(np.abs(often.race_time_s - footage.race_time_s[index])))
        ahead, wanted = footage.rotation[index, 2], often.rotation[same, 2]
        if footage.position[index] == pytest.approx(often.position[same]):
            assert np.degrees(np.arccos(np.clip(ahead @ wanted, -1, 1))) < 12
