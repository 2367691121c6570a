"""Kills a run at a chosen moment."""

import time


def kill_when(process, condition, *, timeout=300.0) -> bool:
    """Kill without warning as soon as ``condition`` holds; False where the process ended before."""
    until = time.monotonic() + timeout
    while time.monotonic() < until and process.poll() is None:
        if condition():
            process.kill()
            process.communicate()
            return True
        time.sleep(0.01)
    process.communicate()
    return False
