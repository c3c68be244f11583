"""A field of known size, followed as a whole: every box of a frame is explained by one of the field, or by none of it.

Racers overlap for seconds on end, a detector makes one box of two, and who came out on which side can only be said
later. So decisions wait: from a frame in which the whole field is seen apart, a beam of hypotheses, each a complete
assignment of boxes to the identities, is carried forward and backward, and the one that explains the sequence best is
followed back (multiple hypothesis tracking, Reid 1979, with the number of targets given). Costs are negative log
likelihoods.
"""

from dataclasses import astuple, dataclass
from itertools import pairwise

import numpy as np
from numba import njit

from tracking.tables import DetectionTable, Floats, Ints, Mask, Rows, Tracks

# State of one identity in one hypothesis: centre x, y, width, height, pixels; velocity x, y over the background, pixels
# a second; variance of the place, covariance, variance of the velocity, in heights and seconds, the same for x and y;
# seconds since it was seen.
X, Y, W, H, VX, VY, PP, PV, VV, UNSEEN = range(10)
STATE = 10
OPTIONS = 8
"""Boxes that are considered for one identity, that of not being seen among them."""
AFTER_CUT_S, AFTER_CUT_SD = 10.0, 10.0
"""Over a cut everybody is as if not seen for so long, and may be so many heights from where he was."""
CUT = 0.005
"""A box that ends nearer to the picture's edge than this share of the picture is cut by it."""
FILL_S = 1.0
"""Rows are filled in between two sightings up to so far apart."""


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """Costs in nats, lengths in heights of the box, times in seconds."""

    beam: int = 100
    """Hypotheses kept, and ..."""
    keep_within: float = 18.0
    """... how much worse than the best one may be."""
    children: int = 16
    """Ways to go on from one hypothesis that are looked at."""
    place_sd: float = 0.1
    size_sd: float = 0.2
    speed_sd: float = 5.0
    """Of somebody at first sight, heights per second over the background."""
    turning: float = 15.0
    """Random change of the velocity, heights per second per root second."""
    max_misfit: float = 16.0
    """The cost of place and size saturates here, since boxes of overlapping people jump."""
    reach: float = 1.2
    """A box whose centre is further from where it is expected is somebody else's, plus ..."""
    reach_per_s: float = 2.0
    """... this much per second unseen."""
    miss: float = 2.5
    """Not seen although nothing covers it, ..."""
    miss_covered: float = 0.9
    """... or while another's box does, ..."""
    miss_away: float = 0.3
    """... or while it is outside the picture or was lost before."""
    lost_s: float = 2.0
    """Who was not seen for so long is lost, ..."""
    found: float = 3.0
    """... and costs this when seen again."""
    unexplained: float = 5.0
    """A box of score 1 that is nobody's; less in proportion to the score."""
    colour: float = 6.0
    """Weight of the squared Hellinger distance between a box's colours and the identity's."""
    colour_s: float = 8.0
    """Time over which an identity's colours follow those seen."""


DEFAULT = FieldSettings()
# Their places in the array of costs that the kernels take.
PLACE_SD, SIZE_SD, SPEED_SD, TURNING, MAX_MISFIT, REACH, REACH_PER_S, MISS, MISS_COVERED, MISS_AWAY = range(10)
LOST_S, FOUND, UNEXPLAINED, COLOUR, COLOUR_S = range(10, 15)


def costs_of(settings: FieldSettings) -> Floats:
    """The costs as the kernels take them."""
    return np.array(astuple(settings)[3:], np.float64)


