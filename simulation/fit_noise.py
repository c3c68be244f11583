"""Fit ``Noise`` to clips of which both is known: what is in the pictures and what vision saw in them.

Each parameter is estimated from its own share of the evidence: detections are matched to people picture by picture,
and what is left over, on either side, tells of misses, merged boxes and false ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from race.observations import Observations
from simulation.clip import Clip
from simulation.draws import Draws
from simulation.fit_scorebug import fit_scorebug
from simulation.lines import line_pan, upright_line
from simulation.noise import CLEAR, USUAL_PX, Noise
from simulation.sightings import (
    LEAST_PX,
    LEAST_SCORE,
    camera_steps,
    designs_of,
    heights_seen,
    in_front,
    overlap,
    recall,
    registered,
    shaded,
    union,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Fitted = dict[str, Any]
"""Some of the fields of ``Noise``."""

SAME_IOU = 0.4
MERGED_IOU = 0.6
"""Of a box with that around two people, when it fits both better than either."""
_UNTOUCHED_IOU = 0.2
KEPT_S = 0.3
"""A part of the colours' scatter is gone in the next picture, the rest stays for half a second; what counts is what is
left after so long."""
SAME_LINE = 0.02
"""Of the picture's width: a line further from the finish line is some other."""


@dataclass(frozen=True, slots=True)
class Matched:
    """P people on F pictures: ``found`` (P, F) the row of the detection of each, -1 for none; ``merged`` (P, F) those
    in a box for two; ``near`` and ``joined``, a row for each pair and picture in which both are found: how much they
    overlap, and whether there is one box for the two; ``spare`` the rows of detections that are nobody;
    ``double`` (M, 2) rows of those that are on somebody who has a better one, and who that is."""

    found: Ints
    merged: Mask
    near: Floats
    joined: Mask
    spare: Ints
    double: Ints


def match(clip: Clip, seen: Observations) -> Matched:
    """Give each detection to at most one person, the best fitting first."""
    people, count = clip.pictured.visibility.shape
    found, merged = np.full((people, count), -1, np.int64), np.zeros((people, count), bool)
    near, joined, spare = [], [], []
    double: list[tuple[int, int]] = []
    box, start = seen.detections.box, np.searchsorted(seen.detections.frame, np.arange(1, count + 2))
    for frame in range(count):
        rows = np.arange(start[frame], start[frame + 1])
        here = np.flatnonzero(np.nan_to_num(clip.pictured.box[:, frame, 3]) >= LEAST_PX)
        true = clip.pictured.box[here, frame]
        shared = (
            overlap(true[:, None], box[rows][None]) if len(here) and len(rows) else np.zeros((len(here), len(rows)))
        )
        free, used = shared.copy(), np.zeros(len(rows), bool)
        while free.size and free.max() >= SAME_IOU:
            i, j = divmod(int(free.argmax()), free.shape[1])
            found[here[i], frame], used[j] = rows[j], True
            free[i], free[:, j] = 0.0, 0.0
        for i in range(len(here)):
            for j in range(i + 1, len(here)):
                close = float(overlap(true[i], true[j]))
                if close <= 0.1:
                    continue
                both = overlap(union(true[i], true[j]), box[rows]) if len(rows) else np.zeros(0)
                better = (both >= MERGED_IOU) & (both > shared[i]) & (both > shared[j])
                alone = found[here[i], frame] < 0 or found[here[j], frame] < 0
                one_box = bool(alone and better.any())
                if one_box:
                    merged[here[[i, j]], frame] = True
                    used |= better
                if one_box or not alone:  # else one was missed, and what would have become of the two is not known
                    near.append(close)
                    joined.append(one_box)
        most = shared.max(axis=0, initial=0.0)
        spare += list(rows[~used & (most < _UNTOUCHED_IOU)])
        again = np.flatnonzero(~used & (most >= _UNTOUCHED_IOU))
        double += [(int(rows[j]), int(here[shared[:, j].argmax()])) for j in again]
    return Matched(
        found,
        merged,
        np.array(near),
        np.array(joined, bool),
        np.array(spare, np.int64),
        np.array(double, np.int64).reshape(-1, 2),
    )


