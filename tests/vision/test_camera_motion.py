"""Made pictures of a textured wall and ice, seen by a camera whose motion is known exactly."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from vision.alignment import (
    FIRST_SCALE,
    FOCAL,
    GAIN,
    ITERATIONS,
    NOISE,
    OFFSET,
    PAN,
    ROLL,
    SMALL_STEP,
    TILT,
    ZOOM,
    Level,
    accumulate,
    picture_homography,
    pyramid,
    refine,
    rotation,
    search,
    texture,
)
from vision.camera_motion import CameraMotion, watch_still

WIDTH, HEIGHT = 640, 360
NOBODY = np.zeros((0, 4))


def panorama(seed: int = 0, contrast: float = 60.0) -> np.ndarray:
    """A wide picture (720, 4000, 3): boards with coloured patches above, white ice with faint marks below."""
    rng = np.random.default_rng(seed)
    picture = np.full((720, 4000), 205.0)
    boards = cv2.resize(rng.uniform(-1, 1, (9, 100)), (4000, 360), interpolation=cv2.INTER_NEAREST)
    picture[:360] = 110 + contrast * boards
    marks = cv2.resize(rng.normal(0, 1, (90, 1000)), (4000, 360), interpolation=cv2.INTER_CUBIC)
    picture[360:] += 0.05 * contrast * marks
    return np.clip(cv2.GaussianBlur(picture, (0, 0), 1.5), 0, 255)


def rotate(pan: float, tilt: float, roll: float) -> np.ndarray:
    return (
        cv2.Rodrigues(np.array([0.0, 0.0, roll]))[0]
        @ cv2.Rodrigues(np.array([tilt, 0.0, 0.0]))[0]
        @ cv2.Rodrigues(np.array([0.0, pan, 0.0]))[0]
    )


def camera(pan: float, tilt: float, roll: float, focal: float) -> np.ndarray:
    """Pixels of the panorama (a plane 1000 px before the camera) -> pixels of a camera; focal in picture widths."""
    lens = np.array([[focal * WIDTH, 0, (WIDTH - 1) / 2], [0, focal * WIDTH, (HEIGHT - 1) / 2], [0, 0, 1]])
    plane = np.array([[1, 0, -2000], [0, 1, -360], [0, 0, 1000.0]])
    return lens @ rotate(pan, tilt, roll) @ plane


def shoot(world: np.ndarray, view: np.ndarray) -> np.ndarray:
    picture = cv2.warpPerspective(world, view, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    return cv2.cvtColor(picture.astype(np.uint8), cv2.COLOR_GRAY2BGR)


def error_px(homography: np.ndarray, truth: np.ndarray) -> float:
    """Largest error of the picture's corners and middle, pixels."""
    points = np.array([[0, 639, 0, 639, 320], [0, 0, 359, 359, 180], [1, 1, 1, 1, 1.0]])
    found, right = homography @ points, truth @ points
    return float(np.linalg.norm(found[:2] / found[2] - right[:2] / right[2], axis=0).max())


def follow(views: list[np.ndarray], world: np.ndarray) -> tuple[list[float], list[float]]:
    """Errors (pixels) and qualities of every motion of a shot after the first five."""
    camera_motion, errors, qualities = CameraMotion(), [], []
    for k, view in enumerate(views):
        homography, quality = camera_motion.update(shoot(world, view), NOBODY)
        if k > 5:
            errors.append(error_px(homography, view @ np.linalg.inv(views[k - 1])))
            qualities.append(quality)
    return errors, qualities


def fast_pan(frames: int, step_px: float = 45.0, focal: float = 2.0) -> list[np.ndarray]:
    return [camera(-0.6 + k * step_px / (focal * WIDTH), 0.0, 0.0, focal) for k in range(frames)]


@pytest.mark.parametrize(
    "views",
    [
        pytest.param([camera(0.1, 0.0, 0.0, 2.0)] * 12, id="at rest"),
        pytest.param(fast_pan(16), id="pan of 7 % of the width a frame"),
        pytest.param([camera(0, 0, 0, 1.6 * 1.025**k) for k in range(16)], id="zoom of 2.5 % a frame"),
        pytest.param(
            [camera(0.015 * k - 0.2, 0.002 * k, 0.001 * k, 2.5 * 0.98**k) for k in range(16)], id="all together"
        ),
    ],
)
def test_motion_is_found_to_a_fraction_of_a_pixel(views: list[np.ndarray]) -> None:
    errors, qualities = follow(views, panorama())
    assert max(errors) < 1.0
    assert min(qualities) > 0.5


