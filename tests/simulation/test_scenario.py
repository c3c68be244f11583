"""Scenario files: those shipped are what they say, bad ones are told from good with line, key and remedy."""

from pathlib import Path

import pytest

from race.errors import ScenarioError
from race.formats import Incident
from simulation.motion import Motion
from simulation.race import simulate_race
from simulation.scenario import read_scenario, scenario_names


def test_those_asked_for_are_shipped() -> None:
    wanted = {"shanghai-2019-mens-500-final", "mixed-relay-final", "ladies-500-final", "ladies-1000", "mens-1500"}
    wanted |= {"relay-3000", "relay-5000", "false-start", "random"}
    assert wanted <= set(scenario_names())


@pytest.mark.parametrize("name", [name for name in scenario_names() if name != "random"])
def test_every_shipped_file_is_a_scenario(name: str) -> None:
    assert read_scenario(name).race_event.name == read_scenario(name).event


SEEDS = (301, 302)


def falls(motion: Motion) -> list[Incident]:
    return [incident for incident in motion.incidents if incident.kind == "fall"]


def authors(motion: Motion) -> set[int]:
    return {incident.competitors[0] for incident in motion.incidents if incident.codes}


def finish_times(motion: Motion) -> dict[int, float]:
    return {row.competitor: row.race_time_s for row in motion.finish if row.race_time_s is not None}


def shanghai(motion: Motion) -> None:
    first, second, last = falls(motion)
    assert [first.competitors, second.competitors, last.competitors] == [[1], [2], [4]]
    assert second.evidence["brought_down_by"] == 1
    assert first.start_s < 13  # early
    assert last.evidence["where"] == "corner"
    assert {(one.by, one.on) for one in motion.passes} >= {(3, 4), (4, 3)}  # they fight for the lead
    lap = max(row.lap or 0 for row in motion.crossings if row.competitor == 4)
    assert lap == 4  # on the last of five crossings it is missing
    assert list(finish_times(motion)) == [3]


def mixed_relay(motion: Motion) -> None:
    assert authors(motion) == {3, 4}
    assert {incident.kind for incident in motion.incidents if incident.codes} == {"lane_change", "push"}
    times = finish_times(motion)
    assert abs(times[1] - times[2]) <= 0.05
    assert len(times) == 4
    assert not falls(motion)


def three_together(motion: Motion) -> None:
    times = sorted(finish_times(motion).values())
    assert times[2] - times[0] <= 0.15
    assert not falls(motion)


def many_passes(motion: Motion) -> None:
    assert len(motion.passes) >= 6
    assert len(finish_times(motion)) == 5
    assert not falls(motion)


def slow_early_laps(motion: Motion) -> None:
    assert len(motion.competitors) == 8
    leader = {row.lap: row.lap_time_s for row in motion.crossings if row.rank == 1}
    assert (leader[2] or 0) > (leader[10] or 0) + 1


def relay_faults(motion: Motion) -> None:
    assert authors(motion) == {1, 2, 3, 4}
    assert [fall.competitors for fall in falls(motion)] == [[2]]
    assert len(finish_times(motion)) == 4


def called_back(motion: Motion) -> None:
    assert [one.competitors for one in motion.incidents if one.kind == "false_start"] == [[2]]
    assert len(motion.guns) == 2


def clean(motion: Motion) -> None:
    assert not motion.incidents
    assert len(finish_times(motion)) == len(motion.competitors)


def relay(motion: Motion) -> None:
    assert len(motion.competitors) == 4
    laps = motion.event.laps
    assert all(max(row.lap or 0 for row in motion.crossings if row.competitor == who) == laps for who in (1, 2, 3, 4))


STORIES = {
    "shanghai-2019-mens-500-final": shanghai,
    "mixed-relay-final": mixed_relay,
    "ladies-500-final": three_together,
    "ladies-1000": many_passes,
    "mens-1500": slow_early_laps,
    "relay-infractions": relay_faults,
    "relay-3000": relay,
    "relay-5000": relay,
    "false-start": called_back,
    "clean-500": clean,
    "clean-1000": clean,
    "clean-1500": clean,
    "clean-relay-2000": clean,
}


