"""Progress on stderr: stage, pictures a second, time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from race.formats import Video

stderr = Console(stderr=True)


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:.1f} {self._unit}/s", style="dim")


@contextmanager
def stage(name: str, total: int | None = None, unit: str = "pictures") -> Iterator[Callable[[int | None], None]]:
    """A stage of ``total`` pictures; call what is given once a picture, with the total where it turns out later."""
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TextColumn("{task.completed}"),
        _Rate(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as progress:
        task = progress.add_task(name, total=total)
        if not stderr.is_terminal:
            stderr.print(name, highlight=False)
        yield lambda total: progress.update(task, advance=1, total=total)


def pictures_between(video: Video, from_s: float | None, to_s: float | None) -> int:
    """About how many pictures of ``video`` lie between two times."""
    end_s = video.duration_s if to_s is None else min(to_s, video.duration_s)
    return round((end_s - (from_s or 0.0)) * video.fps)


def warn(text: str) -> None:
    stderr.print(f"warning: {text}", highlight=False, markup=False, soft_wrap=True)
