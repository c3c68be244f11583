"""The finish line as vision would see it: where it stands upright in the picture and no fast pan smears it."""

import numpy as np
from numpy.typing import NDArray

from race.observations import Lines
from race.rink import Rink
from simulation.camera import Footage, project
from simulation.draws import Draws
from simulation.noise import Noise
from simulation.sightings import camera_steps, wandering

Floats = NDArray[np.float64]

# As ``vision.finish_line`` looks for it.
STEEPEST = 0.25
"""Pixels across per pixel down."""
LEAST_LENGTH = 0.12
"""Of the picture's height."""
LINE_M, LEAST_PX, WORKING_PX = 0.02, 0.5, 640
"""A line so wide has to be so many pixels wide in a picture of WORKING_PX, or it is lost in the ice's texture."""
FALSE_SLOPE, FALSE_STRENGTH, STRENGTH = 0.2, (14.0, 35.0), (15.0, 70.0)


def upright_line(footage: Footage) -> tuple[Floats, Floats]:
    """(F, 2) upper and (F, 2) lower end of the finish line in the picture, NaN where it is not to be found."""
    ends = np.column_stack([Rink().finish_line[[1, 0]], np.zeros(2)])
    camera = footage.position, footage.rotation, footage.focal_px, footage.k1
    far, near = (project(*camera, footage.size, np.broadcast_to(end, (len(footage), 3))) for end in ends)
    width, height = footage.size
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = (near[:, 0] - far[:, 0]) / (near[:, 1] - far[:, 1])
        low, high = np.clip(far[:, 1], 0, height), np.clip(near[:, 1], 0, height)
        top, bottom = (np.column_stack([far[:, 0] + slope * (y - far[:, 1]), y]) for y in (low, high))
        middle = (top[:, 0] + bottom[:, 0]) / 2
        away = np.linalg.norm(footage.position - ends.mean(axis=0), axis=1)
        wide = LINE_M * footage.focal_px / away * WORKING_PX / width
        shown = (np.abs(slope) <= STEEPEST) & (high - low >= LEAST_LENGTH * height) & (wide >= LEAST_PX)
        shown &= (middle >= 0) & (middle < width)
    return np.where(shown[:, None], top, np.nan), np.where(shown[:, None], bottom, np.nan)


def line_pan(top: Floats, bottom: Floats, footage: Footage) -> Floats:
    """(F,) how fast the line passes through the picture, widths a picture."""
    x = (top[:, 0] + bottom[:, 0]) / 2
    step = np.abs(np.diff(x))
    return np.asarray(np.fmax(np.append(step, np.nan), np.append(np.nan, step)) / footage.size[0])


def sight_lines(footage: Footage, noise: Noise, draws: Draws) -> Lines:
    """The lines that vision finds in ``footage``, one a picture at most."""
    top, bottom = upright_line(footage)
    pan = line_pan(top, bottom, footage)
    width, height = footage.size
    count = len(footage)
    lasts = max(1.0, noise.line_false_lasts_s * footage.fps)
    false = wandering(draws, count, lasts) < noise.line_false_per_frame
    step = camera_steps(footage)
    rows: list[tuple[float, ...]] = []
    stray = np.zeros((2, 3))
    for n in range(count):
        if false[n]:
            if n == 0 or not false[n - 1]:
                x, lean = draws.uniform(0, width), draws.uniform(-FALSE_SLOPE, FALSE_SLOPE)
                y = draws.uniform(0, 0.2) * height, draws.uniform(0.5, 1) * height
                stray = np.array([[x - lean * (y[1] - y[0]), y[0], 1.0], [x, y[1], 1.0]])
            elif np.isfinite(step[n, 0, 0]):
                stray = stray @ step[n].T
                stray /= stray[:, 2:]
            if ((stray[:, 0] >= 0) & (stray[:, 0] < width)).all():
                rows.append((n + 1, *stray[0, :2], *stray[1, :2], draws.uniform(*FALSE_STRENGTH)))
        elif np.isfinite(top[n, 0]) and not pan[n] > noise.line_pan and draws.chance(noise.line_chance):
            off = noise.line_sd * width * draws.normals(1)[0]
            rows.append((n + 1, top[n, 0] + off, top[n, 1], bottom[n, 0] + off, bottom[n, 1], draws.uniform(*STRENGTH)))
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Lines(table[:, 0].astype(np.int32), table[:, 1:3], table[:, 3:5], table[:, 5])
