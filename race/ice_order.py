"""Who is ahead of whom at camera level B: from metres skated, lapped racers included."""

import numpy as np
from numpy.typing import NDArray

from race.ice import IcePaths
from race.order import Order, find_order

Floats = NDArray[np.float64]

PLACE_SD_M = 1.5
"""Who was out of sight for so long that their distance is less sure than this may be behind or ahead."""


def find_ice_order(ice: IcePaths) -> Order:
    """Order of the racers, by the gaps at moments at which both places are known well."""
    with np.errstate(invalid="ignore"):
        sure = np.hypot(ice.s_own_sd[:, None], ice.s_own_sd[None]) <= PLACE_SD_M
    return find_order(gaps_in_time(ice), ice.time_s, sure)


def gaps_in_time(ice: IcePaths) -> Floats:
    """gap[i, j, t] (R, R, F): seconds since racer i was where j is now; NaN where j is ahead or either is unknown."""
    racers, frames = ice.s_m.shape
    gap = np.full((racers, racers, frames), np.nan)
    for i in range(racers):
        known = np.flatnonzero(np.isfinite(ice.s_m[i]))
        if len(known) < 2:
            continue
        way = np.maximum.accumulate(ice.s_m[i, known]) + np.arange(len(known)) * 1e-9
        for j in range(racers):
            if i == j:
                continue
            both = np.isfinite(ice.s_m[j]) & np.isfinite(ice.s_m[i])
            level_s = np.interp(ice.s_m[j, both], way, ice.time_s[known], left=np.nan, right=np.nan)
            gap[i, j, both] = ice.time_s[both] - level_s
    return gap
