"""Blocks that somebody sliding, or cutting the corner, knocks away; later a steward puts another one down there.

The strayed one lies on the ice until somebody's skates knock it on.
"""

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink
from simulation.draws import Draws
from simulation.motion import BlockMove

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

HIT_M = 0.45
HIT_MPS = 1.5
"""Slower ones move no block."""
SLIDES_S = 0.35
CLEAR_M = 12.0
"""A steward steps out only while the nearest racer is further away than this, ..."""
STEPS_OUT_S = 6.0
"""... and not sooner after the block was lost."""
FROM_MATS_M = 0.5
"""A block comes no nearer to them."""


def knocked_blocks(
    time_s: Floats, xy: Floats, speed: Floats, careless: Mask, rink: Rink, draws: Draws
) -> tuple[BlockMove, ...]:
    """(P, T, 2), (P, T); ``careless`` (P, T) is who may hit blocks in their places: sliding, or over the line."""
    moves: list[BlockMove] = []
    fast = speed > HIT_MPS
    spare = len(rink.blocks)
    for k, spot in enumerate(rink.blocks):
        block, since_s = k, -np.inf
        while (first := _first_hit(time_s, xy, careless & fast, spot, since_s)) is not None:
            n, lies = first[1], spot
            hit: tuple[int, int] | None = first
            while hit is not None:
                lies = _on_ice(lies + _slides(xy, *hit, draws), rink)
                moves.append(_move(float(time_s[hit[1]]) + SLIDES_S, block, lies))
                hit = _first_hit(time_s, xy, fast, lies, moves[-1].time_s)
            alone = (np.hypot(*(xy[:, n:] - spot).T).min(axis=1) > CLEAR_M) & (time_s[n:] > time_s[n] + STEPS_OUT_S)
            if not alone.any():
                break
            block, since_s, spare = spare, float(time_s[n + alone.argmax()]), spare + 1
            moves.append(_move(since_s, block, spot))
    return tuple(sorted(moves, key=lambda move: move.time_s))


def blocks_at(moves: tuple[BlockMove, ...], rink: Rink, time_s: float) -> Floats:
    """(B, 2) where all blocks lie that are on the ice, strayed ones too; ``moves`` in order of time."""
    places = {k: (float(x), float(y)) for k, (x, y) in enumerate(rink.blocks)}
    for move in moves:
        if move.time_s <= time_s:
            places[move.block] = move.x_m, move.y_m
    return np.array(list(places.values()))


def _first_hit(time_s: Floats, xy: Floats, able: Mask, place: Floats, since_s: float) -> tuple[int, int] | None:
    """Who of those ``able`` (P, T) to move a block comes first to ``place`` after ``since_s``, and in which column."""
    first = int(np.searchsorted(time_s, since_s))
    rows = np.flatnonzero(able[:, first:].any(axis=1))
    near = able[rows, first:] & (np.hypot(*np.moveaxis(xy[rows, first:] - place, -1, 0)) < HIT_M)
    comes = near[:, 1:] & ~near[:, :-1]
    if not comes.any():
        return None
    n = int(comes.any(axis=0).argmax())
    return int(rows[comes[:, n].argmax()]), first + 1 + n


def _slides(xy: Floats, person: int, n: int, draws: Draws) -> Floats:
    course = xy[person, min(n + 5, xy.shape[1] - 1)] - xy[person, n]
    slid = course / max(1e-6, float(np.hypot(*course))) * draws.uniform(1.5, 6.0)
    return np.asarray(slid + draws.normals(2) * 0.4)


def _move(time_s: float, block: int, place: Floats) -> BlockMove:
    return BlockMove(time_s, block, round(float(place[0]), 3), round(float(place[1]), 3))


def _on_ice(place: Floats, rink: Rink) -> Floats:
    """``place``, or the nearest one that is as far from the mats as a block comes to lie."""
    radius = rink.ice_corner_radius_m
    middle = np.array([rink.ice_length_m, rink.ice_width_m]) / 2 - radius
    foot = np.clip(place, -middle, middle)
    reach = float(np.hypot(*(place - foot)))
    return np.asarray(foot + (place - foot) * min(1.0, (radius - FROM_MATS_M) / max(reach, 1e-6)))
