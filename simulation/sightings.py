"""What a detector would make of the people in the pictures: found or missed, merged, a little off, or made up."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from race.observations import DESCRIPTOR, Detections
from simulation.camera import Footage
from simulation.draws import Draws
from simulation.figure import Pictured
from simulation.motion import Person
from simulation.noise import CLEAR, USUAL_PX, Noise, input_scale

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_PX = 8.0
"""Nobody smaller is found."""
LEAST_SCORE = 0.05
REGISTERED = ("main", "fixed", "handheld")
"""The cameras whose pose over the rink vision is to find."""
OWN_SHARE = 0.3, 1.0
"""Of a suit's colours, what is its own."""


def detections(
    people: Sequence[Person], footage: Footage, pictured: Pictured, noise: Noise, draws: Draws
) -> Detections:
    """The boxes of a detector that errs as ``noise`` says."""
    seen_px = heights_seen(pictured, footage)
    box, found = _found(people, footage, pictured, seen_px, noise, draws)
    person, frame = np.nonzero(found & np.isfinite(box[..., 0]))
    many = len(person)
    visible, tall = pictured.visibility[person, frame], pictured.box[person, frame, 3]
    size = np.log(seen_px[person, frame] / USUAL_PX)
    score = noise.score_mean + noise.score_slope * size + noise.score_sd * draws.normals(many)
    score -= noise.score_visibility_slope * (1 - visible)
    blur = noise.foot_sd * tall[:, None]
    foot = pictured.foot[person, frame] + draws.normals(2 * many).reshape(many, 2) * blur
    foot[(draws.uniforms(many) > noise.foot_chance) | (visible < 0.5)] = np.nan
    helmet = pictured.helmet[person, frame]
    helmet += draws.normals(4 * many).reshape(many, 4) * noise.helmet_sd * helmet[:, 3:]
    helmet[draws.uniforms(many) > noise.helmet_chance] = np.nan
    helmet[:, 2:] = np.maximum(helmet[:, 2:], 1.0)
    suit, helmet_colour = _colours(people, person, frame, footage, pictured, noise, draws)
    helmet_colour[np.isnan(helmet[:, 0])] = np.nan
    false = np.concatenate(
        [
            false_boxes(pictured, footage, noise, draws),
            _doubles(pictured.box[person, frame], visible, frame, noise, draws),
        ]
    )
    nobody = np.full((len(false), 4), np.nan)
    drab = np.full((len(false), DESCRIPTOR), 1 / DESCRIPTOR)
    foot_sd = np.where(np.isnan(foot[:, 0]), np.nan, noise.foot_sd * tall)
    rows = {
        "frame": np.concatenate([frame + 1, false[:, 0]]).astype(np.int32),
        "box": np.concatenate([box[person, frame], false[:, 1:5]]),
        "score": np.concatenate([np.clip(score, LEAST_SCORE, 0.98), false[:, 5]]),
        "helmet": np.concatenate([helmet, nobody]),
        "foot": np.concatenate([foot, nobody[:, :2]]),
        "foot_sd": np.concatenate([foot_sd, nobody[:, 0]]),
        "suit": np.concatenate([suit, drab]),
        "helmet_colour": np.concatenate([helmet_colour, np.full(drab.shape, np.nan)]),
    }
    order = np.argsort(rows["frame"], kind="stable")
    return Detections(**{name: values[order] for name, values in rows.items()})


def heights_seen(pictured: Pictured, footage: Footage) -> Floats:
    """(P, F) heights in pixels of the detector's input, 0 where nobody is."""
    tall = np.nan_to_num(pictured.box[..., 3])
    usual = float(np.median(tall[tall > 0])) if (tall > 0).any() else 0.0
    return np.asarray(tall * input_scale(usual, footage.size))


