"""The figures of ``race/evaluate.py`` where truth or run hold several races: race by race, paired by when they are."""

from pathlib import Path
from typing import Any

from race.evaluate import evaluate
from race.formats import read_race, read_session


def evaluate_session(run: Path, truth: Path) -> dict[str, dict[str, Any] | None] | None:
    """Folder of each race of the truth -> its figures, None where the run has no such race; None: one race each.

    A race of the run is that of the truth with which it shares most time, and no other's. One left over is listed by
    its own folder, without figures, behind ``false: ``. Raises RaceFileError where a file cannot be read.
    """
    if read_session(run) is None and read_session(truth) is None:
        return None
    mine, true = _races(run), _races(truth)
    shared = sorted(
        (
            (min(a_end, b_end) - max(a_begin, b_begin), t, r)
            for t, (a_begin, a_end) in true.items()
            for r, (b_begin, b_end) in mine.items()
        ),
        reverse=True,
    )
    pairs: dict[Path, Path] = {}
    for seconds, t, r in shared:
        if seconds > 0 and t not in pairs and r not in pairs.values():
            pairs[t] = r
    figures = {t.name: evaluate(pairs[t], t) if t in pairs else None for t in sorted(true)}
    return figures | {f"false: {r.name}": None for r in sorted(mine) if r not in pairs.values()}


def _races(folder: Path) -> dict[Path, tuple[float, float]]:
    """Folder of each race -> when it begins and ends in the video."""
    session = read_session(folder)
    folders = [folder] if session is None else [folder / name for name in session.races]
    videos = {one: read_race(one).video for one in folders}
    return {
        one: (video.from_s or 0.0, video.duration_s if video.to_s is None else video.to_s)
        for one, video in videos.items()
    }
