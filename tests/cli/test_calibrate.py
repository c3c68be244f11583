"""``shorttrack calibrate`` as a program of its own: it serves, saves and ends; errors are one line."""

import http.client
import json
import os
import signal
import subprocess
import sys

import pytest

from race.rink import Rink
from tests.vision.test_frames import write_video
from tests.vision.test_keyframes import SIZE, cameras, file_of
from vision.keyframes import read_keyframes


@pytest.fixture
def served(tmp_path):
    video, out = write_video(tmp_path / "video.mp4", size=SIZE), tmp_path / "out.json"
    code = "from cli.main import run; run()"
    arguments = [sys.executable, "-c", code, "calibrate", str(video), "--out", str(out), "--no-browser"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ) as one:
        address = one.stdout.readline().split()[0]
        yield one, address, out
        one.kill()


def test_save_writes_the_file_that_analyze_reads_and_ends(served, tmp_path):
    program, address, out = served
    body = file_of(cameras(), Rink(), tmp_path).read_bytes()
    line = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=60)
    line.request("POST", "/save", body, {"Content-Type": "application/json"})
    assert "error" not in json.loads(line.getresponse().read())
    assert program.wait(20) == 0
    assert read_keyframes(out, SIZE, Rink()).frame.tolist() == [1, 11]


def test_stopped_by_the_keyboard_nothing_is_written(served):
    program, _, out = served
    program.send_signal(signal.SIGINT)
    assert program.wait(20) == 128 + signal.SIGINT and program.stderr.read() == "shorttrack: stopped\n"
    assert not out.exists()


def test_what_cannot_be_read_or_written_is_one_line(command, clip, tmp_path):
    taken = tmp_path / "taken.json"
    taken.write_text("{}")
    for video, out, reason in (
        (tmp_path / "none.mp4", tmp_path / "out.json", "no such file"),
        (clip, tmp_path / "no" / "out.json", "out.json"),
        (clip, clip, "is what is read"),
        (clip, taken, "docs/registration.md shows the format"),
    ):
        ended = command("calibrate", video, "--out", out, "--no-browser")
        assert ended.status == 1 and reason in ended.err and ended.err.count("\n") == 1
