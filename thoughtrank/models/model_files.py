"""Model folders: writing weights, tokenizer and chat template, and hashing files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from thoughtrank.errors import UserError
from thoughtrank.prompting.chat_template import PLAIN_TEMPLATE
from thoughtrank.prompting.fixed_date import DEFAULT_DATE, with_fixed_date

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
        end_of_turn: the token that ends a reply; None keeps the tokenizer's end-of-sequence token.
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
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        if self.end_of_turn is not None:
            _end_turns_with(self.end_of_turn, model=model, tokenizer=tokenizer, name=name)
        if tokenizer.chat_template is None or self.chat_template == "plain":
            tokenizer.chat_template = PLAIN_TEMPLATE
        if isinstance(tokenizer.chat_template, dict):
            templates = tokenizer.chat_template.items()
            tokenizer.chat_template = {name: with_fixed_date(each, fixed=self.date) for name, each in templates}
        else:
            tokenizer.chat_template = with_fixed_date(tokenizer.chat_template, fixed=self.date)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _end_turns_with(token: str, *, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", name: str) -> None:
    """Make ``token`` the end-of-sequence token of tokenizer and model; tokens that ended a text before still do."""
    token_id = tokenizer.get_vocab().get(token)
    if token_id is None:
        raise UserError(f"model.end_of_turn={token}: the tokenizer of {name} has no such token")
    generation = model.generation_config
    before = generation.eos_token_id if isinstance(generation.eos_token_id, list) else [generation.eos_token_id]
    tokenizer.eos_token = token
    model.config.eos_token_id = token_id
    generation.eos_token_id = list(dict.fromkeys([token_id, *(each for each in before if each is not None)]))
