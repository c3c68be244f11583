"""What a body does, as numbers: the keyframes of each pose and the posture in between.

A posture is written for a skater 1.75 m tall and scaled with the height. Two frames of reference, both x forward, y
to the left, z up, origin on the ice midway between the blades: the **ice** frame stays upright, the **lean** frame is
tilted with the body about the x axis. Lengths in metres, angles in degrees.
"""

import zlib
from dataclasses import astuple, dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from simulation.motion import Motion, Pose

Floats = NDArray[np.float64]
Point = tuple[float, float, float]

REFERENCE_HEIGHT_M = 1.75
_BLEND_S = 0.09
"""Half width of the window that postures are averaged over, so that one pose runs into the next; a push lasts 0.3 s."""
_HABIT_S = 5.0
"""How long somebody carries the arms in the same way."""


@dataclass(frozen=True, slots=True)
class Posture:
    """hip: lean frame. Feet: ice frame, z the height of the blade. Hands: from the shoulder, lean frame; a hand with
    ``*_hand_down`` 1 is on the ice below that place. ``tilt`` lays the whole body over to the left, feet included by
    ``feet_tilted``; ``chest`` and ``pelvis`` are forward pitch, ``roll`` lifts the right shoulder, ``twist`` turns the
    chest to the left. ``toe_*`` turns a foot outward, ``heel_*`` lifts its heel."""

    hip: Point = (-0.05, 0.0, 0.95)
    chest: float = 6.0
    pelvis: float = 2.0
    twist: float = 0.0
    roll: float = 0.0
    head: float = 5.0
    left_foot: Point = (0.0, 0.11, 0.0)
    right_foot: Point = (0.0, -0.11, 0.0)
    toe_left: float = 5.0
    toe_right: float = 5.0
    heel_left: float = 0.0
    heel_right: float = 0.0
    left_hand: Point = (0.06, 0.10, -0.50)
    right_hand: Point = (0.06, -0.10, -0.50)
    left_hand_down: float = 0.0
    right_hand_down: float = 0.0
    tilt: float = 0.0
    feet_tilted: float = 0.0


_STAND = Posture()
_CROUCH = Posture(
    hip=(-0.26, 0.0, 0.60),
    chest=64,
    pelvis=38,
    head=16,
    left_foot=(0.06, 0.10, 0.0),
    right_foot=(0.0, -0.10, 0.0),
    left_hand=(0.18, 0.02, -0.42),
    right_hand=(0.16, -0.02, -0.42),
)
_GLIDE = replace(_CROUCH, hip=(-0.24, 0.0, 0.70), chest=52, pelvis=30)

# The straight: push with one leg to the side and back, then bring it home behind the other; arms swing against it.
_LEFT_PUSH = replace(
    _CROUCH,
    hip=(-0.22, -0.06, 0.56),
    chest=70,
    pelvis=42,
    twist=8,
    left_foot=(-0.34, 0.52, 0.0),
    right_foot=(0.10, -0.06, 0.0),
    toe_left=28,
    left_hand=(0.36, -0.06, -0.34),
    right_hand=(-0.44, -0.20, -0.10),
)
_LEFT_HOME = replace(
    _CROUCH,
    hip=(-0.26, -0.03, 0.54),
    chest=68,
    pelvis=42,
    left_foot=(-0.46, 0.10, 0.16),
    right_foot=(0.10, -0.02, 0.0),
    heel_left=40,
    left_hand=(0.05, 0.06, -0.48),
    right_hand=(0.0, -0.10, -0.46),
)

# The corner: the right leg pushes out, then steps over the left, which pushes out underneath; the left hand is down.
_CORNER = replace(
    _CROUCH,
    hip=(-0.20, 0.0, 0.70),
    chest=58,
    pelvis=38,
    roll=4,
    twist=28,
    head=10,
    left_hand=(0.14, 0.16, -0.45),
    left_hand_down=1.0,
    right_hand=(-0.34, -0.34, -0.10),
)
_CORNER_RIGHT_OUT = replace(
    _CORNER,
    left_foot=(0.16, 0.08, 0.0),
    right_foot=(-0.45, -0.22, 0.0),
    toe_right=20,
    right_hand=(-0.46, -0.26, 0.02),
)
_CORNER_RIGHT_OVER = replace(
    _CORNER,
    left_foot=(0.06, 0.0, 0.0),
    right_foot=(0.10, 0.06, 0.16),
    heel_right=12,
)
_CORNER_LEFT_OUT = replace(
    _CORNER,
    hip=(-0.16, 0.0, 0.72),
    left_foot=(-0.62, -0.08, 0.0),
    right_foot=(0.20, 0.06, 0.0),
    heel_left=16,
    right_hand=(-0.10, -0.36, -0.30),
)
_CORNER_LEFT_HOME = replace(
    _CORNER,
    left_foot=(-0.10, 0.06, 0.12),
    right_foot=(0.14, -0.08, 0.0),
    heel_left=24,
)

