"""The whole way to pictures; needs the extra ``simulate``."""

import subprocess
import sys
import weakref
from dataclasses import replace

import av
import numpy as np
import polars as pl
import pytest

from race.formats import read_race
from simulation import figure
from simulation.camera import direct
from simulation.motion import BlockMove
from simulation.pictures import scorebug
from simulation.pictures.dataset import CLASSES, _block_boxes, closer, write_dataset
from simulation.pictures.film import SetUp, draw_look, film
from simulation.pictures.record import WEB_CRF, record
from simulation.pictures.scorebug import lay_over
from simulation.race import simulate_race
from simulation.scenario import Scenario
from vision.sound import sound_of

pytest.importorskip("pyvista")
pytestmark = pytest.mark.slow
SIZE = (320, 180)


@pytest.fixture(scope="module")
def race():
    motion = simulate_race(Scenario(event="500m", gender="m", starters=4, require={"falls": 0}), 4)
    return motion, direct(motion, "broadcast", 25.0, SIZE, 4, from_s=12.0, to_s=12.4)


def test_pictures_show_people_where_the_truth_says(race):
    motion, footage = race
    for filmed in film(motion, footage, draw_look(4)):
        seen = filmed.seen
        assert (seen.visibility > 0.5).any()
        inside = (seen.people >= 0).sum()
        assert filmed.picture.shape == (180, 320, 3)
        assert inside == sum((seen.people == k).sum() for k in range(len(motion.people)))
        for k in np.flatnonzero(seen.visibility > 0.9):
            rows, columns = np.nonzero(seen.people == k)
            x, y, w, h = seen.box[k]
            assert abs(columns.min() - x) <= 2 and abs(columns.max() + 1 - x - w) <= 2
            assert abs(rows.min() - y) <= 2 and abs(rows.max() + 1 - y - h) <= 2


def test_interlaced_pictures_differ_in_every_other_line_but_not_in_their_graphics(race):
    motion, footage = race
    look = replace(draw_look(4), layout="table", noise=0.0)
    whole, combed = (list(film(motion, footage, replace(look, interlaced=way))) for way in (False, True))
    for plain, other in zip(whole[1:], combed[1:], strict=True):
        covered = lay_over(np.zeros_like(plain.picture), scorebug.draw(plain.reading, "table")).max(axis=2) > 200
        assert covered.sum() > 500
        np.testing.assert_allclose(plain.picture[covered], other.picture[covered], atol=40)
        differs = (plain.picture != other.picture).any(axis=(1, 2))
        assert not differs[::2].any()
        assert differs[1::2].mean() > 0.8


def test_the_video_has_every_picture_and_its_truth(race, tmp_path):
    motion, footage = race
    done = []
    record(motion, footage, draw_look(4), tmp_path, WEB_CRF, lambda k, count: done.append((k, count)))
    truth = read_race(tmp_path)
    with av.open(str(tmp_path / "video.mp4")) as container:
        count = sum(1 for _ in container.decode(video=0))
        assert [stream.codec_context.name for stream in container.streams.audio] == ["aac"]
    assert count == len(footage) == truth.video.frames == done[-1][0] == done[-1][1]
    parts = list(sound_of(tmp_path / "video.mp4"))
    assert parts[0].start_s == pytest.approx(0, abs=0.001)
    assert parts[-1].end_s == pytest.approx(truth.video.duration_s, abs=0.07)  # AAC has whole frames of 32 ms
    assert all(0 <= row.time_s <= truth.video.duration_s for row in truth.passes)
    people = pl.read_parquet(tmp_path / "truth_people.parquet")
    assert people["frame"].max() <= count
    lines = (tmp_path / "truth_mot.txt").read_text().splitlines()
    assert len(lines) == len(people)


TRAIN_AFTER_PICTURES = """
from simulation.camera import direct
from simulation.pictures.film import draw_look, film
from simulation.race import simulate_race
from simulation.scenario import Scenario

motion = simulate_race(Scenario(event="500m", gender="m", starters=2, require={"falls": 0}), 4)
footage = direct(motion, "broadcast", 25.0, (160, 90), 4, from_s=12.0, to_s=12.4)
assert list(film(motion, footage, draw_look(4)))
import torch._inductor  # as training does
"""


