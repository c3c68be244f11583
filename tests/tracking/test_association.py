"""The candidates of the association against a plain double loop over all pairs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking.association import DEPTH_SD, LAST_SEEN, PREDICTED, match, sort_by_left
from tracking.kalman import TRACK, begin
from tracking.settings import Settings, as_record

S = Settings(depth=0.1)
UNKNOWN = np.full((3, 3), np.nan)


def grown(box: np.ndarray, by: float) -> np.ndarray:
    x, y, w, h = box
    return np.array([x - by * w, y - by * h, (1 + 2 * by) * w, (1 + 2 * by) * h])


def gain(box: np.ndarray, other: np.ndarray, score: float, usual: float, gate: float, colours: float) -> float:
    """What pairing a track seen 0.1 s ago, just before, with a detection is worth; 0 where it cannot be."""
    a, b = grown(box, S.buffer), grown(other, S.buffer)
    w, h = np.minimum(a[:2] + a[2:], b[:2] + b[2:]) - np.maximum(a[:2], b[:2])
    if w <= 0 or h <= 0:
        return 0.0
    overlap = w * h / (a[2] * a[3] + b[2] * b[3] - w * h)
    upright = h / (max(a[1] + a[3], b[1] + b[3]) - min(a[1], b[1]))
    value = overlap * upright**2 + S.pair - S.score_change * abs(score - usual) - S.colour * colours
    lower = abs(box[1] + box[3] - other[1] - other[3]) / (0.5 * (box[3] + other[3]))
    value -= S.depth * np.log1p((lower / DEPTH_SD) ** 2)
    return max(value, 0.0) if overlap >= gate else 0.0


def pair_up(
    boxes: np.ndarray, found: np.ndarray, score: np.ndarray, own: np.ndarray, colour: np.ndarray, where: int = PREDICTED
) -> np.ndarray:
    """Detection of each track that was seen 0.1 s ago, -1 for none."""
    record = as_record(S)[0]
    track = np.zeros(len(boxes), TRACK)
    for k, box in enumerate(boxes):
        begin(track[k], box, 0.8, 0.0, record)
    det_of, owner, order = np.full(len(boxes), -1), np.full(len(found), -1), np.empty(len(found), np.int64)
    sort_by_left(found, order)
    assert (np.diff(found[order, 0]) >= 0).all()
    work, edge_gain = np.empty(38 * (len(boxes) + len(found)), np.int64), np.empty(16 * len(boxes))
    match(
        track, len(boxes), own, det_of, found, score, found[:, :2], colour, owner, order,
        work, edge_gain, S.high_score, 2.0, S.gate, where, 0.1, 0.1, UNKNOWN, record,
    )  # fmt: skip
    assert all(owner[d] == t for t, d in enumerate(det_of) if d >= 0)
    return det_of


def best_total(values: np.ndarray) -> float:
    if values.size == 0:
        return 0.0
    rest = [values[0, d] + best_total(np.delete(values[1:], d, axis=1)) for d in range(values.shape[1])]
    return max([best_total(values[1:]), *rest])


BOX = st.tuples(st.floats(0, 120), st.floats(0, 60), st.floats(20, 60), st.floats(40, 120))


@settings(max_examples=150, deadline=None)
@given(st.lists(BOX, min_size=1, max_size=4), st.lists(BOX, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_pairs_are_worth_as_much_as_the_best_there_are(boxes: list, found: list, random: object) -> None:
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    tracks, dets = np.array(boxes), np.array(found)
    score = rng.uniform(0.3, 1.0, len(dets))
    own, colour = (rng.dirichlet(np.ones(5), n) for n in (len(tracks), len(dets)))
    colour[rng.random(len(dets)) < 0.3] = np.nan
    values = np.zeros((len(tracks), len(dets)))
    for t in range(len(tracks)):
        for d in range(len(dets)):
            known = not np.isnan(colour[d]).any()
            distance = 1 - np.sqrt(own[t] * colour[d]).sum() if known else 0.0
            if score[d] >= S.high_score:
                values[t, d] = gain(tracks[t], dets[d], score[d], 0.8, S.gate, distance)
    chosen = pair_up(tracks, dets, score, own, colour)
    total = sum(values[t, d] for t, d in enumerate(chosen) if d >= 0)
    assert all(values[t, d] > 0 for t, d in enumerate(chosen) if d >= 0)
    np.testing.assert_allclose(total, best_total(values), atol=1e-9)


def test_many_boxes_are_found_through_the_sorting() -> None:
    rng = np.random.default_rng(1)
    boxes = np.column_stack(
        [rng.uniform(0, 4000, 300), rng.uniform(0, 2000, 300), np.full(300, 30.0), np.full(300, 60.0)]
    )
    shuffled = rng.permutation(300)
    none = np.empty((300, 0))
    chosen = pair_up(boxes, boxes[shuffled], np.full(300, 0.9), none, none, LAST_SEEN)
    moved = np.abs(boxes - boxes[shuffled][chosen]).sum(axis=1)
    assert (chosen >= 0).all()
    assert (moved < 1e-9).all()


def test_five_thousand_boxes_on_one_another() -> None:
    rng = np.random.default_rng(2)
    boxes = np.column_stack([rng.uniform(0, 30, (5000, 2)), np.full((5000, 2), 100.0)])
    none = np.empty((5000, 0))
    chosen = pair_up(boxes, boxes, np.full(5000, 0.9), none, none)
    taken = chosen[chosen >= 0]
    assert len(np.unique(taken)) == len(taken) > 2500
