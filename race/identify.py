"""One identity per competitor on the ice (camera level B): pieces of ways joined into those of a field of known size.

Pieces (``race/tracklets.py``) end where it is not plain who is who, where nobody was seen and where the camera is lost.
Joining them is decided for the whole race at once: a beam of hypotheses, each a complete assignment of the pieces so
far to racers, weighs how well a piece begins where a racer was to be expected, its colours, and what it leaves
unexplained. Who was away for a lap comes back as the one who is missing there, not as whoever was near.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from race.empty import empty_seconds
from race.events import RaceEvent
from race.field_size import COUNTED_PIECE_S, count_named, count_racing, count_starting
from race.foot import cover
from race.guide import Guide, make_guide
from race.ice import measure
from race.observations import Detections, Observations
from race.rink import Rink
from race.scene import Scene
from race.smooth import ACCELERATION, LASTS_S, smooth
from race.tracklets import chain_tracklets
from race.unwrap import pack_pace, way_of_pack
from tracking import Tracks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

RACING_MPS = 7.5
"""Over the ice: who is as fast races. Idle team-mates circle at 3 to 6 m/s."""
SPEED_SD = 4.0
"""A speed less sure than this, m/s, is that of a piece too short to have one: somebody on the start line, say."""
IDLE_MPS = 5.5
INSIDE_M = -1.5
"""So far inside the measured line nobody races who is not falling."""
LEAST_SCORE = 0.2
"""A less sure box is a second one on somebody, or nobody."""
CLEAR = 0.5
HELMETS = 0.3
"""Their colours count where so many of the people found have some."""
BEAM = 400
SCATTER = 0x9E3779B97F4A7C1
"""By which last pieces are mixed into one number, overflowing, to tell hypotheses apart."""
PACE_SD, PACE_LASTS_S = 0.8, 5.0
"""How racers' speeds differ from the pack's usual one, m/s, and for how long, s."""
SIDE_SD, SIDE_LASTS_S = 1.2, 1.5
DOWN_MPS = 7.0
"""Who ended a piece as slow as this may have fallen, and begins again from about there."""
DOWN_COST = 3.0
FELL_S, FELL_COST = 2.0, 8.0
"""Who was out of sight for so long and is behind where it should be may have been down meanwhile."""
OVERLAP_S = 0.12
HANDOVER_S, HANDOVER_M = 3.0, 1.5
"""In a relay the one who takes over is seen beside the one who hands over for at most so long, and as near (sd)."""
UNEXPLAINED, UNEXPLAINED_PER_S, UNEXPLAINED_MOST = 2.0, 15.0, 60.0
"""Nats for a piece at racing speed that is nobody's."""
BESIDE_S, BESIDE_PER_S = 4.0, 3.0
"""In a relay who takes over and who has handed over are as fast as racers for so long: less."""
IDLE_PER_S = 0.5
WATCHED_S, LOST_S = 2.5, 0.3
"""So long after it was last seen, and before it was seen again, it is known where a racer was, ..."""
EMPTY_PER_S = 8.0
"""... and so many nats it costs when the camera saw nobody there: those in the open are found in 95 of 100 pictures."""
COLOUR, COLOUR_FLOOR, COLOUR_SAMPLE, COLOUR_MOST = 2.5, 0.08, 0.5, 15.0
"""Of a squared Hellinger distance, in units of what it is between one person's: a floor and a part for few pictures."""
COLOUR_SHARP = 2.0
"""Half of so many colours as are told apart: who is hardly known fits everything, and so nothing well."""
HARDLY = 0.5
"""Pictures in which somebody of unknown colours counts as seen."""
FIRST = 6.0
"""For somebody who was not seen before."""
ALIKE, UNLIKE, OTHER_TEAM = 0.35, 0.55, 12.0
"""Squared Hellinger distances between the colours of one team, and of two; and nats for another team in the same."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """K pieces in order of their beginnings.

    rows     list of arrays, the detections of each
    first_s, last_s  (K,)
    first, last      (K, 6) smoothed state there: along the guide, its rate and acceleration, across the same
    first_cov, last_cov (K, 6, 6)
    look     (K, C) mean colours, 0 where unknown
    many     (K,) in how many pictures they were seen, less where something was in front
    racing   (K,) bool, went at racing speed
    frames, rates    lists of arrays, frames and speeds along the guide of those that did
    """

    rows: list[NDArray[np.intp]]
    first_s: Floats
    last_s: Floats
    first: Floats
    last: Floats
    first_cov: Floats
    last_cov: Floats
    look: Floats
    many: Floats
    racing: Mask
    frames: list[NDArray[np.intp]]
    rates: list[Floats]


def identify(
    observations: Observations, scene: Scene, in_race: Mask, rink: Rink, event: RaceEvent | None, starters: int | None
) -> Tracks | None:
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
    wide = np.full_like(spread, np.nan)
    _, wide[use], _ = measure(observations, use, column[use], guide, per_second)
    pieces = _describe(number, place, wide, colour, clear, column, scene.time_s, guide, relay)
    if not pieces.racing.any():
        return None
    size = starters if starters is not None and not relay else None
    if size is None:
        seconds = np.array([len(rows) for rows in pieces.rows]) / per_second
        at = np.column_stack([pieces.first_s, pieces.first[:, :2], pieces.first[:, 3]])
        least = max(count_named(observations.scorebug), count_starting(at, pieces.racing, seconds, event, guide))
        at_once = np.zeros(len(scene.time_s), int)
        for k in np.flatnonzero(pieces.racing & (seconds >= COUNTED_PIECE_S)):
            at_once[column[pieces.rows[k]]] += 1
        size = count_racing(at_once[in_race & poses.known], per_second, event, least)
    pace = pack_pace(np.concatenate(pieces.frames), np.concatenate(pieces.rates), scene.time_s)
    way = way_of_pack(pace, scene.time_s)
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
    seconds = np.array([len(rows) for rows in pieces.rows]) / per_second
    left_out = _left_out(seconds, pieces.racing, relay)
    owner = np.full(len(seconds), -1, np.int64)
    margin = np.ones(len(seconds))
    share_out(link, left_out, pieces.look, pieces.many, size, pieces.racing, relay, owner, margin)
    return _as_tracks(observations, scene, pieces, owner, margin, place, guide, column)


def _left_out(seconds: Floats, racing: Mask, relay: bool) -> Floats:
    """(K,) nats for pieces that are nobody's, seen for ``seconds`` (K,)."""
    aside = np.minimum(seconds, BESIDE_S) if relay else np.zeros(len(seconds))
    unexplained = UNEXPLAINED + BESIDE_PER_S * aside + UNEXPLAINED_PER_S * (seconds - aside)
    return np.where(racing, np.minimum(unexplained, UNEXPLAINED_MOST), np.minimum(IDLE_PER_S * seconds, 1.0))


