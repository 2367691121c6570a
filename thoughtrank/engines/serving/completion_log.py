"""The append-only file of completions: a resumed stage reuses them and does not send their requests again."""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from thoughtrank.engines.serving.completion import Completion
from thoughtrank.errors import UserError

COMPLETION_LOG = "_replies.jsonl"
"""The file's name in the folder of an unfinished stage."""


class CompletionLog:
    """One JSON object per line. Each completion of an earlier attempt is handed out once; new ones are only written.

    A process killed while it writes leaves at most one torn line, the last one, which is cut off on opening.

    Args:
        path: the file; created if it does not exist.

    Raises:
        UserError: a complete line is not what this class wrote.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.touch()
        content = path.read_bytes()
        complete = content[: content.rfind(b"\n") + 1]
        self._earlier = dict(
            _read(line, where=f"{path}: line {number}") for number, line in enumerate(complete.splitlines(), start=1)
        )
        os.truncate(path, len(complete))
        self._size = len(complete)
        self._file = path.open("ab", buffering=0)

    def take(self, body: Mapping[str, object]) -> Completion | None:
        """The completion that an earlier attempt received for this request, if it did."""
        with self._lock:
            return self._earlier.pop(_key(body), None)

    def append(self, body: Mapping[str, object], completion: Completion) -> None:
        """Save a completion before it is used. May be called from many threads.

        Raises:
            UserError: the file cannot be written.
        """
        line = json.dumps({"key": _key(body), **asdict(completion)}).encode() + b"\n"
        with self._lock:
            try:
                if self._file.write(line) != len(line):
                    raise OSError("no space left on device")
                self._size += len(line)
            except OSError as error:
                self._file.truncate(self._size)
                raise UserError(f"cannot write {self.path}: {error}; free disk space and run again") from error

    def close(self) -> None:
        """Close the file and keep it for a resume."""
        self._file.close()

    def delete(self) -> None:
        """Close and delete the file, once its completions are in the stage's table."""
        self.close()
        self.path.unlink(missing_ok=True)


def _read(line: bytes, *, where: str) -> tuple[str, Completion]:
    try:
        record = json.loads(line)
        ids = record["token_ids"]
        completion = Completion(
            text=record["text"],
            finish=record["finish"],
            token_ids=None if ids is None else tuple(ids),
            reported_tokens=record["reported_tokens"],
        )
        return record["key"], completion
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{where} is no completion; delete the file to generate its texts again") from error


def _key(body: Mapping[str, object]) -> str:
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
