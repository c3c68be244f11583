"""What vision would have seen, against what there is to see."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from race.evaluate import evaluate
from race.evaluate_tracks import match_boxes, read_boxes
from race.formats import read_race
from race.observations import read_observations
from simulation.camera import direct
from simulation.figure import Pictured, picture
from simulation.motion import Motion
from simulation.noise import default_noise
from simulation.observe import observe
from simulation.race import simulate_race
from simulation.scenario import Requirements, Scenario
from simulation.write import simulate_observations

SIZE = (1280, 720)
SCENARIO = Scenario(event="500m", starters=4, require=Requirements(falls=0))


@pytest.fixture(scope="module")
def race() -> Motion:
    return simulate_race(SCENARIO, 1)


def test_a_standing_skater_is_as_tall_as_the_camera_makes_it(race: Motion) -> None:
    footage = direct(race, "fixed", 25.0, SIZE, 1, from_s=-5.5, to_s=-5.0)
    pictured = picture(race, footage)
    one = footage[0]
    for k in range(4):
        foot = np.append(race.xy[k, pictured.column[0]], 0.0)
        feet, head = one.project(foot), one.project(foot + np.array([0, 0, race.people[k].height_m]))
        x, y, w, h = pictured.box[k, 0]
        assert h == pytest.approx(feet[1] - head[1], rel=0.25)
        assert x < feet[0] < x + w
        assert pictured.foot[k, 0] == pytest.approx(feet, abs=0.01)
        helmet = pictured.helmet[k, 0]
        assert y - 2 < helmet[1] < y + 0.3 * h


def test_the_near_mats_hide_feet_from_the_main_camera_and_nearer_people_hide_others() -> None:
    race = simulate_race(SCENARIO, 1)
    footage = direct(race, "broadcast", 25.0, SIZE, 1, from_s=8.0, to_s=20.0)
    pictured = picture(race, footage)
    racing = race.racing[:, pictured.column]
    y = race.xy[:, pictured.column, 1]
    shown = racing & np.isfinite(pictured.box[..., 0])
    right = pictured.box[..., 0] + pictured.box[..., 2]
    whole = shown & (pictured.box[..., 0] > 1.0) & (right < SIZE[0] - 1.0)
    near, far = shown & (y < -13.0), whole & (y > 8.0)
    if near.any():
        assert np.all(np.isnan(pictured.foot[near][:, 0]))
    assert np.isfinite(pictured.foot[far][:, 0]).mean() > 0.9
    assert np.all((pictured.visibility >= 0) & (pictured.visibility <= 1))
    assert np.all(np.isnan(pictured.box[pictured.visibility == 0]))


def test_perfect_vision_sees_everything_where_it_is(race: Motion) -> None:
    footage = direct(race, "fixed", 25.0, SIZE, 1, from_s=5.0, to_s=9.0)
    pictured = picture(race, footage)
    perfect = replace(
        default_noise(),
        recall_logit=30.0,
        recall_slope=0.0,
        recall_visibility_slope=0.0,
        recall_most=1.0,
        official_chance=1.0,
        merge_chance=0.0,
        bias=(0.0, 0.0, 0.0, 0.0),
        jitter=(0.0, 0.0, 0.0, 0.0),
        jitter_px=0.0,
        false_boxes_per_frame=0.0,
        double_chance=0.0,
        double_hidden=0.0,
        motion_sd_px=0.0,
        motion_sd_per_px=0.0,
        motion_zoom_sd=0.0,
        motion_lost_chance=0.0,
    )
    seen = observe(race, footage, pictured, [], 1, perfect)
    there = np.nonzero((np.nan_to_num(pictured.box[..., 3]) >= 8).T)
    assert len(seen.detections) == len(there[0])
    assert seen.detections.box == pytest.approx(pictured.box.transpose(1, 0, 2)[there])
    assert np.all(np.isnan(seen.frames.motion[0]))
    assert seen.frames.motion[1:] == pytest.approx(np.tile(np.eye(3), (len(footage) - 1, 1, 1)))


def test_camera_motion_takes_the_ice_of_one_picture_to_that_of_the_next(race: Motion) -> None:
    footage = direct(race, "broadcast", 25.0, SIZE, 1, from_s=10.0, to_s=12.0)
    straight = replace(footage, k1=np.zeros(len(footage)))
    quiet = replace(default_noise(), motion_sd_px=0.0, motion_sd_per_px=0.0, motion_zoom_sd=0.0, motion_lost_chance=0.0)
    nobody = Pictured(
        np.zeros(len(footage), np.int64),
        *(np.full((len(race.people), len(footage), n), np.nan) for n in (4, 4, 2)),
        np.zeros((len(race.people), len(footage))),
        np.full((len(race.people), len(footage)), np.nan),
    )
    motion = observe(race, straight, nobody, [], 1, quiet).frames.motion
    for index in (5, 30):
        points = straight[index - 1].ice_points(np.array([[300.0, 500.0], [900.0, 600.0]]))
        before, after = (straight[n].project(np.append(points, [[0.0], [0.0]], axis=1)) for n in (index - 1, index))
        moved = np.append(before, [[1.0], [1.0]], axis=1) @ motion[index].T
        assert moved[:, :2] / moved[:, 2:] == pytest.approx(after, abs=1e-6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated")
    simulate_observations(SCENARIO, 3, "broadcast", 25.0, SIZE, path)
    return path


def test_a_folder_holds_truth_and_observations_that_fit(folder: Path) -> None:
    truth, seen = read_race(folder / "truth.json"), read_observations(folder)
    assert truth.camera_level is None
    assert truth.video.frames == len(seen.frames)
    assert truth.race_start_s == pytest.approx(6.0, abs=0.05)
    assert [row.time_s - row.race_time_s for row in truth.finish] == pytest.approx([truth.race_start_s] * 4)  # type: ignore[operator]
    assert len(truth.shots) == len(seen.shots)
    assert {shot.kind for shot in seen.shots} == {"other"}  # the kind is for the race to find out
    assert seen.scorebug
    people = pl.read_parquet(folder / "truth_people.parquet")
    assert people["visibility"].min() > 0  # type: ignore[operator]
    assert people.filter(pl.col("role") == "referee")["competitor"].null_count() > 0
    assert (folder / "truth_camera.parquet").exists()


def test_vision_misses_some_and_shakes_a_little(folder: Path) -> None:
    truth = read_boxes(folder / "truth_mot.txt")
    assert truth is not None
    seen = read_observations(folder).detections
    clear = truth.where(truth.competes & (truth.visibility > 0.8))
    found = replace(
        clear,
        frame=seen.frame.astype(np.int64),
        id=np.zeros(len(seen), np.int64),
        box=seen.box,
        confidence=seen.score,
        visibility=np.ones(len(seen)),
    )
    share = len(match_boxes(found, clear)) / len(clear.frame)
    assert 0.85 < share < 1.0
    assert np.isfinite(seen.foot[:, 0]).mean() <= default_noise().foot_chance + 0.02
    assert seen.suit.sum(axis=1) == pytest.approx(np.ones(len(seen)), abs=1e-4)


def test_the_truth_scores_full_marks_against_itself(folder: Path, tmp_path: Path) -> None:
    truth = read_boxes(folder / "truth_mot.txt")
    assert truth is not None
    (tmp_path / "race.json").write_bytes((folder / "truth.json").read_bytes())
    own = truth.where(truth.competes)
    lines = [
        f"{frame},{who},{','.join(map(str, box))},1,-1,-1,-1\n"
        for frame, who, box in zip(own.frame, own.id, own.box.tolist(), strict=True)
    ]
    (tmp_path / "tracks.txt").write_text("".join(lines))
    scores = evaluate(tmp_path, folder)
    assert scores["rank_accuracy"] == 1
    assert scores["finish_order_correct"] is True
    assert scores["identity"]["idf1"] == pytest.approx(1)
    assert scores["passes"]["found"] == scores["passes"]["truth"]
    assert scores["passes"]["false"] == 0
    assert scores["naming"] == 1


def test_poses_are_those_of_the_main_camera_within_their_error(race: Motion) -> None:
    footage = direct(race, "broadcast", 25.0, SIZE, 1)
    seen = observe(race, footage, picture(race, footage), [], 1)
    assert seen.poses is not None
    assert seen.track_shift_m == race.event.track_shift_m
    known = np.flatnonzero(seen.poses.known)
    on_main = np.concatenate([np.arange(t.first - 1, t.last) for t in footage.takes if t.camera == "main"])
    assert np.isin(known, on_main).all()
    assert len(known) / len(on_main) == pytest.approx(1 - default_noise().pose_lost_chance, abs=0.1)
    middle = np.array([SIZE[0] / 2, SIZE[1] / 2])
    off = [seen.poses.to_pixels(n, [footage[int(n)].ice_points(middle)])[0] - middle for n in known]
    error = np.sqrt(np.mean(np.square(off), axis=0))
    assert error == pytest.approx([default_noise().pose_sd_px] * 2, rel=0.35)
