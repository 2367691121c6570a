"""``python guard.py PARENT COMMAND...``: run a command that must not outlive the process PARENT.

For programs of other environments, which cannot watch their parent themselves (see ``exit_with_parent``). It is
run as a file and needs nothing but Python, so that the command inherits no path of this package's environment. The
command runs in a process group of its own; the whole group is ended when PARENT is gone, however that was killed, and when
the guard is told to stop.
"""

import os
import signal
import subprocess
import sys
import time

_GRACE_SECONDS = 10.0


def end_group(process: "subprocess.Popen[bytes]", *, grace_seconds: float = _GRACE_SECONDS) -> None:
    """End a process that leads its own group, and all that it has started; ask first, then kill."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        until = time.monotonic() + grace_seconds
        while time.monotonic() < until and _group_lives(process):
            time.sleep(0.05)
    process.wait()


def _group_lives(process: "subprocess.Popen[bytes]") -> bool:
    process.poll()  # takes the leader's status, or it would count as living
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Exit with the command's status."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(True))
    process = subprocess.Popen(command, start_new_session=True)
    while process.poll() is None and os.getppid() == parent and not told:
        time.sleep(0.1)
    status = process.poll()
    end_group(process)
    sys.exit(status if status is not None and status >= 0 else 1)


if __name__ == "__main__":
    main()
