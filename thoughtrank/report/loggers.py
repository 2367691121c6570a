"""Loggers: where the metrics of a run go besides its own folder (the config group ``logger``)."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from thoughtrank.errors import UserError
from thoughtrank.output.terminal import print_traceback, print_warning
from thoughtrank.report.html.round_candidates import Reported
from thoughtrank.storage.files import replacing
from thoughtrank.storage.full_disk import is_full_disk


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutput:
    """What one stage of a round has made.

    Attributes:
        name: ``candidates``, ``rankings``, ``gains``, ``examples`` or ``model``.
        round_number: of the round.
        folder: in the run folder.
        made_from: name and round number of every earlier output that it was made from.
    """

    name: str
    round_number: int
    folder: Path
    made_from: Sequence[tuple[str, int]]


@runtime_checkable
class Logger(Protocol):
    """Receives the metrics of every round. Loggers inherit from it and override what they record.

    A logger decides no result, so the whole config group is operational.
    """

    def __init__(self) -> None:
        """No arguments, unless a logger has its own."""

    def faults(self) -> list[str]:
        """What the user has to fix before the run can start, one sentence each."""
        return []

    def plan_text(self) -> str:
        """Where the figures will be, for the plan: without a network. Empty for nothing to say."""
        return ""

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """Start, or resume, logging of a run.

        Args:
            run: its name.
            folder: its folder.
            config: the composed config as plain values, without secrets.
            sweep: name of the sweep it is a job of, if any.
        """

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """Log the scalars of one round; ``metrics["round"]`` is its number. Logging the same again changes nothing."""

    def log_prefixes(self, round_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Log one row per prefix of one round."""

    def log_candidates(self, round_number: int, questions: Iterable[Sequence[Reported]]) -> None:
        """Log distributions over the candidates of one round, and some of them. They are read only if this is done.

        Args:
            round_number: of the round.
            questions: the candidates of each question in turn; every iteration reads the tables again.
        """

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """Log the training curve of one round, one row per step."""

    def log_outputs(self, outputs: Sequence[StageOutput]) -> None:
        """Log what the stages of one round have made, in the order in which they made it."""

    def log_findings(self, findings: Mapping[str, float | None]) -> None:
        """Log the thought effect and the accuracies of the controls, once the last round is finished."""

    def finish(self) -> None:
        """Flush and close."""


class Loggers(Logger):
    """All loggers of a run, which get the same figures; with none, the figures are in the run folder only.

    What fails in one of them, once it has started, is a warning: no result depends on it, and the run goes on.

    Args:
        loggers: by name, which is also where their keys are: ``logger.wandb.project``.
    """

    def __init__(self, **loggers: Logger) -> None:
        self.loggers = loggers
        self._started = ExitStack()
        self._failed: set[str] = set()

    def faults(self) -> list[str]:
        """The faults of every logger, and what is no logger."""
        # The config check lets any key through here, so a key of a logger in the wrong place arrives as a logger.
        wrong = [
            f"logger.{name}={value!r}: not a logger; the keys of a logger are below its name, as in logger.wandb.project"
            for name, value in self.loggers.items()
            if not isinstance(value, Logger)
        ]
        return wrong + [fault for each in self.loggers.values() if isinstance(each, Logger) for fault in each.faults()]

    def plan_text(self) -> str:
        """That of every logger."""
        texts = [each.plan_text() for each in self.loggers.values() if isinstance(each, Logger)]
        return "; ".join(filter(None, texts))

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """See ``Logger``. If one cannot start, those that have started are finished."""
        with ExitStack() as started:
            for name, each in self.loggers.items():
                each.start(run=run, folder=folder, config=config, sweep=sweep)
                started.callback(self._finish, name)
            self._started = started.pop_all()

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        self._tell(lambda logger: logger.log_round(metrics))

    def log_prefixes(self, round_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``Logger``."""
        self._tell(lambda logger: logger.log_prefixes(round_number, rows))

    def log_candidates(self, round_number: int, questions: Iterable[Sequence[Reported]]) -> None:
        """See ``Logger``."""
        self._tell(lambda logger: logger.log_candidates(round_number, questions))

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """See ``Logger``."""
        self._tell(lambda logger: logger.log_training(round_number, rows))

    def log_outputs(self, outputs: Sequence[StageOutput]) -> None:
        """See ``Logger``."""
        self._tell(lambda logger: logger.log_outputs(outputs))

    def log_findings(self, findings: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        self._tell(lambda logger: logger.log_findings(findings))

    def finish(self) -> None:
        """See ``Logger``. All of them are finished, also if one fails to."""
        self._started.close()

    def _tell(self, log: Callable[[Logger], None]) -> None:
        for name, logger in self.loggers.items():
            with self._failure_as_warning(name):
                log(logger)

    def _finish(self, name: str) -> None:
        with self._failure_as_warning(name):
            self.loggers[name].finish()

    @contextmanager
    def _failure_as_warning(self, name: str) -> Iterator[None]:
        """A full disk is not the logger's: it stops the run, which has to write as well."""
        try:
            yield
        except Exception as error:
            if is_full_disk(error):
                raise
            if name not in self._failed and not isinstance(error, UserError):
                print_traceback()
            self._failed.add(name)
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            print_warning(
                f"logger.{name} failed ({reason}) and lacks some figures; the run goes on, and its folder has all of them"
            )


class CsvLogger(Logger):
    """Tables in the run folder: ``metrics.csv``, ``prefixes.csv`` and ``training.csv`` with one row per round, prefix and step,
    and ``findings.csv`` with one row for the thought effect and the controls."""

    def __init__(self) -> None:
        self._folder = Path()
        self._rows: dict[str, list[dict[str, Any]]] = {"metrics": [], "prefixes": [], "training": [], "findings": []}

    def plan_text(self) -> str:
        """See ``Logger``."""
        return "CSV tables in the run folder"

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """See ``Logger``."""
        self._folder = folder

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        self._add("metrics", [dict(metrics)])

    def log_prefixes(self, round_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """See ``Logger``."""
        self._add("prefixes", [{"round": round_number, **row} for row in rows])

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """See ``Logger``."""
        self._add("training", [{"round": round_number, **row} for row in rows])

    def log_findings(self, findings: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        if findings:
            self._add("findings", [dict(findings)])

    def _add(self, name: str, rows: list[dict[str, Any]]) -> None:
        self._rows[name].extend(rows)
        columns = list(dict.fromkeys(key for row in self._rows[name] for key in row))
        with (
            replacing(self._folder / f"{name}.csv") as partial,
            partial.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(self._rows[name])
