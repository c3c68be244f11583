"""Passes that are claimed, and identities that are in doubt: how sure it is who is who decides both."""

import numpy as np
from numpy.typing import NDArray

from race.exchanges import being_relieved
from race.facts import Facts, sureness
from race.formats import IdentityDoubt, Pass
from race.identify import BESIDE_S
from race.laps import Passage
from race.order import KNOWN_AS_S, find_changes
from race.passes import find_ice_passes

DOUBT = 0.8
"""Identities below this confidence are listed as doubtful."""
ONE_DOUBT_S = 1.0
"""Doubts of one identity no further apart than this are one."""
START_S = 4.0
"""So long from the gun the field sorts itself, and that is no passing: 15 m (START_M) from standing take 3 to 4 s."""
SURE_PASS = 0.6
"""Changes of order below this confidence are not claimed as passes."""
LIKE_SUITS, CONFUSABLE_S, NEAR_PASS_S = 0.05, 0.7, 2.0
"""No pass is claimed between two whose mean colours are so near (squared Hellinger distance) where one was unseen for
so long within so many seconds of it."""


def passes_of(facts: Facts, finish: Passage | None) -> list[Pass]:
    """Changes of order between racers, before either has finished."""
    crossed = finish.crossings if finish is not None else ()
    finished_s = {int(facts.paths.ids[crossing.racer]): crossing.time_s for crossing in crossed}
    last_s = max(finished_s.values(), default=float("inf"))
    if facts.ice is not None and facts.in_metres:
        changing = being_relieved(facts.exchanges, facts.ice.ids, facts.scene.time_s)
        if facts.model is not None and facts.model.is_relay:
            changing |= _just_come(facts.ice.seen, facts.scene.time_s)
        found = find_ice_passes(facts.ice, facts.model if facts.ice.from_start else None, changing)
        sure = [(one.confidence or 0.0) * _known_as(facts, one) for one in found]
        passes = [
            one.model_copy(update={"confidence": round(confidence, 3)})
            for one, confidence in zip(found, sure, strict=True)
            if confidence >= SURE_PASS and not _confusable(facts, one)
        ]
    else:
        starts_s = [run.race_start_s for run in facts.clock]
        passes = [
            Pass(
                time_s=change.time_s,
                by=int(facts.paths.ids[change.by]),
                on=int(facts.paths.ids[change.on]),
                confidence=round(change.confidence, 3),
            )
            for change in find_changes(facts.order, facts.paths.seen, sureness(facts), facts.scene.time_s)
            if change.confidence >= SURE_PASS
            and not any(0 <= change.time_s - start_s < START_S for start_s in starts_s)
        ]
    return [one for one in passes if one.time_s < min(finished_s.get(one.by, last_s), finished_s.get(one.on, last_s))]


def _just_come(seen: NDArray[np.bool_], time_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(R, F) who is seen anew, ``seen`` (R, F): in a relay it may be a team-mate who comes out ahead of its racer."""
    out = np.zeros_like(seen)
    for racer in range(len(seen)):
        seen_s = time_s[seen[racer]]
        for come_s in seen_s[np.diff(seen_s, prepend=-np.inf) > BESIDE_S]:
            out[racer] |= (time_s >= come_s) & (time_s <= come_s + BESIDE_S)
    return out


def _known_as(facts: Facts, one: Pass) -> float:
    """How sure it is around a pass who the two are, until both were seen again: racers taken for each other seem to
    pass."""
    tracks = facts.tracks
    time_s = facts.scene.time_s[np.searchsorted(facts.scene.number, tracks.frame)]
    before_s, after_s = KNOWN_AS_S
    sure = 1.0
    for racer in (one.by, one.on):
        own = tracks.id == racer
        again_s = time_s[own & tracks.seen & (time_s >= one.time_s)].min(initial=np.inf)
        near = own & (time_s >= one.time_s - before_s) & (time_s <= again_s + after_s)
        sure = min(sure, float(tracks.link_confidence[near].min(initial=1.0)))
    return sure


def _confusable(facts: Facts, one: Pass) -> bool:
    """Whether the two of a pass wear like suits and one was out of sight near it, so that each may be the other.

    Suits that are not known are alike."""
    tracks, suits = facts.tracks, facts.observations.detections.suit
    time_s = facts.scene.time_s[np.searchsorted(facts.scene.number, tracks.frame)]
    looks, unseen_s = [], 0.0
    for racer in (one.by, one.on):
        own = (tracks.id == racer) & tracks.seen
        suit = suits[tracks.detection[own]]
        suit = suit[np.isfinite(suit).all(axis=1)]
        looks.append(np.sqrt(suit.mean(axis=0)) if len(suit) else np.full(suit.shape[1], np.nan))
        near_s = time_s[own & (np.abs(time_s - one.time_s) <= NEAR_PASS_S)]
        unseen_s = max(unseen_s, float(np.diff(near_s).max(initial=0.0)))
    unlike = 0.5 * float(np.sum((looks[0] - looks[1]) ** 2)) >= LIKE_SUITS
    return unseen_s >= CONFUSABLE_S and not unlike


def doubts_of(facts: Facts) -> list[IdentityDoubt]:
    """Stretches in which a competitor's identity hangs on an uncertain link."""
    tracks = facts.tracks
    time_s = facts.scene.time_s[np.searchsorted(facts.scene.number, tracks.frame)]
    doubts = []
    for id_ in facts.paths.ids:
        rows = np.flatnonzero(tracks.id == id_)
        doubtful = rows[tracks.link_confidence[rows] < DOUBT]
        apart = np.flatnonzero(np.diff(time_s[doubtful]) > ONE_DOUBT_S) + 1
        doubts += [
            IdentityDoubt(
                competitor=int(id_),
                from_s=float(time_s[stretch[0]]),
                to_s=float(time_s[stretch[-1]]),
                confidence=float(tracks.link_confidence[stretch].min()),
            )
            for stretch in np.split(doubtful, apart)
            if len(stretch)
        ]
    return sorted(doubts, key=lambda doubt: doubt.from_s)
