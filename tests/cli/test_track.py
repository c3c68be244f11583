from pathlib import Path

import numpy as np
import pytest

from tests.cli.made_up import Command


@pytest.fixture
def det(tmp_path: Path) -> Path:
    """Two people, 200 px apart, who walk to the right for 40 pictures."""
    lines = [f"{n},-1,{x + 3 * n},50,30,80,0.9\n" for n in range(1, 41) for x in (20, 220)]
    (tmp_path / "det.txt").write_text("".join(lines))
    return tmp_path / "det.txt"


@pytest.mark.parametrize("options", [[], ["--online"], ["--fps", "50"], ["--scene", "walkers"], ["--scene", "dancers"]])
def test_two_people(tmp_path: Path, command: Command, det: Path, options: list[str]) -> None:
    ended = command("track", det, "--out", tmp_path / "tracks.txt", *options)
    assert (ended.status, ended.out) == (0, "")
    table = np.loadtxt(tmp_path / "tracks.txt", delimiter=",")
    assert table.shape[1] == 10
    left = table[:, 2] - 3 * table[:, 0] < 120
    assert len(set(table[left, 1])) == len(set(table[~left, 1])) == 1
    assert set(table[left, 1]) != set(table[~left, 1])


def test_a_scene_without_settings_is_a_usage_error(tmp_path: Path, command: Command, det: Path) -> None:
    ended = command("track", det, "--out", tmp_path / "tracks.txt", "--scene", "cyclists")
    assert ended.status == 2
    assert not (tmp_path / "tracks.txt").exists()


def test_no_detections(tmp_path: Path, command: Command) -> None:
    (tmp_path / "det.txt").touch()
    assert command("track", tmp_path / "det.txt", "--out", tmp_path / "tracks.txt").status == 0
    assert (tmp_path / "tracks.txt").read_text() == ""


def test_bad_input(tmp_path: Path, command: Command, det: Path) -> None:
    out = tmp_path / "tracks.txt"
    (tmp_path / "bad.txt").write_text("1,-1,0,0,10,20,0.9\n2,-1,0,0,ten,20,0.9\n")
    (tmp_path / "repair.txt").write_text("tracks 1 and 99 are one\n")
    assert command("track", tmp_path / "no.txt", "--out", out).said_in_one_line("no.txt", "No such file")
    assert command("track", tmp_path / "bad.txt", "--out", out).said_in_one_line("bad.txt, line 2", "numbers")
    assert command("track", det, "--out", out, "--motion", det).said_in_one_line("det.txt, line 2")
    assert command("track", det, "--out", out, "--corrections", tmp_path / "repair.txt").said_in_one_line(
        "line 1", "99"
    )
    assert command("track", det, "--out", det).said_in_one_line("det.txt", "what is read")
    assert command("track", det, "--out", tmp_path).said_in_one_line(str(tmp_path), "--out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.txt", "det.txt", "repair.txt"]
