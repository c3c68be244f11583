"""Crossings of the finish line at camera level A: a line that stays put on the ice, and the racers' leading blades.

The line is seen now and then (``Lines``); camera motion carries it through the frames between. A racer crosses it when
the leading end of the box, which ends at the tip of the blade stretched forward, passes the line.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from race.observations import Lines
from race.paths import map_point
from race.racers import Paths
from race.scene import Scene

Floats = NDArray[np.float64]

SAME_LINE = 0.05
"""Of the picture's width that a line may be off its expected place, per second since it was seen, plus ..."""
SAME_LINE_AT_ONCE = 0.03
MEMORY_S = 1.0
"""A line not seen for so long has to be found anew, ..."""
CARRIED_S = 2.5
"""... and is carried so far beyond its sightings at most, ..."""
CARRIED_SD_S = 0.01
"""... which moves crossings by so much for each second; on a real finish 7 to 10 ms in all over 0.5 to 2.5 s."""
BEYOND_ENDS = 0.5
"""Of its length seen that a line may go on unseen: mats and skaters hide its ends; further on is the other straight."""
MIN_LINE_PX = 8.0
MIN_SIGHTINGS = 5
SMOOTH_S = 0.1
NEAR_S = 0.35
"""Frames around a crossing, in seconds to or from the line, whose positions are fitted."""
BLADE_SD_S = 0.012
"""The end of the box is off the tip of the blade: 0.15 m at 13 m/s, one standard deviation."""
MAX_EXTRAPOLATION_S = 0.1


@dataclass(frozen=True, slots=True)
class LineTrack:
    """One line on the ice over the frames in which its place is known.

    top, bottom  (F, 2) ends in pixels of each frame, NaN where its place is not known
    sightings    number of frames in which it was seen, not carried
    unseen_s     (F,) seconds to its nearest sighting
    """

    top: Floats
    bottom: Floats
    sightings: int
    unseen_s: Floats

    def x_at(self, y: Floats) -> Floats:
        """The line's x at height ``y`` (..., F) of every frame, pixels."""
        slope = (self.bottom[:, 0] - self.top[:, 0]) / (self.bottom[:, 1] - self.top[:, 1])
        return np.asarray(self.bottom[:, 0] + slope * (y - self.bottom[:, 1]))


@dataclass(frozen=True, slots=True)
class LineCrossing:
    """Racer (index) ``racer`` crosses a line at ``time_s``, give or take ``time_sd_s``; ``seen`` doing so, or not."""

    racer: int
    time_s: float
    time_sd_s: float
    seen: bool = True
    own_sd_s: float | None = None
    """Without what all racers of a moment share, the camera's pose or the line's place; None: all is its own."""


def follow_lines(lines: Lines, scene: Scene) -> list[LineTrack]:
    """Join the sightings of ``lines`` into lines that stay put on the ice, those seen often first."""
    index_of = {int(number): k for k, number in enumerate(scene.number)}

    def carried(point: Floats, from_frame: int, to_frame: int) -> Floats:
        x, y = map_point(scene.to_reference[from_frame], point[0], point[1])
        return np.array(map_point(scene.from_reference[to_frame], x, y))

    open_lines: list[list[tuple[int, int]]] = []  # per line its sightings: (frame, row of lines)
    for row in map(int, np.flatnonzero(lines.bottom[:, 1] - lines.top[:, 1] >= MIN_LINE_PX)):
        t = index_of[int(lines.frame[row])]
        middle = (lines.top[row] + lines.bottom[row]) / 2
        for line in open_lines:
            last_frame, last_row = line[-1]
            elapsed_s = scene.time_s[t] - scene.time_s[last_frame]
            if scene.part[last_frame] != scene.part[t] or elapsed_s > MEMORY_S:
                continue
            top, bottom = (carried(end[last_row], last_frame, t) for end in (lines.top, lines.bottom))
            share = (middle[1] - top[1]) / (bottom[1] - top[1])
            expected_x = top[0] + share * (bottom[0] - top[0])
            if abs(expected_x - middle[0]) <= scene.width * (SAME_LINE_AT_ONCE + SAME_LINE * elapsed_s):
                line.append((t, row))
                break
        else:
            open_lines.append([(t, row)])

    tracks = []
    for line in open_lines:
        if len(line) < MIN_SIGHTINGS:
            continue
        top, bottom = np.full((len(scene.time_s), 2), np.nan), np.full((len(scene.time_s), 2), np.nan)
        seen_s = scene.time_s[[t for t, _ in line]]
        unseen_s = np.abs(scene.time_s[:, None] - seen_s).min(axis=1)
        for t in range(len(scene.time_s)):
            if scene.part[t] != scene.part[line[0][0]]:
                continue
            if unseen_s[t] > CARRIED_S:
                continue
            near = np.flatnonzero(np.abs(seen_s - scene.time_s[t]) <= unseen_s[t] + SMOOTH_S)
            weight = np.array([lines.strength[line[k][1]] for k in near])
            for ends, out in ((lines.top, top), (lines.bottom, bottom)):
                out[t] = np.average([carried(ends[line[k][1]], line[k][0], t) for k in near], axis=0, weights=weight)
        tracks.append(LineTrack(top, bottom, len(line), unseen_s))
    return sorted(tracks, key=lambda track: -track.sightings)