def _describe(
    number: Ints, place: Floats, spread: Floats, colour: Floats, clear: Floats, column: Ints, time_s: Floats,
    guide: Guide, relay: bool,
) -> Pieces:  # fmt: skip
    out: list[tuple[NDArray[np.intp], Floats, Floats, Floats, Floats, bool]] = []
    racing_at, rates = [], []
    order = np.argsort(number, kind="stable")
    order = order[number[order] >= 0]
    for rows in np.split(order, np.flatnonzero(np.diff(number[order])) + 1):
        if len(rows) < 2:
            continue
        frames = np.arange(column[rows[0]], column[rows[-1]] + 1)
        at, cov = np.full((len(frames), 2), np.nan), np.full((len(frames), 2, 2), np.nan)
        at[column[rows] - frames[0]], cov[column[rows] - frames[0]] = place[rows], spread[rows]
        state, covariance = np.empty((len(frames), 6)), np.empty((len(frames), 6, 6))
        at[:, 0] = _counted_on(at[:, 0], guide.length_m)
        smooth(time_s[frames], at, cov, np.array(ACCELERATION), np.array(LASTS_S), state, covariance)
        seen = column[rows] - frames[0]
        speed = np.hypot(state[seen, 1] * guide.stretch(state[seen][:, [0, 3]]), state[seen, 4])
        d = guide.rink.to_track(guide.to_ice(state[seen][:, [0, 3]])[0])[:, 1]
        for part in _parts(speed, d, relay):
            fast = (speed[part] >= RACING_MPS) & (d[part] >= INSIDE_M) & (state[seen[part], 1] > 0)
            fast &= covariance[seen[part], 1, 1] <= SPEED_SD**2
            racing = fast.sum() >= max(2, 0.5 * len(fast)) if relay else bool(fast.sum() >= 2)
            first, last = seen[part[0]], seen[part[-1]]
            if racing:
                racing_at.append(column[rows[part]])
                rates.append(state[seen[part], 1])
            out.append((rows[part], state[first], state[last], covariance[first], covariance[last], bool(racing)))
    out.sort(key=lambda one: int(column[one[0][0]]))
    many = np.array([clear[one[0]].sum() for one in out])
    total = np.array([clear[one[0]] @ np.nan_to_num(colour[one[0]]) for one in out]).reshape(len(out), colour.shape[1])
    return Pieces(
        rows=[one[0] for one in out],
        first_s=np.array([time_s[column[one[0][0]]] for one in out]),
        last_s=np.array([time_s[column[one[0][-1]]] for one in out]),
        first=np.array([one[1] for one in out]).reshape(-1, 6),
        last=np.array([one[2] for one in out]).reshape(-1, 6),
        first_cov=np.array([one[3] for one in out]).reshape(-1, 6, 6),
        last_cov=np.array([one[4] for one in out]).reshape(-1, 6, 6),
        look=total / np.maximum(many, 1e-9)[:, None],
        many=many,
        racing=np.array([one[5] for one in out], bool),
        frames=racing_at,
        rates=rates,
    )


