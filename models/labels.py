"""Labelled pictures for training, from the formats that labelling tools write, brought into one YOLO data set.

| named               | format                                                                              |
|---------------------|-------------------------------------------------------------------------------------|
| ``data.yaml``       | YOLO, as `shorttrack simulate --dataset` and CVAT ("Ultralytics YOLO") write it     |
| ``*.json``          | COCO; pictures are looked for beside the file and in ``images`` beside it           |
| ``*.xml``           | CVAT for images 1.1; pictures are looked for likewise                               |

Classes go by their names: ``skater`` (or ``person``, ``racer``), ``helmet``, ``block``; others are refused.
"""

import json
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from race.errors import ShorttrackError

CLASSES = ("skater", "helmet", "block")
SAME_AS = {"person": "skater", "racer": "skater"}
PICTURES = (".jpg", ".jpeg", ".png")
VALIDATION_EVERY = 8
"""Of a set that does not say which pictures are for validation, every so many are."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture and its boxes: class number, middle x, y, width, height as shares of the picture."""

    picture: Path
    boxes: tuple[tuple[int, float, float, float, float], ...]
    validation: bool


def gather(sources: list[Path], out: Path) -> Path:
    """Write ``out/data.yaml``, which names all pictures of ``sources`` with their labels, and return it.

    YOLO sets with our classes in our order are used where they lie, all others are brought into ``out``.
    Raises ShorttrackError, which names the file, where one cannot be read.
    """
    parts: dict[str, list[str]] = {"train": [], "val": []}
    out.mkdir(parents=True, exist_ok=True)
    for k, source in enumerate(sources):
        if not source.is_file():
            raise ShorttrackError(f"{source}: no such file; name a data.yaml, a COCO .json or a CVAT .xml")
        if source.suffix in (".yaml", ".yml") and _names(source) == CLASSES:
            for part, folders in _yolo_folders(source).items():
                parts[part] += [str(folder.resolve()) for folder in folders]
            continue
        folder = out / f"set-{k + 1}"
        for row in labelled(source):
            _place(row, folder)
        for part, folders_of in parts.items():
            if (images := folder / "images" / part).is_dir():
                folders_of.append(str(images.resolve()))
    if not parts["train"]:
        raise ShorttrackError(f"{', '.join(map(str, sources))}: no labelled pictures in there")
    data = {"train": parts["train"], "val": parts["val"] or parts["train"], "names": dict(enumerate(CLASSES))}
    path = out / "data.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


def _place(row: Labelled, folder: Path) -> None:
    part = "val" if row.validation else "train"
    images, labels = folder / "images" / part, folder / "labels" / part
    images.mkdir(parents=True, exist_ok=True)
    labels.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(row.picture, images / row.picture.name)
    lines = (f"{kind} {x:.6f} {y:.6f} {w:.6f} {h:.6f}\n" for kind, x, y, w, h in row.boxes)
    (labels / row.picture.name).with_suffix(".txt").write_text("".join(lines), encoding="utf-8")


def labelled(source: Path) -> Iterator[Labelled]:
    """The labelled pictures of one source. Raises ShorttrackError, which names the file."""
    readers = {".yaml": _read_yolo, ".yml": _read_yolo, ".json": _read_coco, ".xml": _read_cvat}
    if source.suffix not in readers:
        raise ShorttrackError(f"{source}: unknown format; a data.yaml (YOLO), .json (COCO) or .xml (CVAT) is needed")
    try:
        yield from readers[source.suffix](source)
    except (KeyError, TypeError, ValueError, ElementTree.ParseError) as error:
        raise ShorttrackError(
            f"{source}: not as expected ({type(error).__name__}: {error}); export it again"
        ) from error


def _number(name: str, source: Path) -> int:
    name = SAME_AS.get(name.casefold(), name.casefold())
    if name not in CLASSES:
        raise ShorttrackError(f"{source}: unknown class '{name}'; there are {', '.join(CLASSES)} (person, racer)")
    return CLASSES.index(name)


