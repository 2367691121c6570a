"""Loads models and prints their replies: those of one model, or of the base model and the trained one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thoughtrank.chat.thought_printer import ThoughtPrinter
from thoughtrank.models.load_folder import load_folder
from thoughtrank.output.terminal import print_text
from thoughtrank.questions.rows.conversations import Conversation
from thoughtrank.storage.json_files import read_json_object

if TYPE_CHECKING:
    from thoughtrank.prompting.chat_template import ChatTemplate

_MOST_TOKENS = 512


@dataclass(frozen=True, slots=True)
class _Answering:
    """A loaded model that prints its replies."""

    chat: "ChatTemplate"
    model: Any
    tokenizer: Any
    streamer: Any
    limit: dict[str, int]

    def answer(self, conversation: Conversation) -> None:
        prompt = self.chat.prompt(conversation.question, conversation.context)
        inputs = self.tokenizer(prompt, add_special_tokens=False, return_tensors="pt")
        self.model.generate(**inputs, streamer=self.streamer, **self.limit)


def print_answers(questions: Iterable[Conversation], *, folder: Path) -> None:
    """Print the model's reply to each question while it is generated.

    Args:
        questions: each with the turns before it.
        folder: of the model.

    Raises:
        UserError: the folder is broken.
    """
    answering = _load(folder)
    for question in questions:
        answering.answer(question)


def print_comparison(questions: Iterable[Conversation], *, folder: Path, base: Path) -> None:
    """Print the replies of the base model and of the trained one to each question.

    Args:
        questions: each with the turns before it.
        folder: of the trained model.
        base: folder of the base model.

    Raises:
        UserError: a folder is broken.
    """
    before, after = _load(base), _load(folder)
    for question in questions:
        for title, answering in (("base model", before), ("trained", after)):
            print_text(f"{title}:")
            answering.answer(question)
            print_text()


def _load(folder: Path) -> _Answering:
    from thoughtrank.output.library_logging import silence_library_logs
    from thoughtrank.prompting.chat_template import ChatTemplate

    silence_library_logs()
    loaded = load_folder(folder)
    # Transformers types ``generate`` for its own mixin only.
    return _Answering(
        chat=ChatTemplate(loaded.tokenizer),
        model=loaded.model,
        tokenizer=loaded.tokenizer,
        streamer=_streamer(loaded.tokenizer),
        limit=_limit(folder),
    )


def _limit(folder: Path) -> dict[str, int]:
    """Nothing where the model's own settings limit a reply, as those of an export do; those of base models may not."""
    settings = read_json_object(folder / "generation_config.json") or {}
    return {} if {"max_new_tokens", "max_length"} & settings.keys() else {"max_new_tokens": _MOST_TOKENS}


def _streamer(tokenizer: Any) -> Any:
    """Gives what is generated to a ``ThoughtPrinter``; control characters in a reply are printed as escapes."""
    from transformers import TextStreamer

    class Streamer(TextStreamer):
        write: Callable[..., None] = ThoughtPrinter().write

        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            self.write(text, end=stream_end)

    return Streamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
