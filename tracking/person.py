"""One person of a hypothesis: where he is expected, which boxes he may be, and what each of them costs.

Costs are negative log likelihoods: of the misfit of place and size with a Kalman filter's expectation over the moving
background, of colours unlike those of the last seconds, of scores left unexplained, and of not being seen: little where
another's box covers the place or outside the picture, much in the open.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc"

from dataclasses import astuple, dataclass

import numpy as np
from numba import njit

from tracking.tables import Floats

# A person's state: centre x, y, width, height, pixels; velocity x, y over the background, pixels a second; variance of
# the place, covariance, variance of the velocity, in heights and seconds, the same for x and y; seconds since he was
# seen; the usual score.
X, Y, W, H, VX, VY, PP, PV, VV, UNSEEN, SCORE = range(11)
STATE = 11
OPTIONS = 8
"""Boxes that are considered for one person, that of not being seen among them."""
AFTER_CUT_S, AFTER_CUT_SD = 10.0, 10.0
"""Over a cut everybody is as if not seen for so long, and may be so many heights from where he was."""
GONE_S = 0.2
"""Who was not seen for so long and is expected outside the picture has left it."""
CUT = 0.005
"""A box that ends nearer to the picture's edge than this share of the picture is cut by it."""


@dataclass(frozen=True, slots=True)
class HypothesisSettings:
    """Costs in nats, lengths in heights of the box, times in seconds."""

    beam: int = 100
    """Hypotheses kept, and ..."""
    children: int = 16
    """... ways to go on from one of them that are looked at."""
    keep_within: float = 18.0
    """How much worse than the best one a hypothesis may be."""
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
    """Weight of the squared Hellinger distance between a box's colours and the person's."""
    colour_s: float = 8.0
    """Time over which a person's colours follow those seen."""
    score_change: float = 0.0
    """Weight of the difference between the score and the usual one."""
    birth: float = 0.0
    """Somebody new."""
    patience_s: float = np.inf
    """Who was not seen for so long is given up."""


FIELD = HypothesisSettings()
"""Racers, all of them known."""
# Their places in the array of costs that the kernels take.
KEEP_WITHIN, PLACE_SD, SIZE_SD, SPEED_SD, TURNING, MAX_MISFIT, REACH, REACH_PER_S, MISS, MISS_COVERED = range(10)
MISS_AWAY, LOST_S, FOUND, UNEXPLAINED, COLOUR, COLOUR_S, SCORE_CHANGE, BIRTH, PATIENCE_S = range(10, 19)


def costs_of(settings: HypothesisSettings) -> Floats:
    """The costs as the kernels take them."""
    return np.array(astuple(settings)[2:], np.float64)


@njit(cache=True, error_model="numpy")
def begin(one, box, score, cost):
    """A person at first sight."""
    one[X], one[Y], one[W], one[H] = box[0] + box[2] / 2, box[1] + box[3] / 2, box[2], box[3]
    one[VX] = one[VY] = one[PV] = one[UNSEEN] = 0.0
    one[PP], one[VV] = cost[PLACE_SD] ** 2, cost[SPEED_SD] ** 2
    one[SCORE] = score


@njit(cache=True, error_model="numpy")
def scatter(one, edge, cost):
    """Forget where somebody is, as over a cut."""
    one[X], one[Y] = (edge[0] + edge[2]) / 2, (edge[1] + edge[3]) / 2
    one[VX] = one[VY] = 0.0
    one[UNSEEN], one[PP] = AFTER_CUT_S, AFTER_CUT_SD**2
    one[PV], one[VV] = 0.0, cost[SPEED_SD] ** 2


@njit(cache=True, error_model="numpy")
def predict(one, warp, dt, pack, cost):
    """Carry a person's state into the next frame: first with the camera, then with its own velocity.

    pack  (4,) velocity of those who skate together and what each of them adds to his own in this frame, see ``pack.py``
    """
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
    elif one[VX] * pack[0] + one[VY] * pack[1] > 0.5 * (pack[0] ** 2 + pack[1] ** 2) * one[H]:
        one[VX] += pack[2] * one[H]
        one[VY] += pack[3] * one[H]
    one[X] += one[VX] * dt
    one[Y] += one[VY] * dt
    turning = cost[TURNING] ** 2
    one[PP] += 2 * dt * one[PV] + dt**2 * one[VV] + turning * dt**3 / 3
    one[PV] += dt * one[VV] + turning * dt**2 / 2
    one[VV] += turning * dt


@njit(cache=True, error_model="numpy")
def uncut(start, length, usual, low, high):
    """Middle and length, along one axis, of a body whose box may be cut by the picture's edge at ``low`` or ``high``.

    Of a cut body the box tells where the part that is inside ends; it is taken to be as long as ``usual``.
    """
    length_ = max(length, usual)
    near = CUT * (high - low)
    if start <= low + near:
        return start + length - length_ / 2, length_
    if start + length >= high - near:
        return start + length_ / 2, length_
    return start + length / 2, length


