"""Fixtures that every room's tests share."""

import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would the processes that tests stop with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def reference() -> Path:
    """Footage and tracking data to measure on, not shipped: the folder ``SHORTTRACK_REFERENCE``, else ``../shared``."""
    folder = Path(os.environ.get("SHORTTRACK_REFERENCE", ROOT.parent / "shared"))
    if not (folder / "footage").is_dir():
        pytest.skip(f"no reference footage in {folder}; set SHORTTRACK_REFERENCE to the folder that holds it")
    return folder
