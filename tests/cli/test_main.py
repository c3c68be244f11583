"""The command line itself: help, usage, and errors that come from no subcommand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.shadow import ROOT
from tests.cli.made_up import Command

COMMANDS = ("analyze", "detect", "track", "simulate", "evaluate", "train", "export", "report")
HEAVY = ("numpy", "numba", "cv2", "av", "polars", "torch", "ultralytics", "openvino", "scenedetect", "jinja2", "rich")


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_fits_a_terminal(monkeypatch: pytest.MonkeyPatch, command: Command, arguments: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command(*arguments)
    assert (ended.status, ended.err) == (0, "")
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "..." not in re.sub(r"(\[ARGS\]|\{DATA\})\.\.\.", "", ended.out)


def test_help_names_every_command(command: Command) -> None:
    out = command("--help").out
    assert all(f"  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        f"import sys; sys.argv = ['shorttrack', *{arguments}]\n"
        "from cli.main import run\n"
        "try: run()\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "[]\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["analyse"],
        ["analyze"],
        ["analyze", "race.mp4"],
        ["analyze", "--out", "run"],
        ["analyze", "race.mp4", "--out", "run", "--unknown"],
        ["analyze", "race.mp4", "--out", "run", "--from", "soon"],
        ["detect", "race.mp4"],
        ["track", "det.txt", "--out", "tracks.txt", "--fps", "0"],
        ["track", "det.txt", "--out", "tracks.txt", "--fps", "nan"],
        ["track", "det.txt", "--out", "tracks.txt", "--fps", "inf"],
        ["evaluate", "run"],
        ["simulate", "--out", "run"],
        ["simulate", "random", "--out", "run", "--size", "big"],
        ["simulate", "random", "--out", "run", "--fps", "0.5"],
        ["simulate", "random", "--out", "run", "--dataset", "0"],
        ["simulate", "random", "--out", "run", "--dataset", "5", "--no-video"],
        ["report"],
    ],
)
def test_usage_is_exit_status_2(command: Command, arguments: list[str]) -> None:
    ended = command(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert "Usage: " in ended.err
    assert "Traceback" not in ended.err


def test_opencv_without_its_system_libraries(tmp_path: Path) -> None:
    """Where libGL is missing, importing OpenCV fails like this."""
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").write_text(
        "raise ImportError('libGL.so.1: cannot open shared object file: No such file or directory')\n"
    )
    (tmp_path / "race.mp4").touch()
    program = "import sys; sys.argv = ['shorttrack', 'detect', 'race.mp4', '--out', 'det.txt']\n"
    ended = subprocess.run(
        [sys.executable, "-c", program + "from cli.main import run; run()"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "libGL.so.1" in ended.stderr
    assert "libgl1 libglib2.0-0" in ended.stderr


def test_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from cli.main import run

    def broken(folder: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("report.html.write_report", broken)
    monkeypatch.setattr("sys.argv", ["shorttrack", "report", str(tmp_path)])
    with pytest.raises(ZeroDivisionError):
        run()


def test_report_of_what_is_no_run(tmp_path: Path, command: Command) -> None:
    assert command("report", tmp_path / "no").said_in_one_line("no", "No such file")
    assert command("report", tmp_path).said_in_one_line(str(tmp_path), "no race.json")
    (tmp_path / "race.json").write_text('{"video": {}}')
    assert command("report", tmp_path).said_in_one_line("race.json", "video")
    assert [path.name for path in tmp_path.iterdir()] == ["race.json"]
