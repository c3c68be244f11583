"""The scene that is drawn: hall and people as meshes, by pyvista off the screen, through a broadcast camera's lens."""

import contextlib
import importlib
import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from race.rink import Rink
from simulation.camera import Camera
from simulation.pictures import hall
from simulation.pictures.hall import Venue
from simulation.pictures.suits import Picture, cut

Floats = NDArray[np.float64]

OVERSAMPLE = 1.5
"""Pictures are drawn this much larger and then shrunk, which smooths edges."""
_BLOCK_M = (0.12, 0.12, 0.09)


class Scene:
    """A hall with people in it, kept on the graphics side from picture to picture.

    ``tiles`` are the clothes of the people who move, ``crowd`` the meshes (vertices, normals) and tiles of those who
    stand still outside the mats.
    """

    def __init__(
        self,
        venue: Venue,
        rink: Rink,
        tiles: list[Picture],
        standing: tuple[Floats, Floats, list[Picture]],
        size: tuple[int, int],
    ) -> None:
        with contextlib.suppress(ImportError):
            # Mesa brings an LLVM which, if it is loaded first, crashes triton's when torch loads it to train.
            importlib.import_module("triton._C.libtriton")
        import pyvista
        from vtkmodules.vtkCommonCore import vtkLogger

        pyvista.OFF_SCREEN = True
        vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)  # it warns where there is no X server, and does without
        self._venue, self._rink, self._size = venue, rink, size
        self._drawn = (round(size[0] * OVERSAMPLE), round(size[1] * OVERSAMPLE))
        self._plotter: Any = pyvista.Plotter(off_screen=True, window_size=self._drawn, lighting="none")
        self._plotter.disable_anti_aliasing()
        self._plotter.set_background([v / 255 * 0.5 for v in venue.drape])
        self._lamps()
        self._hall()
        self._crowd(*standing)
        self._people, self._shadows = self._cast(tiles)
        self._blocks = _block_mesh(block_corners(rink.blocks))
        self._plotter.add_mesh(self._blocks, color=(0.09, 0.09, 0.1), lighting=False)
        self._plotter.show(auto_close=False, interactive=False)

    def draw(self, camera: Camera, vertices: Floats, normals: Floats, shadows: Floats, blocks: Floats) -> Picture:
        """(H, W, 3) BGR. vertices, normals (N, V, 3); shadows (N, 2) where each is cast; blocks (B, 2)."""
        for mesh, points, across in zip(self._people, vertices, normals, strict=True):
            if np.isfinite(camera.project(points.mean(axis=0))).all():
                _move(mesh, points, across)
        spots = np.repeat(shadows, 4, axis=0) + np.tile(_SPOT, (len(shadows), 1))
        self._shadows.points = np.column_stack([spots, np.full(len(spots), 0.004)]).astype(np.float32)
        self._blocks.copy_from(_block_mesh(block_corners(blocks)))
        widest = _aim(self._plotter.camera, camera)
        self._plotter.render()
        drawn = np.asarray(self._plotter.screenshot(None, return_img=True))
        return _through_lens(cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), camera, widest)

    def close(self) -> None:
        self._plotter.close()

    def _lamps(self) -> None:
        import pyvista

        for x, y, strength in ((-15, -8, 0.42), (15, -8, 0.42), (0, 10, 0.42), (0, -30, 0.22)):
            light = pyvista.Light(position=(x, y, 12), focal_point=(0, 0, 0), intensity=strength)
            light.positional = False
            self._plotter.add_light(light)

    def _hall(self) -> None:
        import pyvista

        venue, rink = self._venue, self._rink
        light = venue.light
        half_x, half_y = rink.ice_length_m / 2, rink.ice_width_m / 2
        line, along = hall.mat_line(rink)
        back, _ = hall.mat_line(rink, hall.MAT_DEPTH_M)
        height = rink.mat_height_m
        mats = _texture(hall.mat_texture(venue, rink, along[-1]), light)
        # u runs against the skating, so that words read from inside the track
        front = hall.strip(hall.raised(line, 0.0), hall.raised(line, height), -along / along[-1])
        self._surface(front, mats)
        below = hall.strip(hall.raised(line, 0.0), hall.raised(line, -height), -along / along[-1])
        self._surface(below, mats)
        top = hall.strip(hall.raised(line, height), hall.raised(back, height), along)
        self._surface(top, colour=venue.rim, shade=0.9 * light)
        behind = hall.strip(hall.raised(back, height), hall.raised(back, 0.0), along)
        self._surface(behind, colour=venue.rim, shade=0.5 * light)

        crowd = _texture(hall.crowd_texture(venue), 1.0)
        crowd.repeat = True
        foot, _ = hall.mat_line(rink, 4.0)
        rear, _ = hall.mat_line(rink, 14.0)
        drape = hall.strip(hall.raised(foot, 0.0), hall.raised(foot, 1.9), along)
        self._surface(drape, colour=venue.drape, shade=0.9, one_sided=True)
        seats = hall.strip(hall.raised(foot, 1.9), hall.raised(rear, 7.5), -along / hall.SEATS_WIDE_M)
        self._surface(seats, crowd, one_sided=True)
        floor, _ = hall.mat_line(rink, 20.0)
        self._surface(
            hall.strip(hall.raised(back, -0.02), hall.raised(floor, -0.02), along), colour=(60, 62, 70), shade=0.8
        )

        lamps = [
            pyvista.Plane(center=(x, y, -hall.LAMP_HEIGHT_M), direction=(0, 0, 1), i_size=1.4, j_size=0.5)
            for x in np.arange(-half_x + 4, half_x, 6.5)
            for y in (-9.0, -3.0, 3.0, 9.0)
        ]
        self._plotter.add_mesh(pyvista.merge(lamps), color="white", lighting=False)
        under = pyvista.Plane(center=(0, 0, -hall.LAMP_HEIGHT_M - 1), i_size=200, j_size=160)
        self._plotter.add_mesh(under, color=(0.93, 0.94, 0.96), lighting=False)
        ice = pyvista.Plane(center=(0, 0, 0), i_size=2 * half_x, j_size=2 * half_y, i_resolution=1, j_resolution=1)
        self._plotter.add_mesh(
            ice, texture=_texture(hall.ice_texture(venue, rink), light), lighting=False, opacity=0.92
        )

    def _surface(
        self,
        strip: hall.Strip,
        texture: Any = None,
        colour: tuple[int, int, int] = (255, 255, 255),
        shade: float = 1.0,
        one_sided: bool = False,
    ) -> None:
        import pyvista

        quads = np.column_stack([np.full(len(strip.quads), 4), strip.quads]).ravel()
        mesh = pyvista.PolyData(strip.points.astype(np.float32), quads)
        mesh.active_texture_coordinates = strip.uv.astype(np.float32)
        culling = "front" if one_sided else None
        if texture is None:
            tone = [min(1.0, v / 255 * shade) for v in colour]
            self._plotter.add_mesh(mesh, color=tone, lighting=False, culling=culling)
        else:
            self._plotter.add_mesh(mesh, texture=texture, lighting=False, culling=culling)

    def _crowd(self, vertices: Floats, normals: Floats, tiles: list[Picture]) -> None:
        for points, across, tile in zip(vertices, normals, tiles, strict=True):
            mesh, texture = _figure(tile, 0.8 * self._venue.light, points[:, 2] > 0.7 * self._rink.mat_height_m)
            _move(mesh, points, across)
            self._plotter.add_mesh(mesh, texture=texture, **_CLOTH)

    def _cast(self, tiles: list[Picture]) -> tuple[list[Any], Any]:
        import pyvista

        spot = np.hypot(*np.meshgrid(np.linspace(-1, 1, 64), np.linspace(-1, 1, 64)))
        dark = np.zeros((64, 64, 4), np.uint8)
        dark[..., 3] = np.clip(1.0 - spot, 0, 1) ** 1.4 * 110
        dark[..., :3] = 30
        count = len(tiles)
        quads = np.column_stack([np.full(count, 4), np.arange(4 * count).reshape(-1, 4)]).ravel()
        shadows = pyvista.PolyData(np.full((4 * count, 3), 1e4, np.float32), quads)
        shadows.active_texture_coordinates = np.tile([[0, 0], [1, 0], [1, 1], [0, 1]], (count, 1)).astype(np.float32)
        self._plotter.add_mesh(shadows, texture=pyvista.Texture(dark), lighting=False)
        people = []
        for tile in tiles:
            mesh, texture = _figure(tile, self._venue.light)
            actor = self._plotter.add_mesh(mesh, texture=texture, **_CLOTH)
            mirrored = actor.copy(deep=False)  # the same mesh upside down below the ice, seen through it
            mirrored.SetScale(1, 1, -1)
            self._plotter.add_actor(mirrored)
            people.append(mesh)
        return people, shadows


