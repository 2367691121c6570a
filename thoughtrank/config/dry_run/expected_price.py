"""What the judge's calls probably cost, beside the most they can: from mean lengths and the number of different answers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from statistics import mean

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.candidate_counts import RoundCounts, round_counts
from thoughtrank.config.dry_run.command_scope import CommandScope
from thoughtrank.config.dry_run.number_text import count
from thoughtrank.config.dry_run.ranking_work import dollars_text, ranked_counts, ranking_work
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


def expected_price(config: RunConfig, components: Components, *, scope: CommandScope) -> str | None:
    """The expected price, with what it assumes; None where no price is known.

    Args:
        config: of the run.
        components: made from it.
        scope: what the command does; where that is not the whole run, both have a price.
    """
    answers = earlier_answers(config) or AnswerStatistics(
        tokens=min(_ANSWER_TOKENS, config.generation.answer_tokens), different=_DIFFERENT
    )
    whole, command = (
        [
            _expected_dollars(components, counts=each, answers=answers)
            for each in ranked_counts(config, components, part)
        ]
        for part in (CommandScope.of_run(config), scope)
    )
    if None in whole or not any(whole):
        return None
    size = max(round_counts(config, components, rounds=[config.rounds])[0].sizes)
    like = "if answers have" if answers.run is None else f"if answers are like those of the run {answers.run}:"
    return (
        f"{dollars_text(sum(filter(None, whole)), sum(filter(None, command)), scope=scope, most='about')} {like} "
        f"{count(round(answers.tokens), 'token')}, {_different(size, answers)} of {size} different, and judge replies of "
        f"{_REPLY_TOKENS} tokens"
    )


def _expected_dollars(components: Components, *, counts: RoundCounts, answers: AnswerStatistics) -> float | None:
    """Of one round; None where no price is known."""
    different = ((_different(size, answers), number) for size, number in counts.sizes.items())
    work = ranking_work(components.ranker, different)
    bound = components.judge.cost_bound(
        calls=work.calls, answers_shown=work.answers_shown, answer_tokens=round(answers.tokens)
    )
    if bound is None or bound.price is None or bound.dollars is None:
        return None
    audited = bound.calls / max(work.calls, 1)
    prompts = bound.calls * FRAME_TOKENS + audited * work.answers_shown * (answers.tokens + LABEL_TOKENS)
    return min((prompts * bound.price[0] + bound.calls * _REPLY_TOKENS * bound.price[1]) / 1e6, bound.dollars)


def _different(candidates: int, answers: AnswerStatistics) -> int:
    """How many of the answers to a question are probably different."""
    return min(candidates, max(2, round(answers.different * candidates)))


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
