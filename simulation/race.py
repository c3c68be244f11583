"""One race from a scenario and a seed: drawn, skated, judged, and given bodies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.errors import ScenarioError
from race.events import LAP_M, RaceEvent
from race.formats import Competitor, Crossing, Event, FinishRow, Incident, Pass
from race.rink import Rink
from simulation import body
from simulation.blocks import knocked_blocks
from simulation.draws import Draws
from simulation.falsestart import GUN_S, LASTS_S, WHISTLE_S, false_start
from simulation.field import Field, Starter, draw_field
from simulation.incidents import (
    draw_orders,
    draw_sprints,
    false_start_incident,
    order_table,
    tell_contacts,
    tell_incidents,
)
from simulation.kinematics import Skated, run, run_on, run_to
from simulation.line import racing_lines
from simulation.motion import RATE_HZ, Motion
from simulation.officials import place_officials
from simulation.plan import draw_plan
from simulation.scenario import Requirements, Scenario
from simulation.state import Course, Mode, Plan
from simulation.truth import find_contacts, find_crossings, find_finish, find_passes

Floats = NDArray[np.float64]

BEFORE_S = 6.0
"""The race is seen so long before its gun."""
TRIES = 400
LETS_GO = (0.88, 1.0)
"""Shares of its speed that the first may be brought down to for a close finish."""
_UPRIGHT = (Mode.RACE, Mode.PUSHED, Mode.PUSHING, Mode.LEG_OUT)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A race before its gun."""

    event: RaceEvent
    rink: Rink
    field: Field
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Paths:
    """A agents at T times as the kinematics left them, C competitors: who races for each, and the truth read off."""

    time_s: Floats
    s: Floats
    d: Floats
    mode: NDArray[np.uint8]
    movement: Floats
    racing: NDArray[np.bool_]
    crossings: list[Crossing]
    finish: list[FinishRow]
    passes: list[Pass]
    incidents: list[Incident]


def simulate_race(scenario: Scenario, seed: int) -> Motion:
    """Skate ``scenario``; the same seed gives the same race to 1 mm and 1 ms on any machine.

    What the scenario requires is had by drawing again, up to ``TRIES`` times, and a close finish by the pace of the
    last laps. Raises ScenarioError if none will do.
    """
    require = scenario.require
    for attempt in range(TRIES):
        draws = Draws(seed, scenario.event, f"attempt {attempt}")
        drawn = _draw(scenario, draws)
        if require.finish_gap_s is None and require.three_within_s is None:
            paths: _Paths | None = _judge(drawn, run(drawn.plan, *_terms(drawn)))
        else:
            paths = _close_finish(drawn, require)
        if paths and _fulfils(paths, require):
            return _embody(drawn, paths, scenario, draws)
    asked = ", ".join(f"{key} = {value}" for key, value in require.model_dump(exclude_defaults=True).items())
    raise ScenarioError(f"the scenario requires {asked}, which none of {TRIES} races was; ask for less, or add orders")


def _draw(scenario: Scenario, draws: Draws) -> _Drawn:
    event = scenario.race_event
    count = draws.integer(*scenario.field)
    shift = round(draws.uniform(-2, 2), 3)
    rink = Rink(track_shift_m=shift if scenario.track_shift_m is None else scenario.track_shift_m)
    starters = [Starter(spec.name, spec.team, spec.helmet) for spec in scenario.racer]
    field = draw_field(event, starters + [Starter()] * (count - len(starters)), draws)
    orders = [*scenario.order, *draw_sprints(event, count, draws)]
    retired = {k for k, spec in enumerate(scenario.racer) if spec.retires}
    if scenario.random_incidents:
        more, others = draw_orders(event, count, draws)
        orders, retired = orders + more, retired | others
    return _Drawn(event, rink, field, draw_plan(event, field, order_table(orders), retired, draws))


def _terms(drawn: _Drawn) -> tuple[Course, float, float]:
    return _course(drawn.rink, drawn.event), BEFORE_S, 30.0 + 20.0 * drawn.event.crossings


