import zlib
from dataclasses import replace

import numpy as np
import pytest

from simulation.motion import Pose
from simulation.pictures.body import BLADE, BOOT, HELMET, RUNNER_M, joint_transforms, load_body, pose_bodies
from simulation.pictures.postures import COLUMNS, KEYFRAMES, keyed, postures_at
from simulation.race import simulate_race
from simulation.scenario import Scenario


def posed(pose, phase=0.0, lean=0.0, facing=0.0, xy=(0.0, 0.0), height_m=1.75):
    body = load_body()
    postures = keyed(np.array([pose], np.uint8), np.array([phase]))
    given = np.zeros(1, np.int32), np.array([height_m])
    rotations, places = joint_transforms(
        body, postures, *given, np.array([xy]), np.array([facing]), np.array([lean], float)
    )
    return body, pose_bodies(body, rotations, places, *given)[0][0]


def test_every_pose_has_keyframes_from_phase_0_on():
    assert set(KEYFRAMES) == set(Pose)
    for keys in KEYFRAMES.values():
        phases = [phase for phase, _ in keys]
        assert phases[0] == 0.0
        assert phases == sorted(set(phases))


@pytest.mark.parametrize("pose", [Pose.STROKE, Pose.CORNER])
def test_a_stroke_ends_where_the_next_begins(pose):
    ends = keyed(np.array([pose, pose], np.uint8), np.array([0.0, 1.0]))
    np.testing.assert_allclose(ends[0], ends[1])


def test_who_stands_is_as_tall_as_said_on_blades_and_under_a_helmet():
    _, vertices = posed(Pose.STAND, height_m=1.8)
    assert 1.76 < np.ptp(vertices[:, 2]) < 1.95


@pytest.mark.parametrize("pose", [Pose.STAND, Pose.GLIDE, Pose.STROKE])
@pytest.mark.parametrize("facing", [0.0, 2.0])
def test_blades_are_on_the_ice_around_the_given_point(pose, facing):
    body, vertices = posed(pose, facing=facing, xy=(3.0, -5.0))
    blades = vertices[body.part == BLADE]
    assert -0.03 < blades[:, 2].min() < 0.03
    middle = 0.5 * (blades[:, :2].min(axis=0) + blades[:, :2].max(axis=0))
    assert np.hypot(*(middle - (3.0, -5.0))) < 0.25


def test_a_runner_is_low_and_longer_than_its_boot():
    body, vertices = posed(Pose.STAND)
    left = vertices[:, 1] > 0
    blade, boot = vertices[left & (body.part == BLADE)], vertices[left & (body.part == BOOT)]
    out = blade[(blade[:, 0] > boot[:, 0].max()) | (blade[:, 0] < boot[:, 0].min())]
    assert len(out) and np.ptp(blade[:, 0]) > 1.4 * np.ptp(boot[:, 0])
    assert np.ptp(out[:, 2]) < 2 * RUNNER_M < boot[:, 2].min() - blade[:, 2].min()


@pytest.mark.parametrize("part", [BOOT, BLADE])
def test_boots_and_blades_are_closed_and_face_outwards(part):
    body, vertices = posed(Pose.STAND)
    faces = body.faces[(body.part[body.faces] == part).all(axis=1)]
    edges = {(int(a), int(b)) for face in faces for a, b in zip(face, np.roll(face, -1), strict=True)}
    assert len(edges) == 3 * len(faces) and {(b, a) for a, b in edges} == edges
    corner = vertices[faces]
    assert np.einsum("fk,fk->", corner[:, 0], np.cross(corner[:, 1], corner[:, 2])) > 0  # six volumes


def test_who_is_home_stands_taller_than_who_glides():
    heads = [posed(pose, phase)[1][:, 2].max() for pose, phase in ((Pose.GLIDE, 0), (Pose.HOME, 0), (Pose.HOME, 1))]
    assert heads[0] == heads[1] < heads[2] - 0.2


