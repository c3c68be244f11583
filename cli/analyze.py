"""``shorttrack analyze``: a video in, a folder of results out."""

import shlex
import sys
import time
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from cli.outputs import ANALYSIS, check_free, check_inputs_stay, results_folder
from cli.progress import pictures_between, stage, stderr, warn
from race.errors import RaceFileError, ShorttrackError
from race.events import EVENT_NAMES, find_event
from race.formats import Computing, Race, Session, Video, write_race
from race.observations import Observations, read_observations, write_observations
from race.reconstruct import Given, reconstruct
from race.rink import Rink
from race.session import split_races
from race.start_list import read_start_list, starters_by_race
from race.tables import write_camera, write_detections, write_track_tables
from report.annotated import annotate
from report.clips import write_clips
from report.exports import write_incidents_csv, write_laps_csv
from report.html import write_report
from tracking import Corrections, read_corrections
from vision.frames import check_span, probe

if TYPE_CHECKING:
    from vision.keyframes import Keyframes


@dataclass(frozen=True, slots=True)
class Request:
    """The options of ``shorttrack analyze`` as given."""

    video: Path | None
    out: Path
    event: str
    gender: str | None
    start_list: Path | None
    weights: str | None
    device: str | None
    from_s: float | None
    to_s: float | None
    corrections: Path | None
    observations: Path | None
    registration: Path | None
    draw_rink: bool
    force: bool


def analyze(request: Request) -> None:
    """Do all of it. Raises ShorttrackError or TrackingFileError for what the user can mend."""
    started = time.monotonic()
    given = _given(request)
    before = read_observations(request.observations) if request.observations is not None else None
    video = _video(request, before)
    inputs = (request.video, request.start_list, request.corrections, request.registration)
    check_inputs_stay(request.out, ANALYSIS, inputs)
    check_free(request.out, ANALYSIS, video.sha256, request.force)
    with results_folder(request.out, ANALYSIS) as staging:
        observations = _observations(request, video, before, staging)
        parts = split_races(observations)
        if len(parts) == 1:
            races = [_write_run(request, parts[0], given, staging, started)]
        else:
            races = _write_runs(request, parts, given, staging, started)
        if before is not None:
            write_observations(observations, staging / "observations")
    for k, race in enumerate(races, start=1):
        for warning in race.warnings:
            warn(warning if len(races) == 1 else f"race {k}: {warning}")
    for k, race in enumerate(races, start=1):
        _summary(race, request.out if len(races) == 1 else request.out / f"race-{k}")
    if len(races) > 1:
        _tell(request.out / "report.html")


def _write_runs(request: Request, parts: list[Observations], given: Given, staging: Path, started: float) -> list[Race]:
    """Every race in a folder of its own, as if the video held nothing else, and the index of them."""
    if given.corrections:
        raise ShorttrackError(
            f"{request.corrections}: this video holds {len(parts)} races, and every race has its own tracks; "
            "correct one at a time: --observations DIR/race-1 --corrections FILE"
        )
    names = [f"race-{k}" for k in range(1, len(parts) + 1)]
    starters = starters_by_race(given.start_list, len(parts))
    races = []
    for name, part, entries in zip(names, parts, starters, strict=True):
        folder = staging / name
        folder.mkdir()
        write_observations(part, folder / "observations")
        stderr.print(f"{name}: {part.video.from_s:.1f} to {part.video.to_s:.1f} s", highlight=False)
        races.append(_write_run(request, part, replace(given, start_list=entries), folder, started))
    whole = races[0].video.model_copy(update={"from_s": None, "to_s": None})
    write_race(Session(video=whole, races=names), staging / "races.json")
    write_report(staging)
    return races


def _write_run(request: Request, observations: Observations, given: Given, folder: Path, started: float) -> Race:
    """All files of one race but its observations."""
    with stage("Reconstructing the race"):
        result = reconstruct(observations, given)
    race = result.race
    write_detections(observations.detections, folder / "det.txt")
    write_camera(observations, race.camera_level, folder / "camera.parquet")
    write_track_tables(result, folder)
    write_laps_csv(race, folder / "laps.csv")
    write_race(race, folder / "race.json")
    if request.video is not None:
        with stage("Drawing the video", pictures_between(race.video, race.video.from_s, race.video.to_s)) as advance:
            drawn = folder / "annotated.mp4"
            annotate(request.video, folder, drawn, lambda number: advance(None), request.draw_rink)
        if race.incidents:
            with stage("Cutting clips"):
                race = write_clips(request.video, folder)
    write_incidents_csv(race, folder / "incidents.csv")
    race = race.model_copy(update={"computing": _computing(started, observations)})
    write_race(race, folder / "race.json")
    write_report(folder)
    return race


