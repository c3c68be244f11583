"""``shorttrack detect``: a video in, MOTChallenge det lines out."""

from pathlib import Path

from cli.outputs import whole_file
from cli.progress import pictures_between, stage, stderr, warn


def detect(
    video: Path, out: Path, weights: str | None, device: str | None, from_s: float | None, to_s: float | None
) -> None:
    """Write the people found in every picture of ``video`` to ``out``. Raises ShorttrackError."""
    from race.tables import write_detections
    from vision.detector import load_detector
    from vision.frames import check_span, probe
    from vision.observe import find_people
    from vision.weights import find_weights

    about = probe(video)
    check_span(about, from_s, to_s)
    with whole_file(out, video) as partial:
        with stderr.status("Loading the detector"):
            detector = load_detector(find_weights(weights), device)
        with stage("Finding people", pictures_between(about, from_s, to_s)) as advance:
            found, warnings = find_people(video, detector, from_s, to_s, lambda frame: advance(None))
        write_detections(found, partial)
    for warning in warnings:
        warn(warning)
