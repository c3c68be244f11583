"""All pictures of a shot adjusted together: the camera's turns and zooms, its place, its lens, and the hall's measures.

What is known: how the camera moved between neighbouring pictures and between pictures of the same place laps apart
(links), edges that the rink's curves should lie on, the finish line, and what is usual (priors). Gauss-Newton with
weights that let go of outliers; edges are looked up again in every step, in a window that narrows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH, Edges
from race.matrices import put_all, times
from race.poses import Poses
from race.rink import Rink
from vision.blocks import match
from vision.edges import COLUMN, PERSON_MARGIN, REACH, STEP
from vision.normal import Normal, Solver
from vision.racing_feet import Feet
from vision.rink_curves import KINDS, MEASURE_SD, MEASURES, Venue, make_curves
from vision.rink_fit import OWN, SHARED, fit_edges
from vision.terms import add_links, add_points, add_rolls, add_strides
from vision.turning import turned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROLL_SD = 0.012
FOOT, BARE, ALL = (1.0, 0.0, 0.0, 0.0), (1.0, 0.2, 0.0, 0.05), (1.0, 0.2, 0.5, 0.05)
"""What the edges of MAT_FOOT, NEAR_TOP, PAINT and FAR_TOP weigh: heights are less sure, paint need not be there, and
the far mats often have two or three edges near their top."""
Schedule = Sequence[tuple[float, tuple[float, float, float, float]]]
"""Step by step, the window in which an edge is looked for, pixels at a focal length of WIDE_FOCAL and as much in angle
at others, and what the edges weigh. The scale beyond which a residual loses weight is half of the window."""
COARSE: Schedule = [(w, FOOT) for w in (45, 45, 45, 30, 30, 20, 20)] + [(w, BARE) for w in (14, 14, 10, 10, 7, 7)]
PAINTED: Schedule = [(w, ALL) for w in (80, 80, 60, 60, 40, 25, 14, 10)]
FINE: Schedule = [(w, ALL) for w in (7, 7, 5, 5, 4, 4)]
FINE_BARE: Schedule = [(w, BARE) for w in (5, 5, 4, 4)]
SHIFT_SD = 1.0
K1_SD = 0.02
"""Small: thousands of edges that all err alike, say because a corner is rounder than the model's, are against it."""
WIDE_FOCAL = 1800.0
LEAST_WINDOW = 4.0
LONGEST_STEP = 0.1  # radians, log
STRANGE = 3.0
"""Standard deviations, for each pixel of the window, from which a motion counts as wrong: at first two stretches that
were followed from either side may not meet, and the motions between them have to draw them together."""
LINE_SD, MARK_SD = 3.0, 1.0
"""Pixels: the finish line in a pan, and points set by hand."""
ICE_END = 40.0


@dataclass(frozen=True, slots=True)
class Links:
    """Motions between pictures: (n,) ``before`` and ``now``, what they say (n, 4), and their sd (n,), pixels."""

    before: Ints
    now: Ints
    step: Floats
    sd: Floats


@dataclass(frozen=True, slots=True)
class Marks:
    """Points whose place on the rink is known: (n,) ``frame``, (n, 2) ``pixel``, (n, 3) ``place`` in m, NaN in one
    coordinate where the point is anywhere on a line, and (n,) 1 where it ``moves`` along x with the track, else 0."""

    frame: Ints
    pixel: Floats
    place: Floats
    moves: Floats


@dataclass(frozen=True, slots=True)
class Spots:
    """Boxes (n, 4 tlwh) of what may be blocks, and their ``frame`` (n,)."""

    frame: Ints
    box: Floats


@dataclass(frozen=True, slots=True)
class Packed:
    """The edges of F pictures in one row of arrays.

    xy (n, 2), along (n,), kind (n,) as in ``Edges``, in pixels of a picture WORKING_WIDTH wide;
    start (F, 2, lines + 1): edges of picture f, scanned along a, of line k, are start[f, a, k] to start[f, a, k + 1].
    hidden (b, 4): left, top, right and bottom of the people, of picture f those from people[f, 0] to people[f, 1].
    """

    xy: NDArray[np.float32]
    along: NDArray[np.uint8]
    kind: NDArray[np.uint8]
    start: Ints
    hidden: NDArray[np.float32]
    people: Ints


def venue_of(shared: Floats) -> Venue:
    return Venue(*(float(value) for value in shared[4 : 4 + MEASURES]))


def pack(edges: Edges, number: NDArray[np.int32], height: float, frame_of: NDArray[np.int32], boxes: Floats) -> Packed:
    """Those of the pictures ``number`` (F,), which are ``height`` high. People's ``boxes`` (n, 4 tlwh), in pictures
    ``frame_of`` (n,), rising, are in the same pixels."""
    lines = int(max(WORKING_WIDTH, height)) // STEP + 1
    frame = np.searchsorted(number, edges.frame)
    own = np.flatnonzero(number[np.minimum(frame, len(number) - 1)] == edges.frame)
    frame, xy, along = frame[own], edges.xy[own], edges.along[own].astype(np.int64)
    line = np.rint((np.where(along == COLUMN, xy[:, 0], xy[:, 1]) - 0.5 - STEP // 2) / STEP).astype(np.int64)
    place = (frame * 2 + along) * lines + line
    order = np.argsort(place, kind="stable")
    count = np.bincount(place, minlength=len(number) * 2 * lines).reshape(len(number), 2, lines)
    after = np.cumsum(count).reshape(count.shape)
    start = np.concatenate([(after - count)[:, :, :1], after], axis=2)
    margin = PERSON_MARGIN * boxes[:, 3:] + REACH
    hidden = np.concatenate([boxes[:, :2] - margin, boxes[:, :2] + boxes[:, 2:] + margin], axis=1).astype(np.float32)
    people = np.stack([np.searchsorted(frame_of, number, side) for side in ("left", "right")], axis=1).astype(np.int64)
    return Packed(
        np.ascontiguousarray(xy[order]), edges.along[own][order], edges.kind[own][order], start, hidden, people
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """Cameras of F pictures, lengths in pixels of a picture WORKING_WIDTH wide.

    rotation (F, 3, 3), focal (F,), shared (SHARED,) place, k1 and the venue's measures
    bend     of the lens, as in ``turning.step_between``
    tally    (F, KINDS, 2) for each kind of curve: places where an edge should be, and how well they are met
    """

    rotation: Floats
    focal: Floats
    shared: Floats
    tally: Floats

    bend: float

    @property
    def venue(self) -> Venue:
        return venue_of(self.shared)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is known of F pictures ``width`` by ``height``: all in small pixels, frames counted within the F.

    finish: ends of upright lines that may be the finish line. marks: points set by hand. blocks: what may be the
    track's blocks. prior, prior_sd (SHARED,).
    """

    width: float
    height: float
    edges: Packed
    links: Links
    feet: Feet
    rink: Rink
    prior: Floats
    prior_sd: Floats
    finish: Marks
    marks: Marks
    blocks: Spots


def take(problem: Problem, frames: NDArray[np.bool_]) -> Problem:
    """The same of only the pictures ``frames`` (F,) True."""
    row = np.cumsum(frames) - 1

    def marks(given: Marks) -> Marks:
        own = frames[given.frame]
        return Marks(row[given.frame[own]], given.pixel[own], given.place[own], given.moves[own])

    edges, links, feet = problem.edges, problem.links, problem.feet
    tied = frames[links.before] & frames[links.now]
    own_feet = frames[feet.frame]
    seen = frames[problem.blocks.frame]
    foot, strides = np.cumsum(own_feet) - 1, own_feet[feet.stride].all(axis=1)
    return replace(
        problem,
        edges=replace(edges, start=edges.start[frames], people=edges.people[frames]),
        links=Links(row[links.before[tied]], row[links.now[tied]], links.step[tied], links.sd[tied]),
        feet=Feet(
            row[feet.frame[own_feet]], feet.xy[own_feet], feet.sd_px[own_feet], foot[feet.stride[strides]],
            feet.time_s[strides],
        ),
        finish=marks(problem.finish),
        marks=marks(problem.marks),
        blocks=Spots(row[problem.blocks.frame[seen]], problem.blocks.box[seen]),
    )  # fmt: skip


def shared_prior(place: Floats, place_sd: Floats, rink: Rink) -> tuple[Floats, Floats]:
    """(SHARED,) and its standard deviations."""
    venue = Venue(rink.mat_height_m, rink.mat_height_m, corner_radius_m=rink.ice_corner_radius_m)
    return (
        np.concatenate([place, [-0.04], venue.values(), [rink.track_shift_m]]),
        np.concatenate([place_sd, [K1_SD], MEASURE_SD, [SHIFT_SD]]),
    )


def adjust(problem: Problem, rotation: Floats, focal: Floats, shared: Floats, schedule: Schedule) -> Fit:
    """From cameras near enough to those that explain everything best."""
    rotation, focal, shared = rotation.copy(), focal.copy(), shared.copy()
    for window, trust in schedule:
        normal = _normal(problem, rotation, focal, shared, window, np.array(trust))
        step, shared_step = Solver(normal).steps()
        step = np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        turn_all(rotation, step)
        focal *= np.exp(step[:, 3])
        shared += shared_step
        shared[4] = max(shared[4], 0.3)
    tally = tally_of(problem, rotation, focal, shared, window, trust)
    return Fit(rotation, focal, shared, tally, make_bend(problem, shared))


def covariances(problem: Problem, fit: Fit, schedule: Schedule) -> Floats:
    """(F, 4 + SHARED, 4 + SHARED) of each picture's own four numbers and the shared ones together, at the schedule's
    end."""
    window, trust = schedule[-1]
    return Solver(_normal(problem, fit.rotation, fit.focal, fit.shared, window, np.array(trust))).covariances()


def tally_of(
    problem: Problem, rotation: Floats, focal: Floats, shared: Floats, window: float, trust: Sequence[float] = ALL
) -> Floats:
    """(F, KINDS, 2) as in ``Fit``, of any cameras."""
    return _normal(problem, rotation, focal, shared, window, np.array(trust)).tally


def poses_of(problem: Problem, rotation: Floats, focal: Floats, shared: Floats) -> Poses:
    """The cameras as poses of pictures ``problem.width`` wide, without a standard deviation."""
    every = np.ones(len(focal))
    size = int(problem.width), round(problem.height)
    return Poses(size, np.tile(shared[:3], (len(focal), 1)), rotation, focal, shared[3] * every, 0 * every, every)


def make_bend(problem: Problem, shared: Floats) -> float:
    return float(shared[3]) * (problem.width**2 + problem.height**2) / 12


def _normal(problem: Problem, rotation: Floats, focal: Floats, shared: Floats, window: float, trust: Floats) -> Normal:
    frames = len(focal)
    curves = make_curves(problem.rink, venue_of(shared))
    own_own, own_shared = np.zeros((frames, OWN, OWN)), np.zeros((frames, OWN, SHARED))
    own_down, tally = np.zeros((frames, OWN)), np.zeros((frames, KINDS, 2))
    weight = 1 / problem.prior_sd**2
    shared_shared, shared_down = np.diag(weight), weight * (problem.prior - shared)
    sums = own_own, own_shared, shared_shared, own_down, shared_down
    edges, feet, links, rink = problem.edges, problem.feet, problem.links, problem.rink
    _add_edges(
        problem.width, problem.height, -rink.ice_width_m / 2, rotation, focal, shared, curves.point, curves.slope,
        curves.inward, curves.kind, edges.xy, edges.along, edges.kind, edges.start, edges.hidden,
        edges.people, float(window), trust, *sums, tally,
    )  # fmt: skip
    inner, outer = -rink.finish_line[1, 1], -rink.finish_line[0, 1]
    finish, marks, spots = problem.finish, problem.marks, problem.blocks
    lying = rink.blocks - np.array([rink.track_shift_m, 0.0])
    poses = poses_of(problem, rotation, focal, shared)
    for points, low, high in (
        ((*_points(finish), *_alike(finish, LINE_SD, 4 * window)), -outer, -inner),
        ((*_points(marks), *_alike(marks, MARK_SD, np.inf)), -ICE_END, ICE_END),
        (match(spots.frame, spots.box, poses, lying, float(shared[-1]), window), 0.0, 0.0),
    ):
        frame, pixel, place, moves, sd, reach = points
        add_points(
            frame, pixel, place, moves, low, high, sd, reach, problem.width, problem.height, rotation, focal, shared,
            *sums,
        )  # fmt: skip
    add_rolls(rotation, ROLL_SD, own_own, own_down)
    stride_block, link_block = (np.zeros((len(pairs), OWN, OWN)) for pairs in (feet.stride, links.now))
    add_strides(
        feet.frame, feet.xy - np.array([problem.width / 2, problem.height / 2]), feet.sd_px, feet.stride, feet.time_s,
        rink.straight_m / 2, rink.measured_radius_m, rotation, focal, shared, *sums, stride_block,
    )  # fmt: skip
    add_links(
        links.before, links.now, links.step, links.sd, STRANGE * window, rotation, focal, make_bend(problem, shared),
        own_own, own_down, link_block,
    )  # fmt: skip
    blocks = (
        (links.before, links.now, link_block),
        (feet.frame[feet.stride[:, 0]], feet.frame[feet.stride[:, 1]], stride_block),
    )
    return Normal(*sums, blocks, tally)


def _points(marks: Marks) -> tuple[Ints, Floats, Floats, Floats]:
    return marks.frame, marks.pixel, marks.place, marks.moves


def _alike(marks: Marks, sd: float, window: float) -> tuple[Floats, Floats]:
    return np.full((len(marks.frame), 2), sd), np.full(len(marks.frame), float(window))


@njit(cache=True, error_model="numpy")
def turn_all(rotation: Floats, step: Floats) -> None:
    """Turn every camera (F, 3, 3) by its ``step`` (F, 4), keeping it a rotation."""
    turn = np.empty((3, 3))
    for f in range(len(rotation)):
        times(turned(step[f, :3]), rotation[f], turn)
        right, down, ahead = turn[0], turn[1], turn[2]
        _shorten(ahead)
        slant = right[0] * ahead[0] + right[1] * ahead[1] + right[2] * ahead[2]
        for k in range(3):
            right[k] -= slant * ahead[k]
        _shorten(right)
        for k in range(3):
            a, b = (k + 1) % 3, (k + 2) % 3
            down[k] = ahead[a] * right[b] - ahead[b] * right[a]
        put_all(rotation[f], turn)


@njit(cache=True, error_model="numpy")
def _shorten(vector: Floats) -> None:
    """To a length of 1."""
    length = np.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)
    for k in range(3):
        vector[k] /= length


@njit(cache=True, error_model="numpy")
def _add_edges(
    width: float, height: float, mat_y: float, rotation: Floats, focal: Floats, shared: Floats, point: Floats,
    slope: Floats, inward: Floats, kind: Ints, xy: NDArray[np.float32], along: NDArray[np.uint8],
    edge_kind: NDArray[np.uint8], start: Ints, hidden: NDArray[np.float32], people: Ints, window: float, trust: Floats,
    own_own: Floats, own_shared: Floats, shared_shared: Floats, own_down: Floats, shared_down: Floats, tally: Floats,
) -> None:  # fmt: skip
    for f in range(len(focal)):
        near = max(window * min(focal[f] / WIDE_FOCAL, 1.5), min(window, LEAST_WINDOW))
        fit_edges(
            shared[:3], rotation[f], focal[f], shared[3], width, height, mat_y, shared[4], point, slope, inward, kind,
            xy, along, edge_kind, start[f], hidden[people[f, 0] : people[f, 1]], near, 0.5 * near, trust, own_own[f],
            own_shared[f], shared_shared, own_down[f], shared_down, tally[f],
        )  # fmt: skip
