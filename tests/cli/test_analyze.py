"""``shorttrack analyze`` from a video to a folder, with a detector that needs no model."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest

from cli.outputs import ANALYSIS
from race.formats import ScorebugReading, Shot, read_race
from race.observations import Observations, read_observations, write_observations
from race.reconstruct import reconstruct
from race.rink import Rink
from tests.cli.made_up import Command, PaintDetector, contents, make_video
from tests.vision.made_hall import PLACE, make_hall

pytestmark = pytest.mark.usefixtures("detector")

CLEAN = set(ANALYSIS) - {"clips", "races.json"}
"""What a run leaves where nothing is flagged."""


def test_nobody_races(tmp_path: Path, command: Command, clip: Path) -> None:
    ended = command("analyze", clip, "--out", tmp_path / "run")
    assert (ended.status, ended.out) == (0, "")
    assert {path.name for path in (tmp_path / "run").iterdir()} == CLEAN
    race = read_race(tmp_path / "run")
    assert not any((race.competitors, race.crossings, race.finish, race.passes, race.incidents))
    assert (race.camera_level, race.race_start_s, race.event.name) == (None, None, None)
    assert [shot.kind for shot in race.shots] == ["other"]
    assert (tmp_path / "run" / "tracks.txt").read_text() == ""
    assert race.warnings == ["nobody was seen racing"]
    assert "warning: nobody was seen racing" in ended.err.splitlines()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ten_bit.mp4", {"pix_fmt": "yuv420p10le"}),
        ("portrait.mp4", {"size": (72, 128)}),
        ("odd.mkv", {"size": (127, 95), "pix_fmt": "yuv444p"}),
        ("slow.mp4", {"times_ms": range(0, 2000, 200)}),
        ("variable.mkv", {"times_ms": [k * 40 + 15 * (k % 3) for k in range(25)]}),
        ("single.mp4", {"times_ms": [0]}),
    ],
)
def test_any_video(tmp_path: Path, command: Command, name: str, changes: dict[str, object]) -> None:
    video = make_video(tmp_path / name, **changes)  # type: ignore[arg-type]
    assert command("analyze", video, "--out", tmp_path / "run").status == 0
    with av.open(str(video)) as before, av.open(str(tmp_path / "run" / "annotated.mp4")) as after:
        times = [float(picture.time) for picture in before.decode(video=0)]
        drawn = [float(picture.time) for picture in after.decode(video=0)]
    assert drawn == pytest.approx([time - times[0] for time in times], abs=0.002)
    assert read_observations(tmp_path / "run").frames.time_s == pytest.approx(drawn, abs=0.002)


def test_a_truncated_file_is_analysed_as_far_as_it_goes(tmp_path: Path, command: Command) -> None:
    whole = make_video(tmp_path / "whole.mp4", range(0, 4000, 40), faststart=True).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    ended = command("analyze", tmp_path / "cut.mp4", "--out", tmp_path / "run")
    assert ended.status == 0
    frames = read_observations(tmp_path / "run").frames
    assert 10 < len(frames) < 90
    warning = next(line for line in ended.err.splitlines() if line.startswith("warning: ") and "cut short" in line)
    assert "4.00 s" in warning
    assert f"{frames.time_s[-1] + 0.04:.2f} s" in warning
    assert warning.removeprefix("warning: ") in read_race(tmp_path / "run").warnings


def test_a_part_of_the_video(tmp_path: Path, command: Command, clip: Path) -> None:
    assert command("analyze", clip, "--out", tmp_path / "run", "--from", "0.2", "--to", "0.6").status == 0
    assert read_observations(tmp_path / "run").frames.number.tolist() == list(range(6, 16))


def test_the_same_video_again(tmp_path: Path, command: Command, clip: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    for _ in range(2):
        assert command("analyze", clip, "--out", tmp_path / "run").status == 0
    assert (tmp_path / "run" / "notes.txt").read_text() == "mine"


def test_results_of_another_video_need_force(tmp_path: Path, command: Command, clip: Path, other_clip: Path) -> None:
    run = tmp_path / "run"
    assert command("analyze", clip, "--out", run).status == 0
    before = contents(run)
    ended = command("analyze", other_clip, "--out", run)
    assert ended.said_in_one_line(str(run), clip.name, "--force"), ended
    assert contents(run) == before
    assert command("analyze", other_clip, "--out", run, "--force").status == 0
    assert read_race(run).video.path == str(other_clip)


def test_a_folder_with_a_foreign_or_broken_result(tmp_path: Path, command: Command, clip: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "det.txt").write_text("1,-1,0,0,5,5,0.5\n")
    assert command("analyze", clip, "--out", run).said_in_one_line(str(run), "det.txt", "--force")
    (run / "race.json").write_text("{")
    assert command("analyze", clip, "--out", run).said_in_one_line("race.json", "--force")
    assert contents(run) == {"det.txt": b"1,-1,0,0,5,5,0.5\n", "race.json": b"{"}


# From observations ------------------------------------------------------------


def test_from_observations(
    tmp_path: Path, command: Command, run: Path, detector: Callable[[PaintDetector], None]
) -> None:
    def fail(seen: int) -> None:
        raise AssertionError("the video was watched again")

    detector(PaintDetector(fail))
    assert command("analyze", "--observations", run, "--out", tmp_path / "again").status == 0
    again, before = contents(tmp_path / "again"), contents(run)
    assert set(before) - set(again) == {"annotated.mp4"}
    for name in ("tracks.txt", "det.txt", "laps.csv", "observations/observations.json"):
        assert again[name] == before[name]


def test_a_run_on_observations_starts_from_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    """Boxes and colours are kept with 32 bits; what is derived from more of them may come out otherwise."""
    video = make_video(tmp_path / "painted.mp4", painted=True)
    given: list[Observations] = []
    monkeypatch.setattr("cli.analyze.reconstruct", lambda seen, known: given.append(seen) or reconstruct(seen, known))
    assert command("analyze", video, "--out", tmp_path / "run").status == 0
    assert command("analyze", "--observations", tmp_path / "run", "--out", tmp_path / "again").status == 0
    first, second = (one.detections for one in given)
    assert len(first) > 20
    for field in fields(first):
        assert np.array_equal(getattr(first, field.name), getattr(second, field.name), equal_nan=True), field.name


def test_into_the_folder_the_observations_lie_in(command: Command, run: Path, clip: Path) -> None:
    assert command("analyze", clip, "--observations", run, "--out", run).status == 0
    assert {path.name for path in run.iterdir()} == CLEAN


def test_observations_of_another_video(tmp_path: Path, command: Command, run: Path, other_clip: Path) -> None:
    ended = command("analyze", other_clip, "--observations", run, "--out", tmp_path / "new")
    assert ended.said_in_one_line(str(run), "clip.mp4", "other.mp4"), ended
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["observations.json", "frames.parquet", "detections.parquet"])
@pytest.mark.parametrize("damage", ["missing", "cut", "empty"])
def test_damaged_observations(tmp_path: Path, command: Command, run: Path, name: str, damage: str) -> None:
    file = run / "observations" / name
    whole = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes(whole[: len(whole) // 2] if damage == "cut" else b"")
    ended = command("analyze", "--observations", run, "--out", tmp_path / "new")
    assert ended.said_in_one_line("observations"), ended
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("option", [["--from", "0.2"], ["--to", "0.5"], ["--weights", "w.pt"], ["--device", "cpu"]])
def test_what_only_watching_needs(tmp_path: Path, command: Command, run: Path, option: list[str]) -> None:
    ended = command("analyze", "--observations", run, "--out", tmp_path / "new", *option)
    assert ended.status == 2
    assert option[0] in ended.err


# Failing on the way -------------------------------------------------------------


def failing(seen: int) -> None:
    raise OSError(28, "No space left on device")


def test_a_failure_while_watching_leaves_earlier_results(
    command: Command, run: Path, clip: Path, detector: Callable[[PaintDetector], None]
) -> None:
    before = contents(run)
    detector(PaintDetector(failing))
    assert command("analyze", clip, "--out", run, "--force").status == 1
    assert contents(run) == before


@pytest.mark.parametrize("stage", ["reconstruct", "write_track_tables", "annotate", "write_report"])
def test_a_failure_later_leaves_earlier_results_and_keeps_what_was_seen(
    monkeypatch: pytest.MonkeyPatch,
    command: Command,
    run: Path,
    other_clip: Path,
    stage: str,
) -> None:
    before = contents(run)
    with monkeypatch.context() as broken:
        broken.setattr(f"cli.analyze.{stage}", lambda *arguments: failing(0))
        ended = command("analyze", other_clip, "--out", run, "--force")
    assert ended.status == 1
    assert f"--observations {run / 'unfinished'}" in ended.err.splitlines()[-1]
    after = contents(run)
    kept = {name: after.pop(name) for name in list(after) if name.startswith("unfinished/observations/")}
    assert after == before
    assert len(kept) == 5
    assert command("analyze", other_clip, "--observations", run / "unfinished", "--out", run, "--force").status == 0
    assert read_race(run).video.path == str(other_clip)
    assert {path.name for path in run.iterdir()} == CLEAN


def test_a_failure_after_given_observations_keeps_no_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, run: Path
) -> None:
    monkeypatch.setattr("cli.analyze.write_report", failing)
    ended = command("analyze", "--observations", run, "--out", tmp_path / "new")
    assert ended.status == 1
    assert not (tmp_path / "new").exists()


def test_a_camera_registered_by_hand(tmp_path: Path, command: Command) -> None:
    """From observations of an earlier run and points of the rink: metres, and the poses on file."""
    seen, poses, _ = make_hall()
    write_observations(seen, tmp_path / "seen" / "observations")
    points = [
        {"pixel": pixel.tolist(), "ice": xy.tolist()}
        for xy, pixel in zip(
            Rink(track_shift_m=0.5).blocks, poses.to_pixels(20, Rink(track_shift_m=0.5).blocks), strict=True
        )
        if (pixel > 0).all() and (pixel < (640, 360)).all()
    ]
    registration = tmp_path / "registration.json"
    registration.write_text(json.dumps({"size": [640, 360], "keyframes": [{"frame": 21, "points": points}]}))
    out = tmp_path / "run"
    ended = command("analyze", "--observations", tmp_path / "seen", "--registration", registration, "--out", out)
    assert ended.status == 0
    assert read_race(out).camera_level == "B"
    camera = pl.read_parquet(out / "camera.parquet")
    registered = camera.filter(pl.col("level") == "B")
    assert len(registered) > 100
    assert registered["x_m"].median() == pytest.approx(PLACE[0], abs=0.5)
    assert pl.read_parquet(out / "tracks.parquet")["x_m"].is_not_null().mean() > 0.5
    assert read_observations(out).poses is not None
    registration.write_text("{}")
    ended = command("analyze", "--observations", tmp_path / "seen", "--registration", registration, "--out", out)
    assert ended.said_in_one_line("registration.json", "size")


def test_corrections_that_name_no_track(tmp_path: Path, command: Command, clip: Path) -> None:
    (tmp_path / "repair.txt").write_text("tracks 7 and 12 are one\n")
    options = ("--corrections", tmp_path / "repair.txt")
    ended = command("analyze", clip, "--out", tmp_path / "run", *options)
    assert ended.status == 1
    assert ended.err.splitlines()[-1].startswith(f"shorttrack: {tmp_path / 'repair.txt'}, line 1: there is no track 7")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["unfinished"]
    ended = command("analyze", "--observations", tmp_path / "run" / "unfinished", "--out", tmp_path / "new", *options)
    assert "line 1: there is no track 7" in ended.err
    assert not (tmp_path / "new").exists()


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path, command: Command, clip: Path) -> None:
    (tmp_path / "run" / ".partial" / "observations").mkdir(parents=True)
    (tmp_path / "run" / ".partial" / "race.json").write_text("{")
    assert command("analyze", clip, "--out", tmp_path / "run").status == 0
    assert {path.name for path in (tmp_path / "run").iterdir()} == CLEAN


def test_what_was_computed_is_told(run: Path) -> None:
    computing = json.loads((run / "race.json").read_text())["computing"]
    assert computing["seconds"] > 0
    assert computing["weights"] == "paint.pt"
    assert computing["command"].startswith("shorttrack analyze ")


def test_a_video_of_two_races_becomes_a_folder_of_each(tmp_path: Path, command: Command) -> None:
    clip = make_video(tmp_path / "heats.mp4", range(0, 2000, 40))
    assert command("analyze", clip, "--out", tmp_path / "one").status == 0
    observations = read_observations(tmp_path / "one")
    clock = [(0.04 * k, 30 + 0.04 * k) for k in range(23)] + [(1 + 0.04 * k, 0.04 * k) for k in range(25)]
    readings = [ScorebugReading(time_s=time_s, clock_s=round(clock_s, 2)) for time_s, clock_s in clock]
    shots = [
        Shot(start_s=0, end_s=0.96, kind="other", start_frame=1, end_frame=24),
        Shot(start_s=0.96, end_s=2, kind="other", start_frame=25, end_frame=50),
    ]
    write_observations(replace(observations, scorebug=readings, shots=shots), tmp_path / "seen")

    run = tmp_path / "run"
    ended = command("analyze", clip, "--observations", tmp_path / "seen", "--out", run)
    assert ended.status == 0, ended.err
    assert {path.name for path in run.iterdir()} == {"races.json", "race-1", "race-2", "report.html", "observations"}
    for k, frames in ((1, 24), (2, 26)):
        assert {path.name for path in (run / f"race-{k}").iterdir()} == CLEAN
        assert len(read_observations(run / f"race-{k}").frames) == frames
        with av.open(str(run / f"race-{k}" / "annotated.mp4")) as drawn:
            assert sum(1 for _ in drawn.decode(video=0)) == frames
    assert read_race(run / "race-2").video.from_s == pytest.approx(0.96)
    assert "race 2: nobody was seen racing" in ended.err
    page = (run / "report.html").read_text()
    assert "race-1/report.html" in page
    assert "race-2/report.html" in page
    assert command("report", run).status == 0
    assert command("evaluate", run, run, "--json").status == 0

    (tmp_path / "swap.txt").write_text("at 0.1 s 1 <-> 2")
    with_swap = ("--observations", tmp_path / "seen", "--corrections", tmp_path / "swap.txt")
    assert command("analyze", *with_swap, "--out", run).said_in_one_line("holds 2 races", "race-1")
    starters = tmp_path / "starters.csv"
    starters.write_text("start_position,name\n1,A\n")
    with_list = ("--observations", tmp_path / "seen", "--start-list", starters)
    assert command("analyze", *with_list, "--out", run).said_in_one_line("which of the video's 2 races A starts")
    assert (run / "race-1" / "race.json").exists()  # what was there stays

    # one race again: nothing of the two is left
    assert command("analyze", clip, "--observations", tmp_path / "one", "--out", run).status == 0
    assert {path.name for path in run.iterdir()} == CLEAN
