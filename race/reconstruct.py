"""From observations to the race at camera level A: who races, in which order, and when each crosses the line."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from race.claims import DOUBT
from race.clock import ClockRun, fit_clock
from race.competitors import track_competitors, track_everybody
from race.crossings import find_crossings, follow_lines
from race.events import Gender, RaceEvent, find_event
from race.exchanges import find_exchanges
from race.facts import Facts
from race.formats import Event, Race
from race.guess import one_name, possible_events
from race.guess_racing import events_by_racing
from race.ice import IcePaths, find_ice_paths
from race.ice_laps import count_from_start, find_passages
from race.ice_order import find_ice_order
from race.identify import identify
from race.incidents import with_incidents
from race.incidents.bodies import Body, find_bodies
from race.laps import Passage, after_the_gun, consistent, group_passages, number_passages
from race.naming import with_usual_spelling
from race.observations import Lines, Observations
from race.order import Order, find_order
from race.pace import with_pace
from race.paths import time_gaps
from race.racers import FORESHORTENING, Paths, find_paths, find_racers, shows_racing
from race.relay import with_relay
from race.result import assemble
from race.rink import Rink
from race.roster import who_is_who
from race.scene import Scene, make_scene
from race.shots import label_shots
from race.start_list import Entry
from race.starts import FieldStart, find_field_starts
from race.sweep import fill_in, find_sweeps
from race.told import ToldCrossing, told_crossings
from tracking import Corrections, Swap, Tracks, apply_corrections, settle

Floats = NDArray[np.float64]

MAX_GAP_S = 3.0
"""Gaps are measured along a trail of this length; a racer further behind is out of the pack."""
REGISTERED_SHARE = 0.3
"""Of the race's pictures whose pose has to be known for racers to be followed on the ice."""
ROUGH_POSE = 0.0031
"""Of the picture's width that the middle pose may be off, 2 pixels of 640: the real clip's are off by 2.3, and its
crossings by 1.4 pictures in metres, by half a one at the line in the picture; samples that are right in metres have 1.1
to 1.6."""
MOSTLY_REGISTERED = 0.8
"""The same for order, crossings and incidents to be taken in metres, though racers were followed in the picture."""
SURER = 1.5
"""So many times the sure sightings on the ice have to be sure in the picture for racers to be followed there: 2.2 in a
sample where that is right, 1.1 and 1.25 in simulated races where it is wrong."""
CLOCK_AGREES_S = 1.0
"""A start seen further from the clock's zero is another one."""
NOT_AT_ONCE_S = 1.5
"""Who is seen to race so long after the first picture was seen before it."""
MAX_SIDE = 4.0
"""Box heights beside another's trail at most: more is the other straight."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the user knows; None or empty where nothing was said."""

    event: str | None = None
    gender: str | None = None
    start_list: tuple[Entry, ...] = ()
    corrections: Corrections = field(default_factory=Corrections)


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """A race and the tracks it stands on.

    race    without ``computing``
    scene   the frames
    tracks  competitors only; ``id`` is the competitor's
    ice     their ways in metres, where the camera is known (level B), else None
    bodies  everybody's, whoever it is, there
    rank    (R, F) rank, by competitors in order of ids, along the direction of travel, NaN where unknown
    gap_s   (R, F) seconds behind the leader, NaN where unknown
    """

    race: Race
    scene: Scene
    tracks: Tracks
    ice: IcePaths | None
    bodies: list[Body]
    rank: Floats
    gap_s: Floats


