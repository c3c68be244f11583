"""Metres along the oval counted on over the laps, through the time in which a racer was not seen.

A camera says where on the oval somebody is, not on which lap. From picture to picture that is plain. After seconds out
of the picture the racer is taken to have gone as far as the pack, but for what its own speed before tells; or, where
that is nowhere near, or the racer is slow when seen again, to have been down meanwhile.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FASTEST_MPS = 16.0
STEP_S = (0.15, 0.5)
"""Speeds are taken over so long, at the least and at the most."""
AROUND_S = 1.0
"""The pack's pace is the median over so long before and after."""
LONG_HOLE_S, USUAL_S = 5.0, 9.0
"""Over a longer hole the pack's pace is the usual one, of about a lap before and after."""
HOLE_S = 0.8
"""Out of sight for so long: by then neither place nor speed is as it was."""
FEW = 5
"""Fewer sights than this, alone, may be of somebody else."""
LASTS_S, OWN_LASTS_S = 5.0, 1.5
"""So long a racer's speed differs from the pack's; and what is seen of it in half a second, half of which is a stroke
or a turn, for so long."""
PACE_SD, SPEED_SD = 0.8, 1.2
"""How racers' speeds differ from the pack's, m/s; and those of one moment."""
BACK: Any = np.int64(-1)
ON: Any = np.int64(1)  # as Python's numbers they would each have ``speed_at`` compiled anew
BACK_M = 5.0
"""So far back somebody may be seen again, after a fall."""
FALL_COST, LOST_COST = 9.0, 4.0
"""Nats for having been down meanwhile, which happens once in some thousand of such times, and for each lap so lost."""
TOLD_COST = 8.0
"""Nats against the lap on which the score bug tells of a crossing: it may be another's."""
MISTAKEN = 10.0
"""Nats for a speed that is none: half a second of few sights."""
MISLED = 2.0
"""Nats for a last speed that says nothing of how far a racer went on."""
SLOW, REGAINED_M = 0.85, 50.0
"""Of the pack's pace, which takes a racer who gets up again so long to regain."""


def pack_pace(frame: NDArray[np.intp], rate: Floats, time_s: Floats) -> Floats:
    """(F,) m/s along the guide: the median of ``rate`` (N,) at frames ``frame`` (N,), filled in between them.

    Where nobody is seen for long it leads from the usual pace before to that after: at the last sight all may be in a
    corner, or at an exchange.
    """
    order = np.argsort(frame, kind="stable")
    at_s, rate = time_s[frame[order]], rate[order]
    if not len(rate):
        return np.full(len(time_s), np.nan)
    moments = np.arange(time_s[0], time_s[-1] + AROUND_S, AROUND_S / 2)
    pace = _medians(at_s, rate, moments - AROUND_S, moments + AROUND_S)
    known = np.isfinite(pace)
    out = np.asarray(np.interp(time_s, moments[known], pace[known]))
    for n in np.flatnonzero(np.diff(at_s) > LONG_HOLE_S):
        last, first = at_s[n], at_s[n + 1]
        usual = _medians(at_s, rate, np.array([last - USUAL_S, first]), np.array([last, first + USUAL_S]))
        hole = (time_s > last) & (time_s < first)
        out[hole] = np.interp(time_s[hole], [last, first], usual)
    return out


def _medians(at_s: Floats, rate: Floats, from_s: Floats, to_s: Floats) -> Floats:
    """(M,) of ``rate`` (N,) at moments ``at_s``, in order, from ``from_s`` (M,) to ``to_s``; NaN where none is."""
    begin, end = np.searchsorted(at_s, from_s), np.searchsorted(at_s, to_s, side="right")
    return np.array([np.median(rate[a:b]) if b > a else np.nan for a, b in zip(begin, end, strict=True)])


def way_of_pack(pace: Floats, time_s: Floats) -> Floats:
    """(F,) metres that somebody at ``pace`` (F,) goes until each frame."""
    return np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2 * np.diff(time_s))])


