from pathlib import Path

import pytest

from race.errors import RaceFileError
from race.start_list import Entry, read_start_list


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "start.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_by_start_position_with_extra_columns_passed_through(tmp_path):
    path = written(tmp_path, "\ufeffstart_position,name,team,helmet,club\n2,Bea Blø,NOR,12,Oslo\n\n1,Anna A,NED,,x\n")
    assert read_start_list(path) == [
        Entry(1, "Anna A", "NED", None, {"club": "x"}),
        Entry(2, "Bea Blø", "NOR", "12", {"club": "Oslo"}),
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1: no column start_position"),
        ("start_position,team\n1,NED\n", "line 1: no column name"),
        ("start_position,name\n", "no starters"),
        ("start_position,name\n1,Anna\nx,Bea\n", "line 3, column start_position: expected a number from 1, got 'x'"),
        ("start_position,name\n0,Anna\n", "line 2, column start_position"),
        ("start_position,name\n1,\n", "line 2, column name: empty"),
        ("start_position,name\n1,Anna,NED\n", "line 2: 3 columns, but the first line has 2"),
        ('start_position,name\n1,"Anna\n', "line 2"),
        ("start_position,name\n1,Anna\n1,Bea\n", "1 is both Anna and Bea"),
    ],
)
def test_malformed_names_line_and_column(tmp_path, text, where):
    path = written(tmp_path, text)
    with pytest.raises(RaceFileError, match=r"start\.csv") as error:
        read_start_list(path)
    assert where in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_or_binary_file(tmp_path):
    with pytest.raises(RaceFileError, match=r"none\.csv: No such file"):
        read_start_list(tmp_path / "none.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(RaceFileError, match="UTF-8"):
        read_start_list(tmp_path / "b.csv")
