"""Pieces of ways over the ice, as they are joined: where and how fast each begins and ends, and its colours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.foot import cover
from race.guide import Guide
from race.ice import THROWN_M, TIP_M
from race.observations import Detections
from race.smooth import ACCELERATION, LASTS_S, smooth
from race.told import ToldCrossing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

RACING_MPS = 7.5
"""Over the ice: who is as fast races. Idle team-mates circle at 3 to 6 m/s."""
SPEED_SD = 4.0
"""A speed less sure than this, m/s, is that of a piece too short to have one: somebody on the start line, say."""
IDLE_MPS = 5.5
INSIDE_M = -1.5
"""So far inside the measured line nobody races who is not falling."""
HELMETS = 0.3
"""Their colours count where so many of the people found have some."""
TOLD_SPEED_SD, TOLD_ACROSS_SD = 2.0, 1.5
"""Of who is told to have crossed, m/s and m from the guide."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """K pieces in order of their beginnings.

    rows     list of arrays, the detections of each
    first_s, last_s  (K,)
    first, last      (K, 6) smoothed state there: along the guide, its rate and acceleration, across the same
    first_cov, last_cov (K, 6, 6)
    look     (K, C) mean colours, 0 where unknown
    many     (K,) in how many pictures they were seen, less where something was in front
    racing   (K,) bool, went at racing speed
    told     (K,) number of the crossing that the score bug tells of, which is a piece without sight; -1: was seen
    frames, rates    lists of arrays, frames and speeds along the guide of those that did
    """

    rows: list[NDArray[np.intp]]
    first_s: Floats
    last_s: Floats
    first: Floats
    last: Floats
    first_cov: Floats
    last_cov: Floats
    look: Floats
    many: Floats
    racing: Mask
    told: Ints
    frames: list[NDArray[np.intp]]
    rates: list[Floats]


def describe(
    number: Ints, place: Floats, spread: Floats, colour: Floats, clear: Floats, column: Ints, time_s: Floats,
    guide: Guide, relay: bool,
) -> Pieces:  # fmt: skip
    out: list[tuple[NDArray[np.intp], Floats, Floats, Floats, Floats, bool]] = []
    racing_at, rates = [], []
    order = np.argsort(number, kind="stable")
    order = order[number[order] >= 0]
    for rows in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        if len(rows) < 2:
            continue
        frames = np.arange(column[rows[0]], column[rows[-1]] + 1)
        at, cov = np.full((len(frames), 2), np.nan), np.full((len(frames), 2, 2), np.nan)
        at[column[rows] - frames[0]], cov[column[rows] - frames[0]] = place[rows], spread[rows]
        state, covariance = np.empty((len(frames), 6)), np.empty((len(frames), 6, 6))
        at[:, 0] = counted_on(at[:, 0], guide.length_m)
        smooth(time_s[frames], at, cov, np.array(ACCELERATION), np.array(LASTS_S), state, covariance)
        seen = column[rows] - frames[0]
        speed = np.hypot(state[seen, 1] * guide.stretch(state[seen][:, [0, 3]]), state[seen, 4])
        d = guide.rink.to_track(guide.to_ice(state[seen][:, [0, 3]])[0])[:, 1]
        for part in _parts(speed, d, relay):
            fast = (speed[part] >= RACING_MPS) & (d[part] >= INSIDE_M) & (state[seen[part], 1] > 0)
            fast &= covariance[seen[part], 1, 1] <= SPEED_SD**2
            racing = fast.sum() >= max(2, 0.5 * len(fast)) if relay else bool(fast.sum() >= 2)
            first, last = seen[part[0]], seen[part[-1]]
            if racing:
                racing_at.append(column[rows[part]])
                rates.append(state[seen[part], 1])
            out.append((rows[part], state[first], state[last], covariance[first], covariance[last], bool(racing)))
    out.sort(key=lambda one: int(column[one[0][0]]))
    many = np.array([clear[one[0]].sum() for one in out])
    total = np.array([clear[one[0]] @ np.nan_to_num(colour[one[0]]) for one in out]).reshape(len(out), colour.shape[1])
    return Pieces(
        rows=[one[0] for one in out],
        first_s=np.array([time_s[column[one[0][0]]] for one in out]),
        last_s=np.array([time_s[column[one[0][-1]]] for one in out]),
        first=np.array([one[1] for one in out]).reshape(-1, 6),
        last=np.array([one[2] for one in out]).reshape(-1, 6),
        first_cov=np.array([one[3] for one in out]).reshape(-1, 6, 6),
        last_cov=np.array([one[4] for one in out]).reshape(-1, 6, 6),
        look=total / np.maximum(many, 1e-9)[:, None],
        many=many,
        racing=np.array([one[5] for one in out], bool),
        told=np.full(len(out), -1),
        frames=racing_at,
        rates=rates,
    )


def with_told(pieces: Pieces, told: Sequence[ToldCrossing], last_lap: int, pace: Floats, time_s: Floats) -> Pieces:
    """``pieces`` with the crossings ``told``, all with a time, among them: somebody was on the line at that moment."""
    count, racing_mps = len(told), np.interp([one.time_s or 0.0 for one in told], time_s, pace)
    at_s = np.array([one.time_s for one in told], np.float64)
    state, cov = np.zeros((count, 6)), np.zeros((count, 6, 6))
    state[:, 0] = [-THROWN_M if one.lap == last_lap else -TIP_M for one in told]
    state[:, 1] = racing_mps
    cov[:, 0, 0] = (racing_mps * [one.time_sd_s for one in told]) ** 2
    cov[:, 1, 1], cov[:, 3, 3], cov[:, 4, 4] = TOLD_SPEED_SD**2, TOLD_ACROSS_SD**2, 1.0
    order = np.argsort(np.concatenate([pieces.first_s, at_s]), kind="stable")

    def joined(seen: Floats, more: Floats) -> Floats:
        return np.asarray(np.concatenate([seen, more])[order])

    rows = [*pieces.rows, *([np.empty(0, np.intp)] * count)]
    return replace(
        pieces,
        rows=[rows[k] for k in order],
        first_s=joined(pieces.first_s, at_s),
        last_s=joined(pieces.last_s, at_s),
        first=joined(pieces.first, state),
        last=joined(pieces.last, state),
        first_cov=joined(pieces.first_cov, cov),
        last_cov=joined(pieces.last_cov, cov),
        look=joined(pieces.look, np.zeros((count, pieces.look.shape[1]))),
        many=joined(pieces.many, np.zeros(count)),
        racing=np.concatenate([pieces.racing, np.ones(count, bool)])[order],
        told=np.concatenate([pieces.told, np.arange(count)])[order],
    )


def line_times(pieces: Pieces, place: Floats, at_s: Floats, guide: Guide) -> Floats:
    """When racers' pieces crossed the finish line, in order; ``place`` (N, 2), ``at_s`` (N,) of all that was found."""
    times = []
    for k in np.flatnonzero(pieces.racing):
        rows = pieces.rows[k]
        tip = (counted_on(place[rows, 0], guide.length_m) + TIP_M) / guide.length_m
        over = np.flatnonzero(np.diff(np.floor(tip)) > 0)
        for n in over[:1]:
            share = (np.floor(tip[n + 1]) - tip[n]) / (tip[n + 1] - tip[n])
            times.append(at_s[rows[n]] + share * (at_s[rows[n + 1]] - at_s[rows[n]]))
    return np.sort(np.array(times, np.float64))