def rates(place: Floats, time_s: Floats, lap_m: float) -> tuple[NDArray[np.intp], Floats]:
    """Frames (N,) and speeds along the guide (N,), m/s, of racers moving forward, from ``place`` (R, F)."""
    frame, rate = [], []
    for row in place:
        seen = np.flatnonzero(np.isfinite(row))
        later = np.searchsorted(time_s[seen], time_s[seen] + STEP_S[0])
        has = np.flatnonzero(later < len(seen))
        a, b = seen[has], seen[later[has]]
        elapsed = time_s[b] - time_s[a]
        moved = row[b] - row[a]
        moved -= lap_m * np.round(moved / lap_m)
        speed = moved / np.maximum(elapsed, 1e-6)
        good = (elapsed <= STEP_S[1]) & (speed > 0) & (speed < FASTEST_MPS)
        frame.append(a[good])
        rate.append(speed[good])
    return np.concatenate(frame), np.concatenate(rate)


def lone_sights(g: Floats, time_s: Floats) -> NDArray[np.bool_]:
    """(F,) where fewer than FEW sights of a racer have nothing for HOLE_S before and after: as likely somebody else's,
    and laps would be counted by them. None are lone where there are no others."""
    seen = np.flatnonzero(np.isfinite(g))
    runs = np.split(seen, np.flatnonzero(np.diff(time_s[seen]) > HOLE_S) + 1)
    out = np.zeros(len(g), bool)
    if any(len(run) >= FEW for run in runs):
        for run in runs:
            out[run] = len(run) < FEW
    return out


@njit(cache=True, error_model="numpy")
def unwrap(
    g: Floats,  # (F,) metres along the guide, any lap, NaN where not measured
    time_s: Floats,  # (F,)
    pace: Floats,  # (F,) of the pack
    way: Floats,  # (F,) metres the pack has gone
    lap_m: float,
    told_m: Floats,  # (F,) about where the racer had got to, laps counted, where g is measured; NaN where not told
    sd_m: Floats,  # (F,) of g
) -> Floats:
    """(F,) the same with whole laps added, so that it goes on from frame to frame, by the likeliest laps altogether.

    Laps are counted from the first sight where nothing is told."""
    out, begins = _in_parts(g, time_s, way, lap_m)
    ends = np.empty(len(begins), np.int64)
    for n in range(len(begins)):
        ends[n] = begins[n + 1] if n + 1 < len(begins) else len(g)
        while ends[n] > begins[n] + 1 and np.isnan(g[ends[n] - 1]):
            ends[n] -= 1
    furthest = max((time_s[-1] - time_s[0]) * FASTEST_MPS, 0.0)
    for t in range(len(g)):
        if told_m[t] > furthest:
            furthest = told_m[t]
    most = int(furthest / lap_m) + 3
    cost = np.zeros((len(begins), most))
    before = np.zeros((len(begins), most), np.int64)
    for n in range(len(begins)):
        for t in range(begins[n], ends[n]):
            if not np.isnan(told_m[t]):
                lap = int(np.round((told_m[t] - out[t]) / lap_m))
                for k in range(most):
                    if k != lap:
                        cost[n, k] += TOLD_COST
        if n == 0:
            continue
        a, b = ends[n - 1] - 1, begins[n]
        lost_at, back_at = speed_at(out, sd_m, time_s, a, BACK, lap_m), speed_at(g, sd_m, time_s, b, ON, lap_m)
        first, spent = _costs_unseen(
            out[b] - out[a], time_s[b] - time_s[a], lost_at, back_at, pace[a], pace[b], way[b] - way[a], lap_m
        )
        for lap in range(most):
            best, best_cost = 0, np.inf
            for k in range(len(spent)):
                other = lap - first - k
                if 0 <= other < most and cost[n - 1, other] + spent[k] < best_cost:
                    best, best_cost = other, cost[n - 1, other] + spent[k]
            cost[n, lap] += best_cost
            before[n, lap] = best
    lap = 0
    for n in range(len(begins) - 1, -1, -1):
        if n < len(begins) - 1:
            lap = before[n + 1, lap]
        else:
            for k in range(most):
                if cost[n, k] < cost[n, lap]:
                    lap = k
        for t in range(begins[n], ends[n]):
            out[t] += lap * lap_m
    return out


