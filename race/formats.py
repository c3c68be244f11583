"""The files that ``analyze`` and ``simulate`` write: ``race.json`` (``truth.json``) as pydantic models.

The JSON schema of ``Race`` is published as ``race/race.schema.json``; ``python -m race.formats`` writes it again.
Unknown is null. Times are seconds from the first picture of the video, ``clock_s`` is what the score bug shows.
Extra keys are kept, so that a newer file survives an older program.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from race.errors import RaceFileError

SCHEMA_VERSION = "1.0"
SCHEMA_FILE = Path(__file__).with_name("race.schema.json")

CameraLevel = Literal["A", "B", "C"]
Status = Literal["FIN", "DNF", "DNS", "PEN", "UNKNOWN"]
Source = Literal["vision", "scorebug", "fused", "interpolated", "truth"]
SoundKind = Literal["shot", "tone", "bell"]
StartSource = Literal["gun", "movement", "scorebug", "truth"]
ShotKind = Literal["race", "replay", "other"]
IncidentKind = Literal[
    "fall",
    "contact",
    "lane_change",
    "push",
    "off_track",
    "late_pass",
    "false_start",
    "kick_out",
    "slow",
    "assistance",
    "relay_exchange_fault",
    "infield_block",
    "extra_skater",
]


File = TypeVar("File", bound="Model")


class Model(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Video(Model):
    """The video as decoded: ``width`` and ``height`` after rotation, ``fps`` the mean rate of its pictures.

    ``from_s`` and ``to_s`` are null but where the video holds several races: the part that this one is of.
    """

    path: str
    sha256: str
    duration_s: float
    fps: float
    width: int
    height: int
    frames: int
    from_s: float | None = None
    to_s: float | None = None


class Event(Model):
    name: str | None = None
    gender: Literal["w", "m", "x"] | None = None
    laps: float | None = None
    track_shift_m: float | None = None
    source: Literal["given", "scorebug", "guessed", "truth"] | None = None


class Competitor(Model):
    id: int = Field(ge=1)
    name: str | None = None
    team: str | None = None
    helmet: str | None = None
    start_position: int | None = None
    colour: str | None = Field(default=None, description="suit colour, #rrggbb, one of its own in the report")
    status: Status = "UNKNOWN"
    confidence: float | None = Field(default=None, ge=0, le=1, description="that name and team are this racer's")


class Crossing(Model):
    """One crossing of the finish line. ``lap`` counts crossings after the gun, ``sighting`` those seen, from 1."""

    competitor: int
    lap: int | None
    sighting: int | None = None
    time_s: float | None
    time_sd_s: float | None = None
    lap_time_s: float | None = None
    rank: int | None = None
    source: Source


class FinishRow(Model):
    competitor: int
    rank: int | None
    time_s: float | None = None
    time_sd_s: float | None = None
    race_time_s: float | None = None
    photo_finish: bool = False


class Pass(Model):
    time_s: float
    s_m: float | None = None
    by: int
    on: int
    side: Literal["inside", "outside"] | None = None
    where: Literal["straight", "corner", "finish"] | None = None
    confidence: float | None = None


class Gaps(Model):
    """Seconds behind ``ahead``, the competitor one rank ahead, at moments half a second apart; lists of one length."""

    time_s: list[float] = []
    ahead: list[int] = []
    gap_s: list[float] = []


class LapSpeed(Model):
    """Speed over the ice on the lap that ends with crossing ``lap``; ``profile_mps`` of its twelfths, in order."""

    lap: int | None
    from_s: float
    mean_mps: float | None
    top_mps: float | None
    profile_mps: list[float | None]


class CornerLine(Model):
    """Metres outside the measured line where a corner begins, at its apex and where it ends; 1 is the right corner."""

    lap: int | None
    corner: Literal[1, 2]
    time_s: float
    entry_m: float | None
    apex_m: float | None
    exit_m: float | None
    sd_m: float | None = Field(default=None, description="of the least sure of the three")


class Pace(Model):
    """How a competitor skated from the gun to its finish, as far as it was seen; null where there are no metres."""

    competitor: int
    ordered_s: float = Field(description="how long its place in the order was known; leading_s is a part of it")
    leading_s: float
    placed_s: float | None = Field(default=None, description="how long it was seen on the ice, drafting_s a part of it")
    drafting_s: float | None = None
    gaps: Gaps | None = None
    laps: list[LapSpeed] = []
    corners: list[CornerLine] = []


class Exchange(Model):
    """One racer of a relay's team relieves another; ``competitor`` is the team, null where it is not known which.

    ``leg`` is the one that begins, from 2; ``from_skater`` and ``to_skater`` count the team's members by their turns.
    ``place_m`` is metres past the finish line, ``push_m`` how far the two were within reach of hands, and the speeds
    are those of who takes over, just before the touch and a second after it.
    """

    competitor: int | None
    leg: int | None = None
    from_skater: int | None = None
    to_skater: int | None = None
    time_s: float
    time_sd_s: float | None = None
    s_m: float | None = None
    place_m: float | None = None
    where: Literal["straight", "corner", "finish"] | None = None
    push_m: float | None = None
    nearest_m: float | None = Field(default=None, description="between the two, at the least")
    speed_before_mps: float | None = None
    speed_after_mps: float | None = None
    confidence: float | None = Field(default=None, ge=0, le=1, description="that it is this team's")


class Leg(Model):
    """``skater`` is the team's member by its turn, from 1."""

    leg: int
    skater: int
    from_s: float
    to_s: float
    laps: float | None


