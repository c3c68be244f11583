"""The terms of the normal equations against their formulas, written out and differentiated by small differences."""

import numpy as np
import pytest

from race.poses import Poses
from race.rink import Rink
from tests.vision.made_hall import SIZE, look
from vision.racing_feet import OFF_APEX_M, OFF_SD_M, OFF_STRAIGHT_M, SPEED_MPS, SPEED_SD, STRANGE
from vision.rink_fit import OWN, SHARED, see, slopes
from vision.terms import FOOT_WEIGHT, add_links, add_points, add_rolls, add_strides
from vision.turning import ARM, read_motion, turned

SMALL = 1e-5
MIDDLE = np.array(SIZE) / 2


class State:
    """Cameras of two pictures, and what they share."""

    def __init__(self, rotation, focal, shared):
        self.rotation, self.focal, self.shared = rotation, focal, shared

    def moved(self, f, own, shared):
        rotation, focal = self.rotation.copy(), self.focal.copy()
        rotation[f] = turned(own[:3]) @ rotation[f]
        focal[f] *= np.exp(own[3])
        return State(rotation, focal, self.shared + shared)

    @property
    def poses(self):
        known = np.ones(len(self.focal))
        place = np.tile(self.shared[:3], (len(self.focal), 1))
        return Poses(SIZE, place, self.rotation, self.focal, self.shared[3] * known, 0 * known, known)


@pytest.fixture
def state():
    shared = np.zeros(SHARED)
    shared[:5] = 0.3, -20.4, 4.1, -0.05, 1.4
    shared[-1] = 0.6
    rotation = np.array([turned(np.array([0.01, 0.0, 0.01])) @ look(0.3, 0.2), look(0.34, 0.21)])
    return State(rotation, np.array([900.0, 930.0]), shared)


def slopes_of(residuals, state, f):
    """(n, 4 + SHARED): how ``residuals(state)`` fall when picture f's camera, or what is shared, moves."""
    columns = []
    for k in range(OWN + SHARED):
        step = np.zeros(OWN + SHARED)
        step[k] = SMALL
        ahead = residuals(state.moved(f, step[:OWN], step[OWN:]))
        back = residuals(state.moved(f, -step[:OWN], -step[OWN:]))
        columns.append(-(ahead - back) / (2 * SMALL))
    return np.array(columns).T


def sums():
    return (
        np.zeros((2, OWN, OWN)), np.zeros((2, OWN, SHARED)), np.zeros((SHARED, SHARED)), np.zeros((2, OWN)),
        np.zeros(SHARED),
    )  # fmt: skip


def expect(found, residuals, weight, state, f):
    """``found`` are the normal equations of ``residuals`` (n,) with ``weight`` (n,), all of them picture f's."""
    own_own, own_shared, shared_shared, own_down, shared_down = found
    slope, off = slopes_of(residuals, state, f), residuals(state)
    normal = (slope * weight[:, None]).T @ slope
    down = (slope * weight[:, None]).T @ off
    scale = np.sqrt(np.diag(normal))
    scale = np.maximum(scale, 1e-4 * scale.max())  # what does not matter is zero but for rounding
    for block, true in (
        (own_own[f], normal[:OWN, :OWN] / np.outer(scale[:OWN], scale[:OWN])),
        (own_shared[f], normal[:OWN, OWN:] / np.outer(scale[:OWN], scale[OWN:])),
        (shared_shared, normal[OWN:, OWN:] / np.outer(scale[OWN:], scale[OWN:])),
    ):
        rows = scale[OWN:] if block is shared_shared else scale[:OWN]
        columns = scale[:OWN] if block.shape == (OWN, OWN) else scale[OWN:]
        assert block / np.outer(rows, columns) == pytest.approx(true, abs=2e-3)
    norm = np.sqrt((weight * off**2).sum()) + 1e-9
    assert own_down[f] / scale[:OWN] / norm == pytest.approx(down[:OWN] / scale[:OWN] / norm, abs=2e-3)
    assert shared_down / scale[OWN:] / norm == pytest.approx(down[OWN:] / scale[OWN:] / norm, abs=2e-3)


