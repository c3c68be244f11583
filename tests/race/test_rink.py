"""The rink's measures against those printed in the rules, and its conversions as properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from race.rink import Rink, unwrap

SHIFTS = st.floats(-2, 2)


def test_a_lap_is_111_12_m_and_the_blocks_stand_where_the_rules_put_them() -> None:
    rink = Rink()
    assert rink.lap_m == pytest.approx(111.12, abs=1e-9)
    assert rink.straight_m == pytest.approx(28.85, abs=0.01)
    blocks = rink.blocks
    assert blocks.shape == (14, 2)
    assert blocks[3] == pytest.approx([22.425, 0.0], abs=0.005)  # the right apex
    assert blocks[10] == pytest.approx([-22.425, 0.0], abs=0.005)
    assert blocks[0] == pytest.approx([14.425, -8.0], abs=0.005)
    assert blocks[1] == pytest.approx([18.425, -6.928], abs=0.005)
    assert blocks[7] == pytest.approx([-14.425, 8.0], abs=0.005)


@pytest.mark.parametrize("shift", [-2.0, 0.0, 1.3])
def test_from_either_start_line_to_the_finish_line(shift: float) -> None:
    rink = Rink(track_shift_m=shift)
    assert rink.to_track([0.0, -8.5]) == pytest.approx([0.0, 0.0], abs=1e-9)
    far = rink.start_dots("far")
    assert far[0] == pytest.approx([2 * shift, 8.5])
    assert rink.lap_m - rink.to_track(far[0])[0] == pytest.approx(55.56, abs=1e-6)
    assert rink.start_dots("near")[:, 1] == pytest.approx([-8.5, -9.8, -11.1, -12.4, -13.7])
    assert rink.finish_line == pytest.approx(np.array([[0, -15], [0, -6.5]]))


def test_track_coordinates_of_points_worked_out_by_hand() -> None:
    rink = Rink()
    half, arc = rink.straight_m / 2, math.pi * 8.5
    points = [(5.0, -10.0), (half + 8.5, 0.0), (0.0, 9.5), (-half - 6.5, 0.0), (half, -8.5)]
    expected = [(5.0, 1.5), (half + arc / 2, 0.0), (2 * half + arc, 1.0), (3 * half + 1.5 * arc, -2.0), (half, 0.0)]
    assert rink.to_track(points) == pytest.approx(np.array(expected), abs=1e-9)


@given(u=st.floats(-500, 500), d=st.floats(-8.4, 6), shift=SHIFTS)
def test_track_to_ice_and_back_is_the_identity(u: float, d: float, shift: float) -> None:
    rink = Rink(track_shift_m=shift)
    back = rink.to_track(rink.to_ice([u, d]))
    assert math.remainder(back[0] - u, rink.lap_m) == pytest.approx(0, abs=1e-6)
    assert back[1] == pytest.approx(d, abs=1e-9)


def naive_track(x: float, y: float, rink: Rink) -> tuple[float, float]:
    """The nearest of many points walked along the measured line from the finish line on, metre by metre."""
    half, radius, step = rink.straight_m / 2, rink.measured_radius_m, 0.002
    centre = rink.track_shift_m
    walked = np.arange(0, rink.lap_m, step)
    at, heading = np.empty((len(walked), 2)), 0.0
    place = np.array([0.0, -radius])
    for k in range(len(walked)):
        at[k] = place
        beyond = abs(place[0] - centre) > half
        heading += step / radius if beyond else 0.0
        place = place + step * np.array([math.cos(heading), math.sin(heading)])
    apart = np.hypot(*(at - [x, y]).T)
    nearest = int(apart.argmin())
    inside = abs(y) < radius if abs(x - centre) <= half else math.hypot(abs(x - centre) - half, y) < radius
    return float(walked[nearest]), float(-apart[nearest] if inside else apart[nearest])


@pytest.mark.parametrize(("x", "y"), [(3, -9), (12, -7.5), (21, -5), (24, 1), (17, 9), (-2, 11), (-18, 6), (-24, -3)])
def test_track_coordinates_are_those_of_walking_along_the_line(x: float, y: float) -> None:
    rink = Rink(track_shift_m=0.8)
    assert rink.to_track([x, y]) == pytest.approx(naive_track(x, y, rink), abs=0.02)


@given(x=st.floats(-30, 30), y=st.floats(-15, 15), shift=SHIFTS)
def test_ice_to_track_and_back_is_the_identity_everywhere_on_the_ice(x: float, y: float, shift: float) -> None:
    rink = Rink(track_shift_m=shift)
    track = rink.to_track([x, y])
    assert 0 <= track[0] < rink.lap_m
    assert rink.to_ice(track) == pytest.approx([x, y], abs=1e-9)


@given(u=st.floats(0, 111), d=st.floats(-5, 5), shift=SHIFTS)
def test_heading_is_where_a_small_step_along_the_track_leads(u: float, d: float, shift: float) -> None:
    rink = Rink(track_shift_m=shift)
    step = rink.to_ice([u + 1e-6, d]) - rink.to_ice([u, d])
    assert math.remainder(math.atan2(step[1], step[0]) - float(rink.heading(u)), 2 * math.pi) == pytest.approx(
        0, abs=1e-5
    )


def test_covariance_follows_a_cloud_of_points() -> None:
    rink = Rink(track_shift_m=0.7)
    rng = np.random.default_rng(3)
    covariance = np.array([[0.04, 0.015], [0.015, 0.02]])
    for point in ([3.0, -9.5], [20.0, -7.0], [-22.0, 3.0], [-4.0, 9.0]):
        cloud = rng.multivariate_normal(point, covariance * 1e-2, size=40_000)
        expected = np.cov(rink.to_track(cloud).T) * 1e2
        carried = rink.to_track_covariance(point, covariance)
        assert carried == pytest.approx(expected, abs=1.5e-3)
        assert rink.to_ice_covariance(rink.to_track(point), carried) == pytest.approx(covariance, abs=1e-9)


def test_mats_surround_the_ice_counter_clockwise_with_round_corners() -> None:
    mats = Rink().mats(step_m=0.05)
    assert np.abs(mats).max(axis=0) == pytest.approx([30, 15])
    x, y = mats.T
    area = 0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    assert area == pytest.approx(60 * 30 - (4 - math.pi) * 8.5**2, rel=1e-4)
    assert np.hypot(*np.diff(mats, axis=0).T).max() < 0.06


def test_a_training_hall_has_its_own_lap() -> None:
    rink = Rink(ice_length_m=56, ice_width_m=26, straight_m=25, block_radius_m=7.5, measured_radius_m=8.0)
    assert rink.lap_m == pytest.approx(50 + 16 * math.pi)
    assert rink.to_track(rink.to_ice([60.0, 1.0])) == pytest.approx([60.0, 1.0])


def test_an_oval_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit on 40"):
        Rink(ice_length_m=40)


def test_unwrap_grows_on_across_the_line_and_passes_over_gaps() -> None:
    u = np.array([[100.0, 109.0, np.nan, 4.0, 13.0]])
    assert unwrap(u, 111.12)[0] == pytest.approx([100, 109, np.nan, 115.12, 124.12], nan_ok=True)
