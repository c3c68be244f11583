"""Passages of the finish line from the camera's own sweep, where the line itself was not seen.

A main camera follows the pack round the oval, and the pack skates the near straight one way across the picture and the
far straight the other way. It moves the near way from one corner's apex to the other's, so that the middle of that time
is the middle of the near straight: the finish line, to about half a second.
"""

from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from race.crossings import LineCrossing
from race.laps import Passage
from race.order import Order
from race.racers import Paths
from race.scene import Scene

Floats = NDArray[np.float64]

SWEEP_SD_S = 0.5
HALF_LAP_S = (2.0, 9.0)
"""How long the pack moves one way; a half lap takes 4.2 s at full speed, and slow first laps more."""
SAME_PASSAGE_S = 3.0
"""A sweep and a passage that was seen are the same when no further apart: six standard deviations."""
SMOOTH_S = 0.5
LARGER = 1.15
"""The pack has to look this much larger on one straight than on the other to tell near from far."""


def find_sweeps(paths: Paths, order: Order, rank: Floats, scene: Scene, in_race: NDArray[np.bool_]) -> list[Passage]:
    """The pack's passages of the middle of the near straight, in order of time.

    ``rank`` (R, F) of the racers, ``in_race`` (F,) the frames of shots that show the race. Every racer with a rank at
    that moment has a crossing: the leader's and the gaps behind it.
    """
    way = _way(paths, scene, in_race)
    height = np.array([np.nanmedian(h) if np.isfinite(h).any() else np.nan for h in paths.box[..., 3].T])
    stretches = []
    for (_, sign), frames in groupby(range(len(way)), key=lambda t: (scene.part[t], way[t])):
        run = list(frames)
        whole = run[0] > 0 and run[-1] + 1 < len(way) and way[run[0] - 1] == way[run[-1] + 1] == -sign
        seconds = scene.time_s[run[-1]] - scene.time_s[run[0]]
        if sign != 0 and whole and HALF_LAP_S[0] <= seconds <= HALF_LAP_S[1]:
            stretches.append((int(sign), run))
    size = {sign: [np.nanmedian(height[run]) for s, run in stretches if s == sign] for sign in (-1, 1)}
    if not size[-1] or not size[1]:
        return []
    ratio = float(np.median(size[1]) / np.median(size[-1]))
    if max(ratio, 1 / ratio) < LARGER:
        return []
    near = 1 if ratio > 1 else -1
    passages = [_passage(run, order, rank, scene) for sign, run in stretches if sign == near]
    return [passage for passage in passages if passage is not None]


def _way(paths: Paths, scene: Scene, in_race: NDArray[np.bool_]) -> NDArray[np.int8]:
    """(F,) 1 where the pack moves to the right over the ice, -1 to the left, 0 where that is not known."""
    count = np.isfinite(paths.velocity[..., 0]).sum(axis=0)
    mean = np.nansum(paths.velocity[..., 0], axis=0) / np.maximum(count, 1)
    way = np.zeros(len(mean), np.int8)
    for t in np.flatnonzero(in_race):
        around = (np.abs(scene.time_s - scene.time_s[t]) <= SMOOTH_S) & (count > 0) & (scene.part == scene.part[t])
        if around.any():
            way[t] = np.sign(np.median(mean[around]))
    return way


def _passage(run: list[int], order: Order, rank: Floats, scene: Scene) -> Passage | None:
    """The crossings at the middle of the frames ``run``."""
    middle_s = (scene.time_s[run[0]] + scene.time_s[run[-1]]) / 2
    t = int(np.searchsorted(scene.time_s, middle_s))
    racers = [int(racer) for racer in np.argsort(rank[:, t], kind="stable") if np.isfinite(rank[racer, t])]
    if not racers:
        return None
    behind_s = [0.0]
    for ahead, racer in pairwise(racers):
        gap = order.gap_s[ahead, racer, run]
        known = gap[np.isfinite(gap)]
        behind_s.append(behind_s[-1] + (max(0.0, float(np.median(known))) if len(known) else 0.0))
    first_s = middle_s - float(np.mean(behind_s))
    return Passage(
        tuple(
            LineCrossing(racer, first_s + later_s, SWEEP_SD_S, seen=False)
            for racer, later_s in zip(racers, behind_s, strict=True)
        )
    )


def fill_in(seen: list[Passage], sweeps: list[Passage]) -> list[Passage]:
    """``seen`` passages with those of ``sweeps`` in whose lap none was seen."""
    missing = [
        sweep for sweep in sweeps if all(abs(sweep.time_s - passage.time_s) > SAME_PASSAGE_S for passage in seen)
    ]
    return [*seen, *missing]
