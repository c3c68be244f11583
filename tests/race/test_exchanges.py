"""Who relieves whom, of ways drawn by hand, and legs and straights from what is known of a team."""

import numpy as np
import pytest

from race.evaluate_relay import exchange_scores
from race.events import find_event
from race.exchanges import being_relieved, pair_turns, pushes, turns
from race.formats import Competitor, Crossing, Exchange, FinishRow, Incident, Race, ScorebugReading, Video
from race.incidents.relay import late_exchanges
from race.relay import laps_skated, with_relay
from race.ways import Way
from tests.race.made_ice import FPS, made_ice

LAP_M = 111.12
RELAY = find_event("relay-2000m", "x")
VIDEO = Video(path="v.mp4", sha256="0", duration_s=300, fps=FPS, width=64, height=36, frames=7500)
RED, BLUE = np.eye(24)[0], np.eye(24)[5]


def way(id_: int, time_s: np.ndarray, u: np.ndarray, d: np.ndarray, look: np.ndarray) -> Way:
    speed = np.gradient(u, time_s)
    return Way(id_, time_s, u, d, speed, np.tile(look, (len(time_s), 1)))


def coming(id_: int, touch_s: float, at_m: float, look: np.ndarray) -> Way:
    """Comes out through d = -1.5 m two seconds before ``touch_s``, a metre ahead of who comes from behind at 11 m/s."""
    time_s = np.arange(touch_s - 6, touch_s + 6, 1 / FPS)
    d = np.interp(time_s - touch_s, [-4, -1, 0], [-5.5, 0.5, 1.0])
    return way(id_, time_s, at_m + 1 + 11 * (time_s - touch_s), d, look)


def going(id_: int, touch_s: float, at_m: float, look: np.ndarray) -> Way:
    """Raced at 11 m/s to ``at_m``, then goes in through d = -1.5 m two seconds later, at half the speed."""
    time_s = np.arange(touch_s - 6, touch_s + 6, 1 / FPS)
    since = time_s - touch_s
    return way(
        id_, time_s, at_m + np.where(since < 0, 11, 6) * since, np.interp(since, [0, 1, 3], [1, 0.5, -3.5]), look
    )


def test_coming_out_and_going_in_are_told_once_each() -> None:
    (out,) = turns(coming(1, 20.0, 300.0, RED), outward=True)
    assert out.time_s == pytest.approx(18.0, abs=0.05)
    assert turns(coming(1, 20.0, 300.0, RED), outward=False) == []
    (inward,) = turns(going(2, 20.0, 300.0, RED), outward=False)
    assert inward.time_s == pytest.approx(22.0, abs=0.05)
    assert turns(going(2, 20.0, 300.0, RED), outward=True) == []


def test_who_is_slow_or_only_near_the_edge_takes_no_turn() -> None:
    one = coming(1, 20.0, 300.0, RED)
    slow = Way(1, one.time_s, one.u, one.d, one.speed * 0.5, one.root)
    near = Way(1, one.time_s, one.u, np.maximum(one.d, -2.2), one.speed, one.root)
    assert turns(slow, True) == []
    assert turns(near, True) == []
    hidden = (one.time_s < 15) | (one.time_s > 20)  # for five seconds, in which it came out
    assert (
        turns(Way(1, one.time_s[hidden], one.u[hidden], one.d[hidden], one.speed[hidden], one.root[hidden]), True) == []
    )


def test_of_two_teams_that_change_together_each_is_paired_by_place_and_suit() -> None:
    out = [turns(coming(k, 20.0 + k, 300.0, look), True)[0] for k, look in ((0, RED), (1, BLUE))]
    inward = [turns(going(k + 5, 20.0 + k, 300.0, look), False)[0] for k, look in ((1, BLUE), (0, RED))]
    pairs = pair_turns(out, inward, LAP_M)
    assert sorted((a.way.id, b.way.id) for a, b in pairs) == [(0, 5), (1, 6)]
    later = [turns(going(9, 40.0, 520.0, RED), False)[0]]
    assert pair_turns(out, later, LAP_M) == []
    assert pair_turns([], inward, LAP_M) == []


