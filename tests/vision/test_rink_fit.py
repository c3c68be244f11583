"""Edges against the rink's curves: a slow, obvious twin of what ``fit_edges`` adds, and the curves themselves."""

import numpy as np
import pytest

from race.rink import Rink
from tests.vision.made_hall import PLACE, SIZE, make_hall
from vision.adjust import pack
from vision.edges import COLUMN, OFF_SURFACE, ONTO_SURFACE
from vision.rink_curves import FAR_TOP, KINDS, MAT_FOOT, MEASURES, NEAR_TOP, PAINT, Venue, make_curves
from vision.rink_fit import EDGE_SD, LEAST_SLANT, MET_PX, OWN, SHARED, fit_edges
from vision.turning import turned

WINDOW, SCALE = 8.0, 4.0
VENUE = Venue(1.4, 1.3)


def test_curves_move_with_their_measures():
    curves = make_curves(Rink(), VENUE)
    assert set(curves.kind) == {MAT_FOOT, NEAR_TOP, PAINT, FAR_TOP}
    taller = make_curves(Rink(), Venue(1.5, 1.3))
    assert curves.point + 0.1 * curves.slope[:, :, 0] == pytest.approx(taller.point)
    wider = make_curves(Rink(), Venue(1.4, 1.3, paint_near_m=-6.3))
    assert curves.point + 0.2 * curves.slope[:, :, 2] == pytest.approx(wider.point, abs=1e-6)
    mats = curves.point[curves.kind == MAT_FOOT]
    assert np.abs(mats[:, 0]).max() == pytest.approx(30.0)
    assert np.abs(mats[:, 1]).max() == pytest.approx(15.0)
    # inward of the far mats is towards the camera, of the far rim of the paint away from it
    far = (curves.point[:, 1] > 14.9) & (np.abs(curves.point[:, 0]) < 15)
    assert curves.inward[far & (curves.kind == MAT_FOOT)][:, 1] == pytest.approx(-1.0)
    rim = (curves.kind == PAINT) & (curves.point[:, 1] > 6.45) & (np.abs(curves.point[:, 0]) < 14)
    assert curves.inward[rim][:, 1] == pytest.approx(1.0)


def naive(poses, row, edges, rotation=None):
    """Residuals along the normal, and what the tally says, of the far mats' foot met by scanned columns."""
    curves = make_curves(Rink(track_shift_m=0.5), VENUE)
    if rotation is not None:
        poses = poses.take([row])
        poses.rotation[0] = rotation
        row = 0
    seen = poses.to_pixels(row, curves.point)
    columns = np.unique(edges[:, 0])
    residuals, places, met = [], 0, 0.0
    for m in range(len(seen) - 1):
        if curves.kind[m] != MAT_FOOT or curves.kind[m + 1] != MAT_FOOT:
            continue
        if (PLACE[:2] - curves.point[m, :2]) @ curves.inward[m] <= 0 or not np.isfinite(seen[m : m + 2]).all():
            continue
        (x0, y0), (x1, y1) = seen[m], seen[m + 1]
        slant = abs(x1 - x0) / np.hypot(x1 - x0, y1 - y0)
        if slant < LEAST_SLANT:
            continue
        for x in columns:
            if not min(x0, x1) <= x < max(x0, x1):
                continue
            y = y0 + (x - x0) / (x1 - x0) * (y1 - y0)
            if not 4 <= y <= SIZE[1] - 4:
                continue
            places += 1
            off = edges[edges[:, 0] == x, 1] - y
            nearest = off[np.abs(off).argmin()] * slant
            if abs(nearest) < WINDOW:
                met += 1 / (1 + (nearest / MET_PX) ** 2)
                residuals.append(nearest)
    return np.array(residuals), places, met


def people(row, boxes):
    return np.full(len(boxes), row + 1, np.int32), np.array(boxes, np.float64).reshape(-1, 4)


