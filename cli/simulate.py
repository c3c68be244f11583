"""``shorttrack simulate``: a scenario in, a race with its truth out."""

from pathlib import Path

from cli.outputs import ANALYSIS, DATASET, SIMULATION, check_free, results_folder
from cli.progress import stage
from race.errors import ScenarioError

EXTRA = ("anny", "pyvista")
"""What only drawing needs."""


def simulate(
    scenario: str,
    seed: int,
    camera: str,
    size: tuple[int, int],
    fps: float,
    interlaced: bool,
    web: bool,
    video: bool,
    dataset: int | None,
    out: Path,
    force: bool,
) -> None:
    """Write the race and its truth into ``out``, with a video or with what would be seen in one; or a data set.

    Raises ScenarioError, OutputError.
    """
    from simulation.camera import STYLES
    from simulation.scenario import read_scenario
    from simulation.write import simulate_observations

    plan = read_scenario(scenario, seed)
    style = next((style for style in STYLES if style == camera), None)
    if style is None:
        raise ScenarioError(f"--camera {camera}: unknown; one of {', '.join(STYLES)}")
    # Whatever an analysis left there was of another video.
    names = DATASET if dataset else (*SIMULATION, *ANALYSIS)
    check_free(out, names, None, force)
    with results_folder(out, names) as staging:
        if not video:
            with stage("Simulating"):
                simulate_observations(plan, seed, style, fps, size, staging)
            return
        try:
            from simulation.pictures.dataset import write_dataset
            from simulation.pictures.record import Copy, simulate_video

            with stage("Filming", dataset) as advance:
                if dataset:
                    write_dataset(plan, seed, size, dataset, staging, lambda done, total: advance(total))
                else:
                    copy: Copy = "web" if web else "broadcast"
                    simulate_video(
                        plan, seed, style, fps, size, copy, interlaced, staging, lambda done, total: advance(total)
                    )
        except ModuleNotFoundError as error:
            if error.name not in EXTRA:
                raise
            raise ScenarioError(
                f"drawing needs {error.name}: install shorttrack with its extra, `pip install '.[simulate]'`, "
                "or leave the pictures out with --no-video"
            ) from error
