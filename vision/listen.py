"""What is heard in a video, in constant memory: shots, an electronic starter's tones and the bell.

Each has its time and how sure it is.
"""

from collections.abc import Iterator
from pathlib import Path

from race.formats import Sound, SoundKind
from vision.bangs import APART_S, find_bangs
from vision.ringing import Ringing, find_ringing
from vision.sound import Audio, sound_of, stretches
from vision.tones import Tone, find_tones

LOOKED_AT_S, AROUND_S = 20.0, 8.0
"""So much is looked at in one go, with what is heard before and after it."""
LEAST_SCORE, LEAST_RING = 0.05, 0.3
"""What is less sure is left out; a ring besides would be joined with a bell near it."""
SHOT_SD_S, TONE_SD_S, RING_SD_S = 0.003, 0.01, 0.08
"""Of when it is heard to begin; what sound and video are apart is the reader's concern."""
JOINED_S = 1.0


def listen(path: Path, from_s: float | None = None, to_s: float | None = None) -> list[Sound] | None:
    """By time; None where there is nothing to listen to. Raises VideoError where the video cannot be read."""
    return hear(sound_of(path, from_s, to_s))


def hear(parts: Iterator[Audio]) -> list[Sound] | None:
    """What is heard in ``parts`` of a sound, by time; None where there are none."""
    heard = False
    sounds: list[Sound] = []
    tones: list[Tone] = []
    rings: list[Ringing] = []
    for audio, core_s, until_s in stretches(parts, LOOKED_AT_S, AROUND_S):
        heard = True
        sounds += [
            _sound("shot", bang.time_s, None, SHOT_SD_S, bang.score)
            for bang in find_bangs(audio)
            if max(core_s, sounds[-1].time_s + APART_S if sounds else core_s) <= bang.time_s < until_s
        ]
        tones += [tone for tone in find_tones(audio) if core_s <= tone.time_s < until_s]
        for ring in find_ringing(audio):
            if ring.score >= LEAST_RING and ring.end_s >= core_s and ring.start_s < until_s:
                rings = _joined(rings, ring)
    sounds += [
        _sound("tone", tone.time_s, None, TONE_SD_S, tone.score)
        for tone in tones
        if not any(ring.start_s - JOINED_S < tone.time_s < ring.end_s for ring in rings)  # a bell's stroke
        and not any(abs(sound.time_s - tone.time_s) < APART_S and sound.score > tone.score for sound in sounds)
    ]
    sounds += [_sound("bell", ring.start_s, ring.end_s, RING_SD_S, ring.score) for ring in rings]
    worth = [sound for sound in sounds if sound.score >= LEAST_SCORE]
    return sorted(worth, key=lambda sound: sound.time_s) if heard else None


def _sound(kind: SoundKind, time_s: float, end_s: float | None, sd_s: float, score: float) -> Sound:
    return Sound(
        kind=kind,
        time_s=round(time_s, 4),
        end_s=None if end_s is None else round(end_s, 2),
        time_sd_s=sd_s,
        score=round(score, 3),
    )


def _joined(rings: list[Ringing], ring: Ringing) -> list[Ringing]:
    """``rings`` by time and ``ring``, one with the last where the two are of the same bell."""
    if not rings or ring.start_s > rings[-1].end_s + JOINED_S:
        return [*rings, ring]
    last = rings[-1]
    both = Ringing(min(last.start_s, ring.start_s), max(last.end_s, ring.end_s), max(last.score, ring.score))
    return [*rings[:-1], both]
