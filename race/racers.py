"""Which of the people in the picture race: those who move over the ice at racing speed, together.

Idle team-mates circle the infield at half the speed, officials and spectators stand, and where any of them is in the
picture says nothing. Speed is in body heights per second, so that no scale is needed: a racer at 9 m/s and more, whose
crouched body is 1.2 m high, does 7.5 and more; an upright team-mate at 5 m/s does 3. The scale is rough, since depth is
only guessed, but nearly the same for all at one time: so who races also keeps the others' pace.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from race.paths import fit_paths
from race.scene import Scene
from tracking import Tracks
from tracking.rows import median

Floats = NDArray[np.float64]

RACING_SPEED = 6.0
"""Box heights per second over the ice, from which somebody races."""
KEPT_UP_S, KEPT_UP_SHARE = 1.0, 0.8
"""A speed is kept up that is there for so much of so long."""
MIN_RACING_S = 0.3
MIN_RACING_SHARE = 0.3
"""Of a track's time that has to be at racing speed."""
FORESHORTENING = 0.2
"""A metre along the line of sight over a metre across it, in the picture: the sine of 11 degrees, the angle at which a
camera 4 to 6 m above the ice looks at the rink's middle."""
HALF_WINDOW_S = 0.2
JUMP = 0.12
"""Box heights that a path's points lie off a straight line, from which the box has jumped, from one body to another
say: no speed is read from that. On the real clip people who glide have up to 0.09, boxes that jump 0.12 to 0.32."""
HEIGHT_WINDOW_S = 1.0
PACE_WINDOW_S = 0.5
LEAST_PACE = 0.75
"""Of the others' speed at the same time: who is slower does not race. On the real clip racers have 0.91 to 1.08, the
idle 0.65 to 0.67; in simulated races 3 % of the racers' tracks and half of the idle's have less."""
TOGETHER_S = 0.5
"""Seen at the same time as others for less, nobody's pace is judged."""
CLOSE_UP = 0.6
"""Of the picture's height: people this tall are too near for their speed over the ice to be known."""
UNBROKEN_S, LONG_S = 0.3, 1.5
"""A track is unbroken whose boxes are nowhere further apart, and long enough to be judged by itself from so long."""
COUNTED_SHARE = 0.02
"""Of the racing time during which that many have to be seen at once, to count as the number of racers. A stock detector
sees all of a field of five in 5 to 24 % of the pictures, and a racer too many in less than 1 %."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Tracks as dense arrays, one row per identity.

    ids       (R,)      identities of the tracks
    box       (R, F, 4) pixels, NaN where the track has no row
    seen      (R, F)    the box was detected, not filled in
    position  (R, F, 2) foot point smoothed over 0.4 s, pixels of the frame; NaN where it cannot be had
    velocity  (R, F, 2) over the ice, pixels of the frame per second
    speed     (R, F)    box heights per second, with depth corrected for FORESHORTENING; NaN over a JUMP
    """

    ids: NDArray[np.int32]
    box: Floats
    seen: NDArray[np.bool_]
    position: Floats
    velocity: Floats
    speed: Floats


def find_paths(tracks: Tracks, scene: Scene) -> Paths:
    """Paths over the ice of all ``tracks``."""
    ids, row = np.unique(tracks.id, return_inverse=True)
    column = np.searchsorted(scene.number, tracks.frame)
    box = np.full((len(ids), len(scene.number), 4), np.nan)
    seen = np.zeros(box.shape[:2], bool)
    box[row, column] = tracks.box
    seen[row, column] = tracks.seen
    foot = np.stack([box[..., 0] + box[..., 2] / 2, box[..., 1] + box[..., 3]], axis=-1)
    position, velocity = np.full_like(foot, np.nan), np.full_like(foot, np.nan)
    misfit = np.full(box.shape[:2], np.nan)
    fit_paths(
        *(foot, scene.time_s, scene.to_reference, scene.from_reference, scene.part, HALF_WINDOW_S),
        *(position, velocity, misfit),
    )
    height = usual_heights(box[..., 3], scene.time_s)
    speed = np.hypot(velocity[..., 0], velocity[..., 1] / FORESHORTENING) / height
    speed[misfit > JUMP * height] = np.nan
    return Paths(ids.astype(np.int32), box, seen, position, velocity, speed)


