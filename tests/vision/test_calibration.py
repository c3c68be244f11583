"""The page's server: asked as the page asks, about a camera that is known."""

import http.client
import json
import threading

import cv2
import numpy as np
import pytest

from race.errors import RaceFileError
from race.formats import Video
from race.rink import Rink
from tests.vision.made_hall import PLACE
from tests.vision.test_frames import grey, write_video
from tests.vision.test_keyframes import SIZE, cameras, file_of
from vision.calibration import Server, read_given
from vision.frames import probe


@pytest.fixture
def served(tmp_path):
    saved = []
    with Server(probe(write_video(tmp_path / "video.mp4", size=SIZE)), Rink(), saved.append) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield server, saved, thread
        server.shutdown()
        thread.join()


def ask(server, path, body=None, **headers):
    line = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=60)
    kind = {"Content-Type": "application/json"} if body is not None else {}
    line.request("GET" if body is None else "POST", path, body, kind | headers)
    answer = line.getresponse()
    content = answer.read()
    line.close()
    return answer.status, content


def test_pictures_by_number_forth_and_back(served):
    for number in (3, 9, 2):
        status, content = ask(served[0], f"/frame/{number}")
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        assert status == 200 and image.shape == (SIZE[1], SIZE[0], 3)
        assert abs(image[-100:].mean() - grey(number)) < 4
    for path in ("/frame/26", "/frame/0", "/frame/x", "/other"):
        assert ask(served[0], path)[0] == 404


def test_the_rink_lies_where_the_true_camera_sees_it(served, tmp_path):
    poses = cameras()
    status, content = ask(served[0], "/fit", file_of(poses, Rink(), tmp_path).read_bytes())
    assert status == 200
    for row, one in enumerate(json.loads(content)["keyframes"]):
        assert max(one["off_px"]) < 2
        truth = poses.to_pixels(row, Rink().blocks)
        inside = ((truth > 0) & (truth < SIZE)).all(axis=1)
        seen = np.array([p or [np.nan, np.nan] for p in one["lines"]["blocks"]])
        assert inside.sum() >= 3 and np.abs(seen - truth)[inside].max() < 4


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "Invalid JSON"),
        (json.dumps({"size": SIZE, "keyframes": []}), "no keyframes"),
        (
            json.dumps({"size": SIZE, "keyframes": [{"frame": 1, "points": [{"pixel": [1, 2], "mark": "moon"}]}]}),
            "frame 1, point 1: no mark 'moon'",
        ),
    ],
)
def test_points_that_tell_no_camera_get_the_reason_and_are_not_saved(served, body, reason):
    for path in ("/fit", "/save"):
        error = json.loads(ask(served[0], path, body)[1])["error"]
        assert reason in error and "/" not in error.split(reason)[0]
    assert not served[1]


def test_save_hands_on_the_points_and_ends(served, tmp_path):
    server, saved, thread = served
    body = file_of(cameras(), Rink(), tmp_path).read_bytes()
    assert ask(server, "/save", body)[0] == 200
    thread.join(10)
    assert not thread.is_alive()
    assert json.loads(saved[0]) == json.loads(body) | {"video_sha256": server.video.sha256}


def test_a_camera_follows_what_is_dragged(served):
    """Two points of a true camera, dragged from a rough one: they lie where they were put, and so does the rink."""
    true = cameras((-0.6,))
    rough = {"own": [-0.55, 0.17, 0.0, float(np.log(600))], "shared": [*PLACE.tolist(), -0.04, 0.0]}
    names = {"block-left-2": Rink().blocks[8], "block-left-6": Rink().blocks[12], "block-left-4": Rink().blocks[10]}
    seen = {name: true.to_pixels(0, [xy])[0].tolist() for name, xy in names.items()}
    off = []
    for count in range(3):
        points = [{"mark": name, "pixel": seen[name]} for name in list(names)[:count]]
        status, content = ask(served[0], "/move", json.dumps(rough | {"points": points}))
        answer = json.loads(content)
        assert status == 200 and len(answer["off_px"]) == count and max(answer["off_px"], default=0) < 3
        off.append(np.hypot(*np.subtract(answer["marks"]["block-left-4"][0], seen["block-left-4"])))
    assert off[0] > 50 and off[2] < 10
    for body in (b"{}", json.dumps(rough | {"points": [{"pixel": [1, 2], "mark": "moon"}]})):
        assert "error" in json.loads(ask(served[0], "/move", body)[1])


def test_a_file_is_gone_on_with_in_this_video_s_pixels(tmp_path):
    path = file_of(cameras(), Rink(), tmp_path, video_sha256="a" * 64, track_shift_m=0.3)
    content = json.loads(path.read_text())
    video = Video(path="v.mp4", sha256="a" * 64, duration_s=1.0, fps=25.0, width=640, height=360, frames=25)
    given = read_given(path, video, Rink())
    assert given["size"] == [640, 360] and given["track_shift_m"] == 0.3
    for one, true in zip(given["keyframes"], content["keyframes"], strict=True):
        for point, before in zip(one["points"], true["points"], strict=True):
            assert np.multiply(point["pixel"], 2) == pytest.approx(before["pixel"]) and point["mark"] == before["mark"]
    with pytest.raises(RaceFileError, match="another video"):
        read_given(path, video.model_copy(update={"sha256": "b" * 64}), Rink())


def test_others_do_not_get_in(served):
    assert ask(served[0], "/about", Host="elsewhere.example")[0] == 403
    assert ask(served[0], "/save", b"{}", **{"Content-Type": "text/plain"})[0] == 400
