"""What people wear, painted: skin suits in team designs, helmets with numbers, officials' black, spectators' coats.

Everybody has one square texture, a tile. In it the body lies flat twice, seen from the front (left half) and from the
back (right half), as it stands at rest; below these the helmet's band, unrolled; below that one swatch a part.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.pictures.body import (
    BODY,
    BOOT,
    FOOT,
    FOREARM,
    HAND,
    HEAD,
    HELMET,
    LEFT,
    NECK,
    SHIN,
    THIGH,
    UPPER_ARM,
    load_body,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Red, green, blue."""

TILE = 512
_BODY_SCALE = 372  # texels for the height of the body
_CHART_HEIGHT = 380
_HELMET_ROWS = slice(388, 488)
_SWATCHES = slice(492, 512)


@dataclass(frozen=True, slots=True)
class Cut:
    """How the mesh is cut to lie flat.

    source (D,)    vertex of the body each vertex of the cut mesh comes from
    uv     (D, 2)  its place in the tile, 0 to 1, v upwards
    faces  (F, 3)
    """

    source: Ints
    uv: Floats
    faces: Ints


@cache
def cut() -> Cut:
    """The body's mesh cut into front, back, helmet and swatches."""
    body = load_body()
    rest = body.rest[0]
    corners = rest[body.faces]
    forward = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 0] >= 0.0
    source: list[int] = []
    texels: list[tuple[float, float]] = []
    known: dict[tuple[int, bool], int] = {}
    faces = np.empty_like(body.faces)
    for f, face in enumerate(body.faces):
        for corner, vertex in enumerate(face):
            key = (int(vertex), bool(forward[f]) if body.part[vertex] == BODY else True)
            if key not in known:
                known[key] = len(source)
                source.append(key[0])
                texels.append(_texel(rest[vertex], int(body.part[vertex]), key[1]))
            faces[f, corner] = known[key]
    place = np.array(texels)
    uv = np.stack([place[:, 0] / TILE, 1.0 - place[:, 1] / TILE], axis=1)
    return Cut(source=np.array(source, np.int32), uv=uv, faces=faces)


def _texel(point: Floats, part: int, front: bool) -> tuple[float, float]:
    if part == BODY:
        middle = TILE / 4 if front else 3 * TILE / 4
        across = point[1] if front else -point[1]
        return middle - across * _BODY_SCALE, _CHART_HEIGHT - 4 - point[2] * _BODY_SCALE
    if part == HELMET:
        top = load_body().rest[0][load_body().part == HELMET]
        centre = 0.5 * (top.min(axis=0) + top.max(axis=0))
        around = np.arctan2(point[1] - centre[1], point[0] - centre[0])
        height = (point[2] - top[:, 2].min()) / np.ptp(top[:, 2])
        # mirrored halves, so that the band has no seam: 0 in front, 1 at the back
        return 2 + (TILE - 4) * abs(around) / np.pi, _HELMET_ROWS.stop - 2 - 96.0 * height
    return (TILE * (0.25 if part == BOOT else 0.75), (_SWATCHES.start + _SWATCHES.stop) / 2)


@cache
def _labels() -> NDArray[np.int8]:
    """(TILE, TILE) joint number (of the left side, for both) of the body under each texel, -1 elsewhere."""
    body, flat = load_body(), cut()
    nearest = body.joints[np.arange(len(body.joints)), np.argmax(body.weights, axis=1)][flat.source]
    nearest = np.where(nearest >= LEFT + 6, nearest - 6, nearest)
    texels = np.stack([flat.uv[:, 0], 1.0 - flat.uv[:, 1]], axis=1) * TILE
    labels = np.full((TILE, TILE), -1, np.int16)
    drawn = [face for face in flat.faces if body.part[flat.source[face[0]]] == BODY]
    for face in drawn:  # once with a rim, so that no unpainted texel shows at an edge
        cv2.polylines(labels, [np.int32(texels[face])], True, int(np.median(nearest[face])), 3)
    for face in drawn:
        cv2.fillConvexPoly(labels, np.int32(texels[face]), int(np.median(nearest[face])))
    return labels.astype(np.int8)


