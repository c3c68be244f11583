"""How many race at the least, where no start list says so: as many as stood on the start line, as the score bug names,
as the event has, and in a relay as were seen racing at once.

Each is a lower bound: those at the side of the start may be hidden, a score bug names the first few, and the last of
the field may be out of the picture for most of the race. Helmets over the start dots may show the whole field: the feet
of the outermost are often below the picture, and boxes of those in a row behind each other hide each other, heads do
not.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.events import RaceEvent
from race.formats import ScorebugReading
from race.guide import Guide
from race.observations import Observations
from race.poses import Poses
from race.rink import Rink

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

COUNTED_PIECE_S, COUNTED_S = 0.5, 0.6
"""That many have to be seen at once for so long, in pieces no shorter, to count: what is no person is taken for a racer
for moments."""
TEAM_SHARE = 0.25
"""And for such a share of the time in which one fewer is seen: for seconds two of a team race."""
STEADY_SHARE = 0.6
"""Of the time in which a full field of a relay is seen, during which one more races: then there is one more. From a
fixed camera that is 0.79 to 0.86 in five races of five teams, 0.27 and 0.31, around exchanges, in two of four."""
MATES_SHARE = 0.35
"""Of the time in which one fewer than a field is seen, during which it has to be seen for there to be one more: around
exchanges so many race for 0.22 to 0.31 of it."""
NAMED_OFTEN = 10
MOST_RACERS, MOST_TEAMS = 10, 5
STOOD_S = 1.0
STANDING_MPS, BEFORE_S = 2.0, 2.0
"""Who moves no faster, in a piece of STOOD_S and more, so long before anybody races, ..."""
ON_LINE_M, OFF_TRACK_M = (-3.0, 1.0), (-3.5, 7.0)
"""... on the start line or in the row behind it: along the track, and outside the guide line."""
APART_M = 0.9
"""Start dots are 1.3 m apart; a foot taken from a box is good to 0.2 m each way."""
HELMET_M = 1.3
"""Over the ice, of who waits for the gun."""
DOT_M, SECOND_ROW_M = 1.3, (-1.5, 0.4)
"""From dot to dot; and the row behind, along the track and outwards, of which as many again may stand."""
OVER_DOT_M, FIRST_DOT_M = 0.8, -1.0
"""A helmet is over a dot within so much along the track, and nearer to it than to the next; over the first from so far
inside on."""
LOOKED_S, WAITED_S, STEP_FRAMES, LOOKED_SHARE = 12.0, 2.5, 6, 0.5
"""So long before anybody races is looked at, and that part of it in which places are taken the most steadily, of those
with the pose known in such a share of the pictures, ..."""
WAITS_SHARE = 0.2
"""... by a helmet over them in such a share of the pictures."""
LOOKS_DOWN, FREE_SHARE = 0.2, 0.05
"""A camera so high for its distance (the tangent of its look down) tells the dots apart: 0.26 and more for near starts
and from a fixed camera for all, 0.1 for a broadcast's far starts, where most of a field is hidden by the others."""


def count_named(readings: Sequence[ScorebugReading]) -> int:
    """How many names the score bug has shown, each often enough to be none misread."""
    shown = Counter(row.name for reading in readings for row in reading.rows if row.name)
    return sum(times >= NAMED_OFTEN for times in shown.values())


def racing_from_s(at: Floats, racing: Mask, seconds: Floats) -> float:
    """When the first of the pieces begins that are racing for long enough, as below."""
    return float(at[racing & (seconds >= COUNTED_PIECE_S), 0].min(initial=np.inf))


def count_starting(at: Floats, racing: Mask, seconds: Floats, event: RaceEvent | None, guide: Guide) -> int:
    """How many stood on the start line. Of pieces of ways: ``at`` (K, 4) time first seen, place and speed along the
    guide, and place across; ``racing`` (K,), and ``seconds`` (K,) for how long each was seen."""
    if event is None or not racing.any():
        return 0
    begin_s = racing_from_s(at, racing, seconds)
    line_g = 0.0 if event.start == "near" else guide.length_m / 2 + 2 * guide.rink.track_shift_m
    along = np.mod(at[:, 1] - line_g + guide.length_m / 2, guide.length_m) - guide.length_m / 2
    stands = (at[:, 0] < begin_s - BEFORE_S) & (np.abs(at[:, 2]) < STANDING_MPS)
    stands &= (
        (along > ON_LINE_M[0]) & (along < ON_LINE_M[1]) & (at[:, 3] > OFF_TRACK_M[0]) & (at[:, 3] < OFF_TRACK_M[1])
    )
    places: list[Floats] = []
    for k in sorted(np.flatnonzero(stands & (seconds >= STOOD_S)), key=lambda k: -seconds[k]):
        here = np.array([along[k], at[k, 3]])
        if all(float(np.hypot(*(here - place))) > APART_M for place in places):
            places.append(here)
    return min(len(places), MOST_TEAMS if event.is_relay else MOST_RACERS)


@dataclass(frozen=True, slots=True)
class Waiting:
    """``count`` waited for the gun; ``whole``: that is everybody who starts."""

    count: int
    whole: bool


