"""The small network against the same sums written out, and what it makes of unknown features."""

import math

import numpy as np
import pytest

from race.incidents.model import Model, calibrated, model_from, model_values, read_models


def small_model() -> Model:
    return Model(
        ("a", "b"),
        ("no", "yes"),
        centre=np.array([1.0, 0.0]),
        scale=np.array([2.0, 1.0]),
        hidden=np.array([[0.5], [-1.0], [0.25], [2.0]]),
        hidden_bias=np.array([0.1]),
        out=np.array([[-1.0, 1.5]]),
        out_bias=np.array([0.3, -0.2]),
    )


def by_hand(level: float) -> float:
    h = math.tanh(level)
    no, yes = math.exp(-h + 0.3), math.exp(1.5 * h - 0.2)
    return yes / (no + yes)


def test_probabilities_are_the_sums_written_out() -> None:
    got = small_model().probabilities(np.array([[3.0, 0.4], [np.nan, 0.4], [3.0, np.nan]]))
    want = [by_hand(0.5 * 1 - 0.4 + 0.1), by_hand(0.25 - 0.4 + 0.1), by_hand(0.5 + 2.0 + 0.1)]
    assert got[:, 1] == pytest.approx(want)
    assert got.sum(axis=1) == pytest.approx([1, 1, 1])


def test_extreme_features_are_cut_off() -> None:
    got = small_model().probabilities(np.array([[1e6, 0.0], [13.0, 0.0]]))
    assert got[0] == pytest.approx(got[1])


def test_a_model_survives_being_written() -> None:
    again = model_from(model_values(small_model()))
    x = np.random.default_rng(1).normal(0, 2, (20, 2))
    np.testing.assert_allclose(again.probabilities(x), small_model().probabilities(x), atol=1e-4)


def test_shapes_are_checked() -> None:
    values = model_values(small_model())
    values["hidden"] = values["hidden"][:2]
    with pytest.raises(ValueError, match=r"Model.hidden: expected shape \(4, 1\)"):
        model_from(values)


def test_what_is_shipped_can_be_read() -> None:
    models = read_models()
    assert set(models) == {"fall", "encounter", "off_track", "slow"}
    assert models["fall"].classes == ("none", "fall")
    for name in ("fall", "encounter", "off_track", "slow", "false_start"):
        assert 0 < calibrated(name, 0.2) < calibrated(name, 0.8) < 1