def test_every_shipped_story_is_told() -> None:
    assert {*STORIES, "random"} == set(scenario_names())


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", STORIES)
def test_its_story_happens_on_any_seed(name: str, seed: int) -> None:
    STORIES[name](simulate_race(read_scenario(name), seed))


@pytest.mark.parametrize("name", ["shanghai-2019-mens-500-final", "ladies-500-final", "ladies-1000", "false-start"])
def test_its_story_happens(name: str) -> None:
    STORIES[name](simulate_race(read_scenario(name), 2))


SLIP = '[[order]]\ndo = "slip"\nracer = 1\nlap = 1\n'


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('event = "500m"\ngendr = "m"\n', 2, "gendr: no such key; there are event, gender"),
        ('event = "501m"\n', 1, "event: expected '500m'"),
        ('gender = "m"\n', 1, "event: is missing"),
        ("event = \n", 1, "not valid TOML: Invalid value"),
        ('event = "500m"\nevent = "1000m"\n', 2, "not valid TOML"),
        ('event = "500m"\nstarters = "four"\n', 2, "starters: expected a number, or the least and the most"),
        ('event = "500m"\nrandom_incidents = "yes"\n', 2, "random_incidents: expected boolean, got 'yes'"),
        (
            f'event = "500m"\n{SLIP.replace("[[order]]", "[order]")}',
            2,
            "order: expected tables that begin with [[order]]",
        ),
        (f'event = "500m"\n{SLIP.replace("slip", "slp")}', 3, "order.1.do: expected 'slip', 'attack'"),
        (f'event = "500m"\n{SLIP.replace("slip", "assist")}', 3, "only teams of a relay can assist"),
        ('event = "500m"\n[require]\nresult = [7]\n', 3, "require.result: expected racers from 1 to 4"),
        ('event = "500m"\n[require]\nfalls = 99\n', 3, "require.falls: expected at most 5, who start, got 99"),
        ('event = "500m"\n[require]\nfinishers = 6\n', 3, "require.finishers: expected at most 5, who start, got 6"),
        (
            'event = "relay-3000m"\n[[order]]\ndo = "late_exchange"\nracer = 1\nlap = 4\n',
            5,
            "expected lap in the last two laps, 25 to 26.5, got 4",
        ),
        (f'event = "500m"\n\n{SLIP}{SLIP.replace("racer = 1", "racer = 0")}', 9, "racer"),
        (f'event = "500m"\nstarters = 3\n{SLIP.replace("racer = 1", "racer = 4")}', 3, "racer 4, but 3 may be all"),
        ('event = "500m"\n[[order]]\ndo = "slip"\nracer = 1\nlap = 7\n', 5, "lap 7.0 of a race of 4.5"),
        (f'event = "500m"\n{SLIP}takes = [0]\n', 6, "greater than or equal to 1, got 0"),
        (f'event = "500m"\n{SLIP}takes = [1]\n', 2, "racer 1 cannot do it to itself"),
        ('event = "relay-5000m"\ngender = "w"\n', 2, 'gender: expected "m" for relay-5000m, got "w"'),
        ('event = "500m"\ntrack_shift_m = 3.0\n', 2, "less than or equal to 2"),
        ('event = "relay-3000m"\nfalse_start = 1\n', 2, "individual races"),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no such scenario; there are .*random"):
        read_scenario("nothing-like-it")
    with pytest.raises(ScenarioError, match="No such file"):
        read_scenario(tmp_path / "none.toml")
    (tmp_path / "race.yaml").write_text("event: 500m\n")
    with pytest.raises(ScenarioError, match=r"race\.yaml: not a scenario; expected the path of a \.toml file"):
        read_scenario(tmp_path / "race.yaml")