def _given(request: Request) -> Given:
    event = None if request.event == "auto" else request.event
    if event is not None and event not in EVENT_NAMES:
        raise ShorttrackError(f"--event {event}: unknown; one of {', '.join(EVENT_NAMES)} or auto")
    if request.gender not in (None, "w", "m", "x"):
        raise ShorttrackError(f"--gender {request.gender}: unknown; one of w, m or x")
    if event is not None and request.gender is not None:
        try:
            find_event(event, request.gender)
        except ValueError as error:
            raise ShorttrackError(f"--event {event} --gender {request.gender}: {error}") from error
    return Given(
        event,
        request.gender,
        tuple(read_start_list(request.start_list)) if request.start_list is not None else (),
        read_corrections(request.corrections) if request.corrections is not None else Corrections(),
    )


def _video(request: Request, before: Observations | None) -> Video:
    if before is None:
        assert request.video is not None  # cli.main asks for one of the two
        video = probe(request.video)
        check_span(video, request.from_s, request.to_s)
        return video
    if request.video is not None and probe(request.video).sha256 != before.video.sha256:
        raise RaceFileError(
            f"{request.observations}: these observations are of {before.video.path}, not of {request.video}"
        )
    return before.video


def _observations(request: Request, video: Video, before: Observations | None, staging: Path) -> Observations:
    """What was seen before or, where nothing was, by watching now; registered by hand where that is asked for."""
    by_hand = None
    if request.registration is not None:
        from vision.keyframes import read_keyframes

        by_hand = read_keyframes(request.registration, (video.width, video.height), Rink())
    if before is None:
        return _observe(request, video, by_hand, staging)
    if by_hand is None:
        return before
    from vision.registration import register

    with stage("Registering the camera"):
        return register(before, by_hand)


def _observe(request: Request, video: Video, by_hand: "Keyframes | None", staging: Path) -> Observations:
    """Watch the video; what was seen is written at once, so that ``results_folder`` can keep it if the rest fails."""
    from vision.detector import load_detector
    from vision.observe import observe
    from vision.weights import find_weights

    assert request.video is not None
    with stderr.status("Loading the detector"):
        detector = load_detector(find_weights(request.weights), request.device)
    span = request.from_s, request.to_s
    with stage(f"Watching ({detector.device})", pictures_between(video, *span)) as advance:
        observations = observe(request.video, detector, *span, by_hand, lambda frame: advance(None))
    write_observations(observations, staging / "observations")
    return read_observations(staging)  # what a run on --observations will start from, to the bit


def _computing(started: float, observations: Observations) -> Computing:
    try:
        release = version("shorttrack")
    except PackageNotFoundError:
        release = "unknown"
    return Computing(
        seconds=round(time.monotonic() - started, 2),
        peak_memory_mb=_peak_memory_mb(),
        version=release,
        weights=observations.weights,
        command=shlex.join(["shorttrack", *sys.argv[1:]]),
    )


def _peak_memory_mb() -> float | None:
    """Of this process so far; None on Windows, where Python cannot tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1)


def _summary(race: Race, out: Path) -> None:
    name = {competitor.id: competitor.name or f"competitor {competitor.id}" for competitor in race.competitors}
    for row in race.finish:
        place = "?" if row.rank is None else row.rank
        clock = "" if row.race_time_s is None else f"  {_clock(row.race_time_s)}"
        photo = "  photo finish" if row.photo_finish else ""
        stderr.print(f"{place:>3}  {name[row.competitor]}{clock}{photo}", highlight=False, markup=False)
    _tell(out / "report.html")


def _tell(page: Path) -> None:
    stderr.print(f"{page}", highlight=False, markup=False, soft_wrap=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:05.2f}" if minutes else f"{rest:.2f}"
