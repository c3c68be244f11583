from race.formats import Crossing, Event, FinishRow, Race
from report.columns import race_columns


def test_a_500_has_a_column_per_crossing_and_the_last_is_the_finish(race_500: Race) -> None:
    columns = race_columns(race_500)
    assert [(c.position, c.label, c.note) for c in columns] == [
        (1, "½", "4 to go"),
        (2, "1½", "3 to go"),
        (3, "2½", "2 to go"),
        (4, "3½", "1 to go"),
        (5, "4½", "Finish"),
    ]
    assert [c.finish for c in columns] == [False] * 4 + [True]
    assert columns[1].leader_s == 18.0


def test_the_finish_fills_in_what_its_crossings_do_not_know(race_500: Race) -> None:
    crossings = [c.model_copy(update={"rank": None, "time_s": None}) if c.lap == 5 else c for c in race_500.crossings]
    finish = race_columns(race_500.model_copy(update={"crossings": crossings}))[-1]
    assert (finish.cells[1].rank, finish.cells[1].time_s, finish.cells[1].lap_time_s) == (1, 43.95, 8.75)
    assert 4 not in finish.cells


def test_a_finish_without_crossings_is_a_column_at_its_lap(race_relay: Race) -> None:
    columns = race_columns(race_relay.model_copy(update={"crossings": []}))
    assert [(c.position, c.label, c.note, c.finish) for c in columns] == [(45, "45", "Finish", True)]
    assert columns[0].cells[3].source == "finish"


def test_a_finish_of_unknown_length_joins_the_crossing_it_is(race_500: Race) -> None:
    race = race_500.model_copy(update={"event": Event()})
    assert [c.note for c in race_columns(race)] == ["", "", "", "", "Finish"]
    later = [FinishRow(competitor=1, rank=1, time_s=99.0)]
    assert [c.position for c in race_columns(race.model_copy(update={"finish": later}))] == [1, 2, 3, 4, 5, 6]


def test_sightings_are_ordered_only_where_all_were_seen(race_sightings: Race) -> None:
    first, second = race_columns(race_sightings)
    assert first.label == "sighting 1"
    assert {k: cell.rank for k, cell in second.cells.items()} == {1: 2, 2: 1, 3: 3}
    fewer = [c for c in race_sightings.crossings if (c.competitor, c.sighting) != (3, 2)]
    second = race_columns(race_sightings.model_copy(update={"crossings": fewer}))[1]
    assert {cell.rank for cell in second.cells.values()} == {None}


def test_the_leader_is_unknown_where_the_first_was_not_timed(race_relay: Race) -> None:
    crossings = [Crossing(competitor=2, lap=44, time_s=1.0, rank=2, source="vision")]
    assert race_columns(race_relay.model_copy(update={"crossings": crossings}))[0].leader_s is None
