"""Several simulated races as one video: a session of heats, with a card between them, and the truth of each.

    python -m simulation.session DIR1 DIR2 ... --out DIR

The folders are those of ``shorttrack simulate``, alike in size and rate, all with a video or none.
"""

import argparse
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import TypeVar

import av
import cv2
import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.errors import ScenarioError
from race.formats import Gaps, Race, ScorebugReading, Session, Shot, Sound, Video, read_race, write_race
from race.observations import Detections, Frames, Lines, Observations, read_observations, write_observations
from race.poses import Poses, no_poses
from simulation.pictures.dubbing import Dubbing
from simulation.soundtrack import RATE
from vision.sound import sound_of

CARD_S = 4.0
Table = TypeVar("Table", Frames, Detections, Lines, Poses)


def join_session(folders: Sequence[Path], out: Path) -> None:
    """Write ``out``: the races one after the other, ``race-1``, ``race-2``, ... with their truths in its times.

    Raises ScenarioError where they do not go together.
    """
    truths = [read_race(folder / "truth.json") for folder in folders]
    videos = [folder / "video.mp4" for folder in folders]
    kinds = {(race.video.width, race.video.height, race.video.fps) for race in truths}
    filmed = {video.exists() for video in videos}
    if len(kinds) != 1 or len(filmed) != 1:
        raise ScenarioError("the races differ in the size or the rate of their pictures, or some have no video")
    fps = truths[0].video.fps
    card = round(CARD_S * fps)
    begins = [0]
    for race in truths:
        begins.append(begins[-1] + race.video.frames + card)
    frames = begins[-1] - card
    whole = truths[0].video.model_copy(update={"path": "video.mp4", "frames": frames, "duration_s": frames / fps})
    out.mkdir(parents=True, exist_ok=True)
    if filmed == {True}:
        lasts_s = [race.video.frames / fps for race in truths]
        join_videos(videos, lasts_s, whole, card, out / "video.mp4")
        with (out / "video.mp4").open("rb") as film:
            whole = whole.model_copy(update={"sha256": hashlib.file_digest(film, "sha256").hexdigest()})
    else:
        seen = [read_observations(folder) for folder in folders]
        write_observations(_join_observations(seen, begins, whole, card), out / "observations")
    names = [f"race-{k}" for k in range(1, len(folders) + 1)]
    for name, folder, race, first in zip(names, folders, truths, begins, strict=False):
        (out / name).mkdir(exist_ok=True)
        write_race(_later(race, first, whole), out / name / "truth.json")
        _shifted_boxes(folder / "truth_mot.txt", first).write_csv(out / name / "truth_mot.txt", include_header=False)
        for table in ("truth_people.parquet", "truth_camera.parquet"):
            rows = pl.read_parquet(folder / table).with_columns((pl.col("frame") + first).cast(pl.Int32))
            if "time_s" in rows.columns:
                rows = rows.with_columns(pl.col("time_s") + first / race.video.fps)
            rows.write_parquet(out / name / table)
    write_race(Session(video=whole, races=names), out / "races.json")


def _shifted_boxes(path: Path, first: int) -> pl.DataFrame:
    table = pl.read_csv(path, has_header=False)
    return table.with_columns(pl.col(table.columns[0]) + first)


def _later(race: Race, first: int, whole: Video) -> Race:
    """``race`` in a video in which its first picture comes after ``first`` others."""
    by = first / race.video.fps

    def moved(row: object, *names: str) -> object:
        changes = {name: getattr(row, name) + by for name in names if getattr(row, name) is not None}
        return row.model_copy(update=changes)  # type: ignore[attr-defined]

    timed = {
        "crossings": ("time_s",),
        "finish": ("time_s",),
        "passes": ("time_s",),
        "incidents": ("start_s", "end_s", "at_s"),
        "scorebug": ("time_s",),
    }
    changes: dict[str, object] = {
        name: [moved(row, *names) for row in getattr(race, name)] for name, names in timed.items()
    }
    changes["pace"] = [
        row.model_copy(
            update={
                "gaps": None if row.gaps is None else _all_later(row.gaps, by),
                "laps": [moved(lap, "from_s") for lap in row.laps],
                "corners": [moved(corner, "time_s") for corner in row.corners],
            }
        )
        for row in race.pace
    ]
    changes["shots"] = [_later_shot(shot, first, by) for shot in race.shots]
    changes["race_start_s"] = None if race.race_start_s is None else race.race_start_s + by
    changes["video"] = whole.model_copy(update={"from_s": by, "to_s": by + race.video.frames / race.video.fps})
    return race.model_copy(update=changes)


def _all_later(gaps: Gaps, by_s: float) -> Gaps:
    return gaps.model_copy(update={"time_s": [round(time_s + by_s, 3) for time_s in gaps.time_s]})


def _later_shot(shot: Shot, first: int, by_s: float) -> Shot:
    assert shot.start_frame is not None
    assert shot.end_frame is not None
    return shot.model_copy(
        update={
            "start_s": shot.start_s + by_s,
            "end_s": shot.end_s + by_s,
            "start_frame": shot.start_frame + first,
            "end_frame": shot.end_frame + first,
        }
    )


