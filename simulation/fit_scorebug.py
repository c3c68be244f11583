"""Fit how the score bug is read: how late, how often never or misspelt, and how often the clock is misread."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from race.formats import ScorebugReading
from race.observations import Observations
from simulation.clip import Clip
from simulation.reading import Text, same, stands_still, texts

_SHOWN_S = 2.0
"""Who is on the screen for less may well not be read."""
_FEWEST = 8


def fit_scorebug(clips: Sequence[tuple[Clip, Observations]]) -> dict[str, Any]:
    """The fields of ``Noise`` about the score bug, as far as ``clips`` tell of them."""
    return _clock(clips) | _lateness(clips)


def delays(clip: Clip, seen: Observations) -> list[tuple[Text, float | None, bool]]:
    """Every text that comes up in the clip, how late it was read, s, and whether in other letters; None: never read.

    What is read already when it comes up stayed from before: it is not late.
    """
    end_s = clip.truth.video.duration_s
    wanted = _spans(clip.truth.scorebug, end_s)
    got = _spans(seen.scorebug, end_s)
    begin_s = clip.truth.scorebug[0].time_s if clip.truth.scorebug else 0.0
    found: list[tuple[Text, float | None, bool]] = []
    for text, from_s, to_s in wanted:
        if from_s <= begin_s or to_s - from_s < _SHOWN_S:
            continue
        fits = [(max(a, from_s), other) for other, a, b in got if same(text, other) and b > from_s and a < to_s]
        if not fits:
            found.append((text, None, False))
            continue
        read_s, read = min(fits, key=lambda one: one[0])
        found.append((text, read_s - from_s, _letters(read[2]) != _letters(text[2])))
    return found


def _spans(readings: Sequence[ScorebugReading], end_s: float) -> list[tuple[Text, float, float]]:
    """Each text with the times from which and until which it is there."""
    since: dict[Text, float] = {}
    out: list[tuple[Text, float, float]] = []
    for reading in readings:
        now = list(texts(reading))
        out += [(text, since.pop(text), reading.time_s) for text in list(since) if text not in now]
        for text in now:
            since.setdefault(text, reading.time_s)
    return out + [(text, from_s, end_s) for text, from_s in since.items()]


def _letters(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def _lateness(clips: Sequence[tuple[Clip, Observations]]) -> dict[str, Any]:
    """Delays beyond the wait for the next reading, half the time between two, cameras that stand still apart.

    The mean is that of the exponential distribution with their median: a single text read seconds late moves nothing.
    """
    turning: list[float] = []
    still: list[float] = []
    missed, misspelt = [], []
    for clip, seen in clips:
        wait_s = _between(seen) / 2
        for (what, _, _), late_s, otherwise in delays(clip, seen):
            missed.append(late_s is None)
            if late_s is None:
                continue
            (still if stands_still(clip.footage) else turning).append(max(0.0, late_s - wait_s))
            if what == "name":
                misspelt.append(otherwise)
    out: dict[str, Any] = {}
    for name, late in (("scorebug_late_s", turning), ("scorebug_late_still_s", still)):
        if len(late) >= _FEWEST:
            out[name] = float(np.median(late) / np.log(2))
    if len(missed) >= _FEWEST:
        out["scorebug_text_missed"] = float(np.mean(missed))
    if len(misspelt) >= _FEWEST:
        out["scorebug_misspelt"] = float(np.mean(misspelt))
    return out


def _between(seen: Observations) -> float:
    """Seconds from one reading to the next, usually."""
    times = [one.time_s for one in seen.scorebug if one.clock_s is not None]
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def _clock(clips: Sequence[tuple[Clip, Observations]]) -> dict[str, Any]:
    """Readings of the clock against what it showed."""
    wrong, read, gaps, seconds, shown_s = 0, 0, [], 0.0, 0.0
    for clip, seen in clips:
        shown = [one for one in clip.truth.scorebug if one.clock_s is not None]
        got = [one for one in seen.scorebug if one.clock_s is not None]
        if not shown:
            continue
        at = np.array([one.time_s for one in shown])
        for one in got:
            # Readings may be told up to a picture or two late.
            near = [shown[k] for k in np.flatnonzero(np.abs(at - one.time_s) < 0.3)]
            read += 1
            wrong += not any(abs((one.clock_s or 0) - (other.clock_s or 0)) < 0.15 for other in near)
        times = np.array([one.time_s for one in got])
        gaps += list(np.diff(times))
        shown_s += clip.truth.video.duration_s
        seconds += len(np.unique(times.astype(int))) if len(times) else 0
    if not read or not gaps:
        return {}
    return {
        "scorebug_misread": wrong / read,
        "scorebug_missed": float(np.clip(1 - seconds / max(shown_s, 1.0), 0.0, 1.0)),
        "scorebug_every_s": float(np.median(gaps)),
    }
