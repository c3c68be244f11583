"""Relay members on their way to a fallen racer, or where they should not be: the relay's infractions."""

import numpy as np
from numba import njit

from race.rink import track_to_ice
from simulation.fall import fall, move_on_ice
from simulation.state import (
    INNER,
    NOBODY,
    OVER,
    WAITING,
    Course,
    Errand,
    Happened,
    Mode,
    Order,
    Plan,
    State,
    ahead_of,
    line_at,
    local_m,
    nearest_lap,
    note,
)

SEES_S = 0.7
"""From a fall until the first team-mate sets out."""
FETCH_MPS, FETCH_MPS2 = 7.5, 4.5
REACH_M = 1.0
"""A hand's reach from body to body."""
STAY_MPS, STAY_S = 7.5, 4.0
BLOCK_S = 2.6
OBSTRUCTS_S = 2.4
"""From the touch on."""


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def due_order(plan: Plan, state: State, team: int, kind: int) -> int:
    """The team's first order of that kind that waits and is due, or NOBODY."""
    for o in range(len(plan.orders)):
        mine = int(plan.orders[o, 0]) == kind and int(plan.orders[o, 1]) == team
        if mine and state.done[o] == WAITING and state.s[state.racer[team]] >= plan.orders[o, 3]:
            return int(o)
    return NOBODY


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def is_down(state: State, a: int) -> bool:
    return bool(Mode.FALL <= state.mode[a] <= Mode.RISE)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def call_back(plan: Plan, state: State, team: int) -> None:
    """The team's race is over: nobody is on the way to anywhere any more."""
    for b in range(len(plan.team)):
        if plan.team[b] == team:
            state.errand[b], state.quarry[b] = Errand.NONE, NOBODY


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def help_fallen(plan: Plan, state: State, course: Course, team: int, n: int, now: float) -> None:
    """Send the nearest member to the team's fallen racer; it takes the race over there, or pushes it off.

    Nobody is sent if the team gives up.
    """
    racer = state.racer[team]
    mate = NOBODY
    for b in range(len(plan.team)):
        if plan.team[b] == team and state.errand[b] == Errand.FETCH:
            mate = b
    if mate == NOBODY:
        down = is_down(state, racer) and state.mode[racer] != Mode.FALL
        if plan.rejoin[racer] and down and now - state.since[racer] > SEES_S - 0.45:
            mate = _nearest_mate(plan, state, course, team)
            if mate != NOBODY:
                _set_out(state, course, mate)
        return
    assist = due_order(plan, state, team, Order.ASSIST)
    up = state.mode[racer] == Mode.RACE
    apart = _run_to(state, course, mate, racer)
    if assist != NOBODY and up and apart < 1.5 and state.v[racer] < 5.0:
        state.done[assist] = OVER
        _take_place(state, course, mate, racer, -0.6)
        state.mode[racer], state.mode[mate], state.pusher[team] = Mode.PUSHED, Mode.PUSHING, mate
        state.since[racer], state.since[mate] = now, now
        state.v[mate] = state.v[racer]
        state.errand[mate] = Errand.NONE
        note(state, n, Happened.ASSISTED, mate, racer, assist)
    elif assist == NOBODY and apart < REACH_M and state.v[racer] < 3.0:
        _take_place(state, course, mate, racer, 0.0)
        state.mode[mate], state.since[mate] = Mode.RACE, now
        state.errand[mate], state.racer[team] = Errand.NONE, mate
        if up:
            state.mode[racer], state.since[racer] = Mode.IDLE, now
        note(state, n, Happened.TAGGED, mate, racer, NOBODY)
    elif up and state.v[racer] > 5.0:
        state.errand[mate], state.offset_v[mate] = Errand.NONE, 0.0


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _place(state: State, course: Course, a: int) -> tuple[float, float]:
    here = np.empty((1, 2))
    here[0] = state.s[a] + course.start_u, state.d[a]
    xy = track_to_ice(here, course.half, course.radius, course.shift)
    return xy[0, 0], xy[0, 1]


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _nearest_mate(plan: Plan, state: State, course: Course, team: int) -> int:
    x, y = _place(state, course, state.racer[team])
    best, nearest = NOBODY, np.inf
    for b in range(len(plan.team)):
        if plan.team[b] == team and state.mode[b] == Mode.IDLE and state.errand[b] == Errand.NONE:
            bx, by = _place(state, course, b)
            apart = np.hypot(bx - x, by - y)
            if apart < nearest:
                best, nearest = b, apart
    return best


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _set_out(state: State, course: Course, b: int) -> None:
    """From the path inside into the plane of the ice, with the speed and direction it has."""
    x, y = _place(state, course, b)
    state.s[b] += 0.01
    ahead_x, ahead_y = _place(state, course, b)
    state.s[b] -= 0.01
    step = max(1e-6, np.hypot(ahead_x - x, ahead_y - y))
    state.ice[b, 0], state.ice[b, 1] = x, y
    state.ice[b, 2], state.ice[b, 3] = state.v[b] * (ahead_x - x) / step, state.v[b] * (ahead_y - y) / step
    state.errand[b] = Errand.FETCH


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _run_to(state: State, course: Course, b: int, target: int) -> float:
    """One step of ``b`` straight to ``target``, slowing down before it; the metres that are left."""
    ice = state.ice
    x, y = _place(state, course, target)
    apart = np.hypot(x - ice[b, 0], y - ice[b, 1])
    wanted = min(FETCH_MPS, np.sqrt(2.0 * 2.5 * max(0.0, apart - 0.75)))
    ax = ((x - ice[b, 0]) / max(apart, 0.1) * wanted - ice[b, 2]) / 0.25
    ay = ((y - ice[b, 1]) / max(apart, 0.1) * wanted - ice[b, 3]) / 0.25
    strength = np.hypot(ax, ay)
    limit = min(1.0, FETCH_MPS2 / max(strength, 1e-6))
    move_on_ice(state, course, b, ax * limit, ay * limit)
    return float(apart)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _take_place(state: State, course: Course, mate: int, racer: int, ahead: float) -> None:
    """Give ``mate`` the laps of ``racer``; what it is off its line shrinks from here on."""
    state.s[mate] = state.s[racer] + nearest_lap(state.s[mate] - state.s[racer], course)
    if ahead != 0.0:
        state.s[mate] = min(state.s[mate], state.s[racer] + ahead)
    for b in (mate, racer):
        line = line_at(course, state.line[b], local_m(state, course, b))
        state.offset[b], state.offset_v[b] = state.d[b] - line, 0.0
        state.target_d[b], state.target_v[b] = state.d[b], 0.0
        state.rival[b], state.backing[b] = NOBODY, NOBODY


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def stray(plan: Plan, state: State, course: Course, team: int, following: int, n: int, now: float) -> None:
    """Begin, tell and end what the orders want of members who are not racing."""
    for b in range(len(plan.team)):
        if plan.team[b] != team or state.errand[b] < Errand.BLOCK:
            continue
        victim = state.quarry[b]
        if victim != NOBODY and now < state.until[b]:
            _tell_obstruction(plan, state, course, b, victim, n, now)
        elif now >= state.until[b]:
            state.errand[b], state.quarry[b] = Errand.NONE, NOBODY
    block = due_order(plan, state, team, Order.INFIELD_BLOCK)
    if block == NOBODY or state.mode[state.racer[team]] == Mode.OUT:
        return
    named = int(plan.orders[block, 2])
    for b in range(len(plan.team)):
        if plan.team[b] != team or state.mode[b] != Mode.IDLE or b == following or state.errand[b] != Errand.NONE:
            continue
        for other in range(len(state.racer)):
            victim = state.racer[other]
            if other == team or (named >= 0 and other != named) or state.mode[victim] != Mode.RACE:
                continue
            if 13.0 < ahead_of(state, course, victim, b) < 17.0 and state.d[b] < -1.0 and state.v[victim] > 8.0:
                state.errand[b], state.until[b], state.quarry[b] = Errand.BLOCK, now + BLOCK_S, victim
                state.order[b], state.done[block] = block, OVER
                return


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def stay_on(plan: Plan, state: State, course: Course, team: int, b: int, now: float) -> None:
    """If it is ordered and another team comes up from behind, the relieved one does not leave the track."""
    extra = due_order(plan, state, team, Order.EXTRA_SKATER)
    if extra == NOBODY or state.errand[b] != Errand.NONE:
        return
    victim, nearest = NOBODY, 22.0
    for other in range(len(state.racer)):
        racer = state.racer[other]
        behind = -ahead_of(state, course, b, racer)
        fit = state.mode[racer] == Mode.RACE or state.mode[racer] == Mode.PUSHED
        if other != team and fit and 3.0 < behind < nearest:
            victim, nearest = racer, behind
    if victim != NOBODY:
        state.errand[b], state.until[b], state.quarry[b] = Errand.STAY, now + STAY_S, victim
        state.order[b], state.done[extra] = extra, OVER


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def obstruct(plan: Plan, state: State, course: Course, team: int, pusher: int, pushed: int, now: float) -> None:
    """At the touch: if it is ordered and another team is close behind, one of the two gets in its way."""
    order = due_order(plan, state, team, Order.SWERVE)
    swerves = order != NOBODY
    if not swerves:
        order = due_order(plan, state, team, Order.LEG_BLOCK)
    if order == NOBODY:
        return
    named = int(plan.orders[order, 2])
    victim, nearest = NOBODY, 9.0
    for other in range(len(state.racer)):
        racer = state.racer[other]
        behind = -ahead_of(state, course, pusher, racer)
        wanted = other != team and (named < 0 or other == named)
        if wanted and state.mode[racer] == Mode.RACE and 1.5 < behind < nearest:
            victim, nearest = racer, behind
    if victim == NOBODY:
        return
    b = pushed if swerves else pusher
    state.errand[b] = Errand.SWERVE if swerves else Errand.LEG
    state.until[b], state.quarry[b] = now + OBSTRUCTS_S, victim
    state.order[b], state.done[order] = order, OVER


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _tell_obstruction(plan: Plan, state: State, course: Course, b: int, victim: int, n: int, now: float) -> None:
    """When the other has come near: told once; it goes down where the order says so."""
    ahead, errand = ahead_of(state, course, victim, b), state.errand[b]
    if not 0.0 < ahead < 4.5 or abs(state.d[b] - state.d[victim]) > 1.5 or state.mode[victim] != Mode.RACE:
        return
    if errand == Errand.SWERVE and state.offset_v[b] < 0.5:
        return  # still in its lane
    if errand == Errand.LEG and ahead > 2.5:
        return  # a leg does not reach so far
    o = state.order[b]
    kind = Happened.EXTRA_SKATER
    if errand == Errand.BLOCK:
        kind = Happened.INFIELD_BLOCK
    elif errand == Errand.SWERVE:
        kind = Happened.SWERVED
    elif errand == Errand.LEG:
        kind = Happened.LEG_BLOCKED
    note(state, n, kind, b, victim, o)
    state.quarry[b] = NOBODY
    state.until[b] = min(state.until[b], now + 1.0)
    if int(plan.orders[o, 4]) & 1:
        fall(state, course, victim, now, 0.6)
        note(state, n, Happened.FELL, victim, b, o)
    else:
        state.slow_until[victim] = max(state.slow_until[victim], now + 0.4)
