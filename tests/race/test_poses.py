"""Pixels and the ice: against the naive formulas, as properties, and on file."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from race.observations import read_observations, write_observations
from race.poses import Poses, no_poses
from race.rink import Rink
from race.tables import write_camera

SIZE = (640, 360)


def rotation(pan: float, tilt: float, roll: float) -> np.ndarray:
    """Rink axes -> camera axes, one turn after the other."""
    c, s = np.cos(pan), np.sin(pan)
    turned = np.array([[c, -s, 0], [0, 0, -1], [s, c, 0]])  # level: right, down, ahead
    c, s = np.cos(tilt), np.sin(tilt)
    tilted = np.array([[1, 0, 0], [0, c, s], [0, -s, c]]).T @ turned
    c, s = np.cos(roll), np.sin(roll)
    return np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) @ tilted


def poses(pan: float = 0.3, tilt: float = 0.26, roll: float = 0.01, k1: float = -0.05, sd_px: float = 1.0) -> Poses:
    """Two frames: one that is not registered and one that is."""
    known = np.array([np.nan, 1.0])
    return Poses(
        SIZE,
        np.array([0.3, -20.6, 4.05]) * known[:, None],
        rotation(pan, tilt, roll) * known[:, None, None],
        700.0 * known,
        k1 * known,
        sd_px * known,
        0.9 * known,
    )


def naive_pixel(camera: Poses, row: int, point: np.ndarray) -> np.ndarray:
    seen = camera.rotation[row] @ (point - camera.position[row])
    a, b = seen[0] / seen[2], seen[1] / seen[2]
    bent = 1 + camera.k1[row] * (a * a + b * b)
    return np.array([320 + camera.focal_px[row] * a * bent, 180 + camera.focal_px[row] * b * bent])


def test_a_camera_worked_out_by_hand() -> None:
    camera = poses(pan=0.0, tilt=0.0, roll=0.0, k1=0.0)
    # 28.6 m ahead and 4.05 m below, 2.86 m to the right: a tenth of the focal length to the right
    pixel = camera.to_pixels(1, [[0.3 + 2.86, 8.0]])
    assert pixel[0] == pytest.approx([320 + 70, 180 + 700 * 4.05 / 28.6])


@given(x=st.floats(-25, 25), y=st.floats(-11, 14), z=st.floats(0, 2), pan=st.floats(-0.9, 0.9), k1=st.floats(-0.1, 0.1))
def test_projection_is_the_formula(x: float, y: float, z: float, pan: float, k1: float) -> None:
    camera, point = poses(pan=pan, k1=k1), np.array([x, y, z])
    ahead = (camera.rotation[1] @ (point - camera.position[1]))[2]
    pixel = camera.to_pixels(1, point[None])[0]
    if ahead > 0.1:
        assert pixel == pytest.approx(naive_pixel(camera, 1, point), rel=1e-9)


@given(px=st.floats(0, 640), py=st.floats(120, 360), pan=st.floats(-0.9, 0.9), k1=st.floats(-0.1, 0.1))
def test_to_the_ice_and_back_is_the_identity(px: float, py: float, pan: float, k1: float) -> None:
    camera = poses(pan=pan, k1=k1)
    xy, _ = camera.to_ice(1, [[px, py]])
    assert camera.to_pixels(1, xy)[0] == pytest.approx([px, py], abs=1e-6)


@pytest.mark.parametrize("pixel", [(100, 200), (320, 180), (600, 300)])
def test_covariance_is_that_of_many_disturbed_pixels(pixel: tuple[float, float]) -> None:
    camera, random = poses(sd_px=0.3), np.random.default_rng(1)
    _, covariance = camera.to_ice(1, [pixel], 0.4)
    cloud = np.array(pixel) + random.normal(0, 0.5, (40_000, 2))  # 0.3 and 0.4 together
    assert covariance[0] == pytest.approx(np.cov(camera.to_ice(1, cloud)[0].T), rel=0.05, abs=1e-4)


def test_unknown_stays_unknown() -> None:
    camera = poses()
    assert camera.known.tolist() == [False, True]
    xy, covariance = camera.to_ice([0, 1, 1], [[320, 200], [320, 200], [320, -300]])  # the last one in the sky
    assert np.isnan(xy).all(axis=1).tolist() == [True, False, True]
    assert np.isnan(covariance).all(axis=(1, 2)).tolist() == [True, False, True]
    assert np.isnan(camera.to_pixels([0, 1], [[0, 0, 0], [0, -40, 0]])).all()  # the last one behind the camera
    assert not no_poses(3, SIZE).known.any()
    with pytest.raises(ValueError, match="rows -1 to -1 asked for, there are 2"):
        camera.to_ice(-1, [[320, 200]])
    with pytest.raises(ValueError, match=r"Poses\.k1: expected shape \(2,\), got \(3,\)"):
        replace(camera, k1=np.zeros(3))


def test_along_the_track_and_back() -> None:
    camera, rink = poses(), Rink(track_shift_m=1.0)
    ud = np.array([[100.0, 1.2], [30.0, 0.4], [60.0, 2.0]])
    back, covariance = camera.to_track(1, camera.from_track(1, ud, rink), rink)
    assert back == pytest.approx(ud, abs=1e-6)
    assert np.all(np.linalg.eigvalsh(covariance) > 0)


def test_poses_come_back_from_file(race, tmp_path) -> None:
    observations, _ = race([30.0], [12.0], [0.0], 1.0)
    n = len(observations.frames)
    camera = poses().take([0] + [1] * (n - 1))
    write_observations(replace(observations, poses=camera, track_shift_m=-0.7), tmp_path / "observations")
    back = read_observations(tmp_path)
    assert back.track_shift_m == -0.7
    assert back.poses is not None
    assert back.poses.size == (observations.video.width, observations.video.height)
    for name in ("position", "rotation", "focal_px", "k1", "sd_px", "quality"):
        np.testing.assert_array_equal(getattr(back.poses, name), getattr(camera, name))
    write_camera(back, "A", tmp_path / "camera.parquet")
    table = pl.read_parquet(tmp_path / "camera.parquet")
    assert table["level"].to_list() == [None] + ["B"] * (n - 1)
    assert table["z_m"].to_list() == [None] + [4.05] * (n - 1)
    with pytest.raises(ValueError, match=r"Observations\.poses: expected"):
        replace(observations, poses=camera.take([1]))


def test_observations_without_poses_have_none(race, tmp_path) -> None:
    observations, _ = race([30.0], [12.0], [0.0], 0.5)
    write_observations(observations, tmp_path)
    assert not (tmp_path / "poses.parquet").exists()
    assert read_observations(tmp_path).poses is None
