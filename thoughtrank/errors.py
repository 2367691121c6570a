"""Errors that a user can cause, as distinct from bugs.

``train.py`` prints a ``UserError`` as plain lines and exits with status 2, and a notebook shows the same lines; every other
exception is a bug and keeps its traceback.
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

    def _render_traceback_(self) -> list[str]:
        """What IPython and Jupyter show in place of a traceback, as the command line does."""
        return [f"error: {fault}" for fault in self.faults]


def install_line(extra: str) -> str:
    """How an extra of this package is installed, for the end of a message about what is missing."""
    return f"pip install '.[{extra}]' in the clone of thoughtrank"


def replaced_module_error(file: str) -> UserError:
    """A file of the user's has been imported in place of a module of Python."""
    return UserError(
        f"{file} has the name of a module of Python that libraries need: rename it, and start Python again"
    )
