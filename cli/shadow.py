"""A check at start-up that nothing hides one of this program's packages.

They are called ``models``, ``report``, ``vision``, as other distributions and people's own folders may well be, and
whichever stands first on Python's search path wins.
"""

import os
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("cli", "models", "race", "report", "simulation", "tracking", "vision")


def check_packages() -> None:
    """Make sure that Python finds every package of this program beside this file; imports none of them.

    Raises SystemExit with one line, which Python prints on stderr before it exits with 1. A ShorttrackError could not
    be imported where ``race`` is what is hidden.
    """
    for name in PACKAGES:
        ours = ROOT / name
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise SystemExit(f"shorttrack: {ours} is not found on Python's search path; install shorttrack again")
        found = Path(spec.origin)
        if found.resolve() != ours / "__init__.py":
            raise SystemExit(f"shorttrack: {found} hides this program's own {ours}; {_remedy(name, found)}")


def _remedy(name: str, found: Path) -> str:
    from importlib.metadata import packages_distributions  # costs more than the check

    search_path = [Path(entry).resolve() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if any(entry in found.resolve().parents for entry in search_path):
        return "PYTHONPATH leads there: run `unset PYTHONPATH` first"
    owners = [owner for owner in packages_distributions().get(name, []) if owner != "shorttrack"]
    return (
        (f"it belongs to {', '.join(owners)}: " if owners else "")
        + "give shorttrack an environment of its own: in its source folder run "
        + "`python3 -m venv .venv && .venv/bin/pip install -c constraints.txt .`, from then on `.venv/bin/shorttrack`"
    )
