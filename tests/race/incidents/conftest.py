"""Paths drawn by hand in track coordinates, with all that ``IcePaths`` has to hold."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from race.ice import IcePaths
from race.rink import Rink

Floats = NDArray[np.float64]
FPS = 25.0


def make_paths(s: Floats, d: Floats, start_u: float = 0.0, sd: float = 0.1, xy: Floats | None = None) -> IcePaths:
    """(R, F) metres since the start line and outside the measured line, 25 a second; ``xy`` where they are told so."""
    rink = Rink()
    s, d = np.broadcast_arrays(np.asarray(s, float), np.asarray(d, float))
    place = rink.to_ice(np.stack([s + start_u, d], axis=-1)) if xy is None else xy
    velocity = np.gradient(place, 1 / FPS, axis=1)
    speed = np.hypot(velocity[..., 0], velocity[..., 1])
    spread = np.where(np.isfinite(s), sd, np.nan)
    return IcePaths(
        ids=np.arange(1, len(s) + 1, dtype=np.int32),
        time_s=np.arange(s.shape[1]) / FPS,
        xy=place,
        xy_sd=spread,
        velocity=velocity,
        s_m=s.copy(),
        s_sd=spread,
        s_own_sd=spread,
        d_m=d.copy(),
        d_sd=spread,
        speed_mps=speed,
        speed_sd=spread,
        seen=np.isfinite(s),
        sure=np.where(np.isfinite(s), 1.0, np.nan),
        from_start=True,
        rink=rink,
    )


@pytest.fixture
def paths() -> Callable[..., IcePaths]:
    return make_paths
