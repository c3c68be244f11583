"""Edges of painted pictures."""

import numpy as np

from vision.edges import COLUMN, ELSEWHERE, INTO_PAINT, OFF_SURFACE, ONTO_SURFACE, ROW, find_edges

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
