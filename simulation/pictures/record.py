"""Write a filmed race: ``video.mp4`` and, picture by picture, what is truly in it.

truth_mot.txt         MOTChallenge: competitors in live pictures by their ids; everybody else on the ice as id -1, conf 0
truth_people.parquet  a row per person in the picture: boxes, helmet, visibility, foot point, place on the rink
truth_camera.parquet  a row per picture: the camera's place, rotation, focal length and distortion, and the race time
truth.json            the race, in the schema of race.json, times in those of the video
"""

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.formats import Race, ScorebugReading, Video, write_race
from race.rink import Rink
from simulation.camera import Footage
from simulation.motion import Motion
from simulation.pictures import scorebug
from simulation.pictures.film import Filmed, Look, film

Floats = NDArray[np.float64]

BROADCAST_CRF, WEB_CRF = 20, 28
"""Constant rate factors of H.264: what a broadcaster and what a web site leaves of the pictures."""


def record(
    motion: Motion,
    footage: Footage,
    rink: Rink,
    look: Look,
    folder: Path,
    crf: int = BROADCAST_CRF,
    progress: Callable[[int], None] = lambda done: None,
) -> Race:
    """Film ``motion`` and write video and truth into ``folder``; ``progress`` hears how many pictures are done."""
    folder.mkdir(parents=True, exist_ok=True)
    video = folder / "video.mp4"
    rows: list[dict[str, object]] = []
    lines: list[str] = []
    live = footage.live
    rate = Fraction(footage.fps).limit_denominator(1001)
    with av.open(str(video), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "fast"})
        stream.width, stream.height = footage.size
        stream.pix_fmt = "yuv420p"
        for filmed in film(motion, footage, rink, look):
            picture = av.VideoFrame.from_ndarray(filmed.picture, format="bgr24")
            container.mux(stream.encode(picture))
            rows += _people(motion, footage, filmed)
            lines += _mot_lines(motion, footage, filmed, bool(live[filmed.index]))
            progress(filmed.index + 1)
        container.mux(stream.encode())
    (folder / "truth_mot.txt").write_text("".join(lines), encoding="utf-8")
    pl.DataFrame(rows, schema=_PEOPLE).write_parquet(folder / "truth_people.parquet")
    write_camera(footage, folder / "truth_camera.parquet")
    race = true_race(motion, footage, scorebug.readings(motion, footage, look.layout), video)
    write_race(race, folder / "truth.json")
    return race


_PEOPLE: dict[str, type[pl.DataType]] = {
    "frame": pl.Int32,
    "person": pl.Int32,
    "role": pl.String,
    "competitor": pl.Int32,
    "racing": pl.Boolean,
    **dict.fromkeys(("x", "y", "w", "h", "visibility"), pl.Float32),
    **dict.fromkeys(("helmet_x", "helmet_y", "helmet_w", "helmet_h", "helmet_visibility"), pl.Float32),
    **dict.fromkeys(("foot_x", "foot_y", "x_m", "y_m", "s_m", "d_m"), pl.Float32),
}


def _people(motion: Motion, footage: Footage, filmed: Filmed) -> list[dict[str, object]]:
    seen = filmed.seen
    column = _column(motion, float(footage.race_time_s[filmed.index]))
    rows: list[dict[str, object]] = []
    for k in np.flatnonzero(seen.visibility > 0):
        person = motion.people[k]
        values = [*seen.box[k], seen.visibility[k], *seen.helmet[k], seen.helmet_visibility[k], *seen.foot[k]]
        values += [*motion.xy[k, column], motion.s_m[k, column], motion.d_m[k, column]]
        known = [None if np.isnan(value) else float(value) for value in values]
        first = (filmed.index + 1, person.id, person.role, person.competitor, bool(motion.racing[k, column]))
        rows.append(dict(zip(_PEOPLE, (*first, *known), strict=True)))
    return rows


def _mot_lines(motion: Motion, footage: Footage, filmed: Filmed, live: bool) -> list[str]:
    seen = filmed.seen
    column = _column(motion, float(footage.race_time_s[filmed.index]))
    lines = []
    for k in np.flatnonzero(seen.visibility > 0):
        competes = live and bool(motion.racing[k, column])
        number, conf = (motion.people[k].competitor, 1) if competes else (-1, 0)
        x, y, w, h = seen.box[k]
        lines.append(
            f"{filmed.index + 1},{number},{x:.1f},{y:.1f},{w:.1f},{h:.1f},{conf},1,{seen.visibility[k]:.2f}\n"
        )
    return lines


def _column(motion: Motion, race_time_s: float) -> int:
    step = float(motion.time_s[1] - motion.time_s[0])
    return int(np.clip(round((race_time_s - motion.time_s[0]) / step), 0, len(motion.time_s) - 1))


def write_camera(footage: Footage, path: Path) -> None:
    """``truth_camera.parquet``: rotation ``r00`` to ``r22`` takes ice axes to camera axes (x right, y down, z ahead)."""
    rotation = footage.rotation.reshape(-1, 9)
    pl.DataFrame(
        {
            "frame": np.arange(1, len(footage) + 1, dtype=np.int32),
            "time_s": footage.time_s,
            "race_time_s": footage.race_time_s,
            **{name: footage.position[:, k] for k, name in enumerate(("x_m", "y_m", "z_m"))},
            **{f"r{k // 3}{k % 3}": rotation[:, k] for k in range(9)},
            "focal_px": footage.focal_px,
            "k1": footage.k1,
        }
    ).write_parquet(path)


def true_race(motion: Motion, footage: Footage, readings: list[ScorebugReading], video: Path) -> Race:
    """The race as ``truth.json`` holds it: race times become those of the video."""
    start = footage.race_start_s

    def later(time_s: float | None) -> float | None:
        return None if time_s is None else time_s + start

    with video.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Race(
        video=Video(
            path=video.name,
            sha256=sha256,
            duration_s=len(footage) / footage.fps,
            fps=footage.fps,
            width=footage.size[0],
            height=footage.size[1],
            frames=len(footage),
        ),
        event=motion.event,
        race_start_s=start,
        competitors=list(motion.competitors),
        crossings=[row.model_copy(update={"time_s": later(row.time_s)}) for row in motion.crossings],
        finish=[row.model_copy(update={"time_s": later(row.time_s)}) for row in motion.finish],
        passes=[row.model_copy(update={"time_s": row.time_s + start}) for row in motion.passes],
        incidents=[
            row.model_copy(update={"start_s": row.start_s + start, "end_s": row.end_s + start})
            for row in motion.incidents
        ],
        shots=footage.shots(),
        scorebug=readings,
    )