def fit_noise(clips: Sequence[tuple[Clip, Observations]], before: Noise) -> Noise:
    """The noise that makes observations like those of ``clips``; what they tell nothing of stays as ``before``."""
    pairs = [(clip, seen, match(clip, seen)) for clip, seen in clips]
    noise = replace(before, **_fit_merges(pairs))
    noise = replace(noise, **_fit_recall(pairs))
    noise = replace(noise, **_fit_spells(pairs, noise))
    for fit in (
        fit_boxes,
        _fit_scores,
        _fit_false,
        _fit_doubles,
        _fit_parts,
        _fit_colours,
        _fit_lines,
        _fit_motion,
        _fit_poses,
    ):
        noise = replace(noise, **fit(pairs))
    return replace(noise, **fit_scorebug(clips))


Pairs = Sequence[tuple[Clip, Observations, Matched]]


def _fit_merges(pairs: Pairs) -> Fitted:
    """The overlap above which two become one so often, and how often: the likeliest step."""
    near = np.concatenate([found.near for _, _, found in pairs])
    joined = np.concatenate([found.joined for _, _, found in pairs])
    if not joined.any():
        return {"merge_chance": 0.0}
    best, likeliest = {}, -np.inf
    for iou in np.arange(0.15, 0.8, 0.025):
        above = near > iou
        if not above.any() or not (~above).any():
            continue
        chances = [np.clip(joined[part].mean(), 1e-4, 1 - 1e-4) for part in (above, ~above)]
        parts = zip(chances, (above, ~above), strict=True)
        likely = sum(float(np.where(joined[part], np.log(p), np.log(1 - p)).sum()) for p, part in parts)
        if likely > likeliest:
            best, likeliest = {"merge_iou": float(iou), "merge_chance": float(chances[0])}, likely
    return best


def _asked(clip: Clip, found: Matched, officials: bool) -> Mask:
    """(P, F) officials, or who races, that could be found, or not, on their own.

    Not in close-ups, where graphics hide people, of which no truth tells.
    """
    official = np.array([person.competitor is None for person in clip.people])
    tall = (np.nan_to_num(clip.pictured.box[..., 3]) >= LEAST_PX) & clip.footage.live
    asked = official[:, None] if officials else clip.racing
    return np.asarray(tall & (clip.pictured.visibility > 0) & ~found.merged & asked)


def _fit_recall(pairs: Pairs) -> Fitted:
    """Logistic regression of being found on size and visibility, by Fisher scoring, for each of some ceilings."""
    size, seen, hit, official_hit, official_seen = [], [], [], [], []
    for clip, _, found in pairs:
        asked = _asked(clip, found, officials=False)
        tall = heights_seen(clip.pictured, clip.footage)
        size.append(np.log(tall[asked] / USUAL_PX))
        seen.append(clip.pictured.visibility[asked])
        hit.append(found.found[asked] >= 0)
        others = _asked(clip, found, officials=True)
        official_hit.append(found.found[others] >= 0)
        official_seen.append(np.column_stack([tall[others], clip.pictured.visibility[others]]))
    inputs = np.column_stack(
        [np.ones(sum(map(len, size))), np.concatenate(size), np.minimum(0.0, np.concatenate(seen) - CLEAR)]
    )
    y = np.concatenate(hit).astype(float)
    best = _likeliest(inputs, y)
    if best["recall_slope"] < 0:  # the tallest are cut by the picture's edge: that makes nobody small easy to see
        best = _likeliest(inputs * [1.0, 0.0, 1.0], y)
    known = np.concatenate(official_seen)
    if len(known) < 50:
        return best
    logit = best["recall_logit"] + best["recall_slope"] * np.log(known[:, 0] / USUAL_PX)
    logit += best["recall_visibility_slope"] * np.minimum(0.0, known[:, 1] - CLEAR)
    expected = best["recall_most"] / (1 + np.exp(-logit))
    return best | {"official_chance": float(np.clip(np.concatenate(official_hit).sum() / expected.sum(), 0.0, 1.0))}