def reconstruct(observations: Observations, given: Given) -> Reconstruction:
    """The race that ``observations`` show.

    Raises TrackingFileError where the corrections name tracks that do not exist.
    """
    observations = replace(observations, scorebug=with_usual_spelling(observations.scorebug))
    scene = make_scene(observations)
    clock = fit_clock(observations.scorebug)
    final = next((run for run in reversed(clock) if run.final_clock_s is not None), None)
    event, model = _event(observations, given, final)
    everybody, paths = track_everybody(observations, scene)
    racing = find_racers(paths, scene)
    read_s = np.array([reading.time_s for reading in observations.scorebug if reading.clock_s is not None])
    shots = label_shots(observations.shots, scene, paths, racing, clock, read_s)
    in_race = np.array([shot.kind == "race" for shot in shots], bool)[scene.shot]  # (F,)
    rink = Rink(track_shift_m=observations.track_shift_m or 0.0)
    registered = _registered_share(observations, in_race)
    bodies = find_bodies(everybody, observations, scene, rink) if registered >= REGISTERED_SHARE else []
    start = _start(find_field_starts(bodies, rink), clock)
    untold = model is None and not any(reading.laps_to_go is not None for reading in observations.scorebug)
    if untold:  # then an event is only told of a race that was seen whole
        event, model = _named(events_by_racing(observations, scene, paths, racing, in_race, start), given)
    rough = registered > 0 and _is_rough(observations, in_race)
    warnings: list[str] = []
    relay = model is not None and model.is_relay
    tracks = track_competitors(observations, scene, everybody, paths, racing, in_race, relay)
    known_as: list[tuple[int, ToldCrossing]] = []
    handed: tuple[tuple[int, int], ...] = ()
    agreed = False
    in_metres = registered >= MOSTLY_REGISTERED and not rough
    if registered >= REGISTERED_SHARE and (relay or not rough):  # who relieves whom is told in metres only
        starters = len({entry.start_position for entry in given.start_list}) or None
        told = told_crossings(observations.scorebug, model, final) if model is not None else []
        on_ice = identify(observations, scene, in_race, rink, model, starters, told)
        agreed = on_ice is not None and on_ice.agrees_with(told)
        if on_ice is not None and (agreed or SURER * _count_sure(on_ice.tracks) >= _count_sure(tracks)):
            tracks, in_metres, handed = on_ice.tracks, True, on_ice.handed
            known_as = [(id_, one) for id_, one, sure in on_ice.told if sure >= DOUBT]
    if rough and not in_metres:
        words = "where the camera looks is known too roughly for order and crossings in metres: the picture tells them"
        observations = replace(observations, warnings=[*observations.warnings, words])
    tracks = apply_corrections(tracks, given.corrections, scene.number, scene.time_s)
    if given.corrections.steps:
        known_as, agreed = [], False  # the score bug may mean others then

    gun_s = start.gun_s if start is not None and (model is None or model.start == start.side) else None
    racing_s = _racing_s(shows_racing(paths, scene) & in_race, scene.time_s)
    begun_s = gun_s
    if begun_s is None and untold and len(tracks.frame):
        begun_s = float(scene.time_s[np.searchsorted(scene.number, tracks.frame.min())])

    def facts_of(tracks: Tracks, told: list[tuple[int, ToldCrossing]]) -> Facts:
        paths = find_paths(tracks, scene)
        ice = find_ice_paths(tracks, observations, scene, rink, told, model.crossings if model is not None else 0)
        if ice is not None and model is not None:
            warnings.clear()
            ice = count_from_start(ice, model, observations.scorebug, final, warnings, told, begun_s)
        if ice is not None and in_metres:
            order = find_ice_order(ice)
            passages = find_passages(ice, model, told)
            if not ice.from_start:
                passages = number_passages(passages, observations.scorebug, _finish_s(final), model)
        else:
            order = _order(paths, scene)
            passages = _passages(observations, scene, paths, order, in_race, clock, final, model)
        known = observations, scene, shots, tracks, paths, ice, in_metres, order, clock, final, event, model, passages
        relays = find_exchanges(everybody, tracks, observations, scene, rink, handed) if in_metres and relay else []
        names = given.corrections.names
        return Facts(*known, given.start_list, tuple(told), agreed, gun_s, names, tuple(relays), racing_s)

    facts = facts_of(tracks, known_as)
    exchanges = () if agreed else who_is_who(facts).exchanges  # the score bug has had its say then
    if exchanges:
        ids = [int(id_) for id_ in facts.paths.ids]
        steps = tuple(Swap(one.time_s, ids[one.first], ids[one.second], "", sure=False) for one in exchanges)
        tracks = apply_corrections(tracks, Corrections(steps), scene.number, scene.time_s)
        facts = facts_of(tracks, [])
    paths, ice = facts.paths, facts.ice
    race, rank, gap_s = assemble(facts)
    warnings += [
        f"from {step.time_s:.1f} s on competitors {step.first} and {step.second} are taken for each other, "
        "as the score bug has them"
        for step in (steps if exchanges else ())
    ]
    race = race.model_copy(update={"warnings": [*race.warnings, *warnings]})
    if observations.track_shift_m is not None:
        shifted = race.event.model_copy(update={"track_shift_m": round(observations.track_shift_m, 3)})
        race = race.model_copy(update={"event": shifted})
    race = with_pace(race, paths.ids, rank, facts.order.gap_s, scene.time_s, ice, model)
    if in_metres and model is not None and model.is_relay:
        race = with_relay(race, list(facts.exchanges), ice, model)
    bodies = bodies if ice is not None and in_metres else []
    followed = dict(zip(tracks.detection[tracks.seen].tolist(), tracks.id[tracks.seen].tolist(), strict=True))
    race = with_incidents(race, followed, ice if in_metres else None, bodies, model)
    if given.event is not None and given.event not in {other.name for other in _possible(observations, final)}:
        warning = f"the score bug's clock and laps to go do not fit {given.event}; laps may be numbered wrong"
        race = race.model_copy(update={"warnings": [*race.warnings, warning]})
    # Last of all: what was measured before is from boxes as they were detected.
    picture = scene.width, scene.height
    tracks = settle(tracks, scene.number, scene.time_s, observations.frames.motion, scene.shot, picture)
    return Reconstruction(race, scene, tracks, ice, bodies, rank, gap_s)


