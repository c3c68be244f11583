"""The annotated video, on videos made here with PyAV."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import polars as pl
import pytest
from av.video.reformatter import Colorspace

from race.errors import OutputError, RaceFileError, VideoError
from race.formats import Race, ScorebugReading, Shot, write_race
from report.annotated import annotate
from report.colours import competitor_colours, rgb
from report.drawing import Overlay
from report.encoding import BT709
from vision.frames import FrameReader

TICKS = 1000
STEADY = [40 * k for k in range(12)]
UNEVEN = [0, 33, 41, 100, 133, 300, 333, 366, 401, 467, 500, 901]


def make_video(
    path: Path, stamps: list[int], size: tuple[int, int] = (320, 180), sound: str | None = None, colour: int = 90
) -> None:
    """Grey pictures at ``stamps`` (milliseconds), with a tone where ``sound`` names a codec."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height = width, height
        stream.pix_fmt = "bgr0"
        stream.codec_context.time_base = Fraction(1, TICKS)
        tone = container.add_stream(sound, rate=48000) if sound else None
        for stamp in stamps:
            picture = av.VideoFrame.from_ndarray(np.full((height, width, 3), colour, np.uint8), format="bgr24")
            picture.pts, picture.time_base = stamp, Fraction(1, TICKS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
        if tone is not None:
            for k in range(24):
                wave = np.sin(np.arange(960) / 20).astype(np.float32)[None]
                note = av.AudioFrame.from_ndarray(
                    wave if sound == "aac" else (wave * 9000).astype(np.int16),
                    layout="mono",
                    format="fltp" if sound == "aac" else "s16",
                )
                note.sample_rate, note.pts = 48000, 960 * k
                container.mux(tone.encode(note))
            container.mux(tone.encode(None))


@pytest.fixture
def run(race_500: Race, tmp_path: Path) -> Path:
    """A run whose competitor 1 stands in a box in each of twelve pictures."""
    folder = tmp_path / "run"
    folder.mkdir()
    race = race_500.model_copy(update={"shots": [Shot(start_s=0, end_s=9, kind="race")]})
    write_race(race, folder / "race.json")
    boxes_at(range(1, 13)).write_parquet(folder / "tracks.parquet")
    return folder


def boxes_at(frames: range, x: float = 100.0, id_: int = 1) -> pl.DataFrame:
    return pl.DataFrame(
        {"frame": list(frames), "id": id_, "x": x, "y": 60.0, "w": 40.0, "h": 80.0, "rank": 1, "seen": True}
    )


def still_camera(frames: range, x: float = 0.0) -> pl.DataFrame:
    motion = {f"h{r}{c}": x if (r, c) == (0, 2) else float(r == c) for r in range(3) for c in range(3)}
    return pl.DataFrame({"frame": list(frames), **motion})


def is_colour(image: np.ndarray, colour: str, within: float) -> np.ndarray:
    red, green, blue = rgb(colour)
    return np.abs(image.astype(float) - [blue, green, red]).max(axis=2) < within


@pytest.mark.parametrize("stamps", [STEADY, UNEVEN], ids=["steady", "uneven"])
def test_every_picture_keeps_its_time(run: Path, tmp_path: Path, stamps: list[int]) -> None:
    video, out = tmp_path / "in.mkv", tmp_path / "annotated.mp4"
    make_video(video, stamps)
    done: list[int] = []
    annotate(video, run, out, done.append)
    assert [frame.time_s for frame in FrameReader(out)] == pytest.approx([stamp / TICKS for stamp in stamps], abs=6e-4)
    assert done == list(range(1, 13))
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["annotated.mp4", "in.mkv"]


def test_it_plays_in_a_browser(run: Path, tmp_path: Path) -> None:
    make_video(tmp_path / "in.mkv", STEADY)
    annotate(tmp_path / "in.mkv", run, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # the index comes first, so that it plays while it loads


def test_odd_sizes_grow_by_a_pixel(run: Path, tmp_path: Path) -> None:
    make_video(tmp_path / "in.mkv", STEADY, size=(321, 179))
    annotate(tmp_path / "in.mkv", run, tmp_path / "out.mp4")
    assert {frame.image.shape for frame in FrameReader(tmp_path / "out.mp4")} == {(180, 322, 3)}


def test_the_box_is_drawn_where_the_racer_is(run: Path, tmp_path: Path, race_500: Race) -> None:
    make_video(tmp_path / "in.mkv", STEADY)
    annotate(tmp_path / "in.mkv", run, tmp_path / "out.mp4")
    image = list(FrameReader(tmp_path / "out.mp4"))[5].image
    coloured = is_colour(image, competitor_colours(race_500)[1], 60)
    rows, columns = np.nonzero(coloured)
    assert coloured[100, 98:103].any() and coloured[100, 138:143].any()
    assert columns.min() > 80 and columns.max() < 160 and rows.max() < 145
    assert abs(float(image[170, 20].mean()) - 90) < 6  # elsewhere the picture is as it was


@pytest.mark.parametrize("space", [Colorspace.ITU709, Colorspace.ITU601])
def test_colours_stay_as_they_were(run: Path, tmp_path: Path, space: Colorspace) -> None:
    red = np.full((180, 320, 3), (30, 20, 210), np.uint8)
    with av.open(str(tmp_path / "in.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.colorspace = int(space)
        for k in range(3):
            picture = av.VideoFrame.from_ndarray(red, format="bgr24")
            picture = picture.reformat(format="yuv420p", dst_colorspace=space)
            picture.pts, picture.time_base, picture.colorspace = k, Fraction(1, 25), int(space)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    annotate(tmp_path / "in.mp4", run, tmp_path / "out.mp4")
    before, after = (next(iter(FrameReader(tmp_path / name))).image for name in ("in.mp4", "out.mp4"))
    np.testing.assert_allclose(after[160:, :90].mean(axis=(0, 1)), before[160:, :90].mean(axis=(0, 1)), atol=5)
    with av.open(str(tmp_path / "in.mp4")) as given, av.open(str(tmp_path / "out.mp4")) as made:
        spaces = [video.streams.video[0].codec_context.colorspace for video in (given, made)]
    assert (spaces[0] == BT709) == (spaces[1] == BT709)


def test_sound_is_copied_where_mp4_can_hold_it(run: Path, tmp_path: Path) -> None:
    make_video(tmp_path / "aac.mkv", STEADY, sound="aac")
    make_video(tmp_path / "pcm.mkv", STEADY, sound="pcm_s16le")
    annotate(tmp_path / "aac.mkv", run, tmp_path / "with.mp4")
    annotate(tmp_path / "pcm.mkv", run, tmp_path / "without.mp4")
    with av.open(str(tmp_path / "with.mp4")) as copy, av.open(str(tmp_path / "aac.mkv")) as original:
        before = [bytes(packet) for packet in original.demux(audio=0) if packet.size]
        after = [(packet.pts, bytes(packet)) for packet in copy.demux(audio=0) if packet.size]
        assert [data for _, data in after] == before[-len(after) :]
        assert len(after) >= len(before) - 1 > 10
    with av.open(str(tmp_path / "without.mp4")) as copy:
        assert not copy.streams.audio


def test_what_fails_leaves_nothing_behind(run: Path, tmp_path: Path) -> None:
    video, out = tmp_path / "in.mkv", tmp_path / "out.mp4"
    with pytest.raises(VideoError):
        annotate(video, run, out)
    make_video(video, STEADY)

    def stop(number: int) -> None:
        if number == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate(video, run, out, stop)
    with pytest.raises(OutputError, match="nowhere"):
        annotate(video, run, tmp_path / "nowhere" / "out.mp4")
    (run / "tracks.parquet").unlink()
    with pytest.raises(RaceFileError, match=r"tracks\.parquet"):
        annotate(video, run, out)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["in.mkv"]


@pytest.fixture
def blank() -> Callable[[], np.ndarray]:
    return lambda: np.full((180, 320, 3), 255, np.uint8)


def test_the_trail_lies_on_the_ice_and_ends_at_a_cut(race_500: Race, blank: Callable[[], np.ndarray]) -> None:
    """The racer keeps its place in the picture while the camera pans: the trail runs across the ice behind it."""
    colour = competitor_colours(race_500)[1]
    tracks, camera = boxes_at(range(1, 60)), still_camera(range(1, 60), x=-3.0)
    one = race_500.model_copy(update={"shots": [Shot(start_s=0, end_s=9, kind="race")]})
    cut = race_500.model_copy(
        update={"shots": [Shot(start_s=0, end_s=0.8, kind="race"), Shot(start_s=0.8, end_s=9, kind="race")]}
    )

    def behind(race: Race, camera: pl.DataFrame | None, tracks: pl.DataFrame = tracks) -> int:
        overlay, image = Overlay(race, tracks, camera), blank()
        for number in range(1, 22):
            image = blank()
            overlay.draw(image, number, (number - 1) / 25)
        return int(is_colour(image[136:144, 50:95], colour, 80).sum())

    assert behind(one, camera) > 20
    assert behind(cut, camera) == 0  # picture 21, at 0.8 s, is the first of the next shot
    assert behind(one, camera, tracks.with_columns(seen=pl.lit(False))) == 0
    assert behind(one, None) == behind(one, still_camera(range(1, 60))) == 0


def test_labels_of_a_pack_do_not_cover_one_another(race_500: Race) -> None:
    pack = pl.concat([boxes_at(range(1, 2), x=100.0 + 4 * k, id_=k) for k in (1, 2, 3, 4)])
    overlay, image = Overlay(race_500, pack, None), np.full((360, 640, 3), 255, np.uint8)
    overlay.draw(image, 1, 0.0)
    for colour in competitor_colours(race_500).values():
        assert is_colour(image, colour, 30).sum() > 300


def test_the_banner_shows_race_time_and_laps_to_go(race_500: Race, blank: Callable[[], np.ndarray]) -> None:
    overlay = Overlay(race_500, boxes_at(range(1, 2)), None)
    assert [overlay.banner(t) for t in (1.0, 12.0, 50.0)] == ["", "10.0   4 to go", "42.0   Finish"]


def test_the_banner_falls_back_on_the_score_bug(race_relay: Race) -> None:
    relay = race_relay.model_copy(update={"finish": [], "crossings": []})
    overlay = Overlay(relay, boxes_at(range(1, 2)), None)
    assert [overlay.banner(t) for t in (0.0, 3.0)] == ["", "6:52.6"]
    bug = [ScorebugReading(time_s=0.9, clock_s=412.6, laps_to_go=1, title="FinalLap")]
    overlay = Overlay(relay.model_copy(update={"scorebug": bug}), boxes_at(range(1, 2)), None)
    assert overlay.banner(3.0) == "6:52.6   1 to go"  # not the letters as they were read


def test_the_banner_tells_the_newer_of_crossing_and_score_bug(race_500: Race) -> None:
    """The crossing at 9.2 s leaves 4 laps; the score bug is late with it, and knows of one that nobody saw."""
    bug = [
        ScorebugReading(time_s=2.1, clock_s=0.0, laps_to_go=5),
        ScorebugReading(time_s=10.5, clock_s=8.4, laps_to_go=4),
        ScorebugReading(time_s=13.0, clock_s=10.9, laps_to_go=3, title="3laps togo"),
        ScorebugReading(time_s=44.8, clock_s=41.95, laps_to_go=1),
    ]
    overlay = Overlay(race_500.model_copy(update={"scorebug": bug}), boxes_at(range(1, 2)), None)
    words = [overlay.banner(t).split("   ")[-1] for t in (5.0, 10.0, 12.0, 14.0, 50.0)]
    assert words == ["5 to go", "4 to go", "4 to go", "3 to go", "Finish"]


def test_a_replay_has_no_banner(race_500: Race, blank: Callable[[], np.ndarray]) -> None:
    overlay, image = Overlay(race_500, boxes_at(range(1, 2)), None), blank()
    overlay.draw(image, 1200, 47.0)
    assert (image == 255).all()
    overlay.draw(image, 1000, 39.96)
    assert not (image == 255).all()
