"""The append-only file of completions, so that a killed run asks for none of them again."""

import json
import os
import threading
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from thoughtrank.engines.serving.completions_client import Completion
from thoughtrank.errors import UserError


class ReplyLog:
    """One JSON object per line. Replies of earlier attempts are handed out once each; those of this attempt only written.

    A process killed while it writes leaves at most one torn line, the last one; opening cuts it off.

    Args:
        path: the file; created where there is none.

    Raises:
        UserError: a complete line is not what this class wrote.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._earlier: dict[str, Completion] = {}
        path.touch()
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                record = json.loads(line)
                ids = record["token_ids"]
                self._earlier[record["key"]] = Completion(
                    text=record["text"],
                    finish=record["finish"],
                    token_ids=None if ids is None else tuple(ids),
                    reported_tokens=record["reported_tokens"],
                )
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(f"{path}: line {number} is no reply; delete the file to ask anew") from error
        os.truncate(path, len(whole))
        self._size = len(whole)
        self._file = path.open("ab", buffering=0)

    def take(self, body: dict[str, Any]) -> Completion | None:
        """The reply an earlier attempt got for this request, if it did."""
        with self._lock:
            return self._earlier.pop(_key(body), None)

    def append(self, body: dict[str, Any], completion: Completion) -> None:
        """Write a reply down before it is used. May be called from many threads.

        Raises:
            UserError: the disk refuses.
        """
        line = json.dumps({"key": _key(body), **asdict(completion)}).encode() + b"\n"
        with self._lock:
            try:
                if self._file.write(line) != len(line):
                    raise OSError("it is full")
                self._size += len(line)
            except OSError as error:
                self._file.truncate(self._size)
                raise UserError(f"cannot write {self.path}: {error}; make room and run again") from error

    def close(self) -> None:
        """Close the file and keep it."""
        self._file.close()

    def delete(self) -> None:
        """Close and delete the file: all its replies stand in the table."""
        self.close()
        self.path.unlink(missing_ok=True)


def _key(body: dict[str, Any]) -> str:
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
