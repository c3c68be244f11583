"""What each part of the tracker is worth: HOTA and identity switches with the part taken away.

    python -m benchmarks.ablation FOLDER... [--whole] [--scene dancers]

Each FOLDER is a set of sequences: SEQUENCE/det.txt and gt.txt (MOTChallenge), gmc.txt where the camera's motion is
known, seq.json with the ``fps``. Scores are TrackEval's over all sequences of a set.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from race.evaluate_tracks import Boxes, for_trackeval, read_boxes
from tracking import (
    CROWD,
    DANCE,
    SKATERS,
    DetectionTable,
    Settings,
    read_det,
    read_motion,
    track_online,
    track_whole,
)

NEVER = 2.0  # no overlap and no score is above it
PARTS: dict[str, dict[str, float]] = {
    "boxes not grown": {"buffer": 0.0, "buffer_growth": 0.0},
    "low scores ignored": {"low_score": NEVER},
    "no pass over where tracks were last seen": {"gate_last": NEVER},
    "scores not compared": {"score_change": 0.0},
    "time unseen costs nothing": {"unseen": 0.0},
    "lower edges not compared": {"depth": 0.0},
    "as many pairs as possible (`pair` 1)": {"pair": 1.0, "pair_low": 1.0},
    "tracks wait 1 s": {"patience_s": 1.0},
    "reported from the first detection": {"instant_score": 0.0},
}
WHOLE: dict[str, dict[str, float]] = {
    "no hypotheses": {"hypotheses": 0.0},
    "no hypotheses, no links": {"hypotheses": 0.0, "link_s": 0.0},
    "no hypotheses, unsure links made": {"hypotheses": 0.0, "link_sure": 0.0},
    "no filling": {"fill_s": 0.0},
    "gaps filled up to 1 s": {"fill_s": 1.0},
    "short and weak tracks kept": {"shortest_s": 0.0, "weakest_score": 0.0},
}


@dataclass(frozen=True, slots=True)
class Sequence:
    """Detections, the truth, the frames of both, and how the camera moved, where that is known."""

    detections: DetectionTable
    truth: Boxes
    frames: np.ndarray
    camera: np.ndarray | None
    fps: float


def read_sequence(folder: Path) -> Sequence:
    detections, truth = read_det(folder / "det.txt"), read_boxes(folder / "gt.txt")
    assert truth is not None, f"{folder}: no gt.txt"
    truth = truth.where(truth.confidence > 0)  # MOT17's others are nobody to be found
    frames = np.arange(1, max(int(detections.frame[-1]), int(truth.frame.max())) + 1, dtype=np.int32)
    motion = folder / "gmc.txt"
    camera = read_motion(motion, frames) if motion.exists() else None
    return Sequence(detections, truth, frames, camera, json.loads((folder / "seq.json").read_text())["fps"])


def tracked(one: Sequence, settings: Settings, whole: bool, moves: bool) -> Boxes:
    solve = track_whole if whole else track_online
    time_s = (one.frames - 1) / one.fps
    tracks = solve(one.detections, one.frames, time_s, one.camera if moves else None, settings=settings)
    sure = np.ones(len(tracks.frame))
    return Boxes(tracks.frame.astype(np.int64), tracks.id.astype(np.int64), tracks.box.astype(np.float64), sure, sure)


def scores(sequences: list[Sequence], settings: Settings, whole: bool, moves: bool = True) -> str:
    from trackeval.metrics import CLEAR, HOTA

    hota, clear = HOTA(), CLEAR({"PRINT_CONFIG": False})
    rows = [for_trackeval(tracked(one, settings, whole, moves), one.truth) for one in sequences]
    of_hota = hota.combine_sequences({str(k): hota.eval_sequence(row) for k, row in enumerate(rows)})
    of_clear = clear.combine_sequences({str(k): clear.eval_sequence(row) for k, row in enumerate(rows)})
    return f"{100 * np.mean(of_hota['HOTA']):.1f}, {int(of_clear['IDSW'])}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--whole", action="store_true", help="the whole-sequence solution, and its own parts besides")
    parser.add_argument("--scene", choices=("skaters", "dancers", "walkers"), default="skaters")
    given = parser.parse_args()
    shipped = {"skaters": SKATERS, "dancers": DANCE, "walkers": CROWD}[given.scene]
    sets = [[read_sequence(path.parent) for path in sorted(folder.glob("*/det.txt"))] for folder in given.folders]
    print(
        f"| {given.scene}, {'whole' if given.whole else 'online'} |", *(f"{folder.name} |" for folder in given.folders)
    )
    print("|---|" + "---|" * len(sets))
    print("| all |", *(f"{scores(one, shipped, given.whole)} |" for one in sets), flush=True)
    print("| camera motion not given |", *(f"{scores(one, shipped, given.whole, False)} |" for one in sets), flush=True)
    for name, without in (WHOLE if given.whole else PARTS).items():
        settings = replace(shipped, **without)
        if settings != shipped:
            print(f"| {name} |", *(f"{scores(one, settings, given.whole)} |" for one in sets), flush=True)


if __name__ == "__main__":
    main()