def _likeliest(inputs: Floats, y: Floats) -> Fitted:
    """The regression of ``y`` (N,) on ``inputs`` (N, 3) under the ceiling that makes it likeliest."""
    best: dict[str, float] = {}
    likeliest = -np.inf
    for most in (1.0, 0.99, 0.98, 0.96, 0.93, 0.9, 0.85, 0.8):
        beta = np.array([1.0, 0.0, 3.0])
        for _ in range(30):
            p = 1 / (1 + np.exp(-np.clip(inputs @ beta, -20, 20)))
            chance = np.clip(most * p, 1e-6, 1 - 1e-6)
            slope = most * p * (1 - p)
            weight = slope / (chance * (1 - chance))
            hessian = (inputs * (weight * slope)[:, None]).T @ inputs + 1e-3 * np.eye(3)
            step = np.linalg.solve(hessian, inputs.T @ (weight * (y - chance)))
            beta += step * min(1.0, 2.0 / max(1e-9, float(np.abs(step).max())))
        likely = float(np.sum(y * np.log(chance) + (1 - y) * np.log(1 - chance)))
        if likely > likeliest:
            likeliest = likely
            names = ("recall_logit", "recall_slope", "recall_visibility_slope")
            best = dict(zip(names, map(float, beta), strict=True)) | {"recall_most": most}
    return best


def _fit_spells(pairs: Pairs, noise: Noise) -> Fitted:
    """How long misses last: in ``wandering`` neighbouring pictures are alike with correlation 1 - 1 / lasts."""
    together = square = rate = 0.0
    for clip, _, found in pairs:
        asked = _asked(clip, found, officials=False)
        rest = np.where(
            asked,
            (found.found >= 0) - recall(heights_seen(clip.pictured, clip.footage), clip.pictured.visibility, noise),
            0,
        )
        both = asked[:, 1:] & asked[:, :-1]
        together += float(np.sum(rest[:, 1:] * rest[:, :-1] * both))
        square += float(np.sum(0.5 * (rest[:, 1:] ** 2 + rest[:, :-1] ** 2) * both))
        rate += clip.footage.fps / len(pairs)
    lasts = 1 / max(1e-3, 1 - np.clip(together / max(square, 1e-9), 0.0, 0.98))
    return {"miss_lasts_s": lasts / rate, "merge_lasts_s": 2 * lasts / rate}


