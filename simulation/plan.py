"""What is drawn before the gun: how fast each one wants to skate, on which line, how boldly."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.events import LAP_M, RaceEvent, lap_time_quantiles
from simulation.draws import Draws
from simulation.field import Field
from simulation.line import racing_lines
from simulation.state import Order, Plan

Floats = NDArray[np.float64]

# Standard normal deviates of the quantiles 5, 25, 50, 75, 95 %.
_DEVIATES = np.array([-1.645, -0.674, 0.0, 0.674, 1.645])

# Relays: a lap at the beginning and at the end, s. The men's race as seen on television; the others by the ratio of
# women's to men's lap times in the individual races, the mixed relay by who skates the leg.
_MEN_LAP_S = (9.75, 8.5)
_WOMEN_RATIO = 1.065

# Chance at each apex of attacking the one ahead, fitted to the observed share of rank changes a lap.
AMBITION = {"500m": 0.015, "1000m": 0.11, "1500m": 0.08, "relay-2000m": 0.04, "relay-3000m": 0.03, "relay-5000m": 0.03}

# Kept behind the one ahead, blade midpoint to blade midpoint, and up to 0.7 m more: sprinters sit closest.
GAP_M = {"500m": 1.4, "1000m": 1.6, "1500m": 1.7, "relay-2000m": 2.6, "relay-3000m": 2.6, "relay-5000m": 2.6}

# Most of the speed that who is beaten lets go on the last lap; fitted to the slowest twentieth of the last laps.
EASES = {"500m": 0.5, "1000m": 0.5, "1500m": 0.2, "relay-2000m": 0.35, "relay-3000m": 0.35, "relay-5000m": 0.35}

# What sorting themselves into a file costs on the way to the first crossing, s; fitted to the observed first splits.
SORTING_S = {"500m": 0.63, "1000m": 1.1, "1500m": 1.75, "relay-2000m": 0.0, "relay-3000m": 0.0, "relay-5000m": 0.0}


@dataclass(frozen=True, slots=True)
class Pace:
    """Lap times (A, K) in s that the agents plan, and those of the fastest they could skate."""

    planned: Floats
    fastest: Floats


def draw_pace(event: RaceEvent, agents: int, women: tuple[bool, ...], draws: Draws) -> Pace:
    """The race's tempo is shared, the rest is each racer's own; slow early laps leave a lot in reserve."""
    if event.is_relay:
        first, last = _MEN_LAP_S
        common = np.linspace(first, last, event.crossings) + draws.normal(0, 0.12)
        common = common + 0.06 * draws.normals(event.crossings)
        ratio = np.array([_WOMEN_RATIO if woman else 1.0 for woman in women])
        own = 1 + 0.006 * draws.normals(agents)
        planned = common[None, :] * (ratio * own)[:, None]
        return Pace(planned, planned * 0.975)
    quantiles = lap_time_quantiles(event.name, event.gender)
    together = {"500m": 0.8, "1000m": 0.9, "1500m": 0.95}[event.name]
    tempo = np.empty(event.crossings)
    mood = draws.normal()
    for k in range(event.crossings):  # neighbouring laps are alike
        mood = 0.7 * mood + math.sqrt(1 - 0.7**2) * draws.normal()
        tempo[k] = mood
    form = draws.normals(agents)
    # In a file all have the lap times of whoever leads, mostly the fastest: the distances are known as they are skated.
    # How much so until the last two laps, and in them: at the end of a long race the file breaks up.
    led, released = {"500m": (0.0, 0.0), "1000m": (0.9, 0.9), "1500m": (1.0, 0.4)}[event.name]
    planned = np.empty((agents, event.crossings))
    for k, row in enumerate(quantiles):
        own = form - (led if k < event.crossings - 2 else released) * form.min()
        level = together * tempo[k] + math.sqrt(1 - together**2) * own
        # The slow tails are racers who fell or gave up; that comes from the race itself.
        row = np.minimum(row, row[3] + 1.7 * (row[3] - row[2]))
        slope = np.diff(row) / np.diff(_DEVIATES)
        inside = np.interp(level, _DEVIATES, row)
        planned[:, k] = inside + np.where(level < _DEVIATES[0], (level - _DEVIATES[0]) * slope[0], 0)
    laps = planned.copy()
    laps[:, 0] = planned[:, 1]
    best = laps.min(axis=1, keepdims=True)
    return Pace(planned, np.minimum(0.97 * laps, best / 0.965))


def draw_plan(event: RaceEvent, field: Field, orders: Floats, retired: set[int], draws: Draws) -> Plan:
    """A plan for the field's skaters; ``orders`` as in ``Plan``, those in ``retired`` (from 0) give up after a fall."""
    team, turn = np.array(field.competitor, np.int64), np.array(field.turn, np.int64)
    agents, laps = len(team), event.crossings
    pace = draw_pace(event, agents, field.women, draws)
    line = np.clip(draws.uniforms(int(team.max()) + 1)[team], 0.05, 0.95)
    stretch = (1 - line) * racing_lines()[1][0].mean() + line * racing_lines()[1][1].mean()
    lap_s = pace.planned.copy()
    lap_s[:, 0] = pace.planned[:, 1] if laps > 1 else pace.planned[:, 0]
    free = LAP_M / lap_s * stretch[:, None]
    cap = LAP_M / pace.fastest * stretch[:, None]
    reaction = np.clip(0.22 + 0.05 * draws.normals(agents), 0.12, 0.4)
    first_s = pace.planned[:, 0] - SORTING_S[event.name]
    if event.is_relay:
        first_s = lap_s[:, 0] + 3.0
    tau = np.array(
        [
            _start_constant(event.first_crossing_m * stretch[a], first_s[a] - reaction[a], free[a, 0])
            for a in range(agents)
        ]
    )
    row, column = team // 5, team % 5
    gap = GAP_M[event.name] + 0.7 * draws.uniforms(agents)
    uniforms = draws.uniforms(agents * 128).reshape(agents, 128)
    infield = -3.2 - 0.75 * team.astype(np.float64)
    racing = turn == 0
    return Plan(
        team=team,
        # The tip of the front blade is on the line; a second row stands behind from the sixth racer on.
        start_s=np.where(racing, -1.5 * row - 0.45, 12.0 + 20.0 * turn + 2.0 * team),
        start_d=np.where(racing, 1.3 * column + 0.4 * row, infield),
        reaction=reaction,
        top=free[:, 0],
        tau=tau,
        free=free,
        cap=cap,
        gap=gap,
        eases=EASES[event.name] * uniforms[:, -1] * np.sqrt(uniforms[:, -1]),
        line=line,
        ambition=np.full((agents, laps), AMBITION[event.name]),
        lane=infield,
        turn=turn,
        uniforms=uniforms,
        # The touch is at the beginning of the straight in whose middle the leg ends.
        touch_s=_touches(event, int(team.max()) + 1, orders),
        orders=orders,
        rejoin=np.array([k not in retired for k in field.competitor]),
        first_crossing=event.first_crossing_m,
        finish=event.distance_m,
    )


