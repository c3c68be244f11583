"""Writing results: whole or not at all, and never over somebody else's."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from race.errors import OutputError, RaceFileError

STAGING = ".partial"
RESULTS = (
    "race.json",
    "laps.csv",
    "incidents.csv",
    "det.txt",
    "tracks.txt",
    "tracks.parquet",
    "camera.parquet",
    "report.html",
    "lapchart.svg",
    "annotated.mp4",
    "observations",
)
"""What ``analyze`` writes into its folder (DESIGN, files)."""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write to that becomes ``path`` when the block ends well, and is removed when it does not.

    Raises OutputError where ``path`` cannot be written, before anything is computed.
    """
    partial = path.with_name(path.name + ".part")
    try:
        partial.touch()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another --out") from error
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another --out") from error
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def results_folder(folder: Path) -> Iterator[Path]:
    """An empty folder inside ``folder`` to write results into, gone when the block ends; see ``publish``.

    Raises OutputError where ``folder`` cannot be made or written.
    """
    staging = folder / STAGING
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(f"{folder}: a file, not a folder; choose another --out") from error
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror}); choose another --out") from error
    try:
        yield staging
    except OSError as error:
        raise OutputError(f"{folder}: writing the results failed ({error.strerror or error})") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def publish(staging: Path, names: tuple[str, ...] = RESULTS) -> None:
    """Move what ``staging`` holds of ``names`` to the folder above, over what an earlier run left there.

    Results of ``names`` that ``staging`` does not hold are removed there: they would belong to another run.
    """
    for name in names:
        final, fresh = staging.parent / name, staging / name
        if final.is_dir() and not final.is_symlink():
            shutil.rmtree(final)
        if fresh.exists():
            fresh.replace(final)
        else:
            final.unlink(missing_ok=True)


def check_free(folder: Path, video: Path | None, sha256: str, force: bool) -> None:
    """Raise OutputError where ``folder`` holds results of another video than the one with ``sha256``.

    With ``force`` only a result that would fall on ``video`` itself is an error.
    """
    from race.formats import read_race

    if video is not None and any((folder / name).resolve() == video.resolve() for name in RESULTS):
        raise OutputError(f"{folder}: its {video.name} is the video itself; choose another --out")
    if force or not folder.is_dir():
        return
    there = [name for name in RESULTS if (folder / name).exists()]
    if not there:
        return
    if "race.json" not in there:
        raise OutputError(f"{folder}: holds {there[0]}, perhaps of another video; choose another --out, or add --force")
    try:
        before = read_race(folder / "race.json")
    except RaceFileError as error:
        raise OutputError(f"{error}; choose another --out, or add --force to write over it") from error
    if before.video.sha256 != sha256:
        raise OutputError(
            f"{folder}: holds the results of another video, {before.video.path}; choose another --out, or add --force"
        )
