"""From a detection to an ``Incident``: roles, candidate codes, evidence with uncertainties, one neutral question."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.events import RaceEvent
from race.formats import Code, Incident, IncidentKind
from race.ice import IcePaths
from race.incidents.alone import OffTrack, Slow
from race.incidents.bodies import Body
from race.incidents.encounters import LONG_M, Encounters, between, entry_frame
from race.incidents.falls import Fall
from race.incidents.false_start import FalseStart
from race.incidents.infield import InfieldBlock
from race.incidents.kinematics import Kinematics
from race.incidents.model import calibrated

Floats = NDArray[np.float64]

FINISH_M = 15.0
"""The last metres of a race, where codes begin with F."""
WHERE_SD_M = 1.5
"""Of where along the track a contact was, a tenth of a second of skating."""
QUALIFYING = 2
"""Places that advance from most heats."""
RANK_HOLDS_S = 6.0
TOGETHER_S = 2.5
"""Falls nearer in time than this are one group."""
NEAR_FALL_M = 2.5
WAY_S = 2.5, 6.5
"""Before and after a fall, of the way that is told."""
LEAST_WEIGHT = 0.05

WHO_S = 1.0
INFIELD_CONFIDENCE = 0.8
"""Not fitted: of twelve told in simulated relays ten were real (docs/incidents.md)."""

Evidence = dict[str, object]


@dataclass(frozen=True, slots=True)
class Context:
    """What every dossier draws on. ``down`` (R, F) who is on the ice after a fall."""

    k: Kinematics
    ice: IcePaths
    bodies: list[Body]
    names: dict[int, str]
    event: RaceEvent | None
    finish_m: float | None
    falls: list[Fall]
    down: NDArray[np.bool_]

    def id(self, row: int) -> int:
        return int(self.k.ids[row])

    def name(self, row: int) -> str:
        return self.names.get(self.id(row), f"competitor {self.id(row)}")

    def rank(self, row: int, time_s: float) -> int | None:
        """Its place in the order along the way, None where not all of the field were seen lately."""
        window = self.k.frames(time_s - RANK_HOLDS_S, time_s)
        s, seen_s = self.k.s[:, window], self.k.time_s[window]
        place = np.full(len(s), np.nan)
        for r, values in enumerate(s):
            known = np.flatnonzero(np.isfinite(values))
            if len(known):  # carried on at racing speed
                place[r] = values[known[-1]] + 12.0 * (time_s - seen_s[known[-1]]) * (known[-1] < len(seen_s) - 1)
        if np.isnan(place).any():
            return None
        return 1 + int((place > place[row]).sum())

    def wheres(self, row: int, time_s: float) -> dict[str, float]:
        """Probabilities of corner, straight and finish for where ``row`` is at ``time_s``."""
        n = self.k.at(time_s)
        return self.wheres_at(float(self.k.u[row, n]), float(self.k.s[row, n]))

    def wheres_at(self, u: float, s: float) -> dict[str, float]:
        """The same of metres past the finish line and since the start, NaN where unknown."""
        if not math.isfinite(u):
            return {"corner": 0.5, "straight": 0.5, "finish": 0.0}
        rink = self.k.rink
        local = (u - rink.track_shift_m) % (rink.lap_m / 2)
        inside = min(local - rink.straight_m / 2, rink.lap_m / 2 - rink.straight_m / 2 - local)
        corner = _normal(inside / WHERE_SD_M)
        finish = 0.0
        if self.finish_m is not None:
            finish = _normal((s - (self.finish_m - FINISH_M)) / WHERE_SD_M) * (s <= self.finish_m + 3.0)
        return {"corner": corner * (1 - finish), "straight": (1 - corner) * (1 - finish), "finish": finish}

    def place(self, row: int, time_s: float) -> Evidence:
        """Where it was, in words and metres."""
        wheres, n = self.wheres(row, time_s), self.k.at(time_s)
        out: Evidence = {"where": max(wheres, key=lambda name: wheres[name])}
        if math.isfinite(self.k.s[row, n]):
            out["s_m"] = round(float(self.k.s[row, n]), 1)
        return out

    def mean(self, values: Floats, row: int, from_s: float, to_s: float) -> float | None:
        """Of what is known between two times, to two digits; None where nothing is."""
        part = values[row, self.k.frames(from_s, to_s)]
        part = part[np.isfinite(part)]
        return round(float(part.mean()), 2) if len(part) else None


def _normal(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


def fall_incident(context: Context, fall: Fall) -> Incident:
    """One person's fall; who else fell with it stands in the evidence."""
    from race.incidents.find import up_again_s

    k, row, at = context.k, fall.row, fall.time_s
    body = context.bodies[fall.body]
    together = [fall, *(other for other in context.falls if other.body != fall.body and _together(other, fall))]
    first = min(together, key=lambda other: other.time_s)
    by, distance = _brought_down_by(context, fall, together)
    end = up_again_s(k, context.bodies, fall)
    fallen = sorted({context.id(other.row) for other in together if other.row is not None})

    def mean(values: Floats, from_s: float, to_s: float) -> float | None:
        part = values[(body.time_s >= at + from_s) & (body.time_s <= at + to_s)]
        return _number(float(np.mean(part))) if len(part) else None

    here = int(np.argmin(np.abs(body.time_s - at)))
    s_m = float(k.s[row, k.at(at)]) if row is not None else math.nan
    wheres = context.wheres_at(float(body.u[here]), s_m)
    evidence: Evidence = {"where": max(wheres, key=lambda name: wheres[name])}
    if math.isfinite(s_m):
        evidence["s_m"] = round(s_m, 1)
    evidence |= {
        "speed_before_mps": mean(body.v, -1.0, -0.1),
        "speed_after_1s_mps": mean(body.v, 0.8, 1.2),
        "outwards_by_m": _difference(mean(body.d, 0.8, 1.2), mean(body.d, -0.3, 0.0)),
        "box_tall_m": {"before": mean(body.tall, -1.0, -0.1), "after": mean(body.tall, 0.5, 1.5)},
        "box_wide_m": {"before": mean(body.wide, -1.0, -0.1), "after": mean(body.wide, 0.5, 1.5)},
        "seen_after_s": _number(float(body.time_s[-1]) - at),
        "fallen_together": fallen,
        "together": len(together),
        "first": first is fall,
        "rejoined": _rejoined(context, fall, end),
        "lap_time_lost_s": None if fall.lost_s is None else _number(fall.lost_s),
        "brought_down_by": None if by is None else context.id(by),
        "distance_to_it_m": distance,
        "rank_before": None if row is None else context.rank(row, at - 0.3),
        "way": _way(body, at),
    }
    who = "the one who fell, not known who," if row is None else context.name(row)
    if by is None:
        question = f"Did {who} fall alone, or was there a contact before?"
    else:
        question = f"Did {who} fall alone, or did a contact with {context.name(by)} come first?"
    roles = {} if row is None else {row: "fallen"}
    return _incident(context, "fall", at, end, at, roles, {}, calibrated("fall", fall.probability), evidence, question)


