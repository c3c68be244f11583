"""Where compiled kernels are kept, and a word to the user while they are compiled for the first time.

Numba keeps a kernel until its own file changes, and does not notice a change of a file that it calls into. So the
kernels of this package are kept in a folder named after the text of all of it.
"""

import getpass
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba

HERE = Path(__file__).parent
CONFIG: Any = numba.config


@contextmanager
def kernel_cache() -> Iterator[None]:
    """Kernels declared inside are cached in ``cache_folder()``; what others declare stays where they want it."""
    before = CONFIG.CACHE_DIR
    CONFIG.CACHE_DIR = str(cache_folder())
    try:
        yield
    finally:
        CONFIG.CACHE_DIR = before


def cache_folder() -> Path:
    """The first that can be written of ``NUMBA_CACHE_DIR``, beside the source, the user's cache, temporary files."""
    text = b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py")))
    name = f"shorttrack-{hashlib.sha256(text).hexdigest()[:16]}"
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    asked = os.environ.get("NUMBA_CACHE_DIR")
    for base in ([Path(asked)] if asked else []) + [HERE / "__pycache__", user]:
        if _can_write(base / name):
            return base / name
    return Path(tempfile.gettempdir()) / f"{name}-{getpass.getuser()}"


def announce_compiling(kernel: Any) -> None:
    """Say on stderr that ``kernel``, about to be called, has to be compiled, where no compiled one is in the cache."""
    if kernel.signatures:
        return
    name = f"{Path(kernel.py_func.__code__.co_filename).stem}.{kernel.py_func.__qualname__}-*.nbi"
    if not any(Path(kernel.stats.cache_path).glob(name)):
        print("compiling the tracker for this machine, once; this takes up to a minute", file=sys.stderr, flush=True)


def _can_write(folder: Path) -> bool:
    """Whether a file can be made in ``folder``, which is made where it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
