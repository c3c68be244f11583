"""Who is inside the blocks in a relay."""

import pytest

from race.formats import Exchange, Incident, IncidentKind
from race.incidents.relay import changes, comes_on


@pytest.mark.parametrize(
    ("time_s", "team", "comes"),
    [(42.0, 2, True), (42.0, None, True), (42.0, 3, False), (39.8, 2, True), (44.0, 2, False), (38.0, 2, False)],
)
def test_who_takes_over_comes_from_inside_the_blocks(time_s: float, team: int | None, comes: bool) -> None:
    off = Incident(
        id=1, kind="off_track", start_s=40.0, end_s=40.8, competitors=[2], codes=[], confidence=0.6, evidence={}
    )
    assert comes_on(off, [Exchange(competitor=team, time_s=time_s)]) == comes


@pytest.mark.parametrize(
    ("kind", "time_s", "team", "dropped"),
    [
        ("push", 41.5, 2, True),
        ("late_pass", 38.5, 4, True),
        ("contact", 41.5, None, True),
        ("push", 41.5, 3, False),
        ("push", 42.5, 2, False),
        ("slow", 41.5, 2, False),
    ],
)
def test_nothing_is_asked_of_two_who_meet_while_a_team_of_theirs_changes(
    kind: IncidentKind, time_s: float, team: int | None, dropped: bool
) -> None:
    met = Incident(
        id=1,
        kind=kind,
        start_s=39.2,
        end_s=40.6,
        at_s=40.0,
        competitors=[2, 4],
        codes=[],
        confidence=0.6,
        evidence={},
    )
    assert changes(met, [Exchange(competitor=team, time_s=time_s)]) == dropped
