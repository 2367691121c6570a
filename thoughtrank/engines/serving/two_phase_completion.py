"""Thought and answer of one branch as two completions, on servers that support no tags, and perhaps no minimum lengths."""

import threading
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, NamedTuple

from thoughtrank.engines.protocol import Branch, Continuation, GenerationRequest, Limits
from thoughtrank.engines.serving.completion import Completion
from thoughtrank.engines.serving.completion_tokens import CompletionReader, CompletionTokens
from thoughtrank.engines.serving.completions_client import RequestRefusedError
from thoughtrank.engines.tokenization import decode_after, encode, encode_all
from thoughtrank.prompting.thought_tags import CLOSE_TAG, OPEN_TAG, first_tag, split_thought
from thoughtrank.records import Finish

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Complete = Callable[[Mapping[str, object]], Completion]
"""Sends one request."""
_MOST_STOPS = 4
"""Stop strings that every server of this kind accepts."""
_NEVER = -100
"""The logit bias that excludes a token."""


class Prompt(NamedTuple):
    """What a completion continues: a text and its token ids."""

    text: str
    ids: list[int]

    def plus(self, written: "CompletionTokens | _Thought") -> "Prompt":
        """The same with what was written after it."""
        return Prompt(self.text + written.text, self.ids + written.ids)


class _Thought(NamedTuple):
    """A closed thought: its text and ids include the closing tag; ``tokens`` counts what the model generated.

    ``stop_named``: the server named the closing tag as the stop string that ended it.
    """

    text: str
    ids: list[int]
    tokens: int
    finish: Finish
    stop_named: bool = False