@njit(cache=True, error_model="numpy")
def update(one, box, score, edge, cost):
    """Kalman update of a person's state with its box."""
    x, w = uncut(box[0], box[2], one[W], edge[0], edge[2])
    y, h = uncut(box[1], box[3], one[H], edge[1], edge[3])
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
    one[SCORE] += 0.5 * (score - one[SCORE])
    one[UNSEEN] = 0.0


@njit(cache=True, error_model="numpy")
def recolour(look, feature, dt, cost):
    if len(feature) == 0 or np.isnan(feature[0]):
        return
    share = 1.0 if np.isnan(look[0]) else 1.0 - np.exp(-dt / cost[COLOUR_S])
    for k in range(len(look)):
        look[k] = feature[k] if share == 1.0 else look[k] + share * (feature[k] - look[k])


@njit(cache=True, error_model="numpy")
def _covered(one, box):
    """Share of a person's expected box that lies within ``box``."""
    across = min(one[X] + one[W] / 2, box[0] + box[2]) - max(one[X] - one[W] / 2, box[0])
    down = min(one[Y] + one[H] / 2, box[1] + box[3]) - max(one[Y] - one[H] / 2, box[1])
    return max(across, 0.0) * max(down, 0.0) / (one[W] * one[H])


@njit(cache=True, error_model="numpy")
def list_options(one, look, box, score, feature, back, edge, cost, out_cost, out_det):
    """The likeliest boxes for a person and the cost of each, that of not being seen last; how many there are."""
    n = 0
    covered = 0.0
    lost = one[UNSEEN] > cost[LOST_S]
    x, y = min(max(one[X], edge[0]), edge[2]), min(max(one[Y], edge[1]), edge[3])  # who is outside comes back over it
    away = lost or x != one[X] or y != one[Y]
    gone = lost or (away and one[UNSEEN] > GONE_S)
    reach = cost[REACH] + cost[REACH_PER_S] * one[UNSEEN]
    noise = cost[PLACE_SD] ** 2
    variance = noise + one[PP]
    unsure = 0.5 * np.log(variance / noise)
    for d in range(len(box)):
        covered = max(covered, _covered(one, box[d]) * min(1.0, 2.0 * score[d]))
        whole_x, whole_w = uncut(box[d, 0], box[d, 2], one[W], edge[0], edge[2])
        whole_y, whole_h = uncut(box[d, 1], box[d, 3], one[H], edge[1], edge[3])
        h = 0.5 * (one[H] + whole_h)
        dx, dy = (whole_x - x) / h, (whole_y - y) / h
        if dx * dx + dy * dy > reach * reach or (away and not back[d]):
            continue
        dh, dw = np.log(whole_h / one[H]), 0.5 * np.log(whole_w / one[W])
        grown = cost[SIZE_SD] + 0.3 * one[UNSEEN]
        misfit = 0.5 * ((dx * dx + dy * dy) / variance + (dh * dh + dw * dw) / grown**2)
        value = min(misfit, cost[MAX_MISFIT]) + unsure
        value += cost[SCORE_CHANGE] * abs(score[d] - one[SCORE]) - cost[UNEXPLAINED] * score[d]
        if gone:
            value += cost[FOUND]
        if len(look) and not np.isnan(look[0]) and not np.isnan(feature[d, 0]):
            apart = 0.0
            for k in range(len(look)):
                apart += (look[k] - feature[d, k]) ** 2
            value += cost[COLOUR] * min(0.5 * apart, 0.4)
        n = _insert(value, d, n, out_cost, out_det)
    if away:
        nothing = cost[MISS_AWAY]
    else:
        hidden = min(1.0, max(0.0, (covered - 0.3) / 0.5))
        nothing = cost[MISS] + (cost[MISS_COVERED] - cost[MISS]) * hidden
    out_cost[n], out_det[n] = nothing, -1
    return n + 1


@njit(cache=True, error_model="numpy")
def _insert(value, d, n, out_cost, out_det):
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


@njit(cache=True, error_model="numpy")
def is_alone(box, score, d):
    """Whether no other sure box covers a good part of box ``d``, so that its colours are its own."""
    for other in range(len(box)):
        if other == d or score[other] < 0.3:
            continue
        across = min(box[d, 0] + box[d, 2], box[other, 0] + box[other, 2]) - max(box[d, 0], box[other, 0])
        down = min(box[d, 1] + box[d, 3], box[other, 1] + box[other, 3]) - max(box[d, 1], box[other, 1])
        if across > 0 and down > 0 and across * down > 0.25 * box[d, 2] * box[d, 3]:
            return False
    return True
