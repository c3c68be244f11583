"""``shorttrack calibrate``: click points of the rink in a page; a file for ``analyze --registration`` out."""

import webbrowser
from pathlib import Path

import typer

from cli.outputs import whole_file


def calibrate(video: Path, out: Path, browser: bool) -> None:
    """Serve the page until it saves ``out``, which it goes on with where there is one. Raises ShorttrackError."""
    from race.rink import Rink
    from vision.calibration import Server, read_given
    from vision.frames import probe

    about = probe(video)
    # Open while the page is: a place that cannot be written is told before anybody clicks.
    with whole_file(out, video) as partial:
        given = read_given(out, about, Rink()) if out.exists() else None
        with Server(about, Rink(), partial.write_text, given) as server:
            typer.echo(f"{server.address} (Ctrl-C ends)")
            if browser:
                webbrowser.open(server.address)
            server.serve()
    typer.echo(out)
