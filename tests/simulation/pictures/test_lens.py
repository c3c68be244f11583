import numpy as np

from simulation.camera import Camera, look
from simulation.pictures.lens import blur, camera_step, comb, sensor


def test_camera_step_maps_what_stands_still():
    size, place = (640, 360), np.array([0.0, -20.6, 4.05])
    camera = Camera(place, look(0.1, 0.2), 900.0, 0.0, size)
    ahead = Camera(place, look(0.13, 0.21), 940.0, 0.0, size)
    points = np.array([[1.0, 2.0, 0.0], [5.0, 9.0, 1.0], [0.0, 15.0, 1.4]])
    moved = np.column_stack([camera.project(points), np.ones(3)]) @ camera_step(camera, ahead).T
    np.testing.assert_allclose(moved[:, :2] / moved[:, 2:], ahead.project(points), atol=1e-8)


def test_nothing_moves_nothing_blurs():
    sharp = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    people = np.full((40, 60), -1, np.int16)
    people[10:20, 10:20] = 0
    same = blur(sharp, people, np.zeros((40, 60, 2), np.float32), np.eye(3))
    assert np.abs(same.astype(int) - sharp).max() <= 1


def test_a_pan_smears_the_ground_but_not_who_moves_along_with_the_camera():
    sharp = np.full((40, 60, 3), 200, np.uint8)
    sharp[:, 50] = 0  # a post
    people = np.full((40, 60), -1, np.int16)
    people[10:30, 20:30] = 0
    sharp[people == 0] = (10, 20, 30)
    step = np.array([[1.0, 0, 8], [0, 1, 0], [0, 0, 1]])
    out = blur(sharp, people, np.zeros((40, 60, 2), np.float32), step)
    assert (out[12:28, 21:29] == (10, 20, 30)).all()
    assert (out[12:28, 15:18] == 200).all()
    assert 100 < out[5, 50, 0] < 200
    assert out[5, 47, 0] < 200


def test_who_moves_is_smeared_over_the_ground():
    sharp = np.full((40, 60, 3), 200, np.uint8)
    people = np.full((40, 60), -1, np.int16)
    people[10:30, 20:30] = 0
    sharp[people == 0] = 0
    velocity = np.zeros((40, 60, 2), np.float32)
    velocity[people == 0] = (12, 0)
    row = blur(sharp, people, velocity, np.eye(3))[20, :, 0].astype(int)
    assert row[10] == 200 and row[45] == 200
    assert 20 < row[17] < 190
    assert (np.diff(row[13:25]) <= 1).all()


def test_exposure_brightens_and_never_wraps_round():
    grey = np.full((40, 60, 3), 120, np.uint8)
    rng = np.random.default_rng(2)
    assert sensor(grey, 1.2, 0.0, 1.0, rng).mean() > 140
    assert sensor(np.full_like(grey, 250), 1.3, 0.0, 4.0, rng).min() > 200


def test_combing_takes_every_other_line_from_the_picture_before():
    now, before = np.full((4, 6, 3), 9, np.uint8), np.full((4, 6, 3), 5, np.uint8)
    assert comb(now, before)[:, 0, 0].tolist() == [9, 5, 9, 5]
