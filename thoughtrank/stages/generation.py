"""Stage 1: one candidate per question and prefix."""

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, cast

from thoughtrank.engines.batch_invariance import probe_batch_composition
from thoughtrank.engines.protocol import (
    Branch,
    Continuation,
    Engine,
    EngineSession,
    GenerationRequest,
    Limits,
    OnStep,
    OverlappingSession,
)
from thoughtrank.output.progress import Progress, progress_bar
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.special_tokens import ESCAPE_RULES
from thoughtrank.prompting.thought_tags import opener
from thoughtrank.questions.groups import question_groups
from thoughtrank.records import Candidate, Question
from thoughtrank.stages.candidate_tags import TAG_RULES, cut_at_tags
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.stages.stage import Stage, question_texts
from thoughtrank.storage.artifact import Artifact
from thoughtrank.storage.done_marker import num_rows_of
from thoughtrank.storage.json_files import read_json_object, write_json
from thoughtrank.storage.tables import num_rows, part_path, write_part

ENGINE_RECORD = "_engine.json"


class _Generated(NamedTuple):
    """The number of a group, its requests and their results."""

    number: int
    requests: list[GenerationRequest]
    results: list[list[Continuation]]


@dataclass(frozen=True, kw_only=True)
class Generation(Stage):
    """The table of candidates of one round, written group by group; finished groups are kept on resume.

    Attributes:
        questions: of this round.
        prefixes: how the thoughts begin.
        model: that generates.
        engine: how it generates.
        limits: tokens per thought and answer.
        group: questions generated together; None for as many as the engine takes with all prefixes of a run.
    """

    kind: ClassVar[str] = "candidates"
    reusable: ClassVar[tuple[str, ...]] = ("part-*.parquet", ENGINE_RECORD)
    questions: Sequence[Question]
    prefixes: Sequence[Prefix]
    model: RoundModel
    engine: Engine
    limits: Limits
    group: int | None = None

    def inputs(self) -> dict[str, object]:
        """Model, questions, prefixes, limits, engine, the group size, which decides the shapes of the batches, and the
        versions of the rules for prompts, and for tags in answers and thoughts."""
        return {
            "model": self.model.key,
            "questions": question_texts(self.questions),
            "prefixes": [asdict(prefix) for prefix in self.prefixes],
            "limits": [self.limits.thought_tokens, self.limits.answer_tokens, self.limits.min_answer_tokens],
            "engine": self.engine.identity(),
            "even_groups_of": self._group,
            "prompts": ESCAPE_RULES,
            "tags": TAG_RULES,
        }

    def make(self, artifact: Artifact) -> None:
        """Write the table.

        Raises:
            UserError: a question does not fit the model's context.
        """
        groups = question_groups(self.questions, at_most=self._group)
        missing = [
            number
            for number, group in enumerate(groups)
            if num_rows_of(part_path(artifact.folder, number)) != len(group) * len(self.prefixes)
        ]
        total = len(self.questions) * len(self.prefixes)
        # What an earlier attempt recorded of its engine; the probe runs once.
        record = artifact.folder / ENGINE_RECORD
        facts = read_json_object(record)
        if facts is None:
            # Only an engine can rebuild the record, and its probe compares the first group that is decoded.
            facts, missing = {}, missing or list(range(len(groups)))[:1]
        if missing:
            folder = self.model.folder()
            chat = ChatTemplate.from_folder(folder)
            done = total - sum(len(groups[number]) for number in missing) * len(self.prefixes)
            with (
                self.engine.open(folder, work_folder=artifact.folder) as session,
                progress_bar(description=self.name, total=total, done=done, unit="candidate") as bar,
                closing(
                    self._generated({number: groups[number] for number in missing}, session=session, chat=chat, bar=bar)
                ) as generated,
            ):
                for number, requests, results in generated:
                    candidates = self._candidates(groups[number], requests=requests, results=results, chat=chat)
                    # Before the part: with all parts written, a resumed attempt opens no engine whose facts it could record.
                    facts.update(session.facts())
                    write_json(record, facts)
                    write_part(part_path(artifact.folder, number), candidates, record_type=Candidate)
                    artifact.save_seconds()
                    if self.engine.probe_candidates and "determinism" not in facts:
                        facts["determinism"] = self._probe(session, requests=requests, results=results)
                        write_json(record, facts)
        self._check_complete(artifact.folder, total=total)
        artifact.finish(candidates=total, engine=facts)

    @property
    def _group(self) -> int:
        return self.group or self.engine.questions_per_group

    def _generated(
        self,
        groups: Mapping[int, Sequence[Question]],
        *,
        session: EngineSession,
        chat: ChatTemplate,
        bar: Progress,
    ) -> Generator[_Generated, None, None]:
        """Each group as soon as it is finished."""
        on_step = _update(bar)
        if not self.engine.overlaps_groups:
            for number, group in groups.items():
                requests = self._requests(group, chat=chat)
                yield _Generated(number, requests, session.generate(requests, limits=self.limits, on_step=on_step))
            return
        numbers, begun = list(groups), dict[int, list[GenerationRequest]]()

        def requested() -> Iterator[list[GenerationRequest]]:
            for place, group in enumerate(groups.values()):
                begun[place] = self._requests(group, chat=chat)
                yield begun[place]

        overlapping = cast("OverlappingSession", session)
        with closing(overlapping.generate_groups(requested(), limits=self.limits, on_step=on_step)) as generated:
            for place, results in generated:
                yield _Generated(numbers[place], begun.pop(place), results)

    def _requests(self, questions: Sequence[Question], *, chat: ChatTemplate) -> list[GenerationRequest]:
        return [
            GenerationRequest(
                prompt=chat.prompt(question.text, question.context),
                branches=tuple(_branch(prefix, question) for prefix in self.prefixes),
            )
            for question in questions
        ]

    def _candidates(
        self,
        questions: Sequence[Question],
        *,
        requests: Sequence[GenerationRequest],
        results: Sequence[Sequence[Continuation]],
        chat: ChatTemplate,
    ) -> list[Candidate]:
        # strict: an engine that returns fewer candidates than were requested is a bug, never a smaller table.
        return [
            cut_at_tags(
                _candidate(question, index, prefix, continuation),
                prefix=prefix.text,
                start=request.prompt + opener(prefix.text, closed=prefix.closed),
                tokenizer=chat.tokenizer,
            )
            for question, request, continuations in zip(questions, requests, results, strict=True)
            for index, (prefix, continuation) in enumerate(zip(self.prefixes, continuations, strict=True))
        ]

    def _probe(
        self,
        session: EngineSession,
        *,
        requests: Sequence[GenerationRequest],
        results: Sequence[Sequence[Continuation]],
    ) -> dict[str, float]:
        return probe_batch_composition(
            session=session,
            requests=requests,
            results=results,
            limits=self.limits,
            candidates=self.engine.probe_candidates,
        )

    def _check_complete(self, folder: Path, *, total: int) -> None:
        written = num_rows(folder)
        if written != total:
            raise AssertionError(
                f"{len(self.questions)} questions with {len(self.prefixes)} prefixes gave {written} candidates"
            )


def _update(bar: Progress) -> OnStep:
    """Generated tokens and finished candidates go to the progress bar."""
    tokens = 0

    def on_step(added: int, finished: int) -> None:
        nonlocal tokens
        tokens += added
        bar.set_postfix_str(f"tokens={tokens}", refresh=False)
        bar.update(finished)

    return on_step


def _branch(prefix: Prefix, question: Question) -> Branch:
    digest = hashlib.sha256(f"{prefix.seed}/{question.question_id}/{prefix.name}".encode()).digest()
    return Branch(
        opener=opener(prefix.text, closed=prefix.closed),
        in_thought=not prefix.closed,
        temperature=prefix.temperature,
        seed=int.from_bytes(digest[:6], "big"),
        first_choice=prefix.first_choice,
        ends_at_tag=True,
    )


def _candidate(question: Question, index: int, prefix: Prefix, continuation: Continuation) -> Candidate:
    return Candidate(
        question_id=question.question_id,
        candidate_id=f"{question.question_id}-{index:03d}",
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
