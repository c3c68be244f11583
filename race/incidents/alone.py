"""What a racer does alone: inside the blocks, slow, off before the gun.

Each is told from a few numbers against stated thresholds; the confidence is a logistic function of how far the decisive
number is beyond its threshold, fitted on simulated races.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from race.incidents.kinematics import Kinematics
from race.incidents.windows import over

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCKS_D_M = -0.5
"""d of the block arc: 8.0 m against the 8.5 of the measured line."""
INSIDE_S = 0.3
"""So long on average a place has to be inside."""
DEEPEST_M = -2.6
"""Further inside somebody does not race, or is somebody else: idle team-mates circle there."""
BEFORE_ENTRY_M = 3.0
RACING_MPS = 7.0

SLOW_SHARE = 0.78
"""Of the speed before, below which somebody lets the race go, for ..."""
SLOW_S = 2.5
WITH_OTHERS = 0.87
"""Where half of the others slow down to this or less at the same time, it is the race that is slow."""

STILL_MPS = 0.9
MOVED_M = 0.5
START_MPS2 = 3.6
"""A racer is off by MOVED_M after sqrt(2 * MOVED_M / START_MPS2) s."""
CALLED_BACK_M = 15.0
"""Nobody who is called back gets further than this."""
BACK_M, BACK_WITHIN_S = 1.5, 30.0
"""Back is who stands so near where it stood, so long after."""


@dataclass(frozen=True, slots=True)
class OffTrack:
    """Racer ``row`` has its blades' midpoint inside the block line; ``deepest_m``: the least d over 0.3 s."""

    row: int
    start_s: float
    end_s: float
    deepest_m: float
    sd_m: float


def find_off_track(k: Kinematics, racing: Mask) -> list[OffTrack]:
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
            out.append(OffTrack(row, start, end, float(level[row, deepest]), sd))
    return out


def _beside_blocks(k: Kinematics, row: int, n: int) -> bool:
    """In a corner or a few metres before it; on the straights are no blocks, and relays come from inside there."""
    local = (k.u[row, n] - k.rink.track_shift_m) % (k.rink.lap_m / 2)
    half = k.rink.straight_m / 2
    return bool(half - BEFORE_ENTRY_M < local < k.rink.lap_m / 2 - half)


@dataclass(frozen=True, slots=True)
class Slow:
    """Racer ``row`` skates at ``share`` of the speed it had, from ``start_s`` to ``end_s``."""

    row: int
    start_s: float
    end_s: float
    share: float
    speed_before_mps: float
    speed_mps: float


def find_slow(k: Kinematics, racing: Mask) -> list[Slow]:
    """Long spells of little speed that are neither falls nor starts. ``racing`` (R, F) on their feet, in the race."""
    v = np.where(racing, k.v, np.nan)
    before = over(k.time_s, v, k.time_s, -3.0, -0.6)
    after = over(k.time_s, v, k.time_s, 0.8, 0.8 + SLOW_S)
    least = over(k.time_s, v, k.time_s, 0.0, 5.0, "min")
    out = []
    with np.errstate(invalid="ignore", divide="ignore"):
        share = after / before
        slow = (share < SLOW_SHARE) & (before > RACING_MPS) & (least > 4.0)
        with_others = np.isfinite(share) & (share < WITH_OTHERS)
    for row in range(len(k.ids)):
        others = np.arange(len(k.ids)) != row
        for first, last in runs(slow[row], k.time_s, join_s=1.0):
            n = first + int(np.nanargmin(share[row, first : last + 1]))
            seen = np.isfinite(share[others, n]).sum()
            if seen and 2 * with_others[others, n].sum() >= seen:
                continue
            start = float(k.time_s[n])
            end = start + 0.8 + SLOW_S
            pair = float(before[row, n]), float(after[row, n])
            out.append(Slow(row, start, end, float(share[row, n]), *pair))
    return out


@dataclass(frozen=True, slots=True)
class FalseStart:
    """All were called back; ``row`` was off first, ``lead_s`` before the next one."""

    row: int
    start_s: float
    end_s: float
    lead_s: float


def find_false_start(k: Kinematics, stand_s: float = 0.8) -> list[FalseStart]:
    """A field that stands, gets off, comes back and stands again.

    Without the gun nothing else can be told: who is off early and is not called back looks like a good start.
    """
    level = over(k.time_s, k.v, k.time_s, -stand_s / 2, stand_s / 2)
    still = level < STILL_MPS
    first_off: list[tuple[float, int]] = []
    ends = []
    for row in range(len(k.ids)):
        stands = runs(still[row], k.time_s, join_s=0.2)
        for (_, last), (back, _) in combinations(stands, 2):
            away = k.s[row, last : back + 1] - np.nanmedian(k.s[row, max(0, last - 25) : last + 1])
            if not np.isfinite(away).any() or not 2 * MOVED_M < np.nanmax(away) < CALLED_BACK_M:
                continue
            if abs(away[np.isfinite(away)][-1]) > BACK_M or k.time_s[back] - k.time_s[last] > BACK_WITHIN_S:
                continue
            beyond = np.flatnonzero(away > MOVED_M)
            moved_s = float(k.time_s[last + beyond[0]]) - float(np.sqrt(2 * MOVED_M / START_MPS2))
            first_off.append((moved_s, row))
            ends.append(float(k.time_s[last + int(np.nanargmax(away))]))
            break
    if len(first_off) < 2:
        return []
    order = sorted(first_off)
    lead = order[1][0] - order[0][0]
    return [FalseStart(order[0][1], order[0][0], min(ends), lead)]


def runs(mask: Mask, time_s: Floats, join_s: float) -> list[tuple[int, int]]:
    """First and last index of each stretch of true; stretches nearer than ``join_s`` are one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    out: list[tuple[int, int]] = []
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        if out and time_s[first] - time_s[out[-1][1]] <= join_s:
            out[-1] = (out[-1][0], int(after) - 1)
        else:
            out.append((int(first), int(after) - 1))
    return out
