from types import SimpleNamespace

import numpy as np

from race.beam import share_out
from race.guide import make_guide
from race.identify import BESIDE_PER_S, UNEXPLAINED, UNEXPLAINED_PER_S, _in_corner, _left_out, _with_all, _with_another
from race.links import EMPTY_PER_S, unseen_costs
from race.rink import Rink
from tests.race.made_pieces import BLUE, RED, weighed

GOOD, FAR = -1.0, 5.0


def test_who_would_have_been_seen_costs_by_the_time_in_which_nobody_was():
    """Two pieces of one racer, 4 s apart at 10 m/s over a lap of 100 m; its place is seen empty in the second after."""
    time_s = np.arange(101) / 10
    way = 10 * time_s
    last_frame, first_frame = np.array([20, 100]), np.array([0, 60])
    last = np.column_stack([way[last_frame] + 35.0, [10.0, 10.0]])
    first = np.column_stack([way[first_frame] + 35.0, [10.0, 10.0]])
    empty = np.zeros((101, 10))
    empty[20:30, 3] = np.arange(10) / 10  # the fourth cell is that of 30 to 40 m with the pack
    empty[30:, 3] = 1.0
    empty[:, 5] = 7.0
    until, since = np.array([45, 100]), np.array([0, 35])

    def added(speed=10.0, apart_s=4.0):
        cost = np.zeros((2, 2))
        ended = last.copy()
        ended[0, 1] = speed
        unseen_costs(
            np.array([0.0, 2.0 + apart_s]), np.array([2.0, 10.0]), first, ended, first_frame, last_frame, until, since,
            way, 100.0, empty, cost,
        )  # fmt: skip
        return cost[0, 1]

    assert np.isclose(added(), EMPTY_PER_S * 1.0)
    assert added(speed=3.0) == 0  # who ended slow may have fallen, and need not be there
    assert added(apart_s=0.1) == 0


def shared(*pieces, **more):
    of = weighed(*pieces, **more)
    owner, margin = np.full(len(of.name), -1), np.ones(len(of.name))
    share_out(of, owner, margin)
    return owner.tolist(), margin


def test_pieces_go_where_they_fit_best():
    owner, margin = shared(
        {(0, 2): GOOD, (1, 2): FAR, (0, 3): FAR, (1, 3): GOOD}, np.zeros((4, 2)), np.zeros(4), 2, False
    )
    assert owner[0] == owner[2] != owner[1] == owner[3]
    assert margin.min() > 0.9


def test_colours_decide_where_places_do_not():
    link = {(a, b): 1.0 for a in (0, 1) for b in (2, 3)}
    owner, _ = shared(link, [RED, BLUE, BLUE, RED], np.full(4, 20.0), 2, False)
    assert owner[0] == owner[3] != owner[1] == owner[2]


def test_in_a_relay_nobody_new_is_in_the_colours_of_a_team_that_is_there():
    """A team-mate comes out beside the one who races; the second team is seen later only."""
    look, many = [RED, RED, BLUE], np.full(3, 20.0)
    link = {(0, 1): 14.0, (0, 2): 40.0, (1, 2): 40.0}
    left_out = [10.0, 8.5, 10.0]
    owner, _ = shared(link, look, many, 3, True, left_out)
    assert owner[1] in (owner[0], -1)
    assert owner[2] not in (owner[0], -1)
    alone, _ = shared(link, look, many, 3, False, left_out)
    assert alone[1] not in (alone[0], -1)  # in a race of single skaters two may wear the same


def test_two_who_come_back_are_likely_in_the_order_in_which_they_were():
    """One 2 m ahead of the other, out of sight for some seconds; nothing else tells them apart."""
    link = {(a, b): 1.0 for a in (0, 1) for b in (2, 3)}

    def sure(away_s, ahead_m):
        begins = [0.0, 0.1, 5.0 + away_s, 5.1 + away_s]
        in_pack = [[99.0, 99.0], [97.0, 97.0], [97.0, 97.0], [(97.0 + ahead_m) % 100.0] * 2]  # a lap is 100 m
        owner, margin = shared(link, np.zeros((4, 2)), np.zeros(4), 2, False, begins=begins, in_pack=in_pack)
        return owner[3] == owner[0] and owner[2] == owner[1], float(margin[3])

    soon, late, level = sure(2.0, 2.0), sure(20.0, 2.0), sure(2.0, 0.0)
    assert soon[0]
    assert soon[1] > late[1] > level[1] - 0.01
    assert sure(2.0, 5.0)[0]  # from 97 to 2 m, ahead over the line
    assert np.isclose(level[1], 0.5, atol=0.05)


