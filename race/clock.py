"""The clock on the screen as a model: when it showed 0, when it ran, where it stopped. From readings alone, no pixels.

A running clock shows ``clock_s = time_s - race_start_s``, cut to what its last digit can say, so that every reading of
a clock with tenths holds ``race_start_s`` within 0.1 s:

    time_s - clock_s - 0.1  <  race_start_s  <=  time_s - clock_s

and readings taken at different moments between two ticks narrow that to the length of a frame. Clocks are taken to cut
digits off; were one to round them, ``race_start_s`` would be half of its last digit too early.

What is on the screen lags behind the official clock by what the broadcaster's graphics need (0.15 s has been seen),
which no reading of the running clock can tell; only ``final_clock_s`` is official.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.formats import ScorebugReading

Floats = NDArray[np.float64]

_FRAME_JITTER_S = 0.01  # of the moment a tick reaches the screen, standard deviation
_SLACK_S = 0.08  # readings of one run may be early or late by this in all
_MISREAD = 0.02  # share of readings inside a run that fit by chance, in the refinement
_REPEATS_COUNTED = 3
_LEAST_VALUES = 3  # different readings that make a run
_LEAST_SPAN_S = 0.5
_HOLD_S = 0.5  # two equal readings this far apart: the clock stood still
_ALONE_S = 1.0  # a single last reading that stayed on the screen this long counts as standing still
_FINAL_WITHIN_S = 1.5  # of what the running clock may have shown last
_FINAL_SHOWN_WITHIN_S = 5.0  # of the stop: the official hundredths may come later than the stop


@dataclass(frozen=True, slots=True)
class ClockRun:
    """One run of the clock, seconds.

    start_s, end_s      video times of the first and the last reading of the running clock
    race_start_s        video time at which the clock shown ran from 0, with its standard deviation
    stopped_at_s        video time of the first reading of the clock standing still after the run; None: not seen
    final_clock_s       what it stood at
    readings_used       readings that fit the run
    readings_rejected   readings between start_s and end_s that fit neither the run nor a split held on the screen
    """

    start_s: float
    end_s: float
    race_start_s: float
    race_start_sd_s: float
    stopped_at_s: float | None
    final_clock_s: float | None
    readings_used: int
    readings_rejected: int


def fit_clock(readings: Sequence[ScorebugReading]) -> list[ClockRun]:
    """Runs of the clock in ``readings``, in time order; none where fewer than three readings agree.

    Misread, held and repeated values are told apart by the run itself: what fits a clock that runs from one moment is
    right. A restart, another race and a cut within a race each begin another run.
    """
    shown = sorted((reading for reading in readings if reading.clock_s is not None), key=lambda r: r.time_s)
    time_s = np.array([reading.time_s for reading in shown])
    clock_s = np.array([reading.clock_s for reading in shown], dtype=np.float64)
    changes_s = np.sort([reading.time_s for reading in readings])
    free = np.ones(len(shown), dtype=bool)
    found: list[NDArray[np.intp]] = []
    while (run := _largest_run(time_s, clock_s, free)) is not None:
        found.append(run)
        free[run[0] : run[-1] + 1] = False
    found.sort(key=lambda run: int(run[0]))
    if not found:
        return []
    ends = [int(run[0]) for run in found[1:]] + [len(shown)]
    return [_describe(run, end, time_s, clock_s, changes_s) for run, end in zip(found, ends, strict=True)]


def _largest_run(time_s: Floats, clock_s: Floats, free: NDArray[np.bool_]) -> NDArray[np.intp] | None:
    """Indices, in time order, of the free readings that agree best on one start, if they are enough for a run."""
    candidates = np.flatnonzero(free)
    offset_s = time_s[candidates] - clock_s[candidates]
    order = np.argsort(offset_s, kind="stable")
    candidates, offset_s = candidates[order], offset_s[order]
    width_s = _digit_s(clock_s) + _SLACK_S
    best, values, first = (0, 0, 0, 0), Counter[float](), 0
    for last, index in enumerate(candidates):
        values[clock_s[index]] += 1
        while offset_s[last] - offset_s[first] > width_s:
            gone = clock_s[candidates[first]]
            values[gone] -= 1
            if not values[gone]:
                del values[gone]
            first += 1
        best = max(best, (len(values), last + 1 - first, first, last + 1))
    run = _without_strays(np.sort(candidates[best[2] : best[3]]), clock_s)
    different = np.unique(clock_s[run])
    if len(different) < _LEAST_VALUES or different[-1] - different[0] < _LEAST_SPAN_S:
        return None
    return run


def _without_strays(run: NDArray[np.intp], clock_s: Floats) -> NDArray[np.intp]:
    """``run`` without single readings at its ends that other values part from the rest: chance, not the clock."""
    while len(run) > 1 and len(np.unique(clock_s[run[0] + 1 : run[1]])) >= _LEAST_VALUES:
        run = run[1:]
    while len(run) > 1 and len(np.unique(clock_s[run[-2] + 1 : run[-1]])) >= _LEAST_VALUES:
        run = run[:-1]
    return run


def _digit_s(clock_s: Floats) -> float:
    """What the last digit of a running clock is worth: 1, 0.1 or 0.01 s; a few odd values do not count."""
    for digit_s in (1.0, 0.1):
        whole = np.abs(clock_s / digit_s - np.round(clock_s / digit_s)) < 1e-3
        if len(whole) and np.mean(whole) > 0.8:
            return digit_s
    return 0.01


def _describe(run: NDArray[np.intp], end: int, time_s: Floats, clock_s: Floats, changes_s: Floats) -> ClockRun:
    start_s, sd_s = _refine(time_s[run] - clock_s[run], _digit_s(clock_s[run]))
    first, last = int(run[0]), int(run[-1])
    others = np.setdiff1d(np.arange(first, last + 1), run)
    held = [index for index in others if clock_s[index] in (clock_s[index - 1], clock_s[index + 1])]
    stop = _stop(np.arange(last, end), start_s, time_s, clock_s, changes_s)
    return ClockRun(
        start_s=float(time_s[first]),
        end_s=float(time_s[last]),
        race_start_s=start_s,
        race_start_sd_s=sd_s,
        stopped_at_s=stop[0] if stop else None,
        final_clock_s=stop[1] if stop else None,
        readings_used=len(run),
        readings_rejected=len(others) - len(held),
    )


def _refine(offset_s: Floats, digit_s: float) -> tuple[float, float]:
    """Mean and standard deviation of the start, given ``start in (offset - digit, offset]`` for every reading."""
    low, high = float(offset_s.min()) - digit_s - _SLACK_S, float(offset_s.max()) + _SLACK_S
    start_s = np.linspace(low, high, max(200, round((high - low) / 0.001)))
    log_likelihood = np.zeros(len(start_s))
    # At 25 pictures a second the same few offsets come again and again: after a few times they say nothing new.
    different, counts = np.unique(offset_s.round(3), return_counts=True)
    for offset, count in zip(different, np.minimum(counts, _REPEATS_COUNTED), strict=True):
        inside = _step((offset - start_s) / _FRAME_JITTER_S) - _step((offset - digit_s - start_s) / _FRAME_JITTER_S)
        log_likelihood += count * np.log(_MISREAD + (1 - _MISREAD) * inside)
    weight = np.exp(log_likelihood - log_likelihood.max())
    weight /= weight.sum()
    mean = float(weight @ start_s)
    return mean, float(np.sqrt(weight @ (start_s - mean) ** 2))


def _step(x: Floats) -> Floats:
    """A smooth step from 0 to 1, close to the normal distribution's."""
    return 0.5 * (1 + np.tanh(0.8 * x))


def _stop(
    after: NDArray[np.intp], start_s: float, time_s: Floats, clock_s: Floats, changes_s: Floats
) -> tuple[float, float] | None:
    """When and at what the clock stood still from index ``after[0]``, its last running reading, on."""
    stood: list[tuple[float, float]] = []
    ran_to_s = time_s[after[0]] - start_s
    for value in np.unique(clock_s[after]):
        when = time_s[after][clock_s[after] == value]
        until = changes_s[np.searchsorted(changes_s, when[-1], side="right") :][:1]
        held_s = when[-1] - when[0]
        still = held_s >= _HOLD_S or (len(until) and until[0] - when[0] >= _ALONE_S)
        if still and ran_to_s - _FINAL_WITHIN_S < value < when[0] - start_s + _FINAL_WITHIN_S:
            stood.append((float(when[0]), float(value)))
    if not stood:
        return None
    stood.sort()
    exact = [(when, value) for when, value in stood if abs(value * 10 - round(value * 10)) > 1e-3]
    for when, value in exact:
        if when - stood[0][0] < _FINAL_SHOWN_WITHIN_S:
            return stood[0][0], value
    return stood[0]