def test_who_is_pushed_is_told_by_the_pack_alone() -> None:
    """Neither is seen inside the track: the picture shows the pack only."""
    red, mate = (seen(one, 18.5, 21.5) for one in (going(2, 20.0, 300.0, RED), coming(1, 20.0, 300.0, RED)))
    ((comes, goes),) = pushes([red, mate], LAP_M)
    assert (comes.way.id, goes.way.id) == (1, 2)
    assert turns(red, outward=False) == turns(mate, outward=True) == []
    rival = Way(3, mate.time_s, mate.u, mate.d, mate.speed, np.tile(BLUE, (len(mate.time_s), 1)))
    assert pushes([red, rival], LAP_M) == []
    inside = Way(1, mate.time_s, mate.u, mate.d - 4, mate.speed, mate.root)
    assert pushes([red, inside], LAP_M) == []


def test_who_goes_past_one_in_the_same_suit_pushes_nobody() -> None:
    time_s = np.arange(0, 6, 1 / FPS)
    slow = way(1, time_s, 100 + 10 * time_s, np.full_like(time_s, 1.0), RED)
    fast = way(2, time_s, 97 + 11 * time_s, np.full_like(time_s, 1.5), RED)  # past it at 3 s
    assert pushes([slow, fast], LAP_M) == []


def seen(one: Way, from_s: float, to_s: float) -> Way:
    part = (one.time_s >= from_s) & (one.time_s <= to_s)
    return Way(one.id, one.time_s[part], one.u[part], one.d[part], one.speed[part], one.root[part])


def a_race() -> Race:
    """A team at 9 s a lap from the gun at 10 s on; its 18 crossings, the last of them its finish."""
    crossings = [Crossing(competitor=1, lap=k, time_s=10.0 + 9 * k, source="truth") for k in range(1, 19)]
    return Race(
        video=VIDEO,
        race_start_s=10.0,
        competitors=[Competitor(id=1)],
        crossings=crossings,
        finish=[FinishRow(competitor=1, rank=1, time_s=172.0)],
    )


def test_legs_are_numbered_by_the_laps_skated() -> None:
    # Legs of 2.5 laps end after 2.5, 5, 7.5 and 10 laps, then every 2; one is not seen, one comes at an odd place.
    laps = [2.5, 7.6, 8.9, 10.0, 11.9, 14.0, 16.0]
    told = [Exchange(competitor=1, time_s=10 + 9 * lap) for lap in laps]
    outside = [Exchange(competitor=1, time_s=12.0), Exchange(competitor=1, time_s=175.0)]
    race = with_relay(a_race(), [*told, *outside], None, RELAY)
    assert [one.leg for one in race.exchanges] == [2, 4, None, 5, 6, 7, 8]
    assert [(one.from_skater, one.to_skater) for one in race.exchanges][:2] == [(1, 2), (3, 4)]
    assert [one.s_m for one in race.exchanges][:2] == pytest.approx([2.5 * LAP_M, 7.6 * LAP_M], abs=0.1)
    (team,) = race.relay
    assert [leg.leg for leg in team.legs] == [1, 4, 5, 6, 7, 8]
    assert [leg.laps for leg in team.legs] == pytest.approx([2.5, 2.4, 1.9, 2.1, 2.0, 2.0])
    assert [leg.skater for leg in team.legs] == [1, 4, 1, 2, 3, 4]
    assert team.straight_s is None


def test_laps_are_not_known_where_crossings_are_missing() -> None:
    race = a_race()
    assert laps_skated(race, 1, 10 + 9 * 4.25) == pytest.approx(4.25)
    few = race.model_copy(update={"crossings": race.crossings[:2], "finish": []})
    assert laps_skated(few, 1, 60.0) is None
    assert laps_skated(race, 2, 60.0) is None
    assert laps_skated(race, None, 60.0) is None


def shown(to_go: int, time_s: float) -> list[ScorebugReading]:
    return [ScorebugReading(time_s=time_s + k, clock_s=time_s + k - 10, laps_to_go=to_go) for k in range(3)]