def track_field(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    motion: Floats | None,
    shot: Ints,
    seed: Rows,
    picture: tuple[int, int],
    may_return: Mask | None = None,
    settings: FieldSettings = DEFAULT,
) -> Tracks:
    """Follow the field through all of ``frames`` (F,) at ``time_s`` (F,), from a frame in which all of it is seen.

    motion      (F, 3, 3) homographies, pixels of the frame before -> this one; NaN or None: unknown, taken as rest
    shot        (F,) number of the shot: over a cut places tell nothing, only colours do
    seed        (R,) rows of ``detections`` in one frame, one for each of the field: identities 1 to R
    picture     width and height, pixels: who is outside is not missed
    may_return  (N,) bool, boxes with which somebody may come back who was lost; None: all

    Rows between two sightings up to FILL_S apart are filled in, ``seen`` False.
    """
    feature = np.full((len(detections), 1), np.nan) if detections.feature is None else np.sqrt(detections.feature)
    back = np.ones(len(detections), np.bool_) if may_return is None else may_return
    start = np.searchsorted(detections.frame, frames, side="left")
    end = np.searchsorted(detections.frame, frames, side="right")
    warp = np.tile(np.eye(3), (len(frames), 1, 1)) if motion is None else motion.copy()
    warp[np.isnan(warp).any(axis=(1, 2))] = np.eye(3)
    at = int(np.searchsorted(frames, detections.frame[seed[0]]))
    choice = np.full((len(frames), len(seed)), -1, np.int64)
    margin = np.ones(choice.shape)
    ways = (
        (np.arange(at, len(frames)), warp[at:]),
        (np.arange(at, -1, -1), np.concatenate([warp[:1], np.linalg.inv(warp[at:0:-1])])),
    )
    costs = costs_of(settings)
    for steps, step_warp in ways:
        parents = np.zeros((len(steps), settings.beam), np.int32)
        taken = np.full((len(steps), settings.beam, len(seed)), -1, np.int64)
        way_margin = np.ones((len(steps), len(seed)))
        best = carry_beam(
            *(detections.box, detections.score, feature, back, start[steps], end[steps]),
            *(
                np.abs(time_s[steps] - time_s[at]),
                step_warp,
                np.diff(shot[steps], prepend=shot[at]) != 0,
                np.asarray(seed, np.int64),
            ),
            *(float(picture[0]), float(picture[1]), costs, settings.keep_within, settings.children),
            *(parents, taken, way_margin),
        )
        margin[steps] = way_margin
        for k in range(len(steps) - 1, -1, -1):
            choice[steps[k]] = taken[k, best]
            best = parents[k, best]
    return _as_tracks(detections, frames, time_s, warp, choice, margin)


