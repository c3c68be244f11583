"""One identity per competitor on the ice (camera level B): pieces of ways joined into those of a field of known size.

Pieces (``race/tracklets.py``) end where it is not plain who is who, where nobody was seen and where the camera is lost.
Joining them is decided for the whole race at once: a beam of hypotheses, each a complete assignment of the pieces so
far to racers, weighs how well a piece begins where a racer was to be expected, its colours, and what it leaves
unexplained. Who was away for a lap comes back as the one who is missing there, not as whoever was near. What the beam
gave up too early is looked for afterwards (``race/swapped.py``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.beam import Weighed, share_out
from race.empty import empty_seconds
from race.events import RaceEvent
from race.field_size import (
    COUNTED_PIECE_S,
    MOST_RACERS,
    MOST_TEAMS,
    count_helmets,
    count_named,
    count_starting,
    count_teams,
    racing_from_s,
)
from race.guide import Guide, make_guide
from race.handovers import chosen_handovers, cut_at_touches, handover_costs
from race.ice import measure
from race.links import WATCHED_S, link_costs, told_costs, unseen_costs
from race.observations import Observations
from race.pieces import Pieces, colours_in_the_open, describe, line_times, with_told
from race.rink import Rink
from race.scene import Scene
from race.swapped import exchange
from race.told import ToldCrossing, in_time
from race.tracklets import chain_tracklets
from race.unwrap import pack_pace, way_of_pack
from tracking import Tracks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LEAST_SCORE = 0.2
"""A less sure box is a second one on somebody, or nobody."""
CLEAR = 0.5
UNEXPLAINED, UNEXPLAINED_PER_S, UNEXPLAINED_MOST = 2.0, 15.0, 60.0
"""Nats for a piece at racing speed that is nobody's."""
BESIDE_S, BESIDE_PER_S = 4.0, 3.0
"""In a relay who takes over and who has handed over are as fast as racers for so long: less."""
CORNER_M, CORNER_S = 9.0, 0.5
"""But not around a corner's apex, along the measured line, for so long: the relieved may be seen there for longer."""
IDLE_PER_S = 0.5
ANOTHER = 12.0
"""Nats that one more racer has to explain. In twelve simulated broadcasts one that was there explained 28 to 930 (3
where it was hardly seen), one that was not 0 to 8."""
ANOTHER_TEAM, TEAM_WORTH = 80.0, 0.25
"""Nats that one more team has to explain, and so much of what the last one does: 118 to 494 and 0.38 of it and more in
four simulated broadcasts of relays that show five teams, 21 to 52 in three that hardly show the fifth. Members beside
their racer are as good as one more of up to 70 nats (in one of seven 449, since ways were joined wrong), from a fixed
camera up to 237, but there 0.10 of it."""
LEAST_TOLD, AGREES = 10, 0.8
"""So many crossings, and such a share of them, show that racers are who the score bug says."""
MISTOLD = 8.0
"""Nats for a crossing that the score bug tells of and nobody's: a name misread, or a row come up late."""


@dataclass(frozen=True, slots=True)
class Identified:
    """Tracks of the competitors, and the crossings that the score bug tells of: id, which, and how sure it is whose.

    ``handed`` are the detections of who hands over and of who takes over in a relay, where they touch.
    """

    tracks: Tracks
    told: tuple[tuple[int, ToldCrossing, float], ...]
    handed: tuple[tuple[int, int], ...] = ()

    def agrees_with(self, told: Sequence[ToldCrossing]) -> bool:
        """Whether the racers cross when, and as whom, the score bug tells."""
        timed = sum(one.time_s is not None for one in told)
        return timed >= LEAST_TOLD and len(self.told) >= AGREES * timed