def recall(height_px: Floats, visibility: Floats, noise: Noise) -> Floats:
    """The chance of being found, of skaters that high and seen to such shares."""
    logit = (
        noise.recall_logit
        + noise.recall_slope * np.log(np.maximum(height_px, 1.0) / USUAL_PX)
        + noise.recall_visibility_slope * np.minimum(0.0, visibility - CLEAR)
    )
    chance = noise.recall_most / (1 + np.exp(-np.clip(logit, -30, 30)))
    return np.where((height_px >= LEAST_PX) & (visibility > 0), chance, 0.0)


def _found(
    people: Sequence[Person], footage: Footage, pictured: Pictured, seen_px: Floats, noise: Noise, draws: Draws
) -> tuple[Floats, Mask]:
    """(P, F, 4) boxes as found and (P, F) whether they are."""
    many, count = pictured.visibility.shape
    tall = np.nan_to_num(pictured.box[..., 3])
    chance = recall(seen_px, pictured.visibility, noise)
    for k, person in enumerate(people):
        if person.competitor is None:
            chance[k] *= noise.official_chance
    lasts = noise.miss_lasts_s * footage.fps
    found = np.stack([wandering(draws, count, lasts) for _ in range(many)]) < chance
    box = pictured.box.copy()
    _merge(box, found, pictured.depth, noise, draws, noise.merge_lasts_s * footage.fps)
    lasts = noise.jitter_lasts_s * footage.fps
    hidden = 1 + noise.jitter_hidden * (1 - pictured.visibility)
    rough = noise.jitter_px / np.maximum(seen_px, 1.0)
    edge = np.concatenate([box[..., :2], box[..., :2] + box[..., 2:]], axis=-1)
    for axis, (shift, size) in enumerate(zip(noise.bias, noise.jitter, strict=True)):
        for k in range(many):
            off = noise_like(draws, count, lasts) * np.exp(noise.jitter_tail * noise_like(draws, count, lasts))
            edge[k, :, axis] += (shift + off * np.hypot(size, rough[k]) * hidden[k]) * tall[k]
    box = np.concatenate([edge[..., :2], np.maximum(edge[..., 2:] - edge[..., :2], 2.0)], axis=-1)
    return box, found


def _merge(box: Floats, found: Mask, depth: Floats, noise: Noise, draws: Draws, lasts: float) -> None:
    """Where two boxes overlap much, now and then the one behind is lost and the one in front grows over both."""
    people, count = found.shape
    for a in range(people):
        for b in range(a + 1, people):
            close = found[a] & found[b] & (overlap(box[a], box[b]) > noise.merge_iou)
            if not close.any():
                continue
            taken = close & (wandering(draws, count, lasts) < noise.merge_chance)
            front = np.where(depth[a] < depth[b], a, b)
            for n in np.flatnonzero(taken):
                keep, drop = (a, b) if front[n] == a else (b, a)
                box[keep, n] = union(box[a, n], box[b, n])
                found[drop, n] = False


def union(a: Floats, b: Floats) -> Floats:
    """(..., 4), (..., 4) -> (..., 4) the box around both."""
    low = np.minimum(a[..., :2], b[..., :2])
    high = np.maximum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    return np.concatenate([low, high - low], axis=-1)


