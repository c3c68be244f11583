"""The whole way from observations to the race, on races whose truth is known by construction."""

from dataclasses import fields, replace

import numpy as np
import pytest

from race.formats import ScorebugReading, ScorebugRow
from race.observations import no_lines
from race.reconstruct import Given, reconstruct
from race.start_list import Entry
from tracking import Corrections, Named, Swap

LAP_M = 111.12


def bug(race_start_s, to_go_from, stop_s=None, final_s=None, end_s=30.0, rows=()):
    """Readings twice a second: a clock from ``race_start_s``, laps to go from [(time, laps)], a stop."""
    readings = []
    for time_s in np.arange(0.0, end_s, 0.5):
        stopped = stop_s is not None and time_s >= stop_s
        clock_s = final_s if stopped else np.floor(round((time_s - race_start_s) * 10, 6)) / 10
        laps = [laps for from_s, laps in to_go_from if time_s >= from_s]
        shown = [ScorebugRow(rank=rank, name=name, lap_time_s=lap) for rank, name, lap in rows]
        readings.append(
            ScorebugReading(
                time_s=float(time_s),
                clock_s=float(clock_s),
                laps_to_go=laps[-1] if laps and not stopped else None,
                rows=shown if 1.0 <= time_s <= 4.0 else [],
                confidence=0.95,
            )
        )
    return readings


@pytest.fixture
def last_lap(race, crossing_times):
    """Four racers on the last 1.2 laps of a 500 m, in single file 1.6 m apart, each a little slower than the next."""
    start_m = [LAP_M * 0.8 - 1.6 * k for k in range(4)]
    observations, s_m = race(start_m, [12.6, 12.5, 12.4, 12.3], [0.3, 0.0, 0.4, 0.2], 13.0, jitter_px=0.5)
    finish_s = crossing_times(s_m, 2 * LAP_M)
    rows = [(1, "ANNA", 8.70), (2, "BEA", 8.72), (3, "CLEO", None)]
    readings = bug(
        finish_s[0] - 41.23, [(0.0, 2), (3.0, 1)], stop_s=finish_s[0] + 0.3, final_s=41.23, end_s=13.0, rows=rows
    )
    return replace(observations, scorebug=readings), s_m


def test_the_racers_are_found_and_nobody_else(last_lap):
    observations, _ = last_lap
    result = reconstruct(observations, Given())
    assert [competitor.id for competitor in result.race.competitors] == [1, 2, 3, 4]
    assert result.race.camera_level == "A"
    assert [shot.kind for shot in result.race.shots] == ["race"]


def test_order_and_times_at_the_finish(last_lap, crossing_times):
    observations, s_m = last_lap
    race = reconstruct(observations, Given()).race
    truth = np.sort(crossing_times(s_m, 2 * LAP_M))
    assert [row.rank for row in race.finish] == [1, 2, 3, 4]
    found = np.array([row.time_s for row in race.finish])
    assert np.abs(found - truth).max() < 0.04  # one picture
    assert np.abs((found - found[0]) - (truth - truth[0])).max() < 0.03
    assert race.finish[0].race_time_s == pytest.approx(41.23)
    assert race.passes == []


def test_event_laps_and_names_from_the_score_bug(last_lap):
    observations, _ = last_lap
    race = reconstruct(observations, Given()).race
    assert (race.event.name, race.event.source) == ("500m", "guessed")
    name = {competitor.id: competitor.name for competitor in race.competitors}
    assert [name[row.competitor] for row in race.finish] == ["ANNA", "BEA", "CLEO", None]
    by_lap = {(name[c.competitor], c.lap): c for c in race.crossings}
    assert by_lap["ANNA", 4].lap_time_s == 8.70
    assert by_lap["ANNA", 4].source == "fused"
    assert by_lap["ANNA", 5].source == "vision"
    assert by_lap["ANNA", 5].lap_time_s == pytest.approx(LAP_M / 12.6, abs=0.05)


