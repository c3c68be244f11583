"""What the kinematics work on: a race's plan, the course, the state of all agents, and the geometry between them."""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INNER: dict[str, Any] = {
    "cache": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True,
}  # fmt: skip
"""Of kernels that only kernels call: unpacking a plan and a state from Python takes as long to compile as they do.

Python cannot call them, not even to see an exception: the process ends."""


class Mode(IntEnum):
    WAIT = 0
    RACE = 1
    FALL = 2
    SLIDE = 3
    LYING = 4
    KNEEL = 5
    RISE = 6
    OUT = 7
    """Retired: up again beside the mats, or skating off to them."""
    IDLE = 8
    """A relay member inside the track, or coming to take over."""
    PUSHED = 9
    PUSHING = 10
    LEG_OUT = 11
    """Idle, and with a leg in somebody's way: told of whom it is so, never a state."""


class Order(IntEnum):
    """What the scenario asks of a racer that has skated ``at_s``. Contacts happen only if the racers get there."""

    SLIP = 0
    """Falls by itself."""
    TAKEN = 1
    """Falls where the other's racer, sliding, gets in the way."""
    ATTACK = 2
    """Passes whoever is ahead."""
    CUT_IN = 3
    """Passes outside and moves in before it is clear: contact."""
    DRIFT_OUT = 4
    """Passes inside and is carried outwards: contact."""
    LATE_PASS = 5
    """Dives inside at the corner entry without overlap: contact."""
    SHOVE = 6
    """Runs into the one ahead from behind."""
    OFF_TRACK = 7
    """Cuts the corner inside the blocks."""
    SLOW = 8
    """Lets the race go for a while."""
    KICK_OUT = 9
    """Throws the leg at the one beside while reaching for the line."""
    SPRINT = 10
    """Comes up outside whoever is ahead so as to be level at the finish."""
    MISS_TOUCH = 11
    """Relay, as all that follow: the next one leaves without having been touched."""
    LATE_EXCHANGE = 12
    """The last exchange comes within the last two laps; the plan's touches say where."""
    INFIELD_BLOCK = 13
    """A member waiting inside strays into the way of another team's racer."""
    EXTRA_SKATER = 14
    """Who was relieved stays on the track, in the way of another team's racer."""
    ASSIST = 15
    """Who fell is not relieved but pushed off by a team-mate."""
    SWERVE = 16
    """Who is pushed off changes lane in front of another team's racer."""
    LEG_BLOCK = 17
    """Who has pushed sets a leg in the way of another team's racer."""


class Happened(IntEnum):
    """Kinds of rows in the log: time step, kind, actor, other (or -1), index of the order (or -1)."""

    FELL = 0
    CONTACT = 1
    TOUCH = 2
    OFF_TRACK = 3
    SLOW = 4
    UP = 5
    RETIRED = 6
    KICK_OUT = 7
    MISSED_TOUCH = 8
    TAGGED = 9
    """The actor relieves the other, who is down."""
    INFIELD_BLOCK = 10
    EXTRA_SKATER = 11
    ASSISTED = 12
    """The actor pushes the other off."""
    SWERVED = 13
    LEG_BLOCKED = 14


class Errand(IntEnum):
    """Why a relay member that does not race is elsewhere than on its path inside."""

    NONE = 0
    FETCH = 1
    """On the way to its fallen racer."""
    BLOCK = 2
    """Straying into the way of ``quarry``."""
    STAY = 3
    """Still on the track after the exchange."""
    SWERVE = 4
    """Racing, and leaving the lane while being pushed off."""
    LEG = 5
    """Relieved, and not out of the way yet."""


NOBODY: int = np.int64(-1)  # type: ignore[assignment]  # of a type, so that no kernel is compiled anew for it
WAITING, UNDER_WAY, OVER = 0, 1, 2
BODY_LENGTH_M = 1.1
BODY_WIDTH_M = 0.55
CLEAR_M = 0.95
"""Lateral distance that racers side by side keep, blade midpoint to blade midpoint."""
WIDEST_M = 4.6
"""Nobody goes further out on their feet: the mats are near."""
PUSH_S = 0.75


