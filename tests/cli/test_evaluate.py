import json
from pathlib import Path

import pytest

from race.evaluate import KEYS
from race.formats import Competitor, Crossing, FinishRow, Race, Video, write_race
from tests.cli.made_up import Command


@pytest.fixture
def races(tmp_path: Path) -> tuple[Path, Path]:
    """A run in which the second and the third are interchanged, and the truth; race times 0.1 s apart."""
    video = Video(path="v.mp4", sha256="0", duration_s=20.0, fps=10.0, width=640, height=360, frames=200)
    names = ("Aron HALE", "Ben OAK", "Carl ELM")

    def race(order: tuple[int, ...]) -> Race:
        at = {who: 10.0 + 0.1 * place for place, who in enumerate(order)}
        rank = {who: place for place, who in enumerate(order, 1)}
        return Race(
            video=video,
            competitors=[Competitor(id=who, name=names[who - 1]) for who in order],
            crossings=[Crossing(competitor=w, lap=5, time_s=at[w], rank=rank[w], source="truth") for w in order],
            finish=[FinishRow(competitor=w, rank=rank[w], time_s=at[w], race_time_s=at[w]) for w in order],
        )

    (tmp_path / "run").mkdir()
    (tmp_path / "truth").mkdir()
    write_race(race((1, 2, 3)), tmp_path / "truth" / "truth.json")
    run = race((1, 3, 2))
    # Competitors pair by their crossings' times: those of the run say who is who, its ranks are wrong.
    right = {1: 10.0, 2: 10.1, 3: 10.2}
    crossings = [row.model_copy(update={"time_s": right[row.competitor]}) for row in run.crossings]
    write_race(run.model_copy(update={"crossings": crossings}), tmp_path / "run" / "race.json")
    return tmp_path / "run", tmp_path / "truth"


def test_json_alone_on_stdout(command: Command, races: tuple[Path, Path]) -> None:
    ended = command("evaluate", *races, "--json")
    assert (ended.status, ended.err) == (0, "")
    scores = json.loads(ended.out)
    assert tuple(scores) == KEYS
    assert scores["rank_accuracy"] == pytest.approx(1 / 3)
    assert scores["finish_order_correct"] is False
    assert scores["naming"] == 1.0
    assert scores["identity"] is None


def test_the_same_from_files(command: Command, races: tuple[Path, Path]) -> None:
    run, truth = races
    folders = command("evaluate", run, truth, "--json").out
    assert command("evaluate", run / "race.json", truth / "truth.json", "--json").out == folders


def test_table(monkeypatch: pytest.MonkeyPatch, command: Command, races: tuple[Path, Path]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = command("evaluate", *races)
    rows = [line.strip() for line in ended.out.splitlines()]
    for start, end in (
        ("Ranks at crossings", " 33.3 %"),
        ("Finish order right", " no"),
        ("Photo finish flagged", " -"),
        ("Competitors named right", " 100.0 %"),
    ):
        assert any(row.startswith(start) and row.endswith(end) for row in rows), (start, rows)
    assert max(map(len, ended.out.splitlines())) <= 80


def test_what_cannot_be_read(tmp_path: Path, command: Command, races: tuple[Path, Path]) -> None:
    run, truth = races
    assert command("evaluate", tmp_path / "none", truth).said_in_one_line("none", "No such file")
    assert command("evaluate", tmp_path, truth).said_in_one_line(str(tmp_path), "no race.json")
    (truth / "truth.json").write_text("[]")
    assert command("evaluate", run, truth, "--json").said_in_one_line("truth.json")
    (run / "race.json").write_text('{"video": 3}')
    assert command("evaluate", run, truth, "--json").said_in_one_line("race.json", "video")
