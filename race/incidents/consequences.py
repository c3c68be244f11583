"""What became of a racer after a moment: who falls loses seconds on that lap, and who keeps up has not fallen.

In 17 falls of simulated races at real rates the lap took 4.6 to 8.3 s longer than the others'; of 5469 laps of who had
not fallen one lost 3 s (docs/incidents.md).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from race.formats import Race
from race.ice import IcePaths

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Became = Literal["lost", "gone", "kept", "unseen", "unknown"]
"""Of a racer: lost seconds on that lap; crossed no more though others did; kept up or was home by then; is led on to
the next crossing without having been seen; nothing is known."""

LOST_S, KEPT_S, MOST_LAPS = 3.5, 1.5, 3
"""Over more laps without a crossing seconds are lost or gained without a fall."""
MISCOUNTED_S = 0.6
"""Who lost a whole lap to within this, by a crossing that was not seen, may have been miscounted."""
BEHIND_S = 1.0
"""Who is that long after somebody who had been behind it is gone."""
AROUND_S = 0.2, 2.4
"""After a moment: one who falls before the line may slide across it, up to 2.2 s later, and lose its time on the lap
after."""
SEEN_FROM_S = 0.8
"""A fall itself is seen; what counts is who was seen later than so long after it."""


@dataclass(frozen=True, slots=True)
class Laps:
    """When R racers crossed the line.

    time_s  (R, L + 1)  of the n-th crossing after the gun, column 0 the gun; NaN where not known
    guessed (R, L + 1)  not seen: led on from the laps before and after, or known from the score bug
    home_s  (R,)        of the finish, NaN where not known
    """

    time_s: Floats
    guessed: Mask
    home_s: Floats


def laps_of(race: Race, ids: NDArray[np.int32]) -> Laps:
    """The crossings of ``race``, rows as in ``ids``."""
    row_of = {int(id_): row for row, id_ in enumerate(ids)}
    known = [
        (row_of[one.competitor], one.lap, one.time_s, one.source)
        for one in race.crossings
        if one.time_s is not None and one.lap is not None and one.competitor in row_of
    ]
    last = max((lap for _, lap, _, _ in known), default=0)
    time_s, guessed = np.full((len(ids), last + 1), np.nan), np.zeros((len(ids), last + 1), bool)
    if race.race_start_s is not None:
        time_s[:, 0] = race.race_start_s
    for row, lap, at_s, source in known:
        time_s[row, lap], guessed[row, lap] = at_s, source in ("interpolated", "scorebug")
    home_s = np.full(len(ids), np.nan)
    for one in race.finish:
        if one.time_s is not None and one.competitor in row_of:
            home_s[row_of[one.competitor]] = one.time_s
    return Laps(time_s, guessed, home_s)


def no_laps(racers: int) -> Laps:
    """Nothing known."""
    return Laps(np.full((racers, 1), np.nan), np.zeros((racers, 1), bool), np.full(racers, np.nan))


def became(laps: Laps, ice: IcePaths, row: int, time_s: float) -> tuple[Became, float | None]:
    """What became of a racer who may have fallen at ``time_s``, and the seconds lost on the way to its next crossing
    against the median of the others, None where that is not known."""
    if time_s > laps.home_s[row] - AROUND_S[0]:
        return "kept", None
    laps_on = [_on_lap(laps, ice, row, time_s, time_s + after_s) for after_s in AROUND_S]
    order: tuple[Became, ...] = ("lost", "gone", "kept", "unseen", "unknown")
    return min(laps_on, key=lambda one: order.index(one[0]))


def _on_lap(laps: Laps, ice: IcePaths, row: int, fall_s: float, at_s: float) -> tuple[Became, float | None]:
    """The same by the lap on which the racer is at ``at_s``."""
    own = laps.time_s[row]
    before, after = np.flatnonzero(own <= at_s), np.flatnonzero(own > at_s)
    if not len(before):
        return "unknown", None
    last = int(before[-1])
    others = np.arange(len(laps.time_s)) != row
    if not len(after):
        return ("gone" if _is_gone(laps, row, last, others) else "unknown"), None
    following = int(after[0])
    took = (laps.time_s[:, following] - laps.time_s[:, last])[others]
    if np.isnan(took).all() or following - last > MOST_LAPS:
        return "unknown", None
    lost_s = float(own[following] - own[last] - np.nanmedian(took))
    if lost_s > LOST_S:
        lap_s = float(np.nanmedian(took)) / (following - last)
        led_to = laps.guessed[row, last] or laps.guessed[row, following]
        return ("unknown", None) if led_to and abs(lost_s - lap_s) < MISCOUNTED_S else ("lost", lost_s)
    between = (ice.time_s > fall_s + SEEN_FROM_S) & (ice.time_s < own[following])
    unseen = laps.guessed[row, following] and not ice.seen[row, between].any()
    if unseen:
        return "unseen", lost_s
    return ("kept" if lost_s < KEPT_S else "unknown"), lost_s


def _is_gone(laps: Laps, row: int, last: int, others: Mask) -> bool:
    """Whether a racer who crossed for the last time should have been seen again: the others raced on for long, or one
    who was behind it crossed once more and it did not."""
    if last + 1 >= laps.time_s.shape[1]:
        return False
    came, went = laps.time_s[others, last + 1], laps.time_s[others, last]
    again = np.isfinite(came) & np.isfinite(went)
    if not again.any():
        return False
    end_s = float(np.nanmax(laps.time_s))
    own_s = laps.time_s[row, last]
    due_s = own_s + float(np.median((came - went)[again]))
    passed = last > 0 and bool((again & (went > own_s) & (came < end_s - BEHIND_S)).any())
    return passed or end_s - due_s > LOST_S
