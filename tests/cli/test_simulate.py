import sys
from pathlib import Path

import pytest

from race.formats import read_race
from tests.cli.made_up import Command, contents

RACE = ("simulate", "clean-500", "--no-video", "--fps", "10", "--size", "320x180", "--seed")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("simulated") / "race"


@pytest.fixture
def race(simulated: Path, command: Command) -> Path:
    """A simulated race; not to be changed."""
    if not simulated.exists():
        ended = command(*RACE, "3", "--out", simulated)
        assert (ended.status, ended.out) == (0, "")
    return simulated


def test_no_video(race: Path) -> None:
    names = {"truth.json", "truth_mot.txt", "truth_people.parquet", "truth_camera.parquet", "observations"}
    assert {path.name for path in race.iterdir()} == names
    video = read_race(race).video
    assert (video.width, video.height, video.fps) == (320, 180, 10.0)


def test_the_seed_makes_the_race(tmp_path: Path, command: Command, race: Path) -> None:
    assert command(*RACE, "3", "--out", tmp_path / "same").status == 0
    assert command(*RACE, "4", "--out", tmp_path / "other").status == 0
    truth = contents(race)["truth.json"]
    assert contents(tmp_path / "same")["truth.json"] == truth
    assert contents(tmp_path / "other")["truth.json"] != truth


def test_another_race_is_written_over_with_force_only(tmp_path: Path, command: Command) -> None:
    out = tmp_path / "race"
    assert command(*RACE, "3", "--out", out).status == 0
    before = contents(out)
    (out / "race.json").write_text("an analysis of it")
    assert command(*RACE, "4", "--out", out).said_in_one_line(str(out), "--force")
    assert contents(out) == {**before, "race.json": b"an analysis of it"}
    assert command(*RACE, "4", "--out", out, "--force").status == 0
    assert set(contents(out)) == set(before)
    assert contents(out)["truth.json"] != before["truth.json"]


def test_from_the_scenario_to_the_figures(tmp_path: Path, command: Command, race: Path) -> None:
    assert command("analyze", "--observations", race, "--out", tmp_path / "run").status == 0
    ended = command("evaluate", tmp_path / "run", race, "--json")
    assert (ended.status, ended.err) == (0, "")


def test_the_analysis_may_lie_beside_the_truth(tmp_path: Path, command: Command) -> None:
    assert command(*RACE, "3", "--out", tmp_path).status == 0
    assert command("analyze", "--observations", tmp_path, "--out", tmp_path).status == 0
    assert command("evaluate", tmp_path, tmp_path).status == 0


@pytest.mark.slow
def test_dataset(tmp_path: Path, command: Command) -> None:
    pytest.importorskip("pyvista")
    made = command("simulate", "clean-500", "--dataset", "2", "--size", "160x90", "--out", tmp_path / "set")
    assert made.status == 0, made.err
    assert {path.name for path in (tmp_path / "set").iterdir()} == {"data.yaml", "images", "labels"}
    assert len(list((tmp_path / "set").rglob("*.jpg"))) == 2
    assert str(tmp_path) not in (tmp_path / "set" / "data.yaml").read_text()  # it may be moved


def test_bad_input(tmp_path: Path, command: Command) -> None:
    out = tmp_path / "race"
    (tmp_path / "bad.toml").write_text('event = "400m"\n')
    assert command("simulate", "nowhere", "--out", out).said_in_one_line("nowhere", "clean-500")
    assert command("simulate", tmp_path / "bad.toml", "--out", out).said_in_one_line("bad.toml:1", "event")
    assert command("simulate", "random", "--camera", "drone", "--out", out).said_in_one_line("drone", "broadcast")
    assert not out.exists()


def test_a_video_can_be_interlaced_and_coded_for_the_web(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    asked = []
    monkeypatch.setattr(
        "simulation.pictures.record.record",
        lambda motion, footage, look, folder, crf, progress: asked.append((look.interlaced, crf)),
    )
    drawn = ("simulate", "clean-500", "--fps", "10", "--size", "64x36", "--out")
    assert command(*drawn, tmp_path / "plain").status == 0
    assert command(*drawn, tmp_path / "worn", "--interlaced", "--web").status == 0
    (plain, broadcast), (combed, web) = asked
    assert (plain, combed) == (False, True)
    assert web > broadcast  # a larger constant rate factor leaves less
    for only in (("--no-video",), ("--dataset", "2")):
        for option in ("--interlaced", "--web"):
            ended = command(*drawn, tmp_path / "none", *only, option)
            assert ended.status == 2
            assert option in ended.err


def test_drawing_without_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    for name in [name for name in sys.modules if name.startswith("simulation.pictures")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyvista", None)
    monkeypatch.setitem(sys.modules, "anny", None)
    ended = command("simulate", "clean-500", "--fps", "10", "--size", "64x36", "--out", tmp_path / "race")
    assert ended.status == 1
    assert "[simulate]" in ended.err.splitlines()[-1]
    assert not (tmp_path / "race").exists()
