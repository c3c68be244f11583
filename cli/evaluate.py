"""``shorttrack evaluate``: a run against the truth, as a table or as JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

LABELS = {
    "rank_accuracy": "Ranks at crossings that are right",
    "crossing_error_ms": "Error of crossing times, ms",
    "lap_time_error_ms": "Error of lap times, ms",
    "finish_order_correct": "Finish order right",
    "photo_finish_correct": "Photo finish flagged",
    "identity": "Identity of the competitors",
    "detection": "Detection at IoU 0.5",
    "registration_m": "Error on the ice, m",
    "falls": "Falls",
    "passes": "Passes",
    "incidents": "Incidents other than falls",
    "pace": "Error of gaps, times, speeds and lines",
    "exchanges": "Exchanges of a relay",
    "coverage": "Crossings that could be seen",
    "naming": "Competitors named right",
    "seconds_per_second": "Computing per second of video, s",
    "peak_memory_mb": "Peak memory, MB",
}
SHARES = {"rank_accuracy", "coverage", "naming", "recall50", "precision50", "hota", "assa", "idf1"}


def evaluate(run: Path, truth: Path, as_json: bool) -> None:
    """Print the figures of ``race.evaluate`` on stdout; of several races, by the folder of each one's truth.

    Raises RaceFileError where a file cannot be read.
    """
    from race.evaluate import evaluate as compare
    from race.evaluate_session import evaluate_session

    races = evaluate_session(run, truth)
    if as_json:
        typer.echo(json.dumps(compare(run, truth) if races is None else races, indent=1, allow_nan=False))
    elif races is None:
        Console().print(score_table(compare(run, truth)))
    else:
        for name, scores in races.items():
            Console().print(name, "" if scores is not None else "not found in the run", highlight=False)
            if scores is not None:
                Console().print(score_table(scores))


def score_table(scores: dict[str, Any]) -> Table:
    """One row per figure; a dash stands for what does not apply."""
    table = Table(box=box.SIMPLE)
    table.add_column("Figure")
    table.add_column("Value", justify="right")
    for key, value in scores.items():
        table.add_row(LABELS[key], None if isinstance(value, dict) else _text(key, value))
        for name, part in _parts(value):
            table.add_row(f"  {name.replace('_', ' ')}", _text(name, part))
    return table


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What a figure that is more than a number is made of; ``calibration`` is for machines."""
    if isinstance(value, dict):
        for name, part in value.items():
            if isinstance(part, dict):
                yield from ((f"{name} {inner}", number) for inner, number in _parts(part))
            elif not isinstance(part, list):
                yield name, part


def _text(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in SHARES:
        return f"{100 * value:.1f} %"
    return str(value) if isinstance(value, int) else f"{value:.2f}"
