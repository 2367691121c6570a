"""Chat with a released model: ``python -m thoughtrank.chat FOLDER [QUESTION]``."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from thoughtrank.output.terminal_encoding import escape_unprintable

USAGE = "usage: python -m thoughtrank.chat FOLDER [QUESTION]   (FOLDER contains a model, such as runs/NAME/export)"


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer the given question, or questions that are typed one per line until an empty line.

    Args:
        arguments: command line; None takes ``sys.argv``.
    """
    escape_unprintable()
    folder, *words = (sys.argv[1:] if arguments is None else arguments) or [""]
    if not (Path(folder) / "config.json").exists():
        sys.exit(USAGE)
    questions = [" ".join(words)] if words else iter(lambda: input("> ").strip(), "")
    try:
        print_answers(questions, folder=Path(folder))
    except (EOFError, KeyboardInterrupt):
        print()


def print_answers(questions: Iterable[str], *, folder: Path) -> None:
    """Print the model's reply to each question while it is generated.

    Args:
        questions: each in a conversation of its own.
        folder: of the model.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer, TextStreamer

    from thoughtrank.output.library_logging import silence_library_logs
    from thoughtrank.prompting.chat_template import ChatTemplate

    silence_library_logs()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    # Transformers types ``generate`` for its own mixin only.
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    chat = ChatTemplate(tokenizer)
    streamer = TextStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    for question in questions:
        inputs = tokenizer(chat.prompt(question), add_special_tokens=False, return_tensors="pt")
        model.generate(**inputs, streamer=streamer)


if __name__ == "__main__":
    main()
