"""Passes at camera level B: who came past whom, where, on which side, and what a referee would ask of it.

Somebody is past when clearly ahead, having been as clearly behind, so that a gap that flickers around zero is no pass.
The moment is the last at which the two were level. Asked of a pass near a corner: how far the one behind overlapped the
one ahead where the corner begins, and how each moved sideways in the second after they were level.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from race.events import LAP_M, RaceEvent
from race.formats import Incident, Pass
from race.ice import IcePaths
from race.rink import Rink

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Where = Literal["straight", "corner", "finish"]

CLEAR_M = 1.0
OUT_OF_SIGHT_S = 1.5
"""For no longer may one of the two be unseen meanwhile: two who come out of the dark may be taken for each other."""
START_M = 15.0
"""Until so far from the start line the field sorts itself, and that is no passing."""
FINISH_M = 15.0
BODY_M = 1.1
"""Length of a crouched skater from the point between the blades: two overlap when nearer than this along the track."""
MOVES_S = 1.0
PREPARED_M = 5.0
"""A pass is being prepared from where the one behind came so near."""
ALONE_M = 1.5 * LAP_M
"""Nobody is relieved in the last two laps of a relay."""
DOWN_MPS = 6.0
"""Past somebody who is down or standing is no pass."""


def where_on_track(s_m: float, event: RaceEvent | None, rink: Rink) -> Where:
    """``s_m`` metres since the start line, or since the finish line where the event is not known."""
    if event is not None and event.distance_m - FINISH_M < s_m <= event.distance_m + 1:
        return "finish"
    u = s_m - (event.first_crossing_m if event is not None else 0.0)
    local = (u - rink.track_shift_m) % (rink.lap_m / 2)
    return "corner" if rink.straight_m / 2 < local < rink.lap_m / 2 - rink.straight_m / 2 else "straight"


def find_ice_passes(ice: IcePaths, event: RaceEvent | None, changing: Mask | None = None) -> list[Pass]:
    """Every pass between two racers both of whom were followed through it, in order of time.

    ``changing`` (R, F): a team's racer is being relieved, and its place may be that of either; only the order before
    and after tells of a pass then.
    """
    finish_m = event.distance_m if event is not None else np.inf
    with np.errstate(invalid="ignore"):
        racing = np.isfinite(ice.xy[..., 0]) & (ice.s_m > START_M) & (ice.s_m <= finish_m)
        upright = ice.speed_mps > DOWN_MPS
    with np.errstate(invalid="ignore"):
        one_body = np.ones_like(racing) if changing is None else ~changing | (ice.s_m > finish_m - ALONE_M)
    passes = []
    for i in range(len(ice.ids)):
        for j in range(i + 1, len(ice.ids)):
            both = racing[i] & racing[j] & one_body[i] & one_body[j]
            gap = np.where(both, ice.s_m[i] - ice.s_m[j], np.nan)
            with np.errstate(invalid="ignore"):
                clear = np.abs(gap) >= CLEAR_M
            known = np.flatnonzero(both)
            if len(known) and ice.s_m[[i, j], known[-1]].max() > finish_m - 1.0:
                clear[known[-1]] = True  # the finish line decides by less
            sure = np.flatnonzero(clear)
            for n in np.flatnonzero(np.diff(np.sign(gap[sure])) != 0):
                before, after = int(sure[n]), int(sure[n + 1])
                if abs(gap[before] - gap[after]) > LAP_M / 2 or not upright[[i, j], before : after + 1].all():
                    continue
                if max(_unseen_s(ice, r, before, after) for r in (i, j)) > OUT_OF_SIGHT_S:
                    continue
                by, on = (i, j) if gap[after] > 0 else (j, i)
                passes.append(_describe(ice, event, gap if by == i else -gap, by, on, before, after))
    return sorted(passes, key=lambda one: one.time_s)


def without_fallen(passes: list[Pass], incidents: list[Incident]) -> list[Pass]:
    """Those on somebody who was not down just then: the fallen slide on at a racer's pace for a while."""
    falls = [row for row in incidents if row.kind == "fall"]
    return [
        one
        for one in passes
        if not any(one.on in row.competitors and row.start_s <= one.time_s <= row.end_s for row in falls)
    ]


