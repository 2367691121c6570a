"""How a helper process ends: with the one that started it, and when its work is done."""

import os
import sys
import threading
import time
from typing import NoReturn


def die_with_parent(parent: int, *, interval_seconds: float = 0.5) -> None:
    """End this process when the process ``parent`` is gone, even when that was killed without warning.

    Works wherever ``os.getppid`` tells the truth about an orphan (Linux, macOS).
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(interval_seconds)
        os._exit(1)

    if os.getppid() != parent:
        os._exit(1)
    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def end_well() -> NoReturn:
    """End this process with status 0, its output written, and nothing else torn down.

    Threads of libraries (collectives over gloo, for one) that still run when the interpreter is taken apart can abort a process
    whose work is done and on disk, and a training that is complete would count as failed.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
