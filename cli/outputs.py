"""Writing results: whole or not at all, and never over somebody else's."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cli.stopping import not_now, when_stopped
from race.errors import OutputError, RaceFileError
from race.formats import read_race, read_session
from race.observations import read_observations

ANALYSIS = (
    "race.json",
    "races.json",
    "laps.csv",
    "incidents.csv",
    "det.txt",
    "tracks.txt",
    "tracks.parquet",
    "camera.parquet",
    "report.html",
    "lapchart.svg",
    "annotated.mp4",
    "clips",
    "observations",
)
"""What ``analyze`` writes (DESIGN, files), and folders race-1, race-2, ... where ``races.json`` lists them; the first
two are what makes a folder a run."""

SIMULATION = (
    "truth.json",
    "truth_mot.txt",
    "truth_people.parquet",
    "truth_camera.parquet",
    "video.mp4",
    "observations",
)
"""What ``simulate`` writes."""
DATASET = ("data.yaml", "images", "labels")
"""What ``simulate --dataset`` writes."""

STAGING = ".partial"
KEPT = "unfinished"
"""Holds the ``observations`` of a run that failed or was stopped after it had watched the video."""


@contextmanager
def whole_file(path: Path, *inputs: Path | None) -> Iterator[Path]:
    """A name to write to, in a hidden folder beside ``path``, that becomes ``path`` when the block ends well.

    Raises OutputError, before anything is computed, where ``path`` cannot be written or is one of ``inputs``.
    """
    if any(given is not None and given.resolve() == path.resolve() for given in inputs):
        raise OutputError(f"{path}: is what is read; choose another --out")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path}: not a file; --out has to name a file")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
            partial = Path(folder) / path.name
            yield partial
            partial.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error


@contextmanager
def results_folder(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """An empty folder to write into; when the block ends well, what has one of ``names`` moves up to ``folder``.

    They replace all that an earlier run left there, so that a folder holds the results of one run only. Where the block
    fails, ``folder`` stays as it was, but observations it has written are kept, see ``KEPT``.

    Raises OutputError where ``folder`` cannot be made or written.
    """
    staging = folder / STAGING
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    with when_stopped(lambda: _give_up(staging, new)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _remove(staging)
            staging.mkdir()
            yield staging
            with not_now():
                _publish(staging, folder, names)
        except BaseException as error:
            in_the_way = isinstance(error, FileExistsError | NotADirectoryError) and not folder.is_dir()
            if (note := _give_up(staging, new)) is not None:
                error.add_note(note)
            if in_the_way:
                raise OutputError(f"{folder}: a file stands in the way; choose another --out") from error
            if isinstance(error, OSError):
                raise _cannot_write(folder, error) from error
            raise


def check_free(folder: Path, names: tuple[str, ...], sha256: str | None, force: bool) -> None:
    """Raise OutputError where ``folder`` holds results of ``names`` that are not of the video with ``sha256``."""
    there = [name for name in names if (folder / name).exists()]
    if force or not there:
        return
    remedy = "choose another --out, or add --force to write over it"
    try:
        if "race.json" in there:
            before = read_race(folder / "race.json").video
        elif "races.json" in there and (session := read_session(folder)) is not None:
            before = session.video
        elif "observations" in there and sha256 is not None:
            before = read_observations(folder).video
        else:
            raise OutputError(f"{folder}: holds {there[0]} of another run; {remedy}")
    except RaceFileError as error:
        raise OutputError(f"{error}; {remedy}") from error
    if before.sha256 != sha256:
        raise OutputError(f"{folder}: holds the results of another video, {before.path}; {remedy}")


def check_inputs_stay(folder: Path, names: tuple[str, ...], inputs: Iterable[Path | None]) -> None:
    """Raise OutputError where one of ``inputs`` is, or lies in, what will be written over in ``folder``."""
    outputs = [(folder / name).resolve() for name in (*names, *_races(folder), STAGING, KEPT)]
    for given in inputs:
        if given is not None and any(given.resolve().is_relative_to(output) for output in outputs):
            raise OutputError(f"{folder}: {given} is in it and would be written over; choose another --out")


def _publish(staging: Path, folder: Path, names: tuple[str, ...]) -> None:
    """Take the old away first and put the first name in place last: without it nothing here looks like a run."""
    for name in (*names, *_races(folder), KEPT):
        _remove(folder / name)
    for name in (*_races(staging), *reversed(names)):
        if (staging / name).exists():
            (staging / name).replace(folder / name)
    shutil.rmtree(staging, ignore_errors=True)


def _races(folder: Path) -> list[str]:
    """The folders of races that are ours, as ``folder``'s index lists them; none where there is no index to be read."""
    try:
        session = read_session(folder)
    except RaceFileError:
        return []
    return session.races if session is not None else []


def _give_up(staging: Path, new: list[Path]) -> str | None:
    """Take ``staging`` away, and the folders that were made for it; where observations are kept, say so."""
    note = None
    kept = staging.with_name(KEPT)
    if (staging / "observations" / "observations.json").exists():  # the last of its files to be written
        with suppress(OSError), not_now():
            _remove(kept)
            kept.mkdir()
            (staging / "observations").replace(kept / "observations")
            note = f"what was seen of the video is kept: go on with --observations {kept}"
    shutil.rmtree(staging, ignore_errors=True)
    with suppress(OSError):  # where it holds something now
        for path in new:
            path.rmdir()
    return note


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _cannot_write(path: Path, error: OSError) -> OutputError:
    found = OutputError(f"{path}: cannot be written ({error.strerror or error}); choose another --out, or make room")
    for note in getattr(error, "__notes__", ()):
        found.add_note(note)
    return found
