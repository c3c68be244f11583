"""Starts drawn by hand: ways from the far start line, a lane each."""

import numpy as np
from numpy.typing import NDArray

from race.incidents.bodies import Body
from race.rink import Rink

Floats = NDArray[np.float64]

FPS = 25
RINK = Rink()
LINE_U, RESTART_S = 55.2, 26.0
T = np.arange(38 * FPS) / FPS


def gets_off(away_s: float) -> Floats:
    """(F,) m from the line of who gets off at ``away_s`` and goes on."""
    return 0.5 * 3.6 * np.clip(T - away_s, 0, 2.0) ** 2 + 7.2 * np.clip(T - away_s - 2.0, 0, None)


def called_back(away_s: float) -> Floats:
    """The same for 1.5 s, back at a walk, and off again at RESTART_S."""
    turn = away_s + 1.5
    out = np.where(turn < T, np.maximum(0.0, 4.05 - 1.2 * (T - turn)), gets_off(away_s))
    return out + gets_off(RESTART_S)


def bodies(ways: list[Floats], inside_m: float = 0.0) -> list[Body]:
    """A lane each, detections numbered through; the first is ``inside_m`` inside the measured line."""
    out = []
    for n, way in enumerate(ways):
        u, d = (LINE_U + way) % RINK.lap_m, np.full(len(T), 1.3 * n - inside_m)
        ones = np.ones(len(T))
        rows, xy = n * len(T) + np.arange(len(T)), RINK.to_ice(np.column_stack([u, d]))
        v = np.abs(np.gradient(way, 1 / FPS))
        out.append(Body(rows, T, xy, u, d, v, 0 * ones, 0 * ones, 1.5 * ones, ones, ones, 0.1 * ones))
    return out
