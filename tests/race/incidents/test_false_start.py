"""Off before the gun: on ways drawn by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from race.incidents.bodies import Body
from race.incidents.false_start import find_false_starts
from race.rink import Rink

Floats = NDArray[np.float64]

FPS = 25
RINK = Rink()
LINE_U, RESTART_S = 55.2, 26.0
T = np.arange(38 * FPS) / FPS


def gets_off(away_s: float) -> Floats:
    """(F,) m from the line of who gets off at ``away_s`` and goes on."""
    return 0.5 * 3.6 * np.clip(T - away_s, 0, 2.0) ** 2 + 7.2 * np.clip(T - away_s - 2.0, 0, None)


def called_back(away_s: float) -> Floats:
    """The same for 1.5 s, back at a walk, and off again at RESTART_S."""
    turn = away_s + 1.5
    out = np.where(turn < T, np.maximum(0.0, 4.05 - 1.2 * (T - turn)), gets_off(away_s))
    return out + gets_off(RESTART_S)


def bodies(ways: list[Floats]) -> list[Body]:
    """A lane each, detections numbered through."""
    out = []
    for n, way in enumerate(ways):
        u, d = (LINE_U + way) % RINK.lap_m, np.full(len(T), 1.3 * n)
        ones = np.ones(len(T))
        rows, xy = n * len(T) + np.arange(len(T)), RINK.to_ice(np.column_stack([u, d]))
        v = np.abs(np.gradient(way, 1 / FPS))
        out.append(Body(rows, T, xy, u, d, v, 0 * ones, 0 * ones, 1.5 * ones, ones, ones, 0.1 * ones))
    return out


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


def test_who_is_followed_as_nobody_gets_no_name() -> None:
    (found,) = find_false_starts(bodies([called_back(away) for away in (5.2, 4.8, 5.25)]), {}, RINK)
    assert found.row is None


def test_a_start_that_stands_is_no_question() -> None:
    assert find_false_starts(bodies([gets_off(away) for away in (5.2, 4.8, 5.25, 5.3)]), followed(4), RINK) == []


def test_walking_up_to_the_line_is_no_start() -> None:
    walk = np.clip(1.2 * (T - 5.0), 0.0, 4.0) - 4.0
    assert find_false_starts(bodies([walk + gets_off(RESTART_S)] * 4), followed(4), RINK) == []
