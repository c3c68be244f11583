"""From paths and modes to bodies: heading, lean, pose and the stroke's phase."""

import numpy as np
from numpy.typing import NDArray

from race.rink import Rink
from simulation.draws import Draws
from simulation.motion import RATE_HZ, Pose
from simulation.state import Mode

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLADE_TIP_M = 0.40
"""From the point midway between the blades to the tip of the one in front, while skating."""
KICK_M = 0.45
"""What throwing the blade forward at the finish adds to that."""
HOME_M = 4.0
"""So far behind the finish line racers stop skating and rise, ..."""
_BENT_MPS, _RISING_S = 8.0, 0.45
"""... in a corner only when slower than that; a scale of the time it takes."""
_HURRIES_MPS2, _COASTS_MPS2 = 1.0, 0.4
"""An idle team-mate who gains more speed than the one skates as in a race, who loses more than the other only rolls."""
GRAVITY = 9.81
_DOWN = (Mode.FALL, Mode.SLIDE, Mode.LYING, Mode.KNEEL, Mode.RISE)
_POSE_OF: dict[int, Pose] = {
    Mode.FALL: Pose.FALL,
    Mode.SLIDE: Pose.SLIDE,
    Mode.LYING: Pose.LYING,
    Mode.KNEEL: Pose.KNEEL,
    Mode.RISE: Pose.RISE,
    Mode.OUT: Pose.STAND,
    Mode.PUSHED: Pose.PUSHED,
    Mode.PUSHING: Pose.PUSH,
    Mode.LEG_OUT: Pose.LEG_OUT,
}


def smooth(values: Floats, seconds: float) -> Floats:
    """(..., T) a Gaussian of that standard deviation along the last axis, the ends held."""
    half = max(1, round(3 * seconds * RATE_HZ))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / (seconds * RATE_HZ)) ** 2)
    kernel /= kernel.sum()
    rows = np.pad(values.reshape(-1, values.shape[-1]), ((0, 0), (half, half)), mode="edge")
    return np.stack([np.convolve(row, kernel, mode="valid") for row in rows]).reshape(values.shape)


def travel(xy: Floats, ahead: Floats) -> tuple[Floats, Floats, Floats]:
    """(P, T, 2), (P, T) direction of the track -> heading, speed, turn rate (P, T); who stands heads ``ahead``."""
    velocity = np.gradient(xy, 1 / RATE_HZ, axis=1)
    speed = np.hypot(velocity[..., 0], velocity[..., 1])
    moving = np.clip((speed - 0.15) / 0.3, 0, 1)
    east = moving * velocity[..., 0] / np.maximum(speed, 1e-9) + (1 - moving) * np.cos(ahead)
    north = moving * velocity[..., 1] / np.maximum(speed, 1e-9) + (1 - moving) * np.sin(ahead)
    heading = np.unwrap(np.arctan2(smooth(north, 0.04), smooth(east, 0.04)), axis=-1)
    return heading, speed, np.gradient(heading, 1 / RATE_HZ, axis=1)


def lean(speed: Floats, turn_rate: Floats, upright: Mask) -> Floats:
    """(P, T) the angle at which gravity and the turn balance, the body following with a little delay."""
    balance = np.arctan(smooth(speed * turn_rate, 0.12) / GRAVITY)
    return smooth(np.where(upright, np.clip(balance, -1.15, 1.15), 0.0), 0.05)


