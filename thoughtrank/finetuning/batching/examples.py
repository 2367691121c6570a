"""Training examples as token ids: reading them from tables and tokenizing them."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from thoughtrank.errors import UserError
from thoughtrank.prompting.thought_tags import CLOSE_TAG, OPEN_TAG
from thoughtrank.records import Example
from thoughtrank.storage.tables import TableRows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """One tokenized example.

    Attributes:
        token_ids: prompt and completion, tokenized together.
        first_target: position of the completion's first token.
        question_id: the question it comes from.
        weight: factor on the loss of its target tokens.
    """

    token_ids: tuple[int, ...]
    first_target: int
    question_id: str = ""
    weight: float = 1.0

    @property
    def prompt(self) -> tuple[int, ...]:
        """The tokens without loss."""
        return self.token_ids[: self.first_target]

    @property
    def loss_start(self) -> int:
        """Position of the first token with loss, at least 1: nothing precedes the first token that could predict it."""
        return max(1, self.first_target)

    @property
    def num_targets(self) -> int:
        """Number of tokens with loss."""
        return len(self.token_ids) - self.loss_start


def encode_example(
    *,
    prompt: str,
    completion: str,
    tokenizer: "PreTrainedTokenizerBase",
    question_id: str = "",
    with_answer: bool = True,
) -> EncodedExample:
    """Tokenize prompt and completion as one text, so that tokens are split as the model itself would write them.

    A token is a target when any of its characters belongs to the completion. Without its answer, an example ends with the token
    that completes the closing tag: no token after it could change the loss of those before.

    Args:
        prompt: text without loss.
        completion: text with loss.
        tokenizer: a fast tokenizer, which reports character offsets.
        question_id: passed through.
        with_answer: whether what comes after the thought is learned as well; an example without a thought is always whole.
    """
    encoding = tokenizer(prompt + completion, add_special_tokens=False, return_offsets_mapping=True)
    token_ids = tuple(encoding["input_ids"])
    ends = (end for _, end in encoding["offset_mapping"])
    first = next((position for position, end in enumerate(ends) if end > len(prompt)), len(token_ids))
    if not with_answer and (thought := _thought_of(completion)):
        end = len(prompt) + len(thought)
        token_ids = token_ids[: sum(start < end for start, _ in encoding["offset_mapping"])]
    return EncodedExample(token_ids=token_ids, first_target=first, question_id=question_id)


def _thought_of(completion: str) -> str:
    """The beginning of a completion up to the closing tag; empty where it has no thought, or an empty one."""
    thought, tag, _ = completion.partition(CLOSE_TAG)
    return thought + tag if tag and thought.removeprefix(OPEN_TAG).strip() else ""


class EncodedExamples(Sequence[EncodedExample]):
    """Tokenized examples, held in memory at four bytes per token; each becomes a record when it is asked for."""

    def __init__(self) -> None:
        self._token_ids = array("i")
        self._ends = array("q", [0])
        self._first_targets = array("q")
        self._question_ids: list[str] = []
        self._weights = array("d")

    def append(self, example: EncodedExample) -> None:
        """Add an example at the end."""
        self._token_ids.extend(example.token_ids)
        self._ends.append(len(self._token_ids))
        self._first_targets.append(example.first_target)
        self._question_ids.append(example.question_id)
        self._weights.append(example.weight)

    def set_weights(self, weights: "array[float]") -> None:
        """Replace the weights of all examples, given in their order."""
        self._weights = weights

    def __len__(self) -> int:
        return len(self._question_ids)

    @overload
    def __getitem__(self, index: int) -> EncodedExample: ...
    @overload
    def __getitem__(self, index: slice) -> list[EncodedExample]: ...
    def __getitem__(self, index: int | slice) -> EncodedExample | list[EncodedExample]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        return EncodedExample(
            token_ids=tuple(self._token_ids[self._ends[position] : self._ends[position + 1]]),
            first_target=self._first_targets[position],
            question_id=self._question_ids[position],
            weight=self._weights[position],
        )


@dataclass(frozen=True, slots=True)
class Examples:
    """The training set.

    Attributes:
        used: examples in the order of the tables.
        too_long: candidate ids of the examples left out because they exceed the model's context.
        without_answer: how many of those used are learned without their answer.
    """

    used: EncodedExamples
    too_long: list[str]
    without_answer: int = 0


def read_examples(
    folders: Sequence[str],
    *,
    tokenizer: "PreTrainedTokenizerBase",
    context: int,
    learns_answer: Callable[[str], bool] = lambda candidate_id: True,
) -> Examples:
    """Read and tokenize every example of the tables in ``folders``, in order; of their text little is in memory at a time.

    Examples longer than ``context`` tokens are left out. Truncating them would train the model to stop mid-sentence.

    Args:
        folders: of the tables.
        tokenizer: of the model.
        context: most tokens of an example.
        learns_answer: whether the answer of the example with this candidate id is learned.

    Raises:
        UserError: an example has no target tokens, or no example is left.
    """
    used, too_long, without_answer = EncodedExamples(), [], 0
    for folder in folders:
        for row in TableRows(Path(folder), Example):
            whole = learns_answer(row.candidate_id)
            example = encode_example(
                prompt=row.prompt,
                completion=row.completion,
                tokenizer=tokenizer,
                question_id=row.question_id,
                with_answer=whole,
            )
            if not example.num_targets:
                raise UserError(
                    f"example {row.candidate_id} has no token to learn (its completion is {row.completion[:40]!r}): "
                    "remove it"
                )
            if len(example.token_ids) > context:
                too_long.append(row.candidate_id)
            else:
                used.append(example)
                without_answer += not whole and bool(_thought_of(row.completion))
    if not used:
        raise UserError(_nothing_left(too_long, context=context))
    return Examples(used=used, too_long=too_long, without_answer=without_answer)


def _nothing_left(too_long: list[str], *, context: int) -> str:
    """Error text for an empty training set."""
    if too_long:
        return (
            f"training: all {len(too_long)} examples ({too_long[0]}, ...) are longer than the model's context of {context} "
            "tokens: lower the limits of generation, or use a model with a longer context"
        )
    return "training: the tables of examples are empty, there is nothing to train on"