def _unseen_s(ice: IcePaths, racer: int, before: int, after: int) -> float:
    """The longest time out of sight of a racer from frame ``before`` to ``after``, the time around them included."""
    seen_s = ice.time_s[ice.seen[racer]]
    first = max(0, int(np.searchsorted(seen_s, ice.time_s[before], side="right")) - 1)
    last = int(np.searchsorted(seen_s, ice.time_s[after]))
    if last >= len(seen_s) or seen_s[first] > ice.time_s[before]:
        return float("inf")
    return float(np.diff(seen_s[first : last + 1]).max(initial=0.0))


def _describe(
    ice: IcePaths, event: RaceEvent | None, gap: Floats, by: int, on: int, before: int, after: int
) -> Pass:  # fmt: skip
    """The pass between two frames; ``gap`` (F,) metres ``by`` is ahead of ``on``, NaN where that does not tell."""
    known = before + np.flatnonzero(np.isfinite(gap[before : after + 1]))
    level = int(known[gap[known] <= 0][-1]) if (gap[known] <= 0).any() else before
    following = int(known[known > level][0])
    rest = gap[level] / (gap[level] - gap[following]) if gap[following] != gap[level] else 0.0
    time_s = float(ice.time_s[level] + rest * (ice.time_s[following] - ice.time_s[level]))
    watched = following - level == 1  # else a racer was relieved meanwhile, and lines of two are no one's
    level = int(np.clip(np.searchsorted(ice.time_s, time_s) - 1, level, following - 1))
    s_m = float(ice.s_m[by, level + 1])
    beside = ice.d_m[by, level] - ice.d_m[on, level]
    spread = float(np.hypot(ice.d_sd[by, level], ice.d_sd[on, level]))
    early = np.flatnonzero(~(gap[: before + 1] > -PREPARED_M))
    begun = int(early[-1]) + 1 if len(early) else 0
    own = float(np.hypot(*ice.s_own_sd[[by, on], level]))
    apart = min(abs(gap[before]), abs(gap[after]))
    prepared = {"prepared_s": round(time_s - float(ice.time_s[begun]), 2)}
    asked = {
        "side_confidence": round(float(1 / (1 + np.exp(-1.7 * abs(beside) / spread))), 3),
        "lateral_move_by_m": _moved(ice, by, level),
        "lateral_move_on_m": _moved(ice, on, level),
        **_at_corner_entry(ice, event, by, on, level),
    }
    return Pass(
        time_s=time_s,
        s_m=round(s_m, 2) if ice.from_start else None,
        by=int(ice.ids[by]),
        on=int(ice.ids[on]),
        side=("inside" if beside < 0 else "outside") if watched else None,
        where=where_on_track(s_m, event, ice.rink),
        confidence=round(float(1 / (1 + np.exp(-1.7 * apart / own))), 3),
        **(prepared | asked if watched else prepared),
    )


def _moved(ice: IcePaths, racer: int, level: int) -> float | None:
    """Metres outwards in the MOVES_S after frame ``level``; None where the racer was not followed so long."""
    later = int(np.searchsorted(ice.time_s, ice.time_s[level] + MOVES_S))
    if later >= len(ice.time_s) or not np.isfinite(ice.d_m[racer, [level, later]]).all():
        return None
    return round(float(ice.d_m[racer, later] - ice.d_m[racer, level]), 2)


def _at_corner_entry(ice: IcePaths, event: RaceEvent | None, by: int, on: int, level: int) -> dict[str, float | None]:
    """Overlap in metres, negative where there is a gap, when the first of the two was at the entry of the corner that
    the pass is in, or leads into; with its standard deviation."""
    rink, half = ice.rink, ice.rink.lap_m / 2
    start_u = event.first_crossing_m if event is not None else 0.0
    entry = start_u + rink.track_shift_m + rink.straight_m / 2
    s = float(ice.s_m[by, level])
    at = entry + half * np.floor((s - entry) / half)  # the entry behind ...
    if s - at > half - rink.straight_m:  # ... or, from the straight, the next one
        at += half
    first = np.fmax(ice.s_m[by], ice.s_m[on])
    window = slice(max(0, level - 200), min(len(first), level + 200))
    over = np.flatnonzero(first[window] >= at)
    if not len(over) or over[0] == 0:
        return {"overlap_m": None, "overlap_sd_m": None}
    t = window.start + int(over[0])
    apart = abs(float(ice.s_m[by, t] - ice.s_m[on, t]))
    spread = float(np.hypot(ice.s_own_sd[by, t], ice.s_own_sd[on, t]))
    return {"overlap_m": round(BODY_M - apart, 2), "overlap_sd_m": round(spread, 2)}
