"""All incidents of a race at camera level B: from paths in metres to questions with evidence."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from race.events import RaceEvent
from race.formats import Incident, IncidentKind
from race.ice import IcePaths
from race.incidents.alone import BLOCKS_D_M, find_off_track, find_slow
from race.incidents.bodies import Body
from race.incidents.consequences import Laps, became, no_laps
from race.incidents.dossier import (
    Context,
    encounter_incident,
    fall_incident,
    false_start_incident,
    infield_block_incident,
    off_track_incident,
    slow_incident,
)
from race.incidents.encounters import Encounters, find_encounters
from race.incidents.falls import Fall, find_falls, named, taken_along, weighed
from race.incidents.false_start import find_false_starts
from race.incidents.infield import find_infield_blocks
from race.incidents.kinematics import Kinematics, find_kinematics
from race.incidents.model import Model, calibrated, read_models
from race.rink import Rink

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FALL_TOLD_FROM, ALONG_FROM, TOLD_FROM = 0.5, 0.8, 0.35
"""Of the confidence. Nine of ten infractions are wanted and one false question a race is allowed, so that of them even
what is rather unreal than real is told; of falls one false in ten races is. Taken along: by surer ones."""
ASKED_FROM = 0.02
"""Of a model's chance, before it is calibrated."""
INSIDE_M = 0.15
"""Less deep inside the blocks nothing is asked: of 27 questions in 120 races about less two were real."""
NOT_SLOW_S = 1.0
"""Who lost less on a lap to the others was not slow on it; in relays the lap has a push as well."""
KNOWN_SD_M = 0.6
"""A place that is less sure than this says nothing about bodies that touch or a line that was left."""
WATCHED_S = 0.5
"""Before and after bodies touch."""
UP_MPS = 6.0
RECOVERS_S = 14.0
"""After a fall nothing else is asked of a racer until it is up and under way again, at most so long."""


def find_incidents(
    ice: IcePaths,
    bodies: list[Body],
    followed: dict[int, int],
    rink: Rink,
    event: RaceEvent | None,
    from_start: bool,
    names: dict[int, str],
    laps: Laps | None = None,
    told_from: float | None = None,
) -> list[Incident]:
    """Questions for review, by time, with ids from 1.

    ``bodies`` are all the people seen, ``followed`` says which detections are which competitor's. ``from_start``:
    ``s_m`` counts from the start line, so that the finish is known; else ``laps`` tell, rows as in ``ice``. ``names``
    by competitor. ``told_from`` is the least confidence, where the usual ones are not wanted.
    """
    if len(ice.time_s) < 3 or not len(ice.ids):
        return []
    k = find_kinematics(known_places(ice), rink)
    laps = laps or no_laps(len(ice.ids))
    finish_m = event.distance_m if event is not None and from_start else _finish_m(k, laps)
    relay, models = event is not None and event.is_relay, read_models()
    rows = {detection: int(np.searchsorted(ice.ids, id_)) for detection, id_ in followed.items()}
    asked = named(find_falls(bodies, rink, relay, models["fall"], ASKED_FROM), bodies, rows)
    asked = weighed(asked, bodies, rows, laps, ice)
    falls = [fall for fall in asked if calibrated("fall", fall.probability) >= FALL_TOLD_FROM]
    sure = [fall for fall in falls if calibrated("fall", fall.probability) >= ALONG_FROM]
    along = taken_along(sure, bodies, rows, laps, ice)
    asked, falls = [*asked, *along], [*falls, *along]
    down = _down(k, bodies, falls)
    context = Context(k, ice, bodies, names, event, finish_m, falls, down)

    out = [fall_incident(context, fall) for fall in asked]
    racing = np.isfinite(k.d) & ~down
    if finish_m is not None:
        racing &= k.s <= finish_m
    out += [false_start_incident(context, start) for start in find_false_starts(bodies, rows, rink)]
    for off in find_off_track(k, racing, relay):
        if off.deepest_m > BLOCKS_D_M - INSIDE_M or not _is_watched(k, off.row, (off.start_s + off.end_s) / 2):
            continue  # between two sights a way is only likely, and cuts the corner
        out.append(off_track_incident(context, off, _chance(models["off_track"], off.features)))
    for slow in find_slow(k, racing, finish_m, relay):
        if any(fall.row == slow.row and fall.time_s < slow.start_s for fall in falls):
            continue  # the race is lost
        fate, lost_s = became(laps, ice, slow.row, slow.start_s)
        if not relay and fate == "kept" and (lost_s or 0.0) < NOT_SLOW_S:
            continue
        out.append(slow_incident(context, slow, _chance(models["slow"], slow.features)))
    if relay:
        home_s = float(np.nanmin(laps.home_s, initial=np.inf))
        out += [infield_block_incident(context, one, rows) for one in find_infield_blocks(bodies, rink, home_s)]
    out += _encounters(context, find_encounters(k, finish_m, relay), racing)
    told = [one for one in out if one.confidence >= (_told_from(one.kind) if told_from is None else told_from)]
    told.sort(key=lambda one: (one.start_s, one.kind))
    return [one.model_copy(update={"id": number}) for number, one in enumerate(told, start=1)]


