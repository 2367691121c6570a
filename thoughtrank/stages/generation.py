"""Stage 1: one candidate per question and prefix."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thoughtrank.engines.batch_invariance import probe_batch_composition
from thoughtrank.engines.protocol import Branch, Continuation, Engine, GenerationRequest, Limits, OnStep
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.progress import progress_bar
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import opener
from thoughtrank.questions.groups import question_groups
from thoughtrank.records import Candidate, Question
from thoughtrank.storage.store import Stage, read_json, write_json
from thoughtrank.storage.tables import num_rows, write_part

ENGINE_RECORD = "_engine.json"


def generate_candidates(
    *,
    stage: Stage,
    questions: Sequence[Question],
    prefixes: Sequence[Prefix],
    model_folder: Path,
    engine: Engine,
    limits: Limits,
    description: str,
) -> None:
    """Write the table of candidates, group by group; groups that are there already are kept.

    Args:
        stage: where the table goes; locked by the caller.
        questions: of this round.
        prefixes: how the thoughts begin.
        model_folder: the model that writes.
        engine: how it writes.
        limits: tokens per thought and answer.
        description: for the progress bar.

    Raises:
        UserError: a question does not fit the model's context.
    """
    groups = question_groups(questions, at_most=engine.questions_per_group)
    missing = [number for number in range(len(groups)) if not _part(stage, number).exists()]
    total = len(questions) * len(prefixes)
    # What an earlier attempt knew of its engine; a probe is made once.
    record = stage.folder / ENGINE_RECORD
    facts: dict[str, object] = read_json(record) if record.exists() else {}
    if missing:
        chat = ChatTemplate.from_folder(model_folder)
        done = total - sum(len(groups[number]) for number in missing) * len(prefixes)
        with (
            engine.open(model_folder, work_folder=stage.folder) as session,
            progress_bar(description=description, total=total, done=done, unit="candidate") as bar,
        ):
            on_step = _shown_in(bar)
            for number in missing:
                requests = _requests(groups[number], prefixes=prefixes, chat=chat)
                results = session.generate(requests, limits=limits, on_step=on_step)
                candidates = _candidates(groups[number], prefixes=prefixes, results=results)
                write_part(_part(stage, number), candidates, record_type=Candidate)
                stage.save_seconds()
                if engine.probe_candidates and "determinism" not in facts:
                    facts["determinism"] = probe_batch_composition(
                        session=session,
                        requests=requests,
                        results=results,
                        limits=limits,
                        candidates=engine.probe_candidates,
                    )
                facts.update(session.facts())
                write_json(record, facts)
    written = num_rows(stage.folder)
    if written != total:
        raise AssertionError(f"{len(questions)} questions with {len(prefixes)} prefixes gave {written} candidates")
    stage.finish(candidates=total, engine=facts)


def _part(stage: Stage, group: int) -> Path:
    return stage.folder / f"part-{group:05d}.parquet"


def _shown_in(bar: Any) -> OnStep:
    """Tokens and finished candidates go to a progress bar."""
    tokens = 0

    def on_step(added: int, finished: int) -> None:
        nonlocal tokens
        tokens += added
        bar.set_postfix(tokens=tokens, refresh=False)
        bar.update(finished)

    return on_step


def _requests(
    questions: Sequence[Question], *, prefixes: Sequence[Prefix], chat: ChatTemplate
) -> list[GenerationRequest]:
    return [
        GenerationRequest(
            prompt=chat.prompt(question.text), branches=tuple(_branch(prefix, question) for prefix in prefixes)
        )
        for question in questions
    ]


def _candidates(
    questions: Sequence[Question], *, prefixes: Sequence[Prefix], results: Sequence[Sequence[Continuation]]
) -> list[Candidate]:
    # strict: an engine that returns fewer candidates than were asked for is a bug, never a smaller table.
    return [
        _candidate(question, place, prefix, continuation)
        for question, continuations in zip(questions, results, strict=True)
        for place, (prefix, continuation) in enumerate(zip(prefixes, continuations, strict=True))
    ]


def _branch(prefix: Prefix, question: Question) -> Branch:
    digest = hashlib.sha256(f"{prefix.seed}/{question.question_id}/{prefix.name}".encode()).digest()
    return Branch(
        opener=opener(prefix.text, closed=prefix.closed),
        in_thought=not prefix.closed,
        temperature=prefix.temperature,
        seed=int.from_bytes(digest[:6], "big"),
        first_choice=prefix.first_choice,
    )


def _candidate(question: Question, place: int, prefix: Prefix, continuation: Continuation) -> Candidate:
    return Candidate(
        question_id=question.question_id,
        candidate_id=f"{question.question_id}-{place:03d}",
        prefix=prefix.name,
        thought=prefix.text + continuation.thought,
        answer=continuation.answer,
        thought_tokens=continuation.thought_tokens,
        answer_tokens=len(continuation.answer_ids),
        thought_finish=continuation.thought_finish,
        answer_finish=continuation.answer_finish,
        thought_ids=continuation.thought_ids,
        answer_ids=continuation.answer_ids,
    )