def _whole(clip: Clip) -> Mask:
    """(P, F) people whose boxes the picture's edge does not cut; those of two that it cuts are much alike."""
    box, (width, height) = clip.pictured.box, clip.footage.size
    edge = np.concatenate([box[..., :2], box[..., :2] + box[..., 2:]], axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(((edge > 2) & (edge < np.array([width, height, width, height]) - 2)).all(axis=-1))


def fit_boxes(pairs: Pairs) -> Fitted:
    """Bias and scatter of the edges of boxes that are one person's, and how fast the scatter changes."""
    off, tall, hidden, then, now = [], [], [], [], []
    for clip, seen, found in pairs:
        true = clip.pictured.box
        edge = np.concatenate([true[..., :2], true[..., :2] + true[..., 2:]], axis=-1)
        known = (found.found >= 0) & ~found.merged & _whole(clip)
        got = seen.detections.box[found.found[known]]
        error = np.full((*known.shape, 4), np.nan)
        error[known] = (np.concatenate([got[:, :2], got[:, :2] + got[:, 2:]], axis=1) - edge[known]) / true[known][
            :, 3:
        ]
        off.append(error[known])
        tall.append(heights_seen(clip.pictured, clip.footage)[known])
        hidden.append(1 - clip.pictured.visibility[known])
        both = known[:, 1:] & known[:, :-1]
        then.append(error[:, :-1][both])
        now.append(error[:, 1:][both])
    errors, sizes, covered = np.concatenate(off), np.concatenate(tall), np.concatenate(hidden)
    clear = covered < 0.1
    bias = np.median(errors[clear], axis=0)
    rest = errors - bias
    # Squared scatter is jitter^2 + (jitter_px / h)^2: by size, middle halves only, so that outliers do not count.
    order = np.argsort(sizes[clear])
    parts = [part for part in np.array_split(order, 8) if len(part) > 20]
    spread = np.array([np.quantile(np.abs(rest[clear][part]), 0.6827, axis=0) ** 2 for part in parts])  # (S, 4)
    inverse = np.array([float(np.mean(1 / sizes[clear][part] ** 2)) for part in parts])
    rough = 0.0
    if len(parts) > 1 and np.ptp(inverse) > 0:
        slope = np.polyfit(inverse, spread.mean(axis=1), 1)[0]
        rough = float(np.sqrt(np.clip(slope, 0.0, (spread.mean(axis=1) / inverse).min())))
    least = 0.2 * np.sqrt(spread.mean(axis=0))
    jitter = np.sqrt(np.maximum(spread.mean(axis=0) - rough**2 * inverse.mean(), least**2))
    scaled = rest / np.hypot(jitter, rough / sizes[:, None])
    by_share = [(covered >= low) & (covered < high) for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.7))]
    usual = [float(np.quantile(np.abs(scaled[part]), 0.6827)) if part.sum() > 20 else np.nan for part in by_share]
    share = np.array([float(covered[part].mean()) if part.any() else np.nan for part in by_share])
    more = np.array(usual) - 1
    good = np.isfinite(more)
    grows = float(np.sum(more[good] * share[good]) / np.sum(share[good] ** 2)) if good.any() else 0.0
    far = np.quantile(np.abs(scaled[clear]), 0.95) / np.quantile(np.abs(scaled[clear]), 0.6827)
    limit = 4 * jitter
    first, second = (np.clip(np.concatenate(part) - bias, -limit, limit) for part in (then, now))
    alike = float(np.mean(np.sum(first * second, axis=0) / np.sum(0.5 * (first**2 + second**2), axis=0)))
    lasts = -1 / np.log(np.clip(alike, 0.05, 0.98))
    tails = np.arange(0.0, 1.3, 0.05)
    middle = [_middle_of(tail) for tail in tails]
    tail = int(np.argmin([abs(high / low - far) for low, high in middle]))
    return {
        "bias": tuple(bias),
        "jitter": tuple(jitter / middle[tail][0]),
        "jitter_px": rough / middle[tail][0],
        "jitter_hidden": max(0.0, grows),
        "jitter_tail": float(tails[tail]),
        "jitter_lasts_s": lasts / pairs[0][0].footage.fps,
    }


def _middle_of(tail: float) -> tuple[float, float]:
    """What 68.27 % and 95 % of abs(n exp(tail m)) lie below, n and m of standard deviation 1."""
    normal = Draws(0, "tails").normals(40_000).reshape(2, -1)
    low, high = np.quantile(np.abs(normal[0] * np.exp(tail * normal[1])), [0.6827, 0.95])
    return float(low), float(high)


def _fit_scores(pairs: Pairs) -> Fitted:
    rows, score = [], []
    for clip, seen, found in pairs:
        known = (found.found >= 0) & ~found.merged
        tall = heights_seen(clip.pictured, clip.footage)[known]
        rows.append(np.column_stack([np.ones(len(tall)), np.log(tall / USUAL_PX), clip.pictured.visibility[known] - 1]))
        score.append(seen.detections.score[found.found[known]])
    inputs, outcome = np.concatenate(rows), np.concatenate(score)
    beta, *_ = np.linalg.lstsq(inputs, outcome, rcond=None)
    return {
        "score_mean": float(beta[0]),
        "score_slope": float(beta[1]),
        "score_visibility_slope": float(beta[2]),
        "score_sd": float(np.std(outcome - inputs @ beta)),
    }


