from types import SimpleNamespace

import numpy as np
import pytest

from race.crossings import LineCrossing
from race.events import find_event
from race.formats import Crossing
from race.laps import Passage
from race.order import Order
from race.timing import _with_last_rank, crossings_of, finish_of
from race.told import ToldCrossing

NAMES = {0: ("HALE", 0.9), 1: ("MORI", 0.9)}


def facts(told, gap_s=0.4, seen=True):
    """Two racers (ids 1 and 2) who cross in lap 3 in this order, ``gap_s`` apart, and what the score bug tells."""
    time_s = np.arange(0, 10, 0.04)
    nowhere = np.zeros((2, 2, len(time_s)))
    crossings = LineCrossing(0, 5.0, 0.01), LineCrossing(1, 5.0 + gap_s, 0.01, seen)
    return SimpleNamespace(
        passages=[Passage(crossings, 3)],
        paths=SimpleNamespace(ids=np.array([1, 2]), seen=np.ones((2, len(time_s)), bool)),
        scene=SimpleNamespace(time_s=time_s),
        order=Order(nowhere > 0, nowhere, np.ones((2, 2), bool)),
        observations=SimpleNamespace(scorebug=[]),
        model=find_event("1000m"),
        final=None,
        start_list=(),
        told=told,
        ice=None,
        in_metres=False,
    )


def row(name, rank):
    return ToldCrossing(3, rank, name, None, 5.0, 0.05)


def ranks_of(facts, warnings=None):
    active = np.ones((2, len(facts.scene.time_s)), bool)
    rows = crossings_of(facts, NAMES, active, None, [] if warnings is None else warnings)
    return {crossing.competitor: crossing.rank for crossing in rows}


def test_the_order_seen_at_the_line_is_no_rows_of_the_score_bug_read_late():
    warnings = []
    assert ranks_of(facts([(1, row("HALE", 2)), (2, row("MORI", 1))]), warnings) == {1: 1, 2: 2}
    assert warnings == [
        "lap 3 of competitor 1: number 1 at the line, number 2 on the score bug",
        "lap 3 of competitor 2: number 2 at the line, number 1 on the score bug",
    ]


@pytest.mark.parametrize(("gap_s", "seen"), [(0.01, True), (0.4, False)])
def test_the_score_bug_ranks_who_crossed_too_close_or_unseen(gap_s, seen):
    told = [(1, row("HALE", 2)), (2, row("MORI", 1))]
    assert ranks_of(facts(told, gap_s, seen)) == {1: 2, 2: 1}


def test_a_row_is_of_whom_it_names():
    assert ranks_of(facts([(1, row("MORI", 3))])) == {1: 1, 2: 2}  # not HALE's, and there is no third
    assert ranks_of(facts([(1, row("SOTO", 3))])) == {1: 3, 2: 2}  # a name that is nobody's: of whom it was found to be


def crossed(competitor, rank, time_s, source="fused"):
    return Crossing(competitor=competitor, lap=5, time_s=time_s, time_sd_s=0.01, rank=rank, source=source)


def test_of_two_in_a_photo_finish_the_other_has_the_rank_that_is_left():
    first, second = crossed(1, 1, 49.0), crossed(2, 2, 49.2)
    third, other = crossed(3, 3, 49.414), crossed(4, None, 49.413)
    assert [row.rank for row in _with_last_rank([first, second, other, third], 4)] == [1, 2, 4, 3]
    assert _with_last_rank([first, second, other, third], 5)[2].rank is None  # nor is it known where the fifth was
    clear = crossed(4, None, 49.1)  # clearly before the third
    assert _with_last_rank([first, second, clear, third], 4)[2].rank is None
    untold = crossed(3, None, 49.414)
    assert [row.rank for row in _with_last_rank([first, second, other, untold], 4)] == [1, 2, None, None]


def test_who_is_home_by_the_score_bug_alone_is_in_the_result():
    known = facts([])
    finish = Passage(known.passages[0].crossings, 5, is_finish=True)
    rows = [crossed(1, 1, 5.0), crossed(2, 3, 5.4), crossed(7, 2, None, "scorebug"), crossed(8, None, None, "scorebug")]
    home = finish_of(known, finish, np.ones((2, 250), bool), None, rows)
    assert [(row.competitor, row.rank, row.time_s) for row in home] == [(1, 1, 5.0), (7, 2, None), (2, 3, 5.4)]
    assert finish_of(known, None, np.ones((2, 250), bool), None, rows) == []
