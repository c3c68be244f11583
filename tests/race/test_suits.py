import numpy as np

from race.suits import PALETTE, distinct_colours


def test_every_suit_gets_a_colour_of_its_own_that_it_has():
    red, blue, white = (np.eye(len(PALETTE))[k] for k in (16, 12, 5))
    suits = np.array([0.6 * white + 0.4 * red, 0.6 * white + 0.4 * blue, 0.9 * white + 0.1 * red])
    colours = distinct_colours(suits)
    assert len(set(colours)) == 3
    assert colours[2] == "#f1f1f1"  # the one who is mostly white
    assert all(colour is not None and len(colour) == 7 for colour in colours)


def test_unknown_suits_have_no_colour():
    assert distinct_colours(np.full((2, len(PALETTE)), np.nan)) == [None, None]
    assert distinct_colours(np.empty((0, len(PALETTE)))) == []


def test_colours_are_those_of_cie_lab():
    """Lab (58, 67.1, 49.6) and its neighbours would need an expected value; grey needs none: R = G = B."""
    for k in range(6):
        row = np.zeros((1, len(PALETTE)))
        row[0, k] = 1
        (colour,) = distinct_colours(row)
        assert colour is not None
        assert colour[1:3] == colour[3:5] == colour[5:7]