def poses(
    time_s: Floats,
    mode: NDArray[np.uint8],
    movement: Floats,
    s: Floats,
    u: Floats,
    speed: Floats,
    racing: Mask,
    rink: Rink,
    finish_m: float,
    guns: tuple[float, ...],
    draws: Draws,
) -> tuple[NDArray[np.uint8], Floats]:
    """Pose and phase (P, T). ``movement`` is the phase of falling, rising and pushing; ``u`` metres past the line."""
    local = np.mod(u - rink.track_shift_m, rink.lap_m / 2)
    corner = (local > rink.straight_m / 2 - 1.0) & (local < rink.lap_m / 2 - rink.straight_m / 2)
    pose = np.where(corner, Pose.CORNER, Pose.STROKE).astype(np.uint8)
    # Cycles a second, left push to left push: two crossovers in a corner take less time than two strokes on a straight.
    often = np.where(corner, 1.25, 0.85) * np.clip(0.45 + 0.55 * speed / 13, 0.3, 1.15)
    phase = np.mod(np.cumsum(often, axis=1) / RATE_HZ + draws.uniforms(len(mode))[:, None], 1.0)

    idle = (mode == Mode.IDLE) & (speed < 6.5)
    gains = smooth(np.gradient(speed, 1 / RATE_HZ, axis=1), 0.25)
    pose[idle & (gains < _HURRIES_MPS2)] = Pose.GLIDE
    pose[idle & (speed < 0.8)] = Pose.STAND
    for member in np.flatnonzero((mode == Mode.IDLE).any(axis=1)):
        easy = (pose[member] == Pose.GLIDE) & (gains[member] > -_COASTS_MPS2)
        pose[member, easy] = Pose.EASY
        phase[member, easy] = in_cycles(easy, 0.2 + 0.06 * speed[member])[easy]
    home = racing & (s > finish_m + HOME_M)
    rising = home & ~(corner & (speed > _BENT_MPS))
    pose[home], phase[home] = Pose.HOME, smooth(rising.astype(float), _RISING_S)[home]
    waiting = mode == Mode.WAIT
    set_to_go = np.any([(time_s > gun - 3.2) & (time_s < gun + 1.0) for gun in guns], axis=0)
    pose[waiting] = Pose.STAND
    pose[waiting & set_to_go] = Pose.START
    waited = np.maximum.accumulate(np.where(waiting, time_s, -np.inf), axis=1)
    running = (mode == Mode.RACE) & (time_s - waited < 1.6)
    pose[running] = Pose.START
    phase[running] = np.mod((time_s - waited)[running] * 2.1, 1.0)
    kick = _kick(s, finish_m)
    kicking = racing & (mode == Mode.RACE) & (kick > 0) & (kick < 1)
    pose[kicking], phase[kicking] = Pose.KICK, kick[kicking]
    for kind, stands in _POSE_OF.items():
        pose[mode == kind] = stands
        phase[mode == kind] = movement[mode == kind]
    pose[(mode == Mode.OUT) & (speed > 1.5)] = Pose.GLIDE
    still = np.isin(pose, (Pose.STAND, Pose.GLIDE, Pose.LYING)) | waiting
    phase[still] = 0.0
    return pose, phase


def _kick(s: Floats, finish_m: float) -> Floats:
    """0 to 1 over the last strides before the line and the first behind it; furthest out 0.6 m before it."""
    return np.asarray(np.clip((s - (finish_m - 4.2)) / 7.2, 0, 1))


def reach(s: Floats, finish_m: float) -> Floats:
    """The foremost blade's tip ahead of the point midway between the blades, m; further when thrown at the finish."""
    return np.asarray(BLADE_TIP_M + KICK_M * np.sin(np.pi * _kick(s, finish_m)))


def in_cycles(spell: Mask, cycles_a_second: Floats) -> Floats:
    """(T,) phase that runs about so fast in each spell, from 0 and to where half a cycle ends; 0 elsewhere, and in a
    spell too short for half a cycle."""
    phase = np.zeros(len(spell))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], spell, [False]]).astype(np.int8)))
    for first, after in zip(edges[::2], edges[1::2], strict=True):
        run = np.cumsum(cycles_a_second[first:after]) / RATE_HZ
        halves = round(2 * float(run[-1]))
        phase[first:after] = np.mod(run * (halves / 2 / max(float(run[-1]), 1e-9)), 1.0)
    return phase


def facing(heading: Floats, mode: NDArray[np.uint8], ahead: Floats, draws: Draws) -> Floats:
    """(P, T) where bodies look: ahead while skating; who falls spins, stays so, and turns back on getting up."""
    out = heading.copy()
    for person, row in enumerate(mode):
        down = np.isin(row, _DOWN) | (row == Mode.OUT)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], down, [False]]).astype(int)))
        for first, after in zip(edges[::2], edges[1::2], strict=True):
            if row[first] == Mode.OUT:
                continue  # leaves on their feet
            spin = draws.normal(0, 2.2)
            since = np.arange(after - first) / RATE_HZ
            turned = heading[person, first] + spin * 0.9 * (1 - np.exp(-since / 0.9))
            rising = np.isin(row[first:after], (Mode.KNEEL, Mode.RISE, Mode.OUT))
            when = np.cumsum(rising) / RATE_HZ
            back = np.clip(when / 1.6, 0, 1)
            back = back * back * (3 - 2 * back)
            short = np.angle(np.exp(1j * (ahead[person, first:after] - turned)))
            out[person, first:after] = turned + back * short
    return out
