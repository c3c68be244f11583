"""Who is on the ice: racers and their teams, team-mates, referees and block stewards."""

from dataclasses import dataclass

import numpy as np

from race.events import RaceEvent
from simulation.draws import Draws
from simulation.motion import Person, Role

OFFICIALS: tuple[Role, ...] = ("referee", "referee", "steward", "steward", "steward", "steward")
TEAMS = ("KOR", "CHN", "NED", "CAN", "ITA", "HUN", "USA", "JPN", "KAZ", "POL", "BEL", "FRA", "GBR", "LAT", "GER", "TUR")
# Invented people: any likeness of a name to a racer's is chance.
_FAMILY = (
    *("ADLER", "BAKKER", "BIANCHI", "CHENG", "DALTON", "DE WIT", "FEKETE", "FOURNIER", "GRABOWSKI", "HALE", "HAYASHI"),
    *("IVANOV", "JANSEN", "KALNINS", "KEMENY", "KOWAL", "LAURENT", "LINDEN", "MARCHETTI", "MIN", "MORI", "NOVAK"),
    *("OKADA", "PARKER", "PELLETIER", "RICCI", "SATO", "SEONG", "SHIN", "TANAKA", "TREMBLAY", "VIDAL", "WEI", "ZHOU"),
)
_GIVEN = {
    "m": (
        "Aron",
        "Ben",
        "Daan",
        "Emil",
        "Hiro",
        "Jun",
        "Luca",
        "Marek",
        "Min-jae",
        "Noah",
        "Pierre",
        "Tom",
        "Wen",
        "Zeno",
    ),
    "w": (
        "Anna",
        "Chloe",
        "Eva",
        "Fleur",
        "Hana",
        "Ji-woo",
        "Lara",
        "Lea",
        "Mei",
        "Nora",
        "Petra",
        "Sofia",
        "Yara",
        "Zoe",
    ),
}


@dataclass(frozen=True, slots=True)
class Starter:
    """What a scenario may say of a racer (of a team in a relay); None is drawn."""

    name: str | None = None
    team: str | None = None
    helmet: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """``skaters`` are the agents of the kinematics in order: competitor by competitor, in a relay four each."""

    skaters: tuple[Person, ...]
    officials: tuple[Person, ...]
    competitor: tuple[int, ...]
    """Of each skater, from 0."""
    turn: tuple[int, ...]
    """Of each skater in its team, from 0."""
    women: tuple[bool, ...]


def draw_field(event: RaceEvent, starters: list[Starter], draws: Draws) -> Field:
    """People for the starters, in the order of their start positions."""
    taken = {starter.team for starter in starters if starter.team}
    free_teams = [team for team in draws.shuffled(TEAMS) if team not in taken]
    names = draws.shuffled(_FAMILY)
    helmets = draws.shuffled(range(1, 100))
    suits: dict[str, int] = {}
    skaters: list[Person] = []
    competitor, turns, women = [], [], []
    per_team = 4 if event.is_relay else 1
    for k, starter in enumerate(starters):
        # Two racers of a nation in one individual race are common; teams of a relay are different nations.
        shared = [p.team for p in skaters if p.team] if not event.is_relay else []
        team = starter.team or (draws.pick(shared) if shared and draws.chance(0.25) else free_teams.pop())
        suit = suits.setdefault(str(team), len(suits))
        for turn in range(per_team):
            woman = event.gender == "w" or (event.gender == "x" and turn < 2)
            name = starter.name if starter.name and not event.is_relay else _name(names, woman, draws)
            tall = draws.normal(1.64, 0.05) if woman else draws.normal(1.75, 0.06)
            skaters.append(
                Person(
                    id=len(skaters) + 1,
                    role="racer" if turn == 0 else "teammate",
                    name=name,
                    height_m=round(float(np.clip(tall, 1.5, 1.95)), 3),
                    suit=suit,
                    team=team,
                    competitor=k + 1,
                    helmet=starter.helmet if starter.helmet and turn == 0 else str(helmets[len(skaters)]),
                    start_position=k + 1,
                )
            )
            competitor.append(k)
            turns.append(turn)
            women.append(woman)
    officials = [
        Person(id=len(skaters) + n + 1, role=role, name=role, height_m=1.78, suit=len(suits))
        for n, role in enumerate(OFFICIALS)
    ]
    return Field(tuple(skaters), tuple(officials), tuple(competitor), tuple(turns), tuple(women))


def _name(names: list[str], woman: bool, draws: Draws) -> str:
    return f"{draws.pick(_GIVEN['w' if woman else 'm'])} {names.pop()}"
