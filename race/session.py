"""Several races in one video, a session of heats or a race that was started again: where each begins and ends.

The score bug's clock tells: one that has fallen back counts another race. What had run for a moment only was a false
start and belongs to the race that follows. Where no clock runs, a long pause in which nobody races parts two races.
"""

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from race.clock import ClockRun, fit_clock
from race.competitors import track_everybody
from race.edges import Edges
from race.observations import Blocks, Detections, Frames, Lines, Observations
from race.racers import shows_racing
from race.scene import make_scene

Table = TypeVar("Table", Detections, Lines, Edges, Blocks)

FELL_BACK_S = 3.0
"""Of the clock: less is a misreading."""
FALSE_START_S = 5.0
"""A clock that ran no longer was of a false start: nobody is further than 20 m by then."""
NEW_BY_S = 20.0
"""A race begins with a clock below this; what begins with more has to be seen for as long, or to stop at a time of its
own, else it is a replay."""
LINED_UP_S = 20.0
"""Before the gun the field takes its places: so long at most belongs to the race."""
PAUSE_S = 20.0
"""Without a clock: nobody races for so long between two races, each of which lasts as long at least."""
LOOKED_AT_S = 60.0
"""So much is looked at in one go: of an afternoon everybody's way at every moment would fill the memory."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Somebody raced from ``from_s`` to ``to_s``, seconds of the video; ``from_s`` is the gun's if that was shown."""

    from_s: float
    to_s: float


def split_races(observations: Observations) -> list[Observations]:
    """A part of ``observations`` for each race, in order; the whole alone where it shows one race, or none.

    Pictures keep their numbers and their times. Each part's ``video`` says from when to when it goes.
    """
    clock = fit_clock(observations.scorebug)
    races = by_clock(clock) if clock else _by_pauses(observations)
    if len(races) < 2:
        return [observations]
    shots_s = np.array([shot.start_s for shot in observations.shots])
    begins = [_begin(before, after, shots_s) for before, after in pairwise(races)]
    ends = [observations.video.duration_s] if observations.video.to_s is None else [observations.video.to_s]
    return [
        cut_out(observations, from_s, to_s)
        for from_s, to_s in zip([observations.video.from_s or 0.0, *begins], [*begins, *ends], strict=True)
    ]


def by_clock(clock: list[ClockRun]) -> list[Stretch]:
    """The races that the runs of a clock, in time order, are of."""
    races: list[Stretch] = []
    shown_s, final_s = 0.0, None  # what the clock had come to, and stopped at
    for run in clock:
        first_s, last_s = run.start_s - run.race_start_s, run.end_s - run.race_start_s
        until_s = run.end_s if run.stopped_at_s is None else run.stopped_at_s
        if not races or first_s < shown_s - FELL_BACK_S:
            if races and first_s >= NEW_BY_S and last_s - first_s < NEW_BY_S and run.final_clock_s in (None, final_s):
                continue  # a replay with its clock
            seen_from_s = races[-1].to_s if races else 0.0
            from_s = run.race_start_s if run.race_start_s >= seen_from_s else run.start_s
            if races and shown_s <= FALSE_START_S:
                from_s = races.pop().from_s
            races.append(Stretch(from_s, until_s))
        else:  # a cut within the race
            races[-1] = replace(races[-1], to_s=until_s)
        shown_s, final_s = max(last_s, run.final_clock_s or 0.0), run.final_clock_s
    return races


def by_racing(racing: NDArray[np.bool_], time_s: NDArray[np.float64]) -> list[Stretch]:
    """The races where so many pictures (F,) show racing: stretches apart by PAUSE_S that last as long."""
    moments = time_s[racing]
    if not len(moments):
        return []
    parts = np.split(moments, np.flatnonzero(np.diff(moments) > PAUSE_S) + 1)
    return [Stretch(float(part[0]), float(part[-1])) for part in parts if part[-1] - part[0] >= PAUSE_S]


def _by_pauses(observations: Observations) -> list[Stretch]:
    time_s = observations.frames.time_s
    if not len(time_s) or time_s[-1] - time_s[0] < 3 * PAUSE_S:
        return []
    racing = np.zeros(len(time_s), bool)
    for from_s in np.arange(time_s[0], time_s[-1], LOOKED_AT_S):
        rows = (time_s >= from_s) & (time_s < from_s + LOOKED_AT_S)
        if rows.any():
            part = cut_out(observations, from_s, from_s + LOOKED_AT_S)
            scene = make_scene(part)
            racing[rows] = shows_racing(track_everybody(part, scene)[1], scene)
    return by_racing(racing, time_s)


def _begin(before: Stretch, after: Stretch, shots_s: NDArray[np.float64]) -> float:
    """When the race ``after`` begins to be shown: with the shot of its start, if that is a new one."""
    shot_s = float(shots_s[max(int(np.searchsorted(shots_s, after.from_s, side="right")) - 1, 0)])
    if shot_s > before.to_s:
        return max(shot_s, after.from_s - LINED_UP_S)
    return max(after.from_s - LINED_UP_S, (before.to_s + after.from_s) / 2)


def cut_out(observations: Observations, from_s: float, to_s: float) -> Observations:
    """What was seen from ``from_s`` (with it) to ``to_s`` (without it)."""
    frames = observations.frames
    rows = (frames.time_s >= from_s) & (frames.time_s < to_s)
    if rows.any():
        from_s = float(frames.time_s[rows][0])
    number, motion, quality = frames.number[rows], frames.motion[rows], frames.motion_quality[rows]
    motion[:1], quality[:1] = np.nan, np.nan  # from a picture that is not in it
    shots = [shot for shot in observations.shots if shot.start_s < to_s and shot.end_s > from_s]
    if shots and len(number):
        if shots[0].start_s < from_s:
            first = {"start_s": from_s, "start_frame": int(number[0]), "boundary": "start"}
            shots[0] = shots[0].model_copy(update=first)
        if shots[-1].end_s > to_s:
            shots[-1] = shots[-1].model_copy(update={"end_s": to_s, "end_frame": int(number[-1])})
    found, lines, edges, blocks = observations.detections, observations.lines, observations.edges, observations.blocks
    sounds = observations.sounds
    return replace(
        observations,
        video=observations.video.model_copy(update={"from_s": from_s, "to_s": to_s}),
        frames=Frames(number, frames.time_s[rows], motion, quality),
        detections=_rows(found, np.isin(found.frame, number)),
        lines=_rows(lines, np.isin(lines.frame, number)),
        edges=_rows(edges, np.isin(edges.frame, number)),
        blocks=_rows(blocks, np.isin(blocks.frame, number)),
        poses=None if observations.poses is None else observations.poses.take(rows),
        shots=shots,
        scorebug=[reading for reading in observations.scorebug if from_s <= reading.time_s < to_s],
        sounds=None if sounds is None else [sound for sound in sounds if from_s <= sound.time_s < to_s],
    )


def _rows(table: Table, rows: NDArray[np.bool_]) -> Table:
    return type(table)(*(getattr(table, field.name)[rows] for field in fields(table)))