@njit(cache=True)
def carry_beam(  # type: ignore[no-untyped-def]
    box,  # (N, 4)
    score,  # (N,)
    feature,  # (N, K) roots of the colour descriptors, NaN where unknown
    back,  # (N,) bool
    start,  # (T,) first row of each frame, in the order in which frames are gone through, ...
    end,  # (T,) ... and the one after the last
    time_s,  # (T,) rising from 0
    warp,  # (T, 3, 3) pixels of the frame gone through before -> this one
    cut,  # (T,) bool, a cut lies before this frame
    seed,  # (R,) rows of frame 0
    width,
    height,
    cost,  # (15,)
    keep_within,
    children,
    parents,  # (T, B) out: the hypothesis before of each, best first
    taken,  # (T, B, R) out: the row each identity takes, -1 for none
    margin,  # (T, R) out: odds, 0.5 to 1, of the best hypothesis against the best that swaps this identity with another
):
    """Carry the beam from the seed's frame to the last."""
    beam, size, bins = parents.shape[1], len(seed), feature.shape[1]
    state = np.zeros((beam, size, STATE))
    look = np.full((beam, size, bins), np.nan)
    last = np.zeros((beam, size), np.int64)  # the row each identity was last seen in
    total = np.zeros(beam)
    count = 1
    for i in range(size):
        _begin(state[0, i], box[seed[i]], cost)
        look[0, i] = feature[seed[i]]
        last[0, i] = taken[0, 0, i] = seed[i]
    most = beam * children
    new_total, new_parent = np.empty(most), np.empty(most, np.int64)
    new_taken = np.empty((most, size), np.int64)
    option_cost, option_det = np.empty((size, OPTIONS)), np.empty((size, OPTIONS), np.int64)
    options, chosen = np.empty(size, np.int64), np.empty(beam, np.int64)
    for t in range(1, len(time_s)):
        dt = time_s[t] - time_s[t - 1]
        first = start[t]
        boxes, scores = box[first : end[t]], score[first : end[t]]
        features, backs = feature[first : end[t]], back[first : end[t]]
        born = 0
        for b in range(count):
            for i in range(size):
                predict(state[b, i], warp[t], dt, cost)
                if cut[t]:
                    state[b, i, X], state[b, i, Y] = width / 2, height / 2
                    state[b, i, VX] = state[b, i, VY] = 0.0
                    state[b, i, UNSEEN], state[b, i, PP] = AFTER_CUT_S, AFTER_CUT_SD**2
                    state[b, i, PV], state[b, i, VV] = 0.0, cost[SPEED_SD] ** 2
                options[i] = list_options(
                    *(state[b, i], look[b, i], boxes, scores, features, backs, width, height, cost),
                    *(option_cost[i], option_det[i]),
                )
            born = extend(
                b,
                total[b],
                options,
                option_cost,
                option_det,
                len(boxes),
                children,
                born,
                new_total,
                new_parent,
                new_taken,
            )
        order = np.argsort(new_total[:born])
        kept = 0
        for k in order:
            if kept == beam or new_total[k] > new_total[order[0]] + keep_within:
                break
            same = False
            for other in range(kept):
                if _agree(k, chosen[other], new_taken, new_parent, last, first):
                    same = True
                    break
            if not same:
                chosen[kept] = k
                kept += 1
        for i in range(size):
            rival = keep_within
            for other in range(1, kept):
                if _swapped(new_taken[chosen[0]], new_taken[chosen[other]], i):
                    rival = new_total[chosen[other]] - new_total[chosen[0]]
                    break
            margin[t, i] = 1.0 / (1.0 + np.exp(-rival))
        old_state, old_look, old_last = state.copy(), look.copy(), last.copy()
        for n in range(kept):
            k = chosen[n]
            parent = new_parent[k]
            parents[t, n] = parent
            total[n] = new_total[k] - new_total[chosen[0]]
            state[n], look[n], last[n] = old_state[parent], old_look[parent], old_last[parent]
            for i in range(size):
                d = new_taken[k, i]
                if d < 0:
                    state[n, i, UNSEEN] += dt
                    continue
                taken[t, n, i] = last[n, i] = first + d
                update(state[n, i], boxes[d], width, height, cost)
                if _is_alone(boxes, scores, d):
                    _recolour(look[n, i], features[d], dt, cost)
        count = kept
    return np.argmin(total[:count])


@njit(cache=True)
def _covered(one, box):  # type: ignore[no-untyped-def]
    """Share of an identity's expected box that lies within ``box``."""
    across = min(one[X] + one[W] / 2, box[0] + box[2]) - max(one[X] - one[W] / 2, box[0])
    down = min(one[Y] + one[H] / 2, box[1] + box[3]) - max(one[Y] - one[H] / 2, box[1])
    return max(across, 0.0) * max(down, 0.0) / (one[W] * one[H])


@njit(cache=True)
def _begin(one, box, cost):  # type: ignore[no-untyped-def]
    one[X], one[Y], one[W], one[H] = box[0] + box[2] / 2, box[1] + box[3] / 2, box[2], box[3]
    one[PP], one[VV] = cost[PLACE_SD] ** 2, cost[SPEED_SD] ** 2


