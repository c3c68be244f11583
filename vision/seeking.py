"""Pictures of a video by number, without decoding all before them.

The container says, without decoding, when each picture is shown and which can be decoded on their own: sorted by the
time they are shown at, the n-th is picture n, as in ``vision/frames.py``, whatever the rate and the order in which they
are coded. From the last one before picture n that stands on its own, decoding goes on to n, and every picture on the
way has to be the one expected; where one is not, or the container does not say (AVI, damaged files, recordings joined
end to end), pictures are counted from the start of the video.
"""

import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from vision.frames import FrameReader, bgr_of, decoded, open_video, packets_of

Image = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Index:
    """In units of the stream: the times at which N pictures are shown, rising ``shown`` (N,); of those that can be
    decoded on their own the times at which they are shown, ``key_shown`` (K,), and decoded, ``key_decoded`` (K,)."""

    shown: Ints
    key_shown: Ints
    key_decoded: Ints


class Astray(Exception):
    """Another picture came than the index has."""


def read_index(path: Path) -> Index | None:
    """None where the container does not say which picture is which. Raises VideoError where it is no video."""
    shown, decoded_at, key = [], [], []
    with open_video(path) as (container, stream):
        if container.format.name == "avi":
            return None
        for packet in packets_of(container, stream):
            if packet.size and not packet.is_discard:
                if packet.pts is None or packet.dts is None or packet.is_corrupt:
                    return None
                shown.append(packet.pts)
                decoded_at.append(packet.dts)
                key.append(packet.is_keyframe)
    at, at_decoding, is_key = np.array(shown, np.int64), np.array(decoded_at, np.int64), np.array(key, bool)
    if not is_key.any() or len(np.unique(at)) < len(at) or (np.diff(at_decoding) <= 0).any():
        return None
    order = np.argsort(at)
    keys = order[is_key[order]]
    return Index(at[order], at[keys], at_decoding[keys])


class Pictures:
    """The pictures of a video, which is ``size`` (width, height) after rotation, by number from 1."""

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self._path, self._size = path, size
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._indexed = False
        self._coming: Generator[tuple[int, VideoFrame | Image], None, None] | None = None
        self._last: tuple[int, VideoFrame | Image] | None = None

    def get(self, number: int) -> Image | None:
        """(H, W, 3) BGR; None where the video has no such picture. Raises VideoError where it cannot be read."""
        with self._lock:
            if not self._indexed:
                self._index, self._indexed = read_index(self._path), True
            try:
                return self._get(number)
            except Astray:
                self.close()
                self._index = None
                return self._get(number)

    def close(self) -> None:
        if self._coming is not None:
            self._coming.close()
        self._coming = self._last = None

    def _get(self, number: int) -> Image | None:
        if number < 1 or (self._index is not None and number > len(self._index.shown)):
            return None
        if self._last is None or not self._first_needed(number) <= self._last[0] <= number:
            self.close()
            self._coming = self._counted() if self._index is None else self._from_key(self._index, number)
            self._last = next(self._coming, None)
        while self._coming is not None and self._last is not None and self._last[0] < number:
            self._last = next(self._coming, None)
        if self._last is None:
            return None
        picture = self._last[1]
        if isinstance(picture, VideoFrame):
            sideways = round(picture.rotation / 90) % 2
            picture = bgr_of(picture, self._size[::-1] if sideways else self._size)
        return picture

    def _first_needed(self, number: int) -> int:
        """From this picture on it is as quick to go on decoding as to seek."""
        if self._index is None:
            return 1
        shown, keys = self._index.shown, self._index.key_shown
        return 1 + int(np.searchsorted(shown, keys[max(_key(self._index, number), 0)]))

    def _counted(self) -> Generator[tuple[int, Image], None, None]:
        for frame in FrameReader(self._path):
            yield frame.number, frame.image

    def _from_key(self, index: Index, number: int) -> Generator[tuple[int, VideoFrame], None, None]:
        """Each with its number, from the key picture before ``number`` on."""
        for k in range(_key(index, number), -1, -1):
            row = int(np.searchsorted(index.shown, index.key_shown[k]))
            begun = False
            with open_video(self._path) as (container, stream):
                container.seek(int(index.key_decoded[k]), stream=stream)
                for picture in decoded(container, stream):
                    if not begun and picture is not None and picture.pts is not None:
                        if picture.pts < index.key_shown[k]:
                            continue
                        if picture.pts > index.key_shown[k]:
                            break  # the container went too far: from an earlier one
                    begun = True
                    if picture is None or row == len(index.shown) or picture.pts != index.shown[row]:
                        raise Astray
                    row += 1
                    yield row, picture
            if begun and row < len(index.shown):
                raise Astray
            if begun:
                return
        raise Astray


def _key(index: Index, number: int) -> int:
    """The last key picture shown no later than picture ``number``, -1 where none is."""
    return int(np.searchsorted(index.key_shown, index.shown[number - 1], side="right")) - 1
