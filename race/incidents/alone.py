"""What a racer does alone: inside the blocks, slow.

Stated thresholds say what is asked about. How likely it is real a small network says that weighs how far and how long
they are passed against what else is known of that time (benchmarks/incidents.py trains it).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.incidents.kinematics import Kinematics
from race.incidents.windows import over, runs

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCKS_D_M = -0.5
"""d of the block arc: 8.0 m against the 8.5 of the measured line."""
OFF_TRACK_FEATURES = (
    *("deepest", "lasts", "inside_before", "inside_after", "beyond", "came_from", "went_to", "sd", "seen", "speed"),
    *("speed_before", "speed_after", "before_corner", "past_apex", "nearest", "relay"),
    *("sure", "unseen", "over_pace"),
)
INSIDE_S = 0.3
"""So long on average a place has to be inside."""
DEEPEST_M = -2.6
"""Further inside somebody does not race, or is somebody else: idle team-mates circle there."""
BEFORE_ENTRY_M = 3.0
RACING_MPS = 7.0

SLOW_SHARE = 0.78
"""Of the speed before, below which somebody lets the race go, for ..."""
SLOW_S = 2.5
LEAST_MPS = 3.0
"""Who is slower does not skate."""
SLOW_FEATURES = (
    *("share", "before", "after", "sudden", "early", "late", "later", "least", "others", "least_other", "of_others"),
    *("of_own", "seen_before", "seen", "sd", "outward", "outside", "ahead", "since_start", "to_finish", "relay"),
    *("sure", "unseen", "over_before", "over_pace", "over_later"),
)


@dataclass(frozen=True, slots=True)
class OffTrack:
    """Racer ``row`` has its blades' midpoint inside the block line; ``deepest_m``: the least d over 0.3 s."""

    row: int
    start_s: float
    end_s: float
    deepest_m: float
    sd_m: float
    features: Floats


def find_off_track(k: Kinematics, racing: Mask, relay: bool) -> list[OffTrack]:
    """Every time somebody is inside for INSIDE_S or longer. ``racing`` (R, F) on their feet, in the race."""
    level = over(k.time_s, np.where(racing, k.d, np.nan), k.time_s, -INSIDE_S / 2, INSIDE_S / 2)
    out = []
    for row in range(len(k.ids)):
        inside = (level[row] < BLOCKS_D_M) & (level[row] > DEEPEST_M) & (k.v[row] > RACING_MPS)
        for first, last in runs(inside, k.time_s, join_s=0.6):
            deepest = first + int(np.nanargmin(level[row, first : last + 1]))
            window = k.frames(k.time_s[first] - 2.5, k.time_s[last] + 2.5)
            around = level[row, window][np.isfinite(level[row, window])]
            # From the line and back to it: who comes from deep inside is no racer.
            if len(around) < 5 or around[0] < -0.9 or around[-1] < -0.9 or not _beside_blocks(k, row, deepest):
                continue
            sd = float(k.sd[row, deepest])
            start, end = float(k.time_s[first]), float(k.time_s[last])
            features = _off_track_features(k, row, first, last, deepest, float(level[row, deepest]), relay)
            out.append(OffTrack(row, start, end, float(level[row, deepest]), sd, features))
    return out


def _off_track_features(
    k: Kinematics, row: int, first: int, last: int, deepest: int, deepest_m: float, relay: bool
) -> Floats:
    start, end, at = float(k.time_s[first]), float(k.time_s[last]), float(k.time_s[deepest])
    half, local = k.rink.straight_m / 2, _local(k, row, deepest)
    others = np.arange(len(k.ids)) != row
    lap_m = k.rink.lap_m
    along = k.s[others, deepest] - k.s[row, deepest]
    along = along - lap_m * np.round(along / lap_m)
    apart = np.hypot(along, k.d[others, deepest] - k.d[row, deepest])

    def mean(values: Floats, from_s: float, to_s: float) -> float:
        return mean_of(k, values[row], from_s, to_s)

    out = {
        "deepest": deepest_m,
        "lasts": end - start,
        "inside_before": mean(k.d, at - 0.6, at - 0.3),
        "inside_after": mean(k.d, at + 0.3, at + 0.6),
        "beyond": float(k.beyond[row, deepest]),
        "came_from": mean(k.beyond, start - 1.4, start - 0.7),
        "went_to": mean(k.beyond, end + 0.7, end + 1.4),
        "sd": mean(k.sd, start, end),
        "seen": mean(k.seen, start - 0.3, end + 0.3),
        "speed": mean(k.v, start, end),
        "speed_before": mean(k.v, start - 2.0, start - 0.6),
        "speed_after": mean(k.v, end + 0.6, end + 2.0),
        "before_corner": half - local,
        "past_apex": local - lap_m / 4,
        "nearest": min(20.0, float(np.nanmin(apart, initial=20.0))),
        "relay": float(relay),
        "sure": mean(k.sure, start, end),
        "unseen": 1.0 - mean(k.seen, at - 6.0, at),
        "over_pace": mean(k.over_pace, start - 0.5, end + 0.5),
    }
    return np.array([out[name] for name in OFF_TRACK_FEATURES])


