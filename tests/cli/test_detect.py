from pathlib import Path

import numpy as np
import pytest

from tests.cli.made_up import Command, make_video

pytestmark = pytest.mark.usefixtures("detector")


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("painted") / "painted.mp4", painted=True)


def test_det_lines(tmp_path: Path, command: Command, painted: Path) -> None:
    ended = command("detect", painted, "--out", tmp_path / "det.txt")
    assert (ended.status, ended.out) == (0, "")
    table = np.loadtxt(tmp_path / "det.txt", delimiter=",")
    frame = np.arange(1, 26)
    assert table[:, 0].tolist() == frame.tolist()
    assert set(table[:, 1]) == {-1}
    where = np.column_stack([8 + 2 * (frame - 1), np.full(25, 40), np.full(25, 12), np.full(25, 30)])
    assert np.abs(table[:, 2:6] - where).max() <= 2


def test_a_part_keeps_the_numbers_of_the_whole(tmp_path: Path, command: Command, painted: Path) -> None:
    assert command("detect", painted, "--out", tmp_path / "det.txt", "--from", "0.4", "--to", "0.6").status == 0
    assert np.loadtxt(tmp_path / "det.txt", delimiter=",")[:, 0].tolist() == [11, 12, 13, 14, 15]


def test_nobody(tmp_path: Path, command: Command, clip: Path) -> None:
    assert command("detect", clip, "--out", tmp_path / "det.txt").status == 0
    assert (tmp_path / "det.txt").read_text() == ""


def test_bad_input(tmp_path: Path, command: Command, clip: Path) -> None:
    out = tmp_path / "det.txt"
    assert command("detect", tmp_path / "no.mp4", "--out", out).said_in_one_line("no.mp4", "no such file")
    assert command("detect", clip, "--out", out, "--from", "3").said_in_one_line("--from 3", "outside")
    assert command("detect", clip, "--out", tmp_path / "no" / "det.txt").said_in_one_line("det.txt", "--out")
    assert command("detect", clip, "--out", clip).said_in_one_line("clip.mp4", "what is read")
    assert list(tmp_path.iterdir()) == []
