import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from race.formats import Competitor, Crossing, Race
from report.colours import competitor_colours
from report.labels import text_width
from report.lapchart import lap_chart_svg
from report.lapline import ROW, TOP

SVG = "{http://www.w3.org/2000/svg}"


def drawn(race: Race) -> ET.Element:
    return ET.fromstring(lap_chart_svg(race))


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if element.get("class") == name]


def line(root: ET.Element, competitor: int) -> ET.Element:
    return next(g for g in of_class(root, "competitor") if g.get("data-competitor") == str(competitor))


def ends(path: ET.Element) -> tuple[tuple[float, float], tuple[float, float]]:
    (x1, y1), (x2, y2) = re.findall(r"([\d.]+) ([\d.]+)", path.get("d") or "")
    return (float(x1), float(y1)), (float(x2), float(y2))


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_the_first_is_on_top(race_500: Race) -> None:
    root = drawn(race_500)
    ranks = {element.text: float(element.get("y") or 0) for element in of_class(root, "rank")}
    assert ranks["1"] < ranks["2"] < ranks["3"] < ranks["4"]
    _, (_, leader_y) = ends(of_class(line(root, 1), "line")[-1])
    _, (_, second_y) = ends(of_class(line(root, 2), "line")[-1])
    assert leader_y < second_y


def test_lines_follow_the_ranks_from_the_start_order_on(race_500: Race) -> None:
    heights = [ends(path) for path in of_class(line(drawn(race_500), 1), "line")]
    points = [heights[0][0], *(end for _, end in heights)]
    rows = [round((y - TOP) / ROW + 0.5) for _, y in points]
    assert rows == [2, 1, 2, 1, 1, 1]  # start position, then five crossings
    assert all(a[1] == b[0] for a, b in pairwise(heights))


def test_a_crossing_not_seen_breaks_the_line(race_500: Race) -> None:
    third = line(drawn(race_500), 3)
    assert len(of_class(third, "line")) == 3  # start to 2½; 3½ is unknown, so nothing leads to it or from it
    assert len(of_class(third, "marker")) == 5  # start, ½, 1½, 2½, finish


def test_an_interpolated_crossing_is_dashed_and_hollow(race_500: Race) -> None:
    second = line(drawn(race_500), 2)
    dashes = [path.get("stroke-dasharray") is not None for path in of_class(second, "line")]
    assert dashes == [False, False, True, True, False]
    assert [m.get("fill") == "#ffffff" for m in of_class(second, "marker")] == [False] * 3 + [True] + [False] * 2


def test_a_fall_ends_the_line_of_one_who_did_not_finish(race_500: Race) -> None:
    root = drawn(race_500)
    assert len(of_class(root, "fall")) == len(of_class(line(root, 4), "fall")) == 1
    assert [element.text for element in of_class(line(root, 4), "dnf")] == ["DNF"]


def test_a_fall_behind_the_finish_is_not_of_the_race(race_500: Race) -> None:
    late = race_500.incidents[0].model_copy(update={"start_s": 44.3, "competitors": [1]})
    assert not of_class(drawn(race_500.model_copy(update={"incidents": [late]})), "fall")


def test_a_fall_between_two_crossings_lies_on_the_line(race_500: Race) -> None:
    fall = race_500.incidents[0].model_copy(update={"start_s": 13.61, "competitors": [1]})
    root = drawn(race_500.model_copy(update={"incidents": [fall]}))
    circle = next(element for element in of_class(root, "fall")[0] if element.tag == f"{SVG}circle")
    (x1, y1), (x2, y2) = ends(of_class(line(root, 1), "line")[1])  # from 9.10 to 18.12 s: half way
    assert float(circle.get("cx") or 0) == pytest.approx((x1 + x2) / 2, abs=0.2)
    assert float(circle.get("cy") or 0) == pytest.approx((y1 + y2) / 2, abs=0.2)


def test_a_photo_finish_is_bracketed(race_500: Race) -> None:
    assert len(of_class(drawn(race_500), "photo-finish")) == 1
    sure = [row.model_copy(update={"photo_finish": False}) for row in race_500.finish]
    assert not of_class(drawn(race_500.model_copy(update={"finish": sure})), "photo-finish")


def test_each_competitor_has_one_colour(race_500: Race) -> None:
    root = drawn(race_500)
    for id_, colour in competitor_colours(race_500).items():
        assert {path.get("stroke") for path in of_class(line(root, id_), "line")} == {colour}


def test_names_stand_at_both_ends_and_are_escaped(race_500: Race) -> None:
    text = lap_chart_svg(race_500)
    assert "<b>" not in text
    names = [element.text for element in of_class(ET.fromstring(text), "name")]
    assert names.count("Eve <b>Bold</b> & Co") == names.count("김길리") == names.count("Jürgen Müller") == 2


