"""Which races a video holds, by clocks and pauses made up for it."""

from pathlib import Path

import numpy as np
import pytest

from race.clock import ClockRun
from race.errors import RaceFileError
from race.evaluate_session import evaluate_session
from race.formats import Race, ScorebugReading, Session, Shot, Video, read_race, read_session, write_race
from race.observations import Detections, Frames, Observations
from race.poses import no_poses
from race.session import Stretch, by_clock, by_racing, cut_out, split_races
from race.start_list import read_start_list, starters_by_race

FPS = 10.0


def run(from_s: float, to_s: float, start_s: float, final_s: float | None = None) -> ClockRun:
    """A clock that ran from 0 at ``start_s``, and was read from ``from_s`` to ``to_s``."""
    stopped = None if final_s is None else to_s + 0.1
    return ClockRun(from_s, to_s, start_s, 0.01, stopped, final_s, 50, 0)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ([run(5, 45, 4, 41.2)], [(4, 45.1)]),
        ([run(5, 45, 4, 41.2), run(91, 131, 90, 41.5)], [(4, 45.1), (90, 131.1)]),
        # a cut in the race: the clock has gone on meanwhile
        ([run(5, 20, 4), run(25, 40, -6, 46.0)], [(4, 40.1)]),
        # a false start belongs to the race after it, a race called off after 12 s is one of its own
        ([run(5, 7, 4), run(41, 80, 40, 41.0)], [(4, 80.1)]),
        ([run(5, 7, 4), run(30, 32, 29), run(61, 100, 60, 41.0)], [(4, 100.1)]),
        ([run(5, 16, 4), run(71, 111, 70, 41.0)], [(4, 16), (70, 111.1)]),
        # a replay with the clock in it, then the next race; and one that was joined only for its last laps
        ([run(5, 45, 4, 41.2), run(50, 55, 14), run(91, 131, 90, 41.5)], [(4, 45.1), (90, 131.1)]),
        ([run(5, 45, 4, 41.2), run(60, 81, 40, 41.5)], [(4, 45.1), (60, 81.1)]),
        # its last lap alone, with a time of its own; and the last lap of the same race again
        ([run(5, 45, 4, 41.2), run(60, 71, 30, 41.5)], [(4, 45.1), (60, 71.1)]),
        ([run(5, 45, 4, 41.2), run(60, 71, 30, 41.2)], [(4, 45.1)]),
        ([run(5, 45, 4, 41.2), run(61, 101, 60.9, 41.5)], [(4, 45.1), (60.9, 101.1)]),
    ],
)
def test_a_clock_that_falls_back_counts_another_race(
    clock: list[ClockRun], expected: list[tuple[float, float]]
) -> None:
    assert by_clock(clock) == [Stretch(*pair) for pair in expected]


def test_without_a_clock_a_long_pause_parts_races() -> None:
    time_s = np.arange(0, 200, 0.5)
    racing = ((time_s >= 10) & (time_s <= 50)) | ((time_s >= 56) & (time_s <= 60)) | (time_s >= 120)
    racing |= (time_s >= 84) & (time_s < 88)  # a replay
    assert by_racing(racing, time_s) == [Stretch(10, 60), Stretch(120, 199.5)]
    assert by_racing(np.zeros(len(time_s), bool), time_s) == []


def seen(shots_s: list[float], starts_s: list[float], lasts_s: float = 40.0, end_s: float = 200.0) -> Observations:
    """A video with shots from these times on, in which clocks run from ``starts_s`` for ``lasts_s``; one box each."""
    count = round(end_s * FPS)
    number = np.arange(1, count + 1, dtype=np.int32)
    one, shade = np.ones(count), np.full((count, 24), np.nan)
    box = np.tile([10.0, 20.0, 5.0, 12.0], (count, 1))
    ends_s = [*shots_s[1:], end_s]
    clock = [
        ScorebugReading(time_s=start + k / 2, clock_s=k / 2) for start in starts_s for k in range(round(2 * lasts_s))
    ]
    return Observations(
        video=Video(path="v.mp4", sha256="0", duration_s=end_s, fps=FPS, width=64, height=36, frames=count),
        weights=None,
        frames=Frames(number, (number - 1) / FPS, np.tile(np.eye(3), (count, 1, 1)), one),
        detections=Detections(number, box, one, box * np.nan, box[:, :2] * np.nan, one * np.nan, shade, shade),
        shots=[
            Shot(start_s=a, end_s=b, kind="other", start_frame=round(a * FPS) + 1, end_frame=round(b * FPS))
            for a, b in zip(shots_s, ends_s, strict=True)
        ],
        scorebug=clock,
        warnings=[],
        poses=no_poses(count, (64, 36)),
    )


