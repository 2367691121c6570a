"""Chat with a released model: ``python -m thoughtrank.chat FOLDER [QUESTION]``."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from thoughtrank.entry_point import entry_point
from thoughtrank.errors import UserError
from thoughtrank.models.load_folder import load_folder
from thoughtrank.models.model_config import CONFIG, read_sizes
from thoughtrank.output.terminal import print_text

USAGE = "usage: python -m thoughtrank.chat FOLDER [QUESTION]   (FOLDER contains a model, such as runs/NAME/export)"


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer the given question, or questions that are typed one per line until an empty line.

    Args:
        arguments: command line; None takes ``sys.argv``.
    """
    with entry_point():
        folder, *words = (sys.argv[1:] if arguments is None else arguments) or [""]
        if not folder or folder.startswith("-"):
            raise UserError(USAGE)
        _check(Path(folder))
        questions = [" ".join(words)] if words else iter(lambda: input("> ").strip(), "")
        try:
            print_answers(questions, folder=Path(folder))
        except (EOFError, KeyboardInterrupt):
            print_text()


def _check(folder: Path) -> None:
    """Before anything heavy is loaded.

    Raises:
        UserError: there is no model in ``folder``.
    """
    if not (folder / CONFIG).is_file():
        what = f"no {CONFIG} in that folder" if folder.is_dir() else "no such folder"
        raise UserError(f"{folder}: {what}; {USAGE}")
    read_sizes(folder)


def print_answers(questions: Iterable[str], *, folder: Path) -> None:
    """Print the model's reply to each question while it is generated.

    Args:
        questions: each in a conversation of its own.
        folder: of the model.

    Raises:
        UserError: the folder is broken.
    """
    from transformers import TextStreamer

    from thoughtrank.output.library_logging import silence_library_logs
    from thoughtrank.prompting.chat_template import ChatTemplate

    class PrintableStreamer(TextStreamer):
        """Control characters in a reply are printed as escapes."""

        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            """See ``TextStreamer``."""
            print_text(text, end="\n" if stream_end else "")

    silence_library_logs()
    loaded = load_folder(folder)
    tokenizer = loaded.tokenizer
    # Transformers types ``generate`` for its own mixin only.
    model: Any = loaded.model
    chat = ChatTemplate(tokenizer)
    streamer = PrintableStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    for question in questions:
        inputs = tokenizer(chat.prompt(question), add_special_tokens=False, return_tensors="pt")
        model.generate(**inputs, streamer=streamer)


if __name__ == "__main__":
    main()
