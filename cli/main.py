"""The ``shorttrack`` command: every subcommand parses its options here and hands them on. Nothing heavy is imported
before a subcommand runs, so that ``--help`` answers at once."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cli.shadow import check_packages
from cli.stopping import end_when_stopped

app = typer.Typer(
    name="shorttrack",
    help="Short track speed skating video in; positions per lap, lap charts and questions for review out.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich takes 0.2 s to load
    add_completion=False,
    pretty_exceptions_enable=False,
)

Video = Annotated[Path, typer.Argument(metavar="VIDEO", help="The video file.", show_default=False)]
Weights = Annotated[
    str | None,
    typer.Option(help="The detector's weights, .pt or .onnx. Default: the project's own, else yolo26n.pt, downloaded."),
]
Device = Annotated[
    str | None,
    typer.Option(help="Where the detector runs: cpu, cuda, cuda:0, mps, openvino or pytorch. Default: the fastest."),
]
From = Annotated[float | None, typer.Option("--from", help="Begin here, seconds.", show_default=False)]
To = Annotated[float | None, typer.Option("--to", help="End here, seconds.", show_default=False)]


class Scene(StrEnum):
    """For which people `track` has settings."""

    SKATERS = "skaters"
    DANCERS = "dancers"
    WALKERS = "walkers"


@app.command()
def analyze(
    video: Annotated[
        Path | None,
        typer.Argument(
            metavar="VIDEO", help="The video file; may be left out with --observations.", show_default=False
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.", show_default=False)] = ...,  # type: ignore[assignment]
    event: Annotated[
        str, typer.Option(help="500m, 1000m, 1500m, relay-2000m, relay-3000m, relay-5000m or auto.")
    ] = "auto",
    gender: Annotated[str | None, typer.Option(help="w, m or x.", show_default=False)] = None,
    start_list: Annotated[
        Path | None, typer.Option(help="CSV file: start_position,name,team,helmet.", show_default=False)
    ] = None,
    weights: Weights = None,
    device: Device = None,
    from_s: From = None,
    to_s: To = None,
    corrections: Annotated[
        Path | None,
        typer.Option(
            help="Identities put right: lines `at 31.2 s 3 <-> 4` or `tracks 7 and 12 are one`.", show_default=False
        ),
    ] = None,
    observations: Annotated[
        Path | None,
        typer.Option(help="Start from what an earlier run saw: its folder, or its observations/.", show_default=False),
    ] = None,
    registration: Annotated[
        Path | None,
        typer.Option(help="Where the camera is, by hand: a JSON file of points of the rink.", show_default=False),
    ] = None,
    draw_rink: Annotated[
        bool, typer.Option("--draw-rink", help="Draw the rink's lines into annotated.mp4 where they are known.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over the results of another video.")] = False,
) -> None:
    """Watch a race: who is where at every lap.

    Writes a report with the lap chart, tables and an annotated video.
    """
    from cli.analyze import Request
    from cli.analyze import analyze as run_analyze

    if video is None and observations is None:
        raise typer.BadParameter("name a video, or --observations of an earlier run", param_hint="VIDEO")
    for option, value in (("--weights", weights), ("--device", device), ("--from", from_s), ("--to", to_s)):
        if observations is not None and value is not None:
            raise typer.BadParameter("nothing is watched with --observations; leave it out", param_hint=option)
    run_analyze(
        Request(
            video,
            out,
            event,
            gender,
            start_list,
            weights,
            device,
            from_s,
            to_s,
            corrections,
            observations,
            registration,
            draw_rink,
            force,
        )
    )


@app.command()
def calibrate(
    video: Video,
    out: Annotated[Path, typer.Option(help="The .json file to write.", show_default=False)] = ...,  # type: ignore[assignment]
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the page's address.")] = False,
) -> None:
    """Say in a page where the rink is in the picture, by clicks.

    The file is for analyze --registration.
    """
    from cli.calibrate import calibrate as run_calibrate

    run_calibrate(video, out, not no_browser)


@app.command()
def detect(
    video: Video,
    out: Annotated[Path, typer.Option(help="File for the detections.", show_default=False)] = ...,  # type: ignore[assignment]
    weights: Weights = None,
    device: Device = None,
    from_s: From = None,
    to_s: To = None,
) -> None:
    """Find the people in every picture; write MOTChallenge det lines."""
    from cli.detect import detect as run_detect

    run_detect(video, out, weights, device, from_s, to_s)


@app.command()
def track(
    detections: Annotated[Path, typer.Argument(metavar="DET.txt", help="MOTChallenge det lines.", show_default=False)],
    out: Annotated[Path, typer.Option(help="File for the tracks.", show_default=False)] = ...,  # type: ignore[assignment]
    motion: Annotated[
        Path | None,
        typer.Option(help="The camera's motion: lines frame,a,b,tx,c,d,ty or nine values.", show_default=False),
    ] = None,
    fps: Annotated[float, typer.Option(help="Pictures a second.", min=0.1, max=10_000)] = 25.0,
    online: Annotated[bool, typer.Option("--online", help="Picture by picture, without a look ahead.")] = False,
    scene: Annotated[Scene, typer.Option(help="Who is in the pictures.")] = Scene.SKATERS,
    corrections: Annotated[Path | None, typer.Option(help="Identities put right by hand.", show_default=False)] = None,
) -> None:
    """Give detections identities; write MOTChallenge track lines.

    No video is needed.
    """
    from cli.track import track as run_track

    run_track(detections, out, motion, fps, online, scene.value, corrections)


@app.command()
def simulate(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A .toml file, or the name of one shipped.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder for the race.", show_default=False)] = ...,  # type: ignore[assignment]
    seed: Annotated[int, typer.Option(help="The same seed gives the same race.", min=0)] = 0,
    camera: Annotated[str, typer.Option(help="broadcast, fixed, handheld or corner.")] = "broadcast",
    size: Annotated[str, typer.Option(metavar="WxH", help="Of the pictures; even numbers.")] = "1280x720",
    fps: Annotated[float, typer.Option(help="Pictures a second.", min=1, max=1000)] = 50.0,
    interlaced: Annotated[bool, typer.Option("--interlaced", help="Every other line is a picture late.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Compressed as web sites do, not as broadcasters do.")] = False,
    no_video: Annotated[bool, typer.Option("--no-video", help="Observations in place of a video.")] = False,
    dataset: Annotated[
        int | None,
        typer.Option(metavar="K", help="K labelled pictures to train a detector on, and no video.", min=1),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over another race.")] = False,
) -> None:
    """Make up a race with its truth, and film it."""
    width, _, height = size.partition("x")
    sides = [int(side) for side in (width, height) if side.isdecimal() and side.isascii()]
    if len(sides) != 2 or any(side % 2 or not 32 <= side <= 8192 for side in sides):
        raise typer.BadParameter(f"{size!r}: expected two even numbers such as 1280x720", param_hint="--size")
    if no_video and dataset is not None:
        raise typer.BadParameter("a data set needs pictures; leave --no-video out", param_hint="--dataset")
    if (interlaced or web) and (no_video or dataset is not None):
        which = "--interlaced" if interlaced else "--web"
        raise typer.BadParameter("only a video can be so", param_hint=which)
    from cli.simulate import simulate as run_simulate

    run_simulate(scenario, seed, camera, (sides[0], sides[1]), fps, interlaced, web, not no_video, dataset, out, force)


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or its race.json.", show_default=False)],
    truth: Annotated[
        Path, typer.Argument(metavar="TRUTH", help="The truth's folder or its truth.json.", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout instead of a table.")] = False,
) -> None:
    """Compare a run with the truth."""
    from cli.evaluate import evaluate as run_evaluate

    run_evaluate(run, truth, as_json)


@app.command()
def train(
    data: Annotated[
        list[Path],
        typer.Argument(metavar="DATA", help="YOLO data.yaml, COCO .json or CVAT .xml files.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the training.", show_default=False)] = ...,  # type: ignore[assignment]
    start: Annotated[str | None, typer.Option(help="Weights to begin from. Default: yolo26n.pt, downloaded.")] = None,
    epochs: Annotated[int, typer.Option(help="Rounds over all pictures.", min=1)] = 8,
    batch: Annotated[int, typer.Option(help="Pictures a step.", min=1)] = 16,
    imgsz: Annotated[int, typer.Option(help="Longer side of the network's input.", min=32)] = 640,
    frozen: Annotated[int, typer.Option(help="Layers left as they are; the backbone has 11.", min=0, max=22)] = 11,
    learning_rate: Annotated[float, typer.Option(help="At the start; falls to a twentieth.", min=0)] = 5e-4,
    keep: Annotated[float, typer.Option(help="Share of the starting weights in the result.", min=0, max=1)] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the order and changes of the pictures.", min=0)] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, or the number of a GPU. Default: cpu.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last epoch in --out.")] = False,
) -> None:
    """Train a detector on labelled pictures.

    They come from simulate --dataset, or are your own.
    """
    from cli.train import train as run_train

    run_train(data, out, start, epochs, batch, imgsz, frozen, learning_rate, keep, seed, device, resume)


@app.command()
def export(
    weights: Annotated[Path, typer.Argument(metavar="WEIGHTS.pt", help="Trained weights.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The .xml or .onnx file to write.", show_default=False)] = ...,  # type: ignore[assignment]
    int8: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DATA",
            help="Whole numbers of 8 bits (.xml): half the time. Ranges are read off this data set's pictures.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Convert a detector: .xml for OpenVINO, .onnx for ONNX Runtime.

    An .xml beside weights of the same name is used in their place, which makes the first use fast.
    """
    from cli.train import export as run_export

    run_export(weights, out, int8 or [])


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that analyze wrote.", show_default=False)],
) -> None:
    """Write report.html and lapchart.svg again, from race.json."""
    from report.html import write_report

    typer.echo(write_report(folder))


def run() -> None:
    """Entry point. What a user can act on becomes one line on stderr and exit status 1."""
    check_packages()
    from race.errors import ShorttrackError

    end_when_stopped()
    try:
        app()
    except ShorttrackError as error:
        _end(error)
    except ImportError as error:
        if "cannot open shared object file" not in str(error):
            raise
        error.add_note("on Debian and Ubuntu `apt-get install libgl1 libglib2.0-0` brings what OpenCV needs")
        _end(error)
    except Exception as error:
        # The tracker stands alone and has an error class of its own; it is imported only where it has been used.
        tracking = sys.modules.get("tracking")
        if tracking is None or not isinstance(error, tracking.TrackingFileError):
            raise
        _end(error)


def _end(error: Exception) -> NoReturn:
    """Say why in one line and exit."""
    parts = [str(error), *getattr(error, "__notes__", ())]
    print("shorttrack:", "; ".join(" ".join(part.split()) for part in parts), file=sys.stderr)
    sys.exit(1)