@dataclass(frozen=True, slots=True)
class Suit:
    """A team's design."""

    torso: Colour
    back: Colour
    sleeve: Colour
    forearm: Colour
    thigh: Colour
    shin: Colour
    stripe: Colour
    glove: Colour
    helmet: Colour
    helmet_band: Colour
    boot: Colour
    blade: Colour
    word: str


_WHITE, _BLACK, _NAVY = (236, 236, 240), (22, 22, 26), (22, 30, 66)
_PALETTES: tuple[tuple[Colour, Colour, Colour, Colour], ...] = (
    # torso, sleeves, legs (dark, as nearly all are), stripe
    ((34, 40, 96), (40, 46, 110), _BLACK, (228, 228, 232)),
    ((26, 30, 58), (226, 96, 30), _NAVY, (226, 96, 30)),
    (_WHITE, (236, 60, 60), _BLACK, (210, 40, 50)),
    ((196, 24, 36), (196, 24, 36), _BLACK, (240, 205, 60)),
    (_BLACK, (200, 30, 40), _BLACK, _WHITE),
    ((20, 110, 70), (236, 236, 236), (20, 28, 58), (206, 40, 50)),
    ((28, 84, 190), (28, 84, 190), (18, 32, 84), _WHITE),
    (_WHITE, (40, 60, 150), (24, 30, 72), (210, 40, 60)),
    ((228, 190, 40), (20, 60, 120), (18, 34, 66), _WHITE),
    ((70, 74, 82), (214, 30, 80), (34, 35, 40), (214, 30, 80)),
    (_NAVY, _WHITE, _NAVY, (200, 30, 46)),
    ((120, 200, 226), _WHITE, _BLACK, (30, 90, 160)),
)
_HELMETS = (
    *((30, 60, 180), (238, 238, 238), (206, 30, 36), (26, 26, 28), (236, 130, 30), (230, 210, 50), (40, 140, 80)),
    *((236, 232, 220), (40, 44, 60), (120, 124, 132), (150, 200, 230)),
)


def team_suit(index: int, seed: int, word: str) -> Suit:
    """The design of suit ``index`` at the venue of ``seed``; neighbours in index never look alike."""
    rng = np.random.default_rng((seed, 7919))
    palette = rng.permutation(len(_PALETTES))
    torso, sleeve, legs, stripe = _PALETTES[palette[index % len(_PALETTES)]]
    own = np.random.default_rng((seed, 7919, index))
    torso, sleeve, legs, stripe = (_mixed(colour, own) for colour in (torso, sleeve, legs, stripe))
    return Suit(
        torso=torso,
        back=torso if own.random() < 0.6 else stripe,
        sleeve=sleeve,
        forearm=sleeve if own.random() < 0.6 else torso,
        thigh=legs,
        shin=legs if own.random() < 0.9 else torso,
        stripe=stripe,
        glove=_BLACK if own.random() < 0.7 else _WHITE,
        helmet=_mixed(_HELMETS[int(rng.permutation(len(_HELMETS))[index % len(_HELMETS)])], own),
        helmet_band=stripe,
        boot=_BLACK if own.random() < 0.7 else _WHITE,
        blade=((206, 170, 60), (200, 204, 210), (190, 60, 50), (220, 200, 70))[int(own.integers(4))],
        word=word,
    )


def _mixed(colour: Colour, rng: np.random.Generator) -> Colour:
    shade = rng.uniform(-14, 14, 3)
    return tuple(int(v) for v in np.clip(np.array(colour) + shade, 8, 245))  # type: ignore[return-value]


_SKIN = ((226, 184, 158), (208, 160, 130), (180, 130, 100), (232, 196, 172))


