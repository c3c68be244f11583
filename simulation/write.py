"""A simulated race as a folder: the truth, and what vision would have seen of it.

truth.json            the race, in the schema of race.json, times in those of the video
truth_mot.txt         MOTChallenge: competitors in live pictures by their ids; everybody else as id -1, conf 0
truth_people.parquet  a row per person in the picture: boxes, helmet, visibility, foot point, place on the rink
truth_camera.parquet  a row per picture: the camera's place, rotation, focal length and distortion, and the race time
observations/         as ``analyze`` writes them
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from race.errors import OutputError
from race.formats import Race, ScorebugReading, Video, write_race
from race.observations import write_observations
from simulation.camera import Footage, Style, direct
from simulation.draws import Draws
from simulation.figure import Pictured, picture
from simulation.hearing import hear
from simulation.motion import Motion
from simulation.observe import observe
from simulation.pace import with_true_pace
from simulation.pictures.scorebug import LAYOUTS, readings
from simulation.race import simulate_race
from simulation.scenario import Scenario
from simulation.soundtrack import plan_sound


def simulate_observations(
    scenario: Scenario, seed: int, style: Style, fps: float, size: tuple[int, int], folder: Path
) -> Race:
    """Simulate, film without drawing, and write ``folder``: what ``shorttrack simulate --no-video`` does.

    Raises ScenarioError where the scenario cannot be had, OutputError where the folder cannot be written.
    """
    motion = simulate_race(scenario, seed)
    footage = direct(motion, style, fps, size, seed)
    pictured = picture(motion, footage)
    shown = readings(motion, footage, Draws(seed, "score bug").pick(LAYOUTS))
    heard = hear(plan_sound(motion, footage, seed), seed)
    observations = replace(observe(motion, footage, pictured, shown, seed), sounds=heard)
    truth = true_race(motion, footage, shown, observations.video)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_truth(motion, footage, pictured, truth, folder)
        write_observations(observations, folder / "observations")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from error
    return truth


def true_race(motion: Motion, footage: Footage, shown: list[ScorebugReading], video: Video) -> Race:
    """The race as ``truth.json`` holds it: times are those of the video, passes and incidents only those in it."""
    start = footage.race_start_s

    def later(time_s: float | None) -> float | None:
        return None if time_s is None else time_s + start

    race = Race(
        video=video,
        event=motion.event,
        race_start_s=start,
        race_start_source="truth",
        competitors=list(motion.competitors),
        crossings=[row.model_copy(update={"time_s": later(row.time_s)}) for row in motion.crossings],
        finish=[row.model_copy(update={"time_s": later(row.time_s)}) for row in motion.finish],
        passes=[
            row.model_copy(update={"time_s": row.time_s + start})
            for row in motion.passes
            if 0 <= row.time_s + start <= video.duration_s
        ],
        incidents=[
            row.model_copy(update={"start_s": row.start_s + start, "end_s": row.end_s + start})
            for row in motion.incidents
            if row.end_s + start >= 0 and row.start_s + start <= video.duration_s
        ],
        shots=footage.shots(),
        scorebug=shown,
    )
    return with_true_pace(race, motion)


def write_truth(motion: Motion, footage: Footage, pictured: Pictured, race: Race, folder: Path) -> None:
    """``truth.json`` and the plain files beside it."""
    write_race(race, folder / "truth.json")
    write_camera(footage, folder / "truth_camera.parquet")
    people = people_table(motion, pictured)
    people.write_parquet(folder / "truth_people.parquet")
    live = np.flatnonzero(footage.live) + 1
    competes = pl.col("racing") & pl.col("frame").is_in(live.tolist())
    people.select(
        "frame",
        pl.when(competes).then(pl.col("competitor")).otherwise(-1).alias("id"),
        *(pl.col(name).round(1) for name in ("x", "y", "w", "h")),
        competes.cast(pl.Int8).alias("conf"),
        pl.lit(1).alias("class"),
        pl.col("visibility").round(2),
    ).write_csv(folder / "truth_mot.txt", include_header=False)


def people_table(motion: Motion, pictured: Pictured) -> pl.DataFrame:
    """A row per person and picture that shows it, by frame; null for what is not in the picture or not on the track."""
    frame, person = np.nonzero(pictured.visibility.T > 0)
    column = pictured.column[frame]
    values: dict[str, object] = {
        "frame": (frame + 1).astype(np.int32),
        "person": np.array([one.id for one in motion.people], np.int32)[person],
        "role": np.array([one.role for one in motion.people])[person],
        "competitor": pl.Series([motion.people[k].competitor for k in person], dtype=pl.Int32),
        "racing": motion.racing[person, column],
        "visibility": pictured.visibility[person, frame],
        "x_m": motion.xy[person, column, 0],
        "y_m": motion.xy[person, column, 1],
        "s_m": motion.s_m[person, column],
        "d_m": motion.d_m[person, column],
    }
    for prefix, boxes in (("", pictured.box), ("helmet_", pictured.helmet)):
        values |= {f"{prefix}{name}": boxes[person, frame, k] for k, name in enumerate("xywh")}
    values |= {f"foot_{name}": pictured.foot[person, frame, k] for k, name in enumerate("xy")}
    return pl.DataFrame(values).with_columns(pl.col(pl.Float64).fill_nan(None).cast(pl.Float32))


def write_camera(footage: Footage, path: Path) -> None:
    """``truth_camera.parquet``: rotation ``r00`` to ``r22`` takes ice to camera axes (x right, y down, z ahead)."""
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
