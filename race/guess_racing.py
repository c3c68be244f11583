"""Which event this is where the score bug does not tell: for how long people raced, and on which straight they started.

Told only of a race seen whole: nobody races when the video begins, and all have slowed down when it ends. Needs no
metres but for the side, and for the start where the field is seen to get off.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from race.events import EVENTS, RaceEvent, Start
from race.guess import TOTAL_S
from race.observations import Observations
from race.racers import CLOSE_UP, RACING_SPEED, Paths, shows_racing
from race.scene import Scene
from race.starts import FieldStart

Mask = NDArray[np.bool_]

BEFORE_S, AFTER_S = 2.0, 2.0
"""The video shows so much before anybody races, and after the pace was last kept."""
BIN_S, SMOOTH_BINS, KEPT = 1.0, 5, 0.75
"""The race is over when racers have less of its usual pace for seconds: who glides by near the camera is fast too."""
FEW = 0.2
"""Fewer sights in a second than this share of the usual are of nobody who races: boxes that leap are fast, too."""
LONGEST_PAUSE_S = 20.0
FIRST_S = 1.0
"""Who races in the first second says where the start line is."""
SPEED_UP_S, GLIDE_S = 3.0, 12.0
"""Racing speed is reached up to so long after the gun, and kept up to so long after the finish of the first."""


def events_by_racing(
    observations: Observations,
    scene: Scene,
    paths: Paths,
    racers: Mask,
    in_race: Mask,
    start: FieldStart | None = None,
) -> list[RaceEvent]:
    """The events that fit; none where the race was not seen whole. ``racers`` (R,) of ``paths``, ``in_race`` (F,).

    ``start`` is the race's where it was seen; else it is when and where anybody is first seen racing.
    """
    fast = (paths.speed >= RACING_SPEED) & (paths.box[..., 3] <= CLOSE_UP * scene.height)
    together = (fast & racers[:, None]).sum(axis=0) >= 2
    moments = scene.time_s[(together | shows_racing(paths, scene)) & in_race]
    if not len(moments) or np.diff(moments).max(initial=0.0) > LONGEST_PAUSE_S:
        return []
    begin_s = float(moments[0])
    end_s = pace_kept_until(np.where(fast & paths.seen, paths.speed, np.nan)[:, in_race], scene.time_s[in_race])
    if scene.time_s[-1] - end_s < AFTER_S:
        return []
    if start is not None:
        return possible_by(end_s - start.gun_s, start.side)
    if begin_s - scene.time_s[0] < BEFORE_S:
        return []
    return possible_by(end_s - begin_s, _side(observations, scene, paths, fast, begin_s))


def pace_kept_until(speed: NDArray[np.float64], time_s: NDArray[np.float64]) -> float:
    """When the pace of the race was last kept, from the speeds (R, F) of those at racing speed in its frames."""
    first = int(time_s[0] // BIN_S)
    bins = (time_s // BIN_S).astype(int) - first
    pace, sights = np.zeros(bins[-1] + 1), np.zeros(bins[-1] + 1)
    for k in np.unique(bins):
        known = speed[:, bins == k]
        known = known[np.isfinite(known)]
        if len(known):
            pace[k], sights[k] = np.median(known), len(known)
    pace[sights < FEW * np.median(sights[sights > 0])] = 0.0
    kept = median_filter(pace, SMOOTH_BINS) >= KEPT * np.median(pace[pace > 0])
    return float((first + np.flatnonzero(kept)[-1] + 1) * BIN_S)


def possible_by(racing_s: float, side: Start | None) -> list[RaceEvent]:
    """The events of which racing is seen for so long, and that start on that side where it is known."""
    return [
        event
        for event in EVENTS
        if side in (None, event.start)
        and TOTAL_S[event.name, event.gender][0] - SPEED_UP_S <= racing_s
        and racing_s <= TOTAL_S[event.name, event.gender][1] + GLIDE_S
    ]


def _side(observations: Observations, scene: Scene, paths: Paths, fast: Mask, begin_s: float) -> Start | None:
    """The straight on which those are who have just begun to race; None where the camera's pose is not known."""
    if observations.poses is None:
        return None
    first = (scene.time_s >= begin_s) & (scene.time_s <= begin_s + FIRST_S) & observations.poses.known
    row, frame = np.nonzero(fast & first)
    if not len(row):
        return None
    box = paths.box[row, frame]
    xy, _ = observations.poses.to_ice(frame, np.column_stack([box[:, 0] + box[:, 2] / 2, box[:, 1] + box[:, 3]]))
    y = xy[np.isfinite(xy[:, 1]), 1]
    return None if not len(y) else "near" if float(np.median(y)) < 0 else "far"