def test_who_has_no_rank_at_the_first_column_is_not_named_beside_it(race_relay: Race) -> None:
    before = [Crossing(competitor=k, lap=44, time_s=None, rank=k, source="scorebug") for k in (1, 2)]
    root = drawn(race_relay.model_copy(update={"crossings": [*before, *race_relay.crossings]}))
    names = [element.text for element in of_class(root, "name")]
    assert sorted(names) == ["CHN", "JPN", "KOR", "KOR", "NED", "NED"]


def test_laps_are_counted_as_people_do(race_500: Race) -> None:
    heads = {element.text for element in of_class(drawn(race_500), "lap")}
    assert heads == {"Start", "½", "1½", "2½", "3½", "4½"}
    assert {"4 to go", "1 to go", "Finish"} <= set(texts(drawn(race_500)))


def test_a_chart_of_two_crossings_is_wide_enough_for_its_legend(race_500: Race) -> None:
    people = [Competitor(id=k, team=team) for k, team in ((1, "LAT"), (2, "KOR"), (3, "POL"))]
    crossings = [
        Crossing(competitor=k, lap=lap, rank=k, time_s=9.0 * lap + k, source=source)
        for lap, k, source in ((1, 1, "vision"), (1, 2, "vision"), (2, 1, "vision"), (2, 3, "interpolated"))
    ]
    changed = {"competitors": people, "crossings": crossings, "finish": [], "incidents": []}
    root = drawn(race_500.model_copy(update=changed))
    (legend,) = of_class(root, "legend")
    assert legend.text is not None
    assert "line broken" in legend.text
    assert "interpolated" in legend.text
    assert float(legend.get("x", "0")) + text_width(legend.text, 12.0) <= float(root.get("width", "0"))


def test_it_tells_those_who_cannot_see_it(race_500: Race) -> None:
    root = drawn(race_500)
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.findtext(f"{SVG}title") == "500 m women – lap chart"
    assert "Jürgen Müller (FIN): 1, 2, 1, 1, 1" in (root.findtext(f"{SVG}desc") or "")


def test_with_only_a_finish_it_shows_the_order_and_the_gaps(race_relay: Race) -> None:
    root = drawn(race_relay)
    assert not of_class(root, "line")
    assert [element.text for element in of_class(root, "name")] == ["KOR", "NED", "JPN", "CHN"]
    assert [element.text for element in of_class(root, "result")][:2] == ["leader", "+0.08  photo finish"]


def test_sightings_are_called_sightings(race_sightings: Race) -> None:
    root = drawn(race_sightings)
    assert {element.text for element in of_class(root, "lap")} == {"sighting 1", "sighting 2"}
    assert any("which lap it was is not known" in text for text in texts(root))


def test_laps_that_nobody_was_seen_at_break_the_axis(race_relay: Race) -> None:
    early = [Crossing(competitor=k, lap=3, time_s=1.0 + k, rank=k, source="vision") for k in (1, 2, 3, 4)]
    root = drawn(race_relay.model_copy(update={"crossings": [*early, *race_relay.crossings]}))
    assert "⋯" in texts(root)
    assert not of_class(root, "line")


def test_without_competitors_it_says_so(race_empty: Race) -> None:
    assert any("No competitor" in text for text in texts(drawn(race_empty)))


def test_equal_ranks_and_crossings_of_strangers_do_no_harm(race_500: Race) -> None:
    stranger = Crossing(competitor=99, lap=2, time_s=18.0, rank=1, source="vision")
    tie = [c.model_copy(update={"rank": 1}) if c.lap == 5 and c.rank == 2 else c for c in race_500.crossings]
    rows = [row.model_copy(update={"rank": 1}) if row.rank == 2 else row for row in race_500.finish]
    root = drawn(race_500.model_copy(update={"crossings": [*tie, stranger], "finish": rows}))
    right = of_class(root, "name")[4:]
    assert len({element.get("y") for element in right}) == 4


def test_ten_skaters_over_many_laps_keep_their_names_apart(race_empty: Race) -> None:
    people = [Competitor(id=k, name=f"Skater {k}", colour="#c00000") for k in range(1, 11)]
    crossings = [
        Crossing(competitor=k, lap=lap, time_s=9.0 * lap + 0.1 * k, rank=k, source="vision")
        for k in range(1, 11)
        for lap in range(1, 46)
    ]
    root = drawn(race_empty.model_copy(update={"competitors": people, "crossings": crossings}))
    heads = sorted(float(element.get("x") or 0) for element in of_class(root, "lap"))
    assert all(b - a > 15 for a, b in pairwise(heads))
    assert float(root.get("width") or 0) < 2000
