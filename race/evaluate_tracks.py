"""The part of the evaluation that looks at boxes and metres: identity, detection, registration."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from race.errors import RaceFileError
from race.formats import Race

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SAME = 0.5
"""Boxes with at least this intersection over union show the same."""
VISIBLE = 0.5
ON_THE_RINK = ("B", "C")


@dataclass(frozen=True, slots=True)
class Boxes:
    """Rows of a MOTChallenge file: frame (N,), id (N,), box (N, 4), confidence (N,), visibility (N,), 1 if not told."""

    frame: Ints
    id: Ints
    box: Floats
    confidence: Floats
    visibility: Floats

    @property
    def competes(self) -> Mask:
        """(N,) rows of the truth that are competitors; others have id -1 and confidence 0."""
        return np.asarray((self.id > 0) & (self.confidence > 0))

    def where(self, keep: Mask) -> "Boxes":
        return Boxes(self.frame[keep], self.id[keep], self.box[keep], self.confidence[keep], self.visibility[keep])

    def only(self, frames: list[tuple[float, float]] | None) -> "Boxes":
        """Those in the ranges, both ends included; all where there are none."""
        if frames is None:
            return self
        keep = np.zeros(len(self.frame), bool)
        for first, last in frames:
            keep |= (self.frame >= first) & (self.frame <= last)
        return self.where(keep)


def read_boxes(path: Path) -> Boxes | None:
    """A MOTChallenge file: truth, tracks or detections; None where there is none. RaceFileError names a bad line."""
    if not path.exists():
        return None
    rows = []
    for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values = [float(value) for value in line.split(",")]
            if len(values) < 7:
                raise ValueError(f"{len(values)} values")
        except ValueError as error:
            raise RaceFileError(f"{path}:{n}: expected frame,id,x,y,w,h,score and more numbers ({error})") from error
        # Nine values with a visibility are truth; tracks end in -1,-1,-1.
        rows.append([*values[:7], values[8] if len(values) == 9 else 1.0])
    table = np.array(rows, dtype=np.float64).reshape(-1, 8)
    return Boxes(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:6], table[:, 6], table[:, 7])


def iou(a: Floats, b: Floats) -> Floats:
    """(N, 4), (M, 4) -> (N, M) intersection over union of boxes x, y, width, height."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=-1)
    either = np.prod(a[:, 2:], axis=-1)[:, None] + np.prod(b[:, 2:], axis=-1)[None, :] - shared
    return np.asarray(np.where(either > 0, shared / np.where(either > 0, either, 1), 0.0))


def match_boxes(tracks: Boxes, truth: Boxes) -> Ints:
    """(M, 3) frame, track id, truth id: in each frame one-to-one, the largest IoU first, down to SAME."""
    pairs = _same_boxes(tracks, truth)
    return np.column_stack([tracks.frame[pairs[:, 0]], tracks.id[pairs[:, 0]], truth.id[pairs[:, 1]]])


def _same_boxes(a: Boxes, b: Boxes) -> Ints:
    """(M, 2) rows of ``a`` and of ``b``."""
    in_a, in_b = _rows_by_frame(a), _rows_by_frame(b)
    out = []
    for frame in sorted(in_a.keys() & in_b.keys()):
        first, second = in_a[frame], in_b[frame]
        left = iou(a.box[first], b.box[second])
        while left.size and left.max() >= SAME:
            i, j = np.unravel_index(int(left.argmax()), left.shape)
            out.append((first[i], second[j]))
            left[i, :] = left[:, j] = 0
    return np.array(out, dtype=np.int64).reshape(-1, 2)


def _rows_by_frame(boxes: Boxes) -> dict[int, Ints]:
    order = np.argsort(boxes.frame, kind="stable")
    frames, starts = np.unique(boxes.frame[order], return_index=True)
    return dict(zip(frames.tolist(), np.split(order, starts[1:]), strict=True)) if len(order) else {}


def detection_scores(found: Boxes, truth: Boxes) -> dict[str, float | None]:
    """``recall50`` of competitors at least half visible; ``precision50`` against everybody on the ice.

    All detections kept count, low scores too.
    """
    pairs = _same_boxes(found, truth)
    matched_found = np.isin(np.arange(len(found.frame)), pairs[:, 0])
    matched_truth = np.isin(np.arange(len(truth.frame)), pairs[:, 1])
    wanted = truth.competes & (truth.visibility >= VISIBLE)
    judged = np.isin(found.frame, truth.frame)  # frames that the truth says nothing of are not false alarms
    return {
        "recall50": float(matched_truth[wanted].mean()) if wanted.any() else None,
        "precision50": float(matched_found[judged].mean()) if judged.any() else None,
    }


