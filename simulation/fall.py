"""Falling: straight on over the ice, into the mats, and up again."""

import numpy as np
from numba import njit

from race.rink import ice_to_track, track_to_ice
from simulation.motion import RATE_HZ
from simulation.state import (
    INNER,
    NOBODY,
    Course,
    Happened,
    Mode,
    Plan,
    State,
    draw,
    line_at,
    local_m,
    nearest_lap,
    note,
)

KNEEL_S, RISE_S, GOING_DOWN_S = 0.8, 0.9, 0.45
MAT_STIFFNESS, MAT_DAMPING = 160.0, 22.0
"""Of the mats, per kilogram of skater: somebody at 13 m/s goes some 0.4 m into them and hardly comes back."""


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def fall(state: State, course: Course, a: int, now: float, sideways: float) -> None:
    """Let go of the corner: from now on straight on over the ice, ``sideways`` m/s outwards besides."""
    here = np.empty((2, 2))
    here[0] = state.s[a] + course.start_u, state.d[a]
    here[1] = state.s[a] + course.start_u + 0.01, state.d[a]
    xy = track_to_ice(here, course.half, course.radius, course.shift)
    length = np.hypot(xy[1, 0] - xy[0, 0], xy[1, 1] - xy[0, 1])
    ux, uy = (xy[1, 0] - xy[0, 0]) / length, (xy[1, 1] - xy[0, 1]) / length
    ice, v = state.ice, state.v[a]
    ice[a, 0], ice[a, 1] = xy[0, 0], xy[0, 1]
    ice[a, 2], ice[a, 3] = v * ux + sideways * uy, v * uy - sideways * ux
    state.mode[a], state.since[a], state.lasts[a] = Mode.FALL, now, GOING_DOWN_S


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def step_fallen(plan: Plan, state: State, course: Course, a: int, n: int, now: float) -> None:
    """One step of somebody between falling and standing again."""
    mode, since, lasts = state.mode, state.since, state.lasts
    if mode[a] == Mode.FALL or mode[a] == Mode.SLIDE:
        _slide(state, course, a)
        if mode[a] == Mode.FALL:
            if now - since[a] >= lasts[a]:
                mode[a], since[a], lasts[a] = Mode.SLIDE, now, max(0.5, state.v[a] / 6.0)
        elif state.v[a] < 0.35:
            mode[a], since[a] = Mode.LYING, now
            lasts[a] = 0.3 + 1.6 * draw(plan, state, a)
        return
    state.v[a] = 0.0
    if now - since[a] < lasts[a]:
        return
    since[a] = now
    if mode[a] == Mode.LYING:
        mode[a], lasts[a] = Mode.KNEEL, KNEEL_S
    elif mode[a] == Mode.KNEEL:
        mode[a], lasts[a] = Mode.RISE, RISE_S
    else:
        lasts[a] = 0.0
        mode[a] = Mode.RACE if plan.rejoin[a] else Mode.OUT
        if state.racer[plan.team[a]] != a:
            mode[a] = Mode.IDLE  # relieved in the meantime
        state.offset[a] = state.d[a] - line_at(course, state.line[a], local_m(state, course, a))
        state.offset_v[a] = 0.0
        note(state, n, Happened.UP if plan.rejoin[a] else Happened.RETIRED, a, NOBODY, NOBODY)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def move_on_ice(state: State, course: Course, a: int, ax: float, ay: float) -> None:
    """One step of who goes straight over the ice, not along the track, accelerated by (ax, ay) m/s2."""
    ice, dt = state.ice, 1.0 / RATE_HZ
    ice[a, 2] += ax * dt
    ice[a, 3] += ay * dt
    ice[a, 0] += ice[a, 2] * dt
    ice[a, 1] += ice[a, 3] * dt
    here = np.empty((1, 2))
    here[0] = ice[a, 0], ice[a, 1]
    track = ice_to_track(here, course.half, course.radius, course.shift)
    state.s[a] += nearest_lap(track[0, 0] - course.start_u - state.s[a], course)
    state.d[a] = track[0, 1]
    state.v[a] = np.hypot(ice[a, 2], ice[a, 3])


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _slide(state: State, course: Course, a: int) -> None:
    """Friction, and mats that give way like a damped spring."""
    ice = state.ice
    speed = np.hypot(ice[a, 2], ice[a, 3])
    drag = 2.5 if state.mode[a] == Mode.FALL else 1.8
    ax, ay = -drag * ice[a, 2] / max(speed, 0.1), -drag * ice[a, 3] / max(speed, 0.1)
    # How far into the mats: outside the rectangle with round corners, half a metre of body before them.
    cx, cy = course.ice_half_length - course.ice_corner, course.ice_half_width - course.ice_corner
    px, py = abs(ice[a, 0]) - cx, abs(ice[a, 1]) - cy
    nx, ny = 0.0, 0.0
    if px > 0 and py > 0:
        reach = np.hypot(px, py)
        nx, ny = px / reach, py / reach
    elif px > py:
        reach, nx = px, 1.0
    else:
        reach, ny = py, 1.0
    nx, ny = nx * np.sign(ice[a, 0]), ny * np.sign(ice[a, 1])
    into = reach - (course.ice_corner - 0.5)
    if into > 0:
        force = max(0.0, MAT_STIFFNESS * into + MAT_DAMPING * (ice[a, 2] * nx + ice[a, 3] * ny))
        ax -= force * nx + 2.5 * ice[a, 2]
        ay -= force * ny + 2.5 * ice[a, 3]
    move_on_ice(state, course, a, ax, ay)
