import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from race.empty import add_up, empty_seconds
from race.guide import make_guide
from race.poses import Poses
from race.rink import Rink
from simulation.camera import look

FPS, SIZE = 25.0, (1280, 720)


@pytest.fixture
def poses():
    """Two seconds from the main camera, which looks at the far straight: about x from -9 to 9 m there."""
    frames = 50
    return Poses(
        SIZE,
        np.tile([0.0, -20.6, 4.05], (frames, 1)),
        np.tile(look(0.0, np.radians(6.0)), (frames, 1, 1)),
        np.full(frames, 1800.0),
        *(np.zeros(frames) for _ in range(3)),
    )


def seconds_at(empty, at_m, guide):
    return empty[-1, int(at_m / guide.length_m * empty.shape[1])]


def test_places_seen_empty_are_those_in_the_picture_with_nobody_near(poses):
    guide = make_guide(Rink())
    time_s = np.arange(len(poses)) / FPS
    far, near = guide.length_m / 2, 0.0  # the middles of the two straights
    nobody = empty_seconds(np.empty((0, 2)), np.empty(0, int), poses, guide, np.zeros(50), time_s)
    assert seconds_at(nobody, far, guide) == pytest.approx(time_s[-1], abs=0.15)
    assert seconds_at(nobody, near, guide) == 0
    there = np.tile([far + 1.0, 2.0], (50, 1))  # stands there all the while
    somebody = empty_seconds(there, np.arange(50), poses, guide, np.zeros(50), time_s)
    assert seconds_at(somebody, far, guide) == 0
    assert seconds_at(somebody, far + 6.0, guide) == pytest.approx(time_s[-1], abs=0.15)


@given(st.integers(0, 2**32 - 1))
def test_the_kernel_adds_up_what_a_plain_loop_does(seed):
    rng = np.random.default_rng(seed)
    frames, cells, step = 30, 7, int(rng.integers(1, 5))
    time_s, way = np.cumsum(rng.uniform(0.02, 0.06, frames)), np.cumsum(rng.uniform(0, 0.9, frames))
    looked = np.arange(0, frames, step)[rng.random(len(range(0, frames, step))) < 0.7]
    empty = rng.random((len(looked), cells)) < 0.5
    got = np.zeros((frames, cells))
    add_up(looked, empty, way, time_s, step, got)
    for t in range(frames):
        for c in range(cells):
            expected = 0.0
            for k, at in enumerate(looked):
                if 0 < at <= t and empty[k, int(c + way[at]) % cells]:
                    expected += time_s[at] - time_s[max(at - step, 0)]
            assert got[t, c] == pytest.approx(expected)


def test_empty_places_go_with_the_pack(poses):
    guide = make_guide(Rink())
    time_s = np.arange(len(poses)) / FPS
    way = 10.0 * time_s
    far = guide.length_m / 2
    empty = empty_seconds(np.empty((0, 2)), np.empty(0, int), poses, guide, way, time_s)
    # who is 15 m before the middle of the straight at first comes into the picture on the way
    late = seconds_at(empty, far - 15.0, guide)
    assert 0.5 < late < seconds_at(empty, far - 5.0, guide) + 0.05
    assert (np.diff(empty, axis=0) >= 0).all()
