"""Relays: idle members circle inside, one comes out in front of its racer, and is pushed into the race.

Whose turn it is next: the order of the team, from whoever races now; who fell or is on an errand is left out.
"""

import numpy as np
from numba import njit

from simulation.errand import STAY_MPS, due_order, help_fallen, is_down, obstruct, stay_on, stray
from simulation.motion import RATE_HZ
from simulation.state import (
    INNER,
    NOBODY,
    OVER,
    PUSH_S,
    Course,
    Errand,
    Happened,
    Mode,
    Order,
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
SCATTER_M = 14.0
MISSED_BY_M = 2.6
"""How far in front of its racer somebody is who leaves untouched."""
GATHERS_M = 9.0
"""Along the track from the finish line, where team-mates are who have skated their last leg, ..."""
FURTHER_IN_M = 1.2
"""... and so much further in than those who wait for theirs."""
APART_M = 1.2
"""Between the members of a team who wait where it gathers."""
STOPS_IN_M = 1.6
"""From a roll inside to a stand."""
IDLE_MPS, ROLLING_MPS, SPEED_UP_S = 3.4, 11.5, 3.0
"""Along the measured line: while waiting, on arrival at the exchange, and how long before it that begins."""


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def step_team(plan: Plan, state: State, course: Course, team: int, n: int, now: float) -> None:
    """Move the idle members of a team and, when the two are together, hand over."""
    size = 0
    for b in range(len(plan.team)):
        size += plan.team[b] == team
    racer, leg = state.racer[team], state.leg[team]
    touches = plan.touch_s[team]
    following, soonest = NOBODY, size
    for b in range(len(plan.team)):
        if plan.team[b] == team and state.mode[b] == Mode.IDLE and state.errand[b] == Errand.NONE:
            order = (plan.turn[b] - plan.turn[racer]) % size
            if leg < len(touches) and 0 < order < soonest:
                following, soonest = b, order
    missed = due_order(plan, state, team, Order.MISS_TOUCH)
    apart = 1.0 if missed == NOBODY else MISSED_BY_M
    for b in range(len(plan.team)):
        if plan.team[b] == team and state.mode[b] == Mode.IDLE and state.errand[b] != Errand.FETCH:
            order = (plan.turn[b] - plan.turn[racer]) % size
            exchange = leg + (order if order > 0 else size) - 1
            on = exchange < len(touches) and state.mode[racer] != Mode.OUT
            goal = touches[exchange] if on else np.nan
            _step_idle(plan, state, course, b, racer, goal, b == following, apart)
    help_fallen(plan, state, course, team, n, now)
    stray(plan, state, course, team, following, n, now)
    if racer != state.racer[team]:
        return  # tagged just now
    if state.pusher[team] != NOBODY:
        b = state.pusher[team]
        if now - state.since[b] > PUSH_S:
            state.mode[b], state.since[b], state.offset_v[b] = Mode.IDLE, now, 0.0
            if state.mode[racer] == Mode.PUSHED:
                state.mode[racer], state.since[racer] = Mode.RACE, now
            state.pusher[team] = NOBODY
            stay_on(plan, state, course, team, b, now)
    elif following == NOBODY or is_down(state, racer):
        return
    elif missed != NOBODY:
        _miss(plan, state, course, team, following, missed, n, now)
    elif _together(plan, state, course, racer, following, touches[leg]):
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
        obstruct(plan, state, course, team, racer, following, now)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _miss(plan: Plan, state: State, course: Course, team: int, following: int, order: int, n: int, now: float) -> None:
    """The next one is off in front of its racer, out of reach; if it does not come about, they touch after all."""
    racer, touch_s = state.racer[team], plan.touch_s[team, state.leg[team]]
    if state.mode[racer] != Mode.RACE or state.s[racer] < touch_s:
        return
    ahead = nearest_lap(state.s[following] - state.s[racer], course)
    if 1.6 < ahead < 4.5 and abs(state.d[following] - state.d[racer]) < 1.0:
        state.s[following] = state.s[racer] + ahead
        line = line_at(course, state.line[following], local_m(state, course, following))
        state.offset[following] = state.d[following] - line
        state.mode[following], state.since[following] = Mode.RACE, now
        state.mode[racer], state.since[racer], state.offset_v[racer] = Mode.IDLE, now, 0.0
        state.rival[racer], state.backing[racer] = NOBODY, NOBODY
        state.racer[team] = following
        state.leg[team] += 1
        state.done[order] = OVER
        note(state, n, Happened.MISSED_TOUCH, following, racer, order)
    elif state.s[racer] > touch_s + 12.0:
        state.done[order] = OVER


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _together(plan: Plan, state: State, course: Course, racer: int, following: int, touch_s: float) -> bool:
    if state.mode[racer] != Mode.RACE or state.mode[following] != Mode.IDLE or state.finished[racer] < np.inf:
        return False
    ahead = nearest_lap(state.s[following] - state.s[racer], course)
    beside = abs(state.d[following] - state.d[racer]) < 0.8
    return bool(state.s[racer] > touch_s - 6.0 and -0.2 < ahead < 1.05 and beside)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _stands_ahead(plan: Plan, state: State, course: Course, b: int) -> bool:
    """A team-mate who waits is so near in front that ``b`` has to stop behind it."""
    for mate in range(len(plan.team)):
        if mate != b and plan.team[mate] == plan.team[b] and state.mode[mate] == Mode.IDLE and state.v[mate] < 0.3:
            ahead = nearest_lap(state.s[mate] - state.s[b], course)
            if 0.0 < ahead < APART_M + STOPS_IN_M and abs(state.d[mate] - state.d[b]) < APART_M:
                return True
    return False


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _step_idle(
    plan: Plan, state: State, course: Course, b: int, racer: int, goal: float, follows: bool, apart: float
) -> None:
    """Circle inside so as to be at ``goal`` with the racer; who has none any more waits beside the finish line.

    Who ``follows`` comes out at last, ``apart`` metres in front of its racer. Errands lead elsewhere.
    """
    local = local_m(state, course, b)
    narrow = max(0.3, bend(state.d[b], is_corner(local, course), course))
    gathers = GATHERS_M
    if state.mode[racer] == Mode.OUT:
        gathers -= APART_M * plan.turn[b]  # all of them come at once
    beside_finish = abs(state.s[b] - course.lap * np.round(state.s[b] / course.lap)) < gathers
    waits = beside_finish or (np.isnan(goal) and _stands_ahead(plan, state, course, b))
    speed, lane = 0.0 if waits else 3.2, plan.lane[b] - (FURTHER_IN_M if np.isnan(goal) else 0.0)
    racing = state.mode[racer] == Mode.RACE
    if not np.isnan(goal):
        pace = max(6.0, state.v[racer] / 1.04) if racing else 9.0
        left = max((goal - state.s[racer]) / pace, 0.0)
        fade = np.exp(-left / SPEED_UP_S)
        # Where to be now so as to arrive with the racer, rolling.
        due = goal + 1.6 - (IDLE_MPS * left + (ROLLING_MPS - IDLE_MPS) * SPEED_UP_S * (1.0 - fade))
        if not follows:
            due += SCATTER_M * (plan.uniforms[b, -2] - 0.5)  # they do not wait in one row
        miss = nearest_lap(due - state.s[b], course)
        speed = IDLE_MPS + (ROLLING_MPS - IDLE_MPS) * fade + min(2.5, max(-2.4, miss * (0.12 + 1.2 * fade)))
        if follows and racing and left < 4.0:
            x = min(1.0, 1.0 - (left - 1.0) / 3.0)
            lane += (state.d[racer] - lane) * x * x * (3 - 2 * x)
        if follows and racing and left < 2.0:
            # In front of its racer, letting it come up to the hands.
            pace = state.v[racer] / bend(state.d[racer], is_corner(local_m(state, course, racer), course), course)
            miss = nearest_lap(state.s[racer] + apart + 2.4 * max(0.0, left - 0.1) - state.s[b], course)
            speed = pace - (2.4 if left > 0.1 else 0.8) + min(4.0, max(-4.0, 3.0 * miss))
    if state.errand[b] == Errand.STAY or state.errand[b] == Errand.LEG:
        speed, lane = STAY_MPS, state.d[b]
        if state.quarry[b] != NOBODY:
            lane = min(2.5, max(0.3, state.d[state.quarry[b]]))
    elif state.errand[b] == Errand.BLOCK and state.quarry[b] != NOBODY:
        speed, lane = 4.5, min(2.0, max(0.0, state.d[state.quarry[b]]))
    # Coming out of the inner circle the way gets longer: who follows has to work for it.
    lag_s, strongest = (0.2, 8.0) if follows and racing else (0.4, 5.5)
    state.v[b] += min(strongest, max(-4.0, (speed * narrow - state.v[b]) / lag_s)) * _DT
    state.v[b] = min(max(0.0 if np.isnan(goal) else 0.3, state.v[b]), 14.0)
    pull = 7.0 * (lane - state.d[b]) - 5.0 * state.offset_v[b]
    if follows and goal - state.s[racer] < 20.0:
        pull = 25.0 * (lane - state.d[b]) - 8.5 * state.offset_v[b]
    state.offset_v[b] += min(7.0, max(-7.0, pull)) * _DT
    state.d[b] += state.offset_v[b] * _DT
    state.s[b] += along(state.v[b] * _DT, local, max(state.d[b], -6.0), 0.0, course)
