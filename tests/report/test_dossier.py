"""The card's drawing and its list of evidence."""

from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest

from race.formats import Incident
from race.rink import Rink
from report.dossier import incident_svg
from report.evidence import Row, evidence_rows

NAMES = {1: "Ana", 2: "Bea & Co", 3: "Cleo"}
COLOURS = {1: "#0072b2", 2: "#d55e00", 3: "#009e73"}
SVG = "{http://www.w3.org/2000/svg}"


def incident(*competitors: int, **changes: object) -> Incident:
    row = Incident(
        id=7, kind="lane_change", start_s=9.2, end_s=10.6, at_s=10.0, competitors=list(competitors), confidence=0.7
    )
    return row.model_copy(update=changes)


def tracks(known: bool = True) -> pl.DataFrame:
    """Three racers on the near straight and into the corner: 1 passes 2 at 10 s, half a metre outside; 3 follows."""
    rink, rows = Rink(), []
    for id_, ahead, speed, d in ((1, 0.0, 13.0, 1.5), (2, 0.0, 12.0, 1.0), (3, -4.0, 12.0, 1.0)):
        for k in range(500):
            t = k / 25
            s = 5.0 + ahead + speed * (t - 10)
            x, y = rink.to_ice(np.array([[s, d]]))[0]
            values = {"x_m": x, "y_m": y, "s_m": s, "d_m": d, "speed_mps": speed, "x_m_sd": 0.1}
            rows.append({"id": id_, "time_s": t} | (values if known else dict.fromkeys(values)))
    columns = ("x_m", "y_m", "s_m", "d_m", "speed_mps", "x_m_sd")
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(columns, pl.Float64))


def drawn(row: Incident) -> ET.Element:
    text = incident_svg(row, tracks(), Rink(), NAMES, COLOURS)
    assert text is not None
    return ET.fromstring(text)


def test_both_paths_are_drawn_in_their_colours_and_named() -> None:
    root = drawn(incident(1, 2))
    strokes = [path.get("stroke") for path in root.iter(f"{SVG}path")]
    assert {COLOURS[1], COLOURS[2]} <= set(strokes)
    assert COLOURS[3] not in strokes  # who is not concerned is grey
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert "Ana" in texts and "Bea & Co" in texts and "Cleo" not in texts


def test_two_racers_have_speed_distance_and_overlap() -> None:
    texts = [text.text or "" for text in drawn(incident(1, 2)).iter(f"{SVG}text")]
    assert [one for one in ("speed", "distance", "overlap") if any(t.startswith(one) for t in texts)] == [
        "speed",
        "distance",
        "overlap",
    ]


def test_one_racer_has_speed_and_place() -> None:
    texts = [text.text or "" for text in drawn(incident(1)).iter(f"{SVG}text")]
    assert any(t.startswith("speed") for t in texts) and any(t.startswith("outside") for t in texts)


def test_bodies_lie_half_a_metre_apart_at_the_moment() -> None:
    """The ellipses' centres against the scale bar of the same drawing."""
    root = drawn(incident(1, 2))
    one, two = [(float(e.get("cx", 0)), float(e.get("cy", 0))) for e in root.iter(f"{SVG}ellipse")]
    bar = next(text for text in root.iter(f"{SVG}text") if (text.text or "").endswith(" m"))
    metres = float((bar.text or "").split()[0])
    paths = [path.get("d", "") for path in root.iter(f"{SVG}path") if path.get("stroke-width") == "2"]
    ends = [tuple(map(float, point.split())) for point in paths[0].lstrip("M").split("L")]
    scale = (ends[1][0] - ends[0][0]) / metres
    assert np.hypot(one[0] - two[0], one[1] - two[1]) / scale == pytest.approx(0.5, abs=0.05)


def test_without_metres_there_is_no_drawing() -> None:
    assert incident_svg(incident(1, 2), tracks(known=False), Rink(), NAMES, COLOURS) is None
    bare = tracks().select("id", "time_s")
    assert incident_svg(incident(1, 2), bare, Rink(), NAMES, COLOURS) is None


def test_evidence_has_units_uncertainties_and_names() -> None:
    row = incident(
        1,
        2,
        evidence={
            "where": "corner",
            "distance_m": 0.42,
            "distance_sd_m": 0.15,
            "moved_sideways_m": {"1": -0.7, "2": None},
            "moved_sideways_sd_m": 0.2,
            "speed_before_mps": {"1": 12.5, "2": 12.0},
            "changed_line": [2],
            "impeded_in_qualifying_place": True,
            "impeded_rank": 2,
            "overlap_at_corner_entry_m": None,
            "fallen_together": [],
        },
    )
    assert evidence_rows(row, NAMES) == [
        Row("where", "corner"),
        Row("distance", "0.42 m ± 0.15"),
        Row("moved sideways", "Ana −0.7 m, Bea & Co not measured ± 0.2"),
        Row("speed before", "Ana 12.5 m/s, Bea & Co 12 m/s"),
        Row("changed line", "Bea & Co"),
        Row("in a qualifying place", "yes"),
        Row("place of the impeded", "2"),
        Row("overlap at corner entry", None),
        Row("known to have fallen within 2.5 s", "nobody measurably"),
    ]


def test_a_fall_is_drawn_along_the_way_of_the_body_that_fell() -> None:
    time_s = np.arange(8.0, 14.0, 0.04)
    slides = {"time_s": time_s, "x_m": 2.0 * time_s, "y_m": 0 * time_s, "d_m": 0 * time_s, "speed_mps": 0 * time_s + 2}
    way = {name: values.tolist() for name, values in slides.items()}

    def line(row: Incident) -> str:
        return max((p.get("d") or "" for p in drawn(row).iter(f"{SVG}path") if p.get("stroke") == COLOURS[1]), key=len)

    taken_for = incident(1, kind="fall", start_s=10.0)
    fell = incident(1, kind="fall", start_s=10.0, evidence={"way": way})
    heights = [float(pair.split()[-1]) for pair in line(fell).replace("M", "L").replace(",", " ").split("L") if pair]
    assert max(heights) - min(heights) < 0.01  # straight along x, which the racer's own path is not
    assert line(fell) != line(taken_for)
    assert evidence_rows(fell, NAMES) == []


def test_a_fall_of_nobody_knows_whom_is_drawn_too() -> None:
    time_s = np.arange(8.0, 14.0, 0.04)
    slides = {"time_s": time_s, "x_m": 2.0 * time_s, "y_m": 0 * time_s, "d_m": 0 * time_s, "speed_mps": 0 * time_s + 2}
    way = {name: values.tolist() for name, values in slides.items()}
    root = drawn(incident(kind="fall", start_s=10.0, evidence={"way": way}))
    assert "not known who" in [text.text for text in root.iter(f"{SVG}text")]
    assert incident_svg(incident(), tracks(), Rink(), NAMES, COLOURS) is None


def test_who_was_nearest_to_a_fall_is_drawn_and_named_beside_it() -> None:
    root = drawn(incident(1, kind="fall", start_s=10.0, evidence={"brought_down_by": 2, "distance_to_it_m": 0.6}))
    texts = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert "Ana" in texts and "Bea & Co" in texts and "Cleo" not in texts
    assert any(text.startswith("distance between") for text in texts)
