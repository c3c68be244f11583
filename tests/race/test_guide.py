import numpy as np
import pytest

from race.guide import TIGHT_M, WIDE_M, make_guide
from race.rink import Rink


@pytest.mark.parametrize("shift", [0.0, 1.3, -2.0])
def test_the_guide_is_wide_on_the_straight_tight_at_the_apex_and_begins_on_the_finish_line(shift):
    rink = Rink(track_shift_m=shift)
    guide = make_guide(rink)
    assert guide.xy[0] == pytest.approx([0.0, guide.xy[0, 1]], abs=1e-9)
    assert guide.xy[0, 1] < -rink.block_radius_m
    middle, _ = guide.from_ice([[shift, -(rink.measured_radius_m + WIDE_M)]])
    apex, _ = guide.from_ice([[shift + rink.straight_m / 2 + rink.measured_radius_m + TIGHT_M, 0.0]])
    assert abs(middle[0, 1]) < 0.01
    assert abs(apex[0, 1]) < 0.01
    steps = np.hypot(*np.diff(np.append(guide.xy, guide.xy[:1], axis=0), axis=0).T)
    np.testing.assert_allclose(steps, guide.step_m, rtol=1e-3)
    turned = np.angle(np.exp(1j * np.diff(guide.heading)))
    assert turned.min() >= -1e-9  # it only ever turns left
    np.testing.assert_allclose(turned / guide.step_m, guide.curvature[:-1], atol=0.01)


def test_ice_to_guide_and_back():
    guide = make_guide(Rink(track_shift_m=0.7))
    rng = np.random.default_rng(1)
    ge = np.column_stack([rng.uniform(0, guide.length_m, 500), rng.uniform(-3, 4, 500)])
    xy, heading = guide.to_ice(ge)
    back, jacobian = guide.from_ice(xy)
    off = back - ge
    off[:, 0] -= np.round(off[:, 0] / guide.length_m) * guide.length_m
    assert np.abs(off).max() < 1e-6
    # e grows to the right of the heading, which is outwards
    ahead = np.column_stack([np.cos(heading), np.sin(heading)])
    right = np.column_stack([np.sin(heading), -np.cos(heading)])
    for axis, way in enumerate((ahead, right)):
        moved, _ = guide.from_ice(xy + 1e-4 * way)
        change = (moved - back) / 1e-4
        change[np.abs(change) > 100] = np.nan  # over the finish line
        expected = np.einsum("nij,nj->ni", jacobian, way)
        np.testing.assert_allclose(change[np.isfinite(change[:, 0])], expected[np.isfinite(change[:, 0])], atol=0.02)
        assert (expected[:, axis] > 0).all()
    assert np.isnan(guide.from_ice([[np.nan, 0.0]])[0]).all()
    # a metre of way at e is 1 / stretch metres of the guide
    np.testing.assert_allclose(np.hypot(*jacobian[:, 0].T) * guide.stretch(ge), 1.0, rtol=2e-3)