def fitted(poses, row, edges, kind, boxes=()):
    curves = make_curves(Rink(track_shift_m=0.5), VENUE)
    packed = pack(edges, np.array([row + 1], np.int32), float(SIZE[1]), *people(row, boxes))
    out = (
        np.zeros((OWN, OWN)), np.zeros((OWN, SHARED)), np.zeros((SHARED, SHARED)), np.zeros(OWN), np.zeros(SHARED),
        np.zeros((KINDS, 2)),
    )  # fmt: skip
    fit_edges(
        poses.position[row], poses.rotation[row], poses.focal_px[row], poses.k1[row], *map(float, SIZE), -15.0, 1.4,
        curves.point, curves.slope, curves.inward, curves.kind, packed.xy, packed.along,
        np.full_like(packed.kind, kind), packed.start[0], packed.hidden, WINDOW, SCALE, np.array([1.0, 0.0, 0.0, 0.0]),
        *out,
    )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def hall():
    seen, poses, _ = make_hall(count=60)
    return seen.edges, poses


@pytest.mark.parametrize("row", [0, 30])
def test_the_far_mats(hall, row):
    edges, poses = hall
    mine = edges.frame == row + 1
    moved = edges.xy[mine].astype(np.float64)
    assert set(edges.along[mine]) == {COLUMN}
    poses = poses.take(np.arange(60))
    poses.rotation[row] = turned(np.array([0.002, 0.0, 0.003])) @ poses.rotation[row]  # a few pixels off
    own_own, _, shared_shared, own_down, shared_down, tally = fitted(poses, row, edges, ONTO_SURFACE)
    residuals, places, met = naive(poses, row, moved)
    assert places > 20
    assert tally[MAT_FOOT, 0] == pytest.approx(places, abs=2)
    assert tally[MAT_FOOT, 1] == pytest.approx(met, rel=0.06)
    weight = 1 / max(EDGE_SD, 0.15 * WINDOW) ** 2 / (1 + (residuals / SCALE) ** 2) ** 2
    small, compared = 1e-5, 0
    for axis in range(3):  # turning the camera moves the residuals as the equations say
        step = small * np.eye(3)[axis]
        ahead, _, _ = naive(poses, row, moved, turned(step) @ poses.rotation[row])
        back, _, _ = naive(poses, row, moved, turned(-step) @ poses.rotation[row])
        if not len(ahead) == len(back) == len(residuals):
            continue  # an edge came into the window, or left it
        compared += 1
        slope = -(ahead - back) / (2 * small)
        assert own_down[axis] == pytest.approx((weight * slope * residuals).sum(), rel=0.1)
        assert own_own[axis, axis] == pytest.approx((weight * slope**2).sum(), rel=0.1)
    assert compared > 0
    assert not shared_down[4 : 3 + MEASURES].any()  # the mats' foot tells neither their height nor the paint ...
    assert shared_down[3 + MEASURES] != 0  # ... but how round their corners are
    assert shared_shared[0, 0] > 0


def test_edges_the_wrong_way_round_are_none(hall):
    edges, poses = hall
    *sums, tally = fitted(poses, 0, edges, OFF_SURFACE)
    assert not any(total.any() for total in sums)
    assert tally[MAT_FOOT, 0] > 20
    assert tally[MAT_FOOT, 1] == 0


def test_a_true_camera_is_met(hall):
    edges, poses = hall
    tally = fitted(poses, 0, edges, ONTO_SURFACE)[-1]
    assert tally[MAT_FOOT, 1] > 0.95 * tally[MAT_FOOT, 0]


def test_where_people_are_no_edge_is_expected(hall):
    edges, poses = hall
    everything = fitted(poses, 0, edges, OFF_SURFACE)[-1][MAT_FOOT, 0]
    somebody = fitted(poses, 0, edges, OFF_SURFACE, [(100.0, -20.0, 240.0, 400.0)])[-1][MAT_FOOT, 0]
    assert 0.4 * everything < somebody < 0.8 * everything
    assert fitted(poses, 0, edges, OFF_SURFACE, [(-20.0, -20.0, 700.0, 400.0)])[-1][MAT_FOOT, 0] == 0
