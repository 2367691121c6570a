"""What is said of a file of rows in another format, with a line that converts it and changes no value."""

import json
import shlex
from collections.abc import Collection
from pathlib import Path

from thoughtrank.questions.rows.conversations import is_turns

_COMPRESSED = (".gz", ".zst", ".bz2", ".xz", ".zip")
UNPACK = "; it is compressed: unpack it first, for example with gunzip, unzstd, bunzip2, unxz or unzip"
_PANDAS_READERS = {
    ".csv": "read_csv({}, dtype=str)",
    ".tsv": "read_csv({}, sep='\\t', dtype=str)",
    ".xlsx": "read_excel({}, dtype=str)",
}
"""How pandas reads tables of other formats; as texts, so that an answer 007 keeps its zeros."""
_LARGEST_DOCUMENT = 256 * 2**20
"""Bytes of a file that is read as a whole to see whether it is one document."""


def table_conversion(path: Path) -> str:
    """How to convert a table of another format, or a compressed one; empty for an unknown format."""
    suffix = path.suffix.lower()
    if suffix in _COMPRESSED:
        return UNPACK
    reader = _PANDAS_READERS.get(suffix)
    if reader is None:
        return ""
    source, target = str(path), str(path.with_suffix(".jsonl"))
    written = f"to_json({target!r}, orient='records', lines=True)"
    return f". With pandas: import pandas; pandas.{reader.format(repr(source))}.{written}"


def list_conversion(path: Path) -> str:
    """How to convert a file that is one list."""
    return _python(path, rows="document")


def document_fault(path: Path, *, line: bytes, columns: Collection[str]) -> str | None:
    """Why a file that is one JSON object, or has objects over several lines, has no rows, and how to convert it.

    Args:
        path: the file.
        line: its first line that is not blank, without spaces around it.
        columns: that a row may have.

    Returns:
        None for a file with one object per line, and for one that is no JSON at all.
    """
    goes_on = line.endswith((b"{", b"[", b","))
    if not line.startswith(b"{") or not (goes_on or _key_of_rows(_parsed(line), columns=columns)):
        return None
    if not path.is_file() or path.stat().st_size > _LARGEST_DOCUMENT:
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        is_stream = goes_on and error.msg == "Extra data" and error.lineno > 1
        return _stream_fault(path) if is_stream else None
    except (ValueError, RecursionError):
        return None
    key = _key_of_rows(document, columns=columns)
    if key is None:
        return f"{path} is one JSON object over several lines: write it in one line.{_python(path, rows='[document]')}"
    return (
        f"{path} is one JSON document with its rows under {key!r}: write one JSON object per line instead."
        f"{_python(path, rows=f'document[{key!r}]')}"
    )


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _key_of_rows(document: object, *, columns: Collection[str]) -> str | None:
    """The first key with a list of objects that are no turns, in an object that is no row itself."""
    if not isinstance(document, dict) or not document.keys().isdisjoint(columns):
        return None
    return next((key for key, value in document.items() if _has_rows(value)), None)


def _has_rows(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, dict) for each in value)
        and not is_turns(value)
    )


def _stream_fault(path: Path) -> str:
    command = f"jq -c . {shlex.quote(str(path))} > {shlex.quote(str(_target(path)))}"
    return f"{path} has JSON objects over several lines: write one JSON object per line instead. With jq: {command}"


def _python(path: Path, *, rows: str) -> str:
    """The line that writes ``rows``, an expression of the ``document``; it reads the source before it makes the target."""
    source, target = str(path), str(_target(path))
    return (
        f" With Python: import json; document = json.load(open({source!r}, encoding='utf-8-sig')); "
        f"open({target!r}, 'w').writelines(json.dumps(row) + '\\n' for row in {rows})"
    )


def _target(path: Path) -> Path:
    return path.with_suffix(".rows.jsonl")