def count_helmets(observations: Observations, time_s: Floats, begin_s: float, event: RaceEvent, rink: Rink) -> Waiting:
    """How many helmets were over the start dots before anybody raced, at ``begin_s``. ``time_s`` (F,) of the frames.

    It is the whole field where the camera tells the dots apart, they are taken from the first on without a gap, and the
    others are free, the next of them in the picture.
    """
    found, poses = observations.detections, observations.poses
    if poses is None:
        return Waiting(0, False)
    before = np.flatnonzero(poses.known & (time_s >= begin_s - LOOKED_S) & (time_s <= begin_s))
    column = np.searchsorted(observations.frames.number, found.frame)
    rows = np.flatnonzero(np.isin(column, before) & np.isfinite(found.helmet[:, 0]))
    at_head_height = replace(poses, position=poses.position - np.array([0.0, 0.0, HELMET_M]))
    middle = found.helmet[rows, :2] + found.helmet[rows, 2:] / 2
    helmet = rink.to_track(at_head_height.to_ice(column[rows], middle)[0])
    places = _start_places(rink, event)
    place = nearest_place(helmet, places, rink.lap_m)
    over = np.zeros((len(before), len(places)), bool)
    over[np.searchsorted(before, column[rows[place >= 0]]), place[place >= 0]] = True
    share, frames = _fullest(over, before, time_s)
    taken = share >= WAITS_SHARE
    count = int(taken.sum())
    whole = count >= event.field[0] and bool(taken[:count].all() and (share[count:] < FREE_SHARE).all())
    whole = whole and _tells_apart(poses, frames, places, rink)
    if whole and count < len(places):  # the next place has to be in the picture
        pixels = at_head_height.from_track(frames, np.tile(places[count], (len(frames), 1)), rink)
        whole = bool(np.mean(((pixels >= 0) & (pixels < poses.size)).all(axis=1)) > 1 - FREE_SHARE)
    return Waiting(count, whole)


def _fullest(over: Mask, before: Ints, time_s: Floats) -> tuple[Floats, Ints]:
    """(N, P) whether a helmet is over each place in the frames ``before`` (N,) -> (P,) the share of WAITED_S in which
    one is, and those frames: when most are taken all the while, not when all walk up to the line."""
    best, frames = np.zeros(over.shape[1]), before[:0]
    many = WAITED_S / float(np.median(np.diff(time_s))) if len(time_s) > 1 else np.inf
    for first in range(0, len(before), STEP_FRAMES):
        last = int(np.searchsorted(time_s[before], time_s[before[first]] + WAITED_S, side="right"))
        if last == len(before):
            break
        share = over[first:last].mean(axis=0)
        if last - first >= LOOKED_SHARE * many and (share**2).sum() > (best**2).sum():
            best, frames = share, before[first:last]
    return best, frames


def _start_places(rink: Rink, event: RaceEvent) -> Floats:
    """(P, 2) track coordinates of where racers wait, in the order in which the places are taken; one row of teams."""
    dots = rink.to_track(rink.start_dots(event.start))
    return dots if event.is_relay else np.concatenate([dots, dots + SECOND_ROW_M])


def nearest_place(helmet: Floats, places: Floats, lap_m: float) -> Ints:
    """(N, 2) track -> (N,) the place over which a helmet is, -1 where it is over none."""
    along = np.mod(helmet[:, None, 0] - places[None, :, 0] + lap_m / 2, lap_m) - lap_m / 2
    across = helmet[:, None, 1] - places[None, :, 1]
    over = (np.abs(along) < OVER_DOT_M) & (np.abs(across) <= DOT_M / 2)
    over[:, 0] |= (np.abs(along[:, 0]) < OVER_DOT_M) & (across[:, 0] > FIRST_DOT_M) & (across[:, 0] < 0)
    return np.where(over.any(axis=1), over.argmax(axis=1), -1)


def _tells_apart(poses: Poses, frames: Ints, places: Floats, rink: Rink) -> bool:
    """Whether the camera looks down on the ``places`` steeply enough."""
    down = poses.position[frames] - np.append(rink.to_ice(places[:1])[0], HELMET_M)
    return bool(np.median(down[:, 2] / np.hypot(down[:, 0], down[:, 1])) >= LOOKS_DOWN)


def count_teams(at_once: Ints, per_second: float, least: int, event: RaceEvent) -> int:
    """How many teams race, by how many members were seen racing at once in each picture, but no fewer than ``least``.

    Members of one team race beside each other around an exchange, so that what was named or stood on the start line
    tells more, where it is a full field."""
    if least >= event.field[0]:
        while least < MOST_TEAMS and np.sum(at_once > least) > STEADY_SHARE * np.sum(at_once >= least) > 0:
            least += 1
        return min(least, MOST_TEAMS)
    size = max(least, event.field[0])
    if np.sum(at_once >= size) < MATES_SHARE * np.sum(at_once >= size - 1):
        return size
    shown = np.sum(at_once >= size) > STEADY_SHARE * np.sum(at_once > 0)  # the whole field, most of the time
    share = STEADY_SHARE if shown else TEAM_SHARE
    while size < MOST_TEAMS:
        enough = max(COUNTED_S * per_second, share * float(np.sum(at_once >= size)))
        if np.sum(at_once > size) < enough:
            break
        size += 1
    return size
