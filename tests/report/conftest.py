"""Runs made by hand, small but complete: what the report has to make sense of."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from race.formats import (
    Code,
    Competitor,
    Computing,
    Crossing,
    Event,
    FinishRow,
    IdentityDoubt,
    Incident,
    Pass,
    Race,
    ScorebugReading,
    ScorebugRow,
    Shot,
    Video,
    write_race,
)

NAMES = {1: "Jürgen Müller", 2: "김길리", 3: "Eve <b>Bold</b> & Co", 4: "Ana de Souza-Albuquerque"}

# Crossings of a 500 m with the start at 2.0 s: lap -> {competitor: (seconds of the video, rank)}.
# At the third crossing competitor 2 was out of the picture: interpolated; 4 falls after the third and does not finish.
ORDER = {
    1: {1: (9.10, 1), 2: (9.25, 2), 3: (9.40, 3), 4: (9.61, 4)},
    2: {2: (18.00, 1), 1: (18.12, 2), 3: (18.30, 3), 4: (18.55, 4)},
    3: {2: (26.70, 2), 1: (26.64, 1), 3: (26.95, 3), 4: (27.20, 4)},
    4: {1: (35.20, 1), 2: (35.31, 2), 3: (None, None)},
    5: {1: (43.950, 1), 2: (43.962, 2), 3: (44.60, 3)},
}


@pytest.fixture
def race_500() -> Race:
    """A 500 m with everything: a fall, a photo finish, an interpolated and an unseen crossing, a replay, doubts."""
    crossings = []
    for lap, cells in ORDER.items():
        for id_, (time_s, rank) in cells.items():
            before = ORDER.get(lap - 1, {}).get(id_, (None, None))[0]
            crossings.append(
                Crossing(
                    competitor=id_,
                    lap=lap,
                    time_s=time_s,
                    time_sd_s=None if time_s is None else 0.3 if (lap, id_) == (3, 2) else 0.012,
                    lap_time_s=None if time_s is None or before is None else round(time_s - before, 3),
                    rank=rank,
                    source="interpolated" if (lap, id_) in ((3, 2), (4, 3)) else "vision",
                )
            )
    return Race(
        video=Video(
            path="/videos/final.mp4", sha256="0" * 64, duration_s=52, fps=25, width=640, height=360, frames=1300
        ),
        event=Event(name="500m", gender="w", laps=4.5, source="given"),
        camera_level="A",
        race_start_s=2.0,
        competitors=[
            Competitor(id=1, name=NAMES[1], team="GER", helmet="3", start_position=2, colour="#d01020", status="FIN"),
            Competitor(id=2, name=NAMES[2], team="KOR", helmet="7", start_position=1, colour="#d41424", status="FIN"),
            Competitor(
                id=3, name=NAMES[3], team="USA", start_position=3, colour="#f7f7f2", status="FIN", confidence=0.6
            ),
            Competitor(id=4, name=NAMES[4], team="BRA", start_position=4, colour=None, status="DNF"),
        ],
        crossings=crossings,
        finish=[
            FinishRow(competitor=1, rank=1, time_s=43.95, time_sd_s=0.012, race_time_s=41.95, photo_finish=True),
            FinishRow(competitor=2, rank=2, time_s=43.962, time_sd_s=0.012, race_time_s=41.962, photo_finish=True),
            FinishRow(competitor=3, rank=3, time_s=44.6, time_sd_s=0.02, race_time_s=42.6),
            FinishRow(competitor=4, rank=None),
        ],
        passes=[
            Pass(time_s=15.2, by=2, on=1, side="inside", where="corner", confidence=0.9),
            Pass(time_s=25.0, by=1, on=2, side=None, where="straight", confidence=0.55),
        ],
        incidents=[
            Incident(
                id=1,
                kind="fall",
                start_s=31.0,
                end_s=33.5,
                competitors=[4],
                roles={"4": "faller"},
                codes=[],
                confidence=0.97,
                evidence={"lying_s": 2.4},
            ),
            Incident(
                id=2,
                kind="contact",
                start_s=30.6,
                end_s=31.1,
                competitors=[3, 4],
                roles={"3": "passing", "4": "passed"},
                codes=[Code(code="C1", weight=0.55), Code(code="C4", weight=0.2)],
                confidence=0.62,
                evidence={"overlap_before_corner_m": None, "distance_m": 0.4},
                clip="clips/2.mp4",
            ),
        ],
        identity_doubts=[IdentityDoubt(competitor=3, from_s=33.0, to_s=36.4, confidence=0.7)],
        shots=[
            Shot(start_s=0, end_s=45.2, kind="race", confidence=0.98, boundary="start"),
            Shot(start_s=45.2, end_s=48, kind="replay", confidence=0.8, boundary="dissolve"),
            Shot(start_s=48, end_s=52, kind="other", confidence=0.9, boundary="cut"),
        ],
        scorebug=[
            ScorebugReading(time_s=0.0),
            ScorebugReading(time_s=2.1, clock_s=0.0, laps_to_go=5, confidence=0.9),
            ScorebugReading(time_s=9.3, clock_s=7.2, laps_to_go=4, rows=[ScorebugRow(rank=1, name="MUELLER")]),
            ScorebugReading(time_s=9.4, clock_s=7.3, laps_to_go=4, rows=[ScorebugRow(rank=1, name="MUELLER")]),
            ScorebugReading(
                time_s=44.8,
                clock_s=41.95,
                title="Unofficial Result",
                rows=[ScorebugRow(rank=1, name="MUELLER", lap_time_s=8.75), ScorebugRow(rank=2, name="KIM")],
            ),
        ],
        computing=Computing(
            seconds=91.4,
            peak_memory_mb=812,
            version="0.1.0",
            weights="yolo26n.pt",
            command="shorttrack analyze final.mp4",
        ),
        warnings=["the start was not in the picture"],
    )


@pytest.fixture
def race_relay() -> Race:
    """A relay of four teams of which only the last lap was filmed, without start order: nothing but the finish."""
    teams = {1: ("KOR", "#1f4e9c"), 2: ("NED", "#f26a1b"), 3: ("JPN", "#c8323c"), 4: ("CHN", "#c62a2f")}
    times = {1: 7.551, 2: 7.631, 3: 7.661, 4: 7.738}
    return Race(
        video=Video(path="relay.mp4", sha256="1" * 64, duration_s=19.0, fps=29.97, width=640, height=360, frames=570),
        event=Event(name="relay-5000m", gender="m", laps=45, source="scorebug"),
        camera_level="A",
        race_start_s=None,
        competitors=[Competitor(id=k, team=t, colour=c, status="FIN") for k, (t, c) in teams.items()],
        crossings=[
            Crossing(competitor=k, lap=45, time_s=t, time_sd_s=0.014, rank=k, source="vision") for k, t in times.items()
        ],
        finish=[
            FinishRow(competitor=k, rank=k, time_s=t, time_sd_s=0.014, photo_finish=k in (2, 3))
            for k, t in times.items()
        ],
        shots=[Shot(start_s=0, end_s=10.1, kind="race"), Shot(start_s=10.1, end_s=19, kind="other", boundary="cut")],
        scorebug=[ScorebugReading(time_s=0.9, clock_s=412.6, title="Final Lap")],
    )


@pytest.fixture
def race_empty() -> Race:
    """A video without a single racer."""
    video = Video(path="crowd.mp4", sha256="2" * 64, duration_s=3.0, fps=25, width=320, height=180, frames=75)
    return Race(video=video, warnings=["no skater was found"])


@pytest.fixture
def race_sightings() -> Race:
    """Start unseen and no lap count: the pack came by twice."""
    video = Video(path="training.mp4", sha256="3" * 64, duration_s=20.0, fps=25, width=320, height=180, frames=500)
    times = {1: {1: 4.0, 2: 4.2, 3: 4.5}, 2: {1: 13.3, 2: 13.1, 3: 13.9}}
    return Race(
        video=video,
        competitors=[Competitor(id=k) for k in (1, 2, 3)],
        crossings=[
            Crossing(competitor=k, lap=None, sighting=n, time_s=t, time_sd_s=0.02, source="vision")
            for n, cells in times.items()
            for k, t in cells.items()
        ],
    )


def tracks_of(race: Race, rate: float = 25.0) -> pl.DataFrame:
    """Tracks of ``race`` as its room writes them: boxes moving right 4 px a picture, gaps growing with the id."""
    rows = []
    unknown = dict.fromkeys(("x_m", "y_m", "s_m", "d_m", "speed_mps"))
    for frame in range(1, int(race.shots[0].end_s * rate) + 1):
        for rank, competitor in enumerate(race.competitors, start=1):
            time_s = (frame - 1) / rate
            rows.append(
                {
                    "frame": frame,
                    "id": competitor.id,
                    "x": 20.0 + 4.0 * (frame % 100) + 45 * rank,
                    "y": 120.0 + 12 * rank,
                    "w": 36.0,
                    "h": 70.0,
                    "score": 0.8,
                    "time_s": time_s,
                    "shot": 0,
                    **unknown,
                    "gap_s": 0.25 * (rank - 1) * (1 + np.sin(time_s / 9) / 3),
                    "rank": rank,
                    "seen": not (competitor.id == 2 and 26.0 < time_s < 27.5),
                }
            )
    schema = {name: pl.Float64 for name in unknown} | {"gap_s": pl.Float64}
    return pl.DataFrame(rows, schema_overrides=schema)


def camera_of(race: Race, rate: float = 25.0, shift: float = 2.0) -> pl.DataFrame:
    """A camera under which the ice moves ``shift`` px to the right from each picture to the next."""
    count = int(race.video.duration_s * rate)
    motion = {f"h{r}{c}": [float(r == c) if (r, c) != (0, 2) else shift] * count for r in range(3) for c in range(3)}
    numbers = range(1, count + 1)
    return pl.DataFrame(
        {"frame": numbers, "time_s": [(n - 1) / rate for n in numbers], "level": "A", "quality": 0.9, **motion}
    )


@pytest.fixture
def make_tracks() -> Callable[[Race], pl.DataFrame]:
    return tracks_of


@pytest.fixture
def run_500(race_500: Race, tmp_path: Path) -> Path:
    """The folder of the 500 m's run."""
    write_race(race_500, tmp_path / "race.json")
    tracks_of(race_500).write_parquet(tmp_path / "tracks.parquet")
    camera_of(race_500).write_parquet(tmp_path / "camera.parquet")
    return tmp_path
