"""``python -m thoughtrank.chat FOLDER [QUESTION]``: asks a model of a run what is given, typed or piped."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from thoughtrank.chat.folders import base_folder, model_folder
from thoughtrank.chat.replies import print_answers, print_comparison
from thoughtrank.entry_point import entry_point
from thoughtrank.errors import UserError
from thoughtrank.models.model_config import CONFIG, read_sizes
from thoughtrank.output.terminal import print_text
from thoughtrank.questions.rows.conversation_file import conversation_of_file, ends_with_question
from thoughtrank.questions.rows.conversations import Conversation
from thoughtrank.user_input.user_paths import user_path

_SHAPE = "python -m thoughtrank.chat FOLDER [--round N] [--compare] [--context FILE] [QUESTION]"
_FOLDER = "is a run, such as runs/NAME, or contains a model, such as runs/NAME/export"
USAGE = f"usage: {_SHAPE}   (FOLDER {_FOLDER})"


class _Parser(argparse.ArgumentParser):
    """Every wrong command line is one message, with the usage; the help is printed like every other text."""

    def error(self, message: str) -> NoReturn:
        """See ``ArgumentParser``."""
        raise UserError(f"{message}; {USAGE}")

    def _print_message(self, message: str, file: object = None) -> None:
        print_text(message, end="")


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer the given question, or questions that are typed or piped one per line; an empty line that is typed ends it.

    Args:
        arguments: command line; None takes ``sys.argv``.
    """
    with entry_point():
        options = _options(sys.argv[1:] if arguments is None else arguments)
        folder = model_folder(options.folder, round_number=options.round)
        compared = [base_folder(options.folder)] if options.compare else []
        for each in (folder, *compared):
            _check(each)
        questions = _questions(options)
        try:
            if compared:
                print_comparison(questions, folder=folder, base=compared[0])
            else:
                print_answers(questions, folder=folder)
        except (EOFError, KeyboardInterrupt):
            print_text()


def _questions(options: argparse.Namespace) -> Iterable[Conversation]:
    """The given question, or those that are typed, each after the turns of the context; without any, the context's last one."""
    file, words = options.context, " ".join(options.question) or None
    if file is None:
        return (Conversation((), each, "") for each in ([words] if words else asked()))
    if words or ends_with_question(file):
        return [conversation_of_file(file, question=words)]
    conversation_of_file(file, question="?")  # its faults come before a model is loaded
    return (conversation_of_file(file, question=each) for each in asked())


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(
        usage=_SHAPE, description="Chat with a model of a run; questions are typed, or piped one per line."
    )
    parser.add_argument("folder", metavar="FOLDER", help=_FOLDER)
    parser.add_argument("--round", type=int, metavar="N", help="the model of a round; 0 for the base model")
    parser.add_argument("--compare", action="store_true", help="ask the base model, too")
    parser.add_argument("--context", type=user_path, metavar="FILE", help="a conversation that the question continues")
    parser.add_argument("question", nargs="*", default=[], metavar="QUESTION", help="the only one to be asked")
    options = parser.parse_intermixed_args(arguments)
    options.folder = user_path(options.folder)
    return options


def asked() -> Iterator[str]:
    """Questions that are typed until an empty line, or every line of a pipe.

    Raises:
        EOFError: there are no more.
    """
    typed = sys.stdin is not None and sys.stdin.isatty()
    while True:
        line = input("> " if typed else "").strip()
        if line:
            yield line
        elif typed:
            return


def _check(folder: Path) -> None:
    """Before anything heavy is loaded.

    Raises:
        UserError: there is no model in ``folder``.
    """
    if not (folder / CONFIG).is_file():
        what = f"no {CONFIG} in that folder" if folder.is_dir() else "no such folder"
        raise UserError(f"{folder}: {what}; {USAGE}")
    read_sizes(folder)


if __name__ == "__main__":
    main()
