"""A session with a model on completions servers: branches in parallel, every completion saved."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from thoughtrank.engines.protocol import (
    Continuation,
    ContinuationScore,
    FinishedGroup,
    GenerationRequest,
    Limits,
    OnStep,
    ScoreRequest,
)
from thoughtrank.engines.serving.completion import Completion
from thoughtrank.engines.serving.completion_log import CompletionLog
from thoughtrank.engines.serving.completion_request import CompletionRequest
from thoughtrank.engines.serving.completions_client import CompletionsClient
from thoughtrank.engines.serving.parallel_requests import run_in_parallel
from thoughtrank.engines.serving.served_scores import ScoreFields, ServedScores
from thoughtrank.engines.serving.two_phase_completion import TwoPhaseCompletion, added_start
from thoughtrank.engines.serving.unfinished_groups import ResultT, UnfinishedGroups
from thoughtrank.engines.tokenization import end_of_turn_tokens
from thoughtrank.errors import UserError
from thoughtrank.process.open_files import allow_open_files

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class ServedSession:
    """See ``EngineSession``.

    Args:
        model_folder: the model that is served; its tokenizer counts tokens.
        client: of the servers.
        concurrency: branches in flight.
        log_path: of the completion log; None keeps none.
        token_prompts: send prompts as token ids instead of text.
        fields: sent with every request.
        token_ends: see ``TwoPhaseCompletion``.
        score_fields: how the servers are asked for log-probabilities of a prompt; None where they return none.
        facts: what is known of the servers.

    Raises:
        UserError: the log of an earlier attempt cannot be read.
    """

    def __init__(
        self,
        *,
        model_folder: Path,
        client: CompletionsClient,
        concurrency: int,
        log_path: Path | None,
        token_prompts: bool,
        fields: Mapping[str, object],
        score_fields: ScoreFields | None,
        facts: Mapping[str, object],
        token_ends: bool = False,
    ) -> None:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(model_folder)
        allow_open_files(concurrency)
        self._client = client
        self._concurrency = concurrency
        self._log = None if log_path is None else CompletionLog(log_path)
        self._facts = facts
        ends = end_tokens(model_folder, tokenizer)
        self._completion = TwoPhaseCompletion(
            complete=self._complete,
            tokenizer=tokenizer,
            end_tokens=ends,
            token_prompts=token_prompts,
            fields=fields,
            token_ends=token_ends,
        )
        self._scores = score_fields and ServedScores(
            ask=client.prompt_logprobs,
            tokenizer=tokenizer,
            end_tokens=ends,
            how=score_fields,
            token_prompts=token_prompts,
            fields=fields,
            added_start=added_start(tokenizer),
        )

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """See ``EngineSession``. After a failure no branch is started; those in flight are finished and saved for a resume.

        Raises:
            UserError: a server cannot be reached or refuses a request, or a branch chooses its first token, which
                completions servers do not support.
        """
        [group] = self.generate_groups([requests], limits=limits, on_step=on_step)
        return group.results

    def generate_groups(
        self, groups: Iterable[Sequence[GenerationRequest]], *, limits: Limits, on_step: OnStep | None = None
    ) -> Generator[FinishedGroup, None, None]:
        """See ``OverlappingSession``; in order, as completions of the others are in the log. Errors as of ``generate``."""

        def jobs_of(group: Sequence[GenerationRequest]) -> Iterator[list[Callable[[], Continuation]]]:
            _check_free_choice(group)
            for request in group:
                starts = self._completion.starts(request)
                yield [
                    partial(self._completion.generate, start, branch, limits)
                    for start, branch in zip(starts, request.branches, strict=True)
                ]

        def on_result(continuation: Continuation) -> None:
            if on_step is not None:
                on_step(continuation.thought_tokens + len(continuation.answer_ids), 1)

        with closing(self._run(map(jobs_of, groups), on_result)) as finished:
            for place, results in enumerate(finished):
                yield FinishedGroup(place, results)

    def score(
        self, requests: Sequence[ScoreRequest], *, on_step: OnStep | None = None
    ) -> list[list[ContinuationScore]]:
        """See ``EngineSession`` and ``ServedScores``. Requests of an unfinished group are sent again by a resume.

        Raises:
            UserError: a server cannot be reached or refuses a request, or these servers return no log-probabilities.
        """
        scores = self._scores
        if scores is None:
            raise UserError("these completions servers return no log-probabilities of a prompt: use another engine")

        def on_result(score: ContinuationScore) -> None:
            if on_step is not None:
                on_step(score.tokens, 1)

        jobs = [[partial(scores.score, request.prompt, answer) for answer in request.answers] for request in requests]
        [results] = self._run([jobs], on_result)
        return results

    def _run(
        self, groups: Iterable[Iterable[Sequence[Callable[[], ResultT]]]], on_result: Callable[[ResultT], None]
    ) -> Generator[list[list[ResultT]], None, None]:
        """The results of every group, in order; jobs of the next groups run while the last ones of a group do."""
        unfinished = UnfinishedGroups[ResultT]()
        finished = run_in_parallel(unfinished.jobs(groups), concurrency=self._concurrency, stop=self._client.stop)
        with closing(finished):
            for position, result in finished:
                unfinished.put(position, result)
                on_result(result)
                yield from unfinished.pop_finished()
            yield from unfinished.pop_finished()

    def facts(self) -> dict[str, object]:
        """See ``EngineSession``."""
        reader = self._completion.reader
        return {
            **self._facts,
            "replies": reader.completions,
            "retries": self._client.retries,
            "wrong_token_counts": reader.wrong_counts,
            "replies_over_limit": reader.over_limit,
            "short_answers_not_held": self._completion.short_answers,
        }

    def __enter__(self) -> "ServedSession":
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()
        if self._log is not None:
            # After an error, the completions of the unfinished group are saved nowhere else.
            self._log.close() if any(exception) else self._log.delete()

    def _complete(self, body: Mapping[str, object]) -> Completion:
        request = CompletionRequest(body)
        earlier = self._log.take(request) if self._log is not None else None
        if earlier is not None:
            return earlier
        completion = self._client.complete(request)
        if self._log is not None:
            self._log.append(request, completion)
        return completion


def _check_free_choice(requests: Sequence[GenerationRequest]) -> None:
    """Refuse branches that ask for a rank of their first token: completions servers have no such setting.

    Raises:
        UserError: a branch asks for it.
    """
    if any(branch.first_choice is not None for request in requests for branch in request.branches):
        raise UserError(
            "this engine cannot start a thought with a chosen first token: use engine=transformers, or prefixes that are "
            "texts"
        )


def end_tokens(model_folder: Path, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Every token that ends a turn of the model in a folder, in ascending order."""
    from transformers import GenerationConfig

    has_config = (model_folder / "generation_config.json").exists()
    config = GenerationConfig.from_pretrained(model_folder) if has_config else None
    return sorted(end_of_turn_tokens(config, tokenizer))