def test_names_on_the_score_bug_decide_where_places_do_not():
    """Two racers, both named at the line; out of sight for long; and named again."""
    link = {(a, b): 1.0 for a in range(6) for b in range(a + 1, 6)}
    link |= {(0, 2): GOOD, (1, 3): GOOD, (0, 3): FAR, (1, 2): FAR, (4, 6): GOOD, (5, 7): GOOD, (4, 7): FAR, (5, 6): FAR}
    link |= {(a, b): GOOD for a in (2, 3) for b in (4, 5)}
    name = [-1, -1, 0, 1, -1, -1, 1, 0]
    owner, _ = shared(link, np.zeros((8, 2)), np.zeros(8), 2, False, name=name)
    assert owner[0] == owner[2] == owner[7] == owner[5]
    assert owner[1] == owner[3] == owner[6] == owner[4]
    unnamed, _ = shared(link, np.zeros((8, 2)), np.zeros(8), 1, False, name=[-1, -1, 0, 1, -1, -1, 1, 0])
    assert len({n for n, o in zip(name, unnamed, strict=True) if n >= 0 and o == 0}) == 1  # one racer has one name


def test_what_comes_soon_after_makes_sure_whose_a_piece_is():
    """Nothing tells two apart who come back; in one case they are named at the line three and four seconds later."""
    link = {(a, b): 1.0 for a in range(6) for b in range(a + 1, 6)}
    link |= {(0, 2): GOOD, (1, 3): GOOD, (0, 3): FAR, (1, 2): FAR}
    name = [-1, -1, 0, 1, -1, -1, 1, 0]
    _, unnamed = shared(link, np.zeros((6, 2)), np.zeros(6), 2, False, name=name[:6], every_s=1.0)
    assert np.isclose(unnamed[4], 0.5, atol=0.1)
    link |= {(a, b): FAR for a in range(6) for b in (6, 7)} | {(4, 6): GOOD, (5, 7): GOOD}
    _, sure = shared(link, np.zeros((8, 2)), np.zeros(8), 2, False, name=name, every_s=1.0)
    assert sure[4] > 0.9
    _, late = shared(link, np.zeros((8, 2)), np.zeros(8), 2, False, name=name, every_s=20.0)
    assert late[4] < 0.6  # by then somebody else may be who was taken for another


def test_one_more_racer_has_to_explain_something():
    costs = {2: 100.0, 3: 60.0, 4: 55.0}
    asked = []

    def share(size):
        asked.append(size)
        return costs[size], np.full(1, size), np.ones(1)

    assert _with_all(share, 2, 10)[1][0] == 3
    assert asked == [2, 3, 4]
    assert _with_all(share, 2, 2)[1][0] == 2  # no more may start


def test_one_more_team_has_to_explain_as_much_as_a_team_does():
    def teams(*costs):
        return _with_another(lambda size: (costs[size - 3], np.full(1, size), np.ones(1)), 4, 5)[1][0]

    assert teams(900.0, 700.0, 500.0) == 5
    assert teams(900.0, 700.0, 650.0) == 4  # as members beside their racer do
    assert teams(2900.0, 1700.0, 1500.0) == 4  # a team is worth 1200 here
    assert _with_another(lambda size: (0.0, np.full(1, size), np.ones(1)), 5, 5)[1][0] == 5


def test_members_are_relieved_on_the_straights_only():
    rink = Rink(track_shift_m=2.0)
    guide = make_guide(rink)
    lap_m = rink.lap_m

    def piece(from_u, to_u):
        at = guide.from_ice(rink.to_ice(np.array([[from_u, 0.5], [to_u, 0.5]])))[0]
        first, last = np.zeros((2, 1, 6))
        first[0, [0, 3]], last[0, [0, 3]] = at
        return SimpleNamespace(first=first, last=last)

    apex = 2.0 + lap_m / 4
    assert _in_corner(piece(apex - 1.0, apex + 14.0), guide)[0]
    assert _in_corner(piece(apex + lap_m / 2 - 20.0, apex + lap_m / 2 - 5.0), guide)[0]
    assert not _in_corner(piece(-8.0, 10.0), guide)[0]
    assert not _in_corner(piece(lap_m / 2 - 8.0, lap_m / 2 + 10.0), guide)[0]
    seconds, racing = np.array([2.0, 2.0]), np.ones(2, bool)
    costs = _left_out(seconds, racing, np.array([0.0, 0.5]))
    np.testing.assert_allclose(
        costs, UNEXPLAINED + np.array([2.0 * BESIDE_PER_S, 0.5 * UNEXPLAINED_PER_S + 1.5 * BESIDE_PER_S])
    )
    np.testing.assert_allclose(_left_out(seconds, racing, seconds), UNEXPLAINED + 2.0 * UNEXPLAINED_PER_S)