def _touches(event: RaceEvent, teams: int, orders: Floats) -> Floats:
    """(C, L - 1) as in ``Plan``; a late last exchange is at the next beginning of a straight after its order."""
    if not event.is_relay:
        return np.empty((teams, 0))
    touches = np.tile(np.cumsum(event.legs)[:-1] * LAP_M, (teams, 1))
    for order in orders[orders[:, 0] == Order.LATE_EXCHANGE]:
        touches[int(order[1]), -1] = math.ceil(2 * order[3] / LAP_M) * LAP_M / 2
    return touches - 11.5


def _start_constant(distance_m: float, time_s: float, top: float) -> float:
    """The time constant with which a start at 1.04 * top * (1 - exp(-t / tau)), held at top, takes ``time_s``."""
    low, high = 0.8, 8.0
    for _ in range(40):
        tau = (low + high) / 2
        held = tau * math.log(1.04 / 0.04)
        reached = 1.04 * top * (held - tau * (1 - math.exp(-held / tau)))
        if reached < distance_m:
            needed = held + (distance_m - reached) / top
        else:
            t, step = held, held
            for _ in range(40):
                step /= 2
                t += step if 1.04 * top * (t - tau * (1 - math.exp(-t / tau))) < distance_m else -step
            needed = t
        low, high = (tau, high) if needed < time_s else (low, tau)
    return (low + high) / 2
