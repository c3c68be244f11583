"""Each figure on races of a few rows, with the expected value worked out by hand beside it."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from race.errors import RaceFileError
from race.evaluate import KEYS, best_pairs, evaluate
from race.evaluate_tracks import Boxes, iou, match_boxes, read_boxes

VIDEO = {"path": "v.mp4", "sha256": "0", "duration_s": 20.0, "fps": 10.0, "width": 640, "height": 360, "frames": 200}


def crossing(who: int, lap: int | None, time_s: float | None, rank: int | None, lap_time_s: float | None = None) -> Any:
    return {"competitor": who, "lap": lap, "time_s": time_s, "rank": rank, "lap_time_s": lap_time_s, "source": "truth"}


def finish(who: int, rank: int | None, time_s: float | None, photo: bool = False) -> Any:
    return {"competitor": who, "rank": rank, "time_s": time_s, "race_time_s": time_s, "photo_finish": photo}


def incident(
    kind: str, start: float, end: float, who: list[int], codes: dict[str, float] | None = None, **more: Any
) -> Any:
    listed = [{"code": code, "weight": weight} for code, weight in (codes or {}).items()]
    return {
        **{
            "id": 1,
            "kind": kind,
            "start_s": start,
            "end_s": end,
            "competitors": who,
            "codes": listed,
            "confidence": 0.8,
        },
        **more,
    }


def scores(tmp_path: Path, run: dict[str, Any], truth: dict[str, Any], **files: str) -> dict[str, Any]:
    """``files``: run__tracks and the like, the text of RUN/tracks.txt."""
    for name, content in (("run", run), ("truth", truth)):
        (tmp_path / name).mkdir(exist_ok=True)
        whole = {"video": VIDEO, **content} if name == "run" else content
        (tmp_path / name / ("race.json" if name == "run" else "truth.json")).write_text(json.dumps(whole))
    for key, text in files.items():
        folder, name = key.split("__")
        (tmp_path / folder / f"{name}.txt").write_text(text)
    return evaluate(tmp_path / "run", tmp_path / "truth")


def mot(rows: list[tuple[int, int, float]], visibility: float = 1.0, conf: int = 1, height: float = 20) -> str:
    """Boxes 10 wide at (frame, id, x)."""
    return "".join(f"{frame},{who},{x},50,10,{height},{conf},1,{visibility}\n" for frame, who, x in rows)


def test_every_key_is_there_and_null_where_nothing_can_be_said(tmp_path: Path) -> None:
    got = scores(tmp_path, {}, {})
    assert tuple(got) == KEYS
    assert set(got.values()) == {None}


def test_ranks_crossing_and_lap_times(tmp_path: Path) -> None:
    truth = {"crossings": [crossing(1, 1, 5.0, 1), crossing(2, 1, 5.4, 2), crossing(1, 2, 14.0, 1, 9.0)]}
    truth["crossings"].append(crossing(2, 2, 14.2, 2, 8.8))
    run = {"crossings": [crossing(1, 1, 5.01, 1), crossing(2, 1, 5.43, 2), crossing(1, 2, 14.0, 2, 8.99)]}
    # Of four ranks two are right: the third is wrong, the fourth missing, which counts as wrong.
    # Times are off by 10, 30 and 0 ms; the one lap time there is by 10 ms.
    got = scores(tmp_path, run, truth)
    assert got["rank_accuracy"] == 0.5
    assert got["crossing_error_ms"] == pytest.approx({"median": 10, "p95": 28})
    assert got["lap_time_error_ms"] == pytest.approx({"median": 10, "p95": 10})
    assert got["coverage"] == 1


def test_a_competitor_left_over_counts_wrong(tmp_path: Path) -> None:
    truth = {"crossings": [crossing(1, 1, 5.0, 1), crossing(2, 1, 8.0, 2)]}
    got = scores(tmp_path, {"crossings": [crossing(7, 1, 5.1, 1)]}, truth)
    assert got["rank_accuracy"] == 0.5


def test_ids_of_the_run_may_be_others(tmp_path: Path) -> None:
    truth = {"crossings": [crossing(1, 1, 5.0, 1), crossing(2, 1, 5.3, 2)]}
    got = scores(tmp_path, {"crossings": [crossing(9, 1, 5.02, 1), crossing(4, 1, 5.31, 2)]}, truth)
    assert got["rank_accuracy"] == 1


def test_what_could_not_be_seen_counts_in_coverage_alone(tmp_path: Path) -> None:
    # Ten frames a second. Racer 1 is seen at 0.4 s from its crossing at 5.0 s, racer 2 only hidden and 0.6 s from its.
    seen = mot([(55, 1, 100)]) + mot([(51, 2, 300)], visibility=0.4) + mot([(57, 2, 300)])
    truth = {"video": VIDEO, "crossings": [crossing(1, 1, 5.0, 1), crossing(2, 1, 5.0, 1)]}
    got = scores(tmp_path, {}, truth, truth__truth_mot=seen)
    assert got["coverage"] == 0.5
    assert got["rank_accuracy"] == 0  # of the one that could be seen


def test_pictures_of_a_replay_show_nothing_that_happens(tmp_path: Path) -> None:
    shots = [{"start_s": 0, "end_s": 4.5, "kind": "race"}, {"start_s": 4.5, "end_s": 20, "kind": "replay"}]
    truth = {"video": VIDEO, "crossings": [crossing(1, 1, 5.0, 1)], "shots": shots}
    got = scores(tmp_path, {}, truth, truth__truth_mot=mot([(51, 1, 100)]))
    assert got["coverage"] == 0
    assert got["rank_accuracy"] is None


@pytest.mark.parametrize(
    ("ranks", "flags", "order", "photo"),
    [
        ((1, 2, 3), (False, False, False), True, False),
        ((2, 1, 3), (True, True, False), True, True),  # 1 and 2 are 10 ms apart: their order is not asked
        ((1, 3, 2), (True, True, False), False, True),
        ((1, 2, None), (True, False, True), False, False),
        ((1, 2, 2), (True, True, True), False, True),
    ],
)
def test_finish_order_and_photo_finish(
    tmp_path: Path, ranks: tuple[int | None, ...], flags: tuple[bool, ...], order: bool, photo: bool
) -> None:
    names = [{"id": who, "name": f"N{who}"} for who in (1, 2, 3)]
    truth = {"competitors": names, "finish": [finish(1, 1, 41.0), finish(2, 2, 41.01), finish(3, 3, 41.04)]}
    run = {"competitors": names, "finish": [finish(k + 1, ranks[k], None, flags[k]) for k in range(3)]}
    got = scores(tmp_path, run, truth)
    assert got["finish_order_correct"] is order
    assert got["photo_finish_correct"] is photo
    assert got["rank_accuracy"] is None  # a truth that is only a finish


def test_falls_are_found_within_a_second_and_by_who_fell(tmp_path: Path) -> None:
    names = [{"id": who, "name": f"N{who}"} for who in (1, 2, 3)]
    truth = {"competitors": names, "incidents": [incident("fall", 5, 8, [1]), incident("fall", 5.2, 8, [2])]}
    run = {
        "competitors": names,
        "incidents": [
            incident("fall", 5.5, 9, [1, 2], roles={"1": "fallen", "2": "fallen"}),  # both, told in one
            incident("fall", 7.0, 9, [1]),  # too late, and that one is found already
            incident("fall", 5.0, 9, [3]),
        ],
    }
    assert scores(tmp_path, run, truth)["falls"] == {"truth": 2, "found": 2, "false": 2}


def test_a_fall_of_nobody_known_is_not_found_and_false_only_where_nobody_fell(tmp_path: Path) -> None:
    names = [{"id": 1, "name": "Ana"}]
    truth = {"competitors": names, "incidents": [incident("fall", 5, 8, [1])]}
    run = {"competitors": names, "incidents": [incident("fall", 5.4, 8, []), incident("fall", 20, 22, [])]}
    assert scores(tmp_path, run, truth)["falls"] == {"truth": 1, "found": 0, "false": 1}


def test_passes_need_the_same_two_in_the_same_roles(tmp_path: Path) -> None:
    names = [{"id": who, "name": f"N{who}"} for who in (1, 2)]
    truth = {"competitors": names, "passes": [{"time_s": 5, "by": 1, "on": 2}, {"time_s": 12, "by": 2, "on": 1}]}
    run = {"competitors": names, "passes": [{"time_s": 5.9, "by": 1, "on": 2}, {"time_s": 12.1, "by": 1, "on": 2}]}
    assert scores(tmp_path, run, truth)["passes"] == {"truth": 2, "found": 1, "false": 1}


def test_incidents_overlap_and_share_the_family_of_their_likeliest_code(tmp_path: Path) -> None:
    truth = {
        "incidents": [incident("lane_change", 5, 6, [1, 2], {"C1": 1}), incident("push", 9, 10, [1, 2], {"S5": 1})]
    }
    run = {
        "incidents": [
            incident("contact", 5.5, 7, [1, 2], {"S1": 0.3, "C3": 0.7}, confidence=0.9),
            incident("push", 9.5, 9.6, [1, 2], {"F5": 1}, confidence=0.6),
            incident("slow", 15, 16, [1], confidence=0.4),
            incident("fall", 5, 6, [1]),
        ]
    }
    got = scores(tmp_path, run, truth)["incidents"]
    assert (got["truth"], got["found"], got["false"], got["right_family"]) == (2, 2, 1, 1)
    assert [(row["confidence"], row["real"]) for row in got["calibration"]] == [(0.9, True), (0.6, True), (0.4, False)]


def test_naming_takes_a_family_name_that_one_alone_bears(tmp_path: Path) -> None:
    names = ["Ana ÁDÁM", "Eva KOWAL", "Lea KOWAL", "Mei ZHOU"]
    truth = {
        "competitors": [{"id": k + 1, "name": name} for k, name in enumerate(names)],
        "crossings": [crossing(k + 1, 1, 5.0 + 2 * k, k + 1) for k in range(4)],
    }
    told = ["adam", "KOWAL", "L. KOWAL", "ANA"]  # right, ambiguous, right, somebody else
    run = {
        "competitors": [{"id": k + 1, "name": name} for k, name in enumerate(told)],
        "crossings": truth["crossings"],
    }
    assert scores(tmp_path, run, truth)["naming"] == 0.5
    for k, name in enumerate(
        ["A. ÁDÁ", "E. KOWA", "KOWA", "ZH"]
    ):  # as graphics cut them: too short, right, ambiguous ...
        run["competitors"][k]["name"] = name
    assert scores(tmp_path, run, truth)["naming"] == 0.25


def test_computing_is_the_runs_own(tmp_path: Path) -> None:
    run = {"computing": {"seconds": 30.0, "peak_memory_mb": 700.0, "version": "1"}}
    got = scores(tmp_path, run, {"finish": []})
    assert (got["seconds_per_second"], got["peak_memory_mb"]) == (1.5, 700)


def test_identity_and_detection_on_two_racers_that_change_places(tmp_path: Path) -> None:
    pytest.importorskip("trackeval")
    frames = range(1, 11)
    truth = mot([(n, 1, 0) for n in frames] + [(n, 2, 100) for n in frames]) + mot([(1, -1, 300)], conf=0)
    # The ids are swapped from frame 6 on, and one box is missing in frame 10.
    tracks = [(n, 1 if n < 6 else 2, 0) for n in frames] + [(n, 2 if n < 6 else 1, 100) for n in range(1, 10)]
    text = "".join(f"{frame},{who},{x},50,10,20,0.9,-1,-1,-1\n" for frame, who, x in tracks)
    found = (
        "".join(f"{frame},-1,{x},50,10,20,0.9\n" for frame, _, x in tracks)
        + "1,-1,300,50,10,20,0.3\n1,-1,500,50,10,20,0.9\n"
    )
    got = scores(
        tmp_path, {}, {"video": VIDEO, "crossings": []}, run__tracks=text, truth__truth_mot=truth, run__det=found
    )
    assert got["identity"]["switches"] == 2
    # IDF1 = 2 IDTP / (true boxes + tracked boxes): each track keeps its first identity, 5 + 5 of 20 and 19; the other
    # way round would give 4 + 5.
    assert got["identity"]["idf1"] == pytest.approx(2 * 10 / (20 + 19))
    # Of 20 true boxes 19 are found; of 21 detections one shows nobody, the one on the official is right.
    assert got["detection"] == pytest.approx({"recall50": 19 / 20, "precision50": 20 / 21})


def test_registration_is_judged_where_level_b_is_claimed(tmp_path: Path) -> None:
    pytest.importorskip("trackeval")
    frames = list(range(1, 5))
    boxes = mot([(n, 1, 0) for n in frames])
    (tmp_path / "run").mkdir()
    (tmp_path / "truth").mkdir()
    x = [0.3, 0.1, 0.2, 9.0]
    pl.DataFrame({"frame": frames, "id": [5] * 4, "x_m": x, "y_m": [0.4, 0.0, 0.0, 0.0]}).write_parquet(
        tmp_path / "run/tracks.parquet"
    )
    pl.DataFrame({"frame": frames, "level": ["B", "B", "C", "A"]}).write_parquet(tmp_path / "run/camera.parquet")
    pl.DataFrame(
        {"frame": frames, "competitor": [1] * 4, "racing": [True] * 4, "x_m": [0.0] * 4, "y_m": [0.0] * 4}
    ).write_parquet(tmp_path / "truth/truth_people.parquet")
    truth = {"video": VIDEO, "race_start_s": 0.0, "finish": [finish(1, 1, 0.4)]}
    tracks = "".join(f"{n},5,0,50,10,20,0.9,-1,-1,-1\n" for n in frames)
    got = scores(tmp_path, {}, truth, run__tracks=tracks, truth__truth_mot=boxes)["registration_m"]
    # Misses of 0.5, 0.1 and 0.2 m; the race lasts from frame 1 to frame 5, three of the five claim B or C.
    assert got == pytest.approx({"median": 0.2, "p95": 0.47, "max": 0.5, "coverage": 0.6})


@given(st.lists(st.lists(st.integers(0, 5), min_size=3, max_size=3), min_size=1, max_size=4))
def test_best_pairs_are_those_of_trying_them_all(rows: list[list[int]]) -> None:
    score = np.array(rows, float)
    small, large = sorted(score.shape)
    wide = score if score.shape[0] <= score.shape[1] else score.T
    most = max(
        sum(wide[k, column] for k, column in enumerate(columns))
        for columns in itertools.permutations(range(large), small)
    )
    pairs = best_pairs(score)
    assert sum(score[t, r] for t, r in pairs) == most
    assert len({t for t, _ in pairs}) == len({r for _, r in pairs}) == len(pairs)


def test_iou_of_boxes_worked_out_by_hand() -> None:
    a = np.array([[0.0, 0, 10, 10]])
    b = np.array([[0.0, 0, 10, 10], [5, 0, 10, 10], [20, 0, 10, 10], [0, 0, 0, 0]])
    assert iou(a, b)[0] == pytest.approx([1, 1 / 3, 0, 0])


def test_boxes_are_matched_best_first_and_once() -> None:
    def boxes(rows: list[tuple[int, int, float]]) -> Boxes:
        table = np.array(rows, float)
        box = np.column_stack([table[:, 2], np.zeros(len(rows)), np.full((len(rows), 2), 10.0)])
        ones = np.ones(len(rows))
        return Boxes(table[:, 0].astype(int), table[:, 1].astype(int), box, ones, ones)

    got = match_boxes(boxes([(1, 7, 0), (1, 8, 2), (2, 7, 50)]), boxes([(1, 1, 2), (2, 2, 60)]))
    assert got.tolist() == [[1, 8, 1]]


def test_errors_name_the_file_and_the_line(tmp_path: Path) -> None:
    with pytest.raises(RaceFileError, match=r"no race\.json in this folder"):
        evaluate(tmp_path, tmp_path)
    (tmp_path / "tracks.txt").write_text("1,1,2,3\n")
    with pytest.raises(RaceFileError, match=r"tracks\.txt:1: expected frame,id"):
        read_boxes(tmp_path / "tracks.txt")
    (tmp_path / "race.json").write_text(json.dumps({"video": VIDEO}))
    (tmp_path / "truth.json").write_text("[1]")
    with pytest.raises(RaceFileError, match=r"truth\.json: not a truth file"):
        evaluate(tmp_path / "race.json", tmp_path / "truth.json")
