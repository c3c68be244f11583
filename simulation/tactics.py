"""What a racer decides at each step: whether to attack, how fast to go, where to steer, and what a contact does."""

import numpy as np
from numba import njit

from simulation.fall import fall
from simulation.motion import RATE_HZ
from simulation.state import (
    BODY_LENGTH_M,
    BODY_WIDTH_M,
    CLEAR_M,
    INNER,
    NOBODY,
    OVER,
    UNDER_WAY,
    WAITING,
    WIDEST_M,
    Course,
    Errand,
    Happened,
    Mode,
    Order,
    Plan,
    State,
    ahead_of,
    draw,
    is_corner,
    laps_behind,
    next_ahead,
    note,
)

_DT = 1.0 / RATE_HZ
SLOWEST_BACKING = 0.75
"""Of the speed that a racer would have alone: nobody slows down more to let another go."""
OUT_OF_REACH_M = 4.0
"""Who is so far behind on the last lap catches nobody."""
SWERVES_M = 1.8
"""Out of its lane, who is pushed off and does not hold it."""
CLOSES_UP_M = 1.6
"""So much closer to the one ahead is who skates a relay's last leg: no exchange has to find room any more."""
GIVES_WAY_D = 3.4
"""Where a lapped racer goes to let the others by."""


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def obey(plan: Plan, state: State, course: Course, a: int, n: int, now: float, local: float, own: float) -> None:
    """Begin what is ordered of this racer and due now."""
    team = plan.team[a]
    for o in range(len(plan.orders)):
        if int(plan.orders[o, 1]) != team or state.mode[a] != Mode.RACE:
            continue
        if state.done[o] == UNDER_WAY and plan.orders[o, 6] > 0 and state.rival[a] == NOBODY:
            state.done[o] = WAITING  # nothing came of it
        if state.done[o] != WAITING:
            continue
        kind = int(plan.orders[o, 0])
        if kind >= Order.MISS_TOUCH:
            continue  # the team's, see handover and errand
        if kind == Order.TAKEN:
            _be_taken(plan, state, course, a, o, n, now, own)
            continue
        if state.s[a] < plan.orders[o, 3] or state.finished[a] < np.inf:
            continue
        if kind == Order.SLIP:
            state.done[o] = OVER
            fall(state, course, a, now, 0.0)
            note(state, n, Happened.FELL, a, NOBODY, o)
        elif kind == Order.OFF_TRACK:
            if course.half - 2.0 < local < course.half + 4.0:
                state.done[o], state.cut_until[a] = OVER, now + 1.3
                note(state, n, Happened.OFF_TRACK, a, NOBODY, o)
        elif kind == Order.KICK_OUT:
            if state.s[a] > plan.finish - 2.5:
                state.done[o] = OVER
                note(state, n, Happened.KICK_OUT, a, _beside(state, course, a), o)
        elif kind == Order.SLOW:
            state.done[o], state.slow_until[a] = OVER, now + 6.0
            note(state, n, Happened.SLOW, a, NOBODY, o)
        elif state.rival[a] == NOBODY:
            _begin_ordered_attack(plan, state, course, a, o, now, local)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _be_taken(plan: Plan, state: State, course: Course, a: int, o: int, n: int, now: float, own: float) -> None:
    """Go down with somebody sliding in the way, or let it come by."""
    other = state.racer[int(plan.orders[o, 2])]
    if state.mode[other] != Mode.FALL and state.mode[other] != Mode.SLIDE:
        return
    ahead, late = abs(ahead_of(state, course, a, other)), now - state.since[other]
    if late > 1.0:
        state.done[o] = OVER
    elif (ahead < 1.3 and late > 0.12) or (late > 0.7 and ahead < 7.0):
        state.done[o] = OVER
        fall(state, course, a, now, 0.55 * (own - state.d[a]))
        note(state, n, Happened.FELL, a, other, o)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _begin_ordered_attack(plan: Plan, state: State, course: Course, a: int, o: int, now: float, local: float) -> None:
    kind = int(plan.orders[o, 0])
    named = int(plan.orders[o, 2])
    other = state.racer[named] if named >= 0 else next_ahead(state, course, a, 4.0)
    if other == NOBODY or state.mode[other] != Mode.RACE or state.rival[other] == a:
        return
    if not 0.0 < ahead_of(state, course, a, other) < 6.0:
        return
    if kind == Order.LATE_PASS and not course.half - 7.0 < local < course.half - 3.0:
        return
    state.done[o] = UNDER_WAY
    state.rival[a], state.attack_t[a], state.order[a] = other, now, o
    if plan.orders[o, 6] > 0:
        state.striking[a] = False  # of an earlier try that an exchange cut short
    if kind == Order.ATTACK:
        state.side[a] = plan.orders[o, 5]
    else:
        state.side[a] = 1.0 if kind == Order.CUT_IN or kind == Order.SPRINT else -1.0


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def attack_if_bold(plan: Plan, state: State, course: Course, a: int, now: float, local: float, lap: int) -> None:
    """At each apex, close behind somebody: attack on the coming straight, the likelier the faster one could be."""
    apex = 0.25 * course.lap
    if state.rival[a] != NOBODY or state.mode[a] != Mode.RACE or state.finished[a] < np.inf:
        return
    if state.s[a] < 0.4 * course.lap or not local - state.v[a] * _DT < apex <= local:
        return
    other = next_ahead(state, course, a, 4.5)
    if other == NOBODY or state.rival[other] != NOBODY or laps_behind(state, course, a, other):
        return
    if state.mode[other] != Mode.RACE or state.finished[other] < np.inf:
        return
    bold, which = draw(plan, state, a), draw(plan, state, a)
    faster = max(0.0, plan.free[a, lap] - state.v0[other])
    if bold < plan.ambition[a, lap] * (1.0 + 3.0 * faster):
        state.rival[a], state.attack_t[a], state.order[a] = other, now, NOBODY
        state.side[a] = -1.0 if which < 0.5 else 1.0


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def wanted_speed(plan: Plan, state: State, course: Course, a: int, now: float, local: float, lap: int) -> float:
    """By the plan, by the one ahead whose draft is held, by the attack or the retreat under way."""
    team, v0 = plan.team[a], state.v0
    wanted, cap = plan.free[a, lap], plan.cap[a, lap]
    if state.finished[a] < np.inf:
        cap = plan.free[a, -1]
        wanted = max(5.0, cap - 0.9 * (now - state.finished[a]))
    leg = state.leg[team]
    if leg < plan.touch_s.shape[1] and state.mode[a] == Mode.RACE and state.s[a] > plan.touch_s[team, leg] + 4.0:
        wanted, cap = 0.8 * wanted, 0.8 * wanted  # the hand-over is late: wait for the one in front
    if now < state.slow_until[a]:
        wanted, cap = 0.6 * wanted, 0.6 * wanted
    draft = next_ahead(state, course, a, 14.0)
    if state.s[a] > plan.finish - 1.1 * course.lap and _is_beaten(state, a):
        wanted *= 1.0 - plan.eases[a]
    if draft == NOBODY or state.rival[a] != NOBODY:
        state.line[a] += (plan.line[a] - state.line[a]) * _DT / 2.5
    elif state.finished[a] == np.inf:
        ahead = ahead_of(state, course, a, draft)
        last_leg = 0 < plan.touch_s.shape[1] == leg
        gap = plan.gap[a] - (CLOSES_UP_M if last_leg else 0.0)
        hold = min(cap, v0[draft] + 0.5 * (ahead - gap))
        in_file = abs(state.d0[draft] - state.d[a]) < 1.0 or state.s[a] > 0.4 * course.lap
        if ahead < 6.0:  # in single file the line is that of the one ahead, or nearly
            state.line[a] += (0.85 * state.line[draft] + 0.15 * plan.line[a] - state.line[a]) * _DT / 1.2
        wanted = hold if ahead < 5.0 and in_file else max(wanted, hold)
    if state.rival[a] != NOBODY:
        wanted = _attack_speed(plan, state, course, a, now, local, cap)
    b = state.backing[a]
    if b != NOBODY:
        ahead = ahead_of(state, course, a, b)
        # Those who would each let the other go, two or in a ring, would stop each other: who is slow by now races on.
        slowed = v0[a] < SLOWEST_BACKING * plan.free[a, lap]
        if abs(ahead) > 1.6 or state.mode[b] != Mode.RACE or slowed:
            state.backing[a] = NOBODY
        else:
            wanted = min(wanted, v0[b] - 0.9) if ahead > -0.5 else max(wanted, v0[b] + 0.5)
    return float(wanted)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _is_beaten(state: State, a: int) -> bool:
    """At least two are ahead on the last lap, and the nearest is too far away to be caught."""
    ahead, nearest = 0, np.inf
    for b in state.racer:
        if b != a and state.mode[b] != Mode.OUT and state.s0[b] > state.s[a]:
            ahead += 1
            nearest = min(nearest, state.s0[b] - state.s[a])
    return bool(ahead >= 2 and nearest > OUT_OF_REACH_M)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _attack_speed(plan: Plan, state: State, course: Course, a: int, now: float, local: float, cap: float) -> float:
    """Speed of a pass; ends it when it is done, has lasted too long, or came too late before the corner."""
    j, o, side = state.rival[a], state.order[a], state.side[a]
    ahead, pace = ahead_of(state, course, a, j), state.v0[j]
    kind = int(plan.orders[o, 0]) if o != NOBODY else -1
    if kind == Order.SHOVE:
        wanted = pace + 1.0
    elif kind == Order.SPRINT:
        left = max(0.3, (plan.finish - state.s0[j]) / max(6.0, pace))
        beyond = 0.8 * plan.orders[o, 6]  # who insists wants to be in front
        wanted = min(cap + 1.5, pace + min(3.0, max(-1.0, (ahead + beyond) / left)))
    elif kind == Order.CUT_IN and ahead < -0.1:
        wanted = pace + 0.2
    elif kind == Order.DRIFT_OUT and ahead < 0.5:
        wanted = pace + 0.1
    else:
        # Outside the way is longer: it takes more to get past.
        more = 1.25 if side < 0 else 1.9
        wanted = min(pace + more, cap + (1.2 if kind >= 0 or side > 0 else 0.6))
    lasts_s = 9.0 if kind >= 0 or side > 0 else 5.0
    lost = state.mode[j] != Mode.RACE
    if ahead < -1.7 or lost or (now - state.attack_t[a] > lasts_s and ahead > 0.0):
        if o != NOBODY and plan.orders[o, 6] == 0:
            state.done[o] = OVER
        if not lost and -1.7 <= ahead < 1.4:
            state.backing[a] = j
        state.rival[a], state.order[a], state.striking[a] = NOBODY, NOBODY, False
    elif kind < 0 and side < 0 and ahead > 1.2 and course.half - 1.0 < local < course.half + 1.0:
        state.rival[a] = NOBODY  # not level before the corner: no way through
    return float(wanted)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def steer(
    plan: Plan, state: State, course: Course, a: int, now: float, local: float, own: float, wanted: float
) -> tuple[float, float]:
    """(d to steer for, speed): past the rival, clear of everybody else, not into the back of somebody."""
    team, d, d0 = plan.team[a], state.d[a], state.d0
    pushing, pushed = state.mode[a] == Mode.PUSHING, state.mode[a] == Mode.PUSHED
    in_corner = is_corner(local, course)
    target = own
    if state.finished[a] < np.inf:
        target = own + min(1.5, 0.5 * (now - state.finished[a]))
    if state.rival[a] != NOBODY:
        target = _beside_rival(plan, state, course, a, own, in_corner)
    if state.errand[a] == Errand.SWERVE:
        target = own + SWERVES_M
    if _is_being_lapped(state, course, a):
        target, wanted = max(own, GIVES_WAY_D), 0.93 * wanted
    floor = -0.12 if in_corner else -0.3
    if now < state.cut_until[a]:
        target, floor = -1.1, -1.2
    for b in range(len(state.s)):
        if b == a or state.mode[b] == Mode.OUT:
            continue
        if state.mode[b] == Mode.IDLE and (d0[b] < -1.3 or plan.team[b] == team):
            continue
        ahead, across = ahead_of(state, course, a, b), d0[b] - d
        if state.errand[b] >= Errand.BLOCK and 0.0 < ahead < 9.0 and abs(across) < 1.3:
            # Somebody slow on the track who does not race: round it, and off the gas.
            target, wanted = max(target, d0[b] + 1.15), min(wanted, 0.7 * state.v0[a] + 1.0)
        if state.finished[b] < np.inf and state.finished[a] == np.inf and 0.0 < ahead < 9.0 and abs(across) < 1.3:
            target = min(target, d0[b] - 1.15)  # who is home coasts further out
        if abs(ahead) > 2.2:
            continue
        if (state.rival[a] == b and state.striking[a]) or (state.rival[b] == a and state.striking[b]):
            continue
        down = state.mode[b] >= Mode.FALL and state.mode[b] <= Mode.RISE
        if not pushed:
            outer = across < 0 or (across == 0 and a > b)
            if state.rival[a] == b:
                outer = state.side[a] > 0
            elif state.rival[b] == a:
                outer = state.side[b] < 0
            room = CLEAR_M * min(1.0, max(0.0, (1.6 - abs(ahead)) / 0.4))
            if pushing and plan.team[b] == team:
                room = 0.0
            if down:
                if room > 0 and across > -0.5:
                    target = min(target, d0[b] - 1.3)
            elif outer:
                # A passer that is still behind does not push the one ahead aside.
                if room > 0 and not (state.rival[b] == a and ahead < -1.3):
                    target = max(target, d0[b] + room)
            elif abs(ahead) < 1.2 and across > 0:
                target = min(target, d0[b] - 0.8)
        if abs(across) < 0.75 and ahead > 0 and not pushed and not pushing:
            if ahead < 1.3:
                wanted = min(wanted, state.v0[b] - min(1.2, 1.6 * (1.3 - ahead)))
            elif state.mode[b] != Mode.IDLE:
                wanted = min(wanted, state.v0[b] + 1.3 * (ahead - 1.3) + 0.3)
    return min(max(target, floor), WIDEST_M), wanted


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _is_being_lapped(state: State, course: Course, a: int) -> bool:
    """Somebody a lap ahead comes up from behind, or is alongside."""
    for b in state.racer:
        lapping = b != a and state.mode[b] == Mode.RACE and laps_behind(state, course, a, b)
        if lapping and -16.0 < ahead_of(state, course, a, b) < 1.5:
            return True
    return False


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _beside_rival(plan: Plan, state: State, course: Course, a: int, own: float, in_corner: bool) -> float:
    """The d of a pass; closer than is clear once an ordered contact can be made."""
    j, o, side = state.rival[a], state.order[a], state.side[a]
    kind, apart = -1, CLEAR_M
    if o != NOBODY:
        kind, ahead = int(plan.orders[o, 0]), ahead_of(state, course, a, j)
        if (
            (kind == Order.CUT_IN and ahead < -0.1)
            or (kind == Order.DRIFT_OUT and ahead < 0.5)
            or (kind == Order.LATE_PASS and (in_corner or ahead < 1.0))
            or (kind == Order.SHOVE and ahead < 2.0)
        ):
            state.striking[a] = True
        if kind == Order.LATE_PASS:
            apart = 0.6
        if state.striking[a]:
            apart = 0.1
    if kind == Order.SHOVE:
        return float(state.d0[j])
    target = state.d0[j] + side * apart
    if not state.striking[a] and side < 0:
        target = min(target, own)
    return float(target)


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def collide(plan: Plan, state: State, course: Course, a: int, n: int, now: float) -> None:
    """If the contact that was ordered is made now: push both apart, slow them, bring down who shall fall."""
    j, o = state.rival[a], state.order[a]
    if j == NOBODY or not state.striking[a]:
        return
    across = state.d0[j] - state.d[a]
    if (ahead_of(state, course, a, j) / BODY_LENGTH_M) ** 2 + (across / BODY_WIDTH_M) ** 2 >= 1.0:
        return
    outcome, outwards = int(plan.orders[o, 4]), 1.0 if across >= 0 else -1.0
    note(state, n, Happened.CONTACT, a, j, o)
    state.done[o] = OVER
    state.rival[a], state.order[a], state.striking[a] = NOBODY, NOBODY, False
    state.offset_v[j] += 1.6 * outwards
    state.offset_v[a] -= 0.9 * outwards
    if outcome & 1:
        fall(state, course, j, now, 0.9 * outwards)
        note(state, n, Happened.FELL, j, a, o)
    else:
        state.slow_until[j] = max(state.slow_until[j], now + 0.45)
    if outcome & 2:
        fall(state, course, a, now, -0.5 * outwards)
        note(state, n, Happened.FELL, a, j, o)
    else:
        state.slow_until[a] = max(state.slow_until[a], now + 0.15)
        state.backing[a] = j


@njit(**INNER)  # type: ignore[untyped-decorator,unused-ignore]
def _beside(state: State, course: Course, a: int) -> int:
    best, nearest = NOBODY, 2.5
    for b in range(len(state.s)):
        apart = abs(ahead_of(state, course, a, b))
        if b != a and state.mode[b] == Mode.RACE and apart < nearest:
            best, nearest = b, apart
    return best
