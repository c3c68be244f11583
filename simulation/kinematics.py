"""How the racers move: each follows its pace plan and its line, drafts, passes, gives way, falls and gets up.

One Numba loop at 100 Hz over all agents (racers; in a relay all members of the teams) in track coordinates. What it is
told is a ``Plan``; what comes out are the paths and a log of what happened. Nothing is drawn at random inside: chance
comes in ``Plan.uniforms``, so that a plan always gives the same race.
"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulation.errand import OBSTRUCTS_S, call_back
from simulation.fall import step_fallen
from simulation.handover import step_team
from simulation.motion import RATE_HZ
from simulation.state import (
    INNER,
    NOBODY,
    PUSH_S,
    Course,
    Errand,
    Floats,
    Happened,
    Ints,
    Mode,
    Plan,
    State,
    along,
    first_state,
    is_corner,
    line_at,
    local_m,
    note,
)
from simulation.tactics import attack_if_bold, collide, obey, steer, wanted_speed

_DT = 1.0 / RATE_HZ
LEAVES_MPS2 = 3.0
"""How hard somebody brakes who leaves the race."""
HOME_S = 14.0
"""The race is followed so long after the last one is home."""


@dataclass(frozen=True, slots=True)
class Skated:
    """A agents, C competitors, T times from ``before_s`` before the gun on.

    s, d, phase (A, T), mode (A, T) a ``Mode``; ``racer`` (C, T) the agent that races for each; log (E, 5) as
    ``Happened``. s of idle relay members counts laps from anywhere; phase is that of falling, rising and pushing.
    """

    s: Floats
    d: Floats
    mode: NDArray[np.uint8]
    phase: Floats
    racer: Ints
    log: Ints


@dataclass(frozen=True, slots=True)
class Halted:
    """A race that stands still after ``count`` steps: the paths so far, with room for the rest, and the state."""

    s: Floats
    d: Floats
    mode: NDArray[np.uint8]
    phase: Floats
    racer: Ints
    state: State
    count: int


def run(plan: Plan, course: Course, before_s: float, most_s: float) -> Skated:
    """Skate the race, until all are home or have given up, or ``most_s`` after the gun."""
    return _skated(run_to(plan, course, before_s, most_s, np.inf))


def run_to(plan: Plan, course: Course, before_s: float, most_s: float, until_m: float) -> Halted:
    """Skate until somebody who races has come ``until_m``."""
    agents, steps = len(plan.team), round((before_s + most_s) * RATE_HZ) + 1
    state = first_state(plan)
    s, d, phase = np.empty((agents, steps)), np.empty((agents, steps)), np.zeros((agents, steps))
    mode, racer = np.zeros((agents, steps), np.uint8), np.zeros((len(state.racer), steps), np.int64)
    count = _run(plan, course, state, before_s, 0, until_m, s, d, mode, phase, racer)
    return Halted(s, d, mode, phase, racer, state, count)


def run_on(plan: Plan, course: Course, before_s: float, halted: Halted) -> Skated:
    """Skate the rest by ``plan``, which may be another than before; ``halted`` stays as it is."""
    state = deepcopy(halted.state)
    s, d, phase, racer = halted.s.copy(), halted.d.copy(), halted.phase.copy(), halted.racer.copy()
    mode = halted.mode.copy()
    count = _run(plan, course, state, before_s, halted.count, np.inf, s, d, mode, phase, racer)
    return _skated(Halted(s, d, mode, phase, racer, state, count))


def _skated(done: Halted) -> Skated:
    n = done.count
    log = done.state.log[: done.state.logged[0]]
    return Skated(done.s[:, :n], done.d[:, :n], done.mode[:, :n], done.phase[:, :n], done.racer[:, :n], log)


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator,unused-ignore]
def _run(
    plan: Plan,
    course: Course,
    state: State,
    before_s: float,
    first: int,
    until_m: float,
    s: Floats,
    d: Floats,
    mode: NDArray[np.uint8],
    phase: Floats,
    racer: Ints,
) -> int:
    """Fill (A, T) and (C, T) in place from step ``first`` until a racer has come ``until_m``; how many are filled."""
    agents, steps = s.shape
    if first == 0:
        for a in range(agents):
            state.offset[a] = state.d[a] - line_at(course, state.line[a], local_m(state, course, a))
    for n in range(first, steps):
        for a in state.racer:
            if state.s[a] >= until_m:
                return int(n)
        now = n * _DT - before_s
        # Everybody acts on what was true at the beginning of the step.
        for a in range(agents):
            state.s0[a], state.d0[a], state.v0[a] = state.s[a], state.d[a], state.v[a]
        for a in range(agents):
            _step(plan, state, course, a, n, now)
        if plan.touch_s.shape[1]:
            for team in range(len(state.racer)):
                step_team(plan, state, course, team, n, now)
        for a in range(agents):
            s[a, n], d[a, n], mode[a, n] = state.s[a], state.d[a], state.mode[a]
            lasts = state.lasts[a]
            if state.mode[a] == Mode.PUSHED or state.mode[a] == Mode.PUSHING:
                lasts = PUSH_S
            if lasts > 0:
                phase[a, n] = min(1.0, (now - state.since[a]) / lasts)
            if state.errand[a] == Errand.LEG:
                mode[a, n], phase[a, n] = Mode.LEG_OUT, 1.0 - (state.until[a] - now) / OBSTRUCTS_S
        for team in range(len(state.racer)):
            racer[team, n] = state.racer[team]
        if _all_home(state, now):
            return int(n + 1)
    return int(steps)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _step(plan: Plan, state: State, course: Course, a: int, n: int, now: float) -> None:
    """One agent, one step; idle relay members move later, when the racers have."""
    mode = state.mode[a]
    if mode == Mode.WAIT:
        if now >= plan.reaction[a]:
            state.mode[a], state.since[a] = Mode.RACE, now
    elif Mode.FALL <= mode <= Mode.RISE:
        step_fallen(plan, state, course, a, n, now)
        if state.mode[a] == Mode.OUT:
            call_back(plan, state, plan.team[a])
    elif mode == Mode.OUT:
        state.v[a] = max(0.0, state.v[a] - LEAVES_MPS2 * _DT)
        state.s[a] += along(state.v[a] * _DT, local_m(state, course, a), state.d[a], 0.0, course)
        if state.d[a] < 5.2:  # off the track, to the mats
            state.d[a] += min(1.0, now - state.since[a]) * _DT
    elif mode == Mode.RACE and _lapped_twice(plan, state, course, a):
        state.mode[a], state.since[a] = Mode.OUT, now
        call_back(plan, state, plan.team[a])
        note(state, n, Happened.RETIRED, a, NOBODY, NOBODY)
    elif mode != Mode.IDLE:
        lap = 0
        if state.s[a] >= plan.first_crossing:
            lap = min(plan.free.shape[1] - 1, 1 + int((state.s[a] - plan.first_crossing) / course.lap))
        local = local_m(state, course, a)
        own = line_at(course, state.line[a], local)
        obey(plan, state, course, a, n, now, local, own)
        if state.mode[a] == Mode.FALL:
            return
        attack_if_bold(plan, state, course, a, now, local, lap)
        wanted = wanted_speed(plan, state, course, a, now, local, lap)
        target, wanted = steer(plan, state, course, a, now, local, own, wanted)
        collide(plan, state, course, a, n, now)
        if state.mode[a] != Mode.FALL:
            _move(plan, state, course, a, now, local, lap, wanted, target)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _lapped_twice(plan: Plan, state: State, course: Course, a: int) -> bool:
    """Who is has to leave the race; in a relay with its team."""
    first = 0.0
    for b in state.racer:
        first = max(first, min(state.s0[b], plan.finish))
    return bool(state.finished[a] == np.inf and first - state.s0[a] > 2.0 * course.lap)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _move(
    plan: Plan, state: State, course: Course, a: int, now: float, local: float, lap: int, wanted: float, target: float
) -> None:
    """Accelerate and steer within what legs and blades can do."""
    v, top = state.v, plan.top[a]
    start = (1.04 * top - v[a]) / plan.tau[a]
    strongest = 1.8
    if state.s[a] < plan.first_crossing:
        strongest = start
    elif v[a] < 0.85 * top:
        strongest = max(1.8, start)
    push = min((wanted - v[a]) / 0.45, max(0.0, strongest), 8.0 * max(0.0, now - plan.reaction[a]) + 1.0)
    if state.mode[a] == Mode.PUSHED:
        push = 3.4 if v[a] < 1.06 * plan.free[a, lap] else 0.0
    elif state.mode[a] == Mode.PUSHING:
        push = -3.2 if v[a] > 7.0 else 3.4  # who helps a fallen one off runs along
    v[a] = max(0.0, v[a] + max(push, -4.5) * _DT)

    line = state.line[a]
    slope = line_at(course, line, local + 0.5) - line_at(course, line, local - 0.5)
    moves = min(5.0, max(-5.0, (target - state.target_d[a]) / _DT))
    state.target_v[a] += (moves - state.target_v[a]) * 0.15
    state.target_d[a] = target
    rate = state.offset_v[a] + slope * v[a]
    pull = 18.0 * (target - state.d[a]) - 8.5 * (rate - state.target_v[a])
    hardest = 10.0 if is_corner(local, course) else 6.5
    limit = 0.05 + 0.35 * v[a]
    faster = state.offset_v[a] + min(hardest, max(-hardest, pull)) * _DT
    state.offset_v[a] = min(limit, max(-limit, faster))
    state.offset[a] += state.offset_v[a] * _DT
    state.s[a] += along(v[a] * _DT, local, state.d[a], slope, course)
    state.d[a] = line_at(course, line, local_m(state, course, a)) + state.offset[a]
    if state.finished[a] == np.inf and state.s[a] >= plan.finish:
        state.finished[a] = now


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _all_home(state: State, now: float) -> bool:
    """Everybody has finished or given up, and HOME_S have passed."""
    latest = 0.0
    for a in state.racer:
        if state.mode[a] != Mode.OUT and state.finished[a] == np.inf:
            return False
        if state.finished[a] < np.inf:
            latest = max(latest, state.finished[a])
    return bool(now > latest + HOME_S)