def _fit_false(pairs: Pairs) -> Fitted:
    """How many boxes are nobody's, how large, where, how sure, and for how long in one place of the hall."""
    pictures = sum(len(clip.footage) for clip, _, _ in pairs)
    height, top, score, stayed, could = [], [], [], 0, 0
    for clip, seen, found in pairs:
        box = seen.detections.box[found.spare]
        frame = seen.detections.frame[found.spare]
        usual = np.nanmedian(clip.pictured.box[..., 3])
        height.append(box[:, 3] / usual)
        top.append(box[:, 1] / clip.footage.size[1])
        score.append(seen.detections.score[found.spare])
        steps = camera_steps(clip.footage)
        for n in np.unique(frame):
            if n >= len(clip.footage) or np.isnan(steps[n, 0, 0]):
                continue
            mine, later = box[frame == n], box[frame == n + 1]
            foot = np.column_stack([mine[:, :2], np.ones(len(mine))]) @ steps[n].T
            moved = np.column_stack([foot[:, :2] / foot[:, 2:], mine[:, 2:]])
            could += len(mine)
            if len(later):
                stayed += int((overlap(moved[:, None], later[None]).max(axis=1) > 0.3).sum())
    many = sum(map(len, height))
    if many < 20:
        return {"false_boxes_per_frame": many / pictures}
    lasts = 1 / max(0.05, 1 - stayed / max(could, 1))
    return {
        "false_boxes_per_frame": many / pictures,
        "false_lasts_s": lasts / pairs[0][0].footage.fps,
        "false_height": _middle(height),
        "false_top": _middle(top),
        "false_score": (max(LEAST_SCORE, _middle(score)[0]), _middle(score)[1]),
    }


def _fit_doubles(pairs: Pairs) -> Fitted:
    """How many of the found have a second box, how far off it is and how sure; scores crowd at the low end.

    Of two on one person the less sure is the second, though it may fit better. A box that lies badly on somebody who
    has no other is no second one.
    """
    off, score, again, hidden = [], [], [], []
    for clip, seen, found in pairs:
        row, person = found.double.T
        frame = seen.detections.frame[row] - 1
        first = found.found[person, frame]
        row, person, frame, first = (part[first >= 0] for part in (row, person, frame, first))
        true = clip.pictured.box[person, frame]
        second = np.where(seen.detections.score[row] <= seen.detections.score[first], row, first)
        off.append((seen.detections.box[second] - true) / true[:, 3:])
        score.append(seen.detections.score[second])
        many = np.zeros(found.found.shape)
        np.add.at(many, (person, frame), 1)
        known = found.found >= 0
        again.append(many[known])
        hidden.append(1 - clip.pictured.visibility[known])
    errors, scores = np.concatenate(off), np.concatenate(score)
    inputs = np.column_stack([np.ones(sum(map(len, again))), np.concatenate(hidden)])
    base, grows = np.linalg.lstsq(inputs, np.concatenate(again), rcond=None)[0] if len(inputs) else (0.0, 0.0)
    out: Fitted = {"double_chance": float(np.clip(base, 0.0, 1.0)), "double_hidden": float(np.clip(grows, 0.0, 1.0))}
    if len(errors) < 20:
        return out
    low, bias, high = np.quantile(errors, [0.16, 0.5, 0.84], axis=0)
    least, middle = np.quantile(scores, [0.02, 0.5])
    return out | {
        "double_bias": tuple(bias),
        "double_jitter": tuple((high - low) / 2),
        "double_score": (float(least), float(min(1.0, least + 4 * (middle - least)))),
    }


def _middle(parts: list[Floats]) -> tuple[float, float]:
    """The range that a uniform distribution with the same mean and scatter has."""
    low, high = np.quantile(np.concatenate(parts), [0.1, 0.9])
    reach = 0.125 * (high - low)
    return float(max(0.0, low - reach)), float(high + reach)


def _fit_parts(pairs: Pairs) -> Fitted:
    """Helmets and foot points: how often there is one where it can be seen, and how far off."""
    out: dict[str, float] = {}
    for name in ("helmet", "foot"):
        there, off = [], []
        for clip, seen, found in pairs:
            true = getattr(clip.pictured, name)
            known = (found.found >= 0) & ~found.merged & (clip.pictured.visibility >= 0.5) & np.isfinite(true[..., 0])
            got = getattr(seen.detections, name)[found.found[known]]
            scale = true[known][:, 3:] if name == "helmet" else clip.pictured.box[known][:, 3:]
            there.append(np.isfinite(got[:, 0]))
            off.append(((got - true[known]) / scale)[there[-1]].ravel())
        share = np.concatenate(there)
        errors = np.concatenate(off)
        out[f"{name}_chance"] = float(share.mean()) if len(share) else 0.0
        if len(errors) > 20:
            out[f"{name}_sd"] = float(np.subtract(*np.quantile(errors, [0.84, 0.16])) / 2)
    return out


