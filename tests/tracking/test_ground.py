"""On a known plane: metres, turns, limits."""

import numpy as np
import pytest

from tracking import SKATERS, DetectionTable, new_state, step, track_online
from tracking.ground import ground_correct, ground_predict, reachable
from tracking.kalman import TRACK, place
from tracking.settings import as_record

# A camera at (0, -25, 6) metres that looks along y, 800 pixels focal length: plane to pixels.
TO_IMAGE = np.array([[800.0, 640.0, 16000.0], [0.0, 200.0, 9800.0], [0.0, 1.0, 25.0]])
TO_PLANE = np.linalg.inv(TO_IMAGE)
RECORD = as_record(SKATERS)
RADIUS, SPEED, FPS = 9.0, 12.0, 25.0


def foot(frame: int) -> tuple[float, float]:
    """On a circle at full speed."""
    angle = SPEED / RADIUS * frame / FPS
    return place(TO_IMAGE, RADIUS * np.cos(angle), RADIUS * np.sin(angle))


def skate(frames: int) -> np.ndarray:
    track = np.zeros(1, TRACK)
    for f in range(frames):
        if f:
            ground_predict(track[0], 1 / FPS, TO_IMAGE, RECORD[0])
        track["hits"] += 1
        ground_correct(track[0], *foot(f), 60.0, 1 / FPS, TO_PLANE, RECORD[0])
    return track


def test_speed_and_turn_are_found_in_metres() -> None:
    track = skate(40)
    assert np.hypot(*track["ground_rate"][0]) == pytest.approx(SPEED, rel=0.05)
    assert track["turn"][0] == pytest.approx(SPEED / RADIUS, rel=0.15)


def test_a_turn_goes_on_while_unseen() -> None:
    """Half a second on, a straight line would be 2 m off the circle."""
    track = skate(40)
    for _ in range(12):
        ground_predict(track[0], 1 / FPS, TO_IMAGE, RECORD[0])
    angle = SPEED / RADIUS * 51 / FPS
    truth = RADIUS * np.array([np.cos(angle), np.sin(angle)])
    assert np.hypot(*(track["ground"][0] - truth)) < 0.7
    np.testing.assert_allclose(track["mean"][0, 0], foot(51)[0], atol=40)


def test_limits_hold() -> None:
    track = skate(40)
    assert reachable(track[0], *foot(40), 60.0, 1 / FPS, TO_PLANE, RECORD[0])
    elsewhere = place(TO_IMAGE, -RADIUS, 0.0)
    assert not reachable(track[0], *elsewhere, 60.0, 1 / FPS, TO_PLANE, RECORD[0])
    ground_correct(track[0], *place(TO_IMAGE, 100.0, 0.0), 60.0, 1 / FPS, TO_PLANE, RECORD[0])
    assert np.hypot(*track["ground_rate"][0]) <= SKATERS.speed_limit_mps + 1e-9
    assert abs(track["turn"][0]) <= SKATERS.turn_limit_mps2 / np.hypot(*track["ground_rate"][0]) + 1e-9


def test_the_plane_may_come_and_go() -> None:
    frames = 60
    box = np.array([[foot(f)[0] - 15, foot(f)[1] - 60, 30.0, 60.0] for f in range(frames)])
    numbers = np.arange(1, frames + 1, dtype=np.int32)
    to_plane = np.tile(TO_PLANE, (frames, 1, 1))
    to_plane[20:40] = np.nan
    table = DetectionTable(numbers, box, np.full(frames, 0.95), foot=np.full((frames, 2), np.nan))
    tracks = track_online(table, numbers, numbers / FPS, to_plane=to_plane)
    assert set(tracks.id) == {1}
    assert len(tracks) == frames
    state = new_state()
    for f in range(frames):
        assert step(state, box[f : f + 1], np.array([0.95]), f / FPS, to_plane=to_plane[f]).id.tolist() == [1]
