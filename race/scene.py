"""The frames of a video with the camera's motion chained, so that places on the ice can be compared across frames."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from race.observations import Observations
from race.stabilise import chain, split_at_gaps

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scene:
    """One row per frame that was looked at.

    number          (F,)      number of the picture, as in ``Frames``
    time_s          (F,)      its time
    to_reference    (F, 3, 3) pixels of the frame -> pixels of the first frame of its part
    from_reference  (F, 3, 3) the inverses
    shot            (F,)      index of its shot
    part            (F,)      as ``shot``, but where the camera's motion was lost for long a new part begins
    width, height   of the pictures, pixels
    """

    number: NDArray[np.int32]
    time_s: Floats
    to_reference: Floats
    from_reference: Floats
    shot: NDArray[np.int32]
    part: NDArray[np.int32]
    width: int
    height: int


def make_scene(observations: Observations) -> Scene:
    """Chain the camera's motion within each shot of ``observations``."""
    frames, video = observations.frames, observations.video
    starts = [shot.start_s for shot in observations.shots]
    begun = np.searchsorted(starts, frames.time_s + 1e-6, side="right")
    shot: NDArray[np.int32] = np.maximum(begun - 1, 0).astype(np.int32)
    part = split_at_gaps(frames.motion, shot)
    to_reference, _ = chain(frames.motion, frames.motion_quality, part, video.width)
    return Scene(
        frames.number,
        frames.time_s,
        to_reference,
        np.asarray(np.linalg.inv(to_reference), np.float64),
        shot,
        part,
        video.width,
        video.height,
    )
