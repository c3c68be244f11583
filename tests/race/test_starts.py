"""When and where the field got off: on ways drawn by hand."""

import pytest

from race.starts import REACTION_S, find_field_starts
from tests.race.made_starts import RESTART_S, RINK, bodies, called_back, gets_off


def test_the_gun_is_told_by_first_movements() -> None:
    (start,) = find_field_starts(bodies([gets_off(away) for away in (5.2, 5.25, 5.3, 7.0)]), RINK)
    assert start.side == "far"
    assert start.gun_s == pytest.approx(5.25 - REACTION_S, abs=0.05)  # who dawdles changes nothing


def test_who_seems_to_be_early_alone_is_not_the_start() -> None:
    (start,) = find_field_starts(bodies([gets_off(away) for away in (4.2, 5.2, 5.4)]), RINK)
    assert start.gun_s == pytest.approx(5.4 - REACTION_S, abs=0.05)


def test_a_start_that_was_called_back_is_none() -> None:
    (start,) = find_field_starts(bodies([called_back(away) for away in (5.2, 4.8, 5.25)]), RINK)
    assert start.gun_s == pytest.approx(RESTART_S - REACTION_S, abs=0.05)


def test_team_mates_who_set_off_from_the_infield_are_no_start() -> None:
    assert find_field_starts(bodies([gets_off(5.2), gets_off(5.3)], inside_m=5.0), RINK) == []


def test_one_alone_is_no_start() -> None:
    assert find_field_starts(bodies([gets_off(5.2)]), RINK) == []