def identify(
    observations: Observations, scene: Scene, in_race: Mask, rink: Rink, event: RaceEvent | None, starters: int | None,
    told: Sequence[ToldCrossing],
) -> Identified | None:  # fmt: skip
    """Tracks of the competitors, ids from 1, in frames whose pose is known; None where too few are.

    ``in_race`` (F,) the frames that show the race as it happens, ``starters`` how many race where that is known.
    Otherwise there are no fewer than the score bug names, and no fewer than the event has.
    """
    found, poses = observations.detections, observations.poses
    if poses is None or not len(found):
        return None
    guide, relay = make_guide(rink), event is not None and event.is_relay
    column = np.searchsorted(scene.number, found.frame)
    use = np.flatnonzero((poses.known & in_race)[column] & (found.score >= LEAST_SCORE))
    if not len(use):
        return None
    colour, clear = colours_in_the_open(found)
    per_second = 1.0 / float(np.median(np.diff(scene.time_s)))
    place, spread = np.full((len(found), 2), np.nan), np.full((len(found), 2, 2), np.nan)
    place[use], spread[use], _ = measure(observations, use, column[use], guide, 0.0)
    start = np.searchsorted(found.frame, scene.number, side="left")
    end = np.searchsorted(found.frame, scene.number, side="right")
    number = np.empty(len(found), np.int64)
    root = np.where(clear[:, None] >= CLEAR, np.sqrt(colour), np.nan)
    chain_tracklets(place, spread, root, start, end, scene.time_s, scene.shot.astype(np.int64), guide.length_m, number)
    handovers = cut_at_touches(number, place, colour, clear, column, scene.time_s, guide.length_m) if relay else {}
    wide = np.full_like(spread, np.nan)
    _, wide[use], _ = measure(observations, use, column[use], guide, per_second)
    pieces = describe(number, place, wide, colour, clear, column, scene.time_s, guide, relay)
    if not pieces.racing.any():
        return None
    pace = pack_pace(np.concatenate(pieces.frames), np.concatenate(pieces.rates), scene.time_s)
    way = way_of_pack(pace, scene.time_s)
    seconds = np.array([len(rows) for rows in pieces.rows]) / per_second
    at = np.column_stack([pieces.first_s, pieces.first[:, :2], pieces.first[:, 3]])
    least = max(count_named(observations.scorebug), count_starting(at, pieces.racing, seconds, event, guide))
    whole = None if relay else starters  # of a relay a start list has the members
    if event is not None:
        begin_s = racing_from_s(at, pieces.racing, seconds)
        waiting = count_helmets(observations, scene.time_s, begin_s, event, rink)
        least = max(least, waiting.count)
        if waiting.whole and waiting.count == least and whole is None:
            whole = least
    watched_s = scene.time_s[poses.known & in_race]
    told = in_time(told, line_times(pieces, place, scene.time_s[column], guide), watched_s)
    if told and event is not None:
        pieces = with_told(pieces, told, event.crossings, pace, scene.time_s)
    link = np.full((len(pieces.rows), len(pieces.rows)), np.inf)
    firsts, lasts = (np.searchsorted(scene.time_s, at_s - 1e-6) for at_s in (pieces.first_s, pieces.last_s))
    link_costs(
        *(pieces.first_s, pieces.last_s, pieces.first, pieces.last, pieces.first_cov, pieces.last_cov),
        *(pace[firsts], pace[lasts], way[firsts], way[lasts]),
        *(guide.length_m, relay, link),
    )
    unseen_costs(
        *(pieces.first_s, pieces.last_s, pieces.first, pieces.last, firsts, lasts),
        np.minimum(np.searchsorted(scene.time_s, pieces.last_s + WATCHED_S), len(scene.time_s) - 1),
        *(np.searchsorted(scene.time_s, pieces.first_s - WATCHED_S), way, guide.length_m),
        *(empty_seconds(place, column, poses, guide, way, scene.time_s), link),
    )
    handover_costs(handovers, pieces, number, link)
    told_costs(pieces, place, scene.time_s[column], guide.length_m, link)
    seconds = np.array([len(rows) for rows in pieces.rows]) / per_second  # with those told
    alone_s = np.where(_in_corner(pieces, guide), CORNER_S, 0.0) if relay else seconds
    left_out = np.where(pieces.told >= 0, MISTOLD, _left_out(seconds, pieces.racing, alone_s))
    in_pack = np.column_stack([pieces.first[:, 0] - way[firsts], pieces.last[:, 0] - way[lasts]])
    names = sorted({one.name for one in told})
    by_told = np.array([names.index(one.name) for one in told] + [-1])

    def weighed(size: int) -> Weighed:
        return Weighed(
            *(link, left_out, pieces.look, pieces.many, size, pieces.racing, relay),
            *(pieces.first_s, pieces.last_s, in_pack, guide.length_m, by_told[pieces.told]),
        )

    def share(size: int) -> tuple[float, Ints, Floats]:
        owner, margin = np.full(len(seconds), -1, np.int64), np.ones(len(seconds))
        return share_out(weighed(size), owner, margin), owner, margin

    if whole is not None and not relay:
        _, owner, margin = share(whole)
    elif event is not None and relay:
        at_once = np.zeros(len(scene.time_s), int)
        for k in np.flatnonzero(pieces.racing & (seconds >= COUNTED_PIECE_S)):
            at_once[column[pieces.rows[k]]] += 1
        teams = whole or count_teams(at_once[in_race & poses.known], per_second, least, event)
        # Though all teams are known, members of one that fell may be followed as one more.
        _, owner, margin = _with_another(share, teams, MOST_TEAMS)
    else:
        field = event.field if event is not None else (1, MOST_RACERS)
        _, owner, margin = _with_all(share, max(least, field[0]), field[1])
    exchange(weighed(int(owner.max()) + 1), owner)
    handed = chosen_handovers(handovers, pieces, number, owner)
    return replace(_as_tracks(observations, scene, pieces, owner, margin, place, guide, column, told), handed=handed)


