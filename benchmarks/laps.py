"""Compare simulated individual races with the lap times and rank changes of real ones.

    python -m benchmarks.laps [--races N]

Medians and 95 % quantiles of the lap times at each crossing, of races with incidents as often as in real ones; real
ones from ``race/lap_times.json``.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from race.events import lap_time_quantiles
from simulation.motion import Motion
from simulation.race import simulate_race
from simulation.scenario import EventName, Scenario

EVENTS: tuple[EventName, ...] = ("500m", "1000m", "1500m")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=60, help="of each event")
    races = parser.parse_args().races
    for name in EVENTS:
        scenario = Scenario(event=name, gender="m", random_incidents=True)
        motions = [simulate_race(scenario, seed) for seed in range(races)]
        laps = np.concatenate([_lap_times(motion, scenario.race_event.crossings) for motion in motions])
        real = lap_time_quantiles(name, "m")
        print(f"{name} men, {races} races, s")
        for label, middle, slow in (
            ("simulated", np.nanmedian(laps, axis=0), np.nanquantile(laps, 0.95, axis=0)),
            ("real", real[:, 2], real[:, 4]),
        ):
            print(f"  {label:10} median {_row(middle)}\n  {'':10} 95 %   {_row(slow)}")
        changed = [share for motion in motions for share in _rank_changes(motion)]
        falls = [one for motion in motions for one in motion.incidents if one.kind == "fall"]
        together = sum(len(one.evidence["fallen_together"]) > 1 for one in falls)
        entries = sum(len(motion.finish) for motion in motions)
        print(f"  ranks that change from crossing to crossing {np.mean(changed):.0%}, entries that fall", end=" ")
        print(f"{len(falls) / entries:.1%} ({together} of {len(falls)} in a group)", end=", ")
        print(f"passes a race {np.mean([len(motion.passes) for motion in motions]):.1f}")


def _lap_times(motion: Motion, crossings: int) -> NDArray[np.float64]:
    """(racers, crossings) time before each crossing, s; NaN where there is none."""
    out = np.full((len(motion.finish), crossings), np.nan)
    for row in motion.crossings:
        if row.lap is not None and row.lap_time_s is not None:
            out[row.competitor - 1, row.lap - 1] = row.lap_time_s
    return out


def _rank_changes(motion: Motion) -> list[float]:
    """For each racer and lap: whether its rank is another than at the crossing before."""
    ranks = {(row.competitor, row.lap): row.rank for row in motion.crossings if row.lap is not None}
    out = []
    for (who, lap), rank in ranks.items():
        before = ranks.get((who, lap - 1))
        if rank is not None and before is not None:
            out.append(float(rank != before))
    return out


def _row(values: NDArray[np.float64]) -> str:
    return " ".join(f"{value:5.2f}" for value in values)


if __name__ == "__main__":
    main()