def _fit_colours(pairs: Pairs) -> Fitted:
    """How pure suits' colours are and how much they scatter, so that distances (squared Hellinger) within and between
    people come out; and how much those in front mix in."""
    within, between, alike, mix, wanted, covered, far = [], [], [], [], [], [], []
    for clip, seen, found in pairs:
        looks: dict[int, Floats] = {}
        for k, person in enumerate(clip.people):
            rows = found.found[k][(found.found[k] >= 0) & (clip.pictured.visibility[k] > 0.9)]
            rows = rows[np.isfinite(seen.detections.suit[rows, 0])]
            colours = seen.detections.suit[rows]
            if person.competitor is None or len(colours) < 10:
                continue
            alike.append(_kept(rows, colours, seen, clip.footage.fps))
            looks[k] = colours.mean(axis=0)
            within.append(float(hellinger(colours, looks[k]).mean()))
        between += [
            float(hellinger(looks[i], looks[j]))
            for i in looks
            for j in looks
            if j < i and clip.people[i].suit != clip.people[j].suit
        ]
        front = in_front(clip.pictured)
        known, whole = (found.found >= 0) & ~found.merged, _whole(clip)
        for k in looks:
            alone = np.flatnonzero(known[k] & (front[k] < 0))
            colours = seen.detections.suit[found.found[k][alone]]
            good = np.isfinite(colours[:, 0])
            covered.append(1 - clip.pictured.visibility[k, alone[good]])
            far.append(hellinger(colours[good], looks[k]))
            for j in looks:
                at = np.flatnonzero(known[k] & whole[k] & (front[k] == j))
                colours = seen.detections.suit[found.found[k][at]]
                good = np.isfinite(colours[:, 0])
                way = looks[j] - looks[k]
                if clip.people[k].suit == clip.people[j].suit or not good.any():
                    continue
                wanted.append((colours[good] - looks[k]) @ way / (way @ way))
                mix.append(1 - clip.pictured.visibility[k, at[good]])
    if not between:
        return {}
    draws = Draws(0, "fit colours")
    best: dict[str, float] = {}
    nearest = np.inf
    for power in (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0):
        suits_of = np.concatenate([designs_of(6, power, draws) for _ in range(10)])
        for sd in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.6):
            shades = sd * draws.normals(60 * 20 * suits_of.shape[1]).reshape(60, 20, -1)
            loud = np.stack([shaded(suit, shade) for suit, shade in zip(suits_of, shades, strict=True)])
            middle = loud.mean(axis=1)
            apart = np.mean(hellinger(middle[1:], middle[:-1])[np.arange(59) % 6 < 5])  # of one race
            scatter = np.mean(hellinger(loud, middle[:, None]))
            miss = np.log(apart / np.mean(between)) ** 2 + np.log(scatter / np.mean(within)) ** 2
            if miss < nearest:
                best, nearest = {"descriptor_power": power, "descriptor_sd": sd}, float(miss)
    if covered and best:
        # Distances grow as the square of the scatter.
        share, larger = np.concatenate(covered), np.sqrt(np.concatenate(far) / np.mean(within)) - 1
        best["descriptor_hidden"] = max(0.0, float(np.sum(share * larger) / max(1e-9, np.sum(share**2))))
    if mix and best:
        share, moved = np.concatenate(mix), np.concatenate(wanted)
        best["descriptor_mixed"] = _fit_mixed(share, float(np.sum(share * moved) / max(1e-9, np.sum(share**2))), best)
    lasts = -KEPT_S / np.log(np.clip(np.nanmean(alike), 0.02, 0.98)) if np.isfinite(alike).any() else None
    return best if lasts is None else best | {"descriptor_lasts_s": float(lasts)}


