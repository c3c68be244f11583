import csv
from pathlib import Path

from race.formats import Race
from report.exports import write_incidents_csv, write_laps_csv


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_laps_have_the_columns_of_the_contract_and_a_row_per_crossing(race_500: Race, tmp_path: Path) -> None:
    write_laps_csv(race_500, tmp_path / "laps.csv")
    header = (tmp_path / "laps.csv").read_text().splitlines()[0]
    assert header == "competitor,lap,time_s,time_sd_s,lap_time_s,rank,source"
    got = rows(tmp_path / "laps.csv")
    assert len(got) == len(race_500.crossings)
    assert got[1] == {
        "competitor": "1",
        "lap": "2",
        "time_s": "18.12",
        "time_sd_s": "0.012",
        "lap_time_s": "9.02",
        "rank": "2",
        "source": "vision",
    }


def test_unknown_is_an_empty_cell(race_500: Race, tmp_path: Path) -> None:
    write_laps_csv(race_500, tmp_path / "laps.csv")
    unseen = next(row for row in rows(tmp_path / "laps.csv") if (row["competitor"], row["lap"]) == ("3", "4"))
    assert (unseen["time_s"], unseen["rank"], unseen["lap_time_s"]) == ("", "", "")


def test_incidents_are_in_order_of_time(race_500: Race, tmp_path: Path) -> None:
    write_incidents_csv(race_500, tmp_path / "incidents.csv")
    contact, fall = rows(tmp_path / "incidents.csv")
    assert contact == {
        "time_s": "30.6",
        "kind": "contact",
        "competitors": "3 4",
        "codes": "C1:0.55 C4:0.2",
        "confidence": "0.62",
        "clip": "clips/2.mp4",
    }
    assert (fall["kind"], fall["codes"], fall["clip"]) == ("fall", "", "")


def test_a_race_without_anything_leaves_headers(race_empty: Race, tmp_path: Path) -> None:
    write_laps_csv(race_empty, tmp_path / "laps.csv")
    write_incidents_csv(race_empty, tmp_path / "incidents.csv")
    assert rows(tmp_path / "laps.csv") == rows(tmp_path / "incidents.csv") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["incidents.csv", "laps.csv"]
