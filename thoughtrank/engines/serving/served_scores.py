"""Scores answers on completions servers, which return log-probabilities of a prompt's tokens and of a few next ones."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Literal

from thoughtrank.engines.answer_ends import ends_answer
from thoughtrank.engines.protocol import AnswerForm, ContinuationScore, ScoredAnswer
from thoughtrank.engines.serving.prompt_logprobs import PromptLogprobs
from thoughtrank.engines.tokenization import continuation_ids

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ScoreFields = Literal["echo", "prompt_logprobs"]
"""How a server is asked: by the fields of the completions interface, or by vLLM's own."""

_NUM_FOLLOWING: dict[ScoreFields, int] = {"echo": 5, "prompt_logprobs": 20}
"""Next tokens that servers of this kind return at most by default."""
_SMALLEST = 1e-6
"""The least total probability of the tokens that end an answer: servers return a few of them only."""


class ServedScores:
    """Scores one answer per request. May be used from many threads.

    The probability that the answer ends is taken from the likeliest next tokens, the only ones that servers return. For a
    number it is 1 minus the total of those that continue it, of which there are few. For a text it is the total of those that
    end it, or where none of them does, at most what they leave over.

    Args:
        ask: sends one request.
        tokenizer: of the model that is served.
        end_tokens: every token that ends a turn.
        how: fields that the server understands.
        token_prompts: send prompts as token ids instead of text.
        fields: sent with every request.
        added_start: text that the server adds to every text prompt.
    """

    def __init__(
        self,
        *,
        ask: Callable[[Mapping[str, object]], PromptLogprobs],
        tokenizer: "PreTrainedTokenizerBase",
        end_tokens: Collection[int],
        how: ScoreFields,
        token_prompts: bool,
        fields: Mapping[str, object],
        added_start: str,
    ) -> None:
        self._ask = ask
        self._tokenizer = tokenizer
        self._end_texts = {str(tokenizer.decode([token], skip_special_tokens=False)) for token in end_tokens}
        self._how = how
        self._token_prompts = token_prompts
        self._fields = fields
        self._added_start = added_start

    def score(self, prompt: str, scored: ScoredAnswer) -> ContinuationScore:
        """The score of one answer after a rendered prompt.

        Raises:
            UserError: see ``CompletionsClient.complete``.
        """
        before, answer = continuation_ids(self._tokenizer, prompt + scored.opener, scored.answer)
        text = (prompt + scored.opener + scored.answer).removeprefix(self._added_start)
        asked: dict[str, object] = {
            "prompt": [*before, *answer] if self._token_prompts else text,
            "max_tokens": 1,
            "temperature": 0.0,
            "logprobs": _NUM_FOLLOWING[self._how],
            **({"echo": True} if self._how == "echo" else {"prompt_logprobs": 0}),
            **self._fields,
        }
        reply = self._ask(asked)
        number = len(answer) if self._token_prompts else _num_last_tokens(reply.texts, scored.answer)
        of_answer = sum(logprob or 0.0 for logprob in reply.logprobs[-number:])
        return ContinuationScore(of_answer + self._end_logprob(reply.following, scored.form), len(answer))

    def _end_logprob(self, following: Mapping[str, float], form: AnswerForm) -> float:
        ends = goes_on = 0.0
        for text, logprob in following.items():
            if text in self._end_texts or ends_answer(text, form) or not text:
                ends += math.exp(logprob)
            else:
                goes_on += math.exp(logprob)
        left_over = max(1.0 - ends - goes_on, 0.0)
        total = ends + left_over if form == "number" else ends or left_over
        return math.log(min(max(total, _SMALLEST), 1.0))


def _num_last_tokens(texts: list[str], answer: str) -> int:
    """How many of the last tokens hold the answer; a token that also reaches into the text before it counts."""
    length = number = 0
    while number < len(texts) and length < len(answer):
        number += 1
        length += len(texts[-number])
    return number
