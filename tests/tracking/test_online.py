"""Tracking frame by frame: identities, time, camera motion, state."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking import DetectionTable, Tracks, new_state, step, track_online
from tracking.online import TrackerState


def times(frames: int, fps: float = 25.0) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.arange(1, frames + 1, dtype=np.int32)
    return numbers, (numbers - 1) / fps


def walkers(count: int, frames: int, seed: int = 0) -> DetectionTable:
    """People on lanes of their own at steady speeds; row k is person k % count."""
    rng = np.random.default_rng(seed)
    f, who = np.divmod(np.arange(frames * count), count)
    x = 400 + 50 * who + rng.uniform(-80, 80, count)[who] * f / 25 + rng.normal(0, 0.5, len(f))
    box = np.column_stack([x, 100.0 + 130 * who, np.full(len(f), 40.0), np.full(len(f), 100.0)])
    return DetectionTable((f + 1).astype(np.int32), box, np.full(len(f), 0.95))


def without(table: DetectionTable, drop: np.ndarray) -> DetectionTable:
    return DetectionTable(table.frame[~drop], table.box[~drop], table.score[~drop])


def same(a: Tracks, b: Tracks) -> bool:
    return bool(np.array_equal(a.id, b.id) and np.array_equal(a.detection, b.detection))


def test_everybody_keeps_an_identity_through_misses() -> None:
    table = walkers(5, 100)
    who = np.arange(len(table)) % 5
    drop = np.random.default_rng(3).random(len(table)) < 0.2
    found = track_online(without(table, drop), *times(100))
    owner = who[~drop][found.detection]
    assert len(found) == np.sum(~drop)
    assert {len(set(found.id[owner == k])) for k in range(5)} == {1}
    assert sorted(set(found.id)) == [1, 2, 3, 4, 5]


def test_the_box_reported_is_the_detected_one() -> None:
    table = walkers(3, 20)
    found = track_online(table, *times(20))
    np.testing.assert_array_equal(found.box, table.box[found.detection])
    assert found.seen.all()


def test_one_call_is_the_same_as_frame_by_frame() -> None:
    table = walkers(4, 50)
    numbers, time_s = times(50)
    motion = np.full((50, 3, 3), np.nan)
    motion[10:] = [[1, 0, 0.5], [0, 1, 0], [0, 0, 1]]
    whole = track_online(table, numbers, time_s, motion)
    for given_motion in (motion, None):
        state = new_state(capacity=1)
        ids: list[int] = []
        for f in range(50):
            rows = np.flatnonzero(table.frame == f + 1)
            found = step(
                state, table.box[rows], table.score[rows], time_s[f], None if given_motion is None else given_motion[f]
            )
            ids += found.id[np.argsort(found.id)].tolist()
        expected = whole if given_motion is not None else track_online(table, numbers, time_s)
        assert ids == expected.id.tolist()


def test_a_copy_of_the_state_goes_on_by_itself() -> None:
    table = walkers(3, 30)
    box = table.box.reshape(30, 3, 4)
    state = new_state()
    for f in range(15):
        step(state, box[f], np.full(3, 0.95), f / 25)
    saved: TrackerState = state.copy()
    first = [step(state, box[f], np.full(3, 0.95), f / 25) for f in range(15, 30)]
    second = [step(saved, box[f], np.full(3, 0.95), f / 25) for f in range(15, 30)]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.id, b.id)


def test_a_state_written_out_and_read_again_goes_on() -> None:
    """Frame by frame, written out and read again after each, with room for one: as in one call."""
    table = walkers(4, 40)
    colour = np.eye(4)[np.arange(len(table)) % 4]
    numbers, time_s = times(40)
    whole = track_online(replace(table, feature=colour), numbers, time_s)
    state = new_state(colours=4, capacity=1)
    ids: list[int] = []
    for f in range(40):
        rows = np.flatnonzero(table.frame == f + 1)
        found = step(state, table.box[rows], table.score[rows], time_s[f], feature=colour[rows])
        state = TrackerState(np.frombuffer(state.memory.tobytes()).copy())
        ids += found.id[np.argsort(found.id)].tolist()
    assert ids == whole.id.tolist()


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([24.0, 25.0, 29.97, 50.0]), st.floats(0, 1000))
def test_steady_timestamps_give_what_the_fixed_rate_gives(fps: float, start_s: float) -> None:
    table = walkers(4, 60, seed=5)
    numbers = np.arange(1, 61, dtype=np.int32)
    fixed = track_online(table, numbers, (numbers - 1) / fps)
    shifted = track_online(table, numbers, start_s + np.cumsum(np.full(60, 1 / fps)))
    assert same(fixed, shifted)


def test_missing_frames_are_time_that_passes() -> None:
    """Without the frames in which nobody was looked for, prediction covers the same way."""
    table = walkers(4, 60, seed=6)
    numbers, time_s = times(60)
    kept = np.isin(numbers, np.random.default_rng(7).choice(60, 35, replace=False) + 1)
    rows = np.isin(table.frame, numbers[kept])
    found = track_online(without(table, ~rows), numbers[kept], time_s[kept])
    who = (np.arange(len(table)) % 4)[rows][found.detection]
    assert {len(set(found.id[who == k])) for k in range(4)} == {1}


def test_camera_motion_carries_tracks_through_a_whip() -> None:
    """The picture jumps by three widths of a box a frame; motion is known."""
    frames = 40
    table = walkers(4, frames)
    shift = 120.0 * np.arange(frames)
    box = table.box.copy()
    box[:, 0] -= shift[table.frame - 1]
    moved = replace(table, box=box)
    motion = np.tile(np.array([[1.0, 0, -120.0], [0, 1, 0], [0, 0, 1]]), (frames, 1, 1))
    numbers, time_s = times(frames)
    found = track_online(moved, numbers, time_s, motion)
    assert same(found, track_online(table, numbers, time_s, np.tile(np.eye(3), (frames, 1, 1))))
    assert len(set(track_online(moved, numbers, time_s, None).id)) > 4


def test_colour_tells_two_apart_that_change_places_unseen() -> None:
    """Two side by side vanish and come back each where the other is expected."""
    frames = 30
    f, who = np.divmod(np.arange(2 * frames), 2)
    swapped = f >= 20
    box = np.column_stack(
        [300.0 + 12 * (who ^ swapped), np.full(len(f), 100.0), np.full(len(f), 40.0), np.full(len(f), 100.0)]
    )
    red, blue = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    feature = np.where(who[:, None] == 0, red, blue)
    seen = ~((f >= 15) & (f < 20))
    numbers, time_s = times(frames)
    for colours, kept in ((None, False), (feature[seen], True)):
        table = DetectionTable((f[seen] + 1).astype(np.int32), box[seen], np.full(seen.sum(), 0.95), colours)
        found = track_online(table, numbers, time_s)
        first = found.id[who[seen][found.detection] == 0]
        assert (len(set(first)) == 1) == kept


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_comes_in_nobody_is_twice_in_a_frame(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 40))
    frame = np.sort(data.draw(st.lists(st.integers(1, 12), min_size=n, max_size=n))).astype(np.int32)
    number = st.floats(-1e4, 1e4)
    size = st.floats(1e-3, 1e4)
    box = np.array(
        [[data.draw(number), data.draw(number), data.draw(size), data.draw(size)] for _ in range(n)]
    ).reshape(-1, 4)
    score = np.array([data.draw(st.floats(0, 1)) for _ in range(n)])
    found = track_online(DetectionTable(frame, box, score), *times(12))
    pairs = list(zip(found.frame.tolist(), found.id.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs) == len(set(found.detection.tolist()))
    assert pairs == sorted(pairs)
    assert (found.id >= 1).all()


@pytest.mark.parametrize(
    ("frames", "time_s", "says"),
    [
        ([1, 2], [0.0], "expected time_s"),
        ([2, 1], [0.0, 0.1], "have to rise"),
        ([1, 2], [0.1, 0.1], "have to rise"),
        ([1, 3], [0.0, 0.1], "not in frames"),
    ],
)
def test_arguments_that_disagree(frames: list[int], time_s: list[float], says: str) -> None:
    table = DetectionTable(np.array([2], np.int32), np.array([[0.0, 0, 1, 1]]), np.array([0.9]))
    with pytest.raises(ValueError, match=says):
        track_online(table, np.array(frames, np.int32), np.array(time_s))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"box": np.array([[0.0, 0, -1, 1]])}, "above 0"),
        ({"box": np.array([[np.nan, 0, 1, 1]])}, "finite"),
        ({"box": np.zeros((2, 4))}, r"expected shape \(1, 4\)"),
        ({"score": np.array([1.5])}, "0 to 1"),
        ({"score": np.array([np.nan])}, "0 to 1"),
        ({"foot": np.zeros((1, 3))}, r"foot: expected shape \(1, 2\)"),
    ],
)
def test_a_table_that_is_none(change: dict[str, np.ndarray], says: str) -> None:
    good = {"frame": np.array([2], np.int32), "box": np.array([[0.0, 0, 1, 1]]), "score": np.array([0.9])}
    with pytest.raises(ValueError, match=says):
        DetectionTable(**(good | change))
