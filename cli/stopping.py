"""Ctrl-C and SIGTERM end the program in good order: one line, the exit status of the signal, nothing half-written."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal asked the program to end. Not KeyboardInterrupt, which typer would take for its own."""

    def __init__(self, number: int) -> None:
        super().__init__("stopped")
        self.exit_status = 128 + number


def raise_when_stopped() -> None:
    """From now on the signals raise Stopped in the main thread; those that the caller has switched off stay so."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    sys.unraisablehook = _unraisable


@contextmanager
def not_now() -> Iterator[None]:
    """The signals do nothing while the block runs: for the moments in which results are put in place."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


def _unraisable(lost: "sys.UnraisableHookArgs") -> None:
    """Stopped where nothing can be raised from (a compiler's callback, a finalizer): again, soon."""
    if isinstance(lost.exc_value, Stopped):
        number = lost.exc_value.exit_status - 128
        threading.Timer(0.05, signal.raise_signal, (number,)).start()
    else:
        sys.__unraisablehook__(lost)