def racer_tile(suit: Suit, helmet: str, seed: int) -> Picture:
    """(TILE, TILE, 3) RGB tile of a racer; ``helmet`` is the number on it."""
    rng = np.random.default_rng(seed)
    tile = _coat(suit.torso)
    labels = _labels()
    half = np.arange(TILE) >= TILE // 2
    tile[(labels < NECK) & (labels >= 0) & half[None]] = suit.back
    for joint, colour in (
        (UPPER_ARM, suit.sleeve), (FOREARM, suit.forearm), (HAND, suit.glove),
        (THIGH, suit.thigh), (SHIN, suit.shin), (FOOT, suit.boot),
    ):  # fmt: skip
        tile[labels == LEFT + joint] = colour
    _head(tile, _SKIN[int(rng.integers(len(_SKIN)))])
    legs = (labels == LEFT + THIGH) | (labels == LEFT + SHIN)
    for middle in (TILE // 4, 3 * TILE // 4):
        across = np.abs(np.arange(TILE) - middle)[None]
        tile[legs & (across > 30) & (across < 37)] = suit.stripe
        arms = (labels == LEFT + UPPER_ARM) | (labels == LEFT + FOREARM)
        tile[arms & (across > 62) & (across < 68)] = suit.stripe
    trunk = (labels >= 0) & (labels < NECK)
    words = np.zeros((TILE, TILE), np.uint8)
    for middle, row, size in ((TILE // 4, 138, 0.62), (3 * TILE // 4, 128, 0.7), (3 * TILE // 4, 158, 0.4)):
        (width, _), _ = cv2.getTextSize(suit.word, cv2.FONT_HERSHEY_DUPLEX, size, 2)
        cv2.putText(words, suit.word, (middle - width // 2, row), cv2.FONT_HERSHEY_DUPLEX, size, 255, 2, cv2.LINE_AA)
    cv2.rectangle(words, (TILE // 4 - 40, 190), (TILE // 4 + 40, 196), 200, -1)
    contrast = suit.stripe if _differs(suit.stripe, suit.torso) else _WHITE
    tile = np.where((trunk & (words > 100))[..., None], np.array(contrast, np.uint8), tile)
    _helmet(tile, suit, helmet, rng)
    tile[_SWATCHES, : TILE // 2] = suit.boot
    tile[_SWATCHES, TILE // 2 :] = suit.blade
    return tile


def _differs(first: Colour, second: Colour) -> bool:
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) > 120


def _coat(colour: Colour) -> Picture:
    tile = np.empty((TILE, TILE, 3), np.uint8)
    tile[:] = colour
    return tile


def _head(tile: Picture, skin: Colour) -> None:
    labels = _labels()
    tile[labels == HEAD] = skin
    tile[labels == NECK] = (40, 40, 44)
    rows = np.where((labels == HEAD).any(axis=1))[0]
    eyes = int(rows[0] + 0.44 * (rows[-1] - rows[0]))
    band = np.zeros((TILE, TILE), bool)
    band[eyes - 5 : eyes + 6, : TILE // 2] = True
    tile[band & (labels == HEAD)] = (24, 24, 30)  # goggles


def _helmet(tile: Picture, suit: Suit, number: str, rng: np.random.Generator) -> None:
    band = tile[_HELMET_ROWS]
    band[:] = suit.helmet
    band[18:34] = suit.helmet_band
    band[90:] = (30, 30, 32)
    for _ in range(4):  # vents
        x = int(rng.integers(20, TILE - 20))
        cv2.ellipse(band, (x, int(rng.integers(20, 50))), (18, 4), 0, 0, 360, (20, 20, 22), -1)
    light = sum(suit.helmet) > 380
    cv2.putText(band, number[:3], (190, 82), cv2.FONT_HERSHEY_DUPLEX, 1.4, (20, 20, 20) if light else _WHITE, 4)


def plain_tile(seed: int, dark: bool) -> Picture:
    """Clothes of somebody who does not race: an official's black, or whatever spectators and coaches wear."""
    rng = np.random.default_rng(seed)
    coats = ((26, 26, 30), (40, 44, 60), (150, 30, 34), (60, 90, 60), (190, 190, 196), (30, 60, 120), (90, 80, 70))
    coat = _mixed((20, 20, 24) if dark else coats[int(rng.integers(len(coats)))], rng)
    trousers = _mixed((18, 18, 22) if dark or rng.random() < 0.6 else (70, 74, 90), rng)
    tile = _coat(coat)
    labels = _labels()
    skin = _SKIN[int(rng.integers(len(_SKIN)))]
    tile[(labels == LEFT + THIGH) | (labels == LEFT + SHIN)] = trousers
    tile[labels == LEFT + HAND] = skin
    tile[(labels == HEAD) | (labels == NECK)] = skin
    tile[labels == LEFT + FOOT] = (20, 20, 20)
    tile[_HELMET_ROWS] = _mixed(((18, 16, 16), (50, 34, 24), (110, 80, 50), (90, 90, 92))[int(rng.integers(4))], rng)
    tile[_SWATCHES] = (22, 22, 24)
    return tile
