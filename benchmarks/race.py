"""The race against the truth, on simulated races that were never drawn (``simulate --no-video``).

    python -m benchmarks.race --seeds 1-20                      # random races of all events, broadcast and fixed
    python -m benchmarks.race --seeds 7 --styles fixed --each   # with a row per race
    python -m benchmarks.race --styles fixed --no-scorebug      # as in a coach's own clip: nothing on the screen

Races are simulated, reconstructed and evaluated in one process. Prints a table of the figures that issues ask for.
"""

import argparse
import json
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from race.evaluate import VISIBLE, evaluate
from race.evaluate_tracks import match_boxes, read_boxes
from race.formats import Race, read_race, write_race
from race.observations import read_observations
from race.reconstruct import Given, reconstruct
from race.tables import write_camera, write_detections, write_track_tables
from simulation.scenario import read_scenario
from simulation.write import simulate_observations

NEAR_S = 0.5
NINETEEN_IN_TWENTY = 95


def run_race(scenario: str, seed: int, style: Any, fps: float, folder: Path, scorebug: bool = True) -> dict[str, Any]:
    """Figures of one race. ``folder`` holds the truth, and the run in ``run/``."""
    if not (folder / "truth.json").exists():
        simulate_observations(read_scenario(scenario, seed), seed, style, fps, (1280, 720), folder)
    began = time.process_time()
    observations = read_observations(folder)
    if not scorebug:
        observations = replace(observations, scorebug=[])
    result = reconstruct(observations, Given())
    seconds = time.process_time() - began
    run = folder / "run"
    run.mkdir(exist_ok=True)
    write_race(result.race, run / "race.json")
    write_track_tables(result, run)
    write_camera(observations, result.race.camera_level, run / "camera.parquet")
    write_detections(observations.detections, run / "det.txt")
    truth = read_race(folder / "truth.json")
    figures = evaluate(run, folder)
    pairs = _pairs(run, folder)
    return figures | {
        "seed": seed,
        "style": style,
        "event": truth.event.name,
        "guessed": result.race.event.name,
        "seconds": seconds,
        "swaps": _swaps(run, folder, truth),
        **_errors(result.race, truth, pairs),
    }


def _matches(run: Path, folder: Path) -> Any:
    tracks, boxes = read_boxes(run / "tracks.txt"), read_boxes(folder / "truth_mot.txt")
    assert tracks is not None
    assert boxes is not None
    racers = boxes.where(boxes.competes & (boxes.visibility >= VISIBLE))
    return match_boxes(tracks, racers)


def _pairs(run: Path, folder: Path) -> dict[int, int]:
    """Truth id -> the run's that has most of its boxes."""
    matches = _matches(run, folder)
    pairs = {}
    for who in np.unique(matches[:, 2]):
        ids, counts = np.unique(matches[matches[:, 2] == who, 1], return_counts=True)
        pairs[int(who)] = int(ids[counts.argmax()])
    return pairs


def _swaps(run: Path, folder: Path, truth: Race) -> int:
    """How often, from one crossing to the next at which a racer was followed, it was followed as somebody else."""
    matches = _matches(run, folder)
    swaps = 0
    for who in np.unique(matches[:, 2]):
        rows = matches[matches[:, 2] == who]
        time_s = (rows[:, 0] - 1) / truth.video.fps
        followed = []
        for crossing in sorted((row.time_s for row in truth.crossings if row.competitor == who), key=float):
            near = rows[np.abs(time_s - crossing) <= NEAR_S, 1]
            if len(near):
                ids, counts = np.unique(near, return_counts=True)
                followed.append(int(ids[counts.argmax()]))
        swaps += sum(a != b for a, b in pairwise(followed))
    return swaps


def _errors(race: Race, truth: Race, pairs: dict[int, int]) -> dict[str, Any]:
    """Errors of all crossings that have a time, s, and by how many standard deviations; those of vision apart."""
    given = {(row.competitor, row.lap): row for row in race.crossings}
    error, sd, seen = [], [], []
    for row in truth.crossings:
        mine = given.get((pairs.get(row.competitor, -1), row.lap))
        if mine is None or mine.time_s is None or mine.time_sd_s is None or row.time_s is None:
            continue
        error.append(mine.time_s - row.time_s)
        sd.append(mine.time_sd_s)
        seen.append(mine.source != "interpolated")
    return {"errors_s": error, "sds_s": sd, "crossing_seen": seen}


