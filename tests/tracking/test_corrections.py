"""Identities repaired by hand."""

from pathlib import Path

import numpy as np
import pytest

from tracking import Corrections, TrackingFileError, Tracks, apply_corrections, read_corrections

FRAMES = np.arange(1, 11, dtype=np.int32)
TIME_S = (FRAMES - 1) / 10.0


def tracks(rows: list[tuple[int, int]], unseen: tuple[tuple[int, int], ...] = ()) -> Tracks:
    """Tracks of (frame, id) rows; x of a box is 100 times the id, so that it tells who it was."""
    rows = sorted(rows)
    frame, identity = np.array(rows, np.int32).T
    return Tracks(
        frame=frame,
        id=identity,
        box=np.column_stack([100.0 * identity, frame, np.ones(len(rows)), np.ones(len(rows))]),
        score=np.ones(len(rows)),
        seen=np.array([row not in unseen for row in rows]),
        detection=np.arange(len(rows)),
        link_confidence=np.full(len(rows), 0.5),
    )


def repair(given: Tracks, text: str, folder: Path) -> Tracks:
    path = folder / "corrections.txt"
    path.write_text(text, encoding="utf-8")
    return apply_corrections(given, read_corrections(path), FRAMES, TIME_S)


def test_two_exchange_identities_from_then_on(tmp_path: Path) -> None:
    given = tracks([(f, i) for f in FRAMES for i in (3, 4)])
    repaired = repair(given, "# at the apex\nat 0.5 s 3 <-> 4\n", tmp_path)
    was = repaired.box[:, 0] / 100
    early = repaired.frame < 6
    assert (was[early] == repaired.id[early]).all()
    assert (was[~early] == 7 - repaired.id[~early]).all()
    assert (repaired.link_confidence[~early] == 1).all(), "a person has said so"
    assert (repaired.link_confidence[early] == 0.5).all()


def test_two_tracks_become_one(tmp_path: Path) -> None:
    given = tracks([(f, 7) for f in (1, 2, 3)] + [(f, 12) for f in (5, 6)] + [(f, 1) for f in FRAMES])
    repaired = repair(given, "tracks 7 and 12 are one", tmp_path)
    assert repaired.frame[repaired.id == 7].tolist() == [1, 2, 3, 5, 6]
    assert sorted(set(repaired.id)) == [1, 7]


def test_a_filled_row_gives_way_to_a_seen_one(tmp_path: Path) -> None:
    given = tracks([(1, 7), (2, 7), (2, 12), (3, 12)], unseen=((2, 7),))
    repaired = repair(given, "tracks 7 and 12 are one", tmp_path)
    assert repaired.frame.tolist() == [1, 2, 3]
    assert repaired.box[1, 0] == 1200


def test_steps_apply_in_order(tmp_path: Path) -> None:
    given = tracks([(1, 1), (2, 2), (3, 3)])
    repaired = repair(given, "tracks 1 and 2 are one\ntracks 1 and 3 are one", tmp_path)
    assert repaired.id.tolist() == [1, 1, 1]


def test_names_are_those_of_tracks_as_they_are_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "corrections.txt"
    path.write_text("at 0.5 s 3 <-> 4\n3 is  Suzanne  SCHULTING  # from the list\n", encoding="utf-8")
    found = read_corrections(path)
    assert [(one.id, one.name) for one in found.names] == [(3, "Suzanne SCHULTING")]
    assert len(found.steps) == 1
    assert not Corrections()
    given = tracks([(f, i) for f in FRAMES for i in (3, 4)])
    assert apply_corrections(given, Corrections(names=found.names), FRAMES, TIME_S).id.tolist() == given.id.tolist()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("3 is A. KIM\n3 is B. MIN", "line 2: track 3 is A. KIM already"),
        ("3 is A. KIM\n4 is A. KIM", "line 2: A. KIM is track 3 already"),
        ("9 is A. KIM", "line 1: there is no track 9"),
        ("swap 3 and 4", "line 1: expected `at 31.2 s 3 <-> 4`"),
        ("\nat 0.5 s 3 <-> 3", "line 2: track 3 is named twice"),
        ("at 0.5 s 3 <-> 9", "line 1: there is no track 9"),
        ("tracks 3 and 4 are one", "both seen in frame 1"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(TrackingFileError) as error:
        repair(tracks([(f, i) for f in FRAMES for i in (3, 4)]), text, tmp_path)
    assert says in str(error.value)
