import pytest
from hypothesis import given
from hypothesis import strategies as st

from race.formats import Competitor, Event, Race, Video
from report.labels import (
    ascii_folded,
    clock_label,
    competitor_names,
    event_title,
    lap_label,
    laps_to_go,
    ordinal,
    shortened,
    text_width,
    time_label,
    uncertainty_label,
)


@pytest.mark.parametrize(
    ("time_s", "sd_s", "expected"),
    [
        (41.1234, None, "41.12"),
        (41.1234, 0.012, "41.12"),
        (41.1234, 0.004, "41.123"),
        (41.1234, 0.3, "41.1"),
        (41.1234, 5.0, "41.1"),
        (419.54, 0.01, "6:59.54"),
        (59.999, 0.01, "1:00.00"),
        (3.0, 0.0, "3.000"),
        (-0.34, 0.1, "−0.3"),
        (-0.001, 0.01, "0.00"),
    ],
)
def test_time_has_the_digits_its_uncertainty_allows(time_s: float, sd_s: float | None, expected: str) -> None:
    assert time_label(time_s, sd_s) == expected


def test_uncertainty_is_empty_where_unknown() -> None:
    assert (uncertainty_label(None), uncertainty_label(0.016), uncertainty_label(0.3)) == ("", "±0.02", "±0.3")


@pytest.mark.parametrize(
    ("clock_s", "expected"), [(412.3, "6:52.3"), (419.54, "6:59.54"), (7.0, "7.0"), (41.123, "41.123")]
)
def test_clock_is_shown_with_the_digits_it_had(clock_s: float, expected: str) -> None:
    assert clock_label(clock_s) == expected


def test_laps_are_labelled_as_people_count_them() -> None:
    half, whole, unknown = Event(name="500m", laps=4.5), Event(name="1000m", laps=9), Event()
    assert [lap_label(k, half) for k in (1, 2, 5)] == ["½", "1½", "4½"]
    assert [laps_to_go(k, half) for k in (1, 4, 5)] == ["4 to go", "1 to go", "Finish"]
    assert (lap_label(1, whole), laps_to_go(1, whole), laps_to_go(9, whole)) == ("1", "8 to go", "Finish")
    assert (lap_label(3, unknown), laps_to_go(3, unknown)) == ("3", "")


def test_names_fall_back_to_team_and_number_and_are_never_alike() -> None:
    video = Video(path="a.mp4", sha256="", duration_s=1, fps=25, width=2, height=2, frames=25)
    people = [
        Competitor(id=1, name="Kim"),
        Competitor(id=2, name="Kim"),
        Competitor(id=3, team="NED"),
        Competitor(id=4),
        Competitor(id=5, name="a\x00b\nc"),
    ]
    names = competitor_names(Race(video=video, competitors=people))
    assert names == {1: "Kim #1", 2: "Kim #2", 3: "NED", 4: "#4", 5: "a b c"}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Event(name="500m", gender="w"), "500 m women"),
        (Event(name="relay-5000m", gender="m"), "5000 m relay men"),
        (Event(name="training"), "training"),
        (Event(), "Race"),
    ],
)
def test_event_titles(event: Event, expected: str) -> None:
    assert event_title(event) == expected


def test_ordinals() -> None:
    ranks = {1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 22: "22nd"}
    assert {rank: ordinal(rank) for rank in ranks} == ranks


def test_plain_letters_where_there_are_any() -> None:
    assert ascii_folded("Jürgen", "#1") == "Jurgen"
    assert ascii_folded("김길리", "#2") == "#2"


@given(st.text(max_size=40), st.floats(20, 300))
def test_shortened_fits(text: str, width: float) -> None:
    short = shortened(text, 14, width)
    assert short == text if text_width(text, 14) <= width else text_width(short, 14) <= width
