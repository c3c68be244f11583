import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from race.formats import Competitor, Race, Video
from report.colours import ALIKE, LIGHTEST, competitor_colours, oklab, text_on

VIDEO = Video(path="a.mp4", sha256="", duration_s=1, fps=25, width=2, height=2, frames=25)
SUITS = st.one_of(st.none(), st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), st.just("red"))


def race_of(*suits: str | None) -> Race:
    return Race(video=VIDEO, competitors=[Competitor(id=k, colour=c) for k, c in enumerate(suits, start=1)])


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        # Ottosson's own examples are in XYZ; these sRGB values follow from the definition: white, black, grey.
        ("#ffffff", (1.0, 0.0, 0.0)),
        ("#000000", (0.0, 0.0, 0.0)),
    ],
)
def test_oklab_of_greys(colour: str, expected: tuple[float, float, float]) -> None:
    assert oklab(colour) == pytest.approx(expected, abs=1e-3)


def test_a_colour_of_its_own_is_kept() -> None:
    assert competitor_colours(race_of("#b01020", "#104090")) == {1: "#b01020", 2: "#104090"}


@settings(max_examples=60)
@given(st.lists(SUITS, min_size=1, max_size=8))
def test_colours_are_told_apart_and_legible_on_white(suits: list[str | None]) -> None:
    colours = [oklab(colour) for colour in competitor_colours(race_of(*suits)).values()]
    assert len(colours) == len(suits)
    assert all(colour[0] <= LIGHTEST + 0.01 for colour in colours)
    pairs = [math.dist(a, b) for k, a in enumerate(colours) for b in colours[:k]]
    assert all(distance >= ALIKE / 2 for distance in pairs)


def test_the_colours_of_a_race_do_not_depend_on_the_order_of_its_list() -> None:
    race = race_of("#d01020", "#d41424", None, "#ffffff")
    turned = race.model_copy(update={"competitors": race.competitors[::-1]})
    assert competitor_colours(race) == competitor_colours(turned)


def test_a_competitor_without_suit_leaves_the_others_theirs() -> None:
    assert competitor_colours(race_of(None, "#0072b2"))[2] == "#0072b2"


def test_text_can_be_read_on_its_colour() -> None:
    assert text_on("#ffff80") == "#000000"
    assert text_on("#101040") == "#ffffff"