def _fit_mixed(share: Floats, moved: float, colours: dict[str, float]) -> float:
    """How much of somebody in front mixes in, when the colours of people hidden by ``share`` (N,) are ``moved`` times
    the share towards those in front. Shades bring the means of suits nearer to each other, and so more than is mixed
    in; how much is tried out."""
    draws = Draws(0, "fit mixed")
    share = share[np.linspace(0, len(share) - 1, 1200).astype(int)][:, None]
    suits = np.concatenate([designs_of(6, colours["descriptor_power"], draws) for _ in range(20)])
    shades = draws.normals(120 * 40 * suits.shape[1]).reshape(120, 40, -1)
    sd = colours["descriptor_sd"]
    looks = np.stack([shaded(suit, sd * shade).mean(axis=0) for suit, shade in zip(suits, shades, strict=True)])
    mine = np.arange(len(share)) % 120
    front = mine // 6 * 6 + (mine + 1) % 6
    shade = (
        sd
        * (1 + colours.get("descriptor_hidden", 0.0) * share)
        * draws.normals(share.size * suits.shape[1]).reshape(len(share), -1)
    )
    way = looks[front] - looks[mine]
    tried = np.arange(0.0, 1.01, 0.05)
    would = []
    for mixed in tried:
        seen = shaded((1 - mixed * share) * suits[mine] + mixed * share * suits[front], shade)
        part = np.sum((seen - looks[mine]) * way, axis=1) / np.sum(way**2, axis=1)
        would.append(float(np.sum(share[:, 0] * part) / np.sum(share**2)))
    return float(np.interp(moved, np.maximum.accumulate(would), tried))


def _kept(rows: Ints, colours: Floats, seen: Observations, fps: float) -> float:
    """Correlation of one person's colours with those KEPT_S later; NaN where too few were seen."""
    frame = seen.detections.frame[rows]
    rest = np.sqrt(colours) - np.sqrt(colours).mean(axis=0)
    later = np.searchsorted(frame, frame + round(KEPT_S * fps))
    has = np.flatnonzero(later < len(frame))
    has = has[frame[later[has]] == frame[has] + round(KEPT_S * fps)]
    if len(has) < 20:
        return float("nan")
    return float(np.sum(rest[has] * rest[later[has]]) / (np.mean(rest**2) * rest[has].size))


def hellinger(a: Floats, b: Floats) -> Floats:
    """(..., K), (..., K) shares -> (...) their squared Hellinger distance, 0 to 1."""
    return np.asarray(0.5 * np.sum((np.sqrt(a) - np.sqrt(b)) ** 2, axis=-1))


def _fit_lines(pairs: Pairs) -> Fitted:
    """How often the finish line is seen where it could be, how far off; and how often some other line is."""
    hit, pan, off, false, follow, pictures = [], [], [], 0, 0, 0
    for clip, seen, _ in pairs:
        top, bottom = upright_line(clip.footage)
        passing = line_pan(top, bottom, clip.footage)
        width = clip.footage.size[0]
        stray = np.zeros(len(clip.footage), bool)
        sighted = np.zeros(len(clip.footage), bool)
        for n, upper, lower in zip(seen.lines.frame - 1, seen.lines.top, seen.lines.bottom, strict=True):
            middle = (upper + lower) / 2
            share = (middle[1] - top[n, 1]) / (bottom[n, 1] - top[n, 1])
            error = (middle[0] - top[n, 0] - share * (bottom[n, 0] - top[n, 0])) / width
            if abs(error) < SAME_LINE:
                sighted[n] = True
                off.append(error)
            else:
                stray[n] = True
        there = np.isfinite(top[:, 0]) & ~stray
        hit.append(sighted[there])
        pan.append(np.nan_to_num(passing[there]))
        false += int(stray.sum())
        follow += int((stray[1:] & stray[:-1]).sum())
        pictures += len(clip.footage)
    hits, pans = np.concatenate(hit), np.concatenate(pan)
    out: Fitted = {
        "line_false_per_frame": false / pictures,
        "line_false_lasts_s": 1 / max(0.1, 1 - follow / max(1, false)) / pairs[0][0].footage.fps,
    }
    if hits.sum() < 5:
        return out
    best = -np.inf
    for limit in np.arange(0.05, 0.5, 0.01):
        slow = pans <= limit
        chance = float(np.clip(hits[slow].mean(), 0.01, 0.99)) if slow.any() else 0.01
        likely = np.where(slow, chance, 0.01)
        likelihood = float(np.sum(np.where(hits, np.log(likely), np.log(1 - likely))))
        if likelihood > best:
            best = likelihood
            out |= {"line_chance": chance, "line_pan": float(limit)}
    return out | {"line_sd": float(np.std(off))}


