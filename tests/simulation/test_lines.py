"""The finish line as it would be seen: where the camera has it, where vision could find it."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.camera import Footage, direct
from simulation.draws import Draws
from simulation.lines import sight_lines, upright_line
from simulation.motion import Motion
from simulation.noise import default_noise
from simulation.race import simulate_race
from simulation.scenario import Requirements, Scenario

SIZE = (640, 360)
ALWAYS = replace(default_noise(), line_chance=1.0, line_pan=1.0, line_sd=0.0, line_false_per_frame=0.0)


@pytest.fixture(scope="module")
def race() -> Motion:
    return simulate_race(Scenario(event="1000m", starters=4, require=Requirements(falls=0)), 1)


@pytest.fixture(scope="module")
def footage(race: Motion) -> Footage:
    straight = direct(race, "broadcast", 25.0, SIZE, 1, from_s=10.0, to_s=40.0)
    return replace(straight, k1=np.zeros(len(straight)))


def test_sightings_lie_on_the_ice_where_x_is_0(footage: Footage) -> None:
    seen = sight_lines(footage, ALWAYS, Draws(1, "test"))
    assert len(seen) > 10
    for frame, top, bottom in zip(seen.frame, seen.top, seen.bottom, strict=True):
        ice = footage[int(frame) - 1].ice_points(np.stack([top, bottom]))
        assert ice[:, 0] == pytest.approx([0.0, 0.0], abs=1e-6)
        assert -15.01 < ice[1, 1] < ice[0, 1] < -6.49


def test_a_line_across_the_picture_or_outside_is_not_seen(footage: Footage) -> None:
    top, bottom = upright_line(footage)
    seen = np.isfinite(top[:, 0])
    assert 0.02 < seen.mean() < 0.3  # while the pack crosses it
    lean = (bottom[seen, 0] - top[seen, 0]) / (bottom[seen, 1] - top[seen, 1])
    assert np.abs(lean).max() <= 0.25


def test_from_afar_the_line_is_too_thin(race: Motion) -> None:
    assert np.isnan(upright_line(direct(race, "fixed", 25.0, SIZE, 1, from_s=10.0, to_s=12.0))[0]).all()


def test_a_fast_pan_smears_it(footage: Footage) -> None:
    assert not len(sight_lines(footage, replace(ALWAYS, line_pan=0.0), Draws(1, "test")))


def test_some_other_line_stays_put_on_the_ice(footage: Footage) -> None:
    still = replace(ALWAYS, line_chance=0.0, line_false_per_frame=0.5, line_false_lasts_s=1.0)
    seen = sight_lines(footage, still, Draws(2, "test"))
    k = next(k for k in range(len(seen) - 1) if seen.frame[k + 1] == seen.frame[k] + 1)
    ice = [footage[int(seen.frame[n]) - 1].ice_points(seen.bottom[n]) for n in (k, k + 1)]
    assert ice[0] == pytest.approx(ice[1], abs=1e-6)
