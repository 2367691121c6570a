"""The results of each finished round: metrics in the run folder, a line for the terminal, and what loggers record."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from thoughtrank.evaluation.majority_baseline import majority_baseline
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.output.terminal import print_text
from thoughtrank.report.html.round_candidates import ReportedQuestions
from thoughtrank.report.html.write_report import report_of_running
from thoughtrank.report.loggers import Logger
from thoughtrank.report.openings import openings
from thoughtrank.report.prefix_statistics import PrefixResult, PrefixTally, RoundPrefix, with_round
from thoughtrank.report.round_line import round_line
from thoughtrank.report.summary import round_summary, round_tally, scalars
from thoughtrank.rounds.development_evaluation import development_evaluation, development_figures
from thoughtrank.rounds.round import Round
from thoughtrank.rounds.round_win_rates import round_win_rates
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.rounds.stage_outputs import stage_outputs
from thoughtrank.stages.training import training_curve
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.json_files import read_json, read_json_object, write_json
from thoughtrank.storage.run_paths import METRICS
from thoughtrank.storage.tables import TableRows, part_path, write_part


class RoundResults:
    """Collects the results of a run's rounds, and publishes those of each as soon as it is finished.

    Args:
        builder: of the run.
        logger: that records them.

    Attributes:
        entries: of ``summary.json``, one per round.
    """

    def __init__(self, builder: StageBuilder, *, logger: Logger) -> None:
        self.entries: list[dict[str, Any]] = []
        self._builder = builder
        self._logger = logger
        self._prefixes: list[RoundPrefix] = []

    def add(self, current: Round) -> None:
        """Publish, print and log the results of a round, all of whose stages are finished."""
        tally = round_tally(current.artifacts)
        prefixes = tally.results()
        self._prefixes += with_round(current.number, prefixes)
        if self._prefixes:
            folder = self._builder.store.paths.prefixes
            folder.mkdir(exist_ok=True)
            write_part(part_path(folder, 0), self._prefixes, record_type=RoundPrefix)
        self.entries.append(_round_entry(current, tally=tally, builder=self._builder))
        print_text(round_line(self.entries[-1], base=self.entries[0]))
        self._log(current, prefixes=prefixes)

    def _log(self, current: Round, *, prefixes: Sequence[PrefixResult]) -> None:
        logger, builder = self._logger, self._builder
        logger.log_round(scalars(self.entries[-1]))
        if current.number:
            logger.log_prefixes(current.number, [asdict(row) for row in prefixes])
            candidates = ReportedQuestions(builder.store.paths, current.number, builder.config.selection)
            logger.log_candidates(current.number, candidates)
            logger.log_training(current.number, training_curve(current.artifacts["training"].published))
            logger.log_outputs(stage_outputs(builder, current))


def write_report(builder: StageBuilder) -> None:
    """Write ``report.html`` of the rounds so far."""
    questions = {each.number: list(each.questions) for each in builder.rounds[1:]}
    questions[0] = builder.questions.evaluation()
    report_of_running(builder.store.paths, questions=questions)


def _round_entry(current: Round, *, tally: PrefixTally, builder: StageBuilder) -> dict[str, Any]:
    """Publish the metrics of a finished round, and return its entry of ``summary.json``."""
    number, questions = current.number, builder.questions
    path = builder.store.paths.evaluation(number)
    if read_json_object(path) is None:
        metrics = read_json(current.artifacts["evaluation"].folder / METRICS)
        write_json(path, {"round": number, **metrics, "chance": _chance(builder)})
    development = _development(current, builder=builder)
    entry = round_summary(
        metrics=read_json(path),
        artifacts=current.artifacts,
        screening=current.screening,
        prefixes=tally.results(),
        candidates=tally.figures(),
        opened=openings(TableRows(current.artifacts["evaluation"].published, HeldOutReply)),
        questions_left_out=len(questions.left_out_of_round(number)) if number else 0,
        held_out_left_out=len(questions.left_out_of_evaluation()),
        win_rates=round_win_rates(builder, current),
        development=development,
    )
    return entry if development is None else {**entry, **development_figures(read_json(development.folder / METRICS))}


def _chance(builder: StageBuilder) -> Mapping[str, Any] | None:
    """The majority baseline of the test questions; it is the same in every round."""
    found = majority_baseline(builder.questions.evaluation(), scorer=builder.scorer)
    return None if found is None else found._asdict()


def _development(current: Round, *, builder: StageBuilder) -> Artifact | None:
    """Evaluate the round's model on the development questions, where they choose the exported round."""
    if builder.config.export.which != "best":
        return None
    return builder.store.complete(development_evaluation(builder, current))
