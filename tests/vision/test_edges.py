"""Edges of painted pictures."""

import numpy as np
import pytest

from vision.edges import (
    COLUMN,
    ELSEWHERE,
    INTO_PAINT,
    OFF_SURFACE,
    ONTO_SURFACE,
    REACH,
    ROW,
    SURFACE_SATURATION,
    find_edges,
    read_lines,
    scan_lines,
)

NOBODY = np.empty((0, 4))
ICE, PALE, MATS = (245, 240, 238), (215, 205, 130), (120, 40, 20)


def picture(width=640, height=360):
    """Mats above row 100 and below row 300, paint from row 200 on, at 640 wide."""
    scale = width / 640
    image = np.empty((height, width, 3), np.uint8)
    image[:] = ICE
    image[int(200 * scale) :] = PALE
    image[: int(100 * scale)] = MATS
    image[int(300 * scale) :] = MATS
    return image


def rows_of(edges, kind, along=COLUMN):
    return edges.xy[(edges.kind == kind) & (edges.along == along), 1]


def test_mats_ice_and_paint():
    edges = find_edges(7, picture(), NOBODY, None)
    assert set(edges.frame) == {7}
    for kind, row in ((ONTO_SURFACE, 100), (INTO_PAINT, 200), (OFF_SURFACE, 300)):
        found = rows_of(edges, kind)
        assert len(found) > 50
        assert np.abs(found - row).max() < 0.6
    assert not (edges.along == ROW).any()  # nothing changes along a row


def test_larger_pictures_give_the_same_places():
    small, large = find_edges(1, picture(), NOBODY, None), find_edges(1, picture(1280, 720), NOBODY, None)
    assert np.abs(np.median(rows_of(small, ONTO_SURFACE)) - np.median(rows_of(large, ONTO_SURFACE))) < 0.5


def test_people_and_graphics_are_left_out():
    graphics = np.zeros((360, 640), bool)
    graphics[250:, :300] = True
    edges = find_edges(1, picture(), np.array([[400.0, 60.0, 60.0, 80.0]]), graphics)
    at = edges.xy[edges.along == COLUMN]
    assert not ((at[:, 0] > 398) & (at[:, 0] < 462) & (at[:, 1] > 60) & (at[:, 1] < 140)).any()
    assert not ((at[:, 0] < 298) & (at[:, 1] > 255)).any()
    assert ((at[:, 0] < 298) & (np.abs(at[:, 1] - 100) < 1)).any()


def test_edges_off_the_rink_are_told_apart():
    image = picture()
    image[40:60] = (30, 200, 230)
    found = rows_of(find_edges(1, image, NOBODY, None), ELSEWHERE)
    assert (np.abs(found - 40) < 1).any()
    assert (np.abs(found - 60) < 1).any()


def test_a_picture_of_one_colour_has_none():
    assert len(find_edges(1, np.full((360, 640, 3), 240, np.uint8), NOBODY, None)) == 0


def patches(seed, height=40, width=60):
    """Patches of colours from bare ice to black, with noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice([ICE, PALE, MATS, (0, 0, 0)], (height // 8, width // 12))
    fine = np.repeat(np.repeat(coarse, 8, axis=0), 12, axis=1) + rng.integers(-9, 10, (height, width, 3))
    return np.clip(fine, 0, 255).astype(np.uint8)


def read(picture, covered, middle, bright):
    shape = len(middle), len(picture)
    out = np.empty((*shape, 3), np.int32), np.empty(shape, np.uint8), np.empty(shape, np.uint8)
    saturation = np.empty(shape, np.float32)
    read_lines(picture, covered, middle, np.float32(bright), *out, saturation)
    return *out, saturation


def naive_scan(lines, hidden, surface, saturation, least, most):
    """Rows of line, place and kind, in no order: the obvious way to ``scan_lines``."""
    rows = []
    for k in range(len(lines)):
        length = len(lines[k])
        contrast, at_edge = np.zeros(length), []
        for i in range(REACH, length - REACH):
            if not hidden[k, i - REACH : i + REACH].any():
                step = (lines[k, i : i + REACH].mean(axis=0) - lines[k, i - REACH : i].mean(axis=0)) / 3
                contrast[i] = np.sqrt((step**2).mean())
        for i in range(2 * REACH, length - 2 * REACH):
            around = contrast[i - REACH : i + REACH + 1]
            if contrast[i] < least or i - REACH + int(around.argmax()) != i:
                continue
            before, after = slice(i - 1 - REACH, i - 1), slice(i + 1, i + 1 + REACH)
            on_before, on_after = (surface[k, side].mean() > 0.5 for side in (before, after))
            paler = saturation[k, before].sum() > saturation[k, after].sum()
            kind = (4 if paler else 3) if on_before and on_after else 1 if on_after else 2 if on_before else 0
            bend = contrast[i - 1] - 2 * contrast[i] + contrast[i + 1]
            offset = 0.5 * (contrast[i - 1] - contrast[i + 1]) / bend if bend < 0 else 0.0
            at_edge.append((contrast[i], k, i - 0.5 + offset, kind))
        for on_surface in (False, True):
            of_sort = sorted((row for row in at_edge if (row[3] > 0) == on_surface), reverse=True)
            rows += [row[1:] for row in of_sort[: most[on_surface]]]
    return np.array(sorted(rows)).reshape(-1, 3)


@pytest.mark.parametrize("seed", range(6))
def test_lines_are_read_and_scanned_as_their_naive_twins_do(seed):
    picture, middle = patches(seed), np.arange(6, 59, 12)
    covered = np.zeros(picture.shape[:2], np.uint8)
    covered[10:16, 20:40] = 1
    lines, hidden, surface, saturation = read(picture, covered, middle, 120.0)
    wide = picture.astype(int)
    np.testing.assert_array_equal(lines, sum(wide[:, middle + k] for k in (-1, 0, 1)).swapaxes(0, 1))
    np.testing.assert_array_equal(hidden, covered[:, middle].T)
    at = wide[:, middle].swapaxes(0, 1)
    pale = 1 - at.min(axis=2) / np.maximum(at.max(axis=2), 1)
    np.testing.assert_allclose(saturation, pale, atol=1e-6)
    np.testing.assert_array_equal(surface, (at.min(axis=2) > 120) & (pale < SURFACE_SATURATION))

    most = 3, 2
    found = np.empty((len(middle) * sum(most), 3), np.float32)
    n = scan_lines(lines, hidden, surface, saturation, REACH, 6.0, most, found)
    expected = naive_scan(lines, hidden, surface, saturation, 6.0, most)
    assert n == len(expected) > 5
    got = found[:n][np.lexsort(found[:n, ::-1].T)]
    np.testing.assert_allclose(got, expected, atol=1e-3)
