"""A session with a model that completions servers hold: branches written side by side, every reply kept on disk."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thoughtrank.engines.protocol import Branch, Continuation, GenerationRequest, Limits, OnStep
from thoughtrank.engines.serving.completion_log import ReplyLog
from thoughtrank.engines.serving.completions_client import Completion, CompletionsClient
from thoughtrank.engines.serving.two_phase_completion import BranchWriter
from thoughtrank.engines.tokenization import end_of_turn_tokens
from thoughtrank.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class ServedSession:
    """See ``EngineSession``.

    Args:
        model_folder: the model that is served; its tokenizer counts tokens here.
        client: to the servers.
        concurrency: branches written at once.
        log_path: of the replies; None keeps none.
        token_prompts: send prompts as token ids, not as text.
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
        fields: dict[str, Any],
        facts: dict[str, object],
        close: Callable[[], None],
    ) -> None:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(model_folder)
        self._client = client
        self._concurrency = concurrency
        self._log = None if log_path is None else ReplyLog(log_path)
        self._facts = facts
        self._close = close
        self._writer = BranchWriter(
            ask=self._ask,
            tokenizer=tokenizer,
            end_tokens=end_tokens(model_folder, tokenizer),
            token_prompts=token_prompts,
            fields=fields,
        )

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """See ``EngineSession``. After a failure no branch is begun; those in work are finished and kept for a resume.

        Raises:
            UserError: a server cannot be reached or refuses, or a branch chooses its first token, which no completions
                server can be told.
        """
        if any(branch.first_choice is not None for request in requests for branch in request.branches):
            raise UserError(
                "this engine cannot begin a thought with a chosen one of the likeliest tokens: choose engine=transformers, or "
                "prefixes that are texts"
            )
        results: list[list[Any]] = [[None] * len(request.branches) for request in requests]
        failed = threading.Event()
        with ThreadPoolExecutor(max_workers=self._concurrency, thread_name_prefix="branch") as pool:
            futures = {
                pool.submit(self._write, request.prompt, branch, limits, failed): (row, column)
                for row, request in enumerate(requests)
                for column, branch in enumerate(request.branches)
            }
            try:
                for future in as_completed(futures):
                    row, column = futures[future]
                    written = results[row][column] = future.result()
                    if written is not None and on_step is not None:
                        on_step(written.thought_tokens + len(written.answer_ids), 1)
            finally:
                # Reached early only by an error, from a branch or from the caller's interrupt.
                failed.set()
                pool.shutdown(wait=False, cancel_futures=True)
                if not all(future.done() for future in futures):
                    self._client.stop()
        return results

    def facts(self) -> dict[str, object]:
        """See ``EngineSession``."""
        writer = self._writer
        return {
            **self._facts,
            "replies": writer.replies,
            "retries": self._client.retries,
            "wrong_token_counts": writer.wrong_counts,
            "replies_over_limit": writer.over_limit,
            "short_answers_not_held": writer.unheld_ends,
        }

    def __enter__(self) -> "ServedSession":
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        self._client.stop()
        if self._log is not None:
            # After an error the replies of a half-written group stand nowhere else.
            self._log.delete() if kind is None else self._log.close()
        self._close()

    def _write(self, prompt: str, branch: Branch, limits: Limits, failed: threading.Event) -> Continuation | None:
        """One branch; None if another has failed before this one began."""
        if failed.is_set():
            return None
        try:
            return self._writer.write(prompt, branch, limits)
        except BaseException:
            failed.set()
            raise

    def _ask(self, body: dict[str, Any]) -> Completion:
        earlier = self._log.take(body) if self._log is not None else None
        if earlier is not None:
            return earlier
        completion = self._client.complete(body)
        if self._log is not None:
            self._log.append(body, completion)
        return completion


def end_tokens(model_folder: Path, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Every token that ends a turn of the model in a folder."""
    from transformers import GenerationConfig

    stated = (model_folder / "generation_config.json").exists()
    config = GenerationConfig.from_pretrained(model_folder) if stated else None
    return sorted(end_of_turn_tokens(config, tokenizer))
