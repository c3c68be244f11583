"""Starts as the ice shows them: who stood on a start line gets off, and the others with it. Needs the camera's pose.

The gun is not heard; people move about a quarter of a second after it, and so the start has a time where there is no
clock on the screen.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from race.events import SIDES, Start
from race.rink import Rink

if TYPE_CHECKING:  # incidents, among them false starts, stand on this module
    from race.incidents.bodies import Body

Floats = NDArray[np.float64]

STANDS_S, STANDS_M = 0.8, 0.5
"""Who moves less than that in that time stands."""
OFF_S, OFF_M, OFF_MPS = 2.6, 3.0, 2.8
"""Who is off is so far from there, and was so fast, so long after it stood; who walks to the line is not."""
MOVED_M, START_MPS2 = 0.5, 3.6
"""A racer is off by MOVED_M after sqrt(2 * MOVED_M / START_MPS2) s."""
TOGETHER_S = 2.5
LEAST_OFF = 2
"""Of so many at once it is a start."""
CALLED_BACK_M = 20.0
"""Nobody who is called back gets further than this ..."""
COASTS_S = 8.0
"""... within this."""
BEHIND_M, OVER_M = 4.0, 1.0
"""The second row stands so far behind the line; over it is nobody, by more than a place is uncertain."""
BESIDE_M = 2.0
"""The line goes from the blocks to the mats; who stands inside by more than so much does not start."""
REACTION_S = 0.3
"""From the gun to first movements as they are told here: 0.2 s and more pass before anybody can react."""
AT_ONCE_S = 0.45
"""Most get off within so much of each other; who sways on the line, or is taken for another, seems to be early."""
START_SD_S = 0.15
"""Of a gun told by first movements."""


@dataclass(frozen=True, slots=True)
class Off:
    """``body`` gets off at ``time_s`` from where it stood: ``u``, ``d``; ``far_m`` it gets."""

    body: int
    time_s: float
    u: float
    d: float
    far_m: float


@dataclass(frozen=True, slots=True)
class FieldStart:
    """The field got off from the start line on ``side``; the gun was at ``gun_s``."""

    gun_s: float
    side: Start


def find_field_starts(bodies: "list[Body]", rink: Rink) -> list[FieldStart]:
    """By time: those from a start line after which somebody raced on."""
    out: list[FieldStart] = []
    for side, group in find_starts(bodies, rink):
        if len(group) >= LEAST_OFF and max(off.far_m for off in group) > CALLED_BACK_M:
            out.append(FieldStart(_all_at_once([off.time_s for off in group]) - REACTION_S, side))
    return out


def _all_at_once(off_s: list[float]) -> float:
    """The middle of those who get off together, of two the later."""
    groups = [sorted(other for other in off_s if 0 <= other - first <= AT_ONCE_S) for first in off_s]
    most = max(groups, key=lambda group: (len(group), group[0]))
    return most[len(most) // 2]


def find_starts(bodies: "list[Body]", rink: Rink) -> list[tuple[Start, list[Off]]]:
    """Who gets off together from a start line, and on which side that is, by time; one alone, too.

    Team-mates who set off from the infield are no start, nor is who goes from the rail.
    """
    offs = sorted((off for n, body in enumerate(bodies) for off in _offs(n, body, rink)), key=lambda off: off.time_s)
    out: list[tuple[Start, list[Off]]] = []
    for side in SIDES:
        line = float(rink.to_track(rink.start_dots(side)[:1])[0, 0])
        on_line = [off for off in offs if off.d > -BESIDE_M and -BEHIND_M < float(apart(off.u, line, rink)) < OVER_M]
        out += [(side, group) for group in _together(on_line)]
    return sorted(out, key=lambda start: start[1][0].time_s)


def _together(offs: list[Off]) -> list[list[Off]]:
    """``offs``, by time, in groups."""
    out: list[list[Off]] = []
    for off in offs:
        if out and off.time_s - out[-1][-1].time_s <= TOGETHER_S:
            out[-1].append(off)
        else:
            out.append([off])
    return out


def _offs(n: int, body: "Body", rink: Rink) -> list[Off]:
    t = body.time_s
    way = body.u[0] + np.concatenate([[0.0], np.cumsum(apart(body.u[1:], body.u[:-1], rink))])
    before, after = np.interp(t - STANDS_S, t, way), np.interp(t + OFF_S, t, way)
    seen = (t - STANDS_S >= t[0]) & (t + OFF_S <= t[-1])
    out: list[Off] = []
    for k in np.flatnonzero(seen & (np.abs(way - before) < STANDS_M) & (after - way > OFF_M)):
        stood = (t >= t[k] - STANDS_S) & (t <= t[k])
        place = float(np.median(way[stood]))
        moved = k + np.flatnonzero(way[k:] > place + MOVED_M)
        fast = (t >= t[k]) & (t <= t[k] + OFF_S) & (body.v > OFF_MPS)
        if not len(moved) or not fast.any():
            continue
        off_s = float(t[moved[0]]) - float(np.sqrt(2 * MOVED_M / START_MPS2))
        if out and off_s - out[-1].time_s < OFF_S:
            continue
        far = float(way[(t >= t[k]) & (t <= t[k] + COASTS_S)].max() - place)
        out.append(Off(n, off_s, place % rink.lap_m, float(np.median(body.d[stood])), far))
    return out


def apart(a: Floats | float, b: Floats | float, rink: Rink) -> Floats:
    """m that ``a`` is further along than ``b``, whole laps aside."""
    return np.asarray((a - b + rink.lap_m / 2) % rink.lap_m - rink.lap_m / 2)
