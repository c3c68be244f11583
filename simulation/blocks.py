"""Blocks that somebody sliding, or cutting the corner, knocks away; a steward puts them back when nobody is near."""

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink
from simulation.draws import Draws
from simulation.motion import BlockMove

Floats = NDArray[np.float64]

HIT_M = 0.45
CLEAR_M = 12.0
"""A steward steps out only while the nearest racer is further away than this."""


def knocked_blocks(
    time_s: Floats, xy: Floats, speed: Floats, careless: NDArray[np.bool_], rink: Rink, draws: Draws
) -> tuple[BlockMove, ...]:
    """(P, T, 2), (P, T); ``careless`` (P, T) is who may hit blocks: the sliding, and racers over the line."""
    moves = []
    for k, block in enumerate(rink.blocks):
        away_until = -np.inf
        for person in np.flatnonzero(careless.any(axis=1)):
            near = careless[person] & (np.hypot(*(xy[person] - block).T) < HIT_M) & (speed[person] > 1.5)
            for n in np.flatnonzero(near & ~np.concatenate([[False], near[:-1]])):
                if time_s[n] < away_until:
                    continue
                course = xy[person, min(n + 5, xy.shape[1] - 1)] - xy[person, n]
                slid = course / max(1e-6, float(np.hypot(*course))) * draws.uniform(1.5, 6.0)
                half = np.array([rink.ice_length_m, rink.ice_width_m]) / 2 - 0.5
                lies = np.clip(block + slid + draws.normals(2) * 0.4, -half, half)
                moves.append(BlockMove(float(time_s[n]) + 0.35, k, round(float(lies[0]), 3), round(float(lies[1]), 3)))
                alone = np.flatnonzero(_nearest(xy, block)[n:] > CLEAR_M) + n
                alone = alone[time_s[alone] > time_s[n] + 6.0]
                if len(alone):
                    away_until = float(time_s[alone[0]])
                    moves.append(BlockMove(away_until, k, round(float(block[0]), 3), round(float(block[1]), 3)))
                else:
                    away_until = np.inf
    return tuple(sorted(moves, key=lambda move: move.time_s))


def _nearest(xy: Floats, block: Floats) -> Floats:
    return np.asarray(np.hypot(xy[..., 0] - block[0], xy[..., 1] - block[1]).min(axis=0))