def _way(body: Body, at: float) -> dict[str, list[float]]:
    """Where the one who fell was, whoever it is taken for afterwards: for the card's drawing."""
    shown = np.flatnonzero((body.time_s >= at - WAY_S[0]) & (body.time_s <= at + WAY_S[1]))
    columns = {"time_s": body.time_s, "x_m": body.xy[:, 0], "y_m": body.xy[:, 1], "d_m": body.d, "speed_mps": body.v}
    return {name: [round(float(value), 3) for value in values[shown]] for name, values in columns.items()}


def _together(a: Fall, b: Fall) -> bool:
    return abs(a.time_s - b.time_s) < TOGETHER_S


def _rejoined(context: Context, fall: Fall, end_s: float) -> bool | None:
    """Whether it raced on after ``end_s``, None where it was not seen then."""
    body = context.bodies[fall.body]
    v = body.v[(body.time_s > end_s) & (body.time_s < end_s + 4.0)]
    if not len(v) and fall.row is not None:
        v = context.k.v[fall.row, context.k.frames(end_s, end_s + 4.0)]
    v = v[np.isfinite(v)]
    return bool(v.mean() > 6.0) if len(v) else None


def _brought_down_by(context: Context, fall: Fall, together: list[Fall]) -> tuple[int | None, float | None]:
    """The racer nearest at the moment of the fall, if within reach, and how near; earlier fallers come first."""
    body, time_s = context.bodies[fall.body], context.k.time_s
    window = context.k.frames(fall.time_s - 0.4, fall.time_s + 0.3)
    at = [np.interp(time_s[window], body.time_s, body.xy[:, k], math.nan, math.nan) for k in (0, 1)]
    best: tuple[bool, float, int] | None = None
    for row in range(len(context.k.ids)):
        if row == fall.row:
            continue
        xy = context.ice.xy[row, window]
        distance = np.hypot(xy[:, 0] - at[0], xy[:, 1] - at[1])
        if not np.isfinite(distance).any():
            continue
        near = float(np.nanmin(distance))
        fell_before = any(other.row == row and other.time_s < fall.time_s for other in together)
        if near < (NEAR_FALL_M if fell_before else 1.4) and (best is None or (not fell_before, near) < best[:2]):
            best = (not fell_before, near, row)
    return (None, None) if best is None else (best[2], round(best[1], 2))