def _beside_blocks(k: Kinematics, row: int, n: int) -> bool:
    """In a corner or a few metres before it; on the straights are no blocks, and relays come from inside there."""
    half = k.rink.straight_m / 2
    return half - BEFORE_ENTRY_M < _local(k, row, n) < k.rink.lap_m / 2 - half


def _local(k: Kinematics, row: int, n: int) -> float:
    """m along the half lap since the middle of the straight."""
    return float((k.u[row, n] - k.rink.track_shift_m) % (k.rink.lap_m / 2))


@dataclass(frozen=True, slots=True)
class Slow:
    """Racer ``row`` skates at ``share`` of the speed it had, from ``start_s`` to ``end_s``."""

    row: int
    start_s: float
    end_s: float
    share: float
    speed_before_mps: float
    speed_mps: float
    features: Floats


def find_slow(k: Kinematics, racing: Mask, finish_m: float | None, relay: bool) -> list[Slow]:
    """Long spells of little speed that are neither falls nor starts. ``racing`` (R, F) on their feet, in the race."""
    v = np.where(racing, k.v, np.nan)
    before = over(k.time_s, v, k.time_s, -3.0, -0.6)
    after = over(k.time_s, v, k.time_s, 0.8, 0.8 + SLOW_S)
    least = over(k.time_s, v, k.time_s, 0.0, 5.0, "min")
    out = []
    with np.errstate(invalid="ignore", divide="ignore"):
        share = after / before
        slow = (share < SLOW_SHARE) & (before > RACING_MPS) & (least > LEAST_MPS)
    for row in range(len(k.ids)):
        others = np.arange(len(k.ids)) != row
        for first, last in runs(slow[row], k.time_s, join_s=1.0):
            n = first + int(np.nanargmin(share[row, first : last + 1]))
            start = float(k.time_s[n])
            end = start + 0.8 + SLOW_S
            pair = float(before[row, n]), float(after[row, n])
            features = _slow_features(k, v, share[others, n], row, n, pair, finish_m, relay)
            out.append(Slow(row, start, end, float(share[row, n]), *pair, features))
    return out


def _slow_features(
    k: Kinematics,
    v: Floats,
    others_share: Floats,
    row: int,
    n: int,
    speeds: tuple[float, float],
    finish_m: float | None,
    relay: bool,
) -> Floats:
    """``v`` (R, F) of those who race; ``others_share`` of the speed before that each of the others keeps."""
    at, (before, after) = float(k.time_s[n]), speeds
    others = np.arange(len(k.ids)) != row
    known = others_share[np.isfinite(others_share)]
    beside = [mean_of(k, one, at + 0.8, at + 0.8 + SLOW_S) for one in v[others]]
    beside = [one for one in beside if np.isfinite(one)]
    ahead = k.s[others, k.at(at + 2.0)] - k.s[row, k.at(at + 2.0)]
    ahead = np.mod(ahead[np.isfinite(ahead)], k.rink.lap_m)

    def mean(values: Floats, from_s: float, to_s: float) -> float:
        return mean_of(k, values[row], at + from_s, at + to_s)

    out = {
        "share": after / before,
        "before": before,
        "after": after,
        "sudden": mean(v, 0.9, 1.5) / before,
        "early": mean(v, 0.0, 0.6) / before,
        "late": mean(v, 2.5, 3.3) / before,
        "later": mean(v, 4.0, 5.5) / before,
        "least": float(np.nanmin(v[row, k.frames(at, at + 4.0)], initial=after)) / before,
        "others": float(np.median(known)) if len(known) else np.nan,
        "least_other": float(known.min()) if len(known) else np.nan,
        "of_others": after / float(np.median(beside)) if beside else np.nan,
        "of_own": after / float(np.nanmedian(v[row])),
        "seen_before": mean(k.seen, -2.0, 0.0),
        "seen": mean(k.seen, 0.0, 3.3),
        "sd": mean(k.sd, 0.0, 3.3),
        "outward": mean(k.beyond, 0.8, 3.3) - mean(k.beyond, -2.0, -0.6),
        "outside": mean(k.d, 0.8, 3.3),
        "ahead": float(ahead.min(initial=30.0)),
        "since_start": min(250.0, float(k.s[row, n] - np.nanmin(k.s[row]))),
        "to_finish": np.nan if finish_m is None else float(np.clip(finish_m - k.s[row, n], -5.0, 150.0)),
        "relay": float(relay),
        "sure": mean(k.sure, 0.0, 3.3),
        "unseen": 1.0 - mean(k.seen, -6.0, 0.0),
        "over_before": mean(k.over_pace, -2.0, -0.6),
        "over_pace": mean(k.over_pace, 0.8, 3.3),
        "over_later": mean(k.over_pace, 4.0, 5.5),
    }
    return np.array([out[name] for name in SLOW_FEATURES])


def mean_of(k: Kinematics, values: Floats, from_s: float, to_s: float) -> float:
    """Of one row (F,) from one time to another; NaN where nothing is known."""
    part = values[k.frames(from_s, to_s)]
    part = part[np.isfinite(part)]
    return float(part.mean()) if len(part) else float("nan")
