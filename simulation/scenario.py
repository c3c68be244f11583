"""Scenario files: what a race shall be like, in a few lines of TOML; the rest is drawn from the seed.

    event = "500m"            # as on the command line
    gender = "m"
    starters = [4, 5]         # or one number; left out: the event's usual field
    track_shift_m = 0.7       # left out: drawn
    random_incidents = true   # falls and contacts at the rates of real races
    false_start = 2           # the racer who moves before the gun

    [[racer]]                 # in the order of the start positions; any of these
    name = "Aron HALE"
    team = "HUN"
    helmet = "23"
    retires = true            # after a fall

    [[order]]                 # what somebody does once it has skated so many laps
    do = "slip"
    racer = 1
    lap = 0.9
    takes = [2]

    [require]                 # the race is drawn again until it is so
    finish_gap_s = 0.05

Orders and what they do: ``Order`` in ``simulation/state.py``.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Bounded

from race.errors import ScenarioError
from race.events import EVENTS, Gender, RaceEvent, find_event
from simulation.draws import Draws

SCENARIOS = Path(__file__).with_name("scenarios")

Do = Literal[
    "slip", "attack", "cut_in", "drift_out", "late_pass", "shove", "off_track", "slow", "kick_out", "sprint",
    "miss_touch", "late_exchange", "infield_block", "extra_skater", "swerve", "leg_block", "assist",
]  # fmt: skip
RELAY_DO: list[Do] = [
    "miss_touch", "late_exchange", "infield_block", "extra_skater", "swerve", "leg_block", "assist",
]  # fmt: skip
"""What only a relay's team can do."""
EventName = Literal["500m", "1000m", "1500m", "relay-2000m", "relay-3000m", "relay-5000m"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RacerSpec(_Strict):
    name: str | None = None
    team: str | None = None
    helmet: str | None = None
    retires: bool = Bounded(default=False, strict=True)


class OrderSpec(_Strict):
    """Racers are start positions. ``on`` left out is whoever is ahead; ``falls`` are those a contact brings down.

    Who ``insists`` tries again until the contact is made, and sprints so as to be in front, not level.
    """

    do: Do
    racer: int = Bounded(ge=1)
    lap: float = Bounded(ge=0)
    on: int | None = Bounded(default=None, ge=1)
    side: Literal["inside", "outside"] = "inside"
    falls: list[Literal["racer", "other"]] = []
    takes: list[Annotated[int, Bounded(ge=1)]] = []
    insists: bool = Bounded(default=False, strict=True)


class Requirements(_Strict):
    """What has to come out; ``finish_gap_s`` is the most between the first two, ``three_within_s`` to the third.

    ``first_crossing`` and ``result`` are the racers in front at the first crossing and in the end, as many as named.
    ``infractions_by`` are all that do something which has a code; they do not count among the first.
    """

    finish_gap_s: float | None = Bounded(default=None, gt=0)
    three_within_s: float | None = Bounded(default=None, gt=0)
    first_crossing: list[int] = []
    result: list[int] = []
    infractions_by: list[int] | None = None
    falls: int | None = Bounded(default=None, ge=0)
    finishers: int | None = Bounded(default=None, ge=0)
    passes_at_least: int | None = Bounded(default=None, ge=0)
    incidents: int | None = Bounded(default=None, ge=0)
    incidents_at_least: int | None = Bounded(default=None, ge=0)


class Scenario(_Strict):
    event: EventName
    gender: Gender | None = None
    title: str | None = None
    starters: int | tuple[int, int] | None = None
    track_shift_m: Annotated[float, Bounded(ge=-2, le=2)] | None = None
    random_incidents: bool = Bounded(default=False, strict=True)
    false_start: int | None = Bounded(default=None, ge=1)
    racer: list[RacerSpec] = []
    order: list[OrderSpec] = []
    require: Requirements = Requirements()

    @property
    def race_event(self) -> RaceEvent:
        return find_event(self.event, self.gender)

    @property
    def field(self) -> tuple[int, int]:
        """The least and the most starters."""
        low, high = self.race_event.field
        if isinstance(self.starters, tuple):
            low, high = self.starters
        elif self.starters is not None:
            low = high = self.starters
        return max(low, len(self.racer)), max(high, len(self.racer))


def scenario_names() -> list[str]:
    """Those shipped, and ``random``."""
    return [*sorted(path.stem for path in SCENARIOS.glob("*.toml")), "random"]


def draw_scenario(seed: int) -> Scenario:
    """``random``: one of the nine races, with incidents at the rates of real ones."""
    event = Draws(seed, "scenario").pick(EVENTS)
    return Scenario(event=event.name, gender=event.gender, random_incidents=True)  # type: ignore[arg-type]


def read_scenario(name: str | Path, seed: int = 0) -> Scenario:
    """A shipped scenario by its name, ``random`` (drawn from ``seed``), or a file.

    Raises ScenarioError: which line, which key, what was expected.
    """
    path = Path(name)
    if path.suffix != ".toml":
        if name == "random":
            return draw_scenario(seed)
        path = SCENARIOS / f"{name}.toml"
        if not path.exists():
            if path.parent != SCENARIOS or Path(name).suffix or Path(name).exists():
                raise ScenarioError(
                    f"{name}: not a scenario; expected the path of a .toml file or one of the names shipped"
                )
            raise ScenarioError(
                f"{name}: no such scenario; there are {', '.join(scenario_names())}, or give the path of a .toml file"
            )
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: not a text file in UTF-8; a scenario is a .toml file") from error
    try:
        scenario = Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        told = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", str(error))
        at, what = (f":{told[2]}", f"{told[1]} in column {told[3]}") if told else ("", str(error))
        raise ScenarioError(f"{path}{at}: not valid TOML: {what}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise ScenarioError(f"{path}:{_line_of(text, first['loc'])}: {_explain(first)}") from error
    _check(scenario, text, path)
    return scenario


def _check(scenario: Scenario, text: str, path: Path) -> None:
    """What no single key shows: the event exists for the gender, and racers are in the field."""

    def fail(at: tuple[int | str, ...], what: str) -> NoReturn:
        raise ScenarioError(f"{path}:{_line_of(text, at)}: {what}")

    genders = [event.gender for event in EVENTS if event.name == scenario.event]
    if scenario.gender is not None and scenario.gender not in genders:
        wanted = " or ".join(f'"{gender}"' for gender in genders)
        fail(("gender",), f'gender: expected {wanted} for {scenario.event}, got "{scenario.gender}"')
    event = scenario.race_event
    low, high = scenario.field
    if not 1 <= low <= high <= 10 or (event.is_relay and high > 5):
        most = 5 if event.is_relay else 10
        fail(("starters",), f"starters: expected 1 to {most} or a range of them, got {low} to {high}")
    for k, order in enumerate(scenario.order):
        others = [*([order.on] if order.on else []), *order.takes]
        named = [order.racer, *others]
        if order.racer in others:
            fail(("order", k), f"order {k + 1}: racer {order.racer} cannot do it to itself")
        if max(named) > low:
            fail(("order", k), f"order {k + 1} names racer {max(named)}, but {low} may be all who start")
        if order.lap > event.laps:
            fail(("order", k, "lap"), f"order {k + 1}: lap {order.lap} of a race of {event.laps}")
        if order.do in RELAY_DO and not event.is_relay:
            fail(("order", k, "do"), f"order {k + 1}: only teams of a relay can {order.do}")
        if order.do == "late_exchange" and not event.laps - 2 < order.lap <= event.laps - 0.5:
            expected = f"in the last two laps, {event.laps - 2:g} to {event.laps - 0.5:g}"
            fail(("order", k, "lap"), f"order {k + 1}: expected lap {expected}, got {order.lap:g}")
    for key in ("falls", "finishers"):
        asked = getattr(scenario.require, key)
        if asked is not None and asked > high:
            fail(("require", key), f"require.{key}: expected at most {high}, who start, got {asked}")
    for key in ("first_crossing", "result", "infractions_by"):
        named = getattr(scenario.require, key)
        if named and not 1 <= min(named) <= max(named) <= low:
            fail(("require", key), f"require.{key}: expected racers from 1 to {low}, who start for sure, got {named}")
    if scenario.false_start and event.is_relay:
        fail(("false_start",), "false_start: only individual races can have one")
    if scenario.false_start and scenario.false_start > low:
        fail(("false_start",), f"false_start names racer {scenario.false_start}, but {low} may be all who start")


_EXPECTED = {
    "starters": "a number, or the least and the most such as [4, 5]",
    "racer": "tables that begin with [[racer]]",
    "order": "tables that begin with [[order]]",
    "require": "a table that begins with [require]",
}

_NEEDED = {"event": f'; expected a line such as event = "500m"; there are {", ".join(get_args(EventName))}'}


def _explain(error: Any) -> str:
    where = ".".join(str(part + 1 if isinstance(part, int) else part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        model: type[BaseModel] = Scenario
        if len(error["loc"]) > 1:
            parts: dict[str, type[BaseModel]] = {"racer": RacerSpec, "order": OrderSpec, "require": Requirements}
            model = parts[error["loc"][0]]
        return f"{where}: no such key; there are {', '.join(model.model_fields)}"
    if error["type"] == "missing":
        needed = _NEEDED.get(where, "")
        return f"{where}: is missing{needed}"
    expected = _EXPECTED.get(error["loc"][0]) if len(error["loc"]) == 1 or error["loc"][0] == "starters" else None
    said = expected or str(error["msg"]).removeprefix("Input should be ").removeprefix("a valid ")
    return f"{error['loc'][0] if expected else where}: expected {said}, got {error['input']!r}"


def _line_of(text: str, location: tuple[int | str, ...]) -> int:
    """The line, from 1, of the key at ``location`` (such as order, 1, lap); as near as can be found."""
    lines = text.splitlines()
    at = 0
    for part, after in zip(location, (*location[1:], None), strict=True):
        if isinstance(part, int):
            continue
        table = re.compile(rf"\s*\[+\s*{part}\s*\]+")
        key = re.compile(rf"\s*{part}\s*=")
        tables = [n for n, line in enumerate(lines) if table.match(line)]
        if tables:
            at = tables[min(after, len(tables) - 1) if isinstance(after, int) else 0]
        else:
            at = next((n for n in range(at, len(lines)) if key.match(lines[n])), at)
    return at + 1
