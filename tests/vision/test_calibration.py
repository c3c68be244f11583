"""The page's server: asked as the page asks, about a camera that is known."""

import http.client
import json
import threading

import cv2
import numpy as np
import pytest

from race.rink import Rink
from tests.vision.test_frames import grey, write_video
from tests.vision.test_keyframes import SIZE, cameras, file_of
from vision.calibration import Server
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
    assert not thread.is_alive() and json.loads(saved[0]) == json.loads(body)


def test_others_do_not_get_in(served):
    assert ask(served[0], "/about", Host="elsewhere.example")[0] == 403
    assert ask(served[0], "/save", b"{}", **{"Content-Type": "text/plain"})[0] == 400
