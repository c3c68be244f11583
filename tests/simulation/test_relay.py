"""What only relays have: infractions around the exchange, and team-mates who take over from the fallen."""

import numpy as np
import pytest

from race.events import find_event
from race.formats import Incident
from race.rink import Rink
from simulation.draws import Draws
from simulation.incidents import draw_orders
from simulation.motion import Motion, Pose
from simulation.pace import true_exchanges
from simulation.race import simulate_race
from simulation.scenario import Do, OrderSpec, RacerSpec, Requirements, Scenario

LAP_M = 111.12


def relay(*orders: OrderSpec, falls: int = 0, seed: int = 1) -> Motion:
    require = Requirements(falls=falls, incidents_at_least=0 if falls else 1)
    return simulate_race(
        Scenario(event="relay-2000m", gender="x", starters=4, order=list(orders), require=require), seed
    )


def told(motion: Motion, kind: str) -> Incident:
    (one,) = [incident for incident in motion.incidents if incident.kind == kind]
    return one


def column(motion: Motion, time_s: float) -> int:
    return int(np.searchsorted(motion.time_s, time_s - 1e-6))


def changes(motion: Motion, team: int) -> list[tuple[int, int, int]]:
    """Column, and the rows of who raced before it and from it on."""
    rows = np.array([k for k, person in enumerate(motion.people) if person.competitor == team])
    raced = motion.racing[rows]
    return [
        (int(n), int(rows[raced[:, n - 1]][0]), int(rows[raced[:, n]][0]))
        for n in np.flatnonzero(np.any(raced[:, 1:] != raced[:, :-1], axis=0)) + 1
    ]


def test_a_missed_touch_is_a_hand_over_out_of_reach() -> None:
    motion = relay(OrderSpec(do="miss_touch", racer=3, lap=4))
    one = told(motion, "relay_exchange_fault")
    assert (one.competitors, [code.code for code in one.codes]) == ([3], ["R1"])
    apart = [np.hypot(*(motion.xy[after, n] - motion.xy[before, n])) for n, before, after in changes(motion, 3)]
    assert apart[1] > 1.5  # the second of the legs of 2.5 laps
    assert max(apart[:1] + apart[2:]) < 1.4
    n, before, after = changes(motion, 3)[1]
    assert one.start_s < motion.time_s[n] < one.end_s
    assert {Pose(motion.pose[before, n]), Pose(motion.pose[after, n])}.isdisjoint({Pose.PUSH, Pose.PUSHED})


def test_a_late_exchange_is_one_in_the_last_two_laps() -> None:
    motion = relay(OrderSpec(do="late_exchange", racer=2, lap=16.6))
    one = told(motion, "relay_exchange_fault")
    assert (one.competitors, [code.code for code in one.codes]) == ([2], ["R2"])
    for team in range(1, 5):
        n, _, after = changes(motion, team)[-1]
        left_m = 18 * LAP_M - motion.s_m[after, n]
        assert (left_m < 2 * LAP_M) == (team == 2)


def test_who_strays_from_the_inside_is_on_the_track_in_front_of_another_team() -> None:
    motion = relay(OrderSpec(do="infield_block", racer=4, lap=5.2))
    one = told(motion, "infield_block")
    assert [code.code for code in one.codes] == ["R3"]
    assert one.roles[str(one.competitors[0])] == "blocking"
    assert one.competitors[0] == 4
    stray = int(one.evidence["person"]) - 1  # type: ignore[call-overload]
    assert motion.people[stray].competitor == 4
    during = slice(column(motion, one.start_s), column(motion, one.end_s))
    assert not motion.racing[stray, during].any()
    others = [k for k, person in enumerate(motion.people) if person.competitor == one.competitors[1]]
    victim = next(k for k in others if motion.racing[k, during].any())
    nearest = np.hypot(*(motion.xy[stray, during] - motion.xy[victim, during]).T).min()
    assert nearest < 3.0


def test_an_extra_skater_stays_on_the_track_after_the_exchange() -> None:
    motion = relay(OrderSpec(do="extra_skater", racer=1, lap=2.0), seed=2)
    one = told(motion, "extra_skater")
    assert (one.competitors[0], [code.code for code in one.codes]) == (1, ["R4"])
    extra = int(one.evidence["person"]) - 1  # type: ignore[call-overload]
    n = column(motion, one.start_s + 1.0)
    assert motion.people[extra].competitor == 1
    assert not motion.racing[extra, n]
    assert motion.speed[extra, n] > 5
    assert np.abs(motion.xy[extra, n, 1]) > 7.5 or np.abs(motion.xy[extra, n, 0]) > 15  # not in the infield


