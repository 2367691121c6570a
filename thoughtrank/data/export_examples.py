"""Writes a run's examples in the formats of other trainers: TRL, axolotl, LLaMA-Factory."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from thoughtrank.data.preferences import rejected_candidate
from thoughtrank.data.run_reader import question_source, read_config, tokenizer_folder
from thoughtrank.errors import UserError
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.records import Candidate, Example, Gain, Question, RankedCandidate
from thoughtrank.storage.done_marker import DONE
from thoughtrank.storage.files import replacing
from thoughtrank.storage.json_files import read_json, write_json
from thoughtrank.storage.question_rows import rows_by_question
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.tables import TableRows

Row = dict[str, object]

DATASET_INFO = "dataset_info.json"
_TAGS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
LLAMA_FACTORY: dict[str, dict[str, object]] = {
    "thoughtrank_sft": {
        "file_name": "messages.jsonl",
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": _TAGS,
    },
    "thoughtrank_preferences": {
        "file_name": "preferences_text.jsonl",
        "ranking": True,
        "columns": {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"},
    },
}
"""LLaMA-Factory's description of the files. It reads preferences as texts or single messages, not as lists of messages."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    Attributes:
        rows: number of rows by file.
        notes: what the user should know, one sentence each.
    """

    rows: dict[Path, int]
    notes: list[str] = field(default_factory=list)


def export_data(*, run_folder: Path, folder: Path | None = None, trust_code: bool = False) -> ExportReport:
    """Write the examples of all finished rounds of a run as JSON lines, with a ``dataset_info.json``.

    Args:
        run_folder: of a run with at least one finished selection stage.
        folder: for the files; None is ``data`` in the run folder. Files of an earlier export are replaced; other entries of an
            existing ``dataset_info.json`` are kept.
        trust_code: see ``run_components.run_component``.

    Raises:
        UserError: there is no such run, it has no examples yet, or its questions or its tokenizer are missing.
    """
    paths = RunPaths(run_folder)
    config = read_config(paths)
    rounds = paths.rounds_with_examples()
    if not rounds:
        raise UserError(f"{run_folder} has no examples yet: run its first round up to selection")
    source = question_source(config, trust_code=trust_code)
    chat = ChatTemplate.from_folder(tokenizer_folder(paths, config, trust_code=trust_code))
    folder = folder or paths.data
    folder.mkdir(parents=True, exist_ok=True)
    changed, conversations = 0, False
    with _RowFiles(folder) as files:
        for number in rounds:
            questions = {question.question_id: question for question in source.train(number)}
            conversations = conversations or any(question.context for question in questions.values())
            for row in _round_rows(paths, number, questions=questions, chat=chat):
                for name, values in row.files.items():
                    files.write(name, {**values, **row.origin})
                changed += not row.template_matches
    _write_dataset_info(folder, conversations=conversations)
    rows = {folder / f"{name}.jsonl": count for name, count in files.rows.items()}
    return ExportReport(rows=rows, notes=_notes(files.rows, changed=changed))


class _RowFiles:
    """The files of one export, which are replaced when the block ends without an error.

    A file without rows is deleted: readers reject an empty one.

    Args:
        folder: for the files.

    Attributes:
        rows: number of rows by name of the file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._files: dict[str, TextIO] = {}
        self.rows = dict.fromkeys(("messages", "prompt_completion", "preferences", "preferences_text"), 0)

    def __enter__(self) -> Self:
        for name in self.rows:
            partial = self._open.enter_context(replacing(self._path(name)))
            self._files[name] = self._open.enter_context(partial.open("w", encoding="utf-8"))
        return self

    def write(self, name: str, row: Row) -> None:
        """Add one row."""
        self._files[name].write(f"{json.dumps(row, ensure_ascii=False)}\n")
        self.rows[name] += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)
        if error is None:
            for name, count in self.rows.items():
                if not count:
                    self._path(name).unlink()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl"


@dataclass(frozen=True, slots=True)
class _ExampleRows:
    """One example in every format.

    Attributes:
        files: file name to the columns that trainers read.
        origin: columns with its round and ids.
        template_matches: the chat template renders its messages exactly as they were trained on.
    """

    files: dict[str, Row]
    origin: Row
    template_matches: bool


