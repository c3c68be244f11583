"""Lead, draft, speeds and lines of racers whose ways are drawn by hand."""

import numpy as np
import pytest

from race.evaluate_pace import pace_scores
from race.events import find_event
from race.formats import Competitor, CornerLine, FinishRow, Gaps, LapSpeed, Pace, Race, Video
from race.ice_order import gaps_in_time
from race.pace import corner_lines, lap_speeds, with_pace
from race.rink import Rink
from tests.race.made_ice import FPS, made_ice

LAP_M = 111.12
THOUSAND = find_event("1000m", "w")
VIDEO = Video(path="v.mp4", sha256="0", duration_s=60, fps=FPS, width=64, height=36, frames=1500)


def a_race(racers: int, **more: object) -> Race:
    competitors = [Competitor(id=k + 1) for k in range(racers)]
    return Race(video=VIDEO, race_start_s=0.0, competitors=competitors, **more)  # type: ignore[arg-type]


def pace(s_m: np.ndarray, d_m: object, race: Race | None = None, metres: bool = True) -> list[Pace]:
    ice = made_ice(s_m, d_m)
    rank = 1.0 + np.argsort(np.argsort(-np.asarray(s_m), axis=0), axis=0)
    race = race or a_race(len(s_m))
    return with_pace(race, ice.ids, rank, gaps_in_time(ice), ice.time_s, ice if metres else None, THOUSAND).pace


def test_the_second_is_in_the_draft_until_it_swings_out_and_leads_from_then() -> None:
    time_s = np.arange(0, 20, 1 / FPS)
    # 2 m behind at 12 m/s; from 10 s on 1 m/s faster and 1.5 m further out: level at 12 s.
    second = 12 * time_s - 2 + np.clip(time_s - 10, 0, None)
    wide = np.where(time_s >= 10, 2.5, 1.0)
    first, other = pace(np.stack([12 * time_s, second]), np.stack([np.ones(len(time_s)), wide]))
    assert first.leading_s == pytest.approx(12, abs=0.1)
    assert other.leading_s == pytest.approx(8, abs=0.1)
    assert (first.drafting_s, other.drafting_s) == (0.0, pytest.approx(10, abs=0.1))
    assert other.placed_s == pytest.approx(20, abs=0.1)
    assert other.gaps is not None
    assert set(other.gaps.ahead) == {1}
    early = [gap for time, gap in zip(other.gaps.time_s, other.gaps.gap_s, strict=True) if 1 < time < 10]
    assert early == pytest.approx([2 / 12] * len(early), abs=0.002)
    assert len(early) >= 17  # every half second
    assert first.gaps is not None
    assert min(first.gaps.time_s) > 12


def test_nothing_counts_before_the_gun_and_after_the_own_finish() -> None:
    time_s = np.arange(0, 20, 1 / FPS)
    finish = [FinishRow(competitor=1, rank=1, time_s=15.0), FinishRow(competitor=2, rank=2, time_s=16.0)]
    race = a_race(2, finish=finish).model_copy(update={"race_start_s": 5.0})
    first, second = pace(np.stack([12 * time_s, 12 * time_s - 12]), 1.0, race)
    assert first.leading_s == pytest.approx(10, abs=0.1)
    assert (second.leading_s, second.ordered_s) == (0.0, pytest.approx(11, abs=0.1))


def test_without_metres_only_the_order_counts() -> None:
    time_s = np.arange(0, 20, 1 / FPS)
    first, second = pace(np.stack([12 * time_s, 12 * time_s - 2]), 1.0, metres=False)
    assert first.leading_s == pytest.approx(20, abs=0.1)
    assert (second.placed_s, second.drafting_s, second.laps, second.corners) == (None, None, [], [])
    assert second.gaps is not None
    assert second.gaps.gap_s


