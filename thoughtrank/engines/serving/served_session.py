"""A session with a model on completions servers: branches in parallel, every completion saved."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from thoughtrank.engines.protocol import Branch, Continuation, GenerationRequest, Limits, OnStep
from thoughtrank.engines.serving.completion import Completion
from thoughtrank.engines.serving.completion_log import CompletionLog
from thoughtrank.engines.serving.completions_client import CompletionsClient
from thoughtrank.engines.serving.two_phase_completion import TwoPhaseCompletion
from thoughtrank.engines.tokenization import end_of_turn_tokens
from thoughtrank.errors import UserError

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
        facts: what is known of the servers.
        close: called at the end.

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
        facts: Mapping[str, object],
        close: Callable[[], None],
    ) -> None:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(model_folder)
        self._client = client
        self._concurrency = concurrency
        self._log = None if log_path is None else CompletionLog(log_path)
        self._facts = facts
        self._close = close
        self._completion = TwoPhaseCompletion(
            complete=self._complete,
            tokenizer=tokenizer,
            end_tokens=end_tokens(model_folder, tokenizer),
            token_prompts=token_prompts,
            fields=fields,
        )

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """See ``EngineSession``. After a failure no branch is started; those in flight are finished and saved for a resume.

        Raises:
            UserError: a server cannot be reached or refuses a request, or a branch chooses its first token, which
                completions servers do not support.
        """
        if any(branch.first_choice is not None for request in requests for branch in request.branches):
            raise UserError(
                "this engine cannot start a thought with a chosen first token: use engine=transformers, or prefixes that "
                "are texts"
            )
        results: dict[tuple[int, int], Continuation] = {}
        failed = threading.Event()
        with ThreadPoolExecutor(max_workers=self._concurrency, thread_name_prefix="branch") as pool:
            futures = {
                pool.submit(self._generate_branch, request.prompt, branch, limits, failed): (row, column)
                for row, request in enumerate(requests)
                for column, branch in enumerate(request.branches)
            }
            try:
                for future in as_completed(futures):
                    continuation = future.result()
                    # None only after another branch has failed, whose error is raised in a later turn of this loop.
                    if continuation is not None:
                        results[futures[future]] = continuation
                        if on_step is not None:
                            on_step(continuation.thought_tokens + len(continuation.answer_ids), 1)
            finally:
                # Reached early only by an error, from a branch or from the caller's interrupt.
                failed.set()
                pool.shutdown(wait=False, cancel_futures=True)
                if not all(future.done() for future in futures):
                    self._client.stop()
        return [
            [results[row, column] for column in range(len(request.branches))] for row, request in enumerate(requests)
        ]

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

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        self._client.stop()
        if self._log is not None:
            # After an error, the completions of the unfinished group are saved nowhere else.
            self._log.delete() if kind is None else self._log.close()
        self._close()

    def _generate_branch(
        self, prompt: str, branch: Branch, limits: Limits, failed: threading.Event
    ) -> Continuation | None:
        """One branch; None if another one failed before this one started."""
        if failed.is_set():
            return None
        try:
            return self._completion.generate(prompt, branch, limits)
        except BaseException:
            failed.set()
            raise

    def _complete(self, body: Mapping[str, object]) -> Completion:
        earlier = self._log.take(body) if self._log is not None else None
        if earlier is not None:
            return earlier
        completion = self._client.complete(body)
        if self._log is not None:
            self._log.append(body, completion)
        return completion


def end_tokens(model_folder: Path, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Every token that ends a turn of the model in a folder, in ascending order."""
    from transformers import GenerationConfig

    has_config = (model_folder / "generation_config.json").exists()
    config = GenerationConfig.from_pretrained(model_folder) if has_config else None
    return sorted(end_of_turn_tokens(config, tokenizer))
