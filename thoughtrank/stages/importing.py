"""Stage 1, where round 1 has candidates made elsewhere: they become the table that ranking reads."""

from collections.abc import Sequence
from pathlib import Path

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import CLOSE_TAG
from thoughtrank.records import Candidate, Question
from thoughtrank.storage.imported_candidates import ImportedCandidate
from thoughtrank.storage.store import Stage
from thoughtrank.storage.tables import write_part


def import_candidates(
    *, stage: Stage, questions: Sequence[Question], candidates: Sequence[ImportedCandidate], model_folder: Path
) -> None:
    """Write the table of candidates: those of ``questions``, in their order.

    Args:
        stage: where the table goes; locked by the caller.
        questions: of this round.
        candidates: as they were imported; those of other questions are left out.
        model_folder: its tokenizer counts tokens where nobody has.
    """
    chat = ChatTemplate.from_folder(model_folder)
    by_question: dict[str, list[ImportedCandidate]] = {question.question_id: [] for question in questions}
    for candidate in candidates:
        if candidate.question_id in by_question:
            by_question[candidate.question_id].append(candidate)
    rows = [
        _candidate(candidate, place=place, chat=chat)
        for question in questions
        for place, candidate in enumerate(by_question[question.question_id])
    ]
    write_part(stage.folder / "part-00000.parquet", rows, record_type=Candidate)
    stage.finish(candidates=len(rows), engine={"engine": "imported"})


def _candidate(imported: ImportedCandidate, *, place: int, chat: ChatTemplate) -> Candidate:
    thought_tokens, answer_tokens = imported.thought_tokens, imported.answer_tokens
    if thought_tokens is None:
        thought_tokens = len(chat.token_ids(imported.thought + CLOSE_TAG))
    if answer_tokens is None:
        answer_tokens = len(chat.token_ids(imported.answer))
    return Candidate(
        question_id=imported.question_id,
        candidate_id=f"{imported.question_id}-{place:03d}",
        prefix=imported.prefix,
        thought=imported.thought,
        answer=imported.answer,
        thought_tokens=thought_tokens,
        answer_tokens=answer_tokens,
        thought_finish=imported.thought_finish,
        answer_finish=imported.answer_finish,
    )
