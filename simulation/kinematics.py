"""How the racers move: each follows its pace plan and its line, drafts, passes, gives way, falls and gets up.

One Numba loop at 100 Hz over all agents (racers; in a relay all members of the teams) in track coordinates. What it is
told is a ``Plan``; what comes out are the paths and a log of what happened. Nothing is drawn at random inside: chance
comes in ``Plan.uniforms``, so that a plan always gives the same race.
"""

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.rink import ice_to_track, track_to_ice
from simulation.motion import RATE_HZ

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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


class Order(IntEnum):
    """What the scenario asks of a racer that has skated ``at_s``. Contacts happen only if the racers get there."""

    SLIP = 0
    """Falls by itself."""
    TAKEN = 1
    """Falls where the victim column's racer, sliding, gets in the way."""
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


class Happened(IntEnum):
    """Kinds of rows in the log: time step, kind, actor, other (or -1), order index (or -1)."""

    FELL = 0
    CONTACT = 1
    TOUCH = 2
    OFF_TRACK = 3
    SLOW = 4
    UP = 5
    RETIRED = 6
    KICK_OUT = 7


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
    line       (A,)    0 innermost to 1 outermost of ``racing_lines``
    ambition   (A, K)  chance of an attack at each apex while close behind somebody
    lane       (A,)    relay: d of its own inside path while idle; NaN for individual racers
    turn       (A,)    relay: place in the team's order, from 0; 0 otherwise
    uniforms   (A, U)  in [0, 1), used in turn
    touch_s    (L - 1,) relay: where the exchanges' touches are
    orders     (O, 6)  kind, team, other team or -1 (whoever is ahead), at_s, outcome (bit 1 the other falls, bit 2 the
                       actor falls), side (-1 inside, 1 outside)
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
    """The rink as the loop needs it; lines from ``racing_lines``."""

    half: float
    radius: float
    shift: float
    lap: float
    line_d: Floats
    stretch: Floats
    ice_half_length: float
    ice_half_width: float
    ice_corner: float