def test_each_race_has_its_part_with_numbers_and_times_of_the_video() -> None:
    whole = seen([0, 60, 95, 150], [10, 100])
    first, second = split_races(whole)
    assert (first.video.from_s, first.video.to_s, second.video.from_s, second.video.to_s) == (0, 95, 95, 200)
    assert second.frames.number[[0, -1]].tolist() == [951, 2000]
    assert second.frames.time_s[0] == 95.0
    assert np.isnan(second.frames.motion[0]).all()
    assert np.isfinite(whole.frames.motion[950]).all()
    assert second.detections.frame.tolist() == second.frames.number.tolist()
    assert second.poses is not None
    assert len(second.poses) == 1050
    assert [(shot.start_s, shot.end_s) for shot in second.shots] == [(95, 150), (150, 200)]
    assert {reading.time_s >= 95 for reading in second.scorebug} == {True}
    assert split_races(second) == [second]  # and a part is one race when it is read again


@pytest.mark.parametrize(
    ("shots_s", "begins_s"),
    [
        ([0, 70], 80),  # the shot of the start, but no more than 20 s before it
        ([0], 80),  # one camera, one shot
        ([0, 95], 95),
        ([0, 95, 101], 95),  # a cut just after the gun changes nothing
    ],
)
def test_where_the_next_race_begins(shots_s: list[float], begins_s: float) -> None:
    _, second = split_races(seen([float(s) for s in shots_s], [10, 100]))
    assert second.video.from_s == begins_s


def test_races_close_together_in_one_shot_part_in_the_middle() -> None:
    _, second = split_races(seen([0], [10, 60]))  # the clock is last read at 49.5
    assert second.video.from_s == pytest.approx((49.5 + 60) / 2, abs=0.1)


def test_a_shot_is_cut_where_its_part_ends() -> None:
    part = cut_out(seen([0, 60], []), 40.02, 80)
    assert [(shot.start_s, shot.end_s) for shot in part.shots] == [(40.1, 60), (60, 80)]
    assert (part.shots[0].start_frame, part.shots[-1].end_frame) == (402, 800)


def write_run(folder: Path, from_s: float, to_s: float, name: str) -> None:
    video = Video(
        path="v.mp4", sha256="0", duration_s=200, fps=10, width=64, height=36, frames=2000, from_s=from_s, to_s=to_s
    )
    folder.mkdir(parents=True)
    write_race(Race(video=video, warnings=[]), folder / name)


def test_races_are_compared_with_those_they_share_time_with(tmp_path: Path) -> None:
    for k, (a, b) in enumerate([(0, 60), (60, 120)], start=1):
        write_run(tmp_path / "truth" / f"race-{k}", a, b, "truth.json")
    for k, (a, b) in enumerate([(62, 118), (130, 200)], start=1):
        write_run(tmp_path / "run" / f"race-{k}", a, b, "race.json")
    for folder in ("truth", "run"):
        video = read_race(tmp_path / folder / "race-1").video
        write_race(Session(video=video, races=["race-1", "race-2"]), tmp_path / folder / "races.json")
    figures = evaluate_session(tmp_path / "run", tmp_path / "truth")
    assert figures is not None
    assert list(figures) == ["race-1", "race-2", "false: race-2"]
    assert (figures["race-1"], figures["false: race-2"]) == (None, None)
    assert figures["race-2"] is not None
    assert evaluate_session(tmp_path / "run" / "race-1", tmp_path / "truth" / "race-2") is None
    with pytest.raises(RaceFileError, match="several races"):
        read_race(tmp_path / "run")


def test_an_index_names_only_folders_of_races(tmp_path: Path) -> None:
    write_run(tmp_path / "race-1", 0, 60, "race.json")
    video = read_race(tmp_path / "race-1").video
    text = Session(video=video, races=["race-1"]).model_dump_json()
    (tmp_path / "races.json").write_text(text.replace("race-1", "../elsewhere"))
    with pytest.raises(RaceFileError, match=r"races\.0"):
        read_session(tmp_path)


def test_the_start_list_says_which_race_each_starts_in(tmp_path: Path) -> None:
    path = tmp_path / "starters.csv"
    path.write_text("race,start_position,name\n1,1,A\n1,2,B\n2,1,C\n")
    entries = read_start_list(path)
    first, second = starters_by_race(entries, 2)
    assert ([one.name for one in first], [one.name for one in second]) == (["A", "B"], ["C"])
    with pytest.raises(RaceFileError, match=r"C starts; add a column race with a number from 1 to 1"):
        starters_by_race(entries, 1)