def obstruction(do: Do, seed: int = 1) -> tuple[Motion, Incident, int, int]:
    """A race in which team 3 does it in an exchange; what is told, and the rows of who did it and to whom."""
    motion = relay(OrderSpec(do=do, racer=3, lap=2), seed=seed)
    one = told(motion, "relay_exchange_fault")
    own, other = one.competitors
    assert own == 3 != other
    assert one.roles[str(other)] == "obstructed"
    at = column(motion, one.start_s + 1.0)
    # In an exchange of its own team, behind which the other one comes up.
    assert min(abs(n - at) for n, _, _ in changes(motion, own)) < 250
    victim = next(k for k, who in enumerate(motion.people) if who.competitor == other and motion.racing[k, at])
    who = int(one.evidence["person"]) - 1  # type: ignore[call-overload]
    assert motion.people[who].competitor == own
    assert np.hypot(*(motion.xy[who, at] - motion.xy[victim, at])) < 5.0
    # It is held up: slower a second later than before, which racers in an exchange of others are not.
    assert motion.speed[victim, at + 80] < motion.speed[victim, at - 50] - 1.0
    return motion, one, who, victim


@pytest.mark.parametrize("seed", [1, 4])
def test_who_is_pushed_off_and_leaves_the_lane_is_in_anothers_way(seed: int) -> None:
    motion, one, who, _ = obstruction("swerve", seed)
    assert [code.code for code in one.codes] == ["R5"]
    assert one.roles["3"] == "lane change"
    at = column(motion, one.start_s + 1.0)
    assert motion.racing[who, at]
    touch = max(n for n, _, after in changes(motion, 3) if n <= at and after == who)
    moved = motion.d_m[who, touch : at + 60] - motion.d_m[who, touch]
    assert moved.max() > 0.5


@pytest.mark.parametrize("seed", [1, 4])
def test_who_has_pushed_and_does_not_get_out_of_the_way_blocks_with_a_leg(seed: int) -> None:
    motion, one, who, victim = obstruction("leg_block", seed)
    assert [code.code for code in one.codes] == ["R6"]
    assert one.roles["3"] == "leg block"
    at = column(motion, one.start_s + 1.0)
    assert not motion.racing[who, at]
    assert any(before == who and 0 <= at - n < 250 for n, before, _ in changes(motion, 3))
    assert np.hypot(*(motion.xy[who, at] - motion.xy[victim, at])) < 3.0
    assert motion.pose[who, at] == Pose.LEG_OUT
    assert (motion.pose == Pose.LEG_OUT).any(axis=1).sum() == 1  # nobody else


@pytest.mark.parametrize("do", ["swerve", "leg_block"])
def test_nobody_is_obstructed_where_nobody_is_behind(do: Do) -> None:
    """The others have fallen far behind: the order stays without effect, and nothing is told."""
    slips = [OrderSpec(do="slip", racer=racer, lap=1.25) for racer in (1, 2, 4)]
    scenario = Scenario(
        event="relay-2000m",
        gender="x",
        starters=4,
        order=[*slips, OrderSpec(do=do, racer=3, lap=2)],
        require=Requirements(falls=3),
    )
    motion = simulate_race(scenario, 1)
    first = changes(motion, 3)[0][0]
    racing = motion.s_m[:, first][motion.racing[:, first]]
    assert np.sort(racing)[-2] < racing.max() - 9.0
    assert not [one for one in motion.incidents if one.codes]


def test_chance_orders_both_faults_of_an_exchange_but_in_relays_only() -> None:
    relays, alone = find_event("relay-5000m", "m"), find_event("1000m", "m")
    drawn = {order.do for seed in range(500) for order in draw_orders(relays, 4, Draws(seed))[0]}
    assert {"swerve", "leg_block", "infield_block", "extra_skater", "miss_touch", "late_exchange"} <= drawn
    assert "assist" not in drawn  # it takes a fall
    assert not {"swerve", "leg_block"} & {
        order.do for seed in range(500) for order in draw_orders(alone, 6, Draws(seed))[0]
    }


