"""Incidents of simulated races, seen as the race would see them, and of paths drawn by hand."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from race.events import RaceEvent, find_event
from race.formats import Incident
from race.ice import IcePaths
from race.incidents import find_incidents
from race.incidents.bodies import Body
from race.rink import Rink
from simulation.camera import Footage, direct
from simulation.figure import Pictured, picture
from simulation.motion import Motion
from simulation.race import simulate_race
from simulation.scenario import OrderSpec, Requirements, Scenario
from tests.race.incidents.sighted import Sighted, sighted

EVENT = find_event("500m", "m")
SIZE = (960, 540)
UNSURE = 0.1
"""Confidence from which the one fall of seed 5 is told, and no other."""


def filmed(seed: int, *orders: OrderSpec, require: Requirements | None = None) -> tuple[Motion, Footage, Pictured]:
    scenario = Scenario(
        event="500m", gender="m", starters=4, order=list(orders), require=require or Requirements(finishers=4)
    )
    motion = simulate_race(scenario, seed)
    footage = direct(motion, "fixed", 25.0, SIZE, seed)
    return motion, footage, picture(motion, footage)


def found(
    seed: int, *orders: OrderSpec, require: Requirements | None = None, told_from: float | None = None
) -> tuple[list[Incident], list[Incident]]:
    """What is told of a 500 m with ``orders``, and what is true, in the same times."""
    motion, footage, pictured = filmed(seed, *orders, require=require)
    seen = sighted(motion, footage, pictured, seed)
    assert seen is not None
    start = footage.race_start_s
    truth = [
        row.model_copy(update={"start_s": row.start_s + start, "end_s": row.end_s + start}) for row in motion.incidents
    ]
    names = {1: "Ana", 2: "Bea", 3: "Cleo", 4: "Dora"}
    return find_incidents(*known(seen), True, names, told_from=told_from), truth


def known(seen: Sighted) -> tuple[IcePaths, list[Body], dict[int, int], Rink, RaceEvent]:
    return seen.ice, seen.bodies, seen.followed, seen.ice.rink, EVENT


def test_a_fall_is_told_without_being_asked_for() -> None:
    told, _ = found(5, OrderSpec(do="slip", racer=2, lap=2.25), require=Requirements(falls=1))
    assert [row.competitors for row in told if row.kind == "fall"] == [[2]]


def test_a_fall_is_found_where_and_when_it_is() -> None:
    told, truth = found(5, OrderSpec(do="slip", racer=2, lap=2.25), require=Requirements(falls=1), told_from=UNSURE)
    (fall,) = [row for row in told if row.kind == "fall"]
    (true,) = [row for row in truth if row.kind == "fall"]
    assert fall.competitors == true.competitors == [2]
    assert fall.roles == {"2": "fallen"}
    assert abs(fall.start_s - true.start_s) < 0.6
    assert fall.evidence["where"] == true.evidence["where"]
    assert fall.evidence["rejoined"] == true.evidence["rejoined"]
    assert fall.evidence["fallen_together"] == [2]
    assert "Bea" in str(fall.question)


def test_a_fall_is_told_though_nobody_knows_whose() -> None:
    motion, footage, pictured = filmed(5, OrderSpec(do="slip", racer=2, lap=2.25), require=Requirements(falls=1))
    seen = sighted(motion, footage, pictured, 5)
    assert seen is not None
    told = find_incidents(seen.ice, seen.bodies, {}, seen.ice.rink, EVENT, True, {}, told_from=UNSURE)
    (fall,) = [row for row in told if row.kind == "fall"]
    (true,) = [row for row in motion.incidents if row.kind == "fall"]
    assert fall.competitors == [] and fall.roles == {}
    assert abs(fall.start_s - footage.race_start_s - true.start_s) < 0.6
    assert "not known who" in str(fall.question)


def test_a_clean_race_raises_nothing_sure() -> None:
    told, truth = found(11, require=Requirements(falls=0, incidents=0))
    assert truth == []
    assert [row.kind for row in told if row.confidence > 0.6] == []


def test_less_sure_ones_are_told_when_asked_for() -> None:
    motion, footage, pictured = filmed(11)
    seen = sighted(motion, footage, pictured, 11)
    assert seen is not None
    usual = find_incidents(*known(seen), True, {})
    more = find_incidents(*known(seen), True, {}, told_from=0.0)
    assert len(more) > len(usual)
    assert [row.id for row in more] == list(range(1, len(more) + 1))
    assert all(0 <= row.confidence <= 1 and row.start_s <= row.end_s for row in more)


def test_cutting_in_is_a_lane_change_with_its_evidence() -> None:
    wanted = Requirements(incidents_at_least=1, falls=0)
    told, truth = found(3, OrderSpec(do="cut_in", racer=3, lap=1.6), require=wanted, told_from=0.02)
    true = next(row for row in truth if row.kind == "lane_change")
    near = [row for row in told if set(row.competitors) == set(true.competitors) and row.start_s < true.end_s]
    assert near
    row = near[0]
    assert true.codes[0].code in {code.code for code in row.codes}
    assert sum(code.weight for code in row.codes) <= 1.001
    evidence = row.evidence
    assert evidence["distance_m"] < 1.3 and evidence["distance_sd_m"] > 0
    assert set(evidence["speed_before_mps"]) == {str(who) for who in row.competitors}
    assert evidence["impeded_rank"] in (1, 2, 3, 4)
    assert str(row.question).endswith("?")


def test_nothing_comes_of_nothing(paths: Callable[..., IcePaths]) -> None:
    ice = paths(np.full((2, 100), np.nan), np.full((2, 100), np.nan))
    assert find_incidents(ice, [], {}, Rink(), None, False, {}) == []
    assert find_incidents(paths(np.zeros((1, 2)), 0.0), [], {}, Rink(), None, False, {}) == []


def off_once() -> tuple[np.ndarray, np.ndarray]:
    """s and d of two racers, the first of whom is inside the blocks from 11.0 to 11.8 s."""
    t = np.arange(20 * 25) / 25
    s = 12.0 * t[None] + np.array([[0.0], [-8.0]])
    d = np.full(s.shape, 0.4)
    # In the corner after the start of the second lap, about 105 m from the start line.
    d[0] -= 1.6 * np.exp(-(((s[0] - 137.0) / 6.0) ** 2))
    return s, d


def test_off_track_carries_its_code_and_depth(paths: Callable[..., IcePaths]) -> None:
    s, d = off_once()
    told = find_incidents(paths(s, d), [], {}, Rink(), None, True, {}, told_from=0.0)
    (off,) = [row for row in told if row.kind == "off_track"]
    assert off.competitors == [1]
    assert off.codes[0].code == "OF2"
    assert off.evidence["inside_blocks_by_m"] == pytest.approx(0.7, abs=0.12)


@pytest.mark.parametrize(("unseen_s", "told"), [(0.3, 1), (2.0, 0)])
def test_who_was_not_seen_was_not_off_track(paths: Callable[..., IcePaths], unseen_s: float, told: int) -> None:
    ice = paths(*off_once())
    seen = ice.seen & (np.abs(ice.time_s - 11.4) > unseen_s / 2)
    off = find_incidents(replace(ice, seen=seen), [], {}, Rink(), None, True, {}, told_from=0.0)
    assert sum(row.kind == "off_track" for row in off) == told
