"""What ties a helper process to the one that started it."""

import os
import threading
import time


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
