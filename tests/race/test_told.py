import numpy as np
import pytest

from race.clock import ClockRun
from race.events import find_event
from race.formats import ScorebugReading, ScorebugRow
from race.told import LEAST_SD_S, in_time, told_crossings

EVENT = find_event("1000m")
LAPS_S = {"HALE": [13.0, 9.5, 9.2, 9.0], "KOWAL": [13.2, 9.6, 9.0, 8.8], "MIN": [13.5, 9.4, 9.3, 9.1]}
CROSSED_S = {name: np.cumsum(laps) for name, laps in LAPS_S.items()}
SEEN_S = np.sort(np.concatenate(list(CROSSED_S.values())))
WATCHED_S = np.arange(0.0, 45.0, 0.04)


def timed(rows):
    """What rows tell, in time with those who are seen to cross."""
    return in_time(told_crossings(rows, EVENT, None), SEEN_S, WATCHED_S)


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


def test_rows_that_are_read_before_the_laps_to_go_are_of_that_lap():
    first_s = np.min(list(CROSSED_S.values()), axis=0)
    late = [
        reading.model_copy(update={"laps_to_go": None})
        if any(0 <= reading.time_s - crossed_s < 2.0 for crossed_s in first_s)
        else reading
        for reading in readings()
    ]
    assert any(reading.laps_to_go is None and reading.rows for reading in late)
    for one in told_crossings(late, EVENT, None):
        assert one.time_s == pytest.approx(CROSSED_S[one.name][one.lap - 1], abs=0.11)


def test_rows_are_of_the_lap_before_where_laps_to_go_are_misread():
    before_s = CROSSED_S["HALE"][1]  # laps to go are read as those after the next lap just as this one ends
    misread = [
        reading.model_copy(update={"laps_to_go": 5}) if before_s - 0.25 < reading.time_s < before_s - 0.05 else reading
        for reading in readings()
    ]
    assert told_crossings(misread, EVENT, None) == told_crossings(readings(), EVENT, None)


def test_what_is_on_the_screen_may_be_ahead_of_the_picture():
    for one in timed(readings(lag_s=-0.4)):
        assert one.time_s == pytest.approx(CROSSED_S[one.name][one.lap - 1], abs=0.1)


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
    told = {(one.lap, one.name): one for one in timed(late)}
    assert told[3, "MIN"].time_s == pytest.approx(CROSSED_S["MIN"][2], abs=0.05)


def test_rows_are_never_read_early_so_that_the_soonest_of_a_name_tells_most():
    """Every row is read late by its own time, 0.5 s in the mean; lap times tie those of a name together."""
    rng = np.random.default_rng(7)
    late_s = {(name, lap): rng.exponential(0.5) for name in CROSSED_S for lap in range(5)}
    rows = []
    for reading in readings():
        lap = EVENT.crossings - (reading.laps_to_go or 0)
        read = [r for r in reading.rows if CROSSED_S[r.name][lap - 1] + late_s[r.name, lap] <= reading.time_s]
        rows.append(reading.model_copy(update={"rows": read}))
    told = timed(rows)
    off_s = np.array([one.time_s - CROSSED_S[one.name][one.lap - 1] for one in told])
    read_late_s = np.array([late_s[one.name, one.lap] for one in told])
    assert len(told) == 12
    assert read_late_s.max() > 1.0
    assert np.abs(off_s).max() < 0.1


@pytest.mark.parametrize("lag_s", [0.0, 0.6])
def test_where_rows_come_up_together_who_was_seen_to_cross_tells_when(lag_s):
    for one in timed(readings(at_once=True, lag_s=lag_s)):
        assert one.time_s == pytest.approx(CROSSED_S[one.name][one.lap - 1], abs=0.1)


def test_the_lag_of_the_score_bug_is_taken_off():
    told = timed(readings(lag_s=0.6))
    assert np.abs([one.time_s - CROSSED_S[one.name][one.lap - 1] for one in told]).max() < 0.1
    rows = told_crossings(readings(lag_s=0.6), EVENT, None)
    assert in_time(rows, SEEN_S[:2], WATCHED_S[WATCHED_S < 14.0]) == []  # two do not tell the lag


def test_who_crossed_while_the_camera_looked_elsewhere_is_timed_by_the_laps_before_and_after():
    away = (WATCHED_S > 30.0) & (WATCHED_S < 35.0)
    told = in_time(told_crossings(readings(), EVENT, None), SEEN_S[(SEEN_S < 30.0) | (SEEN_S > 35.0)], WATCHED_S[~away])
    for one in told:
        assert one.time_s == pytest.approx(CROSSED_S[one.name][one.lap - 1], abs=0.1)


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
