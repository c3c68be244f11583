"""Signals to the real process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.shadow import ROOT
from cli.stopping import Stopped, not_now, raise_when_stopped

PROGRAM = """
import sys, time
import vision.detector, vision.weights
from cli.main import run
from tests.cli.made_up import PaintDetector
slow = PaintDetector(lambda seen: (print("picture", flush=True), time.sleep(0.2)))
vision.weights.find_weights = lambda weights: slow.weights
vision.detector.load_detector = lambda weights, device: slow
run()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", ["analyze", "detect"])
def test_a_stopped_process(tmp_path: Path, clip: Path, name: str, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, name, str(clip), "--out", str(tmp_path / "out")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "picture\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err.splitlines()[-1] == "shorttrack: stopped"
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def listening() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hook = sys.unraisablehook
    raise_when_stopped()
    yield
    sys.unraisablehook = hook
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("listening")
def test_not_while_results_are_put_in_place() -> None:
    done = []
    with not_now():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        done.append("all of it")
    assert done == ["all of it"]
    with pytest.raises(Stopped) as stopped:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    assert stopped.value.exit_status == 130


@pytest.mark.usefixtures("listening")
def test_stopped_where_nothing_can_be_raised() -> None:
    class Ending:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)

    with pytest.raises(Stopped) as stopped:
        Ending()
        for _ in range(500):
            time.sleep(0.01)
    assert stopped.value.exit_status == 143


def test_a_signal_that_was_switched_off_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        raise_when_stopped()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
