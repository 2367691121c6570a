"""Model folders: writing weights, tokenizer and chat template, and hashing files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from thoughtrank.errors import UserError
from thoughtrank.prompting.chat_template import PLAIN_TEMPLATE, ChatTemplate
from thoughtrank.prompting.fixed_date import DEFAULT_DATE, with_fixed_date
from thoughtrank.prompting.reply_in_template import find_reply_format

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

TemplateChoice = Literal["own", "plain"]


def file_sha256(path: Path) -> str:
    """sha256 of a file's content in hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """Writes model folders with the chat template and the end of turn that the config asks for.

    Attributes:
        chat_template: ``own`` keeps the tokenizer's template, or adds the plain one where it has none; ``plain`` always takes
            the plain one.
        end_of_turn: the token that ends a reply; None takes the one that the chat template writes.
        date: as YYYY-MM-DD, what a chat template that writes the date gets in place of today.
    """

    chat_template: TemplateChoice = "own"
    end_of_turn: str | None = None
    date: str = DEFAULT_DATE

    def changes(self) -> dict[str, object]:
        """The settings other than ``date`` that change what comes with the weights, for the fingerprint."""
        wanted = {"chat_template": self.chat_template, "end_of_turn": self.end_of_turn}
        return {key: value for key, value in wanted.items() if value not in ("own", None)}

    def write(self, folder: Path, *, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", name: str) -> None:
        """Write model and tokenizer; both are adjusted in place.

        Args:
            folder: for the files.
            model: the weights.
            tokenizer: its tokenizer.
            name: of the model, for messages.

        Raises:
            UserError: the tokenizer has no token ``end_of_turn``.
        """
        self._prepare(tokenizer, name=name)
        _stop_at_end_of_turn(model, tokenizer, first=self.end_of_turn is not None)
        _keep_valid_generation(model, tokenizer)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    def check(self, tokenizer: "PreTrainedTokenizerBase", *, name: str) -> None:
        """Adjust a tokenizer in place, before the weights are loaded.

        Args:
            tokenizer: of the model.
            name: of the model, for messages.

        Raises:
            UserError: replies cannot be trained with its chat template, or it has no token ``end_of_turn``.
        """
        self._prepare(tokenizer, name=name)
        ChatTemplate(tokenizer)

    def _prepare(self, tokenizer: "PreTrainedTokenizerBase", *, name: str) -> None:
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        if self.end_of_turn is not None:
            if self.end_of_turn not in tokenizer.get_vocab():
                raise UserError(f"model.end_of_turn={self.end_of_turn}: the tokenizer of {name} has no such token")
            tokenizer.eos_token = self.end_of_turn
        if tokenizer.chat_template is None or self.chat_template == "plain":
            tokenizer.chat_template = PLAIN_TEMPLATE
        self._fit_to_replies(tokenizer)
        if isinstance(tokenizer.chat_template, dict):
            templates = tokenizer.chat_template.items()
            tokenizer.chat_template = {name: with_fixed_date(each, fixed=self.date) for name, each in templates}
        else:
            tokenizer.chat_template = with_fixed_date(tokenizer.chat_template, fixed=self.date)

    def _fit_to_replies(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        """Write into the template what replies need, and end turns as it does; ``ChatTemplate`` reports what cannot be."""
        try:
            template = tokenizer.get_chat_template()
            found = find_reply_format(tokenizer, template)
        except (UserError, ValueError):  # ValueError: several templates, and none of them is the default
            return
        if found.template != template:
            own = tokenizer.chat_template
            tokenizer.chat_template = {**own, "default": found.template} if isinstance(own, dict) else found.template
        if self.end_of_turn is None:
            tokenizer.eos_token = found.end_of_turn


def _stop_at_end_of_turn(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", *, first: bool) -> None:
    """Make the tokenizer's end-of-sequence token one of the model's; tokens that ended a text before still do.

    Args:
        model: changed in place.
        tokenizer: its tokenizer.
        first: put it before the others, also where it is one of them.
    """
    generation, token_id = model.generation_config, tokenizer.eos_token_id
    before = generation.eos_token_id if isinstance(generation.eos_token_id, list) else [generation.eos_token_id]
    if token_id is None or (token_id in before and not first):
        return
    model.config.eos_token_id = token_id
    generation.eos_token_id = list(dict.fromkeys([token_id, *(each for each in before if each is not None)]))


def _keep_valid_generation(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase") -> None:
    """Reduce a generation config that transformers would refuse to save to its token ids.

    Many folders have sampling settings without ``do_sample``. Nothing here reads them. Llama's first folders have a padding
    token of -1, for none; it becomes that of the tokenizer.
    """
    from transformers import GenerationConfig

    own = model.generation_config
    for config in (model.config, own):
        if config.pad_token_id is not None and config.pad_token_id < 0:
            config.pad_token_id = tokenizer.pad_token_id
    try:
        own.validate(strict=True)
    except ValueError:
        model.generation_config = GenerationConfig(
            bos_token_id=own.bos_token_id, eos_token_id=own.eos_token_id, pad_token_id=own.pad_token_id
        )
