"""Following the rink from picture to picture: a Kalman filter over one picture's camera.

From a picture whose camera is known, the measured motion says where the camera of the next one is and how sure that is;
the edges that lie near enough to the rink's curves then correct it. So a drift of the zoom is undone before it grows,
where a chain of motions alone would have lost the rink after some dozens of pictures.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.matrices import invert, put_all, solve, times, times_turned
from vision.adjust import LINE_SD, ROLL_SD, Problem, make_bend, venue_of
from vision.rink_curves import KINDS, make_curves
from vision.rink_fit import OWN, SHARED, fit_edges
from vision.terms import add_points
from vision.turning import ARM, turn_back_of, turn_of, turned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDS = 3
"""Times that edges are looked up for a picture."""
NARROW, WIDE, REACH = 5.0, 30.0, 2.5
"""Pixels around a curve in which its edges are looked for: at least, at most, and standard deviations more."""
DRIFT = 1.5
"""Motions err by so much more than they say, since one error is like the next."""
LEAST_MET = 0.3
"""Share of the edges that has to be met for them to count."""
DOUBT = 1.3
"""By so much the variance grows in a picture whose edges are not where they were looked for."""
LEAST_EDGES = 8
START_PX = 2.0
"""Standard deviation of the camera of a picture that the following starts from."""
FARTHEST = 0.03
"""Standard deviation, radians, from which the rink is lost."""


def follow(
    problem: Problem, steps: Floats, rotation: Floats, focal: Floats, shared: Floats, starts: Ints,
    trust: tuple[float, ...],
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """From the cameras ``rotation`` (F, 3, 3), ``focal`` (F,) of the pictures ``starts`` to those of all: new ones, and
    the standard deviation (F,) of where it looks, radians; NaN where the rink was lost.

    ``steps`` (F, 4): motion to each picture from the one before.
    """
    frames = len(focal)
    best_rotation, best_focal, best = rotation.copy(), focal.copy(), np.full(frames, np.nan)
    best[starts] = START_PX / focal[starts]
    for start in starts:
        for way in (1, -1):
            turn, length, sd = rotation.copy(), focal.copy(), np.full(frames, np.nan)
            _run(problem, steps, turn, length, shared, int(start), way, np.array(trust), sd)
            better = np.isfinite(sd) & ~(best <= sd)
            best_rotation[better], best_focal[better], best[better] = turn[better], length[better], sd[better]
    return best_rotation, best_focal, best


def _run(
    problem: Problem, steps: Floats, rotation: Floats, focal: Floats, shared: Floats, start: int, way: int,
    trust: Floats, sd: Floats,
) -> None:  # fmt: skip
    edges, finish, rink = problem.edges, problem.finish, problem.rink
    curves = make_curves(rink, venue_of(shared))
    order = np.argsort(finish.frame, kind="stable")
    of_frame = np.searchsorted(finish.frame[order], np.arange(len(focal) + 1))
    inner, outer = -rink.finish_line[1, 1], -rink.finish_line[0, 1]
    _follow(
        problem.width, problem.height, -rink.ice_width_m / 2, start, way, steps, _sds(problem), rotation, focal, shared,
        make_bend(problem, shared), curves.point, curves.slope, curves.inward, curves.kind, edges.xy, edges.along,
        edges.kind, edges.start, edges.hidden, edges.people, trust, finish.frame[order], finish.pixel[order],
        finish.place[order], finish.moves[order], of_frame, -outer, -inner, sd,
    )  # fmt: skip


def _sds(problem: Problem) -> Floats:
    """(F,) of the motion to each picture."""
    sd = np.full(len(problem.edges.start), np.nan)
    sd[problem.links.now] = problem.links.sd
    return sd


@njit(cache=True, error_model="numpy")
def _follow(
    width: float, height: float, mat_y: float, start: int, way: int, steps: Floats, step_sd: Floats, rotation: Floats,
    focal: Floats, shared: Floats, bend: float, point: Floats, slope: Floats, inward: Floats, kind: Ints,
    xy: NDArray[np.float32], along: NDArray[np.uint8], edge_kind: NDArray[np.uint8], line_start: Ints,
    hidden: NDArray[np.float32], people: Ints, trust: Floats,
    mark_frame: Ints, mark_pixel: Floats, mark_place: Floats, mark_moves: Floats, mark_start: Ints, low: float,
    high: float, sd: Floats,
) -> None:  # fmt: skip
    frames = len(focal)
    spread = np.zeros((OWN, OWN))
    for k in range(OWN):
        spread[k, k] = (START_PX / (focal[start] if k < 2 else ARM)) ** 2
    own_own, own_down = np.zeros((frames, OWN, OWN)), np.zeros((frames, OWN))
    own_shared, shared_shared, shared_down = (
        np.zeros((frames, OWN, SHARED)),
        np.zeros((SHARED, SHARED)),
        np.zeros(SHARED),
    )
    tally = np.zeros((KINDS, 2))
    grown, turn, other = np.zeros((OWN, OWN)), np.empty((3, 3)), np.empty((3, 3))
    more, foreseen = np.empty((3, 3)), np.empty((3, 3))
    prior, normal, left = np.empty((OWN, OWN)), np.empty((OWN, OWN)), np.empty((OWN, OWN))
    gone, move, tilt, vector = np.empty(OWN), np.empty((OWN, 1)), np.zeros(OWN), np.empty(3)
    n = start
    while 0 <= n + way < frames:
        step, noise = (steps[n + 1], step_sd[n + 1]) if way > 0 else (steps[n], step_sd[n])
        m = n + way
        length = _turn(step, focal[n], bend, way, turn)
        small = 1e-4
        grown[:] = 0.0
        grown[3, 3] = np.log(_turn(step, focal[n] * np.exp(small), bend, way, other) / length) / small
        times_turned(other, turn, more)
        for k in range(3):
            for j in range(3):
                grown[k, j] = turn[k, j]
        grown[0, 3] = 0.5 * (more[2, 1] - more[1, 2]) / small
        grown[1, 3] = 0.5 * (more[0, 2] - more[2, 0]) / small
        grown[2, 3] = 0.5 * (more[1, 0] - more[0, 1]) / small
        unit = DRIFT * noise
        times(grown, spread, left)
        times_turned(left, grown, spread)
        for k in range(OWN):
            spread[k, k] += (unit / length) ** 2 if k < 2 else (unit / ARM) ** 2
        for k in range(OWN):
            for j in range(k):
                spread[k, j] = spread[j, k] = 0.5 * (spread[k, j] + spread[j, k])
        times(turn, rotation[n], rotation[m])
        focal[m] = length
        put_all(foreseen, rotation[m])
        foreseen_focal = focal[m]
        off_px = _px(spread, length)
        if not off_px < FARTHEST * length:
            return
        invert(spread, prior)
        gone[:] = 0.0
        window = min(max(NARROW, REACH * off_px + NARROW), WIDE)
        for _ in range(ROUNDS):
            own_own[m], own_down[m], tally[:] = 0.0, 0.0, 0.0
            fit_edges(
                shared[:3], rotation[m], focal[m], shared[3], width, height, mat_y, shared[4], point, slope, inward,
                kind, xy, along, edge_kind, line_start[m], hidden[people[m, 0] : people[m, 1]], window, 0.5 * window,
                trust, own_own[m], own_shared[m], shared_shared, own_down[m], shared_down, tally,
            )  # fmt: skip
            seen, met = 0.0, 0.0
            for k in range(3):
                seen, met = seen + tally[k, 0], met + tally[k, 1]
            if seen < LEAST_EDGES:
                own_own[m], own_down[m] = 0.0, 0.0
            a, b = mark_start[m], mark_start[m + 1]
            add_points(
                mark_frame[a:b], mark_pixel[a:b], mark_place[a:b], mark_moves[a:b], low, high,
                np.full((b - a, 2), LINE_SD), np.full(b - a, 2 * window), width, height, rotation, focal, shared,
                own_own, own_shared, shared_shared, own_down, shared_down,
            )  # fmt: skip
            tilt[1], tilt[2] = rotation[m, 2, 2], -rotation[m, 1, 2]
            for k in range(OWN):
                own_down[m, k] -= tilt[k] * rotation[m, 0, 2] / ROLL_SD**2
                move[k, 0] = own_down[m, k]
                for j in range(OWN):
                    own_own[m, k, j] += tilt[k] * tilt[j] / ROLL_SD**2
                    normal[k, j] = prior[k, j] + own_own[m, k, j]
                    move[k, 0] -= prior[k, j] * gone[j]
            put_all(left, normal)
            solve(left, move)
            for k in range(OWN):
                gone[k] += move[k, 0]
            for k in range(3):
                vector[k] = move[k, 0]
            times(turned(vector), rotation[m], other)
            put_all(rotation[m], other)
            focal[m] *= np.exp(move[3, 0])
            window = max(NARROW, window / 1.6)
        if seen >= LEAST_EDGES and met >= LEAST_MET * seen:
            invert(normal, spread)
        else:
            put_all(rotation[m], foreseen)
            focal[m] = foreseen_focal
            if seen >= LEAST_EDGES:  # others than those looked for
                for k in range(OWN):
                    for j in range(OWN):
                        spread[k, j] *= DOUBT
        sd[m] = _px(spread, focal[m]) / focal[m]
        n = m


@njit(cache=True, error_model="numpy")
def _px(spread: Floats, focal: float) -> float:
    return float(np.sqrt(focal**2 * (spread[0, 0] + spread[1, 1]) / 2 + ARM**2 * (spread[2, 2] + spread[3, 3]) / 2))


@njit(cache=True, error_model="numpy")
def _turn(step: Floats, focal: float, bend: float, way: int, turn: Floats) -> float:
    """The turn (3, 3) and focal length that ``step`` leads to, forwards or (``way`` -1) back."""
    if way > 0:
        return float(turn_of(step, focal, bend, turn))
    return float(turn_back_of(step, focal, bend, turn))
