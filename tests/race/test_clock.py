"""The clock model on readings made here: every offset, misreading, gap and freeze is known."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from race.clock import ClockRun, fit_clock
from race.formats import ScorebugReading, ScorebugRow


def cut(seconds: float, digit_s: float) -> float:
    """What a clock with this last digit shows."""
    return round(float(np.floor(seconds / digit_s + 1e-9)) * digit_s, 3)


def running(
    race_start_s: float, from_s: float, to_s: float, *, every_s: float = 0.36, digit_s: float = 0.1, fps: float = 25.0
) -> list[ScorebugReading]:
    """Readings of a running clock, each taken on a picture."""
    frames = np.unique(np.ceil(np.arange(from_s, to_s, every_s) * fps).astype(int))
    return [ScorebugReading(time_s=frame / fps, clock_s=cut(frame / fps - race_start_s, digit_s)) for frame in frames]


def standing(clock_s: float, from_s: float, to_s: float, every_s: float = 1.0) -> list[ScorebugReading]:
    return [ScorebugReading(time_s=float(t), clock_s=clock_s) for t in np.arange(from_s, to_s, every_s)]


def nothing(time_s: float) -> ScorebugReading:
    return ScorebugReading(time_s=time_s)


def only(readings: list[ScorebugReading]) -> ClockRun:
    runs = fit_clock(readings)
    assert len(runs) == 1, runs
    return runs[0]


def test_no_clock_no_run() -> None:
    assert fit_clock([]) == []
    assert fit_clock([nothing(1.0), ScorebugReading(time_s=2.0, title="Start List")]) == []


def test_two_readings_are_no_run() -> None:
    assert fit_clock(running(0.0, 10.0, 10.7)) == []


def test_a_clock_that_stands_is_no_run() -> None:
    assert fit_clock(standing(0.0, 1.0, 20.0)) == []


@pytest.mark.parametrize(("digit_s", "within_s"), [(0.1, 0.02), (0.01, 0.02), (1.0, 0.05)])
def test_start_is_found_between_the_ticks(digit_s: float, within_s: float) -> None:
    run = only(running(-31.234, 2.0, 12.0, digit_s=digit_s))
    assert run.race_start_s == pytest.approx(-31.234, abs=within_s)
    assert run.race_start_sd_s < within_s
    assert (run.stopped_at_s, run.final_clock_s, run.readings_rejected) == (None, None, 0)


def test_readings_at_one_phase_of_the_tick_say_how_little_they_know() -> None:
    readings = [ScorebugReading(time_s=10 + 0.3 * k, clock_s=cut(10.05 + 0.3 * k, 0.1)) for k in range(10)]
    run = only(readings)
    assert run.race_start_sd_s == pytest.approx(0.1 / np.sqrt(12), abs=0.01)  # uniform over a tenth


def test_stop_with_official_hundredths() -> None:
    race_start_s = -411.87  # the clock on the screen is 0.15 s late: 6:59.7 is followed by 6:59.54
    readings = [*running(race_start_s, 0.5, 7.95), *standing(419.54, 8.0, 10.2), nothing(10.3)]
    run = only(readings)
    assert run.final_clock_s == 419.54
    assert run.stopped_at_s == 8.0
    assert run.race_start_s == pytest.approx(race_start_s, abs=0.02)
    assert 7.5 < run.end_s < 8.0


def test_stop_seen_in_a_single_reading_that_stayed() -> None:
    run = only([*running(-30.0, 1.0, 8.0), ScorebugReading(time_s=8.2, clock_s=38.11), nothing(12.0)])
    assert (run.stopped_at_s, run.final_clock_s) == (8.2, 38.11)


def test_a_single_last_reading_is_no_stop() -> None:
    run = only([*running(-30.0, 1.0, 8.0), nothing(8.2)])
    assert (run.stopped_at_s, run.final_clock_s) == (None, None)


def test_hundredths_that_come_after_the_stop_are_final() -> None:
    readings = [*running(-30.0, 1.0, 8.05), *standing(38.0, 8.1, 9.5, 0.5), *standing(37.94, 9.6, 12.0), nothing(12)]
    run = only(readings)
    assert run.final_clock_s == 37.94
    assert run.stopped_at_s == pytest.approx(8.0, abs=0.15)


def test_split_held_on_the_screen_is_not_rejected() -> None:
    readings = [*running(-30.0, 1.0, 8.0), *standing(37.95, 8.1, 9.9, 0.5), *running(-30.0, 10.0, 16.0)]
    run = only(readings)
    assert run.readings_rejected == 0
    assert run.race_start_s == pytest.approx(-30.0, abs=0.02)
    assert (run.start_s, run.final_clock_s) == (1.0, None)
    assert run.end_s > 15.5


def test_restart_is_another_run() -> None:
    first = [*running(5.0, 5.1, 9.0), *standing(3.92, 9.1, 14.0), *standing(0.0, 15.0, 20.0)]
    runs = fit_clock([*first, *running(21.03, 21.1, 60.0)])
    assert [run.race_start_s for run in runs] == pytest.approx([5.0, 21.03], abs=0.02)
    assert [run.final_clock_s for run in runs] == [3.92, None]


def test_misread_minutes_do_not_make_a_run_of_their_own() -> None:
    readings = running(-411.0, 0.0, 20.0)
    wrong = [
        reading.model_copy(update={"clock_s": (reading.clock_s or 0) + 120}) if k % 7 == 3 else reading
        for k, reading in enumerate(readings)
    ]
    run = only(wrong)
    assert run.race_start_s == pytest.approx(-411.0, abs=0.02)
    assert run.readings_rejected == sum(k % 7 == 3 for k in range(len(readings)))


def test_other_changes_with_an_old_clock_do_no_harm() -> None:
    readings = running(-30.0, 0.0, 10.0)
    repeated = [
        ScorebugReading(time_s=r.time_s + 0.2, clock_s=r.clock_s, rows=[ScorebugRow(rank=1, name="KOREA")])
        for r in readings[::4]
    ]
    run = only(sorted(readings + repeated, key=lambda r: r.time_s))
    assert run.race_start_s == pytest.approx(-30.0, abs=0.03)


@st.composite
def races(draw: st.DrawFn) -> tuple[float, float | None, list[ScorebugReading]]:
    """Start, final time and readings of one race: gaps, a held split, misreadings, and perhaps a stop."""
    race_start_s = draw(st.floats(-500, 100))
    fps = draw(st.sampled_from([25.0, 29.97, 50.0, 59.94]))
    digit_s = draw(st.sampled_from([0.1, 0.01]))
    seed = draw(st.integers(0, 2**32 - 1))
    rng: np.random.Generator = np.random.default_rng(seed)
    begin_s = max(0.0, race_start_s + 0.5)
    end_s = begin_s + draw(st.floats(6, 40))
    readings = running(race_start_s, begin_s, end_s, every_s=draw(st.floats(0.3, 0.6)), digit_s=digit_s, fps=fps)
    if draw(st.booleans()):  # a gap or a held split
        middle_s = (begin_s + end_s) / 2
        held = standing(cut(middle_s - race_start_s, 0.01), middle_s, middle_s + 1.2, 0.4)
        readings = [r for r in readings if not middle_s <= r.time_s <= middle_s + 1.4]
        if draw(st.booleans()):
            readings = sorted([*readings, *held], key=lambda r: r.time_s)
    misread: NDArray[np.intp] = rng.permutation(len(readings))[: draw(st.integers(0, len(readings) // 10))]
    for index in misread:
        wrong = readings[index].clock_s or 0.0
        wrong += float(rng.choice([-120, -60, -10, -3, -1, -0.5, 0.4, 1, 2, 6, 30, 60]))
        readings[index] = readings[index].model_copy(update={"clock_s": max(0.0, round(wrong, 2))})
    final_s = None
    if draw(st.booleans()):
        final_s = cut(end_s - race_start_s - draw(st.floats(0, 0.2)), 0.01)
        readings += [*standing(final_s, end_s + 0.05, end_s + 3.0), nothing(end_s + 3.5)]
    return race_start_s, final_s, readings


@settings(deadline=None, max_examples=150)
@given(races())
def test_any_race(race: tuple[float, float | None, list[ScorebugReading]]) -> None:
    race_start_s, final_s, readings = race
    run = only(readings)
    assert abs(run.race_start_s - race_start_s) < max(0.05, 4 * run.race_start_sd_s)
    assert run.race_start_sd_s < 0.05
    assert run.final_clock_s == final_s
    assert readings[0].time_s <= run.start_s < run.end_s <= readings[-1].time_s
    assert run.readings_used + run.readings_rejected <= len(readings)


def test_the_real_clip(reference: Path) -> None:
    """Readings drawn by hand, every five frames: the clock on the screen ran 0.15 s late and stopped at 6:59.54."""
    with (reference / "footage" / "shanghai-truth" / "scorebug.csv").open() as lines:
        shown = [(int(row["frame"]), row["clock"]) for row in csv.DictReader(lines)]
    readings = []
    for frame, clock in shown:
        minutes, _, seconds = clock.rpartition(":")
        clock_s = int(minutes) * 60 + float(seconds) if clock else None
        readings.append(ScorebugReading(time_s=(frame - 1) / 29.97, frame=frame, clock_s=clock_s))
    run = only(readings)
    assert run.final_clock_s == 419.54
    assert run.stopped_at_s == pytest.approx(240 / 29.97)  # frame 241 is the first looked at that shows it
    assert run.readings_rejected == 0
    korea_finished_s = 225.3 / 29.97  # frame 226.3, from 1
    assert korea_finished_s - (run.race_start_s + 419.54) == pytest.approx(-0.15, abs=0.04)
