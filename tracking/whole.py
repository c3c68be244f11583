"""Tracking a sequence that is known from its first frame to its last.

Tracks are made frame by frame, short and weak ones are dropped, the others are linked over their gaps by one global
assignment. Who is who where they overlap is then decided again, with many hypotheses, and short gaps are filled.
"""

import numpy as np

from tracking.hypotheses import carry
from tracking.linking import Camera, add_up, fit_ends, link
from tracking.overlap import settle
from tracking.pack import pack_motion
from tracking.person import HypothesisSettings, costs_of
from tracking.sequence import online_identities
from tracking.settings import SKATERS, Settings
from tracking.tables import DetectionTable, Floats, Ints, Rows, Tracks

RELAXED = (1.0, 1.5, 2.5, 5.0)
"""Where more identities come out than there can be, links may cost so many times more."""


FAST = 2.0
"""Heights per second over the background: half of all people have to be faster, else hypotheses are not used. Who is
fast cannot turn at will, as they expect; who dances or strolls can."""
STRIDE_S = 0.4
"""Speeds are measured over so many seconds."""
MOST = 40
"""Where more people are followed at a time than this, the hypotheses are of no use: they differ in too many places."""
CROSSING = HypothesisSettings(
    beam=20,
    children=6,
    keep_within=14.0,
    place_sd=0.05,
    size_sd=0.1,
    speed_sd=3.0,
    turning=1.5,
    miss_covered=1.5,
    lost_s=0.6,
    score_change=1.0,
    birth=5.0,
    patience_s=60.0,
)
"""People who overlap."""


def track_whole(
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    motion: Floats | None = None,
    shot: Ints | None = None,
    settings: Settings = SKATERS,
    max_identities: int | None = None,
    to_plane: Floats | None = None,
) -> Tracks:
    """Track a whole sequence with a look at all of it; arguments and errors as of ``track_online``, besides

    shot            (F,) the shot that each frame belongs to; positions say nothing from one shot to another
    max_identities  no more people than these were there: links are then made on weaker grounds, and of what is still
                    too many those with the fewest detections are left out
    """
    identity = online_identities(detections, frames, time_s, motion, settings, to_plane)
    frame = np.searchsorted(frames, detections.frame)
    pieces = [
        rows
        for rows in _split(identity)
        if time_s[frame[rows[-1]]] - time_s[frame[rows[0]]] >= settings.shortest_s
        and detections.score[rows].mean() >= settings.weakest_score
    ]
    camera = add_up(motion, np.zeros(len(frames), np.int32) if shot is None else shot)
    ends = fit_ends(pieces, detections.box, frame, time_s, camera, last=True)
    starts = fit_ends(pieces, detections.box, frame, time_s, camera, last=False)
    feature = _mean_features(pieces, detections.feature)
    for factor in RELAXED if max_identities is not None else RELAXED[:1]:
        follower, link_sure = link(
            ends, starts, camera, feature, settings.link_s, factor * settings.link_cost, settings.link_sure
        )
        if max_identities is None or np.sum(follower < 0) <= max_identities:
            break
    identity, sure = _number(_chains(follower), pieces, link_sure, len(detections))
    shots = np.zeros(len(frames), np.int32) if shot is None else shot
    fast = settings.hypotheses and _usual_speed(identity, detections.box, frame, time_s, camera) > FAST
    decided = bool(fast) and to_plane is None
    if decided:
        linked = identity > 0
        identity, odds = _decide_again(identity, detections, frames, time_s, motion, shots)
        for rows in _split(identity):  # a box that was in no track is as sure as the next one that was
            known = rows[linked[rows]]
            if len(known):
                sure[rows] = sure[known[np.minimum(np.searchsorted(known, rows), len(known) - 1)]]
        sure *= odds
    people = _split(identity)
    if max_identities is not None:
        people = sorted(people, key=lambda rows: -len(rows))[:max_identities]
    people.sort(key=lambda rows: int(rows[0]))
    tracks = _assemble(people, sure, detections, frames, time_s, settings.fill_s)
    if not decided:
        return tracks
    low_right = (detections.box[:, :2] + detections.box[:, 2:]).max(axis=0)  # there the picture is taken to end
    return settle(tracks, frames, time_s, motion, shots, (float(low_right[0]), float(low_right[1])))


def _number(chains: list[list[int]], pieces: list[Rows], link_sure: Floats, n: int) -> tuple[Rows, Floats]:
    """Identity of each detection (N,), 0 for none, and how sure the links up to it are (N,)."""
    identity, sure = np.zeros(n, np.int64), np.ones(n)
    for number, chain in enumerate(chains, 1):
        so_far = 1.0
        for k in chain:
            identity[pieces[k]], sure[pieces[k]] = number, so_far
            so_far *= link_sure[k]
    return identity, sure


def _usual_speed(identity: Rows, box: Floats, frame: Rows, time_s: Floats, camera: Camera) -> float:
    """Median speed of all people at all times, heights per second over the background; 0 where nothing is known."""
    speeds = []
    for rows in _split(identity):
        at = frame[rows]
        after = np.searchsorted(time_s[at], time_s[at] + STRIDE_S)
        here = np.flatnonzero(after < len(rows))
        here = here[camera.shot[at[here]] == camera.shot[at[after[here]]]]
        a, b = rows[here], rows[after[here]]
        feet = np.column_stack([box[a, 0] + 0.5 * box[a, 2], box[a, 1] + box[a, 3], np.ones(len(a))])
        moved = np.einsum("nij,nj->ni", camera.from_first[frame[b]] @ camera.to_first[frame[a]], feet)
        gone = np.column_stack([box[b, 0] + 0.5 * box[b, 2], box[b, 1] + box[b, 3]]) - moved[:, :2] / moved[:, 2:]
        speeds.append(np.hypot(gone[:, 0], gone[:, 1]) / box[b, 3] / (time_s[frame[b]] - time_s[frame[a]]))
    every = np.concatenate(speeds) if speeds else np.empty(0)
    return float(np.median(every)) if len(every) else 0.0


