"""The page of ``shorttrack calibrate``: pictures of a video, clicked points of the rink, and the cameras they tell.

Served on loopback only. GET /, /about, /frame/N (JPEG); POST /fit and /save with the content of a registration file
(``vision/keyframes.py``). A picture before the one last shown is decoded from the start of the video again.
"""

import json
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH
from race.errors import ShorttrackError
from race.formats import Video
from race.poses import Poses
from race.rink import Rink
from vision.frames import Frame, FrameReader
from vision.keyframes import Keyframes, find_key_cameras, marks_of, read_keyframes

Floats = NDArray[np.float64]

LARGEST_BODY = 1 << 20
LINE_M = np.linspace(-40, 40, 1601)
"""Where along a line a point of it is looked for."""


class Pictures:
    """The pictures of a video by number, as JPEG."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._frames: Generator[Frame, None, None] | None = None
        self._last: Frame | None = None

    def jpeg(self, number: int) -> bytes | None:
        """None where the video has no such picture."""
        with self._lock:
            if self._frames is None or self._last is None or number < self._last.number:
                self.close()
                self._frames = iter(FrameReader(self._path))
                self._last = next(self._frames, None)
            while self._last is not None and self._last.number < number:
                self._last = next(self._frames, None)
            if self._last is None or self._last.number != number:
                return None
            return bytes(cv2.imencode(".jpg", self._last.image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])

    def close(self) -> None:
        if self._frames is not None:
            self._frames.close()
        self._frames = self._last = None


def about(video: Video, rink: Rink) -> dict[str, Any]:
    """What the page has to know: the video's size and pictures, the rink's marks and lines in metres."""
    marks = {name: list(place[:2]) for name, (place, _) in marks_of(rink).items()}
    lines = {name: line.tolist() for name, line in _lines(rink).items()}
    return {"size": [video.width, video.height], "frames": video.frames, "marks": marks, "lines": lines}


def fit(body: bytes, size: tuple[int, int], rink: Rink) -> dict[str, Any]:
    """The rink's lines in every keyframe and by how far each point is off, in pixels; or why no camera is found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points"
        path.write_bytes(body)
        try:
            given = read_keyframes(path, size, rink)
            return {"keyframes": _fitted(given, size, rink)}
        except ShorttrackError as error:
            return {"error": str(error).removeprefix(f"{path}: ")}


def _fitted(given: Keyframes, size: tuple[int, int], rink: Rink) -> list[dict[str, Any]]:
    found = find_key_cameras(given)
    count, scale = len(given.frame), size[0] / WORKING_WIDTH
    full = np.ones(count)
    shift = float(found.track_shift_m)
    poses = Poses(
        size, np.tile(found.place, (count, 1)), found.rotation, found.focal * scale, found.k1 * full, shift * full, full
    )
    # A shift that the oval has no room for is drawn as far out as there is room.
    room_m = rink.ice_length_m / 2 - rink.straight_m / 2 - rink.measured_radius_m - 1e-6
    lines = _lines(Rink(track_shift_m=float(np.clip(shift, -room_m, room_m))))
    answer = []
    for row, frame in enumerate(given.frame):
        off = []
        for n in np.flatnonzero(given.keyframe == row):
            place = given.place[n, :2] + np.array([given.moves[n] * shift, 0.0])
            where = np.repeat(place[None], len(LINE_M) if np.isnan(place).any() else 1, axis=0)
            where[np.isnan(where)] = LINE_M if len(where) > 1 else 0.0
            miss = np.linalg.norm(poses.to_pixels(row, where) - given.pixel[n] * scale, axis=1)
            off.append(round(float(np.nanmin(miss)), 2))
        drawn = {name: _json(poses.to_pixels(row, line)) for name, line in lines.items()}
        answer.append({"frame": int(frame), "off_px": off, "lines": drawn})
    return answer


def _lines(rink: Rink) -> dict[str, Floats]:
    """(M, 2) m each: what is drawn of the rink; the blocks are points."""
    mats = rink.mats()
    oval = rink.to_ice(np.column_stack([np.linspace(0, rink.lap_m, 150), np.zeros(150)]))
    line = np.linspace(rink.finish_line[0], rink.finish_line[1], 20)
    return {"mats": np.concatenate([mats, mats[:1]]), "oval": oval, "finish": line, "blocks": rink.blocks}


def _json(pixels: Floats) -> list[list[float] | None]:
    return [[round(float(x), 1), round(float(y), 1)] if np.isfinite([x, y]).all() else None for x, y in pixels]


class Server(ThreadingHTTPServer):
    """Answers the page until it saves; ``save`` is called with the content of the file."""

    daemon_threads = True

    def __init__(self, video: Video, rink: Rink, save: Callable[[str], object], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.video, self.rink, self.save = video, rink, save
        self.pictures = Pictures(Path(video.path))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def serve(self) -> None:
        with closing(self.pictures):
            self.serve_forever(poll_interval=0.1)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if not self._is_ours():
            return
        try:
            if self.path == "/":
                page = files("vision").joinpath("calibration.html").read_bytes()
                self._answer(200, page, "text/html; charset=utf-8")
            elif self.path == "/about":
                self._tell(200, about(self.server.video, self.server.rink))
            elif self.path.startswith("/frame/") and self.path[7:].isdecimal() and int(self.path[7:]) > 0:
                picture = self.server.pictures.jpeg(int(self.path[7:]))
                if picture is None:
                    self._tell(404, {"error": "the video has no such picture"})
                else:
                    self._answer(200, picture, "image/jpeg")
            else:
                self._tell(404, {"error": "no such page"})
        except ShorttrackError as error:
            self._tell(500, {"error": str(error)})

    def do_POST(self) -> None:
        if not self._is_ours():
            return
        length = self.headers.get("Content-Length", "")
        if (
            self.headers.get_content_type() != "application/json"
            or not length.isdecimal()
            or int(length) > LARGEST_BODY
        ):
            self._tell(400, {"error": "expected JSON of 1 MB at most"})
            return
        body = self.rfile.read(int(length))
        if self.path not in ("/fit", "/save"):
            self._tell(404, {"error": "no such page"})
            return
        answer = fit(body, (self.server.video.width, self.server.video.height), self.server.rink)
        if self.path == "/save" and "error" not in answer:
            try:
                self.server.save(json.dumps(json.loads(body), indent=1) + "\n")
            except (ShorttrackError, OSError) as error:
                answer = {"error": str(error)}
        self._tell(200, answer)
        if self.path == "/save" and "error" not in answer:
            self.server.shutdown()

    def _is_ours(self) -> bool:
        """Whether the page itself asks: another site's name that leads here does not get in."""
        host = self.headers.get("Host", "")
        port = self.server.server_address[1]
        if host in (f"127.0.0.1:{port}", f"localhost:{port}"):
            return True
        self._tell(403, {"error": "only from this machine"})
        return False

    def _tell(self, status: int, content: dict[str, Any]) -> None:
        self._answer(status, json.dumps(content).encode(), "application/json")

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass
