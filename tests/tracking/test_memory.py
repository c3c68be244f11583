"""The tracker's memory: its parts lie side by side, and growing keeps them."""

import numpy as np
import pytest

from tracking import TrackerState, new_state
from tracking.memory import grown, new_memory, parts
from tracking.settings import SKATERS


def test_parts_do_not_touch_and_fill_the_memory() -> None:
    memory = new_memory(SKATERS, colours=3, capacity=5)
    views = parts(memory)
    begin = [view.ctypes.data for view in views]
    end = [view.ctypes.data + view.nbytes for view in views]
    assert begin == [memory.ctypes.data, *end[:-1]]
    assert end[-1] == memory.ctypes.data + memory.nbytes
    assert [view.shape for view in views[:4]] == [(1,), (3, 3), (5,), (5, 3)]
    assert np.isnan(views[1]).all()
    assert views[0]["settings"]["high_score"][0] == SKATERS.high_score


def test_growing_keeps_tracks_and_colours() -> None:
    memory = new_memory(SKATERS, colours=3, capacity=2)
    head, _, track, feature, _, _ = parts(memory)
    head["count"] = 2
    head["next_id"] = 9
    track["id"] = [4, 5]
    track["mean"] = np.arange(8.0).reshape(2, 4)
    feature[:] = np.arange(6.0).reshape(2, 3)
    more = grown(memory, 7)
    bigger, _, tracks, features, work, _ = parts(more)
    assert (bigger["count"][0], bigger["next_id"][0], bigger["capacity"][0]) == (2, 9, 7)
    np.testing.assert_array_equal(tracks["id"][:2], [4, 5])
    np.testing.assert_array_equal(tracks["mean"][:2], track["mean"])
    np.testing.assert_array_equal(features[:2], feature)
    assert len(features) == 7
    assert len(work) > 7
    assert head["capacity"][0] == 2


def read_only(memory):
    return np.frombuffer(memory.tobytes())


def of_more_people(memory):
    parts(memory)[0]["capacity"] = 9
    return memory


def with_an_impossible_count(memory):
    parts(memory)[0]["count"] = -1
    return memory


@pytest.mark.parametrize(
    "spoil",
    [
        read_only,
        of_more_people,
        with_an_impossible_count,
        lambda memory: memory[:-1],
        lambda memory: memory[:3],
        lambda memory: memory.astype(np.float32),
        lambda memory: np.repeat(memory, 2)[::2],
    ],
)
def test_what_is_no_memory_is_refused_before_a_kernel_writes_to_it(spoil):
    with pytest.raises(ValueError, match="memory"):
        TrackerState(spoil(new_state(capacity=4).memory))
