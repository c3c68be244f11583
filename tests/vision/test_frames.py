"""Videos are made here, picture n of which is an even grey of level ``grey(n)`` with a bright top-left corner."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from race.errors import VideoError
from vision.frames import Clock, Frame, FrameReader, check_span, probe


def grey(number: int) -> int:
    return 40 + 15 * (number % 12)


def picture(number: int, width: int, height: int) -> av.VideoFrame:
    image = np.full((height, width, 3), grey(number), np.uint8)
    image[: height // 4, : width // 4] = 250
    return av.VideoFrame.from_ndarray(image, format="bgr24")


def write_video(
    path: Path,
    stamps: list[int] | None = None,
    *,
    rate: int = 25,
    size: tuple[int, int] = (160, 96),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rotation: float = 0,
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
) -> Path:
    """Write pictures at ``stamps`` (milliseconds); where not given, one second at ``rate``."""
    unit = Fraction(1, rate) if stamps is None else Fraction(1, 1000)
    stamps = list(range(rate)) if stamps is None else stamps
    with av.open(str(path), "w", options=muxer or {}) as container:
        quality = {"qp": "4"} if codec == "libx264" else {"qscale": "1"}
        stream = container.add_stream(codec, rate=rate, options=quality | (options or {}))
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.codec_context.time_base = unit
        if rotation:
            stream.set_display_rotation(rotation)
        for number, stamp in enumerate(stamps, start=1):
            frame = picture(number, *size)
            frame.pts, frame.time_base = stamp, unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def level(frame: Frame) -> float:
    """Grey of the picture's lower right quarter."""
    height, width = frame.image.shape[:2]
    return float(frame.image[height // 2 :, width // 2 :].mean())


def corner(frame: Frame) -> tuple[str, str]:
    """Where the bright corner is."""
    h, w = frame.image.shape[:2]
    patches = {
        ("top", "left"): frame.image[: h // 8, : w // 8],
        ("top", "right"): frame.image[: h // 8, -(w // 8) :],
        ("bottom", "left"): frame.image[-(h // 8) :, : w // 8],
        ("bottom", "right"): frame.image[-(h // 8) :, -(w // 8) :],
    }
    return max(patches, key=lambda name: patches[name].mean())


VARIABLE = [0, 20, 40, 90, 100, 300, 340, 1340, 1360]

SHAPES = {
    "plain": {},
    "5 fps": {"rate": 5},
    "59.94 fps": {"rate": 50, "stamps": [round(n * 1001 / 60) for n in range(40)]},
    "variable rate": {"stamps": VARIABLE},
    "10 bit": {"pixels": "yuv420p10le"},
    "odd size": {"size": (161, 97), "pixels": "yuv444p"},
    "portrait": {"size": (96, 160)},
    "b-frames": {"options": {"bf": "3"}, "rate": 30},
    "interlaced": {"options": {"flags": "+ilme+ildct"}},
    "mpeg4": {"codec": "mpeg4"},
}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_every_picture_comes_once_in_order_at_its_time(tmp_path: Path, kind: str, container: str) -> None:
    shape = SHAPES[kind]
    if container == "avi" and ("stamps" in shape or "options" in shape):
        pytest.skip("AVI holds no timestamps")
    path = write_video(tmp_path / f"video.{container}", **shape)  # type: ignore[arg-type]
    rate = shape.get("rate", 25)
    stamps = np.array(shape.get("stamps", [1000 * n / rate for n in range(rate)])) / 1000
    reader = FrameReader(path)
    frames = list(reader)
    assert reader.warnings == []
    assert [frame.number for frame in frames] == list(range(1, len(stamps) + 1))
    np.testing.assert_allclose([frame.time_s for frame in frames], stamps, atol=0.0011)
    width, height = shape.get("size", (160, 96))
    for frame in frames:
        assert frame.image.shape == (height, width, 3) and frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert corner(frame) == ("top", "left")
        assert level(frame) == pytest.approx(grey(frame.number), abs=6)
    video = probe(path)
    assert (video.width, video.height, video.frames) == (width, height, len(stamps))
    assert video.fps == pytest.approx((len(stamps) - 1) / stamps[-1], rel=0.01)
    assert stamps[-1] < video.duration_s < stamps[-1] + 1.1 / rate + 0.03


@pytest.mark.parametrize(
    ("rotation", "where"), [(90, ("bottom", "left")), (180, ("bottom", "right")), (-90, ("top", "right"))]
)
def test_rotation_metadata_is_honoured(tmp_path: Path, rotation: int, where: tuple[str, str]) -> None:
    path = write_video(tmp_path / "video.mp4", rotation=rotation)  # degrees counter-clockwise
    frame = next(iter(FrameReader(path)))
    video = probe(path)
    assert corner(frame) == where
    assert frame.image.shape[:2] == (video.height, video.width) == ((96, 160) if rotation == 180 else (160, 96))


def test_a_part_keeps_the_numbers_and_times_of_the_whole_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "video.mp4", VARIABLE)
    part = list(FrameReader(path, from_s=0.04, to_s=0.34))
    assert [frame.number for frame in part] == [3, 4, 5, 6]
    assert [frame.time_s for frame in part] == pytest.approx([0.04, 0.09, 0.1, 0.3])
    assert level(part[0]) == pytest.approx(grey(3), abs=6)


def test_reading_can_stop_early_and_start_again(tmp_path: Path) -> None:
    reader = FrameReader(write_video(tmp_path / "video.mp4"))
    assert next(iter(reader)).number == 1
    assert [frame.number for frame in reader] == list(range(1, 26))


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_a_truncated_file_gives_what_decodes_and_a_warning_with_the_time(tmp_path: Path, container: str) -> None:
    muxer = {"movflags": "faststart"} if container == "mp4" else {}
    options = {"g": "10", "bf": "0"}
    whole = write_video(tmp_path / f"whole.{container}", rate=50, size=(320, 240), options=options, muxer=muxer)
    path = tmp_path / f"cut.{container}"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    reader = FrameReader(path)
    frames = list(reader)
    assert 15 < len(frames) < 45
    assert [frame.number for frame in frames] == list(range(1, len(frames) + 1))
    assert abs(probe(path).frames - len(frames)) <= 1
    if container != "ts":  # a transport stream does not say how long it is
        assert len(reader.warnings) == 1 and "cut.mp4" in reader.warnings[0].replace("mkv", "mp4")
        assert f"{frames[-1].time_s + 0.02:.2f} s" in reader.warnings[0]


def test_damage_in_the_middle_is_passed_over_with_a_warning(tmp_path: Path) -> None:
    path = write_video(tmp_path / "video.mp4", rate=50, options={"g": "10", "bf": "0"})
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    content = bytearray(path.read_bytes())
    for position, size in packets[20:23]:
        content[position : position + size] = bytes(size)
    path.write_bytes(content)
    reader = FrameReader(path)
    frames = list(reader)
    assert 40 <= len(frames) < 50
    assert any("damaged" in warning and "0.4" in warning for warning in reader.warnings)
    assert [frame.time_s for frame in frames[-5:]] == pytest.approx([0.9, 0.92, 0.94, 0.96, 0.98])


def bad_files(folder: Path) -> dict[str, Path]:
    whole = write_video(folder / "whole.mp4")
    files = {
        "missing": folder / "nowhere.mp4",
        "a folder": folder,
        "text": folder / "text.mp4",
        "empty": folder / "empty.mp4",
        "no header": folder / "unfinished.mp4",
        "audio only": folder / "song.mp4",
        "no pictures": folder / "no pictures.mp4",
    }
    files["text"].write_text("not a video\n" * 100)
    files["empty"].write_bytes(b"")
    files["no header"].write_bytes(whole.read_bytes()[:-1000])
    with av.open(str(files["audio only"]), "w") as container:
        sound = container.add_stream("aac", rate=48000, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
        samples.rate = 48000
        container.mux(sound.encode(samples))
        container.mux(sound.encode(None))
    content = bytearray(whole.read_bytes())
    with av.open(str(whole)) as container:
        for packet in container.demux(video=0):
            if packet.pos is not None:
                content[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    files["no pictures"].write_bytes(content)
    return files


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "no such file"),
        ("a folder", "is a folder"),
        ("text", "not a video"),
        ("empty", "not a video"),
        ("no header", "not a video"),
        ("audio only", "only audio"),
        ("no pictures", "no picture"),
    ],
)
def test_what_is_no_video_gives_one_line_that_names_it(
    tmp_path: Path, kind: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = bad_files(tmp_path)[kind]
    capfd.readouterr()
    for attempt in (lambda: list(FrameReader(path)), lambda: probe(path)):
        with pytest.raises(VideoError) as caught:
            attempt()
        assert str(caught.value).startswith(f"{path}: ") and says in str(caught.value)
        assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")  # FFmpeg stays silent


def test_a_span_has_to_lie_in_the_video(tmp_path: Path) -> None:
    video = probe(write_video(tmp_path / "video.mp4"))
    for good in ((None, None), (0, 1), (0.5, None), (None, 0.2)):
        check_span(video, *good)
    for bad in ((1.0, None), (-0.1, None), (None, 1.5), (0.5, 0.5), (0.6, 0.2), (float("nan"), None), (None, -1)):
        with pytest.raises(VideoError, match=r"video\.mp4: .*--(from|to)"):
            check_span(video, *bad)
    with pytest.raises(VideoError, match=r"video\.mp4: no picture"):
        list(FrameReader(video.path, from_s=3))


def test_clock_repairs_stamps_as_it_says() -> None:
    def times(*stamps: float | None) -> list[float]:
        clock = Clock(0.04)
        return [clock.time_s(stamp) for stamp in stamps]

    assert times(7.0, 7.04, 7.08) == pytest.approx([0, 0.04, 0.08])
    assert times(None, None, None) == pytest.approx([0, 0.04, 0.08])
    assert times(1.0, None, 1.08) == pytest.approx([0, 0.04, 0.08])
    assert times(1.0, 1.04, 1.04, 1.12) == pytest.approx([0, 0.04, 0.06, 0.12])  # duplicate
    assert times(1.0, 1.04, 1.02, 1.12) == pytest.approx([0, 0.04, 0.06, 0.12])  # backward
    assert times(9.0, 9.04, 0.0, 0.04) == pytest.approx([0, 0.04, 0.08, 0.12])  # a new timeline


@given(st.lists(st.none() | st.floats(-1e4, 1e4), min_size=1, max_size=30))
def test_clock_rises_whatever_the_stamps(stamps: list[float | None]) -> None:
    clock = Clock(0.04)
    times = [clock.time_s(stamp) for stamp in stamps]
    assert times[0] == 0 and all(b > a for a, b in pairwise(times))


@given(st.lists(st.floats(0.001, 3), max_size=30), st.floats(-100, 100))
def test_clock_leaves_good_stamps_alone(gaps: list[float], start: float) -> None:
    stamps = start + np.cumsum([0, *gaps])
    clock = Clock(0.04)
    np.testing.assert_allclose([clock.time_s(float(stamp)) for stamp in stamps], stamps - start, atol=1e-9)


def test_real_clip(reference: Path) -> None:
    path = reference / "footage" / "shanghai-2019-m5000-relay-semifinal-final-lap.mp4"
    video = probe(path)
    assert (video.width, video.height, video.frames) == (640, 360, 570)
    assert video.fps == pytest.approx(30000 / 1001, rel=1e-4)
    times = [frame.time_s for frame in FrameReader(path)]
    np.testing.assert_allclose(times, np.arange(570) * 1001 / 30000, atol=0.001)