def test_focal_length_is_learnt_from_a_pan() -> None:
    camera_motion, world = CameraMotion(), panorama()
    for view in [camera(-0.5 + 0.03 * k, 0.0, 0.0, 1.3) for k in range(30)]:
        camera_motion.update(shoot(world, view), NOBODY)
    assert camera_motion.focal_length == pytest.approx(1.3, rel=0.1)


def test_a_pan_that_jerks_is_found_by_searching() -> None:
    pans = np.cumsum([0.0] * 8 + [0.035] * 4)
    errors, _ = follow([camera(pan - 0.3, 0.0, 0.0, 2.0) for pan in pans], panorama())
    assert max(errors) < 1.5


def test_moving_people_do_not_carry_the_camera_along() -> None:
    """A skater who keeps his place in the picture fills a third of it; the background pans behind him."""
    world, rng = panorama(), np.random.default_rng(5)
    skater = cv2.resize(rng.uniform(0, 255, (30, 20)), (200, 280), interpolation=cv2.INTER_NEAREST)[..., None]
    boxes = np.array([[220.0, 60.0, 200.0, 280.0]])
    views, camera_motion = fast_pan(14), CameraMotion()
    for k, view in enumerate(views):
        picture = shoot(world, view)
        picture[60:340, 220:420] = skater
        homography, _ = camera_motion.update(picture, boxes)
        if k > 5:
            assert error_px(homography, view @ np.linalg.inv(views[k - 1])) < 1.5


def test_a_standing_graphic_is_found_and_left_out() -> None:
    """After some seconds over textured boards the score bug is known, so that nearly bare ice is followed too."""
    camera_motion, rng = CameraMotion(), np.random.default_rng(3)
    bug = cv2.resize(rng.uniform(0, 255, (8, 60)), (360, 48), interpolation=cv2.INTER_NEAREST)[..., None]
    world = panorama()
    views = [camera(-0.9 + 0.02 * k, 0.0 if k < 40 else -0.02 * min(k - 40, 15), 0.0, 2.0) for k in range(70)]
    for k, view in enumerate(views):
        picture = shoot(world, view)
        picture[295:343, 100:460] = bug
        homography, _ = camera_motion.update(picture, NOBODY)
        if k > 56:
            assert error_px(homography, view @ np.linalg.inv(views[k - 1])) < 3.0
    graphics = camera_motion.graphics(None, picture.shape[:2])
    assert graphics is not None and graphics.shape == picture.shape[:2]
    assert graphics[295:343, 100:460].mean() > 0.7
    graphics[285:353, 90:470] = False
    assert graphics.mean() < 0.02


def test_a_graphics_mask_is_left_out_from_the_first_picture() -> None:
    rng = np.random.default_rng(3)
    bug = cv2.resize(rng.uniform(0, 255, (25, 40)), (400, 250), interpolation=cv2.INTER_NEAREST)[..., None]
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[50:300, 100:500] = True
    camera_motion, world = CameraMotion(), panorama()
    views = fast_pan(4, step_px=15.0)
    for k, view in enumerate(views):
        picture = shoot(world, view)
        picture[50:300, 100:500] = bug
        homography, _ = camera_motion.update(picture, NOBODY, mask)
        if k > 1:
            assert error_px(homography, view @ np.linalg.inv(views[k - 1])) < 1.5


def test_a_fade_in_is_followed() -> None:
    world, views, camera_motion = panorama(), fast_pan(14, step_px=10.0), CameraMotion()
    for k, view in enumerate(views):
        faded = (shoot(world, view) * min(1.0, 0.15 * 1.2**k)).astype(np.uint8)
        homography, _ = camera_motion.update(faded, NOBODY)
        if k > 2:
            assert error_px(homography, view @ np.linalg.inv(views[k - 1])) < 1.5


def is_unknown(answer: tuple[np.ndarray, float]) -> bool:
    return bool(np.isnan(answer[0]).all() and np.isnan(answer[1]))


def test_first_picture_black_picture_and_the_one_after_are_unknown() -> None:
    world, view, camera_motion = panorama(), camera(0, 0, 0, 2.0), CameraMotion()
    assert is_unknown(camera_motion.update(shoot(world, view), NOBODY))
    assert not is_unknown(camera_motion.update(shoot(world, view), NOBODY))
    assert is_unknown(camera_motion.update(np.zeros((HEIGHT, WIDTH, 3), np.uint8), NOBODY))
    assert is_unknown(camera_motion.update(shoot(world, view), NOBODY))