def _decide_again(
    identity: Rows, detections: DetectionTable, frames: Ints, time_s: Floats, motion: Floats | None, shot: Ints
) -> tuple[Rows, Floats]:
    """Identities decided with a look at what comes after, and the odds of each (N,); as they were where there are too
    many people for that.

    The picture's edge is taken to be where boxes end.
    """
    n = len(detections)
    strong = detections.box[identity > 0]
    if not len(strong):
        return identity, np.ones(n)
    edge = np.concatenate(
        [np.quantile(strong[:, :2], 0.002, axis=0), np.quantile(strong[:, :2] + strong[:, 2:], 0.998, axis=0)]
    )
    warp = np.tile(np.eye(3), (len(frames), 1, 1)) if motion is None else np.array(motion, np.float64)
    warp[np.isnan(warp).any(axis=(1, 2))] = np.eye(3)
    frame = np.searchsorted(frames, detections.frame)
    pack = pack_motion(_split(identity), detections.box, frame, time_s, warp, shot)
    person, odds = np.full(n, -1, np.int64), np.ones(n)
    done = carry(
        *(detections.box, detections.score),
        np.full((n, 1), np.nan) if detections.feature is None else np.sqrt(detections.feature),
        np.ones(n, np.bool_),
        *(np.searchsorted(detections.frame, frames), np.searchsorted(detections.frame, frames, side="right")),
        *(np.ascontiguousarray(time_s, np.float64), warp, pack, np.diff(shot, prepend=shot[:1]) != 0, edge),
        *(identity - 1, int(identity.max()), MOST, CROSSING.beam, CROSSING.children, costs_of(CROSSING)),
        *(person, odds),
    )
    return (person + 1, odds) if done else (identity, np.ones(n))


def _split(identity: Rows) -> list[Rows]:
    """Rows of each identity above 0, in order of time."""
    order = np.argsort(identity, kind="stable")
    order = order[np.searchsorted(identity[order], 1) :]
    cuts = np.flatnonzero(np.diff(identity[order])) + 1
    return [rows for rows in np.split(order, cuts) if len(rows)]


def _mean_features(pieces: list[Rows], feature: Floats | None) -> Floats:
    """Mean colour descriptor of each piece (T, K), NaN where none is known."""
    if feature is None:
        return np.empty((len(pieces), 0))
    mean = np.full((len(pieces), feature.shape[1]), np.nan)
    for k, rows in enumerate(pieces):
        known = rows[~np.isnan(feature[rows]).any(axis=1)]
        if len(known):
            mean[k] = feature[known].mean(axis=0)
    return mean


def _chains(follower: Rows) -> list[list[int]]:
    """Pieces that follow one another, as lists."""
    chains = []
    for k in np.setdiff1d(np.arange(len(follower)), follower):
        chain = [int(k)]
        while follower[chain[-1]] >= 0:
            chain.append(int(follower[chain[-1]]))
        chains.append(chain)
    return chains


def _assemble(
    people: list[Rows],
    sure: Floats,
    detections: DetectionTable,
    frames: Ints,
    time_s: Floats,
    fill_s: float,
) -> Tracks:
    """The rows of each of ``people`` as a track, ids from 1, gaps of at most ``fill_s`` filled in a line."""
    frame_of = np.searchsorted(frames, detections.frame)
    columns: list[list[np.ndarray]] = [[] for _ in range(7)]
    for identity, rows in enumerate(people, 1):
        frame = frame_of[rows]
        steps = np.diff(frame)
        short = np.diff(time_s[frame]) <= fill_s
        count = np.append(np.where(short, steps, 1), 1)  # rows that each detection stands for
        from_row = np.repeat(np.arange(len(rows)), count)
        ahead = np.arange(len(from_row)) - np.repeat(np.cumsum(count) - count, count)
        to_row = np.minimum(from_row + 1, len(rows) - 1)
        index = frame[from_row] + ahead
        span = time_s[frame[to_row]] - time_s[frame[from_row]]
        share = np.where(ahead > 0, (time_s[index] - time_s[frame[from_row]]) / np.where(span > 0, span, 1.0), 0.0)
        box = detections.box[rows]
        columns[0].append(frames[index].astype(np.int32))
        columns[1].append(np.full(len(index), identity, np.int32))
        columns[2].append(box[from_row] + share[:, None] * (box[to_row] - box[from_row]))
        columns[3].append(detections.score[rows[from_row]])
        columns[4].append(ahead == 0)
        columns[5].append(rows[from_row])
        columns[6].append(sure[rows[from_row]])
    if not people:
        return Tracks(
            np.empty(0, np.int32),
            np.empty(0, np.int32),
            np.empty((0, 4)),
            np.empty(0),
            np.empty(0, np.bool_),
            np.empty(0, np.int64),
            np.empty(0),
        )
    whole = [np.concatenate(column) for column in columns]
    order = np.lexsort((whole[1], whole[0]))
    return Tracks(*(column[order] for column in whole))
