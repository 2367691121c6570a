"""What one branch goes through: opener, thought, closing tag, answer."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from thoughtrank.engines.protocol import Branch, Continuation, Limits
from thoughtrank.prompting.thought_tags import CLOSE_TAG, split_thought
from thoughtrank.records import Finish


class TagReader:
    """Turns tokens to text and finds the closing tag in it."""

    def __init__(self, *, tokenizer: Any, end_tokens: frozenset[int]) -> None:
        self.tokenizer = tokenizer
        self.end_tokens = end_tokens
        last = CLOSE_TAG[-1]
        # Only a token with the tag's last character in it can complete the tag: all others need no decoding.
        self.may_close = frozenset(
            number for number in range(len(tokenizer)) if last in tokenizer.decode([number], skip_special_tokens=False)
        )

    def encode(self, text: str) -> list[int]:
        """Token ids of ``text`` as it stands, no special tokens added."""
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def text_after(self, start: Sequence[int], written: Sequence[int]) -> str:
        """Text of ``written`` where it follows ``start`` (some tokenizers drop a space at the start of a text)."""
        before = self.tokenizer.decode(list(start), skip_special_tokens=False)
        return self.tokenizer.decode([*start, *written], skip_special_tokens=False)[len(before) :]


@dataclass(slots=True)
class BranchState:
    """One branch while it is being written.

    It is fed one token per step. Tokens of its opener and of an added closing tag wait in ``forced``; while that is not
    empty the model's own choice is ignored.

    Attributes:
        question: which request it belongs to.
        branch: what was asked for.
        next_token: to be fed in the next step.
        done: nothing more is to be written.
    """

    reader: TagReader
    limits: Limits
    question: int
    opener_ids: list[int]
    in_thought: bool
    branch: Branch
    forced: deque[int] = field(default_factory=deque)
    next_token: int = -1
    done: bool = False
    thought: str = ""
    thought_ids: list[int] = field(default_factory=list)
    thought_tokens: int = 0
    thought_finish: Finish = "stop"
    answer_ids: list[int] = field(default_factory=list)
    answer_finish: Finish = "stop"

    def start(self) -> None:
        """Get the first token ready."""
        self.forced.extend(self.opener_ids)
        self.next_token = self.forced.popleft()
        if not self.in_thought and self.limits.answer_tokens == 0:
            self.done, self.answer_finish = True, "length"

    @property
    def must_go_on(self) -> bool:
        """Whether the turn may not end at the next token."""
        in_answer = not self.in_thought and not self.forced
        return in_answer and len(self.answer_ids) < self.limits.min_answer_tokens

    @property
    def draws(self) -> bool:
        """Whether the next token is not simply the likeliest one."""
        if not self.in_thought or self.forced:
            return False
        return self.branch.temperature > 0 or self.at_first_choice

    @property
    def at_first_choice(self) -> bool:
        """Whether the next token is the thought's first, and has a given place among the likeliest."""
        return self.branch.first_choice is not None and not self.thought_ids

    def advance(self, chosen: int) -> None:
        """Take the token the model chose after the last one that was fed."""
        if self.forced:
            self.next_token = self.forced.popleft()
        elif self.in_thought:
            self._advance_thought(chosen)
        else:
            self._advance_answer(chosen)

    def _advance_thought(self, chosen: int) -> None:
        if chosen in self.reader.end_tokens:
            self._add_tag("stop")
            return
        self.thought_ids.append(chosen)
        self.thought_tokens += 1
        self.next_token = chosen
        if chosen in self.reader.may_close and self._closed_itself():
            return
        if self.thought_tokens >= self.limits.thought_tokens:
            # The last token still has to be fed, then the tag.
            self._add_tag("length", feed_first=chosen)

    def _closed_itself(self) -> bool:
        text = self.reader.text_after(self.opener_ids, self.thought_ids)
        thought, closed, beyond = split_thought(text)
        if not closed:
            return False
        self.in_thought, self.thought = False, thought
        if beyond:
            # The token reaches past the tag: take it back and feed what it held of the tag instead.
            self.thought_ids.pop()
            kept = self.reader.text_after(self.opener_ids, self.thought_ids)
            rest = self.reader.encode((thought + CLOSE_TAG)[len(kept) :])
            self.thought_ids.extend(rest)
            self.forced.extend(rest)
            self.next_token = self.forced.popleft()
        return True

    def _add_tag(self, finish: Finish, feed_first: int | None = None) -> None:
        self.thought = self.reader.text_after(self.opener_ids, self.thought_ids)
        self.thought_finish, self.in_thought = finish, False
        tag = self.reader.encode(CLOSE_TAG)
        self.thought_ids.extend(tag)
        self.forced.extend(tag if feed_first is None else [feed_first, *tag])
        self.next_token = self.forced.popleft()

    def _advance_answer(self, chosen: int) -> None:
        if chosen in self.reader.end_tokens:
            self.done = True
            return
        self.answer_ids.append(chosen)
        self.next_token = chosen
        if len(self.answer_ids) >= self.limits.answer_tokens:
            self.done, self.answer_finish = True, "length"

    def continuation(self) -> Continuation:
        """What was written."""
        before = [*self.opener_ids, *self.thought_ids]
        return Continuation(
            thought=self.thought,
            thought_ids=tuple(self.thought_ids),
            thought_tokens=self.thought_tokens,
            thought_finish=self.thought_finish,
            answer=self.reader.text_after(before, self.answer_ids),
            answer_ids=tuple(self.answer_ids),
            answer_finish=self.answer_finish,
        )