_READY = Posture(
    hip=(-0.10, 0.0, 0.72),
    chest=48,
    pelvis=30,
    head=10,
    left_foot=(0.42, 0.12, 0.0),
    right_foot=(-0.38, -0.16, 0.0),
    toe_right=55,
    left_hand=(0.10, 0.12, -0.42),
    right_hand=(-0.36, -0.22, -0.16),
)
_RUN_LEFT = replace(
    _READY,
    hip=(0.02, 0.0, 0.76),
    left_foot=(0.40, 0.16, 0.18),
    right_foot=(-0.46, -0.22, 0.0),
    toe_left=35,
    heel_right=20,
    left_hand=(-0.34, 0.24, -0.18),
    right_hand=(0.34, -0.04, -0.24),
)

_PUSH = replace(_GLIDE, chest=44, left_hand=(0.50, -0.02, -0.16), right_hand=(0.50, 0.02, -0.16), hip=(-0.2, 0, 0.74))
_PUSHED = replace(_CROUCH, hip=(-0.22, 0.0, 0.52), left_hand=(0.24, 0.0, -0.36), right_hand=(0.24, 0.0, -0.36))

_DOWN = Posture(
    hip=(-0.10, 0.0, 0.16),
    chest=28,
    pelvis=12,
    roll=-10,
    head=-6,
    left_foot=(0.46, 0.20, 0.35),
    right_foot=(0.62, -0.16, 0.30),
    left_hand=(0.02, 0.34, -0.34),
    right_hand=(0.30, -0.22, -0.16),
    left_hand_down=1.0,
    tilt=62,
    feet_tilted=1.0,
)
_FLAT = replace(
    _DOWN,
    chest=8,
    pelvis=0,
    left_foot=(0.34, 0.14, 0.34),
    right_foot=(0.56, -0.12, 0.22),
    tilt=72,
)
_KNEELING = Posture(
    hip=(-0.12, 0.0, 0.50),
    chest=38,
    pelvis=18,
    left_foot=(-0.46, 0.12, 0.06),
    right_foot=(0.24, -0.14, 0.0),
    heel_left=62,
    left_hand=(0.20, 0.05, -0.42),
    right_hand=(0.30, -0.02, -0.34),
)
_LUNGE = replace(
    _CROUCH,
    hip=(-0.18, 0.0, 0.62),
    chest=46,
    pelvis=24,
    left_foot=(-0.44, 0.12, 0.0),
    right_foot=(0.66, -0.10, 0.03),
    heel_left=24,
    left_hand=(0.26, 0.22, -0.30),
    right_hand=(-0.30, -0.34, -0.14),
)
_LEG_OUT = replace(
    _GLIDE, hip=(-0.20, 0.14, 0.66), left_foot=(0.04, 0.14, 0.0), right_foot=(0.06, -0.52, 0.0), toe_right=24, roll=-8
)
# After the finish: the race is over, and the back rests.
_HOME = replace(
    _STAND,
    hip=(-0.10, 0.0, 0.88),
    chest=14,
    pelvis=8,
    head=2,
    left_foot=(0.10, 0.12, 0.0),
    right_foot=(-0.08, -0.12, 0.0),
    left_hand=(0.16, 0.06, -0.46),
    right_hand=(0.14, -0.06, -0.46),
)
# Idle team-mates: a short push now and then.
_EASY_PUSH = replace(
    _GLIDE,
    hip=(-0.22, -0.04, 0.70),
    left_foot=(-0.20, 0.34, 0.0),
    right_foot=(0.06, -0.06, 0.0),
    toe_left=26,
    left_hand=(0.28, 0.0, -0.38),
    right_hand=(-0.08, -0.10, -0.44),
)
_EASY_HOME = replace(
    _GLIDE, left_foot=(-0.22, 0.12, 0.08), right_foot=(0.06, -0.04, 0.0), heel_left=22, hip=(-0.24, -0.02, 0.69)
)
_STEP = replace(
    _STAND,
    hip=(0.0, 0.03, 0.91),
    chest=14,
    pelvis=6,
    left_foot=(0.20, 0.09, 0.0),
    right_foot=(-0.24, -0.16, 0.0),
    toe_right=24,
    heel_right=16,
    left_hand=(-0.12, 0.10, -0.48),
    right_hand=(0.24, -0.08, -0.44),
)
_STEP_PAST = replace(_STAND, hip=(-0.03, 0.03, 0.93), chest=10, right_foot=(-0.08, -0.12, 0.05), heel_right=12)
_REACH = replace(
    _KNEELING,
    chest=58,
    pelvis=34,
    head=30,
    right_hand=(0.24, -0.02, -0.5),
    right_hand_down=1.0,
    left_hand=(0.16, 0.05, -0.40),
)


