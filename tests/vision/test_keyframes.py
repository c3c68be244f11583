"""Registration by hand: what the file may hold, and the cameras its points tell."""

import json

import numpy as np
import pytest

from race.errors import RaceFileError
from race.poses import Poses
from race.rink import Rink
from tests.vision.made_hall import PLACE, look
from vision.keyframes import find_key_cameras, marks_of, read_keyframes

SIZE = (1280, 720)


def cameras(pans=(-0.35, 0.5)):
    known = np.ones(len(pans))
    rotation = np.array([look(pan, 0.2) for pan in pans])
    return Poses(SIZE, np.tile(PLACE, (len(pans), 1)), rotation, 1500.0 * known, -0.04 * known, 0 * known, known)


def file_of(poses, rink, folder, noise=0.0, **more):
    """Blocks, the finish line and two points of the far mats, as far as each picture shows them."""
    rng = np.random.default_rng(3)
    named = {
        f"block-{side}-{k + 1}": rink.blocks[7 * (side == "left") + k] for side in ("right", "left") for k in range(7)
    }
    named |= {"finish-inner": rink.finish_line[1], "far-mats": np.array([-6.0, 15.0])}
    keyframes = []
    for row in range(len(poses)):
        points = []
        for name, xy in named.items():
            pixel = poses.to_pixels(row, xy[None])[0] + rng.normal(0, noise, 2)
            if np.isfinite(pixel).all() and (pixel > 0).all() and (pixel < SIZE).all():
                points.append({"pixel": pixel.tolist(), "mark": name})
        keyframes.append({"frame": 10 * row + 1, "points": points})
    path = folder / "registration.json"
    path.write_text(json.dumps({"size": SIZE, "keyframes": keyframes, **more}))
    return path


def off_m(found, poses, row):
    """How far apart two cameras see points of the ice in the lower half of the picture, m."""
    pixels = np.array([[300.0, 400.0], [640, 450], [1000, 400], [640, 700]])
    scale = SIZE[0] / 640
    one = Poses(
        SIZE, found.place[None], found.rotation[row][None], found.focal[row : row + 1] * scale, np.array([found.k1]),
        np.zeros(1), np.ones(1),
    )  # fmt: skip
    return np.linalg.norm(one.to_ice(0, pixels)[0] - poses.to_ice(row, pixels)[0], axis=1).max()


@pytest.mark.parametrize("shift_m", [0.0, 1.3])
def test_true_points_give_the_true_cameras(tmp_path, shift_m):
    poses = cameras()
    given = read_keyframes(file_of(poses, Rink(track_shift_m=shift_m), tmp_path), SIZE, Rink())
    found = find_key_cameras(given)
    assert max(off_m(found, poses, row) for row in range(2)) < 0.25  # what is usual of cameras and shifts has its say
    assert found.track_shift_m == pytest.approx(shift_m, abs=0.25)
    assert np.abs(found.place - PLACE).max() < 0.3


def test_points_set_by_a_hand_that_trembles(tmp_path):
    poses = cameras()
    found = find_key_cameras(read_keyframes(file_of(poses, Rink(), tmp_path, noise=1.5), SIZE, Rink()))
    assert max(off_m(found, poses, row) for row in range(2)) < 0.5


def test_a_point_in_the_wrong_place_is_named(tmp_path):
    path = file_of(cameras(), Rink(), tmp_path)
    content = json.loads(path.read_text())
    content["keyframes"][1]["points"][2]["pixel"][0] += 150
    path.write_text(json.dumps(content))
    with pytest.raises(RaceFileError, match=r"frame 11: .*point 3"):
        find_key_cameras(read_keyframes(path, SIZE, Rink()))


FOUR = [{"pixel": [10 * k, 20], "ice": [k, k * k]} for k in range(4)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"size": SIZE, "keyframes": []}, "no keyframes"),
        ({"size": [640, 480], "keyframes": [{"frame": 1, "points": FOUR}]}, "not the shape of the video"),
        ({"size": SIZE, "keyframes": [{"frame": 1, "points": FOUR[:2]}]}, "too few points"),
        ({"size": SIZE, "keyframes": [{"frame": 1, "points": FOUR}] * 2}, "there twice"),
        ({"size": SIZE, "keyframes": [{"frame": 1, "points": [{"pixel": [1, 2]}, *FOUR]}]}, "either ice or mark"),
        ({"size": SIZE, "keyframes": [{"frame": 1, "points": [{"pixel": [1, 2], "mark": "goal"}, *FOUR]}]}, "no mark"),
        ({"size": SIZE, "keyframes": [{"frame": 1, "points": [{"pixel": [1, 2], "ice": [None, None]}]}]}, r"\[x, y\]"),
        ({"size": SIZE, "keyframes": [{"points": FOUR}]}, "frame"),
        ({"size": SIZE}, "keyframes"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, content, says):
    path = tmp_path / "registration.json"
    path.write_text(json.dumps(content))
    with pytest.raises(RaceFileError, match=says) as error:
        read_keyframes(path, SIZE, Rink())
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_none(tmp_path):
    path = tmp_path / "registration.json"
    with pytest.raises(RaceFileError, match="cannot be read"):
        read_keyframes(path, SIZE, Rink())
    path.write_text("{")
    with pytest.raises(RaceFileError, match="the file"):
        read_keyframes(path, SIZE, Rink())


def test_marks_are_where_the_rink_has_them():
    shift_m = 0.7
    rink = Rink(track_shift_m=shift_m)
    marks = marks_of(Rink())

    def at(name):
        (x, y, _), moves = marks[name]
        return x + moves * shift_m, y

    assert at("block-right-4") == pytest.approx((14.42825 + 8.0 + shift_m, 0.0), abs=1e-3)
    assert at("block-left-1") == pytest.approx(rink.blocks[7])
    assert at("start-inner") == pytest.approx(rink.start_line("far")[1])
    assert at("finish-outer") == pytest.approx((0.0, -15.0))
