"""The command, run in this process."""

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.made_up import Command, Ended, PaintDetector, make_video


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """``shorttrack ARGUMENTS`` in this process."""
    from cli.main import run

    def call(*arguments: str | Path) -> Ended:
        monkeypatch.setattr("sys.argv", ["shorttrack", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            run()
        captured = capfd.readouterr()
        status = end.value.code
        assert status is None or isinstance(status, int)
        return Ended(status or 0, captured.out, captured.err)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield call
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> Callable[[PaintDetector], None]:
    """Put a detector in the place of the one with a model."""

    def use(made_up: PaintDetector) -> None:
        monkeypatch.setattr("vision.weights.find_weights", lambda weights: made_up.weights)
        monkeypatch.setattr("vision.detector.load_detector", lambda weights, device: made_up)

    use(PaintDetector())
    return use


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second in which nobody skates."""
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture(scope="session")
def other_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("other") / "other.mp4", seed=2)


@pytest.fixture
def run(tmp_path: Path, command: Command, detector: Callable[[PaintDetector], None], clip: Path) -> Path:
    """A finished run of ``clip``, a copy for each test."""
    finished = clip.parent / "run"
    if not finished.exists():
        assert command("analyze", clip, "--out", finished).status == 0
    return shutil.copytree(finished, tmp_path / "run")
