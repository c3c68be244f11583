"""Referees who stroll in the middle, and stewards who walk to where a block was lost and put another one there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink
from simulation.body import in_cycles, smooth
from simulation.draws import Draws
from simulation.field import OFFICIALS
from simulation.motion import RATE_HZ, BlockMove, Pose

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEWARDS_FROM = OFFICIALS.index("steward")
WALK_MPS = 1.6
STEP_M = 0.8
"""On skates, and rolling a little with every step."""
BESIDE_M = 0.4
"""From the block that is put down to the point midway between the blades."""
BENDS_S = 1.8
"""On the knee beside the block, from standing to standing."""
_WALKING_MPS, _ROLLING_MPS = 0.5, 0.15
"""Somebody walks who comes to be as fast as the one, for as long as faster than the other; slower ones just roll."""
_TURNS_S = 0.3


@dataclass(frozen=True, slots=True)
class Officials:
    """N officials at T times: where they are (N, T, 2), and as in ``Motion`` what they do (N, T)."""

    xy: Floats
    facing: Floats
    pose: NDArray[np.uint8]
    phase: Floats


def place_officials(
    time_s: Floats, rink: Rink, blocks: tuple[BlockMove, ...], skaters: Floats, racing: Mask, draws: Draws
) -> Officials:
    """All of ``OFFICIALS``, who watch those of ``skaters`` (A, T, 2) that are ``racing`` (A, T)."""
    paths = official_paths(len(OFFICIALS), time_s, rink, blocks, draws)
    facing = watch(paths, skaters, racing)
    pose, phase = np.full(facing.shape, Pose.STAND, np.uint8), np.zeros(facing.shape)
    for steward in range(STEWARDS_FROM, len(paths)):
        velocity = np.gradient(paths[steward], 1 / RATE_HZ, axis=0)
        speed = np.hypot(*velocity.T)
        walking = _spells(speed > _ROLLING_MPS, speed > _WALKING_MPS)
        if not walking.any():
            continue
        way = np.where(walking, np.arctan2(velocity[:, 1], velocity[:, 0]), facing[steward])
        pose[steward, walking] = Pose.WALK
        phase[steward] = in_cycles(walking, speed / (2 * STEP_M))
        for move in _put_down(blocks, rink):
            to_block = np.array([move.x_m, move.y_m]) - paths[steward, _column(time_s, move.time_s)]
            since = (time_s - move.time_s) / BENDS_S + 0.5
            bending = (since > 0) & (since < 1)
            if np.hypot(*to_block) < 2 * BESIDE_M:
                pose[steward, bending], phase[steward, bending] = Pose.BEND, since[bending]
                way[bending] = np.arctan2(to_block[1], to_block[0])
        facing[steward] = smooth(np.unwrap(way), _TURNS_S)
    return Officials(paths, facing, pose, phase)


def watch(standing: Floats, xy: Floats, racing: Mask) -> Floats:
    """(P, T) where officials look who stand at (P, T, 2): towards the middle of those who race."""
    weight = np.maximum(racing.sum(axis=0), 1)[:, None]
    middle = np.einsum("at,atk->tk", racing, xy) / weight
    sight = middle - standing
    return np.unwrap(np.arctan2(smooth(sight[..., 1], 0.4), smooth(sight[..., 0], 0.4)), axis=-1)


def official_paths(count: int, time_s: Floats, rink: Rink, blocks: tuple[BlockMove, ...], draws: Draws) -> Floats:
    """(count, T, 2) referees strolling in the middle, stewards in the corners, who put blocks down."""
    steps = len(time_s)
    # All on the camera's side: in the lap of Shanghai 2019 none of them hides a racer.
    places = np.array([[-4.0, -2.4], [4.5, -3.0], [9.5, -5.8], [11.0, -5.9], [-11.0, -5.9], [-9.5, -5.8]])[:count]
    places = places + [rink.track_shift_m, 0.0] * (np.abs(places[:, :1]) > 9)
    knots = steps // 500 + 3
    out = np.empty((count, steps, 2))
    for n in range(count):
        stroll = draws.normals(2 * knots).reshape(knots, 2) * [0.7 if n < 2 else 0.2, 0.25 if n < 2 else 0.1]
        at = np.arange(steps) / 500
        k = at.astype(int)
        part = (at - k)[:, None]
        part = part * part * (3 - 2 * part)
        out[n] = places[n] + stroll[k] * (1 - part) + stroll[k + 1] * part
    for move in _put_down(blocks, rink):
        _walk_to(out[STEWARDS_FROM:], np.array([move.x_m, move.y_m]), move.time_s, time_s)
    return out


def _put_down(blocks: tuple[BlockMove, ...], rink: Rink) -> list[BlockMove]:
    """The moves to where blocks belong."""
    return [move for move in blocks if np.hypot(*(rink.blocks - (move.x_m, move.y_m)).T).min() < 0.01]


def _walk_to(stewards: Floats, place: Floats, at_s: float, time_s: Floats) -> None:
    """The nearest of ``stewards`` (N, T, 2) is beside ``place`` at ``at_s``; from its own place and back at a walk."""
    if not len(stewards):
        return
    now = _column(time_s, at_s)
    away = np.hypot(*(stewards[:, now] - place).T)
    nearest = int(away.argmin())
    beside = place + BESIDE_M * (stewards[nearest, now] - place) / max(1e-6, float(away[nearest]))
    takes_s = 1.5 * max(0.7, float(away[nearest]) / WALK_MPS)  # 1.5: it starts and stops softly
    share = np.clip(1 - (np.abs(time_s - at_s) - BENDS_S / 2) / takes_s, 0, 1)
    share = (share * share * (3 - 2 * share))[:, None]
    stewards[nearest] = stewards[nearest] * (1 - share) + beside * share


def _column(time_s: Floats, at_s: float) -> int:
    return min(int(np.searchsorted(time_s, at_s)), len(time_s) - 1)


def _spells(all_along: Mask, somewhere: Mask) -> Mask:
    """(T,) of the spells of ``all_along`` those in which ``somewhere`` comes true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], all_along, [False]]).astype(np.int8)))
    out = np.zeros(len(all_along), bool)
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        out[first:after] = somewhere[first:after].any()
    return out