def _mirrored(posture: Posture) -> Posture:
    def flip(point: Point) -> Point:
        return (point[0], -point[1], point[2])

    return replace(
        posture,
        hip=flip(posture.hip),
        twist=-posture.twist,
        roll=-posture.roll,
        left_foot=flip(posture.right_foot),
        right_foot=flip(posture.left_foot),
        toe_left=posture.toe_right,
        toe_right=posture.toe_left,
        heel_left=posture.heel_right,
        heel_right=posture.heel_left,
        left_hand=flip(posture.right_hand),
        right_hand=flip(posture.left_hand),
        left_hand_down=posture.right_hand_down,
        right_hand_down=posture.left_hand_down,
    )


# phase -> posture; the last one of a cycle repeats the first
KEYFRAMES: dict[Pose, tuple[tuple[float, Posture], ...]] = {
    Pose.STAND: ((0.0, _STAND),),
    Pose.START: ((0.0, _READY), (0.12, _RUN_LEFT), (0.5, _mirrored(_RUN_LEFT)), (1.0, _RUN_LEFT)),
    Pose.STROKE: (
        (0.0, _CROUCH),
        (0.28, _LEFT_PUSH),
        (0.42, _LEFT_HOME),
        (0.5, _mirrored(_CROUCH)),
        (0.78, _mirrored(_LEFT_PUSH)),
        (0.92, _mirrored(_LEFT_HOME)),
        (1.0, _CROUCH),
    ),
    Pose.CORNER: (
        (0.0, _CORNER_RIGHT_OVER),
        (0.25, _CORNER_LEFT_OUT),
        (0.45, _CORNER_LEFT_HOME),
        (0.75, _CORNER_RIGHT_OUT),
        (1.0, _CORNER_RIGHT_OVER),
    ),
    Pose.GLIDE: ((0.0, _GLIDE),),
    Pose.PUSH: ((0.0, _GLIDE), (0.3, _PUSH), (0.8, replace(_PUSH, hip=(-0.05, 0.0, 0.78))), (1.0, _GLIDE)),
    Pose.PUSHED: ((0.0, _PUSHED),),
    Pose.FALL: (
        (0.0, _CROUCH),
        (0.5, replace(_CROUCH, hip=(-0.3, 0.1, 0.40), tilt=35, left_hand_down=1.0)),
        (1.0, _DOWN),
    ),
    Pose.SLIDE: ((0.0, _DOWN), (1.0, _FLAT)),
    Pose.LYING: ((0.0, _FLAT),),
    Pose.KNEEL: ((0.0, _FLAT), (1.0, _KNEELING)),
    Pose.RISE: ((0.0, _KNEELING), (1.0, _GLIDE)),
    Pose.KICK: ((0.0, _CROUCH), (0.5, _LUNGE), (1.0, _CROUCH)),
    Pose.HOME: ((0.0, _GLIDE), (1.0, _HOME)),
    Pose.WALK: (
        (0.0, _STAND),
        (0.2, _STEP),
        (0.36, _STEP_PAST),
        (0.5, _STAND),
        (0.7, _mirrored(_STEP)),
        (0.86, _mirrored(_STEP_PAST)),
        (1.0, _STAND),
    ),
    Pose.EASY: (
        (0.0, _GLIDE),
        (0.22, _EASY_PUSH),
        (0.36, _EASY_HOME),
        (0.5, _GLIDE),
        (0.72, _mirrored(_EASY_PUSH)),
        (0.86, _mirrored(_EASY_HOME)),
        (1.0, _GLIDE),
    ),
    Pose.BEND: ((0.0, _STAND), (0.4, _REACH), (0.6, _REACH), (1.0, _STAND)),
    Pose.LEG_OUT: ((0.0, _GLIDE), (0.15, _LEG_OUT), (0.8, _LEG_OUT), (1.0, _GLIDE)),
}


_ON_BACK = np.array([-0.36, 0.15, -0.10])
"""A hand at the small of the back, from its shoulder; ``y`` inwards."""


