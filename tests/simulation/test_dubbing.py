"""The sound in a file is in step with what it was made from."""

from pathlib import Path

import av
import numpy as np
import pytest

from simulation.pictures.dubbing import Dubbing
from simulation.soundtrack import Noise, Soundtrack, wave_of
from vision.listen import listen

RATE, SIZE = 25, (64, 48)


def film(path: Path, track: Soundtrack) -> Path:
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        sound = Dubbing(container, wave_of(track))
        for n in range(round(track.lasts_s * RATE)):
            picture = np.full((SIZE[1], SIZE[0], 3), n % 200, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            sound.up_to((n + 1) / RATE)
        container.mux(stream.encode())
        sound.end()
    return path


@pytest.mark.parametrize("talks", [None, 6.0])
def test_gun_and_bell_come_out_of_the_file_when_they_went_in(tmp_path: Path, talks: float | None) -> None:
    noises = Noise("shot", 5.0, 28.0), Noise("bell", 35.0, 8.0, 6.0)
    track = Soundtrack(1, 60.0, noises, talks, ((2.0, 5.0),), 0.03)
    heard = [sound for sound in listen(film(tmp_path / "film.mp4", track)) or () if sound.score > 0.5]
    assert [sound.kind for sound in heard] == ["shot", "bell"]
    assert heard[0].time_s == pytest.approx(5.0, abs=0.005)
    assert heard[1].time_s == pytest.approx(35.0, abs=0.3)
    assert (tmp_path / "film.mp4").stat().st_size < 60 * 64_000 / 8 + 60_000