_CLOTH = {"lighting": True, "ambient": 0.34, "diffuse": 0.78, "specular": 0.12, "specular_power": 12}
_SPOT = np.array([[-0.75, -0.5], [0.75, -0.5], [0.75, 0.5], [-0.75, 0.5]])


def block_corners(blocks: Floats) -> Floats:
    """(B, 2) -> (B, 8, 3) corners of the blocks that lie there: blunt pyramids."""
    wide, deep, high = _BLOCK_M
    one = np.array(
        [
            (0.5 * x * wide * (1 - 0.3 * z), 0.5 * y * deep * (1 - 0.3 * z), z * high)
            for z in (0, 1)
            for y in (-1, 1)
            for x in (-1, 1)
        ]
    )
    return np.asarray(one + np.column_stack([blocks, np.zeros(len(blocks))])[:, None])


def _block_mesh(corners: Floats) -> Any:
    import pyvista

    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    cells = (quads[None] + 8 * np.arange(len(corners))[:, None, None]).reshape(-1, 4)
    points = corners.reshape(-1, 3).astype(np.float32)
    return pyvista.PolyData(points, np.column_stack([np.full(len(cells), 4), cells]).ravel())


def _texture(rgb: Picture, light: float) -> Any:
    import pyvista

    texture = pyvista.Texture(np.clip(rgb * light, 0, 255).astype(np.uint8))
    texture.mipmap = True
    texture.interpolate = True
    texture.SetMaximumAnisotropicFiltering(1)  # the default takes half of the drawing time
    return texture


