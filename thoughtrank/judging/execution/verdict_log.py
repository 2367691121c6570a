"""The append-only log of all verdicts: completed calls are read from it and never repeated."""

import json
import threading
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path

from thoughtrank.judging.protocol import JudgeRequest, Price, Usage, Verdict
from thoughtrank.storage.line_log import LineLog


class VerdictLog:
    """One JSON object per line, on disk before the verdict is used. One process at a time may have it open.

    Verdicts are read back from the file when they are asked for: in memory each takes about 200 bytes, whatever its length.

    Args:
        path: the file; created, with its folder, if missing.
        price: to be recorded. Verdicts that were recorded without one cost what it says; None where it is unknown.

    Raises:
        UserError: a complete line cannot be read, so the file was not written by this class.

    Attributes:
        usage: what all verdicts in the file cost together.
        unpriced: of that, the tokens whose price is unknown, which cost nothing so far.
        has_ok: some verdict is a ranking or a grade.
        appended: verdicts written by this object.
    """

    def __init__(self, path: Path, *, price: Price = None) -> None:
        self.path = path
        self._price = price
        self.usage = self.unpriced = Usage()
        self.has_ok = False
        self.appended = 0
        self._offsets: dict[bytes, int] = {}
        self._read_bytes = 0
        self._lock = threading.Lock()
        self._lines = LineLog(
            path,
            read=self._read,
            unreadable="is no verdict; restore the file, or move it away to repeat all judge calls",
            durable=True,
        )

    def __contains__(self, key: str) -> bool:
        return _digest(key) in self._offsets

    def __getitem__(self, key: str) -> Verdict:
        return self._at(self._offsets[_digest(key)])

    def get(self, key: str) -> Verdict | None:
        """The verdict of a call, or None."""
        offset = self._offsets.get(_digest(key))
        return None if offset is None else self._at(offset)

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
        line = json.dumps(record, ensure_ascii=False).encode(errors="backslashreplace")
        with self._lock:
            offset = self._lines.append(line)
            self._keep(key, verdict, offset=offset, price=self._price)
            self.appended += 1

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._lines.close()

    def _read(self, line: bytes) -> None:
        """Keep a line of an earlier attempt; the lines come in their order, and none is left out."""
        key, verdict, price = _record(line, price=self._price)
        self._keep(key, verdict, offset=self._read_bytes, price=price)
        self._read_bytes += len(line) + 1

    def _at(self, offset: int) -> Verdict:
        return _record(self._lines.line_at(offset), price=self._price)[1]

    def _keep(self, key: str, verdict: Verdict, *, offset: int, price: Price) -> None:
        self._offsets[_digest(key)] = offset
        self.usage += verdict.usage
        if price is None and not verdict.usage.cost:
            self.unpriced += verdict.usage
        self.has_ok = self.has_ok or verdict.status == "ok"


def _digest(key: str) -> bytes:
    """16 bytes in place of a key of 64 characters."""
    return blake2b(key.encode(), digest_size=16).digest()


def _record(line: bytes, *, price: Price) -> tuple[str, Verdict, Price]:
    """The key, the verdict and the price of one line; ValueError, KeyError or TypeError if it holds none.

    Args:
        line: of the file.
        price: of verdicts that were recorded without one.
    """
    record = json.loads(line)
    usage = Usage(**record["usage"])
    # Former versions recorded whatever a server reported; a negative cost would raise the cap.
    usage = usage if usage.is_possible else Usage()
    recorded = record.get("price_per_million")
    if recorded is not None:
        prompt, completion = recorded
        price = (prompt, completion)
    elif not usage.cost:
        usage = usage.at_price(price)
    verdict = Verdict(
        status=record["status"],
        groups=tuple(tuple(group) for group in record["groups"]),
        reason=record["reason"],
        usage=usage,
        model=record["model"],
        prompt_hash=record["prompt_hash"],
        reply=record["reply"],
        scores=tuple((answer_id, score) for answer_id, score in record.get("scores", ())),
        shown=tuple(record["shown"]),
    )
    return record["key"], verdict, price
