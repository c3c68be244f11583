"""The fit of the noise gets back what observations were made with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from race.observations import Observations
from simulation.camera import direct
from simulation.clip import Clip, read_clip
from simulation.figure import picture
from simulation.fit_noise import fit_noise
from simulation.noise import Noise, default_noise, write_noise
from simulation.observe import observe
from simulation.pictures.scorebug import LAYOUTS, readings
from simulation.race import simulate_race
from simulation.scenario import Requirements, Scenario
from simulation.sightings import recall
from simulation.write import simulate_observations, true_race

SIZE = (640, 360)
KNOWN = replace(
    default_noise(),
    recall_logit=1.2,
    recall_slope=1.0,
    recall_visibility_slope=4.0,
    recall_most=0.96,
    official_chance=0.5,
    miss_lasts_s=0.2,
    merge_iou=0.4,
    merge_chance=0.5,
    merge_lasts_s=0.2,
    bias=(0.02, 0.03, -0.04, -0.05),
    jitter=(0.02, 0.03, 0.04, 0.02),
    jitter_px=0.0,
    jitter_hidden=1.5,
    jitter_tail=0.5,
    jitter_lasts_s=0.15,
    score_mean=0.6,
    score_slope=0.1,
    score_visibility_slope=0.3,
    score_sd=0.1,
    false_boxes_per_frame=1.5,
    false_lasts_s=0.4,
    false_height=(0.5, 1.2),
    false_top=(0.0, 0.4),
    false_score=(0.05, 0.4),
    double_chance=0.1,
    double_hidden=0.3,
    double_bias=(0.1, 0.0, -0.1, -0.2),
    double_jitter=(0.08, 0.08, 0.08, 0.1),
    double_score=(0.05, 0.45),
    helmet_chance=0.7,
    helmet_sd=0.1,
    foot_chance=0.4,
    foot_sd=0.03,
    descriptor_sd=0.7,
    descriptor_hidden=1.0,
    descriptor_lasts_s=0.3,
    descriptor_mixed=0.6,
    line_chance=0.7,
    line_pan=0.08,
    line_sd=0.003,
    line_false_per_frame=0.08,
    motion_sd_px=0.5,
    motion_sd_per_px=0.02,
    motion_zoom_sd=0.001,
    motion_lost_chance=0.05,
    scorebug_misread=0.1,
    scorebug_late_s=0.8,
    scorebug_text_missed=0.15,
    scorebug_misspelt=0.3,
    pose_sd_px=1.5,
    pose_lost_chance=0.1,
)


@pytest.fixture(scope="module")
def clips() -> list[tuple[Clip, Observations]]:
    out = []
    for seed in (1, 2):
        motion = simulate_race(Scenario(event="1000m", starters=6, require=Requirements(falls=0)), seed)
        footage = direct(motion, "broadcast", 25.0, SIZE, seed, from_s=8.0, to_s=60.0)
        pictured = picture(motion, footage)
        shown = readings(motion, footage, LAYOUTS[0])
        seen = observe(motion, footage, pictured, shown, seed, KNOWN)
        truth = true_race(motion, footage, shown, seen.video)
        out.append((Clip(truth, motion.people, footage, pictured, motion.racing[:, pictured.column]), seen))
    return out


@pytest.fixture(scope="module")
def fitted(clips: list[tuple[Clip, Observations]]) -> Noise:
    return fit_noise(clips, default_noise())


@pytest.mark.parametrize(
    ("name", "relative", "absolute"),
    [
        ("official_chance", 0.15, 0.0),
        ("miss_lasts_s", 0.4, 0.0),
        ("merge_iou", 0.0, 0.13),
        ("merge_chance", 0.4, 0.0),  # a second box on the one may pass for the other's
        ("bias", 0.0, 0.012),
        ("jitter", 0.35, 0.0),
        ("jitter_px", 0.0, 0.7),
        ("jitter_hidden", 0.4, 0.0),
        ("jitter_tail", 0.0, 0.2),
        ("jitter_lasts_s", 0.5, 0.0),
        ("score_mean", 0.05, 0.0),
        ("score_slope", 0.0, 0.04),
        ("score_visibility_slope", 0.3, 0.0),
        ("score_sd", 0.2, 0.0),
        ("false_boxes_per_frame", 0.35, 0.0),
        ("false_height", 0.0, 0.15),
        ("false_score", 0.0, 0.05),
        ("double_chance", 0.4, 0.0),
        ("double_hidden", 0.4, 0.0),
        ("double_bias", 0.0, 0.05),
        ("double_jitter", 0.35, 0.0),
        ("double_score", 0.0, 0.09),
        ("helmet_chance", 0.05, 0.0),
        ("helmet_sd", 0.15, 0.0),
        ("foot_chance", 0.1, 0.0),
        ("foot_sd", 0.15, 0.0),
        ("descriptor_sd", 0.0, 0.15),
        ("descriptor_hidden", 0.0, 0.5),
        ("descriptor_lasts_s", 0.4, 0.0),
        ("descriptor_mixed", 0.0, 0.2),
        ("line_chance", 0.2, 0.0),
        ("line_pan", 0.0, 0.02),
        ("line_sd", 0.4, 0.0),
        ("line_false_per_frame", 0.4, 0.0),
        ("motion_sd_px", 0.0, 0.15),
        ("motion_sd_per_px", 0.3, 0.0),
        ("motion_zoom_sd", 0.2, 0.0),
        ("motion_lost_chance", 0.0, 0.04),
        ("scorebug_misread", 0.0, 0.06),
        ("scorebug_late_s", 0.4, 0.0),
        ("scorebug_text_missed", 0.0, 0.1),
        ("scorebug_misspelt", 0.0, 0.2),
        ("pose_sd_px", 0.3, 0.0),
    ],
)
def test_what_was_put_in_comes_out(fitted: Noise, name: str, relative: float, absolute: float) -> None:
    assert getattr(fitted, name) == pytest.approx(getattr(KNOWN, name), rel=relative, abs=absolute)


@pytest.mark.parametrize("height_px", [70.0, 80.0, 100.0, 160.0])  # a tenth of the boxes is below 74
@pytest.mark.parametrize(("visibility", "tolerance"), [(0.3, 0.12), (0.5, 0.06), (0.7, 0.06), (1.0, 0.05)])
def test_recall_comes_out(fitted: Noise, height_px: float, visibility: float, tolerance: float) -> None:
    # Ceiling, level and slopes make up for each other; what they make together is what counts. From two clips it is off
    # by up to 0.054 at 0.7 (three pairs of seeds: -0.017 to 0.054), from all six by 0.018; measured at 50 to 160
    # pixels, with cameras that were further off.
    asked = np.array(height_px), np.array(visibility)
    assert recall(*asked, fitted) == pytest.approx(recall(*asked, KNOWN), abs=tolerance)


def test_noise_is_written_and_a_clip_read_back(fitted: Noise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_noise(fitted, "a test", tmp_path / "noise.json")
    monkeypatch.setattr("simulation.noise.NOISE_FILE", tmp_path / "noise.json")
    again = default_noise.__wrapped__()
    assert again.jitter == pytest.approx(fitted.jitter, abs=1e-4)
    assert again.recall_logit == pytest.approx(fitted.recall_logit, abs=1e-4)
    simulate_observations(
        Scenario(event="500m", starters=4, require=Requirements(falls=0)), 3, "broadcast", 10.0, SIZE, tmp_path
    )
    clip = read_clip(tmp_path)
    assert clip.truth.video.frames == len(clip.footage) == clip.pictured.box.shape[1]
    assert [person.id for person in clip.people if person.role == "racer"] == [1, 2, 3, 4]
    filmed = simulate_race(Scenario(event="500m", starters=4, require=Requirements(falls=0)), 3)
    takes = direct(filmed, "broadcast", 10.0, SIZE, 3).takes
    assert [(take.camera, take.first, take.last) for take in clip.footage.takes] == [
        (take.camera, take.first, take.last) for take in takes
    ]
    k, frame = np.argwhere(clip.racing & np.isfinite(clip.pictured.foot[..., 0]))[100]
    place = clip.footage[int(frame)].ice_points(clip.pictured.foot[k, frame])
    assert np.hypot(*(place - clip.footage[int(frame)].position[:2])) > 5
    assert clip.pictured.depth[k, frame] > 5
