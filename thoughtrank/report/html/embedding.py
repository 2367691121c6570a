"""Data inside an HTML page: JSON and packed texts that cannot end their element, and the policy that admits only our scripts.

Nothing that a model, a judge or a question wrote is ever markup: it is either escaped here, or shown by the scripts as text.
"""

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence

from thoughtrank.output.printable import printable

_UNSAFE_IN_SCRIPT = re.compile("[<>&]")
_LINE_SEPARATORS = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"})
_LEVEL = 5
"""Of gzip: level 6 takes half as long again, for one per cent less."""


def escaped(text: object) -> str:
    """A text for an element or a quoted attribute; control characters, direction overrides and line
    separators become visible escapes."""
    return html.escape(printable(str(text)).translate(_LINE_SEPARATORS))


def script_json(value: object) -> str:
    """JSON for a ``<script type="application/json">``: nothing in it can close the element, or is anything but ASCII."""
    return _UNSAFE_IN_SCRIPT.sub(lambda found: f"\\u{ord(found[0]):04x}", json_text(value))


def json_text(value: object) -> str:
    """Compact JSON in ASCII; a lone surrogate is an escape, which reads back as the same character."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def packed_text(text: str) -> str:
    """A text as gzip and base64: a tenth to a third of its length, unpacked by the page when it is needed."""
    return packed_bytes(text.encode())


def packed_bytes(content: bytes) -> str:
    """The same of bytes. The same content has the same text."""
    return base64.b64encode(gzip.compress(content, _LEVEL, mtime=0)).decode()


def data_element(name: str, content: str) -> str:
    """A packed content as an element that the page finds by its id."""
    return f'<script type="text/plain" id="{escaped(name)}">{content}</script>\n'


def content_policy(*, scripts: Sequence[str], styles: Sequence[str]) -> str:
    """The Content-Security-Policy of a page: nothing from elsewhere, and only these inline scripts and styles."""
    rules: Mapping[str, str] = {
        "default-src": "'none'",
        "script-src": " ".join(map(_digest, scripts)),
        "style-src": " ".join(map(_digest, styles)),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