def overlap(a: Floats, b: Floats) -> Floats:
    """(..., 4), (..., 4) -> (...) intersection over union; 0 where one is NaN."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shared = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
        inter = np.prod(np.clip(shared, 0, None), axis=-1)
        return np.asarray(np.nan_to_num(inter / (np.prod(a[..., 2:], axis=-1) + np.prod(b[..., 2:], axis=-1) - inter)))


def false_boxes(pictured: Pictured, footage: Footage, noise: Noise, draws: Draws) -> Floats:
    """(M, 6) frame, box, score: spectators, photographers and logos, which pass as the camera turns."""
    width, height = footage.size
    lasts = max(1.0, noise.false_lasts_s * footage.fps)
    wanted = round(len(footage) * noise.false_boxes_per_frame)
    usual = float(np.nanmedian(pictured.box[..., 3])) if np.isfinite(pictured.box).any() else height / 6
    step = camera_steps(footage)
    rows: list[tuple[float, ...]] = []
    # Many leave the picture before their time, the more the further a camera goes in; as many more come.
    for _ in range(wanted):
        if len(rows) >= wanted:
            break
        first = draws.integer(1, len(footage))
        left = 1 - int(lasts * np.log1p(-draws.uniform(0, 0.999)))
        tall = usual * draws.uniform(*noise.false_height)
        at = np.array([draws.uniform(0, width - tall / 2), draws.uniform(*noise.false_top) * height, 1.0])
        score = draws.uniform(*noise.false_score)
        for frame in range(first, min(first + left, len(footage) + 1)):
            if frame > first:
                at = step[frame - 1] @ at
                at /= at[2]
            x, y = at[:2] + draws.normals(2)
            if not -0.2 * tall < x < width - 0.3 * tall or y > height - 0.3 * tall:
                break
            rows.append((frame, x, y, tall * 0.5, tall, score))
    return np.array(rows[:wanted], np.float64).reshape(-1, 6)


def _doubles(box: Floats, visible: Floats, frame: NDArray[np.intp], noise: Noise, draws: Draws) -> Floats:
    """(M, 6) frame, box, score: second boxes on some of the people found, (N, 4) in pictures counted from 0."""
    taken = draws.uniforms(len(box)) < noise.double_chance + noise.double_hidden * (1 - visible)
    box, frame = box[taken], frame[taken]
    off = np.array(noise.double_bias) + np.array(noise.double_jitter) * draws.normals(box.size).reshape(box.shape)
    low, high = noise.double_score
    out = np.column_stack([frame + 1, box + off * box[:, 3:], low + (high - low) * draws.uniforms(len(box)) ** 2])
    out[:, 3:5] = np.maximum(out[:, 3:5], 2.0)
    return out


def registered(footage: Footage) -> Mask:
    """(F,) pictures of cameras whose pose vision is to find."""
    seen = np.zeros(len(footage), bool)
    for take in footage.takes:
        seen[take.first - 1 : take.last] = take.camera in REGISTERED
    return seen


def camera_steps(footage: Footage) -> Floats:
    """(F, 3, 3) true homographies of what stands still, pixels of the picture before to this one; the first is NaN."""
    count, (width, height) = len(footage), footage.size
    intrinsics = np.zeros((count, 3, 3))
    intrinsics[:, 0, 0] = intrinsics[:, 1, 1] = footage.focal_px
    intrinsics[:, 0, 2], intrinsics[:, 1, 2], intrinsics[:, 2, 2] = width / 2, height / 2, 1.0
    to_pixels = intrinsics @ footage.rotation
    steps = np.full((count, 3, 3), np.nan)
    steps[1:] = to_pixels[1:] @ np.linalg.inv(to_pixels[:-1])
    steps[1:] /= steps[1:, 2:, 2:]
    return steps


def _colours(
    people: Sequence[Person],
    person: NDArray[np.intp],
    frame: NDArray[np.intp],
    footage: Footage,
    pictured: Pictured,
    noise: Noise,
    draws: Draws,
) -> tuple[Floats, Floats]:
    """(N, DESCRIPTOR) of suits and helmets of the people found, alike within a team, in changing shades; where somebody
    is hidden by another, partly in that one's colours."""
    out = np.empty((2, len(person), DESCRIPTOR))
    lasts = noise.descriptor_lasts_s * footage.fps
    front = in_front(pictured)[person, frame]
    mixed = np.where(front >= 0, noise.descriptor_mixed * (1 - pictured.visibility[person, frame]), 0.0)[:, None]
    rough = noise.descriptor_sd * (1 + noise.descriptor_hidden * (1 - pictured.visibility[person, frame]))[:, None]
    for colours, found in zip(_descriptors(people, noise, draws), out, strict=True):
        for k in range(len(people)):
            mine = person == k
            shade = noise_rows(draws, DESCRIPTOR, len(footage), lasts)[:, frame[mine]].T * rough[mine]
            blend = (1 - mixed[mine]) * colours[k] + mixed[mine] * colours[front[mine]]
            found[mine] = shaded(blend, shade)
    return out[0], out[1]


