"""Stage 3: the best thought+answer pairs become training examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Candidate, Example, Question, RankedCandidate
from thoughtrank.storage.store import Stage
from thoughtrank.storage.tables import write_part


class Selector(Protocol):
    """A part of the config group ``selection``."""

    def select(self, candidates: Sequence[Candidate], ranking: Sequence[RankedCandidate]) -> list[Candidate]:
        """The candidates of one question to train on, best first; possibly none."""
        ...

    def identity(self) -> dict[str, object]:
        """What decides the choice, for the fingerprint."""
        ...


def select_examples(
    *,
    stage: Stage,
    questions: Sequence[Question],
    candidates: Sequence[Candidate],
    ranking: Sequence[RankedCandidate],
    selector: Selector,
    model_folder: Path,
) -> None:
    """Write the table of examples.

    Args:
        stage: where the table goes; locked by the caller.
        questions: of this round.
        candidates: all of them.
        ranking: one row per candidate, in the same order.
        selector: makes the choice.
        model_folder: whose chat template renders the prompts.
    """
    chat = ChatTemplate.from_folder(model_folder)
    of_question: dict[str, tuple[list[Candidate], list[RankedCandidate]]] = {}
    for candidate, row in zip(candidates, ranking, strict=True):
        both = of_question.setdefault(candidate.question_id, ([], []))
        both[0].append(candidate)
        both[1].append(row)
    examples = []
    chosen_questions = 0
    for question in questions:
        chosen = selector.select(*of_question[question.question_id])
        chosen_questions += bool(chosen)
        for candidate in chosen:
            examples.append(
                Example(
                    question_id=question.question_id,
                    candidate_id=candidate.candidate_id,
                    prompt=chat.prompt(question.text),
                    completion=chat.completion(thought=candidate.thought, answer=candidate.answer),
                )
            )
    write_part(stage.folder / "part-00000.parquet", examples, record_type=Example)
    stage.finish(examples=len(examples), questions_with_examples=chosen_questions)