def _told_from(kind: IncidentKind) -> float:
    return FALL_TOLD_FROM if kind == "fall" else TOLD_FROM


def _chance(model: Model, features: Floats) -> float:
    """That it is real: (K,) -> of a network with the classes "none" and another."""
    return float(1.0 - model.probabilities(features[None])[0, model.classes.index("none")])


def _finish_m(k: Kinematics, laps: Laps) -> float | None:
    """s at the finish, from when racers were there; None where nobody was seen there."""
    home = np.flatnonzero(np.isfinite(laps.home_s))
    at = [float(k.s[row, k.at(laps.home_s[row])]) for row in home]
    known = [s for s in at if np.isfinite(s)]
    return float(np.median(known)) if known else None


def known_places(ice: IcePaths) -> IcePaths:
    """The same with places that are not sure enough taken away."""
    with np.errstate(invalid="ignore"):
        unsure = ~(ice.xy_sd <= KNOWN_SD_M)
    return replace(
        ice,
        xy=np.where(unsure[..., None], np.nan, ice.xy),
        s_m=np.where(unsure, np.nan, ice.s_m),
        d_m=np.where(unsure, np.nan, ice.d_m),
    )


def _down(k: Kinematics, bodies: list[Body], falls: list[Fall]) -> Mask:
    """(R, F) on the ice, or not yet under way again."""
    down = np.zeros(k.d.shape, bool)
    for fall in falls:
        if fall.row is not None:
            down[fall.row, k.frames(fall.time_s + 0.15, up_again_s(k, bodies, fall))] = True
    return down


def up_again_s(k: Kinematics, bodies: list[Body], fall: Fall) -> float:
    """When the one who fell is under way again: at UP_MPS after having been slower, or seen no more and then racing."""
    body = bodies[fall.body]
    ways = [(body.time_s, body.v, body.d)]
    if fall.row is not None:
        ways.append((k.time_s, k.v[fall.row], k.d[fall.row]))
    for time_s, v, d in ways:
        window = (time_s >= fall.time_s + 1.5) & (time_s <= fall.time_s + RECOVERS_S)
        fast = np.flatnonzero(window & (v > UP_MPS) & (d < 4.7))
        slow = np.flatnonzero(window & (v < UP_MPS))
        if len(slow):
            fast = fast[fast > slow[0]]
        if len(fast):
            return float(time_s[fast[0]])
    return float(min(k.time_s[-1], fall.time_s + RECOVERS_S))


def _is_watched(k: Kinematics, row: int, time_s: float) -> bool:
    """Whether the racer was seen for most of the time around; else nobody knows what it did."""
    return bool(k.seen[row, k.frames(time_s - WATCHED_S, time_s + WATCHED_S)].mean() >= 0.5)


def _encounters(context: Context, found: Encounters, racing: Mask) -> list[Incident]:
    """The encounters that are likely to be contacts; of a pair's within two seconds the likeliest."""
    if not len(found.time_s):
        return []
    k = context.k
    model = read_models()["encounter"]
    frame = np.array([k.at(moment) for moment in found.time_s])
    both = racing[found.a, frame] & racing[found.b, frame]
    for racer in (found.a, found.b):
        both &= [_is_watched(k, int(row), float(moment)) for row, moment in zip(racer, found.time_s, strict=True)]
    chance = model.probabilities(found.features)
    real = np.where(both, 1.0 - chance[:, model.classes.index("none")], 0.0)
    out: list[Incident] = []
    taken: list[tuple[set[int], float]] = []
    for n in np.argsort(-real):
        if real[n] < ASKED_FROM:
            break
        pair = {int(found.a[n]), int(found.b[n])}
        if any(pair == other and abs(found.time_s[n] - moment) < 2.0 for other, moment in taken):
            continue
        taken.append((pair, float(found.time_s[n])))
        shares = {name: float(p) for name, p in zip(model.classes, chance[n], strict=True) if name != "none"}
        out.append(encounter_incident(context, found, int(n), shares, calibrated("encounter", float(real[n]))))
    return out
