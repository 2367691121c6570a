"""``python process_guard.py PARENT COMMAND...``: run a command that must not outlive the process PARENT.

For programs of other Python environments, which cannot watch their parent themselves. It is run as a file and imports only
the standard library, so that the command inherits no path of this package's environment. The command gets a process group
of its own; the whole group is ended when PARENT is gone, however that ended, and when the guard receives SIGTERM.
"""

import os
import signal
import subprocess
import sys
import time

_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.1


def end_group(process: "subprocess.Popen[bytes]", *, grace_seconds: float = _GRACE_SECONDS) -> None:
    """End a process that leads its own group, and its whole group: SIGTERM first, then SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + grace_seconds
        while time.monotonic() < deadline and _group_exists(process):
            time.sleep(_POLL_SECONDS / 2)
    process.wait()


def _group_exists(process: "subprocess.Popen[bytes]") -> bool:
    process.poll()  # collects the leader's status; a zombie would count as a member
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Exit with the command's status, or 1 if it was ended."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    terminated = []
    signal.signal(signal.SIGTERM, lambda *_: terminated.append(True))
    process = subprocess.Popen(command, start_new_session=True)
    while process.poll() is None and os.getppid() == parent and not terminated:
        time.sleep(_POLL_SECONDS)
    status = process.poll()
    end_group(process)
    sys.exit(status if status is not None and status >= 0 else 1)


if __name__ == "__main__":
    main()