@njit(cache=True, error_model="numpy")
def _in_parts(g: Floats, time_s: Floats, way: Floats, lap_m: float) -> tuple[Floats, Ints]:
    """``g`` unwrapped within each part without a hole, and where these begin (N,)."""
    out = np.full(len(g), np.nan)
    begins = np.empty(len(g), np.int64)
    parts = 0
    last = -1
    for t in range(len(g)):
        if np.isnan(g[t]):
            continue
        if last < 0 or time_s[t] - time_s[last] > HOLE_S:
            begins[parts] = t
            parts += 1
            out[t] = g[t]
        else:
            out[t] = g[t] + lap_m * np.round((out[last] + way[t] - way[last] - g[t]) / lap_m)
        last = t
    return out, begins[:parts]


@njit(cache=True, error_model="numpy")
def _costs_unseen(
    apart: float, elapsed: float, before: tuple[float, float], after: tuple[float, float], pace_before: float,
    pace_after: float, pack: float, lap_m: float,
) -> tuple[int, Floats]:  # fmt: skip
    """The fewest laps, and nats for these and more, that make of ``apart`` the metres gone while out of sight: about as
    far as the ``pack``, or down meanwhile. ``before`` and ``after``: speeds, m/s or NaN, and their variances."""
    own = OWN_LASTS_S * (1 - np.exp(-elapsed / OWN_LASTS_S))
    expected = pack if np.isnan(before[0]) else pack + (before[0] - pace_before) * own
    spread = 1.0 + 2 * PACE_SD**2 * LASTS_S**2 * (elapsed / LASTS_S - 1 + np.exp(-elapsed / LASTS_S))
    spread_own = spread + own * own * before[1]
    furthest = FASTEST_MPS * elapsed + BACK_M
    first = int(np.floor((-BACK_M - apart) / lap_m)) + 1
    nearest = apart + first * lap_m
    many = 1 + max(0, int(np.floor((furthest - nearest) / lap_m)))
    if nearest > furthest and nearest - expected > lap_m / 2:
        first -= 1  # further back than after a fall, as a team-mate who takes over, but nobody gets so far on
    spent = np.empty(many)
    for k in range(many):
        moved = apart + (first + k) * lap_m
        spent[k] = min(0.5 * (moved - expected) ** 2 / spread_own, 0.5 * (moved - pack) ** 2 / spread + MISLED)
        if not np.isnan(after[0]):
            spent[k] += min(0.5 * (after[0] - pace_after) ** 2 / (SPEED_SD**2 + after[1]), MISTAKEN)
        slow = np.isnan(after[0]) or after[0] < SLOW * pace_after
        if moved <= expected and (slow or moved > REGAINED_M):
            spent[k] = min(spent[k], FALL_COST + LOST_COST * (expected - moved) / lap_m)
    return first, spent


@njit(cache=True, error_model="numpy")
def speed_at(g: Floats, sd_m: Floats, time_s: Floats, t: int, step: int, lap_m: float) -> tuple[float, float]:
    """m/s along the guide in the half second that begins (``step`` 1) or ends (-1) at frame ``t``, and its variance;
    NaN where it was not seen, or is no skater's."""
    k, found = t, t
    weight, at, to, at_at, at_to = 0.0, 0.0, 0.0, 0.0, 0.0  # of the line of least squares
    while 0 <= k < len(g) and abs(time_s[k] - time_s[t]) <= STEP_S[1]:
        if not np.isnan(g[k]):
            found = k
            since, moved, w = time_s[k] - time_s[t], g[k] - g[t], 1 / sd_m[k] ** 2
            moved -= lap_m * np.round(moved / lap_m)
            weight, at, to = weight + w, at + w * since, to + w * moved
            at_at, at_to = at_at + w * since * since, at_to + w * since * moved
        k += step
    if abs(time_s[found] - time_s[t]) < STEP_S[0]:
        return np.nan, 0.0
    wide = at_at - at * at / weight
    speed = (at_to - at * to / weight) / wide
    return (np.nan, 0.0) if speed > FASTEST_MPS else (float(speed), float(1 / wide))  # else two bodies
