"""Pictures by number: whatever is asked for before, the one that reading from the start gives."""

import numpy as np
import pytest

from tests.vision.test_frames import VARIABLE, write_video
from vision.frames import FrameReader, decoded, probe
from vision.seeking import Pictures, read_index

MANY = 40
UNEVEN = [20 * n + (13 * n * n) % 17 for n in range(MANY)]  # milliseconds
SHAPES = {
    "one key picture": {},
    "many": {"options": {"g": "7", "bf": "0"}},
    "b-frames": {"options": {"g": "9", "bf": "3", "b_strategy": "0"}},
    "open groups": {"options": {"g": "9", "bf": "3", "b_strategy": "0", "x264-params": "open-gop=1:keyint=9"}},
    "variable rate, b-frames": {"stamps": UNEVEN, "options": {"g": "9", "bf": "3", "b_strategy": "0"}},
    "variable rate": {"stamps": VARIABLE, "options": {"g": "2"}},
    "every picture a key": {"codec": "mpeg4", "options": {"g": "1"}},
    "on its side": {"rotation": 90, "options": {"g": "7"}},
}


def true_pictures(path):
    return {frame.number: frame.image for frame in FrameReader(path)}


def asked(numbers, seed=0):
    rng = np.random.default_rng(seed)
    return [*rng.permutation(numbers).tolist(), *sorted(numbers)[-4:], 1, 2, 2, 5]


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("kind", SHAPES)
def test_any_picture_is_the_one_that_has_its_number(tmp_path, kind, container):
    shape = SHAPES[kind]
    if container == "avi" and "stamps" in shape:
        pytest.skip("AVI holds no timestamps")
    path = write_video(tmp_path / f"video.{container}", **shape)
    video, truth = probe(path), true_pictures(path)
    pictures = Pictures(path, (video.width, video.height))
    for number in asked(list(truth)):
        assert np.array_equal(pictures.get(number), truth[number]), number
    assert pictures.get(len(truth) + 1) is None and pictures.get(0) is None
    assert np.array_equal(pictures.get(3), truth[3])
    pictures.close()


def test_what_is_far_in_is_not_decoded_from_the_start(tmp_path, monkeypatch):
    path = write_video(tmp_path / "video.mp4", list(range(0, 4000, 40)), options={"g": "10", "bf": "2"})
    count = []
    monkeypatch.setattr("vision.seeking.decoded", lambda *given: (count.append(1) or one for one in decoded(*given)))
    pictures = Pictures(path, (160, 96))
    for number in (95, 94, 15, 16):
        assert pictures.get(number) is not None
    pictures.close()
    assert len(count) < 60


def test_with_a_damaged_picture_on_the_way_they_are_counted_from_the_start(tmp_path):
    path = write_video(
        tmp_path / "whole.mkv", list(range(0, 4000, 40)), size=(320, 240), options={"g": "20", "bf": "0"}
    )
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    damaged = tmp_path / "damaged.mkv"
    damaged.write_bytes(content)
    truth = true_pictures(damaged)
    pictures = Pictures(damaged, (320, 240))
    for number in (max(truth) // 2 + 3, max(truth), 4):
        assert np.array_equal(pictures.get(number), truth[number])
    pictures.close()


def test_recordings_joined_end_to_end_have_no_index(tmp_path):
    one = write_video(tmp_path / "one.ts")
    joined = tmp_path / "joined.ts"
    joined.write_bytes(one.read_bytes() * 2)
    assert read_index(one) is not None and read_index(joined) is None
    truth = true_pictures(joined)
    pictures = Pictures(joined, (160, 96))
    for number in (40, 3, len(truth)):
        assert np.array_equal(pictures.get(number), truth[number])
    pictures.close()
