from html.parser import HTMLParser
from pathlib import Path

import pytest

from race.errors import RaceFileError
from race.formats import Race, write_race
from report.html import results, write_report

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects what a page refers to, its text and its titles, and checks that its tags are nested rightly."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.titles: list[str] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.references += [value for key in ("href", "src") if (value := found.get(key)) is not None]
        self.titles += [value for key in ("title",) if (value := found.get(key)) is not None]
        self.ids += [value for key in ("id",) if (value := found.get(key)) is not None]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.words))


def page_of(race: Race, folder: Path) -> Page:
    write_race(race, folder / "race.json")
    return Page(write_report(folder).read_text(encoding="utf-8"))


def test_the_page_holds_everything_and_needs_nothing(run_500: Path) -> None:
    text = write_report(run_500).read_text(encoding="utf-8")
    page = Page(text)
    assert page.references == []
    assert text.count("http") == text.count('xmlns="http://www.w3.org/2000/svg"')
    wanted = {"warnings", "result", "charts", "laps", "passes", "incidents", "identity", "timeline", "scorebug"}
    assert wanted | {"computing"} <= set(page.ids)
    assert text.count("<svg xmlns") == 4 and len(page.ids) == len(set(page.ids))
    assert sorted(path.name for path in run_500.iterdir() if path.suffix in (".html", ".svg", ".part")) == [
        "lapchart.svg",
        "report.html",
    ]


def test_names_are_escaped_and_every_script_is_kept(race_500: Race, tmp_path: Path) -> None:
    evil = race_500.model_copy(update={"warnings": ["<script>alert(1)</script>"]})
    page = page_of(evil, tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>Bold" not in text and "<script>alert" not in text
    assert "Eve <b>Bold</b> & Co" in page.text and "김길리" in page.text and "Jürgen Müller" in page.text


def test_the_lap_table_reads_like_a_protocol(race_500: Race, tmp_path: Path) -> None:
    text = page_of(race_500, tmp_path).text
    assert "[1] 7.10" in text  # 9.10 s of the video, the start at 2.0
    assert "[2] 16.12 (9.02) ±0.01 vision" in text
    assert "[2] 24.7 (8.7) ±0.3 interpolated" in text


def test_unknown_is_a_dash_with_its_reason_and_never_zero(race_500: Race, tmp_path: Path) -> None:
    page = page_of(race_500, tmp_path)
    assert {"did not finish", "was not seen crossing here", "side not known", "not measured"} <= set(page.titles)
    assert "helmet number not known" in page.titles
    assert "None" not in page.text and "nan" not in page.text.split()


def test_without_a_start_there_is_no_race_time_but_the_time_of_the_video(race_relay: Race, tmp_path: Path) -> None:
    page = page_of(race_relay, tmp_path)
    assert any(title.startswith("no race time") for title in page.titles)
    assert "7.55" in page.text and "+0.08" in page.text and "photo finish" in page.text
    assert "4 teams" in page.text


def test_results_put_those_without_a_rank_last(race_500: Race) -> None:
    rows = results(race_500)
    assert [(row.competitor.id, row.rank) for row in rows] == [(1, 1), (2, 2), (3, 3), (4, None)]
    assert [row.gap_s for row in rows] == [0.0, pytest.approx(0.012), pytest.approx(0.65), None]


def test_a_video_without_racers_has_a_page(race_empty: Race, tmp_path: Path) -> None:
    page = page_of(race_empty, tmp_path)
    assert "No competitor was found" in page.text and "no skater was found" in page.text
    assert "charts" not in page.ids


def test_sightings_are_told_as_sightings(race_sightings: Race, tmp_path: Path) -> None:
    assert "lap unknown" in page_of(race_sightings, tmp_path).text


def test_videos_are_linked_only_where_they_are(run_500: Path) -> None:
    (run_500 / "annotated.mp4").write_bytes(b"")
    (run_500 / "clips").mkdir()
    (run_500 / "clips" / "2.mp4").write_bytes(b"")
    references = Page(write_report(run_500).read_text(encoding="utf-8")).references
    assert "annotated.mp4" in references and "clips/2.mp4" in references
    assert "annotated.mp4#t=30.60" in references
    assert {reference.partition("#")[0] for reference in references} == {"annotated.mp4", "clips/2.mp4"}


def test_a_clip_outside_the_folder_is_not_linked(race_500: Race, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / "other.mp4").write_bytes(b"")
    incidents = [race_500.incidents[1].model_copy(update={"clip": "../other.mp4"})]
    assert page_of(race_500.model_copy(update={"incidents": incidents}), run).references == []


def test_a_run_without_race_or_with_broken_tracks_is_one_clear_line(race_500: Race, tmp_path: Path) -> None:
    with pytest.raises(RaceFileError, match=r"no race\.json"):
        write_report(tmp_path)
    write_race(race_500, tmp_path / "race.json")
    (tmp_path / "tracks.parquet").write_text("not parquet")
    with pytest.raises(RaceFileError, match=r"tracks\.parquet"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()
