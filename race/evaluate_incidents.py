"""Falls and incidents of a run against the truth's: the part of ``race/evaluate.py`` that scores them."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from race.formats import Incident, Race

Floats = NDArray[np.float64]
Seen = Callable[[Iterable[int], float | None], bool]
"""Whether the truth's competitors could be seen at a time."""

MATCH_S = 1.0
"""Falls and passes of the same competitors within this are the same."""


def fall_scores(run: Race, truth: Race, pairs: dict[int, int], seen: Seen) -> dict[str, int]:
    """One fall per competitor that fell, however the incidents group them; whoever has another role did not fall.

    A fall of which the run does not say whose it was is never found, and false where nobody fell.
    """
    back = {r: t for t, r in pairs.items()}
    true = [(row.start_s, who) for row in truth.incidents if row.kind == "fall" for who in _fallen(row)]
    mine = [(row.start_s, back.get(who, -who)) for row in run.incidents if row.kind == "fall" for who in _fallen(row)]
    out = counts(true, mine, [seen([who], time_s) for time_s, who in true])
    nobodys = [row.start_s for row in run.incidents if row.kind == "fall" and not row.competitors]
    out["false"] += sum(all(abs(time_s - at) > MATCH_S for time_s, _ in true) for at in nobodys)
    return out


def _fallen(incident: Incident) -> list[int]:
    named = [who for who in incident.competitors if incident.roles.get(str(who), "fallen").startswith("fall")]
    return named or incident.competitors[:1]


def counts(true: list[tuple[float, Any]], mine: list[tuple[float, Any]], visible: list[bool]) -> dict[str, int]:
    """Within MATCH_S and of the same competitors is the same event. Unseen ones are neither missed nor false."""
    score = np.array([[_alike(t, m) for m in mine] for t in true]).reshape(len(true), len(mine))
    matched = _match(score)
    return {
        "truth": sum(visible),
        "found": sum(visible[t] for t, _ in matched),
        "false": len(mine) - len(matched),
    }


def _alike(true: tuple[float, Any], mine: tuple[float, Any]) -> float:
    apart = abs(true[0] - mine[0])
    return 1 + (MATCH_S - apart) if true[1] == mine[1] and apart <= MATCH_S else 0.0


def _match(score: Floats) -> list[tuple[int, int]]:
    """One-to-one, the best score first; enough for events, of which hardly two can be confused."""
    left, out = score.copy(), []
    while left.size and left.max() > 0:
        t, m = np.unravel_index(int(left.argmax()), left.shape)
        out.append((int(t), int(m)))
        left[t, :] = left[:, m] = 0
    return out


def incident_scores(run: Race, truth: Race, pairs: dict[int, int], seen: Seen) -> dict[str, Any]:
    """All but falls, matched by overlapping windows; of several, those of the same competitors and family first.

    ``coded`` are those of the truth that carry a code, and so can have the right family; ``right_competitors`` were
    found with exactly the truth's competitors.
    """
    true = [row for row in truth.incidents if row.kind != "fall"]
    mine = [row for row in run.incidents if row.kind != "fall"]
    named, matched = _named(mine, pairs), matched_incidents(run, truth, pairs)
    visible = [seen(row.competitors, (row.start_s + row.end_s) / 2) for row in true]
    coded = [family(row) is not None for row in true]
    right = [(t, m) for t, m in matched if visible[t] and coded[t] and family(true[t]) == family(mine[m])]
    same = [t for t, m in matched if visible[t] and set(true[t].competitors) == named[m]]
    real = {m for _, m in matched}
    return {
        "truth": sum(visible),
        "found": sum(visible[t] for t, _ in matched),
        "false": len(mine) - len(matched),
        "coded": sum(a and b for a, b in zip(visible, coded, strict=True)),
        "right_family": len(right),
        "right_competitors": len(same),
        "calibration": [{"confidence": row.confidence, "real": m in real} for m, row in enumerate(mine)],
    }


def matched_incidents(run: Race, truth: Race, pairs: dict[int, int]) -> list[tuple[int, int]]:
    """Which of the truth's incidents is which of the run's: indices among those that are no falls."""
    true = [row for row in truth.incidents if row.kind != "fall"]
    mine = [row for row in run.incidents if row.kind != "fall"]
    named = _named(mine, pairs)
    score = np.array(
        [[_overlap(t, m) * _agreement(t, m, who) for m, who in zip(mine, named, strict=True)] for t in true]
    ).reshape(len(true), len(mine))
    return _match(score)


def _named(mine: list[Incident], pairs: dict[int, int]) -> list[set[int]]:
    """The truth's competitors of each of the run's incidents."""
    back = {r: t for t, r in pairs.items()}
    return [{back.get(who, -who) for who in row.competitors} for row in mine]


def _overlap(true: Incident, mine: Incident) -> float:
    """Seconds shared; windows that touch in an instant overlap too."""
    shared = min(true.end_s, mine.end_s) - max(true.start_s, mine.start_s)
    return shared + 1e-6 if shared >= 0 else 0.0


def _agreement(true: Incident, mine: Incident, who: set[int]) -> float:
    """How much rather these two are paired than others that overlap as long."""
    return 1.0 + 10.0 * len(set(true.competitors) & who) + 5.0 * (family(true) == family(mine))


def family(incident: Incident) -> str | None:
    """The letter of the likeliest code: C corner, S straight, F finish, O off track, A assistance, R relay."""
    if not incident.codes:
        return None
    letters: dict[str, float] = {}
    for one in incident.codes:
        letters[one.code[0]] = letters.get(one.code[0], 0.0) + one.weight
    return max(letters, key=lambda letter: letters[letter])
