"""The hall: painted ice, mats with sponsors, stands with a crowd, lamps; every venue another, drawn from a seed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from race.rink import Rink

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

ICE_TEXELS_PER_M = 64
MAT_TEXELS_PER_M = 60
MAT_DEPTH_M = 0.6
SEATS_WIDE_M, SEATS_DEEP_M = 36.0, 9.0
LAMP_HEIGHT_M = 11.0

_SPONSORS = (
    *("POLARIS BANK", "FROSTLINE", "NORDLYS", "KESTREL AIR", "short track", "OVAL 111", "GLACIER WATER", "VELOCE"),
    *("Nine & Half", "BLADEWORKS", "HANSA FOODS", "ICE CUP", "TUNDRA TYRES", "solis energy", "Mira Watches", "APEX"),
)


@dataclass(frozen=True, slots=True)
class Venue:
    """How a hall looks. ``seed`` draws all that has no field; colours are red, green, blue."""

    seed: int
    ice: Colour
    infield: Colour | None
    """Paint inside the track, None for plain ice."""
    panels: tuple[Colour, ...]
    rim: Colour
    """Top and bottom edge of the mats."""
    drape: Colour
    """What hangs behind the mats and covers empty seats."""
    crowd: float
    """Share of seats taken."""
    light: float
    """Brightness of the ice in the picture, 1 nearly clipped."""
    warmth: float
    """Colour of the light: above 0 yellowish, below bluish."""


def draw_venue(seed: int) -> Venue:
    """A venue of its own for every seed."""
    rng = np.random.default_rng((seed, 104729))
    infields: tuple[Colour | None, ...] = ((128, 206, 216), (128, 206, 216), (60, 130, 206), (150, 152, 226), None)
    panels: tuple[tuple[Colour, ...], ...] = (
        ((44, 68, 160), (236, 238, 242), (44, 68, 160)),
        ((238, 240, 244), (238, 240, 244), (30, 60, 140)),
        ((30, 34, 44), (240, 240, 240), (36, 130, 186), (120, 90, 60)),
        ((20, 96, 170), (240, 242, 244), (16, 70, 140)),
    )
    rims: tuple[Colour, ...] = ((28, 74, 150), (30, 110, 190), (40, 44, 120))
    drapes: tuple[Colour, ...] = ((16, 20, 70), (20, 22, 30), (34, 40, 60), (14, 40, 80))
    return Venue(
        seed=seed,
        ice=((246, 247, 250), (238, 241, 246), (246, 246, 243))[int(rng.integers(3))],
        infield=infields[int(rng.integers(len(infields)))],
        panels=panels[int(rng.integers(len(panels)))],
        rim=rims[int(rng.integers(len(rims)))],
        drape=drapes[int(rng.integers(len(drapes)))],
        crowd=float(rng.uniform(0.15, 0.85)),
        light=float(rng.uniform(0.92, 1.0)),
        warmth=float(rng.uniform(-0.035, 0.015)),
    )


def noise(shape: tuple[int, int], cell: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise of zero mean and about unit spread, ``cell`` pixels from bump to bump."""
    height, width = shape
    coarse = rng.standard_normal((height // cell + 2, width // cell + 2)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def ice_texture(venue: Venue, rink: Rink) -> Picture:
    """RGB, row 0 at y = +ice_width_m / 2: paint under the ice, what blades leave on it, and clean patches."""
    rng = np.random.default_rng((venue.seed, 1))
    k = ICE_TEXELS_PER_M
    height, width = round(rink.ice_width_m * k), round(rink.ice_length_m * k)

    def texel(x_m: float, y_m: float) -> tuple[int, int]:
        return round((x_m + rink.ice_length_m / 2) * k), round((rink.ice_width_m / 2 - y_m) * k)

    paint = np.empty((height, width, 3), np.uint8)
    paint[:] = venue.ice
    if venue.infield is not None:
        reach = 14.4 + float(rng.uniform(-0.5, 0.5))
        radius = 6.5 + float(rng.uniform(-0.15, 0.15))
        inside = np.zeros((height, width), np.uint8)
        cv2.line(inside, texel(-reach, 0), texel(reach, 0), 255, round(2 * radius * k), cv2.LINE_AA)
        paint[inside > 127] = venue.infield
    grey = tuple(int(v * 0.72) for v in (venue.infield or venue.ice))
    if rng.random() < 0.75:  # an oval ring with a name in it
        for part, ink in ((1.0, grey), (0.92, venue.infield or venue.ice), (0.78, venue.ice)):
            radii = round(10.5 * k * part), round(3.4 * k * part)
            cv2.ellipse(paint, texel(0, 0), radii, 0, 0, 360, ink, -1)
        _word(paint, str(rng.choice(_SPONSORS)), texel(0, 0.2), 2.2 * k, grey)
    for _ in range(int(rng.integers(0, 4))):
        colour = tuple(int(v) for v in rng.integers(30, 190, 3))
        _word(paint, str(rng.choice(_SPONSORS)), texel(rng.uniform(-20, 20), rng.choice([-4.6, 4.6])), 1.2 * k, colour)
    cv2.line(paint, texel(*rink.finish_line[0]), texel(*rink.finish_line[1]), (90, 92, 96), 2)
    for x, y in np.concatenate([rink.start_dots("near"), rink.start_dots("far")]):
        cv2.circle(paint, texel(x, y), 3, (40, 40, 44), -1, cv2.LINE_AA)
    frost = 0.02 * noise((height, width), 90, rng) + 0.012 * noise((height, width), 14, rng)
    worn = np.zeros((height, width), np.float32)
    lap = np.linspace(0.0, rink.lap_m, 400)
    for _ in range(420):  # grooves: parts of laps skated before
        begin, length = rng.uniform(0, rink.lap_m), rng.uniform(4, 30)
        u = lap[lap < length] + begin
        track = rink.to_ice(np.column_stack([u, rng.normal(0.9, 1.1) + 0.5 * np.sin(u / rng.uniform(4, 9))]))
        points = np.array([texel(x, y) for x, y in track], np.int32)
        cv2.polylines(worn, [points], False, float(rng.uniform(-0.05, 0.03)), 1, cv2.LINE_AA)
    shade = 1.0 + frost + cv2.GaussianBlur(worn, (0, 0), 0.8)
    return np.asarray(np.clip(paint * shade[..., None], 0, 255).astype(np.uint8))


def _word(picture: Picture, word: str, middle: tuple[int, int], width: float, colour: tuple[int, ...]) -> None:
    """``word`` centred on ``middle``, ``width`` texels a capital letter times its length at most."""
    scale = width / 60.0
    thick = max(2, round(scale * 3))
    (wide, high), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_DUPLEX, scale, thick)
    place = (middle[0] - wide // 2, middle[1] + high // 2)
    cv2.putText(picture, word, place, cv2.FONT_HERSHEY_DUPLEX, scale, colour, thick, cv2.LINE_AA)


def mat_texture(venue: Venue, rink: Rink, length_m: float) -> Picture:
    """RGB of the mats' front unrolled, row 0 at the top: panels of 3 to 6 m with words and marks."""
    rng = np.random.default_rng((venue.seed, 2))
    k = MAT_TEXELS_PER_M
    height, width = round(rink.mat_height_m * k), min(round(length_m * k), 16000)
    texture = np.empty((height, width, 3), np.uint8)
    at = 0
    while at < width:
        end = min(width, at + round(rng.uniform(3.0, 6.0) * k))
        ground = np.array(venue.panels[int(rng.integers(len(venue.panels)))])
        texture[:, at:end] = ground
        dark = ground.sum() < 380
        ink = (238, 240, 244) if dark else tuple(int(v) for v in rng.integers(0, 150, 3))
        word, middle = str(rng.choice(_SPONSORS)), ((at + end) // 2, round(height * 0.5))
        letters = min(0.62 * height, (end - at) / (0.42 * len(word) + 2))
        _word(texture, word, middle, letters * 1.6, ink)
        if rng.random() < 0.5:  # a mark beside the word
            mark = (at + round(0.28 * height), middle[1])
            accent = tuple(int(v) for v in rng.integers(20, 240, 3))
            cv2.circle(texture, mark, round(0.2 * height), accent, -1, cv2.LINE_AA)
        if rng.random() < 0.25 and end - at > 1.5 * height:  # a logo in the shape of a skater
            _pictogram(texture, (at + round(0.6 * height), round(0.46 * height)), 0.3 * height, ink, rng)
        cv2.line(texture, (end, 0), (end, height), tuple(int(v) for v in ground * 0.8), 2)
        at = end
    texture[: round(0.05 * height)] = venue.rim
    texture[round(0.84 * height) :] = venue.rim
    folds = 1.0 + 0.02 * noise((height, width), 30, rng)
    return np.clip(texture * folds[..., None], 0, 255).astype(np.uint8)


def _pictogram(
    picture: Picture, middle: tuple[int, int], size: float, colour: tuple[int, ...], rng: np.random.Generator
) -> None:
    """A skater as logos show one: head, bent back, one leg stretched, arms swung; ``size`` texels half its height."""
    side = rng.choice([-1.0, 1.0])

    def line(*points: tuple[float, float], width: float) -> None:
        at = np.array([(middle[0] + side * x * size, middle[1] + y * size) for x, y in points], np.int32)
        cv2.polylines(picture, [at], False, colour, max(1, round(width * size)), cv2.LINE_AA)

    lean = float(rng.uniform(0.2, 0.8))
    neck = (lean, -0.55)
    line((-0.2, 0.1), neck, width=0.34)
    line((-0.2, 0.1), (0.35, 0.4), (0.1, 0.95), width=0.24)
    line((-0.2, 0.1), (-0.9, 0.55), (-1.3, 0.9), width=0.22)
    line(neck, (lean + 0.3, 0.0), (lean + 0.6, 0.1), width=0.17)
    line(neck, (-0.4, -0.5), (-0.9, -0.3), width=0.17)
    head = round(middle[0] + side * (lean + 0.2) * size), round(middle[1] - 0.8 * size)
    cv2.circle(picture, head, max(1, round(0.2 * size)), colour, -1, cv2.LINE_AA)


def crowd_texture(venue: Venue) -> Picture:
    """RGB of SEATS_WIDE_M x SEATS_DEEP_M of stand: rows of people, some seats empty; darker to the back."""
    rng = np.random.default_rng((venue.seed, 3))
    k = 40
    height, width = round(SEATS_DEEP_M * k), round(SEATS_WIDE_M * k)
    texture = np.empty((height, width, 3), np.uint8)
    texture[:] = tuple(int(v * 0.8) for v in venue.drape)
    coats = rng.integers(16, 80, (40, 1)) + rng.integers(-12, 13, (40, 3))
    coats[::5] = rng.integers(30, 190, (8, 3))
    for row in range(11):
        y = round((row + 0.7) * 0.82 * k)
        texture[y + 14 : y + 17] = tuple(int(v * 0.5) for v in venue.drape)
        for seat in np.arange(0.3, SEATS_WIDE_M, 0.56):
            if rng.random() > venue.crowd:
                continue
            x = round((seat + rng.normal(0, 0.05)) * k)
            up = y - round(rng.uniform(0, 0.12) * k)
            skin = np.array((214, 170, 144)) * rng.uniform(0.5, 0.95)
            coat = coats[int(rng.integers(len(coats)))]
            cv2.ellipse(texture, (x, up + 20), (10, 19), 0, 180, 360, tuple(int(v) for v in coat), -1, cv2.LINE_AA)
            cv2.ellipse(texture, (x, up - 4), (4, 6), 0, 0, 360, tuple(int(v) for v in skin), -1, cv2.LINE_AA)
            cv2.ellipse(texture, (x, up - 6), (5, 5), 0, 180, 360, (24, 20, 18), -1, cv2.LINE_AA)
    shade = np.linspace(0.35, 0.8, height)[:, None, None]
    return np.clip(texture * shade, 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Strip:
    """A surface of quads between two lines: points (2 * M, 3), quads (M - 1, 4), uv (2 * M, 2)."""

    points: Floats
    quads: NDArray[np.int64]
    uv: Floats


def strip(low: Floats, high: Floats, u: Floats) -> Strip:
    """The surface between lines ``low`` and ``high`` (M, 3), texture coordinate ``u`` (M,) along them."""
    count = len(low)
    k = np.arange(count - 1)
    quads = np.stack([k, k + 1, count + k + 1, count + k], axis=1)
    uv = np.concatenate([np.stack([u, np.zeros(count)], axis=1), np.stack([u, np.ones(count)], axis=1)])
    return Strip(np.concatenate([low, high]), quads, uv)


def mat_line(rink: Rink, outward_m: float = 0.0) -> tuple[Floats, Floats]:
    """Foot of the mats (M, 2), closed and moved outward, and the way along it (M,) in metres."""
    foot = rink.mats(1.0)
    foot = np.concatenate([foot, foot[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(foot, axis=0), axis=1))])
    ahead = np.roll(foot[:-1], -1, axis=0) - np.roll(foot[:-1], 1, axis=0)
    ahead = np.concatenate([ahead, ahead[:1]])
    outward = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    return foot + outward_m * outward, along


def raised(line: Floats, z_m: float) -> Floats:
    return np.column_stack([line, np.full(len(line), z_m)])
