"""Signals to the real process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.shadow import ROOT
from cli.stopping import end_when_stopped
from race.formats import read_race
from tests.cli.made_up import Command, Ended, contents

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


def ended_process(program: str, *arguments: str | Path) -> Ended:
    ended = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


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


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_stopped_when_the_video_has_been_watched(tmp_path: Path, command: Command, run: Path, other_clip: Path) -> None:
    before = contents(run)
    program = "import os, signal, cli.analyze\n" + PROGRAM.replace(
        "run()", "cli.analyze.reconstruct = lambda *given: os.kill(os.getpid(), signal.SIGTERM)\nrun()"
    )
    ended = ended_process(program, "analyze", other_clip, "--out", run, "--force")
    assert ended.status == 143
    kept = run / "unfinished"
    assert ended.err.splitlines()[-1] == (
        f"shorttrack: stopped; what was seen of the video is kept: go on with --observations {kept}"
    )
    after = {name: held for name, held in contents(run).items() if not name.startswith("unfinished/observations/")}
    assert after == before
    assert command("analyze", other_clip, "--observations", kept, "--out", run, "--force").status == 0
    assert read_race(run).video.path == str(other_clip)
    assert not kept.exists()


STOPPED = """
import os, signal, sys, tempfile, threading, time
from pathlib import Path
from cli.outputs import results_folder, whole_file
from cli.stopping import end_when_stopped, not_now, when_stopped
end_when_stopped()
def stop():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(20)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    "program",
    [
        "with tempfile.TemporaryDirectory(dir=sys.argv[1]): stop()",
        "with whole_file(Path(sys.argv[1], 'laps.csv')) as partial: partial.write_text('lap'); stop()",
        "with results_folder(Path(sys.argv[1], 'a', 'b'), ('x',)) as staging: (staging / 'x').write_text('x'); stop()",
        "with when_stopped(lambda: 1 / 0): stop()",
        # A thread that waits for what the one stopped holds: nobody else may wait for the thread.
        "held = threading.Lock(); held.acquire(); threading.Thread(target=held.acquire).start(); stop()",
        "class Dying:\n    def __del__(self): stop()\nDying()",
        "sys.stderr.write = lambda text: stop()\nprint('warning', file=sys.stderr)",
    ],
)
def test_nothing_is_left_and_nobody_waited_for(tmp_path: Path, program: str) -> None:
    ended = ended_process(STOPPED + program, tmp_path)
    assert ended.status == 130
    assert ended.err.splitlines()[-1] == "shorttrack: stopped"
    assert "Traceback" not in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_processes_of_its_own_end_with_it() -> None:
    program = """
import multiprocessing
child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
child.start()
print(child.pid, flush=True)
stop()
"""
    child = int(ended_process(STOPPED + program).out)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_not_while_results_are_put_in_place() -> None:
    program = """
with not_now():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.01)
    print("all of it", flush=True)
stop()
"""
    ended = ended_process(STOPPED + program)
    assert ended.out == "all of it\n"
    assert ended.status == 130


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_block_that_has_ended_is_not_undone() -> None:
    program = "with when_stopped(lambda: 'one'), when_stopped(lambda: 'two'): pass\n"
    program += "with when_stopped(lambda: 'three'), when_stopped(lambda: None): stop()"
    assert ended_process(STOPPED + program).err == "shorttrack: stopped; three\n"


def test_a_signal_that_was_switched_off_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        end_when_stopped()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
