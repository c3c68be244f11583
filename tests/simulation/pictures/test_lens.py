import cv2
import numpy as np
import pytest

from simulation.camera import Camera, look
from simulation.pictures.lens import _sweep, blur, camera_step, comb, sensor


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


@pytest.mark.parametrize("somebody", [True, False])
def test_ground_and_people_are_laid_over_each_other_as_written_in_numpy(somebody):
    rng = np.random.default_rng(3)
    sharp = rng.integers(0, 256, (48, 80, 3), np.uint8)
    people, wider = np.full((48, 80), -1, np.int16), np.zeros((48, 80), bool)
    if somebody:
        people[10:40, 15:60] = 0  # wider than the camera's way: some of the ground is never seen
        wider[9:41, 14:61] = True  # the edges go with the people
    velocity = np.where(people[..., None] >= 0, np.float32([3, 1]), np.float32(0))
    step = np.array([[1.02, 0, 7], [0, 1.02, -2], [0, 0, 1]])
    masked = np.where(wider[..., None], np.uint8(0), sharp)
    free = (~wider).astype(np.float32)
    total = _sweep(np.dstack([masked, (255 * free).astype(np.uint8)]), step)
    weight = total[..., 3:] / 255
    around = cv2.blur(masked, (25, 25)) / np.maximum(cv2.blur(free, (25, 25)), 0.02)[..., None]
    known = np.minimum(weight, 1)
    ground = total[..., :3] / np.maximum(weight, 1e-3) * known + around * (1 - known)
    paint, cover = np.zeros((48, 80, 3)), np.zeros((48, 80))
    for y, x in np.argwhere(wider):
        taps = 1 + int(np.ceil(np.hypot(3, 1)))
        for share in (np.arange(taps) + 0.5) / taps - 0.5:
            column, row = int(np.floor(x + 3 * share + 0.5)), int(np.floor(y + share + 0.5))
            cover[row, column] += 1 / taps
            paint[row, column] += sharp[y, x] / taps
    over = np.minimum(cover, 1)[..., None]
    expected = ground * (1 - over) + paint / np.maximum(cover, 1)[..., None]
    filled = cv2.medianBlur(cover.astype(np.float32), 3) > cover
    thin = filled | ((cover > 0) & (cover < 0.25))  # the colour is that of the pixels around, the cover more
    assert np.abs(blur(sharp, people, velocity, step) - expected)[~thin].max() < 0.51
    assert thin.mean() < 0.05


def test_a_leg_whose_pixels_part_has_no_holes():
    sharp = np.full((60, 80, 3), 220, np.uint8)
    people = np.full((60, 80), -1, np.int16)
    people[10:50, 30:45] = 0
    sharp[people == 0] = 20
    velocity = np.zeros((60, 80, 2), np.float32)
    turn = np.arange(60)[:, None] - 10  # swings about its upper end
    velocity[..., 0] = np.where(people >= 0, -0.5 * turn, 0)
    velocity[..., 1] = np.where(people >= 0, 0.4 * turn, 0)
    inside = blur(sharp, people, velocity, np.eye(3))[14:32, 36:39, 0]
    assert inside.max() < 30


def test_exposure_is_as_written_in_numpy():
    picture = np.random.default_rng(4).integers(0, 256, (40, 60, 3), np.uint8)
    rng = np.random.default_rng(5)
    bright = picture * np.array([0.97, 1.0, 1.03]) * 1.1
    over = np.maximum(bright - 225, 0)
    grain = rng.standard_normal((40, 60), np.float32)[..., None]
    tint = cv2.resize(rng.standard_normal((20, 30, 3), np.float32), (60, 40))
    expected = np.clip(bright - over**2 / (over + 60) + 3 * grain + 1.5 * tint, 0, 255)
    got = sensor(picture, 1.1, 0.03, 3.0, np.random.default_rng(5))
    assert np.abs(got - np.floor(expected)).max() <= 1
    assert (got == np.floor(expected)).mean() > 0.999


def test_exposure_brightens_and_never_wraps_round():
    grey = np.full((40, 60, 3), 120, np.uint8)
    rng = np.random.default_rng(2)
    assert sensor(grey, 1.2, 0.0, 1.0, rng).mean() > 140
    assert sensor(np.full_like(grey, 250), 1.3, 0.0, 4.0, rng).min() > 200


def test_combing_takes_every_other_line_from_the_picture_before():
    now, before = np.full((4, 6, 3), 9, np.uint8), np.full((4, 6, 3), 5, np.uint8)
    assert comb(now, before)[:, 0, 0].tolist() == [9, 5, 9, 5]
