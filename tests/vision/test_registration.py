"""The camera over the rink, on a hall whose cameras are known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from race.errors import RaceFileError
from race.observations import read_observations, write_observations
from race.rink import Rink
from tests.vision.made_hall import SIZE, make_hall
from vision.keyframes import read_keyframes
from vision.registration import register


@pytest.fixture(scope="module")
def hall():
    return make_hall()


def errors_m(seen, poses, feet):
    """(F, R) of where racers stand, NaN where no pose is."""
    out = np.full(feet.shape[:2], np.nan)
    for n in np.flatnonzero(seen.poses.known):
        pixels = poses.to_pixels(n, feet[n])
        inside = (pixels > 0).all(axis=1) & (pixels < SIZE).all(axis=1)
        found, _ = seen.poses.to_ice(n, pixels[inside])
        out[n, inside] = np.linalg.norm(found - feet[n, inside], axis=1)
    return out


def by_hand(poses, rink, frames, folder):
    keyframes = []
    for frame in frames:
        points = []
        corners = [(0.0, -6.5), *rink.blocks.tolist()]
        for xy in corners:
            pixel = poses.to_pixels(frame - 1, [xy])[0]
            if (pixel > 0).all() and (pixel < SIZE).all():
                points.append({"pixel": pixel.tolist(), "ice": xy})
        for x in (-24.0, -18.0, -12.0, -6.0, 0.0, 6.0, 12.0, 18.0, 24.0):
            pixel = poses.to_pixels(frame - 1, [[x, 15.0]])[0]
            if (pixel > 0).all() and (pixel < SIZE).all():
                points.append({"pixel": pixel.tolist(), "ice": [None, 15]})
        keyframes.append({"frame": frame, "points": points})
    path = folder / "registration.json"
    path.write_text(json.dumps({"size": SIZE, "keyframes": keyframes, "track_shift_m": rink.track_shift_m}))
    return path


@pytest.mark.parametrize("edges", [True, False])
def test_by_hand_from_one_picture_through_the_shot(tmp_path, edges):
    seen, poses, feet = make_hall(edges=edges)
    path = by_hand(poses, Rink(track_shift_m=0.5), [20], tmp_path)
    found = register(seen, read_keyframes(path, SIZE, Rink()))
    error = errors_m(found, poses, feet)
    assert found.poses.known.mean() > (0.9 if edges else 0.3)  # motion alone carries less far
    assert np.nanmedian(error) < 0.15
    assert np.nanmax(error) < 0.6
    assert np.median(found.poses.sd_px[found.poses.known]) > 0
    assert found.warnings == []


def test_a_keyframe_that_leads_nowhere_is_told(hall, tmp_path):
    seen, poses, _ = hall
    path = by_hand(poses, Rink(track_shift_m=0.5), [20], tmp_path)
    content = json.loads(path.read_text())
    content["keyframes"][0]["frame"] = 4000
    path.write_text(json.dumps(content))
    found = register(seen, read_keyframes(path, SIZE, Rink()))
    assert found.poses is None
    assert len(found.warnings) == 1
    assert "frame 4000" in found.warnings[0]


def test_points_that_the_edges_contradict_lead_nowhere(hall, tmp_path):
    """A hall half as wide: the blocks and the mats fit a camera each, but not the same."""
    seen, poses, _ = hall
    path = by_hand(poses, Rink(track_shift_m=0.5), [20], tmp_path)
    content = json.loads(path.read_text())
    for point in content["keyframes"][0]["points"]:
        point["ice"] = [None if value is None else value * 0.6 for value in point["ice"]]
    path.write_text(json.dumps(content))
    try:
        found = register(seen, read_keyframes(path, SIZE, Rink()))
    except RaceFileError:
        return
    assert found.poses is None
    assert "frame 20" in found.warnings[0]


def test_a_file_of_another_video_tells_where_the_camera_stands(tmp_path):
    """The same pixels would say something else of this one."""
    place = (4.0, -26.0, 6.0)
    morning, poses, _ = make_hall(place=place)
    path = by_hand(poses, Rink(track_shift_m=0.5), [20, 110], tmp_path)
    content = json.loads(path.read_text()) | {"video_sha256": "1" * 64, "camera_m": place}
    path.write_text(json.dumps(content))
    evening, poses, feet = make_hall(place=place, first_u=70.0, seed=3, shift_m=-0.6, count=120)
    found = register(evening, read_keyframes(path, SIZE, Rink()))
    assert found.poses.known.mean() > 0.9
    assert np.nanmax(errors_m(found, poses, feet)) < 0.5
    assert len(found.warnings) == 1 and "another video" in found.warnings[0]
    assert np.abs(np.nanmedian(found.poses.position, axis=0) - place).max() < 0.4
    assert abs(found.track_shift_m + 0.6) < 0.5  # not that of the other race
    path.write_text(json.dumps(content | {"video_sha256": morning.video.sha256}))
    assert register(morning, read_keyframes(path, SIZE, Rink())).warnings == []


def test_by_itself(hall):
    seen, poses, feet = hall
    found = register(seen)
    error = errors_m(found, poses, feet)
    assert found.poses.known.mean() > 0.8
    assert np.nanmedian(error) < 0.3
    assert np.nanmax(error) < 2.0


@pytest.mark.parametrize(
    ("place", "finds"),
    [
        ((8.0, -22.0, 6.0), True), ((0.0, -30.0, 9.0), True),
        ((34.0, -8.0, 5.0), False), ((24.0, -18.0, 2.4), False),
    ],
)  # fmt: skip
def test_cameras_elsewhere_are_found_or_left_alone(place, finds):
    """Above the main camera and beside it; in the corner, at the rail."""
    seen, poses, feet = make_hall(count=100, place=place)
    found = register(seen)
    assert (found.poses is not None) == finds
    if finds:
        assert np.nanmax(errors_m(found, poses, feet)) < 0.5


def test_the_camera_is_recognised_where_it_was_lost(monkeypatch):
    """Too few pictures after a loss to begin from nothing, but not once the hall is known."""
    seen, poses, feet = make_hall(count=132, tops=True)
    motion = seen.frames.motion.copy()
    motion[78:98] = np.nan
    lost = replace(seen, frames=replace(seen.frames, motion=motion))
    found = register(lost)
    assert found.poses.known[105:].mean() > 0.8 and not found.poses.known[84:94].any()
    assert np.nanmax(errors_m(found, poses, feet)) < 0.6
    monkeypatch.setattr("vision.registration.recognise", lambda seen, found: [])
    assert not register(lost).poses.known[105:].any()


@pytest.mark.parametrize("place", [(3.0, -31.0, 11.0), (-8.0, -25.0, 7.0), (6.0, -38.0, 14.0)])
def test_a_camera_that_does_not_move_is_found_all_over_the_stands(place):
    focal_px = 12.0 * -place[1]
    seen, poses, feet = make_hall(count=260, place=place, tops=True, still_px=focal_px, k1=-0.08)
    found = register(seen)
    assert found.poses.known.all()
    assert np.nanmax(errors_m(found, poses, feet)) < 0.5
    assert np.linalg.norm(found.poses.position[0] - place) < 1.0


def test_a_camera_that_does_not_move_needs_racers_who_race_the_right_way_round():
    still = {"count": 260, "place": (3.0, -31.0, 11.0), "tops": True, "still_px": 372.0}
    assert register(make_hall(speed_mps=-12.0, **still)[0]).poses is None
    assert register(make_hall(speed_mps=2.0, **still)[0]).poses is None


def test_blocks_tell_where_the_track_lies():
    seen, poses, feet = make_hall(blocks_m=0.0)
    found = register(seen)
    assert abs(found.track_shift_m - 0.5) < 0.05
    assert np.nanmax(errors_m(found, poses, feet)) < 0.3


def test_blocks_where_the_track_has_none_tell_another_camera():
    """Whether the mats look right or not."""
    seen, _, _ = make_hall(blocks_m=2.0)
    rested = replace(seen, blocks=replace(seen.blocks, box=seen.blocks.box + np.array([0.0, 60.0, 0.0, 0.0])))
    assert register(rested).poses is None


def test_who_does_not_race_tells_no_camera(hall):
    seen, _, _ = hall
    strolling, _, _ = make_hall(speed_mps=2.0)
    assert register(replace(strolling, edges=seen.edges)).poses is None
    nobody = replace(seen.detections, **{
        name: getattr(seen.detections, name)[:0]
        for name in ("frame", "box", "score", "helmet", "foot", "foot_sd", "suit", "helmet_colour")
    })  # fmt: skip
    assert register(replace(seen, detections=nobody)).poses is None


def test_a_hall_backwards_tells_no_camera():
    """Racers who skate clockwise: no camera sees that."""
    seen, _, _ = make_hall(speed_mps=-12.0, first_u=80.0)
    assert register(seen).poses is None


def test_edges_are_kept_with_the_observations(hall, tmp_path):
    seen, _, _ = hall
    write_observations(seen, tmp_path)
    again = read_observations(tmp_path).edges
    assert np.array_equal(again.frame, seen.edges.frame)
    assert np.abs(again.xy - seen.edges.xy).max() <= 1 / 64
    assert np.array_equal(again.kind, seen.edges.kind)


def test_blocks_are_kept_with_the_observations(tmp_path):
    seen, _, _ = make_hall(count=60, blocks_m=0.0)
    write_observations(seen, tmp_path)
    again = read_observations(tmp_path).blocks
    assert len(again) and np.array_equal(again.frame, seen.blocks.frame)
    assert again.box == pytest.approx(seen.blocks.box, rel=1e-5) and again.score == pytest.approx(seen.blocks.score)