def _flat(posture: Posture) -> list[float]:
    numbers: list[float] = []
    for value in astuple(posture):
        numbers.extend(value if isinstance(value, tuple) else (value,))
    return numbers


def _columns() -> dict[str, slice]:
    found, start = {}, 0
    for field in fields(Posture):
        width = 3 if isinstance(getattr(_STAND, field.name), tuple) else 1
        found[field.name] = slice(start, start + width)
        start += width
    return found


COLUMNS = _columns()
"""Where each field of ``Posture`` stands in a row of numbers."""
WIDTH = len(_flat(_STAND))
_TABLES = {
    int(pose): (np.array([phase for phase, _ in keys]), np.array([_flat(posture) for _, posture in keys]))
    for pose, keys in KEYFRAMES.items()
}


def keyed(pose: NDArray[np.uint8], phase: Floats) -> Floats:
    """Postures as numbers, (N, WIDTH), at ``phase`` of ``pose``, both (N,); eased between keyframes."""
    postures = np.empty((len(pose), WIDTH))
    for code in np.unique(pose):
        chosen = pose == code
        phases, table = _TABLES[int(code)]
        at = np.clip(phase[chosen], 0.0, 1.0)
        after = np.clip(np.searchsorted(phases, at, side="right"), 1, max(len(phases) - 1, 1))
        if len(phases) == 1:
            postures[chosen] = table[0]
            continue
        share = (at - phases[after - 1]) / (phases[after] - phases[after - 1])
        share = (share * share * (3.0 - 2.0 * share))[:, None]
        postures[chosen] = table[after - 1] * (1.0 - share) + table[after] * share
    return postures


def postures_at(motion: Motion, time_s: float, people: NDArray[np.intp]) -> Floats:
    """(N, WIDTH) postures of ``people`` (indices) at ``time_s``, averaged over a short window around it."""
    window = time_s + _BLEND_S * np.linspace(-1.0, 1.0, 9)
    weight = np.hanning(11)[1:-1]
    columns = np.clip(np.searchsorted(motion.time_s, window), 0, len(motion.time_s) - 1)
    pose = motion.pose[np.ix_(people, columns)]
    phase = motion.phase[np.ix_(people, columns)]
    sampled = keyed(pose.ravel(), phase.ravel()).reshape(*pose.shape, WIDTH)
    for row, person in enumerate(people):
        skating = np.isin(pose[row], (Pose.STROKE, Pose.CORNER, Pose.GLIDE, Pose.EASY, Pose.HOME))
        sampled[row, skating] = _in_own_way(sampled[row, skating], motion.people[person].name, window[skating])
    return np.asarray(np.einsum("ptw,t->pw", sampled, weight / weight.sum()))


def _in_own_way(postures: Floats, name: str, time_s: Floats) -> Floats:
    """Postures (T, WIDTH) of one skater as this one has them: deeper or higher, longer or shorter strokes, the arms
    swinging or one or both on the back."""
    key = zlib.crc32(name.encode())
    rng = np.random.default_rng(key)
    deeper, longer = rng.uniform(-12.0, 16.0), rng.uniform(1.0, 1.9)
    out = postures.copy()
    out[:, COLUMNS["chest"]] += deeper
    out[:, COLUMNS["pelvis"]] += 0.6 * deeper
    out[:, COLUMNS["hip"]] += (0.0, 0.0, rng.uniform(-0.06, 0.03))
    for foot in ("left_foot", "right_foot"):
        place = out[:, COLUMNS[foot]]
        place[:, 0] *= np.where(place[:, 0] < 0, longer, 1.0)
        place[:, 1] *= np.where(np.abs(place[:, 1]) > 0.2, 0.5 + 0.5 * longer, 1.0)
        place[:, 2] *= longer
    for heel in ("heel_left", "heel_right"):
        out[:, COLUMNS[heel]] *= longer
    habits = ((time_s + key % 97) // _HABIT_S).astype(int)
    for habit in np.unique(habits):
        # A seed cannot be negative, and times before the gun are.
        on_back = np.random.default_rng((key, habit % 2**32)).random(2) < (0.45, 0.3)  # left, right
        for hand, side, is_on in zip(("left_hand", "right_hand"), (1.0, -1.0), on_back, strict=True):
            rows = (habits == habit) & is_on & (out[:, COLUMNS[f"{hand}_down"]][:, 0] < 0.5)
            out[rows, COLUMNS[hand]] = _ON_BACK * (1.0, -side, 1.0)
    return out
