"""Prints a reply while it is generated, its thoughts dimmed on a terminal."""

from thoughtrank.output.terminal import print_dimmed, print_text
from thoughtrank.prompting.thought_tags import CLOSE_TAG, OPEN_TAG


class ThoughtPrinter:
    """Prints a reply while it is generated, its thoughts dimmed on a terminal.

    A tag may arrive in pieces: the end of a text that could begin a tag waits for the next piece.
    """

    def __init__(self) -> None:
        self._waiting = ""
        self._inside = False

    def write(self, text: str, *, end: bool = False) -> None:
        """Print the next piece; ``end`` for the last one."""
        self._waiting += text
        while True:
            tag = CLOSE_TAG if self._inside else OPEN_TAG
            before, found, after = self._waiting.partition(tag)
            if not found:
                break
            # The tags are part of the thought.
            self._print(before, dimmed=self._inside)
            self._print(tag, dimmed=True)
            self._waiting = after
            self._inside = not self._inside
        kept = 0 if end else _length_of_begun_tag(self._waiting, tag)
        shown = self._waiting[: len(self._waiting) - kept]
        self._waiting = self._waiting[len(shown) :]
        self._print(shown, dimmed=self._inside)
        if end:
            print_text()
            self._inside = False

    def _print(self, text: str, *, dimmed: bool) -> None:
        if text:
            (print_dimmed if dimmed else print_text)(text, end="")


def _length_of_begun_tag(text: str, tag: str) -> int:
    """How many characters at the end of a text may be the beginning of a tag."""
    return next((length for length in range(len(tag) - 1, 0, -1) if text.endswith(tag[:length])), 0)
