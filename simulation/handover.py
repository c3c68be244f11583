"""Relays: idle members circle inside, one comes out in front of its racer, and is pushed into the race."""

import numpy as np
from numba import njit

from simulation.motion import RATE_HZ
from simulation.state import (
    NOBODY,
    PUSH_S,
    Course,
    Happened,
    Mode,
    Plan,
    State,
    along,
    bend,
    is_corner,
    line_at,
    local_m,
    nearest_lap,
    note,
)

_DT = 1.0 / RATE_HZ
IDLE_MPS, ROLLING_MPS, SPEED_UP_S = 3.4, 11.5, 3.0
"""Along the measured line: while waiting, on arrival at the exchange, and how long before it that begins."""


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def step_team(plan: Plan, state: State, course: Course, team: int, n: int, now: float) -> None:
    """Move the idle members of a team and, when the two are together, hand over."""
    size = 0
    for b in range(len(plan.team)):
        size += plan.team[b] == team
    racer, leg = state.racer[team], state.leg[team]
    following = NOBODY
    for b in range(len(plan.team)):
        if plan.team[b] == team and leg < len(plan.touch_s) and plan.turn[b] == (leg + 1) % size:
            following = b
    for b in range(len(plan.team)):
        if plan.team[b] == team and state.mode[b] == Mode.IDLE:
            order = (plan.turn[b] - leg) % size
            exchange = leg + (order if order > 0 else size) - 1
            goal = plan.touch_s[exchange] if exchange < len(plan.touch_s) else np.nan
            _step_idle(plan, state, course, b, racer, goal, b == following)
    if state.pusher[team] != NOBODY:
        if now - state.since[racer] > PUSH_S:
            b = state.pusher[team]
            state.mode[b], state.since[b], state.offset_v[b] = Mode.IDLE, now, 0.0
            state.mode[racer], state.since[racer] = Mode.RACE, now
            state.pusher[team] = NOBODY
    elif following != NOBODY and _together(plan, state, course, racer, following, plan.touch_s[leg]):
        state.mode[racer], state.mode[following] = Mode.PUSHING, Mode.PUSHED
        state.since[racer], state.since[following] = now, now
        state.s[following] = state.s[racer] + nearest_lap(state.s[following] - state.s[racer], course)
        line = line_at(course, state.line[following], local_m(state, course, following))
        state.offset[following] = state.d[following] - line
        state.offset_v[following] = state.offset_v[racer]
        for b in (racer, following):
            state.rival[b], state.backing[b] = NOBODY, NOBODY
        state.pusher[team], state.racer[team] = racer, following
        state.leg[team] += 1
        note(state, n, Happened.TOUCH, following, racer, NOBODY)


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _together(plan: Plan, state: State, course: Course, racer: int, following: int, touch_s: float) -> bool:
    if state.mode[racer] != Mode.RACE or state.mode[following] != Mode.IDLE or state.finished[racer] < np.inf:
        return False
    ahead = nearest_lap(state.s[following] - state.s[racer], course)
    beside = abs(state.d[following] - state.d[racer]) < 0.8
    return bool(state.s[racer] > touch_s - 6.0 and -0.2 < ahead < 1.05 and beside)


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _step_idle(plan: Plan, state: State, course: Course, b: int, racer: int, goal: float, follows: bool) -> None:
    """Circle inside so as to be at ``goal`` with the racer; NaN is for good. Who ``follows`` comes out at last."""
    local = local_m(state, course, b)
    narrow = max(0.3, bend(state.d[b], is_corner(local, course), course))
    speed, lane = 3.2, plan.lane[b]
    racing = state.mode[racer] == Mode.RACE
    if not np.isnan(goal):
        pace = max(6.0, state.v[racer] / 1.04) if racing else 9.0
        left = max((goal - state.s[racer]) / pace, 0.0)
        fade = np.exp(-left / SPEED_UP_S)
        # Where to be now so as to arrive with the racer, rolling.
        due = goal + 1.6 - (IDLE_MPS * left + (ROLLING_MPS - IDLE_MPS) * SPEED_UP_S * (1.0 - fade))
        miss = nearest_lap(due - state.s[b], course)
        speed = IDLE_MPS + (ROLLING_MPS - IDLE_MPS) * fade + min(2.5, max(-2.4, miss * (0.12 + 1.2 * fade)))
        if follows and racing and left < 3.2:
            x = min(1.0, 1.0 - (left - 1.0) / 2.2)
            lane += (state.d[racer] - lane) * x * x * (3 - 2 * x)
        if follows and racing and left < 2.0:
            # In front of its racer, letting it come up to the hands.
            pace = state.v[racer] / bend(state.d[racer], is_corner(local_m(state, course, racer), course), course)
            miss = nearest_lap(state.s[racer] + 1.0 + 2.4 * max(0.0, left - 0.1) - state.s[b], course)
            speed = pace - (2.4 if left > 0.1 else 0.8) + min(4.0, max(-4.0, 3.0 * miss))
    state.v[b] += min(5.5, max(-4.0, (speed * narrow - state.v[b]) / 0.4)) * _DT
    state.v[b] = min(max(0.3, state.v[b]), 14.0)
    pull = 7.0 * (lane - state.d[b]) - 5.0 * state.offset_v[b]
    if follows and goal - state.s[racer] < 20.0:
        pull = 25.0 * (lane - state.d[b]) - 8.5 * state.offset_v[b]
    state.offset_v[b] += min(7.0, max(-7.0, pull)) * _DT
    state.d[b] += state.offset_v[b] * _DT
    state.s[b] += along(state.v[b] * _DT, local, max(state.d[b], -6.0), 0.0, course)
