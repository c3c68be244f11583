"""Pieces of ways to be shared out, for tests."""

import numpy as np

from race.beam import Weighed

RED, BLUE = (0.99, 0.01), (0.01, 0.99)


def weighed(link, look, many, size, relay, left_out=None, name=None, every_s=10.0, begins=None, in_pack=None):
    """Pieces of half of ``every_s`` that begin so far apart; those with a ``name`` are moments told."""
    count = len(look)
    cost = np.full((count, count), np.inf)
    for (a, b), value in link.items():
        cost[a, b] = value
    left = np.full(count, 10.0) if left_out is None else np.asarray(left_out)
    begins = np.arange(count) * every_s if begins is None else np.asarray(begins)
    name = np.full(count, -1) if name is None else np.asarray(name)
    in_pack = np.zeros((count, 2)) if in_pack is None else np.asarray(in_pack)
    return Weighed(
        *(cost, left, np.asarray(look, float), np.asarray(many, float), size, np.ones(count, bool), relay),
        *(begins, np.where(name < 0, begins + every_s / 2, begins), in_pack, 100.0, name),
    )
