"""Made pictures of textured walls seen by a panning camera, cut, faded, dissolved; and the real clip's shots."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from race.formats import Shot
from vision.shots import ShotDetector, blend_weights

FPS = 25.0


@cache
def wall(seed: int) -> np.ndarray:
    """(180, 3000, 3): dark above and white below as every rink, with patches of its own."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(-1, 1, (6, 60, 3)), (3000, 180), interpolation=cv2.INTER_NEAREST)
    fine = cv2.resize(rng.uniform(-1, 1, (30, 500, 3)), (3000, 180), interpolation=cv2.INTER_LINEAR)
    shade = np.linspace(60, 170, 180)[:, None, None]
    return np.clip(shade + 50 * coarse + 25 * fine, 0, 255).astype(np.uint8)


def shot(seed: int, frames: int, step_px: float = 0.0, zoom: float = 1.0) -> list[np.ndarray]:
    """Pictures (180, 320, 3) of a wall; a fast pan is blurred along its motion."""
    pictures = []
    for k in range(frames):
        scale = zoom**k
        view = np.array([[scale, 0, 160 - scale * (500 + k * step_px)], [0, scale, 90 - scale * 90]])
        picture = cv2.warpAffine(wall(seed), view, (320, 180), borderMode=cv2.BORDER_REFLECT)
        if abs(step_px) > 4:
            picture = cv2.blur(picture, (int(abs(step_px)) // 2, 1))
        pictures.append(picture)
    return pictures


def mix(first: np.ndarray, second: np.ndarray, weight: float) -> np.ndarray:
    return cv2.addWeighted(first, 1 - weight, second, weight, 0)


def detect(pictures: list[np.ndarray], first_number: int = 1) -> list[Shot]:
    detector = ShotDetector()
    for k, picture in enumerate(pictures):
        detector.update(first_number + k, k / FPS, picture)
    return detector.finish()


def boundaries(shots: list[Shot]) -> list[tuple[str | None, int | None]]:
    return [(found.boundary, found.start_frame) for found in shots]


def test_a_cut() -> None:
    shots = detect(shot(1, 40) + shot(2, 40))
    assert boundaries(shots) == [("start", 1), ("cut", 41)]
    assert [(found.start_s, found.end_s, found.end_frame, found.kind) for found in shots] == [
        (0.0, 40 / FPS, 40, "other"),
        (40 / FPS, 79 / FPS, 80, "other"),
    ]


@pytest.mark.parametrize("step_px", [3.0, 12.0, -12.0])
def test_a_cut_between_panning_shots(step_px: float) -> None:
    assert boundaries(detect(shot(3, 30, step_px) + shot(4, 30, step_px))) == [("start", 1), ("cut", 31)]


def test_pan_and_zoom_are_no_cut() -> None:
    assert len(detect(shot(5, 60, step_px=24.0))) == 1
    assert len(detect(shot(5, 40, step_px=16.0, zoom=1.02))) == 1


def test_a_pan_that_sets_in_at_once_is_no_cut() -> None:
    still, moving = shot(6, 20), shot(6, 40, step_px=24.0)
    assert len(detect(still + moving)) == 1


@pytest.mark.parametrize("step_px", [0.0, 12.0])
@pytest.mark.parametrize("frames", [1, 2])
def test_a_flash_is_no_cut(frames: int, step_px: float) -> None:
    pictures = shot(7, 50, step_px)
    for k in range(25, 25 + frames):
        pictures[k] = np.minimum(255, pictures[k].astype(int) // 3 + 190).astype(np.uint8)
    assert len(detect(pictures)) == 1


def test_a_blurred_passer_by_is_no_cut() -> None:
    """Someone close to the camera covers most of a close-up for a third of a second."""
    pictures = shot(8, 60)
    for k in range(20, 32):
        left = 320 - (k - 20) * 60
        cv2.rectangle(pictures[k], (left, 0), (left + 260, 180), (60, 40, 170), thickness=cv2.FILLED)
        pictures[k] = cv2.blur(pictures[k], (31, 1))
    assert len(detect(pictures)) == 1


def test_fade_out_and_in() -> None:
    """The new shot begins with the first black picture."""
    first, second = shot(9, 40), shot(10, 40)
    out = [mix(first[k], np.zeros_like(first[k]), (k - 19) / 20) for k in range(20, 40)]
    into = [mix(np.zeros_like(second[k]), second[k], k / 20) for k in range(20)]
    shots = detect(first[:20] + out + into + second[20:])
    assert [found.boundary for found in shots] == ["start", "fade"]
    assert shots[1].start_frame is not None and 37 <= shots[1].start_frame <= 41


def test_a_cut_to_black_and_a_fade_in_is_one_fade() -> None:
    second = shot(12, 50, step_px=4.0)
    into = [mix(np.zeros_like(second[k]), second[k], k / 25) for k in range(25)]
    assert boundaries(detect(shot(11, 40, step_px=4.0) + into + second[25:])) == [("start", 1), ("fade", 41)]


def test_a_fade_in_at_the_beginning_is_the_start() -> None:
    second = shot(13, 60, step_px=4.0)
    into = [mix(np.zeros_like(second[k]), second[k], k / 25) for k in range(25)]
    assert boundaries(detect(into + second[25:])) == [("start", 1)]


def test_black_at_the_end_begins_no_shot() -> None:
    assert len(detect(shot(14, 40) + [np.zeros((180, 320, 3), np.uint8)] * 20)) == 1


@pytest.mark.parametrize("frames", [10, 20, 30])
@pytest.mark.parametrize("step_px", [0.0, 1.5])
def test_a_dissolve(frames: int, step_px: float) -> None:
    first, second = shot(15, 40 + frames, step_px), shot(16, 40 + frames, step_px)
    weights = (np.arange(frames) + 1) / (frames + 1)
    blend = [mix(first[40 + k], second[k], weights[k]) for k in range(frames)]
    shots = detect(first[:40] + blend + second[frames:])
    assert [found.boundary for found in shots] == ["start", "dissolve"]
    assert shots[1].start_frame == pytest.approx(41 + frames / 2, abs=frames / 2)


def test_frame_numbers_need_not_begin_at_one() -> None:
    assert boundaries(detect(shot(1, 40) + shot(2, 40), first_number=501)) == [("start", 501), ("cut", 541)]


def test_no_picture_and_one_picture() -> None:
    assert ShotDetector().finish() == []
    (only,) = detect(shot(1, 1))
    assert (only.start_frame, only.end_frame, only.start_s, only.end_s) == (1, 1, 0.0, 0.0)


def test_blend_weights_of_a_blend_are_its_weights() -> None:
    rng = np.random.default_rng(0)
    first, last = rng.uniform(0, 255, (2, 576)).astype(np.float32)
    truth = np.linspace(0, 1, 12)
    weights = blend_weights(np.float32([(1 - w) * first + w * last for w in truth]))
    assert weights is not None
    np.testing.assert_allclose(weights, truth, atol=1e-4)


def test_what_is_no_blend_has_no_weights() -> None:
    rng = np.random.default_rng(0)
    unrelated = rng.uniform(0, 255, (12, 576)).astype(np.float32)
    cut = np.repeat(unrelated[:2], 6, axis=0)
    fade = np.linspace(0.05, 1, 12, dtype=np.float32)[:, None] * unrelated[0]
    rest = np.repeat(unrelated[:1], 12, axis=0)
    assert all(blend_weights(pictures) is None for pictures in (unrelated, cut, fade, rest))


@pytest.mark.slow
def test_real_clip(reference: Path) -> None:
    import av

    detector = ShotDetector()
    with av.open(reference / "footage" / "shanghai-2019-m5000-relay-semifinal-final-lap.mp4") as video:
        for number, frame in enumerate(video.decode(video=0), 1):
            assert frame.time is not None
            detector.update(number, frame.time, frame.to_ndarray(format="bgr24"))
    truth = (reference / "footage" / "shanghai-truth" / "shots.csv").read_text().splitlines()[1:]
    starts = [int(row.split(",")[0]) for row in truth]
    assert boundaries(detector.finish()) == list(zip(["start", "cut", "fade", "cut"], starts, strict=True))
