"""Following the rink from picture to picture, in a hall whose cameras are known."""

from dataclasses import replace

import numpy as np
import pytest

from race.rink import Rink
from tests.vision.made_hall import PLACE, SIZE, make_hall
from vision.adjust import BARE, Links, Marks, Problem, Spots, pack, shared_prior, take
from vision.following import FARTHEST, follow
from vision.racing_feet import find_feet
from vision.turning import ARM, SHIFT_X, ZOOM, read_motion

FIRST = 20


def problem_of(count=60, edges=True, zoom_error=0.0):
    """A hall whose motions say the zoom wrong by ``zoom_error`` (log) in every picture."""
    seen, poses, _ = make_hall(count=count, edges=edges)
    steps, sd = read_motion(seen.frames.motion, seen.frames.motion_quality, *SIZE)
    steps[:, ZOOM] += zoom_error
    prior, prior_sd = shared_prior(PLACE, np.ones(3), Rink(track_shift_m=0.5))
    prior[3] = 0.0
    frames, none = np.arange(count), np.empty(0, np.int64)
    marks = Marks(none, np.empty((0, 2)), np.empty((0, 3)), np.empty(0))
    links = Links(frames[:-1], frames[1:], steps[1:].copy(), np.maximum(sd[1:], 0.003 * ARM))
    feet = find_feet(seen.frames, seen.detections)
    packed = pack(seen.edges, seen.frames.number, float(SIZE[1]), seen.detections.frame, seen.detections.box)
    problem = Problem(
        *map(float, SIZE),
        packed,
        links,
        feet,
        Rink(),
        prior,
        prior_sd,
        marks,
        marks,
        Spots(none, np.empty((0, 4))),
    )
    return problem, np.nan_to_num(steps), poses


def followed(problem, steps, poses, starts=(FIRST,)):
    at = np.array(starts)
    rotation, focal = np.tile(np.eye(3), (len(poses), 1, 1)), np.ones(len(poses))
    rotation[at], focal[at] = poses.rotation[at], poses.focal_px[at]
    return follow(problem, steps, rotation, focal, problem.prior, at, BARE)


@pytest.mark.parametrize("edges", [True, False])
def test_true_motions_lead_to_the_true_cameras(edges):
    rotation, focal, sd = followed(*problem_of(edges=edges))
    _, _, poses = problem_of()
    known = np.isfinite(sd)
    assert known[FIRST - 10 : FIRST + 10].all()
    assert rotation[known] == pytest.approx(poses.rotation[known], abs=3e-3)
    assert focal[known] == pytest.approx(poses.focal_px[known], rel=5e-3)


def test_edges_undo_a_drift():
    """The mats' foot says how steeply the camera looks down, and in a corner the rest."""
    problem, steps, poses = problem_of(zoom_error=0.004)
    rotation, focal, sd = followed(problem, steps, poses)
    known = np.isfinite(sd)
    assert known.mean() > 0.9
    seen = [poses.to_pixels(n, [(16.0, 15.0)])[0] for n in range(60)]
    there = [n for n in range(60) if known[n] and 0 < seen[n][0] < SIZE[0]]
    assert len(there) > 10
    found = replace(poses, rotation=rotation, focal_px=focal)
    for n in there:
        assert np.abs(found.to_pixels(n, [(16.0, 15.0)])[0][1] - seen[n][1]) < 3


def test_without_edges_it_becomes_less_sure_until_it_is_lost():
    problem, steps, poses = problem_of(count=120, edges=False)
    _, _, sd = followed(problem, steps, poses)
    known = np.isfinite(sd)
    last = int(np.flatnonzero(known)[-1])
    assert (np.diff(sd[FIRST + 1 : last + 1]) > 0).all()
    assert (np.diff(sd[:FIRST]) < 0).all()
    assert not known.all()
    assert sd[known].max() < 1.1 * FARTHEST


def test_of_two_starts_the_surer_counts():
    problem, steps, poses = problem_of(edges=False)
    one = followed(problem, steps, poses, (10,))[2]
    other = followed(problem, steps, poses, (50,))[2]
    both = followed(problem, steps, poses, (10, 50))[2]
    assert both == pytest.approx(np.fmin(one, other))


def test_a_part_of_a_problem_keeps_what_belongs_to_its_pictures():
    problem, _, _ = problem_of()
    frames = np.ones(60, bool)
    frames[[0, 30]] = False
    part = take(problem, frames)
    assert len(part.edges.start) == 58
    assert len(part.links.now) == 59 - 1 - 2  # the motion to the second picture, to the 31st, and from it
    assert (part.links.now - part.links.before == 1).all()
    assert part.links.step[:, SHIFT_X] == pytest.approx(np.delete(problem.links.step, [0, 29, 30], axis=0)[:, SHIFT_X])
    before = problem.feet.xy[np.isin(problem.feet.frame, np.flatnonzero(frames))]
    assert np.array_equal(part.feet.xy, before)
    assert part.feet.frame.max() == 57
    ends = part.feet.frame[part.feet.stride]
    assert len(ends) < len(problem.feet.stride)
    assert (ends[:, 0] < ends[:, 1]).all()
