import numpy as np
import pytest

from race.clock import ClockRun
from race.events import find_event
from race.formats import ScorebugReading, ScorebugRow
from race.told import LEAST_SD_S, in_time, told_crossings

EVENT = find_event("1000m")
LAPS_S = {"HALE": [13.0, 9.5, 9.2, 9.0], "KOWAL": [13.2, 9.6, 9.0, 8.8], "MIN": [13.5, 9.4, 9.3, 9.1]}
CROSSED_S = {name: np.cumsum(laps) for name, laps in LAPS_S.items()}


def readings(at_once=False, lag_s=0.0):
    """A reading every 0.1 s of a score bug whose rows come up as each crosses, or all of them with the leader."""
    out = []
    for time_s in np.arange(0.0, 45.0, 0.1):
        lap = max(int(np.sum(times + lag_s <= time_s)) for times in CROSSED_S.values())
        order = sorted(CROSSED_S, key=lambda name, lap=lap: CROSSED_S[name][lap - 1]) if lap else []
        rows = [
            ScorebugRow(rank=n + 1, name=name, lap_time_s=LAPS_S[name][lap - 1] if lap > 1 else None)
            for n, name in enumerate(order)
            if at_once or CROSSED_S[name][lap - 1] + lag_s <= time_s
        ]
        out.append(ScorebugReading(time_s=float(time_s), clock_s=float(time_s), laps_to_go=9 - lap, rows=rows))
    return out


def test_rows_that_come_up_as_racers_cross_tell_when():
    told = told_crossings(readings(), EVENT, None)
    assert [(one.lap, one.rank, one.name) for one in told if one.lap == 4] == [
        (4, 1, "KOWAL"),
        (4, 2, "HALE"),
        (4, 3, "MIN"),
    ]
    assert len(told) == 12
    for one in told:
        assert one.time_s == pytest.approx(CROSSED_S[one.name][one.lap - 1], abs=0.11)
        assert one.time_sd_s >= LEAST_SD_S


def test_a_row_that_is_read_late_is_put_right_by_lap_times():
    late = [
        row.model_copy(update={"rows": [r for r in row.rows if r.name != "MIN"]}) if 32.0 < row.time_s < 35.0 else row
        for row in readings()
    ]
    told = {(one.lap, one.name): one for one in told_crossings(late, EVENT, None)}
    assert told[3, "MIN"].time_s == pytest.approx(CROSSED_S["MIN"][2], abs=0.2)


def test_rows_are_never_read_early_so_that_the_soonest_of_a_name_tells_most():
    """Every row is read late by its own time, 0.5 s in the mean; lap times tie those of a name together."""
    rng = np.random.default_rng(7)
    late_s = {(name, lap): rng.exponential(0.5) for name in CROSSED_S for lap in range(5)}
    rows = []
    for reading in readings():
        lap = EVENT.crossings - (reading.laps_to_go or 0)
        read = [r for r in reading.rows if CROSSED_S[r.name][lap - 1] + late_s[r.name, lap] <= reading.time_s]
        rows.append(reading.model_copy(update={"rows": read}))
    told = told_crossings(rows, EVENT, None)
    off_s = np.array([one.time_s - CROSSED_S[one.name][one.lap - 1] for one in told])
    read_late_s = np.array([late_s[one.name, one.lap] for one in told])
    assert len(told) == 12
    assert np.abs(off_s).max() < 0.45 < read_late_s.max()
    assert np.abs(off_s).mean() < 0.5 * read_late_s.mean()
    assert (np.abs(off_s) <= 2.5 * np.array([one.time_sd_s for one in told])).all()


def test_where_rows_come_up_together_only_the_leader_and_lap_times_tell_when():
    told = {(one.lap, one.name): one for one in told_crossings(readings(at_once=True), EVENT, None)}
    assert told[2, "HALE"].time_s == pytest.approx(CROSSED_S["HALE"][1], abs=0.11)
    assert told[2, "MIN"].rank == 2 + (CROSSED_S["MIN"][1] > CROSSED_S["KOWAL"][1])
    assert told[2, "MIN"].time_s is None


def test_the_lag_of_the_score_bug_is_taken_off():
    told = told_crossings(readings(lag_s=0.6), EVENT, None)
    crossed_s = np.sort(np.concatenate(list(CROSSED_S.values())))
    off = [one.time_s - CROSSED_S[one.name][one.lap - 1] for one in in_time(told, crossed_s)]
    assert np.abs(off).max() < 0.11
    assert in_time(told, crossed_s[:3]) == []  # one lap does not tell the lag


def test_the_result_is_the_last_crossing():
    run = ClockRun(0.0, 40.6, 0.0, 0.01, 40.6, 40.6, 100, 0)
    last = [
        row.model_copy(update={"laps_to_go": None if row.time_s >= 40.59 else 1}) if row.time_s >= 31.7 else row
        for row in readings()
    ]
    told = told_crossings(last, EVENT, run)
    assert [(one.rank, one.name) for one in told if one.lap == 9] == [(1, "KOWAL"), (2, "HALE"), (3, "MIN")]


def test_a_name_hardly_shown_is_misread():
    rows = readings()
    rows[300] = rows[300].model_copy(update={"rows": [ScorebugRow(rank=1, name="HA1E", lap_time_s=9.2)]})
    assert {one.name for one in told_crossings(rows, EVENT, None)} == set(CROSSED_S)
