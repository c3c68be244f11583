"""Foot points taken from boxes, against where the blades truly are."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from race.foot import cover, foot_points
from race.guide import Guide, make_guide
from race.observations import DESCRIPTOR, Detections
from race.poses import Poses
from race.rink import Rink
from simulation.camera import Style, direct
from simulation.figure import picture
from simulation.race import simulate_race
from simulation.scenario import Requirements, Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIZE = (1280, 720)


def detections(frame: np.ndarray, box: np.ndarray, score: np.ndarray | None = None) -> Detections:  # type: ignore[type-arg]
    n = len(frame)
    shapes = {
        "helmet": (n, 4),
        "foot": (n, 2),
        "foot_sd": (n,),
        "suit": (n, DESCRIPTOR),
        "helmet_colour": (n, DESCRIPTOR),
    }
    unknown = {name: np.full(shape, np.nan) for name, shape in shapes.items()}
    rows = {"frame": frame.astype(np.int32), "box": box, "score": np.ones(n) if score is None else score} | unknown
    return Detections(**{field.name: rows[field.name] for field in fields(Detections)})


def seen_racers(style: Style) -> tuple[Any, ...]:
    """Guide, poses, frames (N,), boxes (N, 4) and feet (N, 2), pixels, of racers wholly in the picture."""
    motion = simulate_race(Scenario(event="1000m", starters=4, require=Requirements(falls=0)), 12)
    footage = direct(motion, style, 12.5, SIZE, 12, from_s=15.0, to_s=40.0)
    pictured = picture(motion, footage)
    with np.errstate(invalid="ignore"):
        low, high = pictured.box[..., :2], pictured.box[..., :2] + pictured.box[..., 2:]
        inside = ((low > 20) & (high < np.array(SIZE) - 20)).all(axis=2)
    frame, k = np.nonzero((inside & (pictured.visibility > 0.9) & np.isfinite(pictured.foot[..., 0])).T)
    racers = np.array([person.role == "racer" for person in motion.people])
    frame, k = frame[racers[k]], k[racers[k]]
    many = len(footage)
    poses = Poses(
        SIZE, footage.position, footage.rotation, footage.focal_px, footage.k1, np.full(many, 0.5), np.ones(many)
    )
    guide = make_guide(Rink(track_shift_m=motion.event.track_shift_m or 0.0))
    return guide, poses, frame, pictured.box[k, frame], pictured.foot[k, frame]


def along_m(guide: Guide, poses: Poses, frame: Ints, first: Floats, second: Floats) -> Floats:
    """(N,) metres along the guide from the second pixels to the first."""
    track = [guide.from_ice(poses.to_ice(frame, points)[0])[0][:, 0] for points in (first, second)]
    return np.asarray(np.mod(track[0] - track[1] + guide.length_m / 2, guide.length_m) - guide.length_m / 2)


@pytest.mark.parametrize("style", ["broadcast", "fixed"])
def test_feet_of_racers_lie_where_the_blades_are(style: Style) -> None:
    guide, poses, frame, box, true = seen_racers(style)
    foot, sd, _ = foot_points(detections(frame + 1, box), np.arange(len(frame)), frame, poses, guide)
    off = foot - true
    assert len(off) > 300
    assert np.abs(np.median(off / box[:, 3:], axis=0)).max() < 0.02
    assert 0.55 < np.mean(np.abs(off) < sd) < 0.95
    assert np.quantile(np.abs(along_m(guide, poses, frame, foot, true)), 0.68) < 0.2


def test_feet_below_the_picture_are_told_from_what_is_in_it() -> None:
    """The same camera with less of the picture above and below: the middle stays, racers lose their feet."""
    guide, poses, frame, box, true = seen_racers("broadcast")
    less = 200
    size = SIZE[0], SIZE[1] - 2 * less
    box, true = box - [0, less, 0, 0], true - [0, less]
    cut = (box[:, 1] > 0.1 * box[:, 3]) & (box[:, 1] + box[:, 3] > size[1])
    cut &= poses.to_ice(frame, true + np.array([0, less]))[0][:, 1] < -5.0  # on the near side
    whole_px = box[cut, 3]
    frame, box, true = frame[cut], box[cut].copy(), true[cut]
    box[:, 3] = size[1] - box[:, 1]
    foot, sd, _ = foot_points(
        detections(frame + 1, box), np.arange(len(frame)), frame, replace(poses, size=size), guide
    )
    mostly = box[:, 3] > 0.65 * whole_px
    assert mostly.sum() > 30
    assert np.isfinite(foot[mostly]).all(axis=1).mean() > 0.9
    assert np.isnan(foot[box[:, 3] < 0.35 * whole_px]).all()
    mostly &= np.isfinite(foot).all(axis=1)
    off = np.abs(foot - true)[mostly]
    assert 0.5 < np.mean(off < sd[mostly]) < 0.97
    assert np.quantile(off / whole_px[mostly, None], 0.68) < 0.15


def test_a_nearer_box_covers_what_is_behind_it_and_not_the_other_way_round() -> None:
    box = np.array([[0.0, 0.0, 10.0, 20.0], [5.0, 5.0, 10.0, 20.0], [0.0, 0.0, 10.0, 20.0], [0.0, 8.0, 10.0, 20.0]])
    frame, score = np.array([1, 1, 2, 2], np.int32), np.array([1.0, 1.0, 1.0, 0.1])
    order = np.lexsort((-(box[:, 1] + box[:, 3]), frame))
    covered = np.zeros(4)
    cover(box, score, frame, order, covered)
    assert covered == pytest.approx([0.5 * 0.75, 0.0, 0.0, 0.0])
