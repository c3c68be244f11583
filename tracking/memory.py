"""What the tracker knows between two frames: one array, which can be copied, saved and kept for many videos at once.

One, because each array that a kernel is handed takes as long as following a person does. It holds, one after the other,
a HEAD record, a homography that is not known, a TRACK record and a colour descriptor for each person there is room for,
and room for the work of a frame.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc, attr-defined, call-arg"

from typing import Any

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

from tracking.association import CANDIDATES
from tracking.kalman import TRACK
from tracking.rows import put
from tracking.settings import SETTINGS, Settings, as_record
from tracking.tables import Floats

HEAD = np.dtype(
    [
        ("time_s", np.float64),  # of the last frame
        ("count", np.int64),  # tracks in use
        ("next_id", np.int64),
        ("capacity", np.int64),  # tracks there is room for
        ("colours", np.int64),  # K, the length of a colour descriptor
        ("settings", SETTINGS),
    ],
    align=True,
)
WORD = 8
HEAD_WORDS, TRACK_WORDS = HEAD.itemsize // WORD, TRACK.itemsize // WORD
FIRST_TRACK = HEAD_WORDS + 9
WORK_WORDS = 6 + 2 * CANDIDATES
"""Whole numbers for the work of a frame, for each track there is room for; CANDIDATES gains besides."""


def new_memory(settings: Settings, colours: int = 0, capacity: int = 64) -> Floats:
    """The memory of a tracker that has seen nothing yet."""
    memory = np.full(_words(capacity, colours), np.nan)
    memory[:HEAD_WORDS].view(HEAD)[0] = (0.0, 0, 1, capacity, colours, as_record(settings)[0])
    return memory


def check_memory(memory: Floats) -> None:
    """Raises ValueError where ``memory`` is not as ``new_memory`` makes it, since kernels write to it unchecked."""
    fits = memory.dtype == np.float64 and memory.ndim == 1 and memory.flags.carray and len(memory) >= FIRST_TRACK
    if fits:
        head = memory[:HEAD_WORDS].view(HEAD)[0]
        count, capacity, colours = int(head["count"]), int(head["capacity"]), int(head["colours"])
        fits = 0 <= count <= capacity <= len(memory) >= colours >= 0 and len(memory) == _words(capacity, colours)
    if not fits:
        raise ValueError(
            "TrackerState.memory: expected a writeable array as new_state makes it; "
            "this one is read-only, cut short or of another version"
        )


@njit(cache=True, error_model="numpy")
def _words(capacity, colours):
    return FIRST_TRACK + capacity * (TRACK_WORDS + colours + WORK_WORDS + CANDIDATES)


@intrinsic
def _pointer(typing: Any, address: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.intp), build


@njit(cache=True, error_model="numpy")
def parts(memory):
    """What is in a memory, valid as long as it lives: plain pointers, because counted views cost as much as a person.

    head     (1,)  HEAD record
    unknown  (3, 3)  NaN, a homography that is not known
    track    (capacity,)  TRACK records, the first ``head[0].count`` in use
    feature  (capacity, K)  their colour descriptors, NaN where unknown
    work     (WORK_WORDS * capacity,)  int64, free to use within a frame, ...
    gain     (CANDIDATES * capacity,)  ... float64 likewise
    """
    at = memory.ctypes.data
    head = carray(_pointer(at), 1, HEAD)
    capacity, colours = head[0].capacity, head[0].colours
    unknown = carray(_pointer(at + WORD * HEAD_WORDS), (3, 3), np.float64)
    at += WORD * FIRST_TRACK
    track = carray(_pointer(at), capacity, TRACK)
    at += WORD * TRACK_WORDS * capacity
    feature = carray(_pointer(at), (capacity, colours), np.float64)
    at += WORD * colours * capacity
    work = carray(_pointer(at), WORK_WORDS * capacity, np.int64)
    gain = carray(_pointer(at + WORD * WORK_WORDS * capacity), CANDIDATES * capacity, np.float64)
    return head, unknown, track, feature, work, gain


@njit(cache=True, error_model="numpy")
def grown(memory, capacity):
    """A copy of ``memory`` with room for ``capacity`` tracks, no fewer than are in use."""
    head = parts(memory)[0]
    count, colours = head[0].count, head[0].colours
    more = np.full(_words(capacity, colours), np.nan)
    for k in range(FIRST_TRACK + TRACK_WORDS * count):
        more[k] = memory[k]
    parts(more)[0][0].capacity = capacity
    wider, feature = parts(more)[3], parts(memory)[3]
    for t in range(count):
        put(wider[t], feature[t])
    return more
