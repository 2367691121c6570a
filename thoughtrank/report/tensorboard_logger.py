"""TensorBoard as a logger (`logger=tensorboard`): an event file in the run folder, with scalars and histograms."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thoughtrank.report.html.round_candidates import Reported
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.loggers import Logger

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"


class TensorBoardLogger(Logger):
    """Event files in ``tensorboard`` of the run folder.

    ``round/*`` is over the round, ``training/*`` over the steps of all rounds.

    A resumed attempt logs the earlier rounds again, so it begins with an empty folder.
    """

    def __init__(self) -> None:
        self._writer: SummaryWriter
        self._steps = 0.0

    def faults(self) -> list[str]:
        """The package is missing."""
        from importlib.util import find_spec

        return (
            []
            if find_spec("tensorboard")
            else ["logger=tensorboard needs the package tensorboard: pip install tensorboard"]
        )

    def plan_text(self) -> str:
        """See ``Logger``."""
        return f"TensorBoard, event files in {FOLDER} of the run folder"

    def start(self, *, run: str, folder: Path, config: Mapping[str, Any], sweep: str | None) -> None:
        """See ``Logger``."""
        from torch.utils.tensorboard import SummaryWriter

        for path in (folder / FOLDER).glob("events.out.tfevents.*"):
            path.unlink()
        self._writer = SummaryWriter(str(folder / FOLDER))

    def log_round(self, metrics: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        for name, value in metrics.items():
            if value is not None and name != "round":
                self._writer.add_scalar(f"round/{name}", value, int(metrics["round"] or 0))

    def log_candidates(self, round_number: int, questions: Iterable[Sequence[Reported]]) -> None:
        """See ``Logger``: ranks, gains and thought lengths as histograms."""
        statistics = RoundStatistics(round_number)
        for group in questions:
            statistics.add(group)
        counted = {"ranks": statistics.ranks, "gains": statistics.gains, "thought_lengths": statistics.lengths}
        for name, counts in counted.items():
            if counts:
                self._add_histogram(f"round/{name}", counts, step=round_number)

    def log_training(self, round_number: int, rows: Sequence[Mapping[str, float]]) -> None:
        """See ``Logger``."""
        for row in rows:
            for name, value in row.items():
                if name != "step":
                    self._writer.add_scalar(f"training/{name}", value, int(self._steps + row["step"]))
        if rows:
            self._steps += rows[-1]["step"]

    def log_findings(self, findings: Mapping[str, float | None]) -> None:
        """See ``Logger``."""
        for name, value in findings.items():
            if value is not None:
                self._writer.add_scalar(f"findings/{name}", value)

    def finish(self) -> None:
        """See ``Logger``."""
        self._writer.close()

    def _add_histogram(self, name: str, counts: Counter[float], *, step: int) -> None:
        values = sorted(counts)
        self._writer.add_histogram_raw(
            name,
            min=values[0],
            max=values[-1],
            num=counts.total(),
            sum=sum(value * count for value, count in counts.items()),
            sum_squares=sum(value * value * count for value, count in counts.items()),
            bucket_limits=values,
            bucket_counts=[counts[value] for value in values],
            global_step=step,
        )
