"""A start that is called back: who stood on the line gets off, comes back, stands there again and gets off again.

Who is off early and is not called back looks like a good start; without the gun nothing else can be told. The race
begins with the start that counts, so that nobody is followed as a competitor before it. Hence this is sought among
everybody seen, and who was off first gets the name of whoever stands in that place at the start that counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.incidents.bodies import Body
from race.rink import Rink

Floats = NDArray[np.float64]

STANDS_S, STANDS_M = 0.8, 0.5
"""Who moves less than that in that time stands."""
OFF_S, OFF_M, OFF_MPS = 2.6, 3.0, 2.8
"""Who is off is so far from there, and was so fast, so long after it stood; who walks to the line is not."""
MOVED_M, START_MPS2 = 0.5, 3.6
"""A racer is off by MOVED_M after sqrt(2 * MOVED_M / START_MPS2) s."""
TOGETHER_S, TOGETHER_M = 2.5, 4.0
LEAST_OFF = 2
"""Of so many at once it is a start."""
CALLED_BACK_M = 20.0
"""Nobody who is called back gets further than this ..."""
COASTS_S = 8.0
"""... within this."""
AGAIN_S, SAME_LINE_M = (6.0, 45.0), 2.5
SAME_PLACE_M = 0.8
WHO_S, LEAST_WHO, SURE_WHO = 5.0, 10, 0.8


@dataclass(frozen=True, slots=True)
class FalseStart:
    """All were called back; ``row``, None where it is not known, was off first, ``lead_s`` before the next one."""

    row: int | None
    start_s: float
    end_s: float
    lead_s: float


@dataclass(frozen=True, slots=True)
class _Off:
    """``body`` gets off at ``time_s`` from where it stood: ``u``, ``d``; ``far_m`` it gets."""

    body: int
    time_s: float
    u: float
    d: float
    far_m: float


def find_false_starts(bodies: list[Body], rows: dict[int, int], rink: Rink) -> list[FalseStart]:
    """By time. ``rows`` says which detections are which racer's."""
    starts = _starts(bodies, rink)
    out: list[FalseStart] = []
    for n, first in enumerate(starts):
        line, off_s = float(np.median([off.u for off in first])), first[0].time_s
        for again in starts[n + 1 :]:
            same = abs(_apart(float(np.median([off.u for off in again])), line, rink)) < SAME_LINE_M
            if same and AGAIN_S[0] < again[0].time_s - off_s < AGAIN_S[1]:
                if max(off.far_m for off in first) <= CALLED_BACK_M:
                    row = _whose(first[0], again, bodies, rows)
                    out.append(FalseStart(row, off_s, first[-1].time_s + 1.0, first[1].time_s - off_s))
                break
    return out


def _starts(bodies: list[Body], rink: Rink) -> list[list[_Off]]:
    """Groups of LEAST_OFF or more who get off together from about the same line, each by time."""
    offs = sorted((off for n, body in enumerate(bodies) for off in _offs(n, body, rink)), key=lambda off: off.time_s)
    out: list[list[_Off]] = []
    for off in offs:
        near = bool(out) and off.time_s - out[-1][-1].time_s <= TOGETHER_S
        if near and abs(_apart(off.u, out[-1][0].u, rink)) <= TOGETHER_M:
            out[-1].append(off)
        else:
            out.append([off])
    return [group for group in out if len({off.body for off in group}) >= LEAST_OFF]


def _offs(n: int, body: Body, rink: Rink) -> list[_Off]:
    t = body.time_s
    way = body.u[0] + np.concatenate([[0.0], np.cumsum(_apart(body.u[1:], body.u[:-1], rink))])
    before, after = np.interp(t - STANDS_S, t, way), np.interp(t + OFF_S, t, way)
    seen = (t - STANDS_S >= t[0]) & (t + OFF_S <= t[-1])
    out: list[_Off] = []
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
        out.append(_Off(n, off_s, place % rink.lap_m, float(np.median(body.d[stood])), far))
    return out


def _whose(off: _Off, again: list[_Off], bodies: list[Body], rows: dict[int, int]) -> int | None:
    """The racer who gets off from that place at the start that counts, as whom it is followed soon after."""
    same = min(again, key=lambda other: abs(other.d - off.d))
    body = bodies[same.body]
    soon = (body.time_s > same.time_s) & (body.time_s < same.time_s + WHO_S)
    held = [rows[int(detection)] for detection in body.rows[soon] if int(detection) in rows]
    if abs(same.d - off.d) > SAME_PLACE_M or len(held) < LEAST_WHO:
        return None
    racers, counts = np.unique(held, return_counts=True)
    return int(racers[counts.argmax()]) if counts.max() >= SURE_WHO * len(held) else None


def _apart(a: Floats | float, b: Floats | float, rink: Rink) -> Floats:
    """m that ``a`` is further along than ``b``, whole laps aside."""
    return np.asarray((a - b + rink.lap_m / 2) % rink.lap_m - rink.lap_m / 2)