def in_front(pictured: Pictured) -> NDArray[np.int64]:
    """(P, F) who hides most of each person, -1 for nobody."""
    box, people = pictured.box, len(pictured.box)
    end, area = box[..., :2] + box[..., 2:], np.prod(box[..., 2:], axis=-1)
    who, most = np.full(box.shape[:2], -1, np.int64), np.zeros(box.shape[:2])
    for a in range(people):
        for b in range(people):
            if a == b:
                continue
            with np.errstate(invalid="ignore", divide="ignore"):
                shared = np.minimum(end[a], end[b]) - np.maximum(box[a, :, :2], box[b, :, :2])
                part = np.nan_to_num(np.prod(np.clip(shared, 0, None), axis=-1) / area[a])
                better = (pictured.depth[b] < pictured.depth[a]) & (part > most[a])
            who[a, better], most[a, better] = b, part[better]
    return who


def _descriptors(people: Sequence[Person], noise: Noise, draws: Draws) -> tuple[Floats, Floats]:
    """(P, DESCRIPTOR) of suits and of helmets, alike within a team."""
    designs = max(person.suit for person in people) + 1
    which = np.array([person.suit for person in people])
    suits, helmets = (designs_of(designs, noise.descriptor_power, draws) for _ in range(2))
    return suits[which], helmets[which]


def designs_of(count: int, power: float, draws: Draws) -> Floats:
    """(count, DESCRIPTOR): more or less of each is what all have, black, skin and ice; so some look alike."""
    common = few_colours(power, draws)
    own = np.stack([few_colours(power, draws) for _ in range(count)])
    share = OWN_SHARE[0] + (OWN_SHARE[1] - OWN_SHARE[0]) * draws.uniforms(count)[:, None]
    return np.asarray(share * own + (1 - share) * common)


def few_colours(power: float, draws: Draws) -> Floats:
    """(DESCRIPTOR,) shares that sum to 1; the higher ``power``, the fewer colours."""
    shares = draws.uniforms(DESCRIPTOR) ** power
    return np.asarray(shares / shares.sum())


def shaded(shares: Floats, shade: Floats) -> Floats:
    """(DESCRIPTOR,) or (N, DESCRIPTOR), and (N, DESCRIPTOR) changes of the shares' logarithms -> (N, DESCRIPTOR), rows
    of which sum to 1 again."""
    loud = (shares + 0.003) * np.exp(shade)
    return np.asarray(loud / loud.sum(axis=1, keepdims=True))


def wandering(draws: Draws, count: int, lasts: float) -> Floats:
    """(count,) uniform in [0, 1) that stays for about ``lasts`` steps."""
    fresh = draws.uniforms(count)
    jumps = draws.uniforms(count) < 1 / max(1.0, lasts)
    jumps[0] = True
    return np.asarray(fresh[np.maximum.accumulate(np.where(jumps, np.arange(count), 0))])


def noise_like(draws: Draws, count: int, lasts: float) -> Floats:
    """(count,) of mean 0 and standard deviation 1, correlated over about ``lasts`` steps."""
    return np.asarray(noise_rows(draws, 1, count, lasts)[0])


def noise_rows(draws: Draws, rows: int, count: int, lasts: float) -> Floats:
    """(rows, count) as ``noise_like``, each row by itself."""
    keep = np.exp(-1 / max(lasts, 1e-3))
    out = draws.normals(rows * count).reshape(count, rows)
    out[1:] *= np.sqrt(1 - keep * keep)
    for n in range(1, count):
        out[n] += keep * out[n - 1]
    return np.asarray(out.T)
