"""One stable colour per competitor: the suit's, kept legible on white and told apart from the others."""

import math
import re

from race.formats import Race

# Ten colours that stay apart on white, the first ones for most colour-blind readers too (after Okabe and Ito 2008).
PALETTE = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#b5179e",
    "#8a6d00",
    "#089bbc",
    "#a1003c",
    "#5b3fd1",
    "#4d4d4d",
    "#d25a8e",
)
ALIKE = 0.12
"""Distance in OKLab under which two lines of a chart are taken for one another."""

LIGHTEST = 0.64
"""OKLab lightness above which a line fades on white paper."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def rgb(colour: str) -> tuple[int, int, int]:
    """``#rrggbb`` as three numbers from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def oklab(colour: str) -> tuple[float, float, float]:
    """``#rrggbb`` in OKLab (Ottosson 2020): lightness 0 to 1 and two colour axes; distances in it are what eyes see."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb(colour)))
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def darkened(colour: str, lightness: float) -> str:
    """``colour`` with its channels in the same proportion, no lighter than OKLab ``lightness``."""
    while oklab(colour)[0] > lightness:
        colour = "#" + "".join(f"{int(0.97 * v):02x}" for v in rgb(colour))
    return colour


def text_on(colour: str) -> str:
    """Black or white, whichever can be read on ``colour``."""
    return "#000000" if oklab(colour)[0] > 0.7 else "#ffffff"


def competitor_colours(race: Race) -> dict[int, str]:
    """Competitor's id -> ``#rrggbb``: the suit's colour where known and unlike those given before, in order of ids.

    A suit too light for white paper is darkened; one much like another's, or unknown, takes a colour of the palette.
    """
    given: dict[int, str] = {}
    for competitor in sorted(race.competitors, key=lambda c: (not _is_colour(c.colour), c.id)):
        candidates = [darkened(colour, LIGHTEST) for colour in PALETTE]
        if _is_colour(competitor.colour):
            candidates.insert(0, darkened(str(competitor.colour), LIGHTEST))
        taken = [oklab(colour) for colour in given.values()]
        distances = [min((math.dist(oklab(c), t) for t in taken), default=math.inf) for c in candidates]
        apart = [c for c, distance in zip(candidates, distances, strict=True) if distance >= ALIKE]
        given[competitor.id] = apart[0] if apart else candidates[distances.index(max(distances))]
    return given


def _is_colour(colour: str | None) -> bool:
    return colour is not None and _HEX.fullmatch(colour) is not None