def identity_scores(tracks: Boxes, truth: Boxes) -> dict[str, float | int | None]:
    """HOTA, AssA, IDF1 (0 to 1) and identity switches of the competitors, by TrackEval."""
    try:
        from trackeval.metrics import CLEAR, HOTA, Identity
    except ImportError as error:
        raise RaceFileError("identity scores need trackeval: pip install trackeval") from error
    data = for_trackeval(tracks, truth)
    if data["num_gt_dets"] == 0:
        return dict.fromkeys(("hota", "assa", "idf1", "switches"), None)
    hota = HOTA().eval_sequence(data)
    clear = CLEAR({"THRESHOLD": SAME, "PRINT_CONFIG": False}).eval_sequence(data)
    identity = Identity({"THRESHOLD": SAME, "PRINT_CONFIG": False}).eval_sequence(data)
    return {
        "hota": float(np.mean(hota["HOTA"])),
        "assa": float(np.mean(hota["AssA"])),
        "idf1": float(identity["IDF1"]),
        "switches": int(clear["IDSW"]),
    }


def for_trackeval(tracks: Boxes, truth: Boxes) -> dict[str, Any]:
    """What TrackEval's metrics take: ids from 0, per frame, with the similarities of that frame."""
    frames = np.unique(truth.frame)
    true_ids, track_ids = np.unique(truth.id), np.unique(tracks.id[np.isin(tracks.frame, frames)])
    in_truth, in_tracks = _rows_by_frame(truth), _rows_by_frame(tracks)
    data: dict[str, Any] = {"gt_ids": [], "tracker_ids": [], "similarity_scores": []}
    nothing = np.empty(0, np.int64)
    for frame in frames.tolist():
        a, b = in_truth[frame], in_tracks.get(frame, nothing)
        data["gt_ids"].append(np.searchsorted(true_ids, truth.id[a]))
        data["tracker_ids"].append(np.searchsorted(track_ids, tracks.id[b]))
        data["similarity_scores"].append(iou(truth.box[a], tracks.box[b]))
    return data | {
        "num_timesteps": len(frames),
        "num_gt_ids": len(true_ids),
        "num_tracker_ids": len(track_ids),
        "num_gt_dets": len(truth.frame),
        "num_tracker_dets": int(np.isin(tracks.frame, frames).sum()),
    }


def registration_scores(run: Path, truth: Path, race: Race, matches: Ints) -> dict[str, float | None] | None:
    """Distance of each matched racer's place on the ice from the true one, m, on frames that claim level B or C.

    ``coverage`` is the share of the frames of the race, start to last finish, that claim it. None where the truth has
    no places on the ice or the run no camera.
    """
    paths = run / "tracks.parquet", run / "camera.parquet", truth / "truth_people.parquet"
    if not all(path.exists() for path in paths):
        return None
    try:
        tracks, camera, people = (pl.read_parquet(path) for path in paths)
        claimed = camera.filter(pl.col("level").is_in(ON_THE_RINK))["frame"].to_numpy()
        places = people.filter(pl.col("racing")).select("frame", truth_id="competitor", true_x="x_m", true_y="y_m")
        pairs = pl.DataFrame(matches, schema={"frame": pl.Int64, "id": pl.Int64, "truth_id": pl.Int64})
        near = (
            pairs.filter(pl.col("frame").is_in(claimed.tolist()))
            .join(tracks.select(pl.col("frame", "id").cast(pl.Int64), "x_m", "y_m"), on=["frame", "id"])
            .join(places.with_columns(pl.col("frame", "truth_id").cast(pl.Int64)), on=["frame", "truth_id"])
            .drop_nulls()
        )
    except pl.exceptions.PolarsError as error:
        raise RaceFileError(f"{run}: tracks.parquet or camera.parquet cannot be read ({error})") from error
    miss = np.hypot(*(near[f"{axis}_m"].to_numpy() - near[f"true_{axis}"].to_numpy() for axis in "xy"))
    miss = miss[np.isfinite(miss)]
    return {
        "median": float(np.median(miss)) if len(miss) else None,
        "p95": float(np.percentile(miss, 95)) if len(miss) else None,
        "max": float(miss.max()) if len(miss) else None,
        "coverage": _share_claimed(race, claimed),
    }


def _share_claimed(race: Race, claimed: NDArray[Any]) -> float | None:
    home = [row.time_s for row in race.finish if row.time_s is not None]
    if race.race_start_s is None or not home:
        return None
    first = max(0.0, race.race_start_s) * race.video.fps + 1
    last = max(home) * race.video.fps + 1
    frames = np.arange(int(np.ceil(first)), min(int(last), race.video.frames) + 1)
    return float(np.isin(frames, claimed).mean()) if len(frames) else None