def usual_heights(height: Floats, time_s: Floats) -> Floats:
    """Median of each path's box heights (R, F) over a second around every frame, NaN where there are none.

    A single box may be cut or hold two people, but over a lap zoom and distance change heights by half and more.
    """
    usual = np.full_like(height, np.nan)
    first, end = _windows(time_s, HEIGHT_WINDOW_S)
    medians_around(height, first, end, usual)
    return usual


def _windows(time_s: Floats, length_s: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First frame (F,) and the one after the last (F,) of the ``length_s`` seconds around each frame."""
    half = length_s / 2
    return np.searchsorted(time_s, time_s - half, side="left"), np.searchsorted(time_s, time_s + half, side="right")


@njit(cache=True, error_model="numpy")
def medians_around(values: Floats, first: NDArray[np.int64], end: NDArray[np.int64], out: Floats) -> None:
    """out (R, F): the median of the known among a row's ``values[first[f]:end[f]]``, where ``values`` is known."""
    rows, frames = values.shape
    near = np.empty(frames)
    for r in range(rows):
        for f in range(frames):
            if np.isnan(values[r, f]):
                continue
            n = 0
            for t in range(first[f], end[f]):
                if not np.isnan(values[r, t]):
                    near[n] = values[r, t]
                    n += 1
            out[r, f] = median(near[:n])


@njit(cache=True, error_model="numpy")
def medians_of_others(
    values: Floats, wanted: NDArray[np.bool_], first: NDArray[np.int64], end: NDArray[np.int64], out: Floats
) -> None:
    """out (R, F): the median of the known among the other rows' ``values[first[f]:end[f]]``, where ``wanted``."""
    rows, frames = values.shape
    widest = 0
    for f in range(frames):
        widest = max(widest, end[f] - first[f])
    near = np.empty(rows * widest)
    for f in range(frames):
        for r in range(rows):
            if not wanted[r, f]:
                continue
            n = 0
            for other in range(rows):
                for t in range(first[f], end[f]):
                    if other != r and not np.isnan(values[other, t]):
                        near[n] = values[other, t]
                        n += 1
            if n:
                out[r, f] = median(near[:n])


def find_racers(paths: Paths, scene: Scene) -> NDArray[np.bool_]:
    """True (R,) for the tracks whose people race."""
    step_s = np.gradient(scene.time_s) if len(scene.time_s) > 1 else np.zeros(len(scene.time_s))
    near = paths.box[..., 3] > CLOSE_UP * scene.height
    measured = np.isfinite(paths.speed) & ~near
    racing_s = ((measured & (paths.speed >= RACING_SPEED)) * step_s).sum(axis=1)
    racing = (racing_s >= MIN_RACING_S) & (racing_s >= MIN_RACING_SHARE * (measured * step_s).sum(axis=1))
    return _keep_pace(np.where(measured & paths.seen, paths.speed, np.nan), racing, step_s)


def shows_racing(paths: Paths, scene: Scene) -> NDArray[np.bool_]:
    """(F,) two or more keep up racing speed. Whoever they are: who races a leg of a relay stands about for the rest."""
    fast = (paths.speed >= RACING_SPEED) & (paths.box[..., 3] <= CLOSE_UP * scene.height)
    step_s = float(np.median(np.diff(scene.time_s))) if len(scene.time_s) > 1 else 1.0
    around = max(1, round(KEPT_UP_S / step_s))
    racing = np.zeros(len(scene.time_s), int)
    for one in fast:
        racing += one & (uniform_filter1d(one.astype(np.float32), around, mode="nearest") >= KEPT_UP_SHARE)
    return np.asarray(racing >= 2)


def _keep_pace(speed: Floats, racing: NDArray[np.bool_], step_s: Floats) -> NDArray[np.bool_]:
    """Those of ``racing`` (R,) who go about as fast as the others at the same time; the slowest goes out first.

    ``speed`` (R, F) NaN where not measured, ``step_s`` (F,) what each frame stands for.
    """
    racing = racing.copy()
    known = np.isfinite(speed)
    pace = np.full(len(racing), np.inf)
    changed = np.flatnonzero(racing)
    while racing.any():
        for k in changed:
            others = racing & (np.arange(len(racing)) != k)
            pace[k] = _pace(speed[k], speed[others], step_s)
        slowest = int(np.argmin(pace))
        if pace[slowest] >= LEAST_PACE:
            break
        racing[slowest], pace[slowest] = False, np.inf
        changed = np.flatnonzero(racing & known[:, known[slowest]].any(axis=1))  # whose others were others before
    return racing


def _pace(own: Floats, others: Floats, step_s: Floats) -> float:
    """Median over time of a speed (F,) over that of ``others`` (K, F); inf where they were hardly seen together."""
    seen = np.flatnonzero(np.isfinite(own))
    others = others[:, seen]
    others = others[np.isfinite(others).any(axis=1)]
    common = np.isfinite(others).any(axis=0)
    if float(step_s[seen[common]].sum()) < TOGETHER_S:
        return np.inf
    return float(np.median(own[seen[common]] / np.nanmedian(others[:, common], axis=0)))


def find_pace(paths: Paths, racing: NDArray[np.bool_], scene: Scene) -> Floats:
    """Median speed (R, F) over half a second around each frame of the racers other than the path's own; NaN: none."""
    speed = np.where(paths.seen & racing[:, None], paths.speed, np.nan)
    pace = np.full_like(speed, np.nan)
    medians_of_others(speed, paths.seen, *_windows(scene.time_s, PACE_WINDOW_S), pace)
    return pace


def count_racers(paths: Paths, racer: NDArray[np.bool_], in_race: NDArray[np.bool_]) -> int:
    """How many race: the largest number seen at once for a good part of the time in which anybody races.

    ``racer`` (R, F) which paths are racers' and when, ``in_race`` (F,) the frames that count.
    """
    at_once = (paths.seen & racer)[:, in_race].sum(axis=0)
    at_once = at_once[at_once > 0]
    counts = range(1, int(at_once.max(initial=0)) + 1)
    return max((n for n in counts if np.mean(at_once >= n) >= COUNTED_SHARE), default=0)


def find_steady(paths: Paths, racing: NDArray[np.bool_], scene: Scene) -> NDArray[np.bool_]:
    """(R, F) where those of ``racing`` (R,) keep the others' pace for three quarters of their time.

    In a relay who is about to take over, or has handed over, is as fast as the racers for seconds, but not throughout:
    in the sample a quarter of the time of such is at 0.64 of the pace and less, of racers at 0.91 and more. A track may
    change from a racer to a team-mate in the same suit where nobody was seen, so what is seen unbroken for LONG_S is
    judged by itself, and the rest by the whole track.
    """
    share = paths.speed / find_pace(paths, racing, scene)
    steady = np.zeros(paths.seen.shape, bool)
    for one in np.flatnonzero(racing):
        steady[one] = _keeps_pace(share[one])
        seen = np.flatnonzero(paths.seen[one])
        breaks = np.flatnonzero(np.diff(scene.time_s[seen]) > UNBROKEN_S) + 1
        for stretch in np.split(seen, breaks):
            if len(stretch) and scene.time_s[stretch[-1]] - scene.time_s[stretch[0]] >= LONG_S:
                steady[one, stretch] = _keeps_pace(share[one, stretch])
    return steady


def _keeps_pace(share: Floats) -> bool:
    """Whether three quarters of the known among a path's shares (K,) of the pace are racers'; True where none is."""
    known = share[np.isfinite(share)]
    return not len(known) or bool(np.percentile(known, 25) >= LEAST_PACE)
