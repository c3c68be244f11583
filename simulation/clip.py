"""A simulated clip read back from its folder: what is truly in the pictures, not how the race came about."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.errors import RaceFileError
from race.formats import Race, read_race
from simulation.camera import Footage, Take, place_of
from simulation.figure import Pictured
from simulation.motion import Person

Floats = NDArray[np.float64]
_ROTATION = [f"r{row}{column}" for row in range(3) for column in range(3)]


@dataclass(frozen=True, slots=True)
class Clip:
    """``racing`` (P, F) says who competes for a team on each picture."""

    truth: Race
    people: tuple[Person, ...]
    footage: Footage
    pictured: Pictured
    racing: NDArray[np.bool_]


def read_clip(folder: Path) -> Clip:
    """Read what ``simulation.write`` wrote into ``folder``. Raises RaceFileError where it is not there."""
    truth = read_race(folder / "truth.json")
    try:
        camera = pl.read_parquet(folder / "truth_camera.parquet")
        rows = pl.read_parquet(folder / "truth_people.parquet")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RaceFileError(f"{folder}: not a folder that `shorttrack simulate` wrote ({error})") from error
    footage = _footage(truth, camera)
    people = _people(truth, rows)
    row = {person.id: k for k, person in enumerate(people)}
    at = (np.array([row[who] for who in rows["person"]], int), rows["frame"].to_numpy() - 1)
    shape = (len(people), len(footage))

    def spread(*names: str) -> Floats:
        out = np.full((*shape, len(names)), np.nan)
        out[at] = rows.select(pl.col(names).cast(pl.Float64).fill_null(np.nan)).to_numpy()
        return out

    here = spread("x_m", "y_m")
    ahead = np.concatenate([here, np.full((*shape, 1), 0.5)], axis=-1) - footage.position
    pictured = Pictured(
        column=np.arange(len(footage)),
        box=spread("x", "y", "w", "h"),
        helmet=spread("helmet_x", "helmet_y", "helmet_w", "helmet_h"),
        foot=spread("foot_x", "foot_y"),
        visibility=np.nan_to_num(spread("visibility")[..., 0]),
        depth=np.einsum("fi,pfi->pf", footage.rotation[:, 2], ahead),
    )
    racing = np.zeros(shape, bool)
    racing[at] = rows["racing"].to_numpy()
    return Clip(truth, people, footage, pictured, racing)


def _footage(truth: Race, camera: pl.DataFrame) -> Footage:
    def column(*names: str) -> Floats:
        return camera.select(names).to_numpy().astype(np.float64)

    position = column("x_m", "y_m", "z_m")
    shots = [(shot.start_frame or 1, shot.end_frame or len(camera), shot.kind) for shot in truth.shots]
    return Footage(
        size=(truth.video.width, truth.video.height),
        fps=truth.video.fps,
        time_s=column("time_s")[:, 0],
        race_time_s=column("race_time_s")[:, 0],
        position=position,
        rotation=column(*_ROTATION).reshape(-1, 3, 3),
        focal_px=column("focal_px")[:, 0],
        k1=column("k1")[:, 0],
        takes=tuple(
            Take(place_of(position[first - 1]), kind, first, last, 1.0, "cut", 0.0) for first, last, kind in shots
        ),
    )


def _people(truth: Race, rows: pl.DataFrame) -> tuple[Person, ...]:
    """In order of their ids; those of one team, and all officials, wear the same suit."""
    team = {one.id: one.team or str(one.id) for one in truth.competitors}
    suits = {name: k for k, name in enumerate(dict.fromkeys(team.values()))}
    return tuple(
        Person(
            id=who,
            role=role,
            name=role,
            height_m=1.75,
            suit=len(suits) if competitor is None else suits[team[competitor]],
            team=None if competitor is None else team[competitor],
            competitor=competitor,
        )
        for who, role, competitor in rows.select("person", "role", "competitor").unique().sort("person").iter_rows()
    )