def test_without_score_bug_crossings_are_only_sightings(last_lap):
    observations, _ = last_lap
    race = reconstruct(replace(observations, scorebug=[]), Given()).race
    assert race.event.name is None
    assert race.finish == []
    assert {crossing.lap for crossing in race.crossings} == {None}
    assert {crossing.sighting for crossing in race.crossings} == {1, 2}
    assert all(competitor.name is None and competitor.status == "UNKNOWN" for competitor in race.competitors)


def test_a_pass_is_seen_once_with_both_racers(race):
    """The second is 3 m behind and 1 m/s faster from the second second on: it goes by at 5 s."""
    frames = 12 * 25
    fast = np.where(np.arange(frames) < 50, 12.0, 13.0)
    observations, _ = race([30.0, 27.0, 22.0], [12.0, fast, 12.0], [0.0, 1.4, 0.2], 12.0, jitter_px=0.3)
    found = reconstruct(observations, Given())
    assert len(found.race.competitors) == 3
    assert len(found.race.passes) == 1
    change = found.race.passes[0]
    assert change.time_s == pytest.approx(5.0, abs=0.6)  # closing at 1 m/s: 0.6 m
    before = found.rank[:, 25]
    assert before[change.on - 1] == 1
    assert before[change.by - 1] == 2


def test_the_field_that_sorts_itself_after_the_gun_passes_nobody(race):
    """The pass of the test above, seen 3.5 s after the gun or well into the race."""
    fast = np.where(np.arange(12 * 25) < 50, 12.0, 13.0)
    observations, _ = race([30.0, 27.0, 22.0], [12.0, fast, 12.0], [0.0, 1.4, 0.2], 12.0, jitter_px=0.3)
    for gun_s, passes in ((1.5, 0), (-20.0, 1)):
        shown = replace(observations, scorebug=bug(gun_s, [], end_s=12.0))
        assert len(reconstruct(shown, Given()).race.passes) == passes


def test_nobody_races_when_nobody_moves(race):
    observations, _ = race([30.0, 27.0], [0.0, 0.0], [0.0, 1.0], 4.0)
    result = reconstruct(observations, Given())
    assert result.race.competitors == []
    assert result.race.crossings == []
    assert [shot.kind for shot in result.race.shots] == ["other"]


def test_start_list_gives_full_names_and_the_number_of_racers(last_lap):
    observations, _ = last_lap
    entries = tuple(
        Entry(k, f"{first} Skater", first, str(100 + k), {})
        for k, first in enumerate(["Anna", "Bea", "Cleo", "Dora"], 1)
    )
    race = reconstruct(observations, Given(event="500m", gender="w", start_list=entries)).race
    assert (race.event.source, race.event.gender) == ("given", "w")
    winner = next(c for c in race.competitors if c.id == race.finish[0].competitor)
    assert (winner.name, winner.team, winner.helmet, winner.start_position) == ("Anna Skater", "Anna", "101", 1)


def test_a_start_list_names_those_whom_the_score_bug_calls_by_surname(last_lap):
    observations, _ = last_lap
    names = ["Maja ÁNNA", "Mia BEA", "Lea CLEO", "Dora DOE"]
    entries = tuple(Entry(k, name, None, str(100 + k), {}) for k, name in enumerate(names, 1))
    race = reconstruct(observations, Given(event="500m", start_list=entries)).race
    by_id = {c.id: c for c in race.competitors}
    assert [by_id[row.competitor].name for row in race.finish] == [*names[:3], None]
    assert [by_id[row.competitor].start_position for row in race.finish] == [1, 2, 3, None]
    assert "of the start list nobody was named as Dora DOE" in race.warnings
    assert {row.name for reading in race.scorebug for row in reading.rows} == {"ANNA", "BEA", "CLEO"}  # as it was read


