"""Falls: somebody leaves the usual line straight on, slows down without braking, lies wide and low, comes to rest.

Every tenth of a second of everybody seen (``race/incidents/bodies.py``), whoever it is, is given the chance that a fall
begins there; the most likely moment within a few seconds counts. Who it was is asked afterwards, and what became of it
(``race/incidents/consequences.py``): who kept up has not fallen; who was beside one who fell, and lost as much, has.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.ice import IcePaths
from race.incidents.bodies import Body
from race.incidents.consequences import Became, Laps, became
from race.incidents.kinematics import usual_line
from race.incidents.model import Model
from race.incidents.windows import over
from race.rink import Rink

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

STEP_S = 0.1
APART_S = 4.0
"""Nobody falls twice within this."""
SAME_S, SAME_M, TWICE_M = 1.5, 4.0, 0.8
"""Falls of two bodies are one person's if so near in time and place; where both were seen at once, if they were one
place, as a second box on somebody is."""
UNDER_WAY_MPS, SEEN_S, SIGNS = 5.0, 0.6, 1.4
"""Asked about is who was as fast before and seen for so long, with signs of a fall that sum up to so much."""
WHO_S, LEAST_WHO, SURE_WHO = 2.5, 3, 0.6
"""Who fell is as whom it was followed for so long before, in so many pictures at least and in such a share of them."""
BECAME_NATS: dict[Became, float] = {"lost": 2.2, "gone": 2.2, "kept": -3.8}
"""What became of a racer adds so much to the log odds that it fell; measured, see docs/incidents.md."""
FELL: tuple[Became, ...] = ("lost", "gone")
ALONG_S, ALONG_M = 0.6, 2.5
"""Who was so near to one who fell, in time and place, and lost as much, was taken along."""
FEATURES = (
    "v_before", "drop_soon", "drop_1s", "drop_2s", "rest", "lag_before", "lag_soon", "lag_later",
    "out_half", "out_1s", "out_2s", "outward", "outward_soon", "far", "beyond_now", "straight_before", "straight_soon",
    "flat_before", "flatter", "lower", "wider", "flat_soon", "flat_after", "tall_after", "stroke", "stroke_before",
    "lasts", "lasted", "free_end", "sd", "corner", "relay",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moments:
    """N moments, each of one body: indices ``body`` (N,), ``time_s`` (N,) and features (N, K)."""

    body: Ints
    time_s: Floats
    features: Floats


def fall_moments(bodies: list[Body], rink: Rink, relay: bool) -> Moments:
    """Every STEP_S of every body, with what tells a fall: speed and its loss, also against the others' (``lag``), the
    way outwards from the usual line and straight on where it bends, the box's shape (``flat``: width over height),
    how much it changes with the strokes, and how long before and after the body was seen."""
    if not bodies:
        return Moments(np.empty(0, np.intp), np.empty(0), np.empty((0, len(FEATURES))))
    first = min(float(one.time_s[0]) for one in bodies)
    last = max(float(one.time_s[-1]) for one in bodies)
    grid = np.arange(first, last + STEP_S, STEP_S)
    beyond = _beyond(bodies, rink)
    pace, many = _pace(bodies, grid)
    every = [_features(one, out, grid, pace, many, rink, relay) for one, out in zip(bodies, beyond, strict=True)]
    body = np.concatenate([np.full(len(at), n, np.intp) for n, (at, _) in enumerate(every)])
    return Moments(body, np.concatenate([at for at, _ in every]), np.concatenate([x for _, x in every]))


def _beyond(bodies: list[Body], rink: Rink) -> list[Floats]:
    """Of each body, m outside the line usually skated at that place."""
    u, d, v = (np.concatenate([getattr(one, name) for one in bodies]) for name in ("u", "d", "v"))
    half_lap = rink.lap_m / 2
    line, _ = usual_line(np.mod(u - rink.track_shift_m, half_lap), d, v, half_lap)
    return np.split(d - line, np.cumsum([len(one.d) for one in bodies])[:-1])


def _pace(bodies: list[Body], grid: Floats) -> tuple[Floats, Floats]:
    """(G,) sum of the speeds of all who race at each time of ``grid``, and how many those are."""
    total, many = np.zeros(len(grid)), np.zeros(len(grid))
    for one in bodies:
        v = _racing_speed(one, grid)
        total += np.nan_to_num(v)
        many += np.isfinite(v)
    return total, many


def _racing_speed(one: Body, grid: Floats) -> Floats:
    races = (one.v > 7.0) & (one.v < 16.0) & (one.d > -1.5) & (one.d < 4.7)
    return np.asarray(over(one.time_s, np.where(races, one.v, np.nan)[None], grid, -0.3, 0.3)[0])


def _features(
    one: Body, beyond: Floats, grid: Floats, total: Floats, many: Floats, rink: Rink, relay: bool
) -> tuple[Floats, Floats]:
    moments = grid[(grid >= one.time_s[0] - 1e-9) & (grid <= one.time_s[-1])]
    own = _racing_speed(one, grid)
    with np.errstate(invalid="ignore", divide="ignore"):
        others = (total - np.nan_to_num(own)) / (many - np.isfinite(own))
        others[many - np.isfinite(own) < 1] = np.nan
        shape = np.log(one.wide / one.tall)
    values = np.stack([one.v, one.outward, beyond, np.log(one.tall), np.log(one.wide), shape])

    def level(row: int, from_s: float, to_s: float) -> Floats:
        return np.asarray(over(one.time_s, values[row : row + 1], moments, from_s, to_s)[0])

    def spread(from_s: float, to_s: float) -> Floats:
        mean = over(one.time_s, shape[None], moments, from_s, to_s)[0]
        square = over(one.time_s, shape[None] ** 2, moments, from_s, to_s)[0]
        return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0)))

    def pace(from_s: float, to_s: float) -> Floats:
        return np.asarray(over(grid, others[None], moments, from_s, to_s)[0])

    v, outward, out, tall, wide, flat = range(6)
    before, now = level(v, -1.0, -0.15), level(out, -0.25, 0.05)
    local = np.mod(one.u - rink.track_shift_m, rink.lap_m / 2)
    corner = ((local > rink.straight_m / 2) & (local < rink.lap_m / 2 - rink.straight_m / 2)).astype(np.float64)
    straight = corner * one.v / (rink.measured_radius_m + np.clip(one.d, 0.0, 4.0)) - one.turn
    columns = {
        "v_before": before,
        "drop_soon": before - level(v, 0.25, 0.6),
        "drop_1s": before - level(v, 0.7, 1.2),
        "drop_2s": before - level(v, 1.5, 2.5),
        "rest": np.minimum(over(one.time_s, one.v[None], moments, 1.5, 5.0, "min")[0], 8.0),
        "lag_before": pace(-1.0, -0.15) - before,
        "lag_soon": pace(0.4, 1.0) - level(v, 0.4, 1.0),
        "lag_later": pace(1.5, 3.5) - level(v, 1.5, 3.5),
        "out_half": level(out, 0.35, 0.6) - now,
        "out_1s": level(out, 0.8, 1.1) - now,
        "out_2s": level(out, 1.5, 2.5) - now,
        "outward": level(outward, -0.5, -0.1),
        "outward_soon": level(outward, 0.3, 0.8),
        "far": np.clip(over(one.time_s, one.d[None], moments, 0.4, 2.5, "max")[0], 3.0, 7.0),
        "beyond_now": now,
        "straight_before": np.asarray(over(one.time_s, straight[None], moments, -0.6, -0.1)[0]),
        "straight_soon": np.asarray(over(one.time_s, straight[None], moments, 0.15, 0.6)[0]),
        "flat_before": level(flat, -1.0, -0.1),
        "flatter": level(flat, 0.25, 0.8) - level(flat, -0.7, -0.1),
        "lower": level(tall, 0.25, 0.8) - level(tall, -0.7, -0.1),
        "wider": level(wide, 0.25, 0.8) - level(wide, -0.7, -0.1),
        "flat_soon": level(flat, 0.3, 0.9),
        "flat_after": level(flat, 1.0, 2.5),
        "tall_after": level(tall, 0.6, 2.5),
        "stroke": spread(0.5, 2.0),
        "stroke_before": spread(-2.0, -0.2),
        "lasts": np.minimum(one.time_s[-1] - moments, 4.0),
        "lasted": np.minimum(moments - one.time_s[0], 4.0),
        "free_end": np.full(len(moments), min(float(np.median(one.free[-3:])), 3.0)),
        "sd": np.asarray(over(one.time_s, np.log(one.sd)[None], moments, -0.5, 1.0)[0]),
        "corner": np.asarray(over(one.time_s, corner[None], moments, 0.0, 0.5)[0]),
        "relay": np.full(len(moments), float(relay)),
    }
    return moments, np.stack([columns[name] for name in FEATURES], axis=-1)


@dataclass(frozen=True, slots=True)
class Fall:
    """Body ``body`` begins to fall at ``time_s`` with this probability; it is racer ``row``, None: not known who.

    ``lost_s`` are the seconds by which its lap took longer than the others', None where that is not known.
    """

    body: int
    row: int | None
    time_s: float
    probability: float
    lost_s: float | None = None


def find_falls(bodies: list[Body], rink: Rink, relay: bool, model: Model, least: float) -> list[Fall]:
    """Falls whose probability is ``least`` or more, by time, without saying whose."""
    found = fall_moments(bodies, rink, relay)
    chance = np.zeros(len(found.time_s))
    asked = worth_asking(found.features)
    chance[asked] = model.probabilities(found.features[asked])[:, 1]
    return likeliest(bodies, found, chance, least)


def likeliest(bodies: list[Body], found: Moments, chance: Floats, least: float) -> list[Fall]:
    """The likeliest moments; of the same person's within APART_S, in whatever pieces it was followed, the likeliest."""
    out: list[Fall] = []
    likely = np.flatnonzero(chance >= least)
    for n in likely[np.argsort(-chance[likely], kind="stable")]:
        new = Fall(int(found.body[n]), None, float(found.time_s[n]), float(chance[n]))
        if not any(_same(bodies, new, other) for other in out):
            out.append(new)
    return sorted(out, key=lambda fall: fall.time_s)


def _same(bodies: list[Body], a: Fall, b: Fall) -> bool:
    if a.body == b.body:
        return abs(a.time_s - b.time_s) <= APART_S
    if abs(a.time_s - b.time_s) > SAME_S:
        return False
    one, two = bodies[a.body], bodies[b.body]
    shared, mine, theirs = np.intersect1d(one.time_s, two.time_s, return_indices=True)
    near = np.abs(shared - b.time_s) < 3.0
    if near.sum() >= 3:
        apart = np.hypot(*(one.xy[mine[near]] - two.xy[theirs[near]]).T)
        return bool(np.median(apart) < TWICE_M)
    middle = (a.time_s + b.time_s) / 2
    first, second = (body.xy[np.argmin(np.abs(body.time_s - middle))] for body in (one, two))
    return bool(np.hypot(*(first - second)) < SAME_M)


def worth_asking(features: Floats) -> NDArray[np.bool_]:
    """(N, K) -> (N,): under way before, seen long enough, and with some sign of a fall, whether it is one or not."""

    def of(name: str) -> Floats:
        return np.nan_to_num(features[:, FEATURES.index(name)])

    before = features[:, FEATURES.index("v_before")]
    signs = np.clip(np.maximum(of("outward_soon"), of("outward")) / 4, 0, 1.5)
    signs += np.clip(np.maximum(of("out_1s") / 3, of("out_half") / 1.5), 0, 1.5)
    signs += np.clip((np.fmax(of("drop_2s") + 1, np.nan_to_num(before) - of("rest") * (before > 0)) - 3) / 6, 0, 1)
    signs += np.clip(np.maximum(of("lag_later"), 2 * of("lag_soon")) / 6, 0, 1)
    signs += np.clip((of("flat_soon") + 0.1) / 0.4, 0, 1)
    seen_s = of("lasted") + of("lasts")
    with np.errstate(invalid="ignore"):
        return np.asarray((np.isnan(before) | (before > UNDER_WAY_MPS)) & (seen_s > SEEN_S) & (signs > SIGNS))


def named(falls: list[Fall], bodies: list[Body], rows: dict[int, int]) -> list[Fall]:
    """``falls`` with the racers whose they are, by time; of one racer's within APART_S the likeliest.

    ``rows`` says which detections are which racer's.
    """
    return _once_each([replace(fall, row=_whose(fall, bodies[fall.body], rows)) for fall in falls])


def _once_each(falls: list[Fall]) -> list[Fall]:
    """By time; of one racer's within APART_S the likeliest."""
    out: list[Fall] = []
    for fall in sorted(falls, key=lambda fall: -fall.probability):
        again = any(fall.row == other.row and abs(fall.time_s - other.time_s) <= APART_S for other in out)
        if fall.row is None or not again:
            out.append(fall)
    return sorted(out, key=lambda fall: fall.time_s)


def _whose(fall: Fall, body: Body, rows: dict[int, int]) -> int | None:
    """The racer as whom the body was followed for most of the time up to the fall; where it was as nobody, after it.

    Before it is nearly always right: in the pack everybody is accounted for, and afterwards somebody else may take
    the place. None where it was followed as this one and that one.
    """
    at = body.time_s - fall.time_s
    for window in ((at >= -WHO_S) & (at <= 0.1), (at > 0.1) & (at <= WHO_S)):
        held = [rows[int(detection)] for detection in body.rows[window] if int(detection) in rows]
        if len(held) >= LEAST_WHO:
            racers, counts = np.unique(held, return_counts=True)
            return int(racers[counts.argmax()]) if counts.max() >= SURE_WHO * len(held) else None
    return None


def weighed(falls: list[Fall], bodies: list[Body], rows: dict[int, int], laps: Laps, ice: IcePaths) -> list[Fall]:
    """``falls``, those of racers with what became of them: their probabilities by it, and the time lost.

    Where the one who is said to have fallen kept up, it is his fall who was beside it and did not: the two are taken
    for each other easily just then. A fall of nobody known is his who did not keep up and is not seen meanwhile, where
    that is one and no more; where everybody kept up nobody fell. ``rows`` says which detections are which racer's.
    """
    out = []
    for fall in falls:
        fates = [became(laps, ice, row, fall.time_s) for row in range(len(ice.ids))]
        fell = [row for row, (fate, _) in enumerate(fates) if fate in FELL]
        row = fall.row
        if row is None:
            near = np.abs(ice.time_s - fall.time_s) <= ALONG_S
            row = _only([other for other in fell if not ice.seen[other, near].any()])
        elif fates[row][0] == "kept":
            beside = _only([other for other in fell if _beside(bodies, fall, other, rows) is not None])
            row = row if beside is None else beside
        fate, lost_s = fates[row] if row is not None else _of_all(fates)
        out.append(replace(fall, row=row, lost_s=lost_s, probability=_moved(fall.probability, fate)))
    return _once_each(out)


def _only(rows: list[int]) -> int | None:
    return rows[0] if len(rows) == 1 else None


def _of_all(fates: list[tuple[Became, float | None]]) -> tuple[Became, float | None]:
    return ("kept" if fates and all(fate == "kept" for fate, _ in fates) else "unknown"), None


def _moved(probability: float, fate: Became) -> float:
    odds = probability / max(1.0 - probability, 1e-9) * np.exp(BECAME_NATS.get(fate, 0.0))
    return float(odds / (1.0 + odds))


def taken_along(falls: list[Fall], bodies: list[Body], rows: dict[int, int], laps: Laps, ice: IcePaths) -> list[Fall]:
    """Who fell with one of ``falls``: beside it at that moment, and gone or as late on that lap.

    Somebody who is taken along is often seen too shortly to be known by the way it goes. ``rows`` says which detections
    are which racer's.
    """
    out: list[Fall] = []
    for fall in falls:
        for row in range(len(ice.ids)):
            if any(row == other.row and abs(fall.time_s - other.time_s) <= APART_S for other in [*falls, *out]):
                continue
            fate, lost_s = became(laps, ice, row, fall.time_s)
            body = _beside(bodies, fall, row, rows) if fate in FELL else None
            if body is not None:
                out.append(replace(fall, body=body, row=row, lost_s=lost_s))
    return out


def _beside(bodies: list[Body], fall: Fall, row: int, rows: dict[int, int]) -> int | None:
    """The body that was followed as racer ``row`` within ALONG_S and ALONG_M of the fall, None where none was."""
    fallen, nearest = bodies[fall.body], ALONG_M
    found = None
    for n, body in enumerate(bodies):
        if n == fall.body or body.time_s[0] > fall.time_s + ALONG_S or body.time_s[-1] < fall.time_s - ALONG_S:
            continue
        shared, mine, theirs = np.intersect1d(fallen.time_s, body.time_s, return_indices=True)
        near = np.abs(shared - fall.time_s) <= ALONG_S
        near &= np.array([rows.get(int(detection)) == row for detection in body.rows[theirs]], bool)
        if near.any():
            apart = float(np.hypot(*(fallen.xy[mine[near]] - body.xy[theirs[near]]).T).min())
            if apart < nearest:
                found, nearest = n, apart
    return found
