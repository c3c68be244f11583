from types import SimpleNamespace

import numpy as np
import pytest

from race.claims import _confusable, _known_as
from race.crossings import LineCrossing
from race.formats import Pass
from race.order import KNOWN_AS_S
from race.timing import _too_close


def test_a_pass_is_as_sure_as_who_the_two_are_around_it():
    """Two racers over 8 s at 25 pictures a second; at 2 s it is anyone's guess who the second one is."""
    frames = np.arange(1, 201)
    time_s = (frames - 1) / 25
    sure = np.ones(400)
    sure[200 + 50] = 0.51
    seen = np.ones(400, bool)
    facts = SimpleNamespace(
        tracks=SimpleNamespace(id=np.repeat([1, 2], 200), frame=np.tile(frames, 2), link_confidence=sure, seen=seen),
        scene=SimpleNamespace(number=frames, time_s=time_s),
    )

    def known_as(at_s: float, by: int, on: int) -> float:
        return _known_as(facts, Pass(time_s=at_s, by=by, on=on, confidence=1.0))

    before_s, after_s = KNOWN_AS_S
    assert known_as(2.0, 1, 2) == known_as(2.0 - after_s + 0.01, 2, 1) == 0.51
    assert known_as(2.0 + before_s - 0.01, 1, 2) == 0.51  # seconds later it still is
    assert known_as(2.0 + before_s + 0.05, 1, 2) == known_as(2.0 - after_s - 0.05, 1, 2) == 1.0
    assert known_as(2.0, 1, 3) == 1.0  # of somebody else nothing is in doubt
    seen[200 + 30 : 200 + 50] = False  # nor does anybody know before it is seen again
    assert known_as(1.25, 1, 2) == 0.51


def test_a_pass_of_two_in_like_suits_is_not_claimed_where_one_was_out_of_sight():
    """Two racers over 8 s at 25 pictures a second, one of them unseen from 3 to 4 s."""
    frames = np.arange(1, 201)
    seen = np.ones(400, bool)
    seen[75:100] = False
    tracks = SimpleNamespace(id=np.repeat([1, 2], 200), frame=np.tile(frames, 2), detection=np.arange(400), seen=seen)

    def confusable(at_s: float, first: list[float], second: list[float]) -> bool:
        facts = SimpleNamespace(
            tracks=tracks,
            scene=SimpleNamespace(number=frames, time_s=(frames - 1) / 25),
            observations=SimpleNamespace(detections=SimpleNamespace(suit=np.repeat([first, second], 200, axis=0))),
        )
        return _confusable(facts, Pass(time_s=at_s, by=1, on=2, confidence=1.0))

    red, reddish, blue = [0.9, 0.1, 0.0], [0.85, 0.15, 0.0], [0.1, 0.0, 0.9]
    assert confusable(3.5, red, reddish)
    assert not confusable(3.5, red, blue)
    assert not confusable(6.5, red, reddish)
    assert confusable(3.5, red, [np.nan] * 3)  # nobody knows what the second wears
    assert not confusable(6.5, red, [np.nan] * 3)  # but both were watched


@pytest.mark.parametrize(
    ("gap_s", "sd_s", "photo"), [(0.015, 0.002, True), (0.03, 0.002, False), (0.03, 0.02, True), (0.1, 0.02, False)]
)
def test_a_gap_for_the_finish_camera_is_told_however_sure_it_seems(gap_s, sd_s, photo):
    first, second = LineCrossing(0, 10.0, sd_s), LineCrossing(1, 10.0 + gap_s, sd_s)
    assert _too_close(first, second) == _too_close(second, first) == photo
