"""The candidates of one round with everything that is known of each: rank, gain, and why it was selected or not."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any, TypeVar

from thoughtrank.errors import UserError
from thoughtrank.evaluation.calculations_in_text import wrong_calculations
from thoughtrank.evaluation.named_operations import unperformed_operations
from thoughtrank.records import Candidate, Example, Gain, RankedCandidate
from thoughtrank.selection.thought_trimming import trimmed
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import TableRows

SELECTED = "selected"
_TOKEN_IDS = ("thought_ids", "answer_ids")
RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One candidate.

    Attributes:
        candidate: the text.
        ranking: its row; None before the ranking.
        gain: in nats; None where it was not computed.
        outcome: ``SELECTED``, or why it was not.
    """

    candidate: Candidate
    ranking: RankedCandidate | None
    gain: float | None
    outcome: str

    @property
    def rank(self) -> int | None:
        """Its rank, if it has one."""
        return None if self.ranking is None else self.ranking.rank


def reported_questions(paths: RunPaths, number: int, *, selection: Mapping[str, Any]) -> Iterator[Sequence[Reported]]:
    """The candidates of a round, question after question; nothing where there is no readable table of them.

    Candidates and rankings are read side by side, so that a round of any size takes little memory.

    Args:
        paths: of the run.
        number: of the round.
        selection: the settings of the selection, which explain why a candidate was left out.
    """
    gains = {row.candidate_id: row for row in readable(TableRows(paths.gains(number), Gain))}
    chosen = _chosen(paths, number)
    candidates = readable(TableRows(paths.candidates(number), Candidate, without=_TOKEN_IDS))
    rows = readable(TableRows(paths.rankings(number), RankedCandidate))
    for _, group in groupby(zip_longest(candidates, rows), key=lambda pair: pair[0] and pair[0].question_id):
        pairs = list(group)
        if pairs[0][0] is not None:  # a ranking without its candidates
            yield _reported(pairs, gains=gains, chosen=chosen, selection=selection)


@dataclass(frozen=True, slots=True)
class ReportedQuestions:
    """``reported_questions`` with these arguments; every iteration reads the tables again."""

    paths: RunPaths
    number: int
    selection: Mapping[str, Any]

    def __iter__(self) -> Iterator[Sequence[Reported]]:
        return reported_questions(self.paths, self.number, selection=self.selection)


def readable(rows: TableRows[RowT]) -> Iterator[RowT]:
    """The rows of a table up to what cannot be read; none where it is missing."""
    with suppress(UserError):
        yield from rows


def _chosen(paths: RunPaths, number: int) -> set[str] | None:
    """The ids of the selected candidates; None before the selection."""
    folder = paths.examples(number)
    return {row.candidate_id for row in readable(TableRows(folder, Example))} if folder.exists() else None


@dataclass(frozen=True, slots=True)
class _Question:
    """What the outcome of a candidate depends on beside itself: the ranks of its question, and whether one was selected."""

    ranks: list[int]
    has_example: bool
    size: int


def _reported(
    pairs: Sequence[tuple[Candidate, RankedCandidate | None]],
    *,
    gains: Mapping[str, Gain],
    chosen: set[str] | None,
    selection: Mapping[str, Any],
) -> list[Reported]:
    """The candidates of one question."""
    question = _Question(
        ranks=[row.rank for _, row in pairs if row is not None and row.rank is not None],
        has_example=any(candidate.candidate_id in (chosen or ()) for candidate, _ in pairs),
        size=len(pairs),
    )
    found = []
    for candidate, row in pairs:
        gain = gains.get(candidate.candidate_id)
        if chosen is None:
            outcome = "not selected yet"
        elif candidate.candidate_id in chosen:
            outcome = SELECTED
        else:
            outcome = _why_not(candidate, row, gain=gain, question=question, selection=selection)
        nats = None if gain is None else gain.gain
        found.append(Reported(candidate=candidate, ranking=row, gain=nats, outcome=outcome))
    return found


def _why_not(
    candidate: Candidate,
    row: RankedCandidate | None,
    *,
    gain: Gain | None,
    question: _Question,
    selection: Mapping[str, Any],
) -> str:
    """Why a candidate was not selected, as far as the tables and the settings show it."""
    if row is None or row.rank is None:
        return "unranked: " + (row.reason or "no reason given" if row is not None else "no ranking")
    best = min(question.ranks)
    if best == max(question.ranks):
        return "all ranked answers tie"
    if row.rank > best:
        return "another answer is better"
    truncated = "length" in (candidate.thought_finish, candidate.answer_finish)
    if truncated and not selection.get("allow_truncated"):
        return "truncated at its limit"
    least = selection.get("min_gain")
    if least is not None and gain is not None and gain.gain < least:
        return f"gain below {least:g} nats"
    if selection.get("check_calculations"):
        thought = candidate.thought
        if gain is not None and selection.get("trim_thoughts"):
            thought = trimmed(candidate, gain).thought
        if wrong_calculations(thought, candidate.answer):
            return "states a wrong calculation"
        if unperformed_operations(thought):
            return "names another operation than it calculates"
    if question.has_example:
        return "as good, but another thought or answer was taken"
    share = float(selection.get("min_winner_share") or 0.0)
    if least is None and len(set(question.ranks)) == 2 and question.ranks.count(best) < share * question.size:
        return "too few best answers to rule out chance"
    if (
        len(set(question.ranks)) == 2
        and question.ranks.count(best) > float(selection.get("max_winner_share", 1.0)) * question.size
    ):
        return "too many best answers: the model knows this already"
    return "question left out by the selection"