def _round_rows(
    paths: RunPaths, number: int, *, questions: Mapping[str, Question], chat: ChatTemplate
) -> Iterator[_ExampleRows]:
    candidates = rows_by_question(TableRows(paths.candidates(number), Candidate))
    # Not strict: the tables of a run that was damaged by hand may differ.
    answered = zip(candidates, rows_by_question(TableRows(paths.rankings(number), RankedCandidate)), strict=False)
    # All tables have the questions in the same order; not every question has examples.
    gains = rows_by_question(TableRows(paths.gains(number), Gain)) if (paths.gains(number) / DONE).exists() else None
    for examples in rows_by_question(TableRows(paths.examples(number), Example)):
        question_id = examples[0].question_id
        if question_id not in questions:
            raise UserError(
                f"question {question_id} of round {number} is no longer among the run's questions: restore the question file"
            )
        of_question, ranking = next((each for each in answered if each[0][0].question_id == question_id), ([], []))
        by_id = {each.candidate_id: each for each in of_question}
        ranked = {row.candidate_id: row for row in ranking}
        if not ranked.keys() == by_id.keys() >= {example.candidate_id for example in examples}:
            raise UserError(
                f"round {number}: the candidates or rankings of question {question_id} are missing or changed: restore "
                f"{paths.candidates(number)} and {paths.rankings(number)}"
            )
        rows = [] if gains is None else next((each for each in gains if each[0].question_id == question_id), [])
        of_candidates = {row.candidate_id: row.gain for row in rows}
        for example in examples:
            chosen = by_id[example.candidate_id]
            rejected = rejected_candidate(chosen, candidates=of_question, ranked=ranked)
            gain = of_candidates.get(example.candidate_id)
            yield _example_rows(
                example, question=questions[question_id], rejected=rejected, number=number, gain=gain, chat=chat
            )


def _example_rows(
    example: Example,
    *,
    question: Question,
    rejected: Candidate | None,
    number: int,
    gain: float | None,
    chat: ChatTemplate,
) -> _ExampleRows:
    prompt = chat.messages(question.text, question.context)
    assistant = {"role": "assistant", "content": example.completion.removesuffix(chat.end_of_turn)}
    files: dict[str, Row] = {
        "messages": {"messages": [*prompt, assistant]},
        "prompt_completion": {"prompt": prompt, "completion": [assistant]},
    }
    if rejected is not None:
        rejected_text = chat.assistant_content(thought=rejected.thought, answer=rejected.answer)
        ids = {"rejected_id": rejected.candidate_id}
        files["preferences"] = {
            "prompt": prompt,
            "chosen": [assistant],
            "rejected": [{"role": "assistant", "content": rejected_text}],
            **ids,
        }
        texts = {"prompt": prompt[-1]["content"], "chosen": assistant["content"], "rejected": rejected_text}
        files["preferences_text"] = {**texts, **_earlier_turns(prompt[:-1]), **ids}
    rendered = chat.conversation([*prompt, assistant])
    trained = example.prompt + example.completion
    return _ExampleRows(
        files=files,
        origin={
            "round": number,
            "question_id": example.question_id,
            "candidate_id": example.candidate_id,
            # A thought that does not fit the model's context has no finite gain, and JSON has no infinity.
            **({} if gain is None else {"gain": gain if math.isfinite(gain) else None}),
        },
        template_matches=rendered.startswith(trained) and not rendered[len(trained) :].strip(),
    )


def _earlier_turns(messages: Sequence[Mapping[str, str]]) -> Row:
    """The turns before a question as LLaMA-Factory reads them beside its text; none where it stands alone."""
    if not messages:
        return {}
    contents = [each["content"] for each in messages if each["role"] != "system"]
    system = next((each["content"] for each in messages if each["role"] == "system"), "")
    return {"system": system, "history": [list(pair) for pair in zip(contents[::2], contents[1::2], strict=True)]}


def _notes(rows: Mapping[str, int], *, changed: int) -> list[str]:
    examples, pairs = rows["messages"], rows["preferences"]
    notes = []
    if pairs < examples:
        notes.append(
            f"{examples - pairs} of {examples} examples have no preference: no complete candidate of their question is clearly "
            "worse"
        )
    if changed:
        notes.append(
            f"{changed} of {examples} examples are rendered differently by the model's chat template than they were trained on "
            "(it trims white space); round_N/3_examples has them as trained"
        )
    return notes


def _write_dataset_info(folder: Path, *, conversations: bool) -> None:
    path = folder / DATASET_INFO
    try:
        entries = read_json(path) if path.exists() else {}
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON, so it was not updated: {error}") from None
    for name, entry in LLAMA_FACTORY.items():
        entries.pop(name, None)
        if (folder / str(entry["file_name"])).exists():
            entries[name] = _with_earlier_turns(entry) if conversations and "ranking" in entry else entry
    write_json(path, entries)


def _with_earlier_turns(entry: Mapping[str, object]) -> dict[str, object]:
    """The description of a file of texts that has the turns before its questions, too."""
    columns = entry["columns"]
    assert isinstance(columns, dict)
    return {**entry, "columns": {**columns, "system": "system", "history": "history"}}
