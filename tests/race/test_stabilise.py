import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from race.stabilise import MAX_BRIDGE, chain, resting, split_at_gaps

WIDTH, HEIGHT = 640, 360


def camera(pan: float, tilt: float, focal: float) -> np.ndarray:
    """Rays of a camera at pan and tilt (radians), focal length in pixels, to its picture's pixels."""
    turn_pan = np.array([[np.cos(pan), 0, np.sin(pan)], [0, 1, 0], [-np.sin(pan), 0, np.cos(pan)]])
    turn_tilt = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    lens = np.array([[focal, 0, (WIDTH - 1) / 2], [0, focal, (HEIGHT - 1) / 2], [0, 0, 1]])
    return lens @ turn_tilt @ turn_pan


def panning_shot(frames: int, pan: float = 0.02, zoom: float = 1.01) -> tuple[np.ndarray, np.ndarray]:
    """Cameras (F, 3, 3) and the motions between them, the first NaN."""
    cameras = np.array([camera(pan * k, 0.001 * k, 800 * zoom**k) for k in range(frames)])
    motion = np.full((frames, 3, 3), np.nan)
    motion[1:] = cameras[1:] @ np.linalg.inv(cameras[:-1])
    return cameras, motion


def moved(homography: np.ndarray, point: tuple[float, float]) -> np.ndarray:
    x, y, w = homography @ np.array([*point, 1.0])
    return np.array([x / w, y / w])


@given(st.floats(-0.05, 0.05), st.floats(0.97, 1.03), st.integers(2, 30))
def test_chain_leads_back_to_the_first_picture(pan: float, zoom: float, frames: int) -> None:
    cameras, motion = panning_shot(frames, pan, zoom)
    to_reference, sd_px = chain(motion, np.full(frames, 0.5), np.zeros(frames, np.int32))
    ray = np.linalg.inv(cameras[0]) @ np.array([320.0, 180.0, 1.0])
    seen = cameras[-1] @ ray
    if seen[2] > 0.2:
        seen_px = (seen[0] / seen[2], seen[1] / seen[2])
        np.testing.assert_allclose(moved(to_reference[-1], seen_px), (320.0, 180.0), atol=1e-5)
    # quality 0.5 stands for one pixel a frame, which adds up as a random walk
    np.testing.assert_allclose(sd_px, np.sqrt(np.arange(frames)))


def test_every_shot_has_its_own_reference() -> None:
    _, motion = panning_shot(6)
    shot = np.array([0, 0, 0, 1, 1, 1], np.int32)
    to_reference, sd_px = chain(motion, np.full(6, 0.9), shot)
    np.testing.assert_array_equal(to_reference[[0, 3]], np.array([np.eye(3)] * 2))
    np.testing.assert_array_equal(sd_px[[0, 3]], 0.0)
    np.testing.assert_allclose(moved(np.linalg.inv(to_reference[4]), (99, 99)), moved(motion[4], (99, 99)))


def test_a_short_gap_is_bridged_at_constant_velocity_and_costs_certainty() -> None:
    _, motion = panning_shot(12, zoom=1.0)
    whole, sd_whole = chain(motion, np.full(12, 0.9), np.zeros(12, np.int32))
    gappy, quality = motion.copy(), np.full(12, 0.9)
    gappy[5:8], quality[5:8] = np.nan, np.nan
    bridged, sd_bridged = chain(gappy, quality, np.zeros(12, np.int32))
    np.testing.assert_allclose(moved(bridged[-1], (320, 180)), moved(whole[-1], (320, 180)), atol=0.5)
    np.testing.assert_array_equal(sd_bridged[:5], sd_whole[:5])
    assert (np.diff(sd_bridged**2)[4:7] > 10 * np.diff(sd_whole**2)[4:7]).all()


@pytest.mark.parametrize(("unknown", "known_frames"), [(slice(1, 4), 1), (slice(9, 12), 9)])
def test_a_gap_with_nothing_on_one_side_is_not_bridged(unknown: slice, known_frames: int) -> None:
    _, motion = panning_shot(12)
    motion[unknown] = np.nan
    to_reference, _ = chain(motion, np.full(12, 0.9), np.zeros(12, np.int32))
    np.testing.assert_array_equal(np.isfinite(to_reference[:, 0, 0]), np.arange(12) < known_frames)


def test_a_long_gap_ends_the_chain() -> None:
    frames = MAX_BRIDGE + 20
    _, motion = panning_shot(frames, 0.001)
    motion[5 : 6 + MAX_BRIDGE] = np.nan
    to_reference, sd_px = chain(motion, np.full(frames, 0.9), np.zeros(frames, np.int32))
    assert np.isfinite(to_reference[:5]).all() and np.isfinite(sd_px[:5]).all()
    assert np.isnan(to_reference[5:]).all() and np.isnan(sd_px[5:]).all()


def test_after_a_long_gap_a_new_shot_begins() -> None:
    frames = MAX_BRIDGE + 20
    _, motion = panning_shot(frames, 0.001)
    motion[5 : 6 + MAX_BRIDGE] = np.nan
    shot = split_at_gaps(motion, np.full(frames, 7, np.int32))
    np.testing.assert_array_equal(shot, np.where(np.arange(frames) < 5 + MAX_BRIDGE, 0, 1))
    to_reference, _ = chain(motion, np.full(frames, 0.9), shot)
    np.testing.assert_array_equal(np.isnan(to_reference[:, 0, 0]), (np.arange(frames) >= 5) & (shot == 0))


def test_a_shot_that_begins_unknown_begins_anew_where_motion_is_known() -> None:
    _, motion = panning_shot(8)
    motion[1:4] = np.nan
    shot = split_at_gaps(motion, np.zeros(8, np.int32))
    np.testing.assert_array_equal(shot, [0, 0, 0, 1, 1, 1, 1, 1])
    assert np.isfinite(chain(motion, np.full(8, 0.9), shot)[0][3:]).all()


def test_short_gaps_and_shots_stay_as_they_are() -> None:
    _, motion = panning_shot(8)
    motion[2:4] = np.nan
    np.testing.assert_array_equal(
        split_at_gaps(motion, np.array([3, 3, 3, 3, 4, 4, 4, 4], np.int32)), [0] * 4 + [1] * 4
    )


def test_sd_is_in_pixels_of_the_picture() -> None:
    _, motion = panning_shot(5)
    _, small = chain(motion, np.full(5, 0.5), np.zeros(5, np.int32), width=640)
    _, large = chain(motion, np.full(5, 0.5), np.zeros(5, np.int32), width=1920)
    np.testing.assert_allclose(large, 3 * small)


def test_empty() -> None:
    to_reference, sd_px = chain(np.zeros((0, 3, 3)), np.zeros(0), np.zeros(0, np.int32))
    assert to_reference.shape == (0, 3, 3) and sd_px.shape == (0,)


def test_resting_where_nothing_moves_and_not_where_unknown() -> None:
    shift, twist = np.eye(3), np.eye(3)
    shift[0, 2] = 1.0
    twist[0, 1] = 0.005
    motion = np.array([np.full((3, 3), np.nan), np.eye(3), shift, twist])
    np.testing.assert_array_equal(resting(motion, WIDTH, HEIGHT), [False, True, False, False])