_KINDS: dict[str, tuple[IncidentKind, dict[str, float]]] = {
    # An arm cannot be told from a body by where the blades are.
    "lane_in": ("lane_change", {"1": 0.8, "3": 0.2}),
    "lane_out": ("lane_change", {"2": 1.0}),
    "push": ("push", {"5": 0.8, "4": 0.2}),
    "late_pass": ("late_pass", {"1": 1.0}),
    "contact": ("contact", {}),
}
_QUESTIONS = {
    "lane_in": "Did {a}, passing outside, move in before being clear of {b}, or did {b} move out towards {a}?",
    "lane_out": "Did {a}, passing inside, move out into {b}, or did {b} close the door on {a}?",
    "push": "Did {a} run into {b} from behind, or did {b} slow down in front of {a}?",
    "late_pass": "Was {a} level with {b} before the corner, or did the pass come too late?",
    "contact": "Did {a} and {b} touch, and if so, did either change line?",
}


def encounter_incident(
    context: Context, found: Encounters, n: int, shares: dict[str, float], confidence: float
) -> Incident:
    """Encounter ``n`` of ``found``; ``shares`` are the odds of what it was, by the names in ``_KINDS``."""
    k = context.k
    a, b, at = int(found.a[n]), int(found.b[n]), float(found.time_s[n])
    kind = max(shares, key=lambda name: shares[name])
    total = sum(shares.values())
    wheres = context.wheres(a, at)
    codes: dict[str, float] = {}
    for name, share in shares.items():
        for where, odds in wheres.items():
            for number, part in _KINDS[name][1].items():
                letter = {"corner": "C", "straight": "S", "finish": "F"}[where]
                code = "S6" if name == "late_pass" and letter == "S" else letter + number
                codes[code] = codes.get(code, 0.0) + share / total * odds * part
    gap, side = between(k, a, b, k.rink.lap_m)
    here, sd = k.at(at), _pair_sd(context, a, b, at)
    moved_a, moved_b = _moved(context, a, at), _moved(context, b, at)
    entry = entry_frame(k, a, at)
    entry_gap = None if entry is None else _number(gap[entry])
    rank = context.rank(b, at - 0.5)
    evidence = context.place(a, at) | {
        "contact_s": round(at, 2),
        "distance_m": _number(math.hypot(gap[here], side[here])),
        "distance_sd_m": sd,
        "ahead_m": _number(gap[here]),
        "beside_m": _number(side[here]),
        "overlap_at_corner_entry_m": None if entry_gap is None else round(LONG_M + entry_gap, 2),
        "overlap_sd_m": None if entry_gap is None else sd,
        "moved_sideways_m": {str(context.id(a)): moved_a, str(context.id(b)): moved_b},
        "moved_sideways_sd_m": sd,
        "changed_line": _who_moved(context, {a: moved_a, b: moved_b}, sd),
        "speed_before_mps": {str(context.id(row)): context.mean(k.v, row, at - 0.8, at - 0.2) for row in (a, b)},
        "speed_after_mps": {str(context.id(row)): context.mean(k.v, row, at + 0.35, at + 0.8) for row in (a, b)},
        "impeded_rank": rank,
        "impeded_in_qualifying_place": None if rank is None else rank <= QUALIFYING,
    }
    question = _QUESTIONS[kind].format(a=context.name(a), b=context.name(b))
    name = _KINDS[kind][0]
    acts = {"lane_in": "passing", "lane_out": "passing", "late_pass": "passing", "push": "pushing"}
    roles = {a: acts.get(kind, "touching"), b: "impeded" if kind in acts else "touching"}
    return _incident(context, name, at - 0.8, at + 0.6, at, roles, codes, confidence, evidence, question)


def _pair_sd(context: Context, a: int, b: int, at: float) -> float | None:
    n = context.k.at(at)
    return _number(math.hypot(context.k.sd[a, n], context.k.sd[b, n]))


def _moved(context: Context, row: int, at: float) -> float | None:
    """Metres outwards against the line usually skated, over the last second before ``at``."""
    beyond = context.k.beyond
    return _difference(context.mean(beyond, row, at - 0.15, at + 0.05), context.mean(beyond, row, at - 1.1, at - 0.7))


def _who_moved(context: Context, moved: dict[int, float | None], sd: float | None) -> list[int] | None:
    """Those who moved by more than twice its uncertainty; None where that was not measured."""
    if sd is None or None in moved.values():
        return None
    return [context.id(row) for row, by in moved.items() if by is not None and abs(by) > 2 * sd]


def off_track_incident(context: Context, off: OffTrack, chance: float) -> Incident:
    wheres = context.wheres(off.row, off.start_s)
    codes = {"OF2": wheres["corner"], "OF1": 1 - wheres["corner"]}
    inside = -0.5 - off.deepest_m
    evidence = context.place(off.row, off.start_s) | {
        "inside_blocks_by_m": round(inside, 2),
        "inside_blocks_sd_m": round(off.sd_m, 2),
        "inside_for_s": round(off.end_s - off.start_s, 2),
    }
    sure = calibrated("off_track", chance)
    question = f"Was a blade of {context.name(off.row)} inside the blocks, and was that forced or of use?"
    at = (off.start_s + off.end_s) / 2
    roles = {off.row: "off track"}
    return _incident(context, "off_track", off.start_s, off.end_s, at, roles, codes, sure, evidence, question)


def slow_incident(context: Context, slow: Slow, chance: float) -> Incident:
    evidence = context.place(slow.row, slow.start_s) | {
        "speed_before_mps": round(slow.speed_before_mps, 2),
        "speed_mps": round(slow.speed_mps, 2),
        "share_of_speed": round(slow.share, 2),
    }
    sure = calibrated("slow", chance)
    question = f"Why did {context.name(slow.row)} let the race go?"
    roles = {slow.row: "slow"}
    return _incident(context, "slow", slow.start_s, slow.end_s, slow.start_s, roles, {}, sure, evidence, question)


def false_start_incident(context: Context, start: FalseStart) -> Incident:
    evidence: Evidence = {"where": "start", "lead_s": round(start.lead_s, 2), "lead_sd_s": 0.08}
    sure = calibrated("false_start", 0.95)
    who = "Who was" if start.row is None else f"Was {context.name(start.row)}"
    roles = {} if start.row is None else {start.row: "early"}
    question = f"{who} the first to move before the gun?"
    return _incident(
        context, "false_start", start.start_s, start.end_s, start.start_s, roles, {}, sure, evidence, question
    )


def infield_block_incident(context: Context, block: InfieldBlock, rows: dict[int, int]) -> Incident:
    """``rows`` says which detections are which racer's; whose team-mate was in the way is not known."""
    racer, at = context.bodies[block.racer], block.time_s
    near = np.abs(racer.time_s - at) <= WHO_S
    held = [rows[int(detection)] for detection in racer.rows[near] if int(detection) in rows]
    row = max(set(held), key=held.count) if len(held) > 0.5 * near.sum() else None
    n = int(np.argmin(np.abs(racer.time_s - at)))
    wheres = context.wheres_at(float(racer.u[n]), math.nan)
    evidence: Evidence = {
        "where": max(wheres, key=lambda name: wheres[name]),
        "ahead_m": _number(block.ahead_m),
        "beside_m": _number(block.beside_m),
        "speed_in_the_way_mps": _number(block.speed_mps),
        "speed_of_the_racer_mps": _number(block.racer_speed_mps),
        "way": _way(context.bodies[block.body], at),
    }
    whom = "a racer" if row is None else context.name(row)
    roles = {} if row is None else {row: "blocked"}
    question = f"Was {whom} hindered by somebody who came out of the infield?"
    return _incident(
        context, "infield_block", at - 1.0, at + 1.5, at, roles, {"R3": 1.0}, INFIELD_CONFIDENCE, evidence, question
    )


def _incident(
    context: Context,
    kind: IncidentKind,
    start_s: float,
    end_s: float,
    at_s: float,
    roles: dict[int, str],
    codes: dict[str, float],
    confidence: float,
    evidence: Evidence,
    question: str,
) -> Incident:
    told = {code: weight for code, weight in codes.items() if weight >= LEAST_WEIGHT}
    return Incident(
        id=0,
        kind=kind,
        start_s=round(max(0.0, start_s), 3),
        end_s=round(max(0.0, end_s), 3),
        at_s=round(max(0.0, at_s), 3),
        competitors=[context.id(row) for row in roles],
        roles={str(context.id(row)): role for row, role in roles.items()},
        codes=[
            Code(code=code, weight=round(weight, 3)) for code, weight in sorted(told.items(), key=lambda one: -one[1])
        ],
        confidence=round(confidence, 3),
        evidence=evidence,
        question=question,
    )


def _number(value: float) -> float | None:
    return round(float(value), 2) if math.isfinite(value) else None


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else round(a - b, 2)