def test_level_c_needs_a_start_list_of_those_who_race(race):
    rows = [(1, "ANNA", None), (2, "BEA", None), (3, "CLEO", None), (4, "DORA", None)]
    start_m = [LAP_M * 0.4 - 2.5 * k for k in range(4)]
    observations, _ = race(start_m, [12.4] * 4, [0.3, 0.0, 0.4, 0.2], 8.0, registered=True)
    observations = replace(observations, scorebug=bug(-20.0, [(0.0, 2)], end_s=8.0, rows=rows))
    for names, level in ((["Anna", "Bea", "Cleo", "Dora"], "C"), (["Ivy", "Joy", "Kim", "Liz"], "B")):
        entries = tuple(Entry(k, name, None, None, {}) for k, name in enumerate(names, 1))
        found = reconstruct(observations, Given(event="500m", start_list=entries)).race
        assert found.camera_level == level
        missing = [line for line in found.warnings if "nobody was named as Ivy, Joy, Kim, Liz" in line]
        assert len(missing) == (level == "B")


def test_a_finish_in_metres_of_an_event_that_is_not_known(race, crossing_times):
    """The clock stops at 300 s, which is no event's time, and no laps to go are shown."""
    start_m = [LAP_M * 0.4 - 2.5 * k for k in range(3)]
    observations, s_m = race(start_m, [12.4] * 3, [0.3, 0.0, 0.4], 8.0, registered=True)
    home_s = np.sort(crossing_times(s_m, LAP_M))
    readings = bug(home_s[0] - 300.0, [], stop_s=home_s[0] + 0.3, final_s=300.0, end_s=8.0)
    found = reconstruct(replace(observations, scorebug=readings), Given()).race
    assert found.event.name is None
    assert [row.rank for row in found.finish] == [1, 2, 3]
    assert np.abs(np.array([row.time_s for row in found.finish]) - home_s).max() < 0.05


def test_names_of_more_than_are_followed_are_told(last_lap):
    observations, _ = last_lap
    names = ["ANNA", "BEA", "CLEO", "DORA", "EDA"]
    often = [
        ScorebugReading(time_s=1.0 + 0.1 * k, rows=[ScorebugRow(rank=n, name=name) for n, name in enumerate(names, 1)])
        for k in range(12)
    ]
    warnings = reconstruct(replace(observations, scorebug=often), Given()).race.warnings
    assert "the score bug names 5 competitors, 4 were followed" in warnings
    four = [reading.model_copy(update={"rows": reading.rows[:4]}) for reading in often]
    assert not any(
        "competitors, 4 were" in line
        for line in reconstruct(replace(observations, scorebug=four), Given()).race.warnings
    )


def test_racers_followed_as_each_other_are_not_named_so(last_lap):
    """Half a lap before the line the two first are exchanged, and the score bug shows who won."""
    observations, _ = last_lap
    right = reconstruct(observations, Given()).race
    home_s = right.finish[-1].time_s
    result = [ScorebugRow(rank=k, name=name) for k, name in enumerate(["ANNA", "BEA", "CLEO"], 1)]
    shown = [
        reading.model_copy(update={"rows": result}) if reading.time_s > home_s else reading
        for reading in observations.scorebug
    ]
    ids = [row.competitor for row in right.finish]
    wrong = Corrections((Swap(home_s - 4.0, ids[0], ids[1], ""),))
    race = reconstruct(replace(observations, scorebug=shown), Given(corrections=wrong)).race
    name = {competitor.id: competitor.name for competitor in race.competitors}
    first, second = [name[row.competitor] for row in race.finish][:2]
    assert first in ("ANNA", None)
    assert second in ("BEA", None)
    assert any("score bug" in line for line in race.warnings)


