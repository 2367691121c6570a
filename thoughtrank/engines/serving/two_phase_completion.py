"""Thought and answer of one branch as two completions, whatever the server tells or keeps quiet about its tokens."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from thoughtrank.engines.protocol import Branch, Continuation, Limits
from thoughtrank.engines.serving.completions_client import Completion, RefusedError
from thoughtrank.prompting.thought_tags import CLOSE_TAG
from thoughtrank.records import Finish

Ask = Callable[[dict[str, Any]], Completion]
_MOST_STOPS = 4
"""Stop strings that every server of this kind takes."""
_REPLACEMENT = "\ufffd"
_NEVER = -100
"""The bias that rules a token out."""


def slack(tokens: int) -> int:
    """By how much a count of canonical tokens may differ from the model's own way of writing the same text."""
    return tokens // 8 + 1


@dataclass(frozen=True, slots=True)
class _Written:
    text: str
    ids: list[int]
    finish: Finish


class BranchWriter:
    """Writes branches through a completions server. May be used from many threads.

    Token ids are the server's where it tells them, else those of the text as the tokenizer writes it. A server's own
    count is never used: it is compared, and ``wrong_counts`` says how often it could not be true.

    Args:
        ask: sends one request.
        tokenizer: of the model that is served.
        end_tokens: every token that ends a turn.
        token_prompts: send prompts as token ids, not as text.
        fields: sent with every request.

    Attributes:
        replies: completions received.
        wrong_counts: of them, those whose reported number of tokens is missing or impossible.
        over_limit: of them, those longer than was asked for; they are cut there.
        unheld_ends: answers that ended too early on a server that cannot rule tokens out.
    """

    def __init__(
        self, *, ask: Ask, tokenizer: Any, end_tokens: Sequence[int], token_prompts: bool, fields: dict[str, Any]
    ) -> None:
        self._ask = ask
        self._tokenizer = tokenizer
        self._end_tokens = frozenset(end_tokens)
        self._end_texts = [tokenizer.decode([token], skip_special_tokens=False) for token in end_tokens]
        self._token_prompts = token_prompts
        self._fields = fields
        self._tag = self._encode(CLOSE_TAG)
        self._server_adds_start = _adds_start(tokenizer)
        self._replacement_tokens = len(self._encode(_REPLACEMENT))
        self._rules_out = True
        self._lock = threading.Lock()
        self.replies = self.wrong_counts = self.over_limit = self.unheld_ends = 0

    def write(self, prompt: str, branch: Branch, limits: Limits) -> Continuation:
        """See ``Continuation``.

        Raises:
            UserError: see ``CompletionsClient.complete``.
        """
        text = prompt + branch.opener
        ids = self._encode(text)
        thought, thought_tokens = "", 0
        thought_ids: list[int] = []
        thought_finish: Finish = "stop"
        if branch.in_thought:
            written = self._complete(
                text,
                ids,
                limit=limits.thought_tokens,
                stop=[CLOSE_TAG, *self._end_texts],
                temperature=branch.temperature,
                **({"seed": branch.seed} if branch.temperature else {}),
            )
            thought, thought_ids, thought_tokens, thought_finish = self._closed(ids, written)
            text, ids = text + thought + CLOSE_TAG, ids + thought_ids
        answer = self._answer(text, ids, limits)
        return Continuation(
            thought=thought,
            thought_ids=tuple(thought_ids),
            thought_tokens=thought_tokens,
            thought_finish=thought_finish,
            answer=answer.text,
            answer_ids=tuple(answer.ids),
            answer_finish=answer.finish,
        )

    def _closed(self, before: list[int], written: _Written) -> tuple[str, list[int], int, Finish]:
        """Text, ids with the closing tag, tokens the model wrote, and how the thought ended."""
        thought, tag, beyond = written.text.partition(CLOSE_TAG)
        if not tag:
            return thought, written.ids + self._tag, len(written.ids), written.finish
        if not beyond:
            return thought, written.ids, len(written.ids), "stop"
        # What was written reaches past the tag: take tokens back, and write what they held of the tag instead.
        kept = list(written.ids)
        while kept and CLOSE_TAG in self._text_after(before, kept):
            kept.pop()
        rest = self._encode((thought + CLOSE_TAG)[len(self._text_after(before, kept)) :])
        return thought, kept + rest, len(kept) + 1, "stop"

    def _answer(self, text: str, ids: list[int], limits: Limits) -> _Written:
        if limits.answer_tokens == 0:
            return _Written("", [], "length")
        first = self._complete(text, ids, limit=limits.answer_tokens, stop=self._end_texts)
        if first.finish == "length" or len(first.ids) >= limits.min_answer_tokens or not self._rules_out:
            self.unheld_ends += first.finish == "stop" and len(first.ids) < limits.min_answer_tokens
            return first
        return self._held(text, ids, first, limits)

    def _held(self, text: str, ids: list[int], first: _Written, limits: Limits) -> _Written:
        """Go on where the turn ended too early: first with its end ruled out, then freely."""
        ruled_out = {str(token): _NEVER for token in self._end_tokens}
        wanted = limits.min_answer_tokens - len(first.ids)
        try:
            held = self._complete(text + first.text, ids + first.ids, limit=wanted, stop=[], logit_bias=ruled_out)
        except RefusedError:
            self._rules_out = False
            held = _Written("", [], "stop")
        so_far = _Written(first.text + held.text, first.ids + held.ids, "stop")
        if not held.ids:
            self.unheld_ends += 1
            return so_far
        left = limits.answer_tokens - len(so_far.ids)
        if left <= 0:
            return _Written(so_far.text, so_far.ids, "length")
        rest = self._complete(text + so_far.text, ids + so_far.ids, limit=left, stop=self._end_texts)
        return _Written(so_far.text + rest.text, so_far.ids + rest.ids, rest.finish)

    def _complete(
        self, text: str, ids: list[int], *, limit: int, stop: list[str], temperature: float = 0.0, **more: Any
    ) -> _Written:
        if self._server_adds_start and text.startswith(self._tokenizer.bos_token):
            text = text[len(self._tokenizer.bos_token) :]
        body: dict[str, Any] = {
            "prompt": ids if self._token_prompts else text,
            "max_tokens": limit,
            "temperature": temperature,
            **more,
            **self._fields,
        }
        if stop:
            body["stop"] = stop[:_MOST_STOPS]
        completion = self._ask(body)
        if completion.token_ids is None:
            written, new = completion.text, self._encode(completion.text)
        else:
            new = list(takewhile(lambda token: token not in self._end_tokens, completion.token_ids))
            written = self._text_after(ids, new)
        finish = completion.finish
        counted = len(new)
        if completion.token_ids is None:
            # A token that is half a character comes as a replacement character, which is several tokens.
            counted -= written.count(_REPLACEMENT) * (self._replacement_tokens - 1)
        too_long = counted > limit + (slack(limit) if completion.token_ids is None else 0)
        with self._lock:
            self.replies += 1
            self.wrong_counts += not _possible(completion.reported_tokens, counted=counted, limit=limit)
            self.over_limit += too_long
        if too_long:
            new, finish = new[:limit], "length"
            written = self._text_after(ids, new).rstrip(_REPLACEMENT)  # half a character at the cut
        return _Written(written, new, finish)

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False)["input_ids"]

    def _text_after(self, start: list[int], ids: list[int]) -> str:
        """Text of ``ids`` where it follows ``start`` (some tokenizers drop a space at the start of a text)."""
        before = self._tokenizer.decode(start, skip_special_tokens=False)
        return self._tokenizer.decode([*start, *ids], skip_special_tokens=False)[len(before) :]


def _possible(reported: int | None, *, counted: int, limit: int) -> bool:
    """Whether a reported number of tokens can be true of a text of ``counted`` tokens; ends and stop strings count too."""
    return reported is not None and counted - slack(counted) <= reported <= limit and (reported > 0 or counted == 0)


def _adds_start(tokenizer: Any) -> bool:
    """Whether the tokenizer, and so a server that uses it, puts a start token before a text by itself."""
    return tokenizer.bos_token_id is not None and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
