import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from race.observations import DESCRIPTOR, Detections
from race.scene import Scene
from race.standing import AROUND_S, LEAST_S, LEAST_SHARE, SAME_PLACE, SPEEDS, find_standing, mark_standing

FPS = 25.0
FRAMES = 20


def detections(frame, box):
    n = len(frame)
    nan = np.full((n, 4), np.nan)
    colour = np.full((n, DESCRIPTOR), np.nan)
    return Detections(
        np.asarray(frame, np.int32), np.asarray(box, float), np.ones(n), nan, nan[:, :2], nan[:, 0], colour, colour
    )


def panning(pan_px):
    """A camera that turns by ``pan_px`` a picture: what stands still moves to the left in the picture."""
    to_reference = np.tile(np.eye(3), (FRAMES, 1, 1))
    to_reference[:, 0, 2] = pan_px * np.arange(FRAMES)
    part = np.zeros(FRAMES, np.int32)
    return Scene(
        number=np.arange(1, FRAMES + 1, dtype=np.int32),
        time_s=np.arange(FRAMES) / FPS,
        to_reference=to_reference,
        from_reference=np.linalg.inv(to_reference),
        shot=part,
        part=part,
        width=1280,
        height=720,
    )


def nobody_races(found):
    return np.zeros(len(found), np.bool_)


def stand(found, scene):
    return find_standing(found, scene, nobody_races(found))


def walker(px_a_picture, pan_px=0.0, frames=range(FRAMES)):
    """Frames and boxes 40 x 80 of somebody who goes ``px_a_picture`` over the ice."""
    return [k + 1 for k in frames], [(600 + (px_a_picture - pan_px) * k, 300, 40, 80) for k in frames]


def test_who_stands_is_told_from_who_races_whatever_the_camera_does():
    for pan_px in (0.0, 12.0):
        scene = panning(pan_px)
        assert stand(detections(*walker(0.0, pan_px)), scene).all()
        assert stand(detections(*walker(-10.0, pan_px)), scene).all()  # 3.1 heights per second
        assert not stand(detections(*walker(26.0, pan_px)), scene).any()  # 8.1


def test_the_boxes_of_who_races_neither_glide_nor_tell_of_others_who_do():
    scene = panning(0.0)
    standing, gliding = detections(*walker(0.0)), detections(*walker(10.0))
    for racing in (np.ones(FRAMES, np.bool_), np.arange(FRAMES) % 2 == 0):
        assert not find_standing(gliding, scene, racing).any()
        assert find_standing(standing, scene, racing).all()
    once = np.arange(FRAMES) == 9
    assert np.array_equal(find_standing(gliding, scene, once), ~once)


def test_less_than_the_time_around_says_nothing():
    short = range(int(LEAST_S * FPS))
    scene = panning(0.0)
    cut = Scene(
        scene.number,
        scene.time_s,
        scene.to_reference,
        scene.from_reference,
        scene.shot,
        np.where(np.arange(FRAMES) < len(short), 0, 1).astype(np.int32),
        1280,
        720,
    )
    assert not stand(detections(*walker(0.0, frames=short)), cut).any()


def test_a_pack_that_comes_through_one_place_does_not_stand():
    frame, box = [], []
    for k in range(FRAMES):  # one every 0.2 s
        for n in range(-4, 5):
            frame.append(k + 1)
            box.append((600 + 26 * k + 130 * n, 300, 40, 80))
    assert not stand(detections(frame, box), panning(0.0)).any()


@given(st.integers(0, 2**32 - 1))
def test_the_kernel_does_what_a_plain_loop_does(seed):
    rng = np.random.default_rng(seed)
    scene = panning(float(rng.uniform(-10, 10)))
    frame = np.sort(rng.integers(1, FRAMES + 1, 60)).astype(np.int32)
    box = np.column_stack([rng.uniform(500, 700, 60), rng.uniform(280, 320, 60), np.full((60, 2), (60.0, 120.0))])
    stands = rng.random(60) < 0.7  # in one place over the ice, found in most pictures
    box[stands, 0] = 600 - scene.to_reference[frame[stands] - 1, 0, 2] + rng.normal(0, 6, int(stands.sum()))
    box[stands, 1] = 300
    first, end = (np.searchsorted(frame, scene.number, side=side) for side in ("left", "right"))
    got, racing = np.zeros(60, np.bool_), rng.random(60) < 0.1
    mark_standing(
        box, racing, SPEEDS, first, end, scene.time_s, scene.to_reference, scene.from_reference, scene.part,
        1280, 720, AROUND_S, LEAST_S, SAME_PLACE, LEAST_SHARE, got,
    )  # fmt: skip
    for row in range(60):
        own = int(frame[row]) - 1
        near = np.flatnonzero((np.abs(scene.time_s - scene.time_s[own]) <= AROUND_S) & (np.arange(FRAMES) != own))
        shift = scene.to_reference[own, 0, 2] - scene.to_reference[near, 0, 2]
        most = 0
        for speed in SPEEDS if not racing[row] else [0.0]:
            there = 0
            for k, moved in zip(near, shift + speed * 120 * (scene.time_s[near] - scene.time_s[own]), strict=True):
                for other in box[(frame == k + 1) & ~(racing & (speed != 0.0))]:
                    across = max(0.0, 60 - abs(other[0] - box[row, 0] - moved))
                    down = max(0.0, 120 - abs(other[1] - box[row, 1]))
                    if across * down / (2 * 60 * 120 - across * down) >= SAME_PLACE:
                        there += 1
                        break
            most = max(most, there)
        covered_s = scene.time_s[near.max()] - scene.time_s[near.min()]
        if own in (0, FRAMES - 1):
            covered_s = np.abs(scene.time_s[near] - scene.time_s[own]).max()
        assert got[row] == (covered_s >= LEAST_S and most >= LEAST_SHARE * len(near))
