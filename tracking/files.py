"""MOTChallenge text files: detections and camera motion in, tracks out."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tracking.tables import DetectionTable, Floats, Ints, Tracks


class TrackingFileError(Exception):
    """One line for people: the file, the line, what is wrong with it, what was expected."""


def read_det(path: Path) -> DetectionTable:
    """Read MOTChallenge det lines ``frame,id,x,y,w,h,score[,...]``; the id and further columns are ignored.

    Six values are such a line without the id: ``frame,x,y,w,h,score``. Lines may come in any order and frames may be
    missing. Raises TrackingFileError, which names file and line, for a line that is not such a line: not a number, a
    frame below 1, a box without area, a score outside 0 to 1, or the same box twice.
    """
    numbers: list[int] = []
    rows: list[list[float]] = []
    for number, row in _rows(path):
        where = f"{path}, line {number}"
        if len(row) < 6:
            raise TrackingFileError(f"{where}: expected frame,id,x,y,w,h,score, got {len(row)} values")
        frame = row[0]
        x, y, w, h, score = row[1:6] if len(row) == 6 else row[2:7]
        if not np.isfinite([frame, x, y, w, h, score]).all():
            raise TrackingFileError(f"{where}: frame, box and score have to be finite numbers")
        if frame != int(frame) or not 1 <= frame < 2**31:
            raise TrackingFileError(f"{where}: the frame has to be a whole number from 1, got {frame:g}")
        if w <= 0 or h <= 0:
            raise TrackingFileError(f"{where}: width and height have to be above 0, got {w:g} x {h:g}")
        if not 0 <= score <= 1:
            raise TrackingFileError(f"{where}: the score has to be 0 to 1, got {score:g}")
        numbers.append(number)
        rows.append([frame, x, y, w, h, score])
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    order = np.lexsort(table[:, 4::-1].T)  # frame, then box
    same = np.flatnonzero((np.diff(table[order][:, :5], axis=0) == 0).all(axis=1))
    if len(same):
        first, second = sorted((numbers[order[same[0]]], numbers[order[same[0] + 1]]))
        raise TrackingFileError(f"{path}, line {second}: the same box as in line {first}; leave one of them out")
    table = table[np.argsort(table[:, 0], kind="stable")]
    return DetectionTable(frame=table[:, 0].astype(np.int32), box=table[:, 1:5].copy(), score=table[:, 5].copy())


def read_motion(path: Path, frames: Ints) -> Floats:
    """Read camera motion (``gmc.txt``) for the frame numbers ``frames``, which count from 1.

    A line is ``frame,a,b,tx,c,d,ty`` (affine) or ``frame`` and nine homography values, pixels of the frame before to
    this frame. Frames of the file count from 0 where its first line says 0, else from 1.

    Returns (F, 3, 3) float64, NaN for frames without a line. Raises TrackingFileError, which names file and line.
    """
    index = {int(frame): k for k, frame in enumerate(frames)}
    motion = np.full((len(frames), 3, 3), np.nan)
    offset = None
    seen: dict[int, int] = {}
    for number, row in _rows(path):
        where = f"{path}, line {number}"
        if len(row) not in (7, 10):
            raise TrackingFileError(f"{where}: expected a frame and 6 or 9 values, got {len(row)} values")
        if not np.isfinite(row).all():
            raise TrackingFileError(f"{where}: expected finite numbers; leave a frame out whose motion is unknown")
        if row[0] != int(row[0]) or row[0] < 0:
            raise TrackingFileError(f"{where}: the frame has to be a whole number from 0, got {row[0]:g}")
        frame = int(row[0])
        if offset is None:
            offset = 1 if frame == 0 else 0
        if frame + offset < 1:
            raise TrackingFileError(f"{where}: frame 0 after a first line that counts from 1")
        if frame in seen:
            raise TrackingFileError(f"{where}: frame {frame} was given in line {seen[frame]} already")
        seen[frame] = number
        matrix = np.array(row[1:] if len(row) == 10 else [*row[1:], 0.0, 0.0, 1.0]).reshape(3, 3)
        if abs(np.linalg.det(matrix)) < 1e-12:
            raise TrackingFileError(f"{where}: this motion cannot be inverted")
        if frame + offset in index:
            motion[index[frame + offset]] = matrix
    return motion


def write_tracks(tracks: Tracks, path: Path) -> None:
    """Write ``frame,id,x,y,w,h,score,-1,-1,-1`` lines, whole or not at all."""
    lines = [
        f"{frame},{identity},{x:.2f},{y:.2f},{w:.2f},{h:.2f},{score:.4f},-1,-1,-1\n"
        for frame, identity, (x, y, w, h), score in zip(
            tracks.frame.tolist(), tracks.id.tolist(), tracks.box.tolist(), tracks.score.tolist(), strict=True
        )
    ]
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text("".join(lines), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise TrackingFileError(f"{path}: {error.strerror}") from error


def _rows(path: Path) -> Iterator[tuple[int, list[float]]]:
    """Line number and values of each line that is not empty."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TrackingFileError(f"{path}: not a text file") from error
    except OSError as error:
        raise TrackingFileError(f"{path}: {error.strerror}") from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield number, [float(value) for value in line.replace(",", " ").split()]
        except ValueError as error:
            raise TrackingFileError(f"{path}, line {number}: expected numbers, got {line.strip()[:60]!r}") from error
