"""Stage 5: the same held-out questions, asked of every round's model.

Two arms with the same prompt text and the same reading of the answer:
``unprefixed``: the chat prompt only, one greedy reply, nothing forced. A reply that opens no thought is its own answer; an
unclosed thought is wrong.
``direct``: an empty closed thought is forced first, so that the model answers at once.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from thoughtrank.engines.protocol import Branch, Continuation, Engine, EngineSession, GenerationRequest, Limits, OnStep
from thoughtrank.evaluation.scoring import Scorer
from thoughtrank.evaluation.statistics import mean, wilson_interval
from thoughtrank.progress import progress_bar
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import EMPTY_THOUGHT, parse_reply
from thoughtrank.questions.groups import question_groups
from thoughtrank.records import Finish, Question
from thoughtrank.storage.store import Stage, write_json
from thoughtrank.storage.tables import read_table, write_part

METRICS = "_evaluation.json"
_ARMS: tuple[tuple[Literal["unprefixed", "direct"], str], ...] = (("unprefixed", ""), ("direct", EMPTY_THOUGHT))


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply to a held-out question.

    Attributes:
        arm: ``unprefixed`` or ``direct``.
        reply: the text the model wrote itself.
        answer: the part that counts as its answer; None behind an unclosed thought.
        right: whether that is the reference answer; None where there is no reference.
        thought_well_formed: it opens a thought first, closes it once, and then answers.
        reply_tokens: tokens of ``reply``.
        reply_finish: ``length`` where the limit cut it.
    """

    question_id: str
    family: str | None
    unseen: bool
    arm: Literal["unprefixed", "direct"]
    reply: str
    answer: str | None
    right: bool | None
    thought_well_formed: bool
    reply_tokens: int
    reply_finish: Finish


def evaluate_model(
    *,
    stage: Stage,
    questions: Sequence[Question],
    model_folder: Path,
    engine: Engine,
    reply_tokens: int,
    scorer: Scorer,
    description: str,
) -> None:
    """Write the table of replies and the metrics read from it.

    Args:
        stage: where they go; locked by the caller.
        questions: held-out ones, those of unseen families included.
        model_folder: the model.
        engine: how it writes.
        reply_tokens: limit of each reply.
        scorer: says which answers are right.
        description: for the progress bar.
    """
    groups = question_groups(questions, at_most=max(1, engine.replies_per_group // len(_ARMS)))
    paths = [stage.folder / f"part-{number:05d}.parquet" for number in range(len(groups))]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    facts: dict[str, object] = {}
    if missing:
        chat = ChatTemplate.from_folder(model_folder)
        total = len(questions) * len(_ARMS)
        done = sum(len(group) for number, group in enumerate(groups) if number not in missing) * len(_ARMS)
        with (
            engine.open(model_folder, work_folder=stage.folder) as session,
            progress_bar(description=description, total=total, done=done, unit="reply") as bar,
        ):
            for number in missing:
                replies = _ask(
                    groups[number],
                    chat=chat,
                    session=session,
                    reply_tokens=reply_tokens,
                    scorer=scorer,
                    on_step=lambda _, finished: bar.update(finished),
                )
                write_part(paths[number], replies, record_type=Reply)
                stage.save_seconds()
            facts = session.facts()
    write_json(stage.folder / METRICS, read_metrics(read_table(stage.folder, Reply)))
    stage.finish(engine=facts)


def _ask(
    questions: Sequence[Question],
    *,
    chat: ChatTemplate,
    session: EngineSession,
    reply_tokens: int,
    scorer: Scorer,
    on_step: OnStep,
) -> list[Reply]:
    branches = tuple(Branch(opener=opener, in_thought=False) for _, opener in _ARMS)
    requests = [GenerationRequest(prompt=chat.prompt(question.text), branches=branches) for question in questions]
    limits = Limits(thought_tokens=0, answer_tokens=reply_tokens)
    results = session.generate(requests, limits=limits, on_step=on_step)
    return [
        _read_reply(question, arm, continuation, scorer=scorer)
        for question, continuations in zip(questions, results, strict=True)
        for (arm, _), continuation in zip(_ARMS, continuations, strict=True)
    ]


def _read_reply(
    question: Question, arm: Literal["unprefixed", "direct"], continuation: Continuation, *, scorer: Scorer
) -> Reply:
    parsed = parse_reply(continuation.answer)
    right = None
    if question.answer is not None:
        right = parsed.answer is not None and (
            scorer.score(parsed.answer, question_id=question.question_id, reference=question.answer) >= 1.0
        )
    return Reply(
        question_id=question.question_id,
        family=question.family,
        unseen=question.unseen,
        arm=arm,
        reply=continuation.answer,
        answer=parsed.answer,
        right=right,
        thought_well_formed=parsed.well_formed,
        reply_tokens=len(continuation.answer_ids),
        reply_finish=continuation.answer_finish,
    )


def read_metrics(replies: Sequence[Reply]) -> dict[str, Any]:
    """Every figure of one round's evaluation.

    Accuracies come with their 95 % Wilson interval and are None where no question has a reference answer. Except for
    those named ``unseen``, all figures are over the questions of trained families.
    """
    seen = [reply for reply in replies if not reply.unseen]
    unprefixed = [reply for reply in seen if reply.arm == "unprefixed"]
    unseen = [reply for reply in replies if reply.unseen and reply.arm == "unprefixed"]
    return {
        "n": len(unprefixed),
        **_accuracy(unprefixed, name="accuracy", bounds="accuracy"),
        **_accuracy([reply for reply in seen if reply.arm == "direct"], name="direct_accuracy", bounds="direct"),
        "unseen_n": len(unseen),
        **_accuracy(unseen, name="unseen_accuracy", bounds="unseen"),
        "thought_rate": mean([reply.thought_well_formed for reply in unprefixed]),
        "reply_tokens": mean([reply.reply_tokens for reply in unprefixed]),
        "truncation_rate": mean([reply.reply_finish == "length" for reply in unprefixed]),
        "direct_truncation_rate": mean([reply.reply_finish == "length" for reply in seen if reply.arm == "direct"]),
        "families": _by_family([*unprefixed, *unseen]),
    }


def _accuracy(replies: Sequence[Reply], *, name: str, bounds: str) -> dict[str, float | None]:
    judged = [reply.right for reply in replies if reply.right is not None]
    if not judged:
        return {name: None, f"{bounds}_low": None, f"{bounds}_high": None}
    low, high = wilson_interval(successes=sum(judged), trials=len(judged))
    return {name: sum(judged) / len(judged), f"{bounds}_low": low, f"{bounds}_high": high}


def _by_family(replies: Sequence[Reply]) -> dict[str, dict[str, int]]:
    families: dict[str, dict[str, int]] = defaultdict(lambda: {"n": 0, "right": 0})
    for reply in replies:
        if reply.family is not None:
            families[reply.family]["n"] += 1
            families[reply.family]["right"] += bool(reply.right)
    return dict(families)