def _find_picture(name: str, source: Path) -> Path:
    for folder in (source.parent, source.parent / "images", source.parent.parent, source.parent.parent / "images"):
        if (folder / name).is_file():
            return folder / name
    raise ShorttrackError(f"{source}: its picture {name} is not beside it nor in images/ beside it")


def _load_yaml(source: Path) -> dict[str, object]:
    try:
        held = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ShorttrackError(f"{source}: no YAML file ({' '.join(str(error).split())})") from error
    if not isinstance(held, dict) or "names" not in held:
        raise ShorttrackError(f"{source}: expected keys train, val and names, as YOLO data sets have")
    return held


def _names(source: Path) -> tuple[str, ...]:
    names = _load_yaml(source)["names"]
    if isinstance(names, dict):
        return tuple(str(names[k]) for k in sorted(names))
    if isinstance(names, list):
        return tuple(map(str, names))
    raise ShorttrackError(f"{source}: names: expected a list or numbers with names")


def _yolo_folders(source: Path) -> dict[str, list[Path]]:
    held = _load_yaml(source)
    root = source.parent / str(held.get("path") or "")
    folders: dict[str, list[Path]] = {}
    for part in ("train", "val"):
        named = held.get(part) or []
        folders[part] = [root / str(name) for name in (named if isinstance(named, list) else [named])]
        for folder in folders[part]:
            if not folder.is_dir():
                raise ShorttrackError(f"{source}: {part}: no such folder {folder}")
    return folders


def _read_yolo(source: Path) -> Iterator[Labelled]:
    number = [_number(name, source) for name in _names(source)]
    for part, folders in _yolo_folders(source).items():
        for folder in folders:
            for picture in sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES):
                labels = Path("labels".join(str(folder).rsplit("images", 1))) / f"{picture.stem}.txt"
                boxes = []
                for n, line in enumerate(labels.read_text().splitlines() if labels.is_file() else (), 1):
                    values = line.split()
                    if len(values) != 5 or not values[0].isdecimal() or int(values[0]) >= len(number):
                        raise ShorttrackError(f"{labels}:{n}: expected a class and four numbers, got {line!r}")
                    x, y, w, h = map(float, values[1:])
                    boxes.append((number[int(values[0])], x, y, w, h))
                yield Labelled(picture, tuple(boxes), part == "val")


def _read_coco(source: Path) -> Iterator[Labelled]:
    held = json.loads(source.read_text(encoding="utf-8"))
    number = {row["id"]: _number(row["name"], source) for row in held["categories"]}
    boxes: dict[int, list[tuple[int, float, float, float, float]]] = {row["id"]: [] for row in held["images"]}
    size = {row["id"]: (row["width"], row["height"]) for row in held["images"]}
    for row in held["annotations"]:
        (left, top, w, h), (width, height) = row["bbox"], size[row["image_id"]]
        box = (left + w / 2) / width, (top + h / 2) / height, w / width, h / height
        boxes[row["image_id"]].append((number[row["category_id"]], *box))
    for k, row in enumerate(held["images"]):
        yield Labelled(
            _find_picture(row["file_name"], source),
            tuple(boxes[row["id"]]),
            k % VALIDATION_EVERY == VALIDATION_EVERY - 1,
        )


def _read_cvat(source: Path) -> Iterator[Labelled]:
    root = ElementTree.parse(source).getroot()
    for k, image in enumerate(root.iter("image")):
        width, height = float(image.attrib["width"]), float(image.attrib["height"])
        boxes = []
        for box in image.iter("box"):
            left, top, right, bottom = (float(box.attrib[name]) for name in ("xtl", "ytl", "xbr", "ybr"))
            middle = (left + right) / 2 / width, (top + bottom) / 2 / height
            boxes.append(
                (_number(box.attrib["label"], source), *middle, (right - left) / width, (bottom - top) / height)
            )
        yield Labelled(
            _find_picture(image.attrib["name"], source),
            tuple(boxes),
            k % VALIDATION_EVERY == VALIDATION_EVERY - 1,
        )
