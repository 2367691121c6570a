"""Chat with a model of a run: ``python -m thoughtrank.chat FOLDER [QUESTION]``."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from thoughtrank.entry_point import entry_point
from thoughtrank.errors import UserError
from thoughtrank.models.load_folder import load_folder
from thoughtrank.models.model_config import CONFIG, read_sizes
from thoughtrank.output.terminal import print_dimmed, print_text
from thoughtrank.prompting.thought_tags import CLOSE_TAG, OPEN_TAG
from thoughtrank.questions.rows.conversation_file import conversation_of_file, ends_with_question
from thoughtrank.questions.rows.conversations import Conversation
from thoughtrank.storage.json_files import read_json_object
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.user_input.user_paths import user_path

if TYPE_CHECKING:
    from thoughtrank.prompting.chat_template import ChatTemplate

_MOST_TOKENS = 512
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


def model_folder(folder: Path, *, round_number: int | None) -> Path:
    """The folder of the model that is meant.

    Args:
        folder: a run's, or a model's.
        round_number: of a run; None for its export, 0 for the base model.

    Raises:
        UserError: the run has no such model.
    """
    if (folder / CONFIG).is_file() or not RunPaths(folder).config.is_file():
        if round_number is not None and folder.exists():
            raise UserError(f"{folder} is not a run: --round needs the folder of a run, such as runs/NAME")
        return folder
    if round_number == 0:
        return base_folder(folder)
    found = RunPaths(folder).export if round_number is None else RunPaths(folder).model(round_number)
    if not (found / CONFIG).is_file():
        rounds = _rounds_text(folder)
        if not rounds:
            raise UserError(f"{folder} has no model yet: repeat the run's command to finish its first round")
        which = "export yet: give --round" if round_number is None else f"model of round {round_number}"
        raise UserError(f"{folder} has no {which}; its rounds with a model: {rounds}")
    return found


def base_folder(folder: Path) -> Path:
    """The base model that the first training of a run started with.

    Args:
        folder: of the run, or of a model inside it.

    Raises:
        UserError: it is not known, or no longer in the cache.
    """
    for parent in (folder, *folder.resolve().parents):
        path = RunPaths(parent).model(1) / "_job.yaml"
        if path.is_file():
            base = Path(str((yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("model")))
            if (base / CONFIG).is_file():
                return base
            raise UserError(
                f"the base model of {parent} is no longer in the cache ({base}): the run's command prepares it again"
            )
    raise UserError(f"{folder}: its base model is known only inside a run that has trained")


def _rounds_text(folder: Path) -> str:
    found = sorted(
        int(path.parent.parent.name.removeprefix("round_")) for path in folder.glob(f"round_*/4_model/{CONFIG}")
    )
    return ", ".join(map(str, found))


def _check(folder: Path) -> None:
    """Before anything heavy is loaded.

    Raises:
        UserError: there is no model in ``folder``.
    """
    if not (folder / CONFIG).is_file():
        what = f"no {CONFIG} in that folder" if folder.is_dir() else "no such folder"
        raise UserError(f"{folder}: {what}; {USAGE}")
    read_sizes(folder)


class ThoughtPrinter:
    """Prints a reply while it is generated, its thoughts dimmed on a terminal.

    A tag may arrive in pieces: the end of a text that could begin a tag waits for the next piece.
    """

    def __init__(self) -> None:
        self._waiting = ""
        self._inside = False

    def write(self, text: str, *, end: bool = False) -> None:
        """Print the next piece; ``end`` for the last one."""
        self._waiting += text
        while True:
            tag = CLOSE_TAG if self._inside else OPEN_TAG
            before, found, after = self._waiting.partition(tag)
            if not found:
                break
            # The tags are part of the thought.
            self._print(before, dimmed=self._inside)
            self._print(tag, dimmed=True)
            self._waiting = after
            self._inside = not self._inside
        kept = 0 if end else _length_of_begun_tag(self._waiting, tag)
        shown = self._waiting[: len(self._waiting) - kept]
        self._waiting = self._waiting[len(shown) :]
        self._print(shown, dimmed=self._inside)
        if end:
            print_text()
            self._inside = False

    def _print(self, text: str, *, dimmed: bool) -> None:
        if text:
            (print_dimmed if dimmed else print_text)(text, end="")


def _length_of_begun_tag(text: str, tag: str) -> int:
    """How many characters at the end of a text may be the beginning of a tag."""
    return next((length for length in range(len(tag) - 1, 0, -1) if text.endswith(tag[:length])), 0)


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


if __name__ == "__main__":
    main()