def test_a_person_knows_best_who_is_who(last_lap):
    """The score bug calls the first two ANNA and BEA."""
    observations, _ = last_lap
    right = reconstruct(observations, Given()).race
    ids = [row.competitor for row in right.finish]
    result = [ScorebugRow(rank=k, name=name) for k, name in enumerate(["ANNA", "BEA"], 1)]
    home_s = right.finish[-1].time_s
    shown = [
        reading.model_copy(update={"rows": result}) if reading.time_s > home_s else reading
        for reading in observations.scorebug
    ]
    said = Corrections(names=(Named(ids[1], "ANNA", ""), Named(ids[2], "Cleo LONG", "")))
    entries = (Entry(3, "Cleo LONG", "GBR", "44", {}),)
    race = reconstruct(replace(observations, scorebug=shown), Given(corrections=said, start_list=entries)).race
    who = {competitor.id: competitor for competitor in race.competitors}
    assert who[ids[0]].name != "ANNA"
    assert (who[ids[1]].name, who[ids[1]].confidence) == ("ANNA", 1.0)
    assert (who[ids[2]].name, who[ids[2]].helmet, who[ids[2]].start_position) == ("Cleo LONG", "44", 3)


def test_what_follows_the_finish_makes_no_laps(last_lap):
    """The clip runs on after the finish: later crossings of the line are not laps."""
    observations, _ = last_lap
    race = reconstruct(observations, Given()).race
    last_s = max(row.time_s for row in race.finish)
    assert all(crossing.time_s is None or crossing.time_s <= last_s for crossing in race.crossings)


def test_the_camera_s_sweep_counts_laps_where_no_line_is_seen(race, crossing_times):
    """Two and a half laps, the finish line never visible and no score bug."""
    observations, s_m = race([LAP_M * 0.6 - 1.6 * k for k in range(3)], [12.5] * 3, [0.2, 0.0, 0.3], 23.0)
    result = reconstruct(replace(observations, lines=no_lines()), Given())
    rows = [crossing for crossing in result.race.crossings if crossing.sighting is not None]
    assert {row.source for row in rows} == {"interpolated"}
    assert {row.sighting for row in rows} == {1, 2}
    truth = [np.sort(crossing_times(s_m, k * LAP_M)) for k in (1, 2)]
    for sighting, times in zip((1, 2), truth, strict=True):
        found = sorted(row.time_s for row in rows if row.sighting == sighting)
        assert np.abs(np.array(found) - times).max() < 3 * rows[0].time_sd_s
        assert {row.rank for row in rows if row.sighting == sighting} == {1, 2, 3}
    assert result.race.finish == []


def test_what_is_shown_again_is_not_counted_again(race):
    """The same pictures twice, the second time without the clock: a replay."""
    clock = [ScorebugReading(time_s=0.1 * k, clock_s=round(60 + 0.1 * k, 1)) for k in range(1, 60)]
    observations, _ = race(
        [85.0, 82.0, 77.0], [12.0, 12.0, 12.0], [0.0, 1.4, 0.2], 6.0, scorebug=clock, bystanders=False
    )
    twice = shown_again(observations)
    once, again = (reconstruct(one, Given()).race for one in (observations, twice))
    assert [shot.kind for shot in again.shots] == ["race", "replay"]
    assert again.crossings
    assert [(row.competitor, row.time_s) for row in again.crossings] == [
        (row.competitor, pytest.approx(row.time_s, abs=1e-6)) for row in once.crossings
    ]
    unclocked = replace(twice, scorebug=[])
    assert [shot.kind for shot in reconstruct(unclocked, Given()).race.shots] == ["race", "race"]


def shown_again(observations):
    """The same shot a second time after itself."""
    frames, found, lines = observations.frames, observations.detections, observations.lines
    count, seconds = len(frames.time_s), float(frames.time_s[-1] + frames.time_s[1])

    def both(rows):
        moved = {"frame": rows.frame + count} if hasattr(rows, "frame") else {"number": rows.number + count}
        if hasattr(rows, "time_s"):
            moved["time_s"] = rows.time_s + seconds
        later = replace(rows, **moved)
        return type(rows)(*(np.concatenate([getattr(r, f.name) for r in (rows, later)]) for f in fields(rows)))

    shot = observations.shots[0]
    second = shot.model_copy(
        update={
            "start_s": seconds, "end_s": 2 * seconds, "boundary": "cut",
            "start_frame": count + 1, "end_frame": 2 * count,
        }
    )  # fmt: skip
    return replace(observations, frames=both(frames), detections=both(found), lines=both(lines), shots=[shot, second])