def _counted_on(g: Floats, lap_m: float) -> Floats:
    """(F,) over the finish line without a leap; a piece is never out of sight for long."""
    seen = np.isfinite(g)
    out = np.full_like(g, np.nan)
    out[seen] = np.unwrap(g[seen], period=lap_m)
    return out


def _parts(speed: Floats, d: Floats, relay: bool) -> list[NDArray[np.intp]]:
    """A relay member races for a part of its way only: what is slow, or inside the track, is cut off as its own."""
    everything = np.arange(len(speed))
    if not relay:
        return [everything]
    races = (speed >= IDLE_MPS) & (d >= INSIDE_M)
    stands = (d >= INSIDE_M + 1.0) & (speed < 2.0)  # on the start line, or fallen
    return [
        part
        for part in np.split(everything, np.flatnonzero(np.diff((races | stands).astype(int))) + 1)
        if len(part) > 1
    ]


def colours_in_the_open(found: Detections) -> tuple[Floats, Floats]:
    """(N, C) colours of suits, and beside them of helmets where any were found; and how far each was seen in the open
    (N,), 0 to 1: 0 where colours are unknown, less where a nearer box covers this one."""
    order = np.lexsort((-(found.box[:, 1] + found.box[:, 3]), found.frame))
    covered = np.zeros(len(found))
    cover(found.box, found.score, found.frame, order, covered)
    colour = found.suit
    if np.isfinite(found.helmet_colour[:, 0]).mean() >= HELMETS:
        colour = np.concatenate([found.suit, found.helmet_colour], axis=1)
    return colour, np.where(np.isfinite(colour).all(axis=1), (1 - covered) ** 2, 0.0)


@njit(cache=True)
def link_costs(
    first_s: Floats, last_s: Floats, first: Floats, last: Floats, first_cov: Floats, last_cov: Floats,
    pace_first: Floats, pace_last: Floats, way_first: Floats, way_last: Floats, lap_m: float, relay: bool, cost: Floats,
) -> None:  # fmt: skip
    """cost (K, K) out: nats that piece b follows piece a, one racer's; infinite where it cannot.

    ``pace_...`` and ``way_...`` (K,): the pack's speed, and the metres it has gone, at those moments.
    """
    count = len(first_s)
    for a in range(count):
        for b in range(a + 1, count):
            gap = first_s[b] - last_s[a]
            if gap < -OVERLAP_S:
                if not relay or gap < -HANDOVER_S:
                    continue
                # Where the one who hands over was when the other was first seen: back along its own way.
                along = first[b, 0] - (last[a, 0] + last[a, 1] * gap)
                along -= lap_m * np.round(along / lap_m)
                across = first[b, 3] - last[a, 3]
                spread = HANDOVER_M + 1.0 * abs(gap)
                cost[a, b] = 0.5 * ((along - 1.0) / spread) ** 2 + 0.5 * (across / spread) ** 2 + 2 * np.log(spread)
                continue
            t = max(gap, 0.02)
            lasts = PACE_LASTS_S
            fade = lasts * (1 - np.exp(-t / lasts))
            along = first[b, 0] - (last[a, 0] + way_first[b] - way_last[a] + (last[a, 1] - pace_last[a]) * fade)
            along -= lap_m * np.round(along / lap_m)
            va = last_cov[a, 0, 0] + 2 * fade * last_cov[a, 0, 1] + fade * fade * last_cov[a, 1, 1]
            va += first_cov[b, 0, 0] + 2 * PACE_SD**2 * lasts**2 * (t / lasts - 1 + np.exp(-t / lasts)) + 0.05
            va = min(va, lap_m * lap_m / 12)  # anywhere on the oval
            side = np.exp(-t / SIDE_LASTS_S)
            reach = SIDE_LASTS_S * (1 - side)
            across = first[b, 3] - last[a, 3] * side - last[a, 4] * reach * side
            vc = last_cov[a, 3, 3] + reach * reach * last_cov[a, 4, 4] * side + first_cov[b, 3, 3]
            vc += SIDE_SD**2 * (1 - side * side) + 0.05
            # that it goes on as fast as it ended, where both were seen long enough to tell
            faster = first[b, 1] - (pace_first[b] + (last[a, 1] - pace_last[a]) * np.exp(-t / lasts))
            vs = last_cov[a, 1, 1] + first_cov[b, 1, 1] + 4 * PACE_SD**2 * (1 - np.exp(-2 * t / lasts)) + 0.1
            step = 0.5 * (along * along / va + np.log(va) + across * across / vc + np.log(vc) + faster * faster / vs)
            if not relay and gap > FELL_S and np.mod(-along, lap_m) < way_first[b] - way_last[a]:
                step = min(step, FELL_COST)
            if last[a, 1] < DOWN_MPS:
                from_there = first[b, 0] - last[a, 0]
                from_there -= lap_m * np.round(from_there / lap_m)
                sd = 2.0 + 3.0 * t
                fallen = DOWN_COST + 0.5 * (from_there / sd) ** 2 + np.log(sd) + 1.0
                step = min(step, fallen)
            cost[a, b] = step