def _figure(tile: Picture, light: float, kept: NDArray[np.bool_] | None = None) -> tuple[Any, Any]:
    """A body's mesh, to be moved, and its texture; of faces with all corners in ``kept`` (V,) where that is given."""
    import pyvista

    flat = cut()
    faces = flat.faces if kept is None else flat.faces[kept[flat.source[flat.faces]].all(axis=1)]
    mesh = pyvista.PolyData(
        np.zeros((len(flat.source), 3), np.float32), np.column_stack([np.full(len(faces), 3), faces]).ravel()
    )
    mesh.active_texture_coordinates = flat.uv.astype(np.float32)
    return mesh, _texture(tile, light)


def _move(mesh: Any, vertices: Floats, normals: Floats) -> None:
    source = cut().source
    mesh.points = vertices[source].astype(np.float32)
    mesh.point_data["Normals"] = normals[source].astype(np.float32)
    mesh.point_data.active_normals_name = "Normals"


def _aim(view: Any, camera: Camera) -> float:
    """Point the drawing camera as ``camera``; returns how much wider it draws: bending leaves no empty corner."""
    width, height = camera.size
    corner = straight = math.hypot(width, height) / 2 / camera.focal_px
    for _ in range(30):
        straight = corner / (1 + camera.k1 * straight**2)
    widest = max(1.0, straight / corner)
    view.position = camera.position
    view.focal_point = camera.position + camera.rotation[2]
    view.up = -camera.rotation[1]
    view.view_angle = math.degrees(2 * math.atan(height / 2 * widest / camera.focal_px))
    view.clipping_range = (0.5, 150.0)
    return widest


def _through_lens(drawn: Picture, camera: Camera, widest: float) -> Picture:
    """Shrink what was drawn to the picture's size, bending it as the lens does."""
    width, height = camera.size
    x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / camera.focal_px
    y = (np.arange(height, dtype=np.float32) + 0.5 - height / 2)[:, None] / camera.focal_px
    seen = x * x + y * y
    straight = seen
    for _ in range(6):
        straight = seen / (1 + camera.k1 * straight) ** 2
    factor = 1.0 / (1 + camera.k1 * straight) / widest * camera.focal_px * drawn.shape[1] / width
    map_x = (x * factor + drawn.shape[1] / 2 - 0.5).astype(np.float32)
    map_y = (y * factor + drawn.shape[0] / 2 - 0.5).astype(np.float32)
    return np.asarray(cv2.remap(cv2.GaussianBlur(drawn, (0, 0), 0.45), map_x, map_y, cv2.INTER_LINEAR))
