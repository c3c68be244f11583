"""How near gaps, time in the lead and in the draft, speeds and lines through corners are to the truth."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from race.formats import Pace, Race

SAME_CORNER_S = 1.0
SAME_MOMENT_S = 0.02
"""Gaps are written down at moments on one grid, each at the picture next to it."""


def pace_scores(run: Race, truth: Race, pairs: dict[int, int]) -> dict[str, Any]:
    """Errors, median and 95 %, of what both know of the same competitor, lap, corner or moment; null where nothing is.

    ``gap_ms`` of the gaps to the same one ahead; ``leading_s``; ``drafting_share`` of the time seen on the ice;
    ``lap_mps`` of a lap's mean speed; ``corner_m`` of entry, apex and exit.
    """
    mine = {row.competitor: row for row in run.pace}
    both = [(mine[pairs[row.competitor]], row) for row in truth.pace if pairs.get(row.competitor) in mine]
    return {
        "gap_ms": _spread(1000 * error for own, true in both for error in _gap_errors(own, true, pairs)),
        "leading_s": _spread(abs(own.leading_s - true.leading_s) for own, true in both),
        "drafting_share": _spread(_draft_errors(both)),
        "lap_mps": _spread(error for own, true in both for error in _lap_errors(own, true)),
        "corner_m": _spread(error for own, true in both for error in _corner_errors(own, true)),
    }


def _spread(errors: Iterable[float]) -> dict[str, float] | None:
    values = list(errors)
    if not values:
        return None
    return {"median": float(np.median(values)), "p95": float(np.percentile(values, 95))}


def _gap_errors(own: Pace, true: Pace, pairs: dict[int, int]) -> list[float]:
    if own.gaps is None or true.gaps is None or not true.gaps.time_s:
        return []
    at = np.array(true.gaps.time_s)
    out = []
    for time_s, ahead, gap_s in zip(own.gaps.time_s, own.gaps.ahead, own.gaps.gap_s, strict=True):
        n = int(np.abs(at - time_s).argmin())
        if abs(at[n] - time_s) <= SAME_MOMENT_S and pairs.get(true.gaps.ahead[n]) == ahead:
            out.append(abs(gap_s - true.gaps.gap_s[n]))
    return out


def _draft_errors(both: list[tuple[Pace, Pace]]) -> list[float]:
    out = []
    for own, true in both:
        if own.drafting_s is not None and true.drafting_s is not None and own.placed_s and true.placed_s:
            out.append(abs(own.drafting_s / own.placed_s - true.drafting_s / true.placed_s))
    return out


def _lap_errors(own: Pace, true: Pace) -> list[float]:
    laps = {row.lap: row.mean_mps for row in true.laps if row.lap is not None}
    pairs = [(row.mean_mps, laps.get(row.lap)) for row in own.laps if row.lap is not None]
    return [abs(a - b) for a, b in pairs if a is not None and b is not None]


def _corner_errors(own: Pace, true: Pace) -> list[float]:
    out = []
    for row in own.corners:
        near = [
            one for one in true.corners if one.corner == row.corner and abs(one.time_s - row.time_s) < SAME_CORNER_S
        ]
        for other in near[:1]:
            places = zip(
                (row.entry_m, row.apex_m, row.exit_m), (other.entry_m, other.apex_m, other.exit_m), strict=True
            )
            out += [abs(a - b) for a, b in places if a is not None and b is not None]
    return out