class TwoPhaseCompletion:
    """Generates branches on a completions server. May be used from many threads.

    Args:
        complete: sends one request.
        tokenizer: of the model that is served.
        end_tokens: every token that ends a turn.
        token_prompts: send prompts as token ids instead of text.
        fields: sent with every request.
        token_ends: whether the server takes ``stop_token_ids`` and ``min_tokens``, as vLLM and SGLang do: then it looks for no
            text that ends a turn, and holds the least length of an answer itself.

    Attributes:
        reader: of the completions, with counts of what was wrong with them.
        short_answers: answers that ended before their minimum length, on a server that cannot exclude tokens.
    """

    def __init__(
        self,
        *,
        complete: Complete,
        tokenizer: "PreTrainedTokenizerBase",
        end_tokens: Collection[int],
        token_prompts: bool,
        fields: Mapping[str, object],
        token_ends: bool = False,
    ) -> None:
        self.reader = CompletionReader(tokenizer=tokenizer, end_tokens=end_tokens)
        self.short_answers = 0
        self._send = complete
        self._tokenizer = tokenizer
        texts = [str(tokenizer.decode([token], skip_special_tokens=False)) for token in end_tokens]
        self._end_texts = [] if token_ends else texts
        self._end_ids = sorted(end_tokens) if token_ends else []
        self._close_ids = encode(tokenizer, CLOSE_TAG)
        self._no_end = {str(token): _NEVER for token in end_tokens}
        self._token_prompts = token_prompts
        self._fields = fields
        self._added_start = added_start(tokenizer)
        self._excludes_tokens = True
        self._lock = threading.Lock()

    def starts(self, request: GenerationRequest) -> list[Prompt]:
        """What each branch of a request continues, encoded in one call, which takes a fraction of the time."""
        texts = [request.prompt + branch.opener for branch in request.branches]
        return [Prompt(text, ids) for text, ids in zip(texts, encode_all(self._tokenizer, texts), strict=True)]

    def generate(self, start: Prompt, branch: Branch, limits: Limits) -> Continuation:
        """The continuation of one branch.

        Raises:
            UserError: see ``CompletionsClient.complete``.
        """
        thought = _Thought("", [], 0, "stop")
        if branch.in_thought:
            thought = self._thought(start, branch, limits)
        is_used = not (branch.ends_at_tag and OPEN_TAG in thought.text)
        answer = CompletionTokens("", [], "stop")
        if is_used:
            answer = self._answer(start.plus(thought), branch, limits, stop=self._answer_stops(branch, thought))
        return Continuation(
            thought=thought.text.removesuffix(CLOSE_TAG),
            thought_ids=tuple(thought.ids),
            thought_tokens=thought.tokens,
            thought_finish=thought.finish,
            answer=answer.text,
            answer_ids=tuple(answer.ids),
            answer_finish=answer.finish,
        )

    def _thought(self, start: Prompt, branch: Branch, limits: Limits) -> _Thought:
        written = self._complete(
            start,
            limit=limits.thought_tokens,
            stop=[CLOSE_TAG, *self._end_texts],
            **_sampling(branch.temperature, seed=branch.seed),
        )
        text, tag, beyond = split_thought(written.text)
        closed = text + CLOSE_TAG
        stop_named = written.stopped_at == CLOSE_TAG
        if not tag:
            ids = written.ids + self._close_ids
            return _Thought(closed, ids, len(written.ids), written.finish, stop_named)
        if not beyond:
            return _Thought(closed, written.ids, len(written.ids), "stop", stop_named)
        # The last token of the tag reaches past it: drop tokens up to there, and encode the rest of the tag instead.
        kept = list(written.ids)
        while kept and CLOSE_TAG in decode_after(self._tokenizer, start.ids, kept):
            kept.pop()
        rest = encode(self._tokenizer, closed[len(decode_after(self._tokenizer, start.ids, kept)) :])
        return _Thought(closed, kept + rest, len(kept) + 1, "stop", stop_named)

    def _answer_stops(self, branch: Branch, thought: _Thought) -> list[str]:
        """The end of the turn; and the tags, if text from a tag on is not used and the server will name the tag.

        Where it would not, an answer that a tag ended could not be distinguished from one that the model ended.
        """
        tags = [OPEN_TAG, CLOSE_TAG] if branch.ends_at_tag and thought.stop_named else []
        stop = [*tags, *self._end_texts]
        return stop if len(stop) <= _MOST_STOPS else self._end_texts

    def _answer(self, start: Prompt, branch: Branch, limits: Limits, *, stop: list[str]) -> CompletionTokens:
        if limits.answer_tokens == 0:
            return CompletionTokens("", [], "length")
        sampling = _sampling(branch.answer_temperature, seed=branch.seed)
        least = min(limits.min_answer_tokens, limits.answer_tokens) if self._end_ids else 0
        at_least = {"min_tokens": least} if least else {}
        answer = self._complete(start, limit=limits.answer_tokens, stop=stop, **sampling, **at_least)
        is_short = answer.finish == "stop" and len(answer.ids) < limits.min_answer_tokens
        if is_short and not _ended_at_tag(answer):
            if self._excludes_tokens:
                answer = self._extended(start, answer, limits, stop=stop, sampling=sampling)
            else:
                self._count_short_answer()
        return self._with_tag(answer)

    def _with_tag(self, answer: CompletionTokens) -> CompletionTokens:
        """The answer with the tag that ended it, which the server's text lacks; whoever reads it has to see the tag."""
        if not _ended_at_tag(answer) or first_tag(answer.text) is not None:
            return answer
        text = f"{answer.text}{answer.stopped_at}"
        return CompletionTokens(text, encode(self._tokenizer, text), answer.finish, answer.stopped_at)

    def _extended(
        self,
        start: Prompt,
        first: CompletionTokens,
        limits: Limits,
        *,
        stop: list[str],
        sampling: Mapping[str, float],
    ) -> CompletionTokens:
        """An answer that ended too early, continued: first with the end of the turn excluded, then without."""
        missing = limits.min_answer_tokens - len(first.ids)
        try:
            forced = self._complete(start.plus(first), limit=missing, stop=[], **sampling, logit_bias=self._no_end)
        except RequestRefusedError:
            self._excludes_tokens = False
            forced = CompletionTokens("", [], "stop")
        answer = CompletionTokens(first.text + forced.text, first.ids + forced.ids, "stop")
        if not forced.ids:
            self._count_short_answer()
            return answer
        left = limits.answer_tokens - len(answer.ids)
        if left <= 0:
            return CompletionTokens(answer.text, answer.ids, "length")
        rest = self._complete(start.plus(answer), limit=left, stop=stop, **sampling)
        return CompletionTokens(answer.text + rest.text, answer.ids + rest.ids, rest.finish, rest.stopped_at)

    def _count_short_answer(self) -> None:
        with self._lock:
            self.short_answers += 1

    def _complete(self, prompt: Prompt, *, limit: int, stop: list[str], **more: object) -> CompletionTokens:
        body: dict[str, object] = {
            "prompt": prompt.ids if self._token_prompts else prompt.text.removeprefix(self._added_start),
            "max_tokens": limit,
            **more,
            **self._fields,
        }
        if stop:
            body["stop"] = stop[:_MOST_STOPS]
        if self._end_ids:
            body["stop_token_ids"] = self._end_ids
        return self.reader.read(self._send(body), before=prompt.ids, limit=limit)


def _sampling(temperature: float, *, seed: int) -> dict[str, float]:
    """The fields of a request that decide how tokens are chosen; a greedy one has no seed."""
    return {"temperature": temperature, "seed": seed} if temperature else {"temperature": 0.0}


def _ended_at_tag(answer: CompletionTokens) -> bool:
    return answer.stopped_at in (OPEN_TAG, CLOSE_TAG)


def added_start(tokenizer: "PreTrainedTokenizerBase") -> str:
    """The start token's text if the tokenizer, and so the server, adds that token to every prompt; else no text."""
    start = tokenizer.bos_token_id
    return str(tokenizer.bos_token) if start is not None and tokenizer("a")["input_ids"][:1] == [start] else ""
