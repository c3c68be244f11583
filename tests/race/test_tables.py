import numpy as np
import polars as pl

from race.reconstruct import Given, reconstruct
from race.tables import IN_METRES, write_camera, write_detections, write_track_tables
from tracking import Corrections, read_corrections


def test_tables_of_a_race(race, tmp_path):
    observations, _ = race([30.0, 27.0], [12.0, 12.0], [0.0, 1.0], 4.0)
    result = reconstruct(observations, Given())
    write_track_tables(result, tmp_path)
    table = pl.read_parquet(tmp_path / "tracks.parquet")
    assert set(table["id"]) == {1, 2}
    assert set(table.drop_nulls("rank")["rank"]) == {1, 2}
    assert table.filter(pl.col("rank") == 1)["gap_s"].drop_nulls().max() == 0.0
    assert 0.15 < table.filter(pl.col("rank") == 2)["gap_s"].drop_nulls().median() < 0.35  # 3 m at 12 m/s
    for name in IN_METRES:  # no metres without the camera's pose
        assert table[name].is_null().all()
        assert table[f"{name}_sd"].is_null().all()
    lines = (tmp_path / "tracks.txt").read_text().splitlines()
    assert len(lines) == len(table)
    assert lines[0].endswith(",-1,-1,-1")


def test_identities_swapped_by_hand_carry_their_ranks_along(race, tmp_path):
    observations, _ = race([34.0, 30.0, 26.0], [12.0] * 3, [0.0, 1.0, 0.4], 4.0)
    first = reconstruct(observations, Given())
    assert len(first.race.competitors) == 3
    (tmp_path / "fix.txt").write_text("at 0.0 s 1 <-> 3\n")
    swapped = reconstruct(observations, Given(corrections=read_corrections(tmp_path / "fix.txt")))
    write_track_tables(swapped, tmp_path)
    np.testing.assert_array_equal(swapped.rank[0], first.rank[2])
    assert Given().corrections == Corrections()


def test_camera_and_detections(race, tmp_path):
    observations, _ = race([30.0], [12.0], [0.0], 1.0)
    write_camera(observations, "A", tmp_path / "camera.parquet")
    camera = pl.read_parquet(tmp_path / "camera.parquet")
    assert camera["frame"].to_list() == list(range(1, 26))
    assert camera["h00"][0] is None  # nothing before the first picture: unknown, not rest
    assert camera["level"].to_list() == [None] + ["A"] * 24
    write_detections(observations.detections, tmp_path / "det.txt")
    frame, nobody, *box, score = (tmp_path / "det.txt").read_text().splitlines()[0].split(",")
    assert (frame, nobody, score) == ("1", "-1", "0.9000")
    np.testing.assert_allclose([float(value) for value in box], observations.detections.box[0], atol=0.01)
