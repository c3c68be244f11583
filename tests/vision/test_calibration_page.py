"""The page in a real browser without a screen: marks are clicked where a known camera sees them, and saved.

Spoken to by WebDriver's own protocol, so that no package is needed. Skipped where there is no Chromium with its driver.
"""

import http.client
import json
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest

from race.rink import Rink
from tests.vision.test_frames import write_video
from tests.vision.test_keyframes import SIZE, cameras, file_of
from vision.calibration import START_FOCAL, Server
from vision.frames import probe
from vision.keyframes import marks_of

DRIVER = shutil.which("chromedriver")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not (DRIVER and BROWSER), reason="no chromedriver and Chromium on this machine")


class Browser:
    def __init__(self, port, folder):
        self.port = port
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        flags += ["--disable-component-update", "--disable-sync", "--window-size=1400,900", f"--user-data-dir={folder}"]
        options = {"binary": BROWSER, "args": flags}
        asked = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        self.session = "/session/" + self.ask("POST", "/session", asked)["sessionId"]

    def ask(self, method, path, body=None):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request(method, path, None if body is None else json.dumps(body))
        value = json.loads(line.getresponse().read())["value"]
        line.close()
        assert not (isinstance(value, dict) and "error" in value), value
        return value

    def do(self, script, *values):
        return self.ask("POST", f"{self.session}/execute/sync", {"script": script, "args": values})

    def wait(self, script):
        end = time.monotonic() + 60
        while not self.do(script):
            assert time.monotonic() < end, script
            time.sleep(0.1)

    def drag(self, *ways):
        """With the mouse, from place to place in the window; a click where there is but one."""
        steps = [{"type": "pointerMove", "x": round(ways[0][0]), "y": round(ways[0][1])}]
        steps += [{"type": "pointerDown", "button": 0}]
        steps += [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 50} for x, y in ways[1:]]
        steps += [{"type": "pointerUp", "button": 0}]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        self.ask("POST", f"{self.session}/actions", {"actions": [mouse]})

    def wheel(self, at, by):
        turn = {"type": "scroll", "x": round(at[0]), "y": round(at[1]), "deltaX": 0, "deltaY": by}
        self.ask("POST", f"{self.session}/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [turn]}]})

    def open(self, server):
        """(2,) the picture's corner in the window, and pixels of the window for one of the picture."""
        self.ask("POST", f"{self.session}/url", {"url": server.address})
        self.wait("return document.getElementById('picture').naturalWidth > 0")
        self.wait("return document.querySelectorAll('#drawn path.line').length === 3")
        self.wait("return !following")
        left, top, width = self.do(
            "const b = document.getElementById('stage').getBoundingClientRect(); return [b.left, b.top, b.width]"
        )
        return np.array([left, top]), width / SIZE[0]

    def marks(self):
        """Where the page shows each mark now."""
        self.wait("return !following")
        return self.do("return (fitted[frame] ?? views[frame]).marks")


@pytest.fixture
def browser(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert DRIVER
    with subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as driver:
        for _ in range(100):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        one = Browser(port, tmp_path / "profile")
        yield one
        one.ask("DELETE", one.session)
        driver.terminate()


@contextmanager
def served(tmp_path, given=None):
    """The page of a video, and what it saves."""
    saved = []
    with Server(probe(write_video(tmp_path / "video.mp4", size=SIZE)), Rink(), saved.append, given) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server, saved
        finally:
            server.shutdown()
            thread.join()


def keep(browser, saved):
    """What the page saves when it is told to."""
    browser.do("document.getElementById('save').click()")
    browser.wait("return document.getElementById('message').textContent.startsWith('Saved')")
    return json.loads(saved[0])


FITTED = "return document.getElementById('message').textContent.startsWith('Fitted')"


def test_clicked_marks_are_fitted_drawn_and_saved(browser, tmp_path):
    # A click hits whole pixels of a window less wide than the picture.
    points = json.loads(file_of(cameras((-0.35,)), Rink(), tmp_path).read_text())["keyframes"][0]["points"]
    with served(tmp_path) as (server, saved):
        corner, scale = browser.open(server)
        for point in points:
            browser.do("document.querySelector(`[data-mark=${arguments[0]}]`).click()", point["mark"])
            browser.drag(corner + scale * np.array(point["pixel"]))
            browser.do("document.querySelector(`[data-mark=${arguments[0]}]`).click()", point["mark"])
        browser.wait(FITTED)
        assert browser.do("return document.querySelectorAll('#drawn path.line:not(.unsure)').length") == 3
        content = keep(browser, saved)
    one = content["keyframes"][0]
    assert one["frame"] == 1 and [point["mark"] for point in one["points"]] == [point["mark"] for point in points]
    assert content["video_sha256"] == server.video.sha256
    for clicked, true in zip(one["points"], points, strict=True):
        assert np.abs(np.subtract(clicked["pixel"], true["pixel"])).max() < 1.5


def test_the_rink_is_dragged_to_where_it_is_seen(browser, tmp_path):
    """Turned and zoomed roughly, then mark after mark to its place; the rink follows, and is fitted in the end."""
    poses = cameras((-0.7,))
    points = [place[:2] for place, _ in marks_of(Rink()).values()]
    names = [name for name, place in zip(marks_of(Rink()), points, strict=True) if None not in place]
    places = [poses.to_pixels(0, [place])[0] for place in points if None not in place]
    truth = {
        name: at for name, at in zip(names, places, strict=True) if (at > 40).all() and (at < np.array(SIZE) - 40).all()
    }
    dragged, untouched = list(truth)[::2], list(truth)[1::2]
    assert len(dragged) >= 4 and untouched
    with served(tmp_path) as (server, saved):
        corner, scale = browser.open(server)

        def drag(start, end):
            browser.drag(corner + scale * start, corner + scale * (start + end) / 2, corner + scale * end)

        for _ in range(2):
            drag(np.array([400.0, 650]), np.array([850.0, 650]))  # to the right: the camera turns left
        turned = browser.marks()
        assert browser.do("return views[frame].own[0]") == pytest.approx(
            -2 * 450 / (START_FOCAL * SIZE[0] / 640), rel=0.02
        )
        browser.wheel(corner + scale * np.array(SIZE) / 2, -100)
        zoomed = browser.marks()
        apart = [np.hypot(*np.subtract(marks[dragged[0]][0], marks[dragged[1]][0])) for marks in (turned, zoomed)]
        assert apart[1] == pytest.approx(apart[0] * np.exp(0.1), rel=0.03)
        misses = []
        for name in dragged:
            seen = np.array(browser.marks()[name][0])
            misses.append(np.hypot(*(seen - truth[name])))
            drag(seen, truth[name])
        browser.wait(FITTED)
        fitted = browser.marks()
        content = keep(browser, saved)
    assert [point["mark"] for point in content["keyframes"][0]["points"]] == dragged
    assert misses[0] > 30 and max(misses[2:]) < misses[0] / 2  # each brings the next nearer
    for name in untouched:
        assert np.hypot(*(fitted[name][0] - truth[name])) < 8, name


def test_a_file_is_gone_on_with(browser, tmp_path):
    content = json.loads(file_of(cameras(), Rink(), tmp_path).read_text()) | {"track_shift_m": 0.1}
    content["keyframes"][0]["points"].append({"pixel": [20, 20], "ice": [3, 4]})
    with served(tmp_path, content) as (server, saved):
        browser.open(server)
        browser.wait("return document.getElementById('message').className === 'bad'")  # that point is nowhere near
        assert browser.do("return [frame, Object.keys(keyframes)]") == [1, ["1", "11"]]
        browser.do("[...document.querySelectorAll('#points button')].at(-1).click()")
        browser.wait(FITTED)
        browser.do("show(11)")
        browser.wait("return frame === 11 && document.querySelectorAll('#drawn .point').length > 3")
        again = keep(browser, saved)
    content["keyframes"][0]["points"].pop()
    assert again == content | {"video_sha256": server.video.sha256}
