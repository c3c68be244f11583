"""An incident's evidence as a list for readers: what was measured, with its unit and its uncertainty."""

from dataclasses import dataclass
from typing import Any

from race.formats import Incident

UNITS = {"_mps": "m/s", "_m": "m", "_s": "s"}
LABELS = {
    "s_m": "metres since the start",
    "where": "where",
    "at": "the moment",
    "ahead_m": "ahead of the other",
    "beside_m": "outside the other",
    "beyond_usual_line_m": "outside the usual line",
    "impeded_rank": "place of the impeded",
    "impeded_in_qualifying_place": "in a qualifying place",
    "speed_after_1s_mps": "speed a second later",
    "outwards_by_m": "outwards within a second",
    "box_tall_m": "height of the box",
    "box_wide_m": "width of the box",
    "seen_after_s": "still seen for",
    "lap_time_lost_s": "lost to the others on that lap",
    "fallen_together": "known to have fallen within 2.5 s",
    "together": "fallen within 2.5 s in all",
    "first": "the first of them",
    "brought_down_by": "racer nearest to it",  # what came of that is the question
    "distance_to_it_m": "at a distance of",
    "rank_before": "place before",
    "lead_s": "before the next to move",
    "speed_in_the_way_mps": "speed of who was in the way",
    "speed_of_the_racer_mps": "speed of the racer",
    "share_of_speed": "share of the speed before",
}
WHOSE = frozenset({"changed_line", "fallen_together", "brought_down_by"})
"""Evidence that names competitors."""


@dataclass(frozen=True, slots=True)
class Row:
    """``value`` is None where it could not be measured."""

    label: str
    value: str | None


def evidence_rows(incident: Incident, names: dict[int, str]) -> list[Row]:
    """All but the uncertainties, which stand behind what they belong to, and the way of a fallen, which is drawn."""
    held = incident.evidence
    return [
        Row(_label(key), _value(key, value, held, names))
        for key, value in held.items()
        if key != "way" and not any(key.endswith(f"_sd{unit}") for unit in UNITS)
    ]


def _label(key: str) -> str:
    if key in LABELS:
        return LABELS[key]
    for unit in UNITS:
        key = key.removesuffix(unit)
    return key.replace("_", " ")


def _unit(key: str) -> str:
    return next((unit for end, unit in UNITS.items() if key.endswith(end)), "")


def _value(key: str, value: Any, held: dict[str, Any], names: dict[int, str]) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key in WHOSE:
        ids = value if isinstance(value, list) else [value]
        return ", ".join(names.get(id_, f"#{id_}") for id_ in ids) or "nobody measurably"
    unit = _unit(key)
    if isinstance(value, dict):
        parts = [f"{_name(id_, names)} {_number(one, unit)}" for id_, one in value.items()]
        return ", ".join(parts) + _spread(key, held)
    if isinstance(value, int | float):
        return _number(value, unit) + _spread(key, held)
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return str(value)


def _name(id_: str, names: dict[int, str]) -> str:
    return names.get(int(id_), f"#{id_}") if id_.isdigit() else id_.replace("_", " ")


def _number(value: Any, unit: str) -> str:
    if value is None:
        return "not measured"
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:g} {unit}".strip().replace("-", "\u2212")


def _spread(key: str, held: dict[str, Any]) -> str:
    """Its uncertainty, where one stands beside it: ``distance_m`` has ``distance_sd_m``."""
    unit = next((end for end in UNITS if key.endswith(end)), "")
    stem = key.removesuffix(unit)
    for name in (f"{stem}_sd{unit}", f"{stem.split('_')[0]}_sd{unit}"):
        if held.get(name) is not None:
            return f" ± {held[name]:g}"
    return ""