def _judge(drawn: _Drawn, skated_by: Skated) -> _Paths:
    event, field, rink = drawn.event, drawn.field, drawn.rink
    s, d, mode, racer, log = skated_by.s, skated_by.d, skated_by.mode, skated_by.racer, skated_by.log
    time_s = np.round(np.arange(s.shape[1]) / RATE_HZ - BEFORE_S, 2)
    now = np.arange(s.shape[1])
    gone = np.logical_or.accumulate(mode[racer, now] == Mode.OUT, axis=1)
    racing = np.zeros(s.shape, bool)
    for row, out in zip(racer, gone, strict=True):
        racing[row[~out], now[~out]] = True
    skated = np.where(gone, np.nan, s[racer, now])
    crossings = find_crossings(time_s, skated + body.reach(skated, event.distance_m), event)
    upright = np.isin(mode[racer, now], _UPRIGHT)
    incidents = tell_incidents(log, time_s, s, drawn.plan.orders, field.competitor, event, rink)
    in_race = upright & (skated <= event.distance_m)
    incidents += tell_contacts(find_contacts(skated, d[racer, now], in_race), time_s, incidents)
    return _Paths(
        time_s=time_s,
        s=s,
        d=d,
        mode=mode,
        movement=skated_by.phase,
        racing=racing,
        crossings=crossings,
        finish=find_finish(crossings, len(racer), event),
        passes=find_passes(time_s, skated, d[racer, now], upright, event, rink),
        incidents=incidents,
    )


def _course(rink: Rink, event: RaceEvent) -> Course:
    return Course(
        rink.straight_m / 2,
        rink.measured_radius_m,
        rink.track_shift_m,
        rink.lap_m,
        (-event.first_crossing_m) % rink.lap_m,
        racing_lines()[0],
        rink.ice_length_m / 2,
        rink.ice_width_m / 2,
        rink.ice_corner_radius_m,
    )


def _fulfils(paths: _Paths, require: Requirements) -> bool:
    """All that the scenario requires but a close finish."""
    falls = sum(1 for incident in paths.incidents if incident.kind == "fall")
    first = [row.competitor for row in paths.crossings if row.lap == 1]
    result = [row.competitor for row in paths.finish if row.rank is not None]
    wanted = (
        first[: len(require.first_crossing)] == require.first_crossing,
        result[: len(require.result)] == require.result,
        require.infractions_by is None or _authors(paths) == set(require.infractions_by),
        require.falls is None or falls == require.falls,
        require.finishers is None or len(result) == require.finishers,
        require.passes_at_least is None or len(paths.passes) >= require.passes_at_least,
        require.incidents is None or len(paths.incidents) - falls == require.incidents,
        require.incidents_at_least is None or len(paths.incidents) - falls >= require.incidents_at_least,
    )
    return all(wanted)


def _is_close(paths: _Paths, require: Requirements) -> bool:
    limits = ((2, require.finish_gap_s), (3, require.three_within_s))
    group = _front(paths)
    return all(limit is None or (len(group) >= n and group[n - 1][0] - group[0][0] <= limit) for n, limit in limits)


def _authors(paths: _Paths) -> set[int]:
    return {incident.competitors[0] for incident in paths.incidents if incident.codes}


def _front(paths: _Paths) -> list[tuple[float, int]]:
    """Times and competitors of those who came home and did nothing that has a code, the first one first."""
    authors = _authors(paths)
    home = [(row.race_time_s, row.competitor) for row in paths.finish if row.race_time_s is not None]
    return sorted(one for one in home if one[1] not in authors)


def _close_finish(drawn: _Drawn, require: Requirements) -> _Paths | None:
    """A race whose first lets go of so much speed on the last two laps that the finish is close."""
    plan, (course, before_s, most_s) = drawn.plan, _terms(drawn)
    halted = run_to(plan, course, before_s, most_s, plan.finish - 2 * LAP_M)
    paths = _judge(drawn, run_on(plan, course, before_s, halted))
    front = _front(paths)
    count = 3 if require.three_within_s else 2
    if not _fulfils(paths, require) or len(front) < count:
        return None
    first, last = front[0][1], front[count - 1][1]
    mine = np.array(drawn.field.competitor) == first - 1
    least, most = LETS_GO
    for _ in range(7):
        if _fulfils(paths, require) and _is_close(paths, require):
            return paths
        share = (least + most) / 2
        free, cap = plan.free.copy(), plan.cap.copy()
        free[mine, -2:] *= share
        cap[mine, -2:] *= share
        paths = _judge(drawn, run_on(plan._replace(free=free, cap=cap), course, before_s, halted))
        times = {row.competitor: row.race_time_s or np.inf for row in paths.finish}
        least, most = (least, share) if times[first] < times[last] else (share, most)
    return None


