from collections.abc import Callable
from xml.etree import ElementTree as ET

import polars as pl

from race.formats import Race
from report.orderchart import order_chart_svg

Tracks = Callable[[Race], pl.DataFrame]


def of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if element.get("class") == name]


def lines(root: ET.Element, competitor: int) -> list[ET.Element]:
    group = next(g for g in of_class(root, "competitor") if g.get("data-competitor") == str(competitor))
    return of_class(group, "line")


def test_a_line_per_racer_pale_where_only_predicted(race_500: Race, make_tracks: Tracks) -> None:
    root = ET.fromstring(order_chart_svg(race_500, make_tracks(race_500)))
    assert len(lines(root, 1)) == 1
    assert [path.get("opacity") for path in lines(root, 2)] == [None, "0.35", None]


def test_the_line_breaks_where_a_racer_has_no_row(race_500: Race, make_tracks: Tracks) -> None:
    tracks = make_tracks(race_500).filter(~((pl.col("id") == 1) & pl.col("time_s").is_between(10, 12)))
    assert len(lines(ET.fromstring(order_chart_svg(race_500, tracks)), 1)) == 2


def test_unknown_gaps_are_left_out_and_without_any_it_shows_ranks(race_500: Race, make_tracks: Tracks) -> None:
    tracks = make_tracks(race_500).with_columns(gap_s=pl.lit(None, pl.Float64))
    root = ET.fromstring(order_chart_svg(race_500, tracks))
    labels = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {"1", "2", "3", "4"} <= set(labels)
    assert "leader" not in labels


def test_what_is_not_racing_is_shaded(race_500: Race, make_tracks: Tracks) -> None:
    shots = [
        race_500.shots[0].model_copy(update={"end_s": 20.0}),
        race_500.shots[1].model_copy(update={"start_s": 20.0, "end_s": 30.0}),
        race_500.shots[0].model_copy(update={"start_s": 30.0, "end_s": 52.0}),
    ]
    tracks = make_tracks(race_500)
    assert not of_class(ET.fromstring(order_chart_svg(race_500, tracks)), "shot")
    root = ET.fromstring(order_chart_svg(race_500.model_copy(update={"shots": shots}), tracks))
    assert len(of_class(root, "shot")) == 1


def test_long_races_stay_light(race_500: Race, make_tracks: Tracks) -> None:
    tracks = make_tracks(race_500)
    long = pl.concat([tracks.with_columns(time_s=pl.col("time_s") + 46 * k) for k in range(10)])
    assert len(order_chart_svg(race_500, long)) < 150_000


def test_a_single_moment_can_be_drawn(race_500: Race, make_tracks: Tracks) -> None:
    ET.fromstring(order_chart_svg(race_500, make_tracks(race_500).filter(pl.col("frame") == 1)))


def test_tracks_without_order_say_so(race_500: Race, race_empty: Race, make_tracks: Tracks) -> None:
    tracks = make_tracks(race_500)
    assert "no order" in order_chart_svg(race_500, tracks.drop("gap_s", "rank"))
    assert "no order" in order_chart_svg(race_empty, tracks)
