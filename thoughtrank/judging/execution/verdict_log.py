"""The append-only log of all verdicts: completed calls are read from it and never repeated."""

import json
import os
import threading
from dataclasses import asdict, replace
from pathlib import Path

from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import JudgeRequest, Usage, Verdict


class VerdictLog:
    """One JSON object per line, on disk before the verdict is used. One process at a time may have it open.

    A process that is killed while it writes leaves at most one torn line, the last one; it is removed when the log is opened.

    Args:
        path: the file; created, with its folder, if missing.
        price: US dollars per million prompt and completion tokens, to be recorded; None where unknown.

    Raises:
        UserError: a complete line cannot be read, so the file was not written by this class.

    Attributes:
        usage: what all verdicts in the file cost together.
        appended: verdicts written by this object.
    """

    def __init__(self, path: Path, *, price: tuple[float, float] | None = None) -> None:
        self.path = path
        self._price = price
        self.usage = Usage()
        self.appended = 0
        self._verdicts: dict[str, Verdict] = {}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._size = self._load()
        except BaseException:
            self.close()
            raise

    def __contains__(self, key: str) -> bool:
        return key in self._verdicts

    def __getitem__(self, key: str) -> Verdict:
        return self._verdicts[key]

    def get(self, key: str) -> Verdict | None:
        """The verdict of a call, or None."""
        return self._verdicts.get(key)

    def append(self, *, key: str, request: JudgeRequest, verdict: Verdict) -> None:
        """Write one verdict and wait until it is on disk. May be called from many threads.

        Raises:
            UserError: the line cannot be written; the file is left without any part of it.
        """
        record = {
            "key": key,
            "question_id": request.question_id,
            "answer_ids": [answer.answer_id for answer in request.answers],
            "seed": request.seed,
            "mode": request.mode,
            "reverse": request.reverse,
            "price_per_million": self._price,
            **asdict(verdict),
        }
        # A lone surrogate becomes a JSON escape, which reads back as the same character.
        line = json.dumps(record, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"
        with self._lock:
            try:
                self._write(line)
            except OSError as error:
                os.ftruncate(self._file, self._size)
                raise UserError(f"cannot write {self.path}: {error.strerror}; free some space and run again") from error
            self._size += len(line)
            self._keep(key, verdict)
            self.appended += 1

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, line: bytes) -> None:
        written = os.pwrite(self._file, line, self._size)
        while written < len(line):  # a disk that is nearly full may write only a part
            written += os.pwrite(self._file, line[written:], self._size + written)
        os.fsync(self._file)

    def _keep(self, key: str, verdict: Verdict) -> None:
        self._verdicts[key] = replace(verdict, prompt="") if verdict.prompt else verdict
        self.usage += verdict.usage

    def _load(self) -> int:
        """Read the complete lines and remove a torn one; returns the size of the file in bytes."""
        content = self.path.read_bytes()
        *lines, tail = content.split(b"\n")
        for number, line in enumerate(lines, start=1):
            try:
                self._keep(*_record(line))
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"{self.path}: line {number} is no verdict; restore the file, or move it away to repeat all judge calls"
                ) from error
        size = len(content) - len(tail)
        try:
            self._keep(*_record(tail))
        except (ValueError, KeyError, TypeError):
            os.ftruncate(self._file, size)
            return size
        # Only the newline is missing: the call was paid for, so it counts.
        os.pwrite(self._file, b"\n", len(content))
        return len(content) + 1


def _record(line: bytes) -> tuple[str, Verdict]:
    """The key and the verdict of one line; ValueError, KeyError or TypeError if it holds none."""
    record = json.loads(line)
    return record["key"], Verdict(
        status=record["status"],
        groups=tuple(tuple(group) for group in record["groups"]),
        reason=record["reason"],
        usage=Usage(**record["usage"]),
        model=record["model"],
        prompt_hash=record["prompt_hash"],
        reply=record["reply"],
        scores=tuple((answer_id, score) for answer_id, score in record.get("scores", ())),
        shown=tuple(record["shown"]),
    )
