"""The append-only file of completions: a resumed stage reuses them and does not send their requests again."""

import json
import threading
from pathlib import Path

from thoughtrank.engines.serving.completion import Completion
from thoughtrank.engines.serving.completion_request import CompletionRequest
from thoughtrank.storage.line_log import LineLog

COMPLETION_LOG = "_replies.jsonl"
"""The file's name in the folder of an unfinished stage."""


class CompletionLog:
    """One JSON object per line. Each completion of an earlier attempt is handed out once; new ones are only written.

    Args:
        path: the file; created if it does not exist.

    Raises:
        UserError: a complete line is not what this class wrote.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._earlier: dict[str, Completion] = {}
        self._lines = LineLog(
            path, read=self._keep, unreadable="is no completion; delete the file to generate its texts again"
        )

    def take(self, request: CompletionRequest) -> Completion | None:
        """The completion that an earlier attempt received for this request, if it did."""
        with self._lock:
            return self._earlier.pop(request.key, None) if self._earlier else None

    def append(self, request: CompletionRequest, completion: Completion) -> None:
        """Save a completion before it is used. May be called from many threads.

        Raises:
            UserError: the file cannot be written.
        """
        record = {
            "key": request.key,
            "text": completion.text,
            "finish": completion.finish,
            "token_ids": completion.token_ids,
            "reported_tokens": completion.reported_tokens,
            "stopped_at": completion.stopped_at,
        }
        self._lines.append(json.dumps(record).encode())

    def close(self) -> None:
        """Close the file and keep it for a resume."""
        self._lines.close()

    def delete(self) -> None:
        """Close and delete the file, once its completions are in the stage's table."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _keep(self, line: bytes) -> None:
        record = json.loads(line)
        ids = record["token_ids"]
        self._earlier[record["key"]] = Completion(
            text=record["text"],
            finish=record["finish"],
            token_ids=None if ids is None else tuple(ids),
            reported_tokens=record["reported_tokens"],
            stopped_at=record.get("stopped_at"),
        )
