"""Two bodies close together: did they touch, who came from where, who changed line, who lost speed.

Each closest approach of two racers is a candidate. ``a`` is the one who was behind, ``b`` the one who was ahead: the
passer and the one passed, where there is a pass at all. Gaps are positive where ``a`` is ahead; lateral offsets are
positive where ``a`` is outside.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.incidents.kinematics import Kinematics
from race.incidents.windows import over

Floats = NDArray[np.float64]

LONG_M, WIDE_M = 1.1, 0.55
"""Half axes of the ellipse within which the blade midpoints of two skaters lie whose bodies touch."""
NEAR = 1.9
"""Candidates: closest approaches within so many of these half axes."""
APART_S = 1.0
SPREAD_S = 0.16
FEATURES = (
    *("near", "near_mean", "gap", "side", "gap_early", "gap_before", "gap_after", "side_early", "side_before"),
    *("side_after", "closing", "closing_side", "move_a", "move_b", "moved_a", "moved_b", "push_b", "push_a"),
    *(
        "lost_a",
        "lost_b",
        "lost_others",
        "before_corner",
        "past_apex",
        "entry_gap",
        "to_finish",
        "beyond_a",
        "beyond_b",
    ),
    *("far_after_b", "far_after_a", "gone_a", "gone_b", "dive"),
    *("early_a", "over_a", "after_a", "later_a", "early_b", "over_b", "after_b", "later_b"),
    *("seen_a", "seen_b", "seen_before", "seen_after", "sd", "speed", "apart_speed", "relay"),
    *("sure_a", "sure_b", "unseen_a", "unseen_b"),
)


@dataclass(frozen=True, slots=True)
class Encounters:
    """N closest approaches: rows of ``a`` and ``b``, when, and features (N, K)."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    time_s: Floats
    features: Floats


def find_encounters(k: Kinematics, finish_m: float | None, relay: bool) -> Encounters:
    """All candidates by time. ``finish_m`` is the distance of the race, None where not known."""
    rows: list[tuple[int, int, float]] = []
    lap_m = k.rink.lap_m
    for i, j in combinations(range(len(k.ids)), 2):
        gap, side = between(k, i, j, lap_m)
        near = np.hypot(gap / LONG_M, side / WIDE_M)
        for n in minima(near, k.time_s, NEAR, APART_S):
            behind, ahead = _ordered(k, i, j, gap, n)
            rows += [(behind, ahead, float(k.time_s[n]))]
    rows.sort(key=lambda row: row[2])
    a = np.array([row[0] for row in rows], np.int64)
    b = np.array([row[1] for row in rows], np.int64)
    at = np.array([row[2] for row in rows], np.float64)
    return Encounters(a, b, at, _features(k, a, b, at, finish_m, relay))


def between(k: Kinematics, a: int, b: int, lap_m: float) -> tuple[Floats, Floats]:
    """(F,) m that ``a`` is ahead of ``b``, whole laps aside, and m that it is outside; NaN where either is unknown."""
    gap = k.s[a] - k.s[b]
    gap = gap - lap_m * np.round(gap / lap_m)
    return np.asarray(gap), np.asarray(k.d[a] - k.d[b])


def _ordered(k: Kinematics, i: int, j: int, gap: Floats, n: int) -> tuple[int, int]:
    """The one behind lately first: by the last time that there was a metre between them, else by the mean."""
    window = k.frames(k.time_s[n] - 4.0, k.time_s[n] - 0.2)
    before = gap[window]
    clear = np.flatnonzero(np.abs(before) > 1.0)
    level = before[clear[-1]] if len(clear) else (np.nanmean(before) if np.isfinite(before).any() else gap[n])
    return (i, j) if level <= 0 else (j, i)


def minima(near: Floats, time_s: Floats, most: float, apart_s: float) -> list[int]:
    """Frames of the least values up to ``most``, each further than ``apart_s`` from those smaller."""
    left = np.where(np.isfinite(near) & (near <= most), near, np.inf)
    chosen = np.zeros(len(near), np.bool_)
    _take_least(left, time_s, apart_s, chosen)
    return [int(n) for n in np.flatnonzero(chosen)]


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator,unused-ignore]
def _take_least(left: Floats, time_s: Floats, apart_s: float, chosen: NDArray[np.bool_]) -> None:
    """Mark (F,) in place, least value first; ``left`` is used up."""
    for n in np.argsort(left):
        if np.isinf(left[n]):
            continue
        chosen[n] = True
        for step in (-1, 1):
            m = n
            while 0 <= m < len(left) and abs(time_s[m] - time_s[n]) <= apart_s:
                left[m] = np.inf
                m += step


