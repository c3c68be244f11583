"""Figures are painted here: a suit of one colour between a grey head and legs, on ice or before a mat."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from race.observations import DESCRIPTOR
from race.suits import PALETTE, distinct_colours
from vision.appearance import SUIT, TOP, WHOLE, _describe_kernel, _gain, _shares, describe
from vision.frames import FrameReader

Floats = NDArray[np.float64]
ICE, MAT, GREY = (235, 235, 235), (160, 90, 40), (70, 70, 70)
RED, BLUE, ORANGE, WHITE, BLACK = (40, 30, 190), (170, 60, 30), (30, 110, 235), (225, 225, 225), (25, 25, 25)
BOX = np.array([100.0, 60, 40, 90])
NO_HELMET = np.full((1, 4), np.nan)


def scene(
    suit: tuple[int, ...], background: tuple[int, ...] = ICE, helmet: tuple[int, ...] = GREY
) -> NDArray[np.uint8]:
    image = np.full((240, 320, 3), ICE, np.uint8)
    if background != ICE:
        image[:160] = background
    x, y, w, h = BOX.astype(int)
    image[y + h // 2 : y + h, x + w // 4 : x + 3 * w // 4] = GREY
    image[y + h // 6 : y + h // 2, x + w // 8 : x + 7 * w // 8] = suit
    image[y : y + h // 6, x + w // 3 : x + 2 * w // 3] = helmet
    return image


def suit_of(image: NDArray[np.uint8], box: Floats = BOX) -> Floats:
    return describe(image, box[None], NO_HELMET)[0][0]


def distance(a: Floats, b: Floats) -> float:
    return float(np.linalg.norm(np.sqrt(a) - np.sqrt(b)))


def naive_descriptor(image: NDArray[np.uint8], boxes: Floats, i: int, place: Floats, hide: bool) -> Floats:
    """The slow, obvious twin of the kernel, for one box."""
    x, y, w, h = boxes[i]
    nothing = np.full(DESCRIPTOR, np.nan)
    if not (w >= 6 and h >= 6):
        return nothing
    gain, shares = _gain(image), _shares().astype(float)
    inner, outer, wanted = [], [], 0.0
    for v in (np.arange(27) + 0.5) / 27 * 1.2 - 0.2:
        for u in (np.arange(26) + 0.5) / 26 * 1.7 - 0.35:
            px, py = x + u * w, y + v * h
            weight = np.exp(-(((u - place[0]) / place[2]) ** 2) / 2 - ((v - place[1]) / place[3]) ** 2 / 2)
            inside = 0 <= u <= 1 and v >= 0
            wanted += weight if inside else 0
            hidden = any(
                by + bh > y + h and bx <= px <= bx + bw and by <= py <= by + bh
                for j, (bx, by, bw, bh) in enumerate(boxes)
                if j != i
            )
            if not (0 <= px < image.shape[1] and 0 <= py < image.shape[0]) or (hide and hidden):
                continue
            blue, green, red = np.minimum((image[int(py), int(px)] * gain).astype(int) // 8, 31)
            share = shares[(blue * 32 + green) * 32 + red]
            if inside:
                inner.append((weight, share))
            else:
                outer.append(share)
    total = sum(weight for weight, _ in inner)
    if total < 0.1 * wanted:
        return nothing
    mine = sum(weight * share for weight, share in inner) / total
    around = np.mean(outer, axis=0) if outer else 0.0
    result = np.where(mine > 0, mine**2 / np.maximum(mine + 3 * around, 1e-30), 0)
    return result / result.sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([SUIT, TOP, WHOLE]), st.booleans())
def test_kernel_equals_its_naive_twin(seed: int, place: Floats, hide: bool) -> None:
    random = np.random.default_rng(seed)
    image = cv2.resize(random.integers(0, 255, (6, 8, 3), np.uint8), (160, 120), interpolation=cv2.INTER_NEAREST)
    boxes = random.uniform((-20, -20, 3, 3), (150, 110, 60, 90), (4, 4))
    boxes[3] = np.nan
    out = np.full((4, DESCRIPTOR), np.nan)
    _describe_kernel(image, boxes, place, hide, _gain(image), _shares(), out)
    expected = [naive_descriptor(image, boxes, i, place, hide) for i in range(4)]
    np.testing.assert_allclose(out, expected, atol=2e-5)


def test_descriptors_are_shares() -> None:
    suit, helmet = describe(scene(RED), BOX[None], NO_HELMET)
    assert suit.shape == helmet.shape == (1, DESCRIPTOR) == (1, len(PALETTE))
    for descriptor in (suit[0], helmet[0]):
        assert descriptor.sum() == pytest.approx(1) and (descriptor >= 0).all()
    none, nothing = describe(scene(RED), np.zeros((0, 4)), np.zeros((0, 4)))
    assert none.shape == nothing.shape == (0, DESCRIPTOR)


@pytest.mark.parametrize("suit", [RED, BLUE, ORANGE, BLACK])
def test_a_suit_looks_the_same_in_other_light_and_before_a_mat_and_unlike_another(suit: tuple[int, ...]) -> None:
    plain = suit_of(scene(suit))
    dim = suit_of((scene(suit) * 0.6).astype(np.uint8))
    yellowish = suit_of((scene(suit) * np.array([0.8, 0.95, 1.0])).astype(np.uint8))
    before_mat = suit_of(scene(suit, MAT))
    others = [suit_of(scene(other)) for other in (RED, BLUE, ORANGE, WHITE, BLACK) if other != suit]
    nearest = min(distance(plain, other) for other in others)
    for same in (dim, yellowish, before_mat):
        assert distance(plain, same) < 0.6 * nearest


def test_a_moved_box_changes_little() -> None:
    plain = suit_of(scene(RED))
    for shift in ((6, 0, 0, 0), (-6, 0, 0, 0), (0, 9, 0, -9), (-4, -9, 8, 9)):
        assert distance(plain, suit_of(scene(RED), BOX + shift)) < 0.5 * distance(plain, suit_of(scene(BLUE)))


def test_what_a_nearer_racer_hides_is_left_out() -> None:
    image = scene(RED)
    nearer = np.array([115.0, 70, 60, 130])
    image[70:200, 115:175] = BLUE
    boxes = np.stack([BOX, nearer])
    suits, _ = describe(image, boxes, np.full((2, 4), np.nan))
    red, blue = suit_of(scene(RED)), suit_of(scene(BLUE))
    assert distance(suits[0], red) < 0.5 * distance(suits[0], blue)
    assert distance(suit_of(image), red) > distance(suits[0], red)  # without knowing of the other


def test_no_descriptor_for_what_cannot_be_seen() -> None:
    boxes = np.array([[100, 60, 3, 90], [100, 60, 40, 2], [-60, 60, 40, 90], [np.nan] * 4, [100, 60, 20, 20.0]])
    cover = np.array([[90.0, 50, 80, 150]])
    suits, helmets = describe(scene(RED), np.concatenate([boxes, cover]), np.full((6, 4), np.nan))
    assert np.isnan(suits[:5]).all() and np.isnan(helmets[:5]).all() and not np.isnan(suits[5]).any()


def test_the_helmet_has_its_own_colour_with_a_box_and_without() -> None:
    helmet_box = np.array([[113.0, 60, 14, 15]])
    red, blue = scene(GREY, helmet=RED), scene(GREY, helmet=BLUE)
    _, boxed = describe(red, BOX[None], helmet_box)
    _, guessed = describe(red, BOX[None], NO_HELMET)
    _, other = describe(blue, BOX[None], helmet_box)
    assert distance(boxed[0], guessed[0]) < distance(boxed[0], other[0])
    _, too_small = describe(red, BOX[None], np.array([[113.0, 60, 4, 4]]))
    assert np.isnan(too_small).all()


def test_competitors_get_the_colours_of_their_suits_each_another() -> None:
    suits = [suit_of(scene(suit)) for suit in (RED, BLUE, BLACK)]
    red, blue, black, unknown = distinct_colours(np.array([*suits, np.full(DESCRIPTOR, np.nan)]))
    assert unknown is None and red is not None and blue is not None and black is not None

    def channels(colour: str) -> list[int]:
        return [int(colour[k : k + 2], 16) for k in (1, 3, 5)]

    assert channels(red)[0] > 1.5 * max(channels(red)[1:])
    assert channels(blue)[2] > 1.5 * max(channels(blue)[:2])
    assert max(channels(black)) < 80 and max(channels(black)) - min(channels(black)) < 10
    alike = distinct_colours(np.array([suits[0]] * 6))
    assert len(set(alike)) == 6 and None not in alike


@pytest.mark.slow
def test_racers_of_the_real_clip_are_told_apart(reference: Path) -> None:
    """Mean descriptors over half a second, compared with those of other parts of the race: chance would be 1 in 4."""
    truth = np.loadtxt(reference / "footage" / "shanghai-truth" / "gt.txt", delimiter=",")
    clip = FrameReader(reference / "footage" / "shanghai-2019-m5000-relay-semifinal-final-lap.mp4", to_s=8.1)
    rows, suits, helmets = [], [], []
    for frame in clip:
        here = truth[truth[:, 0] == frame.number]
        if len(here):
            suit, helmet = describe(frame.image, here[:, 2:6], np.full((len(here), 4), np.nan))
            rows.append(here[:, :2])
            suits.append(suit)
            helmets.append(helmet)
    frame_of, identity = np.concatenate(rows).astype(int).T
    roots = np.sqrt(np.concatenate([np.concatenate(suits), np.concatenate(helmets)], axis=1))
    part = frame_of // 15
    keys = sorted(set(zip(part, identity, strict=True)))
    means = np.array([np.nanmean(roots[(part == p) & (identity == i)], axis=0) for p, i in keys])
    parts, identities = np.array(keys).T
    right = []
    for k, mean in enumerate(means):
        elsewhere = np.abs(parts - parts[k]) > 1
        gallery = [means[elsewhere & (identities == i)].mean(axis=0) for i in (1, 2, 3, 4)]
        right.append(np.argmin(np.linalg.norm(gallery - mean, axis=1)) + 1 == identities[k])
    assert np.mean(right) > 0.6
