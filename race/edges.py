"""The edges that a video's pictures showed, where mats, paint and ice may meet: what the camera is registered by.

``vision/edges.py`` finds them. On disk: ``observations/edges.parquet``, so that a race can be registered, by hand too,
without watching it again.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

WORKING_WIDTH = 640
FRACTION = 32
"""Places are kept to so small a part of a pixel."""


@dataclass(frozen=True, slots=True)
class Edges:
    """One row per edge, sorted by frame.

    frame  (n,)    number of the picture
    xy     (n, 2)  pixels of a picture WORKING_WIDTH wide
    along  (n,)    which way was scanned, and kind (n,): see ``vision/edges.py``
    """

    frame: NDArray[np.int32]
    xy: NDArray[np.float32]
    along: NDArray[np.uint8]
    kind: NDArray[np.uint8]

    def __post_init__(self) -> None:
        n = len(self.frame)
        for name, shape in (("xy", (n, 2)), ("along", (n,)), ("kind", (n,))):
            got = getattr(self, name).shape
            if got != shape:
                raise ValueError(f"Edges.{name}: expected shape {shape}, got {got}")
        if n and np.any(np.diff(self.frame) < 0):
            raise ValueError("Edges: rows have to be sorted by frame")

    def __len__(self) -> int:
        return len(self.frame)


def no_edges() -> Edges:
    return Edges(np.empty(0, np.int32), np.empty((0, 2), np.float32), np.empty(0, np.uint8), np.empty(0, np.uint8))


def join_edges(parts: list[Edges]) -> Edges:
    columns = ([getattr(part, name) for part in [no_edges(), *parts]] for name in ("frame", "xy", "along", "kind"))
    return Edges(*(np.concatenate(column) for column in columns))


def write_edges(edges: Edges, path: Path) -> None:
    x, y = np.rint(edges.xy * FRACTION).astype(np.uint16).T
    pl.DataFrame({"frame": edges.frame, "x": x, "y": y, "along": edges.along, "kind": edges.kind}).write_parquet(path)


def read_edges(path: Path) -> Edges:
    """None are there where ``path`` is not."""
    if not path.exists():
        return no_edges()
    table = pl.read_parquet(path)
    xy = table.select("x", "y").to_numpy().astype(np.float32) / np.float32(FRACTION)
    return Edges(table["frame"].to_numpy().astype(np.int32), xy, table["along"].to_numpy(), table["kind"].to_numpy())
