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

import numpy as np
import pytest

from race.rink import Rink
from tests.vision.test_frames import write_video
from tests.vision.test_keyframes import SIZE, cameras, file_of
from vision.calibration import Server
from vision.frames import probe

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

    def click(self, x, y):
        """At a place in the window, with the mouse."""
        steps = [{"type": "pointerMove", "x": round(x), "y": round(y)}]
        steps += [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        self.ask("POST", f"{self.session}/actions", {"actions": [mouse]})


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


def test_clicked_marks_are_fitted_drawn_and_saved(browser, tmp_path):
    # A click hits whole pixels of a window less wide than the picture.
    content = json.loads(file_of(cameras((-0.35,)), Rink(), tmp_path).read_text())
    points = content["keyframes"][0]["points"]
    saved = []
    with Server(probe(write_video(tmp_path / "video.mp4", size=SIZE)), Rink(), saved.append) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            browser.ask("POST", f"{browser.session}/url", {"url": server.address})
            browser.wait("return document.getElementById('picture').naturalWidth > 0")
            left, top, width = browser.do(
                "const b = document.getElementById('stage').getBoundingClientRect(); return [b.left, b.top, b.width]"
            )
            for point in points:
                browser.do("document.querySelector(`[data-mark=${arguments[0]}]`).click()", point["mark"])
                x, y = np.array(point["pixel"]) * width / SIZE[0]
                browser.click(left + x, top + y)
            browser.wait("return document.getElementById('message').textContent.startsWith('Fitted')")
            assert browser.do("return document.querySelectorAll('#drawn path').length") == 3
            browser.do("document.getElementById('save').click()")
            browser.wait("return document.getElementById('message').textContent.startsWith('Saved')")
            thread.join(10)
            assert not thread.is_alive()
        finally:
            server.shutdown()
            thread.join()
    one = json.loads(saved[0])["keyframes"][0]
    assert one["frame"] == 1 and [point["mark"] for point in one["points"]] == [point["mark"] for point in points]
    for clicked, true in zip(one["points"], points, strict=True):
        assert np.abs(np.subtract(clicked["pixel"], true["pixel"])).max() < 1.5
