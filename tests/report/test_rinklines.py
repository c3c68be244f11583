"""The rink drawn into pictures."""

import numpy as np
import polars as pl
import pytest

from race.observations import pose_columns
from race.rink import Rink
from report.rinklines import BLOCK, LINE, TRACK, RinkLines
from tests.vision.made_hall import SIZE, make_hall

SHIFT_M = 0.5


@pytest.fixture(scope="module")
def scene():
    _, poses, _ = make_hall(count=150, first_u=70.0)
    poses.focal_px[3] = np.nan  # the fourth picture is not registered
    table = pl.DataFrame({"frame": np.arange(1, 151), **pose_columns(poses)})
    return poses, RinkLines(table, SIZE, Rink(track_shift_m=SHIFT_M))


def black():
    return np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


@pytest.mark.parametrize(
    ("xy", "colour"),
    [
        ((0.0, -12.0), LINE),
        ((SHIFT_M, 8.5), TRACK),
        ((SHIFT_M - 22.42825, 0.0), BLOCK),
        ((SHIFT_M + 14.42825, 8.0), BLOCK),
    ],
)
def test_lines_lie_where_the_camera_sees_them(scene, xy, colour):
    poses, lines = scene
    pixels = np.array([poses.to_pixels(row, [xy])[0] for row in range(len(poses))])
    inside = np.flatnonzero(((pixels > 10) & (pixels < np.array(SIZE) - 10)).all(axis=1))
    row = int(inside[0])
    image = black()
    lines.draw(image, row + 1)
    painted = np.argwhere(np.abs(image.astype(int) - colour).max(axis=2) < 60)[:, ::-1]
    assert np.abs(painted - pixels[row]).max(axis=1).min() <= 4


def test_nothing_is_drawn_without_a_pose(scene):
    _, lines = scene
    for number in (4, 999):
        image = black()
        lines.draw(image, number)
        assert not image.any()
