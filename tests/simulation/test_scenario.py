"""Scenario files: those shipped are what they say, bad ones are told from good with line, key and remedy."""

from pathlib import Path

import pytest

from race.errors import ScenarioError
from simulation.race import simulate_race
from simulation.scenario import read_scenario, scenario_names


def test_those_asked_for_are_shipped() -> None:
    wanted = {"shanghai-2019-mens-500-final", "mixed-relay-final", "ladies-500-final", "ladies-1000", "mens-1500"}
    wanted |= {"relay-3000", "relay-5000", "false-start", "random"}
    assert wanted <= set(scenario_names())


@pytest.mark.parametrize("name", [name for name in scenario_names() if name != "random"])
def test_every_shipped_file_is_a_scenario(name: str) -> None:
    assert read_scenario(name).race_event.name == read_scenario(name).event


def test_shanghai_ends_as_it_did() -> None:
    motion = simulate_race(read_scenario("shanghai-2019-mens-500-final"), 4)
    falls = [incident for incident in motion.incidents if incident.kind == "fall"]
    assert [fall.competitors[0] for fall in falls[:2]] == [1, 2]
    assert falls[0].start_s < 13  # early
    assert falls[2].competitors == [4]
    assert falls[2].evidence["where"] == "corner"
    lap = max(row.lap or 0 for row in motion.crossings if row.competitor == 4)
    assert lap == 4  # on the last of five crossings it is missing
    assert [row.competitor for row in motion.finish if row.rank is not None] == [3]


def test_ladies_500_final_is_close_between_three() -> None:
    motion = simulate_race(read_scenario("ladies-500-final"), 2)
    times = [row.race_time_s for row in motion.finish[:3]]
    assert times[2] - times[0] <= 0.15  # type: ignore[operator]


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
        ('event = "relay-5000m"\ngender = "w"\n', 2, "no event 'relay-5000m'"),
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
