"""Clips cut out of videos made here: the right pictures at the right times, drawn on, playable."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest

from race.errors import OutputError
from race.formats import Incident, Race, read_race, write_race
from report.clips import LAG_S, LEAD_S, plan_clips, write_clips
from vision.frames import FrameReader

RATE = 25
SECONDS = 40


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """40 s whose pictures are as bright as their second says."""
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "bgr0"
        stream.codec_context.time_base = Fraction(1, 1000)
        for k in range(SECONDS * RATE):
            shade = 20 + 5 * (k // RATE)
            picture = av.VideoFrame.from_ndarray(np.full((180, 320, 3), shade, np.uint8), format="bgr24")
            picture.pts, picture.time_base = 40 * k, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def run(race_500: Race, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    short = race_500.video.model_copy(update={"duration_s": 40.0})
    write_race(race_500.model_copy(update={"video": short}), folder / "race.json")
    frames = list(range(1, SECONDS * RATE + 1))
    pl.DataFrame(
        {"frame": frames * 2, "id": [3] * len(frames) + [1] * len(frames), "x": 100.0, "y": 40.0, "w": 40.0, "h": 60.0}
    ).with_columns(pl.when(pl.col("id") == 1).then(220.0).otherwise(100.0).alias("x"), rank=1, seen=True).write_parquet(
        folder / "tracks.parquet"
    )
    return folder


def test_each_incident_has_its_clip_with_time_before_and_after(run: Path, video: Path) -> None:
    race = write_clips(video, run)
    assert {row.id: row.clip for row in race.incidents} == {1: "clips/1-fall.mp4", 2: "clips/2-contact.mp4"}
    for row in race.incidents:
        frames = list(FrameReader(run / str(row.clip)))
        assert row.clip_from_s == pytest.approx(row.start_s - LEAD_S, abs=0.04)
        assert row.clip_to_s == pytest.approx(min(row.end_s + LAG_S, 40.0), abs=0.04)
        assert frames[0].time_s == 0.0
        assert frames[-1].time_s == pytest.approx(row.clip_to_s - row.clip_from_s, abs=1e-3)
        assert len(frames) == round((row.clip_to_s - row.clip_from_s) * RATE) + 1
        shown = [float(frame.image[5, 5].mean()) for frame in (frames[0], frames[-1])]
        assert shown == pytest.approx([20 + 5 * int(row.clip_from_s), 20 + 5 * int(row.clip_to_s)], abs=4.5)


def test_clips_play_in_a_browser(run: Path, video: Path) -> None:
    race = write_clips(video, run)
    path = run / str(race.incidents[0].clip)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_those_it_is_about_are_pointed_at(run: Path, video: Path) -> None:
    """Competitor 3, whose feet are at (120, 100), has an arrow below, competitor 1, at (240, 100), has none."""
    race = write_clips(video, run)
    image = list(FrameReader(run / str(race.incidents[1].clip)))[30].image
    assert image[104:110, 118:123].max() > 200
    assert image[104:110, 238:243].max() < 180 + 20


def test_only_what_lies_in_the_video_is_cut(race_500: Race) -> None:
    late = Incident(id=3, kind="slow", start_s=60.0, end_s=61.0, competitors=[1], confidence=0.5)
    early = Incident(id=4, kind="push", start_s=0.5, end_s=90.0, competitors=[1, 2], confidence=0.5)
    clips = plan_clips(race_500.model_copy(update={"incidents": [late, early]}))
    assert [(clip.incident, clip.name, clip.from_s) for clip in clips] == [(4, "clips/4-push.mp4", 0.0)]
    assert clips[0].to_s < 20  # who lies on the ice for long is not watched getting up


def test_a_race_without_incidents_has_no_folder_of_clips(run: Path, video: Path) -> None:
    write_race(read_race(run).model_copy(update={"incidents": []}), run / "race.json")
    assert write_clips(video, run).incidents == []
    assert not (run / "clips").exists()


def test_a_folder_that_cannot_be_written_is_told(run: Path, video: Path) -> None:
    (run / "clips").write_text("in the way")
    with pytest.raises(OutputError, match="clips cannot be written"):
        write_clips(video, run)
