"""What each part of the tracker is worth: HOTA and identity switches with the part taken away.

    python -m benchmarks.ablation FOLDER... [--whole] [--scene dancers]

Each FOLDER is a set of sequences: SEQUENCE/det.txt and gt.txt (MOTChallenge), gmc.txt where the camera's motion is
known, seq.json with the ``fps``. Scores are TrackEval's over all sequences of a set.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from race.evaluate_tracks import iou
from tracking import (
    CROWD,
    DANCE,
    SKATERS,
    DetectionTable,
    Settings,
    Tracks,
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
    """Detections, the truth as rows frame, id, x, y, w, h, and how the camera moved, where that is known."""

    detections: DetectionTable
    truth: np.ndarray
    camera: np.ndarray | None
    fps: float

    def frames(self) -> np.ndarray:
        last = max(int(self.detections.frame[-1]), int(self.truth[:, 0].max()))
        return np.arange(1, last + 1, dtype=np.int32)


def read_sequence(folder: Path) -> Sequence:
    detections = read_det(folder / "det.txt")
    truth = np.loadtxt(folder / "gt.txt", delimiter=",", ndmin=2)
    truth = truth[(truth[:, 6] == 1) & (truth[:, 7] == 1)]  # MOT17's other classes are nobody to be found
    one = Sequence(detections, truth[:, :6], None, json.loads((folder / "seq.json").read_text())["fps"])
    motion = folder / "gmc.txt"
    return replace(one, camera=read_motion(motion, one.frames())) if motion.exists() else one


def tracked(one: Sequence, settings: Settings, whole: bool, moves: bool) -> Tracks:
    frames = one.frames()
    solve = track_whole if whole else track_online
    return solve(one.detections, frames, (frames - 1) / one.fps, one.camera if moves else None, settings=settings)


def scores(sequences: list[Sequence], settings: Settings, whole: bool, moves: bool = True) -> str:
    from trackeval.metrics import CLEAR, HOTA

    hota, clear = HOTA(), CLEAR({"PRINT_CONFIG": False})
    rows = [_for_trackeval(one.truth, tracked(one, settings, whole, moves)) for one in sequences]
    of_hota = hota.combine_sequences({str(k): hota.eval_sequence(row) for k, row in enumerate(rows)})
    of_clear = clear.combine_sequences({str(k): clear.eval_sequence(row) for k, row in enumerate(rows)})
    return f"{100 * np.mean(of_hota['HOTA']):.1f}, {int(of_clear['IDSW'])}"


def _for_trackeval(truth: np.ndarray, tracks: Tracks) -> dict[str, Any]:
    """Per frame what TrackEval takes: ids from 0 and how alike the boxes are."""
    frames = np.unique(truth[:, 0]).astype(int)
    true_ids, ids = np.unique(truth[:, 1]), np.unique(tracks.id)
    gt, found, alike = [], [], []
    for frame in frames:
        a, b = truth[truth[:, 0] == frame], tracks.frame == frame
        gt.append(np.searchsorted(true_ids, a[:, 1]))
        found.append(np.searchsorted(ids, tracks.id[b]))
        alike.append(iou(a[:, 2:6], np.asarray(tracks.box[b], np.float64)))
    return {
        "gt_ids": gt,
        "tracker_ids": found,
        "similarity_scores": alike,
        "num_timesteps": len(frames),
        "num_gt_ids": len(true_ids),
        "num_tracker_ids": len(ids),
        "num_gt_dets": len(truth),
        "num_tracker_dets": sum(map(len, found)),
    }


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
