"""How many of a relay's exchanges were found, of the right team, and how near in time."""

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from race.formats import Race

WITHIN_S = 1.0
FAR = 1e6


def exchange_scores(run: Race, truth: Race, pairs: dict[int, int]) -> dict[str, Any]:
    """Counts, and the error of the moment; an exchange is found where the run has one of the same team within 1 s.

    ``any_team`` counts those told at the right time of another team, or of none, too; the rest is false.
    """
    true = sorted(truth.exchanges, key=lambda one: one.time_s)
    mine = sorted(run.exchanges, key=lambda one: one.time_s)
    cost = np.full((len(true), len(mine)), FAR)
    for k, one in enumerate(true):
        for n, other in enumerate(mine):
            apart = abs(one.time_s - other.time_s)
            if apart <= WITHIN_S:
                same = other.competitor is not None and pairs.get(one.competitor or -1) == other.competitor
                cost[k, n] = apart + (0.0 if same else 100.0)
    rows, columns = linear_sum_assignment(cost)
    kept = [float(cost[k, n]) for k, n in zip(rows, columns, strict=True) if cost[k, n] < FAR]
    right = [value for value in kept if value < 100]
    errors = [1000 * (value % 100) for value in kept]
    return {
        "truth": len(true),
        "found": len(right),
        "any_team": len(kept),
        "false": len(mine) - len(kept),
        "error_ms": {"median": float(np.median(errors)), "p95": float(np.percentile(errors, 95))} if errors else None,
    }
