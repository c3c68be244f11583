"""Who is who where people overlap, decided again with a look at what comes after."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracking.scenes import FPS, crossing, scene
from tracking import SKATERS, DetectionTable, track_whole

PLAIN = replace(SKATERS, hypotheses=0.0)


def whole(table, frames, options=SKATERS, **kwargs):
    numbers = np.arange(1, frames + 1, dtype=np.int32)
    return track_whole(table, numbers, (numbers - 1) / FPS, settings=options, **kwargs)


def test_boxes_that_jump_to_the_other_for_a_moment_do_not_change_who_is_who():
    """Two side by side; for two frames each is boxed where the other is expected, then as before."""
    t = np.arange(60)
    paths = np.stack([np.stack([100 + 6.0 * t, np.full(60, y)], axis=-1) for y in (300.0, 322.0)])
    table, truth = scene(paths, noise=0.5)
    swapped = np.isin(table.frame, (30, 31))
    box = table.box.copy()
    box[swapped, 1] += np.where(truth[swapped] == 0, 14.0, -14.0)
    table = DetectionTable(table.frame, box, table.score)
    tracks = whole(table, 60)
    assert sorted(set(tracks.id)) == [1, 2]
    for person in (0, 1):
        rows = tracks.seen & (truth[tracks.detection] == person) & ~np.isin(tracks.frame, (30, 31))
        assert len(set(tracks.id[rows])) == 1


def test_two_who_are_one_box_for_a_while_come_apart_as_they_were():
    table, truth = scene(crossing(), merge_px=30.0)
    merged = np.unique(table.frame[truth == -1])
    assert len(merged) >= 10
    tracks = whole(table, 60)
    for person in (0, 1):
        assert len(set(tracks.id[tracks.seen & (truth[tracks.detection] == person)])) == 1
    assert tracks.link_confidence[np.isin(tracks.frame, merged)].min() < 0.7, "who came out on which side is a guess"
    assert tracks.link_confidence[tracks.frame < merged[0] - 5].min() > 0.99


def test_more_people_than_can_be_followed_stay_as_they_were():
    t = np.arange(15)
    paths = np.stack([np.stack([20.0 * k + t, np.full(15, 100.0 + 150 * (k % 5))], axis=-1) for k in range(60)])
    table, _ = scene(paths)
    ours, plain = whole(table, 15), whole(table, 15, PLAIN)
    assert len(set(ours.id)) > 40
    np.testing.assert_array_equal(ours.id, plain.id)
    np.testing.assert_array_equal(ours.box, plain.box)


def test_no_more_people_than_there_were():
    table, _ = scene(crossing(), hidden={(1, k) for k in range(25, 40)})
    assert set(whole(table, 60, max_identities=1).id) == {1}


@given(st.integers(0, 2**32 - 1), st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_nobody_is_in_two_places_and_no_box_is_two_people(seed, people):
    rng = np.random.default_rng(seed)
    paths = 300 + rng.normal(0, 8, (people, 40, 2)).cumsum(axis=1) + rng.uniform(0, 150, (people, 1, 2))
    hidden = {(k, f) for k in range(people) for f in range(40) if rng.random() < 0.1}
    table, _ = scene(paths, hidden=hidden, seed=seed)
    shot = np.repeat(np.array([0, 1], np.int32), 20)
    tracks = whole(table, 40, shot=shot)
    rows = tracks.detection[tracks.seen]
    assert len(set(rows.tolist())) == len(rows)
    pairs = list(zip(tracks.frame.tolist(), tracks.id.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert ((tracks.link_confidence >= 0) & (tracks.link_confidence <= 1)).all()


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_people_who_never_meet_are_who_they_were_without(noise):
    t = np.arange(50)
    paths = np.stack([np.stack([300.0 * k + 2 * t, np.full(50, 200.0)], axis=-1) for k in range(4)])
    table, _ = scene(paths, noise=noise)
    ours, plain = whole(table, 50), whole(table, 50, PLAIN)
    np.testing.assert_array_equal(ours.detection, plain.detection)
    np.testing.assert_array_equal(ours.id, plain.id)