def test_speeds_of_laps_and_their_parts() -> None:
    time_s = np.arange(0, 18.5, 1 / FPS)
    u = -LAP_M + 12 * time_s  # the first two laps of a 1000 m
    speed = np.where(u < 0, 10.0, 14.0)
    speed[(u > 0) & (u < LAP_M / 12)] = 15.0
    first, second = lap_speeds(u, speed, time_s, LAP_M, True)
    assert (first.lap, first.mean_mps, first.top_mps) == (1, 10.0, 10.0)
    assert (second.lap, second.top_mps) == (2, 15.0)
    assert second.profile_mps[:2] == [15.0, 14.0]
    hidden = (u < 0.2 * LAP_M) | (u > 0.5 * LAP_M)
    _, part = lap_speeds(u[hidden], speed[hidden], time_s[hidden], LAP_M, True)
    assert part.profile_mps[3:5] == [None, None]
    early = u < 0.4 * LAP_M
    _, little = lap_speeds(u[early], speed[early], time_s[early], LAP_M, False)
    assert (little.mean_mps, little.top_mps, little.lap) == (None, None, None)


@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_lines_through_corners(shift: float) -> None:
    rink = Rink(track_shift_m=shift)
    half, edge = rink.lap_m / 2, rink.straight_m / 2
    time_s = np.arange(0, 12, 1 / FPS)
    u = 10 * time_s - 5.0
    # From 2 m at the entry of a corner to 0.5 m at its apex and 1 m at its exit, straight lines between.
    local = np.mod(u - shift, half)
    d = np.interp(local, [0, edge, half / 2, half - edge, half], [1.5, 2.0, 0.5, 1.0, 1.5])
    right, left = corner_lines(u, d, np.full(len(u), 0.1), time_s, rink, True)
    assert [(one.corner, one.lap) for one in (right, left)] == [(1, 2), (2, 2)]
    for one in (right, left):
        assert (one.entry_m, one.apex_m, one.exit_m) == pytest.approx((2.0, 0.5, 1.0), abs=0.03)
        assert one.sd_m == 0.1
    assert right.time_s == pytest.approx((edge + shift + 5) / 10, abs=0.01)
    seen = np.abs(np.mod(u, half) - half / 2 - shift) > 3  # 6 m around each apex are not known
    right, _ = corner_lines(u[seen], d[seen], np.full(seen.sum(), 0.1), time_s[seen], rink, True)
    assert right.apex_m is None
    assert (right.entry_m, right.exit_m) == pytest.approx((2.0, 1.0), abs=0.03)


def test_figures_against_the_truth() -> None:
    def row(competitor: int, gap: float, leading: float, draft: float, mps: float, entry: float | None) -> Pace:
        return Pace(
            competitor=competitor,
            ordered_s=20,
            leading_s=leading,
            placed_s=20,
            drafting_s=draft,
            gaps=Gaps(time_s=[1.0, 1.5], ahead=[3 - competitor, 3 - competitor], gap_s=[gap, gap]),
            laps=[LapSpeed(lap=2, from_s=0, mean_mps=mps, top_mps=mps, profile_mps=[])],
            corners=[CornerLine(lap=2, corner=1, time_s=3.0, entry_m=entry, apex_m=0.5, exit_m=None)],
        )

    truth = a_race(2, pace=[row(1, 0.2, 5, 4, 12.0, 2.0), row(2, 0.3, 15, 2, 12.0, 2.0)])
    run = a_race(2, pace=[row(2, 0.25, 6, 4, 12.1, None), row(1, 0.3, 15, 3, 12.0, 2.2)])
    assert pace_scores(run, truth, {1: 2, 2: 1}) == {
        "gap_ms": pytest.approx({"median": 25, "p95": 50}),
        "leading_s": pytest.approx({"median": 0.5, "p95": 0.95}),
        "drafting_share": pytest.approx({"median": 0.025, "p95": 0.0475}),
        "lap_mps": pytest.approx({"median": 0.05, "p95": 0.095}),
        "corner_m": pytest.approx({"median": 0.0, "p95": 0.18}),
    }
    assert pace_scores(a_race(2), truth, {1: 2, 2: 1}) == dict.fromkeys(
        ("gap_ms", "leading_s", "drafting_share", "lap_mps", "corner_m")
    )
