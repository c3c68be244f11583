"""A start that is called back: who stood on the line gets off, comes back, stands there again and gets off again.

Who is off early and is not called back looks like a good start; without the gun nothing else can be told. The race
begins with the start that counts, so that nobody is followed as a competitor before it. Hence this is sought among
everybody seen, and who was off first gets the name of whoever stands in that place at the start that counts.
"""

from dataclasses import dataclass

import numpy as np

from race.incidents.bodies import Body
from race.rink import Rink
from race.starts import CALLED_BACK_M, LEAST_OFF, Off, find_starts

AGAIN_S = 6.0, 45.0
SAME_PLACE_M = 0.8
WHO_S, LEAST_WHO, SURE_WHO = 5.0, 10, 0.8


@dataclass(frozen=True, slots=True)
class FalseStart:
    """All were called back; ``row``, None where it is not known, was off first, ``lead_s`` before the next one."""

    row: int | None
    start_s: float
    end_s: float
    lead_s: float


def find_false_starts(bodies: list[Body], rows: dict[int, int], rink: Rink) -> list[FalseStart]:
    """By time. ``rows`` says which detections are which racer's."""
    starts = find_starts(bodies, rink)
    out: list[FalseStart] = []
    for n, (side, first) in enumerate(starts):
        off_s = first[0].time_s
        if len(first) < LEAST_OFF:
            continue
        for other_side, again in starts[n + 1 :]:
            if side == other_side and AGAIN_S[0] < again[0].time_s - off_s < AGAIN_S[1]:
                if max(off.far_m for off in first) <= CALLED_BACK_M:
                    row = _whose(first[0], again, bodies, rows)
                    out.append(FalseStart(row, off_s, first[-1].time_s + 1.0, first[1].time_s - off_s))
                break
    return out


def _whose(off: Off, again: list[Off], bodies: list[Body], rows: dict[int, int]) -> int | None:
    """The racer who gets off from that place at the start that counts, as whom it is followed soon after."""
    same = min(again, key=lambda other: abs(other.d - off.d))
    body = bodies[same.body]
    soon = (body.time_s > same.time_s) & (body.time_s < same.time_s + WHO_S)
    held = [rows[int(detection)] for detection in body.rows[soon] if int(detection) in rows]
    if abs(same.d - off.d) > SAME_PLACE_M or len(held) < LEAST_WHO:
        return None
    racers, counts = np.unique(held, return_counts=True)
    return int(racers[counts.argmax()]) if counts.max() >= SURE_WHO * len(held) else None
