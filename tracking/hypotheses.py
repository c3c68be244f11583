"""Decisions that wait: many explanations of a sequence are carried side by side, the best one is followed back.

Where people overlap, who is whose box can only be said when they come apart. So each hypothesis is a set of people and
a complete assignment of boxes to them; where boxes can be shared out in several ways hypotheses branch, and the
likeliest are kept (multiple hypothesis tracking, Reid 1979, with the k best joint assignments of each frame). Somebody
may begin only with the boxes of a track that was made in some other way. People whose past is the same in several
hypotheses are looked at once: a hypothesis holds numbers of nodes, a node is one person after one way of taking boxes.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

import numpy as np
from numba import njit

from tracking.person import (
    BIRTH,
    KEEP_WITHIN,
    OPTIONS,
    PATIENCE_S,
    STATE,
    UNSEEN,
    begin,
    is_alone,
    list_options,
    predict,
    recolour,
    scatter,
    update,
)  # fmt: skip
from tracking.rows import put

LOOKS = 20000
"""Steps of a search for joint choices, at most."""
WAIT = 1000
"""Frames after which the best hypothesis is believed in any case."""
AGAIN_S = 0.5
"""Somebody begins with a track's first box, if that is nobody's, and with a later one when they were for so long."""


@njit(cache=True, error_model="numpy")
def carry(
    box,  # (N, 4)
    score,  # (N,)
    feature,  # (N, K) roots of the colour descriptors, NaN where unknown
    back,  # (N,) bool, boxes with which somebody may come back who was lost
    start,  # (T,) first row of each frame, in the order in which frames are gone through, ...
    end,  # (T,) ... and the one after the last
    time_s,  # (T,) rising
    warp,  # (T, 3, 3) pixels of the frame gone through before -> this one
    pack,  # (T, 4) velocity of those who skate together and its change, see ``predict``
    cut,  # (T,) bool, a cut lies before this frame
    edge,  # (4,) left, top, right, bottom of the picture
    track,  # (N,) the track, made in some other way, of each box, -1 for none: with their boxes somebody may begin
    tracks,  # their number
    slots,  # people followed at a time, at most
    beam,  # hypotheses kept, at most
    children,  # ways to go on from one hypothesis that are looked at
    cost,  # (19,)
    choice,  # (N,) out: the person that takes each row, -1 for none
    margin,  # (N,) out: odds, 0.5 to 1, against the best hypothesis that swaps this person with another
):
    """Carry the hypotheses from the first frame to the last; False where there were too many people."""
    steps, bins, nodes = len(time_s), feature.shape[1], beam * slots
    state, next_state = np.zeros((nodes, STATE)), np.zeros((nodes, STATE))
    look, next_look = np.full((nodes, bins), np.nan), np.full((nodes, bins), np.nan)
    last, next_last = np.full(nodes, -1), np.full(nodes, -1)
    node, next_node = np.full((beam, slots), -1), np.full((beam, slots), -1)
    option_cost, option_det = np.empty((nodes, OPTIONS)), np.empty((nodes, OPTIONS), np.int64)
    options = np.zeros(nodes, np.int64)
    grown = np.empty((nodes, OPTIONS), np.int64)  # the node that each node becomes with each option, -1 not yet made
    here_cost, here_det = np.empty((slots, OPTIONS)), np.empty((slots, OPTIONS), np.int64)
    here = np.empty(slots, np.int64)
    owner = np.full(slots, -1)
    active = np.empty(slots, np.int64)
    total = np.zeros(beam)
    most = beam * children
    new_total, new_parent = np.empty(most), np.empty(most, np.int64)
    new_taken = np.empty((most, slots), np.int64)
    chosen = np.empty(beam, np.int64)
    room = min(WAIT, steps)
    parents = np.zeros((room, beam), np.int32)
    taken = np.full((room, beam, slots), -1, np.int32)
    owners = np.empty((room, slots), np.int32)
    odds = np.empty((room, slots))
    waiting = 0
    count, used, known = 1, 0, 0
    ignored_s = np.full(tracks, np.inf)
    for t in range(steps):
        dt = time_s[t] - time_s[t - 1] if t else 0.0
        first = start[t]
        boxes, scores = box[first : end[t]], score[first : end[t]]
        features, backs = feature[first : end[t]], back[first : end[t]]
        for k in range(used):
            predict(state[k], warp[t], dt, pack[t], cost)
            if cut[t]:
                scatter(state[k], edge, cost)
            options[k] = list_options(
                state[k], look[k], boxes, scores, features, backs, edge, cost, option_cost[k], option_det[k]
            )
            grown[k] = -1
        people = 0
        for a in range(slots):
            if owner[a] >= 0:
                active[people] = a
                people += 1
        made = 0
        lowest = np.inf
        for b in range(count):
            before = made
            for i in range(people):
                a = active[i]
                k = node[b, a]
                if k >= 0:
                    here[i] = options[k]
                    for o in range(options[k]):
                        here_cost[i, o], here_det[i, o] = option_cost[k, o], option_det[k, o]
                else:
                    here[i], here_cost[i, 0], here_det[i, 0] = 1, 0.0, -1
            made = extend(
                b, total[b], here[:people], here_cost, here_det, len(boxes), children,
                lowest + cost[KEEP_WITHIN], made, new_total, new_parent, new_taken,
            )  # fmt: skip
            for k in range(before, made):
                lowest = min(lowest, new_total[k])
        order = np.argsort(new_total[:made])
        kept = 0
        for k in order:
            if kept == beam or new_total[k] > new_total[order[0]] + cost[KEEP_WITHIN]:
                break
            same = False
            for other in range(kept):
                if _agree(k, chosen[other], people, active, node, last, new_taken, new_parent, first):
                    same = True
                    break
            if not same:
                chosen[kept] = k
                kept += 1
        # take over the hypotheses chosen
        used = 0
        for n in range(kept):
            c = chosen[n]
            parent = new_parent[c]
            parents[waiting, n] = parent
            for i in range(people):
                a = active[i]
                k, d = node[parent, a], new_taken[c, i]
                taken[waiting, n, a] = first + d if d >= 0 else -1
                if k < 0:
                    next_node[n, a] = -1
                    continue
                o = 0
                while option_det[k, o] != d:
                    o += 1
                if grown[k, o] == -1:
                    gone = d < 0 and state[k, UNSEEN] + dt > cost[PATIENCE_S]
                    grown[k, o] = -2 if gone else used
                    if not gone:
                        one = next_state[used]
                        put(one, state[k])
                        put(next_look[used], look[k])
                        next_last[used] = last[k]
                        if d < 0:
                            one[UNSEEN] += dt
                        else:
                            next_last[used] = first + d
                            update(one, boxes[d], scores[d], edge, cost)
                            if is_alone(boxes, scores, d):
                                recolour(next_look[used], features[d], dt, cost)
                        used += 1
                next_node[n, a] = max(grown[k, o], -1)
        for i in range(people):
            a = active[i]
            owners[waiting, a] = owner[a]
            rival = np.inf
            for other in range(1, kept):
                if _swapped(new_taken[chosen[0]], new_taken[chosen[other]], people, i):
                    rival = new_total[chosen[other]] - new_total[chosen[0]]
                    break
            odds[waiting, a] = 1.0 / (1.0 + np.exp(-rival))
        for n in range(kept):
            total[n] = new_total[chosen[n]] - new_total[chosen[0]]
        count = kept
        for d in range(len(boxes)):
            k = track[first + d]
            if k < 0:
                continue
            explained = False
            for i in range(people):
                explained |= new_taken[chosen[0], i] == d
            if explained:
                ignored_s[k] = 0.0
                continue
            ignored_s[k] += dt
            if ignored_s[k] < AGAIN_S:
                continue
            ignored_s[k] = 0.0
            a = 0
            while a < slots and owner[a] >= 0:
                a += 1
            if a == slots or used == nodes:
                return False
            begin(next_state[used], boxes[d], scores[d], cost)
            put(next_look[used], features[d])
            next_last[used] = first + d
            owner[a] = owners[waiting, a] = known
            odds[waiting, a] = 1.0
            known += 1
            for n in range(count):
                free = True
                for i in range(people):
                    free &= new_taken[chosen[n], i] != d
                next_node[n, a] = used if free else -1
                if free:
                    taken[waiting, n, a] = first + d
                    total[n] += cost[BIRTH]
            used += 1
        state, next_state = next_state, state
        look, next_look = next_look, look
        last, next_last = next_last, last
        node, next_node = next_node, node
        waiting += 1
        if count == 1 or waiting == room or t == steps - 1:
            best = 0
            for b in range(1, count):
                if total[b] < total[best]:
                    best = b
            put(node[0], node[best])
            total[0] = 0.0
            for k in range(waiting - 1, -1, -1):
                for a in range(slots):
                    row = taken[k, best, a]
                    if row >= 0:
                        choice[row], margin[row] = owners[k, a], odds[k, a]
                best = parents[k, best]
            for k in range(waiting):
                for b in range(beam):
                    taken[k, b, :] = -1
            waiting, count = 0, 1
        for a in range(slots):
            gone = True
            for b in range(count):
                gone &= node[b, a] < 0
            if gone:
                owner[a] = -1
    return True


@njit(cache=True, error_model="numpy")
def extend(
    parent, base, options, option_cost, option_det, boxes, children, bound, made, new_total, new_parent, new_taken
):  # fmt: skip
    """Append the ``children`` cheapest joint choices of hypothesis ``parent``, no box taken twice; the new count.

    A depth-first search over the people, cut where even the cheapest rest would not make it among them, or cost more
    than ``bound``.
    """
    size = len(options)
    room = made + children
    rest = np.zeros(size + 1)  # least cost of the people from i on
    for i in range(size - 1, -1, -1):
        least = option_cost[i, 0]
        for k in range(1, options[i]):
            least = min(least, option_cost[i, k])
        rest[i] = rest[i + 1] + least
    pick, spent = np.zeros(size + 1, np.int64), np.zeros(size + 1)
    used = np.zeros(boxes, np.bool_)
    end = made
    worst = bound
    looked = 0
    i = 0
    while i >= 0 and looked < LOOKS:
        looked += 1
        if i == size:
            at = end
            if end == room:
                at = made
                for k in range(made, end):
                    if new_total[k] > new_total[at]:
                        at = k
            else:
                end += 1
            new_total[at], new_parent[at] = base + spent[size], parent
            for j in range(size):
                new_taken[at, j] = option_det[j, pick[j] - 1]
            if end == room:
                dearest = new_total[made]
                for k in range(made + 1, end):
                    dearest = max(dearest, new_total[k])
                worst = min(worst, dearest)
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


@njit(cache=True, error_model="numpy")
def _swapped(best, other, people, i):
    """Whether another hypothesis gives person ``i``'s box to somebody else, or ``i`` somebody else's."""
    for j in range(people):
        if j != i and ((best[i] >= 0 and other[j] == best[i]) or (other[i] >= 0 and best[j] == other[i])):
            return True
    return False


@njit(cache=True, error_model="numpy")
def _agree(a, b, people, active, node, last, new_taken, new_parent, first):
    """Whether two children agree on the box in which everybody was last seen: only their pasts differ then."""
    for i in range(people):
        box_a, box_b = new_taken[a, i], new_taken[b, i]
        if box_a >= 0 or box_b >= 0:
            if box_a != box_b:
                return False
            continue
        at_a, at_b = node[new_parent[a], active[i]], node[new_parent[b], active[i]]
        if at_a != at_b and (at_a < 0 or at_b < 0 or last[at_a] != last[at_b]):
            return False
    return True
