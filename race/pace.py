"""How each competitor skated: gaps to the one ahead, time in the lead and in the draft, speeds, lines through corners.

Gaps and time in the lead come from the order and hold at camera level A too; the rest is in metres and needs level B.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.events import RaceEvent
from race.formats import CornerLine, Gaps, LapSpeed, Pace, Race
from race.ice import IcePaths
from race.rink import Rink

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

EVERY_S = 0.5
"""Between two gaps that are written down."""
DRAFT_M = (0.7, 3.0)
"""Behind somebody, along the track, between the points midway between the blades: a body length to two and a half."""
BESIDE_M = 0.7
"""And no further to the side: out of line there is no shelter."""
PARTS = 12
"""Of a lap, 9.3 m each, for the speed profile."""
LEAST_PART = 0.5
"""Of the PARTS that have to be known for a mean of the lap."""
ON_LINE_M, SURE_M = 3.0, 0.6
"""A place is told where the next ones known lie so near before and after it, and where it is so sure."""


@dataclass(frozen=True, slots=True)
class _Track:
    """Where R racers were in F frames: m past the finish line, with laps; m outside the measured line; m/s."""

    u: Floats
    d: Floats
    d_sd: Floats
    speed: Floats


def with_pace(
    race: Race,
    ids: NDArray[np.int32],
    rank: Floats,
    gap_s: Floats,
    time_s: Floats,
    ice: IcePaths | None,
    event: RaceEvent | None,
) -> Race:
    """``race`` with its ``pace``: a row for each of the competitors ``ids`` (R,), whose are the rows of ``ice`` too.

    ``rank`` (R, F), ``gap_s`` (R, R, F) seconds that the first is ahead of the second, ``time_s`` (F,).
    """
    racing = _racing(race, ids, time_s)
    track = None if ice is None else _track(ice, event)
    step_s = np.gradient(time_s) if len(time_s) > 1 else np.zeros(len(time_s))
    ordered = racing & np.isfinite(rank)
    rows = []
    for r, id_ in enumerate(ids.tolist()):
        row = Pace(
            competitor=id_,
            ordered_s=_seconds(ordered[r], step_s),
            leading_s=_seconds(ordered[r] & (rank[r] == 1), step_s),
            gaps=_gaps(r, rank, gap_s, ordered[r], time_s, ids.tolist()),
        )
        if track is not None and ice is not None:
            row = row.model_copy(update=_in_metres(r, track, racing, step_s, time_s, ice, event))
        rows.append(row)
    return race.model_copy(update={"pace": rows})


def _racing(race: Race, ids: NDArray[np.int32], time_s: Floats) -> Mask:
    """(R, F) from the gun, where that is known, to each one's finish."""
    end_s = {row.competitor: row.time_s for row in race.finish if row.time_s is not None}
    last_s = max(end_s.values(), default=np.inf)
    out = np.zeros((len(ids), len(time_s)), bool)
    begin_s = -np.inf if race.race_start_s is None else race.race_start_s
    for r, id_ in enumerate(ids.tolist()):
        out[r] = (time_s >= begin_s) & (time_s <= end_s.get(id_, last_s))
    return out


def _seconds(frames: Mask, step_s: Floats) -> float:
    return round(float(step_s[frames].sum()), 2)


def _gaps(r: int, rank: Floats, gap_s: Floats, ordered: Mask, time_s: Floats, ids: list[int]) -> Gaps:
    """To the one a rank ahead, every EVERY_S; nothing while leading, and where the gap is not known."""
    times: list[float] = []
    ahead: list[int] = []
    gaps: list[float] = []
    if not len(time_s):
        return Gaps()
    at = np.unique(np.searchsorted(time_s, np.arange(np.ceil(time_s[0] / EVERY_S) * EVERY_S, time_s[-1], EVERY_S)))
    for t in at[ordered[at]]:
        other = np.flatnonzero(rank[:, t] == rank[r, t] - 1)
        if len(other) == 1 and np.isfinite(gap_s[other[0], r, t]):
            times.append(round(float(time_s[t]), 3))
            ahead.append(ids[other[0]])
            gaps.append(round(max(float(gap_s[other[0], r, t]), 0.0), 3))
    return Gaps(time_s=times, ahead=ahead, gap_s=gaps)


# In metres ---------------------------------------------------------------------