def test_a_fallen_racer_is_relieved_by_a_team_mate_who_comes_and_touches() -> None:
    motion = relay(OrderSpec(do="slip", racer=2, lap=5.3), falls=1)
    fall = told(motion, "fall")
    tagged_s = fall.evidence["tagged_s"]
    assert isinstance(tagged_s, float)
    assert 1.0 < tagged_s - fall.start_s < 8.0
    n, fallen, mate = next(row for row in changes(motion, 2) if abs(motion.time_s[row[0]] - tagged_s) < 0.05)
    assert np.hypot(*(motion.xy[mate, n] - motion.xy[fallen, n])) < 1.05
    assert motion.pose[fallen, n] in (Pose.SLIDE, Pose.LYING, Pose.KNEEL, Pose.RISE)
    assert abs(motion.s_m[mate, n] - motion.s_m[fallen, n - 1]) < 1.1  # the team's laps go on
    assert all(row.rank is not None for row in motion.finish)
    skaters = motion.xy[:16]
    assert np.hypot(*np.moveaxis(np.diff(skaters, axis=1), -1, 0)).max() < 0.2
    # It skates on: not to the fallen one's bench but round the track.
    assert motion.speed[mate, n + 600] > 9


def test_a_team_that_gives_up_after_a_fall_sends_nobody() -> None:
    scenario = Scenario(
        event="relay-2000m",
        gender="x",
        starters=2,
        racer=[RacerSpec(), RacerSpec(retires=True)],
        order=[OrderSpec(do="slip", racer=2, lap=5.3)],
        require=Requirements(falls=1),
    )
    motion = simulate_race(scenario, 1)
    fall = told(motion, "fall")
    assert fall.evidence["rejoined"] is False and "tagged_s" not in fall.evidence
    assert [one.status for one in motion.competitors] == ["FIN", "DNF"]
    up = column(motion, fall.end_s)
    fallen = next(k for k, who in enumerate(motion.people) if who.competitor == 2 and motion.racing[k, up - 1])
    assert motion.pose[fallen, up - 1] == Pose.RISE
    rows = [k for k, person in enumerate(motion.people) if person.competitor == 2]
    assert not motion.racing[rows, up:].any()
    mates = [k for k in rows if k != fallen]
    down = column(motion, fall.start_s)
    rink = Rink(track_shift_m=motion.track_shift_m)
    assert rink.to_track(motion.xy[mates, down + 400 :].reshape(-1, 2))[:, 1].max() < -1.3  # nobody comes out
    assert motion.speed[mates, up + 3000 :].max() < 0.1


def test_assistance_is_a_push_for_who_goes_on_itself() -> None:
    orders = (OrderSpec(do="slip", racer=2, lap=5.3), OrderSpec(do="assist", racer=2, lap=5.0))
    motion = relay(*orders, falls=1)
    one = told(motion, "assistance")
    assert (one.competitors, [code.code for code in one.codes]) == ([2], ["ASS"])
    assert "tagged_s" not in told(motion, "fall").evidence
    n = column(motion, one.start_s + 1.0) + 10
    rows = [k for k, person in enumerate(motion.people) if person.competitor == 2]
    poses = {Pose(motion.pose[k, n]): k for k in rows}
    assert motion.racing[poses[Pose.PUSHED], n]
    assert int(one.evidence["person"]) - 1 == poses[Pose.PUSH]  # type: ignore[call-overload]
    fell = [k for k in rows if np.any(motion.pose[k] == Pose.LYING)]
    assert fell == [poses[Pose.PUSHED]]


def test_next_to_nobody_comes_out_too_late() -> None:
    gained = []
    for seed in range(3):
        motion = simulate_race(Scenario(event="relay-3000m", starters=4, require=Requirements(falls=0)), seed)
        for team in range(1, 5):
            gained += [
                motion.speed[after, n : n + 70].max() - motion.speed[after, n] for n, _, after in changes(motion, team)
            ]
    assert np.mean(np.array(gained) < 0.5) < 0.02