def find_crossings(line: LineTrack, paths: Paths, time_s: Floats) -> list[LineCrossing]:
    """Every crossing of ``line`` by the racers on ``paths``, in order of time; ``time_s`` (F,) of the frames."""
    crossings = []
    for racer in range(len(paths.ids)):
        speed = paths.velocity[racer, :, 0]
        x, y, w, h = np.where(paths.seen[racer], paths.box[racer].T, np.nan)
        tip_x = np.where(speed > 0, x + w, x)
        to_go_s = (line.x_at(y + h) - tip_x) / speed
        beyond = BEYOND_ENDS * (line.bottom[:, 1] - line.top[:, 1])
        on_line = (y + h >= line.top[:, 1] - beyond) & (y + h <= line.bottom[:, 1] + beyond)
        near = np.flatnonzero(on_line & (np.abs(to_go_s) <= NEAR_S))
        for stretch in np.split(near, np.flatnonzero(np.diff(time_s[near]) > NEAR_S) + 1):
            crossing = _fit_crossing(racer, time_s[stretch], to_go_s[stretch])
            if crossing is not None:
                carried_sd_s = CARRIED_SD_S * float(np.interp(crossing.time_s, time_s, line.unseen_s))
                own_sd_s = crossing.time_sd_s
                crossings.append(
                    replace(crossing, time_sd_s=float(np.hypot(own_sd_s, carried_sd_s)), own_sd_s=own_sd_s)
                )
    return sorted(crossings, key=lambda crossing: crossing.time_s)


def _fit_crossing(racer: int, time_s: Floats, to_go_s: Floats) -> LineCrossing | None:
    """The moment at which a straight line through ``to_go_s`` over ``time_s`` falls through zero, or None."""
    if len(time_s) < 4:
        return None
    keep = np.ones(len(time_s), bool)
    for _ in range(2):  # once more without the outliers: merged boxes
        slope, at_zero = np.polyfit(time_s[keep], to_go_s[keep], 1)
        residual = to_go_s - (slope * time_s + at_zero)
        spread = max(1.4826 * float(np.median(np.abs(residual[keep]))), 1e-3)
        keep = np.abs(residual) <= 3 * spread
        if keep.sum() < 4:
            return None
    if slope > -0.3:  # does not come closer at anything like its own speed
        return None
    moment = -at_zero / slope
    if not time_s[0] - MAX_EXTRAPOLATION_S <= moment <= time_s[-1] + MAX_EXTRAPOLATION_S:
        return None
    outside_s = max(0.0, time_s[0] - moment, moment - time_s[-1])
    sd = np.hypot(spread / np.sqrt(keep.sum()), BLADE_SD_S) + 0.2 * outside_s
    return LineCrossing(racer, float(moment), float(sd))