def _registered_share(observations: Observations, in_race: NDArray[np.bool_]) -> float:
    """Of the race's pictures, those whose pose is known."""
    return 0.0 if observations.poses is None or not in_race.any() else float(np.mean(observations.poses.known[in_race]))


def _is_rough(observations: Observations, in_race: NDArray[np.bool_]) -> bool:
    """Whether the race's poses are too uncertain to tell who is first by them."""
    poses = observations.poses
    assert poses is not None
    return float(np.median(poses.sd_px[poses.known & in_race])) > ROUGH_POSE * observations.video.width


def _start(seen: list[FieldStart], clock: list[ClockRun]) -> FieldStart | None:
    """The race's: the last one seen, or the one at which the last clock stood at zero."""
    if clock:
        seen = [start for start in seen if abs(start.gun_s - clock[-1].race_start_s) < CLOCK_AGREES_S]
    return seen[-1] if seen else None


def _racing_s(racing: NDArray[np.bool_], time_s: Floats) -> float | None:
    """When ``racing`` (F,) begins; None where it goes on from the first."""
    frames = np.flatnonzero(racing)
    return float(time_s[frames[0]]) if len(frames) and time_s[frames[0]] - time_s[0] > NOT_AT_ONCE_S else None


def _count_sure(tracks: Tracks) -> int:
    """Sightings of which it is sure whose they are."""
    return int((tracks.seen & (tracks.link_confidence >= DOUBT)).sum())


def _order(paths: Paths, scene: Scene) -> Order:
    racers, frames = paths.seen.shape
    gap = np.full((racers, racers, frames), np.nan)
    time_gaps(
        paths.position,
        paths.velocity,
        paths.box[..., 3],
        scene.time_s,
        scene.to_reference,
        scene.from_reference,
        scene.part,
        FORESHORTENING,
        MAX_GAP_S,
        MAX_SIDE,
        gap,
    )
    return find_order(gap, scene.time_s)


def _event(observations: Observations, given: Given, final: ClockRun | None) -> tuple[Event, RaceEvent | None]:
    """What ``race.json`` says of the event, and its model where its name is known."""
    if given.event is not None:
        model = find_event(given.event, given.gender)
        only = model.is_relay  # each relay is skated by one gender
        gender: Gender | None = model.gender if given.gender or only else None
        return Event(name=model.name, gender=gender, laps=model.laps, source="given"), model
    return _named(_possible(observations, final), given)


def _named(events: list[RaceEvent], given: Given) -> tuple[Event, RaceEvent | None]:
    """What all of ``events`` share; no event where they differ in name."""
    if given.gender is not None:
        events = [event for event in events if event.gender == given.gender]
    name, gender_ = one_name(events)
    if name is None:
        return Event(), None
    return Event(name=name, gender=gender_, laps=events[0].laps, source="guessed"), events[0]


def _possible(observations: Observations, final: ClockRun | None) -> list[RaceEvent]:
    return possible_events(observations.scorebug, final.final_clock_s if final is not None else None)


def _passages(
    observations: Observations,
    scene: Scene,
    paths: Paths,
    order: Order,
    in_race: NDArray[np.bool_],
    clock: list[ClockRun],
    final: ClockRun | None,
    event: RaceEvent | None,
) -> list[Passage]:
    """The pack's passages over the finish line, seen or told by the camera's sweep, numbered as far as they can be."""
    if not len(paths.ids):
        return []
    rows = np.isin(observations.lines.frame, scene.number[in_race])
    found = observations.lines
    lines = Lines(found.frame[rows], found.top[rows], found.bottom[rows], found.strength[rows])
    tracks = follow_lines(lines, scene)
    seen = [passage for line in tracks for passage in group_passages(find_crossings(line, paths, scene.time_s))]
    seen = [passage for raw in seen if (passage := consistent(raw, order, scene.time_s)) is not None]
    seen = after_the_gun(seen, [run.race_start_s for run in clock], event)
    rank = order.rank(np.isfinite(paths.position[..., 0]))
    passages = fill_in(seen, find_sweeps(paths, order, rank, scene, in_race))
    return number_passages(passages, observations.scorebug, _finish_s(final), event)


def _finish_s(final: ClockRun | None) -> float | None:
    """When the running clock showed the time at which it stopped."""
    return None if final is None or final.final_clock_s is None else final.race_start_s + final.final_clock_s
