"""A start that is called back: somebody moves before the gun, all run a few metres, turn and glide back to the line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.draws import Draws
from simulation.motion import RATE_HZ
from simulation.state import Mode

Floats = NDArray[np.float64]

LASTS_S = 26.0
GUN_S = 5.0
WHISTLE_S = GUN_S + 1.0
_TURN_RADIUS_M = 0.45


@dataclass(frozen=True, slots=True)
class FalseStart:
    """What comes before the race: s, d, mode (A, T) over LASTS_S, and when the culprit moved, s from its beginning."""

    s: Floats
    d: Floats
    mode: NDArray[np.uint8]
    moved_s: float


def false_start(start_s: Floats, start_d: Floats, culprit: int, draws: Draws) -> FalseStart:
    """(A,) places on the line -> paths out and back; ``culprit`` moves 0.15 to 0.4 s before the gun."""
    count, steps = len(start_s), round(LASTS_S * RATE_HZ)
    time_s = np.arange(steps) / RATE_HZ
    away = GUN_S + np.clip(0.2 + 0.05 * draws.normals(count), 0.1, 0.35)
    away[culprit] = GUN_S - draws.uniform(0.15, 0.4)
    hears = WHISTLE_S + 0.25 + 0.2 * draws.uniforms(count)
    s, d = np.empty((count, steps)), np.empty((count, steps))
    mode = np.full((count, steps), Mode.WAIT, np.uint8)
    for a in range(count):
        top = 3.6 * (hears[a] - away[a])
        speed = np.clip(3.6 * (time_s - away[a]), 0, top)
        speed = np.where(time_s > hears[a], np.maximum(1.7, top - 2.2 * (time_s - hears[a])), speed)
        path = np.cumsum(speed) / RATE_HZ
        out_m = path[np.searchsorted(time_s, hears[a] + max(0.0, (top - 1.7) / 2.2))] + 0.4
        loop_m = 2 * (out_m + 0.8) + 2 * np.pi * _TURN_RADIUS_M
        path = _brake(path, loop_m)
        s[a], d[a] = _loop(path, out_m, start_s[a], start_d[a])
        mode[a, time_s >= away[a]] = Mode.RACE
        mode[a, time_s >= hears[a]] = Mode.IDLE
        mode[a, path >= loop_m - 0.02] = Mode.WAIT
    return FalseStart(s, d, mode, float(away[culprit]))


def _brake(path: Floats, end_m: float, over_m: float = 1.5) -> Floats:
    """The same path coming to rest at ``end_m``: from ``over_m`` before it the speed dies away."""
    left = np.maximum(path - (end_m - over_m), 0.0)
    return np.where(path < end_m - over_m, path, end_m - over_m * np.exp(-left / over_m))


def _loop(path: Floats, out_m: float, s0: float, d0: float) -> tuple[Floats, Floats]:
    """Out, half a circle to the inside, back past the line, half a circle to the outside and up to the line again."""
    radius, back_m = _TURN_RADIUS_M, 0.8
    turn_m = np.pi * radius
    s, d = np.full_like(path, s0), np.full_like(path, d0)
    s += np.minimum(path, out_m)
    first = np.clip(path - out_m, 0, turn_m) / radius
    s += radius * np.sin(first)
    d -= radius * (1 - np.cos(first))
    s -= np.clip(path - out_m - turn_m, 0, out_m + back_m)
    second = np.clip(path - 2 * out_m - turn_m - back_m, 0, turn_m) / radius
    s -= radius * np.sin(second)
    d += radius * (1 - np.cos(second))
    s += np.clip(path - 2 * out_m - 2 * turn_m - back_m, 0, back_m)
    return s, d