def _features(
    k: Kinematics, a: NDArray[np.int64], b: NDArray[np.int64], at: Floats, finish_m: float | None, relay: bool
) -> Floats:
    count = len(at)
    if not count:
        return np.empty((0, len(FEATURES)))
    lap_m, half = k.rink.lap_m, k.rink.straight_m / 2
    columns = {name: np.full(count, np.nan) for name in FEATURES}
    every = np.arange(len(k.ids))
    for i, j in {(int(x), int(y)) for x, y in zip(a, b, strict=True)}:
        here = np.flatnonzero((a == i) & (b == j))
        moments = at[here]
        gap, side = between(k, i, j, lap_m)
        near = np.hypot(gap / LONG_M, side / WIDE_M)

        def mean(values: Floats, from_s: float, to_s: float, moments: Floats = moments) -> Floats:
            return np.asarray(over(k.time_s, values[None], moments, from_s, to_s)[0])

        frame = np.array([k.at(moment) for moment in moments])
        out = {
            "near": over(k.time_s, near[None], moments, -0.02, 0.02)[0],
            "near_mean": mean(near, -0.2, 0.2),
            "gap": mean(gap, -0.05, 0.05),
            "side": mean(side, -0.05, 0.05),
            "gap_early": mean(gap, -2.5, -1.6),
            "gap_before": mean(gap, -1.0, -0.6),
            "gap_after": mean(gap, 0.6, 1.0),
            "side_early": mean(side, -1.6, -1.0),
            "side_before": mean(side, -0.7, -0.35),
            "side_after": mean(side, 0.4, 0.8),
            "closing": mean(gap, -0.25, -0.05) - mean(gap, -0.75, -0.5),
            "closing_side": mean(side, -0.2, 0.0) - mean(side, -0.6, -0.35),
            "move_a": mean(k.d_rate[i], -0.45, -0.05),
            "move_b": mean(k.d_rate[j], -0.45, -0.05),
            "moved_a": mean(k.beyond[i], -0.2, 0.0) - mean(k.beyond[i], -1.1, -0.7),
            "moved_b": mean(k.beyond[j], -0.2, 0.0) - mean(k.beyond[j], -1.1, -0.7),
            "push_a": mean(k.d_rate[i], 0.15, 0.5) - mean(k.d_rate[i], -0.4, -0.05),
            "push_b": mean(k.d_rate[j], 0.15, 0.5) - mean(k.d_rate[j], -0.4, -0.05),
            "lost_a": mean(k.v[i], -0.8, -0.2) - mean(k.v[i], 0.35, 0.8),
            "lost_b": mean(k.v[j], -0.8, -0.2) - mean(k.v[j], 0.35, 0.8),
            "beyond_a": k.beyond[i, frame],
            "beyond_b": k.beyond[j, frame],
            "far_after_a": np.clip(over(k.time_s, k.d[i][None], moments, 0.4, 1.5, "max")[0], 2, 6),
            "far_after_b": np.clip(over(k.time_s, k.d[j][None], moments, 0.4, 1.5, "max")[0], 2, 6),
            "gone_a": mean(np.isnan(k.d[i]).astype(float), 0.5, 2.0),
            "gone_b": mean(np.isnan(k.d[j]).astype(float), 0.5, 2.0),
            "seen_a": mean(k.seen[i], -0.3, 0.3),
            "seen_b": mean(k.seen[j], -0.3, 0.3),
            "seen_before": mean(np.minimum(k.seen[i], k.seen[j]), -1.5, -0.3),
            "seen_after": mean(np.minimum(k.seen[i], k.seen[j]), 0.3, 1.5),
            "sd": np.hypot(k.sd[i, frame], k.sd[j, frame]),
            "speed": mean(k.v[i] + k.v[j], -0.8, -0.2) / 2,
            "apart_speed": mean(np.abs(k.v[i] - k.v[j]), -0.8, 0.8),
            "sure_a": mean(k.sure[i], -0.3, 0.3),
            "sure_b": mean(k.sure[j], -0.3, 0.3),
            "unseen_a": 1.0 - mean(k.seen[i], -6.0, 0.0),
            "unseen_b": 1.0 - mean(k.seen[j], -6.0, 0.0),
            "relay": np.full(len(here), float(relay)),
        }
        # What a contact costs shows best against the others, who slow down in corners too.
        windows = {"early": (-1.7, -0.7), "over": (-0.7, -0.1), "after": (0.3, 0.9), "later": (0.9, 1.7)}
        for name, window in windows.items():
            out[f"{name}_a"] = np.clip(mean(k.over_pace[i], *window), -4.0, 4.0)
            out[f"{name}_b"] = np.clip(mean(k.over_pace[j], *window), -4.0, 4.0)
        rest = every[(every != i) & (every != j)]
        if len(rest):
            lost = over(k.time_s, k.v[rest], moments, -0.8, -0.2) - over(k.time_s, k.v[rest], moments, 0.35, 0.8)
            known = np.isfinite(lost)
            total = np.where(known, lost, 0.0).sum(axis=0)
            out["lost_others"] = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
        local = np.mod(k.u[i, frame] - k.rink.track_shift_m, lap_m / 2)
        out["before_corner"] = np.clip(half - local, -12.0, 12.0)
        out["past_apex"] = np.clip(local - lap_m / 4, -12.0, 12.0)
        entry = [entry_frame(k, i, moment) for moment in moments]
        out["entry_gap"] = np.array([np.nan if n is None else gap[n] for n in entry])
        out["dive"] = out["gap_before"] * np.exp(-(((half - local) / 6.0) ** 2))
        if finish_m is not None:
            out["to_finish"] = np.clip(finish_m - k.s[i, frame], -5.0, 40.0)
        for name, values in out.items():
            columns[name][here] = values
    return np.stack([columns[name] for name in FEATURES], axis=-1)


def entry_frame(k: Kinematics, row: int, moment_s: float, within_s: float = 3.0) -> int | None:
    """The frame in which ``row`` comes to the corner it is in or nears, within 3 s; None where that was not seen."""
    window = k.frames(moment_s - within_s, moment_s + within_s)
    corner, known = k.corner[row, window], np.isfinite(k.d[row, window])
    enters = np.flatnonzero(corner[1:] & ~corner[:-1] & known[1:] & known[:-1]) + 1 + window.start
    if not len(enters):
        return None
    return int(enters[np.argmin(np.abs(k.time_s[enters] - moment_s))])
