"""Training examples as token ids: reading them from tables and tokenizing them."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, overload

from thoughtrank.errors import UserError
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
    """

    token_ids: tuple[int, ...]
    first_target: int
    question_id: str = ""

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
    *, prompt: str, completion: str, tokenizer: "PreTrainedTokenizerBase", question_id: str = ""
) -> EncodedExample:
    """Tokenize prompt and completion as one text, so that tokens are split as the model itself would write them.

    A token is a target when any of its characters belongs to the completion.

    Args:
        prompt: text without loss.
        completion: text with loss.
        tokenizer: a fast tokenizer, which reports character offsets.
        question_id: passed through.
    """
    encoding = tokenizer(prompt + completion, add_special_tokens=False, return_offsets_mapping=True)
    token_ids = tuple(encoding["input_ids"])
    ends = (end for _, end in encoding["offset_mapping"])
    first = next((position for position, end in enumerate(ends) if end > len(prompt)), len(token_ids))
    return EncodedExample(token_ids=token_ids, first_target=first, question_id=question_id)


class EncodedExamples(Sequence[EncodedExample]):
    """Tokenized examples, held in memory at four bytes per token; each becomes a record when it is asked for."""

    def __init__(self) -> None:
        self._token_ids = array("i")
        self._ends = array("q", [0])
        self._first_targets = array("q")
        self._question_ids: list[str] = []

    def append(self, example: EncodedExample) -> None:
        """Add an example at the end."""
        self._token_ids.extend(example.token_ids)
        self._ends.append(len(self._token_ids))
        self._first_targets.append(example.first_target)
        self._question_ids.append(example.question_id)

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
        )


@dataclass(frozen=True, slots=True)
class Examples:
    """The training set.

    Attributes:
        used: examples in the order of the tables.
        too_long: candidate ids of the examples left out because they exceed the model's context.
    """

    used: EncodedExamples
    too_long: list[str]


def read_examples(folders: Sequence[str], *, tokenizer: "PreTrainedTokenizerBase", context: int) -> Examples:
    """Read and tokenize every example of the tables in ``folders``, in order; of their text little is in memory at a time.

    Examples longer than ``context`` tokens are left out. Truncating them would train the model to stop mid-sentence.

    Raises:
        UserError: an example has no target tokens, or no example is left.
    """
    used, too_long = EncodedExamples(), []
    for folder in folders:
        for row in TableRows(Path(folder), Example):
            example = encode_example(
                prompt=row.prompt, completion=row.completion, tokenizer=tokenizer, question_id=row.question_id
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
    if not used:
        raise UserError(_nothing_left(too_long, context=context))
    return Examples(used=used, too_long=too_long)


def _nothing_left(too_long: list[str], *, context: int) -> str:
    """Error text for an empty training set."""
    if too_long:
        return (
            f"training: all {len(too_long)} examples ({too_long[0]}, ...) are longer than the model's context of {context} "
            "tokens: lower the limits of generation, or use a model with a longer context"
        )
    return "training: the tables of examples are empty, there is nothing to train on"