@njit(cache=True)
def unseen_costs(
    first_s: Floats, last_s: Floats, first: Floats, last: Floats, first_frame: Ints, last_frame: Ints, until: Ints,
    since: Ints, way: Floats, lap_m: float, empty: Floats, cost: Floats,
) -> None:  # fmt: skip
    """Add to cost (K, K) what it takes that piece b follows piece a though the camera saw nobody where a's racer went
    on, or where b's came from.

    ``until`` (K,) and ``since`` (K,) are the frames WATCHED_S after a and before b, ``empty`` (F, C) and ``way`` (F,)
    as in ``race/empty.py``.
    """
    count, cells = len(first_s), empty.shape[1]
    for a in range(count):
        ca = int((last[a, 0] - way[last_frame[a]]) % lap_m / lap_m * cells) % cells
        for b in range(a + 1, count):
            if not np.isfinite(cost[a, b]) or first_s[b] - last_s[a] < LOST_S:
                continue
            middle = (last_frame[a] + first_frame[b]) // 2
            if last[a, 1] > DOWN_MPS:
                cost[a, b] += EMPTY_PER_S * (empty[min(until[a], middle), ca] - empty[last_frame[a], ca])
            if first[b, 1] > DOWN_MPS:
                cb = int((first[b, 0] - way[first_frame[b]]) % lap_m / lap_m * cells) % cells
                cost[a, b] += EMPTY_PER_S * (empty[first_frame[b], cb] - empty[max(since[b], middle), cb])


