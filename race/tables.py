"""The tables of a run: ``tracks.txt``, ``tracks.parquet``, ``camera.parquet`` and ``det.txt``."""

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.ice import IcePaths
from race.observations import Detections, Observations, pose_columns
from race.poses import no_poses
from race.reconstruct import Reconstruction
from tracking import write_tracks

IN_METRES = ("x_m", "y_m", "s_m", "d_m", "speed_mps")
"""Columns that need the camera's pose over the rink, each with its standard deviation ``*_sd``; null without it."""


def write_detections(detections: Detections, path: Path) -> None:
    """MOTChallenge det lines ``frame,-1,x,y,w,h,score``."""
    with path.open("w", encoding="ascii") as file:
        for frame, (x, y, w, h), score in zip(detections.frame, detections.box, detections.score, strict=True):
            file.write(f"{frame},-1,{x:.2f},{y:.2f},{w:.2f},{h:.2f},{score:.4f}\n")


def write_track_tables(result: Reconstruction, folder: Path) -> None:
    """``tracks.txt`` and ``tracks.parquet``: the competitors' boxes, with rank and gap where they are known."""
    tracks, scene = result.tracks, result.scene
    write_tracks(tracks, folder / "tracks.txt")
    column = np.searchsorted(scene.number, tracks.frame)
    row = np.searchsorted(np.unique(tracks.id), tracks.id)
    pl.DataFrame(
        {
            "frame": tracks.frame,
            "id": tracks.id,
            **{name: tracks.box[:, k] for k, name in enumerate("xywh")},
            "score": tracks.score,
            "time_s": scene.time_s[column],
            "shot": scene.shot[column],
            "seen": tracks.seen,
            "rank": _nullable(result.rank[row, column]).cast(pl.Int32),
            "gap_s": _nullable(result.gap_s[row, column]),
            "identity_confidence": tracks.link_confidence,
            **{name: _nullable(values) for name, values in _metres(result.ice, row, column).items()},
        }
    ).write_parquet(folder / "tracks.parquet")


def _metres(ice: IcePaths | None, row: NDArray[np.intp], column: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """The columns in metres and their standard deviations, of the rows' competitors and frames, NaN where unknown."""
    if ice is None:
        return {f"{name}{end}": np.full(len(row), np.nan) for end in ("", "_sd") for name in IN_METRES}
    x, y = ice.xy[row, column].T
    sd = ice.xy_sd[row, column]
    values = (x, y, *(track[row, column] for track in (ice.s_m, ice.d_m, ice.speed_mps)))
    spread = (sd, sd, *(track[row, column] for track in (ice.s_sd, ice.d_sd, ice.speed_sd)))
    return dict(zip(IN_METRES, values, strict=True)) | {
        f"{name}_sd": value for name, value in zip(IN_METRES, spread, strict=True)
    }


def write_camera(observations: Observations, level: str | None, path: Path) -> None:
    """``camera.parquet``: the camera's motion from the picture before, and its pose over the rink, null where unknown.

    ``level`` is the best that was reached in the race. A frame's is that, at least B, where the pose is known; A where
    only the motion is; else null.
    """
    frames, video = observations.frames, observations.video
    poses = observations.poses or no_poses(len(frames), (video.width, video.height))
    motion = frames.motion.reshape(-1, 9)
    reached = np.full(len(frames), None, dtype=object)
    if level is not None:
        reached[np.isfinite(motion).all(axis=1)] = "A"
    reached[poses.known] = "C" if level == "C" else "B"
    pl.DataFrame(
        {
            "frame": frames.number,
            "time_s": frames.time_s,
            "level": reached.tolist(),
            "quality": _nullable(frames.motion_quality),
            **{f"h{row}{k}": _nullable(motion[:, 3 * row + k]) for row in range(3) for k in range(3)},
            **{name: _nullable(values) for name, values in pose_columns(poses).items()},
        },
        schema_overrides={"level": pl.String},
    ).write_parquet(path)


def _nullable(values: NDArray[np.float64]) -> pl.Series:
    return pl.Series(values, dtype=pl.Float64, nan_to_null=True)