def table(rows: list[dict[str, Any]]) -> str:
    """Pooled figures of the races ``rows``, as lines of Markdown."""
    error = np.array([value for row in rows for value in row["errors_s"]])
    sd = np.array([value for row in rows for value in row["sds_s"]])
    seen = np.array([value for row in rows for value in row["crossing_seen"]], bool)
    ranks = [row["rank_accuracy"] for row in rows if row["rank_accuracy"] is not None]
    finish = [row["finish_order_correct"] for row in rows if row["finish_order_correct"] is not None]
    photo = [row["photo_finish_correct"] for row in rows if row["photo_finish_correct"] is not None]
    lines = [("races", f"{len(rows)}"), ("ranks at crossings right", f"{100 * np.mean(ranks):.1f} %")]
    for name, which in (("all", np.ones(len(error), bool)), ("seen", seen), ("interpolated", ~seen)):
        if which.any():
            off = np.abs(error[which]) * 1000
            spread = f"{np.median(off):.0f} ms, {np.percentile(off, NINETEEN_IN_TWENTY):.0f} ms"
            inside = 100 * np.mean(np.abs(error[which]) <= 1.2816 * sd[which])
            lines.append(
                (
                    f"crossings, {name}: error median, 95 %; in 80 % interval",
                    f"{spread}; {inside:.0f} % of {which.sum()}",
                )
            )
    lines += [
        ("finish order right", f"{sum(finish)} of {len(finish)}"),
        ("photo finishes flagged", f"{sum(photo)} of {len(photo)}"),
        ("races without a swap", f"{sum(row['swaps'] == 0 for row in rows)} of {len(rows)}"),
        ("IDF1, mean", f"{np.mean([row['identity']['idf1'] or 0 for row in rows]):.3f}"),
        ("event guessed right", f"{sum(row['guessed'] == row['event'] for row in rows)} of {len(rows)}"),
        ("competitors named right", f"{100 * np.mean([row['naming'] or 0 for row in rows]):.0f} %"),
    ]
    for kind in ("passes",):
        truth, found, false = (sum(row[kind][key] for row in rows) for key in ("truth", "found", "false"))
        lines.append((f"{kind} found, false", f"{found} of {truth}, {false}"))
    lines.append(("seconds of CPU a race", f"{np.mean([row['seconds'] for row in rows]):.1f}"))
    return "\n".join(f"| {name} | {value} |" for name, value in lines)


def one_line(row: dict[str, Any]) -> str:
    error = np.abs(row["errors_s"]) * 1000
    spread = f"{np.median(error):.0f}/{np.percentile(error, NINETEEN_IN_TWENTY):.0f}" if len(error) else "-"
    share = row["rank_accuracy"]
    return (
        f"{row['seed']:>4} {row['style']:<9} {row['event']:<11} {row['guessed'] or '-':<11} "
        f"ranks {100 * share if share is not None else float('nan'):5.1f}  ms {spread:<9} "
        f"finish {row['finish_order_correct']!s:<5} photo {row['photo_finish_correct']!s:<5} swaps {row['swaps']:<3} "
        f"idf1 {row['identity']['idf1'] or 0:.2f} passes {row['passes']['found']}/{row['passes']['truth']}"
        f"+{row['passes']['false']} {row['seconds']:.1f} s"
    )


def _numbers(text: str) -> list[int]:
    out: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        out += range(int(first), int(last or first) + 1)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=_numbers, default=_numbers("1-10"), help="such as 1-20 or 3,7")
    parser.add_argument("--styles", nargs="+", default=["broadcast", "fixed"])
    parser.add_argument("--scenario", default="random")
    parser.add_argument("--events", nargs="*", help="only races of these events")
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--no-scorebug", action="store_true", help="leave out what the score bug shows")
    parser.add_argument("--each", action="store_true", help="print a line per race")
    parser.add_argument("--keep", type=Path, help="keep the simulated races here, and use those that are")
    parser.add_argument("--json", type=Path, help="write the figures of every race")
    options = parser.parse_args()
    everything = []
    for style in options.styles:
        rows = []
        for seed in options.seeds:
            if options.events and read_scenario(options.scenario, seed).event not in options.events:
                continue
            with tempfile.TemporaryDirectory() as temporary:
                folder = options.keep / f"{style}-{seed}" if options.keep else Path(temporary)
                shown = not options.no_scorebug
                rows.append(run_race(options.scenario, seed, style, options.fps, folder, shown))
            if options.each:
                print(one_line(rows[-1]), flush=True)
        if rows:
            print(f"\n**{style}**\n\n| | |\n|---|---|\n{table(rows)}\n")
        everything += rows
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1, default=float), encoding="utf-8")


if __name__ == "__main__":
    main()
