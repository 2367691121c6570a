"""The state of one branch while it is decoded: opener, thought, closing tag, answer."""

from collections import deque
from dataclasses import dataclass, field

from thoughtrank.engines.decoding.branch_tokenizer import BranchTokenizer
from thoughtrank.engines.protocol import Branch, Continuation, Limits
from thoughtrank.prompting.thought_tags import CLOSE_TAG, OPEN_TAG, first_tag, split_thought
from thoughtrank.records import Finish


@dataclass(slots=True)
class BranchState:
    """One branch in flight.

    It is fed one token per step. Tokens of its opener that no prefill reads, and those of an added closing tag, are queued in
    ``forced``; while that is not empty, the model's own choice is ignored.

    Attributes:
        tokenizer: of the model.
        limits: of its thought and answer.
        question: index of the request it belongs to.
        opener_ids: tokens after the shared prompt that are forced at the start.
        in_thought: whether the thought is still open.
        branch: the request.
        forced: tokens to be fed before the model chooses again.
        next_token: to be fed in the next step.
        done: whether the branch is complete.
    """

    tokenizer: BranchTokenizer
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

    def start(self, *, read: int = 0) -> None:
        """Set the first token, after so many tokens of the opener that a prefill reads; it is one of the opener."""
        self.forced.extend(self.opener_ids[read:])
        self.next_token = self.forced.popleft()
        if not self.in_thought and self.limits.answer_tokens == 0:
            self.done, self.answer_finish = True, "length"

    @property
    def is_below_minimum(self) -> bool:
        """Whether the answer is too short for the turn to end at the next token."""
        in_answer = not self.in_thought and not self.forced
        return in_answer and len(self.answer_ids) < self.limits.min_answer_tokens

    @property
    def is_sampled(self) -> bool:
        """Whether the next token is sampled at a temperature."""
        return not self.forced and self.temperature > 0

    @property
    def temperature(self) -> float:
        """At which the next token is sampled; 0 is greedy."""
        return self.branch.temperature if self.in_thought else self.branch.answer_temperature

    @property
    def sampling_step(self) -> int:
        """Number of the next token for the sampling; thought and answer have different ones."""
        return self.thought_tokens if self.in_thought else -1 - len(self.answer_ids)

    @property
    def at_first_choice(self) -> bool:
        """Whether the next token is the first of a thought that asks for a rank among the likeliest."""
        return self.in_thought and not self.forced and self.branch.first_choice is not None and not self.thought_ids

    @property
    def fed_ids(self) -> list[int]:
        """Tokens after the shared prompt that have been fed: all but the next one and the forced ones after it."""
        whole = [*self.opener_ids, *self.thought_ids, *self.answer_ids]
        return whole[: len(whole) - 1 - len(self.forced)]

    @property
    def plain_tokens(self) -> int:
        """How many of the next tokens only have to be added, unless they end a turn or may close a tag; see ``extend``."""
        if self.forced or self.temperature > 0 or self.at_first_choice:
            return 0
        if self.in_thought:
            return self.limits.thought_tokens - self.thought_tokens - 1
        tokens, minimum = len(self.answer_ids), self.limits.min_answer_tokens
        limit = minimum if tokens < minimum else self.limits.answer_tokens
        return limit - tokens - 1

    def extend(self, chosen: list[int]) -> None:
        """Accept several tokens at once, at most ``plain_tokens``, none of which ends a turn or may close a tag."""
        if self.in_thought:
            self.thought_ids += chosen
            self.thought_tokens += len(chosen)
        else:
            self.answer_ids += chosen
        self.next_token = chosen[-1]

    def advance(self, chosen: int) -> None:
        """Accept the token the model chose after the last one that was fed."""
        if self.forced:
            self.next_token = self.forced.popleft()
        elif self.in_thought:
            self._advance_thought(chosen)
        else:
            self._advance_answer(chosen)

    def _advance_thought(self, chosen: int) -> None:
        if chosen in self.tokenizer.end_tokens:
            self._add_tag("stop")
        else:
            self._extend_thought(chosen)
        if not self.in_thought and self.limits.answer_tokens == 0:
            self.done, self.answer_finish = True, "length"

    def _extend_thought(self, chosen: int) -> None:
        self.thought_ids.append(chosen)
        self.thought_tokens += 1
        self.next_token = chosen
        if chosen in self.tokenizer.may_close and self._closes():
            return
        if self.thought_tokens >= self.limits.thought_tokens:
            # The last token has to be fed before the tag.
            self._add_tag("length", feed_first=chosen)

    def _closes(self) -> bool:
        """Whether the last token completes a tag that ends the thought: the answer begins, or the branch is done."""
        text = self.tokenizer.decode_after(self.opener_ids, self.thought_ids)
        thought, closed, beyond = split_thought(text)
        if self.branch.ends_at_tag and OPEN_TAG in thought:
            self.thought, self.done = thought, True
            return True
        if not closed:
            return False
        self.in_thought, self.thought = False, thought
        if beyond:
            # The token reaches past the tag: drop it and feed the rest of the tag instead.
            self.thought_ids.pop()
            kept = self.tokenizer.decode_after(self.opener_ids, self.thought_ids)
            rest = self.tokenizer.encode((thought + CLOSE_TAG)[len(kept) :])
            self.thought_ids.extend(rest)
            self.forced.extend(rest)
            self.next_token = self.forced.popleft()
        return True

    def _add_tag(self, finish: Finish, feed_first: int | None = None) -> None:
        self.thought = self.tokenizer.decode_after(self.opener_ids, self.thought_ids)
        self.thought_finish, self.in_thought = finish, False
        tag = self.tokenizer.encode(CLOSE_TAG)
        self.thought_ids.extend(tag)
        self.forced.extend(tag if feed_first is None else [feed_first, *tag])
        self.next_token = self.forced.popleft()

    def _advance_answer(self, chosen: int) -> None:
        if chosen in self.tokenizer.end_tokens:
            self.done = True
            return
        self.answer_ids.append(chosen)
        self.next_token = chosen
        if len(self.answer_ids) >= self.limits.answer_tokens:
            self.done, self.answer_finish = True, "length"
        elif self.branch.ends_at_tag and chosen in self.tokenizer.may_close:
            before = [*self.opener_ids, *self.thought_ids]
            self.done = first_tag(self.tokenizer.decode_after(before, self.answer_ids)) is not None

    def continuation(self) -> Continuation:
        """The finished branch as a record."""
        before = [*self.opener_ids, *self.thought_ids]
        return Continuation(
            thought=self.thought,
            thought_ids=tuple(self.thought_ids),
            thought_tokens=self.thought_tokens,
            thought_finish=self.thought_finish,
            answer=self.tokenizer.decode_after(before, self.answer_ids),
            answer_ids=tuple(self.answer_ids),
            answer_finish=self.answer_finish,
        )
