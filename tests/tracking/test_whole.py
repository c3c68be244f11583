"""The whole sequence at once: links over gaps, cuts, a known number of people, filled rows."""

import numpy as np

from tracking import DetectionTable, track_whole
from tracking.linking import Ends, add_up, link, link_costs

FPS = 25.0


def sequence(paths: list[tuple[range, np.ndarray]], score: float = 0.9) -> tuple[DetectionTable, np.ndarray]:
    """Boxes 40 x 100 whose left edges follow ``paths`` (frames from 1, x); and who each detection is."""
    rows = sorted((f, k, x[i]) for k, (frames, x) in enumerate(paths) for i, f in enumerate(frames))
    frame, who, x = (np.array(column) for column in zip(*rows, strict=True))
    box = np.column_stack([x, 100.0 + 5 * who, np.full(len(x), 40.0), np.full(len(x), 100.0)])
    return DetectionTable(frame.astype(np.int32), box, np.full(len(x), score)), who


def numbers(frames: int) -> tuple[np.ndarray, np.ndarray]:
    frame = np.arange(1, frames + 1, dtype=np.int32)
    return frame, (frame - 1) / FPS


def test_a_short_gap_is_filled_on_the_straight_line_between() -> None:
    x = 100 + 4.0 * np.arange(40)
    table, _ = sequence([(range(1, 41), x)], score=0.95)
    seen = ~np.isin(table.frame, [20, 21, 22])
    table = DetectionTable(table.frame[seen], table.box[seen], table.score[seen])
    tracks = track_whole(table, *numbers(40))
    assert tracks.frame.tolist() == list(range(1, 41))
    assert np.flatnonzero(~tracks.seen).tolist() == [19, 20, 21]
    np.testing.assert_allclose(tracks.box[:, 0], x)


def test_who_comes_back_after_long_is_the_same() -> None:
    """One stands, one leaves for eight seconds; longer than tracks wait."""
    still = np.full(350, 600.0)
    away = np.concatenate([100 + np.arange(100.0), 300 - np.arange(50.0)])
    table, who = sequence([(range(1, 351), still), ([*range(1, 101), *range(301, 351)], away)])  # type: ignore[list-item]
    tracks = track_whole(table, *numbers(350))
    assert sorted(set(tracks.id)) == [1, 2]
    ids = tracks.id[tracks.seen]
    owner = who[tracks.detection[tracks.seen]]
    assert {len(set(ids[owner == k])) for k in (0, 1)} == {1}
    late = tracks.link_confidence[(tracks.frame > 300) & (tracks.box[:, 0] < 500)]
    assert (late < 1).all(), "a link over a long gap is not certain"
    assert (tracks.link_confidence[tracks.box[:, 0] > 500] > 0.99).all(), "nobody could be taken for the one who stands"


def test_short_and_weak_tracks_are_dropped() -> None:
    table, _ = sequence([(range(1, 51), np.full(50, 100.0)), (range(10, 14), np.full(4, 800.0))])
    assert set(track_whole(table, *numbers(50)).id) == {1}


def test_no_more_people_than_there_were() -> None:
    paths = [(range(1, 60 + 10 * k), np.full(59 + 10 * k, 100.0 + 300 * k)) for k in range(4)]
    table, _ = sequence(paths)
    assert len(set(track_whole(table, *numbers(90)).id)) == 4
    kept = track_whole(table, *numbers(90), max_identities=2)
    assert sorted(set(kept.id)) == [1, 2]
    assert set(kept.box[:, 0]) == {700.0, 1000.0}, "those seen most often"


def test_nothing_in_nothing_out() -> None:
    empty = DetectionTable(np.empty(0, np.int32), np.empty((0, 4)), np.empty(0))
    assert len(track_whole(empty, *numbers(5))) == 0
    assert len(track_whole(empty, *numbers(0))) == 0


def test_positions_say_nothing_across_a_cut_but_colours_do() -> None:
    """After the cut the two stand in each other's place."""
    camera = add_up(None, np.array([0] * 10 + [1] * 10, np.int32))
    frame = np.array([9, 9, 10, 10])
    at = np.array([[0.0, 0], [500, 0], [500, 0], [0, 0]])
    ends = Ends(frame, frame / FPS, at, np.zeros((4, 2)), np.full(4, 100.0))
    colour = np.array([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    follower, sure = link(ends, ends, camera, colour, 60.0, 3.5, 0.6)
    assert follower.tolist() == [2, 3, -1, -1]
    assert (sure[:2] > 0.6).all()
    without = link_costs(
        frame, frame / FPS, at, np.zeros((4, 2)), np.full(4, 100.0), frame, frame / FPS, at, np.zeros((4, 2)),
        np.full(4, 100.0), camera.from_first, camera.to_first, camera.shot, np.empty((4, 0)), 60.0,
    )  # fmt: skip
    assert without[0, 2] == without[0, 3]
    assert np.isinf(without[2:, :2]).all(), "time does not run backward"
    assert np.isinf(np.diag(without)).all()


def test_the_camera_adds_up() -> None:
    step = np.array([[1.0, 0, 10], [0, 1, 0], [0, 0, 1]])
    motion = np.tile(step, (6, 1, 1))
    motion[3] = np.nan
    camera = add_up(motion, np.array([0, 0, 0, 0, 0, 1], np.int32))
    assert camera.from_first[:, 0, 2].tolist() == [0, 10, 20, 20, 30, 0]
