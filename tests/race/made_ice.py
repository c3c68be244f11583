"""Ways over the ice made from metres skated, for tests of what is derived from them."""

import numpy as np

from race.ice import IcePaths
from race.rink import Rink

FPS = 25.0
SD_M = 0.1


def made_ice(s_m, d_m, start_u=0.0, from_start=True):
    """(R, F) metres since the start line, which is ``start_u`` past the finish line, and outside the measured line."""
    rink = Rink()
    s, d = np.asarray(s_m, float), np.broadcast_to(np.asarray(d_m, float), np.shape(s_m)).copy()
    time_s = np.arange(s.shape[1]) / FPS
    xy = rink.to_ice(np.stack([s + start_u, d], axis=-1))
    velocity = np.gradient(xy, time_s, axis=1)
    sd = np.where(np.isfinite(s), SD_M, np.nan)
    return IcePaths(
        ids=np.arange(1, len(s) + 1, dtype=np.int32),
        time_s=time_s,
        xy=xy,
        xy_sd=sd,
        velocity=velocity,
        s_m=s,
        s_sd=sd,
        s_own_sd=0.3 * sd,
        d_m=d,
        d_sd=sd,
        speed_mps=np.hypot(velocity[..., 0], velocity[..., 1]),
        speed_sd=sd,
        seen=np.isfinite(s),
        sure=np.where(np.isfinite(s), 1.0, np.nan),
        from_start=from_start,
        rink=rink,
    )
