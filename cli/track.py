"""``shorttrack track``: detections in, tracks out, no video needed."""

from pathlib import Path

from cli.outputs import whole_file


def track(
    detections: Path, out: Path, motion: Path | None, fps: float, online: bool, scene: str, corrections: Path | None
) -> None:
    """Track the MOTChallenge det lines of ``detections``; ``scene``: skaters, dancers or walkers.

    Raises TrackingFileError, OutputError.
    """
    import numpy as np

    from tracking import (
        CROWD,
        DANCE,
        SKATERS,
        apply_corrections,
        read_corrections,
        read_det,
        read_motion,
        track_online,
        track_whole,
        write_tracks,
    )

    table = read_det(detections)
    last = int(table.frame[-1]) if len(table) else 0
    frames = np.arange(1, last + 1, dtype=np.int32)
    time_s = (frames - 1) / fps
    camera = read_motion(motion, frames) if motion is not None else None
    repair = read_corrections(corrections) if corrections is not None else None
    with whole_file(out, detections, motion, corrections) as partial:
        solve = track_online if online else track_whole
        settings = {"skaters": SKATERS, "dancers": DANCE, "walkers": CROWD}[scene]
        tracks = solve(table, frames, time_s, camera, settings=settings)
        if repair is not None:
            tracks = apply_corrections(tracks, repair, frames, time_s)
        write_tracks(tracks, partial)
