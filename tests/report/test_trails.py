import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from report.trails import LAST_S, Trails

ONE = np.array([1])


def shift(x: float, y: float) -> np.ndarray:
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.9, 1.1)), min_size=1, max_size=20))
def test_a_point_that_stands_still_on_the_ice_stays_one_point(motions: list[tuple[float, float, float]]) -> None:
    """However the camera pans and zooms, a foot that does not move leaves no trail: all its points fall together."""
    trails, foot = Trails(), np.array([[300.0, 200.0]])
    trails.add(ONE, foot, 0.0)
    for k, (x, y, zoom) in enumerate(motions, start=1):
        motion = np.array([[zoom, 0.0, x], [0.0, zoom, y], [0.0, 0.0, 1.0]])
        trails.move(motion)
        foot = foot * zoom + [x, y]
        trails.add(ONE, foot, k / 25)
    line = trails.line(1)
    assert len(line) == len(motions) + 1
    np.testing.assert_allclose(line, np.repeat(foot, len(line), axis=0), atol=1e-6)


def test_perspective_is_divided_out() -> None:
    trails = Trails()
    trails.add(ONE, np.array([[100.0, 50.0]]), 0.0)
    trails.move(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.01, 0.0, 1.0]]))
    np.testing.assert_allclose(trails.line(1), [[50.0, 25.0]])


def test_points_behind_the_camera_are_dropped() -> None:
    trails = Trails()
    trails.add(ONE, np.array([[100.0, 50.0]]), 0.0)
    trails.move(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-0.02, 0.0, 1.0]]))
    assert len(trails.line(1)) == 0


def test_the_trail_is_as_long_as_the_last_moments() -> None:
    trails = Trails()
    for k in range(101):
        trails.move(shift(0, 0))
        trails.add(ONE, np.array([[float(k), 0.0]]), k / 20)
    line = trails.line(1)
    assert line[-1, 0] == 100 and line[0, 0] == 100 - LAST_S * 20
    assert np.all(np.diff(line[:, 0]) == 1)


def test_an_unknown_motion_cuts_the_trail() -> None:
    for unknown in (None, np.full((3, 3), np.nan)):
        trails = Trails()
        trails.add(ONE, np.zeros((1, 2)), 0.0)
        trails.move(unknown)
        assert len(trails.line(1)) == 0


def test_each_competitor_has_a_trail_of_its_own() -> None:
    trails = Trails()
    trails.add(np.array([1, 2]), np.array([[1.0, 0.0], [2.0, 0.0]]), 0.0)
    trails.move(shift(10, 0))
    trails.add(np.array([2]), np.array([[20.0, 0.0]]), 0.04)
    assert trails.line(1).tolist() == [[11.0, 0.0]]
    assert trails.line(2).tolist() == [[12.0, 0.0], [20.0, 0.0]]
