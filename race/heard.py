"""What the sound says of the race: its gun, where somebody starts then, and the bell of the last lap."""

from collections.abc import Sequence

import numpy as np

from race.events import RaceEvent
from race.formats import Sound
from race.laps import Passage

WAY_S, WAY_SD_S = 0.044, 0.025
"""From the gun to the microphone, which is anywhere up to 30 m off: at 340 m/s as likely 0 as 0.088 s."""
IN_STEP_SD_S = 0.02
"""Sound and pictures of a film are apart by so much, as broadcasters do it."""
LEAST_SHOT = 0.1
"""Somebody starts just then: a bang that is hardly one is the gun."""
FITS_SD = 2.5
LEAST_BELL = 0.5
RUNG_BEFORE_S, RUNG_AFTER_S = 2.0, 2.0
"""The leader comes to its last lap while the bell is rung, or so shortly before or after."""


def hear_gun(
    sounds: Sequence[Sound] | None, about_s: float, about_sd_s: float, least: float = LEAST_SHOT
) -> tuple[float, float] | None:
    """When the gun went that was heard ``about_s``, and its standard deviation; None where none was.

    A second shot, which calls the racers back, comes later than any start is uncertain.
    """
    best: tuple[float, float, float] | None = None
    for sound in sounds or ():
        if sound.kind == "bell" or sound.score < least:
            continue
        gun_s, sd_s = sound.time_s - WAY_S, float(np.hypot(np.hypot(WAY_SD_S, IN_STEP_SD_S), sound.time_sd_s))
        off = (gun_s - about_s) / float(np.hypot(about_sd_s, sd_s))
        worth = float(np.log(sound.score)) - off**2 / 2
        if abs(off) <= FITS_SD and (best is None or worth > best[0]):
            best = worth, gun_s, sd_s
    return None if best is None else best[1:]


def check_bell(
    sounds: Sequence[Sound] | None, passages: Sequence[Passage], event: RaceEvent | None, warnings: list[str]
) -> None:
    """Warn where the bell was not rung for the last lap as laps were counted, but for another."""
    if event is None:
        return
    crossed = {passage.lap: passage.time_s for passage in passages if passage.lap is not None}
    last = event.crossings - 1  # the crossing with one lap to go
    rung: dict[int, Sound] = {}
    for sound in sounds or ():
        if sound.kind != "bell" or sound.score < LEAST_BELL:
            continue
        from_s, to_s = sound.time_s - RUNG_BEFORE_S, (sound.end_s or sound.time_s) + RUNG_AFTER_S
        laps = [lap for lap, time_s in crossed.items() if lap is not None and from_s <= time_s <= to_s]
        if last in laps:
            return
        for lap in laps:
            rung.setdefault(lap, sound)
    if last in crossed and rung:
        lap, sound = max(rung.items(), key=lambda one: one[1].score)
        left = event.crossings - lap
        warnings.append(
            f"a bell was heard at {sound.time_s:.1f} s, as with one lap to go, but as laps were counted {left} were "
            "left; their numbers may be wrong"
        )