@njit(cache=True)
def predict(one, warp, dt, cost):  # type: ignore[no-untyped-def]
    """Carry one identity's state into the next frame: first with the camera, then with its own velocity."""
    x, y = one[X], one[Y]
    w = warp[2, 0] * x + warp[2, 1] * y + warp[2, 2]
    one[X] = (warp[0, 0] * x + warp[0, 1] * y + warp[0, 2]) / w
    one[Y] = (warp[1, 0] * x + warp[1, 1] * y + warp[1, 2]) / w
    zoom = np.sqrt(abs(warp[0, 0] * warp[1, 1] - warp[0, 1] * warp[1, 0])) / abs(w)
    one[W] *= zoom
    one[H] *= zoom
    one[VX] *= zoom
    one[VY] *= zoom
    if one[UNSEEN] > cost[LOST_S]:  # nobody knows where it went
        one[VX] = one[VY] = 0.0
    one[X] += one[VX] * dt
    one[Y] += one[VY] * dt
    turning = cost[TURNING] ** 2
    one[PP] += 2 * dt * one[PV] + dt**2 * one[VV] + turning * dt**3 / 3
    one[PV] += dt * one[VV] + turning * dt**2 / 2
    one[VV] += turning * dt


@njit(cache=True)
def uncut(start, length, usual, end):  # type: ignore[no-untyped-def]
    """Middle and length, along one axis, of a body whose box may be cut by the picture's edge at 0 or ``end``.

    Of a cut body the box tells where the part that is inside ends; it is taken to be as long as ``usual``.
    """
    length_ = max(length, usual)
    if start <= CUT * end:
        return start + length - length_ / 2, length_
    if start + length >= (1 - CUT) * end:
        return start + length_ / 2, length_
    return start + length / 2, length


@njit(cache=True)
def update(one, box, width, height, cost):  # type: ignore[no-untyped-def]
    """Kalman update of one identity's state with its box."""
    x, w = uncut(box[0], box[2], one[W], width)
    y, h = uncut(box[1], box[3], one[H], height)
    spread = one[PP] + cost[PLACE_SD] ** 2
    gain, gain_v = one[PP] / spread, one[PV] / spread
    dx, dy = x - one[X], y - one[Y]
    one[X] += gain * dx
    one[Y] += gain * dy
    one[VX] += gain_v * dx
    one[VY] += gain_v * dy
    one[VV] -= gain_v * one[PV]
    one[PV] *= 1 - gain
    one[PP] *= 1 - gain
    one[W], one[H] = w, h
    one[UNSEEN] = 0.0


@njit(cache=True)
def _recolour(look, feature, dt, cost):  # type: ignore[no-untyped-def]
    if np.isnan(feature[0]):
        return
    share = 1.0 if np.isnan(look[0]) else 1.0 - np.exp(-dt / cost[COLOUR_S])
    for k in range(len(look)):
        look[k] = feature[k] if share == 1.0 else look[k] + share * (feature[k] - look[k])


@njit(cache=True)
def list_options(  # type: ignore[no-untyped-def]
    one, look, box, score, feature, back, width, height, cost, out_cost, out_det
):
    """The likeliest boxes for one identity and the cost of each, that of not being seen last; how many there are."""
    n = 0
    covered = 0.0
    lost = one[UNSEEN] > cost[LOST_S]
    x, y = min(max(one[X], 0.0), width), min(max(one[Y], 0.0), height)  # who is outside comes back over the edge
    for d in range(len(box)):
        covered = max(covered, _covered(one, box[d]) * min(1.0, 2.0 * score[d]))
        whole_x, whole_w = uncut(box[d, 0], box[d, 2], one[W], width)
        whole_y, whole_h = uncut(box[d, 1], box[d, 3], one[H], height)
        h = 0.5 * (one[H] + whole_h)
        dx, dy = (whole_x - x) / h, (whole_y - y) / h
        far = dx * dx + dy * dy > (cost[REACH] + cost[REACH_PER_S] * one[UNSEEN]) ** 2
        if far or (lost and not back[d]):
            continue
        variance = cost[PLACE_SD] ** 2 + one[PP]
        dh, dw = np.log(whole_h / one[H]), 0.5 * np.log(whole_w / one[W])
        grown = cost[SIZE_SD] + 0.3 * one[UNSEEN]
        misfit = 0.5 * ((dx * dx + dy * dy) / variance + (dh * dh + dw * dw) / grown**2)
        value = min(misfit, cost[MAX_MISFIT]) + 0.5 * np.log(variance / cost[PLACE_SD] ** 2)
        value -= cost[UNEXPLAINED] * score[d]
        if lost:
            value += cost[FOUND]
        if not np.isnan(look[0]) and not np.isnan(feature[d, 0]):
            apart = 0.0
            for k in range(len(look)):
                apart += (look[k] - feature[d, k]) ** 2
            value += cost[COLOUR] * min(0.5 * apart, 0.4)
        n = _insert(value, d, n, out_cost, out_det)
    if lost or one[X] < 0.0 or one[X] > width or one[Y] < 0.0 or one[Y] > height:
        nothing = cost[MISS_AWAY]
    else:
        hidden = min(1.0, max(0.0, (covered - 0.3) / 0.5))
        nothing = cost[MISS] + (cost[MISS_COVERED] - cost[MISS]) * hidden
    out_cost[n], out_det[n] = nothing, -1
    return n + 1


