"""Signals that ask the program to stop: requests in flight get some seconds, then the process ends, whatever still waits.

That is safe because everything a run needs to resume is on disk at any moment, and because processes that this one has started
end with it.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

GRACE_SECONDS = 10.0
"""Long enough for most replies of a judge, which are paid for, and shorter than the grace period of schedulers."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MESSAGE = (
    "{word}: requests in flight get {seconds:g} seconds, a second signal ends at once; finished work is kept: run the same "
    "command again to resume\n"
)

_actions: list[Callable[[str], None]] = []
_received: list[int] = []


def end_at_interrupt() -> None:
    """Let Ctrl-C end the process at once, without a traceback, while modules are imported and nothing can be lost.

    Unless it was started to ignore Ctrl-C. ``handle_stop_signals`` replaces this.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def handle_stop_signals() -> None:
    """Handle SIGINT, SIGTERM and SIGHUP, except those that this process was started to ignore (``nohup``)."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def stop_status() -> int | None:
    """The exit status after a signal, 128 and its number; None while there was none."""
    return 128 + _received[0] if _received else None


@contextmanager
def at_stop(action: Callable[[str], None]) -> Iterator[None]:
    """Within it, call ``action`` with the name of the signal as soon as there is one."""
    _actions.append(action)
    try:
        yield
    finally:
        _actions.remove(action)


def _stop(number: int, frame: FrameType | None) -> None:
    """Raise ``SystemExit``, or ``KeyboardInterrupt`` for Ctrl-C, in the main thread; end the process if that takes too long."""
    for each in _SIGNALS:
        if signal.getsignal(each) is _stop:
            # The next one ends the process even while the main thread runs foreign code.
            signal.signal(each, signal.SIG_DFL)
    _received.append(number)
    watchdog = threading.Timer(GRACE_SECONDS, os._exit, [128 + number])
    watchdog.daemon = True
    watchdog.start()
    word = "interrupted" if number == signal.SIGINT else "stopped"
    with suppress(OSError, RuntimeError, ValueError):
        sys.stdout.flush()
    with suppress(OSError):
        # Not by ``print``: the main thread may be in the middle of one.
        os.write(2, ("\n" + _MESSAGE.format(word=word, seconds=GRACE_SECONDS)).encode())
    for action in list(_actions):
        with suppress(Exception):
            action(signal.Signals(number).name)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