def test_the_score_bug_counts_the_laps_and_the_place_tells_the_rest() -> None:
    # The crossings are three laps short; the leader came to 8 to go at 100 s, the touch is 11 m before the line.
    wrong = [row.model_copy(update={"time_s": (row.time_s or 0) + 27}) for row in a_race().crossings]
    race = a_race().model_copy(update={"crossings": wrong, "finish": [], "scorebug": shown(8, 100.0)})
    told = [Exchange(competitor=None, time_s=time_s, place_m=LAP_M - 11) for time_s in (101.0, 108.5)]
    first, second = with_relay(race, told, None, RELAY).exchanges
    assert first.s_m == pytest.approx(10 * LAP_M - 11, abs=0.1)
    assert second.s_m == pytest.approx(11 * LAP_M - 11, abs=0.1)
    assert (first.leg, second.leg) == (5, None)


@pytest.mark.parametrize(
    ("s_m", "sd_s", "told"),
    [
        (16 * LAP_M - 11.5, 0.2, False),
        (16.5 * LAP_M - 11.5, 0.2, True),
        (16 * LAP_M + 10, 0.6, False),
        (None, 0.2, False),
    ],
)
def test_a_change_in_the_last_two_laps_is_asked_about(s_m: float | None, sd_s: float, told: bool) -> None:
    one = Exchange(competitor=1, time_s=160.0, time_sd_s=sd_s, s_m=s_m, where="straight", confidence=0.8)
    race = a_race().model_copy(update={"exchanges": [one]})
    found = late_exchanges(race, RELAY, {1: "KOR"})
    assert [(row.kind, [code.code for code in row.codes], row.competitors) for row in found] == (
        [("relay_exchange_fault", ["R2"], [1])] if told else []
    )
    if found:
        assert "KOR" in (found[0].question or "")
        assert found[0].start_s < 160 < found[0].end_s
        assert 0.5 < found[0].confidence <= 0.9
        fall = Incident(id=1, kind="fall", start_s=145, end_s=150, competitors=[1], confidence=0.9)
        assert late_exchanges(race.model_copy(update={"incidents": [fall]}), RELAY, {}) == []
        other = fall.model_copy(update={"competitors": [2]})
        assert len(late_exchanges(race.model_copy(update={"incidents": [other]}), RELAY, {})) == 1


def test_straights_with_and_without_an_exchange() -> None:
    # 12 m/s, but 10 m/s on every second near straight: 28.8565 m in 2.40 and 2.89 s.
    time_s = np.arange(0, 60, 1 / FPS)
    s = [0.0]
    for _ in time_s[1:]:
        slow = abs((s[-1] + LAP_M) % (2 * LAP_M) - LAP_M) < 28.8565 / 2
        s.append(s[-1] + (10 if slow else 12) / FPS)
    way_m = np.array(s)
    touch_s = float(np.interp(2 * LAP_M - 5, way_m, time_s))
    race = a_race().model_copy(update={"race_start_s": 0.0})
    team = with_relay(race, [Exchange(competitor=1, time_s=touch_s)], made_ice([s], 1.0), RELAY).relay[0]
    assert team.straight_s == pytest.approx(28.8565 / 12, abs=0.02)
    assert (team.exchange_straight_s, team.exchange_straights) == (pytest.approx(28.8565 / 10, abs=0.05), 1)
    assert team.straights == 11  # around 55.56 m to 666.72 m, but for the one of the exchange


def test_exchanges_against_the_truth() -> None:
    truth = a_race().model_copy(
        update={
            "exchanges": [Exchange(competitor=k, time_s=t) for k, t in ((1, 20.0), (2, 20.3), (1, 40.0), (1, 60.0))]
        }
    )
    told = ((7, 20.4), (8, 20.1), (None, 40.2), (8, 90.0))
    run = a_race().model_copy(update={"exchanges": [Exchange(competitor=k, time_s=t) for k, t in told]})
    scores = exchange_scores(run, truth, {1: 8, 2: 7})
    assert (scores["truth"], scores["found"], scores["any_team"], scores["false"]) == (4, 2, 3, 1)
    assert scores["error_ms"]["median"] == pytest.approx(100)


def test_a_team_is_between_two_racers_around_its_own_exchange() -> None:
    time_s = np.arange(0, 20, 1.0)
    mine, unknown = Exchange(competitor=2, time_s=5.0), Exchange(competitor=None, time_s=15.0)
    between = being_relieved([mine, unknown], np.array([1, 2], np.int32), time_s)
    assert between[0].nonzero()[0].tolist() == [13, 14, 15, 16, 17]
    assert between[1].nonzero()[0].tolist() == [3, 4, 5, 6, 7, 13, 14, 15, 16, 17]
