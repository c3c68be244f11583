"""Label files of the three formats, written here by hand, become the same YOLO data set."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from models.labels import gather
from race.errors import ShorttrackError

WIDTH, HEIGHT = 200, 100


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((HEIGHT, WIDTH, 3), np.uint8))


def coco(folder: Path) -> Path:
    """One person at x 20 to 60, y 10 to 90, with a helmet, in a.png; nobody in b.png."""
    picture(folder / "images" / "a.png")
    picture(folder / "images" / "b.png")
    images = [
        {"id": k, "file_name": f"{name}.png", "width": WIDTH, "height": HEIGHT} for k, name in ((7, "a"), (9, "b"))
    ]
    kinds = [{"id": 3, "name": "Person"}, {"id": 5, "name": "helmet"}]
    boxes = [
        {"image_id": 7, "category_id": 3, "bbox": [20, 10, 40, 80]},
        {"image_id": 7, "category_id": 5, "bbox": [30, 10, 10, 10]},
    ]
    path = folder / "labels.json"
    path.write_text(json.dumps({"images": images, "annotations": boxes, "categories": kinds}))
    return path


def cvat(folder: Path) -> Path:
    picture(folder / "a.png")
    picture(folder / "b.png")
    path = folder / "annotations.xml"
    path.write_text(
        f"""<annotations><version>1.1</version>
        <image id="0" name="a.png" width="{WIDTH}" height="{HEIGHT}">
          <box label="skater" xtl="20.0" ytl="10.0" xbr="60.0" ybr="90.0" occluded="0"/>
          <box label="helmet" xtl="30" ytl="10" xbr="40" ybr="20" occluded="0"/>
        </image>
        <image id="1" name="b.png" width="{WIDTH}" height="{HEIGHT}"/></annotations>"""
    )
    return path


def yolo(folder: Path) -> Path:
    picture(folder / "images" / "train" / "a.png")
    picture(folder / "images" / "train" / "b.png")
    labels = folder / "labels" / "train"
    labels.mkdir(parents=True)
    (labels / "a.txt").write_text("1 0.2 0.5 0.2 0.8\n0 0.175 0.15 0.05 0.1\n")
    path = folder / "data.yaml"
    path.write_text("train: images/train\nnames: [helmet, racer]\n")
    return path


@pytest.mark.parametrize("write", [coco, cvat, yolo])
def test_every_format_becomes_the_same_labels(write: Callable[[Path], Path], tmp_path: Path) -> None:
    data = yaml.safe_load(gather([write(tmp_path / "given")], tmp_path / "out").read_text())
    assert data["names"] == {0: "skater", 1: "helmet", 2: "block"}
    (images,) = map(Path, data["train"])
    assert sorted(path.name for path in images.iterdir()) == ["a.png", "b.png"]
    labels = tmp_path / "out" / "set-1" / "labels" / "train"
    rows = np.array([line.split() for line in (labels / "a.txt").read_text().splitlines()], float)
    np.testing.assert_allclose(rows, [[0, 0.2, 0.5, 0.2, 0.8], [1, 0.175, 0.15, 0.05, 0.1]])
    assert (labels / "b.txt").read_text() == ""


def test_our_own_sets_are_used_where_they_lie(tmp_path: Path) -> None:
    ours = yolo(tmp_path / "ours")
    ours.write_text("train: images/train\nval: images/train\nnames: {0: skater, 1: helmet, 2: block}\n")
    data = yaml.safe_load(gather([ours, coco(tmp_path / "more")], tmp_path / "out").read_text())
    assert data["train"][0] == str((tmp_path / "ours" / "images" / "train").resolve())
    assert data["train"][1] == str((tmp_path / "out" / "set-2" / "images" / "train").resolve())
    assert data["val"] == [data["train"][0]]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("labels.txt", "", "unknown format"),
        ("labels.json", '{"images": []}', "KeyError: 'categories'"),
        ("labels.json", "not JSON", "not as expected"),
        ("labels.json", '{"images": [], "annotations": [], "categories": [{"id": 1, "name": "puck"}]}', "'puck'"),
        ("labels.xml", "<annotations><image", "not as expected"),
        ("labels.xml", '<a><image name="gone.png" width="2" height="2"/></a>', "gone.png"),
        ("data.yaml", "train: images", "expected keys"),
        ("data.yaml", "train: nowhere\nnames: [skater]", "no such folder"),
        ("labels.json", '{"images": [], "annotations": [], "categories": []}', "no labelled pictures"),
    ],
)
def test_bad_files_are_told_by_name(name: str, text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ShorttrackError, match=name) as error:
        gather([tmp_path / name], tmp_path / "out")
    assert expected in str(error.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ShorttrackError, match=r"gone\.json: no such file"):
        gather([tmp_path / "gone.json"], tmp_path / "out")