BODY_LENGTH_M = 1.1
BODY_WIDTH_M = 0.55
CLEAR_M = 0.95
"""Lateral distance that racers side by side keep, blade midpoint to blade midpoint."""
WIDEST_M = 4.6
"""Nobody goes further out on their feet: the mats are near."""


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def run(
    plan: Plan, course: Course, before_s: float, most_s: float, start_s: float
) -> tuple[Floats, Floats, NDArray[np.uint8], Floats, Ints, Ints]:
    """Skate the race: s, d, mode, phase (A, T), the agent that races for each competitor (C, T), log (E, 5).

    ``start_s`` is u at the start line. s of idle relay members counts laps from anywhere. Ends when all are home.
    """
    dt = 1.0 / RATE_HZ
    agents, laps = plan.free.shape
    teams = plan.team.max() + 1
    steps = round((before_s + most_s) / dt) + 1
    s_out = np.empty((agents, steps))
    d_out = np.empty((agents, steps))
    mode_out = np.zeros((agents, steps), np.uint8)
    phase_out = np.zeros((agents, steps))
    racer_out = np.zeros((teams, steps), np.int64)
    log = np.empty((400, 5), np.int64)
    logged = 0

    s, d, line = plan.start_s.copy(), plan.start_d.copy(), plan.line.copy()
    v, offset, offset_v = np.zeros(agents), np.zeros(agents), np.zeros(agents)
    mode = np.zeros(agents, np.int64)
    since = np.zeros(agents)  # time of the last change of mode
    lasts = np.zeros(agents)  # how long this mode lasts
    ice = np.zeros((agents, 4))  # x, y, vx, vy of the fallen
    target_d, target_v = d.copy(), np.zeros(agents)
    rival = np.full(agents, -1)  # whom it is passing
    side = np.zeros(agents)
    attack_t = np.zeros(agents)
    order_of = np.full(agents, -1)  # the order that the attack carries out
    strikes = np.zeros(agents)  # 1 while an ordered contact is being made
    backing = np.full(agents, -1)  # alongside whom it gives up
    used = np.zeros(agents, np.int64)
    done = np.zeros(len(plan.orders))  # 0 waiting, 1 under way, 2 over
    racer = np.zeros(teams, np.int64)
    leg = np.zeros(teams, np.int64)
    pusher = np.full(teams, -1)
    finished = np.full(agents, np.inf)
    cut_until = np.full(agents, -np.inf)
    slow_until = np.full(agents, -np.inf)
    half_step = len(course.line_d[0]) / (0.5 * course.lap)
    for a in range(agents):
        if plan.turn[a] == 0:
            racer[plan.team[a]] = a
        else:
            mode[a] = Mode.IDLE
            v[a] = 3.0
        offset[a] = d[a] - _line(course, line[a], s[a] + start_s, half_step)

    for n in range(steps):
        now = n * dt - before_s
        # Everybody acts on what was true at the beginning of the step.
        s0, d0, v0 = s.copy(), d.copy(), v.copy()
        for a in range(agents):
            m = mode[a]
            if m == Mode.WAIT:
                if now >= plan.reaction[a]:
                    mode[a] = Mode.RACE
                    since[a] = now
                continue
            if m >= Mode.FALL and m <= Mode.RISE:
                _fallen_step(a, ice, s, d, v, mode, since, lasts, course, start_s, now, dt)
                if mode[a] != m:
                    if mode[a] == Mode.LYING:
                        lasts[a] = 0.3 + 1.6 * plan.uniforms[a, used[a] % plan.uniforms.shape[1]]
                        used[a] += 1
                    elif mode[a] == Mode.RACE:
                        offset[a] = d[a] - _line(course, line[a], s[a] + start_s, half_step)
                        offset_v[a] = 0.0
                        if not plan.rejoin[a]:
                            mode[a] = Mode.OUT
                        logged = _note(log, logged, n, Happened.UP if plan.rejoin[a] else Happened.RETIRED, a, -1, -1)
                continue
            if m == Mode.OUT:
                v[a] = 0.0
                if d[a] < 5.2:
                    d[a] += min(1.0, now - since[a]) * dt
                continue
            if m == Mode.IDLE:
                continue  # below, when the racers have moved

            t = plan.team[a]
            crossed = 0
            if s[a] >= plan.first_crossing:
                crossed = min(laps - 1, 1 + int((s[a] - plan.first_crossing) / course.lap))
            own = _line(course, line[a], s[a] + start_s, half_step)
            local = (s[a] + start_s - course.shift) % (0.5 * course.lap)
            # 0 <= local: metres since the middle of the straight; the apex is at a quarter of the lap.
            in_corner = course.half < local < 0.5 * course.lap - course.half

            # orders that are due
            for o in range(len(plan.orders)):
                if done[o] != 0 or int(plan.orders[o, 1]) != t or racer[t] != a or m != Mode.RACE:
                    continue
                kind = int(plan.orders[o, 0])
                if kind == Order.TAKEN:
                    other = racer[int(plan.orders[o, 2])]
                    if mode[other] == Mode.FALL or mode[other] == Mode.SLIDE:
                        ahead = _wrap(s0[other] - s[a], course.lap)
                        late = now - since[other]
                        if late > 1.0:
                            done[o] = 2  # it came by
                        elif (abs(ahead) < 1.3 and late > 0.12) or (late > 0.7 and abs(ahead) < 7.0):
                            done[o] = 2
                            _fall(a, ice, s, d, v, mode, since, lasts, course, start_s, now, 0.55 * (own - d[a]))
                            logged = _note(log, logged, n, Happened.FELL, a, other, o)
                    continue
                if s[a] < plan.orders[o, 3] or finished[a] < np.inf:
                    continue
                if kind == Order.SLIP:
                    done[o] = 2
                    _fall(a, ice, s, d, v, mode, since, lasts, course, start_s, now, 0.0)
                    logged = _note(log, logged, n, Happened.FELL, a, -1, o)
                elif kind == Order.OFF_TRACK:
                    if course.half - 2.0 < local < course.half + 4.0:
                        done[o] = 2
                        cut_until[a] = now + 1.3
                        logged = _note(log, logged, n, Happened.OFF_TRACK, a, -1, o)
                elif kind == Order.KICK_OUT:
                    if s[a] > plan.finish - 2.5:
                        done[o] = 2
                        logged = _note(log, logged, n, Happened.KICK_OUT, a, _beside(a, s0, mode, course.lap), o)
                elif kind == Order.SLOW:
                    done[o] = 2
                    slow_until[a] = now + 6.0
                    logged = _note(log, logged, n, Happened.SLOW, a, -1, o)
                elif rival[a] < 0:
                    if plan.orders[o, 2] >= 0:
                        ahead_a = racer[int(plan.orders[o, 2])]
                    else:
                        ahead_a = _next_ahead(a, s0, mode, course.lap, 4.0)
                    near = False
                    if ahead_a >= 0 and mode[ahead_a] == Mode.RACE and rival[ahead_a] != a:
                        ahead = _wrap(s0[ahead_a] - s[a], course.lap)
                        near = 0.0 < ahead < 6.0
                    if near and (kind != Order.LATE_PASS or course.half - 7.0 < local < course.half - 3.0):
                        done[o] = 1
                        rival[a], attack_t[a], order_of[a] = ahead_a, now, o
                        side[a] = plan.orders[o, 5]
                        if kind == Order.CUT_IN or kind == Order.SPRINT:
                            side[a] = 1.0
                        elif kind != Order.ATTACK:
                            side[a] = -1.0
            if mode[a] == Mode.FALL:
                continue

            # attacks of its own
            apex = 0.25 * course.lap
            if (
                rival[a] < 0
                and m == Mode.RACE
                and finished[a] == np.inf
                and s[a] > 0.4 * course.lap
                and local >= apex
                and local - v[a] * dt < apex
            ):
                close = _next_ahead(a, s0, mode, course.lap, 4.5)
                if close >= 0 and rival[close] < 0 and mode[close] == Mode.RACE and finished[close] == np.inf:
                    draw = plan.uniforms[a, used[a] % plan.uniforms.shape[1]]
                    which = plan.uniforms[a, (used[a] + 1) % plan.uniforms.shape[1]]
                    used[a] += 2
                    faster = max(0.0, plan.free[a, crossed] - v0[close])
                    if draw < plan.ambition[a, crossed] * (1.0 + 3.0 * faster):
                        rival[a], attack_t[a], order_of[a] = close, now, -1
                        side[a] = -1.0 if which < 0.5 else 1.0

            # how fast
            wanted = plan.free[a, crossed]
            cap = plan.cap[a, crossed]
            if finished[a] < np.inf:
                wanted = max(5.0, plan.free[a, laps - 1] - 0.9 * (now - finished[a]))
                cap = plan.free[a, laps - 1]
            if leg[t] < len(plan.touch_s) and m == Mode.RACE and s[a] > plan.touch_s[leg[t]] + 4.0:
                wanted, cap = 0.8 * wanted, 0.8 * wanted  # the hand-over is late: wait for the one in front
            if now < slow_until[a]:
                wanted, cap = 0.6 * wanted, 0.6 * wanted
            draft = _next_ahead(a, s0, mode, course.lap, 14.0)
            if draft < 0 or rival[a] >= 0:
                line[a] += (plan.line[a] - line[a]) * dt / 2.5
            if draft >= 0 and finished[a] == np.inf and rival[a] < 0:
                ahead = _wrap(s0[draft] - s[a], course.lap)
                hold = min(cap, v0[draft] + 0.5 * (ahead - plan.gap[a]))
                behind = ahead < 5.0 and (abs(d0[draft] - d[a]) < 1.0 or s[a] > 0.4 * course.lap)
                if ahead < 6.0:  # in single file the line is that of the one ahead, or nearly
                    line[a] += (0.85 * line[draft] + 0.15 * plan.line[a] - line[a]) * dt / 1.2
                wanted = hold if behind else max(wanted, hold)
            j = rival[a]
            if j >= 0:
                ahead = _wrap(s0[j] - s[a], course.lap)
                kind = -1
                if order_of[a] >= 0:
                    kind = int(plan.orders[order_of[a], 0])
                # Outside the way is longer: it takes more to get past.
                more = 1.25 if side[a] < 0 else 1.9
                wanted = min(v0[j] + more, cap + (1.2 if kind >= 0 or side[a] > 0 else 0.6))
                if kind == Order.SHOVE:
                    wanted = v0[j] + 1.0
                elif kind == Order.SPRINT:
                    left = max(0.3, (plan.finish - s0[j]) / max(6.0, v0[j]))
                    wanted = min(cap + 1.5, v0[j] + min(3.0, max(-1.0, ahead / left)))
                elif kind == Order.CUT_IN and ahead < -0.1:
                    wanted = v0[j] + 0.2
                elif kind == Order.DRIFT_OUT and ahead < 0.5:
                    wanted = v0[j] + 0.1
                long = 9.0 if kind >= 0 or side[a] > 0 else 5.0
                lost = mode[j] != Mode.RACE
                if ahead < -1.7 or lost or (now - attack_t[a] > long and ahead > 0.0):
                    if order_of[a] >= 0:
                        done[order_of[a]] = 2
                    if not lost and -1.7 <= ahead < 1.4:
                        backing[a] = j
                    rival[a], order_of[a], strikes[a] = -1, -1, 0.0
                elif kind < 0 and side[a] < 0 and ahead > 1.2 and course.half - 1.0 < local < course.half + 1.0:
                    rival[a] = -1  # not level before the corner: no way through
            if backing[a] >= 0:
                b = backing[a]
                ahead = _wrap(s0[b] - s[a], course.lap)
                if ahead > 1.6 or ahead < -1.6 or mode[b] != Mode.RACE:
                    backing[a] = -1
                else:
                    wanted = min(wanted, v0[b] - 0.9) if ahead > -0.5 else max(wanted, v0[b] + 0.5)

            # where on the ice
            target = own
            if finished[a] < np.inf:
                target = own + min(1.5, 0.5 * (now - finished[a]))
            if rival[a] >= 0:
                apart = CLEAR_M
                if order_of[a] >= 0:
                    kind = int(plan.orders[order_of[a], 0])
                    ahead = _wrap(s0[rival[a]] - s[a], course.lap)
                    if strikes[a] == 0.0:
                        level = (
                            (kind == Order.CUT_IN and ahead < -0.1)
                            or (kind == Order.DRIFT_OUT and ahead < 0.5)
                            or (kind == Order.LATE_PASS and (in_corner or ahead < 1.0))
                            or (kind == Order.SHOVE and ahead < 2.0)
                        )
                        if level:
                            strikes[a] = 1.0
                    if strikes[a] > 0:
                        apart = 0.1
                    if kind == Order.LATE_PASS:
                        apart = min(apart, 0.6)
                if order_of[a] >= 0 and int(plan.orders[order_of[a], 0]) == Order.SHOVE:
                    target = d0[rival[a]]
                else:
                    target = d0[rival[a]] + side[a] * apart
                    if strikes[a] == 0.0 and side[a] < 0:
                        target = min(target, own)
            floor = -0.12 if in_corner else -0.3
            if now < cut_until[a]:
                target, floor = -1.1, -1.2
            for b in range(agents):
                if b == a or mode[b] == Mode.OUT:
                    continue
                if mode[b] == Mode.IDLE and (d0[b] < -1.3 or plan.team[b] == t):
                    continue
                ahead = _wrap(s0[b] - s[a], course.lap)
                if abs(ahead) > 2.2:
                    continue
                down = mode[b] >= Mode.FALL and mode[b] <= Mode.RISE
                striking = (rival[a] == b and strikes[a] > 0) or (rival[b] == a and strikes[b] > 0)
                across = d0[b] - d[a]
                if not striking and m != Mode.PUSHED:
                    outer = across < 0 or (across == 0 and a > b)
                    if rival[a] == b:
                        outer = side[a] > 0
                    elif rival[b] == a:
                        outer = side[b] < 0
                    if down:
                        outer = False
                    room = CLEAR_M * min(1.0, max(0.0, (1.6 - abs(ahead)) / 0.4))
                    if m == Mode.PUSHING and plan.team[b] == t:
                        room = 0.0
                    # A passer that is still behind does not push the one ahead aside.
                    if outer and room > 0 and not (rival[b] == a and ahead < -1.3):
                        target = max(target, d0[b] + room)
                    elif not down and not outer and abs(ahead) < 1.2 and across > 0:
                        target = min(target, d0[b] - 0.8)
                    elif down and room > 0 and across > -0.5:
                        target = min(target, d0[b] - 1.3)
                if abs(across) < 0.75 and ahead > 0 and not striking and not (m == Mode.PUSHED or m == Mode.PUSHING):
                    keep = 1.3
                    if ahead < keep:
                        wanted = min(wanted, v0[b] - min(1.2, 1.6 * (keep - ahead)))
                    elif mode[b] != Mode.IDLE:
                        wanted = min(wanted, v0[b] + 1.3 * (ahead - keep) + 0.3)
            target = min(max(target, floor), WIDEST_M)

            # contact
            if rival[a] >= 0 and strikes[a] > 0:
                j = rival[a]
                ahead = _wrap(s0[j] - s[a], course.lap)
                if (ahead / BODY_LENGTH_M) ** 2 + ((d0[j] - d[a]) / BODY_WIDTH_M) ** 2 < 1.0:
                    o = order_of[a]
                    outcome = int(plan.orders[o, 4])
                    logged = _note(log, logged, n, Happened.CONTACT, a, j, o)
                    done[o] = 2
                    outwards = 1.0 if d0[j] >= d[a] else -1.0
                    rival[a], order_of[a], strikes[a] = -1, -1, 0.0
                    offset_v[j] += 1.6 * outwards
                    offset_v[a] -= 0.9 * outwards
                    if outcome & 1:
                        _fall(j, ice, s, d, v, mode, since, lasts, course, start_s, now, 0.9 * outwards)
                        logged = _note(log, logged, n, Happened.FELL, j, a, o)
                    else:
                        slow_until[j] = max(slow_until[j], now + 0.45)
                    if outcome & 2:
                        _fall(a, ice, s, d, v, mode, since, lasts, course, start_s, now, -0.5 * outwards)
                        logged = _note(log, logged, n, Happened.FELL, a, j, o)
                        continue
                    slow_until[a] = max(slow_until[a], now + 0.15)
                    backing[a] = j

            # move
            push = (wanted - v[a]) / 0.45
            strongest = 1.8
            if s[a] < plan.first_crossing and crossed == 0:
                strongest = (1.04 * plan.top[a] - v[a]) / plan.tau[a]
            elif v[a] < 0.85 * plan.top[a]:
                strongest = max(1.8, (1.04 * plan.top[a] - v[a]) / plan.tau[a])
            push = min(push, max(0.0, strongest), 8.0 * max(0.0, now - plan.reaction[a]) + 1.0)
            if m == Mode.PUSHED:
                push = 3.4 if v[a] < 1.06 * plan.free[a, crossed] else 0.0
            elif m == Mode.PUSHING:
                push = -3.2
            v[a] = max(0.0, v[a] + max(push, -4.5) * dt)
            slope = _slope(course, line[a], s[a] + start_s, half_step)
            target_v[a] += (min(5.0, max(-5.0, (target - target_d[a]) / dt)) - target_v[a]) * 0.15
            target_d[a] = target
            pull = 18.0 * (target - d[a]) - 8.5 * (offset_v[a] + slope * v[a] - target_v[a])
            hardest = 10.0 if in_corner else 6.5
            offset_v[a] += min(hardest, max(-hardest, pull)) * dt
            limit = 0.05 + 0.35 * v[a]
            offset_v[a] = min(limit, max(-limit, offset_v[a]))
            offset[a] += offset_v[a] * dt
            s[a] += _along(v[a] * dt, local, d[a], slope, course)
            d[a] = _line(course, line[a], s[a] + start_s, half_step) + offset[a]
            if finished[a] == np.inf and s[a] >= plan.finish:
                finished[a] = now

        # relay: who takes over
        for t in range(teams):
            if len(plan.touch_s) == 0:
                break
            a = racer[t]
            size = 0
            for b in range(agents):
                if plan.team[b] == t:
                    size += 1
            if leg[t] >= len(plan.touch_s):
                follower = -1
            else:
                follower = -1
                for b in range(agents):
                    if plan.team[b] == t and plan.turn[b] == (leg[t] + 1) % size:
                        follower = b
            for b in range(agents):
                if plan.team[b] != t or mode[b] != Mode.IDLE:
                    continue
                order = (plan.turn[b] - leg[t]) % size
                legs_on = order if order > 0 else size
                goal = np.nan
                if leg[t] + legs_on - 1 < len(plan.touch_s):
                    goal = plan.touch_s[leg[t] + legs_on - 1]
                speed, lane = 3.2, plan.lane[b]
                bend = 1.0 + (d[b] / course.radius if _corner(s[b] + start_s, course) else 0.0)
                if not np.isnan(goal):
                    pace = max(6.0, v[a] / 1.04) if mode[a] == Mode.RACE else 9.0
                    left = (goal - s[a]) / pace
                    left = max(left, 0.0)
                    fade = np.exp(-left / 2.0)
                    # Where to be now so as to arrive with the racer, rolling at 10.5 m/s.
                    roll = 3.6
                    due = goal + 1.0 - (roll * left + (10.5 - roll) * 2.0 * (1.0 - fade))
                    miss = _wrap(due - s[b], course.lap)
                    speed = roll + (10.5 - roll) * fade + min(2.5, max(-2.4, miss * (0.12 + 1.2 * fade)))
                    if b == follower and left < 2.8 and mode[a] == Mode.RACE:
                        x = min(1.0, 1.0 - (left - 0.5) / 2.3)
                        lane = lane + (d[a] - lane) * x * x * (3 - 2 * x)
                    if b == follower and left < 1.3 and mode[a] == Mode.RACE:
                        # In front of its racer, letting it come up to the hands.
                        pace = v[a] / (1.0 + (d[a] / course.radius if _corner(s[a] + start_s, course) else 0.0))
                        miss = _wrap(s[a] + 0.9 + 2.4 * max(0.0, left - 0.2) - s[b], course.lap)
                        speed = pace - (2.4 if left > 0.2 else 0.8) + min(4.0, max(-5.0, 2.0 * miss))
                v[b] += min(4.5, max(-4.0, (speed * max(0.3, bend) - v[b]) / 0.4)) * dt
                v[b] = min(max(0.3, v[b]), 14.0)
                pull = 7.0 * (lane - d[b]) - 5.0 * offset_v[b]
                if b == follower and goal - s[a] < 20.0:
                    pull = 16.0 * (lane - d[b]) - 7.0 * offset_v[b]
                offset_v[b] += min(7.0, max(-7.0, pull)) * dt
                d[b] += offset_v[b] * dt
                s[b] += _along(
                    v[b] * dt, (s[b] + start_s - course.shift) % (0.5 * course.lap), max(d[b], -6.0), 0.0, course
                )
            if pusher[t] >= 0:
                b = pusher[t]
                if now - since[a] > 0.75:
                    mode[b], since[b] = Mode.IDLE, now
                    offset_v[b] = 0.0
                    mode[a], since[a] = Mode.RACE, now
                    pusher[t] = -1
            elif follower >= 0 and mode[a] == Mode.RACE and mode[follower] == Mode.IDLE and finished[a] == np.inf:
                b = follower
                ahead = _wrap(s[b] - s[a], course.lap)
                if s[a] > plan.touch_s[leg[t]] - 6.0 and -0.2 < ahead < 1.05 and abs(d[b] - d[a]) < 0.8:
                    s[b] = s[a] + ahead
                    mode[a], mode[b] = Mode.PUSHING, Mode.PUSHED
                    since[a], since[b] = now, now
                    offset[b] = d[b] - _line(course, line[b], s[b] + start_s, half_step)
                    rival[a], rival[b], backing[a], backing[b] = -1, -1, -1, -1
                    offset_v[b] = offset_v[a]
                    pusher[t], racer[t] = a, b
                    leg[t] += 1
                    logged = _note(log, logged, n, Happened.TOUCH, b, a, -1)

        for a in range(agents):
            s_out[a, n], d_out[a, n], mode_out[a, n] = s[a], d[a], mode[a]
            if lasts[a] > 0:
                phase_out[a, n] = min(1.0, (now - since[a]) / lasts[a])
            if mode[a] == Mode.PUSHED or mode[a] == Mode.PUSHING:
                phase_out[a, n] = min(1.0, (now - since[a]) / 0.75)
        for t in range(teams):
            racer_out[t, n] = racer[t]
        home = True
        latest = 0.0
        for t in range(teams):
            a = racer[t]
            if mode[a] != Mode.OUT and finished[a] == np.inf:
                home = False
            if finished[a] < np.inf:
                latest = max(latest, finished[a])
        if home and now > latest + 14.0:
            steps = n + 1
            break
    return (
        s_out[:, :steps],
        d_out[:, :steps],
        mode_out[:, :steps],
        phase_out[:, :steps],
        racer_out[:, :steps],
        log[:logged],
    )


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _note(log: Ints, logged: int, n: int, kind: int, actor: int, other: int, order: int) -> int:
    if logged == len(log):
        raise ValueError("more happened than the log holds")
    log[logged, 0], log[logged, 1], log[logged, 2], log[logged, 3], log[logged, 4] = n, kind, actor, other, order
    return logged + 1


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _wrap(difference: float, lap: float) -> float:
    return (difference + 0.5 * lap) % lap - 0.5 * lap


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _along(path: float, local: float, d: float, slope: float, course: Course) -> float:
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


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _corner(u: float, course: Course) -> bool:
    local = (u - course.shift) % (0.5 * course.lap)
    return course.half < local < 0.5 * course.lap - course.half


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _line(course: Course, blend: float, u: float, half_step: float) -> float:
    """d of the racing line; half_step: samples a metre."""
    at = ((u - course.shift) % (0.5 * course.lap)) * half_step
    count = course.line_d.shape[1]
    k = int(at)
    part = at - k
    k, after = k % count, (k + 1) % count
    inner = course.line_d[0, k] * (1 - part) + course.line_d[0, after] * part
    outer = course.line_d[1, k] * (1 - part) + course.line_d[1, after] * part
    return float(inner * (1 - blend) + outer * blend)


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _slope(course: Course, blend: float, u: float, half_step: float) -> float:
    return _line(course, blend, u + 0.5, half_step) - _line(course, blend, u - 0.5, half_step)


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _next_ahead(a: int, s: Floats, mode: Ints, lap: float, within: float) -> int:
    best, nearest = -1, within
    for b in range(len(s)):
        if b != a and (mode[b] == Mode.RACE or mode[b] == Mode.PUSHED):
            ahead = _wrap(s[b] - s[a], lap)
            if 0 < ahead < nearest:
                best, nearest = b, ahead
    return best


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _beside(a: int, s: Floats, mode: Ints, lap: float) -> int:
    best, nearest = -1, 2.5
    for b in range(len(s)):
        apart = abs(_wrap(s[b] - s[a], lap))
        if b != a and mode[b] == Mode.RACE and apart < nearest:
            best, nearest = b, apart
    return best


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _fall(
    a: int,
    ice: Floats,
    s: Floats,
    d: Floats,
    v: Floats,
    mode: Ints,
    since: Floats,
    lasts: Floats,
    course: Course,
    start_s: float,
    now: float,
    sideways: float,
) -> None:
    """Let go of the corner: from now on straight on over the ice, ``sideways`` m/s outwards besides."""
    here = np.empty((2, 2))
    here[0] = s[a] + start_s, d[a]
    here[1] = s[a] + start_s + 0.01, d[a]
    xy = track_to_ice(here, course.half, course.radius, course.shift)
    length = np.hypot(xy[1, 0] - xy[0, 0], xy[1, 1] - xy[0, 1])
    ux, uy = (xy[1, 0] - xy[0, 0]) / length, (xy[1, 1] - xy[0, 1]) / length
    ice[a, 0], ice[a, 1] = xy[0, 0], xy[0, 1]
    ice[a, 2], ice[a, 3] = v[a] * ux + sideways * uy, v[a] * uy - sideways * ux
    mode[a], since[a], lasts[a] = Mode.FALL, now, 0.45


@njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _fallen_step(
    a: int,
    ice: Floats,
    s: Floats,
    d: Floats,
    v: Floats,
    mode: Ints,
    since: Floats,
    lasts: Floats,
    course: Course,
    start_s: float,
    now: float,
    dt: float,
) -> None:
    """Slide on with friction until the mats, which give way like a damped spring; then lie, kneel and rise."""
    if mode[a] >= Mode.LYING:
        v[a] = 0.0
        if now - since[a] >= lasts[a]:
            since[a] = now
            if mode[a] == Mode.LYING:
                mode[a], lasts[a] = Mode.KNEEL, 0.8
            elif mode[a] == Mode.KNEEL:
                mode[a], lasts[a] = Mode.RISE, 0.9
            else:
                mode[a], lasts[a] = Mode.RACE, 0.0
        return
    speed = np.hypot(ice[a, 2], ice[a, 3])
    drag = 2.5 if mode[a] == Mode.FALL else 1.8
    ax, ay = -drag * ice[a, 2] / max(speed, 0.1), -drag * ice[a, 3] / max(speed, 0.1)
    # How far into the mats: outside the rectangle with round corners, half a metre of body before them.
    cx = course.ice_half_length - course.ice_corner
    cy = course.ice_half_width - course.ice_corner
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
        normal = ice[a, 2] * nx + ice[a, 3] * ny
        force = max(0.0, 160.0 * into + 22.0 * normal)
        ax -= force * nx + 2.5 * ice[a, 2]
        ay -= force * ny + 2.5 * ice[a, 3]
    ice[a, 2] += ax * dt
    ice[a, 3] += ay * dt
    ice[a, 0] += ice[a, 2] * dt
    ice[a, 1] += ice[a, 3] * dt
    here = np.empty((1, 2))
    here[0] = ice[a, 0], ice[a, 1]
    track = ice_to_track(here, course.half, course.radius, course.shift)
    s[a] += _wrap(track[0, 0] - start_s - s[a], course.lap)
    d[a] = track[0, 1]
    v[a] = np.hypot(ice[a, 2], ice[a, 3])
    if mode[a] == Mode.FALL:
        if now - since[a] >= lasts[a]:
            mode[a], since[a], lasts[a] = Mode.SLIDE, now, max(0.5, v[a] / 6.0)
    elif v[a] < 0.35:
        mode[a], since[a] = Mode.LYING, now
        lasts[a] = 1.0