def test_where_a_point_is_seen(state):
    point = np.array([5.0, 8.0, 0.4])
    pixel, own, by_place, by_point = np.empty(2), np.empty((2, 4)), np.empty((2, 4)), np.empty((2, 3))
    arguments = state.shared[:3], state.rotation[0], state.focal[0], state.shared[3], MIDDLE[0], MIDDLE[1]
    assert slopes(point, *arguments, pixel, own, by_place, by_point)
    assert pixel == pytest.approx(state.poses.to_pixels(0, point[None])[0])
    assert see(*point, *arguments) == pytest.approx(pixel)
    true = -slopes_of(lambda s: s.poses.to_pixels(0, point[None])[0], state, 0)
    assert own == pytest.approx(true[:, :4], rel=1e-4, abs=1e-3)
    assert by_place == pytest.approx(true[:, 4:8], rel=1e-4, abs=1e-3)
    for k in range(3):
        ahead, back = (state.poses.to_pixels(0, (point + side * SMALL * np.eye(3)[k])[None])[0] for side in (1, -1))
        assert by_point[:, k] == pytest.approx((ahead - back) / (2 * SMALL), rel=1e-4, abs=1e-3)
    assert not slopes(np.array([0.0, -40.0, 0.0]), *arguments, pixel, own, by_place, by_point)
    assert np.isnan(see(0.0, -40.0, 0.0, *arguments)).all()


def test_points_that_are_known(state):
    place = np.array([[3.0, 9.0, 0.0], [12.0, 4.0, 0.0], [8.0, 15.0, 1.2]])
    moves = np.array([1.0, 0.0, 2.0])
    pixel = np.array([[300.0, 150.0], [420.0, 200.0], [350.0, 90.0]])
    found = sums()
    frame = np.ones(3, np.int64)
    add_points(
        frame, pixel, place, moves, -40.0, 40.0, np.full((3, 2), 2.0), np.full(3, np.inf), *map(float, SIZE),
        state.rotation, state.focal, state.shared, *found,
    )  # fmt: skip

    def residuals(s):
        at = place + np.column_stack([moves * s.shared[-1], np.zeros((3, 2))])
        return (pixel - s.poses.to_pixels(1, at)).ravel()

    expect(found, residuals, np.full(6, 1 / 4.0), state, 1)


def test_points_anywhere_on_a_line(state):
    pixel = state.poses.to_pixels(0, [[6.0, 15.0]])[0] + np.array([2.0, 5.0])
    found = sums()
    add_points(
        np.zeros(1, np.int64), pixel[None], np.array([[np.nan, 15.0, 0.0]]), np.zeros(1), -40.0, 40.0,
        np.full((1, 2), 2.0), np.full(1, np.inf),
        *map(float, SIZE), state.rotation, state.focal, state.shared, *found,
    )  # fmt: skip

    def residuals(s):
        line = s.poses.to_pixels(0, np.column_stack([np.linspace(4, 8, 401), np.full(401, 15.0)]))
        k = np.linalg.norm(line - pixel, axis=1)[1:-1].argmin() + 1
        way, to = line[k + 1] - line[k - 1], pixel - line[k]
        return np.array([(way[0] * to[1] - way[1] * to[0]) / np.linalg.norm(way)])

    expect(found, residuals, np.array([1 / 4.0]), state, 0)


def test_the_camera_is_level(state):
    own_own, own_down = np.zeros((2, OWN, OWN)), np.zeros((2, OWN))
    add_rolls(state.rotation, 0.01, own_own, own_down)
    empty = sums()
    found = (own_own, empty[1], empty[2], own_down, empty[4])
    expect(found, lambda s: -s.rotation[0, 0, 2:3], np.array([1 / 0.01**2]), state, 0)


def naive_step(state):
    """What a homography between the two pictures says."""
    camera = [np.array([[f, 0, MIDDLE[0]], [0, f, MIDDLE[1]], [0, 0, 1]]) for f in state.focal]
    h = camera[1] @ state.rotation[1] @ state.rotation[0].T @ np.linalg.inv(camera[0])
    return read_motion(h[None], np.ones(1), *SIZE)[0][0]


