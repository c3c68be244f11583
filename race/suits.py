"""Suit colours for the report."""

from race.observations import Detections
from tracking import Tracks


def suit_colours(detections: Detections, tracks: Tracks, racers: int) -> list[str | None]:
    return [None] * racers
