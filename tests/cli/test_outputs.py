from pathlib import Path

import pytest

from cli.outputs import check_free, check_inputs_stay, results_folder, whole_file
from race.errors import OutputError
from tests.cli.made_up import contents

NAMES = ("race.json", "laps.csv", "observations")


class Broken(Exception):
    pass


# One file -----------------------------------------------------------------------


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "det.txt"
    out.write_text("before")
    with whole_file(out) as partial:
        partial.write_text("after")
        assert out.read_text() == "before"
    assert contents(tmp_path) == {"det.txt": b"after"}


def test_a_file_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    out = tmp_path / "det.txt"
    out.write_text("before")
    with pytest.raises(Broken), whole_file(out) as partial:
        partial.write_text("aft")
        raise Broken
    assert contents(tmp_path) == {"det.txt": b"before"}


@pytest.mark.parametrize("out", ["folder", "missing/det.txt", "file/det.txt"])
def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path: Path, out: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"--out"), whole_file(tmp_path / out):
        pytest.fail("it was begun")


def test_what_is_read_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "race.mp4").write_text("the video")
    (tmp_path / "link.mp4").symlink_to("race.mp4")
    for out in ("race.mp4", "link.mp4"):
        with pytest.raises(OutputError, match="what is read"), whole_file(tmp_path / out, None, tmp_path / "race.mp4"):
            pytest.fail("it was begun")
    assert (tmp_path / "race.mp4").read_text() == "the video"


# A folder -----------------------------------------------------------------------


def write(staging: Path, text: str, *names: str) -> None:
    for name in names:
        file = staging / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)


def test_results_replace_all_of_the_run_before(tmp_path: Path) -> None:
    write(tmp_path, "before", "race.json", "laps.csv", "observations/a", "observations/b", "unfinished/a", "notes.txt")
    with results_folder(tmp_path, NAMES) as staging:
        write(staging, "after", "observations/a", "race.json", "draft.tmp")
        assert (tmp_path / "race.json").read_text() == "before"
    assert contents(tmp_path) == {"race.json": b"after", "observations/a": b"after", "notes.txt": b"before"}
    assert not (tmp_path / ".partial").exists()


def test_a_failure_leaves_the_run_before(tmp_path: Path) -> None:
    write(tmp_path, "before", "race.json", "laps.csv")
    with pytest.raises(Broken), results_folder(tmp_path, NAMES) as staging:
        write(staging, "after", "race.json")
        raise Broken
    assert contents(tmp_path) == {"race.json": b"before", "laps.csv": b"before"}


def test_a_failure_leaves_no_new_folder(tmp_path: Path) -> None:
    with pytest.raises(Broken), results_folder(tmp_path / "a" / "b", NAMES) as staging:
        write(staging, "after", "race.json")
        raise Broken
    assert list(tmp_path.iterdir()) == []


def test_whole_observations_are_kept_and_halves_are_not(tmp_path: Path) -> None:
    with pytest.raises(Broken) as first, results_folder(tmp_path, NAMES) as staging:
        write(staging, "half", "observations/frames.parquet")
        raise Broken
    assert not hasattr(first.value, "__notes__")
    assert contents(tmp_path) == {}
    with pytest.raises(Broken) as second, results_folder(tmp_path, NAMES) as staging:
        write(staging, "whole", "observations/frames.parquet", "observations/observations.json")
        raise Broken
    assert str(tmp_path / "unfinished") in second.value.__notes__[0]
    assert sorted(contents(tmp_path)) == [
        "unfinished/observations/frames.parquet",
        "unfinished/observations/observations.json",
    ]


def test_publishing_that_breaks_off_leaves_nothing_that_looks_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "before", "race.json", "laps.csv", "observations/a")
    replace = Path.replace

    def break_off(path: Path, target: Path) -> Path:
        if path.name == "laps.csv":
            raise OSError(5, "Input/output error")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", break_off)
    with pytest.raises(OutputError, match="Input/output error"), results_folder(tmp_path, NAMES) as staging:
        write(staging, "after", "race.json", "laps.csv", "observations/a")
    assert contents(tmp_path) == {"observations/a": b"after"}
    with pytest.raises(OutputError, match="--force"):
        check_free(tmp_path, NAMES, "0", force=False)


def test_links_are_taken_away_and_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "mine", "elsewhere/observations.json")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "observations").symlink_to(tmp_path / "elsewhere")
    with results_folder(tmp_path / "run", NAMES) as staging:
        write(staging, "after", "observations/a")
    assert (tmp_path / "elsewhere" / "observations.json").read_text() == "mine"
    assert contents(tmp_path / "run") == {"observations/a": b"after"}


def test_inputs_stay(tmp_path: Path) -> None:
    for inside in ("race.json", "observations/clip.mp4", ".partial/clip.mp4", "unfinished/clip.mp4"):
        with pytest.raises(OutputError, match="written over"):
            check_inputs_stay(tmp_path, NAMES, [None, tmp_path / inside])
    check_inputs_stay(tmp_path, NAMES, [None, tmp_path / "clip.mp4", tmp_path / "other" / "race.json"])


def test_a_folder_with_other_things_is_free(tmp_path: Path) -> None:
    write(tmp_path, "mine", "notes.txt")
    check_free(tmp_path, NAMES, "0", force=False)
    check_free(tmp_path / "missing", NAMES, "0", force=False)
