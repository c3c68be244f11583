"""Ctrl-C and SIGTERM end the program in good order: one line, the exit status of the signal, nothing half-written."""

import atexit
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE_S = 10
"""What is undone and taken away may take so long, then the process ends as it is."""

_undo: list[Callable[[], str | None]] = []


def end_when_stopped() -> None:
    """From now on the signals end the process; those that the caller has switched off stay so."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


@contextmanager
def when_stopped(undo: Callable[[], str | None]) -> Iterator[None]:
    """``undo`` is called if a signal ends the process while the block runs; what it returns is told in the last line.

    It may come up between any two steps of the block, so it has to work whatever has been done. Temporary folders of
    ``tempfile`` are taken away without it.
    """
    _undo.append(undo)
    try:
        yield
    finally:
        _undo.remove(undo)


@contextmanager
def not_now() -> Iterator[None]:
    """The signals do nothing while the block runs: for the moments in which results are put in place."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    """End the process here. An exception would come up inside of what just runs: with a lock taken that no one gives
    back, for which the other threads wait for ever, or with a library half imported, which says that it is broken."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(PATIENCE_S)
    said = ["stopped"]
    try:
        if "multiprocessing" in sys.modules:
            for child in sys.modules["multiprocessing"].active_children():
                child.kill()
        said += [note for undo in reversed(_undo) if (note := undo())]
        atexit._run_exitfuncs()  # temporary folders
    finally:
        with suppress(OSError):  # not print: its buffer may be what is written to just now
            cursor = "\033[?25h\n" if os.isatty(2) else ""  # a bar of progress hides it
            os.write(2, f"{cursor}shorttrack: {'; '.join(said)}\n".encode())
        os._exit(128 + number)
