"""The longest sequence of a run: what an engine that sets memory aside for whole sequences has to hold."""

from collections.abc import Iterable

from thoughtrank.engines.protocol import Limits
from thoughtrank.evaluation.reference_kinds import understood
from thoughtrank.prompting.context_filter import ContextFilter
from thoughtrank.prompting.thought_tags import answer_opener
from thoughtrank.records import Question
from thoughtrank.rounds.stage_builder import StageBuilder
from thoughtrank.selection.protocol import needs_gains
from thoughtrank.storage.imported_candidates import ImportedCandidates


def run_sequence_tokens(builder: StageBuilder) -> int:
    """An upper bound of the tokens of prompt and text in any stage of a run."""
    components = builder.components
    return longest_sequence(
        builder.questions,
        limits=builder.limits,
        stem=components.questions.answer_stem,
        rounds=builder.config.rounds,
        imported=components.imported if needs_gains(components.selection) else None,
    )


def longest_sequence(
    questions: ContextFilter, *, limits: Limits, stem: str, rounds: int, imported: ImportedCandidates | None
) -> int:
    """The same from what it depends on.

    Args:
        questions: of the run.
        limits: tokens per thought and answer.
        stem: introduces a short answer.
        rounds: number of rounds.
        imported: candidates that are scored in place of generated ones; they may be longer than the limits.
    """
    asked = (question for number in range(1, rounds + 1) for question in questions.train(number))
    thought, answer = limits.thought_tokens, max(limits.answer_tokens, _reference_bytes(asked))
    if imported is not None:
        for candidate in imported.candidates():
            thought = max(thought, _num_bytes(candidate.thought))
            answer = max(answer, _num_bytes(candidate.answer))
    return questions.sequence_tokens(scored_tokens=thought + _num_bytes(answer_opener(thought="", stem=stem)) + answer)


def _reference_bytes(questions: Iterable[Question]) -> int:
    """Of the longest reference answer whose probability is asked for. Where a reference is free text, the model's answer is."""
    references = (understood(question.answer, question.answer_kind) for question in questions)
    return max((_num_bytes(each.text) for each in references if each.kind != "free_text"), default=0)


def _num_bytes(text: str) -> int:
    """At least the number of tokens of a text: no tokenizer needs more than one token per byte."""
    return len(text.encode())
