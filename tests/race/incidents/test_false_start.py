"""Off before the gun: on ways drawn by hand."""

import numpy as np
import pytest

from race.incidents.false_start import find_false_starts
from tests.race.made_starts import RESTART_S, RINK, T, bodies, called_back, gets_off


def followed(count: int) -> dict[int, int]:
    """Racers are the bodies in the other order, and followed only from when they are off for good."""
    late = np.flatnonzero(T > RESTART_S)
    return {int(n * len(T) + k): count - 1 - n for n in range(count) for k in late}


def test_who_was_off_first_is_named_by_the_place_on_the_line() -> None:
    seen = bodies([called_back(away) for away in (5.2, 4.8, 5.25, 5.3)])
    (found,) = find_false_starts(seen, followed(4), RINK)
    assert found.row == 2
    assert found.start_s == pytest.approx(4.8, abs=0.1)
    assert found.lead_s == pytest.approx(0.4, abs=0.06)


def test_the_others_may_be_hidden_when_the_race_starts_again() -> None:
    first = [np.where(T < 20.0, called_back(away), 0.0) for away in (4.8, 5.2)]
    (found,) = find_false_starts(bodies([*first, gets_off(RESTART_S)]), {}, RINK)
    assert found.start_s == pytest.approx(4.8, abs=0.1)


def test_who_is_followed_as_nobody_gets_no_name() -> None:
    (found,) = find_false_starts(bodies([called_back(away) for away in (5.2, 4.8, 5.25)]), {}, RINK)
    assert found.row is None


def test_a_start_that_stands_is_no_question() -> None:
    assert find_false_starts(bodies([gets_off(away) for away in (5.2, 4.8, 5.25, 5.3)]), followed(4), RINK) == []


def test_walking_up_to_the_line_is_no_start() -> None:
    walk = np.clip(1.2 * (T - 5.0), 0.0, 4.0) - 4.0
    assert find_false_starts(bodies([walk + gets_off(RESTART_S)] * 4), followed(4), RINK) == []


def test_team_mates_who_set_off_twice_from_the_infield_make_no_false_start() -> None:
    seen = bodies([called_back(away) for away in (5.2, 4.8, 5.25, 5.3)], inside_m=6.0)
    assert find_false_starts(seen, followed(4), RINK) == []