@njit(cache=True)
def share_out(
    link: Floats,  # (K, K)
    left_out: Floats,  # (K,) nats for leaving a piece out
    colour: Floats,  # (K, C) mean colour shares, all zero where unknown
    many: Floats,  # (K,) pictures of each piece
    size: int,
    racing: Mask,
    relay: bool,
    owner: Ints,  # (K,) out: racer from 0, -1 for nobody
    margin: Floats,  # (K,) out: odds, 0.5 to 1, that the piece is its racer's, against the best of other hypotheses
) -> None:
    """The cheapest assignment of pieces to ``size`` racers, along a beam."""
    count, colours = len(left_out), colour.shape[1]
    last = np.full((BEAM, size), -1, np.int32)
    look, weight = np.zeros((BEAM, size, colours)), np.zeros((BEAM, size))
    root = np.zeros((BEAM, size, colours))  # of the mean of look
    sign = np.zeros(BEAM, np.int64)  # the same where all last pieces are
    by_racer = np.cumsum(np.full(size, SCATTER)) ** 3 | 1
    total = np.zeros(BEAM)
    alive = 1
    parent = np.zeros((count, BEAM), np.int32)
    taken = np.full((count, BEAM), -1, np.int32)
    odds = np.ones((count, BEAM))
    most = BEAM * (size + 1)
    new_total, new_parent, new_taken = np.empty(most), np.empty(most, np.int32), np.empty(most, np.int32)
    for k in range(count):
        born = 0
        colour_root = np.sqrt(colour[k])
        for h in range(alive):
            new_total[born], new_parent[born], new_taken[born] = total[h] + left_out[k], h, -1
            born += 1
            begun = False
            for r in range(size):
                if last[h, r] < 0:
                    if begun or not racing[k]:
                        continue
                    begun = True  # those not seen yet are all alike
                    value = total[h] + FIRST
                    if relay:
                        value += _alike(colour_root, many[k], root[h], weight[h])
                else:
                    value = total[h] + link[last[h, r], k]
                    if not np.isfinite(value):
                        continue
                    if many[k] > 0:
                        apart = 0.0
                        if weight[h, r] > 0:
                            for c in range(colours):
                                apart += 0.5 * (root[h, r, c] - colour_root[c]) ** 2
                        least = COLOUR_FLOOR + COLOUR_SAMPLE / many[k]
                        usual = least + COLOUR_SAMPLE / max(weight[h, r], HARDLY)
                        value += min(COLOUR * apart / usual, COLOUR_MOST) + COLOUR_SHARP * np.log(usual / least)
                new_total[born], new_parent[born], new_taken[born] = value, h, r
                born += 1
        order = np.argsort(new_total[:born])
        kept = 0
        old_last, old_look, old_weight = last.copy(), look.copy(), weight.copy()
        old_root, old_sign = root.copy(), sign.copy()
        chosen = np.empty(BEAM, np.int64)
        for n in order:
            if kept == BEAM:
                break
            h, r = new_parent[n], new_taken[n]
            mine = old_sign[h] if r < 0 else old_sign[h] + (k - old_last[h, r]) * by_racer[r]
            same = False
            for other in range(kept):  # the same last pieces: what follows costs the same
                if sign[other] == mine:
                    same = True
                    break
            if same:
                continue
            sign[kept] = mine
            last[kept], look[kept], weight[kept], root[kept] = old_last[h], old_look[h], old_weight[h], old_root[h]
            if r >= 0:
                last[kept, r] = k
                look[kept, r] += colour[k] * many[k]
                weight[kept, r] += many[k]
                if weight[kept, r] > 0:
                    root[kept, r] = np.sqrt(look[kept, r] / weight[kept, r])
            chosen[kept] = n
            kept += 1
        for n in range(kept):
            total[n] = new_total[chosen[n]]
            parent[k, n], taken[k, n] = new_parent[chosen[n]], new_taken[chosen[n]]
        for n in range(kept):
            follows = _before(taken[k, n], old_last, parent[k, n])
            for other in range(kept):
                if _before(taken[k, other], old_last, parent[k, other]) != follows:
                    odds[k, n] = 1.0 / (1.0 + np.exp(min(50.0, total[n] - total[other])))
                    break
        lowest = total[0]
        for n in range(kept):
            total[n] -= lowest
        alive = kept
    h = 0
    for k in range(count - 1, -1, -1):
        owner[k] = taken[k, h]
        margin[k] = max(odds[k, h], 0.5)
        h = parent[k, h]


@njit(cache=True)
def _alike(colour_root: Floats, many: float, root: Floats, weight: Floats) -> float:
    """Nats that somebody in these colours, as roots (C,), is of a team other than those in ``root`` (R, C), seen in
    ``weight`` (R,) pictures."""
    nearest = UNLIKE
    for r in range(len(weight)):
        if weight[r] > 0 and many > 0:
            apart = 0.0
            for c in range(len(colour_root)):
                apart += 0.5 * (root[r, c] - colour_root[c]) ** 2
            nearest = min(nearest, apart)
    return float(OTHER_TEAM * min(1.0, (UNLIKE - nearest) / (UNLIKE - ALIKE)))


@njit(cache=True)
def _before(racer: int, last: NDArray[np.int32], hypothesis: int) -> int:
    """The piece that the racer's new one follows, -1: its first, -2: nobody's."""
    return -2 if racer < 0 else int(last[hypothesis, racer])


def _as_tracks(
    observations: Observations,
    scene: Scene,
    pieces: Pieces,
    owner: Ints,
    margin: Floats,
    place: Floats,
    guide: Guide,
    column: Ints,
) -> Tracks:
    """One row per racer and frame; where two members of a team were seen, the one who races."""
    found = observations.detections
    frame, id_, row, sure = [], [], [], []
    for n, racer in enumerate(r for r in range(int(owner.max()) + 1) if (owner == r).any()):
        rows: dict[int, tuple[int, float]] = {}
        for k in np.flatnonzero(owner == racer):
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
    return Tracks(
        frame=np.array(frame, np.int32)[order],
        id=np.array(id_, np.int32)[order],
        box=found.box[chosen],
        score=found.score[chosen],
        seen=np.ones(len(chosen), bool),
        detection=chosen,
        link_confidence=np.array(sure)[order],
    )


def _apart(place: Floats, a: int, b: int, lap_m: float) -> float:
    along = float(place[b, 0] - place[a, 0])
    along -= lap_m * round(along / lap_m)
    return float(np.hypot(along - 1.0, place[b, 1] - place[a, 1]))
