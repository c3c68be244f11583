import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from race.beam import cost_of, share_out
from race.swapped import exchange
from tests.race.made_pieces import BLUE, RED, weighed


@st.composite
def some_pieces(draw):
    """Any pieces of two or three racers, some of them told."""
    count, size = draw(st.integers(2, 9)), draw(st.integers(2, 3))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    link = {(a, b): random.uniform(-2, 12) for a in range(count) for b in range(a + 1, count) if random.random() < 0.8}
    name = np.where(random.random(count) < 0.4, random.integers(0, size, count), -1)
    look = random.dirichlet(np.ones(3), count) * (name < 0)[:, None]
    many = np.where(name < 0, random.integers(0, 9, count), 0)
    return weighed(link, look, many, size, draw(st.booleans()), name=name, in_pack=random.uniform(0, 9, (count, 2)))


@given(some_pieces())
@settings(max_examples=200, deadline=None)
def test_an_assignment_costs_what_the_beam_says(of):
    owner, margin = np.full(len(of.name), -1), np.ones(len(of.name))
    cost = share_out(of, owner, margin)
    assert cost_of(of, owner) == pytest.approx(cost, abs=1e-9)


@given(some_pieces(), st.integers(0, 2**32 - 1))
@settings(max_examples=200, deadline=None)
def test_exchanges_only_ever_gain_and_leave_names_and_what_was_left_out(of, seed):
    owner = np.random.default_rng(seed).integers(-1, of.size, len(of.name))
    after = owner.copy()
    cost = exchange(of, after)
    assert cost == pytest.approx(cost_of(of, after), abs=1e-9)
    assert cost <= cost_of(of, owner)
    assert (after[of.name >= 0] == owner[of.name >= 0]).all()
    assert ((after < 0) == (owner < 0)).all()


def two_racers(told=()):
    """A red and a blue one seen every ten seconds, their pieces by turns; at moments ``told`` the first is named 0, and
    the second 1, a little later."""
    begins = np.concatenate([np.arange(0.0, 100.0, 10), np.arange(0.5, 100.0, 10), np.repeat(told, 2)])
    name = np.concatenate([np.full(20, -1), np.tile([0, 1], len(told))]).astype(int)
    racer = np.concatenate([np.repeat([0, 1], 10), np.tile([0, 1], len(told))]).astype(int)
    order = np.argsort(begins, kind="stable")
    return begins[order], name[order], racer[order]


@pytest.mark.parametrize("until", [8, 20])
def test_who_was_exchanged_for_a_time_gets_its_own_colours_back(until):
    begins, _, racer = two_racers()
    link = {(a, b): 1.0 for a in range(20) for b in range(a + 1, 20)}
    of = weighed(link, [RED if r == 0 else BLUE for r in racer], np.full(20, 20.0), 2, False, begins=begins)
    owner = racer.copy()
    owner[4:until] = 1 - owner[4:until]
    exchange(of, owner)
    assert owner.tolist() == racer.tolist()


def test_names_told_later_tell_who_passed_unseen():
    """In one colour; from 40 s on the crossings told are nearer to the other's way."""
    told = (12.0, 22.0, 52.0, 62.0, 72.0)
    begins, name, racer = two_racers(told)
    count = len(begins)
    follows = np.where((name >= 0) | (begins < 40), racer, 1 - racer)  # whose place it is that a piece has
    link = {
        (a, b): 0.0 if follows[a] == follows[b] else 2.0 if begins[a] < 40 <= begins[b] else 6.0
        for a in range(count)
        for b in range(a + 1, count)
    }
    look, many = np.where((name < 0)[:, None], RED, 0.0), np.where(name < 0, 20.0, 0.0)
    of = weighed(link, look, many, 2, False, name=name, begins=begins)
    owner = racer.copy()
    exchange(of, owner)
    assert owner.tolist() == follows.tolist()
