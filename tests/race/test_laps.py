from race.crossings import LineCrossing
from race.events import find_event
from race.formats import ScorebugReading, ScorebugRow
from race.laps import ShownLap, after_the_gun, group_passages, number_passages, ranks_at_finish, shown_laps

M500 = find_event("500m", "m")


def pack(*times_s, gap_s=0.3, racers=3):
    return [LineCrossing(racer, t + gap_s * racer, 0.01) for t in times_s for racer in range(racers)]


def to_go(*pairs, until_s=60.0):
    """Readings every half second of laps to go, from [(time, laps)]."""
    readings = []
    for k in range(int(until_s * 2)):
        time_s = k / 2
        laps = [laps for from_s, laps in pairs if from_s <= time_s]
        readings.append(ScorebugReading(time_s=time_s, laps_to_go=laps[-1] if laps else None))
    return readings


def test_passages_of_the_pack():
    passages = group_passages(pack(5.0, 14.0, 22.5))
    assert [len(passage.crossings) for passage in passages] == [3, 3, 3]
    assert [passage.time_s for passage in passages] == [5.0, 14.0, 22.5]


def test_a_racer_cannot_be_back_at_once():
    passages = group_passages([*pack(5.0), LineCrossing(0, 8.0, 0.01)])
    assert [len(passage.crossings) for passage in passages] == [3]


def test_the_clock_that_stops_makes_the_finish_and_what_follows_is_left_out():
    numbered = number_passages(group_passages(pack(5.0, 14.0, 22.5, 34.0)), [], 22.6, M500)
    assert [(p.lap, p.is_finish) for p in numbered] == [(3, False), (4, False), (5, True)]


def test_laps_are_counted_from_the_laps_to_go():
    numbered = number_passages(group_passages(pack(5.0, 14.0)), to_go((0.0, 4), (6.0, 3), (15.0, 2)), None, M500)
    assert [(p.lap, p.is_finish) for p in numbered] == [(2, False), (3, False)]


def test_a_lap_that_was_not_seen_is_not_counted_through():
    """Between 5 and 23 s two laps went by: from there no number can be counted back."""
    numbered = number_passages(group_passages(pack(5.0, 23.0)), [], 23.1, M500)
    assert [(p.lap, p.is_finish) for p in numbered] == [(None, False), (5, True)]


def test_one_to_go_makes_the_next_the_finish():
    numbered = number_passages(group_passages(pack(5.0, 13.8)), to_go((6.0, 1), until_s=13.5), None, M500)
    assert [(p.lap, p.is_finish) for p in numbered] == [(4, False), (5, True)]


def test_without_event_or_score_bug_there_are_no_laps():
    assert [p.lap for p in number_passages(group_passages(pack(5.0, 14.0)), [], None, M500)] == [None, None]
    assert [p.lap for p in number_passages(group_passages(pack(5.0)), [], 5.1, None)] == [None]


def test_rows_by_majority():
    def reading(laps, *rows):
        return ScorebugReading(
            time_s=0.0, laps_to_go=laps, rows=[ScorebugRow(rank=r, name=n, lap_time_s=t) for r, n, t in rows]
        )

    readings = [
        reading(2, (1, "KOREA", 8.66), (2, "NETHERLANDS", None)),
        reading(2, (1, "KOREA", 8.66), (2, "NETHERLANDS", 8.80)),
        reading(2, (1, "KOREA", 8.65), (2, "NETHERLANDS", 8.40)),
        reading(2, (1, "KORFA", 8.66), (2, "NETHERLANDS", 8.40)),
        reading(None, (1, "JAPAN", 9.99)),
        reading(1, (1, "JAPAN", None)),
    ]
    assert shown_laps(readings) == [
        ShownLap(2, 1, "KOREA", 8.66),
        ShownLap(2, 2, "NETHERLANDS", 8.40),
        ShownLap(1, 1, "JAPAN", None),
    ]


def test_a_lap_count_misread_once_makes_no_rows_of_another_lap():
    rows = [ScorebugRow(rank=1, name="KOREA")]
    laps = [2, 2, 1, 1, 0, 1]
    readings = [ScorebugReading(time_s=float(k), laps_to_go=n, rows=rows) for k, n in enumerate(laps)]
    assert [row.laps_to_go for row in shown_laps(readings)] == [2, 1]


def test_of_passages_too_near_for_a_lap_the_surer_one_stays():
    """Somebody crosses another line 3 s before the finish; the clock says which passage ends the race."""
    stray = [LineCrossing(1, 19.4, 0.01), LineCrossing(2, 19.6, 0.01), LineCrossing(0, 19.9, 0.01)]
    passages = [*group_passages(stray), *group_passages(pack(14.0, 22.5, racers=2))]
    numbered = number_passages(sorted(passages, key=lambda p: p.time_s), [], 22.4, M500)
    assert [(p.time_s, p.lap, p.is_finish) for p in numbered] == [(14.0, 4, False), (22.5, 5, True)]


def test_a_laggard_stays_in_the_lap_of_the_pack():
    """5 s behind, so nearer to the leaders' next passage than to their last."""
    crossings = [*pack(0.0, 8.8, 17.6), LineCrossing(3, 5.2, 0.01), LineCrossing(3, 14.0, 0.01)]
    passages = group_passages(crossings)
    assert [[crossing.racer for crossing in passage.crossings] for passage in passages] == [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
        [0, 1, 2],
    ]


def test_so_soon_after_the_gun_it_was_some_other_line():
    """The fastest half lap from standing takes 6.6 s; a false start 20 s before the race changes nothing."""
    passages = group_passages(pack(26.5) + pack(34.7))
    kept = after_the_gun(passages, [2.0, 22.0], find_event("500m", "m"))
    assert [passage.time_s for passage in kept] == [34.7]
    assert after_the_gun(passages, [19.8], find_event("500m", "m")) == passages
    assert after_the_gun(passages, [19.8], find_event("1000m", "m"))[0].time_s == 34.7  # a whole lap to the line
    assert after_the_gun(passages, [], None) == passages


def test_the_result_is_what_is_shown_once_the_clock_has_stopped():
    def shown(time_s, laps, *names):
        rows = [ScorebugRow(rank=rank, name=name) for rank, name in enumerate(names, 1)]
        return ScorebugReading(time_s=time_s, laps_to_go=laps, rows=rows)

    before = [shown(t, 1, "B", "A") for t in (38.0, 39.0, 40.2)]  # the crossing before, still there at the line
    result = [shown(40.5, None, "A"), shown(40.9, None, "A", "C"), *(shown(41.0 + k, None, "A", "B") for k in range(3))]
    assert ranks_at_finish([*before, *result, shown(60.0, None, "C", "A")], 40.1) == {"A": 1, "B": 2}
    assert ranks_at_finish(before, 40.1) == {}
