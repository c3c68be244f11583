"""``shorttrack calibrate``: click points of the rink in a page; a file for ``analyze --registration`` out."""

import webbrowser
from pathlib import Path

import typer

from cli.outputs import whole_file
from race.errors import ShorttrackError


def calibrate(video: Path, out: Path, browser: bool) -> None:
    """Serve the page until it saves ``out``. Raises ShorttrackError."""
    from race.rink import Rink
    from vision.calibration import Server
    from vision.frames import probe

    about = probe(video)
    if out.exists() and out.resolve() != video.resolve():
        raise ShorttrackError(f"{out}: exists already, with somebody's clicks in it perhaps; name another file")
    # Open while the page is: a place that cannot be written is told before anybody clicks.
    with whole_file(out, video) as partial, Server(about, Rink(), partial.write_text) as server:
        typer.echo(f"{server.address} (Ctrl-C ends)")
        if browser:
            webbrowser.open(server.address)
        server.serve()
    typer.echo(out)
