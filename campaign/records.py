"""The record file of a campaign: one line per finished trial, so that an interrupted campaign resumes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from campaign.outcome import Outcome
from thoughtrank.storage.line_log import LineLog


@dataclass(frozen=True, slots=True)
class Record:
    """One finished trial.

    Attributes:
        kind: name of the kind.
        number: of the trial within its kind.
        seconds: it took.
        outcome: what happened.
    """

    kind: str
    number: int
    seconds: float
    outcome: Outcome


class RecordFile:
    """Finished trials, each on disk before the next one is started. A torn last line is cut off.

    Args:
        path: the file; created, with its folder, if missing.

    Attributes:
        records: by kind and number.
    """

    def __init__(self, path: Path) -> None:
        self.records: dict[tuple[str, int], Record] = {}
        self._log = LineLog(path, read=self._read, unreadable="is no record; delete the file", durable=True)

    def __contains__(self, trial: tuple[str, int]) -> bool:
        return trial in self.records

    def add(self, record: Record) -> None:
        """Write one record."""
        self._log.append(json.dumps(asdict(record)).encode())
        self.records[record.kind, record.number] = record

    def close(self) -> None:
        """Close the file."""
        self._log.close()

    def _read(self, line: bytes) -> None:
        fields = json.loads(line)
        record = Record(**{**fields, "outcome": outcome_from(fields["outcome"])})
        self.records[record.kind, record.number] = record


def outcome_from(fields: dict[str, object]) -> Outcome:
    """The outcome with these fields, as ``asdict`` gives them; TypeError if they are none."""
    return Outcome(**fields)  # type: ignore[arg-type]
