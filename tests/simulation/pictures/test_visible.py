import numpy as np

from simulation.pictures.visible import BEFORE, NOBODY, look_at

FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
NOTHING = (np.zeros((0, 2)), np.zeros(0), np.zeros((0, 3), np.int32))
SIZE = (60, 40)


def square(x, y, w, h):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], float)


def look(squares, depths, in_front=NOTHING, helmet=(True, False)):
    pixels = np.stack([square(*one) for one in squares])
    depth = np.repeat(np.array(depths, float)[:, None], 4, axis=1)
    feet = np.array([[x + w / 2, y + h - 0.5] for x, y, w, h in squares])
    step = np.zeros_like(pixels)
    return look_at(pixels, depth, step, FACES, np.array(helmet), in_front, (feet, np.array(depths, float)), SIZE)


def test_two_apart_are_seen_whole():
    seen = look([(5, 5, 10, 20), (30, 5, 10, 20)], [10, 12])
    np.testing.assert_allclose(seen.visibility, 1.0)
    np.testing.assert_allclose(seen.box, [[5, 5, 10, 20], [30, 5, 10, 20]])
    assert (seen.people == 0).sum() == (seen.people == 1).sum() == 200
    assert (seen.people == NOBODY).sum() == 60 * 40 - 400


def test_the_nearer_hides_the_farther_whatever_the_order():
    for depths, hidden in (([10, 20], 1), ([20, 10], 0)):
        seen = look([(5, 5, 10, 20), (10, 5, 10, 20)], depths)
        assert seen.visibility[hidden] == 0.5
        assert seen.visibility[1 - hidden] == 1.0
        np.testing.assert_allclose(seen.box[hidden, 2:], [10, 20])


def test_mats_in_front_hide_the_feet():
    mats = (square(0, 20, 60, 20), np.full(4, 2.0), FACES)
    seen = look([(5, 5, 10, 20)], [10], mats)
    assert seen.visibility[0] == 0.75
    assert np.isnan(seen.foot[0]).all()
    assert (seen.people == BEFORE).sum() == 60 * 20
    np.testing.assert_allclose(look([(5, 5, 10, 20)], [1], mats).visibility, 1.0)


def test_feet_behind_another_skater_are_known():
    seen = look([(5, 5, 10, 20), (5, 15, 10, 20)], [20, 10])
    np.testing.assert_allclose(seen.foot[0], [10, 24.5])


def test_boxes_end_at_the_picture_and_visibility_counts_what_is_outside():
    seen = look([(-5, 5, 10, 20)], [10])
    np.testing.assert_allclose(seen.box[0], [0, 5, 5, 20])
    assert seen.visibility[0] == 0.5


def test_who_is_outside_or_behind_the_camera_has_no_box():
    seen = look([(80, 5, 10, 20), (np.nan, 5, 10, 20)], [10, -3])
    assert np.isnan(seen.box).all()
    assert (seen.visibility == 0).all()


def test_the_helmet_has_a_box_and_visibility_of_its_own():
    seen = look([(5, 5, 10, 20)], [10])
    assert seen.helmet_visibility[0] == 1.0
    np.testing.assert_allclose(seen.helmet[0], [5, 5, 10, 20])


def test_velocity_is_that_of_the_nearest():
    pixels = np.stack([square(5, 5, 10, 10), square(5, 5, 10, 10)])
    step = np.stack([np.full((4, 2), 3.0), np.full((4, 2), -2.0)])
    feet = (np.zeros((2, 2)), np.ones(2))
    depth = np.array([[9.0] * 4, [5.0] * 4])
    seen = look_at(pixels, depth, step, FACES, np.array([True, False]), NOTHING, feet, SIZE)
    np.testing.assert_allclose(seen.velocity[10, 10], [-2, -2], atol=1e-6)
