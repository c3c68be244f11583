"""MOTChallenge files, good and bad."""

from pathlib import Path

import numpy as np
import pytest

from tracking import TrackingFileError, Tracks, read_det, read_motion, write_tracks

FRAMES = np.arange(1, 5, dtype=np.int32)


def write(folder: Path, text: str) -> Path:
    path = folder / "file.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_may_come_in_any_order_with_or_without_an_id(tmp_path: Path) -> None:
    for text in ("3,-1,1,2,3,4,0.5,-1,-1\n\n1,-1,-5,6,7,8,0.25\n", "3,1,2,3,4,0.5\n1,-5,6,7,8,0.25\n"):
        found = read_det(write(tmp_path, text))
        assert found.frame.tolist() == [1, 3]
        assert found.box.tolist() == [[-5, 6, 7, 8], [1, 2, 3, 4]]
        assert found.score.tolist() == [0.25, 0.5]


def test_no_detections(tmp_path: Path) -> None:
    assert len(read_det(write(tmp_path, ""))) == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("2,-1,1,2,3", "expected frame,id,x,y,w,h,score, got 5 values"),
        ("2,-1,1,2,x,4,0.5", "expected numbers"),
        ("2,-1,nan,2,3,4,0.5", "finite"),
        ("2,-1,1,2,inf,4,0.5", "finite"),
        ("2,-1,1,2,-3,4,0.5", "width and height have to be above 0, got -3 x 4"),
        ("2,-1,1,2,3,0,0.5", "above 0"),
        ("2,-1,1,2,3,4,1.5", "score has to be 0 to 1, got 1.5"),
        ("2,-1,1,2,3,4,-0.1", "score has to be 0 to 1"),
        ("0,-1,1,2,3,4,0.5", "frame has to be a whole number from 1"),
        ("1.5,-1,1,2,3,4,0.5", "frame has to be a whole number from 1"),
        ("1,-1,1,2,3,4,0.7", "the same box as in line 1"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = write(tmp_path, f"1,-1,1,2,3,4,0.5\n{line}\n")
    with pytest.raises(TrackingFileError) as error:
        read_det(path)
    assert str(error.value).startswith(f"{path}, line 2: ")
    assert says in str(error.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(TrackingFileError, match="No such file"):
        read_det(tmp_path / "none.txt")
    (tmp_path / "video.mp4").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(TrackingFileError, match="not a text file"):
        read_det(tmp_path / "video.mp4")


def test_motion_counts_from_zero_where_the_first_line_says_so(tmp_path: Path) -> None:
    from_zero = read_motion(write(tmp_path, "0,1,0,0,0,1,0\n2,1,0,5,0,1,6\n"), FRAMES)
    from_one = read_motion(write(tmp_path, "1,1,0,0,0,1,0\n3,1,0,5,0,1,6\n"), FRAMES)
    np.testing.assert_array_equal(from_zero, from_one)
    assert from_one[2].tolist() == [[1, 0, 5], [0, 1, 6], [0, 0, 1]]
    assert np.isnan(from_one[[1, 3]]).all(), "a missing row is unknown"


def test_motion_as_a_homography(tmp_path: Path) -> None:
    motion = read_motion(write(tmp_path, "2,1,0,5,0,1,6,0.001,0,1\n"), FRAMES)
    assert motion[1].tolist() == [[1, 0, 5], [0, 1, 6], [0.001, 0, 1]]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("1,1,0,0,0,1\n", 1, "6 or 9 values"),
        ("1,1,0,0,0,1,nan\n", 1, "finite"),
        ("1,1,0,0,0,1,0\n1,1,0,0,0,1,0\n", 2, "given in line 1 already"),
        ("1,1,0,0,0,1,0\n0,1,0,0,0,1,0\n", 2, "counts from 1"),
        ("1,0,0,0,0,0,0\n", 1, "cannot be inverted"),
        ("1.5,1,0,0,0,1,0\n", 1, "whole number"),
    ],
)
def test_bad_motion_is_named(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(TrackingFileError, match=rf"line {line}: .*{says}"):
        read_motion(write(tmp_path, text), FRAMES)


def test_tracks_are_written_as_the_contract_says(tmp_path: Path) -> None:
    tracks = Tracks(
        frame=np.array([2, 3], np.int32),
        id=np.array([7, 7], np.int32),
        box=np.array([[1.25, 2, 3, 4], [5, 6, 7, 8.0]]),
        score=np.array([0.5, 0.25]),
        seen=np.array([True, False]),
        detection=np.array([0, 0]),
        link_confidence=np.ones(2),
    )
    write_tracks(tracks, tmp_path / "tracks.txt")
    assert (tmp_path / "tracks.txt").read_text() == (
        "2,7,1.25,2.00,3.00,4.00,0.5000,-1,-1,-1\n3,7,5.00,6.00,7.00,8.00,0.2500,-1,-1,-1\n"
    )
    with pytest.raises(TrackingFileError, match="No such file"):
        write_tracks(tracks, tmp_path / "none" / "tracks.txt")
