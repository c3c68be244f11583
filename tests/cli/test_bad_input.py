"""Bad input to ``analyze``: one line that says what is wrong, exit status 1, and nothing left behind."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from tests.cli.made_up import Command, PaintDetector, contents, make_video

pytestmark = pytest.mark.usefixtures("detector")


def no_file(folder: Path) -> Path:
    return folder / "missing.mp4"


def a_folder(folder: Path) -> Path:
    (folder / "videos").mkdir()
    return folder / "videos"


def text_file(folder: Path) -> Path:
    (folder / "notes.mp4").write_text("Not a video.\n" * 50)
    return folder / "notes.mp4"


def empty_file(folder: Path) -> Path:
    (folder / "empty.mp4").touch()
    return folder / "empty.mp4"


def sound_only(folder: Path) -> Path:
    with av.open(str(folder / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 22050), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 44100
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    return folder / "sound.mp4"


def no_pictures(folder: Path) -> Path:
    with av.open(str(folder / "nothing.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.start_encoding()
    return folder / "nothing.mkv"


def index_cut_off(folder: Path) -> Path:
    whole = make_video(folder / "whole.mp4").read_bytes()  # MP4 has its index at the end
    (folder / "whole.mp4").write_bytes(whole[: len(whole) // 2])
    return folder / "whole.mp4"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (no_file, "no such file"),
        (a_folder, "is a folder"),
        (text_file, "not a video"),
        (empty_file, "not a video"),
        (sound_only, "holds no video, only audio"),
        (no_pictures, "not a video"),
        (index_cut_off, "never finished"),
    ],
)
def test_what_is_not_a_video(tmp_path: Path, command: Command, make: Callable[[Path], Path], says: str) -> None:
    video = make(tmp_path)
    ended = command("analyze", video, "--out", tmp_path / "run")
    assert ended.said_in_one_line(video.name, says), ended
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--from", "2"], ["--from 2", "outside", "0 to 1.00 s"]),
        (["--from", "-1"], ["--from -1", "outside"]),
        (["--from", "nan"], ["--from nan", "outside"]),
        (["--to", "5"], ["--to 5", "outside"]),
        (["--from", "0.8", "--to", "0.2"], ["--from 0.8", "less than --to 0.2"]),
        (["--event", "400m"], ["--event 400m", "relay-5000m"]),
        (["--gender", "f"], ["--gender f", "w, m or x"]),
        (["--event", "relay-3000m", "--gender", "m"], ["--event relay-3000m --gender m"]),
        (["--start-list", "missing.csv"], ["missing.csv", "No such file"]),
        (["--corrections", "missing.txt"], ["missing.txt", "No such file"]),
    ],
)
def test_options(tmp_path: Path, command: Command, clip: Path, options: list[str], parts: list[str]) -> None:
    ended = command("analyze", clip, "--out", tmp_path / "run", *options)
    assert ended.said_in_one_line(*parts), ended
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("name,team\nAron HALE,HUN\n", ["line 1", "start_position"]),
        ("start_position,name\n1,Aron HALE\ntwo,Ben OAK\n", ["line 3", "start_position", "'two'"]),
        ("start_position,name\n1,Aron HALE,HUN\n", ["line 2", "columns"]),
        ("start_position,name\n1,\n", ["line 2", "name"]),
        ("start_position,name\n1,A\n1,B\n", ["1", "A"]),
        ("start_position,name\n", ["no starters"]),
        ("", ["start_position"]),
    ],
)
def test_start_list(tmp_path: Path, command: Command, clip: Path, text: str, parts: list[str]) -> None:
    (tmp_path / "starters.csv").write_text(text)
    ended = command("analyze", clip, "--out", tmp_path / "run", "--start-list", tmp_path / "starters.csv")
    assert ended.said_in_one_line("starters.csv", *parts), ended
    assert not (tmp_path / "run").exists()


def test_corrections_name_file_and_line(tmp_path: Path, command: Command, clip: Path) -> None:
    (tmp_path / "repair.txt").write_text("# by hand\nat 3 s 1 -> 2\n")
    ended = command("analyze", clip, "--out", tmp_path / "run", "--corrections", tmp_path / "repair.txt")
    assert ended.said_in_one_line("repair.txt, line 2", "at 31.2 s 3 <-> 4"), ended
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("content", [None, b"", b"no weights at all", b"PK\x03\x04 cut short"])
def test_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, clip: Path, content: bytes | None
) -> None:
    monkeypatch.undo()  # the real loader
    monkeypatch.setenv("SHORTTRACK_CACHE", str(tmp_path / "cache"))
    if content is not None:
        (tmp_path / "w.pt").write_bytes(content)
    ended = command("analyze", clip, "--out", tmp_path / "run", "--weights", tmp_path / "w.pt", "--device", "openvino")
    assert ended.said_in_one_line("w.pt", "--weights"), ended
    assert not (tmp_path / "run").exists()


def test_the_way_to_the_output_is_a_file(tmp_path: Path, command: Command, clip: Path) -> None:
    (tmp_path / "run").write_text("mine")
    for out in (tmp_path / "run", tmp_path / "run" / "deeper"):
        ended = command("analyze", clip, "--out", out)
        assert ended.said_in_one_line(str(out), "a file stands in the way", "--out"), ended
    assert (tmp_path / "run").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc").exists(), reason="no /proc")
def test_a_folder_that_cannot_be_made(tmp_path: Path, command: Command, clip: Path) -> None:
    ended = command("analyze", clip, "--out", "/proc/shorttrack")
    assert ended.said_in_one_line("/proc/shorttrack", "cannot be written"), ended


@pytest.mark.parametrize("name", ["annotated.mp4", "observations/clip.mp4", ".partial/clip.mp4"])
def test_the_video_is_never_written_over(tmp_path: Path, command: Command, clip: Path, name: str) -> None:
    video = tmp_path / "run" / name
    video.parent.mkdir(parents=True)
    video.write_bytes(clip.read_bytes())
    ended = command("analyze", video, "--out", tmp_path / "run", "--force")
    assert ended.said_in_one_line(str(video), "written over"), ended
    assert contents(tmp_path / "run") == {name: clip.read_bytes()}


def test_the_video_may_lie_beside_the_results(tmp_path: Path, command: Command, clip: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(clip.read_bytes())
    assert command("analyze", tmp_path / "clip.mp4", "--out", tmp_path).status == 0
    assert (tmp_path / "clip.mp4").read_bytes() == clip.read_bytes()
    assert (tmp_path / "race.json").exists()


def test_nothing_that_fails_in_the_pictures_leaves_a_folder(
    tmp_path: Path, command: Command, clip: Path, detector: Callable[[PaintDetector], None]
) -> None:
    def full(seen: int) -> None:
        raise OSError(28, "No space left on device")

    detector(PaintDetector(full))
    ended = command("analyze", clip, "--out", tmp_path / "new" / "run")
    assert ended.status == 1
    assert ended.err.splitlines()[-1].startswith("shorttrack: ")
    assert "No space left" in ended.err
    assert list(tmp_path.iterdir()) == []
