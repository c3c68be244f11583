"""A field of known size: the joint choice against trying all of them, and identities through overlaps."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking.scenes import FPS, crossing, scene
from tracking.field import track_field
from tracking.hypotheses import extend
from tracking.person import OPTIONS, uncut
from tracking.tables import DetectionTable


def naive_choices(costs, boxes):
    """Every joint choice of one option each, no box twice: (cost, boxes), cheapest first."""
    found = []
    for pick in product(*[range(len(options)) for options in costs]):
        taken = [boxes[i][k] for i, k in enumerate(pick)]
        real = [d for d in taken if d >= 0]
        if len(set(real)) == len(real):
            found.append((sum(costs[i][k] for i, k in enumerate(pick)), tuple(taken)))
    return sorted(found)


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 12), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_extend_finds_the_cheapest_joint_choices(size, boxes, children, random):
    costs, dets = [], []
    for _ in range(size):
        some = random.sample(range(boxes), random.randint(0, boxes))
        dets.append([*some, -1])
        costs.append([round(random.uniform(-3, 5), 3) for _ in dets[-1]])
    option_cost, option_det = np.full((size, OPTIONS), np.nan), np.full((size, OPTIONS), -1)
    for i in range(size):
        option_cost[i, : len(costs[i])], option_det[i, : len(dets[i])] = costs[i], dets[i]
    counts = np.array([len(c) for c in costs])
    total, parent, taken = np.empty(children), np.empty(children, np.int64), np.empty((children, size), np.int64)
    found = extend(7, 10.0, counts, option_cost, option_det, boxes, children, np.inf, 0, total, parent, taken)
    expected = naive_choices(costs, dets)[:children]
    assert found == len(expected)
    np.testing.assert_allclose(np.sort(total[:found]), [10.0 + cost for cost, _ in expected], atol=1e-9)
    assert set(parent[:found]) <= {7}
    for row in taken[:found]:
        real = row[row >= 0]
        assert len(set(real)) == len(real)


def follow(table, frames, seed_frame, **kwargs):
    seed = np.flatnonzero(table.frame == seed_frame)
    numbers = np.arange(1, frames + 1, dtype=np.int32)
    shot = kwargs.pop("shot", np.zeros(frames, np.int32))
    motion = kwargs.pop("motion", None)
    return track_field(table, numbers, (numbers - 1) / FPS, motion, shot, seed, (1280, 720), **kwargs)


def identities(tracks, truth):
    """For every identity, the people it was seen on."""
    return {int(i): set(truth[tracks.detection[(tracks.id == i) & tracks.seen]].tolist()) for i in np.unique(tracks.id)}


def test_one_who_goes_by_keeps_the_identity():
    table, truth = scene(crossing())
    for seed_frame in (1, 30, 60):  # forward, both ways, backward
        found = identities(follow(table, 60, seed_frame), truth)
        assert sorted(found.values(), key=min) == [{0}, {1}]


def test_two_who_are_one_box_for_a_while_come_apart_as_they_were():
    table, truth = scene(crossing(), merge_px=30.0)
    assert (truth == -1).sum() >= 10
    tracks = follow(table, 60, 1)
    found = identities(tracks, truth)
    assert [people - {-1} for people in sorted(found.values(), key=lambda people: max(people))] == [{0}, {1}]


def test_somebody_hidden_is_filled_in_between():
    paths = crossing(speeds=(200.0, 200.0), start=(300.0, 100.0))
    table, _ = scene(paths, hidden={(1, t) for t in range(20, 32)})
    tracks = follow(table, 60, 1)
    rows = (tracks.id == 2) & ~tracks.seen
    assert sorted(tracks.frame[rows]) == list(range(21, 33))
    middle = tracks.box[rows][:, 0] + tracks.box[rows][:, 2] / 2
    np.testing.assert_allclose(middle, paths[1, 20:32, 0], atol=6.0)


def test_the_camera_s_motion_is_taken_out():
    """The camera pans by 20 px a picture: without it nobody is where they are expected."""
    frames = 60
    paths = crossing(start=(600.0, 520.0))
    shift = -8.0 * np.arange(frames)
    seen = paths + np.stack([shift, np.zeros(frames)], axis=-1)
    table, truth = scene(seen)
    motion = np.tile(np.eye(3), (frames, 1, 1))
    motion[1:, 0, 2] = -8.0
    found = identities(follow(table, frames, 1, motion=motion), truth)
    assert sorted(found.values(), key=min) == [{0}, {1}]


def test_over_a_cut_colours_tell_who_is_who():
    """After the cut the two have changed sides in the picture; their suits have not changed."""
    paths = crossing(speeds=(200.0, 200.0), start=(500.0, 200.0))
    paths[:, 30:, 0] = paths[::-1, 30:, 0]
    table, truth = scene(paths)
    suits = np.array([[0.9, 0.1, 0.0], [0.0, 0.1, 0.9]])[truth]
    table = DetectionTable(table.frame, table.box, table.score, suits)
    shot = np.repeat(np.array([0, 1], np.int32), 30)
    found = identities(follow(table, 60, 1, shot=shot), truth)
    assert sorted(found.values(), key=min) == [{0}, {1}]


def test_every_detection_belongs_to_one_at_most():
    rng = np.random.default_rng(3)
    paths = 300 + rng.normal(0, 6, (4, 50, 2)).cumsum(axis=1) + np.arange(4)[:, None, None] * 90
    table, _ = scene(paths)
    tracks = follow(table, 50, 1)
    rows = tracks.detection[tracks.seen]
    assert len(set(rows.tolist())) == len(rows)
    assert set(np.unique(tracks.id)) <= {1, 2, 3, 4}
    pairs = list(zip(tracks.frame.tolist(), tracks.id.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert pairs == sorted(pairs)
    assert ((tracks.link_confidence >= 0) & (tracks.link_confidence <= 1)).all()


@pytest.mark.parametrize(
    ("start", "length", "middle", "whole"),
    [
        (300.0, 60.0, 330.0, 60.0),  # inside: as it is
        (0.0, 20.0, -20.0, 80.0),  # of 80 pixels 60 are beyond the left edge
        (610.0, 30.0, 650.0, 80.0),
        (0.0, 100.0, 50.0, 100.0),  # longer than usual: nothing is missing
    ],
)
def test_a_body_cut_by_the_pictures_edge_is_taken_to_be_whole(start, length, middle, whole):
    assert uncut(start, length, 80.0, 0.0, 640.0) == pytest.approx((middle, whole))


def test_who_leaves_the_picture_comes_back_over_the_same_edge_as_the_same():
    """The camera swings away from the first of two who go on evenly, and back; boxes are cut at the edge."""
    frames = np.arange(1, 81, dtype=np.int32)
    time_s = frames / 25.0
    pan = np.where(frames <= 40, -8.0, 8.0)  # pixels a frame: the picture's content moves left, then right again
    motion = np.tile(np.eye(3), (len(frames), 1, 1))
    motion[:, 0, 2] = pan
    motion[0, 0, 2] = 0.0
    moved = np.cumsum(motion[:, 0, 2])
    rows = []
    for k, frame in enumerate(frames):
        for ground in (100.0, 420.0):
            left, right = max(ground + moved[k], 0.0), min(ground + moved[k] + 60.0, 640.0)
            if right - left > 5.0:
                rows.append((frame, left, 100.0, right - left, 120.0))
    table = np.array(rows)
    detections = DetectionTable(table[:, 0].astype(np.int32), table[:, 1:], np.full(len(table), 0.8))
    tracks = track_field(
        detections, frames, time_s, motion, np.zeros(len(frames), np.int32), np.array([0, 1]), (640, 360)
    )
    seen = {identity: tracks.frame[(tracks.id == identity) & tracks.seen] for identity in (1, 2)}
    away = frames[100.0 + moved + 60.0 <= 5.0]
    assert len(away) > 20
    np.testing.assert_array_equal(seen[1], np.setdiff1d(frames, away))
    np.testing.assert_array_equal(seen[2], frames)


def test_who_is_out_of_the_picture_comes_back_as_nobody_who_may_not_return():
    """A racer goes out over the right edge and returns; meanwhile somebody idle shows up there and stays."""
    rows, racer = [], []
    for frame in range(1, 61):
        left = 440.0 + 16.0 * min(frame, 61 - frame)
        if left < 630.0:
            rows.append((frame, left, 200.0, min(40.0, 640.0 - left), 100.0))
            racer.append(True)
        if 18 <= frame <= 44:
            rows.append((frame, 585.0 - 0.5 * frame, 200.0, 40.0, 100.0))
            racer.append(False)
    table, may_return = np.array(rows), np.array(racer)
    detections = DetectionTable(table[:, 0].astype(np.int32), table[:, 1:], np.full(len(table), 0.8))
    frames = np.arange(1, 61, dtype=np.int32)
    still, one_shot = np.tile(np.eye(3), (60, 1, 1)), np.zeros(60, np.int32)
    given_ = (detections, frames, frames / FPS, still, one_shot, np.array([0]), (640, 360))
    tracks = track_field(*given_, may_return)
    assert sorted(tracks.detection[tracks.seen]) == np.flatnonzero(may_return).tolist()
    anybody = track_field(*given_)
    assert not may_return[anybody.detection[anybody.seen]].all()  # who is there at hand is taken for him


def test_costs_stand_where_the_kernels_look_for_them():
    from dataclasses import fields

    import tracking.person as person

    for place, setting in enumerate(fields(person.HypothesisSettings)[2:]):
        assert getattr(person, setting.name.upper()) == place