@njit(cache=True)
def _insert(value, d, n, out_cost, out_det):  # type: ignore[no-untyped-def]
    """Put an option in its place among the best, in order of cost, with one place left free; how many there are."""
    room = OPTIONS - 1
    if n == room and value >= out_cost[n - 1]:
        return n
    k = min(n, room - 1)
    while k > 0 and out_cost[k - 1] > value:
        out_cost[k], out_det[k] = out_cost[k - 1], out_det[k - 1]
        k -= 1
    out_cost[k], out_det[k] = value, d
    return min(n + 1, room)


@njit(cache=True)
def extend(  # type: ignore[no-untyped-def]
    parent, base, options, option_cost, option_det, boxes, children, born, new_total, new_parent, new_taken
):
    """Append the ``children`` cheapest joint choices of hypothesis ``parent``, no box taken twice; the new count.

    A depth-first search over the identities, cut where even the cheapest rest would not make it among them.
    """
    size = len(options)
    room = born + children
    rest = np.zeros(size + 1)  # least cost of the identities from i on
    for i in range(size - 1, -1, -1):
        least = option_cost[i, 0]
        for k in range(1, options[i]):
            least = min(least, option_cost[i, k])
        rest[i] = rest[i + 1] + least
    pick, spent = np.zeros(size + 1, np.int64), np.zeros(size + 1)
    used = np.zeros(boxes, np.bool_)
    end = born
    worst = np.inf
    i = 0
    while i >= 0:
        if i == size:
            at = end
            if end == room:
                at = born
                for k in range(born, end):
                    if new_total[k] > new_total[at]:
                        at = k
            else:
                end += 1
            new_total[at], new_parent[at] = base + spent[size], parent
            for j in range(size):
                new_taken[at, j] = option_det[j, pick[j] - 1]
            if end == room:
                worst = new_total[born:end].max()
        elif pick[i] < options[i]:
            k = pick[i]
            pick[i] += 1
            d = option_det[i, k]
            value = spent[i] + option_cost[i, k]
            if (d < 0 or not used[d]) and base + value + rest[i + 1] < worst:
                spent[i + 1] = value
                if d >= 0:
                    used[d] = True
                i += 1
                pick[i] = 0
            continue
        i -= 1
        if i >= 0:
            d = option_det[i, pick[i] - 1]
            if d >= 0:
                used[d] = False
    return end


@njit(cache=True)
def _swapped(best, other, i):  # type: ignore[no-untyped-def]
    """Whether another hypothesis gives identity ``i``'s box to somebody else, or ``i`` somebody else's."""
    for j in range(len(best)):
        if j != i and ((best[i] >= 0 and other[j] == best[i]) or (other[i] >= 0 and best[j] == other[i])):
            return True
    return False


