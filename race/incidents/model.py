"""A small network: features in, probabilities of classes out. Trained on simulated races, see benchmarks/incidents.py.

Features are shifted and scaled; an unknown one counts as usual and is told by an indicator beside it. One hidden layer
of tanh units, then a softmax. What it was trained on and how well it is calibrated stand in docs/incidents.md.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEIGHTS_FILE = Path(__file__).with_name("weights.json")
LIMIT = 6.0
"""Standard deviations from the usual at which a feature is cut off."""


@dataclass(frozen=True, slots=True)
class Model:
    """K features, H hidden units, C classes.

    centre, scale (K,); hidden (2K, H), hidden_bias (H,); out (H, C), out_bias (C,). The second half of the rows of
    ``hidden`` are those of the indicators of unknown features.
    """

    features: tuple[str, ...]
    classes: tuple[str, ...]
    centre: Floats
    scale: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    out_bias: Floats

    def __post_init__(self) -> None:
        k, c, h = len(self.features), len(self.classes), len(self.hidden_bias)
        shapes = {"centre": (k,), "scale": (k,), "hidden": (2 * k, h), "out": (h, c), "out_bias": (c,)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"Model.{name}: expected shape {shape}, got {getattr(self, name).shape}")

    def probabilities(self, features: Floats) -> Floats:
        """(N, K), NaN where unknown -> (N, C), rows that sum to 1."""
        level = np.tanh(prepared(features, self.centre, self.scale) @ self.hidden + self.hidden_bias)
        level = level @ self.out + self.out_bias
        level -= level.max(axis=1, keepdims=True)
        odds = np.exp(level)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def prepared(features: Floats, centre: Floats, scale: Floats) -> Floats:
    """(N, K) -> (N, 2K): standardised and cut off, 0 where unknown; then 1 where unknown."""
    unknown = ~np.isfinite(features)
    level = np.clip((np.where(unknown, centre, features) - centre) / scale, -LIMIT, LIMIT)
    return np.concatenate([level, unknown.astype(np.float64)], axis=1)


@cache
def read_models(path: Path = WEIGHTS_FILE) -> dict[str, Model]:
    """The models shipped, by name."""
    held = json.loads(path.read_text(encoding="utf-8"))
    return {name: model_from(values) for name, values in held["models"].items()}


def model_from(values: dict[str, Any]) -> Model:
    arrays = ("centre", "scale", "hidden", "hidden_bias", "out", "out_bias")
    return Model(
        tuple(values["features"]),
        tuple(values["classes"]),
        **{name: np.asarray(values[name], np.float64) for name in arrays},
    )


def model_values(model: Model) -> dict[str, Any]:
    """As ``model_from`` reads it, numbers to five digits."""
    out: dict[str, Any] = {"features": list(model.features), "classes": list(model.classes)}
    for name in ("centre", "scale", "hidden", "hidden_bias", "out", "out_bias"):
        out[name] = [
            [float(f"{x:.5g}") for x in row] if np.ndim(row) else float(f"{row:.5g}") for row in getattr(model, name)
        ]
    return out


@cache
def _calibrations(path: Path = WEIGHTS_FILE) -> dict[str, tuple[float, float]]:
    held = json.loads(path.read_text(encoding="utf-8"))
    return {name: (float(slope), float(level)) for name, (slope, level) in held["calibration"].items()}


def calibrated(name: str, chance: float) -> float:
    """The share of real ones among those that a model gave ``chance``: a logistic function of its log odds."""
    slope, level = _calibrations()[name]
    chance = min(max(chance, 1e-4), 1 - 1e-4)
    return float(1 / (1 + np.exp(-(slope * np.log(chance / (1 - chance)) + level))))


def forget_weights() -> None:
    """Read the file again next time: it was written anew."""
    read_models.cache_clear()
    _calibrations.cache_clear()