def _with_all(share: Callable[[int], tuple[float, Ints, Floats]], least: int, most: int) -> tuple[float, Ints, Floats]:
    """Pieces shared out to as many racers as it takes, ``least`` to ``most``: one more leaves less unexplained."""
    best = share(least)
    for size in range(least + 1, most + 1):
        more = share(size)
        if best[0] - more[0] < ANOTHER:
            break
        best = more
    return best


def _with_another(
    share: Callable[[int], tuple[float, Ints, Floats]], teams: int, most: int
) -> tuple[float, Ints, Floats]:
    """Pieces shared out to ``teams``, or to one more that explains more than the others' members beside them would."""
    best = share(teams)
    if teams < most:
        more = share(teams + 1)
        gain = best[0] - more[0]
        if gain >= ANOTHER_TEAM and gain >= TEAM_WORTH * (share(teams - 1)[0] - best[0]):
            return more
    return best


def _in_corner(pieces: Pieces, guide: Guide) -> Mask:
    """(K,) pieces that begin or end around the apex of a corner, where a relay's members are not relieved."""
    rink = guide.rink
    ends = np.stack([pieces.first[:, [0, 3]], pieces.last[:, [0, 3]]])
    u = rink.to_track(guide.to_ice(ends)[0])[..., 0] - rink.track_shift_m
    off = np.mod(u, rink.lap_m / 2) - rink.lap_m / 4
    return np.asarray((np.abs(off) < CORNER_M).any(axis=0))


def _left_out(seconds: Floats, racing: Mask, alone_s: Floats) -> Floats:
    """(K,) nats for pieces that are nobody's, seen for ``seconds`` (K,), of which ``alone_s`` (K,) where no member of a
    relay's team is seen beside its racer."""
    aside = np.clip(np.minimum(seconds, BESIDE_S) - alone_s, 0.0, None)
    unexplained = UNEXPLAINED + BESIDE_PER_S * aside + UNEXPLAINED_PER_S * (seconds - aside)
    return np.where(racing, np.minimum(unexplained, UNEXPLAINED_MOST), np.minimum(IDLE_PER_S * seconds, 1.0))


def _as_tracks(
    observations: Observations,
    scene: Scene,
    pieces: Pieces,
    owner: Ints,
    margin: Floats,
    place: Floats,
    guide: Guide,
    column: Ints,
    told: Sequence[ToldCrossing],
) -> Identified:
    """One row per racer and frame; where two members of a team were seen, the one who races."""
    found = observations.detections
    frame, id_, row, sure = [], [], [], []
    crossed = []
    was_seen = pieces.told < 0
    for n, racer in enumerate(r for r in range(int(owner.max()) + 1) if (was_seen & (owner == r)).any()):
        crossed += [
            (n + 1, told[pieces.told[k]], float(margin[k])) for k in np.flatnonzero((owner == racer) & ~was_seen)
        ]
        rows: dict[int, tuple[int, float]] = {}
        for k in np.flatnonzero((owner == racer) & was_seen):
            mine = {int(column[d]): int(d) for d in pieces.rows[k]}
            shared = sorted(mine.keys() & rows.keys())
            begin = min(mine)
            if shared:  # a handover: at the touch they are nearest
                apart = [_apart(place, rows[t][0], mine[t], guide.length_m) for t in shared]
                begin = shared[int(np.argmin(apart))]
                for t in [t for t in rows if t >= begin]:
                    del rows[t]
            rows |= {t: (d, float(margin[k])) for t, d in mine.items() if t >= begin and t not in rows}
        for t in sorted(rows):
            frame.append(scene.number[t])
            id_.append(n + 1)
            row.append(rows[t][0])
            sure.append(rows[t][1])
    order = np.lexsort((id_, frame))
    chosen = np.array(row, np.intp)[order]
    tracks = Tracks(
        frame=np.array(frame, np.int32)[order],
        id=np.array(id_, np.int32)[order],
        box=found.box[chosen],
        score=found.score[chosen],
        seen=np.ones(len(chosen), bool),
        detection=chosen,
        link_confidence=np.array(sure)[order],
    )
    return Identified(tracks, tuple(crossed))


def _apart(place: Floats, a: int, b: int, lap_m: float) -> float:
    along = float(place[b, 0] - place[a, 0])
    along -= lap_m * round(along / lap_m)
    return float(np.hypot(along - 1.0, place[b, 1] - place[a, 1]))