def test_a_process_that_drew_pictures_can_train():
    done = subprocess.run([sys.executable, "-c", TRAIN_AFTER_PICTURES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_picture_is_kept_when_it_is_written(race, tmp_path, monkeypatch):
    motion, footage = race
    kept, alive = [], []

    def watched(*arguments):
        for filmed in film(*arguments):
            kept.extend([weakref.ref(filmed.picture), weakref.ref(filmed.seen.people)])
            yield filmed

    monkeypatch.setattr("simulation.pictures.record.film", watched)
    tell = lambda k, count: alive.append(sum(one() is not None for one in kept))  # noqa: E731
    record(motion, footage, draw_look(4), tmp_path, WEB_CRF, tell)
    assert len(alive) == len(footage)
    assert max(alive) <= 4


def test_a_block_more_than_the_rink_has_is_drawn_and_labelled(race):
    motion, footage = race

    def shoot(blocks):
        set_up = SetUp(replace(motion, blocks=blocks), replace(draw_look(4), noise=0.0), SIZE)
        picture, seen = set_up.shoot(footage, footage.takes[0], 0)
        lies = set_up.blocks(float(footage.race_time_s[0]))
        set_up.close()
        return picture, seen, _block_boxes(footage[0], seen, lies)

    before, seen, few = shoot(())
    racer = motion.xy[np.flatnonzero(motion.racing[:, 0])[0], np.searchsorted(motion.time_s, footage.race_time_s[0])]
    around = racer + np.stack(np.meshgrid(np.arange(-4, 5), np.arange(-4, 5)), axis=-1).reshape(-1, 2)
    x_m, y_m = next(place for place in around if _block_boxes(footage[0], seen, place[None]))
    after, _, many = shoot((BlockMove(-1.0, 14, float(x_m), float(y_m)),))
    assert len(many) == len(few) + 1
    x, y, w, h = many[-1]
    rows, columns = np.nonzero(np.abs(before.astype(int) - after).max(axis=2) > 20)
    assert len(rows)
    blurred = 8  # by the pan
    assert x - blurred <= columns.min() and columns.max() <= x + w + blurred
    assert y - blurred <= rows.min() and rows.max() <= y + h + blurred


def test_a_data_set_is_what_ultralytics_reads(tmp_path):
    scenario = Scenario(event="500m", gender="w", starters=4)
    write_dataset(scenario, 3, SIZE, 3, tmp_path, lambda k, count: None)
    pictures = sorted(tmp_path.glob("images/*/*.jpg"))
    assert len(pictures) == 3
    for picture in pictures:
        label = tmp_path / "labels" / picture.parent.name / f"{picture.stem}.txt"
        rows = np.loadtxt(label, ndmin=2).reshape(-1, 5)
        assert set(rows[:, 0].astype(int)) <= set(range(len(CLASSES)))
        assert (rows[:, 1:] >= 0).all() and (rows[:, 1:] <= 1).all()
    assert "names:\n  0: skater\n  1: helmet\n  2: block\n" in (tmp_path / "data.yaml").read_text()


def test_going_in_on_a_racer_keeps_the_place_and_shows_him_large():
    motion = simulate_race(Scenario(event="500m", gender="w", starters=4), 3)
    footage = direct(motion, "broadcast", 25.0, SIZE, 3)
    index = int(np.searchsorted(footage.race_time_s, 20.0))
    racers = [k for k, person in enumerate(motion.people) if person.role == "racer"]
    near = closer(motion, footage, index, np.random.default_rng(1))
    np.testing.assert_array_equal(near.position, footage.position)
    np.testing.assert_allclose(
        near.rotation @ near.rotation.transpose(0, 2, 1), np.tile(np.eye(3), (len(near), 1, 1)), atol=1e-9
    )
    tall = [figure.picture(motion, one).box[racers, index, 3] / SIZE[1] for one in (footage, near)]
    assert np.nanmax(tall[1]) >= max(0.25, np.nanmax(tall[0]))