def test_a_corner_leans_to_the_left():
    body, vertices = posed(Pose.CORNER, lean=0.9)
    helmet = vertices[body.part == HELMET].mean(axis=0)
    assert helmet[1] > 0.2
    assert 0.3 < helmet[2] < 1.0


def test_who_lies_is_low():
    _, vertices = posed(Pose.LYING)
    assert vertices[:, 2].max() < 0.9


def test_many_bodies_at_once_are_as_each_alone():
    body = load_body()
    pose, phase = np.array([Pose.CORNER, Pose.STROKE, Pose.KICK], np.uint8), np.array([0.2, 0.7, 0.5])
    shape, height = np.array([0, 1, 0], np.int32), np.array([1.6, 1.7, 1.9])
    xy, facing, lean = np.arange(6.0).reshape(3, 2), np.array([0.1, 2.0, -1.0]), np.array([0.8, 0.1, 0.0])

    def run(rows):
        given = shape[rows], height[rows]
        frames = joint_transforms(body, keyed(pose[rows], phase[rows]), *given, xy[rows], facing[rows], lean[rows])
        return pose_bodies(body, *frames, *given)

    together = run(slice(None))
    for k in range(3):
        for one, many in zip(run(slice(k, k + 1)), together, strict=True):
            np.testing.assert_allclose(one[0], many[k], atol=1e-9)


def test_normals_are_unit_and_point_out_of_the_helmet():
    body = load_body()
    given = np.zeros(1, np.int32), np.array([1.75])
    frames = joint_transforms(
        body, keyed(np.array([0], np.uint8), np.zeros(1)), *given, np.zeros((1, 2)), np.zeros(1), np.zeros(1)
    )
    vertices, normals = pose_bodies(body, *frames, *given)
    np.testing.assert_allclose(np.linalg.norm(normals[0], axis=1), 1.0, atol=1e-6)
    helmet = body.part == HELMET
    outward = vertices[0, helmet] - vertices[0, helmet].mean(axis=0)
    assert (np.sum(outward * normals[0, helmet], axis=1) > 0).mean() > 0.9


def test_everybody_skates_in_a_way_of_their_own_and_keeps_it():
    motion = simulate_race(Scenario(event="500m", gender="w", starters=4), 3)
    racers = np.array([k for k, person in enumerate(motion.people) if person.role == "racer"])
    moments = [
        t
        for t in np.arange(8.0, 30.0, 0.1)
        if (motion.pose[racers][:, motion.time_s.searchsorted(t)] == Pose.STROKE).any()
    ]
    rows = np.array([postures_at(motion, t, racers) for t in moments])
    np.testing.assert_array_equal(rows[5], postures_at(motion, moments[5], racers))
    lowest = rows[..., COLUMNS["hip"]][..., 2].min(axis=0)
    assert np.ptp(lowest) > 0.005
    hands = rows[..., COLUMNS["left_hand"]]
    assert (hands[..., 0] < -0.3).any()  # on the back
    assert (hands[..., 0] > 0.1).any()


def test_a_push_is_not_averaged_away():
    motion = simulate_race(Scenario(event="500m", gender="w", starters=4), 3)
    racers = np.array([k for k, person in enumerate(motion.people) if person.role == "racer"])
    widest = max(
        postures_at(motion, t, racers)[:, COLUMNS["left_foot"]][:, 1].max() for t in np.arange(8.0, 20.0, 0.04)
    )
    assert widest > 0.45  # 0.52 in the keyframe


def test_everybody_can_be_drawn_before_the_gun():
    motion = simulate_race(Scenario(event="500m", gender="w"), seed=3)
    # Who a skater is decides when habits change; the one whose change falls on the gun crashed before it.
    name = next(name for n in range(2000) if zlib.crc32((name := f"Skater {n}").encode()) % 97 == 0)
    people = tuple(replace(person, name=name) for person in motion.people)
    stroking = np.argwhere(motion.pose == Pose.STROKE)
    person, column = stroking[len(stroking) // 2]
    early = replace(motion, people=people, time_s=motion.time_s - motion.time_s[column] - 0.5)
    row = postures_at(early, -0.5, np.array([person]))
    assert np.isfinite(row).all()