def _track(ice: IcePaths, event: RaceEvent | None) -> _Track:
    """Only what is sure, for moments out of sight too: who is hidden by the one behind gives a draft all the same."""
    first_m = 0.0 if event is None else event.first_crossing_m
    with np.errstate(invalid="ignore"):
        known = ice.xy_sd <= SURE_M
    return _Track(
        *(np.where(known, values, np.nan) for values in (ice.s_m - first_m, ice.d_m, ice.d_sd, ice.speed_mps))
    )


def _in_metres(
    r: int, track: _Track, racing: Mask, step_s: Floats, time_s: Floats, ice: IcePaths, event: RaceEvent | None
) -> dict[str, object]:
    lap_m = ice.rink.lap_m
    here = racing[r] & np.isfinite(track.u[r]) & np.isfinite(track.d[r])
    with np.errstate(invalid="ignore"):
        ahead_m = np.mod(track.u - track.u[r] + lap_m / 2, lap_m) - lap_m / 2
        behind = (ahead_m >= DRAFT_M[0]) & (ahead_m <= DRAFT_M[1]) & (np.abs(track.d - track.d[r]) <= BESIDE_M)
    counted = event is not None and ice.from_start
    u, seen = track.u[r][here], time_s[here]
    return {
        "placed_s": _seconds(here, step_s),
        "drafting_s": _seconds(here & (behind & racing).any(axis=0), step_s),
        "laps": lap_speeds(u, track.speed[r][here], seen, lap_m, counted),
        "corners": corner_lines(u, track.d[r][here], track.d_sd[r][here], seen, ice.rink, counted),
    }


def lap_speeds(u: Floats, speed: Floats, time_s: Floats, lap_m: float, counted: bool) -> list[LapSpeed]:
    """Of each lap the mean speed, the highest, and that of each part; (n,) of one racer, ``u`` m past the line."""
    part = np.floor(u / lap_m * PARTS).astype(int)
    out = []
    for lap in np.unique(part // PARTS):
        if counted and lap < -1:
            continue  # behind the start line
        rows = [part == lap * PARTS + k for k in range(PARTS)]
        profile = [float(np.mean(speed[row])) if row.any() else None for row in rows]
        known = [value for value in profile if value is not None]
        whole = len(known) >= LEAST_PART * PARTS
        out.append(
            LapSpeed(
                lap=int(lap) + 2 if counted else None,
                from_s=round(float(time_s[part // PARTS == lap][0]), 3),
                mean_mps=round(float(np.mean(known)), 2) if whole else None,
                top_mps=round(max(known), 2) if whole else None,
                profile_mps=[None if value is None else round(value, 2) for value in profile],
            )
        )
    return out


def corner_lines(u: Floats, d: Floats, d_sd: Floats, time_s: Floats, rink: Rink, counted: bool) -> list[CornerLine]:
    """How far outside the measured line each corner was entered, passed at its apex and left; (n,) of one racer."""
    if len(u) < 2:
        return []
    way = np.maximum.accumulate(u)
    half, edge = rink.lap_m / 2, rink.straight_m / 2
    out = []
    for n in range(int(np.floor(way[0] / half)), int(np.floor(way[-1] / half)) + 1):
        places = [
            _at(n * half + rink.track_shift_m + along, way, d, d_sd, time_s) for along in (edge, half / 2, half - edge)
        ]
        known = [place for place in places if place is not None]
        if not known:
            continue
        entry, apex, leave = (None if place is None else round(place[0], 2) for place in places)
        out.append(
            CornerLine(
                lap=n // 2 + 2 if counted else None,
                corner=1 if n % 2 == 0 else 2,
                time_s=round(known[0][2], 3),
                entry_m=entry,
                apex_m=apex,
                exit_m=leave,
                sd_m=round(max(place[1] for place in known), 2),
            )
        )
    return out


def _at(line: float, way: Floats, d: Floats, d_sd: Floats, time_s: Floats) -> tuple[float, float, float] | None:
    """d, its standard deviation and the moment at which ``way`` comes to ``line``; None where that was not seen."""
    after = int(np.searchsorted(way, line))
    if not 0 < after < len(way) or way[after] - way[after - 1] > ON_LINE_M:
        return None
    pair = way[after - 1 : after + 1]
    value, sd, moment = (float(np.interp(line, pair, of[after - 1 : after + 1])) for of in (d, d_sd, time_s))
    return value, sd, moment
