from dataclasses import replace

import numpy as np
import pytest

from race.crossings import CARRIED_SD_S, LineCrossing, find_crossings, follow_lines
from race.observations import Lines
from race.racers import Paths
from race.scene import make_scene


@pytest.fixture
def scene_and_lines(race):
    observations, _ = race([85.0], [12.0], [0.0], 4.0)
    return make_scene(observations), observations.lines


def test_sightings_of_one_line_are_one_line_and_are_carried_between(scene_and_lines):
    scene, lines = scene_and_lines
    seen = np.arange(len(lines)) % 4 == 0  # a quarter of the pictures shows it
    some = Lines(lines.frame[seen], lines.top[seen], lines.bottom[seen], lines.strength[seen])
    (track,) = follow_lines(some, scene)
    assert track.sightings == seen.sum()
    every = lines.frame - 1
    between = every[(every >= some.frame[0] - 1) & (every <= some.frame[-1] - 1)]
    rows = np.isin(lines.frame - 1, between)
    np.testing.assert_allclose(track.bottom[between], lines.bottom[rows], atol=1.0)


def test_a_line_seen_only_afterwards_is_carried_back(race):
    observations, _ = race([103.0], [4.0], [0.0], 4.0)
    scene, lines = make_scene(observations), observations.lines
    seen_s = scene.time_s[lines.frame - 1]
    late = seen_s > seen_s[0] + 1.5
    (track,) = follow_lines(Lines(lines.frame[late], lines.top[late], lines.bottom[late], lines.strength[late]), scene)
    first = lines.frame[0] - 1
    np.testing.assert_allclose(track.bottom[first], lines.bottom[0], atol=3.0)
    assert track.unseen_s[first] == pytest.approx(1.5, abs=0.05)


def test_crossings_of_a_carried_line_are_less_sure_together():
    paths, time_s = straight(400.0, 50.0)
    line = upright(375.0)
    (seen,) = find_crossings(line, paths, time_s)
    (carried,) = find_crossings(replace(line, unseen_s=np.full(50, 2.0)), paths, time_s)
    assert carried.time_sd_s == pytest.approx(np.hypot(seen.time_sd_s, 2.0 * CARRIED_SD_S))
    assert carried.own_sd_s == seen.own_sd_s


def test_stray_sightings_are_no_line(scene_and_lines):
    scene, lines = scene_and_lines
    rng = np.random.default_rng(0)
    stray = Lines(
        lines.frame[::6], rng.uniform(0, 600, (len(lines.frame[::6]), 2)), lines.bottom[::6], lines.strength[::6]
    )
    assert all(track.sightings <= 7 for track in follow_lines(stray, scene))
    few = Lines(lines.frame[:4], lines.top[:4], lines.bottom[:4], lines.strength[:4])
    assert follow_lines(few, scene) == []


def straight(speed_px, start_x, frames=50, fps=25.0, width=40.0):
    """One racer, a box of 40 x 80 that moves evenly to the right or left."""
    time_s = np.arange(frames) / fps
    x = start_x + speed_px * time_s
    box = np.stack([x - width / 2, np.full(frames, 200.0), np.full(frames, width), np.full(frames, 80.0)], axis=-1)
    velocity = np.tile([speed_px, 0.0], (frames, 1))
    position = np.stack([x, np.full(frames, 280.0)], axis=-1)
    speed = np.full(frames, abs(speed_px) / 80)
    paths = Paths(
        np.array([1], np.int32), box[None], np.ones((1, frames), bool), position[None], velocity[None], speed[None]
    )
    return paths, time_s


def upright(x, frames=50, slope=0.0):
    """A line at rest through (x, 280), with ``slope`` pixels across per pixel down."""
    from race.crossings import LineTrack

    top = np.tile([x - 100 * slope, 180.0], (frames, 1))
    bottom = np.tile([x + 80 * slope, 360.0], (frames, 1))
    return LineTrack(top, bottom, frames, np.zeros(frames))


@pytest.mark.parametrize(("speed_px", "start_x"), [(400.0, 50.0), (-400.0, 700.0)])
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_the_leading_edge_crosses(speed_px, start_x, slope):
    paths, time_s = straight(speed_px, start_x)
    (crossing,) = find_crossings(upright(375.0, slope=slope), paths, time_s)
    expected = (375.0 - 20.0 * np.sign(speed_px) - start_x) / speed_px
    sd_s = pytest.approx(0.012, abs=0.002)
    assert crossing == LineCrossing(0, pytest.approx(expected, abs=1e-6), sd_s, own_sd_s=sd_s)


def test_noise_widens_the_uncertainty_and_outliers_do_not_move_the_time():
    paths, time_s = straight(400.0, 50.0)
    rng = np.random.default_rng(0)
    noisy = paths.box.copy()
    noisy[..., 0] += rng.normal(0, 8.0, noisy.shape[:2])
    noisy[0, 18, 2] += 150  # a box of two for a moment
    jittered = Paths(paths.ids, noisy, paths.seen, paths.position, paths.velocity, paths.speed)
    (crossing,) = find_crossings(upright(375.0), jittered, time_s)
    assert abs(crossing.time_s - (355.0 - 50.0) / 400.0) < 0.02
    assert crossing.time_sd_s > 0.012


def test_nobody_crosses_who_stops_short_or_was_not_seen_there():
    paths, time_s = straight(400.0, 50.0)
    assert find_crossings(upright(2000.0), paths, time_s) == []
    seen = paths.seen.copy()
    seen[0, 12:30] = False
    unseen = Paths(paths.ids, paths.box, seen, paths.position, paths.velocity, paths.speed)
    assert find_crossings(upright(375.0), unseen, time_s) == []
