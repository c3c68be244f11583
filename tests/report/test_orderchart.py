from collections.abc import Callable
from xml.etree import ElementTree as ET

import polars as pl
import pytest

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


def last_point(root: ET.Element, competitor: int) -> tuple[float, float]:
    x, y = (lines(root, competitor)[-1].get("d") or "").replace("M", " ").replace("L", " ").split()[-2:]
    return float(x), float(y)


def test_lines_end_where_the_finish_says(race_500: Race, make_tracks: Tracks) -> None:
    """Who is home coasts, and the gaps measured from then on would bring the last to the first."""
    tracks = make_tracks(race_500).with_columns(
        gap_s=pl.when(pl.col("time_s") > 43.9).then(0.0).otherwise(pl.col("gap_s"))
    )
    root = ET.fromstring(order_chart_svg(race_500, tracks))
    (x1, y1), (x2, y2), (x3, y3) = (last_point(root, k) for k in (1, 2, 3))
    assert (y3 - y1) / (y2 - y1) == pytest.approx(0.65 / 0.012, rel=0.2)  # 44.6 and 43.962 after 43.95 s
    assert x1 < x2 < x3


def test_the_name_of_who_fell_stands_where_the_line_ends(race_500: Race, make_tracks: Tracks) -> None:
    tracks = make_tracks(race_500).filter((pl.col("id") != 4) | (pl.col("time_s") < 20.0))
    root = ET.fromstring(order_chart_svg(race_500, tracks))
    early = of_class(root, "name early")
    assert len(early) == 1
    assert len(of_class(root, "name")) == 3
    assert abs(float(early[0].get("x") or 0) - last_point(root, 4)[0]) < 20


def test_nobody_is_drawn_ahead_of_the_leader(race_500: Race, make_tracks: Tracks) -> None:
    tracks = make_tracks(race_500)
    level = ET.fromstring(order_chart_svg(race_500, tracks.with_columns(gap_s=pl.lit(0.0))))
    ahead = ET.fromstring(order_chart_svg(race_500, tracks.with_columns(gap_s=pl.lit(-0.5))))
    assert last_point(ahead, 1)[1] == last_point(level, 1)[1]
