"""Boxes of those who stand or glide: somebody is found where one at their speed would be, picture after picture.

Bystanders come into the picture for a moment, with a good score and beside the racers. A track of theirs may be too
short to tell a speed, begin on a racer, or never begin, where their boxes have low scores; a look at the places before
and after needs no track. Somebody is where one was who stands, or who glides across the picture at one speed of those
that are tried. Boxes of a racer's track that is at racing speed neither glide nor tell of anybody else who does: where
racers are piled up, there is a box in any place.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.observations import Detections
from race.paths import map_point
from race.racers import RACING_SPEED
from race.scene import Scene

Floats = NDArray[np.float64]

STEPS = 10
SPEEDS: Floats = np.arange(-STEPS, STEPS + 1, dtype=np.float64) * (RACING_SPEED / STEPS)
"""Box heights per second across the picture that are tried, up to those of racers. In 0.3 s half a step is 0.1 heights,
which leaves a box in its place."""
AROUND_S = 0.3
"""So long before and after a box the places are looked at: at 10 m/s a racer goes three metres, and one who comes
straight at a low camera still moves by half a box."""
LEAST_S = 0.25
"""Places have to have been looked at for so long in all: a shot may end, or the place leave the picture."""
SAME_PLACE = 0.55
"""IoU from which a box is in the same place."""
LEAST_SHARE = 0.8
"""Of the pictures around in which somebody has to be in the same place."""


def find_standing(found: Detections, scene: Scene, racing: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """True (N,) for the boxes of ``found`` that stand still, or glide slowly, over the background.

    ``racing`` (N,) boxes of racers' tracks while these are at racing speed.
    """
    first = np.searchsorted(found.frame, scene.number, side="left")
    end = np.searchsorted(found.frame, scene.number, side="right")
    standing = np.zeros(len(found), np.bool_)
    mark_standing(
        found.box, racing, SPEEDS, first, end, scene.time_s, scene.to_reference, scene.from_reference, scene.part,
        scene.width, scene.height, AROUND_S, LEAST_S, SAME_PLACE, LEAST_SHARE, standing,
    )  # fmt: skip
    return standing


@njit(cache=True, error_model="numpy")
def mark_standing(
    box: Floats,
    racing: NDArray[np.bool_],
    speeds: Floats,
    first: NDArray[np.int64],
    end: NDArray[np.int64],
    time_s: Floats,
    to_reference: Floats,
    from_reference: Floats,
    part: NDArray[np.int32],
    width: int,
    height: int,
    around_s: float,
    least_s: float,
    same_place: float,
    least_share: float,
    standing: NDArray[np.bool_],
) -> None:
    """standing (N,): rows ``first[f]:end[f]`` of ``box`` are those of frame f, the rest as above and in ``Scene``."""
    frames = len(time_s)
    nobody = np.zeros(len(box), np.bool_)
    for f in range(frames):
        for row in range(first[f], end[f]):
            for speed in speeds:
                if standing[row]:
                    break
                left_out = racing if speed != 0.0 else nobody
                if left_out[row]:
                    continue
                looks, there = 0, 0
                covered_s = 0.0
                for step in (-1, 1):
                    g = f + step
                    while 0 <= g < frames and part[g] == part[f] and abs(time_s[g] - time_s[f]) <= around_s:
                        x, y, w, h = _carried(to_reference[f], from_reference[g], box[row])
                        x += speed * h * (time_s[g] - time_s[f])
                        if not (0 <= x <= width and 0 <= y <= height):
                            break
                        looks += 1
                        here = slice(first[g], end[g])
                        there += _somebody(x - w / 2, y - h / 2, w, h, box[here], left_out[here], same_place)
                        g += step
                    covered_s += abs(time_s[g - step] - time_s[f])
                standing[row] = covered_s >= least_s and there >= least_share * looks


@njit(cache=True, error_model="numpy")
def _carried(to_reference: Floats, from_reference: Floats, box: Floats) -> tuple[float, float, float, float]:
    """``box`` in another frame, upright, with the height that its middle line has there: middle x, y, width, height."""
    x = box[0] + box[2] / 2
    low_x, low_y = map_point(from_reference, *map_point(to_reference, x, box[1] + box[3]))
    high_x, high_y = map_point(from_reference, *map_point(to_reference, x, box[1]))
    height = np.hypot(low_x - high_x, low_y - high_y)
    return (low_x + high_x) / 2, (low_y + high_y) / 2, box[2] * height / box[3], height


@njit(cache=True, error_model="numpy")
def _somebody(
    x: float, y: float, w: float, h: float, box: Floats, left_out: NDArray[np.bool_], same_place: float
) -> bool:
    """Whether one of ``box`` (n, 4) that is not ``left_out`` has an IoU of ``same_place`` with the box x, y, w, h."""
    for row in range(len(box)):
        if left_out[row]:
            continue
        across = min(x + w, box[row, 0] + box[row, 2]) - max(x, box[row, 0])
        down = min(y + h, box[row, 1] + box[row, 3]) - max(y, box[row, 1])
        if across > 0 and down > 0:
            both = across * down
            if both >= same_place * (w * h + box[row, 2] * box[row, 3] - both):
                return True
    return False
