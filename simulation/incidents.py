"""Falls and infractions: drawn at the rates of real races, told in the words of ``race.json`` once they happened."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from race.events import LAP_M, RaceEvent
from race.formats import Code, Incident, IncidentKind
from race.rink import Rink
from simulation.draws import Draws
from simulation.motion import RATE_HZ
from simulation.scenario import RELAY_DO, Do, OrderSpec
from simulation.state import Happened, Order

Where = Literal["straight", "corner", "finish"]

# Of entries 8.6 % of men and 7.1 % of women fall, about a third of them alone.
FALLEN_SHARE = {"m": 0.086, "w": 0.071, "x": 0.078}
ALONE = 0.4
"""Of the falls that take nobody along, as a share of all occasions: 78 % of those drawn fall in a group, ..."""
COME_ABOUT = 0.72
"""... but so many falls happen: some racers never get near the one they would have gone down with."""
INFRACTIONS_PER_ENTRY = 0.05
_FAULTS: tuple[Do, ...] = ("cut_in", "drift_out", "late_pass", "shove", "off_track")
LAST_LAPS = 2
"""In these nobody may take over, except from a racer who fell."""

_KIND: dict[int, tuple[IncidentKind, str]] = {
    Order.CUT_IN: ("lane_change", "1"),
    Order.DRIFT_OUT: ("lane_change", "2"),
    Order.LATE_PASS: ("late_pass", "6"),
    Order.SHOVE: ("push", "5"),
}
# kind, code, what the actor's and the other's teams are
_RELAY: dict[int, tuple[IncidentKind, str, str, str]] = {
    Happened.INFIELD_BLOCK: ("infield_block", "R3", "blocking", "blocked"),
    Happened.EXTRA_SKATER: ("extra_skater", "R4", "extra skater", "obstructed"),
    Happened.ASSISTED: ("assistance", "ASS", "assisted", "assisted"),
    Happened.SWERVED: ("relay_exchange_fault", "R5", "lane change", "obstructed"),
    Happened.LEG_BLOCKED: ("relay_exchange_fault", "R6", "leg block", "obstructed"),
}


def draw_orders(event: RaceEvent, starters: int, draws: Draws) -> tuple[list[OrderSpec], set[int]]:
    """Falls and infractions of one race, and who (from 0) gives up after a fall."""
    orders: list[OrderSpec] = []
    size = 1 + (1 - ALONE) * 1.3
    occasions = FALLEN_SHARE[event.gender] * starters / size / COME_ABOUT
    for _ in range(3):
        if not draws.chance(occasions / 3):
            continue
        first = draws.integer(1, starters)
        others = [k for k in draws.shuffled(range(1, starters + 1)) if k != first]
        group = 0 if draws.chance(ALONE) else (2 if draws.chance(0.3) else 1)
        lap = draws.uniform(0.3, event.laps - 0.1)
        if group and draws.chance(0.5):
            what: Literal["late_pass", "cut_in", "drift_out"] = draws.pick(["late_pass", "cut_in", "drift_out"])
            falls: list[Literal["racer", "other"]] = ["racer", "other"]
            orders.append(OrderSpec(do=what, racer=first, lap=lap, falls=falls))
        else:
            # A skate slips in the corner, mostly on the way in and at the apex.
            lap = _in_corner(event, lap, draws)
            orders.append(OrderSpec(do="slip", racer=first, lap=lap, takes=others[:group]))
    if draws.chance(INFRACTIONS_PER_ENTRY * starters):
        # A leg thrown at the line in somebody's way is the rarest: one in sixteen is a guess, no statistics tell.
        faults: list[Do] = [do for do in _FAULTS for _ in range(3)]
        in_relays = [do for do in RELAY_DO if do != "assist"]  # which takes a fall
        do = draws.pick([*_FAULTS, *in_relays] if event.is_relay else [*faults, "kick_out"])
        low, high = (event.laps - 1.9, event.laps - 0.6) if do == "late_exchange" else (0.4, event.laps - 0.5)
        orders.append(OrderSpec(do=do, racer=draws.integer(1, starters), lap=draws.uniform(low, high)))
    retired = {k for k in range(starters) if draws.chance(0.05 if event.is_relay else 0.35)}
    return orders, retired


def draw_sprints(event: RaceEvent, starters: int, draws: Draws) -> list[OrderSpec]:
    """Who comes up on the last lap to fight it out on the line."""
    who = draws.shuffled(range(1, starters + 1))[: draws.integer(0, 2)]
    return [OrderSpec(do="sprint", racer=racer, lap=event.laps - draws.uniform(0.45, 0.7)) for racer in who]


def _in_corner(event: RaceEvent, lap: float, draws: Draws) -> float:
    """The nearest corner to ``lap``: at a quarter and three quarters of a lap from either start line."""
    half_laps = round((lap - 0.25) * 2)
    return max(0.25, 0.25 + half_laps / 2) + draws.uniform(-0.10, 0.08)


def order_table(orders: list[OrderSpec]) -> NDArray[np.float64]:
    """(O, 7) as ``Plan.orders`` wants them; one row more for each racer that a slip takes along."""
    rows = []
    for order in orders:
        falls = ("other" in order.falls) + 2 * ("racer" in order.falls)
        other = -1 if order.on is None else order.on - 1
        side = -1.0 if order.side == "inside" else 1.0
        at_m, insists = order.lap * LAP_M, float(order.insists)
        rows.append((Order[order.do.upper()], order.racer - 1, other, at_m, falls, side, insists))
        rows += [(Order.TAKEN, taken - 1, order.racer - 1, at_m, 0, 0.0, 0.0) for taken in order.takes]
    return np.array(rows, dtype=np.float64).reshape(-1, 7)


def where_on_track(s: float, u: float, finish_m: float, rink: Rink) -> Where:
    """``finish`` is the last 15 m of the race."""
    if finish_m - 15 < s <= finish_m + 1:
        return "finish"
    local = (u - rink.track_shift_m) % (rink.lap_m / 2)
    in_corner = rink.straight_m / 2 < local < rink.lap_m / 2 - rink.straight_m / 2
    return "corner" if in_corner else "straight"


def tell_incidents(
    log: NDArray[np.int64],
    time_s: NDArray[np.float64],
    s: NDArray[np.float64],
    orders: NDArray[np.float64],
    competitor: tuple[int, ...],
    event: RaceEvent,
    rink: Rink,
) -> list[Incident]:
    """The log's falls and infractions; ``s`` (A, T), ``competitor`` of each agent from 0. Ids come with the whole list.

    A fall is told once for everybody who fell: ``competitors`` holds that one alone, ``evidence`` whom it fell with.
    """
    start_u = -event.first_crossing_m
    out = []
    falls = log[log[:, 1] == Happened.FELL]
    for n, kind, actor, other, order in log:
        at = float(time_s[n])
        where = where_on_track(s[actor, n], s[actor, n] + start_u, event.distance_m, rink)
        letter = {"corner": "C", "straight": "S", "finish": "F"}[where]
        who = competitor[actor] + 1
        whom = competitor[other] + 1 if other >= 0 else None
        evidence: dict[str, object] = {"where": where, "s_m": round(float(s[actor, n]), 2)}
        if kind == Happened.FELL:
            up = [row for row in log if row[2] == actor and row[0] > n and row[1] in (Happened.UP, Happened.RETIRED)]
            tagged = [row for row in log if row[1] == Happened.TAGGED and row[3] == actor and row[0] > n]
            if tagged and (not up or tagged[0][0] <= up[0][0]):
                up = tagged
                evidence["tagged_s"] = float(time_s[tagged[0][0]])
            end = float(time_s[up[0][0]]) if up else float(time_s[-1])
            group = sorted({competitor[row[2]] + 1 for row in falls if abs(row[0] - n) < 2.5 * RATE_HZ})
            evidence |= {
                "fallen_together": group,
                "first": bool(n == min(row[0] for row in falls if abs(row[0] - n) < 2.5 * RATE_HZ)),
                "rejoined": bool(up) and int(up[0][1]) != Happened.RETIRED,
                "brought_down_by": whom,
            }
            out.append(_incident("fall", at, end, {who: "fallen"}, [], evidence))
        elif kind == Happened.CONTACT:
            name, number = _KIND[int(orders[order, 0])]
            code = {"6": "S6" if letter == "S" else f"{letter}1"}.get(number, letter + number)
            roles = {who: "passing" if name != "push" else "pushing", whom or who: "impeded"}
            out.append(_incident(name, at - 0.8, at + 0.6, roles, [code], evidence | {"contact_s": at}))
        elif kind == Happened.OFF_TRACK:
            code = "OF2" if where == "corner" else "OF1"
            out.append(_incident("off_track", at, at + 1.6, {who: "off track"}, [code], evidence))
        elif kind == Happened.SLOW:
            out.append(_incident("slow", at, at + 6.0, {who: "slow"}, [], evidence))
        elif kind == Happened.KICK_OUT:
            roles = {who: "kicking"} | ({whom: "beside"} if whom else {})
            out.append(_incident("kick_out", at - 0.1, at + 0.5, roles, ["F6"], evidence))
        elif kind == Happened.MISSED_TOUCH:
            out.append(_incident("relay_exchange_fault", at - 1.5, at + 1.0, {who: "missed touch"}, ["R1"], evidence))
        elif kind == Happened.TOUCH and s[actor, n] > event.distance_m - LAST_LAPS * LAP_M:
            out.append(_incident("relay_exchange_fault", at - 1.0, at + 1.5, {who: "late exchange"}, ["R2"], evidence))
        elif kind in _RELAY:
            name, code, own, others = _RELAY[kind]
            roles = {who: own, whom or who: others} if whom != who else {who: own}
            evidence["person"] = int(actor) + 1
            out.append(_incident(name, at - 1.0, at + 1.5, roles, [code], evidence))
    return out


def tell_contacts(
    contacts: list[tuple[int, int, int, int]], time_s: NDArray[np.float64], told: list[Incident]
) -> list[Incident]:
    """Bodies that touched without being told to: nobody's fault by the scenario, so without a code."""
    out: list[Incident] = []
    for first, last, i, j in contacts:
        start, end, who = float(time_s[first]), float(time_s[last]), {i + 1, j + 1}
        known = any(
            len(who & set(one.competitors)) > 0 and one.start_s - 1.5 < end and start < one.end_s + 1.5
            for one in [*told, *out]
        )
        if start > 1.0 and not known:
            roles = {competitor: "touching" for competitor in sorted(who)}
            out.append(_incident("contact", start - 0.3, end + 0.3, roles, [], {"contact_s": start}))
    return out


def false_start_incident(moved_s: float, whistle_s: float, racer: int) -> Incident:
    """``racer`` (from 1) moved before the gun and everybody was called back."""
    return _incident("false_start", moved_s, whistle_s, {racer: "early"}, [], {"where": "start"})


def _incident(
    kind: IncidentKind,
    start_s: float,
    end_s: float,
    roles: dict[int, str],
    codes: list[str],
    evidence: dict[str, object],
) -> Incident:
    return Incident(
        id=0,
        kind=kind,
        start_s=start_s,
        end_s=end_s,
        competitors=list(roles),
        roles={str(who): role for who, role in roles.items()},
        codes=[Code(code=code, weight=1.0) for code in codes],
        confidence=1.0,
        evidence=evidence,
    )
