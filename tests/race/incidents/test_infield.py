"""Who comes out of the infield into a racer's way: on ways drawn by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from race.incidents.bodies import Body
from race.incidents.infield import find_infield_blocks
from race.rink import Rink

Floats = NDArray[np.float64]

RINK = Rink()
T = np.arange(10 * 25) / 25
RACER_U = 12.0 * T


def body(u: Floats, d: Floats | float, speed: float) -> Body:
    place, ones = np.broadcast_to(np.asarray(d, float), T.shape), np.ones(len(T))
    xy = RINK.to_ice(np.column_stack([u, place]))
    return Body(
        np.arange(len(T)), T, xy, u % RINK.lap_m, place, speed * ones, 0 * ones, 0 * ones, ones, ones, ones, ones
    )


def strays(peak_s: float = 5.0, deepest: float = -3.0, back: bool = True) -> Floats:
    """(F,) d of who comes out to 0.8 m for two seconds, and goes back or not."""
    t = T if back else np.minimum(T, peak_s)
    return np.interp(np.abs(t - peak_s), [0.0, 1.0, 2.5], [0.8, 0.8, deepest])


def crossing(d: Floats | float, speed: float = 4.5, ahead_m: float = 3.0) -> list[Body]:
    """A racer, and somebody ``ahead_m`` ahead of it at 5 s."""
    return [body(RACER_U, 0.8, 12.0), body(60.0 + ahead_m + speed * (T - 5.0), d, speed)]


def test_who_comes_out_and_goes_back_in_a_racers_way_is_told() -> None:
    (block,) = find_infield_blocks(crossing(strays()), RINK, np.inf)
    assert (block.body, block.racer) == (1, 0)
    assert block.time_s == pytest.approx(4.8, abs=0.05)  # 3 m ahead at 5 s, and 7.5 m/s slower: within 4.5 m from then
    assert block.ahead_m == pytest.approx(4.5, abs=0.35)
    assert block.speed_mps == 4.5 and block.racer_speed_mps == 12.0


@pytest.mark.parametrize(
    ("d", "speed", "ahead_m"),
    [
        (strays(back=False), 4.5, 3.0),  # stays on the track, as who takes over does
        (strays(), 10.0, 3.0),  # is fast
        (strays(), 4.5, -16.0),  # comes out behind the racer
        (strays(deepest=-1.0), 4.5, 3.0),  # was never inside
        (strays() - 2.5, 4.5, 3.0),  # never comes out
    ],
)
def test_others_are_not(d: Floats, speed: float, ahead_m: float) -> None:
    assert find_infield_blocks(crossing(d, speed, ahead_m), RINK, np.inf) == []


def test_nothing_is_told_after_the_finish_or_of_nobody() -> None:
    assert find_infield_blocks(crossing(strays()), RINK, 4.0) == []
    assert find_infield_blocks([], RINK, np.inf) == []
