"""What truly happened: crossings, finish and passes, read off the paths at 100 Hz."""

import numpy as np
from numpy.typing import NDArray

from race.events import RaceEvent
from race.formats import Crossing, FinishRow, Pass
from race.rink import Rink
from simulation.incidents import where_on_track

Floats = NDArray[np.float64]

PHOTO_FINISH_S = 0.020
TOUCHING_M = (0.9, 0.45)
"""Along and across the track: blade midpoints nearer than this ellipse are two bodies that touch."""
CLEAR_BY_M = 1.0
"""Somebody is past when this much ahead, having been as much behind."""


def find_crossings(time_s: Floats, tip_m: Floats, event: RaceEvent) -> list[Crossing]:
    """(C, T) s of each competitor's foremost blade tip, NaN when it races no more -> all crossings, in time order."""
    rows = []
    for k in range(1, event.crossings + 1):
        line = event.crossing_m(k)
        for competitor, tip in enumerate(tip_m, start=1):
            over = np.flatnonzero((tip >= line) & (time_s > 0))
            if len(over):
                n = over[0]
                share = (line - tip[n - 1]) / (tip[n] - tip[n - 1])
                rows.append((competitor, k, float(time_s[n - 1] + share * (time_s[n] - time_s[n - 1]))))
    at = {(competitor, k): moment for competitor, k, moment in rows}
    crossings = []
    for (competitor, k), moment in sorted(at.items(), key=lambda item: item[1]):
        before = 0.0 if k == 1 else at[competitor, k - 1]
        crossings.append(
            Crossing(
                competitor=competitor,
                lap=k,
                time_s=moment,
                time_sd_s=0.0,
                lap_time_s=moment - before,
                rank=1 + sum(1 for (_, lap), other in at.items() if lap == k and other < moment),
                source="truth",
            )
        )
    return crossings


def find_finish(crossings: list[Crossing], competitors: int, event: RaceEvent) -> list[FinishRow]:
    """In the order on the ice; those who did not finish come last, without a rank."""
    home = [row for row in crossings if row.lap == event.crossings]
    times = {row.competitor: row.time_s for row in home if row.time_s is not None}
    out = []
    for row in home:
        near = [other for who, other in times.items() if who != row.competitor]
        moment = times[row.competitor]
        close = any(abs(other - moment) < PHOTO_FINISH_S for other in near)
        out.append(
            FinishRow(
                competitor=row.competitor,
                rank=row.rank,
                time_s=moment,
                time_sd_s=0.0,
                race_time_s=moment,
                photo_finish=close,
            )
        )
    return out + [FinishRow(competitor=who, rank=None) for who in range(1, competitors + 1) if who not in times]


def find_passes(
    time_s: Floats, s: Floats, d: Floats, skating: NDArray[np.bool_], event: RaceEvent, rink: Rink
) -> list[Pass]:
    """(C, T): who came past whom while both were on their feet, from 15 m after the start to the finish."""
    out = []
    count = len(s)
    fit = skating & (s > 15.0) & (s <= event.distance_m)
    for i in range(count):
        for j in range(i + 1, count):
            both = fit[i] & fit[j]
            gap = np.where(both, s[i] - s[j], np.nan)
            decided = np.abs(gap) >= CLEAR_BY_M
            if both.any() and s[:, np.flatnonzero(both)[-1]].max() > event.distance_m - 1:
                decided[np.flatnonzero(both)[-1]] = True  # the finish line decides by less
            sure = np.flatnonzero(decided)
            turns = np.flatnonzero(np.diff(np.sign(gap[sure])) != 0)
            for before, after in zip(sure[turns], sure[turns + 1], strict=True):
                if not both[before : after + 1].all():
                    continue  # one of them was down in between
                signs = np.sign(gap[before : after + 1])
                n = before + int(np.flatnonzero(np.diff(signs) != 0)[-1]) + 1
                by, on = (i, j) if gap[after] > 0 else (j, i)
                u = float(s[by, n] - event.first_crossing_m)
                out.append(
                    Pass(
                        time_s=float(time_s[n]),
                        s_m=round(float(s[by, n]), 3),
                        by=by + 1,
                        on=on + 1,
                        side="inside" if d[by, n] < d[on, n] else "outside",
                        where=where_on_track(float(s[by, n]), u, event.distance_m, rink),
                        confidence=1.0,
                    )
                )
    return sorted(out, key=lambda row: row.time_s)


def find_contacts(s: Floats, d: Floats, racing: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    """(C, T) -> first step, last step, and the two (from 0) whose bodies touched while both raced on their feet."""
    out = []
    for i in range(len(s)):
        for j in range(i + 1, len(s)):
            apart = ((s[i] - s[j]) / TOUCHING_M[0]) ** 2 + ((d[i] - d[j]) / TOUCHING_M[1]) ** 2
            touching = np.concatenate([[False], racing[i] & racing[j] & (apart < 1), [False]])
            edges = np.flatnonzero(np.diff(touching.astype(np.int8)))
            out += [(int(first), int(after) - 1, i, j) for first, after in zip(edges[::2], edges[1::2], strict=True)]
    return out