class Plan(NamedTuple):
    """A agents, K crossings, L legs, O orders. Lengths in metres, speeds of the path in m/s, times from the gun.

    team       (A,)    0.. index of the competitor
    start_s    (A,)    on the line 0, second row negative; idle relay members anywhere
    start_d    (A,)
    reaction   (A,)    s after the gun
    top        (A,)    speed that the start aims at
    tau        (A,)    s, time constant of the start
    free       (A, K)  speed wanted on the way to crossing k when nobody is ahead
    cap        (A, K)  fastest possible
    gap        (A,)    wanted behind somebody
    eases      (A,)    share of the speed let go on the last lap once beaten
    line       (A,)    0 innermost to 1 outermost of ``racing_lines``
    ambition   (A, K)  chance of an attack at each apex while close behind somebody
    lane       (A,)    relay: d of its own inside path while idle
    turn       (A,)    relay: place in the team's order, from 0; 0 otherwise
    uniforms   (A, U)  in [0, 1), used in turn
    touch_s    (C, L - 1) relay: where each team's touches are; no columns otherwise
    orders     (O, 7)  kind, team, other team or -1 (whoever is ahead), at_s, outcome (bit 1 the other falls, bit 2 the
                       actor falls), side (-1 inside, 1 outside), 1 if it is tried until the contact is made
    rejoin     (A,)    gets up and races on after a fall
    first_crossing, finish  s of the first and the last crossing
    """

    team: Ints
    start_s: Floats
    start_d: Floats
    reaction: Floats
    top: Floats
    tau: Floats
    free: Floats
    cap: Floats
    gap: Floats
    eases: Floats
    line: Floats
    ambition: Floats
    lane: Floats
    turn: Ints
    uniforms: Floats
    touch_s: Floats
    orders: Floats
    rejoin: NDArray[np.bool_]
    first_crossing: float
    finish: float


class Course(NamedTuple):
    """The rink as the loop needs it. ``line_d`` (2, N) from ``racing_lines``, ``start_u`` is u at the start line."""

    half: float
    radius: float
    shift: float
    lap: float
    start_u: float
    line_d: Floats
    ice_half_length: float
    ice_half_width: float
    ice_corner: float


class State(NamedTuple):
    """All agents at one step. ``s0, d0, v0`` are s, d and v at its beginning: everybody acts on those.

    since, lasts    when the mode was taken, and for how long
    ice       (A, 4)  x, y and their rates, of the fallen
    line, offset    the blend of the racing lines now, and d beyond that line; ``offset_v`` its rate
    target_d, target_v   where it steers, and how fast that moves
    rival, side, attack_t, order   whom it passes, where (-1 inside), since when, and by which order
    striking        whether it is making the contact it was ordered to
    backing         alongside whom it gives up
    cut_until, slow_until   until when it cuts the corner, or is slow
    used            how many of its uniforms are used
    finished        when it crossed the finish, inf before
    done      (O,)  WAITING, UNDER_WAY or OVER
    racer, leg, pusher (C,)  of each team: the agent that races, its leg, and the one that pushes it
    errand, until, quarry (A,)  an ``Errand``, until when, and in whose way
    log (E, 5), logged (1,)
    """

    s: Floats
    d: Floats
    v: Floats
    s0: Floats
    d0: Floats
    v0: Floats
    mode: Ints
    since: Floats
    lasts: Floats
    ice: Floats
    line: Floats
    offset: Floats
    offset_v: Floats
    target_d: Floats
    target_v: Floats
    rival: Ints
    side: Floats
    attack_t: Floats
    order: Ints
    striking: NDArray[np.bool_]
    backing: Ints
    cut_until: Floats
    slow_until: Floats
    used: Ints
    finished: Floats
    done: Ints
    racer: Ints
    leg: Ints
    pusher: Ints
    errand: Ints
    until: Floats
    quarry: Ints
    log: Ints
    logged: Ints


def first_state(plan: Plan) -> State:
    """Everybody at the start; the other members of relay teams idle."""
    agents, teams = len(plan.team), int(plan.team.max()) + 1
    first = plan.turn == 0
    racer = np.zeros(teams, np.int64)
    racer[plan.team[first]] = np.flatnonzero(first)

    def zeros() -> Floats:
        return np.zeros(agents)

    def nobody() -> Ints:
        return np.full(agents, NOBODY, np.int64)

    def never() -> Floats:
        return np.full(agents, -np.inf)

    return State(
        s=plan.start_s.copy(),
        d=plan.start_d.copy(),
        v=np.where(first, 0.0, 3.0),
        s0=zeros(),
        d0=zeros(),
        v0=zeros(),
        mode=np.where(first, int(Mode.WAIT), int(Mode.IDLE)).astype(np.int64),
        since=zeros(),
        lasts=zeros(),
        ice=np.zeros((agents, 4)),
        line=plan.line.copy(),
        offset=zeros(),
        offset_v=zeros(),
        target_d=plan.start_d.copy(),
        target_v=zeros(),
        rival=nobody(),
        side=zeros(),
        attack_t=zeros(),
        order=nobody(),
        striking=np.zeros(agents, np.bool_),
        backing=nobody(),
        cut_until=never(),
        slow_until=never(),
        used=np.zeros(agents, np.int64),
        finished=np.full(agents, np.inf),
        done=np.zeros(len(plan.orders), np.int64),
        racer=racer,
        leg=np.zeros(teams, np.int64),
        pusher=np.full(teams, NOBODY, np.int64),
        errand=np.zeros(agents, np.int64),
        until=never(),
        quarry=nobody(),
        log=np.empty((400, 5), np.int64),
        logged=np.zeros(1, np.int64),
    )


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def note(state: State, n: int, kind: int, actor: int, other: int, order: int) -> None:
    row = state.logged[0]
    if row == len(state.log):
        raise ValueError("more happened than the log holds")
    log = state.log
    log[row, 0], log[row, 1], log[row, 2], log[row, 3], log[row, 4] = n, kind, actor, other, order
    state.logged[0] += 1


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def draw(plan: Plan, state: State, a: int) -> float:
    """The agent's next number."""
    state.used[a] += 1
    return float(plan.uniforms[a, (state.used[a] - 1) % plan.uniforms.shape[1]])


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def ahead_of(state: State, course: Course, a: int, b: int) -> float:
    """Metres that ``b`` was ahead of ``a`` on the track at the beginning of the step, negative behind; laps apart."""
    difference = state.s0[b] - state.s[a]
    return float((difference + 0.5 * course.lap) % course.lap - 0.5 * course.lap)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def laps_behind(state: State, course: Course, a: int, b: int) -> bool:
    """Racer ``a`` has skated so much less than racer ``b`` that one of them laps the other when they meet."""
    return bool(state.s0[b] - state.s[a] > 0.55 * course.lap)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def nearest_lap(difference: float, course: Course) -> float:
    return float((difference + 0.5 * course.lap) % course.lap - 0.5 * course.lap)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def next_ahead(state: State, course: Course, a: int, within: float) -> int:
    """The nearest racer ahead within so many metres; not one that gives way: about to be lapped, or home."""
    best, nearest = NOBODY, within
    for b in range(len(state.s)):
        if state.finished[b] < np.inf and state.finished[a] == np.inf:
            continue
        if b != a and (state.mode[b] == Mode.RACE or state.mode[b] == Mode.PUSHED):
            ahead = ahead_of(state, course, a, b)
            if 0 < ahead < nearest and state.s[a] - state.s0[b] < 0.55 * course.lap:
                best, nearest = b, ahead
    return best


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def local_m(state: State, course: Course, a: int) -> float:
    """Metres along the measured line since the middle of the straight; the apex is at a quarter of the lap."""
    return float((state.s[a] + course.start_u - course.shift) % (0.5 * course.lap))


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def is_corner(local: float, course: Course) -> bool:
    return course.half < local < 0.5 * course.lap - course.half


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def line_at(course: Course, blend: float, local: float) -> float:
    """d of the racing line."""
    count = course.line_d.shape[1]
    at = (local % (0.5 * course.lap)) * count / (0.5 * course.lap)
    k = int(at)
    part = at - k
    k, after = k % count, (k + 1) % count
    inner = course.line_d[0, k] * (1 - part) + course.line_d[0, after] * part
    outer = course.line_d[1, k] * (1 - part) + course.line_d[1, after] * part
    return float(inner * (1 - blend) + outer * blend)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def along(path: float, local: float, d: float, slope: float, course: Course) -> float:
    """Metres of the measured line in ``path`` metres of a path at ``d``, across a corner's beginning or end too."""
    quarter = 0.5 * course.lap
    straight, corner = np.sqrt(1.0 + slope * slope), np.sqrt((1.0 + d / course.radius) ** 2 + slope * slope)
    if local < course.half:
        ahead, first, then = course.half - local, straight, corner
    elif local < quarter - course.half:
        ahead, first, then = quarter - course.half - local, corner, straight
    else:
        ahead, first, then = np.inf, straight, straight
    if path <= ahead * first:
        return float(path / first)
    return float(ahead + (path - ahead * first) / then)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def bend(d: float, in_corner: bool, course: Course) -> float:
    """Path metres per metre of measured line at ``d``."""
    return 1.0 + d / course.radius if in_corner else 1.0