def test_a_lapped_racer_gives_way() -> None:
    orders = [OrderSpec(do="slip", racer=4, lap=lap) for lap in (1.25, 3.25)]
    scenario = Scenario(event="1500m", starters=6, order=orders, require=Requirements(falls=2))
    motion = simulate_race(scenario, 3)
    lead = np.nanmax(np.where(motion.racing, motion.s_m, np.nan), axis=0)
    behind = lead - motion.s_m[3]
    meeting = np.flatnonzero((behind > LAP_M - 1.0) & (behind < LAP_M + 1.0) & (lead < 13.5 * LAP_M))
    assert len(meeting) > 0
    assert motion.d_m[3, meeting].min() > 2.0
    assert not [one for one in motion.incidents if one.kind == "contact" and 4 in one.competitors]


def test_the_truth_names_every_exchange() -> None:
    motion = relay(OrderSpec(do="cut_in", racer=1, lap=7))
    found = true_exchanges(motion, 10.0, 1000.0)
    for team in range(1, 5):
        mine = [one for one in found if one.competitor == team]
        assert len(mine) == 7  # the mixed relay has eight legs
        raced = [motion.time_s[n] + 10.0 for n, _, _ in changes(motion, team)]
        assert [one.time_s for one in mine] == raced
    gained = [(one.speed_after_mps or 0) - (one.speed_before_mps or 0) for one in found]
    assert np.median(gained) > 1.0  # who is pushed is faster a second later
    assert all(one.time_s <= 50.0 for one in true_exchanges(motion, 10.0, 50.0))


def test_a_team_that_is_lapped_twice_leaves_the_race() -> None:
    slow = [OrderSpec(do="slow", racer=2, lap=0.5 + k) for k in range(1, 17)]
    motion = simulate_race(Scenario(event="relay-2000m", gender="x", starters=4, order=slow), 1)
    rows = [k for k, person in enumerate(motion.people) if person.competitor == 2]
    raced = motion.racing[rows].any(axis=0)
    last = int(np.flatnonzero(raced)[-1])
    assert np.flatnonzero(~raced)[0] == last + 1  # for good
    behind = np.nanmax(motion.s_m, axis=0) - np.nanmax(motion.s_m[rows], axis=0, initial=-np.inf)
    assert behind[last] == pytest.approx(2 * LAP_M, abs=0.5)
    assert motion.competitors[1].status == "DNF"
    assert [one.status for k, one in enumerate(motion.competitors) if k != 1] == ["FIN"] * 3
    assert [(row.competitor, row.rank, row.race_time_s) for row in motion.finish][-1] == (2, None, None)
    assert max(row.time_s for row in motion.crossings if row.competitor == 2) < motion.time_s[last]
    racer = next(k for k in rows if motion.racing[k, last])
    rink = Rink(track_shift_m=motion.track_shift_m)
    later = slice(last + 3000, None)
    assert rink.to_track(motion.xy[racer, later])[:, 1].min() > 4.5  # at the mats
    mates = [k for k in rows if k != racer]
    assert rink.to_track(motion.xy[mates, last + 300 :].reshape(-1, 2))[:, 1].max() < -1.3  # nobody comes out
    assert motion.speed[mates, later].max() < 0.1
    ends = motion.xy[mates, -1]
    assert min(np.hypot(*(ends[i] - ends[j])) for i in range(3) for j in range(i)) > 0.8


def test_team_mates_who_have_no_leg_left_do_not_stand_in_one_place() -> None:
    motion = simulate_race(Scenario(event="relay-3000m", gender="w", random_incidents=True), 0)
    still = (motion.speed < 0.2) & (motion.time_s > 5) & ~motion.racing
    team = [person.competitor for person in motion.people]
    members = [k for k, one in enumerate(team) if one is not None]
    pairs = [(i, j) for j in members for i in range(j) if team[i] == team[j] and np.any(still[i] & still[j])]
    assert len(pairs) >= 8
    for i, j in pairs:
        assert np.hypot(*(motion.xy[i] - motion.xy[j])[still[i] & still[j]].T).min() > 0.8


def test_idle_members_push_off_now_and_then() -> None:
    motion = simulate_race(Scenario(event="relay-2000m", gender="x", starters=2), 1)
    idle = ~motion.racing[:8] & (motion.time_s > 20) & (motion.time_s < 60)
    easy = idle & (motion.pose[:8] == Pose.EASY)
    assert 0.3 < easy.sum() / idle.sum() < 0.9
    assert motion.speed[:8][easy].max() < 6.5
    steps = np.diff(motion.phase[:8], axis=1)[easy[:, 1:] & easy[:, :-1]]
    assert np.abs(np.where(steps < -0.5, steps + 1, steps)).max() < 0.02  # no jerk
