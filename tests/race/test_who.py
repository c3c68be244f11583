"""Names shared out to racers, from rows of rank and name that speak for whoever has that rank."""

import numpy as np
import pytest

from race.who import EXCHANGED_LOST, EXCHANGED_MOST, SKIPPED, WRONG, Told, costs, exchange_costs, settle

APART = np.array([0.0, 0.4, 0.9])


def told(*rows):
    """Rows (time, name, rank of each racer, place) at a time when the racers are well apart."""
    out = []
    for time_s, name, rank, place in rows:
        lag_s = APART[np.argsort(np.argsort(rank))]
        out.append(Told(time_s, name, costs(place, np.array(rank, float), lag_s, 0), np.isfinite(rank)))
    return out


def never(a, b, from_s, to_s):
    return EXCHANGED_MOST, to_s


def doubt_at(moment_s):
    """All are one another's at ``moment_s``, and at no other time."""
    return lambda a, b, from_s, to_s: (0.7, moment_s) if from_s <= moment_s <= to_s else (EXCHANGED_MOST, to_s)


def showing(time_s, names, rank):
    return [(time_s + 0.3 * place, name, rank, place) for place, name in enumerate(names, 1)]


def test_a_row_speaks_for_whoever_has_the_rank_and_hardly_against_who_is_near():
    rank, lag_s = np.array([1.0, 2.0, 3.0, np.nan]), np.array([0.0, 0.025, 2.0, np.nan])
    assert costs(1, rank, lag_s, 0)[:3] == pytest.approx([0.0, 0.5, WRONG])
    assert 0 < costs(1, rank, lag_s, 0)[3] < WRONG  # its place is not known
    assert (costs(4, rank, lag_s, 0)[:3] == WRONG).all()
    behind = costs(3, rank, lag_s, 1)  # one is not followed: who seems second may be third, not who seems fourth
    assert behind[1] < WRONG > behind[2]
    assert behind[0] == WRONG


def test_all_rows_agree():
    rows = told(*showing(1, "ABC", (2, 1, 3)), *showing(10, "ABC", (2, 1, 3)))
    settled = settle(rows, 3, never)
    assert {racer: name for racer, (name, _) in settled.names.items()} == {1: "A", 0: "B", 2: "C"}
    assert min(confidence for _, confidence in settled.names.values()) > 0.95
    assert (settled.exchanges, settled.against) == ((), {})


def test_two_exchanged_in_doubt_are_found_and_when():
    """The first two in like suits come out of an overlap at 6 s as each other: from then on the rows have them so."""
    rows = told(*showing(1, "ABC", (1, 2, 3)), *showing(10, "ABC", (2, 1, 3)), *showing(20, "ABC", (2, 1, 3)))
    settled = settle(rows, 3, doubt_at(6.0))
    assert [(one.time_s, one.first, one.second) for one in settled.exchanges] == [(6.0, 0, 1)]
    assert settled.names[2][0] == "C"
    # as they are followed, each of the two is both
    assert set(settled.names) == {2}
    assert {racer: set(names) for racer, names in settled.against.items()} == {0: {"A", "B"}, 1: {"A", "B"}}
    put_right = told(*showing(1, "ABC", (1, 2, 3)), *showing(10, "ABC", (1, 2, 3)), *showing(20, "ABC", (1, 2, 3)))
    assert {racer: name for racer, (name, _) in settle(put_right, 3, doubt_at(6.0)).names.items()} == dict(
        enumerate("ABC")
    )


def test_the_last_word_is_not_outvoted():
    """Twice A was ahead of B, and at the finish it is B: nothing was in doubt, so nobody can tell which is which."""
    rows = told(*showing(1, "AB", (1, 2)), *showing(10, "AB", (1, 2)), *showing(20, "BA", (1, 2)))
    settled = settle(rows, 2, never)
    assert (settled.names, settled.exchanges) == ({}, ())
    assert set(settled.against) == {0, 1}


def test_one_row_late_or_misread_takes_no_name_away():
    rows = told(*showing(1, "AB", (1, 2)), (10, "B", (1, 2), 1), *showing(20, "AB", (1, 2)), *showing(30, "AB", (1, 2)))
    assert {racer: name for racer, (name, _) in settle(rows, 2, never).names.items()} == {0: "A", 1: "B"}


def test_what_is_no_name_of_a_racer_takes_no_place():
    """FINAL comes up once in the first place, and W. MIN twice."""
    rows = told((1, "FINAL", (1, 2), 1), (9, "W. MIN", (1, 2), 1), (18, "W. MIN", (1, 2), 1))
    assert settle(rows, 2, never).names[0][0] == "W. MIN"


def test_nothing_told_names_nobody():
    assert settle([], 2, never) == type(settle([], 2, never))({}, (), {})


def test_more_names_than_racers_do_not_mislead():
    """Of three teams two are followed, and nobody knows which: no row may name them for sure ..."""
    rank, lag_s = np.array([1.0, 2.0]), np.array([0.0, 0.5])
    rows = [Told(t + place, name, costs(place, rank, lag_s, 1), np.isfinite(rank))
            for t in (0, 10) for place, name in enumerate("ABC", 1)]  # fmt: skip
    names = settle(rows, 2, never).names
    assert names.get(0, ("A", 0))[0] == "A"
    assert names.get(1, ("B", 0))[0] == "B"
    assert all(confidence < 0.95 for _, confidence in names.values())


def test_where_an_exchange_was_most_likely():
    """Both are in doubt from 2 to 4 s, nearest at 3 s, and at 0.5 s; a third is out of sight from 5 to 8 s."""
    time_s = np.arange(0, 10, 0.1)
    sure = np.ones((3, len(time_s)))
    doubtful = ((time_s > 1.95) & (time_s < 4.05)) | (np.abs(time_s - 0.5) < 0.15)
    sure[:2, doubtful] = 0.5
    gap_s = np.full((3, 3, len(time_s)), 1.0)
    gap_s[0, 1] = np.where(time_s < 1.0, 0.0, np.abs(time_s - 3.0))
    seen = np.ones(sure.shape, bool)
    seen[2, (time_s > 4.95) & (time_s < 7.95)] = False
    exchange = exchange_costs(sure, seen, gap_s, time_s)
    cost, moment_s = exchange(0, 1, 0.0, 4.5)
    assert cost == pytest.approx(0.7)
    assert moment_s == pytest.approx(3.0)
    assert exchange(0, 1, 4.5, 9.0)[0] == pytest.approx(EXCHANGED_MOST)
    assert exchange(0, 2, 4.5, 9.0)[0] == pytest.approx(EXCHANGED_MOST)  # out of sight, but known for sure afterwards
    sure[2, (time_s > 7.95) & (time_s < 8.45)] = 0.5
    cost, moment_s = exchange(0, 2, 4.5, 9.0)
    assert cost == pytest.approx(EXCHANGED_LOST)
    assert moment_s == pytest.approx(8.0)
    assert SKIPPED < WRONG
