import numpy as np

from race.formats import ScorebugReading, ScorebugRow
from race.naming import Line, rows_told, with_usual_spelling
from race.who import EXCHANGED_MOST, settle

TIME_S = np.arange(0, 10, 0.1)


def shown(time_s, *rows):
    return ScorebugReading(time_s=time_s, rows=[ScorebugRow(rank=rank, name=name) for rank, name in rows])


def ranks(*rows):
    return np.array([np.full(len(TIME_S), rank, float) for rank in rows])


def name_racers(readings, rank, lines=()):
    """Racer -> name and confidence; all are far apart, and who they are was never in doubt."""
    told = rows_told(readings, TIME_S, rank, 2 * rank, lines, 0)
    return settle(told, len(rank), lambda a, b, from_s, to_s: (EXCHANGED_MOST, to_s)).names


def test_a_row_names_whoever_has_its_rank():
    named = name_racers([shown(1.0, (1, "KOREA"), (3, "JAPAN"))], ranks(3, 1, 2))
    assert {racer: name for racer, (name, _) in named.items()} == {1: "KOREA", 0: "JAPAN"}


def test_every_appearance_votes_and_the_majority_wins():
    """After the second crossing two have changed places; the rows say so, once too late."""
    rank = ranks(1, 2)
    rank[:, TIME_S >= 3.0] = [[2.0], [1.0]]
    readings = [
        shown(0.5, (1, "A"), (2, "B")),
        shown(1.5),
        shown(2.0, (1, "A"), (2, "B")),
        shown(3.0),
        shown(3.2, (1, "A"), (2, "B")),  # out of date
        shown(4.0),
        shown(5.0, (1, "B"), (2, "A")),
    ]
    named = name_racers(readings, rank)
    assert named[0][0] == "A"
    assert named[1][0] == "B"
    assert named[0][1] < name_racers(readings[:3] + readings[5:], rank)[0][1]  # the contradiction costs confidence


def test_no_order_no_name():
    assert name_racers([shown(1.0, (1, "A"))], np.full((2, len(TIME_S)), np.nan)) == {}
    late = ranks(1, 2)
    late[:, TIME_S < 8.0] = np.nan
    assert name_racers([shown(1.0, (1, "A"))], late) == {}


def test_rows_mean_those_who_come_into_the_picture_just_after_too():
    """The leader is seen 0.3 s after the rows: until then the second looks like the first."""
    rank = ranks(1, 2, 3)
    rank[:, TIME_S < 1.3] = [[np.nan], [1.0], [2.0]]
    named = name_racers([shown(1.0, (1, "A"), (2, "B"), (3, "C"))], rank)
    assert [named[racer][0] for racer in range(3)] == ["A", "B", "C"]


def test_a_tie_names_nobody():
    rank = ranks(1, 2)
    rank[:, TIME_S >= 3.0] = [[2.0], [1.0]]
    assert name_racers([shown(0.0, (1, "A")), shown(1.0), shown(4.0, (1, "A"))], rank) == {}


def test_a_name_misread_once_does_not_win():
    readings = [shown(1.0, (1, "H. WEI")), shown(1.5), shown(3.0, (1, "H. WEI")), shown(4.0), shown(6.0, (1, "H.V"))]
    assert name_racers(readings, ranks(1, 2))[0][0] == "H. WEI"


def test_rows_after_a_passage_name_those_who_crossed_in_that_order():
    """The order seen later is another one: the rows mean the crossing. One of six readings is misread."""
    readings = [shown(3.0, (1, "A"), (2, "B.V")), *(shown(3.5 + k, (1, "A"), (2, "B. VAN")) for k in range(4))]
    named = name_racers(readings, ranks(1, 2), [Line(2.2, np.array([2.0, 1.0]), np.array([0.4, 0.0]))])
    assert (named[1][0], named[0][0]) == ("A", "B. VAN")


def test_a_name_is_spelt_as_it_was_read_most_often():
    readings = [shown(k, (1, "S. HAYASHI"), (2, "S. HAYES")) for k in range(3)] + [shown(4, (1, "S HAYASHI"))]
    readings += [shown(5, (1, "S. HAYASI"), (2, None)), shown(6)]
    names = [[row.name for row in reading.rows] for reading in with_usual_spelling(readings)]
    assert names == [["S. HAYASHI", "S. HAYES"]] * 3 + [["S. HAYASHI"], ["S. HAYASHI", None], []]


