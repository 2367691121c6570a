"""Errors that a user can cause, as distinct from bugs.

``train.py`` prints a ``UserError`` as plain lines and exits with status 2; every other exception is a bug and keeps its
traceback.
"""

from thoughtrank.output.printable import printable
from thoughtrank.output.redaction import redacted


class UserError(Exception):
    """Something the user can fix.

    Args:
        *faults: one sentence each: what is wrong and what to do. Secrets are removed from them, and
            control characters are escaped.
    """

    def __init__(self, *faults: str) -> None:
        self.faults = tuple(printable(redacted(fault)) for fault in faults)
        super().__init__("\n".join(self.faults))
