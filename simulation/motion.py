"""Where everybody is and what they do, 100 times a second: what a simulated race is before it has pictures.

Times count from the (last) gun, negative before it. Ice coordinates are those of the rink: origin in the rink's centre,
+x to the right as seen from the main camera, +y away from it. Angles are counter-clockwise from +x.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from race.formats import Competitor, Crossing, Event, FinishRow, Incident, Pass

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

RATE_HZ = 100.0
_PER_PERSON = (
    *("heading", "facing", "speed", "lean", "pose", "phase"),
    *("present", "racing", "s_m", "d_m", "reach_m"),
)
Role = Literal["racer", "teammate", "referee", "steward"]


class Pose(IntEnum):
    """What a body does; ``Motion.phase`` says how far into it, 0 to 1."""

    STAND = 0
    """Upright: officials, and racers long before the start. Phase 0."""
    START = 1
    """Phase 0 ready, bent over the front blade; after the gun the running steps, phase 0..1 a pair of steps."""
    STROKE = 2
    """The straight's stroke. Phase 0..1 from a left push to the next left push."""
    CORNER = 3
    """Crossovers with the left hand down. Phase 0..1 from a left push to the next left push."""
    GLIDE = 4
    """Half upright on both blades, idle. Phase 0."""
    PUSH = 5
    """Relay: both hands on the hips in front. Phase 0..1 over the push."""
    PUSHED = 6
    """Relay: crouched low in front, pushed. Phase 0..1 over the push."""
    FALL = 7
    """Going down: phase 0 still up, 1 on the ice."""
    SLIDE = 8
    """On the ice and moving. Phase 0..1 over the slide."""
    LYING = 9
    """On the ice at rest. Phase 0."""
    KNEEL = 10
    """From the ice to one knee. Phase 0..1."""
    RISE = 11
    """From the knee to the feet. Phase 0..1."""
    KICK = 12
    """The blade thrown forward over the finish line. Phase 0..1 out and back, furthest at 0.5."""
    HOME = 13
    """Rolling on after the finish. Phase 0 bent as in a race, 1 upright."""
    LEG_OUT = 14
    """Rolling with the right leg stretched out to the side. Phase 0..1 out and back."""
    WALK = 15
    """Upright, in steps that roll. Phase 0..1 a pair of steps, standing at 0 and 0.5."""
    BEND = 16
    """Down on one knee, a hand on the ice in front, and up. Phase 0..1, down at 0.5."""
    EASY = 17
    """Half upright in short strokes, idle. Phase 0..1 from a left push to the next, on both blades at 0 and 0.5."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the picture. ``suit`` is an index into the venue's suit designs, the same within a team."""

    id: int
    role: Role
    name: str
    height_m: float
    suit: int
    team: str | None = None
    competitor: int | None = None
    """``Competitor.id`` this person belongs to: its own, or the team's in a relay; None for officials."""
    helmet: str | None = None
    start_position: int | None = None


@dataclass(frozen=True, slots=True)
class BlockMove:
    """From ``time_s`` on block ``block`` lies at ``x_m, y_m``: knocked away, or put down.

    Blocks are numbered as in ``Rink.blocks``, where those lie at first; further ones are put down for the lost.
    """

    time_s: float
    block: int
    x_m: float
    y_m: float


@dataclass(frozen=True, slots=True)
class Motion:
    """A race: P people at T times. Everything after ``people`` up to ``reach_m`` has shape (P, T) unless said.

    time_s   (T,)       seconds from the gun, steps of 1 / RATE_HZ
    xy       (P, T, 2)  the point midway between the blades, m; of a fallen body its middle
    heading  radians    direction of travel
    facing   radians    where the body looks
    speed    m/s        over the ice
    lean     radians    towards the left (the corner's centre), of the line from the blades to the centre of mass
    pose     uint8      a ``Pose``
    phase    0..1       within the stroke or the movement
    present  bool       in the hall
    racing   bool       the member of its team (itself in an individual race) that the competitor's box is on
    s_m      m skated along the measured line since the start line, unwrapped; NaN while not racing
    d_m      m outside the measured line; NaN while not racing
    reach_m  from the point midway between the blades to the tip of the foremost blade, which is what crosses lines

    ``crossings`` to ``incidents`` are the race's truth in race time: ``time_s`` 0 is the gun. ``guns`` are the times of
    all starting shots (more than one after a false start), the last one 0; ``whistle_s`` those that called racers back.
    ``title`` is what captions call the race.
    """

    time_s: Floats
    people: tuple[Person, ...]
    xy: Floats
    heading: Floats
    facing: Floats
    speed: Floats
    lean: Floats
    pose: NDArray[np.uint8]
    phase: Floats
    present: Mask
    racing: Mask
    s_m: Floats
    d_m: Floats
    reach_m: Floats

    track_shift_m: float
    blocks: tuple[BlockMove, ...]
    event: Event
    competitors: tuple[Competitor, ...]
    crossings: tuple[Crossing, ...]
    finish: tuple[FinishRow, ...]
    passes: tuple[Pass, ...]
    incidents: tuple[Incident, ...]
    guns: tuple[float, ...] = (0.0,)
    whistle_s: tuple[float, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        shape = (len(self.people), len(self.time_s))
        for name in _PER_PERSON:
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"Motion.{name}: expected shape {shape}, got {got}")
        if self.xy.shape != (*shape, 2):
            raise ValueError(f"Motion.xy: expected shape {(*shape, 2)}, got {self.xy.shape}")
        if [person.id for person in self.people] != list(range(1, len(self.people) + 1)):
            raise ValueError("Motion.people: ids have to be 1, 2, ... in order")