def test_a_name_read_with_other_capitals_and_spaces_is_the_same():
    readings = [*[shown(t, (1, "M. DALTON")) for t in (1, 2)], shown(3, (1, "M. dal TON"))]
    assert {row.name for reading in with_usual_spelling(readings) for row in reading.rows} == {"M. DALTON"}


def test_a_name_cut_short_is_the_same():
    readings = [*[shown(t, (1, "P. PARKER"), (2, "TUR")) for t in (1, 2)], shown(3, (1, "P. PARK"), (2, "STUR"))]
    names = [[row.name for row in reading.rows] for reading in with_usual_spelling(readings)]
    assert names == [["P. PARKER", "TUR"]] * 3
    both = [shown(1, (1, "P. PARKER"), (2, "P. PARK"))]
    assert with_usual_spelling(both) == both


def test_a_letter_or_two_of_a_name_are_none_unless_shown_beside_it():
    whole = [shown(t, (1, "E. NOVAK"), (2, "A. VIDA")) for t in (1, 2)]
    readings = [*whole, shown(3, (1, "E. NOVAK"), (2, "A. VIDAL")), *[shown(t, (2, "AL")) for t in range(4, 9)]]
    assert {row.name for reading in with_usual_spelling(readings) for row in reading.rows} == {
        "E. NOVAK",
        "A. VIDA",
        None,
    }
    both = [shown(1, (1, "LIU"), (2, "LI"))]
    assert with_usual_spelling(both) == both
    stranger = [*whole, shown(3, (1, "OH"))]
    assert with_usual_spelling(stranger)[-1].rows[0].name == "OH"


def test_a_nation_read_without_a_letter_is_the_same_unless_it_may_be_two():
    readings = [*[shown(t, (1, "CHN"), (2, "CAN"), (3, "GER")) for t in (1, 2)], shown(3, (1, "CN"), (2, "GR"))]
    assert [row.name for row in with_usual_spelling(readings)[-1].rows] == [None, "GER"]
    readings.append(shown(4, (1, "CHN"), (2, "CN")))
    assert [row.name for row in with_usual_spelling(readings)[-1].rows] == ["CHN", "CAN"]


def test_a_rank_read_as_a_letter_is_no_part_of_a_nation():
    readings = [shown(1.0, (1, "LKOREA"), (2, "LIU"), (3, "ITALY"))]
    assert [row.name for row in with_usual_spelling(readings)[0].rows] == ["KOREA", "LIU", "ITALY"]


def test_two_shown_at_once_are_two_however_alike():
    readings = [shown(t, (1, "S. HAYASHI"), (2, "M. HAYASHI")) for t in (1, 2)] + [shown(3, (1, "S. HAYASHI"))]
    assert with_usual_spelling(readings) == readings


def test_rows_that_stay_over_a_crossing_are_told_anew_by_their_lap_times():
    """The order stays, so that only the lap times change; C is up for a moment while the picture changes."""

    def row(rank, name, lap_time_s):
        return ScorebugRow(rank=rank, name=name, lap_time_s=lap_time_s)

    readings = [
        ScorebugReading(time_s=0.2, rows=[row(1, "A", 8.8)]),
        ScorebugReading(time_s=0.6, rows=[row(1, "A", 8.8), row(2, "B", None)]),
        ScorebugReading(time_s=1.0, rows=[row(1, "A", 8.8), row(2, "B", 8.9)]),
        ScorebugReading(time_s=7.0, rows=[row(1, "A", 8.7), row(2, "B", 8.9)]),
        ScorebugReading(time_s=7.3, rows=[row(1, "A", 8.7), row(2, "C", 8.9)]),
        ScorebugReading(time_s=7.4, rows=[row(1, "A", 8.7)]),
    ]
    told = rows_told(readings, TIME_S, ranks(1, 2), ranks(0, 1), [], 0)
    assert [(one.time_s, one.name) for one in told] == [(0.2, "A"), (0.6, "B"), (7.0, "A")]


def test_rows_that_come_up_late_mean_the_crossing_at_which_the_laps_to_go_changed():
    """At 3 s the first two change places; the rows of the crossing at 1 s are read at 4 s."""
    rank = ranks(1, 2)
    rank[:, TIME_S >= 3.0] = [[2.0], [1.0]]
    counted = [ScorebugReading(time_s=0.2, laps_to_go=3), ScorebugReading(time_s=1.2, laps_to_go=2)]
    late = shown(4.0, (1, "A"), (2, "B")).model_copy(update={"laps_to_go": 2})
    assert {racer: name for racer, (name, _) in name_racers([*counted, late], rank).items()} == {0: "A", 1: "B"}