@pytest.mark.parametrize("f", [0, 1])
def test_motions(state, f):
    step, sd = naive_step(state) + np.array([0.3, -0.2, 0.001, 0.002]), 0.4
    unit = sd * np.array([1, 1, 1 / ARM, 1 / ARM])
    own_own, own_down, block = np.zeros((2, OWN, OWN)), np.zeros((2, OWN)), np.zeros((1, OWN, OWN))
    add_links(
        np.zeros(1, np.int64), np.ones(1, np.int64), step[None], np.array([sd]), 3.0, state.rotation, state.focal,
        0.0, own_own, own_down, block,
    )  # fmt: skip
    off = (step - naive_step(state)) / unit
    weight = 1 / (1 + (off / 3) ** 2) ** 2 / unit**2
    slope = [slopes_of(lambda s: step - naive_step(s), state, k)[:, :OWN] for k in (0, 1)]
    true = (slope[f] * weight[:, None]).T @ slope[f]
    assert own_own[f] == pytest.approx(true, rel=1e-2, abs=1e-3 * true.max())
    down = (slope[f] * weight[:, None]).T @ (off * unit)
    assert own_down[f] == pytest.approx(down, rel=1e-2, abs=1e-3 * np.abs(down).max())
    assert block[0] == pytest.approx((slope[0] * weight[:, None]).T @ slope[1], rel=1e-2, abs=1e-3 * true.max())


def test_motions_out_of_all_reason_are_passed_over(state):
    turned_away = State(np.array([look(0.0, 0.2), look(3.0, 0.2)]), state.focal, state.shared)
    own_own, own_down, block = np.zeros((2, OWN, OWN)), np.zeros((2, OWN)), np.zeros((1, OWN, OWN))
    add_links(
        np.zeros(1, np.int64), np.ones(1, np.int64), np.zeros((1, 4)), np.ones(1), 3.0, turned_away.rotation,
        state.focal, 0.0, own_own, own_down, block,
    )  # fmt: skip
    assert not own_own.any()
    assert not own_down.any()


@pytest.mark.parametrize("x", [2.0, 19.0])
def test_racers_keep_to_the_track_at_their_pace(state, x):
    """On the far straight and in the corner."""
    true = np.array([[x, 11.0 if x < 10 else 8.0], [x - 2.0, 11.2 if x < 10 else 9.5]])
    seen = np.array([state.poses.to_pixels(f, true[f : f + 1])[0] for f in range(2)])
    time_s, rink = 0.2, Rink()
    found, block = sums(), np.zeros((1, OWN, OWN))
    add_strides(
        np.array([0, 1]), seen - MIDDLE, np.zeros(2), np.array([[0, 1]]), np.array([time_s]), rink.straight_m / 2,
        rink.measured_radius_m, state.rotation, state.focal, state.shared, *found, block,
    )  # fmt: skip

    def track(s, f):
        place = s.poses.to_ice(f, seen[f : f + 1])[0][0]
        return Rink().to_track(place - np.array([s.shared[-1], 0.0]))

    def off(s):
        u, d = track(s, 1)
        usual = 0.5 * (OFF_STRAIGHT_M + OFF_APEX_M) + 0.5 * (OFF_STRAIGHT_M - OFF_APEX_M) * np.cos(
            4 * np.pi * u / rink.lap_m
        )
        return np.array([usual - d])

    def pace(s):
        return np.array([SPEED_MPS * time_s - (track(s, 1)[0] - track(s, 0)[0])])

    weights = [
        FOOT_WEIGHT / sd**2 / (1 + (r(state)[0] / sd / STRANGE) ** 2) ** 2
        for r, sd in ((off, OFF_SD_M), (pace, SPEED_SD * time_s))
    ]
    # the usual line is taken as given: how it changes along the track is left out of the slopes
    shares = [weights[0] * slopes_of(lambda s: -track(s, 1)[1:], state, 1)[0] * off(state)[0]]
    shares.append(weights[1] * slopes_of(pace, state, 1)[0] * pace(state)[0])
    true_down = shares[0] + shares[1]
    assert found[3][1] == pytest.approx(true_down[:OWN], rel=2e-3, abs=2e-3 * np.abs(true_down[:OWN]).max())
    before = weights[1] * slopes_of(pace, state, 0)[0] * pace(state)[0]
    assert found[3][0] == pytest.approx(before[:OWN], rel=2e-3, abs=2e-3 * np.abs(before[:OWN]).max())
