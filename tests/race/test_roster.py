from types import SimpleNamespace

import numpy as np

from race.claims import DOUBT
from race.roster import LEAST_TOLD, _as_crossed
from race.start_list import Entry
from race.told import ToldCrossing
from race.who import Settled


def told_of(names, times=LEAST_TOLD):
    return tuple(
        (id_, ToldCrossing(lap, 1, name, None, 10.0 * lap, 0.1))
        for id_, name in names.items()
        for lap in range(1, times + 1)
    )


def facts(told, agreed=True, start_list=()):
    paths = SimpleNamespace(ids=np.array([2, 5, 7]))
    return SimpleNamespace(told=told, agreed=agreed, start_list=start_list, paths=paths)


SETTLED = Settled({0: ("MIN", 0.7), 1: ("HALE", 0.95)}, (), {2: ("MIN", "KOWAL")})


def test_racers_have_the_names_under_which_they_cross():
    known = _as_crossed(SETTLED, facts(told_of({2: "KOWAL", 5: "HALE", 7: "MIN"})))
    assert known.names == {0: ("KOWAL", DOUBT), 1: ("HALE", 0.95), 2: ("MIN", DOUBT)}
    assert known.against == {}


def test_a_name_is_one_racers_and_others_keep_theirs():
    known = _as_crossed(SETTLED, facts(told_of({7: "MIN"})))
    assert known.names == {1: ("HALE", 0.95), 2: ("MIN", DOUBT)}


def test_few_crossings_or_such_as_do_not_agree_name_nobody():
    assert _as_crossed(SETTLED, facts(told_of({7: "MIN"}, LEAST_TOLD - 1))) == SETTLED
    assert _as_crossed(SETTLED, facts(told_of({7: "MIN"}), agreed=False)) is SETTLED


def test_names_are_those_of_the_start_list():
    entries = (Entry(1, "Wei MIN", "CHN", "3", {}), Entry(2, "Aron HALE", "HUN", "4", {}))
    assert _as_crossed(SETTLED, facts(told_of({7: "W. MIN"}), start_list=entries)).names[2][0] == "Wei MIN"
