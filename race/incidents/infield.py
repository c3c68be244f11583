"""A relay member waiting in the infield gets into a racer's way (R3).

Whoever takes over comes out too, and whoever is relieved goes in, but both race: in the way is who comes out of the
infield and goes back into it within seconds without ever being fast, just ahead of somebody who comes up quickly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.incidents.bodies import Body
from race.rink import Rink

Floats = NDArray[np.float64]

ON_TRACK_M, OUTERMOST_M = -0.3, 4.0
"""d of who is on the track, ..."""
INSIDE_M, VISIT_S = -1.5, 4.0
"""... having been inside so shortly before, and being there again so shortly after."""
NOT_RACING_MPS, SLOW_MPS = 9.5, 7.0
"""The fastest of such a visit, and the slowest while somebody comes up."""
RACING_MPS, CLOSING_MPS = 8.0, 2.0
AHEAD_M, BESIDE_M = 4.5, 1.5
LEAST_SEEN, SAME_S = 3, 2.0


@dataclass(frozen=True, slots=True)
class InfieldBlock:
    """Body ``body`` is in the way of body ``racer``, first at ``time_s`` and so far ahead of it and outside it."""

    body: int
    racer: int
    time_s: float
    ahead_m: float
    beside_m: float
    speed_mps: float
    racer_speed_mps: float


def find_infield_blocks(bodies: list[Body], rink: Rink, before_s: float) -> list[InfieldBlock]:
    """By time, none from ``before_s`` on (the finish); of a body's within SAME_S the first."""
    found = []
    for n, body in enumerate(bodies):
        slow = (body.d > ON_TRACK_M) & (body.d < OUTERMOST_M) & (body.v < NOT_RACING_MPS) & (body.time_s < before_s)
        if slow.sum() < LEAST_SEEN or body.d.min() > INSIDE_M:
            continue
        for m, racer in enumerate(bodies):
            if m != n and racer.time_s[-1] >= body.time_s[0] and racer.time_s[0] <= body.time_s[-1]:
                block = _blocks(n, body, slow, m, racer, rink)
                found += [] if block is None else [block]
    out: list[InfieldBlock] = []
    for one in sorted(found, key=lambda block: block.time_s):
        if not any(one.body == other.body and one.time_s - other.time_s < SAME_S for other in out):
            out.append(one)
    return out


def _blocks(n: int, body: Body, slow: NDArray[np.bool_], m: int, racer: Body, rink: Rink) -> InfieldBlock | None:
    time_s, i, j = np.intersect1d(body.time_s, racer.time_s, return_indices=True)
    ahead = body.u[i] - racer.u[j]
    ahead -= rink.lap_m * np.round(ahead / rink.lap_m)
    beside = body.d[i] - racer.d[j]
    near = slow[i] & (ahead > 0) & (ahead < AHEAD_M) & (np.abs(beside) < BESIDE_M)
    near &= (racer.v[j] > RACING_MPS) & (racer.v[j] - body.v[i] > CLOSING_MPS) & (racer.d[j] > -0.5)
    at = np.flatnonzero(near)
    if len(at) < LEAST_SEEN or body.v[i][at].min() > SLOW_MPS or not _visits(body, float(time_s[at[0]])):
        return None
    k = at[0]
    return InfieldBlock(n, m, *(float(x) for x in (time_s[k], ahead[k], beside[k], body.v[i][k], racer.v[j][k])))


def _visits(body: Body, at: float) -> bool:
    """Whether it came from inside, goes in again, and does not race in between."""
    before = (body.time_s > at - VISIT_S) & (body.time_s <= at)
    after = (body.time_s > at) & (body.time_s < at + VISIT_S)
    if not before.any() or not after.any():
        return False
    fastest = float(np.nanmax(body.v[before | after], initial=0.0))
    return bool(body.d[before].min() < INSIDE_M and body.d[after].min() < INSIDE_M and fastest < NOT_RACING_MPS)