def _fit_motion(pairs: Pairs) -> Fitted:
    """The camera's motion in the picture's middle against the true one; scatter grows with the shift."""
    off, shift, zoom, lost, asked = [], [], [], 0, 0
    for clip, seen, _ in pairs:
        true, (width, height) = camera_steps(clip.footage), clip.footage.size
        first = np.array([take.first - 1 for take in clip.footage.takes])
        within = np.setdiff1d(np.arange(len(true)), first)
        got = seen.frames.motion
        asked += len(within)
        lost += int(np.isnan(got[within, 0, 0]).sum())
        known = within[np.isfinite(got[within, 0, 0])]
        middle = np.array([width / 2, height / 2, 1.0])
        ends = [one[known] @ middle for one in (got, true)]
        here, there = (end[:, :2] / end[:, 2:] for end in ends)
        off.append(here[:, 0] - there[:, 0])
        shift.append(np.hypot(*(there - middle[:2]).T))
        scale = [np.sqrt(np.abs(np.linalg.det(one[known, :2, :2]))) for one in (got, true)]
        zoom.append(scale[0] / scale[1] - 1)
    error, way = np.abs(np.concatenate(off)), np.concatenate(shift)
    # Outliers count, but not beyond ten pixels; the mean of |e| is 0.8 standard deviations.
    inputs, spreads = np.column_stack([np.ones(len(way)), way]), np.minimum(error, 10.0) / 0.798
    base = max(0.05, float(np.linalg.lstsq(inputs, spreads, rcond=None)[0][0]))
    slope = float(np.sum((spreads - base) * way) / max(1e-9, float(np.sum(way * way))))
    spread = np.quantile(np.concatenate(zoom), [0.16, 0.84])
    return {
        "motion_sd_px": base,
        "motion_sd_per_px": max(0.0, slope),
        "motion_zoom_sd": float((spread[1] - spread[0]) / 2),
        "motion_lost_chance": lost / max(1, asked),
    }


def _fit_poses(pairs: Pairs) -> Fitted:
    """Where the camera was registered: how far off the middle of the picture is, and how often there is no pose."""
    off, then, now, lost, asked = [], [], [], 0, 0
    for clip, seen, _ in pairs:
        if seen.poses is None or not seen.poses.known.any():
            continue
        footage = clip.footage
        known = np.asarray(seen.poses.known)
        wanted = registered(footage)
        asked, lost = asked + int(wanted.sum()), lost + int((wanted & ~known).sum())
        error = np.full((len(known), 2), np.nan)
        middle = np.array(footage.size) / 2
        for n in np.flatnonzero(known):
            point = footage[int(n)].ice_points(middle)
            error[n] = seen.poses.to_pixels(int(n), point[None])[0] - middle
        off.append(error[known])
        both = known[1:] & known[:-1]
        then.append(error[:-1][both])
        now.append(error[1:][both])
    if not off:
        return {}
    all_off = np.concatenate(off)
    sd = float(np.subtract(*np.quantile(all_off[np.isfinite(all_off)], [0.84, 0.16])) / 2)
    first, second = (np.clip(np.nan_to_num(np.concatenate(part)), -4 * sd, 4 * sd) for part in (then, now))
    alike = float(np.sum(first * second) / max(1e-9, float(np.sum(0.5 * (first**2 + second**2)))))
    lasts = -1 / np.log(np.clip(alike, 0.05, 0.99))
    return {"pose_sd_px": sd, "pose_lasts_s": lasts / pairs[0][0].footage.fps, "pose_lost_chance": lost / asked}