def _join_observations(seen: Sequence[Observations], begins: Sequence[int], video: Video, card: int) -> Observations:
    """What would be seen of the film: nobody on the cards, which stand still."""
    fps, size = video.fps, (video.width, video.height)
    frames, found, lines, poses = [], [], [], []
    shots: list[Shot] = []
    readings: list[ScorebugReading] = []
    sounds: list[Sound] = []
    for k, (part, first) in enumerate(zip(seen, begins, strict=False)):
        by_s = first / fps
        if k:
            number = np.arange(first - card + 1, first + 1, dtype=np.int32)
            still = np.tile(np.eye(3), (card, 1, 1))
            still[0] = np.nan
            frames.append(Frames(number, (number - 1) / fps, still, np.where(np.isnan(still[:, 0, 0]), np.nan, 1.0)))
            poses.append(no_poses(card, size))
            shots.append(
                Shot(start_s=by_s - card / fps, end_s=by_s, kind="other", start_frame=first - card + 1,
                     end_frame=first, boundary="cut")
            )  # fmt: skip
            readings.append(ScorebugReading(time_s=by_s - card / fps, title=f"Heat {k + 1}"))
        frames.append(replace(part.frames, number=part.frames.number + first, time_s=part.frames.time_s + by_s))
        found.append(replace(part.detections, frame=part.detections.frame + first))
        lines.append(replace(part.lines, frame=part.lines.frame + first))
        poses.append(part.poses if part.poses is not None else no_poses(len(part.frames), size))
        later = [_later_shot(shot, first, by_s) for shot in part.shots]
        shots += [later[0].model_copy(update={"boundary": "cut"}) if k else later[0], *later[1:]]
        readings += [reading.model_copy(update={"time_s": reading.time_s + by_s}) for reading in part.scorebug]
        sounds += [_later_sound(sound, by_s) for sound in part.sounds or ()]
    shift = {part.track_shift_m for part in seen}
    return Observations(
        video=video,
        weights=None,
        frames=_joined(frames),
        detections=_joined(found),
        shots=shots,
        scorebug=readings,
        warnings=[],
        lines=_joined(lines),
        poses=_joined(poses),
        track_shift_m=shift.pop() if len(shift) == 1 else None,
        sounds=None if all(part.sounds is None for part in seen) else sounds,
    )


def _later_sound(sound: Sound, by_s: float) -> Sound:
    end_s = None if sound.end_s is None else sound.end_s + by_s
    return sound.model_copy(update={"time_s": sound.time_s + by_s, "end_s": end_s})


def _joined(parts: Sequence[Table]) -> Table:
    columns: dict[str, object] = {}
    for field in fields(parts[0]):
        values = [getattr(part, field.name) for part in parts]
        columns[field.name] = np.concatenate(values) if isinstance(values[0], np.ndarray) else values[0]
    return type(parts[0])(**columns)  # type: ignore[arg-type]


def join_videos(videos: Sequence[Path], lasts_s: Sequence[float], video: Video, card: int, out: Path) -> None:
    rate = Fraction(video.fps).limit_denominator(1001)
    with av.open(str(out), "w", options={"movflags": "+faststart"}) as film:
        stream = film.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "21"})
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        mute = all(next(sound_of(path), None) is None for path in videos)
        sound = None if mute else Dubbing(film, _sounds(videos, lasts_s, card / video.fps))
        for number, image in enumerate(_pictures(videos, video, card)):
            picture = av.VideoFrame.from_ndarray(image, format="bgr24")
            picture.pts, picture.time_base = number, 1 / rate
            film.mux(stream.encode(picture))
            if sound is not None:
                sound.up_to((number + 1) / video.fps)
        film.mux(stream.encode(None))
        if sound is not None:
            sound.end()


def _sounds(videos: Sequence[Path], lasts_s: Sequence[float], card_s: float) -> Iterator[NDArray[np.float64]]:
    """Each video's sound for as long as its pictures last, silence where it is mute, and on the cards."""
    for k, (path, long_s) in enumerate(zip(videos, lasts_s, strict=True)):
        if k:
            yield np.zeros(round(card_s * RATE))
        wave = np.zeros(round(long_s * RATE))
        for part in sound_of(path):
            at = round(part.start_s * RATE)
            fits = wave[max(at, 0) : max(at + part.samples.shape[1], 0)]
            fits[:] = part.samples[0, max(-at, 0) :][: len(fits)]
        yield wave


def _pictures(videos: Sequence[Path], video: Video, card: int) -> Iterator[NDArray[np.uint8]]:
    for k, path in enumerate(videos):
        if k:
            yield from repeat(_card(f"HEAT {k + 1}", video), card)
        with av.open(str(path)) as film:
            for picture in film.decode(video=0):
                yield np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)


def _card(text: str, video: Video) -> NDArray[np.uint8]:
    image = np.full((video.height, video.width, 3), (90, 60, 30), np.uint8)
    size = video.height / 200
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, size, 3)
    place = (video.width - width) // 2, (video.height + height) // 2
    cv2.putText(image, text, place, cv2.FONT_HERSHEY_DUPLEX, size, (255, 255, 255), 3, cv2.LINE_AA)
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    join_session(options.folders, options.out)


if __name__ == "__main__":
    main()