def counted_on(g: Floats, lap_m: float) -> Floats:
    """(F,) over the finish line without a leap; a piece is never out of sight for long."""
    seen = np.isfinite(g)
    out = np.full_like(g, np.nan)
    out[seen] = np.unwrap(g[seen], period=lap_m)
    return out


def _parts(speed: Floats, d: Floats, relay: bool) -> list[NDArray[np.intp]]:
    """A relay member races for a part of its way only: what is slow, or inside the track, is cut off as its own."""
    everything = np.arange(len(speed))
    if not relay:
        return [everything]
    races = (speed >= IDLE_MPS) & (d >= INSIDE_M)
    stands = (d >= INSIDE_M + 1.0) & (speed < 2.0)  # on the start line, or fallen
    return [
        part
        for part in np.split(everything, np.flatnonzero(np.diff((races | stands).astype(int))) + 1)
        if len(part) > 1
    ]


def colours_in_the_open(found: Detections) -> tuple[Floats, Floats]:
    """(N, C) colours of suits, and beside them of helmets where any were found; and how far each was seen in the open
    (N,), 0 to 1: 0 where colours are unknown, less where a nearer box covers this one."""
    order = np.lexsort((-(found.box[:, 1] + found.box[:, 3]), found.frame))
    covered = np.zeros(len(found))
    cover(found.box, found.score, found.frame, order, covered)
    colour = found.suit
    if np.isfinite(found.helmet_colour[:, 0]).mean() >= HELMETS:
        colour = np.concatenate([found.suit, found.helmet_colour], axis=1)
    return colour, np.where(np.isfinite(colour).all(axis=1), (1 - covered) ** 2, 0.0)