class RelayTeam(Model):
    """A relay team's legs, and its median times over a straight (28.9 m) without and with an exchange on it."""

    competitor: int
    legs: list[Leg] = []
    straight_s: float | None = None
    straights: int = 0
    exchange_straight_s: float | None = None
    exchange_straights: int = 0


class Code(Model):
    code: str
    weight: float


class Incident(Model):
    """A question for review, never a verdict. ``evidence`` holds numbers, with ``_sd_`` beside those that have one."""

    id: int
    kind: IncidentKind
    start_s: float
    end_s: float
    at_s: float | None = Field(default=None, description="the moment it is about: of the contact, of the fall")
    competitors: list[int]
    roles: dict[str, str] = {}
    codes: list[Code] = []
    confidence: float
    evidence: dict[str, Any] = {}
    question: str | None = Field(default=None, description="who has to answer for what, in one neutral sentence")
    clip: str | None = None
    clip_from_s: float | None = Field(default=None, description="when the clip's first picture is, in the video")
    clip_to_s: float | None = Field(default=None, description="when its last picture is")


class IdentityDoubt(Model):
    competitor: int
    from_s: float
    to_s: float
    confidence: float


class Shot(Model):
    start_s: float
    end_s: float
    kind: ShotKind
    confidence: float | None = None
    start_frame: int | None = None
    end_frame: int | None = None
    boundary: Literal["start", "cut", "fade", "dissolve"] | None = Field(
        default=None, description="how the shot begins"
    )


class ScorebugRow(Model):
    """A line of the score bug: ``time_s`` is the time from the start, where it shows one, as result lists do."""

    rank: int | None = None
    name: str | None = None
    lap_time_s: float | None = None
    time_s: float | None = None


class ScorebugReading(Model):
    """What the score bug shows from ``time_s`` until the next reading; all null where it is not on the screen."""

    time_s: float
    frame: int | None = None
    clock_s: float | None = None
    laps_to_go: int | None = None
    title: str | None = None
    rows: list[ScorebugRow] = []
    confidence: float | None = None


class Sound(Model):
    """Something heard: a shot, an electronic starter's tone, or the bell, which rings until ``end_s``.

    ``time_s`` is when it is heard, later than it was made by the way of the sound to the microphone.
    """

    kind: SoundKind
    time_s: float
    end_s: float | None = None
    time_sd_s: float
    score: float = Field(ge=0, le=1, description="how sure it is that it is one")


class Computing(Model):
    seconds: float
    peak_memory_mb: float | None
    version: str
    weights: str | None = None
    command: str = ""


class Race(Model):
    """The whole result of a race: what ``race.json`` and ``truth.json`` hold."""

    schema_version: str = SCHEMA_VERSION
    video: Video
    event: Event = Event()
    camera_level: CameraLevel | None = None
    race_start_s: float | None = None
    race_start_sd_s: float | None = None
    race_start_source: StartSource | None = None
    competitors: list[Competitor] = []
    crossings: list[Crossing] = []
    finish: list[FinishRow] = []
    passes: list[Pass] = []
    pace: list[Pace] = []
    exchanges: list[Exchange] = []
    relay: list[RelayTeam] = []
    incidents: list[Incident] = []
    identity_doubts: list[IdentityDoubt] = []
    shots: list[Shot] = []
    scorebug: list[ScorebugReading] = []
    sounds: list[Sound] | None = Field(default=None, description="null where there was nothing to listen to")
    computing: Computing | None = None
    warnings: list[str] = []


class Session(Model):
    """What ``races.json`` holds: the folders of a video's races, in order, each a run of its own."""

    schema_version: str = SCHEMA_VERSION
    video: Video
    races: list[Annotated[str, Field(pattern=r"^race-\d+$")]]


def read_race(path: Path) -> Race:
    """Read ``race.json`` or ``truth.json``; a folder stands for the one it holds.

    Raises RaceFileError, which names the file and the field, where it is missing or not such a file.
    """
    if path.is_dir():
        held = [path / name for name in ("race.json", "truth.json") if (path / name).exists()]
        if not held:
            several = f"; it holds several races, name one: {path / 'race-1'}" if (path / "race-1").is_dir() else ""
            raise RaceFileError(f"{path}: no race.json or truth.json in this folder{several}")
        path = held[0]
    return _read(path, Race)


def read_session(folder: Path) -> Session | None:
    """What ``folder``'s races.json says; None where it has none, as a folder of one race. Raises RaceFileError."""
    path = folder / "races.json"
    return _read(path, Session) if path.is_file() else None


def _read(path: Path, kind: type[File]) -> File:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise RaceFileError(f"{path}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise RaceFileError(f"{path}: {where}: {first['msg']}") from error


def write_race(race: Race | Session, path: Path) -> None:
    """Write ``race``, or the index of several, as indented JSON, whole or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(race.model_dump_json(indent=1), encoding="utf-8")
    partial.replace(path)


def schema_json() -> str:
    """The JSON schema of ``race.json`` as text, as it stands in ``race/race.schema.json``."""
    return json.dumps(Race.model_json_schema(), indent=1) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(schema_json(), encoding="utf-8")