def _embody(drawn: _Drawn, paths: _Paths, scenario: Scenario, draws: Draws) -> Motion:
    """Bodies on the paths, officials around them, and a false start before, where the scenario has one."""
    rink, field, event = drawn.rink, drawn.field, drawn.event
    time_s, s, d, mode, movement, racing = paths.time_s, paths.s, paths.d, paths.mode, paths.movement, paths.racing
    incidents = list(paths.incidents)
    guns: tuple[float, ...] = (0.0,)
    whistles: tuple[float, ...] = ()
    if scenario.false_start:
        early = false_start(s[:, 0], d[:, 0], scenario.false_start - 1, draws)
        begin = time_s[0] - LASTS_S
        time_s = np.concatenate([np.round(begin + np.arange(early.s.shape[1]) / RATE_HZ, 2), time_s])
        s, d, mode = np.hstack([early.s, s]), np.hstack([early.d, d]), np.hstack([early.mode, mode])
        movement, racing = np.hstack([np.zeros_like(early.s), movement]), np.hstack([early.s < np.inf, racing])
        guns, whistles = (begin + GUN_S, 0.0), (begin + WHISTLE_S,)
        incidents.append(false_start_incident(begin + early.moved_s, whistles[0], scenario.false_start))

    u = s - event.first_crossing_m
    xy = rink.to_ice(np.stack([u, d], axis=-1))
    ahead = np.unwrap(rink.heading(u), axis=-1)
    heading, speed, turn_rate = body.travel(xy, ahead)
    pose, phase = body.poses(time_s, mode, movement, s, u, speed, racing, rink, event.distance_m, guns, draws)
    upright = np.isin(mode, (*_UPRIGHT, Mode.IDLE, Mode.WAIT))
    leaning = body.lean(speed, turn_rate, upright)
    facing = body.facing(heading, mode, ahead, draws)
    careless = np.isin(mode, (Mode.FALL, Mode.SLIDE)) | (racing & (d < -0.35))
    blocks = knocked_blocks(time_s, xy, speed, careless, rink, draws)
    out_of_race = np.where(racing, 0.0, np.nan)

    officials = place_officials(time_s, rink, blocks, xy, racing, draws)
    none, nowhere = np.zeros(officials.phase.shape), np.full(officials.phase.shape, np.nan)
    return Motion(
        time_s=time_s,
        people=(*field.skaters, *field.officials),
        xy=np.concatenate([xy, officials.xy]),
        heading=np.concatenate([heading, officials.facing]),
        facing=np.concatenate([facing, officials.facing]),
        speed=np.concatenate([speed, none]),
        lean=np.concatenate([leaning, none]),
        pose=np.concatenate([pose, officials.pose]),
        phase=np.concatenate([phase, officials.phase]),
        present=np.ones((len(xy) + len(officials.xy), len(time_s)), bool),
        racing=np.concatenate([racing, none > 0]),
        s_m=np.concatenate([s + out_of_race, nowhere]),
        d_m=np.concatenate([d + out_of_race, nowhere]),
        reach_m=np.concatenate([body.reach(s, event.distance_m), none]),
        track_shift_m=rink.track_shift_m,
        blocks=blocks,
        event=Event(
            name=event.name, gender=event.gender, laps=event.laps, track_shift_m=rink.track_shift_m, source="truth"
        ),
        competitors=tuple(_competitors(field, paths.finish)),
        crossings=tuple(paths.crossings),
        finish=tuple(paths.finish),
        passes=tuple(paths.passes),
        incidents=tuple(
            incident.model_copy(update={"id": k})
            for k, incident in enumerate(sorted(incidents, key=lambda one: one.start_s), start=1)
        ),
        guns=guns,
        whistle_s=whistles,
        title=scenario.title or _title(event),
    )


def _title(event: RaceEvent) -> str:
    who = {"m": "Men's", "w": "Ladies'", "x": "Mixed"}[event.gender]
    distance = event.name.removeprefix("relay-").removesuffix("m")
    return f"{who} {distance} m{' relay' if event.is_relay else ''}"


def _competitors(field: Field, finish: list[FinishRow]) -> list[Competitor]:
    """In a relay the team, under its first member's helmet."""
    home = {row.competitor for row in finish if row.rank is not None}
    is_relay = max(field.turn) > 0
    return [
        Competitor(
            id=k + 1,
            name=skater.team if is_relay else skater.name,
            team=skater.team,
            helmet=None if is_relay else skater.helmet,
            start_position=skater.start_position,
            status="FIN" if k + 1 in home else "DNF",
            confidence=1.0,
        )
        for skater, k, turn in zip(field.skaters, field.competitor, field.turn, strict=True)
        if turn == 0
    ]