@njit(cache=True)
def _agree(a, b, new_taken, new_parent, last, first):  # type: ignore[no-untyped-def]
    """Whether two children agree on the box in which every identity was last seen: only their pasts differ then."""
    for i in range(new_taken.shape[1]):
        box_a = new_taken[a, i] + first if new_taken[a, i] >= 0 else last[new_parent[a], i]
        box_b = new_taken[b, i] + first if new_taken[b, i] >= 0 else last[new_parent[b], i]
        if box_a != box_b:
            return False
    return True


@njit(cache=True)
def _is_alone(box, score, d):  # type: ignore[no-untyped-def]
    """Whether no other sure box covers a good part of box ``d``, so that its colours are its own."""
    for other in range(len(box)):
        if other == d or score[other] < 0.3:
            continue
        across = min(box[d, 0] + box[d, 2], box[other, 0] + box[other, 2]) - max(box[d, 0], box[other, 0])
        down = min(box[d, 1] + box[d, 3], box[other, 1] + box[other, 3]) - max(box[d, 1], box[other, 1])
        if across > 0 and down > 0 and across * down > 0.25 * box[d, 2] * box[d, 3]:
            return False
    return True


def _as_tracks(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    warp: Floats,
    choice: Rows,
    margin: Floats,
) -> Tracks:
    """Rows for every identity from its first box to its last, short gaps filled in."""
    column, identity = np.nonzero(choice >= 0)
    row = choice[column, identity]
    parts = [(column, identity, detections.box[row], np.ones(len(row), np.bool_), row)]
    for i in range(choice.shape[1]):
        seen = np.flatnonzero(choice[:, i] >= 0)
        for before, after in pairwise(seen):
            if after - before > 1 and time_s[after] - time_s[before] <= FILL_S:
                between = np.arange(before + 1, after)
                ends = detections.box[choice[[before, after], i]]
                middle = _between(ends, time_s[before : after + 1], warp[before + 1 : after + 1])
                filled = np.full(len(between), choice[before, i])
                parts.append((between, np.full(len(between), i), middle, np.zeros(len(between), np.bool_), filled))
    column, identity, boxes, is_seen, row = (np.concatenate(values) for values in zip(*parts, strict=True))
    order = np.lexsort((identity, column))
    column, identity, row = column[order], identity[order], row[order]
    return Tracks(
        frame=frames[column].astype(np.int32),
        id=(identity + 1).astype(np.int32),
        box=boxes[order],
        score=detections.score[row],
        seen=is_seen[order],
        detection=row,
        link_confidence=margin[column, identity],
    )


def _between(ends: Floats, time_s: Floats, warp: Floats) -> Floats:
    """Boxes (n - 1, 4) of the frames between two: both ``ends`` (2, 4) carried there with the camera, blended by time.

    time_s (n + 1,) of the frames from the one end to the other, warp (n, 3, 3) from each to the next.
    """
    boxes = np.empty((len(warp) - 1, 4))
    forward: Floats = np.eye(3)
    backward: Floats = np.eye(3)
    for step in warp:
        backward = step @ backward
    backward = np.asarray(np.linalg.inv(backward), np.float64)
    for k in range(len(warp) - 1):
        forward, backward = warp[k] @ forward, warp[k] @ backward
        share = (time_s[k + 1] - time_s[0]) / (time_s[-1] - time_s[0])
        boxes[k] = (1 - share) * _carried(ends[0], forward) + share * _carried(ends[1], backward)
    return boxes


def _carried(box: Floats, homography: Floats) -> Floats:
    """A box whose lower middle moves with ``homography`` and whose size changes with its scale there."""
    foot = homography @ np.array([box[0] + box[2] / 2, box[1] + box[3], 1.0])
    zoom = np.sqrt(abs(np.linalg.det(homography[:2, :2]))) / abs(foot[2])
    width, height = box[2] * zoom, box[3] * zoom
    return np.array([foot[0] / foot[2] - width / 2, foot[1] / foot[2] - height, width, height])
