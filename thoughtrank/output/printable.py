"""Text that others wrote (models, servers, hubs), made safe for a terminal, a log and a Markdown file."""

import re

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 except tab and line feed, and what reverses the direction of writing."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKDOWN = re.compile(r"[\\`*\[\]|<>&#~!$@^{}]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)
"""What begins markup in the Markdown of hubs: also mathematics, mentions and bare links; ``_`` only at the edge of a word."""
_HTML = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def printable(text: str) -> str:
    """A text without control characters, which become escapes such as ``\\x1b``, and without lone surrogates."""
    return _CONTROL.sub(_escape, _SURROGATE.sub("\ufffd", text))


def markdown_text(text: str) -> str:
    """``printable`` as one line of Markdown that is shown as it is: no markup, no HTML."""
    return _MARKDOWN.sub(lambda found: _HTML.get(found[0], f"\\{found[0]}"), printable(" ".join(text.split())))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
