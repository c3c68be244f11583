import re
from xml.etree import ElementTree as ET

import pytest

from race.formats import Race
from report.gapchart import gap_chart_svg


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if element.get("class") == name]


def group(root: ET.Element, competitor: int) -> ET.Element:
    return next(g for g in of_class(root, "competitor") if g.get("data-competitor") == str(competitor))


def test_gaps_grow_downwards_in_proportion(race_500: Race) -> None:
    root = ET.fromstring(gap_chart_svg(race_500))
    heights = {}
    for id_ in (1, 2, 3, 4):
        first = of_class(group(root, id_), "line")[0]
        heights[id_] = float(re.findall(r"M\S+ ([\d.]+)", first.get("d") or "")[0])
    # At the first crossing the gaps are 0, 0.15, 0.30 and 0.51 s.
    per_second = (heights[3] - heights[1]) / 0.30
    assert per_second > 0
    assert (heights[2] - heights[1]) / per_second == pytest.approx(0.15, abs=0.005)
    assert (heights[4] - heights[1]) / per_second == pytest.approx(0.51, abs=0.005)


def test_a_missing_crossing_breaks_and_an_interpolated_one_dashes_the_line(race_500: Race) -> None:
    root = ET.fromstring(gap_chart_svg(race_500))
    assert len(of_class(group(root, 3), "line")) == 2
    assert [p.get("stroke-dasharray") is None for p in of_class(group(root, 2), "line")] == [True, False, False, True]


def test_tooltips_say_the_gap_and_how_sure_it_is(race_500: Race) -> None:
    titles = [e.text for e in group(ET.fromstring(gap_chart_svg(race_500)), 2).iter() if e.tag.endswith("title")]
    assert "김길리: +0.15 s ±0.01" in titles
    assert "김길리: leader" in titles


def test_uncertainty_is_drawn_only_where_known(race_relay: Race) -> None:
    bars = len(of_class(ET.fromstring(gap_chart_svg(race_relay)), "sd"))
    assert bars == 4
    crossings = [c.model_copy(update={"time_sd_s": None}) for c in race_relay.crossings]
    finish = [row.model_copy(update={"time_sd_s": None}) for row in race_relay.finish]
    unsure = race_relay.model_copy(update={"crossings": crossings, "finish": finish})
    assert not of_class(ET.fromstring(gap_chart_svg(unsure)), "sd")


def test_without_crossings_it_says_so(race_empty: Race) -> None:
    assert "No crossing" in gap_chart_svg(race_empty)
