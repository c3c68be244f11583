"""What incidents are read from: smoothed paths, their rates, and the line usually skated, all (R, F) on the frames.

A place's error wanders for a third of a second, so that smoothing over less takes little of it away; over more it
would blur a contact, which is over in half a second. Hence short windows, and uncertainties that count on one
independent place per window.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.ice import IcePaths
from race.rink import Rink

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

PLACE_WINDOW_S = 0.12
SPEED_WINDOW_S = 0.28
"""Half windows of the straight lines fitted to places, for where somebody is and for how fast."""
LINE_BIN_M = 2.0
SKATES_MPS = 7.0
"""Who is slower does not race at that moment."""


@dataclass(frozen=True, slots=True)
class Kinematics:
    """R racers on F frames; NaN where not known.

    time_s  (F,)
    u       (R, F)  m along the measured line past the finish line, in [0, lap)
    s, d    (R, F)  m along the race and outside the measured line, smoothed
    beyond  (R, F)  m outside the line usually skated at that place in this race
    v       (R, F)  m/s over the ice
    over_pace (R, F)  m/s, v less the median of all who skate at that time
    d_rate  (R, F)  m/s outwards, less what the usual line has at that place
    sd      (R, F)  m, of a place
    corner  (R, F)  in a corner
    seen    (R, F)  1 where detected, else 0: between sights a path is only likely
    sure    (R, F)  0 to 1, that it is who it is followed as
    """

    ids: NDArray[np.int32]
    rink: Rink
    time_s: Floats
    u: Floats
    s: Floats
    d: Floats
    beyond: Floats
    v: Floats
    over_pace: Floats
    d_rate: Floats
    sd: Floats
    corner: Mask
    seen: Floats
    sure: Floats

    def at(self, time_s: float) -> int:
        """The frame nearest to ``time_s``."""
        n = int(np.searchsorted(self.time_s, time_s))
        n = min(max(n, 1), len(self.time_s) - 1)
        return n if self.time_s[n] - time_s < time_s - self.time_s[n - 1] else n - 1

    def frames(self, from_s: float, to_s: float) -> slice:
        """Frames of ``from_s`` to ``to_s``, both included."""
        return slice(int(np.searchsorted(self.time_s, from_s)), int(np.searchsorted(self.time_s, to_s, side="right")))


def find_kinematics(ice: IcePaths, rink: Rink) -> Kinematics:
    """Smoothed ``ice``. Needs two frames or more."""
    known = np.isfinite(ice.xy[..., 0])
    v, _ = fit_lines(ice.time_s, np.where(known, ice.speed_mps, np.nan), PLACE_WINDOW_S)
    s, _ = fit_lines(ice.time_s, ice.s_m, PLACE_WINDOW_S)
    d, _ = fit_lines(ice.time_s, ice.d_m, PLACE_WINDOW_S)
    _, d_rate = fit_lines(ice.time_s, ice.d_m, SPEED_WINDOW_S)
    u = np.where(known, rink.to_track(np.nan_to_num(ice.xy))[..., 0], np.nan)
    half_lap = rink.lap_m / 2
    local = np.mod(u - rink.track_shift_m, half_lap)
    usual, slope = usual_line(local, d, v, half_lap)
    with np.errstate(invalid="ignore"):
        corner = (local > rink.straight_m / 2) & (local < half_lap - rink.straight_m / 2)
    return Kinematics(
        ids=ice.ids,
        rink=rink,
        time_s=ice.time_s,
        u=u,
        s=s,
        d=d,
        beyond=d - usual,
        v=v,
        over_pace=v - _pace(v),
        d_rate=d_rate - slope * v,
        sd=ice.xy_sd.copy(),
        corner=corner,
        seen=ice.seen.astype(np.float64),
        sure=ice.sure,
    )


def _pace(v: Floats) -> Floats:
    """(R, F) -> (F,) the median speed of all who skate; NaN where nobody is known to."""
    pace = np.full(v.shape[1], np.nan)
    with np.errstate(invalid="ignore"):
        skating = v > SKATES_MPS
    some = skating.any(axis=0)
    pace[some] = np.nanmedian(np.where(skating, v, np.nan)[:, some], axis=0)
    return pace


def usual_line(local: Floats, d: Floats, v: Floats, half_lap: float) -> tuple[Floats, Floats]:
    """(R, F) median d of all who skate past the same place of either half lap, and its slope along the track."""
    bins = round(half_lap / LINE_BIN_M)
    skating = np.isfinite(d) & (v > SKATES_MPS) & (d < 4.7)
    which = np.where(skating, np.floor(np.nan_to_num(local) / half_lap * bins), -1).astype(np.int64)
    line = np.full(bins, np.nan)
    for k in range(bins):
        here = d[which == k]
        if len(here) >= 8:
            line[k] = np.median(here)
    held = np.flatnonzero(np.isfinite(line))
    if len(held) < 2:
        return np.zeros_like(d), np.zeros_like(d)
    centre = (np.arange(bins) + 0.5) * half_lap / bins
    line = np.interp(centre, centre[held], line[held], period=half_lap)
    slope = (np.roll(line, -1) - np.roll(line, 1)) / (2 * half_lap / bins)
    at = np.nan_to_num(local)
    return (
        np.asarray(np.interp(at, centre, line, period=half_lap)),
        np.asarray(np.interp(at, centre, slope, period=half_lap)),
    )


def fit_lines(time_s: Floats, values: Floats, half_window_s: float) -> tuple[Floats, Floats]:
    """(F,), (N, F) -> value and rate (N, F) of a straight line fitted to the frames within ``half_window_s``.

    NaN where the value itself is unknown; the rate also where the window holds less than half of its frames' time.
    """
    value, rate = np.full_like(values, np.nan), np.full_like(values, np.nan)
    fit_lines_kernel(time_s, values, half_window_s, value, rate)
    return value, rate


@njit(cache=True, error_model="numpy")  # type: ignore[untyped-decorator,unused-ignore]
def fit_lines_kernel(time_s: Floats, values: Floats, half_window_s: float, value: Floats, rate: Floats) -> None:
    """Fill ``value`` and ``rate`` (N, F) in place."""
    rows, frames = values.shape
    for r in range(rows):
        first = 0
        for n in range(frames):
            if np.isnan(values[r, n]):
                continue
            while time_s[n] - time_s[first] > half_window_s + 1e-9:
                first += 1
            count, st, sv, stt, stv, low, high = 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            k = first
            while k < frames and time_s[k] - time_s[n] <= half_window_s + 1e-9:
                if not np.isnan(values[r, k]):
                    t = time_s[k] - time_s[n]
                    v = values[r, k] - values[r, n]
                    low, high = min(low, t), max(high, t)
                    count += 1
                    st += t
                    sv += v
                    stt += t * t
                    stv += t * v
                k += 1
            value[r, n] = values[r, n] + sv / count
            spread = stt - st * st / count
            if spread > 1e-12:
                slope = (stv - st * sv / count) / spread
                value[r, n] = values[r, n] + (sv - slope * st) / count
                if high - low >= half_window_s - 1e-9:
                    rate[r, n] = slope
