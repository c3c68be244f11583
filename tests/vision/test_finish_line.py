import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vision.finish_line import (
    CLIP,
    ICE_SATURATION,
    ICE_VALUE,
    darker_than_both_sides,
    find_lines,
    read_ice,
    sheared_sums,
)

WIDTH, HEIGHT = 640, 360
NOBODY = np.empty((0, 4))


def naive_sheared_sums(response, valid, darker, slopes):
    height, width = response.shape
    total, count, positive = (np.zeros((len(slopes), width)) for _ in range(3))
    for k, slope in enumerate(slopes):
        for x in range(width):
            for y in range(height):
                at = x + round(slope * (y - height / 2))
                if 0 <= at < width:
                    total[k, x] += response[y, at]
                    count[k, x] += valid[y, at]
                    positive[k, x] += darker[y, at]
    return total, count, positive


@given(
    arrays(np.float32, (7, 11), elements=st.floats(-20, 20, width=32)),
    arrays(np.int16, (7, 11), elements=st.integers(0, 1)),
)
@settings(max_examples=30, deadline=None)
def test_sheared_sums_against_the_obvious_loop(response, valid):
    slopes = np.array([-1.0, -0.4, 0.0, 0.3, 2.0])
    response = response * valid
    darker = (response > 0.5).astype(np.int16)
    out = np.zeros((5, 11), np.float32), np.zeros((5, 11), np.int16), np.zeros((5, 11), np.int16)
    sheared_sums(response, valid, darker, slopes, *out)
    for got, expected in zip(out, naive_sheared_sums(response, valid, darker, slopes), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-3)


def naive_darker(grey, ice, around, reach):
    height, width = grey.shape
    padded = np.pad(grey.astype(float), ((0, 0), (around, around)), mode="reflect")
    mean = np.stack([padded[:, x : x + 2 * around + 1].mean(axis=1) for x in range(width)], axis=1)
    response, valid = np.zeros(grey.shape), np.zeros(grey.shape)
    for y in range(height):
        for x in range(reach, width - reach):
            if ice[y, x] and ice[y, x - reach] and ice[y, x + reach]:
                valid[y, x] = 1
                response[y, x] = np.clip(min(mean[y, x - reach], mean[y, x + reach]) - mean[y, x], -CLIP, CLIP)
    return response, valid


@pytest.mark.parametrize(("around", "reach"), [(0, 3), (2, 6), (5, 11), (9, 19)])
def test_darkness_against_the_obvious_loop(around, reach):
    rng = np.random.default_rng(around)
    grey = rng.integers(0, 256, (6, 50)).astype(np.uint8)
    ice = rng.random((6, 50)) > 0.1
    ice[2] = False
    response, valid = np.full((6, 50), np.nan, np.float32), np.full((6, 50), -1, np.int16)
    darker = np.full((6, 50), -1, np.int16)
    darker_than_both_sides(grey, ice, around, reach, response, valid, darker)
    expected, on_ice = naive_darker(grey, ice, around, reach)
    np.testing.assert_allclose(response, expected, atol=1e-4)
    np.testing.assert_array_equal(valid, on_ice)
    np.testing.assert_array_equal(darker, response > 0.5)
    assert valid.any()


@pytest.mark.parametrize("height", [2, 9, 10])
def test_ice_and_brightness_are_those_of_opencv(height):
    picture = np.random.default_rng(height).integers(100, 256, (height, 200, 3)).astype(np.uint8)
    picture[:, 100:] = np.random.default_rng(height).integers(180, 256, (height, 100, 3))
    rows = (height + 1) // 2
    grey, ice = np.empty((rows, 200), np.uint8), np.empty((rows, 200), bool)
    read_ice(picture, grey, ice)
    np.testing.assert_array_equal(grey, cv2.blur(picture[..., 1].copy(), (1, 3))[::2])
    hsv = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)[::2]
    assert np.mean(ice != ((hsv[..., 2] > ICE_VALUE) & (hsv[..., 1] < ICE_SATURATION))) < 0.002  # rounding
    assert 0.1 < ice.mean() < 0.9


def ice(line_x=None, slope=0.0, contrast=60, thickness=2, blur_px=1, noise=2.0, seed=0):
    """White ice below a blue board, with a dark line from its upper edge down."""
    rng = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), 225.0)
    if line_x is not None:
        dark = np.zeros((HEIGHT, WIDTH))
        ends = [(line_x + slope * (y - HEIGHT / 2), y) for y in (100, HEIGHT)]
        (x0, y0), (x1, y1) = [(round(x), y) for x, y in ends]
        cv2.line(dark, (x0, y0), (x1, y1), 1.0, thickness)
        picture -= contrast * cv2.blur(dark, (blur_px, 1))[..., None]
    picture[:100] = (150, 60, 30)
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("line_x", [120.0, 320.0, 555.0])
@pytest.mark.parametrize("slope", [-0.2, 0.0, 0.15])
def test_a_line_is_found_where_it_is(line_x, slope):
    (line,) = find_lines(ice(line_x, slope), NOBODY)
    for x, y in ((line.x_top, line.y_top), (line.x_bottom, line.y_bottom)):
        assert x == pytest.approx(line_x + slope * (y - HEIGHT / 2), abs=4)
    assert line.y_top < 130
    assert line.y_bottom > 330


@pytest.mark.parametrize("blur_px", [9, 21, 35])
def test_a_line_that_a_pan_smears_is_found(blur_px):
    (line,) = find_lines(ice(300.0, blur_px=blur_px, contrast=90, thickness=3), NOBODY)
    assert (line.x_top + line.x_bottom) / 2 == pytest.approx(300, abs=6)


@pytest.mark.parametrize(
    "picture",
    [
        ice(),  # bare ice
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),  # a black picture
        np.full((HEIGHT, WIDTH, 3), (150, 60, 30), np.uint8),  # no ice at all
    ],
)
def test_no_line_where_there_is_none(picture):
    assert find_lines(picture, NOBODY) == []


def test_the_edge_of_a_paint_is_no_line():
    picture = ice()
    picture[100:, 400:] = (200, 200, 190)  # darker on one side only
    assert find_lines(picture, NOBODY) == []


def test_what_a_person_covers_is_no_line():
    picture = ice(300.0)
    assert len(find_lines(picture, NOBODY)) == 1
    assert find_lines(picture, np.array([[270.0, 90.0, 60.0, 270.0]])) == []


def test_pixels_are_those_of_the_picture_whatever_its_size():
    large = cv2.resize(ice(200.0), (1920, 1080), interpolation=cv2.INTER_CUBIC)
    (line,) = find_lines(large, NOBODY)
    assert line.x_bottom == pytest.approx(600, abs=12)
    assert line.y_bottom > 1000
