import re
from xml.etree import ElementTree as ET

import pytest

from race.formats import CornerLine, Gaps, LapSpeed, Pace, Race
from report.pacetable import pace_rows
from report.speedchart import speed_chart_svg


def skated(competitor: int, profiles: dict[int | None, list[float | None]]) -> Pace:
    laps = [
        LapSpeed(lap=lap, from_s=0, mean_mps=12.0 + (lap or 0), top_mps=14.0, profile_mps=profile)
        for lap, profile in profiles.items()
    ]
    corners = [
        CornerLine(lap=2, corner=1, time_s=1, entry_m=entry, apex_m=None, exit_m=1.0) for entry in (1.0, 2.0, 2.5)
    ]
    gaps = Gaps(time_s=[1, 2, 3], ahead=[2, 2, 2], gap_s=[0.1, 0.2, 0.6])
    return Pace(
        competitor=competitor,
        ordered_s=40,
        leading_s=8.25,
        placed_s=20,
        drafting_s=5,
        gaps=gaps,
        laps=laps,
        corners=corners,
    )


def lines(text: str, competitor: int) -> list[str]:
    root = ET.fromstring(text)
    group = next(g for g in root.iter() if g.get("data-competitor") == str(competitor))
    return [path.get("d") or "" for path in group.iter() if path.get("class") == "line"]


def test_faster_is_higher_and_what_was_not_seen_breaks_the_line(race_500: Race) -> None:
    known: list[float | None] = [12.0, 12.0, None, 14.0]
    text = speed_chart_svg(race_500.model_copy(update={"pace": [skated(1, {2: known, 3: [13.0] * 4})]}))
    assert text is not None
    before, after = lines(text, 1)
    heights = [float(y) for y in re.findall(r"[ML]\S+ ([\d.]+)", before + after)]
    assert len(heights) == 2 + 5
    assert heights[0] == heights[1]
    assert heights[2] < heights[3] < heights[0]
    assert (heights[3] - heights[2]) / (heights[0] - heights[2]) == pytest.approx(0.5, abs=0.01)


def test_without_laps_or_metres_there_is_no_chart(race_500: Race) -> None:
    assert speed_chart_svg(race_500) is None
    unknown = race_500.model_copy(update={"pace": [skated(1, {None: [12.0] * 4})]})
    assert speed_chart_svg(unknown) is None


def test_the_table_gives_shares_medians_and_dashes(race_500: Race) -> None:
    level_a = Pace(competitor=2, ordered_s=40, leading_s=0)
    rows = pace_rows(race_500.model_copy(update={"pace": [skated(1, {1: [], 2: [], 3: []}), level_a]}))
    assert rows[0].leading == "8.2 of 40.0 s"
    assert (rows[0].gap, rows[0].drafting, rows[0].speed, rows[0].top) == ("0.20 s", "25 %", "14.50", "14.00")
    assert rows[0].corners == ("2.0 · – · 1.0", None)
    assert (rows[1].gap, rows[1].drafting, rows[1].speed, rows[1].corners) == (None, None, None, (None, None))
