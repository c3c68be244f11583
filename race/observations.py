"""What vision saw, one struct of arrays per run: everything pixels are needed for, and nothing after it.

``vision`` makes it from pictures, ``simulation`` from truth and a noise model; ``race`` and ``tracking`` live on it.
On disk (``RUN/observations/``): ``frames.parquet``, ``detections.parquet``, ``lines.parquet``, ``observations.json``,
``edges.parquet`` and ``blocks.parquet`` where pictures were watched, and ``poses.parquet`` where the camera was
registered.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from race.edges import Edges, no_edges, read_edges, write_edges
from race.errors import RaceFileError
from race.formats import Model, ScorebugReading, Shot, Sound, Video
from race.poses import Poses

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

DESCRIPTOR = 24
"""Length of a colour descriptor (suit or helmet): shares of the colours of ``race.suits.PALETTE``, which sum to 1."""


@dataclass(frozen=True, slots=True)
class Frames:
    """One row per decoded picture that was looked at, in presentation order.

    number          (F,)      n-th decoded picture of the video, from 1
    time_s          (F,)      presentation time, seconds from the first picture of the video
    motion          (F, 3, 3) homography, pixels of the picture before -> this one; NaN where unknown
    motion_quality  (F,)      0 (a guess) to 1 (sure); NaN where motion is unknown
    """

    number: Ints
    time_s: Floats
    motion: Floats
    motion_quality: Floats

    def __post_init__(self) -> None:
        n = len(self.number)
        for name, shape in (("time_s", (n,)), ("motion", (n, 3, 3)), ("motion_quality", (n,))):
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"Frames.{name}: expected shape {shape}, got {got}")
        if n and (np.any(np.diff(self.number) <= 0) or np.any(np.diff(self.time_s) <= 0)):
            raise ValueError("Frames: number and time_s have to rise")

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, slots=True)
class Detections:
    """One row per person found, sorted by frame.

    frame          (N,)    number of the picture, as in ``Frames.number``
    box            (N, 4)  top-left x, y, width, height, pixels
    score          (N,)    detector's confidence, 0 to 1
    helmet         (N, 4)  helmet box, NaN where none was found
    foot           (N, 2)  point midway between the blades, pixels; NaN where hidden or outside the picture
    foot_sd        (N,)    its standard deviation, pixels
    suit           (N, DESCRIPTOR)  colour descriptor of the suit, NaN where it could not be taken
    helmet_colour  (N, DESCRIPTOR)  the same of the helmet
    """

    frame: Ints
    box: Floats
    score: Floats
    helmet: Floats
    foot: Floats
    foot_sd: Floats
    suit: Floats
    helmet_colour: Floats

    def __post_init__(self) -> None:
        n = len(self.frame)
        expected = {
            "box": (n, 4),
            "score": (n,),
            "helmet": (n, 4),
            "foot": (n, 2),
            "foot_sd": (n,),
            "suit": (n, DESCRIPTOR),
            "helmet_colour": (n, DESCRIPTOR),
        }
        for name, shape in expected.items():
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"Detections.{name}: expected shape {shape}, got {got}")
        if n and np.any(np.diff(self.frame) < 0):
            raise ValueError("Detections: rows have to be sorted by frame")

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, slots=True)
class Lines:
    """Upright lines across the ice, where the finish line may be: at most one row per picture, sorted by frame.

    frame     (K,)    number of the picture
    top       (K, 2)  upper end x, y, pixels
    bottom    (K, 2)  lower end
    strength  (K,)    contrast over noise, see ``vision/finish_line.py``
    """

    frame: Ints
    top: Floats
    bottom: Floats
    strength: Floats

    def __post_init__(self) -> None:
        n = len(self.frame)
        for name, shape in (("top", (n, 2)), ("bottom", (n, 2)), ("strength", (n,))):
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"Lines.{name}: expected shape {shape}, got {got}")

    def __len__(self) -> int:
        return len(self.frame)


def no_lines() -> Lines:
    """Lines of a video in which none was seen."""
    return Lines(np.empty(0, np.int32), np.empty((0, 2)), np.empty((0, 2)), np.empty(0))


@dataclass(frozen=True, slots=True)
class Blocks:
    """The track's blocks, and what looks like them: one row per block found, sorted by frame.

    frame  (K,)    number of the picture
    box    (K, 4)  top-left x, y, width, height, pixels
    score  (K,)    0 to 1
    """

    frame: Ints
    box: Floats
    score: Floats

    def __post_init__(self) -> None:
        n = len(self.frame)
        for name, shape in (("box", (n, 4)), ("score", (n,))):
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"Blocks.{name}: expected shape {shape}, got {got}")

    def __len__(self) -> int:
        return len(self.frame)


def no_blocks() -> Blocks:
    """Blocks of a video in which none was seen, or looked for."""
    return Blocks(np.empty(0, np.int32), np.empty((0, 4)), np.empty(0))


@dataclass(frozen=True, slots=True)
class Observations:
    """All that vision knows of one video; shots and readings in time order, shots without their kind.

    ``poses`` is None where nothing was registered, else a row per row of ``frames``; ``track_shift_m`` is where the
    oval lies (``race.rink.Rink``), None where unknown; ``sounds`` is None where there was nothing to listen to.
    """

    video: Video
    weights: str | None
    frames: Frames
    detections: Detections
    shots: list[Shot]
    scorebug: list[ScorebugReading]
    warnings: list[str]
    lines: Lines = field(default_factory=no_lines)
    edges: Edges = field(default_factory=no_edges)
    blocks: Blocks = field(default_factory=no_blocks)
    poses: Poses | None = None
    track_shift_m: float | None = None
    sounds: list[Sound] | None = None

    def __post_init__(self) -> None:
        if len(self.frames) and not self.shots:
            raise ValueError("Observations: frames without a shot")
        if self.poses is not None and len(self.poses) != len(self.frames):
            raise ValueError(f"Observations.poses: expected {len(self.frames)} rows, got {len(self.poses)}")
        for name in ("detections", "lines", "edges", "blocks"):
            if not np.isin(getattr(self, name).frame, self.frames.number).all():
                raise ValueError(f"Observations.{name}: rows of frames that are not in frames")
        if not np.isfinite(self.detections.box).all() or not np.isfinite(self.detections.score).all():
            raise ValueError("Observations.detections: box and score have to be finite")


class _Rest(Model):
    video: Video
    weights: str | None = None
    shots: list[Shot]
    scorebug: list[ScorebugReading]
    warnings: list[str] = Field(default_factory=list)
    track_shift_m: float | None = None
    sounds: list[Sound] | None = None


_DETECTION_COLUMNS = {
    "box": ("x", "y", "w", "h"),
    "score": ("score",),
    "helmet": ("helmet_x", "helmet_y", "helmet_w", "helmet_h"),
    "foot": ("foot_x", "foot_y"),
    "foot_sd": ("foot_sd",),
    "suit": tuple(f"suit_{k}" for k in range(DESCRIPTOR)),
    "helmet_colour": tuple(f"helmet_colour_{k}" for k in range(DESCRIPTOR)),
}
_LINE_COLUMNS = ("x_top", "y_top", "x_bottom", "y_bottom")
_MOTION_COLUMNS = tuple(f"h{row}{column}" for row in range(3) for column in range(3))


_POSE_COLUMNS = {
    "position": ("x_m", "y_m", "z_m"),
    "rotation": tuple(f"r{row}{column}" for row in range(3) for column in range(3)),
    "focal_px": ("focal_px",),
    "k1": ("k1",),
    "sd_px": ("pose_sd_px",),
    "quality": ("pose_quality",),
}


def pose_columns(poses: Poses) -> dict[str, Floats]:
    """The columns of ``poses`` as they stand in ``poses.parquet`` and ``camera.parquet``, NaN where unknown."""
    columns: dict[str, Floats] = {}
    for name, names in _POSE_COLUMNS.items():
        values = getattr(poses, name).reshape(len(poses), len(names))
        columns |= {column: values[:, k] for k, column in enumerate(names)}
    return columns


def write_observations(observations: Observations, folder: Path) -> None:
    """Write ``observations`` into ``folder``, which is made where it is missing. Floats are kept to 32 bits."""
    folder.mkdir(parents=True, exist_ok=True)
    frames, detections = observations.frames, observations.detections
    motion = frames.motion.reshape(-1, 9)
    pl.DataFrame(
        {
            "frame": frames.number,
            "time_s": frames.time_s,
            **{name: motion[:, k] for k, name in enumerate(_MOTION_COLUMNS)},
            "motion_quality": frames.motion_quality,
        }
    ).write_parquet(folder / "frames.parquet")
    columns: dict[str, NDArray[np.generic]] = {"frame": detections.frame}
    for name, names in _DETECTION_COLUMNS.items():
        values = getattr(detections, name).reshape(len(detections), len(names)).astype(np.float32)
        columns |= {column: values[:, k] for k, column in enumerate(names)}
    pl.DataFrame(columns).write_parquet(folder / "detections.parquet")
    lines = observations.lines
    ends = np.column_stack([lines.top, lines.bottom])
    pl.DataFrame(
        {
            "frame": lines.frame,
            **{name: ends[:, k] for k, name in enumerate(_LINE_COLUMNS)},
            "strength": lines.strength,
        }
    ).write_parquet(folder / "lines.parquet")
    if len(observations.edges):
        write_edges(observations.edges, folder / "edges.parquet")
    if len(observations.blocks):
        _write_blocks(observations.blocks, folder / "blocks.parquet")
    if observations.poses is not None:
        pl.DataFrame({"frame": frames.number, **pose_columns(observations.poses)}).write_parquet(
            folder / "poses.parquet"
        )
    rest = _Rest(
        video=observations.video,
        weights=observations.weights,
        shots=observations.shots,
        scorebug=observations.scorebug,
        warnings=observations.warnings,
        track_shift_m=observations.track_shift_m,
        sounds=observations.sounds,
    )
    (folder / "observations.json").write_text(rest.model_dump_json(indent=1), encoding="utf-8")


def _write_blocks(blocks: Blocks, path: Path) -> None:
    columns = {name: blocks.box[:, k].astype(np.float32) for k, name in enumerate(_DETECTION_COLUMNS["box"])}
    pl.DataFrame({"frame": blocks.frame, **columns, "score": blocks.score.astype(np.float32)}).write_parquet(path)


def _read_blocks(path: Path) -> Blocks:
    """None are there where ``path`` is not."""
    if not path.exists():
        return no_blocks()
    table = pl.read_parquet(path)
    box = table.select(_DETECTION_COLUMNS["box"]).to_numpy().astype(np.float64)
    return Blocks(table["frame"].to_numpy().astype(np.int32), box, table["score"].to_numpy().astype(np.float64))


def read_observations(folder: Path) -> Observations:
    """Read what ``write_observations`` wrote; a run's folder stands for its ``observations/``.

    Raises RaceFileError where a file is missing or malformed.
    """
    if (folder / "observations").is_dir():
        folder = folder / "observations"
    try:
        rest = _Rest.model_validate_json((folder / "observations.json").read_bytes())
        frames = pl.read_parquet(folder / "frames.parquet")
        found = pl.read_parquet(folder / "detections.parquet")
        seen = pl.read_parquet(folder / "lines.parquet")
        ends = seen.select(_LINE_COLUMNS).to_numpy().astype(np.float64)
        motion = frames.select(_MOTION_COLUMNS).to_numpy().astype(np.float64).reshape(-1, 3, 3)
        arrays: dict[str, Floats] = {}
        for name, names in _DETECTION_COLUMNS.items():
            values = found.select(names).to_numpy().astype(np.float64)
            arrays[name] = values[:, 0] if len(names) == 1 else values
        return Observations(
            video=rest.video,
            weights=rest.weights,
            frames=Frames(
                number=frames["frame"].to_numpy().astype(np.int32),
                time_s=frames["time_s"].to_numpy().astype(np.float64),
                motion=motion,
                motion_quality=frames["motion_quality"].to_numpy().astype(np.float64),
            ),
            detections=Detections(frame=found["frame"].to_numpy().astype(np.int32), **arrays),
            shots=rest.shots,
            scorebug=rest.scorebug,
            warnings=rest.warnings,
            lines=Lines(
                frame=seen["frame"].to_numpy().astype(np.int32),
                top=ends[:, :2],
                bottom=ends[:, 2:],
                strength=seen["strength"].to_numpy().astype(np.float64),
            ),
            edges=read_edges(folder / "edges.parquet"),
            blocks=_read_blocks(folder / "blocks.parquet"),
            poses=_read_poses(folder / "poses.parquet", (rest.video.width, rest.video.height)),
            track_shift_m=rest.track_shift_m,
            sounds=rest.sounds,
        )
    except FileNotFoundError as error:
        raise RaceFileError(
            f"{error.filename}: not found; {folder} is not a folder of observations, "
            "which `shorttrack analyze` writes as observations/ into its output folder"
        ) from error
    except (OSError, ValueError, ValidationError, json.JSONDecodeError, pl.exceptions.PolarsError) as error:
        raise RaceFileError(
            f"{folder}: these observations cannot be read ({error}); analyze the video again"
        ) from error


def _read_poses(path: Path, size: tuple[int, int]) -> Poses | None:
    """None where there is no such file: nothing was registered."""
    if not path.exists():
        return None
    return poses_of(pl.read_parquet(path), size)


def poses_of(table: pl.DataFrame, size: tuple[int, int]) -> Poses:
    """The poses in the columns of ``pose_columns``, null or NaN where unknown."""
    arrays = {name: table.select(names).to_numpy().astype(np.float64) for name, names in _POSE_COLUMNS.items()}
    arrays["rotation"] = arrays["rotation"].reshape(-1, 3, 3)
    return Poses(
        size, **{name: values[:, 0] if values.shape[1:] == (1,) else values for name, values in arrays.items()}
    )
