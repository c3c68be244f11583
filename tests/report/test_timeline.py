from xml.etree import ElementTree as ET

from race.formats import Race, ScorebugReading
from report.showings import showings
from report.timeline import timeline_svg


def titles(race: Race) -> list[str]:
    return [e.text or "" for e in ET.fromstring(timeline_svg(race)).iter() if e.tag.endswith("title")]


def test_it_shows_shots_crossings_passes_and_incidents(race_500: Race) -> None:
    told = "\n".join(titles(race_500))
    assert "replay, 45.2 to 48.0 s, confidence 80%" in told
    assert "leader at ½" in told
    assert "김길리 passes Jürgen Müller" in told
    assert "contact, confidence 62%" in told


def test_an_empty_video_has_a_timeline(race_empty: Race) -> None:
    assert titles(race_empty) == ["Timeline of the video"]


def test_readings_between_which_only_the_clock_ran_are_one_showing(race_500: Race) -> None:
    got = [(s.from_s, s.to_s, s.first.clock_s, s.last.clock_s) for s in showings(race_500)]
    assert got == [(2.1, 9.3, 0.0, 0.0), (9.3, 44.8, 7.2, 7.3), (44.8, 52.0, 41.95, 41.95)]


def test_a_clock_that_jumps_back_or_goes_is_told(race_500: Race) -> None:
    readings = [
        ScorebugReading(time_s=1, clock_s=10.0),
        ScorebugReading(time_s=2, clock_s=11.0),
        ScorebugReading(time_s=3, clock_s=4.0),
        ScorebugReading(time_s=4),
        ScorebugReading(time_s=5, clock_s=6.0),
    ]
    got = [(s.from_s, s.to_s) for s in showings(race_500.model_copy(update={"scorebug": readings}))]
    assert got == [(1, 3), (3, 4), (5, 52)]
