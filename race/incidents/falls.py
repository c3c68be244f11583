"""Falls: somebody leaves the usual line straight on, slows down without braking, lies wide and low, comes to rest.

Every tenth of a second of every racer is given the chance that a fall begins there; the most likely moment within a
few seconds counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.incidents.kinematics import Kinematics
from race.incidents.model import Model
from race.incidents.windows import over

Floats = NDArray[np.float64]

STEP_S = 0.1
APART_S = 4.0
"""Nobody falls twice within this."""
FEATURES = (
    *("v_before", "v_earlier", "drop_soon", "drop_1s", "drop_least", "drop_rest"),
    *("out_half", "out_1s", "turn_out", "far", "d_now"),
    *("wide_before", "wide_soon", "wide_after", "low_after", "missing", "corner"),
    *("seen_soon", "seen_later", "sd", "relay"),
)


@dataclass(frozen=True, slots=True)
class FallMoment:
    """Racer ``row`` begins to fall at ``time_s`` with this probability."""

    row: int
    time_s: float
    probability: float


def fall_features(k: Kinematics, box: Floats, relay: bool) -> tuple[Floats, Floats]:
    """Moments (T,) and features (R, T, K) at each. ``box`` (R, F, 4) pixels, NaN where not seen."""
    time_s = k.time_s
    moments = np.arange(time_s[0], time_s[-1], STEP_S)

    def mean(values: Floats, from_s: float, to_s: float) -> Floats:
        return over(time_s, values, moments, from_s, to_s)

    with np.errstate(invalid="ignore", divide="ignore"):
        wide, tall = np.log(box[..., 2] / box[..., 3]), np.log(box[..., 3])
    # Other racers seen at the same moment tell what distance and zoom make of a box.
    tall = tall - np.nan_to_num(_row_mean(tall))
    before = mean(k.v, -1.0, -0.15)
    beyond = mean(k.beyond, -0.25, 0.05)
    gone = np.isnan(k.d).astype(np.float64)
    others = np.isfinite(k.d).sum(axis=0) - np.isfinite(k.d)
    gone[others < 1] = np.nan
    least = over(time_s, k.v, moments, 0.5, 3.5, "min")
    columns = {
        "v_before": before,
        "v_earlier": mean(k.v, -2.2, -1.0) - before,
        "drop_soon": before - mean(k.v, 0.25, 0.6),
        "drop_1s": before - mean(k.v, 0.7, 1.2),
        "drop_least": before - least,
        "drop_rest": np.minimum(over(time_s, k.v, moments, 2.0, 6.0, "min"), 8.0),
        "out_half": mean(k.beyond, 0.35, 0.6) - beyond,
        "out_1s": mean(k.beyond, 0.8, 1.1) - beyond,
        "turn_out": mean(k.d_rate, 0.15, 0.5) - mean(k.d_rate, -0.6, -0.1),
        "far": np.clip(over(time_s, k.d, moments, 0.4, 2.5, "max"), 3.0, 6.0),
        "d_now": mean(k.d, -0.2, 0.2),
        "wide_before": mean(wide, -1.0, -0.1),
        "wide_soon": mean(wide, 0.3, 0.8) - mean(wide, -0.6, -0.1),
        "wide_after": mean(wide, 1.0, 3.0),
        "low_after": mean(tall, 0.6, 1.6) - mean(tall, -0.8, -0.1),
        "missing": mean(gone, 0.8, 3.0),
        "corner": mean(k.corner.astype(np.float64), 0.0, 0.5),
        "seen_soon": mean(k.seen, 0.0, 0.6),
        "seen_later": mean(k.seen, 0.8, 3.0),
        "sd": mean(k.sd, -0.2, 0.6),
        "relay": np.full((len(k.ids), len(moments)), float(relay)),
    }
    return moments, np.stack([columns[name] for name in FEATURES], axis=-1)


def _row_mean(values: Floats) -> Floats:
    """(R, F) mean of the other rows, NaN where there is none."""
    known = np.isfinite(values)
    total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    others, many = total - np.where(known, values, 0.0), count - known
    return np.where(many > 0, others / np.maximum(many, 1), np.nan)


def find_fall_moments(k: Kinematics, box: Floats, relay: bool, model: Model, least: float) -> list[FallMoment]:
    """The moments at which a fall begins with a probability of ``least`` or more, by time."""
    moments, features = fall_features(k, box, relay)
    racers, times, count = features.shape
    chance = model.probabilities(features.reshape(-1, count))[:, 1].reshape(racers, times)
    chance[~worth_asking(features)] = 0.0
    out = [
        FallMoment(row, float(moments[t]), float(chance[row, t]))
        for row in range(racers)
        for t in peaks(chance[row], moments, APART_S, least)
    ]
    return sorted(out, key=lambda fall: fall.time_s)


def worth_asking(features: Floats) -> NDArray[np.bool_]:
    """(R, T, K) -> (R, T): known, and moving just before; nobody falls who stands."""
    before = features[..., FEATURES.index("v_before")]
    with np.errstate(invalid="ignore"):
        return np.asarray(before > 4.0)


def peaks(chance: Floats, moments: Floats, apart_s: float, least: float) -> list[int]:
    """Indices of the largest values, each further than ``apart_s`` from those larger."""
    left, out = chance.copy(), []
    while len(left) and left.max() >= least:
        t = int(left.argmax())
        out.append(t)
        left[np.abs(moments - moments[t]) <= apart_s] = -1.0
    return sorted(out)
