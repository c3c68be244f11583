"""Who is inside the blocks in a relay."""

import pytest

from race.formats import Exchange, Incident
from race.incidents.relay import comes_on


@pytest.mark.parametrize(
    ("time_s", "team", "comes"),
    [(42.0, 2, True), (42.0, None, True), (42.0, 3, False), (39.8, 2, True), (44.0, 2, False), (38.0, 2, False)],
)
def test_who_takes_over_comes_from_inside_the_blocks(time_s: float, team: int | None, comes: bool) -> None:
    off = Incident(
        id=1, kind="off_track", start_s=40.0, end_s=40.8, competitors=[2], codes=[], confidence=0.6, evidence={}
    )
    assert comes_on(off, [Exchange(competitor=team, time_s=time_s)]) == comes
