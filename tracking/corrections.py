"""Identity repair by hand: a small text file that a person writes, applied to tracks.

# lines like these, in the order in which they are meant
at 31.2 s 3 <-> 4          from then on the two have each other's identity
tracks 7 and 12 are one    12 becomes 7
3 is Suzanne SCHULTING     what the competitor is called
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tracking.files import TrackingFileError
from tracking.tables import Floats, Ints, Tracks

_SWAP = re.compile(r"at\s+(\d+(?:\.\d*)?|\.\d+)\s*s\s+(\d+)\s*<->\s*(\d+)", re.IGNORECASE)
_UNION = re.compile(r"tracks\s+(\d+)\s+and\s+(\d+)\s+are\s+one", re.IGNORECASE)
_NAME = re.compile(r"(\d+)\s+is\s+(\S.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Swap:
    """From ``time_s`` on, ``first`` and ``second`` exchange identities; ``sure``, as a person is who says so, they are
    no more in doubt then."""

    time_s: float
    first: int
    second: int
    where: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Union:
    """``second`` is ``first``."""

    first: int
    second: int
    where: str


@dataclass(frozen=True, slots=True)
class Named:
    """Track ``id``, once all steps are done, is somebody of that ``name``."""

    id: int
    name: str
    where: str


@dataclass(frozen=True, slots=True)
class Corrections:
    """Steps in the order of the file, and names; ``where`` of each names file and line."""

    steps: tuple[Swap | Union, ...] = ()
    names: tuple[Named, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps or self.names)


def read_corrections(path: Path) -> Corrections:
    """Read a file of corrections. Raises TrackingFileError, which names file and line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise TrackingFileError(f"{path}: not a text file") from error
    except OSError as error:
        raise TrackingFileError(f"{path}: {error.strerror}") from error
    steps: list[Swap | Union] = []
    names: list[Named] = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        where = f"{path}, line {number}"
        if not text:
            continue
        if found := _SWAP.fullmatch(text):
            step: Swap | Union = Swap(float(found[1]), int(found[2]), int(found[3]), where)
        elif found := _UNION.fullmatch(text):
            step = Union(int(found[1]), int(found[2]), where)
        elif found := _NAME.fullmatch(text):
            names.append(_named(int(found[1]), " ".join(found[2].split()), where, names))
            continue
        else:
            raise TrackingFileError(
                f"{where}: expected `at 31.2 s 3 <-> 4`, `tracks 7 and 12 are one` or `3 is Suzanne SCHULTING`, "
                f"got {text[:60]!r}"
            )
        if step.first == step.second:
            raise TrackingFileError(f"{where}: track {step.first} is named twice")
        steps.append(step)
    return Corrections(tuple(steps), tuple(names))


def _named(id_: int, name: str, where: str, before: list[Named]) -> Named:
    for other in before:
        if other.id == id_:
            raise TrackingFileError(f"{where}: track {id_} is {other.name} already ({other.where})")
        if other.name == name:
            raise TrackingFileError(f"{where}: {name} is track {other.id} already ({other.where})")
    return Named(id_, name, where)


def apply_corrections(tracks: Tracks, corrections: Corrections, frames: Ints, time_s: Floats) -> Tracks:
    """``tracks`` with the identities as ``corrections`` say; frames (F,) and time_s (F,) give each frame its time.

    Names change nothing here. Raises TrackingFileError, which names file and line, where a track does not exist or two
    tracks that are said to be one were detected in the same frame. Where one of the two was only filled in, the
    detected box stays.
    """
    row_time = time_s[np.searchsorted(frames, tracks.frame)]
    identity, confidence = tracks.id.copy(), tracks.link_confidence.copy()
    kept = np.ones(len(tracks), np.bool_)
    for step in corrections.steps:
        for name in (step.first, step.second):
            if not np.any(kept & (identity == name)):
                raise TrackingFileError(f"{step.where}: there is no track {name}")
        first, second = kept & (identity == step.first), kept & (identity == step.second)
        if isinstance(step, Swap):
            first &= row_time >= step.time_s
            second &= row_time >= step.time_s
            identity[first], identity[second] = step.second, step.first
            if step.sure:
                confidence[first | second] = 1.0
            continue
        both, in_first, in_second = np.intersect1d(
            tracks.frame[first], tracks.frame[second], assume_unique=True, return_indices=True
        )
        row_first, row_second = np.flatnonzero(first)[in_first], np.flatnonzero(second)[in_second]
        clash = tracks.seen[row_first] & tracks.seen[row_second]
        if clash.any():
            raise TrackingFileError(
                f"{step.where}: tracks {step.first} and {step.second} are both seen in frame {both[clash][0]}, "
                "so they cannot be one"
            )
        kept[np.where(tracks.seen[row_second], row_first, row_second)] = False
        identity[second] = step.first
    for named in corrections.names:
        if not np.any(kept & (identity == named.id)):
            raise TrackingFileError(f"{named.where}: there is no track {named.id}")
    order = np.lexsort((identity, tracks.frame))
    rows = order[kept[order]]
    return replace(
        tracks,
        frame=tracks.frame[rows],
        id=identity[rows],
        box=tracks.box[rows],
        score=tracks.score[rows],
        seen=tracks.seen[rows],
        detection=tracks.detection[rows],
        link_confidence=confidence[rows],
    )
