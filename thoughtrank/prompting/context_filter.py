"""Leaves out questions that do not fit the model's context, before any weights are loaded."""

from collections.abc import Sequence
from dataclasses import dataclass

from thoughtrank.errors import UserError
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import CLOSE_TAG, opener
from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.records import Question


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A question that is left out.

    Attributes:
        question_id: its id.
        text: its first characters, control characters escaped.
        prompt_tokens: length of its prompt in tokens.
    """

    question_id: str
    text: str
    prompt_tokens: int


class ContextFilter:
    """The questions of a source whose prompts leave room in the context for the text to be generated.

    Args:
        source: of the questions.
        chat: renders their prompts.
        context_tokens: longest sequence of the model, in tokens.
        written_tokens: most tokens that are generated after a prompt: a thought and an answer, or a held-out reply.
        prefixes: forced at the start of the thoughts; they and the tags take room as well.

    Attributes:
        room: longest prompt that fits, in tokens.
    """

    def __init__(
        self,
        *,
        source: QuestionSource,
        chat: ChatTemplate,
        context_tokens: int,
        written_tokens: int,
        prefixes: Sequence[str],
    ) -> None:
        self._source = source
        self._chat = chat
        self._context_tokens = context_tokens
        # An upper bound: no tokenizer needs more than one token per byte of the forced text.
        self._forced = max(len(opener(prefix).encode()) for prefix in prefixes) + len(CLOSE_TAG)
        self.room = context_tokens - written_tokens - self._forced
        self._written_tokens = written_tokens
        self._lengths: dict[str, int] = {}

    def train(self, round_number: int) -> list[Question]:
        """The training questions of one round that fit.

        Raises:
            UserError: none fits.
        """
        return self._fitting(self._source.train(round_number), what=f"the questions of round {round_number}")

    def evaluation(self) -> list[Question]:
        """The held-out questions that fit.

        Raises:
            UserError: none of the trained families fits.
        """
        return self._fitting(self._source.evaluation(), what="the held-out questions")

    def development(self) -> list[Question]:
        """The development questions that fit; none where the source has none.

        Raises:
            UserError: there are some, and none fits.
        """
        return self._fitting(self._source.development(), what="the development questions")

    def left_out(self, questions: Sequence[Question]) -> list[LeftOut]:
        """The questions that do not fit, in order."""
        return [
            LeftOut(question.question_id, ascii(question.text[:50]), self._length(question))
            for question in questions
            if self._length(question) > self.room
        ]

    def left_out_of_round(self, round_number: int) -> list[LeftOut]:
        """Training questions of one round that do not fit."""
        return self.left_out(self._source.train(round_number))

    def left_out_of_evaluation(self) -> list[LeftOut]:
        """Held-out questions that do not fit."""
        return self.left_out(self._source.evaluation())

    def left_out_of_development(self) -> list[LeftOut]:
        """Development questions that do not fit."""
        return self.left_out(self._source.development())

    def sequence_tokens(self, *, scored_tokens: int) -> int:
        """The most that a prompt and the text after it take together, in tokens, of all questions that were asked for.

        Text that is encoded again, such as a thought in another prompt, may have another number of tokens: an eighth is added.

        Args:
            scored_tokens: the longest text that is not generated after a prompt but scored.
        """
        text = max(self._written_tokens, scored_tokens)
        prompt = max((length for length in self._lengths.values() if length <= self.room), default=0)
        return min(self._context_tokens, prompt + self._forced + text + -(-text // 8))

    def warning(self, question: LeftOut) -> str:
        """One line that names the question and the reason."""
        return (
            f"left out question {question.question_id} ({question.text}...): its prompt is {question.prompt_tokens} tokens "
            f"long; with up to {self._written_tokens} generated tokens the model's context of {self._context_tokens} leaves "
            f"room for {self.room}"
        )

    def _length(self, question: Question) -> int:
        key = question.key
        if key not in self._lengths:
            self._lengths[key] = self._chat.num_prompt_tokens(question.text, question.context)
        return self._lengths[key]

    def _fitting(self, questions: list[Question], *, what: str) -> list[Question]:
        without = {each.question_id for each in self.left_out(questions)}
        kept = [question for question in questions if question.question_id not in without]
        if questions and all(question.unseen for question in kept):
            raise UserError(
                f"{what} are all too long: their prompts leave no room for {self._written_tokens} generated tokens in the "
                f"model's context of {self._context_tokens}; shorten them, or lower generation.thought_tokens, "
                "generation.answer_tokens or evaluation.reply_tokens"
            )
        return kept


def prefix_faults(chat: ChatTemplate, prefixes: Sequence[str]) -> list[str]:
    """Prefixes that the model's tokenizer encodes as nothing, or like another prefix; one sentence for each kind."""
    nothing = chat.token_ids(opener(""))
    seen: dict[tuple[int, ...], str] = {}
    empty, equal = [], []
    for prefix in prefixes:
        tokens = chat.token_ids(opener(prefix))
        if tokens == nothing:
            empty.append(repr(prefix))
        elif tokens in seen:
            equal.append(f"{prefix!r} and {seen[tokens]!r}")
        seen.setdefault(tokens, prefix)
    faults = []
    if empty:
        faults.append(f"prefixes: to this model's tokenizer {', '.join(empty)} is no text at all; remove it")
    if equal:
        faults.append(
            f"prefixes: to this model's tokenizer {', '.join(equal)} are the same, and so would be their candidates; "
            "remove one of each"
        )
    return faults
