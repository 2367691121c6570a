"""What the judge's calls probably cost, beside the most they can: from mean lengths and the number of different answers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from statistics import mean

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import candidates_per_question
from thoughtrank.config.dry_run.control_plan import times_ranked
from thoughtrank.config.dry_run.number_text import count
from thoughtrank.config.schema import RunConfig
from thoughtrank.config.stored_config import read_stored_config
from thoughtrank.errors import UserError
from thoughtrank.judging.protocol import AnswerView
from thoughtrank.rankers.duplicate_answers import duplicate_classes
from thoughtrank.rankers.token_estimate import FRAME_TOKENS, LABEL_TOKENS
from thoughtrank.records import Candidate
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import TableRows

_ANSWER_TOKENS = 150
"""Of a short solution, where no earlier run says more."""
_DIFFERENT = 0.6
"""Fraction of the candidates of a question whose answer no other one has; see benchmarks/ranking.md."""
_REPLY_TOKENS = 100
"""Of a judge that does not reason before it replies."""
_ROWS = 2000
"""Candidates of an earlier run that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerStatistics:
    """What the price of judging depends on.

    Attributes:
        tokens: mean length of an answer.
        different: fraction of the candidates of a question that have different answers.
        run: the earlier run it was measured in; None where it is assumed.
    """

    tokens: float
    different: float
    run: str | None = None


def expected_price(config: RunConfig, components: Components) -> str | None:
    """The expected price of all rounds, those of controls included, with what it assumes; None where no price is known."""
    judge, questions = components.judge, components.questions.train_per_round
    answers = earlier_answers(config) or AnswerStatistics(
        tokens=min(_ANSWER_TOKENS, config.generation.answer_tokens), different=_DIFFERENT
    )
    candidates = candidates_per_question(config, components)
    different = min(candidates, max(2, round(answers.different * candidates)))
    work = components.ranker.max_work(different)
    calls, shown = questions * work.calls, questions * work.answers_shown
    bound = judge.cost_bound(calls=calls, answers_shown=shown, answer_tokens=round(answers.tokens))
    if bound is None or bound.price is None or not bound.dollars:
        return None
    audited = bound.calls / max(calls, 1)
    prompts = bound.calls * FRAME_TOKENS + audited * shown * (answers.tokens + LABEL_TOKENS)
    dollars = (prompts * bound.price[0] + bound.calls * _REPLY_TOKENS * bound.price[1]) / 1e6
    dollars = config.rounds * times_ranked(config) * min(dollars, bound.dollars)
    like = "if answers have" if answers.run is None else f"if answers are like those of the run {answers.run}:"
    return (
        f"about ${dollars:,.2f} {like} {count(round(answers.tokens), 'token')}, {different} of {candidates} different, "
        f"and judge replies of {_REPLY_TOKENS} tokens"
    )


def earlier_answers(config: RunConfig) -> AnswerStatistics | None:
    """Measured in round 1 of the latest finished run in ``runs_dir`` with the same model and limits; None without one."""
    summaries = sorted(config.runs_folder.glob("*/summary.json"), key=lambda path: path.stat().st_mtime)
    for summary in reversed(summaries):
        paths = RunPaths(summary.parent)
        try:
            if not _is_alike(read_stored_config(paths.config), config):
                continue
            rows = TableRows(paths.round(1).candidates, Candidate, without=("thought_ids", "answer_ids"))
            measured = _statistics(islice(rows, _ROWS), run=summary.parent.name)
        except (UserError, OSError):  # of no use, and its own commands report why
            continue
        if measured is not None:
            return measured
    return None


def _is_alike(stored: dict[str, object], config: RunConfig) -> bool:
    generation = stored.get("generation")
    limit = generation.get("answer_tokens") if isinstance(generation, dict) else None
    return stored.get("model") == config.model and limit == config.generation.answer_tokens


def _statistics(rows: Iterable[Candidate], *, run: str) -> AnswerStatistics | None:
    answers: dict[str, list[AnswerView]] = defaultdict(list)
    tokens = []
    for row in rows:
        answers[row.question_id].append(AnswerView(row.candidate_id, row.answer))
        tokens.append(row.answer_tokens)
    if not tokens:
        return None
    different = sum(len(duplicate_classes(each)) for each in answers.values())
    return AnswerStatistics(tokens=mean(tokens), different=different / len(tokens), run=run)
