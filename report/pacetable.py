"""The table of how each competitor skated: rows of ready texts, None where unknown."""

from dataclasses import dataclass

import numpy as np

from race.formats import Pace, Race


@dataclass(frozen=True, slots=True)
class PaceRow:
    competitor: int
    leading: str | None
    gap: str | None
    drafting: str | None
    speed: str | None
    top: str | None
    corners: tuple[str | None, str | None]
    """Entry, apex and exit of the right corner and of the left one, medians, m outside the measured line."""


def pace_rows(race: Race) -> list[PaceRow]:
    return [_row(row) for row in race.pace if row.ordered_s > 0]


def _row(row: Pace) -> PaceRow:
    speeds = [lap.mean_mps for lap in row.laps if lap.mean_mps is not None and lap.lap != 1]
    tops = [lap.top_mps for lap in row.laps if lap.top_mps is not None]
    gaps = row.gaps.gap_s if row.gaps is not None else []
    return PaceRow(
        competitor=row.competitor,
        leading=f"{row.leading_s:.1f} of {row.ordered_s:.1f} s",
        gap=f"{np.median(gaps):.2f} s" if gaps else None,
        drafting=None if not row.placed_s or row.drafting_s is None else f"{100 * row.drafting_s / row.placed_s:.0f} %",
        speed=f"{np.mean(speeds):.2f}" if speeds else None,
        top=f"{max(tops):.2f}" if tops else None,
        corners=(_corner(row, 1), _corner(row, 2)),
    )


def _corner(row: Pace, corner: int) -> str | None:
    """``1.9 · 0.3 · 2.0``: medians of entry, apex and exit."""
    here = [line for line in row.corners if line.corner == corner]
    places = [
        [value for value in values if value is not None]
        for values in (
            [line.entry_m for line in here],
            [line.apex_m for line in here],
            [line.exit_m for line in here],
        )
    ]
    if not any(places):
        return None
    return " · ".join(f"{np.median(values):.1f}" if values else "–" for values in places)
