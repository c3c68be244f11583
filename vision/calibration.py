"""The page of ``shorttrack calibrate``: pictures of a video, points of the rink in them, and the cameras they tell.

Served on loopback only. GET /, /about, /frame/N (JPEG); POST /fit and /save with the content of a registration file
(``vision/keyframes.py``), /move with a camera and the points dragged so far (``vision/dragging.py``).
"""

import json
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from race.edges import WORKING_WIDTH
from race.errors import RaceFileError, ShorttrackError
from race.formats import Video
from race.poses import Poses
from race.rink import Rink
from vision.dragging import drag, read_view
from vision.first_guess import K1, PLACE
from vision.keyframes import Keyframes, find_key_cameras, marks_of, read_keyframes
from vision.racing_feet import looking
from vision.seeking import Pictures

Floats = NDArray[np.float64]

LARGEST_BODY = 1 << 20
LINE_M = np.linspace(-40, 40, 1601)
"""Where along a line a point of it is looked for."""
START_FOCAL = 800.0
"""Pixels of a picture 640 wide: a wide view to begin with."""


def about(video: Video, rink: Rink, given: dict[str, Any] | None) -> dict[str, Any]:
    """What the page has to know: the video's size and pictures, the rink's marks and lines in metres, a camera to begin
    with, and what a file holds already."""
    marks = {name: list(place[:2]) for name, (place, _) in marks_of(rink).items()}
    lines = {name: line.tolist() for name, line in _lines(rink).items()}
    start = {"own": [0.0, 0.2, 0.0, float(np.log(START_FOCAL))], "shared": [*PLACE.tolist(), K1, 0.0]}
    size = [video.width, video.height]
    return {"size": size, "frames": video.frames, "marks": marks, "lines": lines, "start": start, "given": given}


def read_given(path: Path, video: Video, rink: Rink) -> dict[str, Any]:
    """The registration file ``path``, with pixels of ``video``, to go on with. Raises RaceFileError where it is none,
    or of another video."""
    read_keyframes(path, (video.width, video.height), rink)
    content: dict[str, Any] = json.loads(path.read_bytes())
    if content.get("video_sha256", video.sha256) != video.sha256:
        raise RaceFileError(f"{path}: its points are of another video than {video.path}; name another file")
    scale = video.width / content["size"][0]
    for point in (point for one in content["keyframes"] for point in one["points"]):
        point["pixel"] = [scale * value for value in point["pixel"]]
    return content | {"size": [video.width, video.height]}


def fit(body: bytes, size: tuple[int, int], rink: Rink) -> dict[str, Any]:
    """The rink in every keyframe and by how far each point is off, in pixels; or why no camera is found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points"
        path.write_bytes(body)
        try:
            given = read_keyframes(path, size, rink)
            found = find_key_cameras(given)
        except ShorttrackError as error:
            return {"error": str(error).removeprefix(f"{path}: ")}
    shared = np.array([*found.place, found.k1, found.track_shift_m])
    keyframes = [
        {"frame": int(frame)} | _seen(given, k, found.own[k], shared, size, rink) for k, frame in enumerate(given.frame)
    ]
    return {"keyframes": keyframes, "shared": shared.tolist()}


def move(body: bytes, size: tuple[int, int], rink: Rink) -> dict[str, Any]:
    """The rink in one picture once the camera has followed the points dragged there; or what is wrong with them."""
    try:
        view = read_view(body)
        own, given = drag(view, size, rink)
    except ShorttrackError as error:
        return {"error": str(error)}
    return _seen(given, 0, own, np.array(view.shared), size, rink)


def _seen(
    given: Keyframes, keyframe: int, own: Floats, shared: Floats, size: tuple[int, int], rink: Rink
) -> dict[str, Any]:
    """Under one camera: its numbers, where the rink's lines and marks are seen, and by how far points are off."""
    scale, one, shift = size[0] / WORKING_WIDTH, np.ones(1), float(shared[4])
    poses = Poses(
        size, shared[None, :3], looking(*own[:3])[None], np.exp(own[3:]) * scale, shared[3] * one, 0 * one, one
    )
    # A shift that the oval has no room for is drawn as far out as there is room.
    room_m = rink.ice_length_m / 2 - rink.straight_m / 2 - rink.measured_radius_m - 1e-6
    lines = _lines(replace(rink, track_shift_m=float(np.clip(shift, -room_m, room_m))))
    off = []
    for n in np.flatnonzero(given.keyframe == keyframe):
        where = _points(given.place[n, :2], float(given.moves[n]), shift)
        miss = np.linalg.norm(poses.to_pixels(0, where) - given.pixel[n] * scale, axis=1)
        off.append(round(float(np.nanmin(miss)), 2) if np.isfinite(miss).any() else None)
    marks = {}
    for name, ((x, y, _), moves) in marks_of(rink).items():
        place = _points(np.array([x, y], dtype=float), moves, shift)
        inside = (np.abs(place) <= np.array([rink.ice_length_m, rink.ice_width_m]) / 2).all(
            axis=1
        )  # not on past its end
        marks[name] = _json(poses.to_pixels(0, place[inside]))
    drawn = {name: _json(poses.to_pixels(0, line)) for name, line in lines.items()}
    return {"own": own.tolist(), "off_px": off, "lines": drawn, "marks": marks}


def _points(place: Floats, moves: float, shift_m: float) -> Floats:
    """(1, 2) m, or many where ``place`` (2,) is NaN in the coordinate that is open."""
    at = place + np.array([moves * shift_m, 0.0])
    where = np.repeat(at[None], len(LINE_M) if np.isnan(at).any() else 1, axis=0)
    where[np.isnan(where)] = LINE_M if len(where) > 1 else 0.0
    return where


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

    def __init__(
        self, video: Video, rink: Rink, save: Callable[[str], object], given: dict[str, Any] | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.video, self.rink, self.save, self.given = video, rink, save, given
        self.pictures = Pictures(Path(video.path), (video.width, video.height))

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
                self._tell(200, about(self.server.video, self.server.rink, self.server.given))
            elif self.path.startswith("/frame/") and self.path[7:].isdecimal() and int(self.path[7:]) > 0:
                picture = self.server.pictures.get(int(self.path[7:]))
                if picture is None:
                    self._tell(404, {"error": "the video has no such picture"})
                else:
                    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
                    self._answer(200, bytes(coded), "image/jpeg")
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
        if self.path not in ("/fit", "/move", "/save"):
            self._tell(404, {"error": "no such page"})
            return
        answers = move if self.path == "/move" else fit
        answer = answers(body, (self.server.video.width, self.server.video.height), self.server.rink)
        if self.path == "/save" and "error" not in answer:
            try:
                content = json.loads(body) | {"video_sha256": self.server.video.sha256}
                self.server.save(json.dumps(content, indent=1) + "\n")
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