def test_a_cut_is_unknown_and_the_motion_after_it_known() -> None:
    camera_motion = CameraMotion()
    for view in fast_pan(8):
        camera_motion.update(shoot(panorama(0), view), NOBODY)
    other = np.roll(panorama(1), 90, axis=0)  # boards and ice meet elsewhere in the picture
    views = fast_pan(4, step_px=5.0)
    assert is_unknown(camera_motion.update(shoot(other, views[0]), NOBODY))
    homography, _ = camera_motion.update(shoot(other, views[1]), NOBODY)
    assert error_px(homography, views[1] @ np.linalg.inv(views[0])) < 1.5


def test_plain_white_is_unknown_and_not_rest() -> None:
    camera_motion = CameraMotion()
    white = np.full((HEIGHT, WIDTH, 3), 220, np.uint8)
    assert all(is_unknown(camera_motion.update(white, NOBODY)) for _ in range(4))


def test_people_over_the_whole_picture_are_unknown() -> None:
    camera_motion, world = CameraMotion(), panorama()
    everywhere = np.array([[0.0, 0.0, WIDTH, HEIGHT]])
    answers = [camera_motion.update(shoot(world, view), everywhere) for view in fast_pan(4)]
    assert all(is_unknown(answer) for answer in answers)


def test_quality_falls_with_contrast() -> None:
    views = fast_pan(12, step_px=12.0)
    _, clear = follow(views, panorama(contrast=60.0))
    _, faint = follow(views, panorama(contrast=6.0))
    assert np.nanmedian(faint) < np.median(clear)


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_the_homography_is_in_pixels_of_the_picture_given(scale: float) -> None:
    views, world, camera_motion = fast_pan(8, step_px=20.0), panorama(), CameraMotion()
    size = int(WIDTH * scale), int(HEIGHT * scale)
    for view in views:
        homography, _ = camera_motion.update(cv2.resize(shoot(world, view), size), NOBODY)
    x, y, w = homography @ np.array([(size[0] - 1) / 2, (size[1] - 1) / 2, 1.0])
    assert (x / w - (size[0] - 1) / 2) / scale == pytest.approx(20.0, abs=0.5)
    assert (y / w - (size[1] - 1) / 2) / scale == pytest.approx(0.0, abs=0.5)


def naive_residual(level: Level, point: np.ndarray, value: float, pose: np.ndarray) -> float:
    """Brightness of ``level`` where ``pose`` takes the point, less what gain and offset make of ``value``."""
    height, width = level.grey.shape
    pixel = point * width + np.array([(width - 1) / 2, (height - 1) / 2])
    x, y, w = picture_homography(pose, width, height) @ np.array([*pixel, 1.0])
    patch = cv2.remap(level.grey, np.float32([[x / w]]), np.float32([[y / w]]), cv2.INTER_LINEAR)
    return float(patch[0, 0]) - pose[GAIN] * value - pose[OFFSET]


def some_pose() -> np.ndarray:
    pose = np.zeros(7)
    pose[[PAN, TILT, ROLL, ZOOM, FOCAL, GAIN, OFFSET]] = 0.03, -0.01, 0.004, 0.02, np.log(1.4), 1.1, -3.0
    return pose


def test_residuals_agree_with_the_naive_twin() -> None:
    world = panorama()
    before = pyramid(shoot(world, camera(0, 0, 0, 1.4)), NOBODY, None)[-1]
    now = pyramid(shoot(world, camera(0.02, 0, 0, 1.4)), NOBODY, None)[-1]
    points, values = texture(before, 12)
    residual, inside = np.zeros(len(points)), np.zeros(len(points), dtype=bool)
    accumulate(points, values, now, some_pose(), 10.0, residual, inside, np.zeros((7, 7)), np.zeros(7))
    assert 50 < inside.sum() < len(points)
    for k in np.flatnonzero(inside)[::7]:
        # cv2.remap rounds to 1/32 of a pixel
        assert residual[k] == pytest.approx(naive_residual(now, points[k], values[k], some_pose()), abs=1.0)


def test_gradient_agrees_with_differences_of_the_cost() -> None:
    """On a smooth picture the gradient is the derivative of half the weighted sum of squares, weights held."""
    y, x = np.mgrid[0:180, 0:320].astype(np.float32)
    grey = 120 + 40 * np.sin(x / 25) + 30 * np.cos(y / 20)
    dx, dy = 40 / 25 * np.cos(x / 25), -30 / 20 * np.sin(y / 20)
    now = Level(grey, dx.astype(np.float32), dy.astype(np.float32), np.zeros(grey.shape, dtype=bool), 5)
    points = np.random.default_rng(0).uniform(-0.2, 0.2, (200, 2))
    values = np.full(200, 118.0)

    def equations(pose: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        residual, inside = np.zeros(200), np.zeros(200, dtype=bool)
        normal, gradient = np.zeros((7, 7)), np.zeros(7)
        accumulate(points, values, now, pose, 1e6, residual, inside, normal, gradient)  # every weight the same
        assert inside.all()
        return residual, normal, gradient

    residual, normal, gradient = equations(some_pose())
    unit = normal[OFFSET, OFFSET] / 200  # the weight
    for parameter in range(7):
        step = np.zeros(7)
        step[parameter] = 1e-3
        above, below = equations(some_pose() + step)[0], equations(some_pose() - step)[0]
        slope = (above - below) / 2e-3
        assert gradient[parameter] / unit == pytest.approx(slope @ residual, rel=0.03, abs=30.0)
        # turning after the pose's own turn stands for changing its rotation vector, to first order in the angles
        assert normal[parameter, parameter] / unit == pytest.approx(slope @ slope, rel=0.1)


@pytest.mark.parametrize("size", [0.0, 1e-9, 1e-3, 0.5])
def test_the_rotation_is_that_of_rodrigues(size: float) -> None:
    pose = np.zeros(7)
    pose[[PAN, TILT, ROLL, FOCAL]] = size, -0.7 * size, 0.3 * size, np.log(1.4)
    expected = cv2.Rodrigues(np.array([-0.7 * size / 1.4, size / 1.4, 0.3 * size]))[0]
    np.testing.assert_allclose(rotation(pose), expected, atol=1e-12)


def test_refining_takes_the_steps_of_its_naive_twin() -> None:
    world = panorama()
    before = pyramid(shoot(world, camera(0, 0, 0, 1.4)), NOBODY, None)[-1]
    now = pyramid(shoot(world, camera(0.004, -0.002, 0.001, 1.42)), NOBODY, None)[-1]
    prior = np.array([0.0, 0, 0, 0, np.log(1.4), 1, 0])
    information = 1 / np.array([0.02, 0.02, 0.01, 0.02, 0.5, 0.3, 20.0]) ** 2
    points, values = texture(before, before.cell)
    residual, inside = np.zeros(len(points)), np.zeros(len(points), dtype=bool)
    pose, scale = prior.copy(), FIRST_SCALE
    for _ in range(ITERATIONS):
        normal, gradient = np.diag(information), information * (pose - prior)
        accumulate(points, values, now, pose, scale, residual, inside, normal, gradient)
        step = np.linalg.solve(normal, -gradient)
        pose += step
        scale = max(NOISE, 1.4826 * float(np.median(np.abs(residual[inside]))))
        if np.abs(step[:4]).max() < SMALL_STEP:
            break
    found = refine(before, now, prior, prior, information)
    np.testing.assert_allclose(found.pose, pose, atol=1e-9)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(normal), rtol=1e-6)
    assert np.abs(pose[:4]).max() > 1e-3


def test_search_finds_any_shift_it_reaches() -> None:
    world = panorama()
    before = pyramid(shoot(world, camera(0, 0, 0, 2.0)), NOBODY, None)[-1]
    now = pyramid(shoot(world, camera(0.06, -0.015, 0, 2.0)), NOBODY, None)[-1]
    prior = np.array([0.0, 0, 0, 0, np.log(2.0), 1, 0])
    np.testing.assert_allclose(search(before, now, prior), [0.12, -0.03], atol=2.5 / 320)


def test_still_texture_is_told_from_texture_that_moves() -> None:
    rng = np.random.default_rng(0)
    wall = np.float32(cv2.GaussianBlur(cv2.resize(rng.uniform(0, 255, (45, 200)), (800, 180)), (0, 0), 1.0))
    shift = np.array([[1.0, 0, -6], [0, 1, 0], [0, 0, 1]])
    still = np.zeros((180, 320), dtype=np.float32)
    nothing = np.zeros((180, 320), dtype=bool)
    logo = wall[100:130, 700:780].copy()
    pictures = []
    for k in range(40):
        picture = wall[:, 6 * k : 6 * k + 320].copy()
        picture[20:50, 30:110] = logo
        pictures.append(picture)
    for before, now in pairwise(pictures):
        dx, dy = (cv2.Scharr(now, cv2.CV_32F, *order, scale=1 / 32) for order in ((1, 0), (0, 1)))
        watch_still(before, now, dx, dy, nothing, shift, still)
    outside = np.ones(still.shape, dtype=bool)
    outside[18:52, 28:112] = False
    assert (still[22:48, 32:108] > 0.6).mean() > 0.3  # where it has edges across the motion
    assert (still[outside] > 0.6).mean() < 0.01
