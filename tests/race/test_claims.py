"""Who may not have been the one who races, so that no pass is claimed of it."""

import numpy as np

from race.claims import _just_come
from race.identify import BESIDE_S


def test_who_is_seen_anew_may_be_a_team_mate_coming_out() -> None:
    time_s = np.arange(0, 30, 0.5)
    seen = np.ones((2, len(time_s)), bool)
    seen[1, (time_s > 10) & (time_s < 12)] = False  # for less than it takes
    seen[1, (time_s > 15) & (time_s < 20)] = False
    come = _just_come(seen, time_s)
    assert np.array_equal(come[0], time_s <= BESIDE_S)
    assert np.array_equal(come[1], (time_s <= BESIDE_S) | ((time_s >= 20) & (time_s <= 20 + BESIDE_S)))
